"""Weights of configurations, by greedy selection on rows that they did not train on."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skmlp.errors import invalid
from skmlp.estimators.calibration import best_temperature
from skmlp.estimators.fitting.data import ValidationRows
from skmlp.estimators.fitting.scoring import CALIBRATED, scorer_of
from skmlp.estimators.fitting.state import State
from skmlp.training.batches import ChosenRows, TrainingRows

N_STEPS = 25
PATIENCE = 10  # steps without a better score, after which more change little
N_VALUES = 100_000  # rows by outputs of which scores are known well enough
SAME = 1e-6  # relative difference up to which scores are a tie


def check_selection(settings, request) -> None:
    """Raise a ValueError where there is nothing to select, or no rows to do it on."""
    ensemble = settings.ensemble
    if ensemble.weights == "equal":
        return
    where = ""
    if ensemble.configurations is None:
        where = "without configurations, which are what is weighted"
    elif request.incremental:
        where = "for partial_fit"
    elif ensemble.by == "seeds" and request.validation[0] is None:
        where = (
            "with members by seeds unless X_val is passed, since each has validation "
            "rows of its own (Ensemble(by='folds') has them for all)"
        )
    if where:
        expected = f"be 'equal' {where}"
        raise invalid(settings.owner, "ensemble__weights", expected, ensemble.weights)


def check_link(settings, task, loss, n_outputs) -> None:
    """Raise a ValueError if the loss of a mean prediction can't be computed."""
    by_loss = settings.scoring in (None, "loss")
    if settings.ensemble.weights == "equal" or not (by_loss and task.is_regression):
        return
    raw = np.repeat(np.linspace(-1.0, 1.0, 5)[:, np.newaxis], n_outputs, axis=1)
    mean = loss.inverse_link(raw)
    if not np.allclose(loss.inverse_link(loss.link(mean.copy())), mean):
        expected = (
            "have a method link, the inverse of inverse_link, with weights='greedy' "
            "unless scoring is set"
        )
        raise settings.invalid("loss", expected)


def select(settings, targets, loss, rows, outputs):
    """The weight of each configuration, and the score of each alone.

    rows : validation rows, with X.
    outputs : list of each configuration's output for them.
    """
    n_rows = N_VALUES // rows.Y.shape[1] + 1
    kept = TrainingRows(rows.X, rows.Y, rows.weight).sample(n_rows)
    weight = None if rows.weight is None else rows.weight[kept]
    Y = np.asfortranarray(rows.Y[kept], np.float64)
    chosen = replace(rows, X=ChosenRows(rows.X, kept), Y=Y, weight=weight)
    outputs = np.stack([output[kept] for output in outputs])
    score = MeanScore(settings, targets.task, loss, targets.template, chosen, outputs)
    n = len(outputs)
    return greedy_weights(score, n), np.array([score(alone) for alone in np.eye(n)])


@dataclass
class MeanScore:
    """The score of a weighted mean of configurations; losses are negated.

    loss : of the members, which is the score where `scoring` is None.
    rows : validation rows, with Y in float64.
    outputs : (n_configurations, n_rows, ...).
    """

    settings: Any
    task: Any
    loss: Any
    template: Any
    rows: ValidationRows
    outputs: Any

    def __post_init__(self):
        parts = self.settings, self.task, self.template, self.rows
        self._scorer = scorer_of(*parts)

    def __call__(self, weights) -> float:
        with np.errstate(all="ignore"):  # of outputs far out
            output = self.task.mean_output(self.outputs, weights)
            if not np.isfinite(output).all():
                return -math.inf
            score = self._score(output)
        return -math.inf if np.isnan(score) else score

    def _score(self, output) -> float:
        if self._scorer is not None:
            return self._scorer(self._fitted(output))
        # of float64, and a copy, since losses overwrite it
        raw = self.task.raw_of(self.loss, output).astype(np.float64, order="F")
        if self.settings.scoring == CALIBRATED:
            loss = self.task.calibrating_loss(len(raw))
            return -best_temperature(loss, self.rows, raw)[1]
        share = self.loss.reported_share(raw.shape[1])
        values = self.loss.value_and_gradient(self.rows.Y, raw)
        return -share * float(np.average(values, weights=self.rows.weight))

    def _fitted(self, output):
        """Attributes of an estimator that has this output for the rows."""

        def known(X):
            if np.shape(X)[0] != len(output):
                raise ValueError(
                    "With weights='greedy' a score may predict the validation rows "
                    "only, all at once."
                )
            return output

        state = State(self.task, self.loss)
        return {**self.task.attributes, "_state": state, "_output": known}


def greedy_weights(score, n):
    """The weights (n,) of greedy selection with replacement from none.

    Caruana, Niculescu-Mizil, Crew and Ksikes, Ensemble selection from libraries of
    models, 2004, sections 2.1 and 2.2. Equal weights if none are better.

    score : function of weights (n,) that sum to 1; greater is better.
    """
    equal, counts = np.full(n, 1.0 / n), np.zeros(n)
    best, best_score, n_without = equal, -math.inf, 0
    for n_chosen in range(1, N_STEPS + 1):
        counts, found = _with_best_addition(score, counts)
        n_without += 1
        if _is_better(found, best_score):
            best, best_score, n_without = counts / n_chosen, found, 0
        if n_without == PATIENCE:
            break
    return best if _is_better(best_score, score(equal)) else equal


def _with_best_addition(score, counts):
    """The counts with the best of them one more, and their score.

    A tie goes to the one taken least often, then to the first.
    """
    best, best_score = None, -math.inf
    for i in np.argsort(counts, kind="stable"):
        more = counts.copy()
        more[i] += 1
        found = score(more / more.sum())
        if best is None or _is_better(found, best_score):
            best, best_score = more, found
    return best, best_score


def _is_better(score, than) -> bool:
    return score > than and not math.isclose(score, than, rel_tol=SAME)
