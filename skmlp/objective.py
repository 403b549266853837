"""The objective of training: weighted mean loss plus L2 penalty, and its gradient."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmlp.losses import Loss
from skmlp.network import Network, Workspace

Array = NDArray[np.floating[Any]]


class Value(NamedTuple):
    """The two terms of the objective."""

    loss: float
    penalty: float

    @property
    def total(self) -> float:
        return self.loss + self.penalty


class Objective:
    """value(params) = sum_i w_i loss(y_i, raw_i) / n + alpha / (2 n) |weights|^2.

    n is the number of rows that are evaluated, whatever their weights; with weights of
    mean 1 over all training rows, the gradient of a batch is an unbiased estimate of
    the gradient over all rows. Biases are not penalized.

    Parameters
    ----------
    network, loss : the network and the loss on its raw outputs.
    alpha : strength of the penalty; divided by the weights' mean before it was made 1.
    n_rows : the most rows that will be evaluated at once.
    dtype : of the parameters and of all buffers.
    """

    def __init__(
        self, network: Network, loss: Loss, alpha: float, n_rows: int, dtype: Any
    ) -> None:
        self.network = network
        self.loss = loss
        self.alpha = alpha
        self._workspace = Workspace(network, n_rows, dtype)
        self._grad = np.empty(network.n_params, dtype)
        self._grad_views = network.views(self._grad)
        self._params: Array | None = None

    def value_and_gradient(
        self, params: Array, X: Any, Y: Array, weight: Array | None = None
    ) -> tuple[Value, Array]:
        """The objective's value and its flat gradient over the rows of X.

        X: (n, n_features), Y: (n, n_outputs), weight: (n,) or None for ones. The
        gradient is a buffer that the next call overwrites; the caller may, too.
        """
        if params is not self._params:  # views are made once for a vector
            self._params, self._views = params, self.network.views(params)
        n_rows = X.shape[0]
        workspace = self._workspace.rows(n_rows)
        delta = self.network.forward(self._views, X, workspace)
        values = self.loss.value_and_gradient(Y, delta)
        if weight is None:
            loss = values.sum()
            delta *= 1.0 / n_rows
        else:
            loss = weight @ values
            delta *= weight[:, np.newaxis] / n_rows
        self.network.backward(self._views, self._grad_views, X, delta, workspace)
        penalty = self._penalize(params, n_rows)
        return Value(float(loss) / n_rows, penalty), self._grad

    def reported(self, value: Value) -> float:
        """The loss as scikit-learn reports it: some losses as a mean over outputs."""
        share = self.loss.reported_share(self.network.layer_sizes[-1])
        return share * value.loss + value.penalty

    def _penalize(self, params: Array, n_rows: int) -> float:
        """Add the penalty's gradient; returns its value."""
        if self.alpha == 0.0:
            return 0.0
        weights, strength = params[: self.network.n_weights], self.alpha / n_rows
        self._grad[: self.network.n_weights] += strength * weights
        return 0.5 * strength * float(np.vdot(weights, weights))
