"""The same parameters, data and seed give scikit-learn's model, warnings and output.

Both packages are trained side by side. Fits have some tens of updates (lbfgs: at most
15 iterations), since rounding errors grow with their number.
"""

import warnings
from functools import cache
from itertools import product

import numpy as np
import pytest
import sklearn.neural_network
from scipy.sparse import csc_array, csc_matrix, csr_array, csr_matrix, issparse
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.preprocessing import scale

import skmlp

from ..conftest import classes_first, covering

# that rounding does not reach the tolerances here is tested in test_rounding.py
pytestmark = pytest.mark.bits

PACKAGES = (skmlp, sklearn.neural_network)
CLASSIFIER, REGRESSOR = "MLPClassifier", "MLPRegressor"
N_ROWS = 50


def make_tasks():
    """Estimator, its own parameters, X and y of each task."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 4))
    signal = X @ rng.normal(size=(4, 3)) / 2
    noisy = signal + 2 * rng.normal(size=(N_ROWS, 3))  # classes that overlap
    return {
        "binary": (CLASSIFIER, {}, X, (noisy[:, 0] > 0).astype(int)),
        "multiclass": (CLASSIFIER, {}, X, noisy.argmax(axis=1)),
        "multilabel": (CLASSIFIER, {}, X, (noisy > 0).astype(int)),
        "regression": (REGRESSOR, {}, X, noisy[:, 0]),
        "multioutput": (REGRESSOR, {}, X, noisy),
        "poisson": (
            REGRESSOR,
            {"loss": "poisson"},
            X,
            rng.poisson(np.exp(signal[:, 0] / 2)),
        ),
    }


TASKS = make_tasks()

# The line search of lbfgs tries long steps. Where such a trial saturates,
# scikit-learn's log-loss is clipped and ours is not, on purpose, and the paths part:
# tanh, which is bounded, and classes that overlap keep the trials out of saturation.
SOLVERS = {
    "lbfgs": {"solver": "lbfgs", "max_iter": 10, "activation": "tanh"},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.02},
    "sgd-invscaling": {
        "solver": "sgd",
        "learning_rate": "invscaling",
        "learning_rate_init": 0.05,
        "power_t": 0.3,
    },
    "sgd-adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.02,
        "n_iter_no_change": 1,
        "tol": 0.02,
    },
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
}
STOCHASTIC = [name for name in SOLVERS if name != "lbfgs"]

# batches of 20, 20 and 10 rows: 36 updates
DEFAULTS = {
    "hidden_layer_sizes": (5, 3),
    "batch_size": 20,
    "max_iter": 12,
    "random_state": 3,
}

# Tolerances against scikit-learn. Of float32 eps is 1e-7, and 36 updates magnify it by
# some hundreds.
RTOL = {np.float64: 1e-6, np.float32: 1e-3}

# With several outputs under lbfgs, scikit-learn's gradient of the squared error is not
# that of its value: the two packages minimize different functions there, on purpose.
SAME_OBJECTIVE = [
    (task, solver)
    for task, solver in product(TASKS, SOLVERS)
    if (task, solver) != ("multioutput", "lbfgs")
]


def in_turn(names, levels):
    """Every task with every solver, and each of both with each of four `levels`."""
    tasks, solvers = list(TASKS), list(SOLVERS)
    cases = [
        (task, solver, *levels[(tasks.index(task) + solvers.index(solver)) % 4])
        for task, solver in SAME_OBJECTIVE
    ]
    return pytest.mark.parametrize(["task", "solver", *names], cases)


def fit(estimator, X, y, **fit_params):
    estimator.fit(X, y, **fit_params)


def train_both(task, params, train=fit, *, X=None, y=None, **fit_params):
    """Ours and theirs after `train(estimator, X, y)`, and the warnings of each.

    Parameters that are functions are called, so that each package gets its own value.
    """
    kind, task_params, task_X, task_y = TASKS[task]
    X, y = task_X if X is None else X, task_y if y is None else y
    estimators, heard = [], []
    for package in PACKAGES:
        values = {**DEFAULTS, **task_params, **params}
        values = {name: v() if callable(v) else v for name, v in values.items()}
        estimator = getattr(package, kind)(**values)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            train(estimator, X, y, **fit_params)
        estimators.append(estimator)
        heard.append(
            [
                (w.category, str(w.message))
                for w in caught
                if w.category is not skmlp.DiagnosticWarning
            ]
        )
    return estimators, heard


def assert_same_warnings(ours, theirs):
    """In the same words, after which ours may go on."""
    assert [category for category, _ in ours] == [category for category, _ in theirs]
    for (_, our_text), (_, their_text) in zip(ours, theirs, strict=True):
        assert our_text.startswith(their_text)


# What scikit-learn does not have.
OURS = {
    "best_epoch_",
    "history_",
    "n_updates_",
    "stop_reason_",
    "validation_loss_curve_",
    "validation_residuals_",
}


def fitted_attributes(estimator):
    names = (name for name in vars(estimator) if not name.startswith("_"))
    return {name for name in names if name.endswith("_")}


def assert_close(actual, expected, rtol, what):
    """Equal to rtol, or to a tenth of it of the largest number in the array."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, what
    atol = 0.1 * rtol * np.abs(expected).max(initial=0)
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol, err_msg=what)


EQUAL_ATTRIBUTES = (
    "n_iter_",
    "t_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "n_features_in_",
)
CLOSE_ATTRIBUTES = (
    "loss_",
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
)


def assert_same_model(estimators, X, rtol=RTOL[np.float64]):
    ours, theirs = estimators
    assert fitted_attributes(ours) - OURS == fitted_attributes(theirs)
    for name in EQUAL_ATTRIBUTES:
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in CLOSE_ATTRIBUTES:
        actual, expected = getattr(ours, name, None), getattr(theirs, name, None)
        if expected is None:
            assert actual is None, name
        else:
            assert_close(actual, expected, rtol, name)
    for name in "coefs_", "intercepts_":
        actual, expected = getattr(ours, name), getattr(theirs, name)
        assert len(actual) == len(expected), name
        for layer, pair in enumerate(zip(actual, expected, strict=True)):
            assert_close(*pair, rtol, f"{name}[{layer}]")
    for name in "classes_", "feature_names_in_":
        if hasattr(theirs, name):
            assert_identical(getattr(ours, name), getattr(theirs, name), name)
    assert_same_predictions(ours, theirs, X, rtol)


def assert_identical(actual, expected, what):
    assert actual.dtype == expected.dtype, what
    np.testing.assert_array_equal(actual, expected, err_msg=what)


def assert_same_predictions(ours, theirs, X, rtol):
    if not hasattr(theirs, "predict_proba"):
        assert_close(ours.predict(X), theirs.predict(X), rtol, "predict")
        return
    assert_identical(ours.predict(X), theirs.predict(X), "predict")
    for name in "predict_proba", "predict_log_proba":
        assert_close(getattr(ours, name)(X), getattr(theirs, name)(X), rtol, name)


def check_same(
    task, params, train=fit, *, X=None, y=None, rtol=RTOL[np.float64], **fit_params
):
    """Train both packages, compare everything; returns the warnings, for more."""
    estimators, heard = train_both(task, params, train, X=X, y=y, **fit_params)
    assert_same_warnings(*heard)
    assert_same_model(estimators, TASKS[task][2] if X is None else X, rtol)
    return estimators, heard[0]


# Solvers, activations, tasks


@in_turn(["activation"], [["identity"], ["logistic"], ["tanh"], ["relu"]])
def test_every_task_solver_and_activation_gives_scikit_learns_model(
    task, solver, activation
):
    check_same(task, {**SOLVERS[solver], "activation": activation})


# Parameters


OF_EVERY_SOLVER = {
    "no-hidden-layer": {"hidden_layer_sizes": ()},
    "one-hidden-layer": {"hidden_layer_sizes": (5,)},
    "three-hidden-layers": {"hidden_layer_sizes": (4, 3, 2)},
    "no-penalty": {"alpha": 0},
    "large-penalty": {"alpha": 10.0},
    "one-epoch": {"max_iter": 1},
    "large-tolerance": {"tol": 0.1, "n_iter_no_change": 2, "max_iter": 30},
    "huge-tolerance": {"tol": 1e9, "n_iter_no_change": 1, "max_iter": 30},
    "endless-patience": {"tol": 1e9, "n_iter_no_change": np.inf},
    "numpy-numbers": {
        "alpha": np.float64(0.01),
        "batch_size": np.int64(20),
        "max_iter": np.int64(5),
        "learning_rate_init": np.float64(0.01),
        "random_state": np.int64(3),
    },
}
OF_BATCHES_AND_EPOCHS = {
    "unshuffled": {"shuffle": False},
    "one-row-a-batch": {"batch_size": 1, "max_iter": 1},
    "batches-that-divide-the-rows": {"batch_size": 25},
    "batch-of-all-rows": {"batch_size": N_ROWS},
    "batch-size-auto": {"batch_size": "auto"},
    "batch-size-beyond-the-rows": {"batch_size": N_ROWS + 1},
    "early-stopping": {"early_stopping": True, "validation_fraction": 0.2},
    "early-stopping-that-stops": {
        "early_stopping": True,
        "tol": 0.5,
        "n_iter_no_change": 2,
    },
    "early-stopping-unshuffled": {"early_stopping": True, "shuffle": False},
    "early-stopping-batch-beyond-the-rows": {
        "early_stopping": True,
        "batch_size": N_ROWS,
    },
}
OF_ONE_SOLVER = {
    "no-momentum": ("sgd", {"momentum": 0}),
    "full-momentum": ("sgd", {"momentum": 1.0, "max_iter": 4}),
    "momentum-without-nesterov": ("sgd", {"nesterovs_momentum": False}),
    "power-t-zero": ("sgd-invscaling", {"power_t": 0}),
    "adam-moments": ("adam", {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}),
    "adam-without-memory": ("adam", {"beta_1": 0, "beta_2": 0}),
    "few-evaluations": ("lbfgs", {"max_fun": 3}),
}
ADAMS = {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}
SGDS = {"momentum": 0.5, "nesterovs_momentum": False, "power_t": 2.0}
IN_EPOCHS = {
    "batch_size": 7,
    "shuffle": False,
    "learning_rate_init": 0.5,
    "n_iter_no_change": 1,
    "early_stopping": True,
    "validation_fraction": 0.4,
}
IGNORED = {
    "lbfgs": ("lbfgs", {**ADAMS, **SGDS, **IN_EPOCHS}),
    "lbfgs-invscaling": ("lbfgs", {"learning_rate": "invscaling"}),
    "lbfgs-adaptive": ("lbfgs", {"learning_rate": "adaptive"}),
    "sgd": ("sgd", {**ADAMS, "power_t": 2.0, "max_fun": 1}),
    "sgd-invscaling": ("sgd-invscaling", {**ADAMS, "max_fun": 1}),
    "sgd-adaptive": ("sgd-adaptive", {**ADAMS, "power_t": 2.0, "max_fun": 1}),
    "adam": ("adam", {**SGDS, "max_fun": 1, "validation_fraction": 0.4}),
    "adam-invscaling": ("adam", {"learning_rate": "invscaling"}),
    "adam-adaptive": ("adam", {"learning_rate": "adaptive"}),
}
SOME_TASKS = ["binary", "multiclass", "regression", "poisson"]
KINDS_OF_TASK = ["binary", "regression"]


@covering(
    variant=OF_EVERY_SOLVER,
    solver=["lbfgs", "sgd", "sgd-adaptive", "adam"],
    task=SOME_TASKS,
)
def test_parameters_of_every_solver_mean_what_they_mean_in_scikit_learn(
    variant, solver, task
):
    check_same(task, {**SOLVERS[solver], **variant})


@covering(variant=OF_BATCHES_AND_EPOCHS, solver=STOCHASTIC, task=SOME_TASKS)
def test_parameters_of_batches_and_epochs_mean_what_they_mean_in_scikit_learn(
    variant, solver, task
):
    check_same(task, {**SOLVERS[solver], **variant})


@pytest.mark.parametrize("variant", OF_ONE_SOLVER)
def test_parameters_of_one_solver_mean_what_they_mean_in_scikit_learn(variant):
    solver, params = OF_ONE_SOLVER[variant]
    check_same("multiclass", {**SOLVERS[solver], **params})


@pytest.mark.parametrize("variant", IGNORED)
def test_parameters_of_other_solvers_are_ignored(variant):
    solver, params = IGNORED[variant]
    (ours, _), _ = check_same("multiclass", {**SOLVERS[solver], **params})
    (plain, _), _ = train_both("multiclass", SOLVERS[solver])
    assert_identical(ours.coefs_[0], plain.coefs_[0], "coefs_[0]")


@pytest.mark.parametrize("sizes", [[5, 2], 6, np.array([4, 2])], ids=repr)
def test_hidden_layer_sizes_may_have_any_form(sizes):
    check_same("regression", {"hidden_layer_sizes": sizes})


@pytest.mark.parametrize("kind", [CLASSIFIER, REGRESSOR])
def test_default_parameters_give_scikit_learns_model(kind):
    X, y = load_digits(return_X_y=True)
    X, y = X[:500] / 16, y[:500]
    estimators = [getattr(p, kind)(random_state=0, max_iter=8) for p in PACKAGES]
    for estimator in estimators:
        with pytest.warns(sklearn.exceptions.ConvergenceWarning):
            estimator.fit(X, y)
    assert_same_model(estimators, X)


@covering(
    load=[load_iris, load_breast_cancer], solver=["lbfgs", "sgd-adaptive", "adam"]
)
def test_real_data_gives_scikit_learns_model(load, solver):
    X, y = load(return_X_y=True)
    check_same("multiclass", SOLVERS[solver], X=scale(X), y=y)


@covering(
    task=["multiclass", "regression"],
    solver=["lbfgs", "sgd", "adam"],
    early_stopping=[False, True],
)
def test_large_networks_and_batches_give_scikit_learns_model(
    task, solver, early_stopping
):
    """700 rows at once through 300 units and 21,000 parameters."""
    X = scale(load_digits().data[:700])
    y = load_digits().target[:700]
    params = {
        "hidden_layer_sizes": (300,),
        "batch_size": 630 if early_stopping else 700,
        "early_stopping": early_stopping,
        "max_iter": 5,
    }
    check_same(task, {**SOLVERS[solver], **params}, X=X, y=y)


@pytest.mark.parametrize(
    ("task", "solver"), [("binary", "sgd"), ("regression", "adam")]
)
def test_a_batch_size_beyond_the_rows_is_clipped_with_a_warning(task, solver):
    params = {**SOLVERS[solver], "batch_size": N_ROWS + 1}
    _, heard = check_same(task, params)
    clipped = [message for _, message in heard if "batch_size" in message]
    assert len(clipped) == 1


@covering(early_stopping=[False, True], task=KINDS_OF_TASK, patience=[1, 3])
def test_adaptive_divides_the_rate_eight_times_and_ends(early_stopping, task, patience):
    params = {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.1,
        "early_stopping": early_stopping,
        "tol": 1e9,
        "n_iter_no_change": patience,
        "max_iter": 100,
        "batch_size": N_ROWS - 10,
    }
    (ours, _), heard = check_same(task, params)
    assert heard == []
    # the first epoch counts as progress; 0.1 / 5^8 is the first rate below 1e-6, and
    # every plateau takes patience + 1 epochs
    assert ours.n_iter_ == 1 + 9 * (patience + 1)


def test_a_fit_that_converges_warns_in_neither_package():
    params = {"solver": "adam", "tol": 1e9, "n_iter_no_change": 1}
    (ours, _), heard = check_same("binary", params)
    assert heard == []
    assert ours.n_iter_ < ours.max_iter


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
def test_a_fit_out_of_epochs_says_so_in_the_same_words(solver):
    params = {**SOLVERS[solver], "max_iter": 2, "tol": 0, "hidden_layer_sizes": (5,)}
    _, heard = check_same("binary", params)
    assert [category for category, _ in heard] == [
        sklearn.exceptions.ConvergenceWarning
    ]


# Arrays


ARRAYS = {
    "csr-matrix": csr_matrix,
    "csc-matrix": csc_matrix,
    "csr-array": csr_array,
    "csc-array": csc_array,
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
    "reversed": lambda X: X[::-1].copy()[::-1],
    "list": np.ndarray.tolist,
    "integers": lambda X: np.rint(2 * X).astype(np.int32),
    "big-endian": lambda X: X.astype(">f8"),
}


@covering(
    array=ARRAYS,
    solver=["lbfgs", "adam"],
    early_stopping=[False, True],
    task=["multilabel", "regression"],
)
def test_every_kind_of_array_gives_scikit_learns_model(
    array, solver, early_stopping, task
):
    X = array(TASKS[task][2])
    check_same(task, {**SOLVERS[solver], "early_stopping": early_stopping}, X=X)


@in_turn(
    ["early_stopping", "make"], list(product([False, True], [np.asarray, csr_matrix]))
)
def test_float32_gives_scikit_learns_model_to_its_rounding(
    task, solver, early_stopping, make
):
    X = make(TASKS[task][2].astype(np.float32))
    params = {**SOLVERS[solver], "early_stopping": early_stopping}
    check_same(task, params, X=X, rtol=RTOL[np.float32])


@covering(library=["pandas", "polars"], early_stopping=[False, True])
def test_data_frames_give_scikit_learns_model_and_feature_names(
    library, early_stopping
):
    frames = pytest.importorskip(library)
    _, _, X, y = TASKS["binary"]
    columns = {name: X[:, i] for i, name in enumerate("abcd")}
    X, y = frames.DataFrame(columns), frames.Series(y)
    (ours, _), _ = check_same("binary", {"early_stopping": early_stopping}, X=X, y=y)
    assert ours.feature_names_in_.tolist() == list("abcd")


LABELS = {
    "strings": lambda y: np.array(["north", "east", "south"])[y],
    "objects": lambda y: np.array(["north", "east", "south"], dtype=object)[y],
    "booleans": lambda y: y > 0,
    "negative": lambda y: np.array([-1, 0, 7])[y],
    "floats": lambda y: y.astype(float),
    "small-integers": lambda y: y.astype(np.uint8),
    "list": np.ndarray.tolist,
    "column": lambda y: y[:, np.newaxis],
}


@cache
def scikit_learn_validates_strings():
    """Not before 1.9: its validation score looked for nan among the labels."""
    params = {"max_iter": 1, "early_stopping": True, "n_iter_no_change": 1, "tol": 1e9}
    theirs = sklearn.neural_network.MLPClassifier(**params)
    X, y = TASKS["binary"][2:]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs.fit(X, LABELS["strings"](y))
    except TypeError as error:
        return "isnan" not in str(error)
    return True


@covering(
    labels=list(LABELS),
    solver=["lbfgs", "adam"],
    early_stopping=[False, True],
    task=["binary", "multiclass"],
)
def test_every_kind_of_label_gives_scikit_learns_model(
    labels, solver, early_stopping, task
):
    if early_stopping and solver != "lbfgs" and labels in ("strings", "objects"):
        if not scikit_learn_validates_strings():
            pytest.skip("this scikit-learn fails: isnan of string labels")
    y = LABELS[labels](TASKS[task][3])
    check_same(task, {**SOLVERS[solver], "early_stopping": early_stopping}, y=y)


@covering(kind=[csr_matrix, np.ndarray.tolist, np.bool_], solver=["lbfgs", "adam"])
def test_every_kind_of_label_indicator_gives_scikit_learns_model(kind, solver):
    y = kind(TASKS["multilabel"][3])
    (ours, theirs), heard = train_both("multilabel", SOLVERS[solver], y=y)
    assert_same_warnings(*heard)
    X = TASKS["multilabel"][2]
    assert_close(ours.predict_proba(X), theirs.predict_proba(X), 1e-6, "predict_proba")
    actual, expected = ours.predict(X), theirs.predict(X)
    assert issparse(actual) == issparse(expected) == (kind is csr_matrix)
    if issparse(expected):
        actual, expected = actual.toarray(), expected.toarray()
    assert_identical(actual, expected, "predict")


# Weights: with mini-batches scikit-learn's updates are biased, so one full batch


@in_turn(["with_zeros", "early_stopping"], list(product([False, True], repeat=2)))
def test_sample_weight_gives_scikit_learns_model_in_full_batches(
    task, solver, with_zeros, early_stopping
):
    weight = np.random.default_rng(1).uniform(0.2, 5, size=N_ROWS)
    if with_zeros:
        weight[::3] = 0
    n_batch = N_ROWS - 5 if early_stopping else N_ROWS  # validation_fraction is 0.1
    params = {
        **SOLVERS[solver],
        "batch_size": n_batch,
        "early_stopping": early_stopping,
    }
    check_same(task, params, sample_weight=weight)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_sample_weight_gives_scikit_learns_model_in_partial_fit(solver):
    weight = np.random.default_rng(1).uniform(0.2, 5, size=N_ROWS)

    def train(estimator, X, y):
        for _ in range(4):
            estimator.partial_fit(X, y, sample_weight=weight)

    check_same("regression", {**SOLVERS[solver], "batch_size": N_ROWS}, train)


# Sequences of calls


def classes_of(estimator, y):
    return classes_first(getattr(skmlp, type(estimator).__name__), y)


def partial_fits(estimator, X, y):
    estimator.partial_fit(X, y, **classes_of(estimator, y))
    for _ in range(4):
        estimator.partial_fit(X, y)


def partial_fits_of_parts(estimator, X, y):
    for _ in range(3):
        estimator.partial_fit(X[:17], y[:17], **classes_of(estimator, y))
        estimator.partial_fit(X[17:], y[17:], **classes_of(estimator, y))


def fit_then_partial_fits(estimator, X, y):
    estimator.fit(X, y)
    for _ in range(3):
        estimator.partial_fit(X, y)


def partial_fits_then_fit(estimator, X, y):
    partial_fits(estimator, X, y)
    estimator.fit(X, y)


def three_fits(estimator, X, y):
    for _ in range(3):
        estimator.fit(X, y)


def two_fits_then_partial_fits(estimator, X, y):
    estimator.fit(X, y)
    fit_then_partial_fits(estimator, X, y)


def fits_of_other_rows(estimator, X, y):
    estimator.fit(X, y)
    estimator.fit(X[:40], y[:40])


def fits_with_other_parameters(estimator, X, y):
    estimator.fit(X, y)
    estimator.set_params(learning_rate_init=0.003, batch_size=10, max_iter=4, alpha=1.0)
    estimator.fit(X, y)


@covering(
    train=[
        partial_fits,
        partial_fits_of_parts,
        fit_then_partial_fits,
        partial_fits_then_fit,
        two_fits_then_partial_fits,
        fits_with_other_parameters,
    ],
    solver=STOCHASTIC,
    task=["multiclass", "regression", "poisson"],
    warm_start=[False, True],
)
def test_sequences_with_partial_fit_give_scikit_learns_model(
    train, solver, task, warm_start
):
    params = {**SOLVERS[solver], "max_iter": 5, "warm_start": warm_start}
    check_same(task, params, train)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fits_of_label_indicators_give_scikit_learns_model(solver):
    check_same("multilabel", SOLVERS[solver], partial_fits)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fit_of_unseen_classes_gives_scikit_learns_model(solver):
    def train(estimator, X, y):
        estimator.partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2, 3])
        estimator.partial_fit(X, y)

    check_same("multiclass", SOLVERS[solver], train)


# what is kept between fits differs with early stopping: pairs of the others for each
@pytest.mark.parametrize("early_stopping", [False, True])
@covering(
    solver=list(SOLVERS),
    task=["multiclass", "regression", "poisson"],
    train=[three_fits, fits_of_other_rows, fits_with_other_parameters],
    patience=[1, 10],
)
def test_warm_starts_give_scikit_learns_model(
    solver, task, train, patience, early_stopping
):
    params = {
        **SOLVERS[solver],
        "max_iter": 5,
        "warm_start": True,
        "early_stopping": early_stopping,
        "validation_fraction": 0.2,
        "n_iter_no_change": patience,
        "tol": 0.01,
    }
    check_same(task, params, train)


@covering(solver=["sgd-adaptive", "adam"], early_stopping=[False, True])
def test_fits_without_warm_start_begin_anew(solver, early_stopping):
    params = {**SOLVERS[solver], "max_iter": 5, "early_stopping": early_stopping}
    (twice, _), _ = check_same("binary", params, three_fits)
    (once, _), _ = check_same("binary", params)
    assert_identical(twice.coefs_[0], once.coefs_[0], "coefs_[0]")


# Random numbers


@covering(
    solver=["lbfgs", "sgd", "adam"],
    task=["binary", "multilabel", "regression"],
    train=[fit, three_fits],
    early_stopping=[False, True],
)
def test_a_random_state_instance_is_drawn_from_as_by_scikit_learn(
    solver, task, train, early_stopping
):
    params = {
        **SOLVERS[solver],
        "max_iter": 5,
        "early_stopping": early_stopping,
        "random_state": lambda: np.random.RandomState(7),
    }
    estimators, _ = check_same(task, params, train)
    after = [e.random_state.uniform(size=3).tolist() for e in estimators]
    assert after[0] == after[1]  # not one number more, and not one less


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_several_estimators_share_one_random_state_as_in_scikit_learn(solver):
    fits = []
    for package in PACKAGES:
        shared = np.random.RandomState(11)
        for task in "binary", "regression":
            kind, _, X, y = TASKS[task]
            params = {**DEFAULTS, **SOLVERS[solver], "random_state": shared}
            with pytest.warns(sklearn.exceptions.ConvergenceWarning):
                fits.append(getattr(package, kind)(**params).fit(X, y))
    for ours, theirs in (fits[0], fits[2]), (fits[1], fits[3]):
        assert_same_model([ours, theirs], X)


@covering(solver=["lbfgs", "adam"], early_stopping=[False, True])
def test_without_random_state_the_global_stream_is_drawn_from(solver, early_stopping):
    after = []

    def train(estimator, X, y):
        before = np.random.get_state()
        np.random.seed(5)
        try:
            estimator.fit(X, y)
            after.append(np.random.uniform(size=3).tolist())
        finally:
            np.random.set_state(before)

    params = {
        **SOLVERS[solver],
        "random_state": None,
        "early_stopping": early_stopping,
        "max_iter": 5,
    }
    check_same("binary", params, train)
    assert after[0] == after[1]


# Output


ENDINGS = {
    "out-of-epochs": {"max_iter": 4},
    "loss-plateau": {"tol": 1e9, "n_iter_no_change": 1, "max_iter": 60},
    "score-plateau": {
        "tol": 1e9,
        "n_iter_no_change": 2,
        "max_iter": 60,
        "early_stopping": True,
    },
}


@covering(ending=ENDINGS, solver=["sgd", "sgd-adaptive", "adam"], task=KINDS_OF_TASK)
def test_verbose_prints_scikit_learns_lines(ending, solver, task, capsys):
    said = []

    def train(estimator, X, y):
        fit(estimator, X, y)
        said.append(capsys.readouterr().out.splitlines())

    check_same(task, {**SOLVERS[solver], **ending, "verbose": True}, train)
    assert said[0] == said[1]
    assert said[0][0].startswith("Iteration 1, loss = ")
