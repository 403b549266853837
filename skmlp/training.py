"""The training loops: epochs, batches, history, stopping. They own the time."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from skmlp.lazy import LazyRows
from skmlp.objective import Objective
from skmlp.schedules import Clock, Schedule
from skmlp.solvers import LBFGS, Lazy, Stochastic, clip

Array = NDArray[np.floating[Any]]
Reason = Literal["converged", "max_iter", "interrupted", "diverged"]


@dataclass
class TrainingRows:
    """The data of a fit, and which of its rows train.

    X : array or CSR matrix (n_samples, n_features), rows contiguous.
    Y : (n_samples, n_outputs), of X's dtype, columns contiguous.
    weight : (n_samples,), or None for ones.
    rows : the training rows' indices, or None for all.
    """

    X: Any
    Y: Array
    weight: Array | None = None
    rows: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return self.X.shape[0] if self.rows is None else len(self.rows)

    def training_targets(self) -> tuple[Array, Array | None]:
        """Y and weight of the rows that train."""
        rows = slice(None) if self.rows is None else self.rows
        return self.Y[rows], None if self.weight is None else self.weight[rows]

    def normalized(self) -> tuple["TrainingRows", float]:
        """The rows with weights of mean 1 over those that train, and the mean before.

        Means are taken in float64; the weights become X's dtype after.
        """
        if self.weight is None:
            return self, 1.0
        training = self.weight if self.rows is None else self.weight[self.rows]
        # divided first, so that the sum of huge weights can't overflow
        mean = float(np.sum(training / len(training)))
        with np.errstate(over="ignore"):  # only by rows that don't train
            weight = (self.weight / mean).astype(self.X.dtype)
        return replace(self, weight=weight), mean


class Batches:
    """Mini-batches of training rows, one epoch after the other.

    Each epoch shuffles the order that the epoch before had, by one shuffle of row
    indices. Without shuffling, batches of all rows are slices of the data.
    """

    def __init__(
        self,
        data: TrainingRows,
        batch_size: int,
        random_state: np.random.RandomState | None,
    ) -> None:
        self.data = data
        self.batch_size = batch_size
        self.random_state = random_state
        n_rows = len(data)
        self._starts = range(0, n_rows, batch_size)
        self.n_batches = len(self._starts)
        self._order = np.arange(n_rows) if data.rows is None else data.rows
        self._sliced = random_state is None and data.rows is None
        self._buffers: dict[int, tuple[Any, Array, Array]] = {}

    def epoch(self) -> Iterator[tuple[Any, Array, Array | None]]:
        """(X, Y, weight) of each batch; valid until the next one is asked for."""
        if self.random_state is not None:
            self._order = self._order[self.random_state.permutation(len(self._order))]
        batch = self._slice if self._sliced else self._gather
        for start in self._starts:
            yield batch(start, start + self.batch_size)

    def _slice(self, start: int, stop: int) -> tuple[Any, Array, Array | None]:
        X, Y, weight = self.data.X, self.data.Y, self.data.weight
        weight = None if weight is None else weight[start:stop]
        return X[start:stop], Y[start:stop], weight

    def _gather(self, start: int, stop: int) -> tuple[Any, Array, Array | None]:
        rows, data = self._order[start:stop], self.data
        if len(rows) not in self._buffers:  # the last batch may be shorter
            self._buffers[len(rows)] = self._make_buffers(len(rows))
        X, Y, weight = self._buffers[len(rows)]
        # mode="clip" skips NumPy's own buffer; the rows are in range
        if X is None:
            X = data.X[rows]
        else:
            data.X.take(rows, axis=0, out=X, mode="clip")
        data.Y.T.take(rows, axis=1, out=Y.T, mode="clip")
        if data.weight is None:
            return X, Y, None
        return X, Y, data.weight.take(rows, out=weight, mode="clip")

    def _make_buffers(self, n_rows: int) -> tuple[Any, Array, Array]:
        """For X, unless it is sparse, for Y with contiguous columns, and weights."""
        X, Y = self.data.X, self.data.Y
        is_dense = isinstance(X, np.ndarray)
        return (
            np.empty((n_rows, X.shape[1]), X.dtype) if is_dense else None,
            np.empty((n_rows, Y.shape[1]), Y.dtype, order="F"),
            np.empty(n_rows, X.dtype),
        )


@dataclass
class Patience:
    """Counts the epochs in which a merit did not rise by more than `tol`.

    Merit is what grows when training goes well: a score, or minus the loss.
    """

    tol: float
    n_iter_no_change: float
    best: float = -math.inf
    n_without_rise: int = 0

    def update(self, merit: float) -> bool:
        """Count the epoch; returns whether its merit is the best so far."""
        if merit >= self.best + self.tol:
            self.n_without_rise = 0
        else:
            self.n_without_rise += 1
        rises = merit > self.best
        if rises:
            self.best = merit
        return rises

    @property
    def is_over(self) -> bool:
        # one more than asked for, as scikit-learn counts
        return self.n_without_rise > self.n_iter_no_change


@dataclass
class History:
    """What the epochs of a model recorded, over all its fits.

    n_samples : rows seen, counted once an epoch.
    validation_scores : one an epoch with early stopping, else None.
    """

    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] | None = None
    n_samples: int = 0


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
    verbose: bool = False
    n_planned_epochs: int = 1
    max_norm: float | None = None
    n_iter: int = 0
    loss: float = math.nan
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
            self._clock.n_samples = self.history.n_samples
            if self.patience.is_over and self._plateau_ends():
                return "converged"
        return "max_iter"

    @property
    def learning_rate(self) -> float:
        return self.learning_rate_init * self.schedule(self.solver_state.clock)

    def _train_epoch(self) -> None:
        """One update for each batch; the epoch's loss is the mean over its rows."""
        evaluate, reported = self.objective.value_and_gradient, self.objective.reported
        step, params = self._step_function(), self.params
        state = self.solver_state.state
        clock, learning_rate, lazy = self._clock, self.learning_rate, self._lazy_rows
        each_step = self.schedule.each_step
        total, n_rows = 0.0, 0
        try:
            for X, Y, weight in self.batches.epoch():
                if each_step:
                    learning_rate = self.learning_rate
                if lazy is None:
                    value, grad = evaluate(params, X, Y, weight)
                    step(params, grad, state, learning_rate)
                else:
                    value = lazy.step(X, Y, weight, learning_rate)
                total += reported(value) * len(Y)
                n_rows += len(Y)
                clock.n_steps += 1
        except KeyboardInterrupt:
            if n_rows and not self.n_iter:  # a first epoch in part has a loss, too
                self.loss = total / n_rows
            raise
        self.loss = total / n_rows
        self.n_iter += 1
        self.history.n_samples += n_rows
        self.history.loss_curve.append(self.loss)
        self._say("Iteration %d, loss = %.8f", self.n_iter, self.loss)

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
        if self.patience.update(score):
            self._best_params = params.copy()
            self.has_best = True

    def _record_divergence(self) -> None:
        if self.validation_score is not None:
            self._record_score(math.nan)

    def _record_score(self, score: float) -> float:
        assert self.history.validation_scores is not None
        self.history.validation_scores.append(score)
        self._say("Validation score: %f", score)
        return score

    def _plateau_ends(self) -> bool:
        """Whether training ends where patience is over; else the schedule goes on."""
        what = "Validation score" if self.validation_score else "Training loss"
        message = f"{what} did not improve more than tol={self.patience.tol:f} for "
        message += f"{self.patience.n_iter_no_change} consecutive epochs."
        if self.schedule.ends_at_plateau(self._clock, self.learning_rate):
            self._say(f"{message} {self.schedule.farewell}")
            return True
        self._clock.n_plateaus += 1
        self.patience.n_without_rise = 0
        self._say(message + " Setting learning rate to %f", self.learning_rate)
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

    def _say(self, message: str, *values: float) -> None:
        if self.verbose:
            print(message % values if values else message)


@dataclass
class Minimization:
    """Training over all rows at once by a solver that minimizes."""

    objective: Objective
    params: Array
    data: TrainingRows
    solver: LBFGS
    tol: float
    verbose: bool = False
    n_iter: int = 0
    loss: float = math.nan
    max_iter: int = 0
    status: int = 0
    message: str = ""
    keeps_best: ClassVar[bool] = False
    kept_start: ClassVar[bool] = False

    def run(self, max_iter: int) -> Reason:
        """Minimize in at most max_iter iterations; returns why it ended.

        An interrupt keeps the last iterate; before the first one it goes on up.
        """
        self.max_iter = max_iter
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
            reason: Reason = "converged" if self.status == 0 else "max_iter"
        except KeyboardInterrupt:
            if not self.n_iter:
                raise
            reason = "interrupted"
        if reason == "interrupted" or self.objective.loss.reported_share(n_outputs) < 1:
            self.loss = self.objective.reported(self._value(self.params)[0])
        finite = math.isfinite(self.loss) and np.isfinite(self.params).all()
        return reason if finite else "diverged"

    def _value(self, params: Array) -> Any:
        data = self.data
        return self.objective.value_and_gradient(params, data.X, data.Y, data.weight)

    def _total(self, params: Array) -> tuple[float, Array]:
        value, grad = self._value(params)
        return value.total, grad

    def _count(self, value: float) -> None:
        self.n_iter += 1
        if self.verbose:
            print(f"Iteration {self.n_iter}, loss = {value:.8f}")
