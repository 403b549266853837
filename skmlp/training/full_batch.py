"""Training over all rows at once, by a solver that minimizes."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp.network.objective import Value
from skmlp.schedules import Clock
from skmlp.solvers import LBFGS
from skmlp.training.observer import Epoch, Observer
from skmlp.training.run import Deadline, Run

Array = NDArray[np.floating[Any]]


@dataclass(kw_only=True)
class Minimization(Run):
    """Training over all rows at once by a solver that minimizes.

    evaluate : the objective's value and gradient, where it is not that of `data`.
    """

    solver: LBFGS
    tol: float
    evaluate: Callable[[Array], tuple[Value, Array]] | None = None
    max_iter: int = 0
    status: int = 0
    message: str = ""

    def _begin(self, max_iter: int) -> None:
        self.max_iter, self._own_end = max_iter, ""
        self._deadline = Deadline(Clock(max_seconds=self.max_seconds))
        self._deadline.start()
        self._epoch_started = time.perf_counter()
        super()._begin(max_iter)

    def _observers(self) -> Iterator[Observer | None]:
        yield from (self.monitor, self.verbose, self.hooks)
        yield self.at_plateau if self.monitor.stops_early else None
        yield self._deadline

    def _train(self) -> None:
        minimum = self.solver.minimize(
            self._total, self.params, self.tol, self.max_iter, self._count
        )
        self.n_iter, self.status = minimum.n_iter, minimum.status
        self.message, self.loss = minimum.message, minimum.value
        if self.reason is None:
            self._own_end = f"L-BFGS stopped: {self.message}"
            self.reason = "converged" if self.status == 0 else "max_iter"

    def _value(self, params: Array) -> tuple[Value, Array]:
        if self.evaluate is not None:
            return self.evaluate(params)
        data = self.data
        return self.objective.value_and_gradient(params, data.X, data.Y, data.weight)

    def _total(self, params: Array) -> tuple[float, Array]:
        self._last, grad = self._value(params)
        self.frozen.silence(grad)
        self._gradient_norm = float(np.linalg.norm(grad))
        self.history.n_updates += 1
        return self._last.total, grad

    def _count(self, value: float) -> None:
        """Record an iterate, whose evaluation was the last one."""
        self.n_iter += 1
        self.frozen.restore(self.params)
        loss, now = self.objective.reported(self._last), time.perf_counter()
        penalty = self.objective.loss_unit * self._last.penalty
        self.history.record(
            loss=loss - penalty,
            penalty=penalty,
            gradient_norm=self._gradient_norm,
            parameter_norm=float(np.linalg.norm(self.params)),
            seconds=now - self._epoch_started,
        )
        self._epoch_started = now
        trained = self.objective.trained(self._last)
        self._begin_epoch()
        self._end_epoch(Epoch(self.n_iter, loss, trained, first_loss=loss))
        if self.reason is not None:
            raise StopIteration  # by which SciPy's callbacks end a minimization

    def _has_updated(self) -> bool:
        return self.n_iter > 0

    def _settle(self) -> None:
        if self.reason == "interrupted" or not self.objective.reports_value:
            with np.errstate(all="ignore"):
                self.loss = self.objective.reported(self._value(self.params)[0])

    def _is_finite(self) -> bool:
        return math.isfinite(self.loss) and super()._is_finite()

    def _finish(self) -> None:
        self.frozen.restore(self.params)

    @property
    def stop_sentence(self) -> str:
        return self._own_end or super().stop_sentence
