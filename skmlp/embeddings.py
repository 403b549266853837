"""Embeddings: what numbers or categories become before the first layer.

An embedding is settings; its parameters are arrays that are handed in, and its
constants are what it has seen of the training rows. The columns are embedded side by
side, each by parameters of its own, which lie along the first axis.

``backward`` writes the gradients of the parameters, given delta = d value / d embedded,
and ``vjp`` gives d value / d x.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from skmlp.component import Component, setting
from skmlp.constraints import integer, real

Array = NDArray[np.floating[Any]]
Arrays = tuple[Array, ...]

# Of bins, as a share of the range of the column.
NARROWEST = 1e-6


@dataclass
class Embedding(Component):
    """Base of embeddings of the columns of x (n, n_columns).

    group : of its parameters, for factors on the learning rate.
    """

    abstract: ClassVar[bool] = True

    group: ClassVar[str] = "numeric_embedding"

    size: int

    @property
    def max_width(self) -> int:
        """Numbers that a value becomes on the way, at the most."""
        return self.size

    @property
    def n_products(self) -> int:
        """Multiply-adds of a value."""
        return 0

    def constants(self, x: Array) -> Arrays:
        """What is kept of the training rows."""
        return ()

    def shapes(self, n_columns: int, constants: Arrays) -> list[tuple[int, ...]]:
        """Of the parameters."""
        raise NotImplementedError

    def draw(
        self, random_state: np.random.RandomState, n_columns: int, constants: Arrays
    ) -> Arrays:
        """First parameters."""
        raise NotImplementedError

    def forward(self, params: Arrays, constants: Arrays, x: Array) -> tuple[Array, Any]:
        """Embedded (n, n_columns * size), a column's numbers together; and a cache."""
        raise NotImplementedError

    def backward(
        self, params: Arrays, grads: Arrays, x: Array, cache: Any, delta: Array
    ) -> None:
        raise NotImplementedError

    def vjp(
        self, params: Arrays, constants: Arrays, x: Array, cache: Any, delta: Array
    ) -> Array:
        raise NotImplementedError

    def _side_by_side(self, columns: Array) -> Array:
        """(n_columns, n, size) -> (n, n_columns * size)"""
        return columns.transpose(1, 0, 2).reshape(columns.shape[1], -1)

    def _by_column(self, delta: Array) -> Array:
        """(n, n_columns * size) -> (n_columns, n, size)"""
        return delta.reshape(len(delta), -1, self.size).transpose(1, 0, 2)


@dataclass
class PBLD(Embedding):
    """Periodic, biased, linear, beside the value itself (densely).

        e = W2 cos(2 pi w1 x + b1) + b2,    w1, b1: (n_frequencies,)

    First w1 ~ N(0, sigma^2), b1 ~ U[-pi, pi], W2 and b2 ~ U within
    1 / sqrt(n_frequencies). Holzmueller, Grinsztajn and Steinwart, Better by default:
    strong pre-tuned MLPs and boosted trees on tabular data, 2024, section 3.
    """

    n_frequencies: int = setting(16, integer(1))
    size: int = setting(3, integer(1))
    sigma: float = setting(0.1, real(0, open_low=True))

    @property
    def max_width(self) -> int:
        return max(self.n_frequencies, self.size)

    @property
    def n_products(self) -> int:
        return self.n_frequencies * (1 + self.size)

    def shapes(self, n_columns: int, constants: Arrays) -> list[tuple[int, ...]]:
        shape = n_columns, self.n_frequencies
        return [shape, shape, (*shape, self.size), (n_columns, self.size)]

    def draw(
        self, random_state: np.random.RandomState, n_columns: int, constants: Arrays
    ) -> Arrays:
        shape, bound = (n_columns, self.n_frequencies), self.n_frequencies**-0.5
        return (
            random_state.normal(0.0, self.sigma, shape),
            random_state.uniform(-np.pi, np.pi, shape),
            random_state.uniform(-bound, bound, (*shape, self.size)),
            random_state.uniform(-bound, bound, (n_columns, self.size)),
        )

    def forward(self, params: Arrays, constants: Arrays, x: Array) -> tuple[Array, Any]:
        w1, b1, W2, b2 = params
        phase = x.T[:, :, np.newaxis] * (2.0 * np.pi * w1)[:, np.newaxis]
        phase += b1[:, np.newaxis]
        cosine = np.cos(phase)
        e = cosine @ W2
        e += b2[:, np.newaxis]
        return self._side_by_side(e), (phase, cosine)

    def backward(
        self, params: Arrays, grads: Arrays, x: Array, cache: Any, delta: Array
    ) -> None:
        grad_w1, grad_b1, grad_W2, grad_b2 = grads
        delta = self._by_column(delta)
        np.matmul(cache[1].transpose(0, 2, 1), delta, out=grad_W2)
        delta.sum(axis=1, out=grad_b2)
        d_phase = self._d_phase(params, cache, delta)
        d_phase.sum(axis=1, out=grad_b1)
        grad_w1[...] = (x.T[:, np.newaxis] @ d_phase)[:, 0]
        grad_w1 *= 2.0 * np.pi

    def vjp(
        self, params: Arrays, constants: Arrays, x: Array, cache: Any, delta: Array
    ) -> Array:
        d_phase = self._d_phase(params, cache, self._by_column(delta))
        d_x = d_phase @ (2.0 * np.pi * params[0])[:, :, np.newaxis]
        return np.asarray(d_x[:, :, 0].T)

    @staticmethod
    def _d_phase(params: Arrays, cache: Any, delta: Array) -> Array:
        d_phase = delta @ params[2].transpose(0, 2, 1)
        d_phase *= np.sin(cache[0])
        return np.negative(d_phase, out=d_phase)


@dataclass
class PiecewiseLinear(Embedding):
    """A piecewise linear function of the value, with bends at quantiles.

        e = w x + b + sum_t v_t phi_t(x),    phi_t(x) = (x - left_t) / width_t in [0, 1]

    The first phi goes on below 0 and the last one above 1; quantiles are those of rows,
    whatever their weights. First w and b ~ U within
    1 / sqrt(size), v = 0. Gorishniy, Rubachev and Babenko, On embeddings for numerical
    features in tabular deep learning, 2022, equation 1; with zeros to start from as in
    Gorishniy, Kotelnikov and Babenko, TabM, 2025, appendix D.
    """

    n_bins: int = setting(48, integer(1))
    size: int = setting(8, integer(1))

    @property
    def max_width(self) -> int:
        return max(self.n_bins, self.size)

    @property
    def n_products(self) -> int:
        return self.n_bins * (1 + self.size) + self.size

    def constants(self, x: Array) -> Arrays:
        """Of each column and bin: left end, 1 / width, and the bounds of phi."""
        shares = np.linspace(0.0, 1.0, self.n_bins + 1)
        left, inverse, low, high = np.zeros((4, x.shape[1], self.n_bins), x.dtype)
        for j, column in enumerate(x.T):
            edges = np.quantile(column, shares)
            # equal quantiles may round to others, whose bin would be all but a step
            apart = np.diff(edges, prepend=-np.inf) > NARROWEST * np.ptp(edges)
            edges = edges[apart]
            n = len(edges) - 1
            left[j, :n], inverse[j, :n] = edges[:-1], 1.0 / np.diff(edges)
            high[j, :n] = 1.0
            if n:
                low[j, 0], high[j, n - 1] = -np.inf, np.inf
        return left, inverse, low, high

    def shapes(self, n_columns: int, constants: Arrays) -> list[tuple[int, ...]]:
        shape = n_columns, self.size
        return [shape, shape, (n_columns, self.n_bins, self.size)]

    def draw(
        self, random_state: np.random.RandomState, n_columns: int, constants: Arrays
    ) -> Arrays:
        shape, bound = (n_columns, self.size), self.size**-0.5
        return (
            random_state.uniform(-bound, bound, shape),
            random_state.uniform(-bound, bound, shape),
            np.zeros((n_columns, self.n_bins, self.size)),
        )

    def forward(self, params: Arrays, constants: Arrays, x: Array) -> tuple[Array, Any]:
        w, b, v = params
        left, inverse, low, high = (array[:, np.newaxis] for array in constants)
        phi = x.T[:, :, np.newaxis] - left
        phi *= inverse
        np.maximum(phi, low, out=phi)
        np.minimum(phi, high, out=phi)
        e = phi @ v
        e += x.T[:, :, np.newaxis] @ w[:, np.newaxis]
        e += b[:, np.newaxis]
        return self._side_by_side(e), phi

    def backward(
        self, params: Arrays, grads: Arrays, x: Array, cache: Any, delta: Array
    ) -> None:
        grad_w, grad_b, grad_v = grads
        delta = self._by_column(delta)
        np.matmul(cache.transpose(0, 2, 1), delta, out=grad_v)
        delta.sum(axis=1, out=grad_b)
        grad_w[...] = (x.T[:, np.newaxis] @ delta)[:, 0]

    def vjp(
        self, params: Arrays, constants: Arrays, x: Array, cache: Any, delta: Array
    ) -> Array:
        w, _, v = params
        _, inverse, low, high = (array[:, np.newaxis] for array in constants)
        delta = self._by_column(delta)
        d_phi = delta @ v.transpose(0, 2, 1)
        d_phi *= inverse * ((cache > low) & (cache < high))
        return np.asarray((d_phi.sum(axis=2) + (delta * w[:, np.newaxis]).sum(2)).T)


@dataclass
class CategoryTable(Embedding):
    """A row of learned numbers for each category; of x, whole numbers from 0.

    What is none of the training rows' numbers, such as -1, is missing or unseen and has
    a row of its own, the column's first one. First rows ~ N(0, 1). Guo and Berkhahn,
    Entity embeddings of categorical variables, 2016, section 3.
    """

    group: ClassVar[str] = "category_embedding"

    size: int = setting(8, integer(1))

    def constants(self, x: Array) -> Arrays:
        """Of each column: its first row in the table, and its number of categories."""
        # float32 has no whole numbers beyond 2^24, which the sums may be
        counts = x.max(axis=0).astype(np.float64) + 1.0
        starts = np.concatenate([[0.0], np.cumsum(counts + 1.0)[:-1]])
        return starts, counts

    def shapes(self, n_columns: int, constants: Arrays) -> list[tuple[int, ...]]:
        return [(int(constants[1].sum()) + n_columns, self.size)]

    def draw(
        self, random_state: np.random.RandomState, n_columns: int, constants: Arrays
    ) -> Arrays:
        (shape,) = self.shapes(n_columns, constants)
        return (random_state.normal(size=shape),)

    def forward(self, params: Arrays, constants: Arrays, x: Array) -> tuple[Array, Any]:
        starts, counts = constants
        known = (x >= 0) & (x < counts) & (x == np.floor(x))
        rows = (starts + np.where(known, x + 1.0, 0.0)).astype(np.intp)
        return params[0][rows].reshape(len(x), -1), rows

    def backward(
        self, params: Arrays, grads: Arrays, x: Array, cache: Any, delta: Array
    ) -> None:
        shape, ones = (cache.size, len(params[0])), np.ones(cache.size, delta.dtype)
        chosen = csr_array((ones, cache.ravel(), np.arange(cache.size + 1)), shape)
        grads[0][...] = chosen.T @ delta.reshape(-1, self.size)

    def vjp(
        self, params: Arrays, constants: Arrays, x: Array, cache: Any, delta: Array
    ) -> Array:
        return np.zeros_like(x)  # the steps of a function that is constant between


EMBEDDINGS: dict[str, type[Embedding]] = {
    "pbld": PBLD,
    "piecewise_linear": PiecewiseLinear,
}
