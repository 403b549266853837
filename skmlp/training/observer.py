"""Observers of a training: their events, and the reasons for which training ends."""

from typing import Any, Literal, NamedTuple

Reason = Literal[
    "converged",
    "no_better_cycle",
    "max_iter",
    "out_of_time",
    "callback",
    "interrupted",
    "diverged",
]


class Epoch(NamedTuple):
    """An epoch, or iteration, that has been trained.

    number : from 1 in each run.
    loss : its mean training loss with penalty, as it is reported.
    trained_loss : the same in training units.
    first_loss : the loss of its first batch, as it is reported.
    """

    number: int
    loss: float
    trained_loss: float
    first_loss: float


class Observer:
    """Base of the observers of epochs, which may end training.

    All state that changes during training is in `get_state`, for recovery and
    checkpoints.
    """

    def on_epoch_begin(self, run: Any) -> None:
        """Before the epoch's first update."""

    def on_epoch_end(self, run: Any, epoch: Epoch) -> Reason | None:
        """After the epoch's last update; may return a reason to end training.

        Every observer sees every epoch; ``run.reason`` is that of previous observers.
        """
        return None

    def on_divergence(self, run: Any, epoch: Epoch) -> Reason | None:
        """Called instead of `on_epoch_end` if the loss or a parameter is not finite."""
        return None

    def get_state(self) -> dict[str, Any]:
        """Numbers, strings, arrays, and lists and dicts of them."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the state of a `get_state`."""
