"""What early stopping watches, and when its patience is over."""

import copy
from functools import partial

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    get_scorer,
    log_loss,
    make_scorer,
    mean_pinball_loss,
    mean_squared_error,
)
from sklearn.model_selection import PredefinedSplit, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import EarlyStopping, MLPClassifier
from skmlp.losses import Quantile
from skmlp.solvers import Adam

from ...cases import in_one_test
from ...conftest import N_ROWS, NUMBERS, TASKS, WEIGHT, covering, parameters
from ...conftest import X as X_ALL
from ...training.patience import first_end

# some updates are enough here, whether they converged or not
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

N_TRAINING = 60
X, X_VAL = X_ALL[:N_TRAINING], X_ALL[N_TRAINING:]
HELD = PredefinedSplit(np.where(np.arange(N_ROWS) < N_TRAINING, -1, 0))

SOLVERS = ["sgd", "adam", "lbfgs"]
every_solver = pytest.mark.parametrize("solver", SOLVERS)
TARGETS = ["binary", "multiclass", "multilabel", "regression", "multi-output"]
every_task = pytest.mark.parametrize("task", TARGETS)


def make(task, **params):
    defaults = {
        "hidden_layer_sizes": (6,),
        "batch_size": 20,
        "max_iter": 6,
        "learning_rate_init": 0.02,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    return TASKS[task].make(**{**defaults, **params})


def fit(task, *, weighted=False, validated=True, X=X, X_val=X_VAL, **params):
    """A fit on the first rows, with the others as validation rows or without any."""
    y = TASKS[task].y
    more = {"sample_weight": WEIGHT[:N_TRAINING]} if weighted else {}
    if validated:
        more |= {"X_val": X_val, "y_val": y[N_TRAINING:]}
    if validated and weighted:
        more |= {"sample_weight_val": WEIGHT[N_TRAINING:]}
    return make(task, **params).fit(X, y[:N_TRAINING], **more)


def assert_same_parameters(model, expected):
    np.testing.assert_array_equal(parameters(model), parameters(expected))
    assert parameters(model).dtype == parameters(expected).dtype


# The score of an epoch


def default_score(model, X, y, sample_weight=None):
    return model.score(X, y, sample_weight)


def minus_log_loss(model, X, y, sample_weight=None):
    return -log_loss(y, model.predict_proba(X), sample_weight=sample_weight)


def minus_half_squared_error(model, X, y, sample_weight=None):
    return -mean_squared_error(y, model.predict(X), sample_weight=sample_weight) / 2


def largest_error(model, X, y):
    return -np.abs(model.predict(X) - y).max()


def share_right(estimator, X, y, *, sample_weight=None):
    return np.average(estimator.predict(X) == y, weights=sample_weight)


def with_any(estimator, X, y, **more):
    return share_right(estimator, X, y, **more)


class OfAllRows:
    """A scorer that is an object."""

    def __call__(self, estimator, X, y, sample_weight):
        return np.float32(share_right(estimator, X, y, sample_weight=sample_weight))


ADJUSTED = make_scorer(balanced_accuracy_score, adjusted=True)
PINBALL = make_scorer(mean_pinball_loss, greater_is_better=False, alpha=0.9)
# the task, the parameter, and what gives the same from a model if it does not
SCORINGS = {
    "None": ("multiclass", None, default_score),
    "None, binary": ("binary", None, default_score),
    "None, multilabel": ("multilabel", None, default_score),
    "None, regression": ("regression", None, default_score),
    "None, multi-output": ("multi-output", None, default_score),
    "loss": ("multiclass", "loss", minus_log_loss),
    "loss, binary": ("binary", "loss", minus_log_loss),
    "loss, regression": ("regression", "loss", minus_half_squared_error),
    "loss, multi-output": ("multi-output", "loss", minus_half_squared_error),
    "log loss": ("multiclass", "neg_log_loss", None),
    "balanced accuracy": ("multiclass", "balanced_accuracy", None),
    "area": ("binary", "roc_auc", None),
    "f1": ("multilabel", "f1_macro", None),
    "absolute error": ("regression", "neg_mean_absolute_error", None),
    "R2": ("regression", "r2", None),
    "R2, multi-output": ("multi-output", "r2", None),
    "scorer object": ("multiclass", ADJUSTED, None),
    "scorer of a loss": ("regression", PINBALL, None),
    "a callable": ("regression", largest_error, None),
    "a callable with weights": ("multiclass", share_right, None),
    "a callable of anything": ("multiclass", with_any, None),
}
every_scoring = pytest.mark.parametrize(
    ("task", "scoring", "reference"), SCORINGS.values(), ids=SCORINGS
)

# each with and without weights, by lbfgs and by one that goes through batches
SETTINGS = {
    "sgd-plain": ("sgd", False),
    "lbfgs-weighted": ("lbfgs", True),
    "lbfgs-plain": ("lbfgs", False),
    "adam-weighted": ("adam", True),
}
EPOCHS = [
    pytest.param(*case, *SETTINGS[setting], id=f"{name}-{setting}")
    for i, (name, case) in enumerate(SCORINGS.items())
    for setting in ([*SETTINGS][:2] if i % 2 else [*SETTINGS][2:])
]


@pytest.mark.parametrize(("task", "scoring", "reference", "solver", "weighted"), EPOCHS)
def test_the_score_of_an_epoch_is_that_of_its_model(
    task, scoring, reference, solver, weighted
):
    params = {"solver": solver, "early_stopping": True, "scoring": scoring}
    watched = fit(task, weighted=weighted, **params)
    score, y = reference or get_scorer(scoring), TASKS[task].y[N_TRAINING:]
    more = {}
    if weighted and score is not largest_error:  # which takes no weights
        more = {"sample_weight": WEIGHT[N_TRAINING:]}
    scores = watched.history_["validation_score"]
    for k, found in enumerate(scores, start=1):
        model = fit(task, weighted=weighted, solver=solver, max_iter=k, validated=False)
        # raw outputs and sums may round differently than predictions
        assert found == pytest.approx(score(model, X_VAL, y, **more), rel=1e-10)
    assert k == watched.n_iter_
    if solver != "lbfgs":
        assert watched.validation_scores_ == scores.tolist()


def assert_scored(task, scoring, reference, form, rel):
    params = {"early_stopping": True, "scoring": scoring}
    watched = fit(task, X=form(X), X_val=form(X_VAL), **params)
    score, y = reference or get_scorer(scoring), TASKS[task].y[N_TRAINING:]
    best = watched.best_validation_score_
    assert best == pytest.approx(score(watched, form(X_VAL), y), rel=rel)


@in_one_test(every_scoring)
def test_the_score_is_that_of_the_model_in_float32(task, scoring, reference):
    # float32 has seven digits, of which sums of 30 rows lose one
    assert_scored(task, scoring, reference, np.float32, rel=1e-5)


@pytest.mark.parametrize("name", ["None", "loss, regression", "log loss", "a callable"])
def test_the_score_is_that_of_the_model_of_a_data_frame(pandas, name):
    def form(rows):
        return pandas.DataFrame(rows, columns=list("abcd"))

    assert_scored(*SCORINGS[name], form, rel=1e-10)


def test_an_object_as_a_scorer_gets_the_weights_it_asks_for():
    params = {"early_stopping": True, "scoring": OfAllRows()}
    model = fit("multiclass", weighted=True, **params)
    best = model.score(X_VAL, TASKS["multiclass"].y[N_TRAINING:], WEIGHT[N_TRAINING:])
    # it gives float32, of seven digits
    assert model.best_validation_score_ == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("scoring", [None, "neg_log_loss", share_right])
def test_scores_count_class_weights(scoring):
    by_class = {"a": 5.0, "b": 0.3, "c": 1.0}
    params = {"early_stopping": True, "scoring": scoring, "class_weight": by_class}
    model, y = fit("multiclass", **params), TASKS["multiclass"].y[N_TRAINING:]
    weight = np.array([by_class[label] for label in y])
    score = default_score if scoring is None else get_scorer(scoring)
    expected = score(model, X_VAL, y, sample_weight=weight)
    assert model.best_validation_score_ == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("scoring", [None, "r2", "neg_mean_absolute_error", "loss"])
def test_scores_are_in_units_of_y_where_training_scales(scoring):
    y = 100.0 + 50.0 * NUMBERS
    params = {"scale_input": True, "scale_target": True, "early_stopping": True}
    model = make("regression", scoring=scoring, validation_fraction=HELD, **params)
    model.fit(X_ALL, y)
    score = {None: default_score, "loss": minus_half_squared_error}.get(scoring)
    score = score or get_scorer(scoring)
    best = model.best_validation_score_
    # the folded layers round differently than the scaled columns
    assert best == pytest.approx(score(model, X_VAL, y[N_TRAINING:]), rel=1e-9)


LOSSES = {
    "squared_error": True,
    "poisson": True,
    "absolute_error": False,
    "huber": False,
    "log_cosh": False,
    "quantile": False,
    "gamma": False,
    "tweedie": False,
    "levels": False,
}


@in_one_test(pytest.mark.parametrize(("loss", "by_r2"), LOSSES.items()))
def test_losses_that_scikit_learn_lacks_are_scored_by_minus_the_loss(loss, by_r2):
    y = np.abs(NUMBERS) + 0.1
    loss = Quantile(level=[0.1, 0.5, 0.9]) if loss == "levels" else loss
    params = {"loss": loss, "early_stopping": True, "validation_fraction": HELD}
    model = make("regression", **params).fit(X_ALL, y)
    scores = np.array(model.validation_scores_)
    if by_r2:
        best = model.score(X_VAL, y[N_TRAINING:])
        assert scores.max() == pytest.approx(best, rel=1e-12)
    else:
        np.testing.assert_array_equal(scores, -np.array(model.validation_loss_curve_))


@every_task
def test_scoring_by_the_loss_is_minus_the_validation_loss(task):
    model = fit(task, early_stopping=True, scoring="loss", weighted=True)
    scores, curve = model.validation_scores_, model.validation_loss_curve_
    np.testing.assert_array_equal(scores, -np.array(curve))


# The best epoch


RESTORING = [
    pytest.param(*case, SOLVERS[i % 3], id=f"{name}-{SOLVERS[i % 3]}")
    for i, (name, case) in enumerate(SCORINGS.items())
]


@pytest.mark.parametrize(("task", "scoring", "reference", "solver"), RESTORING)
def test_the_model_is_that_of_the_best_epoch(task, scoring, reference, solver):
    # few epochs of large steps, so that the last one is not the best
    params = {"solver": solver, "max_iter": 25, "learning_rate_init": 0.1}
    params |= {"early_stopping": True, "scoring": scoring}
    model = fit(task, **params)
    scores = model.history_["validation_score"]
    assert model.best_epoch_ == np.argmax(scores) + 1
    score, y = reference or get_scorer(scoring), TASKS[task].y[N_TRAINING:]
    best = score(model, X_VAL, y)
    assert best == pytest.approx(scores.max(), rel=1e-10)
    if solver != "lbfgs":
        assert model.best_validation_score_ == scores.max()
    params |= {"early_stopping": False, "max_iter": model.best_epoch_}
    assert_same_parameters(model, fit(task, **params, validated=False))


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_some_of_these_models_are_not_of_the_last_epoch(task):
    params = {"max_iter": 25, "learning_rate_init": 0.1, "early_stopping": True}
    model = fit(task, **params)
    # over 20 seeds: 2 to 21
    assert model.best_epoch_ < model.n_iter_ == 25


# A scorer and the estimator


def giving(value):
    return lambda estimator, X, y: value


def test_a_scorer_sees_a_fitted_model_and_the_rows_as_they_were_given(pandas):
    seen = []

    def score(estimator, X, y):
        seen.append((estimator, X, y))
        return len(seen)

    y = TASKS["multiclass"].y
    frame = pandas.DataFrame(X_ALL, columns=list("abcd"))
    params = {"early_stopping": True, "validation_fraction": HELD, "scoring": score}
    model = make("multiclass", **params).fit(frame, y)
    for estimator, X, labels in seen:
        assert type(estimator) is MLPClassifier and estimator is not model
        np.testing.assert_array_equal(estimator.classes_, ["a", "b", "c"])
        assert estimator.predict(X).shape == labels.shape
        np.testing.assert_array_equal(X, X_VAL)
        np.testing.assert_array_equal(labels, y[N_TRAINING:])
    assert model.validation_scores_ == [1, 2, 3, 4, 5, 6]


@every_solver
def test_a_scorer_may_keep_the_models_that_it_sees(solver):
    models = []

    def score(estimator, X, y):
        models.append(estimator)
        return 0.0

    fit("multiclass", solver=solver, early_stopping=True, scoring=score)
    assert models
    for k, model in enumerate(models, start=1):
        expected = fit("multiclass", solver=solver, max_iter=k, validated=False)
        assert_same_parameters(model, expected)


def test_what_a_scorer_does_to_its_model_does_not_reach_the_estimator():
    def score(estimator, X, y):
        estimator.extra = 1
        estimator.alpha = 100.0
        estimator.max_iter = 1
        del estimator.classes_
        return 0.0

    model = fit("multiclass", early_stopping=True, scoring=score)
    expected = fit("multiclass", early_stopping=True, scoring=giving(0.0))
    assert_same_parameters(model, expected)
    assert vars(model).keys() == vars(expected).keys()
    assert model.alpha == expected.alpha and model.n_iter_ == 6


@every_solver
def test_scoring_changes_nothing_but_what_is_recorded(solver):
    plain = fit("multiclass", solver=solver)
    assert_same_parameters(plain, fit("multiclass", solver=solver, validated=False))
    for scoring in ("neg_log_loss", "loss", ADJUSTED, share_right):
        recorded = fit("multiclass", solver=solver, scoring=scoring)
        assert_same_parameters(recorded, plain)
        assert recorded.loss_ == plain.loss_ and recorded.best_epoch_ is None


# What is refused


def raising(error):
    def score(estimator, X, y):
        raise error("There is no score.")

    return score


BAD_SCORING = {
    "unknown": "no such score",
    "empty": "",
    "a class": OfAllRows,
    "a number": 1,
    "a list": ["r2"],
    "a metric": accuracy_score,
    "gives nan": giving(np.nan),
    "gives a string": giving("0.5"),
    "gives an array": giving(np.array([0.5, 0.6])),
    "gives None": giving(None),
    "gives a complex number": giving(0.5 + 1j),
    "takes too little": lambda estimator: 0.0,
    "raises a ValueError": raising(ValueError),
    "raises a TypeError": raising(TypeError),
}


def assert_refused(model, error, *words, **more):
    """A fit is refused by an error with the words, and leaves all as it was."""
    before = vars(model).copy()
    y = TASKS["multiclass" if isinstance(model, MLPClassifier) else "regression"].y
    with pytest.raises(error) as caught:
        model.fit(X_ALL, y, **more)
    for word in words:
        assert word in str(caught.value)
    now = vars(model)
    assert now.keys() == before.keys()
    assert all(now[name] is before[name] for name in now)


MODELS = [
    ("multiclass", "sgd", False),
    ("regression", "adam", True),
    ("multiclass", "lbfgs", True),
    ("regression", "lbfgs", False),
]


@in_one_test(pytest.mark.parametrize("scoring", BAD_SCORING.values(), ids=BAD_SCORING))
def test_bad_scoring_is_refused(scoring):
    for task, solver, is_fitted in MODELS:
        model = make(task, solver=solver)
        if is_fitted:
            model.fit(X_ALL, TASKS[task].y)
        model.set_params(early_stopping=True, scoring=scoring, validation_fraction=0.5)
        owner = TASKS[task].kind.__name__
        assert_refused(model, (ValueError, TypeError), f"{owner}: scoring must be")


@pytest.mark.parametrize("error", [RuntimeError, KeyError, ZeroDivisionError])
def test_other_errors_of_a_scorer_come_through_and_leave_all_as_it_was(error):
    model = make("multiclass").fit(X_ALL, TASKS["multiclass"].y)
    model.set_params(early_stopping=True, scoring=raising(error))
    assert_refused(model, error, "There is no score.")


def test_a_scorer_that_does_not_suit_the_targets_is_refused():
    rows = TASKS["binary"].y[N_TRAINING:]
    model = make("multiclass", early_stopping=True, scoring="roc_auc")
    assert_refused(model, ValueError, "MLPClassifier: scoring must be")
    assert rows.dtype == bool
    model = make("regression", early_stopping=True, scoring="neg_log_loss")
    assert_refused(model, (ValueError, AttributeError), "MLPRegressor")


# Patience of a fit


ENDS = {
    "tol": (0.01, 2, {}),
    "relative": (0.02, 2, {"relative_tol": True}),
    "least updates": (0.05, 1, {"min_updates": 50}),
    "least updates within an epoch": (
        0.05,
        1,
        {"relative_tol": True, "min_updates": 52},
    ),
    "few updates": (0.02, 3, {"min_updates": 2}),
}
MONITORS = {
    "the training loss": ("training", None),
    "the score": ("validation", None),
    "the loss": ("validation", "loss"),
}


@covering(
    end=ENDS,
    monitors=MONITORS,
    solver=SOLVERS,
    task=TARGETS,
)
def test_a_fit_ends_as_soon_as_patience_is_over(end, monitors, solver, task):
    (tol, n_last, stopping), (monitor, scoring) = end, monitors
    params = {"solver": solver, "max_iter": 60, "alpha": 0.1}
    params |= {"tol": tol, "n_iter_no_change": n_last, "scoring": scoring}
    params["early_stopping"] = EarlyStopping(monitor, **stopping)
    early, least = monitor == "validation", stopping.get("min_updates", 0)
    model = fit(task, **params)
    endless = fit(task, **params | {"n_iter_no_change": np.inf})
    if solver == "lbfgs" and not early:  # which has no patience then
        assert model.n_iter_ == endless.n_iter_
        return
    merits = endless.history_["validation_score"]
    updates = 3 * np.arange(1, endless.n_iter_ + 1)
    if not early:
        merits = -np.array(endless.loss_curve_)
    if solver == "lbfgs":
        endlessly = params | {"n_iter_no_change": np.inf}
        epochs = range(1, endless.n_iter_ + 1)
        updates = [fit(task, **endlessly | {"max_iter": k}).n_updates_ for k in epochs]
    end = first_end(
        merits.tolist(),
        tol,
        n_last,
        relative=stopping.get("relative_tol", False),
        min_updates=least,
        updates=updates,
    )
    assert model.n_iter_ == (end or endless.n_iter_)
    if end is not None and end < endless.n_iter_:
        assert "did not improve more than tol=" in model.stop_reason_
        assert model.n_updates_ >= least


def test_updates_of_fits_before_count_for_the_least_number():
    params = {"tol": 1e9, "n_iter_no_change": 1}
    params["early_stopping"] = EarlyStopping("training", min_updates=15)
    model = fit("multiclass", **params, warm_start=True, validated=False, max_iter=50)
    assert model.n_iter_ == 5 and model.n_updates_ == 15
    model.fit(X, TASKS["multiclass"].y[:N_TRAINING])
    assert model.n_iter_ == 1


def test_lbfgs_counts_evaluations_for_the_least_number():
    params = {"solver": "lbfgs", "early_stopping": True, "scoring": giving(0.0)}
    params |= {"n_iter_no_change": 1, "max_iter": 60}
    assert fit("regression", **params).n_iter_ == 3
    params["early_stopping"] = EarlyStopping(min_updates=9)
    model = fit("regression", **params)
    before = fit("regression", **params | {"max_iter": model.n_iter_ - 1})
    assert model.stop_reason_.startswith("Validation score did not improve")
    assert before.n_updates_ < 9 <= model.n_updates_


SCALED = {
    "the training loss": {},
    "R2": {"early_stopping": True, "validation_fraction": HELD},
    "the loss": {
        "early_stopping": True,
        "validation_fraction": HELD,
        "scoring": "loss",
    },
    "another loss": {
        "early_stopping": True,
        "validation_fraction": HELD,
        "loss": "huber",
    },
}


@pytest.mark.parametrize("params", SCALED.values(), ids=SCALED)
def test_with_scaled_targets_the_end_does_not_depend_on_the_unit_of_y(params):
    params = {"tol": 0.01, "n_iter_no_change": 2, "max_iter": 80} | params
    fits = [
        make("regression", scale_target=True, **params).fit(X_ALL, y)
        # powers of 2, by which all numbers scale without rounding
        for y in (NUMBERS, 2.0**-10 * NUMBERS, 2.0**10 * NUMBERS)
    ]
    assert len({model.n_iter_ for model in fits}) == 1
    assert fits[0].n_iter_ < 80  # over 20 seeds: 7 to 27
    assert len({model.best_epoch_ for model in fits}) == 1


def test_with_a_relative_tol_the_end_does_not_depend_on_the_unit_of_y():
    # plain gradient descent of a linear model from 0 scales with y
    params = {"hidden_layer_sizes": (), "solver": "sgd", "alpha": 0.0, "max_iter": 80}
    params |= {"tol": 0.01, "n_iter_no_change": 2}
    params["early_stopping"] = EarlyStopping("training", relative_tol=True)
    params["coefs_init"] = [np.zeros((4, 1))], [np.zeros(1)]
    ends = [
        make("regression", **params).fit(X_ALL, y).n_iter_
        for y in (NUMBERS, 2.0**-10 * NUMBERS)
    ]
    assert ends[0] == ends[1] < 80  # over 20 seeds: 7 to 17, and below: 4
    params["early_stopping"] = EarlyStopping("training")
    assert make("regression", **params).fit(X_ALL, 2.0**-10 * NUMBERS).n_iter_ < ends[0]


# lbfgs


@every_task
def test_lbfgs_ignores_early_stopping_by_default(task):
    y = TASKS[task].y
    fits = [
        make(task, solver="lbfgs", early_stopping=early).fit(X_ALL, y)
        for early in (True, False)
    ]
    assert_same_parameters(*fits)
    assert vars(fits[0]).keys() == vars(fits[1]).keys()
    assert fits[0].history_.keys() == fits[1].history_.keys()
    assert not {"validation_loss", "validation_score"} & fits[0].history_.keys()
    assert fits[0].best_epoch_ is None
    assert not hasattr(fits[0], "validation_scores_")
    assert not hasattr(fits[0], "best_validation_score_")


ACTING = {
    "scoring": {"scoring": "loss", "validation_fraction": HELD},
    "X_val": {},
    "both": {"scoring": "loss"},
}


@covering(
    task=TARGETS,
    params=ACTING,
    weighted={"plain": False, "weighted": True},
    dtype=[np.float64, np.float32],
)
def test_lbfgs_stops_early_with_scoring_or_validation_rows(
    task, params, weighted, dtype
):
    y = TASKS[task].y
    X = X_ALL.astype(dtype)
    params = {"solver": "lbfgs", "early_stopping": True, "max_iter": 100} | params
    params |= {"n_iter_no_change": 4, "alpha": 1e-6}
    model = make(task, **params)
    if "validation_fraction" in params:
        more = {"sample_weight": WEIGHT} if weighted else {}
        model.fit(X, y, **more)
    else:
        more = {"X_val": X[N_TRAINING:], "y_val": y[N_TRAINING:]}
        if weighted:
            more["sample_weight"] = WEIGHT[:N_TRAINING]
            more["sample_weight_val"] = WEIGHT[N_TRAINING:]
        model.fit(X[:N_TRAINING], y[:N_TRAINING], **more)
    scores = model.history_["validation_score"]
    # over 20 seeds: at most 61
    assert len(scores) == model.n_iter_ < 100
    assert model.best_epoch_ == np.argmax(scores) + 1 < model.n_iter_
    assert model.stop_reason_.startswith("Validation score did not improve")
    at_best = make(task, solver="lbfgs", max_iter=model.best_epoch_, alpha=1e-6)
    more = {"sample_weight": WEIGHT[:N_TRAINING]} if weighted else {}
    at_best.fit(X[:N_TRAINING], y[:N_TRAINING], **more)
    assert parameters(model).dtype == dtype
    # L-BFGS amplifies the rounding of sums over rows in another layout
    rtol = 1e-6 if dtype is np.float64 else 2e-2
    np.testing.assert_allclose(
        parameters(model), parameters(at_best), rtol=rtol, atol=rtol
    )


def test_an_lbfgs_fit_that_ends_by_itself_says_so():
    params = {"solver": "lbfgs", "early_stopping": True, "alpha": 10.0}
    model = fit("multiclass", **params, max_iter=500, tol=1e-3)
    assert model.stop_reason_.startswith("L-BFGS stopped: CONVERGENCE")
    assert model.best_epoch_ == np.argmax(model.history_["validation_score"]) + 1


def test_a_copy_of_an_early_stopped_estimator_is_the_same_model():
    model = fit("multiclass", early_stopping=True, scoring="neg_log_loss")
    assert_same_parameters(copy.deepcopy(model), model)
    assert copy.deepcopy(model).best_epoch_ == model.best_epoch_


@pytest.mark.parametrize("averaging", [0.5, 0.95])
def test_scores_are_those_of_the_averaged_model(averaging):
    solver = Adam(averaging=averaging)
    model = fit(
        "multiclass", solver=solver, early_stopping=True, scoring="neg_log_loss"
    )
    score = get_scorer("neg_log_loss")(model, X_VAL, TASKS["multiclass"].y[N_TRAINING:])
    assert model.best_validation_score_ == pytest.approx(score, rel=1e-12)


# What it is good for


SETS = {
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
    "digits": partial(load_digits, n_class=6),
}


@pytest.mark.parametrize("load", SETS.values(), ids=SETS)
def test_stopping_by_the_loss_costs_no_accuracy(load):
    X, y = load(return_X_y=True)
    X, y = X[:600], y[:600]
    folds = StratifiedKFold(3, shuffle=True, random_state=0)

    def accuracy(**params):
        mlp = MLPClassifier(max_iter=300, random_state=0, **params)
        model = make_pipeline(StandardScaler(), mlp)
        return cross_val_score(model, X, y, cv=folds).mean()

    gained = accuracy(early_stopping=True, scoring="loss") - accuracy()
    # over 20 seeds: -0.011 to 0.007; fits of three epochs lose 0.03 to 0.7
    assert gained > -0.02
