"""Embeddings of numeric and categorical columns, before the first dense layer.

An embedding is settings; its parameters are arrays that are handed in, and its
constants are what it has seen of the training rows. The columns are embedded side by
side, each by parameters of its own, which lie along the first axis.

``backward`` writes the gradients of the parameters, given delta = d value / d embedded,
and ``vjp`` gives d value / d x.
"""

from collections.abc import Sequence
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

    group : name of its parameters among the groups with learning rates of their own.
    """

    abstract: ClassVar[bool] = True

    group: ClassVar[str] = "numeric_embedding"

    size: int

    @property
    def max_width(self) -> int:
        """Largest number of values that one entry becomes on the way."""
        return self.size

    @property
    def n_products(self) -> int:
        """Multiply-adds for one entry."""
        return 0

    def suits(self, n_rows: int, n_columns: int) -> bool:
        """Whether so many columns are embedded, of X with so many rows."""
        return True

    def constants(self, x: Array) -> Arrays:
        """Statistics of the training rows that the embedding keeps."""
        return ()

    def shapes(self, n_columns: int, constants: Arrays) -> list[tuple[int, ...]]:
        """Of the parameters."""
        raise NotImplementedError

    def draw(
        self, random_state: np.random.RandomState, n_columns: int, constants: Arrays
    ) -> Arrays:
        """Initial parameters."""
        raise NotImplementedError

    def forward(self, params: Arrays, constants: Arrays, x: Array) -> tuple[Array, Any]:
        """Values (n, n_columns * size), grouped by column, and a cache for backward."""
        raise NotImplementedError

    def backward(
        self, params: Arrays, grads: Arrays, x: Array, cache: Any, delta: Array
    ) -> None:
        raise NotImplementedError

    def vjp(
        self, params: Arrays, constants: Arrays, x: Array, cache: Any, delta: Array
    ) -> Array:
        raise NotImplementedError

    @staticmethod
    def joined(
        params: Sequence[Arrays], constants: Sequence[Arrays]
    ) -> tuple[Arrays, Arrays]:
        """Parameters and constants of all columns of several embeddings as of one."""
        return joined_by_column(params), joined_by_column(constants)

    # Numeric embeddings work column by column, along contiguous rows.

    def _side_by_side(self, columns: Array) -> Array:
        """(n_columns, size, n) -> (n, n_columns * size), in Fortran order"""
        return columns.reshape(-1, columns.shape[2]).T

    def _by_column(self, delta: Array) -> Array:
        """(n, n_columns * size) -> (n_columns, size, n)"""
        return np.ascontiguousarray(delta.T).reshape(-1, self.size, len(delta))


def joined_by_column(arrays: Sequence[Arrays]) -> Arrays:
    """Arrays whose first axis is that of columns, one after the other."""
    return tuple(np.concatenate(each) for each in zip(*arrays, strict=True))


@dataclass
class PBLD(Embedding):
    """Periodic embedding of numeric columns: learned frequencies, then a linear layer.

        e = W2 cos(2 pi w1 x + b1) + b2

    for each column x, with w1, b1 of shape (n_frequencies,), W2 of shape (size,
    n_frequencies) and b2 of shape (size,), all learned. The network sees x and e side
    by side. Initially w1 ~ N(0, sigma^2), b1
    ~ U(-pi, pi), and W2, b2 uniform within 1 / sqrt(n_frequencies).

    Parameters
    ----------
    size : int >= 1, default=3
        Number of embedded values for each column, which the network sees beside the
        column itself.
    n_frequencies : int >= 1, default=16
        Number of cosines for each column. More of them fit finer detail; cost grows in
        proportion.
    sigma : float > 0, default=0.1
        Standard deviation of the initial frequencies, in cycles per unit of x, so that
        it depends on the scale of X (standardised columns are assumed). Larger values
        let the model vary faster with x and overfit more easily.

    References
    ----------
    Holzmueller, Grinsztajn and Steinwart, Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data, 2024, section 3.

    Examples
    --------
    >>> from skmlp import MLPRegressor
    >>> MLPRegressor(numeric_embedding=PBLD(sigma=0.05))
    MLPRegressor(numeric_embedding=PBLD(sigma=0.05))
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
        columns = np.ascontiguousarray(x.T)[:, np.newaxis]
        phase = columns * (2.0 * np.pi * w1)[:, :, np.newaxis]
        phase += b1[:, :, np.newaxis]
        cosine = np.cos(phase)
        e = W2.transpose(0, 2, 1) @ cosine
        e += b2[:, :, np.newaxis]
        return self._side_by_side(e), (phase, cosine)

    def backward(
        self, params: Arrays, grads: Arrays, x: Array, cache: Any, delta: Array
    ) -> None:
        grad_w1, grad_b1, grad_W2, grad_b2 = grads
        delta = self._by_column(delta)
        np.matmul(cache[1], delta.transpose(0, 2, 1), out=grad_W2)
        delta.sum(axis=2, out=grad_b2)
        d_phase = self._d_phase(params, cache, delta)
        d_phase.sum(axis=2, out=grad_b1)
        grad_w1[...] = (d_phase @ x.T[:, :, np.newaxis])[:, :, 0]
        grad_w1 *= 2.0 * np.pi

    def vjp(
        self, params: Arrays, constants: Arrays, x: Array, cache: Any, delta: Array
    ) -> Array:
        d_phase = self._d_phase(params, cache, self._by_column(delta))
        d_x = (2.0 * np.pi * params[0])[:, np.newaxis] @ d_phase
        return np.asarray(d_x[:, 0].T)

    @staticmethod
    def _d_phase(params: Arrays, cache: Any, delta: Array) -> Array:
        d_phase = params[2] @ delta
        d_phase *= np.sin(cache[0])
        return np.negative(d_phase, out=d_phase)


@dataclass
class PiecewiseLinear(Embedding):
    """Piecewise linear embedding of numeric columns, with knots at their quantiles.

        e = w x + b + sum_t v_t phi_t(x),    phi_t(x) = (x - left_t) / width_t in [0, 1]

    for each column x, with w, b and v_t of shape (size,), all learned. The network sees
    x and e side by side. The bins lie between quantiles of the training rows, whatever
    their weights; the first phi continues linearly below 0 and the last one above 1.
    Initially w and b are uniform within 1 / sqrt(size), and v = 0, so that e is linear.

    Parameters
    ----------
    size : int >= 1, default=8
        Number of embedded values for each column, which the network sees beside the
        column itself.
    n_bins : int >= 1, default=48
        Number of bins for each column, with equal numbers of training rows. Bins that
        rows of one value would take up go to the other rows; there are fewer where a
        column has fewer values. More bins fit finer detail, and need more rows.
    min_rows : int >= 0, default=0
        Number of rows of X for each numeric column below which none is embedded: the
        embeddings of many columns would be fitted to the noise of few rows.

    References
    ----------
    Gorishniy, Rubachev and Babenko, On embeddings for numerical features in tabular
    deep learning, 2022, equation 1.

    Gorishniy, Kotelnikov and Babenko, TabM: advancing tabular deep learning with
    parameter-efficient ensembling, 2025, appendix D, for the initial zeros.

    Examples
    --------
    >>> from skmlp import MLPRegressor
    >>> MLPRegressor(numeric_embedding=PiecewiseLinear(n_bins=16))
    MLPRegressor(numeric_embedding=PiecewiseLinear(n_bins=16))
    """

    n_bins: int = setting(48, integer(1))
    size: int = setting(8, integer(1))
    min_rows: int = setting(0, integer(0))

    def suits(self, n_rows: int, n_columns: int) -> bool:
        return n_rows >= self.min_rows * n_columns

    @property
    def max_width(self) -> int:
        return max(self.n_bins, self.size)

    @property
    def n_products(self) -> int:
        return self.n_bins * (1 + self.size) + self.size

    def constants(self, x: Array) -> Arrays:
        """For each column and bin: left end, 1 / width, and the bounds of phi."""
        left, inverse, low, high = np.zeros((4, x.shape[1], self.n_bins), x.dtype)
        for j, column in enumerate(x.T):
            edges = _knots(column, self.n_bins)
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
        left, inverse, low, high = (array[:, :, np.newaxis] for array in constants)
        columns = np.ascontiguousarray(x.T)[:, np.newaxis]
        phi = columns - left
        phi *= inverse
        np.maximum(phi, low, out=phi)
        np.minimum(phi, high, out=phi)
        e = v.transpose(0, 2, 1) @ phi
        e += columns * w[:, :, np.newaxis]
        e += b[:, :, np.newaxis]
        return self._side_by_side(e), phi

    def backward(
        self, params: Arrays, grads: Arrays, x: Array, cache: Any, delta: Array
    ) -> None:
        grad_w, grad_b, grad_v = grads
        delta = self._by_column(delta)
        np.matmul(cache, delta.transpose(0, 2, 1), out=grad_v)
        delta.sum(axis=2, out=grad_b)
        grad_w[...] = (delta @ x.T[:, :, np.newaxis])[:, :, 0]

    def vjp(
        self, params: Arrays, constants: Arrays, x: Array, cache: Any, delta: Array
    ) -> Array:
        w, _, v = params
        _, inverse, low, high = (array[:, :, np.newaxis] for array in constants)
        delta = self._by_column(delta)
        d_phi = v @ delta
        d_phi *= inverse * ((cache > low) & (cache < high))
        return np.asarray((d_phi.sum(1) + (delta * w[:, :, np.newaxis]).sum(1)).T)


def _knots(column: Array, n_bins: int) -> Array:
    """Quantiles; where equal values take up several, the others have more of them."""
    knots = np.unique(np.quantile(column, np.linspace(0.0, 1.0, n_bins + 1)))
    n_free = n_bins + 1 - len(knots)
    values, counts = np.unique(column, return_counts=True)
    rest = column[~np.isin(column, values[counts * n_bins >= len(column)])]
    if not n_free or not rest.size:
        return knots
    more = np.quantile(rest, np.linspace(0.0, 1.0, n_free + 2)[1:-1])
    return np.unique(np.concatenate([knots, more]))


@dataclass
class CategoryTable(Embedding):
    """Embedding of category codes: a learned vector for each category.

        e = table[code]

    x holds codes, whole numbers from 0. Codes that did not occur in training, such as
    -1 for missing, share one vector, the first row of the column's table. Initially all
    entries are ~ N(0, 1).

    Parameters
    ----------
    size : int >= 1, default=8
        Length of the vector for each category. The estimators set it by
        `embedding_size`.

    References
    ----------
    Guo and Berkhahn, Entity embeddings of categorical variables, 2016, section 3.
    """

    group: ClassVar[str] = "category_embedding"

    size: int = setting(8, integer(1))

    def constants(self, x: Array) -> Arrays:
        """For each column: its first row in the table, and its number of categories."""
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

    @staticmethod
    def joined(
        params: Sequence[Arrays], constants: Sequence[Arrays]
    ) -> tuple[Arrays, Arrays]:
        """A single table, in which the columns of later ones start further down."""
        tables = [table for (table,) in params]
        before = np.cumsum([0, *(len(table) for table in tables[:-1])])
        each = zip(constants, before, strict=True)
        moved = [(starts + n_rows, counts) for (starts, counts), n_rows in each]
        return (np.concatenate(tables),), joined_by_column(moved)

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
