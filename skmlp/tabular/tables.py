"""Tables of any library, read column by column, without importing that library."""

from contextlib import contextmanager
from functools import cached_property

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from skmlp.errors import error_context, refuse_unsupported
from skmlp.tabular.columns import (
    ArrayColumn,
    ArrowColumn,
    PandasColumn,
    PolarsColumn,
    is_numeric,
)
from skmlp.tabular.feature_names import check_names, labels_of
from skmlp.tabular.libraries import as_known, is_of_arrow, is_of_pandas, is_of_polars

EXPECTED = "a table of numbers and categories, (n_samples, n_features)"


class Table:
    """What tables of all kinds have in common.

    names : the names of the columns as the library has them, or None.
    labels : str of each column, for names that are made of it and for errors.
    shape : (n_rows, n_columns).
    reader : str, the class that errors name.
    """

    is_sparse = False

    def __init__(self, source, names, reader, positions=None):
        self.source = source
        self.names = names
        self.reader = reader
        n_rows, n_columns = shape_of(source)
        self.shape = n_rows, n_columns if positions is None else len(positions)
        self.positions = positions

    @cached_property
    def labels(self):
        return labels_of(self.names, self.shape[1])

    def take(self, positions):
        """The table of the columns at these positions, in this order."""
        names = [self.names[j] for j in positions]
        return type(self)(self.source, names, self.reader, positions)

    def column(self, j):
        """One of `skmlp.tabular.columns`."""
        raise NotImplementedError

    def is_plain(self, columns):
        """Whether `block` reads them."""
        return False

    def block(self, columns):
        """Columns of plain numbers as a new float64 array (n_rows, n_columns)."""
        raise NotImplementedError

    def _at(self, columns):
        """Where columns stand in the source."""
        if self.positions is None:
            return columns
        return [self.positions[j] for j in columns]

    @contextmanager
    def naming(self, j):
        """Errors within begin with the column's name."""
        try:
            yield
        except ValueError as error:
            raise ValueError(self._named(j, error)) from error

    def _named(self, j, what):
        return f"{self.reader}: column {self.labels[j]!r} of X {what}"

    def refuse_infinite(self, block, columns):
        """columns : of each column of the block that of the table."""
        infinite = _columns_with_infinities(block)
        if len(infinite):
            expected = "must have finite numbers, got an infinite or too large one; "
            expected += "where it stands for a missing value, say NaN."
            raise ValueError(self._named(columns[infinite.min()], expected))


# Of a frame of so few rows all values are read at once: pandas takes longer to give a
# column than its values are worth.
FEW_ROWS = 8


class PandasTable(Table):
    @cached_property
    def _objects(self):
        """All values as Python's objects; None in a frame of many rows."""
        return self.source.to_numpy(dtype=object) if self.shape[0] <= FEW_ROWS else None

    @cached_property
    def _dtypes(self):
        return list(self.source.dtypes)

    @cached_property
    def _plain(self):
        dtypes = self._dtypes
        return [isinstance(dt, np.dtype) and is_numeric(dt.kind) for dt in dtypes]

    def is_plain(self, columns):
        return all(self._plain[j] for j in self._at(columns))

    def block(self, columns):
        frame, columns = self.source, self._at(columns)
        if self._objects is not None:
            return self._objects[:, columns].astype(np.float64)
        if list(columns) != list(range(frame.shape[1])):
            frame = frame.iloc[:, columns]
        with np.errstate(over="ignore"):
            return frame.to_numpy(dtype=np.float64, copy=True)

    def column(self, j):
        frame, place, few = self.source, self._at([j])[0], self._objects
        objects = None if few is None else few[:, place]
        return PandasColumn(self._dtypes[place], lambda: frame.iloc[:, place], objects)


class PolarsTable(Table):
    @cached_property
    def _dtypes(self):
        return self.source.dtypes

    def _dtypes_of(self, columns):
        """One of each class, which says whether it is numeric; comparing is slow."""
        dtypes = [self._dtypes[j] for j in self._at(columns)]
        return {dtype.__class__: dtype for dtype in dtypes}.values()

    def is_plain(self, columns):
        return all(dtype.is_numeric() for dtype in self._dtypes_of(columns))

    def block(self, columns):
        frame, places = self.source, self._at(columns)
        if list(places) != list(range(frame.shape[1])):
            frame = frame.select([frame.columns[j] for j in places])
        if any(str(dtype) != "Float64" for dtype in self._dtypes_of(columns)):
            # older ones take their own types only: this is Float64
            frame = frame.cast(frame.to_series(0).cast(float).dtype)
        return frame.to_numpy(writable=True)

    def column(self, j):
        return PolarsColumn(self.source.to_series(self._at([j])[0]))


class ArrowTable(Table):
    """A Table or RecordBatch of pyarrow."""

    def column(self, j):
        return ArrowColumn(self.source.column(self._at([j])[0]))


class ArrayTable(Table):
    """A NumPy array (n_rows, n_columns), of objects or of one dtype."""

    def is_plain(self, columns):
        return is_numeric(self.source.dtype.kind)

    def block(self, columns):
        with np.errstate(over="ignore"):
            return self.source[:, columns].astype(np.float64, copy=False)

    def column(self, j):
        return ArrayColumn(self.source[:, j])


class SparseTable(ArrayTable):
    """A SciPy sparse matrix of numbers, which are no categories unless declared."""

    is_sparse = True

    def column(self, j):
        return ArrayColumn(self.source[:, [j]].toarray().ravel())


def shape_of(X):
    """(n_rows, n_columns)"""
    return (X.num_rows, X.num_columns) if is_of_arrow(X) else X.shape


def _columns_with_infinities(block):
    """Of a float array or CSC matrix."""
    if issparse(block):
        return block.tocoo().col[np.isinf(block.data)]
    return np.flatnonzero(np.isinf(block).any(axis=0))


def read_table(estimator, X):
    """X as a table; a ValueError if it has no two dimensions, no row or no column."""
    reader = type(estimator).__name__
    with error_context(reader, "X", EXPECTED, X):
        X = as_known(X)
        for is_of_library, kind, columns in FRAMES:
            if is_of_library(X):
                _refuse_empty(X, reader)
                return kind(X, check_names(getattr(X, columns)), reader)
        refuse_unsupported(X)
        array = _as_array(estimator, X)
    kind = SparseTable if issparse(array) else ArrayTable
    return kind(array, None, reader)


# Whether a frame is of a library, its kind of table, and which attribute has names.
FRAMES = [
    (is_of_pandas, PandasTable, "columns"),
    (is_of_polars, PolarsTable, "columns"),
    (is_of_arrow, ArrowTable, "column_names"),
]


def _as_array(estimator, X):
    """A NumPy array of any dtype, or a float64 CSC matrix, each entry stored once."""
    if isinstance(X, (list, tuple)):
        X = np.array(X, dtype=object)  # else numbers beside strings become strings
    array = check_array(
        X,
        accept_sparse="csc",
        dtype=np.float64 if issparse(X) else None,
        ensure_all_finite=False,
        estimator=estimator,
        input_name="X",
    )
    if issparse(array) and not array.has_canonical_format:
        array = array.copy()
        array.sum_duplicates()
    return array


def _refuse_empty(X, reader):
    """In the words that scikit-learn has for arrays."""
    shape = shape_of(X)
    for count, kind in zip(shape, ("sample", "feature"), strict=True):
        if count == 0:
            raise ValueError(
                f"Found array with 0 {kind}(s) (shape={shape}) while a minimum of 1 "
                f"is required by {reader}."
            )
