"""Solvers: settings apart from state, acting on one flat vector of parameters.

A stochastic solver has ``init(params, n_weights)``, which makes its state, and
``step(params, grad, state, learning_rate)``, which updates `params` in place and may
use `grad` as scratch space; of the vector's parts, the first `n_weights` are weights.
The rate is a number, or one for each parameter. The others have ``minimize``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from skmlp.component import Component, setting
from skmlp.constraints import BOOLEAN, either, integer, one_of, real

Array = NDArray[np.floating[Any]]
State = dict[str, Any]
Rate = float | Array  # (n_params,)

# Parameters of a block: all passes of a step over it stay in the processor's cache.
BLOCK = 1 << 15

DECAY = real(0, 1)
FACTOR = real(0)
# Groups of parameters with learning rates of their own.
GROUPS = (
    "weights",
    "biases",
    "scale",
    "numeric_embedding",
    "category_embedding",
    "activation",
)


def _are_factors(value: Any) -> bool:
    return isinstance(value, dict) and all(
        key in GROUPS and FACTOR[0](factor) for key, factor in value.items()
    )


RATE_FACTORS = (
    lambda value: value is None or _are_factors(value),
    f"None or a dict of numbers >= 0 with keys among {', '.join(map(repr, GROUPS))}",
)
# Schedules are a floor of their own; names among them are checked where they are made.
SCHEDULE = (
    lambda value: isinstance(value, str) or callable(value),
    "the name or an object of a schedule, or a function of progress in [0, 1]",
)
POSITIVE = real(0, open_low=True)


def decay(params: Array, state: State, rate: Rate, strength: float) -> None:
    """Shrink weights by the share rate * strength.

    Where the state has "decay_rates", (n_params,), all parameters shrink by these.
    """
    if strength == 0.0:
        return
    rates = state.get("decay_rates")
    if rates is None:
        weights = params[: state["n_weights"]]
        weights *= 1.0 - _of(rate, slice(weights.size)) * strength
    else:
        rates *= strength  # a buffer of the caller's, for this step
        rates *= params
        params -= rates


def _of(rate: Rate, block: slice) -> Rate:
    return rate[block] if isinstance(rate, np.ndarray) else rate


def blocks(size: int) -> Iterator[slice]:
    """Slices of a vector that make it up."""
    return (slice(start, start + BLOCK) for start in range(0, size, BLOCK))


@dataclass
class Solver(Component):
    """Base of solvers."""

    abstract: ClassVar[bool] = True

    stochastic: ClassVar[bool]


@dataclass
class Stochastic(Solver):
    """Base of the solvers that take a step for each mini-batch.

    clip_norm : the gradient is shortened to this Euclidean norm, taken over all
        parameters, where it is longer. Pascanu, Mikolov and Bengio, On the difficulty
        of training recurrent neural networks, 2013, algorithm 1.
    averaging : decay d of the average of the parameters over the steps, avg <-
        d avg + (1 - d) params, which validates and is the model at the end. The start
        counts for nothing: avg is divided by 1 - d^t. Polyak and Juditsky,
        Acceleration of stochastic approximation by averaging, 1992; exponential as in
        Kingma and Ba, 2015, section 7.2.
    max_norm : largest Euclidean norm of the incoming weights of a unit, to which they
        are shortened after each step; None for no limit. Srivastava et al., Dropout: a
        simple way to prevent neural networks from overfitting, 2014, section 5.1.
    parametrization : "standard", or "ntk", which divides the learning rate of a layer's
        weights by sqrt(fan_in).
    rate_factors : factors on the learning rate, and on the weight decay, of groups of
        parameters, such as ``{"biases": 0.1, "scale": 6.0}``; None for ones.
    """

    abstract: ClassVar[bool] = True

    stochastic: ClassVar[bool] = True

    clip_norm: float | None = setting(None, either(POSITIVE, None), kw_only=True)
    averaging: float | None = setting(
        None, either(real(0, 1, open_low=True), None), kw_only=True
    )
    max_norm: float | None = setting(None, either(POSITIVE, None), kw_only=True)
    parametrization: str = setting(
        "standard", one_of(("standard", "ntk")), kw_only=True
    )
    rate_factors: dict[str, float] | None = setting(None, RATE_FACTORS, kw_only=True)

    def init(self, params: Array, n_weights: int | None = None) -> State:
        """The state before the first step; by default all parameters are weights."""
        state = self._init(params)
        state["n_weights"] = params.size if n_weights is None else n_weights
        return state

    def average(self, params: Array, state: State) -> None:
        """Count the parameters after a step for the average, if there is one."""
        if self.averaging is None:
            return
        if "average" not in state:
            state |= {"average": np.zeros_like(params), "share_of_start": 1.0}
        state["share_of_start"] *= self.averaging
        _average(state["average"], params, self.averaging)

    def averaged(self, params: Array, state: State) -> Array:
        """The parameters of the model: the average, or `params` without averaging."""
        if self.averaging is None or "average" not in state:
            return params
        share = 1.0 - state["share_of_start"]
        return np.asarray(state["average"] / params.dtype.type(share))

    def _init(self, params: Array) -> State:
        raise NotImplementedError

    def step(
        self, params: Array, grad: Array, state: State, learning_rate: Rate
    ) -> None:
        raise NotImplementedError


@dataclass
class Lazy(Stochastic):
    """Base of the solvers that can leave out what a sparse batch does not touch.

    lazy : whether, with sparse X, a step updates only the first layer's weights of the
        features that its batch has; what the others missed is caught up later. Much
        faster where there are many features with few entries each; the model differs
        slightly (see ``skmlp.training.sparse_updates``). Not with clip_norm, averaging.
    moments : the vectors of the state.
    """

    abstract: ClassVar[bool] = True

    moments: ClassVar[tuple[str, ...]]

    lazy: bool = setting(False, BOOLEAN, kw_only=True)

    def catch_up(
        self,
        rows: dict[str, Array],
        missed: NDArray[np.intp],
        state: State,
        learning_rate: float,
    ) -> None:
        """Move `rows`, of params and moments, as `missed` steps without gradient do.

        rows : by name, (n_rows, fan_out); missed : (n_rows, 1).
        """
        raise NotImplementedError


@dataclass
class TwoMoments(Stochastic):
    """Base of Adam's kin: decays of the moments m and v, what is added to a root."""

    abstract: ClassVar[bool] = True
    flat: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon")

    beta_1: float = setting(0.9, DECAY)
    beta_2: float = setting(0.999, DECAY)
    epsilon: float = setting(1e-8, POSITIVE)


def clip(grad: Array, norm: float) -> None:
    """Shorten `grad` to the norm where it is longer."""
    # scaled by the largest entry, so that no square overflows
    largest = float(np.max(np.abs(grad), initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        return
    scaled = grad / grad.dtype.type(largest)
    length = float(scaled.dot(scaled)) ** 0.5
    if largest * length > norm:
        np.multiply(scaled, norm / length, out=grad)


@dataclass
class SGD(Lazy):
    """Gradient descent with momentum, or with Nesterov's.

        v       <- momentum v - learning_rate grad
        params  <- params + v                                    (momentum)
        params  <- params + momentum v - learning_rate grad      (Nesterov's)

    Sutskever, Martens, Dahl and Hinton, On the importance of initialization and
    momentum in deep learning, 2013, equations 1 to 4; Nesterov's form with `params` at
    the point of lookahead.
    """

    flat: ClassVar[tuple[str, ...]] = ("momentum", "nesterovs_momentum")
    moments: ClassVar[tuple[str, ...]] = ("velocity",)

    momentum: float = setting(0.9, real(0, 1, open_high=False))
    nesterovs_momentum: bool = setting(True, BOOLEAN)

    def _init(self, params: Array) -> State:
        return {"velocity": np.zeros_like(params)}

    def step(
        self, params: Array, grad: Array, state: State, learning_rate: Rate
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

    def catch_up(
        self,
        rows: dict[str, Array],
        missed: NDArray[np.intp],
        state: State,
        learning_rate: float,
    ) -> None:
        velocity, momentum = rows["velocity"], self.momentum
        ahead = momentum if self.nesterovs_momentum else 1.0
        series = ahead * _geometric(momentum, missed)
        rows["params"] += velocity * series.astype(velocity.dtype)
        velocity *= (momentum**missed).astype(velocity.dtype)


@dataclass
class Adam(Lazy, TwoMoments):
    """Steps scaled by running moments of the gradient.

        m       <- beta_1 m + (1 - beta_1) grad
        v       <- beta_2 v + (1 - beta_2) grad^2
        rate     = learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t)
        params  <- params - rate m / (sqrt(v) + epsilon)

    Kingma and Ba, Adam: a method for stochastic optimization, 2015, the efficient form
    at the end of section 2, whose epsilon is "epsilon hat". The state keeps
    m / (1 - beta_1) and v / (1 - beta_2), which saves two passes over the vector.
    """

    moments: ClassVar[tuple[str, ...]] = ("m", "v")

    def _init(self, params: Array) -> State:
        return {"m": np.zeros_like(params), "v": np.zeros_like(params), "t": 0}

    def step(
        self, params: Array, grad: Array, state: State, learning_rate: Rate
    ) -> None:
        state["t"] = t = state["t"] + 1
        root = (1.0 - self.beta_2) ** 0.5
        by_parameter = isinstance(learning_rate, np.ndarray)
        rate = 1.0 if by_parameter else learning_rate
        rate = rate * (1.0 - self.beta_2**t) ** 0.5 / (1.0 - self.beta_1**t)
        rate *= (1.0 - self.beta_1) / root
        epsilon = self._epsilon(t) / root
        if params.size <= BLOCK and not by_parameter:
            self._update(params, grad, state["m"], state["v"], rate, epsilon)
            return
        for block in blocks(params.size):
            m, v = state["m"][block], state["v"][block]
            factor = _of(learning_rate, block) if by_parameter else None
            self._update(params[block], grad[block], m, v, rate, epsilon, factor)

    def _epsilon(self, t: int) -> float:
        return self.epsilon

    def catch_up(
        self,
        rows: dict[str, Array],
        missed: NDArray[np.intp],
        state: State,
        learning_rate: float,
    ) -> None:
        m, v, t = rows["m"], rows["v"], max(1, state["t"])
        root = (1.0 - self.beta_2) ** 0.5
        rate = learning_rate * (1.0 - self.beta_2**t) ** 0.5 / (1.0 - self.beta_1**t)
        rate *= (1.0 - self.beta_1) / root
        if self.beta_2 > 0.0:
            steps = rate * _geometric(self.beta_1 / self.beta_2**0.5, missed)
            scale = np.sqrt(v)
            scale += self.epsilon / root
            np.divide(m, scale, out=scale)
            scale *= steps.astype(scale.dtype)
            rows["params"] -= scale
        m *= (self.beta_1**missed).astype(m.dtype)
        v *= (self.beta_2**missed).astype(v.dtype)

    def _update(
        self,
        params: Array,
        grad: Array,
        m: Array,
        v: Array,
        rate: float,
        epsilon: float,
        factor: Rate | None = None,
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
        if factor is not None:
            grad *= factor
        params -= grad


@dataclass
class AdamW(Adam):
    """Adam whose weights (not biases) shrink by themselves, apart from the gradient.

        weights <- (1 - learning_rate weight_decay) weights,  then Adam's step

    Loshchilov and Hutter, Decoupled weight decay regularization, 2019, algorithm 2.
    epsilon is added after the correction of v, as in that algorithm. The penalty
    `alpha` of the estimator stays active beside the decay.
    """

    weight_decay: float = setting(0.01, real(0))
    decay_schedule: Any = setting("constant", SCHEDULE)

    def step(
        self, params: Array, grad: Array, state: State, learning_rate: Rate
    ) -> None:
        decay(params, state, learning_rate, self.weight_decay)
        super().step(params, grad, state, learning_rate)

    def _epsilon(self, t: int) -> float:
        return float(self.epsilon * (1.0 - self.beta_2**t) ** 0.5)

    def catch_up(
        self,
        rows: dict[str, Array],
        missed: NDArray[np.intp],
        state: State,
        learning_rate: float,
    ) -> None:
        kept = (1.0 - learning_rate * self.weight_decay) ** missed
        rows["params"] *= kept.astype(rows["params"].dtype)
        super().catch_up(rows, missed, state, learning_rate)


@dataclass
class AMSGrad(TwoMoments):
    """Adam with the largest second moment so far, so that rates never grow.

        m, v as Adam's;  vmax <- max(vmax, v)
        params <- params - learning_rate mhat / (sqrt(vmax / (1 - beta_2^t)) + epsilon)

    Reddi, Kale and Kumar, On the convergence of Adam and beyond, 2018, algorithm 2,
    with Adam's corrections: mhat = m / (1 - beta_1^t).
    """

    def _init(self, params: Array) -> State:
        return {"t": 0} | {name: np.zeros_like(params) for name in ("m", "v", "vmax")}

    def step(
        self, params: Array, grad: Array, state: State, learning_rate: Rate
    ) -> None:
        state["t"] = t = state["t"] + 1
        m, v, vmax = state["m"], state["v"], state["vmax"]
        _average(m, grad, self.beta_1)
        grad *= grad
        _average(v, grad, self.beta_2)
        np.maximum(vmax, v, out=vmax)
        np.multiply(vmax, 1.0 / (1.0 - self.beta_2**t), out=grad)
        np.sqrt(grad, out=grad)
        grad += self.epsilon
        np.divide(m, grad, out=grad)
        grad *= learning_rate / (1.0 - self.beta_1**t)
        params -= grad


@dataclass
class Nadam(TwoMoments):
    """Adam with Nesterov's momentum.

        mu_t    = beta_1 (1 - 0.96^(t momentum_decay) / 2),  M_t = mu_1 ... mu_t
        params <- params - learning_rate / (sqrt(vhat) + epsilon)
                  ((1 - mu_t) / (1 - M_t) grad + mu_{t+1} / (1 - M_{t+1}) m)

    m, v as Adam's, vhat = v / (1 - beta_2^t). Dozat, Incorporating Nesterov momentum
    into Adam, 2016, algorithm 2.
    """

    momentum_decay: float = setting(0.004, real(0))

    def _init(self, params: Array) -> State:
        zeros = {name: np.zeros_like(params) for name in ("m", "v")}
        return {"t": 0, "mu_product": 1.0} | zeros

    def _mu(self, t: int) -> float:
        return float(self.beta_1 * (1.0 - 0.5 * 0.96 ** (t * self.momentum_decay)))

    def step(
        self, params: Array, grad: Array, state: State, learning_rate: Rate
    ) -> None:
        state["t"] = t = state["t"] + 1
        mu, mu_next = self._mu(t), self._mu(t + 1)
        state["mu_product"] = product = state["mu_product"] * mu
        m, v = state["m"], state["v"]
        _average(m, grad, self.beta_1)
        _average(v, grad * grad, self.beta_2)
        grad *= (1.0 - mu) / (1.0 - product)
        grad += m * (mu_next / (1.0 - product * mu_next))
        scale = v * (1.0 / (1.0 - self.beta_2**t))
        np.sqrt(scale, out=scale)
        scale += self.epsilon
        grad /= scale
        grad *= learning_rate
        params -= grad


@dataclass
class RMSprop(Stochastic):
    """Steps scaled by the running root mean square of the gradient.

        v       <- decay v + (1 - decay) grad^2
        u       <- momentum u + grad / (sqrt(v) + epsilon)
        params  <- params - learning_rate u

    Tieleman and Hinton, Lecture 6.5 of Neural networks for machine learning, 2012.
    """

    decay: float = setting(0.99, DECAY)
    momentum: float = setting(0.0, DECAY)
    epsilon: float = setting(1e-8, POSITIVE)

    def _init(self, params: Array) -> State:
        return {"u": np.zeros_like(params), "v": np.zeros_like(params)}

    def step(
        self, params: Array, grad: Array, state: State, learning_rate: Rate
    ) -> None:
        u, v = state["u"], state["v"]
        _average(v, grad * grad, self.decay)
        grad /= np.sqrt(v) + self.epsilon
        u *= self.momentum
        u += grad
        np.multiply(u, learning_rate, out=grad)
        params -= grad


@dataclass
class Adagrad(Stochastic):
    """Steps scaled by the root of the sum of all squared gradients.

        s       <- s + grad^2
        params  <- params - learning_rate grad / (sqrt(s) + epsilon)

    Duchi, Hazan and Singer, Adaptive subgradient methods for online learning and
    stochastic optimization, 2011, equation 1 with diagonal matrices.
    """

    epsilon: float = setting(1e-10, POSITIVE)

    def _init(self, params: Array) -> State:
        return {"s": np.zeros_like(params)}

    def step(
        self, params: Array, grad: Array, state: State, learning_rate: Rate
    ) -> None:
        state["s"] += grad * grad
        grad /= np.sqrt(state["s"]) + self.epsilon
        grad *= learning_rate
        params -= grad


@dataclass
class Lion(Stochastic):
    """Steps of one size, along the sign of the momentum.

        weights <- (1 - learning_rate weight_decay) weights
        params  <- params - learning_rate sign(beta_1 m + (1 - beta_1) grad)
        m       <- beta_2 m + (1 - beta_2) grad

    Chen et al., Symbolic discovery of optimization algorithms, 2023, program 1. Its
    rate should be 3 to 10 times smaller than Adam's. Biases do not decay.
    """

    beta_1: float = setting(0.9, DECAY)
    beta_2: float = setting(0.99, DECAY)
    weight_decay: float = setting(0.0, real(0))
    decay_schedule: Any = setting("constant", SCHEDULE)

    def _init(self, params: Array) -> State:
        return {"m": np.zeros_like(params)}

    def step(
        self, params: Array, grad: Array, state: State, learning_rate: Rate
    ) -> None:
        m = state["m"]
        decay(params, state, learning_rate, self.weight_decay)
        direction = m * self.beta_1
        direction += grad * (1.0 - self.beta_1)
        np.sign(direction, out=direction)
        direction *= learning_rate
        params -= direction
        _average(m, grad, self.beta_2)


def _geometric(ratio: float, n: NDArray[np.intp]) -> Array:
    """ratio + ratio^2 + ... + ratio^n."""
    if ratio == 1.0:
        return n.astype(np.float64)
    return np.asarray(ratio * (1.0 - ratio**n) / (1.0 - ratio))


def _average(average: Array, value: Array, decay: float) -> None:
    """average <- decay average + (1 - decay) value."""
    average *= decay
    average += value * (1.0 - decay)


@dataclass
class Minimum:
    """Where a minimization ended, and why."""

    params: Array
    value: float
    n_iter: int
    status: int
    message: str


@dataclass
class LBFGS(Solver):
    """Limited-memory BFGS over all rows, as in SciPy.

    Liu and Nocedal, On the limited memory BFGS method for large scale optimization,
    1989. It ends when the largest component of the gradient is at most `tol`, after
    `max_iter` iterations, or after `max_fun` evaluations.
    """

    stochastic: ClassVar[bool] = False
    flat: ClassVar[tuple[str, ...]] = ("max_fun",)

    max_fun: int = setting(15000, integer(1))

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


SOLVERS: dict[str, type[Solver]] = {
    "lbfgs": LBFGS,
    "sgd": SGD,
    "adam": Adam,
    "adamw": AdamW,
    "amsgrad": AMSGrad,
    "nadam": Nadam,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "lion": Lion,
}
