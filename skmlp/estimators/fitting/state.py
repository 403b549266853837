"""What a fit leaves on the estimator for later calls, and what its pickles hold."""

import copy
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

# All that a fit sets, of one network or of several; the next fit drops it.
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
    "_state",
)


class DivergenceError(ValueError):
    """The loss or a parameter stopped being finite: there is no model to keep."""


@dataclass(frozen=True)
class SolverMemory:
    """What a stochastic solver continues with at the next ``partial_fit``.

    kind : of solver, whose `solver_state` this is, as numbers and arrays.
    shape, dtype : of the network that the state belongs to.
    scaling : in whose units the solver works.
    inner : the parameters in these units, before a learned scale is folded into
        weights, if they are others.
    pickled : whether a pickle holds it, which it does after ``partial_fit`` only; after
        ``fit`` a pickle holds the model and nothing else.
    """

    kind: type
    solver_state: dict[str, Any]
    shape: tuple[Any, ...]
    dtype: Any
    scaling: Any
    inner: Any
    pickled: bool

    def is_of(self, solver, network, scaling, dtype) -> bool:
        """Whether the state is of such a solver, on such a network."""
        before = self.kind, self.shape, self.dtype
        same = before == (type(solver), network.shape, dtype)
        return same and self.scaling.kind == scaling.kind

    def unfolded(self, network, scaling, params):
        """What `params` are in the units of `scaling`: to the bit, if they are ours."""
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
    monitored : what tells the scores and losses of two fits apart.
    best_monitored, n_without_improvement : where patience was; None without it.
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
    """Drop all that a fit has left."""
    for name in FITTED_ATTRIBUTES:
        vars(estimator).pop(name, None)


@contextmanager
def rollback_on_error(estimator):
    """On an exception the estimator is again what it was."""
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
