"""Laws of rows that are read and converted when they are asked for."""

from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

from skmlp.training.converted_rows import (
    ConvertedRows,
    ConvertedSparseRows,
    bytes_of_row,
    gives_sparse_rows,
    row_blocks,
)


class Shelf:
    """An array of the least that is asked for: slices, and increasing row numbers."""

    def __init__(self, array):
        self._array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, rows):
        if not isinstance(rows, slice):
            assert (np.diff(rows) > 0).all()
        return self._array[rows]


ARRAY = np.arange(60).reshape(20, 3)
ROWS = {
    "slice": slice(3, 9),
    "slice beyond the end": slice(15, 40),
    "all": slice(None),
    "none": np.array([], int),
    "in a row": np.arange(4, 9),
    "increasing": np.array([0, 5, 19]),
    "in any order": np.array([7, 2, 19, 0]),
    "in a row backward": np.arange(9, 4, -1),
    "twice": np.array([4, 4, 1, 4]),
}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_rows_are_those_of_the_converted_array(rows):
    sources = Shelf(ARRAY), np.asfortranarray(ARRAY), ARRAY.astype(">i2")
    for source, dtype in product(sources, [np.float64, np.float32]):
        expected = ARRAY.astype(dtype)[rows]
        X = ConvertedRows(source, dtype)
        found = X[rows]
        assert found.dtype == dtype and found.flags.c_contiguous
        np.testing.assert_array_equal(found, expected)
        if not isinstance(rows, slice):
            out = np.empty_like(expected)
            X.take(rows, axis=0, out=out, mode="clip")
            np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_rows_of_a_sparse_matrix_are_put_together_from_its_arrays(rows):
    dense = np.where(ARRAY % 3, ARRAY, 0)
    dense[4] = 0
    for kind, dtype in product([csr_matrix, csr_array], ["i1", ">i2", ">f4", "f2"]):
        source = kind(dense)
        source.data = source.data.astype(dtype)
        X = ConvertedSparseRows(source, np.float32)
        found = X[rows]
        assert isinstance(found, kind) and found.dtype == np.float32
        np.testing.assert_array_equal(found.toarray(), dense.astype("f4")[rows])
        np.testing.assert_array_equal(np.asarray(X), dense.astype("f4"))
        assert (X.min(), X.max()) == (0.0, dense.max())
        assert gives_sparse_rows(X) and gives_sparse_rows(source)
    assert not gives_sparse_rows(ARRAY)


def test_it_is_an_array_where_one_is_needed():
    X = ConvertedRows(Shelf(ARRAY), np.float32)
    assert (len(X), X.size, X.ndim) == (20, 60, 2)
    assert (X.min(), X.max()) == (0.0, 59.0)
    np.testing.assert_array_equal(np.asarray(X), ARRAY.astype(np.float32))
    assert np.asarray(X, np.float64).dtype == np.float64


def test_blocks_are_all_rows_in_order_and_small():
    for n_rows, n_bytes in ((0, 8), (1, 8), (1000, 1 << 15), (5, 1 << 30), (7, 0)):
        blocks = list(row_blocks(n_rows, n_bytes))
        rows = [row for block in blocks for row in range(n_rows)[block]]
        assert rows == list(range(n_rows))
        sizes = [(block.stop - block.start) * n_bytes for block in blocks]
        assert all(size <= max(1 << 22, n_bytes) for size in sizes)


def test_blocks_of_sparse_rows_are_measured_by_their_entries():
    wide = csr_matrix(([1, 1], ([0, 9], [0, 999_999])), dtype="i1")
    assert bytes_of_row(ConvertedSparseRows(wide, np.float64)) < 100
    assert len(list(ConvertedSparseRows(wide, np.float64).blocks())) == 1
    assert bytes_of_row(ConvertedRows(ARRAY, np.float32)) == 12
