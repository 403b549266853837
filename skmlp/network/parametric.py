"""Activations with learned parameters, as layers after the affine function."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skmlp.activations import Parametric
from skmlp.network.layer import Array, Layer, Memory, Order, Params


@dataclass(slots=True)
class ParametricBuffers:
    """s : s(z), of the activation that is not parametric; z : of the last forward pass.

    s, a and z: (n, fan_out).
    """

    s: Array
    a: Array
    z: Any = None


@dataclass
class ParametricLayer(Layer):
    """a = z + alpha (s(z) - z) with an alpha for each unit; z and a: (n, fan_out)."""

    fan_out: int
    activation: Parametric

    def __post_init__(self) -> None:
        self.shapes = [("activation", (self.fan_out,))]

    def buffers(self, memory: Memory, order: Order) -> ParametricBuffers:
        s, a = memory.empty(self.fan_out, order), memory.empty(self.fan_out, order)
        return ParametricBuffers(s, a)

    def forward(self, params: Params, x: Array, buffers: ParametricBuffers) -> Array:
        buffers.z = x
        self.activation.forward_at(params[0], x, buffers.s, buffers.a)
        return buffers.a

    @staticmethod
    def forward_of_all(
        layers: Sequence["ParametricLayer"],
        params: Sequence[Params],
        x: Sequence[Array],
    ) -> Array:
        z = np.asarray(x)
        alpha = np.array([own[0] for own in params])[:, np.newaxis]
        s, a = np.empty_like(z), np.empty_like(z)
        layers[0].activation.forward_at(alpha, z, s, a)
        return a

    def backward(
        self, params: Params, grads: Params, delta: Array, buffers: ParametricBuffers
    ) -> Array:
        d_alpha = buffers.a
        np.subtract(buffers.s, buffers.z, out=d_alpha)
        d_alpha *= delta
        grads[0][...] = d_alpha.sum(axis=0)
        self.activation.backward_at(params[0], delta, buffers.z, buffers.s)
        return delta

    def slope(self, params: Params, buffers: ParametricBuffers) -> Array:
        slope = np.ones_like(buffers.a)
        self.activation.backward_at(params[0], slope, buffers.z, buffers.s)
        return slope

    def vjp(
        self, params: Params, buffers: ParametricBuffers
    ) -> Callable[[Array], Array]:
        slope = self.slope(params, buffers)
        return lambda delta: delta * slope
