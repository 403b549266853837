"""A fit: trains a plan; the outcome becomes the fitted attributes."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skmlp.estimators.calibration import attributes_from_validation
from skmlp.estimators.fitting.build import training_of
from skmlp.estimators.fitting.checkpoint_file import checkpoint_errors
from skmlp.estimators.fitting.plan import Plan
from skmlp.estimators.fitting.refit import refit
from skmlp.estimators.fitting.state import DivergenceError, SolverMemory, State
from skmlp.estimators.fitting.threads import blas_threads
from skmlp.estimators.fitting.warm_start import monitored
from skmlp.estimators.reporting.convergence import diagnosis, largest, stop_reason
from skmlp.estimators.reporting.diagnostics import warnings_of


@dataclass
class Outcome:
    """A plan and its training.

    plan : of the final model; after a refit the plan on all rows.
    held_raw : raw outputs at the validation rows before any refit, in the user's units;
        None without such rows.
    """

    plan: Plan
    training: Any
    held_raw: Any

    @property
    def held_output(self):
        """Outputs for the validation rows, before any refit."""
        if self.held_raw is None:
            return None
        with np.errstate(over="ignore"):  # of outputs far out
            return self.plan.task.output(self.plan.loss, self.held_raw)

    def warnings(self):
        """Warnings of the fit: (text, kind of warning)."""
        return list(warnings_of(self.plan, self.training))

    def attributes(self):
        """All fitted attributes."""
        plan, training = self.plan, self.training
        attributes = plan.attributes(training.params)
        _check_finite(plan, attributes)
        found = attributes_from_validation(
            plan.settings, plan.task, plan.validation, self.held_output
        )
        weight = found.pop("validation_weight", None)
        state = replace(self._state(), validation_weight=weight)
        history = training.history
        return {
            **attributes,
            **self._attributes_of_epochs(),
            **found,
            "n_iter_": training.n_iter,
            "loss_": training.loss,
            "history_": history.as_arrays(),
            "n_updates_": history.n_updates,
            "best_epoch_": training.monitor.best.epoch,
            "stop_reason_": stop_reason(plan, training),
            "_state": state,
        }

    def _attributes_of_epochs(self):
        """Attributes that only stochastic solvers set."""
        if not self.plan.settings.is_stochastic:
            return {"t_": self.plan.before.get("t_", 0)}
        monitor, history = self.training.monitor, self.training.history
        losses = history.as_arrays().get("validation_loss")
        early, best = monitor.stops_early, monitor.best.score
        return {
            "t_": history.n_samples,
            "loss_curve_": history.loss_curve,
            "validation_scores_": history.validation_scores,
            "validation_loss_curve_": None if losses is None else losses.tolist(),
            "best_loss_": None if early else -best,
            "best_validation_score_": best if early else None,
        }

    def _state(self) -> State:
        plan, training = self.plan, self.training
        if not plan.settings.is_stochastic:
            return State(plan.task, plan.loss, dtype=training.params.dtype)
        patience = training.monitor.patience
        memory = SolverMemory(
            type(plan.settings.solver),
            training.solver_state.get_state(),
            plan.network.shape,
            training.params.dtype,
            plan.scaling,
            training.params if plan.is_folded else None,
            pickled=plan.request.incremental,
        )
        return State(
            plan.task,
            plan.loss,
            monitored(plan),
            patience.best,
            patience.n_without_improvement,
            memory,
            dtype=training.params.dtype,
        )


def train(plan, hooks=None) -> Outcome:
    """Train the network of a plan."""
    settings = plan.settings
    refits = settings.refit and plan.request.course is None
    start = plan.params.copy() if refits else None
    training = training_of(plan, hooks)
    if hooks is not None:
        hooks.attributes_of = plan.attributes
    if plan.request.incremental:
        training.run(1)
        held_raw = _raw_at_validation_rows(plan, training.params)
        return _checked(Outcome(plan, training, held_raw))
    threads = blas_threads(plan.network.layer_sizes, training.n_rows_at_once)
    with threads, checkpoint_errors(settings):
        training.run(plan.n_epochs_to_train)
        held_raw = _raw_at_validation_rows(plan, training.params)
        if start is not None:
            plan = refit(plan, start, training)
    return _checked(Outcome(plan, training, held_raw))


def _checked(outcome) -> Outcome:
    plan, training = outcome.plan, outcome.training
    if training.reason == "diverged" and not training.keeps_best:
        raise DivergenceError(diagnosis(plan, training))
    training.verbose.end(stop_reason(plan, training))
    return outcome


def _raw_at_validation_rows(plan, params):
    """Raw outputs for the validation rows, in the user's units, or None."""
    if plan.validation is None:
        return None
    network, rows = plan.network, plan.scaling.held_out(plan.validation)
    with np.errstate(all="ignore"):  # of weights that diverged
        return plan.scaling.outputs(network.predict(network.views(params), rows.X))


def _check_finite(plan, attributes) -> None:
    """Weights for unscaled X and y may be out of range though those in training fit."""
    arrays = (*attributes["coefs_"], *attributes["intercepts_"])
    if plan.scaling.is_plain or all(np.isfinite(array).all() for array in arrays):
        return
    raise ValueError(
        f"{plan.settings.owner}: X and y must have scales for which the weights in "
        f"units of X and y are within the range of {plan.params.dtype}, with "
        f"scale_input or scale_target, got X up to {largest(plan.data.X):g} and y up "
        f"to {largest(plan.data.Y):g}. Scale them first, or use float64."
    )
