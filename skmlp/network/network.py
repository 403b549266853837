"""The network: layers on one flat vector of parameters, and the buffers they need."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp.activations import Activation, Identity, Parametric, WithAlpha
from skmlp.initializers import Initializer
from skmlp.network.inputs import Inputs
from skmlp.network.layers import Dense, Noise, NoiseLevel, NoisyInput

Array = NDArray[np.floating[Any]]

# Values of a layer in a block of rows that is worked through at once.
BLOCK_ELEMENTS = 1 << 16
BLOCK_ROWS = 256


def rows_of_width(width: int) -> int:
    """So few rows at once that as wide a block stays in the processor's cache.

    Fewer than BLOCK_ROWS would make the matrix products slow.
    """
    return max(BLOCK_ROWS, BLOCK_ELEMENTS // width)


def block_rows(network: "Network") -> int:
    """Rows at once, by the widest of the layers' values, and of the embeddings'."""
    return rows_of_width(max(*network.layer_sizes[1:], network.inputs.breadth))


class Views(list[tuple[Array, Array]]):
    """(W, b) of each layer, and all else that a network learns.

    layers : the network's, with activations that have their alphas.
    inputs : the parameters of its inputs.
    alphas : those of the layers with parametric activations, by the layer's number.
    """

    def __init__(
        self,
        network: "Network",
        pairs: Iterable[tuple[Array, Array]],
        extras: Sequence[Array] = (),
    ) -> None:
        super().__init__(pairs)
        n_inputs = len(network.inputs.shapes)
        self.inputs = list(extras[:n_inputs])
        numbers = network.parametric_layers
        self.alphas = dict(zip(numbers, extras[n_inputs:], strict=True))
        self.layers = network.layers
        if self.alphas:
            self.layers = list(
                map(self._bound, range(len(network.layers)), self.layers)
            )

    def _bound(self, number: int, layer: Dense) -> Dense:
        if number not in self.alphas:
            return layer
        activation: Any = layer.activation
        return replace(layer, activation=activation.with_alpha(self.alphas[number]))

    @property
    def extras(self) -> list[Array]:
        return [*self.inputs, *self.alphas.values()]

    def part(self, network: "Network", start: int) -> "Views":
        """Those of a network that is made of these layers, the first one `start`."""
        stop = start + len(network.layers)
        alphas = [
            alpha
            for number, alpha in self.alphas.items()
            if number - start in network.parametric_layers
        ]
        inputs = self.inputs if start == 0 else []
        return Views(network, self[start:stop], [*inputs, *alphas])


class Network:
    """Dense layers one after the other; the last one gives raw outputs.

    The flat vector holds the weights of all layers, then the biases of all layers, so
    that the penalty, which spares biases, acts on one slice: ``params[:n_weights]``.
    After them come extras, where there are any: the parameters of the inputs, and the
    alphas of parametric activations.

    Parameters
    ----------
    layer_sizes : sequence of int
        n_features, the hidden layers' units, n_outputs.
    activation : Activation or sequence of Activation
        The activation of all hidden layers, or one for each.
    noise : sequence of Noise, or None
        What training does to each layer's inputs; None for nothing.
    inputs : Inputs or None
        What becomes of the features before the first layer; None for nothing.
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        activation: Activation | Sequence[Activation],
        noise: Sequence[Noise] | None = None,
        inputs: Inputs | None = None,
    ) -> None:
        self.layer_sizes = tuple(layer_sizes)
        self.inputs = inputs or Inputs(self.layer_sizes[0], [])
        n_hidden = len(self.layer_sizes) - 2
        if isinstance(activation, Sequence):
            self.activations = tuple(activation) or (Identity(),)
        else:
            self.activations = (activation,) * max(1, n_hidden)
        hidden = [*self.activations[:n_hidden], Identity()]
        sizes = pairwise((self.inputs.width, *self.layer_sizes[1:]))
        self.layers = [
            Dense(fan_in, fan_out, activation)
            for (fan_in, fan_out), activation in zip(sizes, hidden, strict=True)
        ]
        self.noise = tuple(noise or [Noise()] * len(self.layers))
        self.n_weights = sum(layer.fan_in * layer.fan_out for layer in self.layers)
        self.parametric_layers = [
            i
            for i, layer in enumerate(self.layers)
            if isinstance(layer.activation, Parametric)
        ]
        alphas = [(self.layers[i].fan_out,) for i in self.parametric_layers]
        self.extra_shapes = [*self.inputs.shapes, *alphas]
        self.n_base = self.n_weights + sum(self.layer_sizes[1:])
        self.n_params = self.n_base + sum(map(math.prod, self.extra_shapes))
        self.is_plain = not self.extra_shapes and not self.inputs.embedded

    @property
    def shape(self) -> tuple[Any, ...]:
        """What tells networks with different parameters apart."""
        return (*self.layer_sizes, *self.extra_shapes)

    def on_inputs(self, n_features: int) -> "Network":
        """The same network for as many inputs."""
        sizes = n_features, *self.layer_sizes[1:]
        return Network(sizes, self.activations, self.noise)  # of plain inputs

    def views(self, params: Array) -> Views:
        """(W, b) of each layer, and extras: writing to W writes to `params`."""
        views, at, bias_at = [], 0, self.n_weights
        for layer in self.layers:
            stop, bias_stop = at + layer.fan_in * layer.fan_out, bias_at + layer.fan_out
            W = params[at:stop].reshape(layer.fan_in, layer.fan_out)
            views.append((W, params[bias_at:bias_stop]))
            at, bias_at = stop, bias_stop
        return Views(self, views, self._extra_views(params))

    def _extra_views(self, params: Array) -> list[Array]:
        views, at = [], self.n_base
        for shape in self.extra_shapes:
            stop = at + math.prod(shape)
            views.append(params[at:stop].reshape(shape))
            at = stop
        return views

    def groups(self) -> dict[str, Array]:
        """Of each group of parameters a vector that is 1 there, and 0 elsewhere."""
        names = ["weights"] * len(self.layers), ["biases"] * len(self.layers)
        extras = [*self.inputs.groups, *["activation"] * len(self.parametric_layers)]
        found: dict[str, Array] = {}
        for name in dict.fromkeys([*names[0], *names[1], *extras]):
            found[name] = np.zeros(self.n_params)
            views = self.views(found[name])
            arrays = [W for W, _ in views] * (name == "weights")
            arrays += [b for _, b in views] * (name == "biases")
            pairs = zip(extras, views.extras, strict=True)
            for array in [*arrays, *(a for group, a in pairs if group == name)]:
                array[...] = 1.0
        return found

    def first(self, n_layers: int) -> list[slice]:
        """Where the weights, the biases and the alphas of the first layers are."""
        layers = self.layers[:n_layers]
        n_weights = sum(layer.fan_in * layer.fan_out for layer in layers)
        n_biases = sum(layer.fan_out for layer in layers)
        learning = [i for i in self.parametric_layers if i < n_layers]
        n_alphas = sum(self.layers[i].fan_out for i in learning)
        starts = 0, self.n_weights, self.n_base + self.inputs.n_params
        sizes = n_weights, n_biases, n_alphas
        return [slice(at, at + n) for at, n in zip(starts, sizes, strict=True)]

    def folded(self, params: Array) -> Array:
        """The parameters with the learned scale in the first weights, and 1 after.

        `params` itself where nothing is scaled.
        """
        if not self.inputs.scaled:
            return params
        folded = params.copy()
        views = self.views(folded)
        views[0][0][...] = self.inputs.weights(views.inputs, views[0][0])
        views.inputs[0][...] = 1.0
        return folded

    def flatten(
        self,
        layers: Sequence[tuple[Any, Any]],
        dtype: Any,
        extras: Sequence[Any] | None = None,
    ) -> Array:
        """The (W, b) of each layer, and extras, as a new flat vector.

        extras : None is alphas as training starts from them, and nothing else.
        """
        params = np.empty(self.n_params, dtype)
        views = self.views(params)
        extras = self._first_alphas() if extras is None else extras
        for (W, b), (new_W, new_b) in zip(views, layers, strict=True):
            W[...], b[...] = new_W, new_b
        for extra, new in zip(views.extras, extras, strict=True):
            extra[...] = new
        return params

    def initial_params(
        self,
        initializer: Initializer,
        random_state: np.random.RandomState,
        dtype: Any,
        X: Any = None,
    ) -> Array:
        """Draw each layer's weights, then its biases, layer by layer; then extras.

        X : rows (n, n_features), for an initializer that looks at them.
        """
        if initializer.needs_data:
            return self._params_by_data(initializer, random_state, dtype, X)
        # the output layer, too, is drawn with a hidden activation's gain
        gains = [activation.gain for activation in self.activations]
        gains = (gains + gains[-1:])[: len(self.layers)]
        draws = [
            initializer.draw(random_state, layer.fan_in, layer.fan_out, gain)
            for layer, gain in zip(self.layers, gains, strict=True)
        ]
        if initializer.zero_output:
            W, b = draws[-1]
            draws[-1] = np.zeros_like(W), np.zeros_like(b)
        return self.flatten(draws, dtype, self._first_extras(random_state))

    def _first_extras(self, random_state: np.random.RandomState) -> list[Array]:
        return [*self.inputs.draw(random_state), *self._first_alphas()]

    def _first_alphas(self) -> list[Array]:
        activations: Any = [self.layers[i].activation for i in self.parametric_layers]
        sizes = [self.layers[i].fan_out for i in self.parametric_layers]
        return [np.full(n, a.start) for a, n in zip(activations, sizes, strict=True)]

    def _params_by_data(
        self,
        initializer: Initializer,
        random_state: np.random.RandomState,
        dtype: Any,
        X: Any,
    ) -> Array:
        """Draw extras, then each layer by what reaches it of the rows X."""
        extras = self._first_extras(random_state)
        x, _ = self.inputs.forward(extras[: len(self.inputs.shapes)], X)
        draws = []
        for layer in self.layers:
            W, b, z = initializer.draw_by_data(random_state, x, layer.fan_out)
            draws.append((W, b))
            x = np.empty_like(z)
            layer.activation.forward(z, out=x)
        return self.flatten(draws, dtype, extras)

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
        if workspace.noisy or not self.is_plain:
            return self._forward_with_extras(views, X, workspace)
        x = X
        for layer, (W, b), (z, a) in zip(
            self.layers, views, workspace.values, strict=True
        ):
            x = layer.forward(x, W, b, z, a)
        return a

    def _forward_with_extras(
        self, views: Views, X: Any, workspace: "Workspace"
    ) -> Array:
        """With noise, with what the inputs learn, and with activations that learn."""
        x, workspace.caches = self.inputs.forward(views.inputs, X)
        workspace.x = x
        for i, (layer, (W, b), (z, a)) in enumerate(
            zip(views.layers, views, workspace.values, strict=True)
        ):
            x = workspace.noisy[i].forward(x) if i in workspace.noisy else x
            W = W if i else self.inputs.weights(views.inputs, W)
            x = layer.forward(x, W, b, z, a)
        return a

    def backward(
        self, views: Views, grads: Views, X: Any, delta: Array, workspace: "Workspace"
    ) -> None:
        """Write the gradients of all (W, b) to `grads`, given delta = d value / d raw.

        Spends the values that `forward` left in the workspace.
        """
        if workspace.noisy or not self.is_plain:
            return self._backward_with_extras(views, grads, X, delta, workspace)
        values, ones = workspace.values, workspace.ones
        for i in range(len(self.layers) - 1, -1, -1):
            (z, a), x = values[i], values[i - 1][1] if i else X
            W, (grad_W, grad_b), grad_x = views[i][0], grads[i], workspace.deltas[i]
            self.layers[i].backward(x, W, z, a, delta, grad_W, grad_b, grad_x, ones)
            if grad_x is None:
                return
            delta = grad_x

    def _backward_with_extras(
        self, views: Views, grads: Views, X: Any, delta: Array, workspace: "Workspace"
    ) -> None:
        values, ones, noisy = workspace.values, workspace.ones, workspace.noisy
        for i in range(len(self.layers) - 1, -1, -1):
            (z, a), x = values[i], values[i - 1][1] if i else workspace.x
            W, (grad_W, grad_b), grad_x = views[i][0], grads[i], workspace.deltas[i]
            x = noisy[i].x if i in noisy else x
            layer = views.layers[i]
            layer.backward(x, W, z, a, delta, grad_W, grad_b, grad_x, ones)
            if i in grads.alphas and isinstance(layer.activation, WithAlpha):
                grads.alphas[i][...] = layer.activation.grad
            if grad_x is not None:
                if i in noisy:
                    noisy[i].backward(grad_x)
                delta = grad_x
        W, grad_W = views[0][0], grads[0][0]
        self.inputs.backward(
            views.inputs, grads.inputs, W, grad_W, workspace.caches, delta
        )

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
    noise_level : a factor on the noise.
    x, caches : what the forward pass made of X for the first layer, and what the
        backward pass needs of that.
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
        self.noise_level = level = NoiseLevel()
        for i, noise in enumerate(network.noise):
            if noise and generator is not None:
                keep, out = np.empty((2, n_rows, network.layers[i].fan_in), dtype)
                self.noisy[i] = NoisyInput(noise, keep, out, generator, level)
        self.x: Any = None
        self.caches: list[Any] = []
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
        narrow.noise_level = self.noise_level
        narrow.ones = self.ones[:n_rows]
        narrow.x, narrow.caches = None, []
        narrow._narrower = {}
        return narrow
