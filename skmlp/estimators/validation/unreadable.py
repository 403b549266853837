"""The first column of X that is not of numbers, by name, with a value of it."""

from contextlib import contextmanager
from itertools import count

import numpy as np
from scipy.sparse import issparse

from skmlp.errors import short_repr
from skmlp.estimators.validation.frames import (
    as_array,
    dtypes_of,
    is_date,
    is_frame,
    is_lazy,
    is_temporal,
    missing_values,
    named_columns,
)

TAKEN = "skmlp.tabular_pipeline takes such a table as it is"


def refuse_dates(X) -> None:
    """Dates and durations would be trained on as nanoseconds."""
    if is_lazy(X):
        raise ValueError(
            "X is a lazy frame and has no rows yet; give what its collect() or "
            "compute() makes."
        )
    named = dtypes_of(X) if is_frame(X) else _temporal_dtypes(X)
    # of many columns there are few dtypes
    temporal = set(filter(is_temporal, {dtype for _, dtype in named}))
    for name, dtype in named if temporal else ():
        if dtype in temporal:
            raise ValueError(
                f"column {_shown(name)} of X is {dtype}: use tabular_pipeline, or turn "
                "it into numbers, such as days since the first date."
            )


def _temporal_dtypes(X):
    """(number, dtype) of columns of an array or a list that NumPy takes for dates."""
    if isinstance(X, np.ndarray) and X.dtype.kind != "O":
        return [(0, X.dtype)]
    if not isinstance(X, (list, tuple, np.ndarray)):
        return []
    rows = filter(_may_hold_dates, X)
    dtypes = (np.datetime64, np.timedelta64)
    return [
        (j, value.dtype)
        for row in rows
        for j, value in enumerate(row)
        if isinstance(value, dtypes)
    ][:1]


def _may_hold_dates(row) -> bool:
    if isinstance(row, np.ndarray):
        return row.dtype.kind in "OmM" and row.ndim > 0
    return isinstance(row, (list, tuple))


def _shown(name) -> str:
    return repr(name) if isinstance(name, str) else short_repr(name, 80)


def with_plain_sparse_columns(X):
    """A pandas frame of sparse columns as one that scikit-learn takes.

    It makes a matrix of bools of sparse bools, and refuses fills but 0; other fills
    have little that is sparse, and not every pandas changes a fill right.
    """
    if not (hasattr(X, "iloc") and hasattr(X, "columns")):
        return X
    dtypes = list(X.dtypes)
    if not dtypes or not all(hasattr(d, "fill_value") for d in dtypes):
        return X
    if any(d.fill_value != 0 for d in dtypes):
        return X.sparse.to_dense()
    if all(d.subtype.kind == "f" for d in dtypes):
        return X
    return X.astype(type(dtypes[0])(np.float64, 0))


@contextmanager
def naming_the_column(X):
    """Add to a complaint about X its first column that has other than numbers."""
    try:
        yield
    except (ValueError, TypeError) as error:
        found = _first_unreadable(X)
        if not found:
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{error}\n{found}") from error


def _first_unreadable(X) -> str:
    """What is in the first column that holds other than finite numbers; "" for none."""
    for name, values in _columns(X):
        row, what = _first_in(values)
        if what:
            hint = f": {TAKEN}" if what != "an infinite number" else ""
            return f"Column {_shown(name)} of X has {what} in row {row}{hint}."
    return ""


def _columns(X):
    """(name, values) of each column, where X has columns."""
    if is_frame(X):
        return [(name, as_array(column)) for name, column in named_columns(X)]
    if issparse(X):
        X = X.tocsc()
        places = [slice(*X.indptr[j : j + 2]) for j in range(X.shape[1])]
        return [(j, _filled(X, place)) for j, place in enumerate(places)]
    try:
        array = np.array(X, dtype=object) if isinstance(X, (list, tuple)) else X
        array = np.asarray(array)
    except ValueError:  # rows of several lengths
        return []
    return zip(count(), array.T, strict=False) if array.ndim == 2 else []


def _filled(X, place):
    """A column of a CSC matrix as an array, in which places count as rows do."""
    column = np.zeros(X.shape[0], X.dtype)
    column[X.indices[place]] = X.data[place]
    return column


def _first_in(values):
    """(row, what) of the first value that is no finite number, or (-1, "")."""
    if values.dtype.kind == "f":
        wrong = np.flatnonzero(~np.isfinite(values))
        if not len(wrong):
            return -1, ""
        is_nan = np.isnan(values[wrong[0]])
        return wrong[0], "a missing value" if is_nan else "an infinite number"
    if values.dtype.kind in "biu":
        return -1, ""
    objects = values.astype(object)
    named = zip(objects, missing_values(objects), strict=True)
    for row, (value, is_missing) in enumerate(named):
        what = "a missing value" if is_missing else _what(value)
        if what:
            return row, what
    return -1, ""


def _what(value) -> str:
    """What a value is that is no finite number, in words; "" for a number."""
    if is_date(type(value)):
        return f"a date, time or duration, {short_repr(value, 60)},"
    try:
        number = float(value)
    except (ValueError, TypeError, OverflowError):
        kind = "text" if isinstance(value, (str, bytes)) else type(value).__name__
        return f"{kind}, {short_repr(value, 60)},"
    return "" if np.isfinite(number) else "an infinite number"
