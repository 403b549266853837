"""Laws of X that is not of numbers: which column, what is there, what takes it."""

import datetime

import numpy as np
import pytest

from skmlp import MLPAutoencoder, MLPClassifier, MLPRegressor, MLPTransformer

from ...conftest import assert_same_bits

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore::skmlp.DiagnosticWarning",
)

N_ROWS = 12
NUMBERS = np.random.default_rng(0).normal(size=N_ROWS)
Y = np.arange(N_ROWS) % 2
DAYS = [datetime.date(2020, 1, 1 + i) for i in range(N_ROWS)]


def pandas_frame(column, dtype=None):
    pandas = pytest.importorskip("pandas")
    series = pandas.Series(column, dtype=dtype)
    return pandas.DataFrame({"a": NUMBERS, "when": series, "z": ["text"] * N_ROWS})


def polars_frame(column):
    polars = pytest.importorskip("polars")
    return polars.DataFrame({"a": NUMBERS, "when": column, "z": ["text"] * N_ROWS})


def arrow_table(column):
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.table({"a": NUMBERS, "when": column, "z": ["text"] * N_ROWS})


def times(unit="D"):
    return np.array(DAYS, dtype=f"M8[{unit}]")


def lags():
    return times() - np.datetime64("2020-01-01")


def periods():
    return pytest.importorskip("pandas").period_range("2020", periods=N_ROWS)


def zoned():
    return pytest.importorskip("pandas").Series(times("s")).dt.tz_localize("UTC")


DATES = {
    "datetime64": lambda: pandas_frame(times("s")),
    "timedelta64": lambda: pandas_frame(lags().astype("m8[s]")),
    "period": lambda: pandas_frame(periods()),
    "time zone": lambda: pandas_frame(zoned()),
    "polars": lambda: polars_frame(DAYS),
    "polars durations": lambda: polars_frame([d - DAYS[0] for d in DAYS]),
    "Arrow": lambda: arrow_table(DAYS),
}
BY_NUMBER = {
    "array": lambda: times()[:, np.newaxis],
    "durations": lambda: lags()[:, np.newaxis],
    "list": lambda: [[day] for day in times()],
    "objects": lambda: np.array([[day] for day in lags()], dtype=object),
}


def estimators():
    params = {"hidden_layer_sizes": 3, "max_iter": 2}
    kinds = MLPClassifier(**params), MLPRegressor(**params)
    return [*kinds, MLPTransformer(kinds[0]), MLPAutoencoder(2)]


def assert_refused(X, *said):
    """By the fit of every estimator, and by what follows a fit."""
    for estimator in estimators():
        for call in (estimator.fit, _after_a_fit(X, estimator)):
            with pytest.raises((ValueError, TypeError)) as error:
                call(X, Y)
            text = str(error.value)
            assert all(words in text for words in said), text
    other, validated = MLPClassifier(), MLPClassifier(early_stopping=True)
    rows = np.zeros((N_ROWS, np.shape(X)[1]))
    with pytest.raises((ValueError, TypeError), match="X_val"):
        validated.fit(rows, Y, X_val=X, y_val=Y)
    with pytest.raises((ValueError, TypeError)) as error:
        other.partial_fit(X, Y, classes=[0, 1])
    assert all(words in str(error.value) for words in said)


def _after_a_fit(X, estimator):
    numbers = np.random.default_rng(0).normal(size=(N_ROWS, np.shape(X)[1]))
    estimator.fit(numbers, Y)
    name = "predict" if hasattr(estimator, "predict") else "transform"
    return lambda X, y: getattr(estimator, name)(X)


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("make", DATES.values(), ids=DATES)
def test_dates_in_a_table_are_refused_by_the_name_of_their_column(make):
    assert_refused(make(), "column 'when' of X is ", "use tabular_pipeline, or turn it")


@pytest.mark.parametrize("make", BY_NUMBER.values(), ids=BY_NUMBER)
def test_dates_in_an_array_are_refused(make):
    assert_refused(make(), "column 0 of X is ", "64[D]", "use tabular_pipeline")


UNREADABLE = {
    "text": (["Rome", "Oslo"] * 6, "text, 'Rome', in row 0"),
    "text after numbers": (["1.5"] * 3 + ["?"] * 9, "text, '?', in row 3"),
    "None": ([1.0] * 5 + [None] * 7, "a missing value in row 5"),
    "infinite": ([1.0] * 4 + [np.inf] * 8, "an infinite number in row 4"),
}
TABLES = {
    "pandas": lambda values: pandas_frame(values)[["a", "when"]],
    "polars": lambda values: polars_frame(values)[["a", "when"]],
    "Arrow": lambda values: arrow_table(values).select(["a", "when"]),
    "objects": lambda values: np.array([NUMBERS, values], dtype=object).T,
    "list": lambda values: [list(row) for row in zip(NUMBERS, values, strict=True)],
}


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("dress", TABLES.values(), ids=TABLES)
def test_the_first_column_that_is_not_of_numbers_is_named_with_its_value(dress):
    for what, (values, said) in UNREADABLE.items():
        table = dress(values)
        name = "1" if isinstance(table, (list, np.ndarray)) else "'when'"
        taken = "" if what == "infinite" else ": skmlp.tabular_pipeline takes such"
        assert_refused(table, f"Column {name} of X has {said}{taken}")


def test_a_missing_number_of_a_sparse_matrix_is_named():
    sparse = pytest.importorskip("scipy.sparse")
    X = np.eye(N_ROWS)
    X[7, 3] = np.nan
    with pytest.raises(ValueError, match="Column 3 of X has a missing value in row 7"):
        MLPClassifier(3, max_iter=2).fit(sparse.csr_matrix(X), Y)


# Sparse columns of pandas


@pytest.mark.parametrize("dtype", [bool, int, "uint8", np.float64])
def test_sparse_columns_train_as_their_dense_values_do(dtype):
    pandas = pytest.importorskip("pandas")
    labels = pandas.Series(list("abcd") * 3)
    dense = pandas.get_dummies(labels, dtype=dtype)
    plain = MLPClassifier(3, max_iter=4, random_state=0).fit(dense, Y)
    for fill in (0, 1):
        frame = dense.astype(pandas.SparseDtype(dtype, np.dtype(dtype).type(fill)))
        model = MLPClassifier(3, max_iter=4, random_state=0).fit(frame, Y)
        for a, b in zip(model.coefs_, plain.coefs_, strict=True):
            # sparse and dense products round in other ways
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(model.feature_names_in_, dense.columns)
        np.testing.assert_array_equal(model.predict(frame), plain.predict(dense))
        again = MLPClassifier(3, max_iter=4, random_state=0)
        assert_same_bits(again.fit(frame, Y), model)
