"""Losses on raw network outputs: value and gradient together, and the inverse link.

A loss owns its link. ``value_and_gradient(Y, raw)`` returns one value a row and
overwrites `raw` with the gradient with respect to it; ``inverse_link(raw)`` gives
probabilities or means. `Y`: (n_samples, n_targets) and `raw`: (n_samples, n_outputs),
of one dtype; n_outputs is ``n_outputs(n_targets)``, which most losses leave as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import scipy.optimize
from numpy.typing import NDArray
from scipy.special import expit, log_expit, log_softmax, xlogy

from skmlp.component import Component, setting
from skmlp.constraints import BOOLEAN, one_or_several, real

Array = NDArray[np.floating[Any]]
SHARE = real(0, 1)
LEVEL = real(0, 1, open_low=True)


@dataclass
class Loss(Component):
    """Base of losses.

    out_activation : name of the inverse link.
    smooth : whether the gradient is continuous, which L-BFGS needs.
    domain : condition on the targets, such as ">= 0"; "" for any number.
    """

    abstract: ClassVar[bool] = True

    out_activation: ClassVar[str] = "identity"
    smooth: ClassVar[bool] = True

    @property
    def domain(self) -> str:
        return ""

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        raise NotImplementedError

    def inverse_link(self, raw: Array) -> Array:
        return raw

    def log_inverse_link(self, raw: Array) -> Array:
        """Logarithm of the inverse link, where that is a probability."""
        raise NotImplementedError

    def n_outputs(self, n_targets: int) -> int:
        """Number of network outputs for that many columns of Y."""
        return n_targets

    def reported_share(self, n_outputs: int) -> float:
        """Factor on the value in the reported loss.

        Less than 1 for losses that scikit-learn reports as a mean over outputs while it
        trains on their sum.
        """
        return 1.0

    def constant_optimum(self, Y: Array, weight: Array | None = None) -> Array:
        """Raw outputs (n_outputs,) that minimise the weighted mean loss."""
        weight = np.ones(len(Y)) if weight is None else weight.astype(np.float64)
        Y, total = Y.astype(np.float64), weight.sum()

        def evaluate(constant: Array) -> tuple[float, Array]:
            raw = np.tile(constant, (len(Y), 1))
            values = self.value_and_gradient(Y, raw)
            return float(weight @ values) / total, weight @ raw / total

        start = self._near_optimum(Y, weight)
        options = {"gtol": 1e-10, "ftol": 1e-15}
        result = scipy.optimize.minimize(
            evaluate, start, jac=True, method="L-BFGS-B", options=options
        )
        return np.asarray(result.x)

    def _near_optimum(self, Y: Array, weight: Array) -> Array:
        return np.zeros(self.n_outputs(Y.shape[1]))


def _mean(Y: Array, weight: Array | None) -> Array:
    """Weighted mean of each column, in float64."""
    return np.asarray(np.average(Y.astype(np.float64), axis=0, weights=weight))


def _quantile(Y: Array, weight: Array | None, level: float) -> Array:
    """For each column: the least value with that share of the weight up to it."""
    weight = np.ones(len(Y)) if weight is None else weight.astype(np.float64)
    order = np.argsort(Y, axis=0)
    shares = np.cumsum(weight[order], axis=0) / weight.sum()
    at = np.minimum((shares < level).sum(axis=0), len(Y) - 1)
    columns = np.arange(Y.shape[1])
    return np.asarray(Y[order[at, columns], columns], np.float64)


@cache
def _ones(size: int, dtype: Any) -> Array:
    ones = np.ones(size, dtype)
    ones.flags.writeable = False
    return ones


# Losses for classes. Probabilities in a constant optimum are at least this.
LEAST_SHARE = 1e-12


@dataclass
class SoftmaxLoss(Loss):
    """Base of losses whose raw outputs become probabilities that sum to 1."""

    abstract: ClassVar[bool] = True
    out_activation: ClassVar[str] = "softmax"

    def inverse_link(self, raw: Array) -> Array:
        # scipy.special.softmax costs twice as much for one row
        proba = np.exp(raw - raw.max(axis=1, keepdims=True))
        proba /= proba.sum(axis=1, keepdims=True)
        return np.asarray(proba)

    def log_inverse_link(self, raw: Array) -> Array:
        return np.asarray(log_softmax(raw, axis=1))


@dataclass
class LogisticLoss(Loss):
    """Base of losses whose raw outputs become one probability each."""

    abstract: ClassVar[bool] = True
    out_activation: ClassVar[str] = "logistic"

    def inverse_link(self, raw: Array) -> Array:
        return np.asarray(expit(raw))

    def log_inverse_link(self, raw: Array) -> Array:
        return np.asarray(log_expit(raw))


@dataclass
class MultinomialLogLoss(SoftmaxLoss):
    """Cross-entropy for one class out of several, with the softmax as inverse link.

        values_i     = log sum_k exp(raw_ik) - sum_k y_ik raw_ik
        gradient_ik  = exp(raw_ik) / sum_j exp(raw_ij) - y_ik

    The rows of Y sum to 1.

    Parameters
    ----------
    label_smoothing : float in [0, 1), default=0.0
        Replaces y by (1 - s) y + s / n_classes, which keeps probabilities away from 0
        and 1.

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning, 2006, equations 4.108 and 4.109.

    Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, Rethinking the Inception architecture
    for computer vision, 2016, section 7, for the label smoothing.
    """

    label_smoothing: float = setting(0.0, SHARE)

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        if self.label_smoothing:
            share = self.label_smoothing
            Y = Y * (1.0 - share) + share / Y.shape[1]
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

    def constant_optimum(self, Y: Array, weight: Array | None = None) -> Array:
        share, n_classes = self.label_smoothing, Y.shape[1]
        mean = _mean(Y, weight) * (1.0 - share) + share / n_classes
        return np.asarray(np.log(np.maximum(mean, LEAST_SHARE)))


@dataclass
class BinomialLogLoss(LogisticLoss):
    """Cross-entropy for a yes or no at each output, with the logistic inverse link.

        values_i     = sum_k log(1 + exp(raw_ik)) - y_ik raw_ik
        gradient_ik  = 1 / (1 + exp(-raw_ik)) - y_ik

    y is in [0, 1].

    Parameters
    ----------
    label_smoothing : float in [0, 1), default=0.0
        Replaces y by (1 - s) y + s / 2, which keeps probabilities away from 0 and 1.

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning, 2006, equations 4.90 and 4.91.
    """

    label_smoothing: float = setting(0.0, SHARE)

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        if self.label_smoothing:
            Y = Y * (1.0 - self.label_smoothing) + self.label_smoothing / 2.0
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

    def constant_optimum(self, Y: Array, weight: Array | None = None) -> Array:
        share = self.label_smoothing
        mean = _mean(Y, weight) * (1.0 - share) + share / 2.0
        mean = np.clip(mean, LEAST_SHARE, 1.0 - LEAST_SHARE)
        return np.asarray(np.log(mean) - np.log1p(-mean))


def _focused(log_p: Array, gamma: float) -> tuple[Array, Array]:
    """(1 - p)^gamma log p, and its derivative with respect to log p."""
    rest = -np.expm1(log_p)  # 1 - p, exact where p is near 1
    weight = rest**gamma
    slope_of_weight = np.full_like(log_p, -1.0)  # log p / (1 - p) in the limit p = 1
    np.divide(log_p, rest, out=slope_of_weight, where=rest > 0)
    slope_of_weight *= gamma
    slope_of_weight *= np.exp(log_p)
    return weight * log_p, weight * (1.0 - slope_of_weight)


@dataclass
class MultinomialFocal(SoftmaxLoss):
    """Focal loss for one class out of several: down-weights well-classified rows.

        values_i     = - sum_k y_ik (1 - p_ik)^gamma log p_ik,  p = softmax(raw)
        gradient_ik  = d_ik - p_ik sum_j d_ij,  d_ij = - y_ij d/dlog p_ij of the above

    The rows of Y sum to 1. Probabilities are less confident than those of the log loss.

    Parameters
    ----------
    gamma : float >= 0, default=2.0
        Exponent of the weight (1 - p)^gamma; 0 is the log loss. The larger it is, the
        less well-classified rows count.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollar, Focal loss for dense object detection, 2017,
    equation 4.
    """

    gamma: float = setting(2.0, real(0))

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        log_p = log_softmax(raw, axis=1)
        focused, slope = _focused(log_p, self.gamma)
        slope *= -Y
        np.exp(log_p, out=raw)
        raw *= -slope.sum(axis=1, keepdims=True)
        raw += slope
        return np.asarray(-(Y * focused).sum(axis=1))


@dataclass
class BinomialFocal(LogisticLoss):
    """Binary focal loss at each output: down-weights well-classified rows.

        values_i     = - sum_k y_ik (1 - p_ik)^gamma log p_ik
                               + (1 - y_ik) p_ik^gamma log(1 - p_ik)

    with p = logistic(raw); y is in [0, 1].

    Parameters
    ----------
    gamma : float >= 0, default=2.0
        Exponent of the weight (1 - p)^gamma; 0 is the log loss. The larger it is, the
        less well-classified rows count.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollar, Focal loss for dense object detection, 2017,
    equation 4.
    """

    gamma: float = setting(2.0, real(0))

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        # d log p / d raw = 1 - p and d log(1 - p) / d raw = -p
        log_p, log_q = log_expit(raw), log_expit(-raw)
        yes, slope_yes = _focused(log_p, self.gamma)
        no, slope_no = _focused(log_q, self.gamma)
        raw[...] = (1.0 - Y) * slope_no * np.exp(log_p) - Y * slope_yes * np.exp(log_q)
        return np.asarray(-(Y * yes + (1.0 - Y) * no).sum(axis=1))


@dataclass
class Heads(Loss):
    """Several losses side by side, each for its own columns of Y and raw."""

    heads: Sequence[Loss]
    sizes: Sequence[int]

    @property
    def out_activation(self) -> str:  # type: ignore[override]
        return self.heads[0].out_activation

    @property
    def columns(self) -> list[slice]:
        stops = np.cumsum(self.sizes)
        return [slice(b - n, b) for n, b in zip(self.sizes, stops, strict=True)]

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        pairs = zip(self.heads, self.columns, strict=True)
        values = [head.value_and_gradient(Y[:, c], raw[:, c]) for head, c in pairs]
        return np.asarray(sum(values))

    def inverse_link(self, raw: Array) -> Array:
        pairs = zip(self.heads, self.columns, strict=True)
        return np.hstack([head.inverse_link(raw[:, c]) for head, c in pairs])

    def constant_optimum(self, Y: Array, weight: Array | None = None) -> Array:
        pairs = zip(self.heads, self.columns, strict=True)
        return np.hstack([head.constant_optimum(Y[:, c], weight) for head, c in pairs])


@dataclass
class ClassificationLoss(Component):
    """A loss for classes, in a form for each kind of targets.

    ``multinomial`` gives the form for one class out of three or more, ``binomial`` the
    form for two classes and for several labels. ``soft_targets`` says whether y holds
    probabilities.
    """

    abstract: ClassVar[bool] = True

    soft_targets: ClassVar[bool] = False

    def multinomial(self) -> Loss:
        raise NotImplementedError

    def binomial(self) -> Loss:
        raise NotImplementedError


@dataclass
class LogLoss(ClassificationLoss):
    """Cross-entropy, which is minimal at the true probabilities.

        - sum_k y_k log p_k    for each row, with y one-hot or probabilities

    Parameters
    ----------
    soft_targets : bool, default=False
        Whether y has shape (n_samples, n_classes) and holds probabilities, rows summing
        to 1, instead of labels; the classes are then 0, 1, ...
    label_smoothing : float in [0, 1), default=0.0
        Share s of each target that is spread evenly over the classes: y becomes
        (1 - s) y + s / n_classes. Often helps accuracy and hurts AUC and log loss.

    References
    ----------
    Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, Rethinking the Inception architecture
    for computer vision, 2016, section 7, for the label smoothing.

    Examples
    --------
    >>> from skmlp import MLPClassifier
    >>> MLPClassifier(loss=LogLoss(label_smoothing=0.1))
    MLPClassifier(loss=LogLoss(label_smoothing=0.1))
    """

    label_smoothing: float = setting(0.0, SHARE)
    soft_targets: bool = setting(False, BOOLEAN)  # type: ignore[misc]

    def multinomial(self) -> Loss:
        return MultinomialLogLoss(self.label_smoothing)

    def binomial(self) -> Loss:
        return BinomialLogLoss(self.label_smoothing)


@dataclass
class Focal(ClassificationLoss):
    """Focal loss: the log loss with well-classified rows down-weighted.

        - (1 - p)^gamma log p    for each row, with p the probability of its own class

    Parameters
    ----------
    gamma : float >= 0, default=2.0
        Exponent of the weight; 0 is the log loss. The larger it is, the less
        well-classified rows count, and the less confident the probabilities are.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollar, Focal loss for dense object detection, 2017,
    equation 4.

    Examples
    --------
    >>> from skmlp import MLPClassifier
    >>> MLPClassifier(loss=Focal(gamma=1.0))
    MLPClassifier(loss=Focal(gamma=1.0))
    """

    gamma: float = setting(2.0, real(0))

    def multinomial(self) -> Loss:
        return MultinomialFocal(self.gamma)

    def binomial(self) -> Loss:
        return BinomialFocal(self.gamma)


# Losses for numbers.


@dataclass
class RegressionLoss(Loss):
    """Base of the losses for numbers.

    degree : k where errors s times as large have s^k times the loss, with settings such
        as Huber's delta scaled alike; None where there is no such k.
    """

    abstract: ClassVar[bool] = True

    @property
    def degree(self) -> float | None:
        return None

    def link(self, mean: Array) -> Array:
        """Raw outputs of which the inverse link gives these values."""
        return mean


@dataclass
class SquaredError(RegressionLoss):
    """Half the squared error, summed over outputs; its optimum is the mean.

        values_i     = sum_k (raw_ik - y_ik)^2 / 2
        gradient_ik  = raw_ik - y_ik

    The reported loss is the mean over outputs, as in scikit-learn.

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning, 2006, equation 5.11.
    """

    @property
    def degree(self) -> float:
        return 2.0

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        raw -= Y
        values = np.einsum("ij,ij->i", raw, raw)
        values *= 0.5
        return np.asarray(values)

    def reported_share(self, n_outputs: int) -> float:
        return 1.0 / n_outputs

    def constant_optimum(self, Y: Array, weight: Array | None = None) -> Array:
        return _mean(Y, weight)


@dataclass
class AbsoluteError(RegressionLoss):
    """Absolute error, whose optimum is the median. Not with 'lbfgs'.

        values_i     = sum_k |raw_ik - y_ik|
        gradient_ik  = sign(raw_ik - y_ik)

    References
    ----------
    Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2009,
    section 10.6.
    """

    smooth: ClassVar[bool] = False

    @property
    def degree(self) -> float:
        return 1.0

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        raw -= Y
        values = np.abs(raw).sum(axis=1)
        np.sign(raw, out=raw)
        return np.asarray(values)

    def constant_optimum(self, Y: Array, weight: Array | None = None) -> Array:
        return _quantile(Y, weight, 0.5)


@dataclass
class Huber(RegressionLoss):
    """Squared error up to `delta`, absolute error beyond: robust to outliers.

        values_i     = sum_k r^2 / 2           where |r| <= delta, r = raw_ik - y_ik
                       sum_k delta (|r| - delta / 2)                 elsewhere
        gradient_ik  = r clipped to [-delta, delta]

    Parameters
    ----------
    delta : float > 0, default=1.0
        Error from which the loss is linear, in units of y; with ``scale_target=True``
        in standard deviations of y. Smaller values give outliers less weight.

    References
    ----------
    Huber, Robust estimation of a location parameter, 1964.

    Examples
    --------
    >>> from skmlp import MLPRegressor
    >>> MLPRegressor(loss=Huber(delta=2.0))
    MLPRegressor(loss=Huber(delta=2.0))
    """

    delta: float = setting(1.0, real(0, open_low=True))

    @property
    def degree(self) -> float:
        return 2.0

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        raw -= Y
        cut = np.clip(raw, -self.delta, self.delta)
        # cut (r - cut / 2) is both formulas
        raw -= 0.5 * cut
        values = np.einsum("ij,ij->i", raw, cut)
        raw[...] = cut
        return np.asarray(values)

    def _near_optimum(self, Y: Array, weight: Array) -> Array:
        return _quantile(Y, weight, 0.5)


@dataclass
class LogCosh(RegressionLoss):
    """Log cosh of the error: squared for small errors, absolute for large ones.

        values_i     = sum_k log cosh(raw_ik - y_ik)
        gradient_ik  = tanh(raw_ik - y_ik)

    References
    ----------
    Saleh and Saleh, Statistical properties of the log-cosh loss function used in
    machine learning, 2022, equation 1.
    """

    @property
    def degree(self) -> float:
        return 2.0

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        raw -= Y
        values = np.abs(raw)
        values += np.log1p(np.exp(-2.0 * values))
        values -= np.log(2.0)
        np.tanh(raw, out=raw)
        return np.asarray(values.sum(axis=1))

    def _near_optimum(self, Y: Array, weight: Array) -> Array:
        return _quantile(Y, weight, 0.5)


@dataclass
class Quantile(RegressionLoss):
    """Pinball loss, whose optimum is the quantile of that level. Not with 'lbfgs'.

        values_i     = sum_k max(q r, (q - 1) r),   r = y_ik - raw_ik
        gradient_ik  = -q where r > 0, 1 - q where r < 0, 0 where r = 0

    Parameters
    ----------
    level : float in (0, 1) or sequence of them, default=0.5
        Level q of the quantile. With several, one network predicts them all, in
        ascending order: its outputs are sorted, so that quantiles never cross.

    References
    ----------
    Koenker and Bassett, Regression quantiles, 1978, equation 2.2.

    Chernozhukov, Fernandez-Val and Galichon, Quantile and probability curves without
    crossing, 2010, for the sorting.

    Examples
    --------
    >>> from skmlp import MLPRegressor
    >>> MLPRegressor(loss=Quantile(level=[0.1, 0.5, 0.9]))
    MLPRegressor(loss=Quantile(level=[0.1, 0.5, 0.9]))
    """

    smooth: ClassVar[bool] = False

    level: float | Sequence[float] = setting(0.5, one_or_several(LEVEL))

    @property
    def levels(self) -> tuple[float, ...]:
        return tuple(float(level) for level in np.sort(np.atleast_1d(self.level)))

    def n_outputs(self, n_targets: int) -> int:
        return n_targets * len(self.levels)

    @property
    def degree(self) -> float:
        return 1.0

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        levels = np.array(self.levels, raw.dtype)
        grouped = raw.reshape(len(raw), -1, len(levels))
        order = np.argsort(grouped, axis=2, kind="stable")
        rest = Y[:, :, np.newaxis] - np.take_along_axis(grouped, order, axis=2)
        values = np.maximum(levels * rest, (levels - 1.0) * rest).sum(axis=(1, 2))
        gradient = (rest < 0).astype(raw.dtype) - levels
        gradient[rest == 0] = 0.0
        np.put_along_axis(grouped, order, gradient, axis=2)
        raw[...] = grouped.reshape(raw.shape)  # grouped may be a copy
        return np.asarray(values)

    def inverse_link(self, raw: Array) -> Array:
        grouped = raw.reshape(len(raw), -1, len(self.levels))
        return np.asarray(np.sort(grouped, axis=2).reshape(raw.shape))

    def constant_optimum(self, Y: Array, weight: Array | None = None) -> Array:
        by_level = [_quantile(Y, weight, level) for level in self.levels]
        return np.stack(by_level, axis=1).ravel()


@dataclass
class PoissonDeviance(RegressionLoss):
    """Half the Poisson deviance with log link, for counts and rates.

        values_i     = sum_k exp(raw_ik) - y_ik raw_ik + y_ik log y_ik - y_ik
        gradient_ik  = exp(raw_ik) - y_ik

    y >= 0.

    References
    ----------
    McCullagh and Nelder, Generalized Linear Models, 1989, section 2.3.
    """

    out_activation: ClassVar[str] = "exp"

    @property
    def domain(self) -> str:
        return ">= 0"

    @property
    def degree(self) -> float:
        return 1.0

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        values = xlogy(Y, Y)
        values -= Y * raw
        np.exp(raw, out=raw)
        raw -= Y
        values += raw
        return np.asarray(values.sum(axis=1))

    def inverse_link(self, raw: Array) -> Array:
        return np.asarray(np.exp(raw))

    def link(self, mean: Array) -> Array:
        return np.asarray(np.log(np.maximum(mean, np.finfo(mean.dtype).tiny)))

    def constant_optimum(self, Y: Array, weight: Array | None = None) -> Array:
        return np.asarray(np.log(np.maximum(_mean(Y, weight), LEAST_SHARE)))


@dataclass
class GammaDeviance(PoissonDeviance):
    """Half the gamma deviance with log link, for positive, skewed amounts.

        values_i     = sum_k y_ik exp(-raw_ik) + raw_ik - log y_ik - 1
        gradient_ik  = 1 - y_ik exp(-raw_ik)

    y > 0.

    References
    ----------
    McCullagh and Nelder, Generalized Linear Models, 1989, section 8.3.
    """

    @property
    def domain(self) -> str:
        return "> 0"

    @property
    def degree(self) -> float:
        return 0.0

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        values = raw - np.log(Y)
        np.negative(raw, out=raw)
        np.exp(raw, out=raw)
        raw *= -Y
        values -= raw
        raw += 1.0
        values -= 1.0
        return np.asarray(values.sum(axis=1))


@dataclass
class TweedieDeviance(PoissonDeviance):
    """Half the Tweedie deviance with log link, for amounts with many zeros.

        values_i     = sum_k m^(2 - p) / (2 - p) - y m^(1 - p) / (1 - p)
                             + y^(2 - p) / ((1 - p) (2 - p)),   m = exp(raw_ik)
        gradient_ik  = m^(2 - p) - y m^(1 - p)

    y >= 0, and y > 0 with p = 2.

    Parameters
    ----------
    power : float in [1, 2], default=1.5
        Exponent p of the variance, which is proportional to mean^p: 1 is the Poisson
        deviance, 2 the gamma deviance.

    References
    ----------
    Jorgensen, The Theory of Dispersion Models, 1997, chapter 4.

    Examples
    --------
    >>> from skmlp import MLPRegressor
    >>> MLPRegressor(loss=TweedieDeviance(power=1.2))
    MLPRegressor(loss=TweedieDeviance(power=1.2))
    """

    power: float = setting(1.5, real(1, 2, open_high=False))

    @property
    def domain(self) -> str:
        return "> 0" if self.power == 2 else ">= 0"

    @property
    def degree(self) -> float:
        return 2.0 - self.power

    def value_and_gradient(self, Y: Array, raw: Array) -> Array:
        p = self.power
        if p == 1:
            return PoissonDeviance.value_and_gradient(self, Y, raw)
        if p == 2:
            return GammaDeviance.value_and_gradient(self, Y, raw)  # type: ignore[arg-type]
        # y m^(1 - p) as one exponential, so that 0 times infinity can't come up
        with np.errstate(divide="ignore"):
            pull = np.exp((1.0 - p) * raw + np.log(Y))
        raw *= 2.0 - p
        np.exp(raw, out=raw)
        values = raw / (2.0 - p)
        values -= pull / (1.0 - p)
        values += Y ** (2.0 - p) / ((1.0 - p) * (2.0 - p))
        raw -= pull
        return np.asarray(values.sum(axis=1))


CLASSIFICATION_LOSSES: dict[str, type[ClassificationLoss]] = {
    "log_loss": LogLoss,
    "focal": Focal,
}
REGRESSION_LOSSES: dict[str, type[RegressionLoss]] = {
    "squared_error": SquaredError,
    "poisson": PoissonDeviance,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "log_cosh": LogCosh,
    "quantile": Quantile,
    "gamma": GammaDeviance,
    "tweedie": TweedieDeviance,
}
LOSSES: dict[str, type[Loss]] = {
    "multinomial_log_loss": MultinomialLogLoss,
    "binomial_log_loss": BinomialLogLoss,
    "multinomial_focal": MultinomialFocal,
    "binomial_focal": BinomialFocal,
    **REGRESSION_LOSSES,
}
