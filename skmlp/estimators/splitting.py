"""Which rows train and which validate when training stops early."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from skmlp.estimators.validation import owner


@dataclass
class HeldOut:
    """The validation rows: X, their encoded targets Y, and weights or None."""

    X: Any
    Y: Any
    weight: Any


class Validation:
    """The validation rows' score, and the loss of the same parameters.

    Parameters
    ----------
    network, loss : what the parameters belong to.
    rows : HeldOut
    score_raw : a function of Y, raw outputs and weight.
    """

    def __init__(self, network, loss, rows, score_raw):
        self.network, self.loss, self.rows = network, loss, rows
        self._score_raw = score_raw
        self._raw = None

    def score(self, params) -> float:
        """The score; nan where raw outputs are not finite."""
        network, rows = self.network, self.rows
        self._raw = network.predict(network.views(params), rows.X)
        return float(self._score_raw(rows.Y, self._raw, rows.weight))

    def loss_value(self) -> float:
        """The weighted mean loss, without penalty, of the parameters scored last."""
        rows, share = self.rows, self.loss.reported_share(self._raw.shape[1])
        values = self.loss.value_and_gradient(rows.Y, self._raw)  # spends raw
        return share * float(np.average(values, weights=rows.weight))


def hold_out(estimator, data, strata, random_state):
    """The data with its training rows chosen, and the validation rows' indices.

    strata : (n_samples,) or None; each part gets its share of every stratum.
    """
    training, validation = _split(estimator, data, strata, random_state)
    weight = data.weight
    if weight is not None:
        _check_both_weighted(estimator, weight[training], weight[validation])
    return replace(data, rows=training), validation


def held_out(data, rows) -> HeldOut:
    """The validation rows of the data."""
    weight = None if data.weight is None else data.weight[rows]
    return HeldOut(data.X[rows], data.Y[rows], weight)


def _split(estimator, data, strata, random_state):
    """Indices of the training rows and of the validation rows."""
    n_samples = len(data)
    try:
        training, validation = train_test_split(
            np.arange(n_samples),
            test_size=estimator.validation_fraction,
            random_state=random_state,
            stratify=strata,
        )
    except ValueError as error:
        raise ValueError(f"{error}\n{_needs(estimator, n_samples)}") from error
    if len(validation) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the "
            f"size of your dataset.\n{_needs(estimator, n_samples)}"
        )
    return training, validation


def _needs(estimator, n_samples) -> str:
    return (
        f"{owner(estimator)}: with early_stopping=True, validation_fraction must leave "
        "at least 1 training row, 2 validation rows and, where the split is "
        "stratified, 2 rows of each class, got "
        f"validation_fraction={estimator.validation_fraction!r} of {n_samples} rows."
    )


def _check_both_weighted(estimator, training, validation) -> None:
    for weight, name in (training, "training"), (validation, "validation"):
        if not weight.any():
            raise ValueError(
                f"{owner(estimator)}: sample_weight must have a non-zero entry among "
                f"the {len(weight)} {name} rows of early_stopping=True, got only 0."
            )
