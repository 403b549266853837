"""Early stopping: validation metrics, patience, and the weights of the best epoch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from skmlp.training.observer import Epoch, Observer, Reason

Array = NDArray[np.floating[Any]]


class Measured(NamedTuple):
    """Validation metrics of parameters.

    score : larger is better; nan if undefined.
    loss : without penalty.
    monitored : the value for patience: the score, or minus the loss in training units.
    """

    score: float
    loss: float
    monitored: float


class Validation(Protocol):
    """Measures parameters on validation rows."""

    def measure(self, params: Array) -> Measured:
        """The score and the loss."""


@dataclass
class Patience:
    """Counts consecutive epochs in which a value did not improve by more than `tol`.

    The value grows when training goes well: a score, or minus the loss. If `relative`,
    `tol` is a share of the best value. Before `min_updates` updates of the model
    patience is never over.
    """

    tol: float
    n_iter_no_change: float
    best: float = -math.inf
    n_without_improvement: int = 0
    relative: bool = False
    min_updates: int = 0

    def update(self, value: float) -> bool:
        """Count the epoch; returns whether its value is the best so far."""
        if self._improves(value):
            self.n_without_improvement = 0
        else:
            self.n_without_improvement += 1
        is_best = value > self.best
        if is_best:
            self.best = value
        return is_best

    def _improves(self, value: float) -> bool:
        if not (self.relative and math.isfinite(self.best)):
            return value >= self.best + self.tol
        margin = self.tol * abs(self.best)
        # of a best of 0 there is no share that would have to be reached
        return value >= self.best + margin if margin else value > self.best

    def is_over(self, n_updates: int) -> bool:
        # one more than asked for, as scikit-learn counts
        spent = self.n_without_improvement > self.n_iter_no_change
        return spent and n_updates >= self.min_updates


@dataclass
class Replay(Patience):
    """Patience that runs out in the same epochs as in another training."""

    tol: float = 0.0
    n_iter_no_change: float = math.inf
    epochs: Sequence[int] = ()
    n_epochs: int = 0

    def update(self, value: float) -> bool:
        self.n_epochs += 1
        return super().update(value)

    def is_over(self, n_updates: int) -> bool:
        return self.n_epochs in self.epochs


@dataclass
class Best:
    """The best epoch so far, over all fits of the model.

    score : the best score, or minus the least loss, as these are reported.
    epoch : its number, counted over all fits; None if early stopping had none.
    is_new : whether it is an epoch of this fit.
    params : its parameters, with early stopping; those at the start until it is new.
    """

    score: float = -math.inf
    epoch: int | None = None
    is_new: bool = False
    params: Array | None = None


@dataclass
class Monitor(Observer):
    """Measures each epoch, for the history and for patience.

    With `validation`, its score and loss are recorded. If training `stops_early`,
    patience looks at that score and the best epoch's parameters are kept; else it looks
    at the training loss.

    keeps_last : whether of epochs with equally good scores the last one is kept.
    """

    patience: Patience
    validation: Validation | None = None
    stops_early: bool = False
    keeps_last: bool = False
    best: Best = field(default_factory=Best)

    def start(self, params: Array) -> None:
        """Keep the initial parameters, in case training diverges."""
        self.best.params = params.copy() if self.stops_early else None

    @property
    def plateau(self) -> str:
        """The message when patience runs out."""
        what = "Validation score" if self.stops_early else "Training loss"
        tol, n_epochs = self.patience.tol, self.patience.n_iter_no_change
        return (
            f"{what} did not improve more than tol={tol:f} for {n_epochs} consecutive "
            "epochs."
        )

    def on_epoch_end(self, run: Any, epoch: Epoch) -> None:
        score, monitored, params = -epoch.loss, -epoch.trained_loss, run.params
        if self.validation is not None:
            params = run.model()
            measured = self.validation.measure(params)
            run.history.amend(
                validation_score=measured.score, validation_loss=measured.loss
            )
            if self.stops_early:
                score, monitored = measured.score, measured.monitored
                run.history.add_score(score)
        if self.patience.update(monitored) or self._ties(monitored):
            self._keep(score, params, len(run.history.rows))

    def on_divergence(self, run: Any, epoch: Epoch) -> None:
        """Record that the epoch has no score, unless training restarted before it."""
        if self.stops_early and run.reason is not None:
            run.history.amend(validation_score=math.nan)
            run.history.add_score(math.nan)

    def _ties(self, monitored: float) -> bool:
        return self.keeps_last and self.best.is_new and monitored == self.patience.best

    def _keep(self, score: float, params: Array, epoch: int) -> None:
        self.best.score = score
        if self.stops_early:
            self.best = Best(score, epoch, True, params.copy())

    def get_state(self) -> dict[str, Any]:
        return {"best": vars(self.best), "patience": vars(self.patience)}

    def set_state(self, state: dict[str, Any]) -> None:
        vars(self.best).update(state["best"])
        vars(self.patience).update(state["patience"])

    def choose(self, params: Array, reason: Reason) -> bool:
        """With early stopping, set `params` to the best epoch's.

        If no epoch of this fit improved on the best score of previous fits, the last
        parameters stay, as in scikit-learn. Without any score, or after divergence, the
        initial parameters are restored; returns whether that was for lack of a score.
        """
        best = self.best
        if best.params is None:
            return False
        never_scored = self.patience.best == -math.inf and reason != "interrupted"
        if best.is_new or never_scored or reason == "diverged":
            np.copyto(params, best.params)
        return never_scored and not best.is_new


class StopAtPlateau(Observer):
    """Ends training when patience runs out.

    epochs : those in which patience ran out and training continued.
    """

    def __init__(self) -> None:
        self.epochs: list[int] = []

    def on_epoch_end(self, run: Any, epoch: Epoch) -> Reason | None:
        over = run.monitor.patience.is_over(run.history.n_updates)
        return self._at_plateau(run) if over and run.reason is None else None

    def _at_plateau(self, run: Any) -> Reason | None:
        return "converged"


class SchedulePlateaus(StopAtPlateau):
    """When patience runs out, tells the learning-rate schedule, or ends training."""

    def _at_plateau(self, run: Any) -> Reason | None:
        message, schedule = run.monitor.plateau, run.schedules.learning_rate
        if schedule.ends_at_plateau(run.clock, run.learning_rate):
            run.verbose.say(f"{message} {schedule.stop_message}")
            return "converged"
        run.clock.n_plateaus += 1
        self.epochs.append(run.n_iter)
        run.monitor.patience.n_without_improvement = 0
        run.verbose.say(f"{message} Setting learning rate to {run.learning_rate:f}")
        return None

    def get_state(self) -> dict[str, Any]:
        return {"epochs": self.epochs}

    def set_state(self, state: dict[str, Any]) -> None:
        self.epochs = state["epochs"]


class StopAfterCycles(Observer):
    """Ends training where the schedule expects no better epoch than the best.

    begin, best : progress at the beginning of the epoch, and in the middle of the best.
    """

    def __init__(self) -> None:
        self.begin = self.best = 0.0

    def on_epoch_begin(self, run: Any) -> None:
        self.begin = run.clock.progress

    def on_epoch_end(self, run: Any, epoch: Epoch) -> Reason | None:
        best, progress = run.monitor.best, run.clock.progress
        if not best.is_new:  # without early stopping, too
            return None
        if best.epoch == len(run.history.rows):
            self.best = 0.5 * (self.begin + progress)
        over = run.schedules.learning_rate.ends_without_better(self.best, progress)
        return "no_better_cycle" if over else None

    def get_state(self) -> dict[str, Any]:
        return {"best": self.best}

    def set_state(self, state: dict[str, Any]) -> None:
        self.best = state["best"]
