"""Which rows train and which validate."""

from collections import deque
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_consistent_length

from skmlp.estimators.validation.parameters import describe, is_splitter, naming, owner

SPLITTER = (
    "a splitter whose last split has training rows and validation rows, none of them "
    "both"
)
SPLITTER_OF_ALL = (
    "a splitter with a split for each of the n_members, with training rows and "
    "validation rows, none of them both"
)


@dataclass
class HeldOut:
    """The validation rows: X, their encoded targets Y, and weights or None.

    rows : their numbers where they were split off, None for the user's own.
    """

    X: Any
    Y: Any
    weight: Any = None
    rows: Any = None

    def weighed(self, factors):
        """The rows with their weights times `factors`, unless these are None."""
        if factors is None:
            return self
        weight = factors if self.weight is None else self.weight * factors
        return replace(self, weight=weight)


def hold_out(estimator, data, y, strata, groups, random_state, *, least, split):
    """The data with its training rows chosen, and the validation rows.

    y : gives what the user's splitter looks at.
    least : how many validation rows a share of the rows must be.
    split : the rows of each, where they are known already, or None.
    strata : (n_samples,) or None; each part gets its share of every stratum.
    """
    if split is not None:
        training, validation = split
    elif is_splitter(estimator.validation_fraction):
        training, validation = _split_by_splitter(estimator, data, y(), groups)
    else:
        training, validation = _split(estimator, data, strata, random_state, least)
    weight = data.weight
    if weight is not None:
        _check_both_weighted(estimator, weight[training], weight[validation])
        weight = weight[validation]
    held = HeldOut(data.X[validation], data.Y[validation], weight, validation)
    return replace(data, rows=training), held


def _split_by_splitter(estimator, data, y, groups):
    """The last of the splits, which of a time series trains on the most rows."""
    splitter = estimator.validation_fraction
    if groups is not None:
        check_groups(estimator, data, groups)
    with naming(estimator, "validation_fraction", SPLITTER, splitter):
        splits = deque(splitter.split(data.X, y, groups), maxlen=1)
        if not splits:
            raise ValueError("It gives no split.")
        return _checked_split(splits[-1], len(data))


def all_splits(estimator, data, y, groups, n_splits):
    """Of the splitter all splits, of which there must be so many."""
    splitter = estimator.validation_fraction
    with naming(estimator, "validation_fraction", SPLITTER_OF_ALL, splitter):
        splits = list(splitter.split(data.X, y, groups))
        if len(splits) != n_splits:
            raise ValueError(f"It gives {len(splits)} splits, not {n_splits}.")
        return [_checked_split(split, len(data)) for split in splits]


def _checked_split(split, n_samples):
    """Row numbers of both parts, none of them in both."""
    training, validation = map(np.asarray, split)
    if not len(training) or not len(validation):
        raise ValueError("A part has no rows.")
    if training.dtype.kind not in "iu" or validation.dtype.kind not in "iu":
        raise ValueError("It does not give row numbers.")
    rows = np.concatenate([training, validation])
    if rows.min() < 0 or rows.max() >= n_samples:
        raise ValueError(f"It gives rows outside [0, {n_samples}).")
    if np.intersect1d(training, validation).size:
        raise ValueError("Rows are in both parts.")
    return training.astype(np.intp), validation.astype(np.intp)


def check_groups(estimator, data, groups) -> None:
    with naming(estimator, "groups", f"{len(data)} labels", groups):
        check_consistent_length(data.Y, groups)


def refuse_groups(estimator, groups, *, splits) -> None:
    """Groups are for a splitter, where rows are split off."""
    by_splitter = splits and is_splitter(estimator.validation_fraction)
    if groups is not None and not by_splitter:
        raise ValueError(
            f"{owner(estimator)}: groups must be None, unless early_stopping splits "
            "rows off by a validation_fraction that is a splitter such as "
            f"GroupShuffleSplit(), got {describe(groups)}."
        )


def _split(estimator, data, strata, random_state, least):
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
        raise ValueError(f"{error}\n{_needs(estimator, n_samples, least)}") from error
    if len(validation) < least:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the "
            f"size of your dataset.\n{_needs(estimator, n_samples, least)}"
        )
    return training, validation


def _needs(estimator, n_samples, least) -> str:
    return (
        f"{owner(estimator)}: with early_stopping=True, validation_fraction must leave "
        f"at least 1 training row, {least} validation row(s) and, where the split is "
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
