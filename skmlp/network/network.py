"""The network: layers on one flat vector of parameters."""

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np

from skmlp.activations import Activation, Identity, Parametric
from skmlp.initializers import Initializer
from skmlp.network.dense import Dense, ScaledDense
from skmlp.network.inputs import Inputs
from skmlp.network.layer import Array, Layer
from skmlp.network.noise import Noise, NoiseLayer, NoiseLevel
from skmlp.network.parametric import ParametricLayer
from skmlp.network.workspace import Path, Workspace, are_few, block_rows

# The parameters of each layer.
Views = Sequence[Sequence[Array]]
# The flat vector's order; what is not named here, embeddings, comes before alphas.
PLACES = {"weights": 0, "biases": 1, "scale": 2, "activation": 4}


# Blocks of rows at once before a last layer of a wider dtype.
WIDER_BLOCKS = 16


class Spot(NamedTuple):
    """Position of an array of a layer's parameters in the flat vector."""

    layer: int
    group: str
    shape: tuple[int, ...]
    where: slice


def spots_of(layers: Sequence[Layer]) -> list[Spot]:
    """Positions of all parameters, in the order of the flat vector."""
    found = [(i, *shape) for i, layer in enumerate(layers) for shape in layer.shapes]
    found.sort(key=lambda spot: PLACES.get(spot[1], 3))  # within a group by layer
    spots, stop = [], 0
    for number, group, shape in found:
        start, stop = stop, stop + math.prod(shape)
        spots.append(Spot(number, group, shape, slice(start, stop)))
    return spots


class Network:
    """A sequence of layers; the last one, a dense layer, gives the raw outputs.

    The flat vector holds the weights of all layers, then the biases of all layers, so
    that the penalty, which spares biases, acts on one slice: ``params[:n_weights]``.
    After them come extras, where there are any: a learned scale of the inputs,
    embeddings, and the alphas of parametric activations.

    Parameters
    ----------
    layer_sizes : sequence of int
        n_features, the hidden layers' units, n_outputs.
    activation : Activation or sequence of Activation
        The activation of all hidden layers, or one for each.
    noise : sequence of Noise, or None
        What training does to each dense layer's inputs; None for nothing.
    inputs : Inputs or None
        Which columns of X are embedded; None for none.
    learned_scale : bool
        Whether each input of the first dense layer has a learned factor, 1 at first.

    Attributes
    ----------
    layers : all layers but those of noise, which a workspace for training has.
    dense, dense_sizes : the numbers of dense ones among them, and their sizes.
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        activation: Activation | Sequence[Activation],
        noise: Sequence[Noise] | None = None,
        inputs: Inputs | None = None,
        learned_scale: bool = False,
    ) -> None:
        self.layer_sizes = tuple(layer_sizes)
        if isinstance(activation, Sequence):
            self.activations = tuple(activation) or (Identity(),)
        else:
            self.activations = (activation,) * max(1, len(self.layer_sizes) - 2)
        self.inputs = inputs or Inputs(self.layer_sizes[0], [])
        self.learned_scale = learned_scale
        self.dense_sizes = list(pairwise((self.inputs.width, *self.layer_sizes[1:])))
        self.layers, self.dense = self._make_layers()
        self.noise = tuple(noise or [Noise()] * len(self.dense))
        self.spots = spots_of(self.layers)
        self.n_weights = self.spots[len(self.dense) - 1].where.stop
        self.n_params = self.spots[-1].where.stop

    def _make_layers(self) -> tuple[list[Layer], list[int]]:
        """All layers, and the indices of the dense ones."""
        layers: list[Layer] = [self.inputs] if self.inputs.embedded else []
        dense, n_data = [], self.inputs.n_plain
        kind = ScaledDense if self.learned_scale else Dense
        each = zip(self.dense_sizes, self._activation_of_each(), strict=True)
        for sizes, activation in each:
            dense.append(len(layers))
            if isinstance(activation, Parametric):
                layers.append(kind(*sizes, Identity(), n_data))
                layers.append(ParametricLayer(sizes[1], activation))
            else:
                layers.append(kind(*sizes, activation, n_data))
            kind, n_data = Dense, 0
        return layers, dense

    def _activation_of_each(self) -> list[Activation]:
        """The activation of each dense layer; the last one is linear."""
        return [*self.activations[: len(self.layer_sizes) - 2], Identity()]

    @property
    def shape(self) -> tuple[Any, ...]:
        """Identifies networks with the same parameter shapes."""
        return (*self.layer_sizes, *(spot.shape for spot in self.spots))

    @cached_property
    def kind(self) -> tuple[Any, ...]:
        """Identifies networks that differ in their parameters only."""
        parts = self.inputs.embedded
        columns = [(repr(part.embedding), part.columns.tobytes()) for part in parts]
        return (*self.shape, *map(repr, self.activations), *columns)

    def on_inputs(self, n_features: int) -> "Network":
        """The same network for that many inputs."""
        sizes = n_features, *self.layer_sizes[1:]
        return Network(sizes, self.activations, self.noise)  # of plain inputs

    # Parameters: the flat vector, and views of it.

    def views(self, params: Array) -> list[list[Array]]:
        """The parameters of each layer: writing to them writes to `params`."""
        views: list[list[Array]] = [[] for _ in self.layers]
        for spot in self.spots:
            views[spot.layer].append(params[spot.where].reshape(spot.shape))
        return views

    def weights_and_biases(self, params: Array) -> list[tuple[Array, Array]]:
        """(W, b) of each dense layer, as views."""
        views = self.views(params)
        return [(views[i][0], views[i][1]) for i in self.dense]

    def alphas(self, views: Views) -> list[Array | None]:
        """For each hidden layer the alphas of its activation, or None."""
        return [
            views[i - 1][0] if isinstance(self.layers[i - 1], ParametricLayer) else None
            for i in self.dense[1:]
        ]

    def arrange(
        self, pairs: Iterable[Sequence[Any]], extras: Iterable[Any]
    ) -> list[list[Any]]:
        """Separate arrays, arranged like views.

        pairs : (W, b) of each dense layer; extras : all others, as in the flat vector.
        """
        arranged: list[list[Any]] = [[] for _ in self.layers]
        arrays = chain(*zip(*pairs, strict=True), extras)
        for spot, array in zip(self.spots, arrays, strict=True):
            arranged[spot.layer].append(array)
        return arranged

    def flatten(
        self,
        pairs: Iterable[Sequence[Any]],
        dtype: Any,
        extras: Iterable[Any] | None = None,
    ) -> Array:
        """The same arrays as a new flat vector.

        extras : None is a scale and alphas as training starts from them.
        """
        params = np.empty(self.n_params, dtype)
        extras = self._first_extras() if extras is None else extras
        arrays = chain(*zip(*pairs, strict=True), extras)
        for spot, array in zip(self.spots, arrays, strict=True):
            params[spot.where].reshape(spot.shape)[...] = array
        return params

    def param_groups(self) -> dict[str, list[slice]]:
        """Slices of the parameters of each group, adjacent ones as one."""
        groups: dict[str, list[slice]] = {}
        for _, group, _, where in self.spots:
            slices = groups.setdefault(group, [])
            if slices and slices[-1].stop == where.start:
                where = slice(slices.pop().start, where.stop)
            slices.append(where)
        return groups

    def first(self, n_layers: int) -> list[slice]:
        """Slices of the weights, biases and alphas of the first dense layers."""
        stop = [*self.dense[n_layers:], len(self.layers)][0]
        return [
            spot.where
            for spot in self.spots
            if spot.layer < stop and spot.group in ("weights", "biases", "activation")
        ]

    def folded(self, params: Array) -> Array:
        """The parameters with the learned scale folded into the first weights.

        `params` itself where nothing is scaled.
        """
        layer = self.layers[self.dense[0]]
        if not isinstance(layer, ScaledDense):
            return params
        folded = params.copy()
        views = self.views(folded)[self.dense[0]]
        W, _, scale = views
        W[...] = layer.weights(views)
        scale[...] = 1.0
        return folded

    # First parameters.

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
        # the output layer, too, is drawn with a hidden activation's constant
        constants = [activation.gain for activation in self.activations]
        constants = (constants + constants[-1:])[: len(self.dense)]
        draws = [
            initializer.draw(random_state, *sizes, glorot_constant)
            for sizes, glorot_constant in zip(self.dense_sizes, constants, strict=True)
        ]
        if initializer.zero_output:
            W, b = draws[-1]
            draws[-1] = np.zeros_like(W), np.zeros_like(b)
        extras = self._first_extras(self.inputs.draw(random_state))
        return self.flatten(draws, dtype, extras)

    def _params_by_data(
        self,
        initializer: Initializer,
        random_state: np.random.RandomState,
        dtype: Any,
        X: Any,
    ) -> Array:
        """Draw extras, then each layer from its inputs for the rows X."""
        embeddings = self.inputs.draw(random_state)
        x, _ = self.inputs.embed(embeddings, X)
        draws = []
        each = zip(self._activation_of_each(), self.layer_sizes[1:], strict=True)
        for activation, fan_out in each:
            W, b, z = initializer.draw_by_data(random_state, x, fan_out)
            draws.append((W, b))
            x = np.empty_like(z)
            activation.forward(z, out=x)
        return self.flatten(draws, dtype, self._first_extras(embeddings))

    def _first_extras(self, embeddings: Sequence[Array] = ()) -> list[Array]:
        scale = [np.ones(self.inputs.width)] if self.learned_scale else []
        alphas = [
            np.full(layer.fan_out, layer.activation.start)
            for layer in self.layers
            if isinstance(layer, ParametricLayer)
        ]
        return [*scale, *embeddings, *alphas]

    # The path through the layers.

    def path(
        self,
        generator: np.random.Generator | None = None,
        level: NoiseLevel | None = None,
    ) -> Path:
        """The layers to go through, for a workspace; with noise if it can be drawn."""
        path: Path = [(layer, i) for i, layer in enumerate(self.layers)]
        if generator is None:
            return path
        level, sizes = level or NoiseLevel(), self.dense_sizes
        each = list(zip(self.dense, sizes, self.noise, strict=True))
        for i, (fan_in, _), noise in reversed(each):  # so that numbers stay valid
            if noise:
                path.insert(i, (NoiseLayer(fan_in, noise, generator, level), i))
        return path

    def forward(self, views: Views, X: Any, workspace: Workspace) -> Array:
        """Raw outputs (n, n_outputs) of the rows X, in a buffer of the last layer."""
        x: Array = X
        for layer, number, buffers in workspace.steps:
            x = layer.forward(views[number], x, buffers)
        return x

    def backward(
        self, views: Views, grads: Views, delta: Array, workspace: Workspace
    ) -> None:
        """Write all gradients to `grads`, given delta = d value / d raw.

        Spends the values that `forward` left in the workspace.
        """
        d_values: Any = delta
        for layer, number, buffers in workspace.reversed_steps:
            d_values = layer.backward(views[number], grads[number], d_values, buffers)
            if d_values is None:  # of the data
                return

    def predict(self, views: Views, X: Any, part: slice = slice(None)) -> Array:
        """Raw outputs of all rows of X, block by block to save memory.

        part : of the layers, for the values at the end of these; X is what they see.
        """
        path = self.path()[part]
        layers = [layer for layer, _ in path]
        n_samples = X.shape[0]
        dtype = np.result_type(X.dtype, views[path[0][1]][0].dtype)
        if views[path[-1][1]][0].dtype.itemsize > dtype.itemsize:
            return self._predict_wider(views, X, path[:-1])
        if are_few(n_samples):  # one block, without the cost of many
            workspace = Workspace(path, n_samples, dtype, backward=False)
            rows = X[:n_samples]  # which scales those that training scales
            return np.ascontiguousarray(self.forward(views, rows, workspace))
        block = block_rows(layers)
        workspace = Workspace(path, min(block, n_samples), dtype, backward=False)
        raw = np.empty((n_samples, layers[-1].fan_out), dtype)
        for start in range(0, n_samples, block):
            rows = X[start : start + block]
            raw[start : start + block] = self.forward(
                views, rows, workspace.rows(rows.shape[0])
            )
        return raw

    def _predict_wider(self, views: Views, X: Any, before: Path) -> Array:
        """The same where the last layer alone is of a wider dtype.

        before : the layers up to it.
        """
        last: Any = self.layers[-1]
        W, b = last.weights(views[-1]), views[-1][1]
        n_samples, n_hidden = X.shape[0], len(before)
        raw = np.empty((n_samples, last.fan_out), W.dtype)
        n_rows = WIDER_BLOCKS * block_rows(self.layers)
        start = before[0][1]
        for first in range(0, n_samples, n_rows):
            rows = slice(first, first + n_rows)
            if len(before) == 1 and self.inputs.embedded:
                x = self.inputs.embed(views[0], X[rows])[0]
            else:
                x = self.predict(views, X[rows], slice(start, start + n_hidden))
            raw[rows] = x @ W + b
        return raw
