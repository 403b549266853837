"""A converted model predicts what the first one does, and trains on from there."""

import pickle

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.base import is_regressor
from sklearn.neural_network import MLPRegressor as SkMLPRegressor

from skmlp import Dropout, EarlyStopping, MLPClassifier, MLPRegressor
from skmlp.activations import Mish, ReLU
from skmlp.estimators.conversion import KINDS
from skmlp.losses import LogLoss, Quantile
from skmlp.solvers import Adam, AdamW

from ..conftest import (
    CODES,
    NUMBERS,
    TASKS,
    WEIGHT,
    Task,
    X,
    assert_same_bits,
    digest,
    quietly,
)
from ..export.onnx.graphs import run

# both do the same products, which BLAS may sum in another order; float32 has 1e-7
TOLERANCES = {np.float64: 1e-12, np.float32: 1e-6}
COUNTS = np.round(np.exp(NUMBERS / 2))
SHARED = {name: task for name, task in TASKS.items() if name != "class columns"} | {
    "integers": Task(MLPClassifier, CODES + 3),
    "poisson": Task(MLPRegressor, COUNTS, {"loss": "poisson"}),
    "gamma": Task(MLPRegressor, COUNTS + 1.0, {"loss": "gamma"}),
    "huber": Task(MLPRegressor, NUMBERS, {"loss": "huber"}),
}
ACTIVATIONS = ["identity", "logistic", "tanh", "relu", ReLU(), ["tanh", "tanh"]]
SETTINGS = {
    "plain": {},
    "sgd": {"solver": "sgd", "learning_rate": "adaptive", "batch_size": 16},
    "lbfgs": {"solver": "lbfgs", "max_iter": 5},
    "early stopping": {"early_stopping": True},
    "objects": {
        "solver": Adam(beta_1=0.8),
        "early_stopping": EarlyStopping("training"),
        "dropout": Dropout(0.1),
    },
    "our own": {
        "solver": AdamW(),
        "learning_rate": "cosine",
        "hidden_layer_sizes": "6x2",
        "batch_size": "by_rows",
    },
    "scaled": {"scale_input": True},
    "learned scale": {"learned_scale": True},
    "linear": {"hidden_layer_sizes": ()},
}


def fitted(task, dtype=np.float64, **params):
    params = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "random_state": 0, **params}
    model = task.make(**params)
    return quietly(model.fit, X.astype(dtype), task.y)


def outputs(model, X):
    """Predictions, and of a classifier probabilities."""
    predicted = model.predict(X)
    if is_regressor(model):
        return [predicted]
    return [predicted, model.predict_proba(X)]


def assert_same_outputs(found, expected, X):
    """Equal but for rounding; of classifiers labels are equal."""
    rtol = TOLERANCES[X.dtype.type]
    for ours, theirs in zip(outputs(found, X), outputs(expected, X), strict=True):
        if ours.dtype.kind != "f":
            np.testing.assert_array_equal(ours, theirs)
        else:
            np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("number", range(len(SETTINGS)), ids=list(SETTINGS))
def test_predictions_are_the_same_there_and_back(number):
    settings = [*SETTINGS.values()][number]
    for i, task in enumerate(SHARED.values()):  # and the others in turn
        activation = ACTIVATIONS[(i + number) % len(ACTIVATIONS)]
        if isinstance(activation, list) and settings.get("hidden_layer_sizes") == ():
            activation = "tanh"  # one for each of no layers
        dtype = [np.float64, np.float32][(i // 2 + number) % 2]
        model = fitted(task, dtype, activation=activation, **settings)
        assert_same_there_and_back(model, X.astype(dtype))


def assert_same_there_and_back(model, rows):
    before = digest(model)
    theirs = model.to_sklearn()
    assert type(theirs) is KINDS[is_regressor(model)]
    assert_same_outputs(theirs, model, rows)
    assert_same_outputs(pickle.loads(pickle.dumps(theirs)), model, rows)
    back = type(model).from_sklearn(theirs)
    assert_same_outputs(back, model, rows)
    assert back.n_iter_ == model.n_iter_ and back.loss_ == model.loss_
    assert digest(model) == before


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("name", ["binary", "multiclass", "multilabel", "regression"])
def test_both_train_on_alike_from_a_converted_model(name, solver):
    task = SHARED[name]
    ours = fitted(task, solver=solver, shuffle=False)
    theirs = ours.to_sklearn()
    # the solvers start anew: ours where the model comes from scikit-learn's
    again = type(ours).from_sklearn(theirs)
    start = [W.copy() for W in again.coefs_]
    for model in (again, theirs):
        for _ in range(3):
            model.partial_fit(X, task.y)
    assert again.t_ == theirs.t_ == ours.t_ + 3 * len(X)
    if solver == "sgd":  # Adam has counted one step of scikit-learn's more
        for found, expected in zip(again.coefs_, theirs.coefs_, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    for found, expected, first in zip(again.coefs_, theirs.coefs_, start, strict=True):
        moved = np.abs(found - first)
        assert 0 < moved.max()
        # nothing of the made-up rows: moments of 0 let each weight go where ours goes
        assert np.abs(expected - found).max() < moved.max()


@pytest.mark.parametrize("name", ["binary", "multiclass", "multilabel", "poisson"])
def test_a_model_of_scikit_learn_trains_on_here(name):
    task = SHARED[name]
    kind = KINDS[issubclass(task.kind, MLPRegressor)]
    params = {"hidden_layer_sizes": 6, "max_iter": 4, "random_state": 0, **task.params}
    theirs = quietly(kind(**params).fit, X, task.y)
    ours = task.kind.from_sklearn(theirs)
    assert_same_outputs(ours, theirs, X)
    assert ours.max_iter == 4 and ours.hidden_layer_sizes == 6
    first = [W.copy() for W in theirs.coefs_]
    ours.partial_fit(X, task.y, sample_weight=WEIGHT)
    assert ours.t_ == theirs.t_ + len(X)
    for untouched, before in zip(theirs.coefs_, first, strict=True):
        np.testing.assert_array_equal(untouched, before)
    warm = task.kind.from_sklearn(theirs).set_params(warm_start=True, max_iter=1)
    quietly(warm.fit, X, task.y)
    assert len(warm.loss_curve_) == len(theirs.loss_curve_) + 1


def test_a_model_of_scikit_learn_is_where_another_starts():
    theirs = quietly(SkMLPRegressor(hidden_layer_sizes=5, max_iter=2).fit, X, NUMBERS)
    first = MLPRegressor.from_sklearn(theirs)
    tuned = MLPRegressor(hidden_layer_sizes=5, coefs_init=first, freeze=1, max_iter=2)
    quietly(tuned.fit, X, NUMBERS)
    np.testing.assert_array_equal(tuned.coefs_[0], theirs.coefs_[0])


def test_the_temperature_goes_along():
    model = fitted(SHARED["multiclass"], calibration="temperature", early_stopping=True)
    assert model.temperature_ != 1.0
    assert_same_outputs(model.to_sklearn(), model, X)


def test_the_names_of_columns_go_along(pandas):
    frame = pandas.DataFrame(X, columns=list("abcd"))
    model = MLPRegressor(hidden_layer_sizes=5, max_iter=2, random_state=0)
    theirs = quietly(model.fit, frame, NUMBERS).to_sklearn()
    assert theirs.feature_names_in_.tolist() == list("abcd")
    np.testing.assert_allclose(theirs.predict(frame), model.predict(frame), rtol=1e-12)


def test_sparse_labels_stay_sparse():
    from scipy.sparse import csr_matrix

    task = SHARED["multilabel"]
    model = quietly(MLPClassifier(5, max_iter=2).fit, X, csr_matrix(task.y))
    found, expected = model.to_sklearn().predict(X), model.predict(X)
    np.testing.assert_array_equal(found.toarray(), expected.toarray())


REFUSED = {
    "gelu": ("regression", {"activation": "gelu"}, "activation"),
    "an object": ("regression", {"activation": Mish()}, "activation"),
    "prelu": ("regression", {"activation": "prelu"}, "activation"),
    "two activations": ("regression", {"activation": ["relu", "tanh"]}, "activation"),
    "embedding": ("binary", {"numeric_embedding": "pbld"}, "numeric_embedding"),
    "members": ("binary", {"n_members": 2}, "n_members"),
    "clipped": ("regression", {"clip_output": True}, "clip_output"),
    "levels": ("regression", {"loss": Quantile([0.1, 0.9])}, "loss"),
    "columns": ("class columns", {}, "classes_"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_scikit_learn_has_not_is_refused_by_its_name(name):
    task, params, parameter = REFUSED[name]
    model = fitted(TASKS[task], **params)
    with pytest.raises(ValueError, match=f"^{type(model).__name__}: {parameter}"):
        model.to_sklearn()


def test_one_class_is_refused():
    model = quietly(MLPClassifier(3, max_iter=2).fit, X, np.ones(len(X)))
    with pytest.raises(ValueError, match="classes_ must be one column of two or more"):
        model.to_sklearn()


def test_models_of_another_kind_are_refused():
    theirs = quietly(SkMLPRegressor(hidden_layer_sizes=3, max_iter=2).fit, X, NUMBERS)
    for wrong in (theirs, MLPClassifier(), None):
        with pytest.raises(ValueError, match="MLPClassifier: estimator must be a fit"):
            MLPClassifier.from_sklearn(wrong)
    for method in (MLPRegressor().to_sklearn, unfitted_from_sklearn):
        with pytest.raises(ValueError, match="not fitted yet"):
            method()


def unfitted_from_sklearn():
    return MLPRegressor.from_sklearn(SkMLPRegressor())


# Converters


PLAIN = ["identity", "logistic", "tanh", "relu"]
every_dtype = pytest.mark.parametrize("dtype", TOLERANCES, ids=["float64", "float32"])


def converted(names, dtype):
    """Models of these tasks, each of another activation, and scikit-learn's."""
    for i, name in enumerate(names):
        settings = {"activation": PLAIN[i % len(PLAIN)], "scale_input": i % 2 == 0}
        model = fitted(SHARED[name], dtype, **settings)
        yield name, model, model.to_sklearn()


@every_dtype
def test_skops_keeps_a_converted_model(dtype):
    skops = pytest.importorskip("skops.io")
    for _, model, theirs in converted(SHARED, dtype):
        file = skops.dumps(theirs)
        types = skops.get_untrusted_types(data=file)
        assert all(name.startswith("sklearn.") for name in types)
        assert_same_outputs(skops.loads(file, trusted=types), model, X.astype(dtype))


# of skl2onnx 1.20: graphs of several labels that are not valid, and a KeyError 'exp'
NOT_IN_SKL2ONNX = {"multilabel", "poisson", "gamma"}


@every_dtype
def test_skl2onnx_converts_a_converted_model(dtype):
    skl2onnx = pytest.importorskip("skl2onnx")
    pytest.importorskip("onnxruntime")
    rows, rtol = X.astype(dtype), TOLERANCES[dtype]
    names = [name for name in SHARED if name not in NOT_IN_SKL2ONNX]
    for name, model, theirs in converted(names, dtype):
        is_classifier = not is_regressor(model)
        options = {"zipmap": False} if is_classifier else None
        found = run(skl2onnx.to_onnx(theirs, rows[:1], options=options), {"X": rows})
        wanted = outputs(model, rows)
        for ours, expected in zip(found.values(), wanted, strict=True):
            if expected.dtype.kind != "f":
                np.testing.assert_array_equal(ours, expected, err_msg=name)
                continue
            error = np.abs(ours.reshape(expected.shape) - expected).max()
            assert error <= rtol * np.abs(expected).max(), name


def test_the_bits_of_the_first_model_are_copied():
    model = fitted(SHARED["regression"])
    assert_same_bits(MLPRegressor.from_sklearn(model.to_sklearn()), model)


def test_labels_of_soft_targets_are_numbers():
    model = MLPClassifier(5, loss=LogLoss(soft_targets=True), max_iter=2)
    theirs = quietly(model.fit, X, TASKS["soft labels"].y).to_sklearn()
    assert isinstance(theirs, neural_network.MLPClassifier)
    np.testing.assert_array_equal(theirs.predict(X), model.predict(X))


def test_sizes_that_scikit_learn_does_not_have_are_its_defaults():
    for task in SHARED.values():
        model = fitted(task).set_params(max_iter="by_rows", batch_size="by_rows")
        converted = model.to_sklearn()
        assert (converted.max_iter, converted.batch_size) == (200, "auto")
