"""Activations of hidden units, forward and backward, in place.

``forward(z, out)`` writes the activation of `z` to `out`, which may be `z` itself.
``backward(delta, z, a)`` multiplies `delta` by the derivative at `z`. It comes last in
a layer's backward pass, so it may use `a` as scratch space. ``keeps_input`` says that
the derivative needs `z` besides `a`. ``gain`` is the constant c of the initial bound
sqrt(c / (fan_in + fan_out)).

Any object with these two methods is an activation; where it does not say otherwise,
it is taken to need `z`, and its gain is 6.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from skmlp.component import Component, setting
from skmlp.constraints import real

Array = NDArray[np.floating[Any]]


@dataclass
class Activation(Component):
    """Base of activations.

    Attributes
    ----------
    keeps_input : bool
        Whether the derivative needs z besides a.

    keeps_slope : bool
        Whether training computes the derivative in the forward pass, by
        ``forward_with_slope``, since it has much in common with the activation.

    gain : float
        Constant c of the Glorot bound sqrt(c / (fan_in + fan_out)) for the initial
        weights of a layer with this activation.
    """

    abstract: ClassVar[bool] = True

    keeps_input: ClassVar[bool] = False
    keeps_slope: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = vars(cls)
        if "forward_with_slope" not in own and {"forward", "backward"} & own.keys():
            cls.keeps_slope = False  # the inherited one is of another function

    gain: ClassVar[float] = 6.0

    def forward(self, z: Array, out: Array) -> None:
        raise NotImplementedError

    def forward_with_slope(self, z: Array, out: Array) -> None:
        """Write the activation to `out`, another array, and the derivative to `z`."""
        raise NotImplementedError

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        raise NotImplementedError


def _is_plain(value: Any) -> bool:
    """Whether it is an activation object without alphas of its own."""
    return isinstance(value, Activation) and not isinstance(value, Parametric)


@cache
def _zeros(dtype: Any) -> Array:
    """A constant for comparisons: small enough to stay in the processor's cache."""
    zeros = np.zeros(1 << 15, dtype)
    zeros.flags.writeable = False
    return zeros


def _with_zeros(ufunc: Any, z: Array, out: Array) -> Array:
    """ufunc(z, 0): against an array of zeros three times as fast as against 0."""
    zeros = _zeros(z.dtype)
    if z.size < 1024 or len(z) == 1:
        ufunc(z, 0.0, out=out)
    elif z.size <= zeros.size:
        ufunc(z, zeros[: z.size].reshape(z.shape), out=out)
    else:
        half = len(z) // 2
        _with_zeros(ufunc, z[:half], out[:half])
        _with_zeros(ufunc, z[half:], out[half:])
    return out


def _where_positive(a: Array, height: float) -> Array:
    """`height` where a > 0, else 0; np.where would branch, 20 times as slowly."""
    steps = (a > 0).astype(a.dtype)
    steps *= height
    return steps


def _logistic(z: Array) -> Array:
    """1 / (1 + exp(-z)), five times as fast as expit, to as many digits."""
    logistic = np.negative(z)
    np.minimum(logistic, 87.0, out=logistic)  # beyond, float32 would overflow
    np.exp(logistic, out=logistic)
    logistic += 1.0
    return np.reciprocal(logistic, out=logistic)


@dataclass
class Identity(Activation):
    """Linear unit: the activation is its input.

        a = z

    Hidden layers of such units alone make a linear model.
    """

    def forward(self, z: Array, out: Array) -> None:
        if out is not z:
            out[...] = z

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        pass


@dataclass
class Logistic(Activation):
    """Logistic sigmoid, with values in (0, 1).

        a = 1 / (1 + exp(-z))

    Computed as (1 + tanh(z / 2)) / 2, which is faster.
    """

    gain: ClassVar[float] = 2.0

    def forward(self, z: Array, out: Array) -> None:
        np.multiply(z, 0.5, out=out)
        np.tanh(out, out=out)
        out += 1.0
        out *= 0.5

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        delta *= a
        np.subtract(1.0, a, out=a)
        delta *= a


@dataclass
class Tanh(Activation):
    """Hyperbolic tangent.

        a = tanh(z)

    Values are in (-1, 1).
    """

    def forward(self, z: Array, out: Array) -> None:
        np.tanh(z, out=out)

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        a *= a
        np.subtract(1.0, a, out=a)
        delta *= a


@dataclass
class ReLU(Activation):
    """Rectified linear unit.

        a = max(0, z)

    The derivative at 0 is 0.

    References
    ----------
    Nair and Hinton, Rectified linear units improve restricted Boltzmann machines, 2010.
    """

    def forward(self, z: Array, out: Array) -> None:
        _with_zeros(np.maximum, z, out)

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        if a.size <= 1024:  # few calls count more than few operations
            delta *= np.sign(a, out=a)
        else:
            delta *= a > 0


@dataclass
class LeakyReLU(Activation):
    """Leaky ReLU: a small slope instead of 0 for negative inputs.

        a = z          where z > 0
            slope z    elsewhere

    The derivative at 0 is `slope`.

    Parameters
    ----------
    slope : float in [0, 1), default=0.01
        Slope for negative inputs. A larger slope passes more gradient through inactive
        units; 0 is ReLU.

    References
    ----------
    Maas, Hannun and Ng, Rectifier nonlinearities improve neural network acoustic
    models, 2013, equation 2.

    Examples
    --------
    >>> from skmlp import MLPClassifier
    >>> MLPClassifier(activation=LeakyReLU(slope=0.1))
    MLPClassifier(activation=LeakyReLU(slope=0.1))
    """

    slope: float = setting(0.01, real(0, 1))

    def forward(self, z: Array, out: Array) -> None:
        np.maximum(z, z * self.slope, out=out)

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        slope = _where_positive(a, 1.0 - self.slope)
        slope += self.slope
        delta *= slope


@dataclass
class ELU(Activation):
    """Exponential linear unit: a ReLU that saturates smoothly at -alpha.

        a = z                       where z > 0
            alpha (exp(z) - 1)      elsewhere

    Parameters
    ----------
    alpha : float > 0, default=1.0
        Minus the value that a approaches for large negative inputs.

    References
    ----------
    Clevert, Unterthiner and Hochreiter, Fast and accurate deep network learning by
    exponential linear units, 2016, equation 15.
    """

    alpha: float = setting(1.0, real(0, open_low=True))

    def forward(self, z: Array, out: Array) -> None:
        below = _with_zeros(np.minimum, z, np.empty_like(z))
        np.expm1(below, out=below)
        below *= self.alpha
        _with_zeros(np.maximum, z, out)
        out += below

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        slope = _with_zeros(np.minimum, a, np.empty_like(a))
        slope += self.alpha
        slope -= _where_positive(a, self.alpha - 1.0)
        delta *= slope


@dataclass
class SELU(Activation):
    """Scaled ELU, which keeps mean 0 and variance 1 from layer to layer.

        a = scale z                     where z > 0
            scale alpha (exp(z) - 1)    elsewhere

    scale = 1.0507... and alpha = 1.6733... are fixed. Meant for the initializer
    'lecun_normal' and standardised inputs.

    References
    ----------
    Klambauer, Unterthiner, Mayr and Hochreiter, Self-normalizing neural networks, 2017,
    equation 2.
    """

    scale: ClassVar[float] = 1.0507009873554805
    alpha: ClassVar[float] = 1.6732632423543772

    def forward(self, z: Array, out: Array) -> None:
        below = _with_zeros(np.minimum, z, np.empty_like(z))
        np.expm1(below, out=below)
        below *= self.alpha
        _with_zeros(np.maximum, z, out)
        out += below
        out *= self.scale

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        lowest = self.scale * self.alpha
        slope = _with_zeros(np.minimum, a, np.empty_like(a))
        slope += lowest
        slope -= _where_positive(a, lowest - self.scale)
        delta *= slope


@dataclass
class Softplus(Activation):
    """Softplus, a smooth ReLU with positive values.

        a = log(1 + exp(z))

    References
    ----------
    Dugas, Bengio, Belisle, Nadeau and Garcia, Incorporating second-order functional
    knowledge for better option pricing, 2001, section 3.
    """

    def forward(self, z: Array, out: Array) -> None:
        np.logaddexp(z, 0.0, out=out)

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        # logistic(z) = 1 - exp(-a)
        np.negative(a, out=a)
        np.expm1(a, out=a)
        delta *= np.negative(a, out=a)


@dataclass
class SiLU(Activation):
    """Sigmoid-weighted linear unit, also called swish.

        a = z / (1 + exp(-z))

    References
    ----------
    Elfwing, Uchibe and Doya, Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning, 2018, equations 2 and 3.
    """

    keeps_input: ClassVar[bool] = True

    def forward(self, z: Array, out: Array) -> None:
        np.multiply(z, _logistic(z), out=out)

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        # s + z s (1 - s) = s + a (1 - s), where nothing cancels far out
        logistic = _logistic(z)
        slope = 1.0 - logistic
        slope *= a
        slope += logistic
        delta *= slope


@dataclass
class GELU(Activation):
    """Gaussian error linear unit, exact.

        a = z P(Z <= z)    for a standard normal Z

    References
    ----------
    Hendrycks and Gimpel, Gaussian error linear units, 2016, section 2.
    """

    keeps_input: ClassVar[bool] = True

    def forward(self, z: Array, out: Array) -> None:
        np.multiply(z, ndtr(z), out=out)

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        # P(Z <= z) + z density(z)
        slope = z * z
        slope *= -0.5
        np.exp(slope, out=slope)
        slope *= z
        slope *= (2.0 * np.pi) ** -0.5
        slope += ndtr(z)
        delta *= slope


@dataclass
class GELUTanh(Activation):
    """GELU in its tanh approximation, which is faster.

        a = z (1 + tanh(u)) / 2,    u = sqrt(2 / pi) (z + 0.044715 z^3)

    References
    ----------
    Hendrycks and Gimpel, Gaussian error linear units, 2016, section 2.
    """

    keeps_input: ClassVar[bool] = True
    root: ClassVar[float] = (2.0 / np.pi) ** 0.5
    cubic: ClassVar[float] = 0.044715

    def _tanh(self, z: Array) -> Array:
        near = np.clip(z, -20.0, 20.0)  # beyond, tanh is 1 and the cube may overflow
        inner = near * near
        inner *= self.cubic
        inner += 1.0
        inner *= near
        inner *= self.root
        return np.asarray(np.tanh(inner, out=inner))

    def forward(self, z: Array, out: Array) -> None:
        tanh = self._tanh(z)
        tanh += 1.0
        tanh *= 0.5
        np.multiply(z, tanh, out=out)

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        # (1 + tanh u) / 2 + z (1 - tanh(u)^2) u' / 2; the last factor is 0 far out
        tanh, near = self._tanh(z), np.clip(z, -20.0, 20.0)
        slope = near * near
        slope *= 3.0 * self.cubic
        slope += 1.0
        slope *= 0.5 * self.root
        slope *= near
        slope *= 1.0 - tanh * tanh
        tanh += 1.0
        tanh *= 0.5
        slope += tanh
        delta *= slope


@dataclass
class Mish(Activation):
    """Mish, a smooth, non-monotonic activation.

        a = z tanh(log(1 + exp(z)))

    References
    ----------
    Misra, Mish: a self regularized non-monotonic activation function, 2020, equation 1.
    """

    keeps_input: ClassVar[bool] = True
    keeps_slope: ClassVar[bool] = True

    def forward(self, z: Array, out: Array) -> None:
        # tanh(log(1 + u)) = n / (n + 2) with u = exp(z) and n = u^2 + 2 u
        # beyond 20, n / (n + 2) is 1 in float64; np.minimum would take twice as long
        u = np.clip(z, -np.inf, 20.0)
        np.exp(u, out=u)
        n = u + 2.0
        n *= u
        r = np.add(n, 2.0, out=u)
        np.reciprocal(r, out=r)  # not n / r: to the bit as with the slope
        n *= r
        np.multiply(z, n, out=out)

    def forward_with_slope(self, z: Array, out: Array) -> None:
        # n r + 4 z u (1 + u) r^2 with r = 1 / (n + 2), where u (1 + u) = n - u
        near = np.clip(z, -np.inf, 20.0)
        u = np.exp(near)
        n = u + 2.0
        n *= u
        r = n + 2.0
        np.reciprocal(r, out=r)
        tanh = np.multiply(n, r, out=out)
        n -= u
        r += r
        n *= r
        n *= r
        n *= near
        n += tanh
        out *= z
        z[...] = n

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        slope = z.copy()
        self.forward_with_slope(slope, out=a)
        delta *= slope


@dataclass
class Parametric(Activation):
    """Another activation s with a learned strength alpha for each unit.

        a = z + alpha (s(z) - z)

    alpha = 1 is s and alpha = 0 the identity. With ReLU this is PReLU, whose slope for
    negative inputs is 1 - alpha. After `fit`, `alphas_` has the learned values.

    Parameters
    ----------
    activation : activation object, default=ReLU()
        The activation s; not itself parametric.
    start : float, default=1.0
        Initial value of every alpha.

    References
    ----------
    He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015, equation 1, for ReLU.

    Holzmueller, Grinsztajn and Steinwart, Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data, 2024, section 3, for SELU and Mish.

    Examples
    --------
    >>> from skmlp import MLPRegressor
    >>> MLPRegressor(activation=Parametric(Tanh(), start=0.5))
    MLPRegressor(activation=Parametric(activation=Tanh(), start=0.5))
    """

    keeps_input: ClassVar[bool] = True

    activation: Activation = setting(ReLU(), (_is_plain, "another activation object"))
    start: float = setting(1.0, real(-math.inf, open_low=True))

    @property
    def gain(self) -> float:  # type: ignore[override]
        return self.activation.gain

    def forward_at(self, alpha: Array, z: Array, s: Array, out: Array) -> None:
        """The activation at alphas (units,); leaves s(z), for backward, in `s`."""
        self.activation.forward(z, out=s)
        below = s - z
        below *= alpha
        np.add(z, below, out=out)

    def backward_at(self, alpha: Array, delta: Array, z: Array, s: Array) -> None:
        """Multiply `delta` by the derivative by z; spends `s`."""
        # delta + alpha (s'(z) delta - delta)
        through = delta.copy()
        self.activation.backward(through, z, s)
        through -= delta
        through *= alpha
        delta += through

    def forward(self, z: Array, out: Array) -> None:
        self.forward_at(np.asarray(self.start, z.dtype), z, np.empty_like(z), out)

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        self.activation.forward(z, out=a)
        self.backward_at(np.asarray(self.start, z.dtype), delta, z, a)


@dataclass
class ParametricSELU(Parametric):
    """SELU with a learned strength alpha for each unit.

        a = z + alpha (selu(z) - z)

    Parameters
    ----------
    activation : activation object, default=SELU()
        The activation that alpha acts on; not itself parametric.
    start : float, default=1.0
        Initial value of every alpha.

    References
    ----------
    Holzmueller, Grinsztajn and Steinwart, Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data, 2024, section 3.
    """

    activation: Activation = setting(SELU(), (_is_plain, "another activation object"))


@dataclass
class ParametricMish(Parametric):
    """Mish with a learned strength alpha for each unit.

        a = z + alpha (mish(z) - z)

    Parameters
    ----------
    activation : activation object, default=Mish()
        The activation that alpha acts on; not itself parametric.
    start : float, default=1.0
        Initial value of every alpha.

    References
    ----------
    Holzmueller, Grinsztajn and Steinwart, Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data, 2024, section 3.
    """

    activation: Activation = setting(Mish(), (_is_plain, "another activation object"))


@dataclass
class UserActivation(Activation):
    """A user's own object; attributes that it lacks have their defaults."""

    own: Any = setting(None, (lambda value: True, "an activation"))

    @property
    def keeps_input(self) -> bool:  # type: ignore[override]
        return bool(getattr(self.own, "keeps_input", True))

    @property
    def gain(self) -> float:  # type: ignore[override]
        gain: float = getattr(self.own, "gain", Activation.gain)
        return gain

    def forward(self, z: Array, out: Array) -> None:
        # a copy, so that it may read z after it has written to out
        self.own.forward(z.copy() if np.may_share_memory(z, out) else z, out)

    def backward(self, delta: Array, z: Array, a: Array) -> None:
        self.own.backward(delta, z, a)


def is_activation(value: Any) -> bool:
    """Whether an object has the two methods of an activation."""
    methods = (getattr(value, name, None) for name in ("forward", "backward"))
    return not isinstance(value, type) and all(map(callable, methods))


def derivative_error(activation: Activation) -> float:
    """Largest difference between ``backward`` and central differences of ``forward``.

    At 60 points from -2.9 to 2.9, none of them a short decimal, where an activation may
    have a kink. As in a layer, ``forward`` must give the same in place, and
    ``backward`` gets `z` only if the activation keeps it.
    """
    z, step = np.linspace(-2.9, 2.9, 60)[np.newaxis] + np.pi / 1000.0, 1e-6
    values = [np.full_like(z, np.nan) for _ in range(3)]
    for shift, a in zip((-step, step, 0.0), values, strict=True):
        activation.forward(z + shift, a)
    below, above, a = values
    in_place, slope = z.copy(), np.ones_like(z)
    activation.forward(in_place, in_place)
    with np.errstate(invalid="ignore"):  # what is not finite counts as inf
        in_place -= a
        activation.backward(slope, z.copy() if activation.keeps_input else a, a)
        slope -= (above - below) / (2.0 * step)
    error = np.maximum(np.abs(in_place), np.abs(slope))
    return float(np.max(np.where(np.isfinite(error), error, np.inf)))


ACTIVATIONS: dict[str, type[Activation]] = {
    "identity": Identity,
    "logistic": Logistic,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "selu": SELU,
    "softplus": Softplus,
    "silu": SiLU,
    "swish": SiLU,
    "gelu": GELU,
    "gelu_tanh": GELUTanh,
    "mish": Mish,
    "prelu": Parametric,
    "parametric_selu": ParametricSELU,
    "parametric_mish": ParametricMish,
}
