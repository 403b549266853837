"""Standardised inputs and targets, in which a network trains, folded back into it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

from skmlp.training.batches import ScaledRows
from skmlp.training.streamed_rows import StreamedRows

# Rows that the scaler looks at in one go.
BLOCK_ROWS = 4096


@dataclass(frozen=True)
class Scaling:
    """The scales of inputs and targets; each of the first four may be None.

    Training sees (X - center) / scale and (Y - shift) / unit, or Y / unit where the
    inverse link is exp; `fold` gives the network that does the same on X and Y.

    center, scale : (n_features,).
    shift, unit : (n_targets,).
    loss_unit : what a loss of 1 in training is in units of y; of several targets, which
        training weights alike, the mean.
    n_levels : outputs a target.
    log_link : whether targets are divided only.
    """

    center: Any = None
    scale: Any = None
    shift: Any = None
    unit: Any = None
    loss_unit: float = 1.0
    n_levels: int = 1
    log_link: bool = False

    def training_rows(self, data):
        """The data as training sees it; X is scaled when its rows are asked for."""
        Y = self._targets(data.Y, data.X.dtype)
        return replace(data, X=self._inputs(data.X), Y=Y)

    def held_out(self, held):
        Y = self._targets(held.Y, held.X.dtype)
        return replace(held, X=self._inputs(held.X), Y=Y)

    def _inputs(self, X):
        if self.center is None:
            return X
        return ScaledRows(X, self.center.astype(X.dtype), self.scale.astype(X.dtype))

    def _targets(self, Y, dtype):
        if self.unit is None:
            return Y
        return np.asfortranarray((Y - self.shift) / self.unit, dtype=dtype)

    @property
    def kind(self):
        """What is scaled, and how: states of one kind of scaling fit no other."""
        scaled = self.center is not None, self.unit is not None
        return (*scaled, self.log_link, self.n_levels)

    @property
    def is_plain(self) -> bool:
        return self.center is None and self.unit is None

    def fold(self, network, params):
        """The parameters for X and Y as they are; `params` itself if nothing scales.

        With the scale of targets in float64, which keeps a large mean exact.
        """
        if self.is_plain:
            return params
        folded = params.copy()
        if self.center is not None:
            W, b = network.weights_and_biases(folded)[0]
            W /= self.scale[:, np.newaxis]
            b -= self.center @ W
        if self.unit is not None:
            folded = folded.astype(np.float64, copy=False)
            self._fold_outputs(*network.weights_and_biases(folded)[-1])
        return folded

    def unfold(self, network, params):
        """The parameters that `fold` makes these of, of the same dtype."""
        if self.is_plain:
            return params
        inner = params.copy()
        pairs = network.weights_and_biases(inner)
        if self.unit is not None:
            self._unfold_outputs(*pairs[-1])
        if self.center is not None:
            W, b = pairs[0]
            b += self.center @ W
            W *= self.scale[:, np.newaxis]
        return inner

    def outputs(self, raw):
        """Raw outputs in training as those for Y as it is, where scaled in float64."""
        if self.unit is None:
            return raw
        unit, shift = self._by_output(self.unit), self._by_output(self.shift)
        return raw + np.log(unit) if self.log_link else raw * unit + shift

    def _fold_outputs(self, W, b):
        unit, shift = self._by_output(self.unit), self._by_output(self.shift)
        if self.log_link:
            b += np.log(unit)
            return
        W *= unit
        b *= unit
        b += shift

    def _unfold_outputs(self, W, b):
        unit, shift = self._by_output(self.unit), self._by_output(self.shift)
        if self.log_link:
            b -= np.log(unit)
            return
        W /= unit
        b -= shift
        b /= unit

    def _by_output(self, values):
        return np.repeat(values, self.n_levels)


def scaling_of(settings, data, loss, before=None) -> Scaling:
    """The scales of the rows that train, as far as they were asked for.

    before : the scaling of an earlier call, which is kept if it is of the same kind.
    """
    log_link, n_levels = loss.out_activation == "exp", loss.n_outputs(1)
    by_input, by_target = bool(settings.scale_input), bool(settings.scale_target)
    if before is not None and before.kind == (by_input, by_target, log_link, n_levels):
        return replace(before, loss_unit=_loss_unit(settings, loss, before.unit))
    center, scale = _mean_and_scale(data, data.X) if by_input else (None, None)
    shift, unit = _mean_and_scale(data, data.Y) if by_target else (None, None)
    if by_target and log_link:
        shift, unit = np.zeros_like(shift), np.where(shift > 0, shift, 1.0)
    loss_unit = _loss_unit(settings, loss, unit)
    return Scaling(center, scale, shift, unit, loss_unit, n_levels, log_link)


def _loss_unit(settings, loss, unit) -> float:
    if unit is None:
        return 1.0
    with np.errstate(over="ignore", under="ignore"):
        factors = unit**loss.degree
    if not (np.isfinite(factors) & (factors > 0)).all():
        raise ValueError(
            f"{settings.owner}: y must have a scale whose loss is a number with "
            f"scale_target=True, got a scale of {unit.max():g}."
        )
    return float(factors.mean())


def _in_blocks(values, blocks):
    """The rows of each block; of a stream, which has no others, all in order."""
    if isinstance(values, StreamedRows):
        return values.blocks(BLOCK_ROWS)
    return (values[block] for block in blocks)


def _mean_and_scale(data, values):
    """Weighted mean and standard deviation of each column, 1 where it is constant."""
    rows = np.arange(len(values)) if data.rows is None else np.sort(data.rows)
    blocks = [rows[i : i + BLOCK_ROWS] for i in range(0, len(rows), BLOCK_ROWS)]
    weight, _ = data.weight_of_mean_1()
    # by powers of two, which round nothing, so that no square overflows
    size = np.max([np.abs(x).max(axis=0) for x in _in_blocks(values, blocks)], axis=0)
    power = np.exp2(np.frexp(size.astype(np.float64))[1] - 1.0)
    scaler = StandardScaler()
    each = iter(_in_blocks(values, blocks))
    for block in blocks:
        block_weight = None if weight is None else weight[block]
        # not by a name, which would keep a block while the next one is read
        if weight is None or block_weight.any():
            scaler.partial_fit(next(each) / power, sample_weight=block_weight)
        else:
            next(each)
    constant = scaler.var_ == 0.0
    return scaler.mean_ * power, np.where(constant, 1.0, scaler.scale_ * power)
