"""Laws of targets: the same values are the same targets in every dress."""

import datetime
from importlib.util import find_spec
from itertools import product

import numpy as np
import pytest

from skmlp import MLPClassifier, MLPRegressor

from ...conftest import assert_same_bits

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

rng = np.random.default_rng(0)
N_ROWS = 30
X = rng.normal(size=(N_ROWS, 2))
CODES = np.arange(N_ROWS) % 3
# By what they are: values as Python has them.
VALUES = {
    "bools": [bool(code) for code in CODES],
    "ints": [int(code) + 5 for code in CODES],
    "large ids": [2**53 + int(code) for code in CODES],
    "strings": ["cab"[code] for code in CODES],
    "strings with numbers in them": ["1 2 10".split()[code] for code in CODES],
}
KINDS = {"bools": "b", "ints": "i", "large ids": "i"}
PLAIN = {name: np.array(values) for name, values in VALUES.items()}


def pandas_as(dtype_of):
    def dress(values):
        pandas = pytest.importorskip("pandas")
        kind = type(values[0])
        return pandas.Series(values, dtype=dtype_of(kind))

    return dress


def arrow_backed(values):
    pandas, pyarrow = (pytest.importorskip(name) for name in ("pandas", "pyarrow"))
    dtype = pyarrow.array(values).type
    return pandas.Series(values, dtype=pandas.ArrowDtype(dtype))


def polars_series(values):
    return pytest.importorskip("polars").Series(values)


NULLABLE = {bool: "boolean", int: "Int64", str: "string"}
DRESSES = {
    "list": list,
    "tuple": tuple,
    "list of NumPy's": lambda values: list(np.array(values)),
    "array": np.array,
    "objects": lambda values: np.array(values, dtype=object),
    "objects of NumPy's": lambda values: np.array(list(np.array(values)), object),
    "column of a list": lambda values: [[value] for value in values],
    "pandas": pandas_as(lambda kind: None),
    "pandas objects": pandas_as(lambda kind: object),
    "pandas nullable": pandas_as(NULLABLE.get),
    "pandas category": pandas_as(lambda kind: "category"),
    "pandas array": lambda values: pandas_as(NULLABLE.get)(values).array,
    "pandas index": lambda values: pytest.importorskip("pandas").Index(values),
    "pandas frame": lambda values: pandas_as(NULLABLE.get)(values).to_frame(),
    "Arrow in pandas": arrow_backed,
    "Arrow": lambda values: pytest.importorskip("pyarrow").array(values),
    "Arrow chunks": lambda values: pytest.importorskip("pyarrow").chunked_array(
        [values[:10], values[10:]]
    ),
    "Arrow dictionary": lambda values: (
        pytest.importorskip("pyarrow").array(values).dictionary_encode()
    ),
    "Arrow table": lambda values: pytest.importorskip("pyarrow").table({"y": values}),
    "polars": polars_series,
    "polars frame": lambda values: pytest.importorskip("polars").DataFrame(
        {"y": values}
    ),
}
ignore_column = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.DataConversionWarning"
)


KINDS_OF_ESTIMATOR = (MLPClassifier, MLPRegressor)


def small(kind=MLPClassifier, **params):
    params = {"hidden_layer_sizes": 3, "max_iter": 3, "random_state": 0, **params}
    return kind(**params)


@ignore_column
@pytest.mark.parametrize("dress", DRESSES.values(), ids=DRESSES)
def test_labels_are_the_same_in_every_dress(dress):
    for name, values in VALUES.items():
        plain = small().fit(X, PLAIN[name])
        model = small().fit(X, dress(values))
        assert model.classes_.tolist() == sorted(set(values)), name
        assert model.classes_.dtype.kind == KINDS.get(name, "U"), name
        assert_same_bits(model, plain)
        predicted = model.predict(X)
        assert predicted.dtype.kind == model.classes_.dtype.kind
        np.testing.assert_array_equal(predicted, plain.predict(X))
        assert_every_method_takes(dress(values), name)


def assert_every_method_takes(y, name):
    plain_y, classes = PLAIN[name], sorted(set(VALUES[name]))
    plain = small().partial_fit(X, plain_y, classes=np.array(classes))
    model = small().partial_fit(X, y, classes=classes).partial_fit(X, y)
    assert_same_bits(model, plain.partial_fit(X, plain_y))
    assert model.score(X, y) == plain.score(X, plain_y)
    stopping = small(early_stopping=True).fit(X, plain_y, X_val=X, y_val=y)
    assert stopping.best_validation_score_ >= stopping.score(X, y)
    again = small(warm_start=True).fit(X, plain_y).fit(X, y)
    assert again.classes_.tolist() == classes


@pytest.mark.parametrize("dress", ["objects", "pandas nullable", "polars", "Arrow"])
def test_classes_are_named_in_every_dress(dress):
    for values in VALUES.values():
        classes = DRESSES[dress](sorted(set(values)))
        model = small().partial_fit(X, values, classes=classes)
        assert model.classes_.tolist() == sorted(set(values))


@pytest.mark.skipif(not find_spec("pandas"), reason="needs pandas")
def test_indicators_and_columns_of_classes_are_taken_from_frames_of_every_dtype():
    import pandas as pd

    flags = np.c_[CODES > 0, CODES > 1]
    columns = np.c_[CODES + 5, (CODES + 1) % 2]
    cases = {
        "boolean": (flags, "boolean"),
        "Int64": (flags.astype(int), "Int64"),
        "sparse": (flags.astype(int), pd.SparseDtype(int, 0)),
        "columns of Int64": (columns, "Int64"),
        "columns of categories": (columns, "category"),
        "columns of strings": (columns.astype(str), "string"),
    }
    for name, (y, dtype) in cases.items():
        frame = pd.DataFrame(y).astype(dtype)
        plain, model = small().fit(X, y), small().fit(X, frame)
        assert_same_bits(model, plain)
        np.testing.assert_array_equal(model.predict(X), plain.predict(X), name)
        assert model.score(X, frame) == plain.score(X, y)


# What has no clear meaning


def with_missing(values, missing):
    return [missing, *values[1:7], missing, *values[8:]]


def pandas_na(values):
    pandas = pytest.importorskip("pandas")
    return np.array(with_missing(values, pandas.NA), dtype=object)


MISSING = {
    "None in a list": lambda values: with_missing(values, None),
    "NaN in a list": lambda values: with_missing(values, float("nan")),
    "None in objects": lambda values: np.array(with_missing(values, None), object),
    "NaN in objects": lambda values: np.array(with_missing(values, np.nan), object),
    "NA in objects": pandas_na,
    "pandas": lambda values: pandas_as(lambda kind: object)(with_missing(values, None)),
    "nullable": lambda values: pytest.importorskip("pandas").Series(
        with_missing(values, None), dtype=NULLABLE[type(values[1])]
    ),
    "category": lambda values: pandas_as(lambda kind: "category")(
        with_missing(values, None)
    ),
    "polars": lambda values: pytest.importorskip("polars").Series(
        with_missing(values, None)
    ),
    "Arrow": lambda values: pytest.importorskip("pyarrow").array(
        with_missing(values, None)
    ),
}


def calls(kind, y):
    """By name, all that takes targets."""
    good = CODES.astype(float) if kind is MLPRegressor else CODES
    classes = {} if kind is MLPRegressor else {"classes": np.unique(CODES)}
    fitted = small(kind).fit(X, good)
    stopping = small(kind, early_stopping=True)
    return {
        "fit": lambda: small(kind).fit(X, y),
        "partial_fit": lambda: small(kind).partial_fit(X, y, **classes),
        "score": lambda: fitted.score(X, y),
        "y_val": lambda: stopping.fit(X, good, X_val=X, y_val=y),
    }


def assert_refused(kind, y, *said):
    for name, call in calls(kind, y).items():
        with pytest.raises((ValueError, TypeError)) as error:
            call()
        text = str(error.value)
        assert all(words in text for words in said), (name, text)
        assert f"{kind.__name__}: y" in text and "mixes" not in text, (name, text)


@pytest.mark.parametrize("dress", MISSING.values(), ids=MISSING)
def test_missing_targets_are_refused_by_how_many_rows_have_them(dress):
    names = "bools", "ints", "strings with numbers in them"
    for kind, name in product(KINDS_OF_ESTIMATOR, names):
        said = (
            "missing values (None, NaN or NA) in 2 of 30 rows, the first of them row 0"
        )
        assert_refused(kind, dress(VALUES[name]), "Input y contains NaN.", said)


def days():
    return [datetime.date(2020, 1, 1 + int(code)) for code in CODES]


DATES = {
    "array": lambda: np.array(days(), dtype="M8[D]"),
    "durations": lambda: np.array(days(), dtype="M8[D]") - np.datetime64("2020-01-01"),
    "list": days,
    "list of NumPy's": lambda: list(np.array(days(), dtype="M8[D]")),
    "objects": lambda: np.array(days(), dtype=object),
    "pandas": lambda: pytest.importorskip("pandas").to_datetime(days()),
    "pandas series": lambda: pytest.importorskip("pandas").Series(DATES["pandas"]()),
    "zone": lambda: DATES["pandas series"]().dt.tz_localize("Europe/Paris"),
    "pandas durations": lambda: DATES["pandas series"]() - DATES["pandas series"]()[0],
    "periods": lambda: DATES["pandas series"]().dt.to_period("D"),
    "polars": lambda: pytest.importorskip("polars").Series(days()),
    "Arrow": lambda: pytest.importorskip("pyarrow").array(days()),
}


@pytest.mark.parametrize("dates", DATES.values(), ids=DATES)
def test_dates_and_durations_are_no_targets(dates):
    for kind in KINDS_OF_ESTIMATOR:
        assert_refused(kind, dates(), "y holds dates, times or durations (")


def test_intervals_are_refused_with_what_makes_labels_of_them():
    pandas = pytest.importorskip("pandas")
    y = pandas.cut(pandas.Series(X[:, 0]), 3)
    assert_refused(MLPClassifier, y, "y holds intervals", "y.astype(str)")
    assert small().fit(X, y.astype(str)).classes_.dtype.kind == "U"


@pytest.mark.parametrize("dress", ["list", "array", "objects", "pandas", "polars"])
def test_bytes_are_refused_in_scikit_learns_words_and_ours(dress):
    y = DRESSES[dress]([b"no", b"yes"] * 15)
    said = "Support for labels represented as bytes"
    assert_refused(MLPClassifier, y, said, "label.decode()")


def test_whole_numbers_are_never_rounded():
    with pytest.raises(ValueError, match=r"beyond 2\*\*53 beside floats"):
        small().fit(X, [2**53 + 1, 2.0, 1.0] * 10)
    with pytest.raises(ValueError, match="beyond 64 bits"):
        small().fit(X, [2**70, 2**70 + 1, 1] * 10)
    model = small().fit(X, np.array([2**63, 2**63 + 1, 1] * 10, dtype=object))
    assert model.classes_.tolist() == [1, 2**63, 2**63 + 1]


def test_a_lazy_target_is_asked_for_its_values():
    polars = pytest.importorskip("polars")
    lazy = polars.DataFrame({"y": CODES}).lazy()
    assert_refused(MLPClassifier, lazy, "y is lazy and has no values yet", "collect()")


# Numbers as targets


NUMBERS = [1.5 * code for code in CODES.tolist()]
NUMBER_DRESSES = {
    **{name: DRESSES[name] for name in ("list", "objects", "pandas category")},
    **{name: DRESSES[name] for name in ("Arrow in pandas", "Arrow", "polars")},
    "pandas nullable": lambda values: pytest.importorskip("pandas").Series(
        values, dtype="Float64"
    ),
    "pandas array": lambda values: NUMBER_DRESSES["pandas nullable"](values).array,
    "text": lambda values: list(map(str, values)),
    "objects of text": lambda values: np.array(list(map(str, values)), dtype=object),
    "text beside numbers": lambda values: [*map(str, values[:5]), *values[5:]],
    "text in pandas": lambda values: pytest.importorskip("pandas").Series(
        list(map(str, values))
    ),
    "text in polars": lambda values: pytest.importorskip("polars").Series(
        list(map(str, values))
    ),
}


@ignore_column
@pytest.mark.parametrize("dress", NUMBER_DRESSES.values(), ids=NUMBER_DRESSES)
def test_numbers_are_the_same_in_every_dress(dress):
    y, array = dress(NUMBERS), np.array(NUMBERS)
    plain, model = (small(MLPRegressor).fit(X, t) for t in (array, y))
    assert_same_bits(model, plain)
    assert model.score(X, y) == plain.score(X, array)
    model.partial_fit(X, y)
    stopping = small(MLPRegressor, early_stopping=True)
    assert stopping.fit(X, array, X_val=X, y_val=y).best_epoch_ is not None


@pytest.mark.parametrize("dress", ["list", "array", "objects", "pandas", "polars"])
def test_text_that_is_no_number_is_named_with_its_row(dress):
    for text in ("12,5", "", "?", "1 kg", "1.2.3"):
        y = DRESSES[dress]([*map(str, NUMBERS[:4]), text, *map(str, NUMBERS[5:])])
        said = f"text that reads as numbers, such as '12.5', got {text!r} in row 4."
        assert_refused(MLPRegressor, y, said)
