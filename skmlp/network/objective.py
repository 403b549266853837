"""The objective of training: weighted mean loss plus L2 penalty, and its gradient."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmlp.losses import Loss
from skmlp.network.network import Network
from skmlp.network.noise import NoiseLevel
from skmlp.network.workspace import Workspace, block_rows
from skmlp.solvers import BLOCK

Array = NDArray[np.floating[Any]]


class Value(NamedTuple):
    """The two terms of the objective."""

    loss: float
    penalty: float

    @property
    def total(self) -> float:
        return self.loss + self.penalty


class Objective:
    """value(params) = sum_i w_i loss(y_i, raw_i) / n + penalty(weights) / n.

        penalty = alpha / 2 sum of squared weights + alpha_l1 sum of absolute weights

    n is the number of rows that are evaluated, whatever their weights; with weights of
    mean 1 over all training rows, the gradient of a batch is an unbiased estimate of
    the gradient over all rows. Biases are not penalized.

    Parameters
    ----------
    network, loss : the network and the loss on its raw outputs.
    alpha, alpha_l1 : strengths of the penalties; divided by the rows' mean weight
        before it was made 1.
    n_rows : the most rows that will be evaluated by one call.
    dtype : of the parameters and of all buffers.
    generator : draws the network's noise; None for an evaluation without noise.
    loss_unit : what a loss of 1 is in units of y, where training has scaled it.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        alpha: float,
        n_rows: int,
        dtype: Any,
        *,
        alpha_l1: float = 0.0,
        generator: np.random.Generator | None = None,
        loss_unit: float = 1.0,
    ) -> None:
        self.network = network
        self.loss = loss
        self.alpha = alpha
        self.alpha_l1 = alpha_l1
        self.generator = generator
        self._reported_share = loss.reported_share(network.layer_sizes[-1])
        self.loss_unit = loss_unit
        self.reports_value = loss_unit == 1.0 and self._reported_share == 1.0
        self.n_rows_at_once = min(n_rows, block_rows(network.layers))
        self.noise_level = NoiseLevel()
        path = network.path(generator, self.noise_level)
        self._workspace = Workspace(path, self.n_rows_at_once, dtype)
        self._grad = np.empty(network.n_params, dtype)
        self._grad_views = network.views(self._grad)
        in_blocks = self.n_rows_at_once < n_rows
        self._sum = np.empty_like(self._grad) if in_blocks else self._grad
        self._decay = np.empty(min(network.n_weights, BLOCK), dtype)
        self._params: Array | None = None

    def on_inputs(self, n_features: int) -> "Objective":
        """The same objective for a network with that many inputs."""
        return Objective(
            self.network.on_inputs(n_features),
            self.loss,
            self.alpha,
            self.n_rows_at_once,
            self._grad.dtype,
            alpha_l1=self.alpha_l1,
            generator=self.generator,
            loss_unit=self.loss_unit,
        )

    def value_and_gradient(
        self, params: Array, X: Any, Y: Array, weight: Array | None = None
    ) -> tuple[Value, Array]:
        """The objective's value and its flat gradient over the rows of X.

        X: (n, n_features), Y: (n, n_outputs), weight: (n,) or None for ones. The
        gradient is a buffer that the next call overwrites; the caller may, too.
        """
        if params is not self._params:  # views are made once for a vector
            self._view(params)
        n_rows = X.shape[0]
        if n_rows <= self.n_rows_at_once:
            loss, grad = self._evaluate(X, Y, weight, n_rows), self._grad
        else:
            loss, grad = self._accumulate(X, Y, weight, n_rows), self._sum
        return Value(loss, self._penalize(grad, n_rows)), grad

    def share(
        self, params: Array, X: Any, Y: Array, weight: Array | None, n_rows: int
    ) -> tuple[float, Array]:
        """What the rows of X contribute to the mean loss over n_rows rows.

        And to its gradient, both without penalty; the gradient is a buffer, as above.
        """
        self._view(params)
        if X.shape[0] <= self.n_rows_at_once:
            return self._evaluate(X, Y, weight, n_rows), self._grad
        return self._accumulate(X, Y, weight, n_rows), self._sum

    def penalized(
        self, params: Array, loss: float, grad: Array, n_rows: int
    ) -> tuple[Value, Array]:
        """The objective over n_rows rows of that mean loss, whose `grad` it adds to."""
        self._view(params)
        return Value(loss, self._penalize(grad, n_rows)), grad

    def _evaluate(self, X: Any, Y: Array, weight: Array | None, n_rows: int) -> float:
        """The rows' share of the mean loss over n_rows rows; its gradient in _grad."""
        workspace = self._workspace.rows(X.shape[0])
        delta = self.network.forward(self._views, X, workspace)
        values = self.loss.value_and_gradient(Y, delta)
        if weight is None:
            loss = workspace.ones.dot(values)
            delta *= 1.0 / n_rows
        else:
            loss = weight.dot(values)
            delta *= weight[:, np.newaxis] / n_rows
        self.network.backward(self._views, self._grad_views, delta, workspace)
        return float(loss) / n_rows

    def _accumulate(self, X: Any, Y: Array, weight: Array | None, n_rows: int) -> float:
        """The mean loss, block by block in a fixed order; its gradient in _sum."""
        loss = 0.0
        self._sum[...] = 0.0
        for start in range(0, X.shape[0], self.n_rows_at_once):
            rows = slice(start, start + self.n_rows_at_once)
            rows_weight = None if weight is None else weight[rows]
            loss += self._evaluate(X[rows], Y[rows], rows_weight, n_rows)
            self._sum += self._grad
        return loss

    def reported(self, value: Value) -> float:
        """The loss as scikit-learn reports it: some losses as a mean over outputs.

        In units of y, where training has scaled it.
        """
        return self.loss_unit * self.trained(value)

    def trained(self, value: Value) -> float:
        """The reported loss in training units."""
        return self._reported_share * value.loss + value.penalty

    def _view(self, params: Array) -> None:
        self._params = params
        self._views = self.network.views(params)
        self._weights = params[: self.network.n_weights]

    def _penalize(self, grad: Array, n_rows: int) -> float:
        """Add the penalties' gradient to `grad`; returns the penalties."""
        l1 = self._penalize_l1(grad, n_rows) if self.alpha_l1 else 0.0
        if self.alpha == 0.0:
            return l1
        strength, weights = self.alpha / n_rows, self._weights
        for start in range(0, weights.size, BLOCK):
            block = weights[start : start + BLOCK]
            decay = self._decay[: block.size]
            np.multiply(block, strength, out=decay)
            grad_block = grad[start : start + block.size]
            grad_block += decay
        return 0.5 * strength * float(weights.dot(weights)) + l1

    def _penalize_l1(self, grad: Array, n_rows: int) -> float:
        """Add the L1 penalty's subgradient, 0 at 0; returns the penalty."""
        strength = self.alpha_l1 / n_rows
        grad[: self._weights.size] += np.sign(self._weights) * strength
        return strength * float(np.abs(self._weights).sum())
