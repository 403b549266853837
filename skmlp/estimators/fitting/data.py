"""The rows of a fit: training rows, validation rows, and their weights."""

from collections import deque
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_consistent_length

from skmlp.errors import Text, describe, error_context, invalid, short_repr
from skmlp.estimators.fitting.strata import random_split, stratified_split
from skmlp.estimators.targets.class_weight import check_usable, class_weight_function
from skmlp.estimators.targets.task import decoded
from skmlp.estimators.validation.arrays import is_read_by_rows
from skmlp.estimators.validation.parameters import is_splitter
from skmlp.training.batches import ChosenRows

SPLITTER = (
    "a splitter whose last split has disjoint, non-empty training and validation rows"
)
SPLITTER_OF_ALL = (
    "a splitter with {} splits, each with disjoint, non-empty training and "
    "validation rows"
)


@dataclass(frozen=True)
class ValidationRows:
    """Validation rows: X, encoded targets Y, and weights or None.

    rows : their indices if they were held out, None for the user's own.
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
    """The training rows and the validation rows, or None, weighted by class.

    validation : the user's own validation rows, or None.
    least : how many validation rows a fraction of the rows must be.
    """
    if request.course is not None:
        return weighted_by_class(settings, task, data, None)
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
        expected = (
            "be False without held-out rows (solver lbfgs holds rows out only if "
        )
        raise settings.invalid("refit", f"{expected}scoring is set)")


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
                    f"the {len(rows)} {name} rows of early stopping, got only 0."
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
    return _random_split(settings, task, data.Y, random_state, least)


def _last_split(settings, data, y, groups):
    """The user's last split, which for a time series trains on the most rows."""
    splitter = settings.validation_fraction
    if groups is not None:
        check_groups(settings, data, groups)
    with error_context(settings.owner, "validation_fraction", SPLITTER, splitter):
        splits = deque(splitter.split(data.X, y, groups), maxlen=1)
        if not splits:
            raise ValueError("It yields no split.")
        return _checked_split(splits[-1], len(data))


def all_splits(settings, data, y, groups, n_splits):
    """All splits of the splitter, of which there must be n_splits."""
    splitter, name = settings.validation_fraction, "validation_fraction"
    n_a_fold = settings.ensemble.n_a_fold
    number = f"n_members / {n_a_fold}" if n_a_fold > 1 else "n_members"
    expected = SPLITTER_OF_ALL.format(number)
    with error_context(settings.owner, name, expected, splitter):
        splits = list(splitter.split(data.X, y, groups))
        if len(splits) != n_splits:
            raise ValueError(f"It yields {len(splits)} splits, not {n_splits}.")
        return [_checked_split(split, len(data)) for split in splits]


def _checked_split(split, n_samples):
    """Row indices of both parts, which must be disjoint."""
    training, validation = map(np.asarray, split)
    if not len(training) or not len(validation):
        raise ValueError("Its training or validation rows are empty.")
    if training.dtype.kind not in "iu" or validation.dtype.kind not in "iu":
        raise ValueError("It does not yield row indices.")
    rows = np.concatenate([training, validation])
    if rows.min() < 0 or rows.max() >= n_samples:
        raise ValueError(f"It yields row indices outside [0, {n_samples}).")
    if np.intersect1d(training, validation).size:
        raise ValueError("Some rows are both training and validation rows.")
    return training.astype(np.intp), validation.astype(np.intp)


def check_groups(settings, data, groups) -> None:
    with error_context(
        settings.owner, "groups", f"an array of {len(data)} group labels", groups
    ):
        check_consistent_length(data.Y, groups)


def _check_no_groups(settings, groups, splits) -> None:
    """Groups require a splitter that holds rows out."""
    by_splitter = splits and is_splitter(settings.validation_fraction)
    if groups is not None and not by_splitter:
        expected = (
            "be None unless early stopping holds rows out by a splitter, such as "
            "validation_fraction=GroupShuffleSplit()"
        )
        raise invalid(settings.owner, "groups", expected, describe(groups))


def _random_split(settings, task, Y, random_state, least):
    """A split drawn as by scikit-learn's MLP, or stratified where it has no strata."""
    n_samples = len(Y)
    try:
        training, validation = _drawn_split(settings, task, Y, random_state)
    except ValueError as error:
        said = _said_of_split(task.strata(Y), settings.validation_fraction, error)
        needs = _needs(settings, n_samples, least)
        raise ValueError(f"{said}\n{needs}{_single_rows(task, Y)}") from error
    if len(validation) < least or not len(training):
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the "
            f"size of your dataset.\n{_needs(settings, n_samples, least)}"
        )
    return training, validation


def _drawn_split(settings, task, Y, random_state):
    fraction = settings.validation_fraction
    if settings.stratifies and not _splits_in_two(task.strata(Y), fraction):
        codes = task.fold_strata(Y)
        if codes is not None:
            return stratified_split(codes, fraction, random_state)
    return random_split(task.strata(Y), len(Y), fraction, random_state)


def _said_of_split(strata, fraction, error):
    """The error as scikit-learn's users know it, whose MLP has strings for strata."""
    if strata is None:
        return error
    try:
        rows, strata = np.arange(len(strata)), strata.astype(str)
        train_test_split(rows, test_size=fraction, stratify=strata, random_state=0)
    except ValueError as known:
        return known
    return error


def _splits_in_two(strata, fraction) -> bool:
    """Whether scikit-learn's split has rows of all strata on both sides."""
    if strata is None:
        return False
    counts = np.unique(strata, return_counts=True)[1]
    n_held = np.ceil(fraction * len(strata))
    shares = np.floor(n_held * counts / len(strata))
    return bool((shares >= 1).all() and (counts - shares > 1).all())


def _single_rows(task, Y) -> str:
    """Which classes have a single row, and what to do; "" where none has."""
    labels = task.labels_of(Y, 1)
    if not labels:
        return ""
    return (
        f" Of the class {', '.join(map(repr, labels))} there is a single row: "
        "early_stopping=EarlyStopping(stratify=True) keeps it in training."
    )


def _needs(settings, n_samples, least) -> str:
    fraction = settings.validation_fraction
    if settings.stratifies:  # as presets do, whose users set no such parameter
        return (
            f"{settings.owner}: X must have rows enough to hold some of them out, at "
            f"least {least} to validate and 1 to train, got {n_samples} row(s), of "
            f"which a share of {fraction:g} is held out."
        )
    expected = (
        f"leave at least 1 training row, {least} validation row(s) and, where the "
        "split is stratified, 2 rows of each class"
    )
    came = Text(f"validation_fraction={fraction!r} of {n_samples} rows")
    given = short_repr(settings.given["early_stopping"])
    start = f"{settings.owner}: with early_stopping={given}, validation_fraction must "
    return f"{start}{expected}, got {came}."
