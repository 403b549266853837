"""The network: layers on one flat vector of parameters, and the buffers they need."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp.activations import Activation, Identity
from skmlp.initializers import Initializer
from skmlp.layers import Dense

Array = NDArray[np.floating[Any]]
Views = list[tuple[Array, Array]]

# Rows of a block that is predicted at once: as many as keep a layer's values in cache.
BLOCK_ELEMENTS = 1 << 17


class Network:
    """Dense layers one after the other; the last one gives raw outputs.

    The flat vector holds the weights of all layers, then the biases of all layers, so
    that the penalty, which spares biases, acts on one slice: ``params[:n_weights]``.

    Parameters
    ----------
    layer_sizes : sequence of int
        n_features, the hidden layers' units, n_outputs.
    activation : Activation
        The activation of all hidden layers.
    """

    def __init__(self, layer_sizes: Sequence[int], activation: Activation) -> None:
        self.layer_sizes = tuple(layer_sizes)
        last = len(self.layer_sizes) - 2
        self.layers = [
            Dense(fan_in, fan_out, Identity() if i == last else activation)
            for i, (fan_in, fan_out) in enumerate(pairwise(self.layer_sizes))
        ]
        self.activation = activation
        self.n_weights = sum(layer.fan_in * layer.fan_out for layer in self.layers)
        self.n_params = self.n_weights + sum(self.layer_sizes[1:])

    def views(self, params: Array) -> Views:
        """(W, b) of each layer, as views: writing to W writes to `params`."""
        views, at, bias_at = [], 0, self.n_weights
        for layer in self.layers:
            stop, bias_stop = at + layer.fan_in * layer.fan_out, bias_at + layer.fan_out
            W = params[at:stop].reshape(layer.fan_in, layer.fan_out)
            views.append((W, params[bias_at:bias_stop]))
            at, bias_at = stop, bias_stop
        return views

    def flatten(self, layers: Sequence[tuple[Any, Any]], dtype: Any) -> Array:
        """The (W, b) of each layer as a new flat vector."""
        params = np.empty(self.n_params, dtype)
        for (W, b), (new_W, new_b) in zip(self.views(params), layers, strict=True):
            W[...], b[...] = new_W, new_b
        return params

    def initial_params(
        self,
        initializer: Initializer,
        random_state: np.random.RandomState,
        dtype: Any,
    ) -> Array:
        """Draw each layer's weights, then its biases, layer by layer."""
        # the output layer, too, is drawn with the hidden activation's gain
        gain = self.activation.gain
        draws = [
            initializer.draw(random_state, layer.fan_in, layer.fan_out, gain)
            for layer in self.layers
        ]
        return self.flatten(draws, dtype)

    def forward(self, views: Views, X: Any, workspace: "Workspace") -> Array:
        """Raw outputs (n, n_outputs) of the rows X, in the workspace's last buffer."""
        a = X
        for layer, (W, b), (z, out) in zip(
            self.layers, views, workspace.values, strict=True
        ):
            a = layer.forward(a, W, b, z, out)
        return np.asarray(a)

    def backward(
        self, views: Views, grads: Views, X: Any, delta: Array, workspace: "Workspace"
    ) -> None:
        """Write the gradients of all (W, b) to `grads`, given delta = d value / d raw.

        Spends the values that `forward` left in the workspace.
        """
        inputs = [X, *(a for _, a in workspace.values[:-1])]
        for i in range(len(self.layers) - 1, -1, -1):
            z, a = workspace.values[i]
            grad_x = workspace.deltas[i]
            self.layers[i].backward(
                inputs[i], views[i][0], z, a, delta, *grads[i], grad_x, workspace.ones
            )
            if grad_x is not None:
                delta = grad_x

    def predict(self, views: Views, X: Any) -> Array:
        """Raw outputs of all rows of X, block by block, so that memory stays small."""
        n_samples, dtype = X.shape[0], np.result_type(X.dtype, views[0][0].dtype)
        block = max(1, BLOCK_ELEMENTS // max(self.layer_sizes[1:]))
        workspace = Workspace(self, min(block, n_samples), dtype, backward=False)
        raw = np.empty((n_samples, self.layer_sizes[-1]), dtype)
        for start in range(0, n_samples, block):
            rows = X[start : start + block]
            raw[start : start + block] = self.forward(
                views, rows, workspace.rows(rows.shape[0])
            )
        return raw


class Workspace:
    """The buffers of one fit for batches of up to n_rows rows.

    values : (z, a) of each layer; one array, unless the activation needs z later.
    deltas : d value / d x of each layer, None for the first, whose x is the data.
    """

    def __init__(
        self, network: Network, n_rows: int, dtype: Any, *, backward: bool = True
    ) -> None:
        self.values: list[tuple[Array, Array]] = []
        self.deltas: list[Array | None] = []
        for i, layer in enumerate(network.layers):
            a = np.empty((n_rows, layer.fan_out), dtype)
            keeps_z = backward and layer.activation.keeps_input
            self.values.append((np.empty_like(a) if keeps_z else a, a))
            needs_delta = backward and i > 0
            self.deltas.append(
                np.empty((n_rows, layer.fan_in), dtype) if needs_delta else None
            )
        self.ones = np.ones(n_rows, dtype)
        self._narrower: dict[int, Workspace] = {n_rows: self}

    def rows(self, n_rows: int) -> "Workspace":
        """The same buffers for a batch of n_rows rows, which may be fewer."""
        if n_rows not in self._narrower:
            narrower = object.__new__(Workspace)
            narrower.values = [
                (z[:n_rows], a[:n_rows]) if z is not a else (a[:n_rows],) * 2
                for z, a in self.values
            ]
            narrower.deltas = [d if d is None else d[:n_rows] for d in self.deltas]
            narrower.ones = self.ones[:n_rows]
            narrower._narrower = {n_rows: narrower}
            self._narrower[n_rows] = narrower
        return self._narrower[n_rows]
