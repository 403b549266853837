"""Progress messages: each epoch as in scikit-learn, or one line every k epochs."""

import math
from dataclasses import dataclass
from typing import Any

from skmlp.training.observer import Epoch, Observer

# What a line has after the loss, in this order, if recorded for the epoch.
ADDED = {
    "validation_loss": "validation loss = {:.8f}",
    "validation_score": "validation score = {:.6f}",
    "learning_rate": "learning rate = {:.6g}",
    "seconds": "{:.3g} s",
}


@dataclass
class Verbose(Observer):
    """Prints nothing at level 0, at level 1 what scikit-learn prints.

    At level k >= 2 it prints the first, every k-th and the last epoch, with all
    its records.
    """

    level: int = 0
    _pending: str = ""

    def say(self, message: str) -> None:
        """Print a message of scikit-learn's, at level 1."""
        if self.level == 1:
            print(message)

    def on_epoch_end(self, run: Any, epoch: Epoch) -> None:
        if self.level == 1:
            self._say_epoch(run, epoch)
        elif self.level >= 2:
            self._prepare_line(run, epoch)

    def on_divergence(self, run: Any, epoch: Epoch) -> None:
        if run.reason is not None:
            self._say_epoch(run, epoch)
        else:
            self.say(f"Iteration {epoch.number}, loss = {epoch.loss:.8f}")
            self.say(run.recoveries[-1])

    def _say_epoch(self, run: Any, epoch: Epoch) -> None:
        self.say(f"Iteration {epoch.number}, loss = {epoch.loss:.8f}")
        if run.monitor.stops_early and run.history.validation_scores is not None:
            self.say(f"Validation score: {run.history.validation_scores[-1]:f}")

    def _prepare_line(self, run: Any, epoch: Epoch) -> None:
        values = {name: run.history.last(name) for name in ADDED}
        parts = [f"Iteration {epoch.number}, loss = {epoch.loss:.8f}"]
        parts += [ADDED[n].format(v) for n, v in values.items() if not math.isnan(v)]
        self._pending = ", ".join(parts)
        if epoch.number == 1 or epoch.number % self.level == 0:
            self.end()

    def end(self, reason: str = "") -> None:
        """Print the last epoch, unless printed already, and why training ended."""
        if self._pending:
            print(self._pending)
            self._pending = ""
        if reason and self.level >= 2:
            print(reason)
