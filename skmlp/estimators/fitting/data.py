"""The rows of a fit: those that train, those that validate, their weights."""

from collections import deque
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_consistent_length

from skmlp.errors import Text, describe, error_context, invalid
from skmlp.estimators.targets.class_weight import check_usable, class_weight_function
from skmlp.estimators.targets.task import decoded
from skmlp.estimators.validation.arrays import is_read_by_rows
from skmlp.estimators.validation.parameters import is_splitter
from skmlp.training.batches import ChosenRows

SPLITTER = (
    "a splitter whose last split has training rows and validation rows, none of them "
    "both"
)
SPLITTER_OF_ALL = (
    "a splitter with a split for each of the n_members, with training rows and "
    "validation rows, none of them both"
)


@dataclass(frozen=True)
class ValidationRows:
    """Rows that validate: X, their encoded targets Y, and weights or None.

    rows : their numbers where they were split off, None for the user's own.
    """

    X: Any
    Y: Any
    weight: Any = None
    rows: Any = None

    def reweighted(self, factors):
        """The rows with their weights times `factors`."""
        weight = factors if self.weight is None else self.weight * factors
        return replace(self, weight=weight)


def split_rows(settings, request, task, data, validation, random_state, least):
    """The rows that train and those that validate, or None, weighted by class.

    validation : the user's own validation rows, or None.
    least : how many validation rows a fraction of the rows must be.
    """
    splits = validation is None and settings.holds_out
    _check_refit(settings, validation, splits)
    _check_no_groups(settings, request.groups, splits)
    if splits:
        training, held = _split(settings, request, task, data, random_state, least)
        data, validation = _divided(settings, data, training, held)
    return weighted_by_class(settings, task, data, validation)


def _check_refit(settings, validation, splits) -> None:
    if settings.refit and validation is not None:
        raise ValueError(
            f"{settings.owner}: refit must be False with X_val, whose rows it would "
            "leave out, got True. Put all rows into X, with a splitter such as "
            "PredefinedSplit as validation_fraction."
        )
    if settings.refit and not splits:
        expected = "be False where no rows are split off, as with solver lbfgs and "
        raise settings.invalid("refit", f"{expected}scoring=None")


def weighted_by_class(settings, task, data, validation):
    """Training data and validation rows, if any, by the weights of their classes."""
    if settings.class_weight is None:
        return data, validation
    factors = class_weight_function(settings, task, data)
    with np.errstate(over="ignore", under="ignore"):
        data = data.weighed(factors(data.Y))
        validation = validation and validation.reweighted(factors(validation.Y))
    check_usable(settings, data.training_targets()[1], "training")
    if validation is not None:
        check_usable(settings, validation.weight, "validation")
    return data, validation


def _divided(settings, data, training, held):
    """The data with its training rows chosen, and the validation rows."""
    weight = data.weight
    if weight is not None:
        for name, rows in (("training", training), ("validation", held)):
            if not weight[rows].any():
                raise ValueError(
                    f"{settings.owner}: sample_weight must have a non-zero entry among "
                    f"the {len(rows)} {name} rows of early_stopping=True, got only 0."
                )
        weight = weight[held]
    X = ChosenRows(data.X, held) if is_read_by_rows(data.X) else data.X[held]
    validation = ValidationRows(X, data.Y[held], weight, held)
    return replace(data, rows=training), validation


# Splits


def _split(settings, request, task, data, random_state, least):
    """Indices of the training rows and of the validation rows."""
    if request.split is not None:
        return request.split
    if is_splitter(settings.validation_fraction):
        return _last_split(settings, data, decoded(task, data.Y), request.groups)
    return _random_split(settings, len(data), task.strata(data.Y), random_state, least)


def _last_split(settings, data, y, groups):
    """Of the user's splitter: of a time series it trains on the most rows."""
    splitter = settings.validation_fraction
    if groups is not None:
        check_groups(settings, data, groups)
    with error_context(settings.owner, "validation_fraction", SPLITTER, splitter):
        splits = deque(splitter.split(data.X, y, groups), maxlen=1)
        if not splits:
            raise ValueError("It gives no split.")
        return _checked_split(splits[-1], len(data))


def all_splits(settings, data, y, groups, n_splits):
    """Of the splitter all splits, of which there must be so many."""
    splitter, name = settings.validation_fraction, "validation_fraction"
    with error_context(settings.owner, name, SPLITTER_OF_ALL, splitter):
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


def check_groups(settings, data, groups) -> None:
    with error_context(settings.owner, "groups", f"{len(data)} labels", groups):
        check_consistent_length(data.Y, groups)


def _check_no_groups(settings, groups, splits) -> None:
    """Groups are for a splitter, where rows are split off."""
    by_splitter = splits and is_splitter(settings.validation_fraction)
    if groups is not None and not by_splitter:
        expected = (
            "be None, unless early_stopping splits rows off by a validation_fraction "
            "that is a splitter such as GroupShuffleSplit()"
        )
        raise invalid(settings.owner, "groups", expected, describe(groups))


def _random_split(settings, n_samples, strata, random_state, least):
    """Drawn as scikit-learn's MLP draws it."""
    fraction = settings.validation_fraction
    try:
        training, validation = train_test_split(
            np.arange(n_samples),
            test_size=fraction,
            random_state=random_state,
            stratify=strata,
        )
    except ValueError as error:
        said = _said_of_split(n_samples, strata, fraction, error)
        raise ValueError(f"{said}\n{_needs(settings, n_samples, least)}") from error
    if len(validation) < least:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the "
            f"size of your dataset.\n{_needs(settings, n_samples, least)}"
        )
    return training, validation


def _said_of_split(n_samples, strata, fraction, error):
    """The error as scikit-learn's users know it, whose MLP has strings for strata."""
    if strata is None:
        return error
    try:
        rows, strata = np.arange(n_samples), strata.astype(str)
        train_test_split(rows, test_size=fraction, stratify=strata, random_state=0)
    except ValueError as known:
        return known
    return error


def _needs(settings, n_samples, least) -> str:
    fraction = settings.validation_fraction
    expected = (
        f"leave at least 1 training row, {least} validation row(s) and, where the "
        "split is stratified, 2 rows of each class"
    )
    came = Text(f"validation_fraction={fraction!r} of {n_samples} rows")
    start = f"{settings.owner}: with early_stopping=True, validation_fraction must "
    return f"{start}{expected}, got {came}."
