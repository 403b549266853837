"""What validation rows say of an epoch: a score and the loss."""

import copy
import inspect
from contextlib import contextmanager

import numpy as np
from sklearn.metrics import (
    brier_score_loss,
    check_scoring,
    d2_log_loss_score,
    get_scorer,
    get_scorer_names,
    log_loss,
    make_scorer,
    top_k_accuracy_score,
)

from skmlp.constraints import is_real
from skmlp.errors import error_context, short_repr
from skmlp.estimators.calibration import best_temperature
from skmlp.estimators.targets.task import decoded
from skmlp.losses import PoissonDeviance, SquaredError
from skmlp.training.batches import READ_BY_ROWS
from skmlp.training.early_stopping import Measured

# What a classifier's score may be besides: minus the loss at the best temperature.
CALIBRATED = "calibrated_loss"
SCORING = (
    "None, 'loss', 'calibrated_loss' (of classifiers), the name of a scorer of "
    "scikit-learn, or a callable of estimator, X and y, that gives a number for the "
    "validation rows, with sample_weight where rows have weights"
)
# Scores that can be told the classes which the rows lack: the metric, and how.
_LOSS = {"greater_is_better": False, "response_method": "predict_proba"}
_PROBABILITY = {"response_method": "predict_proba"}
_RANK = {"response_method": ("decision_function", "predict_proba")}
TOLD = {
    "neg_log_loss": (log_loss, _LOSS),
    "neg_brier_score": (brier_score_loss, _LOSS),
    "d2_log_loss_score": (d2_log_loss_score, _PROBABILITY),
    "top_k_accuracy": (top_k_accuracy_score, _RANK),
}
REMEDY = (
    "hold out more rows (validation_fraction), give more rows of it, or stratify "
    "(early_stopping=EarlyStopping(stratify=True))"
)
# For others R2 would stop training early at the wrong model, such as a mean for a high
# quantile.
SCORED_BY_R2 = (SquaredError, PoissonDeviance)


def check_scoring_name(settings, *, is_regression) -> None:
    """A name must be one of scikit-learn's scorers, even where nothing is scored."""
    scoring = settings.scoring
    if scoring == CALIBRATED and not is_regression:
        return
    if isinstance(scoring, str) and scoring != "loss":
        try:
            get_scorer(scoring)
        except ValueError:  # which lists all names
            raise settings.invalid("scoring", f"be {SCORING}") from None


def scored_by_loss(settings, task, loss) -> bool:
    """Whether early stopping's score is minus the loss."""
    has_score = not task.is_regression or type(loss) in SCORED_BY_R2
    return settings.scoring == "loss" or (settings.scoring is None and not has_score)


def check_scored_rows(settings, task, loss, validation) -> None:
    """Early stopping can't monitor R2 on a single row, for which it is not defined."""
    if not (task.is_regression and settings.early_stopping.on_validation):
        return
    by_r2 = settings.scoring is None and not scored_by_loss(settings, task, loss)
    if by_r2 and len(validation.Y) < 2:
        what = "X_val" if validation.rows is None else "validation_fraction"
        raise ValueError(
            f"{settings.owner}: {what} must have 2 validation rows or more for R2, "
            "which early stopping monitors with scoring=None, got 1; scoring='loss' "
            "needs one."
        )


class Validation:
    """Measures parameters on the validation rows of a plan; losses in units of y."""

    def __init__(self, plan):
        self.plan, self.rows = plan, plan.scaling.held_out(plan.validation)
        settings = plan.settings
        self._by_loss = scored_by_loss(settings, plan.task, plan.loss)
        named = settings.scoring not in (None, "loss", CALIBRATED)
        self._scorer = Scorer(plan) if named else None

    def measure(self, params) -> Measured:
        """Score and loss, without penalty; the score is nan if outputs diverge."""
        network, unit = self.plan.network, self.plan.scaling.loss_unit
        raw = network.predict(network.views(params), self.rows.X)
        score = None if self._by_loss else self._score(params, raw)
        loss = self._mean_loss(raw)
        if score is None:
            return Measured(-loss * unit, loss * unit, -loss)
        return Measured(score, loss * unit, score)

    def _score(self, params, raw) -> float:
        if not np.isfinite(raw).all():
            return np.nan
        if self._scorer is not None:
            return self._scorer(params)
        task, rows = self.plan.task, self.rows
        if self.plan.settings.scoring == CALIBRATED:
            return -best_temperature(task.calibrating_loss(len(raw)), rows, raw)[1]
        return float(task.score(self.plan.loss, rows.Y, raw, rows.weight))

    def _mean_loss(self, raw) -> float:
        """The weighted mean; spends the raw outputs."""
        loss = self.plan.loss
        share = loss.reported_share(raw.shape[1])
        values = loss.value_and_gradient(self.rows.Y, raw)
        return share * float(np.average(values, weights=self.rows.weight))


class Scorer:
    """A scorer of scikit-learn, or a user's own, applied to parameters.

    It sees a copy of the estimator that can predict, and X and y as arrays in the units
    in which the user gave them; the weights too, if there are any.
    """

    def __init__(self, plan):
        self.plan, rows = plan, plan.validation
        self.X, self.y = rows.X, decoded(plan.task, rows.Y)
        self.weights, scoring = {}, plan.settings.scoring
        self._lacks = plan.task.lacks(rows.Y)
        if not isinstance(scoring, str) and isinstance(self.X, READ_BY_ROWS):
            self.X = self.X[:]  # a user's own function may do anything with it
        with error_context(plan.settings.owner, "scoring", SCORING, scoring):
            self._score = check_scoring(plan.template, scoring=scoring)
        if self._lacks and isinstance(scoring, str) and scoring in TOLD:
            metric, how = TOLD[scoring]
            labels = plan.task.attributes["classes_"]
            self._score = make_scorer(metric, labels=labels, **how)
        if rows.weight is not None and _takes_weights(self._score):
            self.weights = {"sample_weight": rows.weight}

    def __call__(self, params):
        model = copy.copy(self.plan.template)
        vars(model).update(self.plan.attributes(params.copy()))
        vars(model).pop("feature_names_in_", None)  # X is an array
        with self._complaints():
            score = self._score(model, self.X, self.y, **self.weights)
            if self._lacks and is_real(score) and np.isnan(score):
                raise ValueError("The score is nan.")
        if not is_real(score) or np.isnan(score):
            owner, scoring = self.plan.settings.owner, self.plan.settings.scoring
            raise ValueError(
                f"{owner}: scoring must be {SCORING}, got {short_repr(scoring)}, which "
                f"gives {short_repr(score)}."
            )
        return float(score)

    @contextmanager
    def _complaints(self):
        """Of rows that lack a class it is these rows that an error speaks of."""
        owner, scoring = self.plan.settings.owner, self.plan.settings.scoring
        try:
            yield
        except ValueError as error:
            if self._lacks:
                raise ValueError(f"{error}\n{owner}: {self._remedy()}") from error
            with error_context(owner, "scoring", SCORING, scoring):
                raise ValueError(f"{error}{_others(scoring)}") from error
        except (TypeError, OverflowError):
            with error_context(owner, "scoring", SCORING, scoring):
                raise

    def _remedy(self) -> str:
        plan, rows = self.plan, self.plan.validation
        own = rows.rows is None
        held = "rows of X_val" if own else "validation rows"
        remedy = "give other rows" if own else REMEDY
        return (
            f"scoring={short_repr(plan.settings.scoring)} cannot score the "
            f"{len(rows.Y)} {held}, which have {self._lacks}; {remedy}, or take a "
            "score that needs no row of it, such as scoring='loss'."
        )


def _others(scoring) -> str:
    """The scores for several classes that belong to a name, if there are any."""
    if not isinstance(scoring, str):
        return ""
    found = [name for name in get_scorer_names() if name.startswith(f"{scoring}_")]
    if not found:
        return ""
    return f"\nFor several classes there is scoring={' or '.join(map(repr, found))}."


def _takes_weights(score) -> bool:
    """Whether a scorer has a parameter for them.

    scikit-learn's all have, though the metric of some has none, which is an error then.
    """
    try:
        parameters = inspect.signature(score).parameters.values()
    except ValueError:  # functions that are not written in Python
        return False
    return any(p.name == "sample_weight" or p.kind == p.VAR_KEYWORD for p in parameters)
