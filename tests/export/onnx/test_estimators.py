"""Each kind of model gives in ONNX what it gives itself."""

import numpy as np
import pytest

import skmlp
from skmlp import MLPAutoencoder, MLPClassifier, MLPRegressor

from ...conftest import NUMBERS, TASKS, X, covering, quietly
from .graphs import assert_equal_outputs, assert_exported, run
from .models import DTYPES, INPUTS, NETWORKS, OTHERS, TABLE, fitted

pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


MEMBERS = {"one": {}, "three": {"n_members": 3}}
CALIBRATION = {
    "plain": {},
    "temperature": {"early_stopping": True, "calibration": "temperature"},
}


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
