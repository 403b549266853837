"""SmoothClipScaler: columns as the formula has them, dense, sparse and extreme."""

import pickle
import tracemalloc
from itertools import product

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from skmlp.tabular import SmoothClipScaler

# median 0 and quartiles -0.5 and 0.5, so that z is x itself
UNIT = np.array([[-1.0], [-0.5], [0.0], [0.5], [1.0]])
# z / sqrt(1 + (z / 3)^2), by decimal with 40 digits
CLIPPED = {
    0.0: 0.0,
    0.5: 0.4931969619160719,
    1.0: 0.9486832980505138,
    2.0: 1.6641005886756874,
    3.0: 2.1213203435596424,
    10.0: 2.8734788556634538,
    -7.0: -2.757435090054174,
}

rng = np.random.default_rng(0)
GAPS = rng.normal(size=(41, 3))
GAPS[rng.uniform(size=GAPS.shape) < 0.3] = np.nan
TABLES = {
    "normal": rng.normal(5, 3, size=(40, 3)),
    "heavy tails": rng.standard_cauchy(size=(37, 2)),
    "whole numbers": rng.integers(0, 6, size=(50, 4)).astype(float),
    "0 and 1": (rng.uniform(size=(60, 3)) < [0.05, 0.5, 0.9]).astype(float),
    "mostly zeros": rng.normal(size=(60, 2)) * (rng.uniform(size=(60, 2)) < 0.2),
    "constant": np.full((5, 2), 0.1),
    "one row": np.array([[3.0, -2.0]]),
    "two rows": np.array([[3.0, -2.0], [4.0, -2.0]]),
    "missing": GAPS,
}


def by_the_formula(column):
    """The scaled column as the paper writes it, from the numbers that are there."""
    there = column[~np.isnan(column)]
    low, median, high = np.quantile(there, [0.25, 0.5, 0.75])
    spread = there.max() - there.min()
    factor = 1 / (high - low) if high > low else 2 / spread if spread else 0.0
    z = factor * (column - median)
    return z / np.sqrt(1 + (z / 3) ** 2)


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-14), (np.float32, 1e-6)])
def test_a_scaled_value_is_clipped_smoothly(dtype, rtol):
    scaler = SmoothClipScaler().fit(UNIT.astype(dtype))
    values = scaler.transform(np.array(list(CLIPPED), dtype=dtype)[:, np.newaxis])
    np.testing.assert_allclose(values.ravel(), list(CLIPPED.values()), rtol=rtol)


def test_columns_follow_the_formula():
    for name, X in TABLES.items():
        expected = np.column_stack([by_the_formula(column) for column in X.T])
        np.testing.assert_allclose(
            SmoothClipScaler().fit_transform(X),
            expected,
            rtol=1e-12,
            atol=1e-15,
            err_msg=name,
        )


def test_center_and_scale_are_median_and_distance_of_quartiles():
    for name, X in TABLES.items():
        scaler = SmoothClipScaler().fit(X)
        low, median, high = np.nanquantile(X, [0.25, 0.5, 0.75], axis=0)
        spread = np.nanmax(X, axis=0) - np.nanmin(X, axis=0)
        expected = np.where(high > low, high - low, spread / 2)
        expected[expected == 0] = np.inf  # no difference is more than none of it
        for found, wanted in (scaler.center_, median), (scaler.scale_, expected):
            np.testing.assert_allclose(found, wanted, rtol=1e-15, err_msg=name)


def test_rows_do_not_depend_on_each_other():
    for name, X in TABLES.items():
        scaler = SmoothClipScaler().fit(X)
        rows = np.vstack([scaler.transform(row) for row in X[:, np.newaxis]])
        np.testing.assert_array_equal(rows, scaler.transform(X), err_msg=name)


def test_a_sparse_matrix_gives_the_numbers_of_the_dense_one():
    forms = ["csr_matrix", "csc_matrix", "csr_array", "csc_array"]
    for name, X in TABLES.items():
        for form, dtype in product(forms, [np.float64, np.float32]):
            dense = X.astype(dtype)
            sparse_X = getattr(sparse, form)(dense)
            values = SmoothClipScaler().fit_transform(sparse_X)
            assert sparse.issparse(values), (name, form)
            assert values.format == sparse_X.format, (name, form)
            assert values.dtype == dtype, (name, form)
            expected = SmoothClipScaler().fit_transform(dense)
            np.testing.assert_array_equal(
                values.toarray(), expected, err_msg=f"{name}, {form}"
            )


def test_entries_that_are_stored_twice_are_summed():
    data, row, column = [1.0, 2.0, 5.0, 4.0], [0, 0, 1, 2], [0, 0, 0, 0]
    X = sparse.csr_matrix(sparse.coo_matrix((data, (row, column)), shape=(4, 1)))
    X.indptr, X.indices = np.array([0, 2, 3, 4, 4]), np.array([0, 0, 0, 0])
    X.data = np.array(data)  # as sums of matrices may be before they are tidied up
    expected = SmoothClipScaler().fit_transform(np.array([[3.0], [5.0], [4.0], [0.0]]))
    values = SmoothClipScaler().fit_transform(X)
    np.testing.assert_array_equal(values.toarray(), expected)
    assert X.nnz == 4  # X is left as it was


def test_a_huge_sparse_table_of_rare_columns_stays_sparse():
    n, d, nnz = 20_000, 5_000, 100_000  # dense: 800 MB
    rng = np.random.default_rng(0)
    where = rng.integers(0, n, nnz), rng.integers(0, d, nnz)
    X = sparse.csr_matrix((rng.uniform(size=nnz), where), shape=(n, d))
    tracemalloc.start()
    values = SmoothClipScaler().fit_transform(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert values.nnz == X.nnz
    assert peak < 20 * X.data.nbytes


def test_a_rare_indicator_becomes_0_and_1_66():
    for share in (0.01, 0.1, 0.24):
        X = (np.arange(1000) < 1000 * share).astype(float)[:, np.newaxis]
        values = SmoothClipScaler().fit_transform(X)
        np.testing.assert_allclose(np.unique(values), [0, CLIPPED[2.0]], rtol=1e-14)


@pytest.mark.parametrize("constant", [0.1, 1.7e308])
def test_a_constant_column_is_0_whatever_comes_later(constant):
    scaler = SmoothClipScaler().fit(np.full((5, 1), constant))
    later = np.array([[0.1], [7.0], [-1.7e308], [np.nan]])
    np.testing.assert_array_equal(scaler.transform(later).ravel(), [0, 0, 0, np.nan])


def test_missing_numbers_stay_missing_and_a_column_without_numbers_is_0():
    scaler = SmoothClipScaler().fit([[np.nan, 1.0], [np.nan, np.nan], [np.nan, 3.0]])
    values = scaler.transform([[np.nan, np.nan], [5.0, 2.0]])
    np.testing.assert_array_equal(values, [[np.nan, np.nan], [0, 0]])
    np.testing.assert_array_equal(scaler.center_, [0, 2])
    np.testing.assert_array_equal(scaler.scale_, [np.inf, 1])


HUGE = {
    "1e300": np.array([-1e300, 0.0, 1.0, 2.0, 1e300]),
    "all 1e300": np.array([-1e300, -5e299, 0.0, 5e299, 1e300]),
    "largest": np.finfo(np.float64).max * np.array([-1.0, -1.0, 0.0, 1.0, 1.0]),
    "largest of float32": np.float32(3e38) * np.array([-1, -1, 0.5, 1, 1], np.float32),
    "one outlier of float32": np.array([0, 1, 2, 3, 3e38], np.float32),
    "smallest": np.array([0.0, 5e-324, 1e-323, 0.0, 1.0]),
    "smallest of float32": np.array([0, 1e-45, 3e-45, 0, 1], np.float32),
}


def test_extreme_values_give_finite_ones_in_their_order():
    for name, column in HUGE.items():
        X = column[:, np.newaxis]
        largest = np.finfo(X.dtype).max
        later = np.vstack([X, np.array([[-largest], [largest]], X.dtype)])
        for as_table in (np.array, sparse.csr_matrix):
            values = SmoothClipScaler().fit(as_table(X)).transform(as_table(later))
            values = (values.toarray() if sparse.issparse(values) else values).ravel()
            assert values.dtype == X.dtype, name
            assert (np.abs(values) <= 3).all(), name
            assert (np.diff(values[np.argsort(later.ravel())]) >= 0).all(), name
            assert values.max() > values.min(), name


def test_an_outlier_moves_the_others_by_its_rank_only():
    X = np.arange(9.0)[:, np.newaxis]
    values = SmoothClipScaler().fit_transform(X)
    for size in (1e3, 1e9, 1e200):
        X[-1] = size
        moved = SmoothClipScaler().fit_transform(X)
        np.testing.assert_array_equal(values[:-1], moved[:-1])
        assert 2.99 < moved[-1, 0] <= 3, size


def test_tables_of_more_rows_than_a_block_have_no_seam():
    rows = np.random.default_rng(0).normal(size=(8192, 2))
    for n_rows in (4095, 4096, 4097, 8192):
        X = rows[:n_rows]
        expected = np.column_stack([by_the_formula(column) for column in X.T])
        values = SmoothClipScaler().fit_transform(X)
        np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.bool_])
def test_float32_stays_float32_and_others_become_float64(dtype):
    X = np.array([[0], [1], [0], [0], [1]]).astype(dtype)
    before = X.copy()
    values = SmoothClipScaler().fit_transform(X)
    assert values.dtype == (np.float32 if dtype == np.float32 else np.float64)
    np.testing.assert_array_equal(X, before)


NO_TABLES = [
    ([[np.inf], [1.0]], "infinity"),
    ([[-np.inf], [1.0]], "infinity"),
    ([1.0, 2.0], "Expected 2D array"),
    ([["a"], ["b"]], "could not convert string"),
    (np.array([[1j]]), "Complex data"),
    (np.ma.array([[1.0]], mask=[[True]]), "Masked entries"),
    (np.empty((0, 2)), r"0 sample\(s\)"),
]


def test_what_is_no_table_of_numbers_is_refused():
    for X, complaint in NO_TABLES:
        scaler = SmoothClipScaler()
        expected = rf"{complaint}(.|\n)*SmoothClipScaler: X must"
        with pytest.raises(ValueError, match=expected):
            scaler.fit(X)
        assert not hasattr(scaler, "center_")


def test_transform_refuses_infinities_and_other_columns_and_needs_a_fit():
    with pytest.raises(NotFittedError):
        SmoothClipScaler().transform(UNIT)
    scaler = SmoothClipScaler().fit(UNIT)
    with pytest.raises(ValueError, match="infinity"):
        scaler.transform([[np.inf]])
    with pytest.raises(ValueError, match="X has 2 features, but SmoothClipScaler is"):
        scaler.transform([[1.0, 2.0]])


def test_copies_give_the_same_numbers():
    X = TABLES["heavy tails"]
    scaler = SmoothClipScaler().fit(X)
    expected = scaler.transform(X)
    for copy in (pickle.loads(pickle.dumps(scaler)), clone(scaler).fit(X)):
        np.testing.assert_array_equal(copy.transform(X), expected)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_come_and_go_with_their_names(library):
    frames = pytest.importorskip(library)
    X = frames.DataFrame({"a": [1.0, 2.0, 4.0], "b": [0.0, 0.0, 1.0]})
    scaler = SmoothClipScaler().set_output(transform=library)
    values = scaler.fit_transform(X)
    assert isinstance(values, frames.DataFrame)
    assert list(values.columns) == ["a", "b"]
    expected = SmoothClipScaler().fit_transform([[1.0, 0.0], [2.0, 0.0], [4.0, 1.0]])
    np.testing.assert_array_equal(values.to_numpy(), expected)


def test_passes_scikit_learns_checks():
    check_estimator(SmoothClipScaler(), on_skip=None)
