"""Fitted attributes, the state for later calls, and what pickles contain."""

import copy
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skmlp.estimators.fitting.kept_network import forget_network

# All attributes that fits set, of networks and ensembles; the next fit drops them.
FITTED_ATTRIBUTES = (
    "coefs_",
    "intercepts_",
    "embedding_",
    "alphas_",
    "members_",
    "classes_",
    "output_range_",
    "n_features_in_",
    "feature_names_in_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "n_iter_",
    "n_updates_",
    "t_",
    "loss_",
    "loss_curve_",
    "validation_loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
    "best_epoch_",
    "history_",
    "stop_reason_",
    "temperature_",
    "validation_residuals_",
    "oof_prediction_",
    "member_weights_",
    "configuration_weights_",
    "configuration_scores_",
    "_state",
)


class DivergenceError(ValueError):
    """The loss or a parameter stopped being finite: there is no model to keep."""


@dataclass(frozen=True)
class SolverMemory:
    """What a stochastic solver continues with at the next ``partial_fit``.

    kind : class of the solver whose `solver_state` this is, as numbers and arrays.
    shape, dtype : of the network that the state belongs to.
    scaling : in whose units the solver works.
    inner : the parameters in these units, before a learned scale is folded into
        weights; None if they are the model's.
    pickled : whether pickles contain it: after ``partial_fit``, but not after ``fit``.
    """

    kind: type
    solver_state: dict[str, Any]
    shape: tuple[Any, ...]
    dtype: Any
    scaling: Any
    inner: Any
    pickled: bool

    def is_of(self, solver, network, scaling, dtype) -> bool:
        """Whether the state is of this kind of solver and network."""
        before = self.kind, self.shape, self.dtype
        same = before == (type(solver), network.shape, dtype)
        return same and self.scaling.kind == scaling.kind

    def unfolded(self, network, scaling, params):
        """`params` in the units of `scaling`: bit for bit, if they are unchanged."""
        inner = self.inner
        if inner is not None and inner.shape == params.shape:
            folded = self.scaling.fold(network, network.folded(inner))
            if np.array_equal(folded, params):
                return inner.copy()
        return scaling.unfold(network, params)


@dataclass(frozen=True)
class State:
    """What later calls need of a fit, besides its fitted attributes.

    task, loss : of the targets; predictions need them.
    monitored : identifies which scores and losses of two fits are comparable.
    best_monitored, n_without_improvement : state of patience; None without it.
    validation_weight : of the rows of ``validation_residuals_``, or None.
    dtype : in which the network trained; None is that of ``coefs_``.
    """

    task: Any
    loss: Any
    monitored: Any = None
    best_monitored: float | None = None
    n_without_improvement: int = 0
    memory: SolverMemory | None = None
    validation_weight: Any = None
    dtype: Any = None


def set_fitted_attributes(estimator, attributes) -> None:
    """The one place where a fit writes to the estimator."""
    unfit(estimator)
    vars(estimator).update(attributes)


def unfit(estimator) -> None:
    """Delete all fitted attributes."""
    forget_network(estimator)
    for name in FITTED_ATTRIBUTES:
        vars(estimator).pop(name, None)


@contextmanager
def rollback_on_error(estimator):
    """Restore the estimator's attributes on an exception."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


class StatefulMixin:
    """Pickles drop the solver's state after ``fit``; copies always keep it."""

    def __getstate__(self):
        attributes = dict(super().__getstate__())
        state = attributes.get("_state")
        if state is not None and state.memory is not None and not state.memory.pickled:
            attributes["_state"] = replace(state, memory=None)
        return attributes

    def __copy__(self):
        twin = type(self).__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def __deepcopy__(self, memo):
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        vars(twin).update(copy.deepcopy(vars(self), memo))
        return twin
