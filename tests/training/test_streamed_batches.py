"""Laws of mini-batches of rows that come in blocks."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, issparse

from skmlp.training.batches import TrainingRows
from skmlp.training.streamed_batches import (
    WINDOW_BLOCKS,
    WINDOW_ROWS,
    Block,
    StreamedBatches,
    blocks_in_random_order,
    cut,
    window_rows,
)
from skmlp.training.streamed_rows import MOST_KEPT, KeptRows

N_ROWS = 100
CUTS = {
    "one block": [N_ROWS],
    "one row each": [1] * N_ROWS,
    "large and small": [60, 3, 30, 7],
    "with none": [50, 0, 50, 0],
}


def make_block(numbers, sparse=False, weighted=True):
    """Rows whose X, Y and weight all tell the row's number."""
    numbers = np.asarray(numbers, float)
    X = np.stack([numbers, -numbers], axis=1)
    Y = np.asfortranarray(np.stack([2 * numbers, 3 * numbers], axis=1))
    weight = 1 + numbers if weighted else None
    return Block(csr_matrix(X) if sparse else X, Y, weight)


def numbers_of(block):
    """The rows' numbers, which X, Y and weight must agree on."""
    X, Y, weight = block
    assert Y.flags.f_contiguous or Y[:, 0].flags.c_contiguous
    X = X.toarray() if issparse(X) else X
    np.testing.assert_array_equal(Y, np.outer(X[:, 0], [2, 3]))
    np.testing.assert_array_equal(X[:, 1], -X[:, 0])
    if weight is not None:
        np.testing.assert_array_equal(weight, 1 + X[:, 0])
    return X[:, 0].copy()


def stream(sizes, **kind):
    """A function that gives blocks of these sizes, all in the same memory."""

    def blocks():
        for start, size in zip(np.cumsum([0, *sizes]), sizes, strict=False):
            yield make_block(range(start, start + size), **kind)

    return blocks


@pytest.mark.parametrize("sizes", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("kind", [{}, {"sparse": True}, {"weighted": False}], ids=str)
def test_cutting_anew_keeps_the_rows_and_their_order(sizes, kind):
    for n_rows in (1, 7, 33, 100, 1000):
        found = [numbers_of(block) for block in cut(stream(sizes, **kind)(), n_rows)]
        np.testing.assert_array_equal(np.concatenate(found), np.arange(N_ROWS))
        assert all(len(numbers) == n_rows for numbers in found[:-1])
        assert 0 < len(found[-1]) <= n_rows


def test_blocks_may_all_be_given_in_the_same_memory():
    X, Y, weight = make_block(range(10))

    def blocks():
        for start in range(0, N_ROWS, 10):
            for array, new in zip(
                (X, Y, weight), make_block(range(start, start + 10)), strict=True
            ):
                array[...] = new
            yield Block(X, Y, weight)

    for n_rows in (3, 10, 64):
        found = [numbers_of(block) for block in cut(blocks(), n_rows)]
        np.testing.assert_array_equal(np.concatenate(found), np.arange(N_ROWS))


def epochs_of(batches, n_epochs=3):
    return [[numbers_of(Block(*b)) for b in batches.epoch()] for _ in range(n_epochs)]


@pytest.mark.parametrize("kind", [{}, {"sparse": True}, {"weighted": False}], ids=str)
def test_an_epoch_shuffles_each_window_however_the_rows_are_cut(kind):
    orders = []
    for sizes in CUTS.values():
        draws = np.random.RandomState(0)
        batches = StreamedBatches(stream(sizes, **kind), N_ROWS, 16, draws, 40)
        assert batches.n_batches == 7
        epochs = epochs_of(batches)
        assert all([len(b) for b in epoch] == [16] * 6 + [4] for epoch in epochs)
        orders.append(np.concatenate([np.concatenate(epoch) for epoch in epochs]))
    assert all((order == orders[0]).all() for order in orders)
    first, second, third = orders[0].reshape(3, N_ROWS)
    assert (first != second).any() and (second != third).any()
    for order in (first, second, third):
        for window in (slice(0, 40), slice(40, 80), slice(80, 100)):
            np.testing.assert_array_equal(np.sort(order[window]), range(100)[window])


def test_without_shuffling_rows_come_as_they_are():
    batches = StreamedBatches(stream([60, 40]), N_ROWS, 16, None, 40)
    for epoch in epochs_of(batches):
        np.testing.assert_array_equal(np.concatenate(epoch), np.arange(N_ROWS))


def test_batches_go_on_from_a_state():
    def make(seed):
        draws = np.random.RandomState(seed)
        return StreamedBatches(stream([60, 40]), N_ROWS, 16, draws, 40)

    first, second = make(0), make(1)
    epochs_of(first)
    second.set_state(first.get_state())
    for found, expected in zip(epochs_of(second), epochs_of(first), strict=True):
        np.testing.assert_array_equal(np.concatenate(found), np.concatenate(expected))


# Blocks of an array


class Shelf:
    """X that counts how its rows are asked for."""

    def __init__(self, X):
        self._X, self.shape, self.dtype, self.reads = X, X.shape, X.dtype, []

    def __getitem__(self, rows):
        self.reads.append(rows)
        return self._X[rows]


# so wide that a block has two rows
WIDE = WINDOW_ROWS // WINDOW_BLOCKS


@pytest.mark.parametrize("rows", [None, np.random.RandomState(3).permutation(70)])
@pytest.mark.parametrize("sparse", [False, True])
def test_blocks_in_random_order_have_every_training_row_once(rows, sparse):
    X, Y, weight = make_block(range(N_ROWS), sparse)
    data = TrainingRows(X, Y, weight, rows)
    batches = blocks_in_random_order(data, 16, np.random.RandomState(0))
    epochs = [np.concatenate(epoch) for epoch in epochs_of(batches)]
    for order in epochs:
        np.testing.assert_array_equal(
            np.sort(order), np.arange(N_ROWS) if rows is None else np.sort(rows)
        )
    assert (epochs[0] != epochs[1]).any()


def test_blocks_are_read_as_neighbouring_rows_and_each_once(monkeypatch):
    monkeypatch.setattr("skmlp.training.streamed_batches.WINDOW_ROWS", 64)
    X, Y, weight = make_block(range(N_ROWS))
    data = TrainingRows(Shelf(X), Y, weight)
    batches = blocks_in_random_order(data, 16, np.random.RandomState(0))
    order = np.concatenate(epochs_of(batches, 1)[0])
    starts = [read.start for read in data.X.reads]
    assert sorted(starts) == list(range(0, N_ROWS, 2)) and starts != sorted(starts)
    # a window has the rows of 32 blocks, in an order of its own
    pairs = np.sort(order[:64]).reshape(-1, 2)
    np.testing.assert_array_equal(pairs[:, 0], np.sort(starts[:32]))
    assert (np.sort(order[:64]) != order[:64]).any()


def test_windows_are_of_bounded_rows_and_bytes():
    assert window_rows(np.empty((1, 2))) == WINDOW_ROWS
    assert window_rows(csr_matrix((1, 10**6))) == WINDOW_ROWS
    assert window_rows(np.empty((1, 1024))) == 4096
    assert window_rows(np.empty((1, 10**7), bool)) == WIDE


# Rows that are kept


def test_kept_rows_are_spread_evenly_and_do_not_depend_on_the_cut():
    X = np.arange(5000.0)[:, np.newaxis]
    for n_rows in (1, 1000, MOST_KEPT, MOST_KEPT + 1, 5000):
        for size in (1, 7, 640, 5000):
            kept = KeptRows()
            for start in range(0, n_rows, size):
                kept.add(X[start : min(start + size, n_rows)])
            found = np.concatenate(kept.rows)[:, 0]
            np.testing.assert_array_equal(found, kept.numbers)
            assert min(n_rows, MOST_KEPT // 2) <= len(found) <= MOST_KEPT
            assert kept.n_rows == n_rows > found[-1] >= n_rows - kept.step
