"""Missing numbers: the median instead, and a column that says so."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import hstack, issparse

from skmlp.tabular.smooth_clip import column_scales


@dataclass
class MissingNumbers:
    """What stands for a missing number, and the columns that had some.

    medians : (n_numbers,), 0 where a column had no number at all.
    incomplete : (n_incomplete,), the columns where some were missing, by number.
    empty : (n_empty,), those of them where all were missing.
    counts : (n_numbers,), how many were.
    """

    medians: Any
    incomplete: Any
    empty: Any
    counts: Any

    def fill(self, X):
        """X with medians for NaN, and after it 0/1 indicators of incomplete columns.

        X : float array or CSC matrix (n, n_numbers), which is overwritten; what comes
        is of the same kind, (n, n_numbers + n_incomplete).
        """
        return self._fill_sparse(X) if issparse(X) else self._fill_dense(X)

    def _fill_dense(self, X):
        missing = np.isnan(X)
        np.copyto(X, self.medians, where=missing, casting="same_kind")
        if not len(self.incomplete):
            return X
        return np.hstack([X, missing[:, self.incomplete]], dtype=X.dtype)

    def _fill_sparse(self, X):
        missing = _is_nan(X)
        column = np.repeat(np.arange(X.shape[1]), np.diff(X.indptr))
        np.copyto(X.data, self.medians[column], where=missing.data, casting="same_kind")
        return hstack([X, missing[:, self.incomplete]], format="csc", dtype=X.dtype)


def learn_missing(X, leading):
    """MissingNumbers from the training table, a float array or CSC matrix.

    leading : (n_numbers,), the columns that an indicator may be about, as bools: the
        others are missing where the one before is.
    """
    missing = _is_nan(X) if issparse(X) else np.isnan(X)
    counts = np.ravel(missing.sum(axis=0))
    return MissingNumbers(
        medians=column_scales(X)[0],
        incomplete=np.flatnonzero(counts * leading),
        empty=np.flatnonzero(counts == X.shape[0]),
        counts=counts,
    )


def _is_nan(X):
    """True for each NaN of a CSC matrix; the other stored entries are False."""
    return type(X)((np.isnan(X.data), X.indices, X.indptr), shape=X.shape)
