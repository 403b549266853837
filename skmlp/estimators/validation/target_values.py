"""Targets of any library and dtype, as NumPy's own bools, numbers or strings."""

from numbers import Integral, Number

import numpy as np
from scipy.sparse import issparse

from skmlp.errors import short_repr
from skmlp.estimators.validation.frames import (
    MISSING,
    as_array,
    is_date,
    is_frame,
    is_lazy,
    missing_values,
    named_columns,
)

# Of Python's types, by the kind of a NumPy dtype.
PLAIN_NAMES = {
    **{"b": "bool", "i": "int", "u": "int", "f": "float"},
    **{"c": "complex", "U": "str", "S": "bytes"},
}
NESTED = (list, tuple, dict, set, frozenset, np.ndarray)
# Whole numbers up to here are exact as floats.
EXACT = 2**53


def plain_values(owner, name, y, *, numeric):
    """y as an array of NumPy's own bools, numbers or strings, or a sparse matrix.

    What is none of them is left as it is, for scikit-learn to complain of, or refused
    in words that say what is there and what to do.

    numeric : whether text is to be read as numbers.
    """
    if is_lazy(y):
        raise ValueError(
            f"{owner}: {name} is lazy and has no values yet; give what its collect() "
            "or compute() makes."
        )
    if issparse(y):
        return y
    if is_frame(y):
        columns = [as_array(column) for _, column in named_columns(y)]
        columns = [_plain(owner, name, column, numeric) for column in columns]
        return _side_by_side(owner, name, columns, numeric) if columns else y
    array = _array_of_list(y) if isinstance(y, (list, tuple)) else as_array(y)
    return y if array is None else _plain(owner, name, array, numeric)


def _array_of_list(y):
    """An array of objects: else NumPy makes strings of numbers beside strings."""
    try:
        array = np.array(y, dtype=object)
    except ValueError:  # rows of several lengths
        return None
    return array if array.ndim else None


def _side_by_side(owner, name, columns, numeric):
    kinds = {column.dtype.kind for column in columns}
    if kinds <= set("biuf") or len(kinds) == 1:
        return np.column_stack(columns)
    objects = [column.astype(object) for column in columns]
    return _plain(owner, name, np.column_stack(objects), numeric)


def _plain(owner, name, array, numeric):
    """An array of any dtype as one of bools, numbers or strings."""
    kind = array.dtype.kind
    if kind in "mM":
        _refuse_dates(owner, name, str(array.dtype), numeric)
    if kind == "T":  # strings of variable length
        array, kind = array.astype(object), "O"
    if kind == "O":
        return _from_objects(owner, name, array, numeric)
    if kind in "US" and numeric:
        return _numbers_in_text(owner, name, array)
    if kind == "S":
        _refuse_bytes(owner, name)
    return array


def _from_objects(owner, name, array, numeric):
    types = set(map(type, array.flat))
    if any(issubclass(kind, NESTED) for kind in types):
        return array
    _refuse_missing(owner, name, array, types)
    if any(map(is_date, types)):
        dates = sorted(kind.__name__ for kind in types if is_date(kind))
        _refuse_dates(owner, name, dates[0], numeric)
    _refuse_intervals(owner, name, types)
    if any(issubclass(kind, (complex, np.complexfloating)) for kind in types):
        return array.astype(complex)  # which is refused as such
    if numeric:
        return _numbers_in_text(owner, name, array)
    kind = _common_kind(owner, name, types)
    if kind is bytes:
        _refuse_bytes(owner, name)
    if kind is str:
        return array.astype(str)
    return _numbers(owner, name, array, types) if kind is Number else array


def _common_kind(owner, name, types):
    """What the types of all values are of: numbers, strings, bytes or a type."""
    kinds = set(map(_kind, types))
    if len(kinds) > 1:
        *others, last = sorted(set(map(_plain_name, types)), key=str.lower)
        raise TypeError(
            f"{owner}: {name} mixes labels of several types "
            f"({', '.join(others)} and {last})."
        )
    return next(iter(kinds), None)


def _kind(value_type) -> type:
    """Of values that may stand together: numbers may be of several types."""
    if issubclass(value_type, (Number, np.bool_)):
        return Number
    return next((k for k in (str, bytes) if issubclass(value_type, k)), value_type)


def _plain_name(value_type) -> str:
    """The type's name in Python, also where NumPy has a type of its own."""
    if not issubclass(value_type, np.generic):
        return value_type.__name__
    return PLAIN_NAMES.get(np.dtype(value_type).kind, value_type.__name__)


def _numbers(owner, name, array, types):
    """Numbers, or bools, that were objects; whole ones stay whole."""
    if all(issubclass(kind, (bool, np.bool_)) for kind in types):
        return array.astype(bool)
    if all(issubclass(kind, (Integral, np.bool_)) for kind in types):
        return _whole(owner, name, array)
    whole = (int(value) for value in array.flat if isinstance(value, Integral))
    if any(abs(value) > EXACT for value in whole):
        raise ValueError(
            f"{owner}: {name} holds whole numbers beyond 2**53 beside floats, which "
            "would round them; make all of them integers, or strings."
        )
    return array.astype(np.float64)


def _whole(owner, name, array):
    for dtype in (np.int64, np.uint64):
        try:
            return array.astype(dtype)
        except OverflowError:
            continue
    raise ValueError(
        f"{owner}: {name} holds whole numbers beyond 64 bits; turn them into strings, "
        "for example by str(label)."
    )


def _numbers_in_text(owner, name, array):
    """Text as floats, where all of it is numbers."""
    try:
        return array.astype(np.float64)
    except (ValueError, TypeError):
        row, value = next(filter(_is_no_number, enumerate(array.astype(object).flat)))
    row = row // (array.size // len(array))
    raise ValueError(
        f"{owner}: {name} must be numbers, or text that reads as numbers, such as "
        f"'12.5', got {short_repr(value, 80)} in row {row}."
    )


def _is_no_number(numbered) -> bool:
    try:
        float(numbered[1])
    except (ValueError, TypeError):
        return True
    return False


# What has no clear meaning


def _refuse_missing(owner, name, array, types) -> None:
    may_be = any(
        k.__name__ in MISSING or issubclass(k, (float, np.floating)) for k in types
    )
    if may_be:
        refuse_missing(owner, name, missing_values(array))


def refuse_missing(owner, name, missing) -> None:
    """Say how many rows of an array (n,) or (n, n_columns) have missing values."""
    rows = np.flatnonzero(missing.reshape(len(missing), -1).any(axis=1))
    if len(rows):
        raise ValueError(
            f"Input {name} contains NaN.\n{owner}: {name} has missing values (None, "
            f"NaN or NA) in {len(rows)} of {len(missing)} rows, the first of them row "
            f"{rows[0]}; leave these rows out of X and {name}."
        )


def _refuse_dates(owner, name, dtype, numeric) -> None:
    numbers = "numbers, such as days since the first date, or seconds"
    strings = "strings, by astype(str), if they are labels"
    raise ValueError(
        f"{owner}: {name} holds dates, times or durations ({dtype}); turn them into "
        f"{numbers if numeric else strings}."
    )


def _refuse_bytes(owner, name) -> None:
    raise TypeError(
        "Support for labels represented as bytes is not supported. Convert the labels "
        f"to a string or integer format.\n{owner}: {name} holds bytes; decode them to "
        "strings, for example by label.decode(), or with NumPy by "
        f"{name}.astype(str)."
    )


def _refuse_intervals(owner, name, types) -> None:
    if any(kind.__name__ == "Interval" for kind in types):
        raise ValueError(
            f"{owner}: {name} holds intervals, such as those of pandas.cut; "
            f"{name}.astype(str) makes labels of them, and "
            "pandas.cut(..., labels=False) their numbers."
        )
