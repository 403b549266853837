"""Where training starts: initializers, the last biases, and weights from elsewhere."""

import re

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skmlp import MLPClassifier, MLPRegressor
from skmlp.initializers import INITIALIZERS, DataDriven, HeNormal, Orthogonal
from skmlp.losses import Focal, LogLoss, Quantile

from ...conftest import assert_same_bits, classes_first, covering, parameters, quietly

# What is trained here is not meant to learn much.
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")

ESTIMATORS = [MLPClassifier, MLPRegressor]
N_ROWS = 60

RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] + 3.0
LABELS = np.digitize(NUMBERS, [1.0, 4.0])
AMOUNTS = np.exp(NUMBERS / 4)
INDICATORS = np.c_[NUMBERS > 4, X[:, 0] > 0].astype(int)
WEIGHT = RNG.uniform(0.1, 2.0, N_ROWS)

# An epoch of steps of 1e-300, which leaves the start as it is.
STILL = {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1}


def small(kind, **params):
    defaults = {"hidden_layer_sizes": (6, 5), "max_iter": 5, "random_state": 0}
    return kind(**{**defaults, **params})


def target(kind):
    return LABELS if kind is MLPClassifier else NUMBERS


def fitted(kind, X=X, y=None, sample_weight=None, **params):
    y = target(kind) if y is None else y
    return quietly(small(kind, **params).fit, X, y, sample_weight=sample_weight)


# initializer

WIDE = np.random.default_rng(1).normal(size=(10, 80))


@covering(
    kind=ESTIMATORS,
    name=[name for name in INITIALIZERS if name != "data_driven"],
    activation=["relu", "logistic"],
)
def test_an_initializer_draws_each_layer_and_zero_biases_but_some(
    kind, name, activation
):
    params = {"hidden_layer_sizes": (120, 60), "activation": activation, **STILL}
    y = target(kind)[:10]
    model = fitted(kind, WIDE, y, initializer=name, **params)
    gain = 2.0 if activation == "logistic" else 6.0
    for W, b in zip(model.coefs_[:2], model.intercepts_[:2], strict=True):
        fan_in, fan_out = W.shape
        variance = {
            "glorot_uniform": gain / (fan_in + fan_out) / 3,
            "glorot_normal": 2 / (fan_in + fan_out),
            "he_uniform": 2 / fan_in,
            "he_normal": 2 / fan_in,
            "lecun_uniform": 1 / fan_in,
            "lecun_normal": 1 / fan_in,
            "orthogonal": 1 / max(fan_in, fan_out),
            "ntk": 1 / fan_in,
        }[name]
        # 7200 entries or more: the variance of a normal sample is off by 2 %
        assert W.var() == pytest.approx(variance, rel=0.1)
        # the step of 1e-300 at most moves a bias from 0
        assert (np.abs(b).max() > 1e-200) == (name in ("glorot_uniform", "ntk"))
    at_zero = np.abs(model.coefs_[2]).max() < 1e-200
    assert at_zero == (name == "ntk")


MANY = np.random.default_rng(2).normal(5.0, [0.1, 1.0, 9.0], size=(3000, 3))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_data_driven_weights_give_units_of_variance_1_over_2048_of_the_rows(kind):
    y = np.arange(3000) % 3
    # weights of 0: other rows are not looked at
    counts = (np.arange(3000) < 2048).astype(float)
    for form, rows, weight in (
        (np.asarray, slice(0, 2000), None),
        (csr_array, slice(0, 2000), None),
        (np.asarray, slice(0, 3000), counts),
        (csr_array, slice(0, 3000), counts),
    ):
        model = fitted(
            kind,
            form(MANY[rows]),
            y[rows],
            None if weight is None else weight[rows],
            initializer="data_driven",
            activation="identity",
            **STILL,
        )
        seen = MANY[:2048] if weight is not None else MANY[rows]
        z = model.hidden_activations(seen, 0)
        # sums of some thousand squares
        np.testing.assert_allclose(z.var(axis=0), 1.0, rtol=1e-9)
        z = model.hidden_activations(seen, 1)
        np.testing.assert_allclose(z.var(axis=0), 1.0, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "value", "off"),
    [("scale_input", True, "False"), ("coefs_init", MLPRegressor(), "None")],
)
def test_data_driven_refuses_by_name_what_it_would_not_see(name, value, off):
    for initializer in ("data_driven", DataDriven(n_mixed=3)):
        estimator = small(MLPRegressor, initializer=initializer, **{name: value})
        refused = rf"^MLPRegressor: {name} must be {off} with initializer="
        with pytest.raises(ValueError, match=refused):
            estimator.fit(X, NUMBERS)


def test_the_initializer_is_drawn_from_the_seed_and_lbfgs_starts_there_too():
    for solver in ("lbfgs", "adam"):
        params = {"initializer": HeNormal(), "solver": solver, "max_iter": 2}
        model = fitted(MLPClassifier, **params)
        assert_same_bits(fitted(MLPClassifier, **params), model)
        for other in ({"random_state": 1}, {"initializer": Orthogonal()}):
            changed = fitted(MLPClassifier, **{**params, **other})
            assert not np.array_equal(changed.coefs_[0], model.coefs_[0])


# coefs_init


def pair_of(model):
    return model.coefs_, model.intercepts_


def lists_of(model):
    return [W.tolist() for W in model.coefs_], [b.tolist() for b in model.intercepts_]


STARTS = {"estimator": lambda model: model, "pair": pair_of, "lists": lists_of}


@covering(
    kind=ESTIMATORS,
    given=STARTS,
    solver=["sgd", "adam", "lbfgs"],
    early_stopping=[False, True],
)
def test_coefs_init_trains_as_a_warm_start_from_the_same_weights(
    kind, given, solver, early_stopping
):
    params = {"solver": solver, "early_stopping": early_stopping}
    start = fitted(kind, random_state=1)
    model = fitted(kind, coefs_init=given(start), **params)
    warm = small(kind, warm_start=True, **params)
    warm.coefs_, warm.intercepts_ = pair_of(start)
    if kind is MLPClassifier:
        warm.classes_ = start.classes_
    assert_same_bits(model, quietly(warm.fit, X, target(kind)))
    assert not np.array_equal(model.coefs_[0], start.coefs_[0])


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_still_fit_has_the_weights_of_its_start_in_the_dtype_of_X(kind):
    start = fitted(kind, random_state=1)
    model = fitted(kind, coefs_init=start, **STILL)
    np.testing.assert_array_equal(parameters(model), parameters(start))
    single = fitted(kind, X.astype(np.float32), coefs_init=start, **STILL)
    assert parameters(single).dtype == np.float32
    np.testing.assert_array_equal(
        parameters(single), parameters(start).astype(np.float32)
    )


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_partial_fit_begins_at_coefs_init_and_goes_on_from_there(kind):
    start = fitted(kind, random_state=1)
    y = target(kind)
    model = small(kind, coefs_init=start, shuffle=False, max_iter=2)
    whole = quietly(clone(model).set_params(coefs_init=start).fit, X, y)
    model.partial_fit(X, y, **classes_first(kind, y)).partial_fit(X, y)
    assert_same_bits(model, whole)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_warm_start_goes_on_from_its_own_weights_and_a_cold_fit_from_the_start(kind):
    params = {"coefs_init": fitted(kind, random_state=1)}
    cold = fitted(kind, **params)
    once = parameters(cold)
    quietly(cold.fit, X, target(kind))
    np.testing.assert_array_equal(parameters(cold), once)
    warm = fitted(kind, warm_start=True, **params)
    quietly(warm.fit, X, target(kind))
    assert not np.array_equal(parameters(warm), once)


def test_an_estimator_of_the_other_kind_is_a_start_where_the_shapes_fit():
    start = fitted(MLPRegressor, y=NUMBERS)
    model = fitted(MLPClassifier, y=LABELS > 0, coefs_init=start, **STILL)
    np.testing.assert_array_equal(parameters(model), parameters(start))


WRONG_SIZES = {
    "features": ({}, X[:, 1:], r"\(3, 6, 5, {n}\).*got \(4, 6, 5, {n}\)"),
    "units": (
        {"hidden_layer_sizes": (6, 4)},
        X,
        r"\(4, 6, 4, {n}\).*got \(4, 6, 5, {n}\)",
    ),
    "layers": (
        {"hidden_layer_sizes": 6},
        X,
        r"\(4, 6, {n}\).*got \(4, 6, 5, {n}\)",
    ),
}


@covering(kind=ESTIMATORS, given=STARTS, wrong=WRONG_SIZES)
def test_a_start_of_other_sizes_is_refused_with_both(kind, given, wrong):
    params, data, said = wrong
    start = fitted(kind)
    estimator = small(kind, coefs_init=given(start), **params)
    said = said.replace("{n}", str(start.n_outputs_))
    refused = f"^{kind.__name__}: coefs_init must have the layer sizes {said}.$"
    with pytest.raises(ValueError, match=refused):
        estimator.fit(data, target(kind))
    assert not hasattr(estimator, "coefs_")


def test_a_start_of_other_outputs_is_refused_with_both():
    start = fitted(MLPRegressor)
    estimator = small(MLPClassifier, coefs_init=start)
    with pytest.raises(ValueError, match=r"\(4, 6, 5, 3\).*\(4, 6, 5, 1\)"):
        estimator.fit(X, LABELS)


def changed(pair, layer, value):
    coefs, intercepts = ([a.copy() for a in arrays] for arrays in pair)
    coefs[layer] = value(coefs[layer])
    return coefs, intercepts


BAD_STARTS = {
    "nan": lambda pair: changed(pair, 0, lambda W: W * np.nan),
    "inf": lambda pair: changed(pair, 1, lambda W: np.inf + W),
    "1-D": lambda pair: changed(pair, 1, np.ravel),
    "transposed": lambda pair: changed(pair, 0, np.transpose),
    "complex": lambda pair: changed(pair, 0, lambda W: W + 1j),
    "words": lambda pair: changed(pair, 0, lambda W: np.full(W.shape, "?")),
    "fewer biases": lambda pair: (pair[0], pair[1][1:]),
    "coefs alone": lambda pair: (pair[0],),
    "three lists": lambda pair: (*pair, pair[1]),
    "swapped": lambda pair: pair[::-1],
    "None in it": lambda pair: (pair[0], None),
    "unfitted": lambda pair: MLPClassifier(),
    "number": lambda pair: 1.0,
}


@pytest.mark.parametrize("spoil", BAD_STARTS.values(), ids=BAD_STARTS)
def test_a_bad_start_is_refused_by_name_and_nothing_is_fitted(spoil):
    for kind in ESTIMATORS:
        y, spoiled = target(kind), spoil(pair_of(fitted(kind, max_iter=1)))
        for method, first in (("fit", {}), ("partial_fit", classes_first(kind, y))):
            estimator = small(kind, coefs_init=spoiled)
            with pytest.raises((ValueError, TypeError)) as error:
                getattr(estimator, method)(X, y, **first)
            assert f"{kind.__name__}: coefs_init must be " in str(error.value), method
            assert not hasattr(estimator, "coefs_"), method


# output_bias


def logit(p):
    return np.log(p / (1 - p))


def share_of(y):
    return np.average(y, axis=0, weights=WEIGHT)


def quantile_of(y, level):
    """The least value that has that share of the weight up to it."""
    order = np.argsort(y)
    return y[order][np.searchsorted(np.cumsum(WEIGHT[order]), level * WEIGHT.sum())]


CLASS_SHARES = share_of(LABELS[:, None] == np.arange(3))
TWO, MANY_NUMBERS = LABELS > 0, np.c_[NUMBERS, X]
SMOOTHED = np.log(0.7 * CLASS_SHARES + 0.1)
TWO_QUANTILES = [quantile_of(NUMBERS, level) for level in (0.1, 0.9)]
# the loss, a target for it, and its optimum
OPTIMA = {
    "classes": ("log_loss", LABELS, np.log(CLASS_SHARES)),
    "two classes": ("log_loss", TWO, [logit(share_of(TWO))]),
    "indicators": ("log_loss", INDICATORS, logit(share_of(INDICATORS))),
    "smoothed labels": (LogLoss(label_smoothing=0.3), LABELS, SMOOTHED),
    "squared_error": ("squared_error", NUMBERS, [share_of(NUMBERS)]),
    "outputs": ("squared_error", MANY_NUMBERS, share_of(MANY_NUMBERS)),
    "absolute_error": ("absolute_error", NUMBERS, [quantile_of(NUMBERS, 0.5)]),
    "quantiles": (Quantile(level=[0.9, 0.1]), NUMBERS, TWO_QUANTILES),
    "poisson": ("poisson", AMOUNTS, [np.log(share_of(AMOUNTS))]),
    "gamma": ("gamma", AMOUNTS, [np.log(share_of(AMOUNTS))]),
    "tweedie": ("tweedie", AMOUNTS, [np.log(share_of(AMOUNTS))]),
}


@pytest.mark.parametrize(("loss", "y", "optimum"), OPTIMA.values(), ids=OPTIMA)
def test_the_last_biases_start_at_the_weighted_optimum_of_a_constant(loss, y, optimum):
    kind = MLPRegressor if y.dtype.kind == "f" else MLPClassifier
    params = {"loss": loss, "output_bias": "optimum", **STILL}
    model = fitted(kind, y=y, sample_weight=WEIGHT, **params)
    np.testing.assert_allclose(model.intercepts_[-1], optimum, rtol=1e-12)
    drawn = fitted(
        kind, y=y, sample_weight=WEIGHT, **{**params, "output_bias": "random"}
    )
    # all else is drawn as it was
    for a, b in zip(model.coefs_, drawn.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(model.intercepts_[0], drawn.intercepts_[0])
    assert not np.allclose(drawn.intercepts_[-1], optimum, atol=0.01)


# These have no formula: the gradient is 0 there.
WITHOUT_FORMULA = {
    "focal": (MLPClassifier, Focal(gamma=1.0), LABELS),
    "focal of indicators": (MLPClassifier, Focal(gamma=1.0), INDICATORS),
    "huber": (MLPRegressor, "huber", NUMBERS),
    "log_cosh": (MLPRegressor, "log_cosh", NUMBERS),
}


@pytest.mark.parametrize(
    ("kind", "loss", "y"), WITHOUT_FORMULA.values(), ids=WITHOUT_FORMULA
)
def test_a_step_of_a_constant_model_stays_at_the_optimum(kind, loss, y):
    # X of zeros and no hidden layer: the model is its bias
    params = {"loss": loss, "hidden_layer_sizes": (), "solver": "sgd", "max_iter": 1}
    params |= {"batch_size": N_ROWS, "momentum": 0.0, "output_bias": "optimum"}
    biases = [
        fitted(kind, 0 * X, y, WEIGHT, learning_rate_init=rate, **params).intercepts_[0]
        for rate in (1e-300, 1.0)
    ]
    # the optimum is found to a gradient of 1e-10 or a flat loss: 1e-8 in its root
    np.testing.assert_allclose(biases[1], biases[0], atol=1e-6)
    params["output_bias"] = "random"
    moved = fitted(kind, 0 * X, y, WEIGHT, learning_rate_init=1.0, **params)
    first = fitted(kind, 0 * X, y, WEIGHT, learning_rate_init=1e-300, **params)
    assert np.abs(moved.intercepts_[0] - first.intercepts_[0]).max() > 1e-3


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_float32_biases_start_at_the_optimum_in_float32(kind):
    params = {"output_bias": "optimum", **STILL}
    single = fitted(kind, X.astype(np.float32), **params)
    double = fitted(kind, **params)
    assert single.intercepts_[-1].dtype == np.float32
    # of y in float32, each off by 6e-8 of itself
    np.testing.assert_allclose(
        single.intercepts_[-1], double.intercepts_[-1], rtol=1e-6
    )


def test_the_optimum_is_that_of_the_training_rows_alone():
    params = {"output_bias": "optimum", "early_stopping": True, **STILL}
    # one row of 1e6 is held out, or shifts the mean of 54 rows to 2e4
    y = np.r_[1e6, np.zeros(N_ROWS - 1)]
    starts = {
        fitted(MLPRegressor, y=y, random_state=seed, **params).intercepts_[-1][0]
        for seed in range(40)
    }
    # equal to rounding of a mean of 54 numbers
    assert {round(start, 6) for start in starts} == {0.0, round(1e6 / 54, 6)}


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_optimum_does_not_replace_the_biases_of_a_model_that_goes_on(kind):
    params = {"output_bias": "optimum", **STILL}
    warm = fitted(kind, warm_start=True, max_iter=5)
    before = warm.intercepts_[-1].copy()
    quietly(warm.set_params(**params).fit, X, target(kind))
    np.testing.assert_array_equal(warm.intercepts_[-1], before)
    warm.partial_fit(X, target(kind))
    np.testing.assert_array_equal(warm.intercepts_[-1], before)


def test_a_class_without_rows_has_a_start_of_finite_bias():
    params = {"output_bias": "optimum", "learning_rate_init": 1e-300, "solver": "sgd"}
    model = small(MLPClassifier, **params).partial_fit(X, LABELS, classes=[0, 1, 2, 3])
    bias = model.intercepts_[-1]
    np.testing.assert_allclose(bias[:3], np.log(np.bincount(LABELS) / N_ROWS))
    assert bias[3] == pytest.approx(np.log(1e-12))  # the least share there is
    assert re.fullmatch(r"\d+", str(model.predict(X)[0]))


# What a model that continues says of X with other columns

HALVES = np.arange(30) % 2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_warm_start_after_an_encoder_fitted_anew_says_why_columns_differ(kind):
    mlp = kind(hidden_layer_sizes=3, max_iter=2, warm_start=True)
    pipeline = make_pipeline(OneHotEncoder(), mlp)
    before = pipeline.fit(np.array([*"abc"] * 10)[:, np.newaxis], HALVES)[-1].coefs_
    with pytest.raises(ValueError, match="X has 5 features") as error:
        pipeline.fit(np.array([*"abcde"] * 6)[:, np.newaxis], HALVES)
    assert "an encoder that is fitted anew" in str(error.value)
    assert "warm_start=False" in str(error.value)
    assert mlp.coefs_ is before
    mlp.set_params(warm_start=False)
    pipeline.fit(np.array([*"abcde"] * 6)[:, np.newaxis], HALVES)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_other_errors_of_a_fit_that_goes_on_stay_as_they_are():
    mlp = MLPClassifier(3, max_iter=2, warm_start=True).fit(np.eye(30), HALVES)
    with pytest.raises(ValueError) as error:
        mlp.fit(np.full((30, 30), np.nan), HALVES)
    assert "encoder" not in str(error.value)
