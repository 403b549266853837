"""Tables of every library are one table; what is no table is refused."""

import datetime
import warnings

import numpy as np
import pytest
from scipy import sparse

from skmlp import DiagnosticWarning
from skmlp.tabular import SmoothClipScaler, TableEncoder

from .dresses import (
    DATA,
    DRESSES,
    ROWS,
    encoded,
    every_dress,
    frame,
    frame_libraries,
    pd,
    pl,
)


def object_frame(rows):
    return pd.DataFrame(rows, dtype=object)


def raw_blocks():
    """DATA encoded as the formulas say, before it is scaled, by hand."""
    age = [31, 36, 47, 20, 39, 1e6, 33, 36]  # 36 is the median of six numbers
    age_missing = [0, 1, 0, 0, 0, 0, 0, 1]
    one_hot = [[v == c for c in ("blue", "green", "red")] for v in DATA["colour"]]
    sex = [{"f": 1, "m": -1, None: 0}[value] for value in DATA["sex"]]
    member = [{False: 1, True: -1, None: 0}[value] for value in DATA["member"]]
    country = [-1 if value is None else 1 for value in DATA["country"]]
    zeros, ones = np.zeros(8), np.ones(8)
    columns = [age, DATA["rooms"], zeros, age_missing, ones]
    return np.column_stack([*columns, one_hot, sex, member, country]).astype(float)


# What a table becomes


@every_dress
def test_every_library_gives_the_scaled_columns_of_the_formulas(dress):
    expected = SmoothClipScaler().fit_transform(raw_blocks())
    found = encoded(DRESSES[dress]())
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-15)


# Each with one of them: then all are equal to each other. Frames are read by name among
# each other, by position beside arrays.
PAIRS = [("object array", dress) for dress in DRESSES]
PAIRS += [("pandas", dress) for dress in DRESSES if dress.startswith("polars")]
PAIRS += [("polars", "pandas categories")]


@pytest.mark.parametrize("one, other", PAIRS)
@pytest.mark.filterwarnings("ignore:X (does not have|has).* feature names")
def test_a_table_is_transformed_whatever_library_it_was_fitted_from(one, other):
    X, Z = DRESSES[one](), DRESSES[other]()
    encoder = TableEncoder().fit(X)
    expected = encoder.transform(X)
    np.testing.assert_array_equal(encoder.transform(Z), expected)
    encoder.fit(Z)
    np.testing.assert_array_equal(encoder.transform(X), expected)
    np.testing.assert_array_equal(encoder.transform(Z), expected)


# Which columns


@frame_libraries
def test_columns_are_known_by_name(library):
    X = DRESSES[library]()
    encoder = TableEncoder().fit(X)
    assert encoder.feature_names_in_.tolist() == list(DATA)
    expected = encoder.transform(X)
    np.testing.assert_array_equal(encoder.transform(X[list(DATA)[::-1]]), expected)
    more = {"before": [object()] * 8, **{name: X[name] for name in DATA}}
    if library == "polars":
        more["before"] = pl.Series([datetime.date(2020, 1, 1)] * 8)
    more = type(X)(more)
    np.testing.assert_array_equal(encoder.transform(more), expected)


@frame_libraries
def test_a_missing_column_is_named(library):
    X = DRESSES[library]()
    encoder = TableEncoder().fit(X)
    with pytest.raises(
        ValueError, match=r"now missing:\n- sex\n- member\n(.|\n)*TableEncoder: X must"
    ):
        encoder.transform(X[["age", "colour", "country", "empty", "rooms"]])


def test_arrays_must_have_as_many_columns_as_in_fit():
    X = np.array(ROWS, dtype=object)
    encoder = TableEncoder().fit(X)
    for n_columns in (6, 8):
        other = np.hstack([X, X])[:, :n_columns]
        complaint = f"X has {n_columns} features, but TableEncoder is expecting 7"
        for table in (other, other.tolist()):
            with pytest.raises(ValueError, match=complaint):
                encoder.transform(table)


def test_frames_without_names_must_have_as_many_columns_as_in_fit():
    encoder = TableEncoder().fit(ROWS)
    with pytest.raises(ValueError, match="X has 6 features, but TableEncoder is expec"):
        encoder.transform(pd.DataFrame([row[:6] for row in ROWS]))


# What is refused


@pytest.mark.parametrize("as_table", [list, np.array, object_frame])
def test_infinite_numbers_are_refused_with_the_name_of_the_column(as_table):
    complaint = r"^TableEncoder: column 'x1' of X must have finite numbers"
    good = as_table([[1.0, 2.0], [3.0, 4.0]])
    for value in (np.inf, -np.inf, 10**400):
        bad = as_table([[1.0, 2.0], [3.0, value]])
        with pytest.raises(ValueError, match=complaint):
            TableEncoder().fit(bad)
        with pytest.raises(ValueError, match=complaint):
            TableEncoder().fit(good).transform(bad)


def test_infinite_numbers_of_a_sparse_matrix_are_refused():
    X = sparse.csr_matrix([[0.0, 0.0, np.inf], [0.0, 1.0, 0.0]])
    with pytest.raises(ValueError, match="column 'x2' of X must have finite numbers"):
        TableEncoder().fit(X)


NO_TABLES = {
    "no rows": (lambda: np.empty((0, 2)), r"0 sample\(s\)"),
    "no columns": (lambda: np.empty((2, 0)), r"0 feature\(s\)"),
    "a frame without rows": (lambda: frame(a=[]), r"0 sample\(s\)"),
    "a frame without columns": (lambda: frame(a=[1])[[]], r"0 feature\(s\)"),
    "polars without rows": (lambda: pl.DataFrame({"a": []}), r"0 sample\(s\)"),
    "an empty list": (lambda: [], "Expected 2D array"),
    "one dimension": (lambda: ["a", "b"], "Expected 2D array"),
    "a series": (lambda: pd.Series([1, 2]), "Expected a? ?2"),
    "rows of two lengths": (lambda: [[1, 2], [3]], "Expected 2D array"),
    "nothing": (lambda: None, "Expected 2D array"),
    "two columns of a name": (
        lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]),
        "Several columns have the name 'a'",
    ),
    "complex numbers": (lambda: np.array([[1j]]), "Complex data"),
    "masked entries": (lambda: np.ma.array([[1.0]], mask=[[True]]), "Masked entries"),
    "a lazy frame": (lambda: pl.LazyFrame({"a": [1]}), "A lazy frame .* collect"),
}


@pytest.mark.parametrize("case", NO_TABLES)
def test_what_is_no_table_is_refused(case):
    table, complaint = NO_TABLES[case]
    X = table()
    expected = rf"{complaint}(.|\n)*TableEncoder: X must be a table of numbers and"
    with pytest.raises(ValueError, match=expected):
        TableEncoder().fit(X)


def test_names_of_which_some_are_no_strings_are_refused():
    with pytest.raises(TypeError, match="only supported if all input features have"):
        TableEncoder().fit(pd.DataFrame([[1, 2]], columns=["a", 2]))


# Rows of a frame of pandas, of which few are read at once


def frame_of_all_kinds():
    values = np.arange(12)
    codes = pd.Categorical([None, *"abcabcabcab"], categories=list("zabc"))
    return pd.DataFrame(
        {
            "float64": np.where(values == 3, np.nan, values / 7),
            "float32": (values / 7).astype(np.float32),
            "int64": values + 2**53,
            "uint8": values.astype(np.uint8),
            "bool": values % 3 == 0,
            "boolean": pd.array([None, *(values[1:] % 2 == 0)], dtype="boolean"),
            "Int64": pd.array([None, *values[1:]], dtype="Int64"),
            "Float32": pd.array([None, *values[1:] / 7], dtype="Float32"),
            "text": [None, *"abcabcabcab"],
            "string": pd.array([None, *"abcabcabcab"], dtype="string"),
            "objects": pd.Series([None, 1, "1", 2.0, *"23452345"], dtype=object),
            "category": codes,
            "ordered": codes.as_ordered(),
            "of floats": pd.Categorical(np.float32(values % 3 / 7)),
            "intervals": pd.cut(values, [-1, 4, 8, 12]),
            "numbers": [str(value / 4) for value in values],
            "dates": pd.date_range("2020-01-30 12:00", periods=12, freq="7h"),
            "periods": pd.period_range("2020-01-30", periods=12, freq="D"),
            "durations": pd.to_timedelta(values * 1.5, unit="h"),
        }
    )


def encoder_of(X, **params):
    return quietly_encoded(TableEncoder(dtype=np.float64, **params), X)


def quietly_encoded(encoder, X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiagnosticWarning)
        return encoder.fit(X)


CHOSEN = {"by dtype": {}, "numbers too": {"categorical_features": ["float32", "uint8"]}}


@pytest.mark.parametrize("params", CHOSEN.values(), ids=CHOSEN)
def test_a_row_alone_is_what_it_is_among_others(params):
    X = frame_of_all_kinds()
    names = params.get("categorical_features", [])
    X = X[[*names, "bool", "int64"]] if names else X
    encoder = encoder_of(X, **params)
    expected = encoder.transform(X)
    for i in range(len(X)):
        for rows in (X.iloc[[i]], X.iloc[[i], ::-1].assign(other=[[1]])):
            np.testing.assert_array_equal(encoder.transform(rows)[0], expected[i])
