"""One column of a table, whatever library it is from: its kind, and what is in it."""

import re
from functools import cached_property

import numpy as np

from skmlp.tabular.cells import (
    check_types,
    levels_of,
    levels_of_numbers,
    refuse_nested,
    text_of,
)

# NumPy's letters for kinds of dtypes, of columns of all libraries. "t" are times of
# day, which NumPy has no dtype for; "O" needs a look inside.
NUMBERS = "iuf"
FLAGS = "b"
TEXTS = "UST"
DATES = "M"
DURATIONS = "m"
TIMES = "t"
OBJECTS = "O"
MICROSECOND = 1e-6


def is_numeric(kind):
    """Whether such a dtype has numbers or bools only, and maybe missing ones."""
    return kind in NUMBERS + FLAGS


class ArrayColumn:
    """A column of a NumPy array (n,), and what columns of all libraries have in common.

    kind : the letter of its dtype.
    is_category : whether its dtype says that it is one of categories.
    order : the categories from first to last, where the dtype has an order; or None.
    """

    is_category = False
    order = None

    def __init__(self, values):
        self.values = values
        self.kind = values.dtype.kind
        self.dtype = str(values.dtype)

    def floats(self):
        """The numbers or bools of such a dtype, float64 (n,), NaN where missing."""
        with np.errstate(over="ignore"):
            return self.values.astype(np.float64, copy=False)

    def seconds(self):
        """Of dates since 1970 in UTC, of durations and times of day, float64 (n,)."""
        return seconds_of(self.values)

    def levels(self):
        """The categories' texts, and of each row the number of its category or -1."""
        array = self._array()
        return levels_of(self.objects()) if array is None else levels_of_numbers(array)

    def objects(self):
        """The values as Python's objects."""
        return self.values.astype(object)

    def _array(self):
        """The values as an array of numbers or bools, if none changes by that."""
        return self.values if is_numeric(self.kind) else None


def seconds_of(values):
    """An array of datetime64 or timedelta64 as seconds, NaN where missing."""
    microseconds = values.astype(f"{values.dtype.kind}8[us]")
    numbers = microseconds.astype(np.int64) * MICROSECOND
    numbers[np.isnat(microseconds)] = np.nan
    return numbers


class PandasColumn(ArrayColumn):
    """A pandas Series, or what has its methods.

    series : a function that gives it, which takes longer than to read a few values.
    objects : its values as Python's objects, where they are known already; or None.
    """

    def __init__(self, dtype, series, objects=None):
        self._dtype, self._series, self._objects = dtype, series, objects
        self.dtype = name = dtype.name
        self.is_category = name == "category"
        is_text = self.is_category or name in ("str", "string")
        self.kind = "U" if is_text else dtype.kind
        self.is_period = name.startswith("period")
        if self.is_period:
            self.kind = DATES
        if name.startswith("date32"):  # pandas does not make datetime64 of it
            self.kind = OBJECTS
        if self.is_category and dtype.categories.inferred_type != "string":
            self._objects = None  # some are other objects than the categories
        if self.is_category and dtype.ordered:
            self.order = [text_of(value) for value in dtype.categories]

    @cached_property
    def values(self):
        return self._series()

    def floats(self):
        return self.values.to_numpy(dtype=np.float64, na_value=np.nan)

    def seconds(self):
        dates = self.values.dt.start_time if self.is_period else self.values
        # without its zone a date is what it is in UTC
        return seconds_of(dates.to_numpy(dtype=f"{self.kind}8[us]"))

    def levels(self):
        if not self.is_category or self._objects is not None:
            return super().levels()
        categories = self.values.cat.categories.tolist()
        check_types(set(map(type, categories)))
        codes = self.values.cat.codes.to_numpy(dtype=np.intp)
        return [text_of(value) for value in categories], codes

    def objects(self):
        known = self._objects
        return np.asarray(self.values, dtype=object) if known is None else known

    def _array(self):
        # whole numbers with missing ones among them are not whole in an array
        if not (isinstance(self._dtype, np.dtype) and is_numeric(self.kind)):
            return None
        known = self._objects
        return self.values.to_numpy() if known is None else known.astype(self._dtype)


class PolarsColumn(ArrayColumn):
    """A polars Series."""

    def __init__(self, series):
        self.values = series
        self.dtype = str(series.dtype)
        self.is_category = self.dtype.startswith(("Categorical", "Enum"))
        self.kind = _polars_kind(series.dtype)

    def floats(self):
        return self.values.cast(float).to_numpy()

    def seconds(self):
        if self.kind == DATES:
            microseconds = self.values.dt.epoch("us")
        elif self.kind == DURATIONS:
            microseconds = self.values.dt.total_microseconds()
        else:  # nanoseconds since midnight
            microseconds = self.values.to_physical() // 1000
        return microseconds.cast(float).to_numpy() * MICROSECOND

    def objects(self):
        if self.values.dtype.is_nested():
            refuse_nested(self.values.dtype)
        return self.values.to_list()

    def _array(self):
        dtype = self.values.dtype
        if dtype.is_float() or (dtype.is_integer() and not self.values.null_count()):
            return self.values.to_numpy()
        return None


def _polars_kind(dtype):
    """The letter that NumPy has for such a dtype."""
    if dtype.is_numeric():
        return "i" if dtype.is_integer() else "f"
    name = str(dtype).partition("(")[0]
    kinds = {"Boolean": "b", "Null": "O", "Object": "O", "Date": "M", "Datetime": "M"}
    kinds |= {"Duration": "m", "Time": "t"}
    return "O" if dtype.is_nested() else kinds.get(name, "U")


class ArrowColumn(ArrayColumn):
    """A ChunkedArray or Array of pyarrow."""

    def __init__(self, values):
        self.values = values
        self.dtype = str(values.type)
        self.is_category = self.dtype.startswith("dictionary")
        self.kind = arrow_kind(self.dtype)

    def floats(self):
        if self.dtype.startswith("decimal") or self.kind == FLAGS:
            return np.array(self._with_nan(), dtype=np.float64)
        return np.asarray(self.values.cast("float64").to_numpy(zero_copy_only=False))

    def _with_nan(self):
        return [np.nan if v is None else float(v) for v in self.objects()]

    def seconds(self):
        if self.kind == TIMES:
            values = self.values.cast("time64[us]", safe=False)
        else:
            name = "timestamp" if self.kind == DATES else "duration"
            values = self.values.cast(f"{name}[us]", safe=False)
        microseconds = values.cast("int64").to_pylist()
        floats = [np.nan if value is None else value for value in microseconds]
        return np.array(floats, dtype=np.float64) * MICROSECOND

    def levels(self):
        if self.kind not in TEXTS:
            return super().levels()
        words, codes = self.coded()
        texts, numbers = levels_of(words)
        return texts, np.append(numbers, -1)[codes]

    def objects(self):
        if self.kind not in TEXTS:
            return self.values.to_pylist()
        # one object for all rows of a value
        words, codes = self.coded()
        return np.array([*words, None], dtype=object)[codes]

    def coded(self):
        """Of text the values that occur, and of each row the number of its value or -1.

        Returns a list in the order of the rows, and an integer array (n,).
        """
        values = self.values
        if self.is_category:
            values = values.cast(values.type.value_type)
        encoded = values.dictionary_encode()
        chunks = getattr(encoded, "chunks", [encoded])
        if not chunks:
            return [], np.empty(0, dtype=np.intp)
        codes = [chunk.indices.fill_null(-1).to_numpy() for chunk in chunks]
        return chunks[0].dictionary.to_pylist(), np.concatenate(codes)

    def _array(self):
        if self.kind in NUMBERS and not self.values.null_count:
            return np.asarray(self.values)
        return None


ARROW_KINDS = {
    "int": "i",
    "uint": "u",
    "float": "f",
    "double": "f",
    "halffloat": "f",
    "decimal": "f",
    "bool": "b",
    "timestamp": "M",
    "date": "M",
    "duration": "m",
    "time": "t",
    "string": "U",
    "large_string": "U",
    "string_view": "U",
    "dictionary": "U",
}


def arrow_kind(name):
    """The letter that NumPy has for an Arrow type of this name, such as "int64"."""
    word = re.match("[a-z_]*", name)[0]
    return ARROW_KINDS.get(word, OBJECTS)
