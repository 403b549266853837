"""Each kind of model gives in ONNX what it gives itself."""

import numpy as np
import pytest

import skmlp
from skmlp import (
    Ensemble,
    MLPAutoencoder,
    MLPClassifier,
    MLPRegressor,
    MLPTransformer,
)
from skmlp.activations import ACTIVATIONS
from skmlp.embeddings import PBLD, PiecewiseLinear
from skmlp.losses import Focal, LogLoss

from ...cases import in_case
from ...conftest import CODES, NUMBERS, TASKS, X, covering, covering_array, quietly
from .graphs import assert_equal_outputs, assert_exported, run

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")

DTYPES = ["float64", "float32"]
INPUTS = {
    "plain": {},
    "pbld": {"numeric_embedding": PBLD(n_frequencies=5, size=2)},
    "piecewise linear": {"numeric_embedding": PiecewiseLinear(n_bins=6, size=2)},
    "categories": {"categorical_features": [4, 5], "embedding_size": 3},
    "all": {
        "categorical_features": [4, 5],
        "numeric_embedding": "pbld",
        "learned_scale": True,
    },
}
NETWORKS = {
    "linear": {"hidden_layer_sizes": ()},
    "relu": {"hidden_layer_sizes": (6, 5)},
    "mish and tanh": {"hidden_layer_sizes": (6, 5), "activation": ["mish", "tanh"]},
    "prelu": {"hidden_layer_sizes": 6, "activation": "prelu"},
    "parametric": {
        "hidden_layer_sizes": (6, 5),
        "activation": ["parametric_selu", "parametric_mish"],
    },
}
MEMBERS = {"one": {}, "three": {"n_members": 3}}
CALIBRATION = {
    "plain": {},
    "temperature": {"early_stopping": True, "calibration": "temperature"},
}
# beside numbers, two columns of codes, one of them with 3 categories and one with 2
TABLE = np.c_[X, CODES, NUMBERS > 0]
# other rows, further out, with codes that were never seen, missing, or no codes
OTHERS = 5.0 * TABLE[::-1]
OTHERS[:, 4:] = np.random.default_rng(1).choice([-1, 0, 1, 2, 3, 0.5, 1e9], (90, 2))


# Of other layers, embeddings and weights.
DIFFERENT = Ensemble(
    "folds",
    configurations=[
        {"hidden_layer_sizes": (6, 5), "activation": "mish", "max_iter": 3},
        {"numeric_embedding": PiecewiseLinear(n_bins=6, size=2)},
    ],
    weights="greedy",
)


def fitted(estimator, y, dtype, **params):
    params = {"max_iter": 5, "random_state": 0, **params}
    return quietly(estimator(**params).fit, TABLE.astype(dtype), y)


@covering(
    task=TASKS,
    inputs=INPUTS,
    network=NETWORKS,
    members=MEMBERS,
    calibration=CALIBRATION,
    dtype=DTYPES,
)
def test_a_graph_gives_what_the_model_gives(
    task, inputs, network, members, calibration, dtype
):
    if task.kind is MLPRegressor:
        calibration = {}
    params = {**inputs, **network, **members, **calibration}
    model = fitted(task.make, task.y, dtype, **params)
    for rows in (TABLE, OTHERS, TABLE[:1]):
        assert_exported(model, rows.astype(dtype))
    none = run(skmlp.to_onnx(model), {"X": TABLE[:0].astype(dtype)})
    assert all(len(output) == 0 for output in none.values())


LOSSES = [LogLoss(), LogLoss(label_smoothing=0.2), Focal()]
OPSETS = [13, 17, 20, None]


@pytest.mark.parametrize("dtype", DTYPES)
def test_each_activation_with_each_loss_for_classes_in_any_opset(dtype):
    cases = covering_array([len(ACTIVATIONS), len(LOSSES), len(OPSETS)])
    for i, j, k in cases:
        activation, loss, opset = [*ACTIVATIONS][i], LOSSES[j], OPSETS[k]
        settings = {"activation": activation, "loss": loss, "max_iter": 2}
        model = fitted(MLPClassifier, CODES, dtype, hidden_layer_sizes=4, **settings)
        with in_case(f"{activation}, {loss}, {opset}"):
            assert_exported(model, OTHERS.astype(dtype), target_opset=opset)


@covering(task=TASKS, dtype=DTYPES)
def test_a_graph_has_the_members_weights(task, dtype):
    params = {"n_members": 4, "early_stopping": True, "ensemble": DIFFERENT}
    model = fitted(task.make, task.y, dtype, **params)
    assert_exported(model, TABLE.astype(dtype))
    n_kept = len(model.members_)
    model.member_weights_ = np.arange(1.0, n_kept + 1)
    assert_exported(model, TABLE.astype(dtype))


@covering(layer=[0, -1], dtype=DTYPES, network=["relu", "parametric"])
def test_hidden_values_are_those_of_the_transformer(layer, dtype, network):
    params = {**NETWORKS[network], **INPUTS["all"]}
    mlp = MLPClassifier(max_iter=3, random_state=0, **params)
    model = quietly(MLPTransformer(mlp, layer=layer).fit, TABLE.astype(dtype), CODES)
    assert_exported(model, OTHERS.astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("hidden", [(), (5,)], ids=["linear", "curved"])
def test_an_autoencoder_gives_components_and_what_they_stand_for(hidden, dtype):
    rows = X.astype(dtype)
    model = quietly(MLPAutoencoder(2, hidden, random_state=0).fit, rows)
    found = assert_exported(model, rows)
    wanted = model.inverse_transform(model.transform(rows))
    assert_equal_outputs(found, {"reconstructed": wanted}, dtype)


@covering(members=MEMBERS, y={"one": NUMBERS, "two": X[:, :2]}, dtype=DTYPES)
def test_intervals_are_those_of_the_model(members, y, dtype):
    model = fitted(MLPRegressor, y, dtype, early_stopping=True, **members)
    rows = OTHERS.astype(dtype)
    found = run(skmlp.to_onnx(model, coverage=0.7), {"X": rows})
    lower, upper = model.predict_interval(rows, coverage=0.7)
    assert_equal_outputs(found, {"lower": lower, "upper": upper}, dtype)


def test_weights_that_were_set_by_hand_are_exported():
    model = MLPClassifier(3)
    model.coefs_ = [np.eye(4, 3), np.ones((3, 1))]
    model.intercepts_ = [np.zeros(3), np.array([-1.0])]
    model.classes_ = np.array(["no", "yes"])
    assert_exported(model, X)
    trained = fitted(MLPClassifier, NUMBERS > 0, "float32")
    trained.coefs_[0][...] *= 2.0
    assert_exported(trained, TABLE.astype("float32"))
