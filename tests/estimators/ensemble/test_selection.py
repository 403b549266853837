"""Weights by greedy selection: of any score, and of each kind of target."""

import math

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import (
    get_scorer,
    log_loss,
    mean_gamma_deviance,
    mean_poisson_deviance,
    mean_squared_error,
)
from sklearn.model_selection import KFold, ShuffleSplit

from skmlp import Ensemble, MLPRegressor
from skmlp.estimators.ensemble.selection import N_STEPS, greedy_weights

from ...conftest import N_ROWS, NUMBERS, WEIGHT, X, covering
from .small_ensembles import (
    CLASSES,
    EACH_KIND,
    FOLDED,
    FOLDS,
    HOLDING_OUT,
    TASKS,
    Squared,
    fit,
    make,
    predicted,
)

# a few epochs are enough here, whatever they lead to
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")

# The last one learns nothing.
CONFIGURATIONS = [
    {},
    {"hidden_layer_sizes": (8, 5), "activation": "tanh"},
    {"learning_rate_init": 1e-9},
]
N_CONFIGURATIONS = len(CONFIGURATIONS)


def greedy(by="folds", configurations=CONFIGURATIONS):
    return Ensemble(by, configurations=configurations, weights="greedy")


def selected(task, **params):
    """A fitted ensemble of two folds of each configuration, weighted."""
    defaults = FOLDS | {"ensemble": greedy(), "n_members": 2 * N_CONFIGURATIONS}
    return fit(task, **defaults | params)


# Of any score


def closeness(optimum):
    optimum = np.asarray(optimum)
    return lambda weights: -float(np.sum((weights - optimum) ** 2))


OPTIMA = {
    "one": [0, 1, 0],
    "two alike": [0.5, 0, 0.5],
    "equal": [0.25] * 4,
    "quarters": [0.25, 0.75, 0],
    "any": [0.61, 0.07, 0.32],
}


def test_weights_near_the_best_are_found():
    for name, optimum in OPTIMA.items():
        weights = greedy_weights(closeness(optimum), len(optimum))
        assert weights.sum() == pytest.approx(1.0, rel=1e-15)
        # counts among up to N_STEPS, of which some weights are the nearest
        np.testing.assert_allclose(weights, optimum, atol=0.05, err_msg=name)
        assert np.abs(weights * N_STEPS).min() >= 0


def random_score(seed):
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(30, 4)), rng.normal(size=30)
    return lambda weights: -float(np.mean((A @ weights - b) ** 2))


def test_the_score_is_no_worse_than_that_of_each_alone_and_of_equal_weights():
    for seed in range(20):
        score = random_score(seed)
        found = score(greedy_weights(score, 4))
        others = [*np.eye(4), np.full(4, 0.25)]
        assert all(found >= score(other) * (1 + 1e-6) for other in others), seed


def test_ties_have_equal_weights():
    for score in (0.0, 1.0, -math.inf):
        weights = greedy_weights(lambda weights, score=score: score, 3)
        np.testing.assert_array_equal(weights, np.full(3, 1 / 3))
    # of rounding alone
    noise = iter(np.random.default_rng(0).normal(size=10_000))
    weights = greedy_weights(lambda weights: -1.0 + 1e-12 * next(noise), 3)
    np.testing.assert_array_equal(weights, np.full(3, 1 / 3))


def test_of_the_best_that_tie_none_is_preferred():
    weights = greedy_weights(lambda weights: -float(weights[2]), 3)
    np.testing.assert_array_equal(weights, [1, 0, 0])
    weights = greedy_weights(lambda weights: -abs(float(weights[2]) - 0.5), 3)
    np.testing.assert_array_equal(weights, [0.5, 0, 0.5])


def test_what_has_no_score_is_not_taken():
    def score(weights):
        return -math.inf if weights[1] else float(weights[0])

    np.testing.assert_array_equal(greedy_weights(score, 3), [1, 0, 0])


def test_selection_ends():
    asked = []
    greedy_weights(lambda weights: asked.append(weights) or float(len(asked)), 2)
    assert len(asked) == 2 * N_STEPS + 1


# Of each kind of target


def stacked(predictions):
    return np.hstack(predictions) if isinstance(predictions, list) else predictions


@pytest.mark.parametrize("task", FOLDED)
def test_predictions_are_weighted_means(task):
    model = selected(task)
    weights = vars(model).get("member_weights_")
    each = [predicted(member) for member in model.members_]
    expected = np.average(each, axis=0, weights=weights)
    np.testing.assert_allclose(predicted(model), expected, rtol=1e-10)
    if weights is not None:
        assert weights.shape == (len(each),)
        assert weights.sum() == pytest.approx(1.0) and weights.min() > 0
    assert model.configuration_weights_.sum() == pytest.approx(1.0)
    n_kept = np.count_nonzero(model.configuration_weights_)
    assert len(model.members_) == 2 * n_kept


UNEVEN = KFold(2, shuffle=True, random_state=0)


# those that lead to a mean of probabilities, of values, and of values with levels
@pytest.mark.parametrize("task", ["words", "labels", "columns", "outputs", "levels"])
def test_out_of_fold_predictions_are_weighted_means(task):
    splitters = [UNEVEN, ShuffleSplit(2, test_size=0.6, random_state=0)]
    # the second is worse, but no useless one
    different = greedy(configurations=[{"max_iter": 3}, {"max_iter": 2}])
    for splitter in splitters:
        params = {"validation_fraction": splitter, "ensemble": different}
        model = selected(task, n_members=4, **params)
        folds = [rows for _, rows in splitter.split(X)]
        weights = model.configuration_weights_
        kept = np.flatnonzero(weights)
        found = stacked(model.oof_prediction_)
        counted = np.zeros((2, N_ROWS))
        total = np.zeros(found.shape)
        for number, member in enumerate(model.members_):
            fold = folds[number // len(kept)]
            weight = weights[kept[number % len(kept)]]
            total[fold] += weight * predicted(member, X[fold])
            counted[number // len(kept), fold] = 1.0
        n_folds = counted.sum(axis=0)
        seen = n_folds > 0
        n_folds = n_folds[seen].reshape(-1, *[1] * (found.ndim - 1))
        # validation rows are seen by the scaled network: other roundings
        np.testing.assert_allclose(found[seen], total[seen] / n_folds, rtol=1e-9)
        assert np.isnan(found[~seen]).all()


def weighted_loss(task, y, prediction, weight=None):
    """What scikit-learn's metrics say of a prediction."""
    if task in CLASSES:
        return log_loss(y, prediction, sample_weight=weight)
    metric, factor = {
        "counts": (mean_poisson_deviance, 0.5),
        "amounts": (_gamma, 0.5),
        "numbers": (mean_squared_error, 0.5),
        "outputs": (mean_squared_error, 0.5),
        "scaled": (mean_squared_error, 0.5),
    }[task]
    return factor * metric(y, prediction, sample_weight=weight)


def _gamma(y, prediction, sample_weight):
    """Summed over outputs, which scikit-learn's takes one of."""
    pairs = zip(y.T, prediction.T, strict=True)
    return sum(mean_gamma_deviance(*p, sample_weight=sample_weight) for p in pairs)


SCORED = ["binary", "words", "numbers", "outputs", "scaled", "counts", "amounts"]


@covering(task=SCORED, weight={"plain": None, "weighted": WEIGHT})
def test_scores_are_losses_of_the_validation_rows(task, weight):
    y = TASKS[task][0]
    model = selected(task, sample_weight=weight, validation_fraction=UNEVEN)
    scores = model.configuration_scores_
    assert scores.shape == (N_CONFIGURATIONS,)
    best = scores.max()
    found = weighted_loss(task, y, stacked(model.oof_prediction_), weight)
    if len(model.members_) == 2:  # of one configuration
        assert -best == pytest.approx(found, rel=1e-9)
    assert found <= -best * (1 + 1e-6)


SCORINGS = {
    "words": ["loss", None, "calibrated_loss", "neg_log_loss", "accuracy"],
    "binary": ["roc_auc", "average_precision", "calibrated_loss"],
    "numbers": ["loss", None, "r2", "neg_mean_absolute_error"],
    "scaled": ["neg_median_absolute_error"],
}
PAIRS = [(task, scoring) for task in SCORINGS for scoring in SCORINGS[task]]


class Told(BaseEstimator):
    """Predicts what it is told to."""

    def __init__(self, output):
        self.output = output

    def predict(self, X):
        return self.output


class ToldClasses(ClassifierMixin, Told):
    def fit(self, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[self.output.argmax(axis=1)]

    def predict_proba(self, X):
        return self.output


class ToldValues(RegressorMixin, Told):
    pass


def score_of_prediction(scoring, y, oof):
    """What scikit-learn's scorers say of a prediction; losses are negated."""
    told = ToldValues(oof) if oof.ndim == 1 else ToldClasses(oof).fit(y)
    if scoring == "calibrated_loss":
        return -least_loss(y, oof)
    if scoring in ("loss", None):
        task = "numbers" if oof.ndim == 1 else "words"
        return -weighted_loss(task, y, oof)
    return get_scorer(scoring)(told, X, y)


def least_loss(y, proba):
    """The log loss at the best temperature."""
    logs = np.log(proba)
    tempered = [softmax(logs / t, axis=1) for t in np.exp(np.linspace(-3, 3, 600))]
    return min(log_loss(y, p) for p in tempered)


@pytest.mark.parametrize("task, scoring", PAIRS)
def test_the_score_is_what_early_stopping_scores_by(task, scoring):
    model = selected(task, scoring=scoring)
    y, oof = TASKS[task][0], model.oof_prediction_
    best = model.configuration_scores_.max()
    assert score_of_prediction(scoring, y, oof) >= best - 1e-6 * abs(best)


def accuracy_of(estimator, X, y):
    return float(np.mean(estimator.predict(X) == y))


def weighted_accuracy(estimator, X, y, sample_weight=None):
    return float(np.average(estimator.predict(X) == y, weights=sample_weight))


def test_a_function_scores_as_the_scorer_of_that_name():
    expected = selected("words", scoring="accuracy")
    for function in (accuracy_of, weighted_accuracy, get_scorer("accuracy")):
        model = selected("words", scoring=function)
        for name in ("configuration_scores_", "configuration_weights_"):
            found, wanted = vars(model)[name], vars(expected)[name]
            np.testing.assert_array_equal(found, wanted)


def test_a_function_sees_all_validation_rows_as_they_were_given():
    seen = []

    def score(estimator, rows, y):
        seen.append((rows, y))
        return 0.0

    selected("words", scoring=score)
    rows, y = seen[-1]
    np.testing.assert_array_equal(rows, X)
    np.testing.assert_array_equal(y, TASKS["words"][0])


def of_some_rows(estimator, X, y):
    return float(np.mean(estimator.predict(X[:5]) == y[:5]))


def test_a_function_that_predicts_other_rows_is_refused():
    message = "(?s)may predict the validation rows only.*MLPClassifier: scoring must be"
    with pytest.raises(ValueError, match=message):
        selected("words", scoring=of_some_rows)


def test_own_validation_rows_select_members_by_seeds():
    for task in EACH_KIND:
        y = TASKS[task][0]
        model = make(
            task, ensemble=greedy("seeds"), n_members=2 * N_CONFIGURATIONS
        ).set_params(scoring="loss")
        model.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
        n_kept = np.count_nonzero(model.configuration_weights_)
        assert len(model.members_) == 2 * n_kept
        assert not hasattr(model, "oof_prediction_")
        best = model.configuration_scores_.max()
        if task == "words":
            found = log_loss(y[60:], model.predict_proba(X[60:]))
        else:
            found = 0.5 * mean_squared_error(y[60:], model.predict(X[60:]))
        assert found <= -best * (1 + 1e-6)


def test_of_many_rows_a_sample_is_scored(monkeypatch):
    module = "skmlp.estimators.ensemble.selection"
    monkeypatch.setattr(f"{module}.N_VALUES", 3 * 29)  # of three classes
    seen = []

    def score(estimator, rows, y, sample_weight):
        assert len(rows) == len(y) == len(sample_weight)
        seen.append((rows, y))
        return float(np.average(estimator.predict(rows) == y, weights=sample_weight))

    model = selected("words", scoring=score, sample_weight=WEIGHT)
    rows, y = seen[-1]
    assert len(rows) <= 30
    numbers = [int(np.flatnonzero((X == row).all(axis=1))[0]) for row in rows]
    np.testing.assert_array_equal(y, TASKS["words"][0][numbers])
    assert len(model.oof_prediction_) == N_ROWS


# The rows that configurations were weighted on serve for the rest


def test_the_temperature_and_residuals_are_those_of_the_weighted_mean():
    model = selected("numbers")
    expected = (NUMBERS - model.oof_prediction_)[:, np.newaxis]
    np.testing.assert_allclose(model.validation_residuals_, expected, rtol=1e-12)
    lower, upper = model.predict_interval(X)
    assert (lower < upper).all()
    model = selected("words", calibration="temperature")
    oof = np.log(model.oof_prediction_)

    def loss(temperature):
        proba = np.exp(oof / temperature)
        proba /= proba.sum(axis=1, keepdims=True)
        return log_loss(TASKS["words"][0], proba)

    # the optimum is smoothed by one row of 90
    least = loss(model.temperature_)
    assert all(least <= loss(f * model.temperature_) + 1e-3 for f in (0.7, 1.4))


# What cannot be selected


class Rooted(Squared):
    def link(self, mean):
        return np.sqrt(mean)


def test_a_loss_without_a_link_is_refused_unless_there_is_another_score():
    params = {**FOLDS, "ensemble": greedy(), "n_members": 2 * N_CONFIGURATIONS}
    model = make("numbers", loss=Squared(), **params)
    message = "MLPRegressor: loss must have a method link, the inverse of inverse_link"
    with pytest.raises(ValueError, match=message):
        model.fit(X, NUMBERS**2)
    model.set_params(scoring="r2").fit(X, NUMBERS**2)
    model.set_params(scoring="loss", loss=Rooted()).fit(X, NUMBERS**2)
    oof = model.oof_prediction_
    found = 0.5 * mean_squared_error(NUMBERS**2, oof)
    assert found <= -model.configuration_scores_.max() * (1 + 1e-6)


REFUSED = {
    "no configurations": (
        FOLDS | {"ensemble": Ensemble("folds", weights="greedy")},
        "ensemble__weights must be 'equal' without configurations, .* got 'greedy'",
    ),
    "seeds": (
        HOLDING_OUT | {"ensemble": greedy("seeds")},
        "ensemble__weights must be 'equal' with members by seeds unless X_val is pass",
    ),
    "one member": (
        {"ensemble": Ensemble(weights="greedy"), "n_members": 1},
        "ensemble__weights must be 'equal' with n_members=1, got 'greedy'",
    ),
}


@pytest.mark.parametrize("params, message", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_weighted_is_refused(params, message):
    for task in EACH_KIND:
        model = make(task, **params)
        with pytest.raises(ValueError, match=f"^{type(model).__name__}: {message}"):
            model.fit(X, TASKS[task][0])


def test_partial_fit_has_equal_weights():
    model = MLPRegressor(
        n_members=3, ensemble=greedy("seeds"), early_stopping=True, random_state=0
    )
    with pytest.raises(ValueError, match="weights must be 'equal' for partial_fit"):
        model.partial_fit(X, NUMBERS, X_val=X, y_val=NUMBERS)
    different = greedy(configurations=[{"max_iter": 3}, {"max_iter": 2}])
    fitted = selected("numbers", ensemble=different, n_members=4)
    fitted.member_weights_ = np.full(len(fitted.members_), 0.25)
    fitted.set_params(ensemble="seeds", early_stopping=False, max_time=None)
    fitted.set_params(n_members=len(fitted.members_))
    with pytest.raises(ValueError, match="partial_fit must follow a fit with equal"):
        fitted.partial_fit(X, NUMBERS)
