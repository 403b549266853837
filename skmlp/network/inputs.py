"""What the first dense layer sees of X: plain columns, then embedded ones.

Numbers are embedded beside their own values; categories are not numbers, so their
columns are only embedded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise, starmap
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, issparse

from skmlp.embeddings import Arrays, CategoryTable, Embedding
from skmlp.network.layer import Array, Layer, Memory, Order, Params


@dataclass
class Embedded:
    """Columns of X with their embedding.

    columns : (n_columns,), their numbers.
    constants : what the embedding keeps of the training rows.
    """

    embedding: Embedding
    columns: NDArray[np.intp]
    constants: Arrays = ()

    @property
    def width(self) -> int:
        return len(self.columns) * self.embedding.size

    @property
    def max_width(self) -> int:
        return len(self.columns) * self.embedding.max_width

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of the parameters."""
        return self.embedding.shapes(len(self.columns), self.constants)

    def of(self, X: Any) -> Array:
        """The columns (n, n_columns) of X, which may be CSR, as an array."""
        x = X[:, self.columns]
        return np.asarray(x.toarray() if issparse(x) else x)

    def draw(self, random_state: np.random.RandomState) -> Arrays:
        """Initial parameters."""
        return self.embedding.draw(random_state, len(self.columns), self.constants)


@dataclass(slots=True)
class InputBuffers:
    """caches : for each embedding its columns of X, and its cache for backward."""

    caches: list[tuple[Array, Any]]


class Inputs(Layer):
    """The layer that embeds columns of X (n, n_features), if any.

    Parameters
    ----------
    n_features : int
        Columns of X.
    embedded : list of Embedded

    Attributes
    ----------
    n_plain, width : columns that stay as they are, and all columns that come of X.
    """

    def __init__(self, n_features: int, embedded: list[Embedded]) -> None:
        self.n_features, self.embedded = n_features, embedded
        self.n_plain = n_features - sum(map(len, self._tables))
        self.width = self.fan_out = self.n_plain + sum(p.width for p in embedded)
        stops = [0, *accumulate(len(part.shapes) for part in embedded)]
        self._parts = list(starmap(slice, pairwise(stops)))
        self.shapes = [
            (part.embedding.group, shape) for part in embedded for shape in part.shapes
        ]

    @property
    def _tables(self) -> list[NDArray[np.intp]]:
        """The numbers of the columns with codes of categories."""
        parts = self.embedded
        return [p.columns for p in parts if isinstance(p.embedding, CategoryTable)]

    @cached_property
    def plain(self) -> NDArray[np.intp] | None:
        """The numbers of the columns that stay as they are, None for all."""
        if not self._tables:
            return None
        return np.setdiff1d(np.arange(self.n_features), np.concatenate(self._tables))

    @property
    def max_width(self) -> int:
        """Number of values of a row in the widest embedding."""
        return max((part.max_width for part in self.embedded), default=0)

    def draw(self, random_state: np.random.RandomState) -> list[Array]:
        """Initial parameters."""
        return [array for p in self.embedded for array in p.draw(random_state)]

    def buffers(self, memory: Memory, order: Order) -> InputBuffers:
        return InputBuffers([])

    def forward(self, params: Params, x: Any, buffers: InputBuffers) -> Any:
        values, buffers.caches = self.embed(params, x)
        return values

    def embed(self, params: Params, X: Any) -> tuple[Any, list[tuple[Array, Any]]]:
        """The values (n, width), CSR if X is, and the caches for backward."""
        values, caches = [], []
        for part, own in zip(self.embedded, self.split(params), strict=True):
            x = part.of(X)
            embedded, cache = part.embedding.forward(own, part.constants, x)
            values.append(embedded)
            caches.append((x, cache))
        plain = X if self.plain is None else X[:, self.plain]
        if not values:
            return plain, caches
        if not issparse(X):
            return _joined_in_columns([plain, *values]), caches
        return hstack([plain, *map(csr_array, values)], format="csr"), caches

    @staticmethod
    def forward_of_all(
        layers: Sequence["Inputs"], params: Sequence[Params], x: Sequence[Array]
    ) -> Array:
        """The values for the same rows, x[0], of networks with the same columns."""
        n_layers, X, first = len(layers), x[0], layers[0]
        plain = X if first.plain is None else X[:, first.plain]
        values = [np.broadcast_to(plain, (n_layers, *plain.shape))]
        arrays = [layer.split(own) for layer, own in zip(layers, params, strict=True)]
        for i, part in enumerate(first.embedded):
            own, constants = part.embedding.joined(
                [parts[i] for parts in arrays],
                [layer.embedded[i].constants for layer in layers],
            )
            columns = np.tile(part.of(X), n_layers)
            embedded, _ = part.embedding.forward(own, constants, columns)
            shape = n_layers, part.width, len(X)
            values.append(embedded.T.reshape(shape).transpose(0, 2, 1))
        return np.concatenate(values, axis=2)

    def backward(
        self, params: Params, grads: Params, delta: Array, buffers: InputBuffers
    ) -> None:
        """Write the gradients; delta: (n, width - n_plain), of embedded columns."""
        own_grads = iter(self.split(grads))
        for part, own, x, cache, d_part in self._pieces(params, buffers, delta):
            part.embedding.backward(own, next(own_grads), x, cache, d_part)

    def vjp(self, params: Params, buffers: InputBuffers) -> Callable[[Array], Array]:
        plain = slice(None) if self.plain is None else self.plain

        def vjp(delta: Array) -> Array:
            d_X = np.zeros((len(delta), self.n_features), delta.dtype)
            d_X[:, plain] = delta[:, : self.n_plain]
            embedded = delta[:, self.n_plain :]
            for part, own, x, cache, d_part in self._pieces(params, buffers, embedded):
                d_x = part.embedding.vjp(own, part.constants, x, cache, d_part)
                d_X[:, part.columns] += d_x
            return d_X

        return vjp

    def split(self, arrays: Sequence[Array]) -> list[Arrays]:
        """The parameters of each embedding."""
        return [tuple(arrays[part]) for part in self._parts]

    def _pieces(
        self, params: Params, buffers: InputBuffers, delta: Array
    ) -> Iterator[tuple[Embedded, Arrays, Array, Any, Array]]:
        """Arguments of each embedding's backward pass; delta: (n, all widths)."""
        at, each = 0, zip(self.embedded, self.split(params), strict=True)
        for (part, own), (x, cache) in zip(each, buffers.caches, strict=True):
            yield part, own, x, cache, delta[:, at : at + part.width]
            at += part.width


def _joined_in_columns(arrays: Sequence[Array]) -> Array:
    """Arrays (n, widths) side by side, in Fortran order, as embeddings give theirs."""
    return np.concatenate([array.T for array in arrays]).T
