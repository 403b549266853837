"""Activations of hidden units, forward and backward, in place.

``forward(z, out)`` writes the activation of `z` to `out`, which may be `z` itself.
``backward(delta, z, a)`` multiplies `delta` by the derivative at `z`. It comes last in
a layer's backward pass, so it may use `a` as scratch space. ``keeps_input`` says that
the derivative needs `z` besides `a`. ``gain`` is the constant c of the initial bound
sqrt(c / (fan_in + fan_out)).
"""

from functools import cache
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


class Activation(Protocol):
    """What a layer needs of its activation."""

    keeps_input: ClassVar[bool]
    gain: ClassVar[float]

    def forward(self, z: Array, out: Array) -> None: ...

    def backward(self, delta: Array, z: Array, a: Array) -> None: ...


@cache
def _zeros(dtype: Any) -> Array:
    """A constant for comparisons: small enough to stay in the processor's cache."""
    zeros = np.zeros(1 << 15, dtype)
    zeros.flags.writeable = False
    return zeros


class Identity:
    """a = z: a linear unit."""

    keeps_input: ClassVar[bool] = False
    gain: ClassVar[float] = 6.0

    @staticmethod
    def forward(z: Array, out: Array) -> None:
        if out is not z:
            out[...] = z

    @staticmethod
    def backward(delta: Array, z: Array, a: Array) -> None:
        pass


class Logistic:
    """a = 1 / (1 + exp(-z)), written as (1 + tanh(z / 2)) / 2, which is faster."""

    keeps_input: ClassVar[bool] = False
    gain: ClassVar[float] = 2.0

    @staticmethod
    def forward(z: Array, out: Array) -> None:
        np.multiply(z, 0.5, out=out)
        np.tanh(out, out=out)
        out += 1.0
        out *= 0.5

    @staticmethod
    def backward(delta: Array, z: Array, a: Array) -> None:
        delta *= a
        np.subtract(1.0, a, out=a)
        delta *= a


class Tanh:
    """a = tanh(z)."""

    keeps_input: ClassVar[bool] = False
    gain: ClassVar[float] = 6.0

    @staticmethod
    def forward(z: Array, out: Array) -> None:
        np.tanh(z, out=out)

    @staticmethod
    def backward(delta: Array, z: Array, a: Array) -> None:
        a *= a
        np.subtract(1.0, a, out=a)
        delta *= a


class ReLU:
    """a = max(0, z); the derivative at 0 is taken as 0."""

    keeps_input: ClassVar[bool] = False
    gain: ClassVar[float] = 6.0

    @staticmethod
    def forward(z: Array, out: Array) -> None:
        # against an array of zeros NumPy is three times as fast as against the number
        zeros = _zeros(z.dtype)
        if z.size < 1024 or len(z) == 1:
            np.maximum(z, 0.0, out=out)
        elif z.size <= zeros.size:
            np.maximum(z, zeros[: z.size].reshape(z.shape), out=out)
        else:
            half = len(z) // 2
            ReLU.forward(z[:half], out[:half])
            ReLU.forward(z[half:], out[half:])

    @staticmethod
    def backward(delta: Array, z: Array, a: Array) -> None:
        if a.size <= 1024:  # few calls count more than few operations
            delta *= np.sign(a, out=a)
        else:
            delta *= a > 0


ACTIVATIONS: dict[str, Activation] = {
    "identity": Identity(),
    "logistic": Logistic(),
    "tanh": Tanh(),
    "relu": ReLU(),
}
