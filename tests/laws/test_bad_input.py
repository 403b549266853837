"""Bad input is refused by name, and leaves the estimator as it was."""

import copy
import math
import warnings
from itertools import product

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skmlp import (
    Checkpoint,
    Dropout,
    EarlyStopping,
    Ensemble,
    MLPAutoencoder,
    MLPClassifier,
    MLPRegressor,
    tabular_pipeline,
)
from skmlp.activations import ReLU
from skmlp.embeddings import PBLD, CategoryTable
from skmlp.estimators.options import OPTIONS
from skmlp.initializers import HeNormal
from skmlp.losses import Huber, LogLoss
from skmlp.schedules import SCHEDULES, Cosine, Schedule
from skmlp.solvers import SGD, Adam

from ..cases import in_case
from ..conftest import covering, digest

ESTIMATORS = [MLPClassifier, MLPRegressor]
N_ROWS, N_FEATURES = 30, 4

RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, N_FEATURES))
NUMBERS = X @ np.array([1.0, -2.0, 0.5, 0.0])
LABELS = np.arange(N_ROWS) % 3
METHODS = ["fit", "partial_fit"]

every_estimator = pytest.mark.parametrize("kind", ESTIMATORS)
every_call = pytest.mark.parametrize(
    ("kind", "method"), list(product(ESTIMATORS, METHODS))
)


def small(kind, **params):
    """An estimator whose fits are quick and end without a warning."""
    settings = {
        "hidden_layer_sizes": (3,),
        "max_iter": 4,
        "n_iter_no_change": 1,
        "tol": 1e6,  # no epoch rises by that much, so patience ends the fit
        "random_state": 0,
    }
    return kind(**{**settings, **params})


def target(kind):
    return LABELS if kind is MLPClassifier else NUMBERS


def fitted(kind, **params):
    return small(kind, **params).fit(X, target(kind))


def call(estimator, method, *args, **kwargs):
    """fit or partial_fit; a first partial_fit of a classifier names the classes."""
    is_first = method == "partial_fit" and not hasattr(estimator, "classes_")
    if is_first and isinstance(estimator, MLPClassifier):
        kwargs.setdefault("classes", [0, 1, 2])
    return getattr(estimator, method)(*args, **kwargs)


def assert_names(error, kind, parameter, came=""):
    """The message holds the class, the parameter and what came."""
    message = str(error.value)
    assert f"{kind.__name__}: {parameter}" in message
    assert came in message


def assert_refused(case, kind, parameter, came, method, *args, **kwargs):
    """The call raises an error that names the class, the parameter and what came."""
    try:
        method(*args, **kwargs)
    except Exception as error:
        assert isinstance(error, (ValueError, TypeError)), (case, error)
        assert f"{kind.__name__}: {parameter}" in str(error), (case, error)
        assert came in str(error), (case, error)
    else:
        pytest.fail(f"{parameter} was accepted: {case}")


# Parameters

NAN, INF, HUGE = math.nan, math.inf, 10**400
NO_NUMBER = [None, NAN, "0.5", [0.5], 1j, True, np.array([0.1, 0.2])]
NO_INTEGER = [*NO_NUMBER, 1.5, 2.0, -INF]
NO_RATE = [*NO_NUMBER, -0.1, 1, 1.5, INF, -INF, HUGE]
NO_BOOLEAN = [None, NAN, 0, 1, INF, "True", [True], HUGE]
NO_NAME = [None, NAN, INF, 1, "", "unheard_of", ["adam"], b"adam", HUGE]
NO_SIZES = [
    *[0, -1, 1.5, NAN, INF, -INF, None, True, 1j, HUGE, b"5", {5: 2}],
    *[(0,), (5, -1), (1.5,), (NAN,), (INF,), (None,), (True,), (HUGE,)],
    *[(5, (2,)), [[5]], ("5",), ["5-2"], (5, "2"), (1j,), ((),)],
    *[np.array([[5, 2]]), np.array([5.5]), np.array(["5"]), np.array([True])],
    *["", "5", "x", "-", "5x", "x2", "5-", "-5", "5--2", "5xx2", "5x2x2"],
    *["0-5", "5-0", "0x2", "5x0", "5.0-2", "5 - 2", "5-2 ", "5-2\n", "5,2"],
    *["5-2x2", "-5-2", "5X2", "relu", "1e1-2", "\u0665-\u0662", "(5, 2)"],
    *["1" * 30 + "-5", "1" * 30 + "x2"],
]


class OnlyForward:
    forward = ReLU.forward


BAD_PARAMETERS = {
    "loss": [*NO_NAME, "log-loss", ReLU(), Huber],
    "hidden_layer_sizes": NO_SIZES,
    "activation": [
        *[*NO_NAME, "softmax", ReLU, SGD(), OnlyForward(), lambda z: z],
        *[[], (), ["relu", None], ["softmax"], [["relu"]], np.array([1.0])],
    ],
    "solver": [*NO_NAME, "l-bfgs", SGD, ReLU(), [SGD()]],
    "alpha": [*NO_NUMBER, -1, -1e-300, INF, -INF, HUGE, -HUGE],
    "batch_size": [*NO_INTEGER, "full", 0, -1, INF, -HUGE],
    "learning_rate": [*NO_NAME, "auto", Cosine, SGD(), ["cosine"], 0.1],
    "learning_rate_init": [*NO_NUMBER, 0, 0.0, -1, INF, -INF, HUGE],
    "power_t": [*NO_NUMBER, -1, INF, -INF, HUGE],
    "max_iter": [*NO_INTEGER, 0, -1, INF, -HUGE],
    "shuffle": NO_BOOLEAN,
    "random_state": [
        *[NAN, INF, 1.5, "seed", [0.5], 1j, -1, 2**32, HUGE, -HUGE],
        np.random.default_rng(0),
    ],
    "tol": [*NO_NUMBER, -1, -1e-300, -INF, HUGE],
    "verbose": [None, NAN, INF, 1.5, -1, "yes", [1], -HUGE],
    "warm_start": NO_BOOLEAN,
    "momentum": [*NO_NUMBER, -1e-9, 1.1, INF, -INF, HUGE],
    "nesterovs_momentum": NO_BOOLEAN,
    "early_stopping": [*NO_BOOLEAN, "validation", EarlyStopping, Ensemble()],
    "validation_fraction": NO_RATE,
    "beta_1": NO_RATE,
    "beta_2": NO_RATE,
    "epsilon": [*NO_NUMBER, 0, 0.0, -1e-8, INF, -INF, HUGE],
    "n_iter_no_change": [*NO_INTEGER, "inf", 0, -1, -HUGE],
    "max_fun": [*NO_INTEGER, 0, -1, INF, -HUGE],
    "initializer": [*NO_NAME, "zeros", HeNormal, SGD()],
    "output_bias": [*NO_NAME, "mean", True, 0.0],
    "coefs_init": [
        *[NAN, 1, True, "", "glorot_uniform", b"", [], (), [[]], {"a": 1}, 1j],
        *[MLPClassifier(), MLPRegressor, HUGE],
    ],
    # a list holds one for each hidden layer, of which there is one
    "dropout": [
        *[value for value in NO_RATE if np.ndim(value) == 0],
        *[[], (), ["0.5"], [None], [NAN], [True], [-0.1], [1.0], [[0.5]], [HUGE]],
        *[np.array(0.5), np.array([[0.5]]), np.array([1.5])],
        *[Dropout, EarlyStopping(), {"rate": 0.5}],
    ],
    "alpha_l1": [*NO_NUMBER, -1, -1e-300, INF, -INF, HUGE, -HUGE],
    "scoring": [*[NAN, INF, 1, True, ["r2"], b"r2", {}, HUGE], SGD],
    "refit": NO_BOOLEAN,
    "max_time": [
        *[value for value in NO_NUMBER if value is not None],
        *["inf", 0, 0.0, -1, INF, -INF, HUGE],
    ],
    "recover": NO_BOOLEAN,
    "scale_input": NO_BOOLEAN,
    "scale_target": NO_BOOLEAN,
    "freeze": [*NO_INTEGER, -1, INF, -HUGE],
    "record": [*[v for v in NO_NAME if v is not None], "layer", True],
    "checkpoint": [NAN, 1, True, "", b"run.npz", ["run.npz"], {}, HUGE, Checkpoint],
    "numeric_embedding": [
        *[value for value in NO_NAME if value is not None],
        *["ple", PBLD, SGD(), ["pbld"], CategoryTable],
    ],
    "categorical_features": [
        *[NAN, 1, True, "", "a", b"a", 1j, {}, {0: 1}, HUGE],
        *[[-1], [4], [0.5], [NAN], [None], ["a"], [True], (0, "a"), [[0]], [HUGE]],
    ],
    "embedding_size": [*NO_INTEGER, 0, -1, INF, -HUGE],
    "learned_scale": NO_BOOLEAN,
    "n_members": [0, -1, 1.5, 2.0, NAN, INF, True, None, "2", [2], 1j],
    "ensemble": [*NO_NAME, "seed", True, 5, ["folds"], Ensemble, Dropout()],
    "n_jobs": [1.5, 2.0, NAN, INF, True, "all", [2], 1j],
    "calibration": ["", "platt", True, 1.0, b"temperature", ["temperature"]],
    "clip_output": NO_BOOLEAN,
    "class_weight": [
        *[NAN, 1, True, "", "balance", [], (), b"balanced", 1j, np.ones(3)],
        *[{3: 1.0}, {"a": 1.0}, {0: -1.0}, {0: NAN}, {0: INF}, {0: None}, {0: "1"}],
        *[{0: True}, {0: HUGE}, {0: 0, 1: 0, 2: 0}, [{0: 1.0}], ["balanced"] * 3],
    ],
}
# Settings of objects, by the names they have as parameters.
NO_SCHEDULE = [*NO_NAME, "auto", Cosine, SGD(), ["cosine"], 0.1]
NO_NORM = [
    *[value for value in NO_NUMBER if value is not None],
    *["inf", 0, 0.0, -1, INF, -INF, HUGE],
]
BAD_SETTINGS = {
    "dropout__rate": BAD_PARAMETERS["dropout"],
    "dropout__inputs": NO_RATE,
    "dropout__noise": [*NO_NUMBER, -1, -1e-300, INF, -INF, HUGE],
    "dropout__schedule": NO_SCHEDULE,
    "early_stopping__monitor": [*NO_NAME, "loss", True],
    "early_stopping__relative_tol": NO_BOOLEAN,
    "early_stopping__min_updates": [*NO_INTEGER, -1, INF, -HUGE],
    "early_stopping__tie_break": [*NO_NAME, "any", True],
    "early_stopping__stratify": [*NO_BOOLEAN, "yes"],
    "ensemble__by": [*NO_NAME, "seed", True, 5],
    "ensemble__configurations": [
        NAN,
        1,
        True,
        "alpha",
        [],
        (),
        {},
        [1],
        [{1: 2}],
        HUGE,
    ],
    "ensemble__n_validated": [v for v in NO_INTEGER if v is not None] + [0, -1],
    "ensemble__weights": [*NO_NAME, "best", True, [0.5, 0.5]],
    "checkpoint__path": [None, NAN, 1, True, "", b"run.npz", ["run.npz"], {}, HUGE],
    "checkpoint__every": [*NO_INTEGER, 0, -1, INF, -HUGE],
    "solver__max_norm": NO_NORM,
    "solver__parametrization": [*NO_NAME, "NTK", True],
    "solver__rate_factors": [
        *[NAN, 1, 1j, True, "", "weights", [], (), [0.1], HUGE],
        *[{"weight": 1}, {1: 1.0}, {"weights": -1e-300}, {"weights": NAN}],
        *[{"weights": INF}, {"weights": None}, {"weights": "1"}, {"biases": True}],
        *[{"biases": 1.0, "scales": 1.0}, {"scale": HUGE}, {"scale": [1.0]}],
    ],
    "solver__decay_schedule": [*NO_SCHEDULE, Schedule()],
}
# Plain values that take the settings.
WITH_SETTINGS = {"solver": "adamw", "checkpoint": "run.npz"}
OF_THE_OTHER = {
    MLPClassifier: {"loss": ["squared_error", Huber()]},
    MLPRegressor: {"loss": ["log_loss", LogLoss()]},
}


def bad_values(kind, name):
    return [*BAD_PARAMETERS[name], *OF_THE_OTHER[kind].get(name, [])]


def test_the_table_of_bad_values_covers_every_parameter():
    assert set(BAD_PARAMETERS) == {
        n for kind in ESTIMATORS for n in kind().get_params()
    }


@every_estimator
def test_a_bad_parameter_is_refused_by_name_before_anything_is_fitted(kind):
    names = kind().get_params()
    for name, value in [(n, value) for n in names for value in bad_values(kind, n)]:
        estimator = small(kind).set_params(**{name: value})
        came = repr(value)[:60]  # long values are shown by their beginning
        args = (f"got {came}", estimator.fit, X, target(kind))
        with in_case(f"{name}={came}"):
            assert_refused(came, kind, name, *args)
            with pytest.raises(NotFittedError):
                estimator.predict(X)


def test_the_table_of_bad_settings_covers_every_object_for_a_plain_value():
    names = {f"{n}__{s}" for n, kind in OPTIONS.items() for s in kind().get_params()}
    assert names <= set(BAD_SETTINGS)


@every_estimator
def test_a_bad_setting_is_refused_by_name_before_anything_is_fitted(kind):
    for name, value in [(n, value) for n in BAD_SETTINGS for value in BAD_SETTINGS[n]]:
        estimator = small(kind, **WITH_SETTINGS).set_params(**{name: value})
        came = repr(value)[:60]
        args = (f"got {came}", estimator.fit, X, target(kind))
        with in_case(f"{name}={came}"):
            assert_refused(came, kind, name, *args)
            assert not hasattr(estimator, "coefs_")


def test_a_schedule_that_there_is_not_is_refused_with_those_there_are():
    for name in ("learning_rate", "dropout__schedule", "solver__decay_schedule"):
        estimator = small(MLPRegressor, solver="adamw", dropout=0.1)
        estimator.set_params(**{name: "unheard_of"})
        with pytest.raises(ValueError) as error:
            estimator.fit(X, NUMBERS)
        assert_names(error, MLPRegressor, f"{name} must be one of ", "'unheard_of'")
        assert all(repr(known) in str(error.value) for known in SCHEDULES), name
        assert "object" in str(error.value) and "function" in str(error.value)


def test_a_bad_parameter_of_an_estimator_within_another_is_refused_by_name():
    names = ("solver", "loss", "early_stopping", "dropout")
    for name, value in product(names, ("unheard_of", 3)):
        params = {name: value}
        within = (
            lambda params=params: tabular_pipeline("regressor", **params).fit(
                X, NUMBERS
            ),
            lambda params=params: MLPAutoencoder(
                2, estimator=MLPRegressor(**params)
            ).fit(X),
        )
        for fit in within:
            assert_refused((name, value), MLPRegressor, name, repr(value), fit)


@every_call
def test_a_bad_parameter_leaves_a_fitted_model_as_it_was(kind, method):
    model = fitted(kind)
    before, good = digest(model), model.get_params(deep=False)
    for name in good:
        if (name, method) == ("coefs_init", "partial_fit"):
            continue  # partial_fit goes on from the weights there are
        values = bad_values(kind, name)
        for value in (values[0], values[-1]):
            model.set_params(**{name: value})
            with in_case(f"{name}={value!r}"[:80]):
                args = ("", call, model, method, X, target(kind))
                assert_refused(value, kind, name, *args)
                assert digest(model.set_params(**{name: good[name]})) == before


@every_estimator
def test_an_integer_with_too_many_digits_to_print_is_refused_by_name(kind):
    value = -(10**5000)  # Python prints 4300 digits at most
    for name in ("alpha", "max_iter", "hidden_layer_sizes"):
        fit = small(kind, **{name: value}).fit
        assert_refused(name, kind, f"{name} must be", "", fit, X, target(kind))


@every_estimator
def test_a_string_of_sizes_that_no_machine_can_hold_is_refused_by_name(kind):
    for sizes in ("5x" + "9" * 25, "9" * 5000 + "-2", "2x" + "9" * 5000):
        args = (sizes[:20], small(kind, hidden_layer_sizes=sizes).fit, X, target(kind))
        assert_refused(sizes[:20], kind, "hidden_layer_sizes", *args)


def by_hand(kind):
    """A model whose weights were set, never trained."""
    model, trained = small(kind), fitted(kind)
    for name in ("coefs_", "intercepts_", "classes_"):
        if hasattr(trained, name):
            setattr(model, name, getattr(trained, name))
    return model


def test_a_bad_parameter_that_predict_needs_is_refused_by_name_at_predict():
    for kind, name, make in (
        (MLPClassifier, "activation", fitted),
        (MLPRegressor, "activation", fitted),
        (MLPClassifier, "activation", by_hand),
        (MLPRegressor, "activation", by_hand),
        (MLPRegressor, "loss", by_hand),
    ):
        model = make(kind).set_params(**{name: "unheard_of"})
        with in_case((kind, name, make)), pytest.raises(ValueError) as error:
            model.predict(X)
        assert_names(error, kind, name, "'unheard_of'")


@every_estimator
def test_a_bad_parameter_that_predict_does_not_need_is_not_looked_at(kind):
    for make in (fitted, by_hand):
        model = make(kind)
        before = model.predict(X)
        model.set_params(solver="unheard_of", dropout="x", early_stopping=3)
        np.testing.assert_array_equal(model.predict(X), before)


@every_estimator
def test_predict_keeps_to_the_loss_of_the_fit(kind):
    model = fitted(kind)
    before = model.predict(X)
    # the link of another loss would make other values of the same raw outputs
    model.set_params(loss="poisson" if kind is MLPRegressor else "unheard_of")
    np.testing.assert_array_equal(model.predict(X), before)


@every_estimator
def test_a_list_of_another_length_than_the_hidden_layers_is_refused_by_name(kind):
    for name, value in (
        ("activation", ["relu", "tanh"]),
        ("activation", ("relu",) * 3),
        ("dropout", [0.1, 0.1]),
        ("dropout", np.array([0.1, 0.1, 0.1])),
    ):
        came, fit = f"got {len(value)} for 1 hidden", small(kind, **{name: value}).fit
        assert_refused(value, kind, name, came, fit, X, target(kind))


EDGES = [
    ("alpha", 0),
    ("alpha", np.float32(0.5)),
    ("batch_size", np.int64(7)),
    ("batch_size", N_ROWS),
    ("learning_rate_init", 1),
    ("power_t", 0),
    ("max_iter", HUGE),
    ("random_state", 2**32 - 1),
    ("random_state", np.int32(3)),
    ("random_state", np.random.RandomState(0)),
    ("tol", np.float64(1e5)),
    ("shuffle", np.False_),
    ("momentum", 0),
    ("momentum", 1),
    ("validation_fraction", 0),  # of no use, and not used
    ("beta_1", 0),
    ("beta_2", 0),
    ("epsilon", 1),
    ("n_iter_no_change", HUGE),
    ("n_iter_no_change", math.inf),
    ("max_fun", HUGE),
    ("dropout", 0),
    ("dropout", [0]),
    ("dropout", np.array([0.0])),
    ("dropout", Dropout(0, inputs=0, noise=np.float32(0))),
    ("alpha_l1", 0),
    ("embedding_size", np.int64(1)),
    ("categorical_features", []),
    ("categorical_features", np.zeros(N_FEATURES, bool)),
    ("activation", ["relu"]),
    ("activation", np.str_("relu")),
]


@covering(kind=ESTIMATORS, solver=["sgd", "adam", "lbfgs"])
def test_values_at_the_edge_of_their_range_are_used(kind, solver):
    for name, value in EDGES:
        model = small(kind, solver=solver).set_params(**{name: value})
        never_ends = name == "n_iter_no_change" and solver != "lbfgs"
        with warnings.catch_warnings(), in_case(f"{name}={value!r}"[:80]):
            if never_ends:
                warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, target(kind))
            assert np.isfinite(model.coefs_[0]).all()
            assert model.predict(X).shape == (N_ROWS,)


def test_no_rate_factors_are_ones():
    # which lbfgs does not have
    for kind, solver in product(ESTIMATORS, [SGD, Adam]):
        model, plain = (
            fitted(kind, solver=solver(rate_factors=factors)) for factors in ({}, None)
        )
        np.testing.assert_array_equal(model.predict(X), plain.predict(X))


# hidden_layer_sizes

GOOD_SIZES = [
    (5, (5,)),
    (5.0, (5,)),
    (np.int8(5), (5,)),
    (np.float32(5), (5,)),
    (np.array(5), (5,)),
    ((), ()),
    ([], ()),
    ((5,), (5,)),
    ([5, 2], (5, 2)),
    ((5.0, 2.0), (5, 2)),
    ((np.int64(5), 2.0), (5, 2)),
    (np.array([5, 2]), (5, 2)),
    (np.array([5.0, 2.0]), (5, 2)),
    (range(2, 5), (2, 3, 4)),
    ("5-2", (5, 2)),
    ("5-2-3-1", (5, 2, 3, 1)),
    ("5x1", (5,)),
    ("3x4", (3, 3, 3, 3)),
    (np.str_("5-2"), (5, 2)),
]


@pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
@every_estimator
def test_each_form_of_hidden_layer_sizes_gives_the_network_it_says(kind):
    n_outputs = 3 if kind is MLPClassifier else 1
    for given, sizes in GOOD_SIZES:
        model = fitted(kind, hidden_layer_sizes=given)
        assert [W.shape[1] for W in model.coefs_] == [*sizes, n_outputs], repr(given)
        assert model.n_layers_ == len(sizes) + 2
        assert model.hidden_layer_sizes is given
        same = fitted(kind, hidden_layer_sizes=sizes)
        np.testing.assert_array_equal(model.predict(X), same.predict(X))


# X

MASKED = np.ma.masked_array(X, np.eye(N_ROWS, N_FEATURES, dtype=bool))


def with_entry(value, dtype=np.float64):
    changed = X.astype(dtype)
    changed[3, 1] = value
    return changed


BAD_X = {
    "nan": with_entry(NAN),
    "inf": with_entry(INF),
    "minus inf": with_entry(-INF),
    "nan in float32": with_entry(NAN, np.float32),
    "inf in float16": with_entry(INF, np.float16),
    "nan in the last row of Fortran order": np.asfortranarray(
        np.r_[X[:-1], [[NAN] * 4]]
    ),
    "None": None,
    "number": 1.5,
    "string": "data",
    "dict": {"a": 1},
    "set": {1.0},
    "1-D": X[:, 0],
    "3-D": X[:, :, np.newaxis],
    "0-D": np.array(1.0),
    "no rows": X[:0],
    "no columns": X[:, :0],
    "empty list": [],
    "complex": X + 1j,
    "complex list": [[1j] * N_FEATURES] * N_ROWS,
    "words": X.astype(str).astype(object) + "?",
    "word in objects": with_entry("word", object),
    "None in objects": with_entry(None, object),
    "list in objects": with_entry([1.0], object),
    "huge int in objects": with_entry(HUGE, object),
    "ragged list": [[1.0, 2.0]] * (N_ROWS - 1) + [[1.0]],
    "masked": MASKED,
    "masked float32": MASKED.astype(np.float32),
    "structured": np.zeros(N_ROWS, dtype=[("a", float), ("b", float)]),
    "sparse nan": sparse.csr_array(with_entry(NAN)),
    "sparse inf": sparse.csc_array(with_entry(INF)),
    "sparse complex": sparse.csr_array(X + 1j),
    "sparse without rows": sparse.csr_array((0, N_FEATURES)),
}


def described(value):
    """What a message must say of an array: its shape or length, or how it prints."""
    shape = getattr(value, "shape", ())
    if shape:
        return str(tuple(shape))
    return str(len(value)) if isinstance(value, list) and value else repr(value)[:20]


def bad_frames(pandas):
    return {
        "NA": pandas.DataFrame(X).astype("Float64").mask(X > 2),
        "nan": pandas.DataFrame(with_entry(NAN)),
        "words": pandas.DataFrame(with_entry("word", object)),
    }


def assert_nothing_is_fitted(table, kind, parameter, call_with):
    """Of each bad value: `call_with` estimator and value refuses it, and no more."""
    for case, bad in table.items():
        estimator = small(kind)
        before = digest(estimator)
        args = (described(bad), call_with, estimator, bad)
        assert_refused(case, kind, parameter, *args)
        assert digest(estimator) == before, case
        with pytest.raises(NotFittedError):
            estimator.predict(X)


def with_X(kind, method):
    return lambda estimator, bad: call(estimator, method, bad, target(kind))


def with_y(kind, method):
    return lambda estimator, bad: call(estimator, method, X, bad)


def with_weight(kind, method):
    return lambda estimator, bad: call(
        estimator, method, X, target(kind), sample_weight=bad
    )


@every_call
def test_bad_X_is_refused_by_name_and_nothing_is_fitted(kind, method):
    assert_nothing_is_fitted(BAD_X, kind, "X", with_X(kind, method))


@every_call
def test_bad_frames_are_refused_by_name_and_nothing_is_fitted(kind, method, pandas):
    assert_nothing_is_fitted(bad_frames(pandas), kind, "X", with_X(kind, method))


WRONG_WIDTHS = {"fewer columns": X[:, 1:], "more columns": np.c_[X, X]}
OUTPUTS = [
    (MLPClassifier, "predict"),
    (MLPClassifier, "predict_proba"),
    (MLPClassifier, "predict_log_proba"),
    (MLPClassifier, "decision_function"),
    (MLPRegressor, "predict"),
]


def assert_refused_at_predict(table, kind, method):
    model = fitted(kind)
    before = digest(model)
    for name, bad in table.items():
        args = (described(bad), getattr(model, method), bad)
        assert_refused((method, name), kind, "X", *args)
        assert digest(model) == before, (method, name)


def test_bad_X_at_predict_is_refused_by_name_and_changes_nothing():
    for kind, method in OUTPUTS:
        assert_refused_at_predict({**BAD_X, **WRONG_WIDTHS}, kind, method)


def test_bad_frames_at_predict_are_refused_by_name(pandas):
    for kind, method in OUTPUTS:
        assert_refused_at_predict(bad_frames(pandas), kind, method)


def test_outputs_before_fit_raise_not_fitted_whatever_X_is():
    for (kind, method), anything in product(OUTPUTS, (X, None, with_entry(NAN))):
        with in_case(method), pytest.raises(NotFittedError, match=kind.__name__):
            getattr(small(kind), method)(anything)


@every_estimator
def test_columns_in_another_order_are_refused_by_name(kind, pandas):
    frame = pandas.DataFrame(X, columns=list("abcd"))
    model = small(kind).fit(frame, target(kind))
    before = digest(model)
    for method in ("predict", "partial_fit"):
        args = (target(kind),) if method == "partial_fit" else ()
        with pytest.raises(ValueError, match="feature names") as error:
            getattr(model, method)(frame[list("badc")], *args)
        assert_names(error, kind, "X", "DataFrame")
    assert digest(model) == before


# y

BAD_Y = {
    "None": None,
    "scalar": 1,
    "string": "word",
    "dict": {"a": 1},
    "nan": np.where(LABELS == 0, NAN, LABELS),
    "inf": np.where(LABELS == 0, INF, LABELS),
    "nan in a list": [NAN, *LABELS[1:]],
    "None in a list": [None, *LABELS[1:].tolist()],
    "None in objects": np.array([None, *LABELS[1:]], dtype=object),
    "numbers and words in a list": ["a", *LABELS[1:].tolist()],
    "numbers and words in objects": np.array(["a", *LABELS[1:]], dtype=object),
    "bytes": np.array([b"a", b"b"] * 15),
    "lists in objects": np.array([[1], [1, 2]] * 15, dtype=object),
    "ragged list": [[1], [1, 2]] * 15,
    "complex": LABELS + 1j,
    "3-D": np.zeros((N_ROWS, 2, 2)),
    "no columns": np.zeros((N_ROWS, 0)),
    "empty": [],
    "one row too few": LABELS[1:],
    "one row too many": np.r_[LABELS, 0],
    "masked": np.ma.masked_array(LABELS, LABELS == 0),
    "masked floats": np.ma.masked_array(LABELS * 1.0, LABELS == 0),
    "huge int": [HUGE, *LABELS[1:].tolist()],
    "sparse column": sparse.csr_array(LABELS[:, np.newaxis]),
    "sparse with nan": sparse.csr_array(np.c_[np.where(LABELS, 1, NAN), LABELS]),
}
BAD_LABELS = {
    "fractions": NUMBERS,
    "columns of fractions": np.c_[NUMBERS, NUMBERS],
    "sets": np.array([{1}, {2}] * 15, dtype=object),
    "lists of labels": [[0, 1], [1]] * 15,
}
BAD_NUMBERS = {
    "words": np.array(["a", "b"] * 15),
    "words in objects": np.array(["a", "b"] * 15, dtype=object),
    "sparse": sparse.csr_array(np.c_[NUMBERS, NUMBERS]),
}
BAD_TARGETS = {
    MLPClassifier: {**BAD_Y, **BAD_LABELS},
    MLPRegressor: {**BAD_Y, **BAD_NUMBERS},
}


@every_call
def test_bad_y_is_refused_by_name_and_nothing_is_fitted(kind, method):
    assert_nothing_is_fitted(BAD_TARGETS[kind], kind, "y", with_y(kind, method))


@every_call
def test_bad_series_as_y_are_refused_by_name_and_nothing_is_fitted(
    kind, method, pandas
):
    series = {
        "NA": pandas.Series(LABELS).astype("Int64").mask(LABELS == 0),
        "categories and nan": pandas.Series(["a", None] * 15, dtype="category"),
    }
    if kind is MLPRegressor:
        series["words"] = pandas.Series(["a", "b"] * 15)
    assert_nothing_is_fitted(series, kind, "y", with_y(kind, method))


# Labels of several types, and how the error names them
MIXED = [
    ("int and str", [0, 1, "b"]),
    ("float, int and str", ["b", 1, 0.5]),
    ("bool and str", [True, "a", "b"]),
    ("float, int and str", [np.float32(0.5), np.int8(1), np.str_("b")]),
    ("bool and str", ["a", np.True_, "b"]),
    ("bytes and str", ["a", b"a", "b"]),
    ("bytes and int", [b"a", 0, 1]),
]


def objects(labels):
    return np.array(labels, dtype=object)


CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "objects": objects,
    "column of a list": lambda labels: [[label] for label in labels],
    "columns of objects": lambda labels: np.c_[objects(labels), objects(labels)],
    "arrays in a list": lambda labels: [np.array([label]) for label in labels],
}


def assert_labels_refused(make, labels, said):
    """In y, in y_val and, where they are a single list, in classes."""
    y, fresh = make(labels * 10), small(MLPClassifier, early_stopping=True)
    before = digest(fresh)
    calls = {
        "fit": (small(MLPClassifier).fit, X, y),
        "partial_fit": (call, small(MLPClassifier), "partial_fit", X, y),
        "later partial_fit": (fitted(MLPClassifier).partial_fit, X, y),
        "y_val": (lambda y: fresh.fit(X, LABELS, X_val=X, y_val=y), y),
    }
    for name, args in calls.items():
        case = (name, labels)
        assert_refused(case, MLPClassifier, f"y {said}", "y must be labels", *args)
    assert digest(fresh) == before
    if np.ndim(y) == 1:
        for model in (small(MLPClassifier), fitted(MLPClassifier)):
            args = ("classes must be all", model.partial_fit, X, LABELS)
            classes = make(labels)
            assert_refused(
                labels, MLPClassifier, f"classes {said}", *args, classes=classes
            )


def test_labels_of_several_types_are_refused_by_the_names_of_their_types():
    for container, (types, labels) in product(CONTAINERS, MIXED):
        said = f"mixes labels of several types ({types})."
        with in_case(container):
            assert_labels_refused(CONTAINERS[container], labels, said)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_labels_of_several_types_in_a_frame_are_refused_as_those_in_a_list(pandas):
    said = "mixes labels of several types (int and str)."
    for make in (
        lambda labels: pandas.Series(labels, dtype=object),
        lambda labels: pandas.Series(labels, dtype="category"),
        lambda labels: pandas.DataFrame({"y": labels}),
    ):
        assert_labels_refused(make, [0, 1, "b"], said)


def test_labels_of_bytes_are_refused_as_such():
    said = "holds bytes; decode them to strings"
    for make in (list, objects, np.array):
        with in_case(make):
            assert_labels_refused(make, [b"a", b"b", b"c"], said)
            with pytest.raises(TypeError) as error:
                small(MLPClassifier).fit(X, make([b"a", b"b", b"c"] * 10))
        assert "several types" not in str(error.value), make


def test_numbers_of_several_types_in_a_list_are_labels():
    for labels in ([True, 0, 2.0], [np.True_, 0, np.float32(2)]):
        model = small(MLPClassifier).fit(X, labels * 10)
        np.testing.assert_array_equal(model.classes_, [0, 1, 2])


@every_estimator
def test_fit_without_y_is_refused(kind):
    estimator = small(kind)
    with pytest.raises(ValueError, match=f"{kind.__name__} requires y"):
        estimator.fit(X, None)
    with pytest.raises(TypeError, match="y"):
        estimator.fit(X)


@pytest.mark.parametrize("method", METHODS)
def test_negative_counts_are_refused_with_the_poisson_loss_alone(method):
    counts = np.r_[-1, LABELS[1:]]
    estimator = small(MLPRegressor, loss="poisson")
    with pytest.raises(ValueError) as error:
        call(estimator, method, X, counts)
    assert_names(error, MLPRegressor, "y must be >= 0", "-1")
    assert "'poisson'" in str(error.value)
    assert not hasattr(estimator, "coefs_")
    call(estimator.set_params(loss="squared_error"), method, X, counts)
    assert np.isfinite(estimator.predict(X)).all()


def test_a_y_that_overflows_the_dtype_of_X_is_refused_by_name():
    y = np.r_[1e300, NUMBERS[1:]]
    estimator = small(MLPRegressor)
    with pytest.raises(ValueError, match="float32") as error:
        estimator.fit(X.astype(np.float32), y)
    assert_names(error, MLPRegressor, "y", "1e+300")
    assert not hasattr(estimator, "coefs_")


# sample_weight

BAD_WEIGHTS = {
    "nan": np.r_[NAN, np.ones(N_ROWS - 1)],
    "inf": np.r_[INF, np.ones(N_ROWS - 1)],
    "negative": np.r_[-1.0, np.ones(N_ROWS - 1)],
    "all zero": np.zeros(N_ROWS),
    "overflowing sum": np.full(N_ROWS, 1e308),
    "too small to divide by": np.full(N_ROWS, 5e-324),
    "scalar nan": NAN,
    "scalar inf": INF,
    "scalar negative": -1,
    "scalar zero": 0,
    "scalar of an overflowing sum": 1e308,
    "scalar huge int": HUGE,
    "scalar complex": 1j,
    "scalar string": "a",
    "words": ["a"] * N_ROWS,
    "None in a list": [None] * N_ROWS,
    "complex": np.full(N_ROWS, 1j),
    "column": np.ones((N_ROWS, 1)),
    "two columns": np.ones((N_ROWS, 2)),
    "3-D": np.ones((N_ROWS, 1, 1)),
    "one too few": np.ones(N_ROWS - 1),
    "one too many": np.ones(N_ROWS + 1),
    "empty": [],
    "dict": {"balanced": 1},
    "huge int in a list": [HUGE] * N_ROWS,
    "masked": np.ma.masked_array(np.ones(N_ROWS), LABELS == 0),
    "sparse": sparse.csr_array(np.ones((N_ROWS, 1))),
}


@every_call
def test_bad_weights_are_refused_by_name_and_nothing_is_fitted(kind, method):
    args = (kind, "sample_weight", with_weight(kind, method))
    assert_nothing_is_fitted(BAD_WEIGHTS, *args)


@every_call
def test_bad_series_as_weights_are_refused_by_name_and_nothing_is_fitted(
    kind, method, pandas
):
    series = {
        "nan": pandas.Series(BAD_WEIGHTS["nan"]),
        "NA": pandas.Series([pandas.NA, *[1] * (N_ROWS - 1)], dtype="Int64"),
    }
    args = (kind, "sample_weight", with_weight(kind, method))
    assert_nothing_is_fitted(series, *args)


@every_estimator
def test_a_part_without_weight_under_early_stopping_is_refused_by_name(kind):
    parts = []
    for row in range(N_ROWS):
        weight = np.eye(N_ROWS)[row]  # all of it in one part, so the other has none
        model = small(kind, early_stopping=True, validation_fraction=0.2)
        with pytest.raises(ValueError) as error:
            model.fit(X, target(kind), weight)
        assert_names(error, kind, "sample_weight", "got only 0")
        assert not hasattr(model, "coefs_")
        parts.append("training" if "training rows" in str(error.value) else "other")
    # the rows that validate have the weight where the training rows have none
    assert parts.count("training") == 0.2 * N_ROWS


# classes

BAD_CLASSES = {
    "None": None,
    "scalar": 5,
    "string": "abc",
    "empty": [],
    "set": {0, 1, 2},
    "matrix": np.array([[0.5, 1.5]]),
    "nested list": [[0, 1, 2]],
    "fractions": [0.5, 1.5, 2.5],
    "nan": np.array([0.0, 1.0, 2.0, NAN]),
    "inf": np.array([0.0, 1.0, 2.0, INF]),
    "nan among words": np.array(["a", NAN], dtype=object),
    "None in a list": [None, 0, 1],
    "numbers and words": [0, 1, "b"],
    "complex": [0, 1j],
    "masked": np.ma.masked_array([0, 1, 2], [False, False, True]),
}


def test_bad_classes_are_refused_by_name_and_nothing_is_fitted():
    for case, bad in BAD_CLASSES.items():
        estimator = small(MLPClassifier)
        before = digest(estimator)
        came = f"got {bad!r}" if isinstance(bad, list) else described(bad)
        args = (came, estimator.partial_fit, X, LABELS)
        assert_refused(case, MLPClassifier, "classes", *args, classes=bad)
        assert digest(estimator) == before, case


def test_labels_that_classes_do_not_name_are_refused():
    for classes in ([0, 1], [0, 1, 3], ["a", "b", "c"]):
        estimator = small(MLPClassifier)
        args = ("", estimator.partial_fit, X, LABELS)
        assert_refused(classes, MLPClassifier, "", *args, classes=classes)
        assert not hasattr(estimator, "coefs_")


def test_a_later_partial_fit_may_repeat_the_classes_but_not_change_them():
    model = fitted(MLPClassifier)
    before = digest(model)
    for classes in ([0, 1], [0, 1, 3], [0, 1, 2, 3], ["a"], 5):
        args = ("", model.partial_fit, X, LABELS)
        assert_refused(classes, MLPClassifier, "classes", *args, classes=classes)
        assert digest(model) == before, classes
    model.partial_fit(X, LABELS, classes=[2, 1, 0, 0])


# What a fitted model survives

BAD_CALLS = {
    "nan in X": ("X", lambda y: (BAD_X["nan"], y)),
    "X of strings": ("X", lambda y: (BAD_X["words"], y)),
    "X 3-D": ("X", lambda y: (BAD_X["3-D"], y)),
    "no rows": ("X", lambda y: (X[:0], y[:0])),
    "masked X": ("X", lambda y: (MASKED, y)),
    "y shorter": ("y", lambda y: (X, y[1:])),
    "nan in y": ("y", lambda y: (X, np.where(y > 0, NAN, y))),
    "no y": ("y", lambda y: (X, None)),
    "masked y": ("y", lambda y: (X, np.ma.masked_array(y, y > 0))),
    "nan in weights": ("sample_weight", lambda y: (X, y, BAD_WEIGHTS["nan"])),
    "zero weights": ("sample_weight", lambda y: (X, y, np.zeros(N_ROWS))),
    "negative weights": ("sample_weight", lambda y: (X, y, -np.ones(N_ROWS))),
}


@covering(
    kind=ESTIMATORS,
    solver=["sgd", "adam"],
    warm_start={"cold": False, "warm": True},
    method=METHODS,
)
def test_bad_arrays_leave_a_fitted_model_exactly_as_it_was(
    kind, solver, warm_start, method
):
    y = target(kind)
    model = fitted(kind, solver=solver, warm_start=warm_start).partial_fit(X, y)
    twin = copy.deepcopy(model)
    before = digest(twin)
    for case, (name, arrays) in BAD_CALLS.items():
        assert_refused(case, kind, name, "", getattr(model, method), *arrays(y))
        assert digest(model) == before, case
    np.testing.assert_array_equal(model.predict(X), twin.predict(X))
    assert digest(model.partial_fit(X, y)) == digest(twin.partial_fit(X, y))


WIDER, NARROWER = np.c_[X, X[:, :1]], X[:, 1:]
INDICATORS = np.c_[LABELS == 0, LABELS == 1, LABELS > 0].astype(int)
FITTED_WITH = {
    MLPClassifier: {"labels": LABELS, "indicators": INDICATORS},
    MLPRegressor: {"column": NUMBERS, "columns": np.c_[NUMBERS, -NUMBERS]},
}
CHANGES = {
    # an estimator fitted with y, then given another X or y; what is named
    "wider, labels": (MLPClassifier, "labels", WIDER, LABELS, "X"),
    "wider, numbers": (MLPRegressor, "column", WIDER, NUMBERS, "X"),
    "narrower, labels": (MLPClassifier, "labels", NARROWER, LABELS, "X"),
    "narrower, columns": (
        *(MLPRegressor, "columns", NARROWER, np.c_[NUMBERS, NUMBERS], "X"),
    ),
    "other labels": (MLPClassifier, "labels", X, LABELS + 1, "y"),
    "a fourth label": (MLPClassifier, "labels", X, np.arange(N_ROWS) % 4, "y"),
    "words": (MLPClassifier, "labels", X, np.array(["a", "b", "c"])[LABELS], "y"),
    "indicators": (MLPClassifier, "labels", X, INDICATORS, "y"),
    "labels": (MLPClassifier, "indicators", X, LABELS, "y"),
    "two labels": (MLPClassifier, "indicators", X, LABELS % 2, "y"),
    "fewer indicators": (MLPClassifier, "indicators", X, INDICATORS[:, :2], "y"),
    "more indicators": (
        *(MLPClassifier, "indicators", X, np.c_[INDICATORS, LABELS == 2], "y"),
    ),
    "columns": (MLPRegressor, "column", X, np.c_[NUMBERS, NUMBERS], "y"),
    "a column": (MLPRegressor, "columns", X, NUMBERS, "y"),
    "more columns": (MLPRegressor, "columns", X, np.c_[NUMBERS, NUMBERS, NUMBERS], "y"),
}


def test_a_fit_that_goes_on_refuses_another_shape_by_name():
    for change, (kind, how, new_X, new_y, named) in CHANGES.items():
        y = FITTED_WITH[kind][how]
        model = small(kind, warm_start=True).fit(X, y)
        twin = copy.deepcopy(model)
        for method in METHODS:
            args = ("", getattr(model, method), new_X, new_y)
            assert_refused((change, method), kind, named, *args)
            assert digest(model) == digest(twin), (change, method)
        goes_on = model.partial_fit(X, y), twin.partial_fit(X, y)
        assert digest(goes_on[0]) == digest(goes_on[1]), change


@every_estimator
def test_a_fit_that_goes_on_refuses_other_hidden_layers_by_name(kind):
    y = target(kind)
    model = small(kind, warm_start=True).fit(X, y)
    twin = copy.deepcopy(model)
    for sizes, method in product(((4,), (2,), (3, 3), (), "3x2", 10), METHODS):
        train = getattr(model.set_params(hidden_layer_sizes=sizes), method)
        assert_refused((sizes, method), kind, "hidden_layer_sizes", "", train, X, y)
        model.set_params(hidden_layer_sizes=twin.hidden_layer_sizes)
        assert digest(model) == digest(twin), (sizes, method)
    assert digest(model.partial_fit(X, y)) == digest(twin.partial_fit(X, y))


def test_warm_start_refuses_fewer_classes_and_partial_fit_takes_them():
    model = small(MLPClassifier, warm_start=True).fit(X, LABELS)
    twin = copy.deepcopy(model)
    some = LABELS < 2
    with pytest.raises(ValueError, match="MLPClassifier: y must hold") as error:
        model.fit(X[some], LABELS[some])
    assert "[0 1 2]" in str(error.value) and "[0 1]" in str(error.value)
    assert digest(model) == digest(twin)
    model.partial_fit(X[some], LABELS[some])
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    assert model.predict_proba(X).shape == (N_ROWS, 3)


@every_estimator
def test_a_cold_fit_takes_another_shape_as_if_it_were_the_first(kind):
    y = target(kind)
    again = fitted(kind).set_params(hidden_layer_sizes=(5, 2))
    first = small(kind, hidden_layer_sizes=(5, 2))
    for model in (again, first):
        model.fit(WIDER, y + 1)
    assert digest(again) == digest(first)


SETTINGS = {
    f"{solver}{', early' * early}": {"solver": solver, "early_stopping": early}
    for solver in ("lbfgs", "sgd", "adam")
    for early in (False, True)
}


@covering(kind=ESTIMATORS, before=SETTINGS, after=SETTINGS)
def test_warm_start_goes_on_with_any_other_solver_and_early_stopping(
    kind, before, after
):
    y = target(kind)
    model = small(kind, warm_start=True, validation_fraction=0.2, **before)
    model.fit(X, y)
    coefs = [W.copy() for W in model.coefs_]
    # steps too small to leave the parameters where training goes on
    model.set_params(**after, learning_rate_init=1e-12).fit(X, y)
    for W, W_before in zip(model.coefs_, coefs, strict=True):
        # at most 4 epochs of steps of about 1e-12, sgd's grown tenfold by momentum
        np.testing.assert_allclose(W, W_before, rtol=0, atol=1e-8)
    by_epochs = after["solver"] != "lbfgs"
    assert hasattr(model, "loss_curve_") == by_epochs
    if by_epochs:
        scored = after["early_stopping"]
        assert (model.best_validation_score_ is not None) == scored
        assert (model.validation_scores_ is not None) == scored
        assert (model.best_loss_ is None) == scored
    # and from there on training moves again
    model.set_params(learning_rate_init=0.01, tol=0, max_iter=20, **SETTINGS["adam"])
    model.set_params(n_iter_no_change=20)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    assert not np.array_equal(model.coefs_[0], coefs[0])


@covering(
    kind=ESTIMATORS,
    before=["lbfgs", "sgd", "adam"],
    after=["sgd", "adam"],
    stopped_early={"to the end": False, "early": True},
)
def test_partial_fit_goes_on_with_any_other_stochastic_solver(
    kind, before, after, stopped_early
):
    y = target(kind)
    model = fitted(kind, solver=before, early_stopping=stopped_early)
    coefs = model.coefs_[0].copy()
    model.set_params(solver=after, early_stopping=False, learning_rate_init=1e-12)
    model.partial_fit(X, y)
    # one step of about 1e-12, sgd's grown by what momentum the fit before left
    np.testing.assert_allclose(model.coefs_[0], coefs, rtol=0, atol=0.1)
    model.set_params(learning_rate_init=0.01).partial_fit(X, y)
    assert not np.array_equal(model.coefs_[0], coefs)
    assert np.isfinite(model.loss_)


@every_estimator
def test_partial_fit_refuses_early_stopping_by_name(kind):
    model = fitted(kind)
    twin = copy.deepcopy(model)
    with pytest.raises(ValueError, match="partial_fit does not support") as error:
        model.set_params(early_stopping=True).partial_fit(X, target(kind))
    assert_names(error, kind, "early_stopping", "True")
    assert digest(model.set_params(early_stopping=False)) == digest(twin)


@every_estimator
def test_partial_fit_is_absent_with_lbfgs(kind):
    model = fitted(kind, solver="lbfgs")
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        model.partial_fit(X, target(kind))
    assert hasattr(model.set_params(solver="adam"), "partial_fit")


# Early stopping needs enough rows


TOO_SMALL = [
    (MLPClassifier, N_ROWS, 0.01),
    (MLPRegressor, N_ROWS, 0.01),
    (MLPClassifier, N_ROWS, 0.0),
    (MLPRegressor, N_ROWS, 0.0),
    (MLPRegressor, N_ROWS, 0.99),
    (MLPRegressor, 5, 0.1),
    (MLPRegressor, 1, 0.5),
    (MLPClassifier, 2, 0.5),
]


def test_a_part_too_small_for_early_stopping_is_refused_by_name():
    for kind, n_rows, fraction in TOO_SMALL:
        model = small(kind, early_stopping=True, validation_fraction=fraction)
        came = f"got validation_fraction={fraction!r} of {n_rows} rows"
        with in_case(came):
            with pytest.raises(ValueError) as error:
                model.fit(X[:n_rows], target(kind)[:n_rows])
            assert_names(error, kind, "", came)
            with pytest.raises(NotFittedError):
                model.predict(X)


def test_a_class_with_one_row_under_early_stopping_is_refused_by_name():
    y = np.r_[1, np.zeros(N_ROWS - 1, dtype=int)]
    model = small(MLPClassifier, early_stopping=True)
    with pytest.raises(ValueError, match=r"MLPClassifier: .*2 rows of each class"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")
    model.set_params(early_stopping=False).fit(X, y)
    assert model.predict(X).shape == (N_ROWS,)


# Divergence

HUGE_X = np.abs(X) * 5e307  # of one sign: scikit-learn sums X to look for nan
DIVERGING = [
    (MLPRegressor, {"solver": "sgd", "learning_rate_init": 1e10}, X, NUMBERS),
    (MLPRegressor, {"solver": "adam", "learning_rate_init": 1e200}, X, NUMBERS),
    (MLPRegressor, {"solver": "lbfgs"}, X * 1e300, NUMBERS * 1e300),
    (MLPRegressor, {"solver": "sgd", "loss": "poisson"}, X * 1e5, LABELS),
    (MLPClassifier, {"solver": "sgd"}, HUGE_X, LABELS),
    (MLPClassifier, {"solver": "adam", "learning_rate_init": 1e308}, X, LABELS),
    (MLPClassifier, {"solver": "lbfgs"}, HUGE_X, LABELS),
]
DIVERGING_BY_EPOCHS = [row for row in DIVERGING if row[1]["solver"] != "lbfgs"]
DIVERGING_CALLS = {"fit": DIVERGING, "partial_fit": DIVERGING_BY_EPOCHS}


def diverge(model, method, bad_X, bad_y):
    """Train to the divergence; returns its message."""
    model.set_params(max_iter=20, n_iter_no_change=20, activation="identity")
    with pytest.raises(ValueError, match="Solver produced non-finite") as error:
        for _ in range(20 if method == "partial_fit" else 1):
            call(model, method, bad_X, bad_y)
    return str(error.value)


def assert_says_why_and_unfits(model, method, bad_X, bad_y):
    message = diverge(model, method, bad_X, bad_y)
    assert f"{type(model).__name__}: " in message
    assert "|X|" in message and "Scale X" in message
    if model.solver != "lbfgs":
        assert "epoch" in message
        assert f"learning_rate_init={model.learning_rate_init!r}" in message
    assert ("|y|" in message) == isinstance(model, MLPRegressor)
    assert not [name for name in vars(model) if name.endswith("_")]
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.parametrize("method", METHODS)
def test_a_diverged_fit_says_why_and_unfits(method):
    for kind, params, bad_X, bad_y in DIVERGING_CALLS[method]:
        fitted_before = small(kind).fit(X, LABELS).set_params(**params)
        for model in (small(kind, **params), fitted_before):
            with in_case((kind, params, model is fitted_before)):
                assert_says_why_and_unfits(model, method, bad_X, bad_y)


def test_after_a_diverged_fit_the_next_one_is_as_if_it_were_the_first():
    for kind, params, bad_X, bad_y in DIVERGING:
        model = small(kind, **params)
        with in_case((kind, params)):
            diverge(model, "fit", bad_X, bad_y)
            gentle = {**small(kind).get_params(), "warm_start": True}
            model.set_params(**gentle).fit(X, target(kind))
            first = small(kind, warm_start=True).fit(X, target(kind))
            assert digest(model) == digest(first)


def test_a_diverged_fit_with_early_stopping_keeps_finite_weights_and_warns():
    for kind, params, bad_X, bad_y in DIVERGING_BY_EPOCHS:
        model = small(kind, **params, early_stopping=True, activation="identity")
        model.set_params(max_iter=20, n_iter_no_change=20)
        with in_case((kind, params)):
            with pytest.warns(ConvergenceWarning, match="non-finite") as caught:
                model.fit(bad_X, bad_y)
            assert len(caught) == 1
            assert f"{kind.__name__}: " in str(caught[0].message)
            weights = (*model.coefs_, *model.intercepts_)
            assert all(np.isfinite(W).all() for W in weights)
            assert np.isnan(model.validation_scores_[-1])
            assert not np.isnan(model.predict(X).astype(float)).any()
