"""Assembles a training from a plan."""

import math
from functools import partial

from skmlp.estimators.fitting.checkpoint_file import checkpoint_of
from skmlp.estimators.fitting.scoring import Validation
from skmlp.estimators.fitting.stream import training_blocks
from skmlp.estimators.fitting.sums import sums_of
from skmlp.estimators.fitting.warm_start import (
    best_before,
    history_of,
    patience_of,
    solver_state_of,
)
from skmlp.estimators.targets.class_weight import class_weight_function
from skmlp.estimators.validation.arrays import check_penalty
from skmlp.network.objective import Objective
from skmlp.solvers import Frozen
from skmlp.training.batches import Batches, BatchSource
from skmlp.training.block_sums import SummedObjective
from skmlp.training.early_stopping import Best, Monitor
from skmlp.training.full_batch import Minimization
from skmlp.training.layer_stats import LayerStats
from skmlp.training.minibatch import Schedules, Training
from skmlp.training.recovery import N_RECOVERIES, Recovery
from skmlp.training.streamed_batches import (
    StreamedBatches,
    blocks_in_random_order,
    window_rows,
)
from skmlp.training.streamed_rows import StreamedRows
from skmlp.training.verbose import Verbose

# Training rows for the statistics of layers.
N_ROWS = 500


def training_of(plan, hooks=None):
    """The training of a plan, by mini-batches or over all rows."""
    make = _by_batches if plan.settings.is_stochastic else _by_all_rows
    return make(plan, hooks)


def _by_batches(plan, hooks) -> Training:
    settings = plan.settings
    data, mean_weight = plan.scaling.training_rows(plan.data).normalized()
    batch_size = plan.batch_size
    solver_state = solver_state_of(plan, frozen := _frozen(plan))
    return Training(
        objective=_objective(plan, mean_weight, batch_size, solver_state.generator),
        data=data,
        frozen=frozen,
        batches=_batches(plan, data, mean_weight, batch_size),
        solver_state=solver_state,
        schedules=_schedules(settings),
        learning_rate_init=float(settings.learning_rate_init),
        n_planned_epochs=plan.n_epochs,
        keeps_plan=isinstance(settings.max_iter, str) and plan.request.incremental,
        recovery=_recovery(plan),
        layer_stats=_layer_stats(plan, data),
        checkpoint=checkpoint_of(plan),
        **_common(plan, hooks),
    )


def _batches(plan, data, mean_weight, batch_size) -> BatchSource:
    shuffle = plan.settings.shuffle
    if isinstance(plan.data.X, StreamedRows):
        return _streamed_batches(plan, mean_weight, batch_size)
    if isinstance(shuffle, str):
        return blocks_in_random_order(data, batch_size, plan.random_state)
    return Batches(data, batch_size, plan.random_state if shuffle else None)


def _streamed_batches(plan, mean_weight, batch_size) -> StreamedBatches:
    settings, factors = plan.settings, None
    if settings.class_weight is not None:
        factors = class_weight_function(settings, plan.task, plan.all_rows)
    return StreamedBatches(
        training_blocks(plan, mean_weight, factors),
        len(plan.data),
        batch_size,
        plan.random_state if settings.shuffle else None,
        window_rows(plan.data.X.kept),
    )


def _by_all_rows(plan, hooks) -> Minimization:
    settings = plan.settings
    data, mean_weight = plan.scaling.training_rows(plan.data).normalized()
    sums, evaluate = sums_of(plan, data, mean_weight), None
    objective = _objective(plan, mean_weight, len(data) if sums is None else 1)
    if sums is None:
        data = data.only_training(objective.n_rows_at_once)
    else:
        evaluate = SummedObjective(objective, sums, len(data))
    return Minimization(
        objective=objective,
        data=data,
        evaluate=evaluate,
        frozen=_frozen(plan),
        solver=settings.solver,
        tol=float(settings.tol),
        **_common(plan, hooks),
    )


def _common(plan, hooks):
    """The arguments that both kinds of training have in common."""
    return {
        "params": plan.params,
        "history": history_of(plan),
        "monitor": _monitor(plan),
        "verbose": Verbose(int(plan.settings.verbose)),
        "max_seconds": max_seconds(plan.settings),
        "hooks": hooks,
    }


def _frozen(plan) -> Frozen:
    n_layers = int(plan.settings.freeze)
    parts = plan.network.first(n_layers) if n_layers else []
    return Frozen(parts, plan.params)


def _recovery(plan) -> Recovery:
    course, n_times = plan.request.course, N_RECOVERIES if plan.settings.recover else 0
    return Recovery(n_times, 1.0 if course is None else course.rate_factor)


def _schedules(settings) -> Schedules:
    schedule, noise = settings.schedule, settings.noise_schedule
    return Schedules(schedule, noise, settings.decay_schedule)


def max_seconds(settings) -> float:
    """``max_time`` in seconds; half of it with `refit`, which trains twice."""
    if settings.max_time is None:
        return math.inf
    return float(settings.max_time) / (2 if settings.refit else 1)


def _layer_stats(plan, data) -> LayerStats | None:
    if plan.settings.record is None:
        return None
    return LayerStats(plan.network, data.X[data.sample(N_ROWS)])


def _monitor(plan) -> Monitor:
    score, best = best_before(plan), Best()
    if score is not None:
        # each fit has a best epoch of its own, but partial_fit has one epoch
        goes_on = plan.request.incremental and plan.stops_early
        best = Best(score, plan.before.get("best_epoch_") if goes_on else None)
    return Monitor(
        patience=patience_of(plan),
        validation=None if plan.validation is None else Validation(plan),
        stops_early=plan.stops_early,
        keeps_last=plan.settings.early_stopping.tie_break == "last",
        best=best,
    )


def _objective(plan, mean_weight, n_rows, generator=None) -> Objective:
    settings, dtype = plan.settings, plan.params.dtype
    strength = partial(check_penalty, settings.owner)
    return Objective(
        plan.network,
        plan.loss,
        strength("alpha", settings.alpha, mean_weight, dtype),
        n_rows,
        dtype,
        alpha_l1=strength("alpha_l1", settings.alpha_l1, mean_weight, dtype),
        generator=generator,
        loss_unit=plan.scaling.loss_unit,
    )
