"""What validation rows say of an epoch: a score and the loss."""

import copy
import inspect

import numpy as np
from sklearn.base import is_regressor
from sklearn.metrics import check_scoring, get_scorer

from skmlp.constraints import is_real
from skmlp.estimators.targets.task import decoded
from skmlp.estimators.temperature import best_temperature
from skmlp.estimators.validation.parameters import naming, owner, shown
from skmlp.losses import PoissonDeviance, SquaredError
from skmlp.training.early_stopping import Measured

# For others R2 would stop training early at the wrong model, such as a mean for a high
# quantile.
SCORED_BY_R2 = (SquaredError, PoissonDeviance)
# What a classifier's score may be besides: minus the loss at the best temperature.
CALIBRATED = "calibrated_loss"
SCORING = (
    "None, 'loss', 'calibrated_loss' (of classifiers), the name of a scorer of "
    "scikit-learn, or a callable of estimator, X and y, that gives a number for the "
    "validation rows, with sample_weight where rows have weights"
)


def check_scoring_name(estimator) -> None:
    """A name must be one of scikit-learn's scorers, even where nothing is scored."""
    scoring = estimator.scoring
    if scoring == CALIBRATED and not is_regressor(estimator):
        return
    if isinstance(scoring, str) and scoring != "loss":
        try:
            get_scorer(scoring)
        except ValueError:  # which lists all names
            raise ValueError(
                f"{owner(estimator)}: scoring must be {SCORING}, got {scoring!r}."
            ) from None


def _has_default_score(estimator) -> bool:
    """Whether validation has a score besides the loss: accuracy, or R2."""
    if not is_regressor(estimator):
        return True
    return type(estimator._loss_component()) in SCORED_BY_R2


def scored_by_loss(estimator) -> bool:
    """Whether early stopping's score is minus the loss."""
    by_default = estimator.scoring is None and not _has_default_score(estimator)
    return by_default or estimator.scoring == "loss"


def refuse_one_row(estimator, held, what) -> None:
    """Early stopping can't watch R2 on a single row, for which it is not defined."""
    if not is_regressor(estimator) or not estimator.early_stopping:
        return
    by_r2 = estimator.scoring is None and not scored_by_loss(estimator)
    if by_r2 and len(held.Y) < 2:
        raise ValueError(
            f"{owner(estimator)}: {what} must have 2 validation rows or more for R2, "
            "which early stopping watches with scoring=None, got 1; scoring='loss' "
            "needs one."
        )


class Validation:
    """Measures parameters on the validation rows.

    Parameters
    ----------
    estimator : whose ``scoring`` says what the score is.
    fit : Fit
        With its validation rows; their loss is in units of y.
    """

    def __init__(self, estimator, fit):
        self.estimator, self.fit = estimator, fit
        self.network, self.loss = fit.network, fit.trained_loss
        self.rows = fit.scaling.held_out(fit.held)
        self._by_loss = scored_by_loss(estimator)
        named = estimator.scoring not in (None, "loss", CALIBRATED)
        self._scorer = Scorer(estimator, fit) if named else None

    def measure(self, params) -> Measured:
        """Score and loss, without penalty; the score is nan if outputs diverge."""
        raw = self.network.predict(self.network.views(params), self.rows.X)
        score = None if self._by_loss else self._score(params, raw)
        loss = self._mean_loss(raw)
        in_units = float(self.fit.scaling.in_units(loss))
        if score is None:
            merit = -float(np.sum(loss))
            return Measured(merit * self.fit.scaling.loss_unit, in_units, merit)
        return Measured(score, in_units, score)

    def _score(self, params, raw) -> float:
        if not np.isfinite(raw).all():
            return np.nan
        if self._scorer is not None:
            return self._scorer(params)
        if self.estimator.scoring == CALIBRATED:
            loss = self.estimator._task.calibrating_loss(len(raw))
            return -best_temperature(loss, self.rows, raw)[1]
        task, rows = self.estimator._task, self.rows
        return float(task.score(self.fit.loss, rows.Y, raw, rows.weight))

    def _mean_loss(self, raw):
        """The weighted mean, or one for each target; spends the raw outputs."""
        share = self.loss.reported_share(raw.shape[1])
        values = self.loss.value_and_gradient(self.rows.Y, raw)
        return share * np.average(values, axis=0, weights=self.rows.weight)


class Scorer:
    """A scorer of scikit-learn, or a user's own, applied to parameters.

    It sees a copy of the estimator that can predict, and X and y as arrays in the units
    in which the user gave them; the weights too, if there are any.
    """

    def __init__(self, estimator, fit):
        self.estimator, self.fit = estimator, fit
        self.X, self.y = fit.held.X, decoded(estimator._task, fit.held.Y)
        self.weights = {}
        with naming(estimator, "scoring", SCORING, estimator.scoring):
            self._score = check_scoring(estimator, scoring=estimator.scoring)
        if fit.held.weight is not None and _takes_weights(self._score):
            self.weights = {"sample_weight": fit.held.weight}

    def __call__(self, params):
        model = copy.copy(self.estimator)
        vars(model).pop("feature_names_in_", None)
        vars(model).update(self.fit.attributes(params.copy()))
        scoring = self.estimator.scoring
        with naming(model, "scoring", SCORING, scoring):
            score = self._score(model, self.X, self.y, **self.weights)
        if not is_real(score) or np.isnan(score):
            raise ValueError(
                f"{owner(model)}: scoring must be {SCORING}, got {shown(scoring)}, "
                f"which gives {shown(score)}."
            )
        return float(score)


def _takes_weights(score) -> bool:
    """Whether a scorer has a parameter for them.

    scikit-learn's all have, though the metric of some has none, which is an error then.
    """
    try:
        parameters = inspect.signature(score).parameters.values()
    except ValueError:  # functions that are not written in Python
        return False
    return any(p.name == "sample_weight" or p.kind == p.VAR_KEYWORD for p in parameters)
