"""A network seen from inside: values of hidden layers, gradients by the inputs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from scipy.special import roots_legendre

from skmlp.network.network import Network, Views, Workspace, block_rows, rows_of_width

Array = NDArray[np.floating[Any]]
# From raw outputs (n, n_outputs): of each output the number of the raw output that it
# is a function of, and the derivative, or None for 1; both (n, n_outputs).
Link = Callable[[Array], tuple[NDArray[np.integer[Any]], Array | None]]


def hidden_values(network: Network, views: Views, X: Any, layer: int) -> Array:
    """Values (n, units) of a hidden layer at the rows of X; 0 is the first layer."""
    sizes, activations = network.layer_sizes[: layer + 2], network.activations[:layer]
    head = Network(sizes, activations, inputs=network.inputs)
    values = head.predict(views.part(head, 0), X)  # z: a last layer is linear
    activation, n_rows = views.layers[layer].activation, block_rows(head)
    for start in range(0, len(values), n_rows):
        block = values[start : start + n_rows]
        activation.forward(block, out=block)
    return values


def rows_at_once(network: Network) -> int:
    """As block_rows, but gradients by the inputs are as wide as these."""
    return rows_of_width(max(*network.layer_sizes, network.inputs.breadth))


def unchanged(raw: Array) -> tuple[NDArray[np.integer[Any]], Array | None]:
    """The link of raw outputs themselves."""
    return np.broadcast_to(np.arange(raw.shape[1]), raw.shape), None


@dataclass
class Outputs:
    """Outputs of a network as functions of its inputs; its noise is off.

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
            start, total = baseline[rows], integrated[rows]
            way = (X[rows].toarray() if issparse(X) else X[rows]) - start
            total[...] = 0.0
            for share, weight in zip(*shares, strict=True):
                gradients = self._gradients_of_rows(start + share * way, workspace)
                gradients *= weight
                total += gradients
            total *= way[:, np.newaxis]
        return integrated

    def _empty(self, X: Any) -> Array:
        dtype = np.result_type(X.dtype, self.views[0][0].dtype)
        return np.empty((X.shape[0], len(self.numbers), X.shape[1]), dtype)

    def _blocks(self, X: Any) -> Iterator[tuple[slice, Workspace]]:
        """Rows of X, with buffers for as many."""
        n_samples, n_rows = X.shape[0], rows_at_once(self.network)
        dtype = np.result_type(X.dtype, self.views[0][0].dtype)
        workspace = Workspace(self.network, min(n_rows, n_samples), dtype)
        for start in range(0, n_samples, n_rows):
            stop = min(start + n_rows, n_samples)
            yield slice(start, stop), workspace.rows(stop - start)

    def _gradients_of_rows(self, X: Any, workspace: Workspace) -> Array:
        """(n, n_numbers, n_features), by one backward pass for each number."""
        raw = self.network.forward(self.views, X, workspace)
        places, factors = self.link(raw)
        slopes = slopes_of(self.views, workspace)
        gradients = np.empty((len(raw), len(self.numbers), X.shape[1]), raw.dtype)
        for j, number in enumerate(self.numbers):
            delta = _pulled_back(self.network, self.views, slopes, places[:, number])
            gradients[:, j] = self.network.inputs.pull_back(
                self.views.inputs, workspace.caches, delta
            )
        if factors is not None:
            gradients *= factors[:, self.numbers, np.newaxis]
        return gradients


def slopes_of(views: Views, workspace: Workspace) -> list[Array]:
    """The derivatives of the activations, (n, units) a hidden layer.

    All outputs share them, while `Network.backward` would spend the values of the
    forward pass, and need a new one for each output. Spends these values.
    """
    slopes = []
    for layer, (z, a) in zip(views.layers[:-1], workspace.values[:-1], strict=True):
        slopes.append(np.ones_like(a))
        layer.activation.backward(slopes[-1], z, a)
    return slopes


def _pulled_back(
    network: Network,
    views: Views,
    slopes: list[Array],
    numbers: NDArray[np.integer[Any]],
) -> Array:
    """d raw[i, numbers[i]] / d inputs_i of each row i, (n, n_inputs)."""
    weights = [W for W, _ in views]
    weights[0] = network.inputs.weights(views.inputs, weights[0])
    delta: Array = weights[-1].T[numbers]
    for W, slope in zip(weights[-2::-1], slopes[::-1], strict=True):
        delta *= slope
        delta = delta @ W.T
    return delta
