"""Rows of an array that need not be in memory, read and converted when asked for."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

Array = NDArray[np.floating[Any]]

# Of an array of the training dtype that is read in one go.
BLOCK_BYTES = 1 << 22


def row_blocks(n_rows: int, n_bytes: int) -> Iterator[slice]:
    """All rows in order, as many at once as are small, n_bytes each."""
    n_at_once = max(1, BLOCK_BYTES // max(1, n_bytes))
    for start in range(0, n_rows, n_at_once):
        yield slice(start, min(start + n_at_once, n_rows))


class ConvertedRows:
    """An array that can be sliced by rows, as one of `dtype` in C order.

    source : has a shape (n_rows, n_columns) and takes slices and increasing numbers of
        rows, as memory maps, h5py's and zarr's arrays do; so rows are read in their
        order, each of them once, whatever the order in which they are asked for.
    """

    def __init__(self, source: Any, dtype: Any) -> None:
        self.source, self.dtype = source, np.dtype(dtype)
        self.shape: tuple[int, int] = tuple(source.shape)
        self.ndim, self.size = 2, self.shape[0] * self.shape[1]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Array:
        if isinstance(rows, slice):
            return self._read(slice(*rows.indices(len(self))))
        X, places = self._distinct(rows)
        return X if places is None else X[places]

    def take(self, rows: NDArray[np.intp], axis: int, out: Array, mode: Any) -> None:
        """As NumPy's method of that name."""
        X, places = self._distinct(rows)
        if places is None:
            out[...] = X
        else:
            X.take(places, axis=axis, out=out, mode=mode)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self[:].astype(dtype or self.dtype, copy=False)

    def astype(self, dtype: Any) -> "ConvertedRows":
        """The same rows, read as another dtype."""
        return type(self)(self.source, dtype)

    def blocks(self) -> Iterator[Array]:
        """All rows in order, some at a time."""
        for rows in row_blocks(len(self), bytes_of_row(self)):
            yield self[rows]

    def max(self) -> float:
        return max(float(X.max()) for X in self.blocks())

    def min(self) -> float:
        return min(float(X.min()) for X in self.blocks())

    def _distinct(self, rows: Any) -> tuple[Array, NDArray[np.intp] | None]:
        """The rows in increasing order, and where each is; None for as asked."""
        numbers, places = np.unique(rows, return_inverse=True)
        first, last = (numbers[0], numbers[-1]) if len(numbers) else (0, -1)
        in_a_row = last - first + 1 == len(numbers)
        X = self._read(slice(int(first), int(last) + 1) if in_a_row else numbers)
        return X, None if np.array_equal(numbers, rows) else places

    def _read(self, rows: Any) -> Array:
        X = np.asarray(self.source[rows])
        with np.errstate(over="ignore"):  # rows are checked to be within range
            return np.ascontiguousarray(X, self.dtype)


class ConvertedSparseRows(ConvertedRows):
    """Rows of a CSR matrix of any dtype, as CSR matrices of `dtype`.

    They are put together from the arrays of the matrix, of which SciPy does not index
    all, such as those in the byte order of another machine.
    """

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, slice):
            rows = np.arange(*rows.indices(len(self)))
        source = self.source
        starts, stops = source.indptr[rows], source.indptr[rows + 1]
        indptr = np.concatenate([[0], np.cumsum(stops - starts)])
        entries = np.repeat(starts - indptr[:-1], stops - starts)
        entries += np.arange(indptr[-1])
        with np.errstate(over="ignore"):  # entries are checked to be within range
            data = source.data[entries].astype(self.dtype)
        parts = data, source.indices[entries], indptr
        return type(source)(parts, shape=(len(rows), self.shape[1]))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self[:].toarray(), dtype)


def gives_sparse_rows(X: Any) -> bool:
    """Whether rows of X are CSR matrices."""
    return isinstance(X, ConvertedSparseRows) or bool(issparse(X))


def bytes_of_row(X: Any) -> int:
    """Of a row of X once it is converted, on average."""
    if isinstance(X, ConvertedSparseRows):
        entries = len(X.source.data) // max(1, len(X))
        return entries * int(X.dtype.itemsize + X.source.indices.itemsize)
    return int(X.shape[1] * X.dtype.itemsize)
