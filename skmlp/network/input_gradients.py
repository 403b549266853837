"""Hidden activations of a network, and gradients with respect to its inputs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from scipy.special import roots_legendre

from skmlp.network.layer import Array
from skmlp.network.network import Network, Views
from skmlp.network.workspace import Workspace, rows_of_width

# From raw outputs (n, n_outputs): of each output the number of the raw output that it
# is a function of, and the derivative, or None for 1; both (n, n_outputs).
Link = Callable[[Array], tuple[NDArray[np.integer[Any]], Array | None]]


def hidden_values(network: Network, views: Views, X: Any, layer: int) -> Array:
    """Values (n, units) of a hidden layer at the rows of X; 0 is the first layer."""
    return network.predict(views, X, slice(network.dense[layer + 1]))


def rows_at_once(network: Network) -> int:
    """As block_rows, where gradients are as wide as the inputs."""
    widths = (layer.max_width for layer in network.layers)
    return rows_of_width(max(network.layer_sizes[0], *widths))


def unchanged(raw: Array) -> tuple[NDArray[np.integer[Any]], Array | None]:
    """The identity link."""
    return np.broadcast_to(np.arange(raw.shape[1]), raw.shape), None


@dataclass
class Outputs:
    """Outputs of a network as functions of its inputs, without noise.

    numbers : which of them.
    link : what makes them of the raw outputs.
    """

    network: Network
    views: Views
    numbers: list[int]
    link: Link = unchanged

    def gradients(self, X: Any) -> Array:
        """d output / d x of each row, (n, n_numbers, n_features).

        X may be CSR; the result is dense.
        """
        gradients = self._empty(X)
        for rows, workspace in self._blocks(X):
            gradients[rows] = self._gradients_of_rows(X[rows], workspace)
        return gradients

    def integrated(self, X: Any, baseline: Array, n_steps: int) -> Array:
        """X - baseline times the mean gradient on the straight line between them.

        Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, 2017,
        section 3; the mean by Gauss-Legendre quadrature.

        baseline: of the shape of X. The result is (n, n_numbers, n_features).
        """
        nodes, weights = roots_legendre(n_steps)  # on [-1, 1]
        shares = ((1.0 + nodes) / 2.0).tolist(), (weights / 2.0).tolist()
        integrated = self._empty(X)
        for rows, workspace in self._blocks(X):
            start, total, end = baseline[rows], integrated[rows], X[rows]
            way = (end.toarray() if issparse(end) else end) - start
            total[...] = 0.0
            for share, weight in zip(*shares, strict=True):
                gradients = self._gradients_of_rows(start + share * way, workspace)
                gradients *= weight
                total += gradients
            total *= way[:, np.newaxis]
        return integrated

    def _empty(self, X: Any) -> Array:
        dtype = np.result_type(X.dtype, self.views[-1][0].dtype)
        return np.empty((X.shape[0], len(self.numbers), X.shape[1]), dtype)

    def _blocks(self, X: Any) -> Iterator[tuple[slice, Workspace]]:
        """Blocks of rows of X, with buffers."""
        n_samples, n_rows = X.shape[0], rows_at_once(self.network)
        dtype = np.result_type(X.dtype, self.views[-1][0].dtype)
        path = self.network.path()
        workspace = Workspace(path, min(n_rows, n_samples), dtype)
        for start in range(0, n_samples, n_rows):
            stop = min(start + n_rows, n_samples)
            yield slice(start, stop), workspace.rows(stop - start)

    def _gradients_of_rows(self, X: Any, workspace: Workspace) -> Array:
        """(n, n_numbers, n_features), by one backward pass for each output."""
        raw = self.network.forward(self.views, X, workspace)
        places, factors = self.link(raw)
        # all outputs share the derivatives of the activations
        vjps = [
            layer.vjp(self.views[number], buffers)
            for layer, number, buffers in workspace.reversed_steps[1:]
        ]
        last: Any = self.network.layers[-1]  # linear
        W = last.weights(self.views[-1])
        gradients = np.empty((len(raw), len(self.numbers), X.shape[1]), raw.dtype)
        for j, number in enumerate(self.numbers):
            delta = W.T[places[:, number]]
            for vjp in vjps:
                delta = vjp(delta)
            gradients[:, j] = delta
        if factors is not None:
            gradients *= factors[:, self.numbers, np.newaxis]
        return gradients
