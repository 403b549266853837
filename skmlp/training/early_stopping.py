"""What looks at each epoch: validation rows, patience, and the best epoch so far."""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from skmlp.training.history import History, Patience
from skmlp.training.verbose import Report

Array = NDArray[np.floating[Any]]


class Measured(NamedTuple):
    """What validation rows say of parameters.

    score : the larger the better, nan where there is none.
    loss : without penalty.
    merit : what patience looks at: the score, or minus the loss as training has it.
    """

    score: float
    loss: float
    merit: float


class Validation(Protocol):
    """What training asks of validation rows."""

    def measure(self, params: Array) -> Measured:
        """The score and the loss."""


class Hooks(Protocol):
    """What is told of each epoch, or iterate."""

    def begin(self, training: Any) -> None:
        """Before it."""

    def end(self, training: Any) -> bool:
        """After it; returns whether training should end."""


@dataclass
class Monitor:
    """Measures each epoch, for the history and for patience.

    With `validation`, its score and loss are recorded. If training `stops_early`,
    patience looks at that score and the best epoch's parameters are kept; else it looks
    at the training loss.

    keeps_last : whether of epochs with equally good scores the last one is kept.
    best : the best score, or minus the least loss, that patience has seen, in the units
        in which these are reported.
    best_epoch : counted over all fits of the model.
    has_best : whether an epoch of this fit beat the best score of the fits before.
    """

    patience: Patience
    history: History
    report: Report = field(default_factory=Report)
    validation: Validation | None = None
    stops_early: bool = False
    keeps_last: bool = False
    best: float = -math.inf
    best_epoch: int | None = None
    has_best: bool = False
    best_params: Array | None = None

    def start(self, params: Array) -> None:
        """Keep the parameters at the start, which divergence may go back to."""
        self.best_params = params.copy() if self.stops_early else None

    @property
    def is_over(self) -> bool:
        """Whether patience is."""
        return self.patience.is_over(self.history.n_updates)

    @property
    def plateau(self) -> str:
        """What to say when patience is over."""
        what = "Validation score" if self.stops_early else "Training loss"
        tol, n_epochs = self.patience.tol, self.patience.n_iter_no_change
        return (
            f"{what} did not improve more than tol={tol:f} for {n_epochs} consecutive "
            "epochs."
        )

    def measure(self, params: Array, loss: float, trained_loss: float) -> None:
        """Count the epoch that has that training loss; keep it if it is the best.

        trained_loss : the same in the units in which training goes on.
        """
        score, merit = -loss, -trained_loss
        if self.validation is not None:
            measured = self.validation.measure(params)
            self.history.amend(
                validation_score=measured.score, validation_loss=measured.loss
            )
            if self.stops_early:
                score, merit = measured.score, measured.merit
                self._say(score)
        if not self.patience.update(merit) and not self._ties(merit):
            return
        self.best = score
        if self.stops_early:
            self.best_params = params.copy()
            self.best_epoch = len(self.history.rows)
            self.has_best = True

    def _ties(self, merit: float) -> bool:
        return self.keeps_last and self.has_best and merit == self.patience.best

    def get_state(self) -> dict[str, Any]:
        """All that changes during training, as numbers and arrays."""
        names = ("best", "best_epoch", "has_best", "best_params")
        return {
            "own": {name: getattr(self, name) for name in names},
            "patience": vars(self.patience),
            "history": vars(self.history),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        vars(self).update(state["own"])
        vars(self.patience).update(state["patience"])
        if "history" in state:
            vars(self.history).update(state["history"])

    def measure_divergence(self) -> None:
        """Count an epoch without a score."""
        if self.stops_early:
            self.history.amend(validation_score=math.nan)
            self._say(math.nan)

    def _say(self, score: float) -> None:
        if self.history.validation_scores is not None:
            self.history.validation_scores.append(score)
            self.report.say(f"Validation score: {score:f}")

    def choose(self, params: Array, reason: str) -> bool:
        """With early stopping, set `params` to the best epoch's.

        Where no epoch of this fit beat the best score of the fits before, the last
        parameters stay, as in scikit-learn. Without any score, or after divergence, the
        parameters at the start come back; returns whether they did for lack of a score.
        """
        if self.best_params is None:
            return False
        never_scored = self.patience.best == -math.inf and reason != "interrupted"
        if self.has_best or never_scored or reason == "diverged":
            np.copyto(params, self.best_params)
        return never_scored and not self.has_best
