"""The parameter categorical_features: which columns of a table hold categories."""

import numpy as np

from skmlp.constraints import is_integer
from skmlp.errors import short_repr

FROM_DTYPE = "from_dtype"
EXPECTED = (
    f"{FROM_DTYPE!r}, None, or a list of column names, of column indices, or of one "
    "bool for each column"
)


def categorical_mask(estimator, table):
    """Whether each column of the table is categorical, bools (n_columns,)."""
    chosen = estimator.categorical_features
    if isinstance(chosen, str) and chosen == FROM_DTYPE:
        return table.are_categorical()
    mask = np.zeros(table.shape[1], dtype=bool)
    if chosen is not None:
        mask[_numbers_of(estimator, chosen, table)] = True
    return mask


def check_categorical_features(estimator):
    """Raise a ValueError for values that are invalid for any table."""
    chosen = estimator.categorical_features
    if chosen is None or (isinstance(chosen, str) and chosen == FROM_DTYPE):
        return
    if isinstance(chosen, str) or not hasattr(chosen, "__iter__"):
        _refuse(estimator)


def _numbers_of(estimator, chosen, table):
    """Indices of columns chosen by name, index or bool."""
    chosen = list(chosen)
    if all(isinstance(value, str) for value in chosen):
        return _by_name(estimator, chosen, table)
    if all(isinstance(value, (bool, np.bool_)) for value in chosen):
        return _by_bool(estimator, chosen, table)
    n_columns = table.shape[1]
    if not all(is_integer(value) and 0 <= value < n_columns for value in chosen):
        _refuse(estimator, f": X has {n_columns} columns")
    return [int(value) for value in chosen]


def _by_name(estimator, chosen, table):
    number_of = {name: j for j, name in enumerate(table.names or ())}
    unknown = [name for name in chosen if name not in number_of]
    if unknown:
        names = "have no names"
        if table.names is not None:
            names = f"are {short_repr(table.names)}"
        _refuse(estimator, f": X has no column {unknown[0]!r}; its columns {names}")
    return [number_of[name] for name in chosen]


def _by_bool(estimator, chosen, table):
    n_columns = table.shape[1]
    if len(chosen) != n_columns:
        _refuse(estimator, f": X has {n_columns} columns")
    return np.flatnonzero(chosen)


def _refuse(estimator, why=""):
    raise ValueError(
        f"{type(estimator).__name__}: categorical_features must be {EXPECTED}, got "
        f"{short_repr(estimator.categorical_features)}{why}."
    )
