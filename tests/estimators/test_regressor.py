"""Intervals by residuals of rows that did not train, and predictions kept in range."""

import copy
import math
import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score
from sklearn.model_selection import PredefinedSplit

from skmlp import MLPClassifier, MLPRegressor
from skmlp.losses import Quantile

from ..conftest import covering

# a few epochs are enough here, whatever they lead to
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")

N_ROWS, N_TRAINING = 90, 60
N_HELD = N_ROWS - N_TRAINING
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] + RNG.normal(size=N_ROWS)
WEIGHT = RNG.uniform(0.2, 3.0, N_ROWS)
HELD = PredefinedSplit(np.where(np.arange(N_ROWS) < N_TRAINING, -1, 0))

SCALED = {"scale_input": True, "scale_target": True}
TASKS = {
    "numbers": (NUMBERS, {}),
    "outputs": (np.c_[NUMBERS, X[:, 1] ** 2, X[:, 0]], {}),
    "counts": (np.floor(np.exp(X[:, 0])), {"loss": "poisson"}),
    "amounts": (np.exp(X[:, :2]), {"loss": "gamma"}),
    "median": (NUMBERS, {"loss": "absolute_error"}),
    "quantile": (NUMBERS, {"loss": Quantile(0.8)}),
    "scaled": (1e3 * np.c_[NUMBERS, X[:, 1]] + 1e4, SCALED),
    "scaled counts": (np.floor(np.exp(X[:, 0] + 4.0)), {"loss": "poisson", **SCALED}),
    "clipped": (NUMBERS, {"clip_output": True}),
}
LEVELS = {
    "levels": (NUMBERS, {"loss": Quantile([0.1, 0.5, 0.9])}),
    "levels of two": (np.c_[NUMBERS, X[:, 1]], {"loss": Quantile([0.2, 0.8])}),
}

WATCHED = {"early_stopping": True, "validation_fraction": HELD, "scoring": "loss"}
FOLDS = {
    **WATCHED,
    "validation_fraction": 0.2,
    "n_members": 3,
    "ensemble": "folds",
}


def make(task, **params):
    defaults = {
        "hidden_layer_sizes": (6,),
        "batch_size": 20,
        "max_iter": 4,
        "learning_rate": "cosine",
        "learning_rate_init": 0.02,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    return MLPRegressor(**{**defaults, **(TASKS | LEVELS)[task][1], **params})


def fit(task, X=X, sample_weight=None, **params):
    return make(task, **params).fit(X, (TASKS | LEVELS)[task][0], sample_weight)


def matrix(y):
    return y.reshape(N_ROWS, -1)


# The residuals


OTHERS = {
    "one": {},
    "members": {"n_members": 2},
    "lbfgs": {
        "solver": "lbfgs",
        "learning_rate": "constant",
        "tol": 0.1,
        "max_iter": 200,
    },
}


def assert_residuals_of_the_last_rows(model, task):
    y = matrix(TASKS[task][0])[N_TRAINING:]
    expected = y - model.predict(X[N_TRAINING:]).reshape(y.shape)
    # of numbers of about 1e4
    np.testing.assert_allclose(
        model.validation_residuals_, expected, rtol=1e-7, atol=1e-9, err_msg=task
    )


def test_residuals_are_those_of_validation_rows():
    for task in TASKS:
        for name, params in OTHERS.items():
            if name != "lbfgs" or task not in ("median", "quantile"):  # not smooth
                model = fit(task, **WATCHED | params)
                assert_residuals_of_the_last_rows(model, task)


def test_residuals_are_those_of_rows_of_ones_own():
    for task in TASKS:
        y = TASKS[task][0]
        for n_members in (1, 2):
            model = make(task, n_members=n_members)
            model.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
            assert_residuals_of_the_last_rows(model, task)


def test_residuals_of_folds_are_those_of_rows_held_out():
    for task in TASKS:
        model = fit(task, **FOLDS)
        expected = matrix(TASKS[task][0]) - matrix(model.oof_prediction_)
        np.testing.assert_array_equal(
            model.validation_residuals_, expected, err_msg=task
        )


@covering(
    task=["numbers", "outputs", "scaled counts"],
    rows={"float32": X.astype(np.float32), "sparse": sparse.csr_array(X)},
    n_members=[1, 2],
)
def test_intervals_are_in_the_dtype_of_predictions(task, n_members, rows):
    scale = {"scale_input": False} if sparse.issparse(rows) else {}
    model = fit(task, rows, **WATCHED | scale, n_members=n_members)
    dtype = np.float64 if model.scale_target else rows.dtype
    assert model.validation_residuals_.dtype == dtype
    for ends in model.predict_interval(rows):
        assert ends.dtype == dtype and ends.shape == model.predict(rows).shape


def test_with_refit_residuals_are_those_of_the_network_before():
    refitted, plain = (fit("numbers", **WATCHED, refit=r) for r in (True, False))
    np.testing.assert_array_equal(
        refitted.validation_residuals_, plain.validation_residuals_
    )
    assert not np.array_equal(refitted.predict(X), plain.predict(X))


# The width


COVERAGES = [0.01, 0.1, 0.5, 0.8, 0.9, 0.95]


@covering(
    task=["numbers", "outputs", "scaled counts", "clipped"],
    params={"one": WATCHED, "folds": FOLDS},
)
def test_the_width_is_the_residual_of_that_rank(task, params):
    model = fit(task, **params)
    sizes = np.sort(np.abs(model.validation_residuals_), axis=0)
    for coverage in COVERAGES:
        # of n rows and a new one, which is as likely to be at any place among them
        width = sizes[math.ceil(coverage * (len(sizes) + 1) - 1e-9) - 1]
        width = width[0] if len(width) == 1 else width
        lower, upper = model.predict_interval(X, coverage)
        np.testing.assert_array_equal(lower, model.predict(X) - width)
        np.testing.assert_array_equal(upper, model.predict(X) + width)


def width_of(model, coverage):
    """Of each output; without the rounding of predictions."""
    lower, upper = model.predict_interval(np.zeros((1, 4)), coverage)
    return np.ravel(upper - lower) / 2


@covering(task=["numbers", "outputs"], params={"one": WATCHED, "folds": FOLDS})
def test_with_weights_it_is_the_least_that_holds_that_share_of_them(task, params):
    model = fit(task, X, WEIGHT, **params)
    residuals = np.abs(model.validation_residuals_)
    weight = WEIGHT if params is FOLDS else WEIGHT[N_TRAINING:]
    for coverage in COVERAGES:
        needed = coverage * (weight.sum() + weight.mean())  # a new row has the mean
        for column, width in zip(residuals.T, width_of(model, coverage), strict=True):
            held = [size for size in column if weight[column <= size].sum() >= needed]
            assert width == pytest.approx(min(held), rel=1e-9), coverage


def fit_weighted(weight):
    """A model that was trained without weights, with those of validation rows."""
    model = make("numbers")
    held = {"X_val": X[60:], "y_val": NUMBERS[60:], "sample_weight_val": weight}
    return model.fit(X[:60], NUMBERS[:60], **held)


def test_the_scale_of_weights_does_not_matter():
    weights = None, np.ones(30), np.full(30, 1e-200), np.full(30, 1e200)
    models = [fit_weighted(weight) for weight in weights]
    for coverage in COVERAGES:
        widths = [width_of(model, coverage) for model in models]
        assert len(set(np.ravel(widths))) == 1, coverage


def test_rows_of_weight_0_are_as_if_they_were_not_there():
    weight = np.where(np.arange(30) % 3, 1.0, 0.0)
    model, some = make("numbers"), np.flatnonzero(weight) + 60
    model.fit(X[:60], NUMBERS[:60], X_val=X[some], y_val=NUMBERS[some])
    found = fit_weighted(weight)
    # 0.91 of 20 rows and a new one are 20 of them, of 30 and a new one 19 of these 20
    for coverage in (*COVERAGES[:-1], 0.91):
        assert width_of(found, coverage) == width_of(model, coverage), coverage


def test_intervals_grow_with_the_coverage():
    for task in TASKS:
        model = fit(task, **WATCHED)
        widths = [width_of(model, coverage) for coverage in COVERAGES]
        assert (np.diff(widths, axis=0) >= 0).all(), task
        assert (widths[-1] > widths[0]).all(), task


def test_intervals_are_in_the_units_of_y():
    plain, other = (
        make("numbers", **SCALED, **WATCHED).fit(X, y)
        for y in (NUMBERS, 1e3 * NUMBERS + 1e4)
    )
    assert width_of(other, 0.8) == pytest.approx(1e3 * width_of(plain, 0.8), rel=1e-6)


def test_copies_have_intervals():
    model = fit("numbers", X, WEIGHT, **WATCHED)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(
            twin.predict_interval(X), model.predict_interval(X)
        )
    assert not hasattr(clone(model), "validation_residuals_")


# The coverage


N_FITS, N_NEW = 80, 40
NOISES = {
    "normal": lambda rng, X: rng.normal(size=len(X)),
    "heavy tails": lambda rng, X: rng.standard_cauchy(len(X)),
    "one-sided": lambda rng, X: rng.exponential(size=len(X)),
    "unequal": lambda rng, X: np.exp(X[:, 0]) * rng.normal(size=len(X)),
}


def share_within(fitted, n_rows, coverage, noise, n_fits=N_FITS):
    """Of new rows the share within the intervals, over many samples and fits."""
    within = []
    for seed in range(n_fits):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n_rows + N_NEW, 2))
        y = X[:, 0] + noise(rng, X)
        lower, upper = fitted(X[:n_rows], y[:n_rows]).predict_interval(
            X[n_rows:], coverage
        )
        within.append((lower <= y[n_rows:]) & (y[n_rows:] <= upper))
    return np.mean(within)


def linear(**params):
    return MLPRegressor(
        hidden_layer_sizes=(),
        solver="lbfgs",
        max_iter=100,
        tol=1e-2,
        random_state=0,
        **params,
    )


# whatever the noise is, so that each need not meet each coverage
@pytest.mark.parametrize(
    "noise, coverage, n_held",
    [
        ("normal", 0.9, 19),
        ("heavy tails", 0.8, 19),
        ("one-sided", 0.5, 9),
        ("unequal", 0.9, 19),
    ],
)
def test_rows_of_ones_own_give_the_coverage_exactly_in_the_mean(
    noise, coverage, n_held
):
    # coverage (n_held + 1) is whole, so that the mean share is the coverage itself
    def fitted(X, y):
        return linear().fit(X[n_held:], y[n_held:], X_val=X[:n_held], y_val=y[:n_held])

    share = share_within(fitted, n_held + 20, coverage, NOISES[noise])
    # a fit's share has the Beta distribution of the rank among n_held + 1
    variance = coverage * (1 - coverage) * (1 / (n_held + 2) + 1 / N_NEW)
    assert share == pytest.approx(coverage, abs=4 * math.sqrt(variance / N_FITS))


def test_early_stopping_takes_little_of_the_coverage():
    def fitted(X, y):
        return MLPRegressor(
            hidden_layer_sizes=(8,),
            activation="tanh",
            max_iter=20,
            learning_rate="cosine",
            learning_rate_init=0.02,
            batch_size=20,
            early_stopping=True,
            scoring="loss",
            n_iter_no_change=np.inf,
            validation_fraction=19 / 59,
            random_state=0,
        ).fit(X, y)

    share = share_within(fitted, 59, 0.9, NOISES["normal"], n_fits=60)
    # four standard deviations of 60 fits are 0.04; over 20 sets of samples: 0.877 to
    # 0.910, of which this one, always the same, has 0.901
    assert 0.85 < share < 0.94


@pytest.mark.parametrize("ensemble", ["seeds", "folds"])
def test_members_cover_as_much_and_a_little_more(ensemble):
    def fitted(X, y):
        return linear(
            early_stopping=True,
            scoring="loss",
            n_members=3,
            ensemble=ensemble,
            validation_fraction=0.4,
        ).fit(X, y)

    share = share_within(fitted, 39, 0.9, NOISES["normal"], n_fits=100)
    # rows held out by one of three are predicted by one, new ones by all of them; the
    # samples are always the same, and have 0.913 and 0.904 (12 other sets: from 0.88)
    assert 0.88 < share < 0.96


# Where there are none


NO_COVERAGE = [0, 1, 0.0, 1.0, -0.5, 1.5, np.nan, np.inf, "0.9", None, True, [0.9]]


def test_a_coverage_is_a_number_between_0_and_1():
    model = fit("numbers", **WATCHED)
    said = r"coverage must be a number in \(0, 1\), got"
    for coverage in NO_COVERAGE:
        with pytest.raises(ValueError, match=said):
            model.predict_interval(X, coverage)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_a_coverage_that_so_few_rows_cannot_have_is_refused(weighted):
    model = fit_weighted(np.linspace(1.0, 2.0, 30) if weighted else None)
    most = 30 / 31
    width = np.abs(model.validation_residuals_).max()
    assert width_of(model, most) == pytest.approx(width, rel=1e-9)
    message = "coverage must be at most 0.967742 with 30 validation rows"
    with pytest.raises(ValueError, match=f"{message}, got 0.97"):
        model.predict_interval(X, 0.97)


NO_RESIDUALS = {
    "no rows held out": lambda: fit("numbers"),
    "levels": lambda: fit("levels", **WATCHED),
    "levels of members": lambda: fit("levels of two", **FOLDS),
    "members that are all refitted": lambda: fit(
        "numbers", **WATCHED, refit=True, n_members=2
    ),
    "a later fit": lambda: (
        fit("numbers", **WATCHED).set_params(early_stopping=False).fit(X, NUMBERS)
    ),
    "a later fit of levels": lambda: (
        fit("numbers", **WATCHED).set_params(loss=Quantile([0.1, 0.9])).fit(X, NUMBERS)
    ),
    "a later fit of members": lambda: (
        fit("numbers", **WATCHED)
        .set_params(n_members=2, early_stopping=False)
        .fit(X, NUMBERS)
    ),
    "partial_fit": lambda: (
        fit("numbers", **WATCHED)
        .set_params(early_stopping=False)
        .partial_fit(X, NUMBERS)
    ),
}


@pytest.mark.parametrize("fitted", NO_RESIDUALS.values(), ids=NO_RESIDUALS)
def test_without_rows_that_did_not_train_there_are_no_intervals(fitted):
    model = fitted()
    with pytest.raises(
        ValueError, match="MLPRegressor: predict_interval must have res"
    ):
        model.predict_interval(X)
    assert not hasattr(model, "validation_residuals_")
    assert not hasattr(model, "_validation_weight")


def test_before_a_fit_there_are_none():
    with pytest.raises(NotFittedError):
        make("numbers").predict_interval(X)
    assert not hasattr(MLPClassifier, "predict_interval")


# Predictions kept in range


CLIPPED = {
    name: (y, params | {"clip_output": True})
    for name, (y, params) in (TASKS | LEVELS).items()
}
FAR = 100.0 * RNG.normal(size=(50, 4))


def fit_clipped(task, sample_weight=None, X=X, **params):
    return fit(task, X, sample_weight, clip_output=True, max_iter=20, **params)


def targets(task, values):
    """(n_rows, n_targets), of levels several."""
    n_targets = matrix((TASKS | LEVELS)[task][0]).shape[1]
    if task in LEVELS:
        return values.reshape(len(FAR), n_targets, -1)
    return values.reshape(len(FAR), n_targets, 1)


@pytest.mark.parametrize("task", CLIPPED)
def test_predictions_stay_in_the_range_of_y(task):
    for dtype, n_members in (("float32", 1), ("float64", 1), ("float64", 3)):
        y, rows = matrix(CLIPPED[task][0]), X.astype(dtype)
        model = fit_clipped(task, X=rows, n_members=n_members)
        y = y if model.scale_target else y.astype(dtype)
        low, high = y.min(axis=0)[:, np.newaxis], y.max(axis=0)[:, np.newaxis]
        np.testing.assert_array_equal(model.output_range_, np.c_[low, high].T)
        params = {"max_iter": 20, "n_members": n_members, "clip_output": False}
        free = fit(task, rows, **params)
        with np.errstate(over="ignore"):  # of exponentials
            inside, outside = (
                targets(task, m.predict(FAR.astype(dtype))) for m in (model, free)
            )
        assert (low <= inside).all() and (inside <= high).all()
        # else there would be nothing to see
        near = np.isclose(inside, high, rtol=4 * np.finfo(dtype).eps)  # a mean rounds
        assert (outside > high).any() and near.any()
        if n_members == 1:
            np.testing.assert_array_equal(inside, np.clip(outside, low, high))


def test_of_members_the_mean_is_that_of_predictions_in_range():
    for task in CLIPPED:
        model = fit_clipped(task, n_members=3)
        mean = np.mean([member.predict(FAR) for member in model.members_], axis=0)
        np.testing.assert_allclose(model.predict(FAR), mean, rtol=1e-12, err_msg=task)


def test_equal_predictions_at_the_end_of_the_range_have_a_mean_within_it():
    # (0.1 + 0.1 + 0.1) / 3 is more than 0.1
    y = np.where(X[:, 0] > 0, 0.1, -0.1)
    model = make("numbers", n_members=3, clip_output=True).fit(X, y)
    for member in model.members_:
        member.intercepts_[-1] += 10.0
    assert (model.predict(X) == 0.1).all()


def test_without_it_nothing_is_kept():
    assert not hasattr(fit("numbers"), "output_range_")
    model = fit_clipped("numbers").set_params(clip_output=False).fit(X, NUMBERS)
    assert not hasattr(model, "output_range_")
    np.testing.assert_array_equal(
        model.predict(FAR), fit("numbers", max_iter=20).predict(FAR)
    )


@pytest.mark.parametrize("params", [{}, {"n_members": 2}], ids=["one", "members"])
def test_the_range_is_that_of_rows_that_count(params):
    weight = np.where(np.abs(NUMBERS) < 2.0, 1.0, 0.0)
    model = fit_clipped("numbers", weight, **params)
    low, high = model.output_range_.ravel()
    some = NUMBERS[weight > 0]
    assert (low, high) == (some.min(), some.max()) and high < NUMBERS.max()


def test_validation_rows_of_ones_own_do_not_widen_it():
    model = make("numbers", clip_output=True)
    model.fit(X[:60], NUMBERS[:60], X_val=X[60:], y_val=NUMBERS[60:] + 100.0)
    assert model.output_range_[1] == NUMBERS[:60].max()
    low, _ = model.predict_interval(X[60:])
    assert model.validation_residuals_.min() > 90 and low.shape == (30,)


GOING_ON = {
    "partial_fit": lambda model, rows: model.partial_fit(X[rows], NUMBERS[rows]),
    "warm_start": lambda model, rows: model.set_params(warm_start=True).fit(
        X[rows], NUMBERS[rows]
    ),
}


@pytest.mark.parametrize("go_on", GOING_ON.values(), ids=GOING_ON)
def test_a_model_that_goes_on_widens_its_range(go_on):
    order = np.argsort(np.abs(NUMBERS))
    model = make("numbers", batch_size=5, clip_output=True, max_iter=200)
    for rows in (order[:30], order[30:], order[:10]):
        go_on(model, rows)
    assert model.output_range_.ravel().tolist() == [NUMBERS.min(), NUMBERS.max()]
    go_on(model.set_params(clip_output=False), order)
    assert not hasattr(model, "output_range_")


def test_scores_and_intervals_are_those_of_predictions_in_range():
    model = fit_clipped("numbers", **WATCHED)
    y = FAR[:, 0]
    assert model.score(FAR, y) == r2_score(y, model.predict(FAR))
    lower, upper = model.predict_interval(FAR)
    np.testing.assert_allclose((lower + upper) / 2, model.predict(FAR), rtol=1e-12)


def test_clipping_is_on_or_off():
    for value in ("yes", 1, None):
        with pytest.raises(ValueError, match="clip_output must be True or False, got"):
            make("numbers", clip_output=value).fit(X, NUMBERS)
