"""Statistics of each layer during training: gradients, updates, idle units."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp.network.network import Network, Views
from skmlp.network.workspace import Workspace
from skmlp.training.observer import Epoch, Observer

Array = NDArray[np.floating[Any]]

# A derivative, of at most about 1, below which a unit hardly learns.
FLAT = 0.01
LAYER_RECORDS = (
    "layer_gradient_norm",
    "layer_update_ratio",
    "layer_dead",
    "layer_saturated",
)


def hidden_slopes(
    network: Network, views: Views, X: Any
) -> tuple[Array, list[tuple[Array, Array]]]:
    """Raw outputs, and of each hidden layer a and the size of its derivative by z.

    Both (n_rows, units).
    """
    workspace = Workspace(network.path(), X.shape[0], views[-1][0].dtype)
    raw = network.forward(views, X, workspace)
    ends = [workspace.steps[i - 1] for i in network.dense[1:]]
    values = [buffers.a.copy() for _, _, buffers in ends]  # which slopes spend
    sizes = [np.abs(layer.slope(views[i], buffers)) for layer, i, buffers in ends]
    return raw, list(zip(values, sizes, strict=True))


class LayerStats(Observer):
    """Records each layer once an epoch, around its last step and after it.

    layer_gradient_norm : the norm of the last batch's gradient by weights and biases.
    layer_update_ratio : the norm of the last step on the weights over their norm.
    layer_dead : of a hidden layer, the share of units whose derivative is below FLAT on
        all of the rows X.
    layer_saturated : of a hidden layer, the share of units and rows where it is.

    Parameters
    ----------
    network : Network
    X : some rows, (n_rows, n_features).
    """

    def __init__(self, network: Network, X: Any) -> None:
        self.network, self.X = network, X
        self._gradients = [math.nan] * len(network.dense)
        self._before: Array | None = None

    def before(self, params: Array, grad: Array) -> None:
        """Just before the epoch's last step."""
        pairs = self.network.weights_and_biases(grad)
        self._gradients = [math.hypot(_norm(W), _norm(b)) for W, b in pairs]
        self._before = params.copy()

    def on_epoch_end(self, run: Any, epoch: Epoch) -> None:
        run.history.record_layers(**self.measure(run.params))

    on_divergence = on_epoch_end

    def measure(self, params: Array) -> dict[str, list[float]]:
        """The records of the epoch that is over, by name."""
        before, self._before = self._before, None
        gradients, self._gradients = self._gradients, [math.nan] * len(self._gradients)
        hidden = hidden_slopes(self.network, self.network.views(params), self.X)[1]
        dead = [float((slope.max(axis=0) < FLAT).mean()) for _, slope in hidden]
        saturated = [float((slope < FLAT).mean()) for _, slope in hidden]
        records = gradients, self._update_ratios(before, params), dead, saturated
        return dict(zip(LAYER_RECORDS, records, strict=True))

    def _update_ratios(self, before: Array | None, params: Array) -> list[float]:
        if before is None:  # the epoch was cut short
            return [math.nan] * len(self.network.dense)
        pairs_of = self.network.weights_and_biases
        pairs = zip(pairs_of(params - before), pairs_of(before), strict=True)
        return [_norm(step) / (_norm(W) or math.nan) for (step, _), (W, _) in pairs]


def _norm(values: Array) -> float:
    return float(np.linalg.norm(values))
