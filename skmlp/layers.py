"""Layers: the shapes of their parameters, forward and backward.

A layer keeps no parameters and no values: both are handed in, as views of the
network's flat vector and as buffers of the fit's workspace.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp.activations import Activation

Array = NDArray[np.floating[Any]]


@dataclass
class Dense:
    """Neurons side by side, each an affine function followed by the activation.

    z = x W + b,  a = activation(z);  x: (n, fan_in), W: (fan_in, fan_out),
    b: (fan_out,), z and a: (n, fan_out). x may be a CSR matrix in the first layer.
    """

    fan_in: int
    fan_out: int
    activation: Activation

    def forward(self, x: Any, W: Array, b: Array, z: Array, a: Array) -> Array:
        """Write z and a; z and a may be one array unless the activation keeps z."""
        if not isinstance(x, np.ndarray):
            z[...] = x @ W
        elif z.flags.c_contiguous:
            x.dot(W, z)  # the method has a third of the overhead of np.matmul
        else:
            W.T.dot(x.T, z.T)
        z += b
        self.activation.forward(z, out=a)
        return a

    def backward(
        self,
        x: Any,
        W: Array,
        z: Array,
        a: Array,
        delta: Array,
        grad_W: Array,
        grad_b: Array,
        grad_x: Array | None,
        ones: Array,
    ) -> None:
        """Turn delta = d value / d a into gradients of W, b and, if asked for, x.

        `delta` becomes d value / d z and `a` may be overwritten; ones: (n,).
        """
        self.activation.backward(delta, z, a)
        if isinstance(x, np.ndarray):
            x.T.dot(delta, grad_W)
        elif x.nnz >= self.fan_in:
            grad_W[...] = x.T @ delta
        else:
            columns, narrow = touched(x)
            grad_W[...] = 0.0
            grad_W[columns] = narrow.T @ delta
        ones.dot(delta, grad_b)  # column sums, faster than delta.sum(axis=0)
        if grad_x is None:
            return
        if self.fan_out == 1:
            np.multiply(delta, W.T, out=grad_x)  # an outer product by broadcasting
        else:
            delta.dot(W.T, grad_x)


def touched(x: Any) -> tuple[NDArray[np.intp], Any]:
    """The columns in which a CSR matrix has entries, and the matrix of these alone."""
    seen = np.zeros(x.shape[1], bool)
    seen[x.indices] = True
    columns = np.flatnonzero(seen)
    place = np.empty(x.shape[1], x.indices.dtype)
    place[columns] = np.arange(len(columns))
    shape = x.shape[0], len(columns)
    return columns, type(x)((x.data, place[x.indices], x.indptr), shape=shape)
