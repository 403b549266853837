"""One column of a table of any library, as numbers or as categories."""

import numpy as np

from skmlp.tabular.cells import (
    are_numbers,
    check_types,
    floats_of,
    levels_of,
    levels_of_numbers,
    refuse_dates,
    refuse_nested,
    text_of,
)

# What NumPy's letters for kinds of dtypes say of a column; others need a look inside.
NUMBERS = "iuf"
FLAGS = "b"
TEXTS = "UST"
DATES = "mM"


def is_numeric(kind):
    """Whether a dtype of that kind holds only numbers, bools and missing values."""
    return kind in NUMBERS + FLAGS


class ArrayColumn:
    """A column of a NumPy array (n,); base of the columns of other libraries.

    Values that are not numbers or bools by their dtype are looked at one by one.
    """

    def __init__(self, values):
        self.values = values
        self.kind = values.dtype.kind

    def is_categorical(self):
        """Whether the column is categorical, by its dtype or its values."""
        if self.kind in NUMBERS:
            return False
        return self.kind in FLAGS + TEXTS or not are_numbers(self._objects())

    def floats(self):
        """The numbers, float64 (n,), NaN if missing."""
        return self._floats() if is_numeric(self.kind) else floats_of(self._objects())

    def levels(self):
        """The categories' texts, and for each row the index of its category or -1."""
        array = self._array()
        return levels_of(self._objects()) if array is None else levels_of_numbers(array)

    def _objects(self):
        if self.kind in DATES:
            refuse_dates(self.values.dtype)
        return self._as_objects()

    def _floats(self):
        with np.errstate(over="ignore"):
            return self.values.astype(np.float64, copy=False)

    def _array(self):
        """The values as an array of numbers or bools, if that is exact, or None."""
        return self.values if is_numeric(self.kind) else None

    def _as_objects(self):
        return self.values.astype(object)


class PandasColumn(ArrayColumn):
    """A pandas Series, or an object with its methods."""

    def __init__(self, series):
        self.values = series
        self.is_category = series.dtype.name == "category"
        is_text = self.is_category or series.dtype.name in ("str", "string")
        self.kind = "U" if is_text else series.dtype.kind

    def levels(self):
        if not self.is_category:
            return super().levels()
        categories = self.values.cat.categories.tolist()
        check_types(set(map(type, categories)))
        codes = self.values.cat.codes.to_numpy(dtype=np.intp)
        return [text_of(value) for value in categories], codes

    def _floats(self):
        return self.values.to_numpy(dtype=np.float64, na_value=np.nan)

    def _array(self):
        # whole numbers with missing ones among them are not whole in an array
        is_plain = isinstance(self.values.dtype, np.dtype)
        return self.values.to_numpy() if is_plain and is_numeric(self.kind) else None

    def _as_objects(self):
        return np.asarray(self.values, dtype=object)


class PolarsColumn(ArrayColumn):
    """A polars Series."""

    def __init__(self, series):
        self.values = series
        self.kind = _polars_kind(series.dtype)

    def _floats(self):
        return self.values.cast(float).to_numpy()

    def _array(self):
        dtype = self.values.dtype
        if dtype.is_float() or (dtype.is_integer() and not self.values.null_count()):
            return self.values.to_numpy()
        return None

    def _as_objects(self):
        if self.values.dtype.is_nested():
            refuse_nested(self.values.dtype)
        return self.values.to_list()


def _polars_kind(dtype):
    """NumPy's letter for the kind of a polars dtype."""
    if dtype.is_numeric():
        return "f"
    if dtype.is_temporal():
        return "M"
    return {"Boolean": "b", "Null": "O", "Object": "O"}.get(str(dtype), "U")
