"""The training loop by mini-batches: epochs, history, stopping. It owns the time."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp.batches import Batches, TrainingRows
from skmlp.history import History, Patience, Reason
from skmlp.lazy import LazyRows
from skmlp.objective import Objective
from skmlp.report import Report
from skmlp.schedules import Clock, Schedule
from skmlp.solvers import Lazy, Stochastic, clip

Array = NDArray[np.floating[Any]]


@dataclass
class SolverState:
    """A stochastic solver between two calls: settings, state and clock.

    generator : draws the network's noise, if it has any.
    """

    solver: Stochastic
    state: dict[str, Any]
    clock: Clock = field(default_factory=Clock)
    generator: np.random.Generator | None = None

    def averaged(self, params: Array) -> Array:
        """The model's parameters: the solver's average, or `params` without one."""
        return self.solver.averaged(params, self.state)

    def pause(self, params: Array) -> None:
        """Let `params` be the model's, and keep the last iterate to go on from."""
        model = self.averaged(params)
        if model is not params:
            self.state |= {"iterate": params.copy(), "model": model}
            params[...] = model

    def resume(self, params: Array) -> None:
        """Go on from the iterate, unless `params` were set to others since."""
        iterate, model = self.state.pop("iterate", None), self.state.pop("model", None)
        if iterate is not None and np.array_equal(params, model):
            params[...] = iterate


@dataclass
class Training:
    """Training by mini-batches, as one epoch after the other.

    With `validation_score`, a function of the parameters, patience looks at that score
    and the best epoch's parameters are kept; else it looks at the training loss.
    `validation_loss` gives the loss of the same rows and parameters. Epochs count over
    all fits of the model.
    `n_planned_epochs` is what the schedule plans with, and `max_norm` what each unit's
    incoming weights are shortened to after each step.
    """

    objective: Objective
    params: Array
    data: TrainingRows
    batches: Batches
    solver_state: SolverState
    schedule: Schedule
    learning_rate_init: float
    patience: Patience
    history: History
    validation_score: Callable[[Array], float] | None = None
    validation_loss: Callable[[], float] | None = None
    report: Report = field(default_factory=Report)
    n_planned_epochs: int = 1
    max_norm: float | None = None
    n_iter: int = 0
    loss: float = math.nan
    best_epoch: int | None = None
    stop_reason: str = ""
    has_best: bool = False
    kept_start: bool = False

    @property
    def keeps_best(self) -> bool:
        """Whether divergence leaves parameters to go back to."""
        return self.validation_score is not None

    def run(self, n_epochs: int) -> Reason:
        """Train for up to n_epochs epochs; returns why training ended.

        An interrupt before the first update leaves nothing to keep and goes on up.
        """
        self._best_params = self.params.copy() if self.validation_score else None
        self._clock = self.solver_state.clock
        self._clock.n_epoch_steps = self._clock.n_epoch_steps or self.batches.n_batches
        self._clock.n_planned = self.n_planned_epochs * self._clock.n_epoch_steps
        n_steps = self._clock.n_steps
        self._gradient_norm = math.nan
        self.solver_state.resume(self.params)
        self._lazy_rows = self._make_lazy_rows()
        try:
            with np.errstate(all="ignore"):  # divergence is found at the epoch's end
                reason = self._run(n_epochs)
        except KeyboardInterrupt:
            if self._clock.n_steps == n_steps:
                self.solver_state.pause(self.params)
                raise
            reason = "interrupted"
        self._settle()
        if reason != "diverged" and not np.isfinite(self.params).all():
            reason = "diverged"
        self.solver_state.pause(self.params)
        self._choose_params(reason)
        return reason

    def _make_lazy_rows(self) -> LazyRows | None:
        solver, state = self.solver_state.solver, self.solver_state.state
        sparse = not isinstance(self.data.X, np.ndarray)
        if sparse and isinstance(solver, Lazy) and solver.lazy:
            return LazyRows(self.objective, self.params, solver, state)
        return None

    def _run(self, n_epochs: int) -> Reason:
        for _ in range(n_epochs):
            self._train_epoch()
            if not self._is_finite():
                self._record_divergence()
                return "diverged"
            self._measure()
            self.report.epoch(self.n_iter, self.loss, self.history)
            self._clock.n_samples = self.history.n_samples
            if self.patience.is_over and self._plateau_ends():
                return "converged"
        return "max_iter"

    @property
    def learning_rate(self) -> float:
        return self.learning_rate_init * self.schedule(self.solver_state.clock)

    def _train_epoch(self) -> None:
        """One update for each batch; the epoch's loss is the mean over its rows."""
        start = time.perf_counter()
        penalty = self._train_batches()
        self.n_iter += 1
        self.history.n_samples += len(self.data)
        self.history.n_updates += self.batches.n_batches
        self.history.loss_curve.append(self.loss)
        self.history.record(
            loss=self.loss - penalty,
            penalty=penalty,
            learning_rate=self._last_rate,
            gradient_norm=self._gradient_norm,
            parameter_norm=float(self.params.dot(self.params)) ** 0.5,
            seconds=time.perf_counter() - start,
        )
        self.report.iteration(self.n_iter, self.loss)

    def _train_batches(self) -> float:
        """Set the loss to the mean of the batches' values; returns the penalty's."""
        evaluate, reported = self.objective.value_and_gradient, self.objective.reported
        step, params = self._step_function(), self.params
        state = self.solver_state.state
        clock, learning_rate, lazy = self._clock, self.learning_rate, self._lazy_rows
        each_step, n_left = self.schedule.each_step, self.batches.n_batches
        total, penalty, n_rows = 0.0, 0.0, 0
        try:
            for X, Y, weight in self.batches.epoch():
                n_left -= 1
                if each_step:
                    learning_rate = self.learning_rate
                if lazy is None:
                    value, grad = evaluate(params, X, Y, weight)
                    if not n_left:  # measured once an epoch
                        self._gradient_norm = float(grad.dot(grad)) ** 0.5
                    step(params, grad, state, learning_rate)
                else:
                    value, self._gradient_norm = lazy.step(X, Y, weight, learning_rate)
                total += reported(value) * len(Y)
                penalty += value.penalty * len(Y)
                n_rows += len(Y)
                clock.n_steps += 1
        except KeyboardInterrupt:
            if n_rows and not self.n_iter:  # a first epoch in part has a loss, too
                self.loss = total / n_rows
            raise
        self._last_rate, self.loss = learning_rate, total / n_rows
        return penalty / n_rows

    def _settle(self) -> None:
        """Complete the parameters, if steps were lazy."""
        if self._lazy_rows is not None:
            self._lazy_rows.settle(self.learning_rate)

    def _step_function(self) -> Callable[..., None]:
        """The solver's step, with all that was asked for before and after it."""
        solver, max_norm = self.solver_state.solver, self.max_norm
        if solver.clip_norm is None and solver.averaging is None and max_norm is None:
            return solver.step
        network = self.objective.network
        views = network.views(self.params)

        def step(params: Array, grad: Array, state: Any, learning_rate: float) -> None:
            if solver.clip_norm is not None:
                clip(grad, solver.clip_norm)
            solver.step(params, grad, state, learning_rate)
            if max_norm is not None:
                network.limit_norms(views, max_norm)
            solver.average(params, state)

        return step

    def _is_finite(self) -> bool:
        return math.isfinite(self.loss) and bool(np.isfinite(self.params).all())

    def _measure(self) -> None:
        """Count the epoch for patience; with a validation score, keep the best one."""
        if self.validation_score is None:
            self.patience.update(-self.loss)
            return
        self._settle()
        params = self.solver_state.averaged(self.params)
        score = self._record_score(self.validation_score(params))
        if self.validation_loss is not None:
            self.history.amend(validation_loss=self.validation_loss())
        if self.patience.update(score):
            self._best_params = params.copy()
            self.best_epoch = len(self.history.loss_curve)
            self.has_best = True

    def _record_divergence(self) -> None:
        if self.validation_score is not None:
            self._record_score(math.nan)

    def _record_score(self, score: float) -> float:
        assert self.history.validation_scores is not None
        self.history.validation_scores.append(score)
        self.history.amend(validation_score=score)
        self.report.say(f"Validation score: {score:f}")
        return score

    def _plateau_ends(self) -> bool:
        """Whether training ends where patience is over; else the schedule goes on."""
        what = "Validation score" if self.validation_score else "Training loss"
        message = f"{what} did not improve more than tol={self.patience.tol:f} for "
        message += f"{self.patience.n_iter_no_change} consecutive epochs."
        if self.schedule.ends_at_plateau(self._clock, self.learning_rate):
            self.report.say(f"{message} {self.schedule.farewell}")
            self.stop_reason = message
            return True
        self._clock.n_plateaus += 1
        self.patience.n_without_rise = 0
        self.report.say(f"{message} Setting learning rate to {self.learning_rate:f}")
        return False

    def _choose_params(self, reason: Reason) -> None:
        """With a validation score, go back to the best epoch's parameters.

        Where no epoch of this fit beat the best score of the fits before, the last
        parameters stay, as in scikit-learn. Without any score, or after divergence, the
        parameters at the start come back.
        """
        if self._best_params is None:
            return
        never_scored = self.patience.best == -math.inf and reason != "interrupted"
        self.kept_start = never_scored and not self.has_best
        if self.has_best or never_scored or reason == "diverged":
            np.copyto(self.params, self._best_params)
