"""Training over all rows at once, by a solver that minimizes."""

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp.network.objective import Value
from skmlp.solvers import LBFGS
from skmlp.training.history import Reason
from skmlp.training.run import Run

Array = NDArray[np.floating[Any]]


@dataclass(kw_only=True)
class Minimization(Run):
    """Training over all rows at once by a solver that minimizes."""

    solver: LBFGS
    tol: float
    max_iter: int = 0
    status: int = 0
    message: str = ""

    def run(self, max_iter: int) -> Reason:
        """Minimize in at most max_iter iterations; returns why it ended.

        An interrupt keeps the last iterate; before the first one it goes on up.
        """
        self.max_iter = max_iter
        self._start_up()
        self._started = self._epoch_started = time.perf_counter()
        with np.errstate(all="ignore"):  # divergence is found at the end
            reason = self._run(max_iter)
        self._frozen.restore(self.params)
        self.kept_start = self.monitor.choose(self.params, reason)
        return reason

    def _run(self, max_iter: int) -> Reason:
        try:
            minimum = self.solver.minimize(
                self._total, self.params, self.tol, max_iter, self._count
            )
            self.n_iter, self.status = minimum.n_iter, minimum.status
            self.message, self.loss = minimum.message, minimum.value
            reason = self._reason()
        except KeyboardInterrupt:
            if not self.n_iter:
                raise
            reason = "interrupted"
        if reason == "interrupted" or not self.objective.reports_value:
            self.loss = self.objective.reported(self._value(self.params)[0])
        finite = math.isfinite(self.loss) and np.isfinite(self.params).all()
        return reason if finite else "diverged"

    def _reason(self) -> Reason:
        """Why the solver ended: by itself, or because `_count` had it end."""
        if self.ended is not None:
            return self.ended
        self.stop_reason = f"L-BFGS ended: {self.message}"
        return "converged" if self.status == 0 else "max_iter"

    def _value(self, params: Array) -> tuple[Value, Array]:
        data = self.data
        return self.objective.value_and_gradient(params, data.X, data.Y, data.weight)

    def _total(self, params: Array) -> tuple[float, Array]:
        self._last, grad = self._value(params)
        self._frozen.silence(grad)
        self._gradient_norm = float(np.linalg.norm(grad))
        self.history.n_updates += 1
        return self._last.total, grad

    def _count(self, value: float) -> None:
        """Record an iterate, whose evaluation was the last one."""
        self.n_iter += 1
        self._frozen.restore(self.params)
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
        self.report.iteration(self.n_iter, loss)
        self.monitor.measure(self.params, loss, self.objective.trained(self._last))
        self.report.epoch(self.n_iter, loss, self.history)
        self.ended = self._end(now)
        if self.ended is not None:
            raise StopIteration  # by which SciPy's callbacks end a minimization

    def _end(self, now: float) -> Reason | None:
        """Why training ends after this iterate, if it does."""
        if self.hooks is not None:
            self.hooks.begin(self)
            if self.hooks.end(self):
                return "callback"
        if self.monitor.stops_early and self.monitor.is_over:
            self.stop_reason = self.monitor.plateau
            return "converged"
        return "out_of_time" if now - self._started >= self.max_seconds else None

    def model(self) -> Array:
        return self.params
