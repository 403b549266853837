"""Losses on raw network outputs: value and gradient together, and the inverse link.

A loss owns its link. ``value_and_gradient(Y, raw)`` returns one value a row and
overwrites `raw` with the gradient with respect to it; ``inverse_link(raw)`` gives
probabilities or means. `Y` and `raw`: (n_samples, n_outputs), of one dtype.
``out_activation`` is the inverse link's name. ``reported_share(n_outputs)`` is what the
reported loss counts of the value, for losses that scikit-learn reports as a mean over
outputs while it trains on their sum.
"""

from functools import cache
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit, log_softmax, softmax, xlogy

Array = NDArray[np.floating[Any]]


class Loss(Protocol):
    """What the objective and the estimators need of a loss."""

    out_activation: ClassVar[str]

    def value_and_gradient(self, Y: Array, raw: Array) -> Array: ...

    def inverse_link(self, raw: Array) -> Array: ...

    def reported_share(self, n_outputs: int) -> float: ...


@cache
def _ones(size: int, dtype: Any) -> Array:
    ones = np.ones(size, dtype)
    ones.flags.writeable = False
    return ones


class MultinomialLogLoss:
    """Cross-entropy of one class out of several, with the softmax as inverse link.

        values_i     = log sum_k exp(raw_ik) - sum_k y_ik raw_ik
        gradient_ik  = exp(raw_ik) / sum_j exp(raw_ij) - y_ik

    The rows of Y sum to 1. Bishop, Pattern Recognition and Machine Learning, 2006,
    equations 4.108 and 4.109.
    """

    out_activation: ClassVar[str] = "softmax"

    @staticmethod
    def value_and_gradient(Y: Array, raw: Array) -> Array:
        ones = _ones(raw.shape[1], raw.dtype)  # a product with ones sums a row
        columns = raw.T  # along which NumPy works faster
        columns -= columns.max(axis=0)  # so that exp can't overflow
        at_target = (Y * raw).dot(ones)
        np.exp(raw, out=raw)
        total = raw.dot(ones)
        columns /= total
        raw -= Y
        values = np.log(total, out=total)
        values -= at_target
        return np.asarray(values)

    @staticmethod
    def inverse_link(raw: Array) -> Array:
        return np.asarray(softmax(raw, axis=1))

    @staticmethod
    def log_inverse_link(raw: Array) -> Array:
        return np.asarray(log_softmax(raw, axis=1))

    @staticmethod
    def reported_share(n_outputs: int) -> float:
        return 1.0


class BinomialLogLoss:
    """Cross-entropy of yes or no for each output, with the logistic inverse link.

        values_i     = sum_k log(1 + exp(raw_ik)) - y_ik raw_ik
        gradient_ik  = 1 / (1 + exp(-raw_ik)) - y_ik

    y in [0, 1]. Bishop, Pattern Recognition and Machine Learning, 2006, equations 4.90
    and 4.91.
    """

    out_activation: ClassVar[str] = "logistic"

    @staticmethod
    def value_and_gradient(Y: Array, raw: Array) -> Array:
        # log(1 + exp(raw)) = max(raw, 0) + log(1 + exp(-|raw|)): never overflows
        values = np.abs(raw)
        np.negative(values, out=values)
        np.exp(values, out=values)
        np.log1p(values, out=values)
        values += np.maximum(raw, 0.0)
        values -= Y * raw
        # 1 / (1 + exp(-raw)) = (1 + tanh(raw / 2)) / 2
        raw *= 0.5
        np.tanh(raw, out=raw)
        raw += 1.0
        raw *= 0.5
        raw -= Y
        return np.asarray(values.sum(axis=1))

    @staticmethod
    def inverse_link(raw: Array) -> Array:
        return np.asarray(expit(raw))

    @staticmethod
    def log_inverse_link(raw: Array) -> Array:
        return np.asarray(log_expit(raw))

    @staticmethod
    def reported_share(n_outputs: int) -> float:
        return 1.0


class SquaredError:
    """Half the squared error, summed over outputs.

        values_i     = sum_k (raw_ik - y_ik)^2 / 2
        gradient_ik  = raw_ik - y_ik

    The reported loss is the mean over outputs. Bishop, Pattern Recognition and Machine
    Learning, 2006, equation 5.11.
    """

    out_activation: ClassVar[str] = "identity"

    @staticmethod
    def value_and_gradient(Y: Array, raw: Array) -> Array:
        raw -= Y
        values = np.einsum("ij,ij->i", raw, raw)
        values *= 0.5
        return np.asarray(values)

    @staticmethod
    def inverse_link(raw: Array) -> Array:
        return raw

    @staticmethod
    def reported_share(n_outputs: int) -> float:
        return 1.0 / n_outputs


class PoissonDeviance:
    """Half the Poisson deviance with log link, for counts and rates.

        values_i     = sum_k exp(raw_ik) - y_ik raw_ik + y_ik log y_ik - y_ik
        gradient_ik  = exp(raw_ik) - y_ik

    y >= 0. McCullagh and Nelder, Generalized Linear Models, 1989, section 2.3.
    """

    out_activation: ClassVar[str] = "exp"

    @staticmethod
    def value_and_gradient(Y: Array, raw: Array) -> Array:
        values = xlogy(Y, Y)
        values -= Y * raw
        np.exp(raw, out=raw)
        raw -= Y
        values += raw
        return np.asarray(values.sum(axis=1))

    @staticmethod
    def inverse_link(raw: Array) -> Array:
        return np.asarray(np.exp(raw))

    @staticmethod
    def reported_share(n_outputs: int) -> float:
        return 1.0


LOSSES: dict[str, Loss] = {
    "multinomial_log_loss": MultinomialLogLoss(),
    "binomial_log_loss": BinomialLogLoss(),
    "squared_error": SquaredError(),
    "poisson": PoissonDeviance(),
}
