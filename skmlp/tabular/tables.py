"""Tables of any library, read column by column, without importing that library."""

from collections import Counter

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from skmlp.errors import error_context, refuse_unsupported, short_repr
from skmlp.tabular.columns import ArrayColumn, PandasColumn, PolarsColumn, is_numeric
from skmlp.tabular.feature_names import default_names

EXPECTED = "a table of numbers and categories of shape (n_samples, n_features)"


class FrameTable:
    """A data frame; base of the other kinds of tables.

    columns : one of `skmlp.tabular.columns` for each column.
    names : str of each column, or None where columns go by number.
    labels : str of each column, for names that are made of it and for errors.
    shape : (n_rows, n_columns).
    reader : str, the class that errors name.
    """

    def __init__(self, columns, names, n_rows, reader):
        self.columns = columns
        self.names = names
        self.reader = reader
        self.labels = labels_of(names, len(columns))
        self.shape = n_rows, len(columns)

    def select(self, names):
        """The table of the columns of these names, in this order."""
        column_of = dict(zip(self.names, self.columns, strict=True))
        columns = [column_of[name] for name in names]
        return FrameTable(columns, list(names), self.shape[0], self.reader)

    def are_categorical(self):
        """Whether each column is categorical, bools (n_columns,)."""
        flags = [self._read(j, "is_categorical") for j in range(self.shape[1])]
        return np.array(flags, dtype=bool)

    def levels(self, j):
        """The categories' texts of a column, and the index of each row's category."""
        return self._read(j, "levels")

    def numbers(self, indices, unread=()):
        """The columns as a new float64 array (n_rows, n_indices), NaN if missing.

        unread : which of the indices, by number, are of columns to be left as missing.
        """
        block = np.full((self.shape[0], len(indices)), np.nan, order="F")
        for i in np.setdiff1d(np.arange(len(indices)), unread):
            block[:, i] = self._read(indices[i], "floats")
        self._refuse_infinite(block, indices)
        return block

    def column(self, j):
        return self.columns[j]

    def _read(self, j, what):
        """Call a method of the column; errors begin with the column's name."""
        try:
            return getattr(self.column(j), what)()
        except ValueError as error:
            raise ValueError(self._named(j, error)) from error

    def _named(self, j, what):
        return f"{self.reader}: column {self.labels[j]!r} of X {what}"

    def _refuse_infinite(self, block, indices):
        columns = _columns_with_infinities(block)
        if len(columns):
            expected = "must have finite numbers, got an infinite or too large one; "
            expected += "use NaN for missing values."
            raise ValueError(self._named(indices[columns.min()], expected))


class ArrayTable(FrameTable):
    """A NumPy array (n_rows, n_columns), of objects or of one dtype."""

    def __init__(self, array, reader):
        self.array = array
        self.names = None
        self.labels = labels_of(None, array.shape[1])
        self.shape = array.shape
        self.reader = reader

    def numbers(self, indices, unread=()):
        if not is_numeric(self.array.dtype.kind):
            return super().numbers(indices, unread)
        with np.errstate(over="ignore"):
            block = self.array[:, indices].astype(np.float64, copy=False)
        self._refuse_infinite(block, indices)
        return block

    def column(self, j):
        return ArrayColumn(self.array[:, j])


class SparseTable(ArrayTable):
    """A SciPy sparse matrix of numbers; columns are categorical only if declared."""

    def are_categorical(self):
        return np.zeros(self.shape[1], dtype=bool)

    def column(self, j):
        return ArrayColumn(self.array[:, [j]].toarray().ravel())


def _columns_with_infinities(block):
    """Indices of the columns with infinities, of a float array or CSC matrix."""
    if issparse(block):
        return block.tocoo().col[np.isinf(block.data)]
    return np.flatnonzero(np.isinf(block).any(axis=0))


def read_table(estimator, X):
    """X as a table; a ValueError unless it has two dimensions, rows and columns."""
    with error_context(type(estimator).__name__, "X", EXPECTED, X):
        if is_of_pandas(X) or is_of_polars(X):
            return _read_frame(X, type(estimator).__name__)
        if hasattr(X, "collect"):
            raise ValueError("A lazy frame has no rows yet; call collect() first.")
        refuse_unsupported(X)
        array = _as_array(estimator, X)
    kind = SparseTable if issparse(array) else ArrayTable
    return kind(array, type(estimator).__name__)


def is_of_pandas(X):
    return hasattr(X, "iloc") and hasattr(X, "columns")


def is_of_polars(X):
    return hasattr(X, "get_columns") and hasattr(X, "columns")


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


def _read_frame(X, reader):
    _refuse_empty(X, reader)
    names = _names_of(X)
    if is_of_pandas(X):
        columns = [PandasColumn(X.iloc[:, j]) for j in range(X.shape[1])]
    else:
        columns = [PolarsColumn(series) for series in X.get_columns()]
    return FrameTable(columns, names, X.shape[0], reader)


def _refuse_empty(X, reader):
    """Raise scikit-learn's error for arrays without rows or columns."""
    for count, kind in zip(X.shape, ("sample", "feature"), strict=True):
        if count == 0:
            raise ValueError(
                f"Found array with 0 {kind}(s) (shape={X.shape}) while a minimum of 1 "
                f"is required by {reader}."
            )


def _names_of(X):
    """The columns' names if all are strings, as in scikit-learn; None if none is."""
    counts = Counter(X.columns)
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        raise ValueError(
            f"Several columns have the name {short_repr(repeated[0], 80)}."
        )
    are_strings = [isinstance(name, str) for name in counts]
    if any(are_strings) and not all(are_strings):
        raise TypeError(
            "Feature names are only supported if all input features have string names; "
            "X.columns = X.columns.astype(str) turns the others into strings."
        )
    return list(counts) if all(are_strings) else None


def labels_of(names, n_columns):
    return list(default_names(n_columns) if names is None else names)
