"""Solvers: what one update of the parameters does, given the gradient.

A solver is settings alone. A stochastic one makes its state by ``init(params)``, and
``step(params, grad, state, learning_rate)`` updates the flat vector `params` in place;
it may use `grad` as scratch space. A solver of one's own is a subclass of
``Stochastic`` with ``_init`` and ``_update``; the settings of the base act around
these two. ``LBFGS`` has ``minimize`` instead.
"""

import copy
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from skmlp.component import Component, setting
from skmlp.constraints import BOOLEAN, either, integer, one_of, real

Array = NDArray[np.floating[Any]]
Values = dict[str, Any]
Vectors = dict[str, Array]
Counts = NDArray[np.intp]
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
WITHOUT_DECAY = ("biases", "activation")


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
MAP = (
    lambda value: value is None or callable(value),
    "None or a function such as Python's map",
)


# What a step acts on besides the parameters.


@dataclass(frozen=True)
class Layout:
    """Where the parameters of a network are in its flat vector.

    n_weights : so many parameters, from the first on, are weights.
    shapes : (fan_in, fan_out) of each layer's weights, one layer after the other.
    groups : by name, which is one of GROUPS, where the parameters of that group are.
    """

    n_weights: int
    shapes: list[tuple[int, int]] = field(default_factory=list)
    groups: dict[str, list[slice]] = field(default_factory=dict)

    def weights(self, params: Array) -> Iterator[Array]:
        """The weights (fan_in, fan_out) of each layer, as views."""
        start = 0
        for shape in self.shapes:
            stop = start + shape[0] * shape[1]
            yield params[start:stop].reshape(shape)
            start = stop

    def parts(self) -> Iterator[tuple[str, slice]]:
        """The group and the place of all parts of the parameters."""
        for name, places in self.groups.items():
            for where in places:
                yield name, where


class Frozen:
    """Parts of the parameters that training leaves as they are."""

    def __init__(self, parts: Sequence[slice], params: Array) -> None:
        self._parts = [(part, params[part].copy()) for part in parts]

    def __bool__(self) -> bool:
        return bool(self._parts)

    def silence(self, grad: Array) -> None:
        """Make their gradient 0."""
        for part, _ in self._parts:
            grad[part] = 0.0

    def restore(self, params: Array) -> None:
        """To the bit, against decay, momentum, and sums that lose the sign of -0."""
        for part, values in self._parts:
            params[part] = values


class GroupRates:
    """Learning rates and weight decay of each parameter, by its group.

    steps : (n_params,), factors on the learning rate.
    decays : the parts of the parameters that decay, with their factors on the decay.
    """

    def __init__(self, steps: Array, decays: list[tuple[slice, float]]) -> None:
        self._steps, self._decays = steps, decays
        self._rates = np.empty_like(steps)

    def of_step(self, learning_rate: float) -> Array:
        return np.multiply(self._steps, learning_rate, out=self._rates)

    def decay(self, params: Array, strength: float) -> None:
        """params <- (1 - factor strength) params, in each part."""
        for where, factor in self._decays:
            part = params[where]
            part *= 1.0 - factor * strength


@dataclass
class State:
    """What a solver keeps from step to step; made by its ``init``, owned by the caller.

    values : by name, the numbers and arrays of the solver's own update.
    average, share_of_start : the average of the parameters before its bias is
        corrected, and the weight that it gives to the start.
    layout, frozen, group_rates, weight_decay : what the settings act on; made by
        ``init`` and saved nowhere.
    is_plain : whether a step is the solver's own update and nothing else.
    """

    values: Values
    layout: Layout
    frozen: Frozen
    group_rates: GroupRates | None
    weight_decay: float
    is_plain: bool
    average: Array | None = None
    share_of_start: float = 1.0

    def get_state(self) -> dict[str, Any]:
        """All that changes from step to step, as numbers and arrays."""
        names = ("values", "average", "share_of_start")
        return {name: getattr(self, name) for name in names}

    def set_state(self, state: dict[str, Any]) -> None:
        """Be as when `get_state` was called; writes into the arrays of the values."""
        for name, value in state["values"].items():
            if isinstance(value, np.ndarray):
                self.values[name][...] = value
            else:
                self.values[name] = value
        average = state["average"]
        self.average = None if average is None else average.copy()
        self.share_of_start = state["share_of_start"]

    def on_vectors(self, vectors: Vectors, n_weights: int) -> "State":
        """The state of some of the parameters, whose values are `vectors`."""
        part = copy.copy(self)
        part.values, part.layout = self.values | vectors, Layout(n_weights)
        return part

    def decay(self, params: Array, rate: float) -> None:
        """Shrink the weights by rate * weight_decay, or each group by its own share."""
        if self.group_rates is not None:
            self.group_rates.decay(params, rate * self.weight_decay)
        else:
            weights = params[: self.layout.n_weights]
            weights *= 1.0 - rate * self.weight_decay

    def add_to_average(self, params: Array, decay: float) -> None:
        if self.average is None:
            self.average = np.zeros_like(params)
        self.share_of_start *= decay
        _average(self.average, params, decay)


def blocks(size: int) -> Iterator[slice]:
    """Slices of a vector that make it up."""
    return (slice(start, start + BLOCK) for start in range(0, size, BLOCK))


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


def limit_norms(weights: Iterator[Array], largest: float) -> None:
    """Shorten the incoming weights of each unit to that Euclidean norm."""
    for W in weights:
        norms = np.sqrt(np.einsum("ij,ij->j", W, W))
        norms[np.isinf(norms)] = np.nan  # so that divergence is seen
        W *= np.minimum(1.0, largest / np.maximum(norms, largest))


# Bases


@dataclass
class Solver(Component):
    """Base of solvers."""

    abstract: ClassVar[bool] = True

    stochastic: ClassVar[bool]


@dataclass
class Stochastic(Solver):
    """Base of the solvers that take a step for each mini-batch.

    A step clips the gradient, applies the weight decay, makes the solver's own update,
    limits the norms of the weights, and adds the parameters to their average; each of
    these only if it is set.

    Parameters
    ----------
    clip_norm : float or None, default=None
        Maximum Euclidean norm of the gradient, taken over all parameters; a longer
        gradient is scaled down to it. Pascanu, Mikolov and Bengio, On the difficulty of
        training recurrent neural networks, 2013, algorithm 1.
    averaging : float in (0, 1) or None, default=None
        Decay d of the exponential moving average of the parameters over the steps,
        ``avg <- d avg + (1 - d) params``, divided by 1 - d^t to correct its bias
        towards the start. Validation scores are those of the average, and it is the
        model at the end. Polyak and Juditsky, Acceleration of stochastic approximation
        by averaging, 1992; exponential as in Kingma and Ba, 2015, section 7.2.
    max_norm : float or None, default=None
        Maximum Euclidean norm of the incoming weights of each unit, enforced after each
        step. Srivastava et al., Dropout: a simple way to prevent neural networks from
        overfitting, 2014, section 5.1.
    parametrization : {"standard", "ntk"}, default="standard"
        "ntk" divides the learning rate of each layer's weights by sqrt(fan_in): the
        neural tangent parametrization, as far as Adam's steps go. Holzmueller,
        Grinsztajn and Steinwart, Better by default: strong pre-tuned MLPs and boosted
        trees on tabular data, 2024, section 3.
    rate_factors : dict or None, default=None
        Factors on the learning rate, and with it on the weight decay, of groups of
        parameters, such as ``{"biases": 0.1, "scale": 6.0}``. The groups are "weights",
        "biases", "scale", "numeric_embedding", "category_embedding" and "activation";
        those left out have the factor 1.
    """

    abstract: ClassVar[bool] = True

    stochastic: ClassVar[bool] = True

    clip_norm: float | None = setting(None, either(POSITIVE, None), kw_only=True)
    averaging: float | None = setting(
        None, either(real(0, 1, open_low=True), None), kw_only=True
    )
    max_norm: float | None = setting(None, either(POSITIVE, None), kw_only=True)
    parametrization: Literal["standard", "ntk"] = setting(
        "standard", one_of(("standard", "ntk")), kw_only=True
    )
    rate_factors: dict[str, float] | None = setting(None, RATE_FACTORS, kw_only=True)

    def init(
        self,
        params: Array,
        layout: Layout | None = None,
        frozen: Frozen | None = None,
    ) -> State:
        """The state before the first step.

        layout : by default all parameters are the weights of one unit.
        frozen : parameters that stay as they are.
        """
        layout = layout or Layout(params.size, [(params.size, 1)])
        frozen = frozen or Frozen((), params)
        strength = self.weight_decay if isinstance(self, WithDecay) else 0.0
        rates = self._group_rates(params, layout, strength > 0.0)
        acts = (self.clip_norm, self.averaging, self.max_norm, rates, strength or None)
        is_plain = all(one is None for one in acts) and not frozen
        return State(self._init(params), layout, frozen, rates, strength, is_plain)

    def step(
        self,
        params: Array,
        grad: Array,
        state: State,
        learning_rate: float,
        decay_factor: float = 1.0,
    ) -> None:
        """Update `params` in place; spends `grad`.

        decay_factor : what ``decay_schedule`` gives at this time.
        """
        if state.is_plain:
            self._update(params, grad, state.values, learning_rate)
            return
        if self.clip_norm is not None:
            clip(grad, self.clip_norm)
        if state.weight_decay:
            state.decay(params, learning_rate * decay_factor)
        rate: Rate = learning_rate
        if state.group_rates is not None:
            rate = state.group_rates.of_step(learning_rate)
        self._update(params, grad, state.values, rate)
        if self.max_norm is not None:
            limit_norms(state.layout.weights(params), float(self.max_norm))
        state.frozen.restore(params)
        if self.averaging is not None:
            state.add_to_average(params, self.averaging)

    def averaged(self, params: Array, state: State) -> Array:
        """The parameters of the model: the average, or `params` without averaging."""
        if self.averaging is None or state.average is None:
            return params
        share = 1.0 - state.share_of_start
        return np.asarray(state.average / params.dtype.type(share))

    def _group_rates(
        self, params: Array, layout: Layout, decays: bool
    ) -> GroupRates | None:
        """None where one learning rate serves all, and only the weights decay.

        Biases and what activations learn never decay; what inputs learn does.
        """
        factors, ntk = self.rate_factors or {}, self.parametrization == "ntk"
        others = layout.groups.keys() - {"weights", *WITHOUT_DECAY}
        if not (factors or ntk or (decays and others)):
            return None
        steps = np.ones(params.size)
        shrunk: list[tuple[slice, float]] = []
        for name, where in layout.parts():
            factor = factors.get(name, 1.0)
            steps[where] = factor
            if name not in WITHOUT_DECAY:
                shrunk.append((where, factor))
        if ntk:
            for W in layout.weights(steps):
                W /= np.sqrt(len(W))
        return GroupRates(steps.astype(params.dtype), shrunk)

    def _init(self, params: Array) -> Values:
        """Numbers and arrays, by name, that `_update` keeps from step to step."""
        raise NotImplementedError

    def _update(self, params: Array, grad: Array, values: Values, rate: Rate) -> None:
        """The solver's own update of `params` and `values`, in place; spends `grad`."""
        raise NotImplementedError


class WithDecay:
    """Marks the solvers with weight decay of their own.

    Parameters
    ----------
    decay_schedule : str, schedule or callable, default="constant"
        How `weight_decay` changes in the course of training: the name or an object of a
        schedule of ``skmlp.schedules``, or a function of progress in [0, 1] that gives
        the factor on it. The decay follows the learning rate's own schedule as well.
    """

    weight_decay: float
    decay_schedule: Any


@dataclass
class Lazy(Stochastic):
    """Base of the solvers that can leave out what a sparse batch does not touch.

    moments : the vectors among the state's values.

    Parameters
    ----------
    lazy : bool, default=False
        Whether, with sparse X, a step updates only those weights of the first layer
        whose features occur in the batch; the others catch up when their feature next
        occurs. Much faster with many features and few entries in each; the model
        differs slightly, see ``skmlp.training.sparse_updates``. Not with `clip_norm`,
        `averaging`, `max_norm`, `parametrization`, `rate_factors` or `decay_schedule`.
    """

    abstract: ClassVar[bool] = True

    moments: ClassVar[tuple[str, ...]]

    lazy: bool = setting(False, BOOLEAN, kw_only=True)

    def step_on_part(
        self,
        vectors: Vectors,
        grad: Array,
        state: State,
        learning_rate: float,
        n_weights: int,
    ) -> None:
        """A step on part of the parameters, of which the first `n_weights` are weights.

        vectors : that part of the params and of each moment, updated in place.
        """
        moments = {name: vectors[name] for name in self.moments}
        part = state.on_vectors(moments, n_weights)
        self.step(vectors["params"], grad, part, learning_rate)
        state.values.update((n, v) for n, v in part.values.items() if n not in moments)

    def catch_up(
        self, rows: Vectors, missed: Counts, state: State, rate: float
    ) -> None:
        """Move `rows`, of params and moments, as `missed` steps without gradient do.

        rows : by name, (n_rows, fan_out); missed : (n_rows, 1).
        """
        raise NotImplementedError


@dataclass
class TwoMoments(Stochastic):
    """Base of Adam's kin.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        Exponential decay rate of the first moment, the running mean of the gradient.
    beta_2 : float in [0, 1), default=0.999
        Exponential decay rate of the second moment, the running mean of the squared
        gradient.
    epsilon : float, default=1e-8
        Numerical-stability term in the denominator.
    """

    abstract: ClassVar[bool] = True
    flat: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon")

    beta_1: float = setting(0.9, DECAY)
    beta_2: float = setting(0.999, DECAY)
    epsilon: float = setting(1e-8, POSITIVE)


# The solvers


@dataclass
class SGD(Lazy):
    """Stochastic gradient descent with momentum or Nesterov momentum.

        v       <- momentum v - learning_rate grad
        params  <- params + v                                    (momentum)
        params  <- params + momentum v - learning_rate grad      (Nesterov)

    Parameters
    ----------
    momentum : float in [0, 1], default=0.9
        Momentum: share of the last step that is added to the next one.
    nesterovs_momentum : bool, default=True
        Whether to use Nesterov momentum. Only used when momentum > 0.

    References
    ----------
    Sutskever, Martens, Dahl and Hinton, On the importance of initialization and
    momentum in deep learning, 2013, equations 1 to 4; Nesterov's form with `params` at
    the point of lookahead.

    Examples
    --------
    >>> params, solver = np.zeros(2), SGD(momentum=0.5)
    >>> state = solver.init(params)
    >>> solver.step(params, np.array([1.0, -2.0]), state, learning_rate=0.1)
    >>> params
    array([-0.15,  0.3 ])
    """

    flat: ClassVar[tuple[str, ...]] = ("momentum", "nesterovs_momentum")
    moments: ClassVar[tuple[str, ...]] = ("velocity",)

    momentum: float = setting(0.9, real(0, 1, open_high=False))
    nesterovs_momentum: bool = setting(True, BOOLEAN)

    def _init(self, params: Array) -> Values:
        return {"velocity": np.zeros_like(params)}

    def _update(self, params: Array, grad: Array, values: Values, rate: Rate) -> None:
        velocity = values["velocity"]
        grad *= rate
        velocity *= self.momentum
        velocity -= grad
        if self.nesterovs_momentum:
            params -= grad
            np.multiply(velocity, self.momentum, out=grad)
            params += grad
        else:
            params += velocity

    def catch_up(
        self, rows: Vectors, missed: Counts, state: State, rate: float
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

    References
    ----------
    Kingma and Ba, Adam: a method for stochastic optimization, 2015, the efficient form
    at the end of section 2, whose epsilon is "epsilon hat". The state keeps
    m / (1 - beta_1) and v / (1 - beta_2), which saves two passes over the vector.

    Examples
    --------
    >>> from skmlp import MLPClassifier
    >>> MLPClassifier(solver=Adam(clip_norm=1.0, beta_2=0.95))
    MLPClassifier(solver=Adam(clip_norm=1.0, beta_2=0.95))
    """

    moments: ClassVar[tuple[str, ...]] = ("m", "v")
    epsilon_after_correction: ClassVar[bool] = False

    def _init(self, params: Array) -> Values:
        return {"m": np.zeros_like(params), "v": np.zeros_like(params), "t": 0}

    def _update(self, params: Array, grad: Array, values: Values, rate: Rate) -> None:
        values["t"] = t = values["t"] + 1
        root = (1.0 - self.beta_2) ** 0.5
        factors = rate if isinstance(rate, np.ndarray) else None
        step: Any = rate if factors is None else 1.0
        step = step * (1.0 - self.beta_2**t) ** 0.5 / (1.0 - self.beta_1**t)
        step *= (1.0 - self.beta_1) / root
        epsilon = self.epsilon
        if self.epsilon_after_correction:
            epsilon = epsilon * (1.0 - self.beta_2**t) ** 0.5
        epsilon /= root
        whole = (params, grad, values["m"], values["v"], factors)
        for part in [whole] if params.size <= BLOCK else _in_blocks(whole):
            params, grad, m, v, factor = part
            m *= self.beta_1
            m += grad
            v *= self.beta_2
            grad *= grad
            v += grad
            np.sqrt(v, out=grad)
            grad += epsilon
            np.divide(m, grad, out=grad)
            grad *= step
            if factor is not None:
                grad *= factor
            params -= grad

    def catch_up(
        self, rows: Vectors, missed: Counts, state: State, rate: float
    ) -> None:
        m, v, t = rows["m"], rows["v"], max(1, state.values["t"])
        root = (1.0 - self.beta_2) ** 0.5
        rate = rate * (1.0 - self.beta_2**t) ** 0.5 / (1.0 - self.beta_1**t)
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


@dataclass
class AdamW(Adam, WithDecay):
    """Adam with decoupled weight decay: weights shrink apart from the gradient.

        weights <- (1 - learning_rate weight_decay) weights,  then Adam's step

    epsilon is added after the bias correction of v, as in algorithm 2 below; in Adam,
    before it.

    Parameters
    ----------
    weight_decay : float, default=0.01
        Decoupled weight decay: each step multiplies the weights by
        ``1 - learning_rate * weight_decay``. Biases do not decay; a learned scale of
        the inputs and their embeddings do. The L2 penalty `alpha` of the estimator
        stays active beside it.

    References
    ----------
    Loshchilov and Hutter, Decoupled weight decay regularization, 2019, algorithm 2.

    Examples
    --------
    >>> from skmlp import MLPRegressor
    >>> solver = AdamW(weight_decay=0.02, decay_schedule="flat_cos")
    >>> MLPRegressor(solver=solver).get_params()["solver__weight_decay"]
    0.02
    """

    epsilon_after_correction: ClassVar[bool] = True

    weight_decay: float = setting(0.01, real(0))
    decay_schedule: Any = setting("constant", SCHEDULE)

    def catch_up(
        self, rows: Vectors, missed: Counts, state: State, rate: float
    ) -> None:
        kept = (1.0 - rate * self.weight_decay) ** missed
        rows["params"] *= kept.astype(rows["params"].dtype)
        super().catch_up(rows, missed, state, rate)


@dataclass
class AMSGrad(TwoMoments):
    """Adam with the maximum of all second moments, so that rates never grow.

        m, v as Adam's;  vmax <- max(vmax, v)
        params <- params - learning_rate mhat / (sqrt(vmax / (1 - beta_2^t)) + epsilon)

    mhat = m / (1 - beta_1^t).

    References
    ----------
    Reddi, Kale and Kumar, On the convergence of Adam and beyond, 2018, algorithm 2,
    with Adam's bias corrections.
    """

    def _init(self, params: Array) -> Values:
        return {"t": 0} | {name: np.zeros_like(params) for name in ("m", "v", "vmax")}

    def _update(self, params: Array, grad: Array, values: Values, rate: Rate) -> None:
        values["t"] = t = values["t"] + 1
        m, v, vmax = values["m"], values["v"], values["vmax"]
        _average(m, grad, self.beta_1)
        grad *= grad
        _average(v, grad, self.beta_2)
        np.maximum(vmax, v, out=vmax)
        np.multiply(vmax, 1.0 / (1.0 - self.beta_2**t), out=grad)
        np.sqrt(grad, out=grad)
        grad += self.epsilon
        np.divide(m, grad, out=grad)
        grad *= rate / (1.0 - self.beta_1**t)
        params -= grad


@dataclass
class Nadam(TwoMoments):
    """Adam with Nesterov momentum.

        mu_t    = beta_1 (1 - 0.96^(t momentum_decay) / 2),  M_t = mu_1 ... mu_t
        params <- params - learning_rate / (sqrt(vhat) + epsilon)
                  ((1 - mu_t) / (1 - M_t) grad + mu_{t+1} / (1 - M_{t+1}) m)

    m, v as Adam's, vhat = v / (1 - beta_2^t).

    Parameters
    ----------
    momentum_decay : float, default=0.004
        How fast the momentum mu_t rises from beta_1 / 2 to beta_1 over the steps; with
        0 it stays at beta_1 / 2.

    References
    ----------
    Dozat, Incorporating Nesterov momentum into Adam, 2016, algorithm 2.
    """

    momentum_decay: float = setting(0.004, real(0))

    def _init(self, params: Array) -> Values:
        zeros = {name: np.zeros_like(params) for name in ("m", "v")}
        return {"t": 0, "mu_product": 1.0} | zeros

    def _mu(self, t: int) -> float:
        return float(self.beta_1 * (1.0 - 0.5 * 0.96 ** (t * self.momentum_decay)))

    def _update(self, params: Array, grad: Array, values: Values, rate: Rate) -> None:
        values["t"] = t = values["t"] + 1
        mu, mu_next = self._mu(t), self._mu(t + 1)
        values["mu_product"] = product = values["mu_product"] * mu
        m, v = values["m"], values["v"]
        _average(m, grad, self.beta_1)
        _average(v, grad * grad, self.beta_2)
        grad *= (1.0 - mu) / (1.0 - product)
        grad += m * (mu_next / (1.0 - product * mu_next))
        scale = v * (1.0 / (1.0 - self.beta_2**t))
        np.sqrt(scale, out=scale)
        scale += self.epsilon
        grad /= scale
        grad *= rate
        params -= grad


@dataclass
class RMSprop(Stochastic):
    """Steps scaled by the running root mean square of the gradient.

        v       <- decay v + (1 - decay) grad^2
        u       <- momentum u + grad / (sqrt(v) + epsilon)
        params  <- params - learning_rate u

    Parameters
    ----------
    decay : float in [0, 1), default=0.99
        Exponential decay rate of the running mean of the squared gradient. PyTorch's
        `alpha`.
    momentum : float in [0, 1), default=0.0
        Momentum of the scaled steps.
    epsilon : float, default=1e-8
        Numerical-stability term in the denominator.

    References
    ----------
    Tieleman and Hinton, Neural networks for machine learning, 2012, lecture 6.5.
    """

    decay: float = setting(0.99, DECAY)
    momentum: float = setting(0.0, DECAY)
    epsilon: float = setting(1e-8, POSITIVE)

    def _init(self, params: Array) -> Values:
        return {"u": np.zeros_like(params), "v": np.zeros_like(params)}

    def _update(self, params: Array, grad: Array, values: Values, rate: Rate) -> None:
        u, v = values["u"], values["v"]
        _average(v, grad * grad, self.decay)
        grad /= np.sqrt(v) + self.epsilon
        u *= self.momentum
        u += grad
        np.multiply(u, rate, out=grad)
        params -= grad


@dataclass
class Adagrad(Stochastic):
    """Steps scaled by the root of the sum of all squared gradients.

        s       <- s + grad^2
        params  <- params - learning_rate grad / (sqrt(s) + epsilon)

    Parameters
    ----------
    epsilon : float, default=1e-10
        Numerical-stability term in the denominator.

    References
    ----------
    Duchi, Hazan and Singer, Adaptive subgradient methods for online learning and
    stochastic optimization, 2011, equation 1 with diagonal matrices.
    """

    epsilon: float = setting(1e-10, POSITIVE)

    def _init(self, params: Array) -> Values:
        return {"s": np.zeros_like(params)}

    def _update(self, params: Array, grad: Array, values: Values, rate: Rate) -> None:
        values["s"] += grad * grad
        grad /= np.sqrt(values["s"]) + self.epsilon
        grad *= rate
        params -= grad


@dataclass
class Lion(Stochastic, WithDecay):
    """Steps of one size, along the sign of the momentum.

        weights <- (1 - learning_rate weight_decay) weights
        params  <- params - learning_rate sign(beta_1 m + (1 - beta_1) grad)
        m       <- beta_2 m + (1 - beta_2) grad

    The learning rate should be 3 to 10 times smaller than Adam's, and the weight decay
    as many times larger.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        Weight of the momentum, against the gradient, in the direction of a step.
    beta_2 : float in [0, 1), default=0.99
        Exponential decay rate of the momentum, the running mean of the gradient.
    weight_decay : float, default=0.0
        Decoupled weight decay, as in AdamW.

    References
    ----------
    Chen et al., Symbolic discovery of optimization algorithms, 2023, program 1.
    """

    beta_1: float = setting(0.9, DECAY)
    beta_2: float = setting(0.99, DECAY)
    weight_decay: float = setting(0.0, real(0))
    decay_schedule: Any = setting("constant", SCHEDULE)

    def _init(self, params: Array) -> Values:
        return {"m": np.zeros_like(params)}

    def _update(self, params: Array, grad: Array, values: Values, rate: Rate) -> None:
        m = values["m"]
        direction = m * self.beta_1
        direction += grad * (1.0 - self.beta_1)
        np.sign(direction, out=direction)
        direction *= rate
        params -= direction
        _average(m, grad, self.beta_2)


def _in_blocks(vectors: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The blocks of several vectors, None for those that are None."""
    for block in blocks(vectors[0].size):
        yield [None if vector is None else vector[block] for vector in vectors]


def _geometric(ratio: float, n: Counts) -> Array:
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
    """Limited-memory BFGS over all rows at once, as in SciPy.

    It ends when the largest component of the gradient is at most `tol`, after
    `max_iter` iterations, or after `max_fun` evaluations of the objective.

    Parameters
    ----------
    max_fun : int, default=15000
        Maximum number of evaluations of the objective and its gradient.
    map : callable or None, default=None
        Evaluates blocks of rows side by side: as Python's ``map(function,
        *iterables)``, such as the ``map`` of an executor of `concurrent.futures`. The
        function and what the iterables give can be pickled. A block has 4096 rows, and
        more where that would be more than 1024 blocks; their sums are added in a fixed
        order, so that any `map` gives the same bits. None evaluates all rows in this
        process, in other blocks, which is equal to rounding. Clones and copies share
        the `map`; pickles have Python's own instead, and saved models none.

    References
    ----------
    Liu and Nocedal, On the limited memory BFGS method for large scale optimization,
    1989.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from sklearn.datasets import make_regression
    >>> from skmlp import MLPRegressor
    >>> X, y = make_regression(10_000, 5, random_state=0)
    >>> with ThreadPoolExecutor(2) as pool:
    ...     solver = LBFGS(map=pool.map)
    ...     mlp = MLPRegressor(solver=solver, hidden_layer_sizes=5, random_state=0)
    ...     mlp.fit(X, y).score(X, y) > 0.9
    True
    """

    stochastic: ClassVar[bool] = False
    flat: ClassVar[tuple[str, ...]] = ("max_fun",)
    by_reference: ClassVar[tuple[str, ...]] = ("map",)

    max_fun: int = setting(15000, integer(1))
    map: Any = setting(None, MAP)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(vars(self))
        if self.map is not None:
            state["map"] = map  # which gives the same bits, in any process
        return state

    def __copy__(self) -> Self:
        return self.__sklearn_clone__()

    def __deepcopy__(self, memo: Any) -> Self:
        return self.__sklearn_clone__()

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


# Docstrings: the section Parameters gets the settings of the bases, too.

SECTIONS = re.compile(r"\n\n(?=\w+\n-+\n)")


def _complete_docstring(kind: type[Solver]) -> None:
    """Have it describe all settings, in the order of the signature."""
    entries: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        first, *others = SECTIONS.split(inspect.cleandoc(base.__doc__ or ""))
        if others and others[0].startswith("Parameters\n"):
            own = re.split(r"\n(?=\w+ : )", others.pop(0))[1:]
            entries |= {entry.partition(" : ")[0]: entry for entry in own}
    settings = [entries[name] for name in inspect.signature(kind).parameters]
    section = "\n".join(["Parameters", "----------", *settings])
    kind.__doc__ = "\n\n".join([first, section, *others])


for _kind in SOLVERS.values():
    _complete_docstring(_kind)
