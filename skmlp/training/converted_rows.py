"""Rows of an array that need not be in memory, read and converted when asked for."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

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

    def blocks(self) -> Iterator[Array]:
        """All rows in order, some at a time."""
        for rows in row_blocks(len(self), self.shape[1] * self.dtype.itemsize):
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
