"""SmoothClipScaler: columns centred, scaled, and clipped smoothly to (-3, 3)."""

import sys
from itertools import pairwise

import numpy as np
from scipy.sparse import hstack, issparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skmlp.errors import error_context, refuse_unsupported
from skmlp.estimators.validation.arrays import FLOATS

BOUND = 3.0
# From here on a value is at the bound to the last bit; its square does not overflow.
SATURATED = 1e9
QUARTILES = (0.25, 0.5, 0.75)
# Rows that are clipped in one go: what is needed on the way stays small.
BLOCK_ROWS = 4096


class SmoothClipScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Centre columns by median, scale them by quartiles, and clip them smoothly.

    A column x with median m and interquartile range q becomes

        z  = (x - m) / s,    s = q, or (max - min) / 2 if q = 0
        x' = z / sqrt(1 + (z / 3)^2)

    so that the middle half of its values spans about 1 around 0, and outliers stay
    within 3. A constant column becomes 0.

    Missing numbers (NaN) are ignored by the statistics, and stay missing. A sparse
    matrix gives the same numbers as a dense one: columns with median 0 stay sparse, and
    the others have at least half of their entries stored already.

    Attributes
    ----------
    center_ : ndarray of shape (`n_features_in_`,)
        Median m of each column, in its units; 0 for a column without numbers.

    scale_ : ndarray of shape (`n_features_in_`,)
        Scale s of each column, in its units; infinite for a constant column and for
        one without numbers.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had them and all are strings.

    See Also
    --------
    TableEncoder : The same scaling for tables with categories and missing values.
    sklearn.preprocessing.RobustScaler : Scaling by quartiles, without the clip.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, Better by default: Strong pre-tuned MLPs and
    boosted trees on tabular data, 2024, section 3. Quantiles are NumPy's "linear".

    Examples
    --------
    >>> from skmlp.tabular import SmoothClipScaler
    >>> X = [[0.0], [1.0], [2.0], [3.0], [1e6]]
    >>> SmoothClipScaler().fit_transform(X).round(4).ravel()
    array([-0.9487, -0.4932,  0.    ,  0.4932,  3.    ])
    """

    def fit(self, X, y=None):
        """Learn the median and the scale of each column.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Numbers; NaN is a missing value.

        y : None
            Ignored.

        Returns
        -------
        self : SmoothClipScaler
            The fitted scaler.

        Raises
        ------
        ValueError
            If X is not a table of numbers, or has infinite numbers.
        """
        X = self._checked(X, reset=True)
        self.center_, self.scale_ = column_scales(X)
        return self

    def transform(self, X):
        """Centre, scale and clip each column.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Numbers; NaN is a missing value.

        Returns
        -------
        X_clipped : {ndarray, sparse matrix} of shape (n_samples, n_features)
            Numbers in [-3, 3], or NaN; float32 if X is, else float64.

        Raises
        ------
        ValueError
            If the columns of X differ from those of ``fit``, or X has infinite numbers.
        """
        check_is_fitted(self)
        return smooth_clip(self._checked(X, reset=False), self.center_, self.scale_)

    def _checked(self, X, reset):
        shape = "(n_samples, n_features)"
        expected = f"an array or sparse matrix of numbers or NaN of shape {shape}"
        with error_context(type(self).__name__, "X", expected, X):
            refuse_unsupported(X)
            return validate_data(
                self,
                X,
                reset=reset,
                accept_sparse=("csr", "csc"),
                dtype=FLOATS,
                ensure_all_finite="allow-nan",
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


# Statistics


def column_scales(X):
    """Centres and scales of the columns of X, two float64 arrays (n_features,).

    X : float array or sparse matrix (n, n_features), finite or NaN.
    """
    pairs = _sparse_scales(X) if issparse(X) else map(_scale_of, X.T)
    table = np.array([*pairs], dtype=np.float64).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()


def _scale_of(column):
    return center_and_scale(column[~np.isnan(column)])


def center_and_scale(values):
    """Median and scale of finite numbers (n,); n may be 0.

    Halves are taken first: they are exact, and no difference of two overflows.
    """
    if not len(values):
        return 0.0, np.inf
    halves = np.multiply(values, 0.5, dtype=np.float64)
    low, center, high = np.quantile(halves, QUARTILES).tolist()
    scale = min(2 * (high - low), sys.float_info.max)
    return 2 * center, scale or float(np.ptp(halves)) or np.inf


def _sparse_scales(X):
    X = _by_columns(X)
    for start, stop in pairwise(X.indptr):
        values = X.data[start:stop]
        present = values[~np.isnan(values)]
        n_present = X.shape[0] - (len(values) - len(present))
        yield _center_and_scale_with_zeros(present, n_present)


def _center_and_scale_with_zeros(values, n_present):
    """center_and_scale of the values, padded with zeros to n_present."""
    # so few that all three quartiles are among the zeros
    if len(values) <= (n_present - 1) // 4:
        halves = np.multiply(values, 0.5, dtype=np.float64)
        spread = halves.max(initial=0.0) - halves.min(initial=0.0)
        return 0.0, float(spread) or np.inf
    return center_and_scale(np.pad(values, (0, n_present - len(values))))


def _by_columns(X):
    """A CSC copy of X, each entry stored once."""
    X = X.tocsc(copy=True)
    X.sum_duplicates()
    return X


# Values


def smooth_clip(X, center, scale):
    """The columns of X, centred, scaled and clipped: a new array of the dtype of X.

    X : float array or sparse matrix (n, n_features).
    center, scale : (n_features,), as `column_scales` gives them.
    """
    if issparse(X):
        return _smooth_clip_sparse(X, center, scale)
    clipped = np.empty_like(X)
    for start in range(0, len(X), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        clipped[rows] = _smooth_clip_block(X[rows], center, scale)
    return clipped


def _smooth_clip_block(X, center, scale):
    """smooth_clip of an array (n, n_features) or (n,), in float64 even if X is float32.

    A difference of two float32 numbers, or of quartiles, may be too large for float32.
    """
    z = _standardised(X, center, scale)
    root = z / BOUND
    root *= root
    root += 1
    z /= np.sqrt(root, out=root)
    return np.clip(z, -BOUND, BOUND, out=z)  # the quotient is rounded


def _standardised(X, center, scale):
    """(X - center) / scale in float64, at most SATURATED in size."""
    with np.errstate(over="ignore"):
        z = np.subtract(X, center, dtype=np.float64)
        # infinite differences, over an infinite scale, would not be numbers
        np.clip(z, -sys.float_info.max, sys.float_info.max, out=z)
        z /= scale
    return np.clip(z, -SATURATED, SATURATED, out=z)


def _smooth_clip_sparse(X, center, scale):
    """smooth_clip of a sparse matrix: columns with a nonzero median become full."""
    clipped = _by_columns(X)
    column = np.repeat(np.arange(X.shape[1]), np.diff(clipped.indptr))
    clipped.data[:] = _smooth_clip_block(clipped.data, center[column], scale[column])
    full = np.flatnonzero(center)
    if len(full):
        filled = smooth_clip(X.tocsc()[:, full].toarray(), center[full], scale[full])
        clipped = _with_columns(clipped, full, filled)
    clipped.eliminate_zeros()
    return clipped.asformat(X.format)


def _with_columns(X, numbers, columns):
    """The CSC matrix X with some columns replaced by dense ones."""
    rest = np.setdiff1d(np.arange(X.shape[1]), numbers)
    joined = hstack([X[:, rest], type(X)(columns)], format="csc", dtype=X.dtype)
    return joined[:, np.argsort(np.concatenate([rest, numbers]))]
