"""The network: layers on one flat vector of parameters, and the buffers they need."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp.activations import Activation, Identity
from skmlp.initializers import Initializer
from skmlp.layers import Dense, Noise, NoisyInput

Array = NDArray[np.floating[Any]]
Views = list[tuple[Array, Array]]

# Values of a layer in a block of rows that is worked through at once.
BLOCK_ELEMENTS = 1 << 16
BLOCK_ROWS = 256


def rows_of_width(width: int) -> int:
    """So few rows at once that as wide a block stays in the processor's cache.

    Fewer than BLOCK_ROWS would make the matrix products slow.
    """
    return max(BLOCK_ROWS, BLOCK_ELEMENTS // width)


def block_rows(network: "Network") -> int:
    """Rows at once, by the widest of the layers' values."""
    return rows_of_width(max(network.layer_sizes[1:]))


class Network:
    """Dense layers one after the other; the last one gives raw outputs.

    The flat vector holds the weights of all layers, then the biases of all layers, so
    that the penalty, which spares biases, acts on one slice: ``params[:n_weights]``.

    Parameters
    ----------
    layer_sizes : sequence of int
        n_features, the hidden layers' units, n_outputs.
    activation : Activation or sequence of Activation
        The activation of all hidden layers, or one for each.
    noise : sequence of Noise, or None
        What training does to each layer's inputs; None for nothing.
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        activation: Activation | Sequence[Activation],
        noise: Sequence[Noise] | None = None,
    ) -> None:
        self.layer_sizes = tuple(layer_sizes)
        n_hidden = len(self.layer_sizes) - 2
        if isinstance(activation, Sequence):
            self.activations = tuple(activation) or (Identity(),)
        else:
            self.activations = (activation,) * max(1, n_hidden)
        hidden = [*self.activations[:n_hidden], Identity()]
        sizes = pairwise(self.layer_sizes)
        self.layers = [
            Dense(fan_in, fan_out, activation)
            for (fan_in, fan_out), activation in zip(sizes, hidden, strict=True)
        ]
        self.noise = tuple(noise or [Noise()] * len(self.layers))
        self.n_weights = sum(layer.fan_in * layer.fan_out for layer in self.layers)
        self.n_params = self.n_weights + sum(self.layer_sizes[1:])

    def on_inputs(self, n_features: int) -> "Network":
        """The same network for as many inputs."""
        sizes = n_features, *self.layer_sizes[1:]
        return Network(sizes, self.activations, self.noise)

    def views(self, params: Array) -> Views:
        """(W, b) of each layer, as views: writing to W writes to `params`."""
        views, at, bias_at = [], 0, self.n_weights
        for layer in self.layers:
            stop, bias_stop = at + layer.fan_in * layer.fan_out, bias_at + layer.fan_out
            W = params[at:stop].reshape(layer.fan_in, layer.fan_out)
            views.append((W, params[bias_at:bias_stop]))
            at, bias_at = stop, bias_stop
        return views

    def first(self, n_layers: int) -> list[slice]:
        """Where the weights and the biases of the first layers are."""
        layers = self.layers[:n_layers]
        n_weights = sum(layer.fan_in * layer.fan_out for layer in layers)
        n_biases = sum(layer.fan_out for layer in layers)
        return [slice(0, n_weights), slice(self.n_weights, self.n_weights + n_biases)]

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
        # the output layer, too, is drawn with a hidden activation's gain
        gains = [activation.gain for activation in self.activations]
        gains = (gains + gains[-1:])[: len(self.layers)]
        draws = [
            initializer.draw(random_state, layer.fan_in, layer.fan_out, gain)
            for layer, gain in zip(self.layers, gains, strict=True)
        ]
        return self.flatten(draws, dtype)

    def limit_norms(self, views: Views, largest: float) -> None:
        """Shorten the incoming weights of each unit to that Euclidean norm.

        Srivastava et al., Dropout: a simple way to prevent neural networks from
        overfitting, 2014, section 5.1.
        """
        for W, _ in views:
            norms = np.sqrt(np.einsum("ij,ij->j", W, W))
            norms[np.isinf(norms)] = np.nan  # so that divergence is seen
            W *= np.minimum(1.0, largest / np.maximum(norms, largest))

    def forward(self, views: Views, X: Any, workspace: "Workspace") -> Array:
        """Raw outputs (n, n_outputs) of the rows X, in the workspace's last buffer."""
        if workspace.noisy:
            return self._forward_with_noise(views, X, workspace)
        x = X
        for layer, (W, b), (z, a) in zip(
            self.layers, views, workspace.values, strict=True
        ):
            x = layer.forward(x, W, b, z, a)
        return a

    def _forward_with_noise(
        self, views: Views, X: Any, workspace: "Workspace"
    ) -> Array:
        x = X
        for i, (layer, (W, b), (z, a)) in enumerate(
            zip(self.layers, views, workspace.values, strict=True)
        ):
            x = workspace.noisy[i].forward(x) if i in workspace.noisy else x
            x = layer.forward(x, W, b, z, a)
        return a

    def backward(
        self, views: Views, grads: Views, X: Any, delta: Array, workspace: "Workspace"
    ) -> None:
        """Write the gradients of all (W, b) to `grads`, given delta = d value / d raw.

        Spends the values that `forward` left in the workspace.
        """
        values, ones, noisy = workspace.values, workspace.ones, workspace.noisy
        for i in range(len(self.layers) - 1, -1, -1):
            (z, a), x = values[i], values[i - 1][1] if i else X
            W, (grad_W, grad_b), grad_x = views[i][0], grads[i], workspace.deltas[i]
            if i in noisy:
                x = noisy[i].x
            self.layers[i].backward(x, W, z, a, delta, grad_W, grad_b, grad_x, ones)
            if grad_x is None:
                return
            if i in noisy:
                noisy[i].backward(grad_x)
            delta = grad_x

    def predict(self, views: Views, X: Any) -> Array:
        """Raw outputs of all rows of X, block by block, so that memory stays small."""
        n_samples, dtype = X.shape[0], np.result_type(X.dtype, views[0][0].dtype)
        block = block_rows(self)
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

    values : (z, a) of each layer; one array, unless the activation needs z later. The
        raw outputs are in Fortran order, in which losses work along the rows faster.
    deltas : d value / d x of each layer, None for the first, whose x is the data.
    noisy : the noise on a layer's inputs, by the layer's number, where there is any;
        empty without a generator.
    ones : (n_rows,).
    """

    def __init__(
        self,
        network: Network,
        n_rows: int,
        dtype: Any,
        *,
        backward: bool = True,
        generator: np.random.Generator | None = None,
    ) -> None:
        self.values: list[tuple[Array, Array]] = []
        self.deltas: list[Array | None] = []
        for i, layer in enumerate(network.layers):
            is_last = layer is network.layers[-1]
            a = np.empty((n_rows, layer.fan_out), dtype, order="F" if is_last else "C")
            keeps_z = backward and layer.activation.keeps_input
            self.values.append((np.empty_like(a) if keeps_z else a, a))
            needs_delta = backward and i > 0
            self.deltas.append(
                np.empty((n_rows, layer.fan_in), dtype) if needs_delta else None
            )
        self.noisy: dict[int, NoisyInput] = {}
        for i, noise in enumerate(network.noise):
            if noise and generator is not None:
                keep, out = np.empty((2, n_rows, network.layer_sizes[i]), dtype)
                self.noisy[i] = NoisyInput(noise, keep, out, generator)
        self.ones = np.ones(n_rows, dtype)
        # not itself: a cycle would keep the buffers until they are collected
        self._narrower: dict[int, Workspace] = {}

    def rows(self, n_rows: int) -> "Workspace":
        """The same buffers for a batch of n_rows rows, which may be fewer."""
        if n_rows == len(self.ones):
            return self
        if n_rows not in self._narrower:
            self._narrower[n_rows] = self._narrow(n_rows)
        return self._narrower[n_rows]

    def _narrow(self, n_rows: int) -> "Workspace":
        narrow = object.__new__(Workspace)
        narrow.values = [
            (a[:n_rows],) * 2 if z is a else (z[:n_rows], a[:n_rows])
            for z, a in self.values
        ]
        raw = np.empty_like(narrow.values[-1][1], order="F")
        narrow.values[-1] = raw, raw
        narrow.deltas = [d if d is None else d[:n_rows] for d in self.deltas]
        narrow.noisy = {i: n.narrow(n_rows) for i, n in self.noisy.items()}
        narrow.ones = self.ones[:n_rows]
        narrow._narrower = {}
        return narrow
