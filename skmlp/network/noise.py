"""Noise on the inputs of layers in training: dropout and normal noise."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skmlp.network.layer import Array, Layer, Memory, Order, Params

# Different values of a draw for dropout, whose rates are rounded to shares of these.
N_DRAWS = 1 << 16


@dataclass
class Noise:
    """Noise on a layer's inputs in training: (x + scale e) keep / (1 - dropout).

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
    """A factor on the noise of all layers, which may change during training."""

    factor: float = 1.0


@dataclass(slots=True)
class NoiseBuffers:
    """keep / (1 - dropout), and x with noise; both (n, fan_in)."""

    keep: Array
    out: Array


@dataclass
class NoiseLayer(Layer):
    """Noise before a layer; it has no parameters, and a generator for its draws.

    Of a CSR matrix only stored entries can be dropped; it gets no normal noise.
    """

    fan_out: int
    noise: Noise
    generator: np.random.Generator
    level: NoiseLevel

    def buffers(self, memory: Memory, order: Order) -> NoiseBuffers:
        return NoiseBuffers(memory.empty(self.fan_out), memory.empty(self.fan_out))

    def forward(self, params: Params, x: Any, buffers: NoiseBuffers) -> Any:
        if not isinstance(x, np.ndarray):
            data = x.data * self._draw_keep(np.empty_like(x.data))
            return type(x)((data, x.indices, x.indptr), shape=x.shape)
        out = buffers.out
        if self.noise.scale:
            self.generator.standard_normal(dtype=out.dtype, out=out)
            out *= self.noise.scale * self.level.factor
            out += x
            x = out
        if self.noise.dropout:
            np.multiply(x, self._draw_keep(buffers.keep), out=out)
        return out

    def backward(
        self, params: Params, grads: Params, delta: Array, buffers: NoiseBuffers
    ) -> Array:
        if self.noise.dropout:
            delta *= buffers.keep
        return delta

    def _draw_keep(self, keep: Array) -> Array:
        """Fill `keep`: four draws of 16 bits each from a random integer of 64."""
        dropout = self.noise.dropout * self.level.factor
        threshold = min(round(dropout * N_DRAWS), N_DRAWS - 1)
        raw = self.generator.bit_generator.random_raw(-(-keep.size // 4))
        draws = raw.view(np.uint16)[: keep.size].reshape(keep.shape)
        # of keep's dtype, else it would go through float64
        scale = keep.dtype.type(1.0 / (1.0 - threshold / N_DRAWS))
        np.multiply(draws >= threshold, scale, out=keep)
        return keep
