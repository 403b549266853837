"""Base of the two kinds of training: observers of epochs, and the end of a run."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skmlp.network.objective import Objective
from skmlp.schedules import Clock
from skmlp.solvers import Frozen
from skmlp.training.batches import TrainingRows
from skmlp.training.early_stopping import Monitor, StopAtPlateau
from skmlp.training.history import History
from skmlp.training.observer import Epoch, Observer, Reason
from skmlp.training.verbose import Verbose

Array = NDArray[np.floating[Any]]


class Deadline(Observer):
    """Ends training when its clock's `max_seconds` are over."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def start(self) -> None:
        """Start the clock, after the seconds of the run that this one continues."""
        self._started = time.perf_counter() - self.clock.seconds

    def is_over(self) -> bool:
        self.clock.seconds = time.perf_counter() - self._started
        return self.clock.is_out_of_time

    def on_epoch_end(self, run: Any, epoch: Epoch) -> Reason | None:
        return "out_of_time" if self.is_over() else None


@dataclass(kw_only=True)
class Run:
    """A training of `params`, which hold the model at its end.

    history : of this model, over all its fits.
    monitor : measures each epoch, and keeps the best parameters for early stopping.
    hooks : an additional observer, such as one for callbacks, or None.
    frozen : parameters that are kept fixed.
    n_iter : epochs or iterations done.
    loss : the reported loss at the end.
    reason : why training ended; None before it has.
    refit_message, refit_reason : a sentence about the refit, and why it ended.
    restored_initial_params : whether the initial parameters were restored, for lack of
        a validation score.
    """

    has_learning_rate: ClassVar[bool] = False

    objective: Objective
    params: Array
    data: TrainingRows
    history: History
    monitor: Monitor
    frozen: Frozen
    at_plateau: StopAtPlateau = field(default_factory=StopAtPlateau)
    verbose: Verbose = field(default_factory=Verbose)
    max_seconds: float = math.inf
    hooks: Observer | None = None
    n_iter: int = 0
    loss: float = math.nan
    reason: Reason | None = None
    refit_message: str = ""
    refit_reason: Reason | None = None
    restored_initial_params: bool = False

    def run(self, max_iter: int) -> Reason:
        """Train for up to max_iter epochs or iterations; returns why training ended.

        An interrupt keeps the current parameters; before the first update it is raised.
        """
        self.reason = None
        self._begin(max_iter)
        try:
            with np.errstate(all="ignore"):  # divergence is found at an epoch's end
                self._train()
        except KeyboardInterrupt:
            if not self._has_updated():
                self._finish()
                raise
            self.reason = "interrupted"
        self._settle()
        if not self._is_finite():
            self.reason = "diverged"
        self._finish()
        reason: Reason = self.reason or "max_iter"
        self.restored_initial_params = self.monitor.choose(self.params, reason)
        return reason

    def _begin(self, max_iter: int) -> None:
        self.monitor.start(self.params)
        self.observers = [one for one in self._observers() if one is not None]

    def _observers(self) -> Iterator[Observer | None]:
        """In the order in which they see an epoch's end."""
        raise NotImplementedError

    def _train(self) -> None:
        """Train until there is a reason to end."""
        raise NotImplementedError

    def _has_updated(self) -> bool:
        raise NotImplementedError

    def _settle(self) -> None:
        """Complete the parameters and the loss."""

    def _is_finite(self) -> bool:
        return bool(np.isfinite(self.params).all())

    def _finish(self) -> None:
        """Make `params` those of the model."""

    def _begin_epoch(self) -> None:
        for observer in self.observers:
            observer.on_epoch_begin(self)

    def _end_epoch(self, epoch: Epoch, *, diverged: bool = False) -> None:
        """Tell all observers; the first reason to end is the one that counts."""
        for observer in self.observers:
            tell = observer.on_divergence if diverged else observer.on_epoch_end
            reason = tell(self, epoch)
            self.reason = self.reason or reason

    def take_over(self, other: Any) -> None:
        """Take the results of another training of the same network."""
        self.params[...] = other.params
        self.loss = other.loss
        self.history.n_updates = other.history.n_updates
        self.history.n_samples = other.history.n_samples

    @property
    def keeps_best(self) -> bool:
        """Whether the best parameters are kept in case of divergence."""
        return self.monitor.stops_early

    @property
    def n_rows_at_once(self) -> int:
        return self.objective.n_rows_at_once

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next update; nan for a solver without one."""
        return math.nan

    @property
    def rate_factor(self) -> float:
        """The factor on the learning rate that divergence has left."""
        return 1.0

    @property
    def ends_as_planned(self) -> bool:
        """Whether the last epoch is the planned end of a schedule."""
        return False

    @property
    def stop_sentence(self) -> str:
        """Why training converged, or an empty string."""
        return self.monitor.plateau if self.reason == "converged" else ""

    @property
    def recoveries(self) -> list[str]:
        """A sentence for each restart after divergence."""
        return []

    def model(self) -> Array:
        """The parameters of the model after the last epoch or iterate."""
        return self.params
