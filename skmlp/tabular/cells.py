"""Single values: whether they are missing, and as numbers or categories."""

import datetime
import math
from numbers import Complex, Number, Real

import numpy as np

from skmlp.constraints import is_real
from skmlp.errors import short_repr

# None, pandas.NA and pandas.NaT, by name: pandas need not be there.
MISSING = {"NoneType", "NAType", "NaTType"}
DATES = (
    datetime.date,
    datetime.time,
    datetime.timedelta,
    np.datetime64,
    np.timedelta64,
)
NESTED = (list, tuple, dict, set, frozenset, np.ndarray)


def is_missing(value):
    """Whether a value is missing: None, NaN, pandas.NA or pandas.NaT."""
    if type(value).__name__ in MISSING:
        return True
    return isinstance(value, Number) and bool(value != value)


def check_types(types):
    """Raise a ValueError for types that are neither numbers nor categories."""
    for kind in types:
        if kind.__name__ in MISSING:  # among them NaT, which Python takes for a date
            continue
        if issubclass(kind, DATES) or kind.__name__ == "Period":
            refuse_dates(kind.__name__)
        if issubclass(kind, NESTED):
            refuse_nested(kind.__name__)
        if issubclass(kind, Complex) and not issubclass(kind, Real):
            raise ValueError("must have real numbers or categories, got complex ones.")


def refuse_dates(name):
    raise ValueError(
        f"must have numbers or categories, got dates or times ({name}); turn them "
        "into numbers first, such as year, month or age in days."
    )


def refuse_nested(name):
    raise ValueError(
        f"must have a number or a category in each row, got nested values ({name}); "
        "put their parts into columns of their own."
    )


def are_numbers(objects):
    """Whether all non-missing values are numbers; bools are not."""
    types = set(map(type, objects))
    check_types(types)
    return all(map(_is_of_numbers, types))


def _is_of_numbers(kind):
    is_missing_kind = kind.__name__ in MISSING
    return is_missing_kind or (issubclass(kind, Number) and kind is not bool)


def floats_of(objects):
    """The values as float64 (n,), NaN if missing, infinite if too large."""
    check_types(set(map(type, objects)))
    return np.array([_float_of(value) for value in objects], dtype=np.float64)


def _float_of(value):
    if is_missing(value):
        return math.nan
    if not isinstance(value, (Number, np.bool_)):
        raise ValueError(
            "must have numbers, as it is not among the categorical features, got "
            f"{short_repr(value, 80)}."
        )
    try:
        return float(value)
    except OverflowError:
        return math.inf


def text_of(value):
    """The text by which a category is compared, None if missing.

    So 1, 1.0 and "1" are one category: a column of whole numbers becomes one of floats
    once a value is missing, and one of strings when it comes from a text file.
    """
    if type(value) is str:
        return value
    if is_missing(value):
        return None
    if is_real(value) and math.isfinite(value) and value == int(value):
        value = int(value)
    return str(value)


def levels_of(objects):
    """The distinct texts, and for each value the index of its text, -1 if missing.

    Returns a list of str and an integer array (n,).
    """
    check_types(set(map(type, objects)))
    number_of = {None: -1}
    codes = [
        number_of.setdefault(text_of(value), len(number_of) - 1) for value in objects
    ]
    del number_of[None]
    return list(number_of), np.array(codes, dtype=np.intp)


def levels_of_numbers(values):
    """As `levels_of`, for an array of numbers or bools (n,); NaN is missing."""
    codes = np.full(len(values), -1, dtype=np.intp)
    present = values == values
    distinct, codes[present] = np.unique(values[present], return_inverse=True)
    return [text_of(value) for value in distinct], codes
