"""A training, put together from a plan."""

import math
from functools import partial

from skmlp.estimators.fitting.checkpoint_file import checkpoint_of
from skmlp.estimators.fitting.rates import rates_of
from skmlp.estimators.fitting.scoring import Validation
from skmlp.estimators.fitting.warm_start import (
    best_before,
    history_of,
    patience_of,
    solver_state_of,
)
from skmlp.estimators.validation.arrays import check_penalty
from skmlp.estimators.validation.parameters import batch_size_of
from skmlp.network.objective import Objective
from skmlp.training.batches import Batches
from skmlp.training.early_stopping import Monitor
from skmlp.training.full_batch import Minimization
from skmlp.training.layer_stats import LayerRecords
from skmlp.training.minibatch import Training
from skmlp.training.verbose import Report

# Training rows that are looked at for what layers do.
N_ROWS = 500


def training_of(plan, hooks=None):
    """The training of a plan, by mini-batches or over all rows."""
    make = _by_batches if plan.settings.is_stochastic else _by_all_rows
    return make(plan, hooks)


def _by_batches(plan, hooks) -> Training:
    settings, solver = plan.settings, plan.settings.solver
    data, mean_weight = plan.scaling.training_rows(plan.data).normalized()
    batch_size = batch_size_of(settings.batch_size, len(data))
    solver_state = solver_state_of(plan)
    shuffles = plan.random_state if settings.shuffle else None
    return Training(
        objective=_objective(plan, mean_weight, batch_size, solver_state.generator),
        params=plan.params,
        data=data,
        batches=Batches(data, batch_size, shuffles),
        solver_state=solver_state,
        schedule=settings.schedule,
        learning_rate_init=float(settings.learning_rate_init),
        monitor=_monitor(plan),
        n_planned_epochs=int(settings.max_iter),
        max_seconds=max_seconds(settings),
        max_norm=None if solver.max_norm is None else float(solver.max_norm),
        rates=rates_of(plan, solver_state.clock),
        noise_schedule=settings.noise_schedule,
        n_frozen=int(settings.freeze),
        recovers=bool(settings.recover),
        layer_records=_layer_records(plan, data),
        checkpoint=checkpoint_of(plan),
        hooks=hooks,
    )


def _by_all_rows(plan, hooks) -> Minimization:
    settings = plan.settings
    data, mean_weight = plan.scaling.training_rows(plan.data).normalized()
    objective = _objective(plan, mean_weight, len(data))
    return Minimization(
        objective=objective,
        params=plan.params,
        data=data.only_training(objective.n_rows_at_once),
        solver=settings.solver,
        tol=float(settings.tol),
        monitor=_monitor(plan),
        max_seconds=max_seconds(settings),
        n_frozen=int(settings.freeze),
        hooks=hooks,
    )


def max_seconds(settings) -> float:
    """``max_time``, of which `refit` needs one half for itself."""
    if settings.max_time is None:
        return math.inf
    return float(settings.max_time) / (2 if settings.refit else 1)


def _layer_records(plan, data) -> LayerRecords | None:
    if plan.settings.record is None:
        return None
    return LayerRecords(plan.network, data.X[data.sample(N_ROWS)])


def _monitor(plan) -> Monitor:
    best = best_before(plan)
    return Monitor(
        patience=patience_of(plan),
        history=history_of(plan),
        report=Report(int(plan.settings.verbose)),
        validation=None if plan.validation is None else Validation(plan),
        stops_early=plan.stops_early,
        keeps_last=plan.settings.early_stopping.tie_break == "last",
        best=-math.inf if best is None else best,
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
