"""A fit's parts, put together into a training that can run."""

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from skmlp.estimators.fitting.checkpoint_file import checkpoint_of
from skmlp.estimators.fitting.components import (
    is_stochastic,
    schedule_named,
    schedule_of,
    solver_of,
)
from skmlp.estimators.fitting.inputs import learned_attributes
from skmlp.estimators.fitting.rates import rates_of
from skmlp.estimators.fitting.scaling import Scaling
from skmlp.estimators.fitting.scoring import Validation
from skmlp.estimators.fitting.splitting import HeldOut
from skmlp.estimators.fitting.warm_start import (
    best_before,
    history_of,
    patience_of,
    solver_state_of,
    stops_early,
)
from skmlp.estimators.validation.parameters import check_batch_size, check_penalty
from skmlp.network.network import Network
from skmlp.network.objective import Objective
from skmlp.training.batches import Batches, TrainingRows
from skmlp.training.early_stopping import Monitor
from skmlp.training.full_batch import Minimization
from skmlp.training.layer_stats import LayerRecords
from skmlp.training.minibatch import Training
from skmlp.training.verbose import Report

# Training rows that are looked at for what layers do.
N_ROWS = 500


@dataclass(frozen=True)
class Call:
    """How training was asked for.

    incremental : by ``partial_fit``, for one epoch.
    continued : from the parameters the estimator has, by ``partial_fit`` or
        ``warm_start=True``.
    classes : all classes, where ``partial_fit`` names them.
    validation : X, y and sample_weight of the user's own validation rows, or Nones.
    groups : of the rows, for the splitter that holds some out.
    split : the rows that train and those that validate, where they are known already.
    """

    incremental: bool = False
    continued: bool = False
    classes: Any = None
    validation: tuple[Any, Any, Any] = (None, None, None)
    groups: Any = None
    split: Any = None


@dataclass
class Fit:
    """All that is known when training begins.

    params : where training begins, in the units of `scaling`.
    data, held : the rows that train and those that validate, in the user's units.
    whole : all rows, before some were held out and weighed by class.
    is_drawn : whether the outputs' `params` are new, not those of another model.
    held_raw : raw outputs at the validation rows, once trained, in the user's units.
    """

    call: Call
    random_state: Any
    network: Network
    loss: Any
    params: Any
    data: TrainingRows
    held: HeldOut | None
    whole: TrainingRows
    is_drawn: bool
    scaling: Scaling = field(default_factory=Scaling)
    held_raw: Any = None

    @property
    def trained_loss(self):
        return self.scaling.trained_loss(self.loss)

    @property
    def is_folded(self) -> bool:
        """Whether scales are folded into the model, which `params` have apart."""
        return self.network.inputs.scaled or not self.scaling.is_plain

    def attributes(self, params):
        """What predictions need of an estimator with these parameters."""
        network, loss = self.network, self.loss
        views = network.views(network.folded(self.scaling.fold(network, params)))
        return {
            "coefs_": [W for W, _ in views],
            "intercepts_": [b for _, b in views],
            "n_features_in_": network.layer_sizes[0],
            "n_layers_": len(network.layer_sizes),
            "n_outputs_": network.layer_sizes[-1],
            "out_activation_": loss.out_activation,
            "_fitted_loss": loss,
        } | learned_attributes(network, views)


def assemble(estimator, fit, hooks=None):
    """The training of a fit, by mini-batches or over all rows."""
    make = _by_batches if is_stochastic(estimator.solver) else _by_all_rows
    return make(estimator, fit, hooks)


def _by_batches(estimator, fit, hooks) -> Training:
    data, mean_weight = fit.scaling.training_rows(fit.data).normalized()
    batch_size = check_batch_size(estimator, len(data))
    solver_state = solver_state_of(estimator, fit)
    shuffles = fit.random_state if estimator.shuffle else None
    objective = partial(_objective, estimator, fit, mean_weight)
    return Training(
        objective=objective(batch_size, solver_state.generator),
        params=fit.params,
        data=data,
        batches=Batches(data, batch_size, shuffles),
        solver_state=solver_state,
        schedule=schedule_of(estimator, solver_state.solver),
        learning_rate_init=float(estimator.learning_rate_init),
        monitor=_monitor(estimator, fit),
        n_planned_epochs=int(estimator.max_iter),
        max_seconds=max_seconds(estimator),
        max_norm=None if estimator.max_norm is None else float(estimator.max_norm),
        rates=rates_of(estimator, fit.network, fit.params.dtype, solver_state.clock),
        noise_schedule=schedule_named(estimator, "dropout_schedule"),
        n_frozen=int(estimator.freeze),
        recovers=bool(estimator.recover),
        layer_records=_layer_records(estimator, fit, data),
        checkpoint=checkpoint_of(estimator, fit),
        hooks=hooks,
    )


def _by_all_rows(estimator, fit, hooks) -> Minimization:
    data, mean_weight = fit.scaling.training_rows(fit.data).normalized()
    objective = _objective(estimator, fit, mean_weight, len(data))
    return Minimization(
        objective=objective,
        params=fit.params,
        data=data.only_training(objective.n_rows_at_once),
        solver=solver_of(estimator),
        tol=float(estimator.tol),
        monitor=_monitor(estimator, fit),
        max_seconds=max_seconds(estimator),
        n_frozen=int(estimator.freeze),
        hooks=hooks,
    )


def set_output_bias(estimator, fit) -> None:
    """Start the last biases at the loss's best constant, if that was asked for."""
    if estimator.output_bias != "optimum" or fit.call.continued:
        return
    Y, weight = fit.scaling.training_rows(fit.data).training_targets()
    bias = fit.network.views(fit.params)[-1][1]
    bias[...] = fit.trained_loss.constant_optimum(Y, weight)


def max_seconds(estimator) -> float:
    """``max_time``, of which `refit` needs one half for itself."""
    if estimator.max_time is None:
        return math.inf
    return float(estimator.max_time) / (2 if estimator.refit else 1)


def _layer_records(estimator, fit, data) -> LayerRecords | None:
    if estimator.record is None:
        return None
    return LayerRecords(fit.network, data.X[some_rows(data, N_ROWS)])


def some_rows(data, n_rows):
    """Numbers of up to n_rows of the training rows that count, drawn once for all."""
    rows = np.arange(len(data)) if data.rows is None else data.rows
    if data.weight is not None:
        rows = rows[data.weight[rows] > 0]
    if len(rows) <= n_rows:
        return rows
    draws = np.random.RandomState(0).randint(len(rows), size=n_rows)
    return rows[np.unique(draws)]


def _monitor(estimator, fit) -> Monitor:
    best = best_before(estimator, fit)
    return Monitor(
        patience=patience_of(estimator, fit),
        history=history_of(estimator, fit),
        report=Report(int(estimator.verbose)),
        validation=None if fit.held is None else Validation(estimator, fit),
        stops_early=stops_early(estimator, fit),
        keeps_last=estimator.best_of_ties == "last",
        best=-math.inf if best is None else best,
    )


def _objective(estimator, fit, mean_weight, n_rows, generator=None) -> Objective:
    dtype = fit.params.dtype
    return Objective(
        fit.network,
        fit.trained_loss,
        check_penalty(estimator, "alpha", mean_weight, dtype),
        n_rows,
        dtype,
        alpha_l1=check_penalty(estimator, "alpha_l1", mean_weight, dtype),
        generator=generator,
    )
