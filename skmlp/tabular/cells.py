"""Values of all kinds as Python has them: missing or not, as numbers, as categories."""

import datetime
import math
from numbers import Complex, Number, Real

import numpy as np

from skmlp.constraints import is_real
from skmlp.errors import short_repr
from skmlp.estimators.validation.frames import MISSING

NESTED = (list, tuple, dict, set, frozenset, np.ndarray)


def is_missing(value):
    """Whether it stands for a missing value: None, NaN, pandas.NA or any NaT."""
    if type(value).__name__ in MISSING:
        return True
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return isinstance(value, Number) and bool(value != value)


def check_types(types):
    """Raise a ValueError for what is neither a number, a moment nor a category."""
    for kind in types:
        if issubclass(kind, NESTED):
            refuse_nested(kind.__name__)
        if issubclass(kind, Complex) and not issubclass(kind, Real):
            raise ValueError("must have real numbers or categories, got complex ones.")


def types_of(objects):
    """The types of the values that are there; a ValueError for what no column has."""
    types = set(map(type, objects))
    check_types(types)
    # NaN is a float, and NaT may be a datetime64, where there is no other one
    return {
        kind
        for kind in types
        if any(type(value) is kind and not is_missing(value) for value in objects)
    }


def refuse_nested(name):
    raise ValueError(
        f"must have a number or a category in each row, got nested values ({name}); "
        "give their parts columns of their own."
    )


def are_numbers(types):
    """Whether values of these types are numbers, of which bools are none."""
    # to Python timedelta64 is an integer
    return all(
        issubclass(kind, Number) and not issubclass(kind, (bool, np.timedelta64))
        for kind in types
    )


def float_of(value):
    """A number as a float, infinite where too large; NaN for a missing value."""
    if is_missing(value):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def text_of(value):
    """What a category is compared by: its text, None for a missing one.

    So 1, 1.0 and "1" are one category: a column of whole numbers becomes one of floats
    once a value is missing, and one of strings when it comes from a text file.
    """
    if type(value) is str:
        return value
    if is_missing(value):
        return None
    if isinstance(value, (datetime.date, np.datetime64)):
        return _date_text(value)
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if is_real(value) and math.isfinite(value) and value == int(value):
        value = int(value)
    return str(value)


def _date_text(value):
    """2020-01-31, and the time after it if it is not midnight; UTC where it has a zone.

    So that a day is one category as date, as Timestamp and as datetime64.
    """
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    if not isinstance(value, datetime.datetime):
        return str(value)
    if value.tzinfo is not None:
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    day, time = value.isoformat().split("T")
    return day if time == "00:00:00" else f"{day} {time}"


def levels_of(objects):
    """The texts that occur, and for each value the number of its text, -1 if missing.

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
    """levels_of for an array of numbers or bools (n,), NaN being missing."""
    if len(values) == 1:
        return levels_of(values.tolist() if values.dtype.kind != "f" else values)
    codes = np.full(len(values), -1, dtype=np.intp)
    present = values == values
    distinct, codes[present] = np.unique(values[present], return_inverse=True)
    return [text_of(value) for value in distinct], codes


def refuse(expected, value):
    """A ValueError for a value that is not what the column must have."""
    raise ValueError(f"must have {expected}, got {short_repr(value, 80)}.")
