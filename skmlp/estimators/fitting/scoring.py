"""Validation metrics of an epoch: the score and the loss."""

import copy
import inspect
from contextlib import contextmanager

import numpy as np
from sklearn import metrics
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
from skmlp.spelling import did_you_mean
from skmlp.training.batches import READ_BY_ROWS
from skmlp.training.early_stopping import Measured

# What a classifier's score may be besides: minus the loss at the best temperature.
CALIBRATED = "calibrated_loss"
SCORING = (
    "None, 'loss', 'calibrated_loss' (classifiers only), the name of a scikit-learn "
    "scorer, or a callable of estimator, X and y (and sample_weight, if it has that "
    "parameter) that returns a number for the validation rows"
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
if hasattr(metrics, "d2_brier_score"):  # scikit-learn before 1.8
    TOLD["d2_brier_score"] = metrics.d2_brier_score, _PROBABILITY
# In errors of scores that are for other kinds of targets, whatever the rows have.
UNSUITED = ("average=", "pos_label=", "multi_class")
REMEDY = "give more rows of it, hold out more rows by a larger validation_fraction"
# For others R2 would stop training early at the wrong model, such as a mean for a high
# quantile.
SCORED_BY_R2 = (SquaredError, PoissonDeviance)


def check_scoring_name(settings, *, is_regression) -> None:
    """Refuse unknown names of scorers, even if nothing will be scored."""
    scoring = settings.scoring
    if scoring == CALIBRATED and not is_regression:
        return
    if isinstance(scoring, str) and scoring != "loss":
        try:
            get_scorer(scoring)
        except ValueError:  # which lists all names
            names = ["loss", *get_scorer_names()]
            hint = did_you_mean("scoring", scoring, names)
            raise settings.invalid("scoring", f"be {SCORING}", hint) from None


def scored_by_loss(settings, task, loss) -> bool:
    """Whether the score of early stopping is the negative loss."""
    has_score = not task.is_regression or type(loss) in SCORED_BY_R2
    return settings.scoring == "loss" or (settings.scoring is None and not has_score)


def check_scored_rows(settings, task, loss, validation) -> None:
    """Refuse a single validation row for R2, which is undefined there."""
    if not (task.is_regression and settings.early_stopping.on_validation):
        return
    by_r2 = settings.scoring is None and not scored_by_loss(settings, task, loss)
    if by_r2 and len(validation.Y) < 2:
        what = "X_val" if validation.rows is None else "validation_fraction"
        raise ValueError(
            f"{settings.owner}: {what} must give at least 2 validation rows for R2, "
            "which early stopping monitors with scoring=None, got 1; scoring='loss' "
            "needs only one."
        )


class Validation:
    """Measures parameters on the validation rows of a plan; losses in units of y."""

    def __init__(self, plan):
        self.plan, self.rows = plan, plan.scaling.held_out(plan.validation)
        settings = plan.settings
        self._by_loss = scored_by_loss(settings, plan.task, plan.loss)
        self._scorer = scorer_of(settings, plan.task, plan.template, plan.validation)

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
            return self._scorer(self.plan.attributes(params.copy()))
        task, rows = self.plan.task, self.rows
        if self.plan.settings.scoring == CALIBRATED:
            return -best_temperature(task.calibrating_loss(len(raw)), rows, raw)[1]
        return float(task.score(self.plan.loss, rows.Y, raw, rows.weight))

    def _mean_loss(self, raw) -> float:
        """The weighted mean loss; overwrites the raw outputs."""
        loss = self.plan.loss
        share = loss.reported_share(raw.shape[1])
        values = loss.value_and_gradient(self.rows.Y, raw)
        return share * float(np.average(values, weights=self.rows.weight))


def scorer_of(settings, task, template, rows):
    """The scorer of validation rows that `scoring` asks for; None for a loss or none.

    template : an estimator with the features of X.
    """
    if settings.scoring in (None, "loss", CALIBRATED):
        return None
    return Scorer(settings, task, template, rows)


class Scorer:
    """A scorer of scikit-learn, or a user's own, applied to fitted attributes.

    It sees a copy of the estimator that can predict, and X and y as arrays in the units
    in which the user gave them; the weights too, if there are any.
    """

    def __init__(self, settings, task, template, rows):
        self.settings, self.template, self.rows = settings, template, rows
        self.X, self.y = rows.X, decoded(task, rows.Y)
        self.weights, scoring = {}, settings.scoring
        self._lacks = task.lacks(rows.Y)
        if not isinstance(scoring, str) and isinstance(self.X, READ_BY_ROWS):
            self.X = self.X[:]  # a user's own function may do anything with it
        with error_context(settings.owner, "scoring", SCORING, scoring):
            self._score = check_scoring(template, scoring=scoring)
        if self._lacks and isinstance(scoring, str) and scoring in TOLD:
            self._score = _told(scoring, task.attributes["classes_"])
        if rows.weight is not None and _takes_weights(self._score):
            self.weights = {"sample_weight": rows.weight}

    def __call__(self, attributes):
        model = copy.copy(self.template)
        vars(model).update(attributes)
        vars(model).pop("feature_names_in_", None)  # X is an array
        with self._complaints():
            score = self._score(model, self.X, self.y, **self.weights)
            if self._lacks and is_real(score) and not np.isfinite(score):
                raise ValueError(f"The score is {score}.")
        if not is_real(score) or np.isnan(score):
            owner, scoring = self.settings.owner, self.settings.scoring
            raise ValueError(
                f"{owner}: scoring must be {SCORING}, got {short_repr(scoring)}, which "
                f"returned {short_repr(score)}."
            )
        return float(score)

    @contextmanager
    def _complaints(self):
        """Of rows that lack a class it is these rows that an error speaks of."""
        owner, scoring = self.settings.owner, self.settings.scoring
        try:
            yield
        except ValueError as error:
            unsuited = any(word in str(error) for word in UNSUITED)
            if self._lacks and not unsuited:
                raise ValueError(f"{error}\n{owner}: {self._remedy()}") from error
            with error_context(owner, "scoring", SCORING, scoring):
                raise ValueError(f"{error}{_others(scoring)}") from error
        except (TypeError, OverflowError):
            with error_context(owner, "scoring", SCORING, scoring):
                raise

    def _remedy(self) -> str:
        settings, rows = self.settings, self.rows
        own = rows.rows is None
        held = "rows of X_val" if own else "validation rows"
        remedy = "give other rows" if own else REMEDY
        if settings.early_stopping.stratify is False:
            remedy += ", stratify them by early_stopping=EarlyStopping(stratify=True)"
        return (
            f"scoring={short_repr(settings.scoring)} cannot score the "
            f"{len(rows.Y)} {held}, which have {self._lacks}; {remedy}, or take a "
            "score that needs no row of it, such as scoring='loss'."
        )


def _told(scoring, labels):
    """The scorer of that name, told of all classes."""
    metric, how = TOLD[scoring]
    if "brier" in scoring and len(labels) == 2:
        how = {**how, "pos_label": labels[1]}
    return make_scorer(metric, labels=labels, **how)


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
