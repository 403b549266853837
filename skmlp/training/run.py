"""What every training has, whichever way it goes, and what it leaves behind."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp.network.objective import Objective
from skmlp.training.batches import TrainingRows
from skmlp.training.early_stopping import Hooks, Monitor
from skmlp.training.history import History, Reason
from skmlp.training.verbose import Report

Array = NDArray[np.floating[Any]]


class Frozen:
    """Parts of the parameters that training leaves as they are."""

    def __init__(self, parts: list[slice], params: Array) -> None:
        self._parts = [(part, params[part].copy()) for part in parts]

    def __bool__(self) -> bool:
        return bool(self._parts)

    def silence(self, grad: Array) -> None:
        """Make their gradient 0."""
        for part, _ in self._parts:
            grad[part] = 0.0

    def restore(self, params: Array) -> None:
        """To the bit, against decay, momentum, and sums that lose the sign of -0."""
        for part, values in self._parts:
            params[part] = values


@dataclass(kw_only=True)
class Run:
    """A training of `params`, which hold the model at its end.

    The first `n_frozen` layers stay as they are. `hooks` are told of each epoch, or
    iterate.

    n_iter : epochs or iterations done.
    loss : the reported loss at the end.
    ended, stop_reason : why training ended, as a word and as a sentence, if it has one.
    plateaus : the epochs in which patience ran out without ending training.
    recoveries : a sentence for each time that training went back after divergence.
    refitted, refit_ended : what to say of a second training, and why it ended.
    kept_start : whether the parameters at the end are those of the start.
    """

    objective: Objective
    params: Array
    data: TrainingRows
    monitor: Monitor
    max_seconds: float = math.inf
    n_frozen: int = 0
    hooks: Hooks | None = None
    n_iter: int = 0
    loss: float = math.nan
    ended: Reason | None = None
    stop_reason: str = ""
    plateaus: list[int] = field(default_factory=list)
    recoveries: list[str] = field(default_factory=list)
    refitted: str = ""
    refit_ended: Reason | None = None
    kept_start: bool = False

    def _start_up(self) -> None:
        self.monitor.start(self.params)
        n_frozen = self.n_frozen
        parts = self.objective.network.first(n_frozen) if n_frozen else []
        self._frozen = Frozen(parts, self.params)

    def begin_as(self, other: "Run") -> None:
        """Begin where another training of the same network was at its end."""

    def take_over(self, other: "Run") -> None:
        """End where another training of the same network did."""
        self.params[...] = other.params
        self.loss = other.loss
        self.history.n_updates = other.history.n_updates
        self.history.n_samples = other.history.n_samples

    @property
    def keeps_best(self) -> bool:
        """Whether divergence leaves parameters to go back to."""
        return self.monitor.stops_early

    @property
    def n_rows_at_once(self) -> int:
        return self.objective.n_rows_at_once

    @property
    def history(self) -> History:
        return self.monitor.history

    @property
    def report(self) -> Report:
        return self.monitor.report

    def model(self) -> Array:
        """The parameters of the model after the last epoch or iterate."""
        raise NotImplementedError
