"""Layers: the shapes of their parameters, forward and backward.

A layer keeps no parameters and no values: both are handed in, as views of the
network's flat vector and as buffers of the fit's workspace. Noise, which training puts
on a layer's inputs, keeps its buffers, since it has nothing else.
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


@dataclass
class Noise:
    """What training does to a layer's inputs: (x + scale e) keep / (1 - dropout).

    e is standard normal and keep is 0 with probability `dropout`, else 1, both drawn
    anew for each entry: Srivastava et al., Dropout: a simple way to prevent neural
    networks from overfitting, 2014, section 10, there scaled at test time; Bishop,
    Training with noise is equivalent to Tikhonov regularization, 1995.
    """

    dropout: float = 0.0
    scale: float = 0.0

    def __bool__(self) -> bool:
        return self.dropout > 0 or self.scale > 0


@dataclass
class NoiseLevel:
    """A factor on the noise of all layers, which may change as training goes on."""

    factor: float = 1.0


class NoisyInput:
    """The noise on one layer's inputs, with its buffers.

    `keep` and `out`: (n_rows, fan_in).
    """

    def __init__(
        self,
        noise: Noise,
        keep: Array,
        out: Array,
        generator: np.random.Generator,
        level: NoiseLevel,
    ) -> None:
        self.noise, self.generator, self.level = noise, generator, level
        self.keep, self.out = keep, out
        self.x: Any = None  # what the layer last saw

    def narrow(self, n_rows: int) -> "NoisyInput":
        """The same for fewer rows."""
        keep, out = self.keep[:n_rows], self.out[:n_rows]
        return NoisyInput(self.noise, keep, out, self.generator, self.level)

    def forward(self, x: Any) -> Any:
        """x with noise, kept for the backward pass.

        Of a CSR matrix only stored entries can be dropped; it gets no normal noise.
        """
        self.x = self._noised(x)
        return self.x

    def _noised(self, x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            data = x.data * self._draw_keep(np.empty_like(x.data))
            return type(x)((data, x.indices, x.indptr), shape=x.shape)
        out = self.out
        if self.noise.scale:
            self.generator.standard_normal(dtype=out.dtype, out=out)
            out *= self.noise.scale * self.level.factor
            out += x
            x = out
        if self.noise.dropout:
            np.multiply(x, self._draw_keep(self.keep), out=out)
        return out

    def backward(self, delta: Array) -> None:
        """Turn d value / d (noisy x) into d value / d x."""
        if self.noise.dropout:
            delta *= self.keep

    def _draw_keep(self, keep: Array) -> Array:
        self.generator.random(dtype=keep.dtype, out=keep)
        dropout = self.noise.dropout * self.level.factor
        kept = keep >= dropout
        np.multiply(kept, 1.0 / (1.0 - dropout), out=keep, casting="unsafe")
        return keep


def touched(x: Any) -> tuple[NDArray[np.intp], Any]:
    """The columns in which a CSR matrix has entries, and the matrix of these alone."""
    seen = np.zeros(x.shape[1], bool)
    seen[x.indices] = True
    columns = np.flatnonzero(seen)
    place = np.empty(x.shape[1], x.indices.dtype)
    place[columns] = np.arange(len(columns))
    shape = x.shape[0], len(columns)
    return columns, type(x)((x.data, place[x.indices], x.indptr), shape=shape)
