"""What a fitted estimator takes on disk, and what of the solver comes back from it."""

import copy
import pickle

import joblib
import numpy as np
import pytest

from skmlp import Dropout, MLPClassifier, MLPRegressor
from skmlp.solvers import SGD, Adam, AdamW

from ...cases import in_one_test
from ...conftest import assert_same_bits, classes_first, covering, parameters

# a given number of epochs is enough here
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 20))
NUMBERS = X[:, 0] - 2.0 * X[:, 1]
LABELS = np.digitize(NUMBERS, [-1.0, 1.0])
TARGETS = {MLPClassifier: LABELS, MLPRegressor: NUMBERS}
every_estimator = pytest.mark.parametrize("kind", TARGETS)
SOLVERS = ("sgd", "adam", "adamw", "amsgrad", "nadam", "rmsprop", "adagrad", "lion")
EARLY = {"early_stopping": True, "validation_fraction": 0.25}


def make(kind, **params):
    # 23,000 parameters or so, beside which all else is small
    defaults = {"hidden_layer_sizes": (200, 90), "max_iter": 3, "batch_size": 20}
    return kind(**(defaults | {"random_state": 0} | params))


def parameter_bytes(mlp):
    return parameters(mlp).nbytes


def history_bytes(mlp):
    """Of the records as arrays, and of the lists, a number of which pickles to nine."""
    names = ("loss_curve_", "validation_scores_", "validation_loss_curve_")
    n_listed = sum(len(getattr(mlp, name, None) or ()) for name in names)
    return sum(array.nbytes for array in mlp.history_.values()) + 9 * n_listed


def allowed(mlp):
    """The bytes of the parameters, of the history, and some for names and settings."""
    return 1.1 * parameter_bytes(mlp) + history_bytes(mlp) + 8 * 1024


def of(kind, y=None, X=X, fit=None, **params):
    return kind, X, TARGETS[kind] if y is None else y, fit or {}, params


C, R = MLPClassifier, MLPRegressor
FITS = {
    **{f"classifier, {name}": of(C, solver=name) for name in (*SOLVERS, "lbfgs")},
    **{f"regressor, {name}": of(R, solver=name) for name in ("sgd", "adam", "lbfgs")},
    "early stopping, sgd": of(C, solver="sgd", **EARLY),
    "early stopping, adam": of(C, **EARLY),
    "early stopping of numbers": of(R, **EARLY),
    "early stopping, lbfgs": of(R, solver="lbfgs", scoring="r2", **EARLY),
    "early stopping by loss": of(C, **EARLY, scoring="loss"),
    "early stopping by a scorer": of(C, **EARLY, scoring="neg_log_loss"),
    "validation rows": of(C, fit={"X_val": X[:9], "y_val": LABELS[:9]}),
    "scaled input": of(C, scale_input=True),
    "scaled target": of(R, scale_target=True),
    "all scaled": of(R, scale_input=True, scale_target=True, **EARLY),
    "all scaled, lbfgs": of(R, solver="lbfgs", scale_input=True, scale_target=True),
    "averaging": of(R, solver=AdamW(averaging=0.9)),
    "averaging, early stopping": of(C, solver=SGD(averaging=0.9), **EARLY),
    "refit": of(C, **EARLY, refit=True),
    "refit, all scaled": of(
        R, **EARLY, refit=True, scale_input=True, scale_target=True
    ),
    "recover": of(R, recover=True),
    "dropout": of(C, dropout=Dropout(0.2, inputs=0.1)),
    "words": of(C, np.array(["ant", "bee", "cicada"])[LABELS]),
    "long words": of(C, np.array([64 * "a", 64 * "b", 64 * "c"])[LABELS]),
    "weights": of(C, class_weight="balanced", fit={"sample_weight": np.ones(60)}),
    "several labels": of(C, np.c_[LABELS > 0, LABELS > 1].astype(int)),
    "several outputs": of(R, np.c_[NUMBERS, -NUMBERS]),
    "float32": of(R, X=X.astype(np.float32)),
    "many epochs": of(R, max_iter=100, tol=0.0, n_iter_no_change=1000),
}


@pytest.fixture(scope="module")
def fitted():
    """Of each kind the fitted estimator, made when it is asked for."""
    fits = {}

    def get(name):
        if name not in fits:
            kind, X, y, kwargs, params = FITS[name]
            fits[name] = make(kind, **params).fit(X, y, **kwargs)
        return fits[name]

    return get


# After fit


@in_one_test(pytest.mark.parametrize("name", FITS))
def test_after_fit_a_file_is_the_parameters_the_history_and_little_else(
    fitted, name, tmp_path
):
    mlp = fitted(name)
    # so that a second copy of them would be found
    assert 0.9 * parameter_bytes(mlp) > 8 * 1024
    assert len(pickle.dumps(mlp)) <= allowed(mlp)
    # each array has a header of its own in a file, and 64 bytes to be aligned
    joblib.dump(mlp, tmp_path / "model.joblib")
    n_arrays = 2 * len(mlp.coefs_) + len(mlp.history_) + 8
    size = (tmp_path / "model.joblib").stat().st_size
    assert size <= allowed(mlp) + 256 * n_arrays


@every_estimator
def test_the_history_is_what_grows_with_the_epochs(kind):
    few, many = (
        make(kind, max_iter=n, tol=0.0, n_iter_no_change=1000).fit(X, TARGETS[kind])
        for n in (3, 103)
    )
    growth = len(pickle.dumps(many)) - len(pickle.dumps(few))
    # 256: counters take a byte more here and there
    assert growth <= history_bytes(many) - history_bytes(few) + 256


@every_estimator
def test_fits_in_a_row_do_not_add_up(kind):
    mlp, sizes = make(kind), []
    for _ in range(4):
        sizes.append(len(pickle.dumps(mlp.fit(X, TARGETS[kind]))))
    assert len(set(sizes)) == 1


@in_one_test(covering(kind=list(TARGETS), solver=["sgd", "adam", "lion", "lbfgs"]))
def test_a_fit_after_partial_fit_is_as_small_as_any(kind, solver):
    y = TARGETS[kind]
    mlp = partly_fitted(make(kind), 2).set_params(solver=solver).fit(X, y)
    assert len(pickle.dumps(mlp)) <= allowed(mlp)


@pytest.mark.parametrize("name", ["classifier, adam", "all scaled", "averaging"])
def test_a_pickle_of_a_fit_leaves_the_estimator_as_it_was(fitted, name):
    mlp = copy.deepcopy(fitted(name)).set_params(early_stopping=False)
    undisturbed = copy.deepcopy(mlp)
    pickle.dumps(mlp)
    joblib.hash(mlp)
    assert_same_model(partly_fitted(mlp, 2), partly_fitted(undisturbed, 2))


CAME_BACK = ("classifier, adam", "regressor, lbfgs", "early stopping, sgd", "words")
CAME_BACK += ("refit, all scaled", "averaging", "several labels", "float32")


@pytest.mark.parametrize("name", CAME_BACK)
def test_a_model_that_came_back_predicts_the_same_bits(fitted, name):
    kind, X, _, _, _ = FITS[name]
    mlp = fitted(name)
    twin = pickle.loads(pickle.dumps(mlp))
    for method in {C: ("predict", "predict_proba"), R: ("predict",)}[kind]:
        found, expected = getattr(twin, method)(X), getattr(mlp, method)(X)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


# The solver's state


def partly_fitted(mlp, times):
    y = TARGETS[type(mlp)]
    for _ in range(times):
        first = {} if hasattr(mlp, "coefs_") else classes_first(type(mlp), y)
        mlp.partial_fit(X, y, **first)
    return mlp


def assert_same_model(found, expected):
    assert_same_bits(found, expected)
    for name in ("loss_curve_", "t_", "n_updates_", "best_loss_"):
        assert getattr(found, name) == getattr(expected, name), name


SETTINGS = {
    **{name: {"solver": name} for name in SOLVERS},
    "averaging": {"solver": Adam(averaging=0.9)},
    "averaging of sgd": {"solver": SGD(averaging=0.9)},
    "dropout": {"dropout": 0.2},
    "a schedule": {"learning_rate": "cosine", "max_iter": 9},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "scaled input": {"scale_input": True},
    "unshuffled": {"shuffle": False},
}


def with_settings(*names):
    """Labels and numbers in turn: what is copied depends on the setting alone."""
    cases = [((C, R)[i % 2], SETTINGS[name]) for i, name in enumerate(names)]
    return pytest.mark.parametrize(("kind", "params"), cases, ids=names)


def through_joblib(folder):
    def copied(mlp):
        joblib.dump(mlp, folder / "model.joblib")
        return joblib.load(folder / "model.joblib")

    return copied


@with_settings("sgd", "adam", "averaging", "dropout", "a schedule", "scaled input")
def test_deep_copies_of_a_fit_train_on_to_the_same_bits(kind, params):
    # and copies of copies, of what is fitted at once and of what is fitted by parts
    mlp = make(kind, **params).fit(X, TARGETS[kind])
    for _ in range(2):
        twin = copy.deepcopy(copy.deepcopy(mlp))
        assert_same_model(partly_fitted(twin, 2), partly_fitted(mlp, 2))


@with_settings(*SETTINGS)
def test_pickles_of_what_is_fitted_by_parts_train_on_to_the_same_bits(
    kind, params, tmp_path
):
    mlp = partly_fitted(make(kind, **params), 2)
    for copied in (lambda m: pickle.loads(pickle.dumps(m)), through_joblib(tmp_path)):
        twin = copied(mlp)
        assert_same_model(partly_fitted(twin, 2), partly_fitted(mlp, 2))


@with_settings("adam", "averaging of sgd", "dropout", "invscaling")
def test_a_pickle_after_each_part_changes_nothing(kind, params):
    expected = partly_fitted(make(kind, **params), 5)
    mlp = make(kind, **params)
    for _ in range(5):
        mlp = pickle.loads(pickle.dumps(partly_fitted(mlp, 1)))
    assert_same_model(mlp, expected)


@with_settings("sgd", "adam", "averaging", "dropout", "a schedule", "scaled input")
def test_a_fit_that_was_trained_on_by_parts_pickles_exactly(kind, params):
    mlp = partly_fitted(make(kind, **params).fit(X, TARGETS[kind]), 1)
    twin = pickle.loads(pickle.dumps(mlp))
    assert_same_model(partly_fitted(twin, 2), partly_fitted(mlp, 2))


@pytest.mark.parametrize(
    "params", [{}, {"scale_target": True}, {"scale_input": True}], ids=str
)
def test_numbers_scaled_inside_train_on_from_pickles_to_the_same_bits(params):
    mlp = partly_fitted(make(R, **params), 2)
    twin = pickle.loads(pickle.dumps(mlp))
    assert_same_model(partly_fitted(twin, 2), partly_fitted(mlp, 2))


@with_settings("adam", "averaging of sgd", "a schedule", "dropout")
def test_parts_without_end_add_nothing_but_history(kind, params):
    mlp = partly_fitted(make(kind, hidden_layer_sizes=(10,), **params), 2)
    before, history = len(pickle.dumps(mlp)), history_bytes(mlp)
    partly_fitted(mlp, 98)
    # 256: counters take a byte more here and there
    growth = len(pickle.dumps(mlp)) - before
    assert growth <= history_bytes(mlp) - history + 256
    assert len(mlp.loss_curve_) == 100


@pytest.mark.parametrize(("solver", "n_vectors"), [("sgd", 1), ("adam", 2)])
@every_estimator
def test_after_partial_fit_a_pickle_has_the_solvers_vectors_and_no_more(
    kind, solver, n_vectors
):
    mlp = partly_fitted(make(kind, solver=solver), 3)
    size = len(pickle.dumps(mlp))
    assert size > (1 + n_vectors) * parameter_bytes(mlp)
    assert size <= allowed(mlp) + n_vectors * parameter_bytes(mlp)
