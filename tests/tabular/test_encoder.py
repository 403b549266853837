"""TableEncoder: tables of every library, with what is missing, as numbers."""

import pickle
import re
import tracemalloc
import warnings
from itertools import product

import numpy as np
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from skmlp.tabular import SmoothClipScaler, TableEncoder
from skmlp.tabular.encoder import LOW_DENSITY, MANY_COLUMNS

from .dresses import (
    DATA,
    DRESSES,
    NAMES,
    ROWS,
    column,
    encoded,
    every_dress,
    frame_libraries,
    merging,
)


def contents(X):
    """All that is in a table, as text."""
    if hasattr(X, "iloc"):
        return repr(X.to_dict("list"))
    return repr(X.to_dict(as_series=False) if hasattr(X, "to_dict") else list(X))


# What a table becomes


@pytest.mark.parametrize(
    "dress", ["object array", "list of lists", "pandas", "polars categories"]
)
def test_names_say_what_each_column_is_about(dress):
    X = DRESSES[dress]()
    encoder = TableEncoder().fit(X)
    names = encoder.get_feature_names_out().tolist()
    expected = NAMES
    if not hasattr(X, "columns"):
        for j, name in enumerate(DATA):
            expected = [re.sub(f"^{name}", f"x{j}", column) for column in expected]
    assert names == expected
    assert encoder.is_categorical_.tolist() == [False] * 3 + [True] * 4
    categories = [values.tolist() for values in encoder.categories_.values()]
    assert categories == [
        ["blue", "green", "red"],
        ["f", "m"],
        ["False", "True"],
        ["at"],
    ]


@every_dress
def test_a_row_alone_is_encoded_as_among_others(dress):
    X = DRESSES[dress]()
    encoder = TableEncoder().fit(X)
    whole = encoder.transform(X)
    for i in range(len(ROWS)):
        row = X.iloc[[i]] if hasattr(X, "iloc") else X[i : i + 1]
        np.testing.assert_array_equal(encoder.transform(row), whole[[i]])


@every_dress
def test_fit_transform_is_fit_and_transform_and_leaves_the_table_alone(dress):
    X = DRESSES[dress]()
    before = contents(X)
    values = TableEncoder().fit_transform(X)
    np.testing.assert_array_equal(values, TableEncoder().fit(X).transform(X))
    assert contents(X) == before


def test_numbers_are_as_in_scikit_learns_imputer_and_ours_scaler():
    rng = np.random.default_rng(0)
    X = rng.standard_cauchy(size=(60, 5))
    X[rng.uniform(size=X.shape) < [0, 0.1, 0.5, 0.9, 1]] = np.nan
    imputer = SimpleImputer(
        strategy="median", add_indicator=True, keep_empty_features=True
    )
    pipeline = make_pipeline(imputer, SmoothClipScaler())
    np.testing.assert_allclose(encoded(X), pipeline.fit_transform(X), rtol=1e-12)
    later = np.vstack([X, np.full((1, 5), np.nan)])
    ours = TableEncoder(dtype=np.float64).fit(X).transform(later)
    np.testing.assert_allclose(ours, pipeline.transform(later), rtol=1e-12)


# Which columns


def test_a_second_fit_forgets_the_first():
    encoder = TableEncoder().fit(DRESSES["pandas"]()).fit([[1.0, "a"], [2.0, "b"]])
    assert not hasattr(encoder, "feature_names_in_")
    assert encoder.n_features_in_ == 2
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1_a"]
    assert list(encoder.categories_) == ["x1"]


# What is refused


BAD_PARAMETERS = {
    "min_frequency": [0, -1, 1.0, 0.0, "few", True],
    "max_categories": [0, 2.0, "all"],
    "sparse_output": ["yes", 1, None],
    "dtype": [None, int, np.float16, "no type"],
}


@pytest.mark.parametrize("name", BAD_PARAMETERS)
def test_a_bad_parameter_is_named(name):
    for value in BAD_PARAMETERS[name]:
        with pytest.raises(ValueError, match=f"^TableEncoder: {name} must be "):
            TableEncoder(**{name: value}).fit([[1.0]])


BAD_TABLES = {"nested": [[1.0, [2]]], "infinite": [[np.inf, 1.0]]}


@pytest.mark.parametrize("bad", BAD_TABLES.values(), ids=BAD_TABLES)
def test_after_a_failed_fit_the_encoder_is_what_it_was(bad):
    encoder = TableEncoder()
    with pytest.raises(ValueError):
        encoder.fit(bad)
    with pytest.raises(NotFittedError):
        encoder.transform(ROWS)
    encoder.fit(ROWS)
    before = pickle.dumps(encoder)
    with pytest.raises(ValueError):
        encoder.fit(bad)
    assert pickle.dumps(encoder) == before


# Sparse and large tables


def sparse_numbers():
    X = sparse.random(50, 6, density=0.1, random_state=0).toarray()
    X[:40, 1] = 3.0  # a median that is not 0
    X[:5, 2] = np.nan
    X[:, 3] = np.nan
    X[:, 4] = 0.0
    return X


@pytest.mark.parametrize(
    "form", ["csr_matrix", "csc_matrix", "coo_matrix", "csr_array"]
)
def test_a_sparse_matrix_gives_the_numbers_of_the_dense_one(form):
    X = sparse_numbers()
    sparse_X = getattr(sparse, form)(X)
    encoder = TableEncoder(dtype=np.float64)
    values = encoder.fit_transform(sparse_X)
    assert sparse.issparse(values) and values.format == "csr"
    np.testing.assert_array_equal(values.toarray(), encoded(X))
    np.testing.assert_array_equal(encoder.transform(X).toarray(), encoded(X))
    np.testing.assert_array_equal(encoded(sparse_X, sparse_output=False), encoded(X))
    np.testing.assert_array_equal(sparse_X.toarray(), X)  # which stays as it is


def test_entries_of_a_sparse_matrix_that_are_stored_twice_are_summed():
    twice = [1.0, 2.0, 5.0, 4.0], [0, 0, 1, 2], [0, 4]
    X = sparse.csc_matrix(twice, shape=(4, 1))
    values = TableEncoder(dtype=np.float64).fit_transform(X)
    np.testing.assert_array_equal(values.toarray(), encoded([[3.0], [5], [4], [0]]))
    assert X.nnz == 4  # X is left as it was


def test_columns_of_a_sparse_matrix_can_be_categories_if_they_are_named():
    X = sparse.csr_matrix([[1.0, 5.0], [0.0, 0.0], [2.0, 0.0]])
    encoder = TableEncoder(categorical_features=[0]).fit(X)
    assert encoder.categories_["x0"].tolist() == ["0", "1", "2"]
    dense = TableEncoder(categorical_features=[0]).fit_transform(X.toarray())
    np.testing.assert_array_equal(encoder.transform(X).toarray(), dense)


@pytest.mark.parametrize("n_categories", [MANY_COLUMNS, MANY_COLUMNS + 1])
def test_the_output_is_sparse_beyond_many_columns_of_few_entries(n_categories):
    X = np.array([[f"c{i}"] for i in range(n_categories)], dtype=object)
    values = TableEncoder(min_frequency=None).fit_transform(X)
    assert values.shape == (n_categories, n_categories)
    assert sparse.issparse(values) == (n_categories > MANY_COLUMNS)
    density = (values != 0).sum() / n_categories**2
    assert density < LOW_DENSITY


def test_many_columns_of_numbers_stay_dense():
    X = np.random.default_rng(0).normal(size=(3, MANY_COLUMNS + 1))
    assert isinstance(TableEncoder().fit_transform(X), np.ndarray)


@pytest.mark.parametrize("dress", ["object array", "pandas", "polars"])
def test_sparse_output_has_the_numbers_of_the_dense_one(dress):
    X = DRESSES[dress]()
    values = TableEncoder(sparse_output=True).fit_transform(X)
    assert values.format == "csr" and values.dtype == np.float32
    dense = TableEncoder(sparse_output=False).fit_transform(X)
    np.testing.assert_array_equal(values.toarray(), dense)


@merging
@pytest.mark.parametrize("min_frequency", ["auto", None])
def test_30_000_categories_take_little_memory(min_frequency):
    n_categories, n_rows = 30_000, 60_000  # dense: 7.2 GB
    rng = np.random.default_rng(0)
    names = np.array([f"c{i}" for i in range(n_categories)], dtype=object)
    names = np.concatenate([names, rng.choice(names, n_rows - len(names))])
    X = np.column_stack([names, rng.normal(size=n_rows)])
    tracemalloc.start()
    encoder = TableEncoder(min_frequency=min_frequency)
    values = encoder.fit_transform(X)
    alone = encoder.transform(X[:1])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 120e6
    assert sparse.issparse(values)
    n_columns = sum(map(len, encoder.categories_.values())) + 1
    n_columns += min_frequency == "auto"  # of the infrequent ones
    assert values.shape == (n_rows, n_columns)
    assert len(encoder.get_feature_names_out()) == n_columns
    np.testing.assert_array_equal(alone.toarray(), values[:1].toarray())
    if min_frequency is None:
        assert n_columns == n_categories + 1
        np.testing.assert_allclose(values[:, 1:].data, 1.66410059, rtol=1e-7)


# As an estimator of scikit-learn


@pytest.mark.parametrize("dress", ["object array", "pandas categories", "polars"])
def test_copies_give_the_same_numbers(dress):
    X = DRESSES[dress]()
    encoder = TableEncoder(max_categories=3).fit(X)
    expected = encoder.transform(X)
    for copy in (pickle.loads(pickle.dumps(encoder)), clone(encoder).fit(X)):
        np.testing.assert_array_equal(copy.transform(X), expected)


DTYPES = [np.float32, np.float64, "float32", "float", np.dtype("f8")]


def test_the_output_is_of_the_type_that_is_asked_for():
    tables = [ROWS, np.float32([[1, 2], [3, 5]])]
    for dtype, sparse_output, X in product(DTYPES, [False, True], tables):
        encoder = TableEncoder(dtype=dtype, sparse_output=sparse_output)
        values = encoder.fit_transform(X)
        assert values.dtype == np.dtype(dtype), dtype
        assert encoder.transform(X).dtype == np.dtype(dtype), dtype


def test_numbers_beyond_float32_are_scaled_before_they_become_float32():
    offset = 1.7e9 + np.arange(5.0)  # float32 has steps of 128 there
    values = TableEncoder().fit_transform(np.column_stack([offset, offset * 1e290]))
    expected = SmoothClipScaler().fit_transform(np.arange(5.0)[:, np.newaxis])
    np.testing.assert_allclose(values[:, :1], expected, rtol=1e-6)
    assert np.isfinite(values).all()


def test_it_can_be_a_part_of_a_column_transformer():
    X = DRESSES["pandas"]()
    transformer = ColumnTransformer([("table", TableEncoder(), ["age", "colour"])])
    expected = TableEncoder().fit_transform(X[["age", "colour"]])
    np.testing.assert_array_equal(transformer.fit_transform(X), expected)


@frame_libraries
def test_frames_are_read_without_a_warning(library):
    X = DRESSES[library]()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TableEncoder().fit(X).transform(X[:2])


def test_tags_say_what_tables_it_takes():
    tags = get_tags(TableEncoder()).input_tags
    assert tags.string and tags.categorical and tags.allow_nan and tags.sparse


@pytest.mark.parametrize("categorical_features", ["from_dtype", None], ids=str)
def test_passes_scikit_learns_checks(categorical_features):
    check_estimator(TableEncoder(categorical_features), on_skip=None)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_with_frames_out_the_encoder_chooses_no_sparse_matrix(library):
    pytest.importorskip(library)
    X = column([f"c{i}" for i in range(2100)])
    plain = TableEncoder(min_frequency=None)
    by_itself = clone(clone(plain).set_output(transform=library))
    frames = [by_itself.fit_transform(X)]
    with config_context(transform_output=library):
        frames.append(clone(plain).fit_transform(X))
        fitted = plain.fit(X)
    assert not (by_itself.sparse_output_ or fitted.sparse_output_)
    frames.append(clone(plain).fit(X).set_output(transform=library).transform(X))
    for frame in frames:
        assert type(frame).__module__.startswith(library)
        np.testing.assert_array_equal(frame.to_numpy(), fitted.transform(X))
    assert TableEncoder(min_frequency=None).fit(X).sparse_output_
