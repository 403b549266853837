"""Members that train on all rows, for as many epochs as were best for others.

The others, the first of each configuration, hold out rows to validate on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skmlp.estimators.fitting.plan import Course
from skmlp.estimators.fitting.refit import course_of


@dataclass(frozen=True)
class Scores:
    """What the epochs of a training came to on its validation rows.

    by_epoch : (n_epochs,); larger is better, nan where training diverged.
    cycle_ends : shares of the planned epochs after which a cycle of the learning rate
        ended.
    course : of the whole training.
    """

    by_epoch: NDArray[np.float64]
    cycle_ends: Sequence[float]
    course: Course


def scores_of(outcome):
    """The scores of an outcome's training.

    None without validation rows, and where time ran out, by which schedules then went.
    """
    plan, training = outcome.plan, outcome.training
    scores = training.history.as_arrays().get("validation_score")
    if plan.validation is None or scores is None or training.reason == "out_of_time":
        return None
    settings, course = plan.settings, course_of(plan, training, training.n_iter)
    ends = settings.schedule.cycle_ends if settings.is_stochastic else []
    return Scores(scores[-training.n_iter :], ends, course)


def best_course(found) -> Course | None:
    """The course with the best mean score; None where a training has no scores.

    One that ended before others counts with its last score after that, and one that
    diverged not at all.
    """
    if any(scores is None for scores in found):
        return None
    known = [one for one in found if np.isfinite(one.by_epoch[-1:]).any()]
    if not known:
        return None
    longest = max(known, key=lambda scores: len(scores.by_epoch))
    n_epochs = len(longest.by_epoch)
    mean = np.mean([_extended(one.by_epoch, n_epochs) for one in known], axis=0)
    epochs = _epochs(longest, n_epochs)
    best = epochs[np.argmax(np.nan_to_num(mean[epochs - 1], nan=-np.inf))]
    return replace(longest.course, n_epochs=int(best))


def _extended(curve, n_epochs):
    return np.pad(curve, (0, n_epochs - len(curve)), mode="edge")


def _epochs(scores, n_epochs):
    """Numbers of epochs to choose from: ends of cycles, or all."""
    n_planned = scores.course.n_planned
    ends = [max(1, round(share * n_planned)) for share in scores.cycle_ends]
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
