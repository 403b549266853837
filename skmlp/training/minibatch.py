"""The mini-batch training loop: epochs, history, stopping, and the clock."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmlp.schedules import Clock, Constant, Schedule
from skmlp.solvers import Lazy, State, Stochastic
from skmlp.training.batches import BatchSource
from skmlp.training.checkpoint import Checkpoint
from skmlp.training.early_stopping import (
    SchedulePlateaus,
    StopAfterCycles,
    StopAtPlateau,
)
from skmlp.training.layer_stats import LayerStats
from skmlp.training.observer import Epoch, Observer, Reason
from skmlp.training.recovery import Recovery
from skmlp.training.run import Deadline, Run
from skmlp.training.sparse_updates import LazyRows

Array = NDArray[np.floating[Any]]


@dataclass
class SolverState:
    """A stochastic solver between two calls: settings, state and clock.

    generator : draws the network's noise, if it has any.
    iterate, model : between calls, the last iterate and the average of the parameters
        that is the model; None without averaging.
    """

    solver: Stochastic
    state: State
    clock: Clock = field(default_factory=Clock)
    generator: np.random.Generator | None = None
    iterate: Array | None = None
    model: Array | None = None

    def averaged(self, params: Array) -> Array:
        """The model's parameters: the solver's average, or `params` without one."""
        return self.solver.averaged(params, self.state)

    def pause(self, params: Array) -> None:
        """Set `params` to the model's, and keep the last iterate to continue from."""
        model = self.averaged(params)
        if model is not params:
            self.iterate, self.model = params.copy(), model
            params[...] = model

    def resume(self, params: Array) -> None:
        """Continue from the iterate, unless `params` have been changed since."""
        iterate, model, self.iterate, self.model = self.iterate, self.model, None, None
        if iterate is not None and model is not None and np.array_equal(params, model):
            params[...] = iterate

    def get_state(self) -> dict[str, Any]:
        """All that changes during training, as numbers and arrays."""
        return {
            "solver": self.state.get_state(),
            "clock": vars(self.clock),
            "noise": self.generator and self.generator.bit_generator.state,
            "iterate": self.iterate,
            "model": self.model,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the state of a `get_state`."""
        self.state.set_state(state["solver"])
        vars(self.clock).update(state["clock"])
        if state["noise"] is not None:
            self.generator = self.generator or np.random.Generator(np.random.SFC64(0))
            self.generator.bit_generator.state = state["noise"]
        self.iterate, self.model = state["iterate"], state["model"]


@dataclass
class Schedules:
    """Schedules of the learning rate, the noise and the weight decay."""

    learning_rate: Schedule
    noise: Schedule = field(default_factory=Constant)
    weight_decay: Schedule = field(default_factory=Constant)

    @property
    def vary_by_step(self) -> bool:
        others = (self.noise, self.weight_decay)
        return self.learning_rate.each_step or not all(
            isinstance(one, Constant) for one in others
        )


class EpochClock(Observer):
    """Updates the number of rows seen, for the schedules."""

    def on_epoch_end(self, run: Any, epoch: Epoch) -> None:
        run.clock.n_samples = run.history.n_samples


class EpochLimit(Observer):
    """Ends training after the last epoch."""

    def on_epoch_end(self, run: Any, epoch: Epoch) -> Reason | None:
        return "max_iter" if epoch.number >= run.last_epoch else None


class Sums(NamedTuple):
    """Sums over the rows of an epoch; first_loss and learning_rate of one batch."""

    loss: float
    penalty: float
    n_rows: int
    first_loss: float
    learning_rate: float


@dataclass(kw_only=True)
class Training(Run):
    """Training by mini-batches, epoch by epoch.

    n_planned_epochs : number of epochs by which the schedules plan.
    keeps_plan : whether a call that continues keeps the plan of the first one.
    """

    has_learning_rate: ClassVar[bool] = True

    batches: BatchSource
    solver_state: SolverState
    schedules: Schedules
    learning_rate_init: float
    n_planned_epochs: int = 1
    keeps_plan: bool = False
    at_plateau: StopAtPlateau = field(default_factory=SchedulePlateaus)
    recovery: Recovery = field(default_factory=Recovery)
    layer_stats: LayerStats | None = None
    checkpoint: Checkpoint | None = None

    def _begin(self, max_iter: int) -> None:
        clock = self.clock
        clock.n_epoch_steps = clock.n_epoch_steps or self.batches.n_batches
        if not (self.keeps_plan and clock.n_planned):
            clock.n_planned = self.n_planned_epochs * clock.n_epoch_steps
        clock.seconds, clock.max_seconds = 0.0, self.max_seconds
        self._deadline = Deadline(clock) if clock.max_seconds < math.inf else None
        self.last_epoch = self.n_iter + max_iter
        self._steps_before = clock.n_steps
        super()._begin(max_iter)
        self.solver_state.resume(self.params)
        self._lazy_rows = self._make_lazy_rows()

    def _make_lazy_rows(self) -> LazyRows | None:
        solver, state = self.solver_state.solver, self.solver_state.state
        if self.data.is_sparse and isinstance(solver, Lazy) and solver.lazy:
            return LazyRows(self.objective, self.params, solver, state)
        return None

    def _observers(self) -> Iterator[Observer | None]:
        yield from (self.layer_stats, self.recovery, self.monitor, self.verbose)
        yield from (EpochClock(), self.hooks, self.at_plateau, self._deadline)
        yield from (EpochLimit(), StopAfterCycles(), self.checkpoint)

    def _train(self) -> None:
        self._resume_from_checkpoint()
        if self._deadline is not None:
            self._deadline.start()
        while self.reason is None:
            self._begin_epoch()
            start, n_steps = time.perf_counter(), self.clock.n_steps
            self._train_batches()
            epoch = self._record_epoch(start, n_steps)
            is_finite = math.isfinite(epoch.loss) and self._is_finite()
            self._end_epoch(epoch, diverged=not is_finite)

    # An epoch

    @property
    def clock(self) -> Clock:
        return self.solver_state.clock

    @property
    def learning_rate(self) -> float:
        factor = self.rate_factor * self.schedules.learning_rate(self.clock)
        return self.learning_rate_init * factor

    def _record_epoch(self, start: float, n_steps: int) -> Epoch:
        """Count the epoch that was trained; its loss is the mean over its rows.

        start, n_steps : time and steps at its beginning.
        """
        sums, unit, history = self._sums, self.objective.loss_unit, self.history
        trained_loss = sums.loss / sums.n_rows
        penalty, self.loss = unit * sums.penalty / sums.n_rows, unit * trained_loss
        self.n_iter += 1
        history.n_samples += sums.n_rows
        history.n_updates += self.clock.n_steps - n_steps
        history.loss_curve.append(self.loss)
        history.record(
            loss=self.loss - penalty,
            penalty=penalty,
            learning_rate=sums.learning_rate,
            gradient_norm=self._gradient_norm,
            parameter_norm=float(self.params.dot(self.params)) ** 0.5,
            seconds=time.perf_counter() - start,
        )
        return Epoch(self.n_iter, self.loss, trained_loss, unit * sums.first_loss)

    def _train_batches(self) -> None:
        """Train an epoch and set its sums; stops early when time is over."""
        self._gradient_norm = math.nan
        evaluate, trained = self.objective.value_and_gradient, self.objective.trained
        step, state = self.solver_state.solver.step, self.solver_state.state
        params, clock, lazy = self.params, self.clock, self._lazy_rows
        varies, deadline = self.schedules.vary_by_step, self._deadline
        looks_at_all = deadline is not None or bool(self.frozen)
        rate, decay, n_left = self.learning_rate, 1.0, self.batches.n_batches
        first, total, penalty, n_rows = math.nan, 0.0, 0.0, 0
        try:
            for X, Y, weight in self.batches.epoch():
                n_left -= 1
                if varies:
                    rate, decay = self._at_this_step(rate)
                if lazy is None:
                    value, grad = evaluate(params, X, Y, weight)
                    if looks_at_all or not n_left:
                        self._look_at(grad, is_last=not n_left)
                    step(params, grad, state, rate, decay)
                else:
                    value, self._gradient_norm = lazy.step(X, Y, weight, rate)
                loss, n = trained(value), len(Y)
                first = loss if not n_rows else first
                total += loss * n
                penalty += value.penalty * n
                n_rows += n
                clock.n_steps += 1
                if deadline is not None and deadline.is_over():
                    break
        finally:
            self._sums = Sums(total, penalty, n_rows, first, rate)

    def _at_this_step(self, learning_rate: float) -> tuple[float, float]:
        """The learning rate and the factor on the decay; sets that on the noise."""
        schedules, clock = self.schedules, self.clock
        if schedules.learning_rate.each_step:
            learning_rate = self.learning_rate
        if not isinstance(schedules.noise, Constant):
            self.objective.noise_level.factor = schedules.noise(clock)
        return learning_rate, schedules.weight_decay(clock)

    def _look_at(self, grad: Array, *, is_last: bool) -> None:
        """Just before a step: silence frozen params; record where the epoch may end."""
        self.frozen.silence(grad)
        if is_last or self._deadline is not None:
            self._gradient_norm = float(grad.dot(grad)) ** 0.5
        if is_last and self.layer_stats is not None:
            self.layer_stats.before(self.params, grad)

    # The end

    def _has_updated(self) -> bool:
        return self.clock.n_steps > self._steps_before

    def _settle(self) -> None:
        """Complete the parameters, if steps were lazy."""
        if self._lazy_rows is not None:
            self._lazy_rows.settle(self.learning_rate)
        if not self.n_iter and self._sums.n_rows:  # part of an epoch has a loss, too
            self.loss = self.objective.loss_unit * self._sums.loss / self._sums.n_rows

    def _finish(self) -> None:
        self.solver_state.pause(self.params)

    def take_over(self, other: Any) -> None:
        super().take_over(other)
        self.solver_state = other.solver_state

    @property
    def rate_factor(self) -> float:
        return self.recovery.rate_factor

    @property
    def ends_as_planned(self) -> bool:
        return self.schedules.learning_rate.planned

    @property
    def recoveries(self) -> list[str]:
        return self.recovery.messages

    def model(self) -> Array:
        if self._lazy_rows is not None:
            self._lazy_rows.settle(self.learning_rate)
        return self.solver_state.averaged(self.params)

    # States, for recovery and checkpoints.

    def get_state(self) -> dict[str, Any]:
        """All that changes during training, as numbers, strings and arrays."""
        return {
            "n_iter": self.n_iter,
            "loss": self.loss,
            "reason": self.reason,
            "params": self.params,
            "solver_state": self.solver_state.get_state(),
            "lazy": self._lazy_rows and self._lazy_rows.get_state(),
            "batches": self.batches.get_state(),
            "history": vars(self.history),
            "observers": {type(o).__name__: o.get_state() for o in self.observers},
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the state of a `get_state`."""
        self.n_iter, self.loss, self.reason = (
            state[name] for name in ("n_iter", "loss", "reason")
        )
        np.copyto(self.params, state["params"])
        self.solver_state.set_state(state["solver_state"])
        self.batches.set_state(state["batches"])
        vars(self.history).update(state.get("history", {}))
        if self._lazy_rows is not None:
            self._lazy_rows.set_state(state["lazy"])
        for observer in self.observers:
            name = type(observer).__name__
            if name in state["observers"]:
                observer.set_state(state["observers"][name])

    def _resume_from_checkpoint(self) -> None:
        state = None if self.checkpoint is None else self.checkpoint.load()
        if state is not None:
            self.set_state(state)
