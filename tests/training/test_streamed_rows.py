"""Rows of a stream that are kept, by which it is known."""

import numpy as np

from skmlp.training.streamed_rows import MOST_KEPT, KeptRows


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
