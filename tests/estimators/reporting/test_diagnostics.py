"""Warnings that diagnose a fit: each where its fault is, none where there is none."""

import re
import warnings
from itertools import cycle, pairwise

import numpy as np
import pytest
import scipy.sparse
from sklearn import datasets
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.preprocessing import StandardScaler

import skmlp
from skmlp import DiagnosticWarning, EarlyStopping, MLPClassifier, MLPRegressor
from skmlp.losses import LogLoss, Quantile
from skmlp.solvers import SGD, Adam

from ...conftest import Optional, classes_first, covering
from .faults import (
    IDLE,
    NO_BETTER,
    NUMBERS,
    TARGETS,
    X,
    diagnoses,
    every_estimator,
    kinds_and_solvers,
    layers,
    make,
)

pd = Optional("pandas")


def the_one(texts, start):
    """The one text that begins so; a fit never gives two of a kind."""
    found = [text for text in texts if start in text]
    assert len(found) == 1, texts
    return found[0]


UNEQUAL = "the columns of X are of very unequal scale"
LARGE = "the scale of y is far from"
SMALL = "is large compared with the loss of a constant model"

JUMPING = "the training loss jumps"


# --- each fault


@kinds_and_solvers
def test_a_column_that_drowns_the_others_is_named(kind, solver):
    for unit in (1e4, 1e8):
        data = X * [1.0, 1.0, 1.0, unit, 1.0]
        mlp = make(kind, solver=solver, max_iter=3, learning_rate_init=1e-30)
        text = the_one(diagnoses(mlp, data, TARGETS[kind]), UNEQUAL)
        assert text.startswith(f"{kind.__name__}: ") and "scale_input=True" in text
        size = np.hypot(data[:, 3].std(), data[:, 3].mean())
        assert f"column 3 is {size:.3g}, the median standard" in text


def test_a_column_far_from_zero_drowns_the_others():
    data = X + np.array([0.0, 1e5, 0.0, 0.0, 0.0])
    text = the_one(diagnoses(make(max_iter=3), data, NUMBERS), UNEQUAL)
    assert "column 1 is 1e+05" in text


def test_the_column_of_a_frame_is_named_by_its_name():
    frame = pd.DataFrame(X * [1e4, 1, 1, 1, 1], columns=list("abcde"))
    text = the_one(diagnoses(make(max_iter=3), frame, NUMBERS), UNEQUAL)
    assert "that of column 'a' is" in text


def test_columns_of_like_scale_are_no_fault():
    alike = {"large": X * 30, "far": X + 10, "alone": X[:, :1] * 1e5, "small": X * 1e-6}
    for what, data in alike.items():
        mlp = make(max_iter=3, learning_rate_init=1e-30)
        texts = diagnoses(mlp, data, NUMBERS)
        assert not any(UNEQUAL in text for text in texts), what


def test_columns_that_are_scaled_inside_are_no_fault():
    data = X * [1, 1, 1, 1e6, 1]
    assert diagnoses(make(scale_input=True), data, NUMBERS) == []


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_targets_far_from_the_first_outputs_are_too_large(solver):
    for scale, offset in ((1e4, 0.0), (5e4, 2e5), (1.0, 2e3)):
        y = scale * NUMBERS + offset
        mlp = make(solver=solver, max_iter=3, learning_rate_init=1e-30)
        text = the_one(diagnoses(mlp, X, y), LARGE)
        assert text.startswith("MLPRegressor: ") and "scale_target=True" in text
        told = f"y has mean {y.mean():.3g} and standard deviation {y.std():.3g}"
        assert told in text


def test_the_worst_of_several_targets_is_told():
    y = np.column_stack([NUMBERS, 1e5 * NUMBERS])
    mlp = make(max_iter=3, learning_rate_init=1e-30)
    text = the_one(diagnoses(mlp, X, y), LARGE)
    assert "column 1 of y has mean" in text


SUITED = {
    "scaled inside": {"scale_target": True},
    "moved": {"output_bias": "optimum"},
    "log link": {"loss": "poisson"},
    "lbfgs": {"solver": "lbfgs"},
}


@pytest.mark.parametrize("params", SUITED.values(), ids=SUITED)
def test_targets_are_not_too_large_for_what_is_made_for_them(params):
    mlp = make(**{"max_iter": 3} | params)
    texts = diagnoses(mlp, X, NUMBERS + 5e3)
    assert not any(LARGE in text for text in texts)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_targets_without_room_for_tol_are_too_small(solver):
    y = 1e-3 * NUMBERS
    text = the_one(diagnoses(make(solver=solver, max_iter=400), X, y), SMALL)
    assert text.startswith("MLPRegressor: tol=0.0001 is large")
    assert f"constant model, {y.var() / 2:.3g}, so training stopped" in text
    relative = "early_stopping=EarlyStopping('training', relative_tol=True)"
    for remedy in relative, "scale_target=True", "smaller tol":
        assert remedy in text


WITH_ROOM = {
    "relative tol": {"early_stopping": EarlyStopping("training", relative_tol=True)},
    "scaled inside": {"scale_target": True},
    "no tol": {"tol": 0.0},
    "ended by max_iter": {"max_iter": 10},  # n_iter_no_change: tol takes one more
}


@pytest.mark.parametrize("params", WITH_ROOM.values(), ids=WITH_ROOM)
def test_tol_is_not_too_large_where_it_did_not_end_training_so(params):
    texts = diagnoses(make(**{"max_iter": 400} | params), X, 1e-3 * NUMBERS)
    assert not any(SMALL in text for text in texts)


def constant_loss(kind, y):
    """The loss of the best constant, and of predictions: by other means."""
    if kind is MLPClassifier:
        return log_loss(y, np.full(len(y), y.mean()))
    return y.var() / 2


def model_loss(mlp, X, y):
    if is_classifier(mlp):
        return log_loss(y, mlp.predict_proba(X))
    return mean_squared_error(y, mlp.predict(X)) / 2


@kinds_and_solvers
def test_a_model_no_better_than_a_constant_is_told_with_both_losses(kind, solver):
    y = TARGETS[kind]
    # without weights no gradient reaches any: the output's bias alone is trained
    start = [np.zeros((5, 3)), np.zeros((3, 1))], [np.zeros(3), np.zeros(1)]
    mlp = make(kind, solver=solver, coefs_init=start, max_iter=50)
    text = the_one(diagnoses(mlp.set_params(hidden_layer_sizes=3), X, y), NO_BETTER)
    assert text.startswith(f"{kind.__name__}: ") and "alpha" in text
    assert ("learning_rate_init" in text) == (solver != "lbfgs")
    assert "max_iter" in text
    losses = model_loss(mlp, X, y), constant_loss(kind, y)
    told = re.search(
        r"training rows is (\S+), that of the best constant (\S+)\. ", text
    )
    # as many digits as are told
    assert [float(number) for number in told.groups()] == pytest.approx(
        losses, rel=5e-3
    )


@every_estimator
def test_a_rate_too_small_leaves_a_model_no_better_than_a_constant(kind):
    mlp = make(kind, learning_rate_init=1e-9, max_iter=25, n_iter_no_change=30)
    mlp.set_params(hidden_layer_sizes=20, coefs_init=layers(10.0))
    the_one(diagnoses(mlp, X, TARGETS[kind]), NO_BETTER)
    # far from the 0.99 times which count as no better
    assert model_loss(mlp, X, TARGETS[kind]) > 2 * constant_loss(kind, TARGETS[kind])


IDLE_LAYERS = {
    "dead": ("relu", layers(bias=-100.0)),
    "saturated": ("tanh", layers(bias=1e3)),
    "stretched": ("logistic", layers(1e6)),
}


@covering(kind=list(TARGETS), solver=["sgd", "adam", "lbfgs"], layer=list(IDLE_LAYERS))
def test_a_layer_without_gradient_is_told(kind, solver, layer):
    activation, start = IDLE_LAYERS[layer]
    mlp = make(kind, activation=activation, solver=solver, max_iter=2)
    mlp.set_params(hidden_layer_sizes=20, coefs_init=start, learning_rate_init=1e-9)
    text = the_one(diagnoses(mlp, X, TARGETS[kind]), IDLE)
    assert text.startswith(f"{kind.__name__}: ")
    told = re.search(r"(\d+)% of the units of hidden layer 1 are", text)
    z = X @ mlp.coefs_[0] + mlp.intercepts_[0]
    if activation == "relu":
        slope = z > 0
    elif activation == "tanh":
        slope = 1 - np.tanh(z) ** 2
    else:
        slope = 0.25 * (1 - np.tanh(z / 2) ** 2)
    # a unit counts where on no row of X its slope is 0.01
    share = (slope.max(axis=0) < 0.01).mean()
    assert float(told[1]) / 100 == pytest.approx(share, abs=0.005) and share > 0.5
    assert ("learning_rate_init" in text) == (solver != "lbfgs")
    assert "activation" in text


def test_the_layer_without_gradient_is_the_one_told():
    # the second of three; after it nothing depends on X
    rng, sizes = np.random.default_rng(1), (5, 8, 8, 8, 1)
    coefs = [rng.normal(size=pair) / 3 for pair in pairwise(sizes)]
    biases = [np.zeros(n) for n in sizes[1:]]
    biases[1] -= 100.0
    mlp = make(hidden_layer_sizes=(8, 8, 8), coefs_init=(coefs, biases), max_iter=2)
    mlp.set_params(activation=["relu", "relu", "identity"])
    text = the_one(diagnoses(mlp, X, NUMBERS), IDLE)
    assert "100% of the units of hidden layer 2" in text


def test_other_activations_of_the_same_layer_are_alive():
    for activation in ("leaky_relu", "identity", "gelu"):
        mlp = make(activation=activation, coefs_init=layers(bias=-1.0), max_iter=2)
        texts = diagnoses(mlp.set_params(hidden_layer_sizes=20), X, NUMBERS)
        assert not any(IDLE in text for text in texts), activation


@pytest.mark.parametrize(("kind", "rate"), [(MLPClassifier, 8.0), (MLPRegressor, 1.0)])
def test_a_loss_that_jumps_without_falling_is_told(kind, rate):
    # without friction the one weight swings about its optimum for ever
    signs = np.tile([-1.0, 1.0], 100)[:, np.newaxis]
    y = np.ravel(signs)
    if kind is MLPClassifier:
        y = (y * np.where(np.arange(200) < 40, -1, 1) > 0).astype(int)
    params = {"solver": SGD(momentum=1.0, nesterovs_momentum=False), "alpha": 0.0}
    params |= {"learning_rate_init": rate, "batch_size": 200, "max_iter": 40}
    params |= {"coefs_init": ([np.zeros((1, 1))], [np.zeros(1)])}
    mlp = make(kind, hidden_layer_sizes=(), n_iter_no_change=50, **params)
    text = the_one(diagnoses(mlp, signs, y), JUMPING)
    assert text.startswith(f"{kind.__name__}: ")
    steps = np.diff(mlp.loss_curve_[-11:])
    assert f"jumps by {np.abs(steps).mean():.3g} from epoch to epoch" in text
    assert "learning_rate_init" in text and "batch_size" in text
    assert abs(steps.sum()) < np.abs(steps).sum()


@every_estimator
def test_faults_are_told_at_each_fit_and_once(kind):
    data = X * [1, 1, 1, 1e4, 1]
    mlp = make(kind, max_iter=3)
    for _ in range(2):
        texts = diagnoses(mlp, data, TARGETS[kind])
        kinds = [re.sub(r"[\d.e+-]+", "", text) for text in texts]
        assert texts and len(set(kinds)) == len(kinds)


def test_faults_are_filtered_by_their_category():
    data, mlp = X * [1, 1, 1, 1e4, 1], make(MLPClassifier, max_iter=3)
    assert DiagnosticWarning is skmlp.DiagnosticWarning
    assert issubclass(DiagnosticWarning, UserWarning)
    assert not issubclass(DiagnosticWarning, ConvergenceWarning)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiagnosticWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        mlp.fit(data, TARGETS[MLPClassifier])  # other warnings are errors here
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        with pytest.raises(DiagnosticWarning):
            mlp.fit(data, TARGETS[MLPClassifier])


@kinds_and_solvers
def test_a_diagnosis_changes_no_bit(kind, solver, monkeypatch):
    data, params = X * [1, 1, 1, 1e4, 1], {"solver": solver, "max_iter": 30}
    params["learning_rate_init"] = 1e-9
    mlp, unheard = make(kind, **params), make(kind, **params)
    assert diagnoses(mlp, data, TARGETS[kind])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "skmlp.estimators.reporting.diagnostics._diagnose", lambda *a, **k: []
            )
            unheard.fit(data, TARGETS[kind])
    for a, b in zip(mlp.coefs_, unheard.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


# --- no fault


TABLES = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "diabetes": datasets.load_diabetes,
}


def load(table):
    data, y = TABLES[table](return_X_y=True)
    if table == "diabetes":
        return MLPRegressor, StandardScaler().fit_transform(data), y / y.std()
    return MLPClassifier, StandardScaler().fit_transform(data), y


@covering(
    table=list(TABLES),
    solver=["sgd", "adam", "lbfgs"],
    activation=["relu", "logistic", "tanh"],
)
def test_fits_of_scaled_tables_by_defaults_have_no_fault(table, solver, activation):
    kind, data, y = load(table)
    y = (y - y.mean()) / y.std() if kind is MLPRegressor else y
    assert diagnoses(make(kind, solver=solver, activation=activation), data, y) == []


MORE = {
    "early stopping": {"early_stopping": True},
    "refit": {"early_stopping": True, "refit": True},
    "cosine": {"learning_rate": "cosine", "learning_rate_init": 0.01},
    "three layers": {"hidden_layer_sizes": "32x3"},
    "no hidden layer": {"hidden_layer_sizes": (), "learning_rate_init": 0.01},
    "dropout": {"dropout": 0.3},
    "averaging": {"solver": Adam(averaging=0.99)},
    "small batches": {"batch_size": 8, "learning_rate_init": 0.01, "max_iter": 50},
    "scaled inside": {"scale_input": True},
    "own validation": {"early_stopping": True, "tol": 0.01},
}


@pytest.mark.parametrize(
    "more, table", list(zip(MORE, cycle(["wine", "diabetes"]), strict=False))
)
def test_other_fits_have_no_fault_either(more, table):
    kind, data, y = load(table)
    assert diagnoses(make(kind, **MORE[more]), data, y) == []


CONSTANT = {
    "one class": (MLPClassifier, np.ones(200, int)),
    "constant": (MLPRegressor, np.full(200, 0.1)),
    "large": (MLPRegressor, np.full(200, 2e3)),
    "two columns": (MLPRegressor, np.tile([0.1, 7.0], (200, 1))),
}


@pytest.mark.parametrize("case", CONSTANT)
def test_where_y_is_constant_there_is_no_fault(case):
    kind, y = CONSTANT[case]
    for solver in ("sgd", "adam", "lbfgs"):
        data = X * [1, 1, 1, 1e4, 1] if solver == "lbfgs" else X
        mlp = make(kind, solver=solver, learning_rate_init=1e-4)
        assert diagnoses(mlp, data, y) == [], solver


@every_estimator
def test_where_y_is_constant_on_the_rows_that_count_there_is_no_fault(kind):
    y = np.where(np.arange(200) % 2, 0.1, 0.9)
    y = (y > 0.5).astype(int) if kind is MLPClassifier else y
    weight = (np.arange(200) % 2).astype(float)
    for solver in ("adam", "lbfgs"):
        mlp = make(kind, solver=solver)
        assert diagnoses(mlp, X, y, sample_weight=weight) == [], solver


@every_estimator
def test_partial_fits_are_not_diagnosed(kind):
    data = X * [1, 1, 1, 1e4, 1]
    y = TARGETS[kind] * (1 if kind is MLPClassifier else 1e5)
    mlp, first = make(kind, alpha=1e5), classes_first(kind, y)
    for more in (first, {}, {}):
        assert diagnoses(mlp, data, y, method="partial_fit", **more) == []


def kinds_of_data():
    labels, columns = TARGETS[MLPClassifier], np.column_stack([NUMBERS, X[:, 0]])
    shares = np.column_stack([np.where(labels, 0.9, 0.1), np.where(labels, 0.1, 0.9)])
    many = np.column_stack([labels, X[:, 0] > 0, X[:, 1] > 1]).astype(int)
    zeros = (np.arange(200) % 3 > 0).astype(float)
    soft = LogLoss(soft_targets=True)
    return {
        "several labels": (MLPClassifier(), X, many, {}),
        "columns of classes": (MLPClassifier(), X, many + many[:, ::-1], {}),
        "soft targets": (MLPClassifier(loss=soft), X, shares, {}),
        "weights with zeros": (MLPClassifier(), X, labels, {"sample_weight": zeros}),
        "class weights": (MLPClassifier(class_weight="balanced"), X, labels, {}),
        "focal loss": (MLPClassifier(loss="focal"), X, labels, {}),
        "sparse": (MLPClassifier(), scipy.sparse.csr_matrix(X), labels, {}),
        "float32": (MLPClassifier(), X.astype(np.float32), labels, {}),
        "one feature": (MLPRegressor(), X[:, 1:2], NUMBERS, {}),
        "several outputs": (MLPRegressor(), X, columns, {}),
        "weighted numbers": (MLPRegressor(), X, NUMBERS, {"sample_weight": zeros}),
        "sparse numbers": (MLPRegressor(), scipy.sparse.csr_matrix(X), NUMBERS, {}),
        "float32 numbers": (MLPRegressor(), X.astype(np.float32), NUMBERS, {}),
        "a quantile": (MLPRegressor(loss=Quantile(level=0.9)), X, NUMBERS, {}),
        "quantiles": (MLPRegressor(loss=Quantile(level=[0.1, 0.9])), X, columns, {}),
        "counts": (MLPRegressor(loss="poisson"), X, np.exp(NUMBERS).round(), {}),
        "small amounts": (
            MLPRegressor(loss="gamma", scale_target=True),
            X,
            1e-6 * np.exp(NUMBERS),
            {},
        ),
        "scaled inside": (
            MLPRegressor(scale_input=True, scale_target=True),
            X * [1e5, 1, 1, 1, 1],
            columns * [1e5, 1e-5],
            {},
        ),
    }


KINDS_OF_DATA = kinds_of_data()
# of the loss of a constant these are as the others
LIKE_OTHERS = {"sparse", "float32", "one feature", "sparse numbers", "float32 numbers"}


@pytest.mark.parametrize("case", KINDS_OF_DATA)
def test_all_kinds_of_data_can_have_no_fault(case):
    mlp, data, y, more = KINDS_OF_DATA[case]
    mlp = clone(mlp).set_params(random_state=0, learning_rate_init=0.01, tol=1e-6)
    assert diagnoses(mlp, data, y, **more) == []


def test_frames_can_have_no_fault():
    frame = pd.DataFrame(X, columns=list("abcde"))
    mlp = make(MLPClassifier, learning_rate_init=0.01, tol=1e-6)
    assert diagnoses(mlp, frame, TARGETS[MLPClassifier]) == []


@pytest.mark.parametrize("case", [c for c in KINDS_OF_DATA if c not in LIKE_OTHERS])
def test_all_kinds_of_data_can_have_faults(case):
    mlp, data, y, more = KINDS_OF_DATA[case]
    params = {"alpha": 1e6, "learning_rate_init": 0.1, "max_iter": 100}
    mlp = clone(mlp).set_params(random_state=0, **params)
    the_one(diagnoses(mlp, data, y, **more), NO_BETTER)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_faults_of_targets_scaled_inside_do_not_depend_on_their_unit(early_stopping):
    params = {"learning_rate_init": 0.01, "batch_size": 8, "max_iter": 30}
    params |= {"early_stopping": early_stopping, "n_iter_no_change": 30}
    mlp = make(scale_target=True, **params)
    for unit in (1.0, 1e-6, 1e6):
        assert diagnoses(mlp, X, unit * NUMBERS) == [], unit
        # over 20 seeds: 0.988 to 0.999
        assert mlp.score(X, unit * NUMBERS) > 0.95, unit
