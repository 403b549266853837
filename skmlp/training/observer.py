"""Observers of a training: what they are told of each epoch, and why training ends."""

from typing import Any, Literal, NamedTuple

Reason = Literal[
    "converged", "max_iter", "out_of_time", "callback", "interrupted", "diverged"
]


class Epoch(NamedTuple):
    """An epoch, or iteration, that has been trained.

    number : from 1 in each run.
    loss : its mean training loss with penalty, as it is reported.
    trained_loss : the same in the units in which training goes on.
    first_loss : the loss of its first batch, as it is reported.
    """

    number: int
    loss: float
    trained_loss: float
    first_loss: float


class Observer:
    """Base of what looks at each epoch of a run, and may end it.

    All that changes in an observer during training is in its `get_state`, by which runs
    go back to an earlier epoch, and on from a checkpoint.
    """

    def on_epoch_begin(self, run: Any) -> None:
        """Before the epoch's first update."""

    def on_epoch_end(self, run: Any, epoch: Epoch) -> Reason | None:
        """After the epoch's last update; returns why training should end, if it should.

        Every observer sees every epoch: ``run.reason`` is that of the observers before.
        """
        return None

    def on_divergence(self, run: Any, epoch: Epoch) -> Reason | None:
        """In place of `on_epoch_end`, where the loss or a parameter is not finite."""
        return None

    def get_state(self) -> dict[str, Any]:
        """Numbers, strings, arrays, and lists and dicts of them."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Be as when `get_state` was called."""
