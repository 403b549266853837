"""Training over all rows at once, by a solver that minimizes."""

import math
import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skmlp.batches import TrainingRows
from skmlp.history import History, Reason
from skmlp.objective import Objective, Value
from skmlp.report import Report
from skmlp.solvers import LBFGS

Array = NDArray[np.floating[Any]]


@dataclass
class Minimization:
    """Training over all rows at once by a solver that minimizes."""

    objective: Objective
    params: Array
    data: TrainingRows
    solver: LBFGS
    tol: float
    history: History
    report: Report = field(default_factory=Report)
    n_iter: int = 0
    loss: float = math.nan
    max_iter: int = 0
    status: int = 0
    message: str = ""
    stop_reason: str = ""
    keeps_best: ClassVar[bool] = False
    kept_start: ClassVar[bool] = False

    best_epoch: ClassVar[None] = None

    def run(self, max_iter: int) -> Reason:
        """Minimize in at most max_iter iterations; returns why it ended.

        An interrupt keeps the last iterate; before the first one it goes on up.
        """
        self.max_iter = max_iter
        self._start = time.perf_counter()
        with np.errstate(all="ignore"):  # divergence is found at the end
            return self._run(max_iter)

    def _run(self, max_iter: int) -> Reason:
        n_outputs = self.data.Y.shape[1]
        try:
            minimum = self.solver.minimize(
                self._total, self.params, self.tol, max_iter, self._count
            )
            self.n_iter, self.status = minimum.n_iter, minimum.status
            self.message, self.loss = minimum.message, minimum.value
            self.stop_reason = f"L-BFGS ended: {self.message}"
            reason: Reason = "converged" if self.status == 0 else "max_iter"
        except KeyboardInterrupt:
            if not self.n_iter:
                raise
            reason = "interrupted"
        if reason == "interrupted" or self.objective.loss.reported_share(n_outputs) < 1:
            self.loss = self.objective.reported(self._value(self.params)[0])
        finite = math.isfinite(self.loss) and np.isfinite(self.params).all()
        return reason if finite else "diverged"

    def _value(self, params: Array) -> tuple[Value, Array]:
        data = self.data
        return self.objective.value_and_gradient(params, data.X, data.Y, data.weight)

    def _total(self, params: Array) -> tuple[float, Array]:
        self._last, grad = self._value(params)
        self._gradient_norm = float(np.linalg.norm(grad))
        self.history.n_updates += 1
        return self._last.total, grad

    def _count(self, value: float) -> None:
        """Record an iterate, whose evaluation was the last one."""
        self.n_iter += 1
        now = time.perf_counter()
        self.history.record(
            loss=self.objective.reported(self._last) - self._last.penalty,
            penalty=self._last.penalty,
            gradient_norm=self._gradient_norm,
            parameter_norm=float(np.linalg.norm(self.params)),
            seconds=now - self._start,
        )
        self._start = now
        self.report.iteration(self.n_iter, value)
        self.report.epoch(self.n_iter, value, self.history)
