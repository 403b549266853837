"""What training prints: each epoch as scikit-learn does, or every k-th in a line."""

import math
from dataclasses import dataclass

from skmlp.training.history import History

# What a line adds to the loss, in this order, where the epoch has a number for it.
ADDED = {
    "validation_loss": "validation loss = {:.8f}",
    "validation_score": "validation score = {:.6f}",
    "learning_rate": "learning rate = {:.6g}",
    "seconds": "{:.3g} s",
}


@dataclass
class Report:
    """Prints nothing at level 0, at level 1 what scikit-learn prints.

    At level k >= 2 it prints the first, every k-th and the last epoch, with all that
    is known of it.
    """

    level: int = 0
    _pending: str = ""

    def say(self, message: str) -> None:
        """Print a sentence of scikit-learn's."""
        if self.level == 1:
            print(message)

    def iteration(self, n_iter: int, loss: float) -> None:
        """Say the loss of an epoch or iteration as scikit-learn does."""
        self.say(f"Iteration {n_iter}, loss = {loss:.8f}")

    def epoch(self, n_iter: int, loss: float, history: History) -> None:
        """Say all of an epoch, once it has been measured."""
        if self.level < 2:
            return
        values = {name: history.last(name) for name in ADDED}
        parts = [f"Iteration {n_iter}, loss = {loss:.8f}"]
        parts += [ADDED[n].format(v) for n, v in values.items() if not math.isnan(v)]
        self._pending = ", ".join(parts)
        if n_iter == 1 or n_iter % self.level == 0:
            self.end()

    def end(self, reason: str = "") -> None:
        """Say the last epoch, if it was not said, and why training ended."""
        if self._pending:
            print(self._pending)
            self._pending = ""
        if reason and self.level >= 2:
            print(reason)
