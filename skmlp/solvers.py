"""Solvers: settings apart from state, acting on one flat vector of parameters.

A stochastic solver has ``init(params)``, which makes its state, and ``step(params,
grad, state, learning_rate)``, which updates `params` in place and may use `grad` as
scratch space. The others have ``minimize``. ``follows_schedule`` says whether the
parameter ``learning_rate`` acts on it when both are given by name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
State = dict[str, Any]

# Parameters of a block: all passes of a step over it stay in the processor's cache.
BLOCK = 1 << 15


def blocks(size: int) -> Iterator[slice]:
    """Slices of a vector that make it up."""
    return (slice(start, start + BLOCK) for start in range(0, size, BLOCK))


@dataclass
class SGD:
    """Gradient descent with momentum, or with Nesterov's.

        v       <- momentum v - learning_rate grad
        params  <- params + v                                    (momentum)
        params  <- params + momentum v - learning_rate grad      (Nesterov's)

    Sutskever, Martens, Dahl and Hinton, On the importance of initialization and
    momentum in deep learning, 2013, equations 1 to 4; Nesterov's form with `params` at
    the point of lookahead.
    """

    stochastic: ClassVar[bool] = True
    follows_schedule: ClassVar[bool] = True

    momentum: float = 0.9
    nesterovs_momentum: bool = True

    def init(self, params: Array) -> State:
        return {"velocity": np.zeros_like(params)}

    def step(
        self, params: Array, grad: Array, state: State, learning_rate: float
    ) -> None:
        velocity = state["velocity"]
        grad *= learning_rate
        velocity *= self.momentum
        velocity -= grad
        if self.nesterovs_momentum:
            params -= grad
            np.multiply(velocity, self.momentum, out=grad)
            params += grad
        else:
            params += velocity


@dataclass
class Adam:
    """Steps scaled by running moments of the gradient.

        m       <- beta_1 m + (1 - beta_1) grad
        v       <- beta_2 v + (1 - beta_2) grad^2
        rate     = learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t)
        params  <- params - rate m / (sqrt(v) + epsilon)

    Kingma and Ba, Adam: a method for stochastic optimization, 2015, the efficient form
    at the end of section 2, whose epsilon is "epsilon hat". The state keeps
    m / (1 - beta_1) and v / (1 - beta_2), which saves two passes over the vector.
    """

    stochastic: ClassVar[bool] = True
    follows_schedule: ClassVar[bool] = False  # as in scikit-learn

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def init(self, params: Array) -> State:
        return {"m": np.zeros_like(params), "v": np.zeros_like(params), "t": 0}

    def step(
        self, params: Array, grad: Array, state: State, learning_rate: float
    ) -> None:
        state["t"] = t = state["t"] + 1
        root = (1.0 - self.beta_2) ** 0.5
        rate = learning_rate * (1.0 - self.beta_2**t) ** 0.5 / (1.0 - self.beta_1**t)
        rate *= (1.0 - self.beta_1) / root
        epsilon = self.epsilon / root
        if params.size <= BLOCK:
            self._update(params, grad, state["m"], state["v"], rate, epsilon)
            return
        for block in blocks(params.size):
            m, v = state["m"][block], state["v"][block]
            self._update(params[block], grad[block], m, v, rate, epsilon)

    def _update(
        self,
        params: Array,
        grad: Array,
        m: Array,
        v: Array,
        rate: float,
        epsilon: float,
    ) -> None:
        m *= self.beta_1
        m += grad
        v *= self.beta_2
        grad *= grad
        v += grad
        np.sqrt(v, out=grad)
        grad += epsilon
        np.divide(m, grad, out=grad)
        grad *= rate
        params -= grad


@dataclass
class Minimum:
    """Where a minimization ended, and why."""

    params: Array
    value: float
    n_iter: int
    status: int
    message: str


@dataclass
class LBFGS:
    """Limited-memory BFGS over all rows, as in SciPy.

    Liu and Nocedal, On the limited memory BFGS method for large scale optimization,
    1989. It ends when the largest component of the gradient is at most `tol`, after
    `max_iter` iterations, or after `max_fun` evaluations.
    """

    stochastic: ClassVar[bool] = False

    max_fun: int = 15000

    def minimize(
        self,
        value_and_gradient: Callable[[Array], tuple[float, Array]],
        params: Array,
        tol: float,
        max_iter: int,
        on_iteration: Callable[[float], None],
    ) -> Minimum:
        """Minimize from `params`, which holds the last iterate while it runs."""

        def evaluate(x: Array) -> tuple[float, Array]:
            value, grad = value_and_gradient(x.astype(params.dtype, copy=False))
            return value, grad.astype(np.float64)  # L-BFGS-B works in float64

        def on_iterate(intermediate_result: scipy.optimize.OptimizeResult) -> None:
            params[...] = intermediate_result.x
            on_iteration(float(intermediate_result.fun))

        result = scipy.optimize.minimize(
            evaluate,
            params.astype(np.float64),
            method="L-BFGS-B",
            jac=True,
            callback=on_iterate,
            options={"maxfun": self.max_fun, "maxiter": max_iter, "gtol": tol},
        )
        params[...] = result.x
        return Minimum(
            params=params,
            value=float(result.fun),
            n_iter=min(int(result.nit), max_iter),
            status=int(result.status),
            message=str(result.message),
        )


SOLVERS = {"lbfgs": LBFGS, "sgd": SGD, "adam": Adam}
