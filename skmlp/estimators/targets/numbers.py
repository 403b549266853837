"""Numbers as targets: regression with one or several outputs."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.metrics import r2_score

from skmlp.estimators.targets.probabilities import weights_for
from skmlp.estimators.targets.task import Task
from skmlp.estimators.validation.arrays import check_y

NUMBERS = "finite numbers of shape (n_samples,) or (n_samples, n_outputs)"


@dataclass(frozen=True)
class Numbers(Task):
    """Regression. With several quantile levels the output has one more axis.

    bounds : (2, n_targets), the range of y in training that predictions are clipped
        to; None for no clipping.
    """

    is_regression: ClassVar[bool] = True

    bounds: Any = None

    @property
    def attributes(self):
        return {} if self.bounds is None else {"output_range_": self.bounds}

    def check(self, owner, y, n_samples, *, all_classes=False):
        return check_y(owner, y, n_samples, expected=NUMBERS, numeric=True)

    def encode(self, owner, y, dtype):
        with np.errstate(over="ignore"):
            Y = np.asfortranarray(y.reshape(len(y), -1), dtype=dtype)
        if not np.isfinite(Y).all():
            raise ValueError(
                f"{owner}: y must be {NUMBERS}, within the range of X's dtype "
                f"{np.dtype(dtype)}, got values from {y.min():g} to {y.max():g}."
            )
        return Y

    def decode(self, raw):
        return raw[:, 0] if raw.shape[1] == 1 else raw

    def as_raw(self, Y):
        return Y

    def neutral_targets(self, loss, n_outputs):
        return self.decode(loss.inverse_link(np.zeros((1, n_outputs))))

    def loss(self, component):
        return component

    def output(self, loss, raw):
        """Predictions (n_samples, n_targets), or (n_samples, n_targets, n_levels)."""
        values, n_levels = loss.inverse_link(raw), loss.n_outputs(1)
        if n_levels > 1:
            values = values.reshape(len(values), -1, n_levels)
        return self._clipped(values)

    def mean_output(self, outputs, weights=None):
        if weights is None:
            mean = outputs.mean(axis=0)
        else:
            mean = _weighted_mean(outputs, weights_for(outputs, weights))
        return self._clipped(mean)  # a mean of equal numbers may round beyond them

    def raw_of(self, loss, output):
        return loss.link(output.reshape(len(output), -1))

    def predicted(self, output):
        return self.decode(output)

    def score(self, loss, Y, raw, weight):
        """R2, averaged over outputs."""
        predicted = loss.inverse_link(raw)
        if len(Y) < 2 or not np.isfinite(predicted).all():
            return np.nan
        return r2_score(Y, predicted, sample_weight=weight)

    def widened(self, data, before):
        """The same task, with the range of y in this data and in `before`."""
        Y = data.Y if data.weight is None else data.Y[data.weight > 0]
        ends = np.stack(
            [Y.min(axis=0), Y.max(axis=0), *(() if before is None else before)]
        )
        return Numbers(np.stack([ends.min(axis=0), ends.max(axis=0)]))

    def _clipped(self, values):
        if self.bounds is None:
            return values
        low, high = self.bounds.astype(values.dtype)
        if values.ndim == 3:  # of quantile levels
            low, high = low[:, np.newaxis], high[:, np.newaxis]
        return np.clip(values, low, high)


def _weighted_mean(outputs, weights):
    """The mean over the first axis, of values of weight 0 whatever they are."""
    weights = weights.astype(outputs.dtype)
    with np.errstate(invalid="ignore"):  # of infinite ones
        weighed = outputs * weights
    total = np.sum(weighed, axis=0, where=weights > 0)
    return total / weights.sum(axis=0)
