"""An estimator's state: all of a fit or nothing, and what copies and pickles hold."""

import copy
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from skmlp.training.minibatch import SolverState

PRIVATE_STATE = (
    "_task",
    "_memory",
    "_n_without_rise",
    "_best_merit",
    "_watched",
    "_fitted_loss",
    "_validation_weight",
)


class DivergenceError(ValueError):
    """The loss or a parameter stopped being finite: there is no model to keep."""


@dataclass
class Memory:
    """What a stochastic solver goes on with at the next ``partial_fit``.

    shape, dtype : of the network that the state belongs to.
    scaling : in whose units the solver works.
    inner : the parameters in these units, before a learned scale is folded into
        weights, if they are others.
    pickled : whether a pickle holds it, which it does after ``partial_fit`` only; after
        ``fit`` a pickle holds the model and nothing else.
    """

    solver_state: SolverState
    shape: tuple[Any, ...]
    dtype: Any
    scaling: Any
    inner: Any
    pickled: bool

    def is_of(self, solver, network, scaling, dtype) -> bool:
        """Whether the state is of such a solver, on such a network."""
        before = type(self.solver_state.solver), self.shape, self.dtype
        same = before == (type(solver), network.shape, dtype)
        return same and self.scaling.kind == scaling.kind

    def unfolded(self, network, scaling, params):
        """What `params` are in the units of `scaling`: to the bit, if they are ours."""
        inner = self.inner
        if inner is not None and inner.shape == params.shape:
            model = network.folded(scaling.fold(network, inner))
            if np.array_equal(model, params):
                return inner.copy()
        return scaling.unfold(network, params)


@contextmanager
def all_or_nothing(estimator):
    """On an exception the estimator is again what it was; divergence unfits it."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException as error:
        vars(estimator).clear()
        vars(estimator).update(before)
        if isinstance(error, DivergenceError):
            unfit(estimator)
        raise


def unfit(estimator) -> None:
    """Drop all that a fit has left."""
    for name in list(vars(estimator)):
        if name.endswith("_") or name in PRIVATE_STATE:
            delattr(estimator, name)


class StatefulMixin:
    """Pickles drop the solver's state after ``fit``; copies always keep it."""

    def __getstate__(self):
        state = dict(super().__getstate__())
        memory = state.get("_memory")
        if memory is not None and not memory.pickled:
            del state["_memory"]
        return state

    def __copy__(self):
        twin = type(self).__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def __deepcopy__(self, memo):
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        vars(twin).update(copy.deepcopy(vars(self), memo))
        return twin
