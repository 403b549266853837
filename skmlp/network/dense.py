"""Dense layers: an affine function, then an activation; inputs may have a scale."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp.activations import Activation, Identity
from skmlp.network.layer import Array, Layer, Memory, Order, Params


@dataclass(slots=True)
class DenseBuffers:
    """z, a : (n, fan_out); one array, unless the activation needs z later.

    keeps_slope : whether the derivative at z is written to z.
    z_transposed : z.T where that is the contiguous one, else None.
    grad_x : (n, fan_in - n_data), None if that is none, or without backward passes.
    grad_x_transposed : grad_x.T where that is the contiguous one, else None.
    ones : (n,).
    x, weights : of the last forward pass; the weights are those of x without its scale.
    """

    z: Array
    a: Array
    z_transposed: Array | None
    grad_x: Array | None
    grad_x_transposed: Array | None
    ones: Array
    keeps_slope: bool
    x: Any = None
    weights: Any = None


@dataclass
class Dense(Layer):
    """A fully connected layer: an affine function, then the activation.

    z = x W + b,  a = activation(z);  x: (n, fan_in), W: (fan_in, fan_out),
    b: (fan_out,), z and a: (n, fan_out). x may be a CSR matrix in the first layer.

    n_data : how many of the inputs, the first ones, are data: no layer before learns
        from their delta, which is left out.
    """

    fan_in: int
    fan_out: int
    activation: Activation
    n_data: int = 0

    def __post_init__(self) -> None:
        shape = self.fan_in, self.fan_out
        self.shapes = [("weights", shape), ("biases", shape[1:])]

    def buffers(self, memory: Memory, order: Order) -> DenseBuffers:
        a = memory.empty(self.fan_out, order)
        keeps_z = memory.backward and self.activation.keeps_input
        keeps_slope = memory.backward and self.activation.keeps_slope
        z = memory.empty(self.fan_out, order) if keeps_z else a
        n_deltas = self.fan_in - self.n_data if memory.backward else 0
        grad_order: Order = "F" if self.n_data else "C"  # as embeddings work
        grad_x = memory.empty(n_deltas, grad_order) if n_deltas else None
        return DenseBuffers(
            z,
            a,
            _contiguous_transpose(z),
            grad_x,
            _contiguous_transpose(grad_x),
            memory.ones,
            keeps_slope,
        )

    def weights(self, params: Params) -> Array:
        """The factors (fan_in, fan_out) of x."""
        return params[0]

    def forward(self, params: Params, x: Any, buffers: DenseBuffers) -> Array:
        W, b = params
        buffers.x, z, a = x, buffers.z, buffers.a
        if not isinstance(x, np.ndarray):
            z[...] = x @ W
        elif buffers.z_transposed is None:
            x.dot(W, z)  # the method has a third of the overhead of np.matmul
        else:
            W.T.dot(x.T, buffers.z_transposed)
        z += b
        if buffers.keeps_slope:
            self.activation.forward_with_slope(z, out=a)
        else:
            self.activation.forward(z, out=a)
        return a

    @staticmethod
    def forward_of_all(
        layers: Sequence["Dense"], params: Sequence[Params], x: Sequence[Array]
    ) -> Array:
        each = zip(layers, params, x, strict=True)
        z = np.array([rows.dot(layer.weights(own)) for layer, own, rows in each])
        z += np.array([own[1] for own in params])[:, np.newaxis]
        rows = z.reshape(-1, z.shape[2])
        layers[0].activation.forward(rows, out=rows)
        return z

    def backward(
        self, params: Params, grads: Params, delta: Array, buffers: DenseBuffers
    ) -> Array | None:
        grad_W, grad_b = grads
        x, grad_x = buffers.x, buffers.grad_x
        if buffers.keeps_slope:
            delta *= buffers.z
        else:
            self.activation.backward(delta, buffers.z, buffers.a)
        if isinstance(x, np.ndarray):
            x.T.dot(delta, grad_W)
        else:
            _sparse_product(x, delta, grad_W)
        buffers.ones.dot(delta, grad_b)  # column sums, faster than delta.sum(axis=0)
        if grad_x is None:
            return None
        W = params[0][self.n_data :] if self.n_data else params[0]
        if self.fan_out == 1:
            np.multiply(delta, W.T, out=grad_x)  # an outer product by broadcasting
        elif buffers.grad_x_transposed is None:
            delta.dot(W.T, grad_x)
        else:
            W.dot(delta.T, buffers.grad_x_transposed)
        return grad_x

    def slope(self, params: Params, buffers: DenseBuffers) -> Array:
        if buffers.keeps_slope:
            return buffers.z.copy()
        slope = np.ones_like(buffers.a)
        self.activation.backward(slope, buffers.z, buffers.a)
        return slope

    def vjp(self, params: Params, buffers: DenseBuffers) -> Callable[[Array], Array]:
        W = self.weights(params)
        if isinstance(self.activation, Identity):
            return lambda delta: delta @ W.T
        slope = self.slope(params, buffers)
        return lambda delta: (delta * slope) @ W.T


class ScaledDense(Dense):
    """A dense layer whose inputs have a learned scale: z = (x scale) W + b.

    scale: (fan_in,), which is multiplied to W, since x has more rows.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.shapes = [*self.shapes, ("scale", (self.fan_in,))]

    def weights(self, params: Params) -> Array:
        W, _, scale = params
        return scale[:, np.newaxis] * W

    def forward(self, params: Params, x: Any, buffers: DenseBuffers) -> Array:
        buffers.weights = self.weights(params)
        return super().forward((buffers.weights, params[1]), x, buffers)

    def backward(
        self, params: Params, grads: Params, delta: Array, buffers: DenseBuffers
    ) -> Array | None:
        (W, _, scale), (grad_W, grad_b, grad_scale) = params, grads
        grad_x = super().backward([buffers.weights], [grad_W, grad_b], delta, buffers)
        np.einsum("ij,ij->i", W, grad_W, out=grad_scale)
        grad_W *= scale[:, np.newaxis]
        return grad_x


def _contiguous_transpose(array: Array | None) -> Array | None:
    """array.T where that, not the array, is in C order; else None."""
    if array is None or array.flags.c_contiguous:
        return None
    return array.T


def _sparse_product(x: Any, delta: Array, out: Array) -> None:
    """x.T @ delta of a CSR matrix x."""
    if x.nnz >= x.shape[1]:
        out[...] = x.T @ delta
        return
    columns, narrow = touched(x)
    out[...] = 0.0
    out[columns] = narrow.T @ delta


def touched(x: Any) -> tuple[NDArray[np.intp], Any]:
    """The columns in which a CSR matrix has entries, and the matrix of these alone."""
    seen = np.zeros(x.shape[1], bool)
    seen[x.indices] = True
    columns = np.flatnonzero(seen)
    place = np.empty(x.shape[1], x.indices.dtype)
    place[columns] = np.arange(len(columns))
    shape = x.shape[0], len(columns)
    return columns, type(x)((x.data, place[x.indices], x.indptr), shape=shape)
