"""The training loop by mini-batches: epochs, history, stopping. It owns the time."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skmlp.network.objective import Value
from skmlp.schedules import Clock, Constant, Schedule
from skmlp.solvers import Lazy, Stochastic, clip
from skmlp.training.batches import Batches
from skmlp.training.checkpoint import Checkpoint
from skmlp.training.history import Reason
from skmlp.training.layer_stats import LayerRecords
from skmlp.training.run import Run
from skmlp.training.sparse_updates import LazyRows

Array = NDArray[np.floating[Any]]

N_RECOVERIES = 3
# A loss that is so many times the least one is not good to go back to.
EXPLODED = 2.0
# What of a training's own attributes changes while it runs.
PROGRESS = (
    "n_iter",
    "loss",
    "rate_factor",
    "stop_reason",
    "recoveries",
    "plateaus",
    "ended",
)


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

    def get_state(self) -> dict[str, Any]:
        """All that changes during training, as numbers and arrays."""
        noise = self.generator and self.generator.bit_generator.state
        return {"solver": self.state, "clock": vars(self.clock), "noise": noise}

    def set_state(self, state: dict[str, Any]) -> None:
        for name in self.state.keys() - state["solver"].keys():
            del self.state[name]
        for name, value in state["solver"].items():
            if isinstance(value, np.ndarray) and name in self.state:
                self.state[name][...] = value  # in place: lazy steps hold views
            else:
                self.state[name] = value
        vars(self.clock).update(state["clock"])
        if self.generator is not None:
            self.generator.bit_generator.state = state["noise"]


def _no_rates(learning_rate: float, state: dict[str, Any]) -> float:
    return learning_rate


@dataclass
class Rates:
    """Factors on the learning rate, and on the weight decay, of each parameter.

    steps, decays : (n_params,), or None for a solver without decay. The decay also has
        a `schedule`, of the clock.
    """

    steps: Array
    decays: Array | None
    schedule: Schedule
    clock: Clock

    def __post_init__(self) -> None:
        self._buffers = np.empty((2, self.steps.size), self.steps.dtype)

    def __call__(self, learning_rate: float, state: dict[str, Any]) -> Array:
        """The rates of a step; those of the decay go into the solver's state."""
        rates, decay_rates = self._buffers
        if self.decays is not None:
            decay = learning_rate * self.schedule(self.clock)
            state["decay_rates"] = np.multiply(self.decays, decay, out=decay_rates)
        return np.multiply(self.steps, learning_rate, out=rates)


@dataclass(kw_only=True)
class Training(Run):
    """Training by mini-batches, as one epoch after the other.

    `n_planned_epochs` is what the schedules plan with, and `max_norm` what each unit's
    incoming weights are shortened to after each step. `rates` are factors on the rate
    and the decay of each parameter, and `noise_schedule` is one on the noise in the
    course of training. With `recovers`, divergence goes
    back to the last good epoch, at half the rate, up to N_RECOVERIES times.
    """

    batches: Batches
    solver_state: SolverState
    schedule: Schedule
    learning_rate_init: float
    n_planned_epochs: int = 1
    max_norm: float | None = None
    rates: Rates | None = None
    noise_schedule: Schedule = field(default_factory=Constant)
    recovers: bool = False
    layer_records: LayerRecords | None = None
    checkpoint: Checkpoint | None = None
    rate_factor: float = 1.0

    def run(self, n_epochs: int) -> Reason:
        """Train for up to n_epochs epochs; returns why training ended.

        An interrupt before the first update leaves nothing to keep and goes on up.
        """
        self._start_up()
        n_steps = self._clock.n_steps
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
        self.kept_start = self.monitor.choose(self.params, reason)
        return reason

    def begin_as(self, other: Any) -> None:
        self.rate_factor = other.rate_factor

    def take_over(self, other: Any) -> None:
        super().take_over(other)
        self.solver_state = other.solver_state

    def _start_up(self) -> None:
        super()._start_up()
        self._clock = clock = self.solver_state.clock
        clock.n_epoch_steps = clock.n_epoch_steps or self.batches.n_batches
        clock.n_planned = self.n_planned_epochs * clock.n_epoch_steps
        clock.seconds, clock.max_seconds = 0.0, self.max_seconds
        self.solver_state.resume(self.params)
        self._changes_noise = not isinstance(self.noise_schedule, Constant)
        self._step = self._step_function()
        self._lazy_rows = self._make_lazy_rows()
        self._last_good: dict[str, Any] | None = None
        self._least = math.inf

    def _make_lazy_rows(self) -> LazyRows | None:
        solver, state = self.solver_state.solver, self.solver_state.state
        if issparse(self.data.X) and isinstance(solver, Lazy) and solver.lazy:
            return LazyRows(self.objective, self.params, solver, state)
        return None

    def _run(self, n_epochs: int) -> Reason:
        last = self.n_iter + n_epochs
        self._go_on_from_checkpoint()
        self._started = time.perf_counter() - self._clock.seconds
        while self.ended is None:
            if self.recovers:
                self._keep_good()
            if self.hooks is not None:
                self.hooks.begin(self)
            self._train_epoch()
            if self._is_finite():
                self._measure()
                self.ended = self._end(last)
                if self.checkpoint is not None:
                    self._save(self.checkpoint)
            elif not self._recover():
                self.monitor.measure_divergence()
                return "diverged"
        ended, self.ended = self.ended, None
        return ended

    @property
    def learning_rate(self) -> float:
        factor = self.rate_factor * self.schedule(self.solver_state.clock)
        return self.learning_rate_init * factor

    def _train_epoch(self) -> None:
        """One update for each batch; the epoch's loss is the mean over its rows."""
        start, n_steps = time.perf_counter(), self._clock.n_steps
        self._gradient_norm = math.nan
        n_rows, penalty = self._train_batches()
        self.n_iter += 1
        history = self.history
        history.n_samples += n_rows
        history.n_updates += self._clock.n_steps - n_steps
        history.loss_curve.append(self.loss)
        history.record(
            loss=self.loss - penalty,
            penalty=penalty,
            learning_rate=self._last_rate,
            gradient_norm=self._gradient_norm,
            parameter_norm=float(self.params.dot(self.params)) ** 0.5,
            seconds=time.perf_counter() - start,
        )
        if self.layer_records is not None:
            history.record_layers(**self.layer_records.measure(self.params))
        self.report.iteration(self.n_iter, self.loss)

    def _train_batches(self) -> tuple[int, float]:
        """Set the loss to the mean of the batches'; returns the rows and the penalty.

        An epoch is cut short where the time is over.
        """
        evaluate, trained = self.objective.value_and_gradient, self.objective.trained
        step, params = self._step, self.params
        state = self.solver_state.state
        clock, learning_rate, lazy = self._clock, self.learning_rate, self._lazy_rows
        each_step, n_left = self.schedule.each_step, self.batches.n_batches
        changes_noise = self._changes_noise
        timed = clock.max_seconds < math.inf
        if self._frozen:
            evaluate = self._without_frozen(evaluate)
        if self.recovers and self._least == math.inf:
            trained = self._noting_the_first(trained)
        total, penalty, n_rows = 0.0, 0.0, 0
        try:
            for X, Y, weight in self.batches.epoch():
                n_left -= 1
                if each_step:
                    learning_rate = self.learning_rate
                if changes_noise:
                    self.objective.noise_level.factor = self.noise_schedule(clock)
                if lazy is None:
                    value, grad = evaluate(params, X, Y, weight)
                    if timed or not n_left:  # measured where the epoch may end
                        self._gradient_norm = float(grad.dot(grad)) ** 0.5
                        if not n_left and self.layer_records is not None:
                            self.layer_records.before(params, grad)
                    step(params, grad, state, learning_rate)
                else:
                    value, self._gradient_norm = lazy.step(X, Y, weight, learning_rate)
                n = len(Y)
                total += trained(value) * n
                penalty += value.penalty * n
                n_rows += n
                clock.n_steps += 1
                if timed and self._is_out_of_time():
                    break
        except KeyboardInterrupt:
            if n_rows and not self.n_iter:  # a first epoch in part has a loss, too
                self.loss = self.objective.loss_unit * total / n_rows
            raise
        self._last_rate, self._trained_loss = learning_rate, total / n_rows
        unit = self.objective.loss_unit
        self.loss = unit * self._trained_loss
        return n_rows, unit * penalty / n_rows

    def _without_frozen(self, evaluate: Callable[..., Any]) -> Callable[..., Any]:
        """The evaluation, with a gradient of 0 where layers are frozen."""

        def evaluate_others(*arguments: Any) -> tuple[Value, Array]:
            value, grad = evaluate(*arguments)
            self._frozen.silence(grad)
            return value, grad

        return evaluate_others

    def _is_out_of_time(self) -> bool:
        self._clock.seconds = time.perf_counter() - self._started
        return self._clock.is_out_of_time

    def _settle(self) -> None:
        """Complete the parameters, if steps were lazy."""
        if self._lazy_rows is not None:
            self._lazy_rows.settle(self.learning_rate)

    def _step_function(self) -> Callable[..., None]:
        """The solver's step, with all that was asked for before and after it."""
        solver, max_norm, frozen = self.solver_state.solver, self.max_norm, self._frozen
        extras = (solver.clip_norm, solver.averaging, max_norm, self.rates)
        if extras == (None, None, None, None) and not frozen:
            return solver.step
        rates = self.rates or _no_rates
        network = self.objective.network
        views = network.views(self.params)

        def step(params: Array, grad: Array, state: Any, learning_rate: float) -> None:
            if solver.clip_norm is not None:
                clip(grad, solver.clip_norm)
            solver.step(params, grad, state, rates(learning_rate, state))
            state.pop("decay_rates", None)  # which are those of this step alone
            if max_norm is not None:
                network.limit_norms(views, max_norm)
            frozen.restore(params)
            solver.average(params, state)

        return step

    def _is_finite(self) -> bool:
        return math.isfinite(self.loss) and bool(np.isfinite(self.params).all())

    def model(self) -> Array:
        self._settle()
        return self.solver_state.averaged(self.params)

    def _measure(self) -> None:
        """Have the epoch measured and said."""
        params = self.params if self.monitor.validation is None else self.model()
        self.monitor.measure(params, self.loss, self._trained_loss)
        self.report.epoch(self.n_iter, self.loss, self.history)
        self._clock.n_samples = self.history.n_samples

    def _end(self, last: int) -> Reason | None:
        """Why training ends after this epoch, if it does."""
        if self.hooks is not None and self.hooks.end(self):
            return "callback"
        if self.monitor.is_over and self._plateau_ends():
            return "converged"
        if self._clock.max_seconds < math.inf and self._is_out_of_time():
            return "out_of_time"
        return "max_iter" if self.n_iter >= last else None

    def _plateau_ends(self) -> bool:
        """Whether training ends where patience is over; else the schedule goes on."""
        message = self.monitor.plateau
        if self.schedule.ends_at_plateau(self._clock, self.learning_rate):
            self.report.say(f"{message} {self.schedule.farewell}")
            self.stop_reason = message
            return True
        self._clock.n_plateaus += 1
        self.plateaus = [*self.plateaus, self.n_iter]
        self.monitor.patience.n_without_rise = 0
        self.report.say(f"{message} Setting learning rate to {self.learning_rate:f}")
        return False

    # States, to go back to or to go on from.

    def get_state(self) -> dict[str, Any]:
        """All that changes during training, as numbers, strings and arrays."""
        monitor, draws = self.monitor, self.batches.random_state
        return {
            "training": {name: getattr(self, name) for name in PROGRESS},
            "params": self.params,
            "solver_state": self.solver_state.get_state(),
            "lazy": self._lazy_rows and self._lazy_rows.get_state(),
            "monitor": monitor.get_state(),
            "order": self.batches.order,
            "shuffles": draws and draws.get_state(legacy=False),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Be where `get_state` was called."""
        np.copyto(self.params, state["params"])
        vars(self).update(state["training"])
        self.batches.order = state["order"]
        if self.batches.random_state is not None:
            self.batches.random_state.set_state(state["shuffles"])
        self.solver_state.set_state(state["solver_state"])
        self.monitor.set_state(state["monitor"])
        if self._lazy_rows is not None:
            self._lazy_rows.set_state(state["lazy"])

    def _keep_good(self) -> None:
        """Keep the state to go back to, unless it has begun to explode."""
        if self._last_good is not None:
            if not self.loss - self._least <= (EXPLODED - 1.0) * abs(self._least):
                return
            self._least = min(self._least, self.loss)
        state = self.get_state()
        del state["monitor"]["history"]  # which only grows: its length will do
        self._last_good = copy.deepcopy(state) | {"mark": self.history.mark()}

    def _noting_the_first(self, trained: Callable[..., float]) -> Callable[..., float]:
        """The function, whose first value is the least loss so far."""

        def noting(value: Any) -> float:
            loss = trained(value)
            if self._least == math.inf:
                self._least = self.objective.loss_unit * loss
            return loss

        return noting

    def _recover(self) -> bool:
        """After divergence, go back to the last good epoch; returns whether it did."""
        if self._last_good is None or len(self.recoveries) == N_RECOVERIES:
            return False
        factor, recoveries = self.rate_factor / 2, self.recoveries
        message = f"Epoch {self.n_iter} diverged and began anew with "
        message += f"learning_rate_init={self.learning_rate_init * factor:g}."
        good = copy.deepcopy(self._last_good)
        self.history.go_back(good.pop("mark"))
        self.set_state(good)
        self.rate_factor, self.recoveries = factor, [*recoveries, message]
        self.report.say(message)
        return True

    def _save(self, checkpoint: Checkpoint) -> None:
        if self.ended or checkpoint.is_due(self.n_iter):
            self._is_out_of_time()  # for its seconds
            ended = None if self.ended == "callback" else self.ended
            recovery = {"_last_good": self._last_good, "_least": self._least}
            state = self.get_state() | {"recovery": recovery}
            state["training"]["ended"] = ended  # the next run has its own callbacks
            checkpoint.save(state)

    def _go_on_from_checkpoint(self) -> None:
        state = None if self.checkpoint is None else self.checkpoint.load()
        if state is not None:
            vars(self).update(state.pop("recovery"))
            self.set_state(state)
