"""Columns of data frames of any library, without importing that library."""

import datetime

import numpy as np

# None, pandas.NA and pandas.NaT, by name: pandas need not be there.
MISSING = {"NoneType", "NAType", "NaTType"}
DATES = (
    datetime.date,
    datetime.time,
    datetime.timedelta,
    np.datetime64,
    np.timedelta64,
)
TEMPORAL = ("period", "timestamp", "date", "time", "duration")


def is_frame(value) -> bool:
    """Whether it is a table of pandas, polars or Arrow, or of what has their methods.

    Duck typing: pandas and its kin have `iloc`, polars `get_columns`, Arrow a schema.
    """
    kinds = ("iloc", "columns"), ("get_columns", "columns"), ("schema", "columns")
    return any(all(hasattr(value, name) for name in names) for names in kinds)


def is_lazy(value) -> bool:
    """Whether its rows are still to be computed, as those of polars' LazyFrame."""
    return hasattr(value, "collect") or hasattr(value, "__dask_graph__")


def named_columns(frame):
    """(name, column) of each column of a frame."""
    if hasattr(frame, "iloc"):
        names, numbers = frame.columns, range(frame.shape[1])
        return [
            (name, frame.iloc[:, j]) for j, name in zip(numbers, names, strict=True)
        ]
    if hasattr(frame, "get_columns"):
        return list(zip(frame.columns, frame.get_columns(), strict=True))
    return list(zip(frame.schema.names, frame.columns, strict=True))


def dtypes_of(frame):
    """(name, dtype) of each column of a frame."""
    if hasattr(frame, "iloc"):
        return list(zip(frame.columns, frame.dtypes, strict=True))
    if hasattr(frame, "get_columns"):
        return list(zip(frame.columns, frame.dtypes, strict=True))
    return list(zip(frame.schema.names, frame.schema.types, strict=True))


def is_temporal(dtype) -> bool:
    """Whether a dtype of any library is one of dates, times, durations or periods."""
    if isinstance(dtype, np.dtype):
        return dtype.kind in "mM"
    return str(dtype).lower().startswith((*TEMPORAL, "datetime"))


def as_array(column):
    """A column, or a vector of any library, as a NumPy array.

    Of objects where its dtype is none of NumPy's, so that no number is rounded.
    """
    if hasattr(column, "to_pylist"):  # Arrow's
        return np.array(column.to_pylist(), dtype=object)
    dtype = column.dtype if hasattr(column, "dtype") else np.dtype(float)
    if isinstance(dtype, np.dtype):
        return np.asarray(column)
    return np.asarray(column, dtype=object)


def missing_values(objects):
    """Whether each entry of an array of objects is missing: None, NaN, NA or NaT."""
    flags = [type(v).__name__ in MISSING or _is_nan(v) for v in objects.flat]
    return np.array(flags, dtype=bool).reshape(objects.shape)


def _is_nan(value) -> bool:
    return isinstance(value, (float, np.floating)) and bool(value != value)


def is_date(kind) -> bool:
    """Whether a Python type is one of dates, times, durations or periods."""
    return issubclass(kind, DATES) or kind.__name__ == "Period"
