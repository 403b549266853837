"""Validation of the arrays that users pass: once, before anything else."""

from numbers import Number

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array, check_random_state, column_or_1d
from sklearn.utils.validation import check_consistent_length, validate_data

from skmlp.errors import Text, error_context, invalid, refuse_unsupported
from skmlp.estimators.validation.dask_collections import refuse_dask
from skmlp.estimators.validation.target_values import plain_values, refuse_missing
from skmlp.estimators.validation.unreadable import (
    naming_the_column,
    refuse_dates,
    with_plain_sparse_columns,
)
from skmlp.training.batches import ChosenRows
from skmlp.training.converted_rows import (
    ConvertedRows,
    ConvertedSparseRows,
    bytes_of_row,
    gives_sparse_rows,
    row_blocks,
)

FLOATS = (np.float64, np.float32)
FINITE = "an array or sparse matrix of finite numbers of shape (n_samples, n_features)"
SEED = "None, an integer in [0, 2**32 - 1] or a numpy.random.RandomState"


def check_X(estimator, X, *, reset, dtype=FLOATS, order="C", name="X"):
    """X as a float array of that order, or a CSR matrix; `reset` records its features.

    Training gathers rows in random order, which is fast where rows are contiguous. Data
    that are not in memory stay there: their rows are converted when they are read.
    """
    with error_context(type(estimator).__name__, name, FINITE, X):
        refuse_unsupported(X)
        refuse_dask(X)
        refuse_dates(X)
        if is_read_by_rows(X) and not _is_mapped_as_used(X, dtype, order):
            return _check_by_blocks(estimator, X, reset, dtype)
        with naming_the_column(X):
            return validate_data(
                estimator,
                with_plain_sparse_columns(X),
                reset=reset,
                accept_sparse="csr",
                dtype=dtype,
                order=order,
            )


def is_read_by_rows(X) -> bool:
    """Whether X may be larger than memory: a memory map, or an array of a file."""
    if issparse(X):
        return _is_mapped(getattr(X, "data", None))
    if isinstance(X, np.ndarray):
        return X.ndim == 2 and X.dtype.kind in "biuf" and _is_mapped(X)
    return isinstance(X, ConvertedRows) or _is_array_of_file(X)


def _is_mapped(array) -> bool:
    """Whether the array is a memory map, or a view of one."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


def _is_array_of_file(X) -> bool:
    """Of h5py's and zarr's kind; arrays with operators of their own are in memory."""
    shape, dtype = getattr(X, "shape", None), getattr(X, "dtype", None)
    is_matrix = isinstance(shape, tuple) and list(map(type, shape)) == [int, int]
    has_numbers = isinstance(dtype, np.dtype) and dtype.kind in "biuf"
    others = ("__array_namespace__", "__dask_graph__")
    return (
        is_matrix
        and has_numbers
        and hasattr(X, "__getitem__")
        and not any(hasattr(X, name) for name in others)
    )


def _is_mapped_as_used(X, dtype, order) -> bool:
    """Whether an array, or the data of a sparse matrix, is taken without a copy.

    Or with one, where it is sparse and not by rows.
    """
    is_wanted = X.dtype in _dtypes(dtype)
    if issparse(X):
        return is_wanted or X.format != "csr" or X.dtype.kind not in "biuf"
    if not isinstance(X, np.ndarray):
        return False
    return is_wanted and (order is None or X.flags.c_contiguous)


def _dtypes(dtype):
    """Those that X may have, of which others become the first."""
    return dtype if isinstance(dtype, tuple) else (dtype,)


def _check_by_blocks(estimator, X, reset, dtype) -> ConvertedRows:
    """X as rows that are converted later; all are looked at once, some at a time."""
    source, dtypes = X.source if isinstance(X, ConvertedRows) else X, _dtypes(dtype)
    dtype = X.dtype if X.dtype in dtypes else dtypes[0]
    kind = ConvertedSparseRows if gives_sparse_rows(X) else ConvertedRows
    rows = kind(source, dtype)
    blocks = row_blocks(X.shape[0], bytes_of_row(rows))
    first = rows[next(blocks, slice(0, 0))]
    validate_data(estimator, first, reset=reset, dtype=dtype, accept_sparse="csr")
    if source is X and X.dtype.kind == "f":  # others are finite
        for block in blocks:
            _check_block(estimator, rows, block)
    return rows


def _check_block(estimator, X, rows) -> None:
    how = {"dtype": X.dtype, "accept_sparse": "csr", "input_name": "X"}
    try:
        check_array(X[rows], estimator=estimator, **how)
    except ValueError as error:
        text = f"{error}\nThese are rows {rows.start} to {rows.stop - 1}."
        raise ValueError(text) from None


def check_X_to_predict(estimator, X):
    """`check_X`, skipped for a plain array of finite floats, and for rows of a fit."""
    if _is_plain(estimator, X) or isinstance(X, ChosenRows):
        return X
    return check_X(estimator, X, reset=False, order=None)


def _is_plain(estimator, X) -> bool:
    """Whether check_X would give X back as it is, without error or warning."""
    fitted = vars(estimator)
    return (
        type(X) is np.ndarray
        and X.dtype in FLOATS
        and X.ndim == 2
        and X.shape[0] > 0
        and X.shape[1] == fitted.get("n_features_in_")
        and "feature_names_in_" not in fitted
        and _has_finite_sum(X)
    )


def _has_finite_sum(X) -> bool:
    """Whether the sum is finite, so that all entries are."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(X.sum()))


def check_y(owner, y, n_samples, *, expected, numeric, name="y"):
    """y as an array (n_samples,) or (n_samples, n_outputs), finite where it can be."""
    given, y = y, check_values(owner, y, expected=expected, numeric=numeric, name=name)
    with error_context(owner, name, expected, given):
        _check_shape_of_y(y, n_samples)
        return column_or_1d(y, warn=True) if y.shape[1:] == (1,) else y


def check_values(owner, y, *, expected, numeric, name="y"):
    """y of any library as an array of any shape, finite where it can be."""
    with error_context(owner, name, expected, y):
        if y is None:
            raise ValueError(
                f"{owner} requires y to be passed, but the target y is None."
            )
        refuse_unsupported(y)
        y = plain_values(owner, name, y, numeric=numeric)
        refuse_unsupported(y)  # a list may have become a complex array
        if _has_nan(y):
            refuse_missing(owner, name, np.isnan(y))
        return check_array(
            y,
            accept_sparse=False if numeric else "csr",
            ensure_2d=False,
            dtype=np.float64 if numeric else None,
            input_name="y",
            estimator=owner,
        )


def _has_nan(y) -> bool:
    is_floats = isinstance(y, np.ndarray) and y.dtype.kind == "f" and y.size > 0
    # of all numbers the minimum is one only if none is NaN
    return is_floats and bool(np.isnan(y.min()))


def _check_shape_of_y(y, n_samples) -> None:
    if y.ndim == 0:
        raise ValueError("y is a single value.")
    if y.shape[0] != n_samples:
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"[{n_samples}, {y.shape[0]}]"
        )
    if y.ndim == 2 and y.shape[1] == 0:
        raise ValueError("y has no columns.")


def check_sample_weight(owner, sample_weight, X, name="sample_weight"):
    """The weights as float64 of shape (n_samples,), or None for none."""
    if sample_weight is None:
        return None
    n_samples = X.shape[0]
    expected = (
        f"None, a number, or an array of shape ({n_samples},), >= 0 and not all 0"
    )
    with error_context(owner, name, expected, sample_weight):
        refuse_unsupported(sample_weight)
        if isinstance(sample_weight, (Number, str)) or _is_0d(sample_weight):
            sample_weight = np.full(n_samples, sample_weight)
        weight = check_array(
            sample_weight,
            ensure_2d=False,
            dtype=np.float64,
            input_name=name,
            estimator=owner,
        )
        if weight.ndim != 1:
            raise ValueError("Sample weights must be 1D array or scalar.")
        check_consistent_length(X, weight)
        _check_sum(weight)
        return weight


def _is_0d(value) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 0


def _check_sum(weight) -> None:
    if weight.min() < 0:
        raise ValueError(f"Sample weights must be >= 0, not {weight.min()}.")
    with np.errstate(over="ignore"):
        total = weight.sum()
    if not np.isfinite(total):
        raise ValueError("The sum of sample weights overflows.")
    if total == 0:
        raise ValueError("Sample weights must contain at least one non-zero number.")
    if total < np.finfo(np.float64).tiny * len(weight):
        raise ValueError("Sample weights are too small to be divided by their mean.")


def check_penalty(owner, name, strength, mean_weight, dtype) -> float:
    """``alpha`` or ``alpha_l1`` for rows of mean weight 1, a number of the dtype."""
    scaled = float(strength) / mean_weight
    if scaled > float(np.finfo(dtype).max):
        raise invalid(
            owner,
            "sample_weight",
            f"have a mean by which {name} can be divided within {np.dtype(dtype)}",
            Text(f"a mean of {mean_weight:g} and {name}={strength!r}"),
        )
    return scaled


def check_seed(owner, random_state) -> np.random.RandomState:
    """``random_state`` as a RandomState; None is NumPy's global one."""
    with error_context(owner, "random_state", SEED, random_state):
        return check_random_state(random_state)
