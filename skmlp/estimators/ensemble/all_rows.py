"""Members that train on all rows, for as many epochs as were best for others.

The others, the first of each configuration, hold out rows to validate on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skmlp.estimators.fitting.plan import Course


@dataclass(frozen=True)
class Scores:
    """What the epochs of a training came to on its validation rows.

    by_epoch : (n_epochs,); larger is better, nan where there is none.
    batch_size : rows of its mini-batches.
    n_planned : epochs by which its schedules planned.
    cycle_ends : shares of these after which a cycle of the learning rate ended.
    plateaus : epochs in which patience ran out and training went on.
    """

    by_epoch: NDArray[np.float64]
    batch_size: int
    n_planned: int
    cycle_ends: Sequence[float]
    plateaus: Sequence[int]


def scores_of(outcome):
    """The scores of an outcome's training; None without validation rows."""
    plan, training = outcome.plan, outcome.training
    scores = training.history.as_arrays().get("validation_score")
    if plan.validation is None or scores is None:
        return None
    ends, plateaus = plan.settings.schedule.cycle_ends, training.at_plateau.epochs
    return Scores(scores, plan.batch_size, plan.n_epochs, ends, tuple(plateaus))


def course_of(found) -> Course | None:
    """The course with the best mean score, or None where there is no score.

    A training that ended before others counts with its last score after that.

    found : scores of trainings, or Nones.
    """
    known = [one for one in found if one is not None and len(one.by_epoch)]
    if not known:
        return None
    n_epochs = max(len(scores.by_epoch) for scores in known)
    mean = np.mean([_extended(one.by_epoch, n_epochs) for one in known], axis=0)
    first = known[0]
    epochs = _epochs(first, n_epochs)
    best = epochs[np.argmax(np.nan_to_num(mean[epochs - 1], nan=-np.inf))]
    plateaus = tuple(first.plateaus)
    return Course(first.batch_size, first.n_planned, int(best), plateaus)


def _extended(curve, n_epochs):
    return np.pad(curve, (0, n_epochs - len(curve)), mode="edge")


def _epochs(scores, n_epochs):
    """Numbers of epochs to choose from: ends of cycles, or all."""
    ends = [max(1, round(share * scores.n_planned)) for share in scores.cycle_ends]
    reached = np.unique([end for end in ends if end <= n_epochs])
    return reached if reached.size else np.arange(1, n_epochs + 1)


def n_validated(settings, targets, request) -> int:
    """How many members, the first ones, train with validation rows if any do."""
    ensemble, n_asked = settings.ensemble, settings.ensemble.n_validated
    own = request.validation[0] is not None or targets.held is not None
    draws = ensemble.by == "seeds" and settings.holds_out and not own
    if n_asked is None or not draws or request.incremental:
        return settings.n_members
    return min(max(n_asked, ensemble.n_configurations), settings.n_members)
