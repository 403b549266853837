"""Recovery: on divergence, restore the last good epoch and halve the learning rate."""

import copy
import math
from typing import Any

from skmlp.training.observer import Epoch, Observer, Reason

N_RECOVERIES = 3
# A loss so many times the least one has begun to explode: no epoch to go back to.
EXPLODED = 2.0


class Recovery(Observer):
    """Restores the last good epoch, up to `n_recoveries` times; then training ends.

    rate_factor : on the learning rate, halved each time.
    messages : a sentence for each time.
    """

    def __init__(self, n_recoveries: int = 0, rate_factor: float = 1.0) -> None:
        self.n_recoveries = n_recoveries
        self.rate_factor = rate_factor
        self.messages: list[str] = []
        self._last_good: dict[str, Any] | None = None
        self._least = math.inf  # loss so far

    def on_epoch_begin(self, run: Any) -> None:
        if self.n_recoveries and self._is_good(run.loss):
            self._last_good = self._state_of(run)

    def _is_good(self, loss: float) -> bool:
        """Whether the loss has not begun to explode."""
        if self._last_good is None:
            return True
        if not loss - self._least <= (EXPLODED - 1.0) * abs(self._least):
            return False
        self._least = min(self._least, loss)
        return True

    def _state_of(self, run: Any) -> dict[str, Any]:
        """A copy of all but the history, which only grows: its length will do."""
        state: dict[str, Any] = run.get_state()
        del state["history"], state["observers"][type(self).__name__]
        return copy.deepcopy(state) | {"mark": run.history.mark()}

    def on_epoch_end(self, run: Any, epoch: Epoch) -> None:
        if self._least == math.inf:
            self._least = epoch.first_loss

    def on_divergence(self, run: Any, epoch: Epoch) -> Reason | None:
        self.on_epoch_end(run, epoch)
        if self._last_good is None or len(self.messages) == self.n_recoveries:
            return "diverged"
        self.rate_factor /= 2
        rate = run.learning_rate_init * self.rate_factor
        self.messages.append(
            f"Diverged in epoch {epoch.number}; restarted from the last good epoch "
            f"with learning_rate_init={rate:g}."
        )
        good = copy.deepcopy(self._last_good)
        run.history.go_back(good.pop("mark"))
        run.set_state(good)
        return None

    def get_state(self) -> dict[str, Any]:
        return dict(vars(self))

    def set_state(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
