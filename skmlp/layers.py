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
        _product(x, W, z)
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
        _product(x.T, delta, grad_W)
        ones.dot(delta, grad_b)  # column sums, faster than delta.sum(axis=0)
        if grad_x is None:
            return
        if self.fan_out == 1:
            np.multiply(delta, W.T, out=grad_x)  # an outer product by broadcasting
        else:
            delta.dot(W.T, grad_x)


def _product(x: Any, y: Array, out: Array) -> None:
    """out = x y; the method `dot` has a third of the overhead of np.matmul."""
    if not isinstance(x, np.ndarray):
        out[...] = x @ y
    elif out.flags.c_contiguous:
        x.dot(y, out)
    else:
        y.T.dot(x.T, out.T)
