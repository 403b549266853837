"""What the first layer sees of X: columns embedded, then all of them scaled.

Embedded columns come after the plain ones. Numbers are embedded beside their own
values; categories are not numbers, so their columns are only embedded.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, issparse

from skmlp.embeddings import Arrays, CategoryTable, Embedding

Array = NDArray[np.floating[Any]]


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

    def of(self, X: Any) -> Array:
        """The columns (n, n_columns) of X, which may be CSR, as an array."""
        x = X[:, self.columns]
        return np.asarray(x.toarray() if issparse(x) else x)


def _plain_columns(
    n_features: int, embedded: list[Embedded]
) -> NDArray[np.intp] | None:
    """The numbers of the columns without codes of categories, None for all columns."""
    tables = [p.columns for p in embedded if isinstance(p.embedding, CategoryTable)]
    if not tables:
        return None
    return np.setdiff1d(np.arange(n_features), np.concatenate(tables))


class Inputs:
    """The inputs of a network's first layer, made of X (n, n_features).

    Their parameters are the `shapes` of arrays: the learned scale of each input, if
    there is one, and those of the embeddings; `groups` names them.

    Parameters
    ----------
    n_features : int
        Columns of X.
    embedded : sequence of Embedded
    scaled : bool
        Whether each input has a learned factor, 1 at first.
    """

    def __init__(
        self, n_features: int, embedded: list[Embedded], scaled: bool = False
    ) -> None:
        self.n_features, self.embedded, self.scaled = n_features, embedded, scaled
        self.plain = _plain_columns(n_features, embedded)
        self.n_plain = n_features if self.plain is None else len(self.plain)
        self.width = self.n_plain + sum(part.width for part in embedded)
        # for their shapes; making a RandomState takes longer than predicting a row
        drawn = self._draws(np.random.RandomState(0)) if embedded else []
        self._counts = [len(arrays) for arrays in drawn]
        shapes = [array.shape for arrays in drawn for array in arrays]
        self.shapes = [(self.width,)] * scaled + shapes
        self.n_params = sum(map(math.prod, self.shapes))
        self.groups = ["scale"] * scaled
        for part, count in zip(embedded, self._counts, strict=True):
            self.groups += [part.embedding.group] * count

    @property
    def breadth(self) -> int:
        """Numbers that a row becomes in the widest embedding, 0 without any."""
        sizes = (len(part.columns) * part.embedding.breadth for part in self.embedded)
        return max(sizes, default=0)

    def folded(self) -> "Inputs":
        """The inputs once their scale is in the first layer's weights."""
        return Inputs(self.n_features, self.embedded) if self.scaled else self

    def _draws(self, random_state: np.random.RandomState) -> list[Arrays]:
        return [
            part.embedding.draw(random_state, len(part.columns), part.constants)
            for part in self.embedded
        ]

    def draw(self, random_state: np.random.RandomState) -> list[Array]:
        """First parameters."""
        scale = [np.ones(self.width)] if self.scaled else []
        return [*scale, *(a for arrays in self._draws(random_state) for a in arrays)]

    def _split(self, arrays: list[Array]) -> list[Arrays]:
        """The parameters of each embedding."""
        parts, at = [], int(self.scaled)
        for count in self._counts:
            parts.append(tuple(arrays[at : at + count]))
            at += count
        return parts

    def forward(self, params: list[Array], X: Any) -> tuple[Any, list[Any]]:
        """The inputs (n, width) before they are scaled, and what backward needs."""
        if not self.embedded:
            return X, []
        values, caches = [], []
        for part, own in zip(self.embedded, self._split(params), strict=True):
            x = part.of(X)
            embedded, cache = part.embedding.forward(own, part.constants, x)
            values.append(embedded)
            caches.append((x, cache))
        plain = X if self.plain is None else X[:, self.plain]
        if not issparse(X):
            return np.hstack([plain, *values]), caches
        return hstack([plain, *map(csr_array, values)], format="csr"), caches

    def weights(self, params: list[Array], W: Array) -> Array:
        """The first layer's weights, for inputs that are not scaled."""
        return params[0][:, np.newaxis] * W if self.scaled else W

    def backward(
        self,
        params: list[Array],
        grads: list[Array],
        W: Array,
        grad_W: Array,
        caches: list[Any],
        delta: Array,
    ) -> None:
        """Write the gradients of `params`; turn that of `weights` into that of W.

        delta : d value / d z of the first layer.
        """
        if self.embedded:
            self._backward_embedded(params, grads, W, caches, delta)
        if self.scaled:
            np.einsum("ij,ij->i", W, grad_W, out=grads[0])
            grad_W *= params[0][:, np.newaxis]

    def _backward_embedded(
        self,
        params: list[Array],
        grads: list[Array],
        W: Array,
        caches: list[Any],
        delta: Array,
    ) -> None:
        d_values = delta @ self.weights(params, W)[self.n_plain :].T
        pieces = self._pieces(params, caches, d_values)
        for (part, own, x, cache, d_part), own_grads in zip(
            pieces, self._split(grads), strict=True
        ):
            part.embedding.backward(own, own_grads, x, cache, d_part)

    def _pieces(
        self, params: list[Array], caches: list[Any], d_values: Array
    ) -> Iterator[tuple[Embedded, Arrays, Array, Any, Array]]:
        """Of each embedding what its backward pass needs; d_values: (n, all widths)."""
        at = 0
        for part, own, (x, cache) in zip(
            self.embedded, self._split(params), caches, strict=True
        ):
            yield part, own, x, cache, d_values[:, at : at + part.width]
            at += part.width

    def pull_back(self, params: list[Array], caches: list[Any], delta: Array) -> Array:
        """d value / d X (n, n_features), given delta = d value / d inputs."""
        if not self.embedded:
            return delta
        d_X = np.zeros((len(delta), self.n_features), delta.dtype)
        d_X[:, slice(None) if self.plain is None else self.plain] = delta[
            :, : self.n_plain
        ]
        pieces = self._pieces(params, caches, delta[:, self.n_plain :])
        for part, own, x, cache, d_part in pieces:
            d_X[:, part.columns] += part.embedding.pull_back(
                own, part.constants, x, cache, d_part
            )
        return d_X
