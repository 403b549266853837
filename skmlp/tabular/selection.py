"""Parameters that name columns of a table: which columns are meant."""

import numpy as np

from skmlp.constraints import is_integer
from skmlp.errors import short_repr
from skmlp.tabular.feature_names import are_default

FROM_DTYPE = "from_dtype"
A_LIST = "a list of column names, of column numbers or of one bool for each column"
# What may stand instead of a list of columns.
WORDS = {
    "categorical_features": (FROM_DTYPE, None),
    "numbers_as_text": ("auto", True, False),
}


def is_word(parameter, value):
    """Whether the value says all instead of naming columns."""
    words = WORDS[parameter]
    return any(type(value) is type(word) and value == word for word in words)


def check_selection(estimator, parameter):
    """Raise a ValueError for what is no choice of columns for any table."""
    chosen = getattr(estimator, parameter)
    is_list = not isinstance(chosen, str) and hasattr(chosen, "__iter__")
    if not (is_list or is_word(parameter, chosen)):
        _refuse(estimator, parameter)


def selected(estimator, parameter, table):
    """The numbers of the columns that a list names, a set of int."""
    chosen = list(getattr(estimator, parameter))
    if chosen and all(isinstance(value, (bool, np.bool_)) for value in chosen):
        if len(chosen) != table.shape[1]:
            _refuse(estimator, parameter, f": X has {table.shape[1]} columns")
        return set(np.flatnonzero(chosen).tolist())
    by_name = _by_name(chosen, table)
    by_number = _by_number(chosen, table.shape[1])
    if by_name is not None and by_number is not None and by_name != by_number:
        _refuse_either(estimator, parameter, table, by_name, by_number)
    found = by_number if by_name is None else by_name
    if found is None:
        _refuse(estimator, parameter, _complaint(chosen, table))
    return set(found)


def _by_name(chosen, table):
    """The columns of these names, or None if some are none."""
    number_of = {name: j for j, name in enumerate(table.names or ())}
    if not all(_is_among(value, number_of) for value in chosen):
        return None
    return [number_of[name] for name in chosen]


def _by_number(chosen, n_columns):
    if all(is_integer(value) and 0 <= value < n_columns for value in chosen):
        return [int(value) for value in chosen]
    return None


def _complaint(chosen, table):
    names = table.names
    if names is not None:
        unknown = [value for value in chosen if not _is_among(value, set(names))]
    else:
        unknown = [value for value in chosen if isinstance(value, str)]
    if not unknown or (all(map(is_integer, chosen)) and are_default(names)):
        return f": X has {table.shape[1]} columns"
    shown = "no names" if names is None else short_repr(names)
    return f": X has no column {unknown[0]!r}, but {shown}"


def _is_among(value, names):
    # to a dict, 1.0 and True are 1
    is_other = isinstance(value, float) and not any(isinstance(n, float) for n in names)
    if is_other or isinstance(value, (bool, np.bool_)):
        return False
    try:
        return value in names
    except TypeError:  # a list is no name
        return False


def _refuse_either(estimator, parameter, table, by_name, by_number):
    names = [table.names[j] for j in by_number]
    _refuse(
        estimator,
        parameter,
        f": these are names of X's columns, at {by_name}, and also numbers of columns, "
        f"of those that are called {short_repr(names)}; give one bool for each "
        "column, such as X.columns.isin(...)",
    )


def _refuse(estimator, parameter, why=""):
    words = ", ".join(map(repr, WORDS[parameter]))
    raise ValueError(
        f"{type(estimator).__name__}: {parameter} must be {words}, or {A_LIST}, got "
        f"{short_repr(getattr(estimator, parameter))}{why}."
    )
