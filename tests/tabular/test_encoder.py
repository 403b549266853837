"""TableEncoder: tables of every library, with what is missing, as numbers."""

import datetime
import pickle
import re
import tracemalloc
import warnings
from decimal import Decimal

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from skmlp.tabular import SmoothClipScaler, TableEncoder
from skmlp.tabular.encoder import LOW_DENSITY, MANY_COLUMNS

from ..conftest import Optional, covering

pd, pl = Optional("pandas"), Optional("polars")
LIBRARIES = {"numpy": np, "pandas": pd, "polars": pl}
# Which a test of what becomes of rare categories knows.
merging = pytest.mark.filterwarnings("ignore:TableEncoder. most rows of these columns")
frame_libraries = pytest.mark.parametrize("library", ["pandas", "polars"])

# One table in many dresses. Some columns have missing values, "empty" nothing else.
DATA = {
    "age": [31.0, None, 47.0, 20.0, 39.0, 1e6, 33.0, None],
    "rooms": [1, 2, 2, 3, 1, 4, 2, 2],
    "empty": [None] * 8,
    "colour": ["red", "blue", "green", None, "red", "blue", "red", "green"],
    "sex": ["m", "f", "f", None, "m", "f", "m", "m"],
    "member": [True, False, True, True, None, False, False, True],
    "country": ["at", None, "at", "at", "at", "at", None, "at"],
}
NAMES = [
    "age",
    "rooms",
    "empty",
    "age_missing",
    "empty_missing",
    "colour_blue",
    "colour_green",
    "colour_red",
    "sex_f",
    "member_False",
    "country_at",
]
ROWS = [list(row) for row in zip(*DATA.values(), strict=True)]


def pandas_frame(**dtypes):
    frame = pd.DataFrame(DATA, dtype=object)
    dtypes = {"age": "float64", "rooms": "int64", "empty": "float64", **dtypes}
    return frame.astype(dtypes)


DRESSES = {
    "object array": lambda: np.array(ROWS, dtype=object),
    "list of lists": lambda: ROWS,
    "list of tuples": lambda: [tuple(row) for row in ROWS],
    "NaN for None": lambda: array_with(np.nan),
    "pandas.NA for None": lambda: array_with(pd.NA),
    "pandas": lambda: pandas_frame(),
    "pandas objects": lambda: pd.DataFrame(DATA, dtype=object),
    "pandas nullable": lambda: pandas_frame(
        age="Float64",
        rooms="Int8",
        empty="Int64",
        colour="string",
        sex="string",
        member="boolean",
    ),
    "pandas categories": lambda: pandas_frame(
        colour="category", sex="category", member="category", country="category"
    ),
    "pandas str": lambda: pandas_frame(colour="str", sex="str", country="str"),
    "polars": lambda: pl.DataFrame(DATA, schema_overrides={"empty": pl.Float64}),
    "polars null": lambda: pl.DataFrame(DATA, schema_overrides={"rooms": pl.UInt8}),
    "polars categories": lambda: pl.DataFrame(
        DATA,
        schema_overrides={
            "age": pl.Float32,
            "colour": pl.Categorical,
            "sex": pl.Enum(["m", "f", "x"]),
        },
    ),
    "polars objects": lambda: pl.DataFrame(
        {name: pl.Series(values, dtype=pl.Object) for name, values in DATA.items()}
    ),
}
every_dress = pytest.mark.parametrize("dress", DRESSES)


def array_with(missing):
    rows = [[missing if value is None else value for value in row] for row in ROWS]
    return np.array(rows, dtype=object)


def frame(**columns):
    return pd.DataFrame(columns)


def object_frame(rows):
    return pd.DataFrame(rows, dtype=object)


def encoded(X, **params):
    return TableEncoder(dtype=np.float64, **params).fit_transform(X)


def contents(X):
    """All that is in a table, as text."""
    if hasattr(X, "iloc"):
        return repr(X.to_dict("list"))
    return repr(X.to_dict(as_series=False) if hasattr(X, "to_dict") else list(X))


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


@merging
@pytest.mark.parametrize("min_frequency", [None, 1, 2, 5, 0.1, 0.3])
def test_categories_are_merged_as_by_scikit_learns_one_hot_encoder(min_frequency):
    rng = np.random.default_rng(0)
    X = rng.choice(list("abcdefg"), p=[0.3, 0.3, 0.15, 0.1, 0.08, 0.05, 0.02], size=80)
    X = X.astype(object)[:, np.newaxis]
    for max_categories in (None, 3, 4):
        limits = {"min_frequency": min_frequency, "max_categories": max_categories}
        theirs = make_pipeline(
            OneHotEncoder(
                handle_unknown="infrequent_if_exist", sparse_output=False, **limits
            ),
            SmoothClipScaler(),
        )
        encoder = TableEncoder(dtype=np.float64, **limits)
        np.testing.assert_array_equal(encoder.fit_transform(X), theirs.fit_transform(X))
        np.testing.assert_array_equal(
            encoder.transform([["z"]]), theirs.transform([["z"]])
        )
        names = {n.removeprefix("x0_") for n in theirs[0].get_feature_names_out()}
        merges = len(encoder.infrequent_categories_["x0"]) > 0
        assert ("infrequent_sklearn" in names) == merges, limits
        assert names - {"infrequent_sklearn"} == set(encoder.categories_["x0"]), limits


# Missing and new values


MISSING = {
    "None": lambda: None,
    "nan": lambda: np.nan,
    "Decimal": lambda: Decimal("nan"),
    "pandas.NA": lambda: pd.NA,
    "pandas.NaT": lambda: pd.NaT,
}


@pytest.mark.parametrize("value", MISSING)
def test_missing_and_unseen_categories_are_the_same_zeros(value):
    value = MISSING[value]()
    for n_categories in (1, 2, 3, 5):
        rows = [[c] for c in "abcde"[:n_categories]] * 4
        encoder = TableEncoder().fit([*rows, [value]])
        unseen = encoder.transform([["never seen"]])
        np.testing.assert_array_equal(encoder.transform([[value]]), unseen)
        if n_categories >= 3:  # then less than half of the rows have each: median 0
            np.testing.assert_array_equal(unseen, np.zeros((1, n_categories)))


def test_a_number_missing_only_later_is_the_median_without_an_indicator():
    encoder = TableEncoder().fit(frame(a=[1.0, 2.0, 4.0], b=[1.0, np.nan, 3.0]))
    assert encoder.get_feature_names_out().tolist() == ["a", "b", "b_missing"]
    later = encoder.transform(frame(a=[np.nan, 2.0], b=[2.0, 2.0]))
    np.testing.assert_array_equal(later[0], later[1])
    np.testing.assert_array_equal(later[:, 0], 0)


def test_a_column_without_any_number_is_constant_whatever_comes_later():
    encoder = TableEncoder().fit([[1.0, None], [2.0, None]])
    for later in ([1.5, None], ["x", 3], [None] * 2, [True, datetime.date(2020, 1, 1)]):
        rows = [[1.0, later[0]], [2.0, later[1]]]
        np.testing.assert_array_equal(encoder.transform(rows)[:, 1:], 0)


def test_a_text_column_without_any_text_has_no_category():
    X = frame(a=[1.0, 2.0], b=pd.Series([None, None], dtype="string"))
    encoder = TableEncoder().fit(X)
    assert encoder.get_feature_names_out().tolist() == ["a"]
    later = X.assign(b=pd.Series(["x", "y"], dtype="string"))
    np.testing.assert_array_equal(encoder.transform(later), encoder.transform(X))


def test_one_row_is_all_zeros():
    for X in ([[1.0, "a"]], [[None, None]], [["a"]], [[3]]):
        values = TableEncoder().fit_transform(X)
        assert values.shape[0] == 1
        np.testing.assert_array_equal(values, 0)


def test_rows_of_missing_values_alone_are_encoded():
    encoder = TableEncoder().fit(ROWS)
    values = encoder.transform([[None] * len(DATA)])
    by_name = dict(zip(NAMES, values[0].tolist(), strict=True))
    for name in ("age", "rooms", "empty", "empty_missing"):
        assert by_name[name] == 0
    assert by_name["age_missing"] > 0
    assert by_name["country_at"] < 0


# Categories of all kinds


SAME_CATEGORIES = {
    "whole floats": ([1, 2, 3, 2], [1.0, 2.0, 3.0, 2.0]),
    "text of whole numbers": ([1, 2, 3, 2], ["1", "2", "3", "2"]),
    "mixed": ([1, 2, 3, 2], [1, "2", 3.0, np.float32(2)]),
    "float32": ([0.1, 0.5, 0.7, 0.5], np.float32([0.1, 0.5, 0.7, 0.5])),
    "bools and text": ([True, False] * 2, ["True", "False"] * 2),
    "zeros": ([0.0, 1.0, 2.0, 1.0], [-0.0, 1.0, 2.0, 1.0]),
    "infinities": ([np.inf, 1.0, -np.inf, 1.0], ["inf", "1", "-inf", "1"]),
    "huge": ([2**70, 1, 2, 1], [2.0**70, 1.0, 2.0, 1.0]),
}


@pytest.mark.parametrize("case", SAME_CATEGORIES)
def test_categories_are_compared_by_their_text(case):
    one, other = (frame(a=column) for column in SAME_CATEGORIES[case])
    encoder = TableEncoder(categorical_features=["a"]).fit(one)
    values = encoder.transform(one)
    assert len(np.unique(values, axis=0)) == len(set(one["a"]))
    np.testing.assert_array_equal(encoder.transform(other), values)
    refitted = TableEncoder(categorical_features=["a"]).fit_transform(other)
    np.testing.assert_array_equal(refitted, values)


def test_bools_are_the_categories_of_the_same_bools_as_objects():
    bools = np.array([[True], [False]] * 2)
    encoder = TableEncoder().fit(bools)
    expected = encoder.transform(bools)
    np.testing.assert_array_equal(expected[:2], -expected[1::-1])
    np.testing.assert_array_equal(encoder.transform(bools.astype(object)), expected)
    X = frame(x=[True, False] * 2)
    for table in (X, X.astype(object)):
        np.testing.assert_array_equal(TableEncoder().fit_transform(table), expected)


@pytest.mark.parametrize("kind", ["Int64", "object", "polars"])
def test_whole_numbers_beyond_float64_stay_different_categories(kind):
    numbers = [2**60, 2**60 + 1, 2**60 + 2]
    column = [*numbers, None]
    X = pl.DataFrame({"a": column}) if kind == "polars" else None
    X = frame(a=pd.Series(column, dtype=kind)) if X is None else X
    encoder = TableEncoder(categorical_features=["a"]).fit(X)
    assert encoder.categories_["a"].tolist() == [str(n) for n in numbers]


def test_mixed_types_in_a_column_of_categories_are_all_categories():
    column = [1, "a", 2.5, True, None, b"b", "1", Decimal("3.50"), np.str_("a")]
    encoder = TableEncoder().fit([[value] for value in column])
    expected = ["1", "2.5", "3.50", "True", "a", "b"]
    assert encoder.categories_["x0"].tolist() == expected


def test_categories_of_pandas_that_no_row_has_are_left_out():
    column = pd.Categorical(["a", "b", "a"], categories=["z", "b", "a", "y"])
    encoder = TableEncoder().fit(frame(a=column))
    assert encoder.categories_["a"].tolist() == ["a", "b"]
    assert encoder.infrequent_categories_["a"].tolist() == []


def test_intervals_of_pandas_are_categories():
    X = frame(a=pd.cut(pd.Series([1.0, 5.0, 9.0, 2.0, np.nan]), [0, 3, 6, 10]))
    encoder = TableEncoder().fit(X)
    assert encoder.categories_["a"].tolist() == ["(0, 3]", "(3, 6]", "(6, 10]"]


@merging
def test_a_few_categories_are_not_merged_by_default_and_many_are():
    few = [[f"c{i}"] for i in range(20)]
    assert TableEncoder().fit_transform(few).shape[1] == 20
    many = [[f"c{i:02}"] for i in range(21)] + [["c00"]] * 3 + [["c01"]] * 2
    encoder = TableEncoder().fit(many)
    assert encoder.categories_["x0"].tolist() == ["c00"]
    assert len(encoder.infrequent_categories_["x0"]) == 20
    assert encoder.get_feature_names_out().tolist() == ["x0_c00"]
    rare, unseen = encoder.transform([["c05"], ["new"]])
    np.testing.assert_array_equal(rare, unseen)


@merging
def test_max_categories_bounds_the_columns_and_keeps_the_most_frequent():
    X = [[c] for c in "aaaaabbbbcccdde"]
    for most in range(1, 6):
        encoder = TableEncoder(max_categories=most).fit(X)
        kept, rare = encoder.categories_["x0"], encoder.infrequent_categories_["x0"]
        n_kept = most if most == 5 else most - 1
        assert kept.tolist() == list("abcde"[:n_kept]), most
        assert rare.tolist() == list("abcde"[n_kept:]), most
        assert encoder.transform(X).shape[1] == (most if most > 2 else 1), most


# Which columns


CHOICES = [
    ["rooms", "sex"],
    [1, 4],
    [False, True, False, False, True, False, False],
    np.array(["rooms", "sex"]),
    np.array([1, 4]),
    np.array([0, 1, 0, 0, 1, 0, 0], dtype=bool),
    (1, 4),
]


@frame_libraries
def test_columns_of_categories_are_chosen_by_name_number_or_bool(library):
    X = DRESSES[library]()
    numeric = {name: range(8) for name in ("colour", "member", "country")}
    X = LIBRARIES[library].DataFrame({n: numeric.get(n, X[n]) for n in DATA})
    index = [pd.Index(["rooms", "sex"])] if library == "pandas" else []
    for choice in [*CHOICES, *index]:
        encoder = TableEncoder(categorical_features=choice).fit(X)
        chosen = np.array(list(DATA))[encoder.is_categorical_]
        assert chosen.tolist() == ["rooms", "sex"], choice
        assert encoder.categories_["rooms"].tolist() == ["1", "2", "3", "4"], choice


def test_no_column_is_one_of_categories_if_none_is_chosen():
    X = np.array([[1, True], [2, False]], dtype=object)
    for none in (None, [], np.array([], dtype=int), [False, False]):
        encoder = TableEncoder(categorical_features=none).fit(X)
        assert not encoder.is_categorical_.any(), none
        assert encoder.get_feature_names_out().tolist() == ["x0", "x1"], none


BAD_CHOICES = [
    "colour",  # a name alone
    3,  # a number alone
    ["size"],  # unknown
    [7],  # too large
    [-1],
    [True],  # too few bools
    ["age", 1],
    [1.0],
    [["age"]],
]


@pytest.mark.parametrize("dress", ["object array", "pandas"])
def test_a_choice_of_no_columns_of_the_table_is_refused(dress):
    X = DRESSES[dress]()
    complaint = r"^TableEncoder: categorical_features must be 'from_dtype'"
    for choice in BAD_CHOICES:
        with pytest.raises(ValueError, match=complaint):
            TableEncoder(categorical_features=choice).fit(X)


def test_an_array_has_no_columns_by_name():
    with pytest.raises(ValueError, match="X has no column 'x0', but no names"):
        TableEncoder(categorical_features=["x0"]).fit(ROWS)


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


def test_names_that_come_or_go_are_warned_of_as_by_scikit_learn():
    X = frame(a=[1.0, 2.0])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        TableEncoder().fit(X).transform(X.to_numpy())
    with pytest.warns(UserWarning, match="X has feature names, but TableEncoder was"):
        TableEncoder().fit(X.to_numpy()).transform(X)


def test_a_second_fit_forgets_the_first():
    encoder = TableEncoder().fit(DRESSES["pandas"]()).fit([[1.0, "a"], [2.0, "b"]])
    assert not hasattr(encoder, "feature_names_in_")
    assert encoder.n_features_in_ == 2
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1_a"]
    assert list(encoder.categories_) == ["x1"]


# What is refused


NESTED = {
    "numpy": lambda: [
        objects([1], [2]),
        objects({"a": 1}, None),
        objects((1, 2), (3, 4)),
        objects({1}, {2}),
        objects(np.zeros(2), np.zeros(2)),
    ],
    "pandas": lambda: [pd.Series([[1], [2]]), pd.Series([{"a": 1}, None])],
    "polars": lambda: [pl.Series([[1], [2]]), pl.Series([{"a": 1}, {"a": 2}])],
}


def objects(*values):
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def with_column(library, column):
    """A table of numbers and the column, and what errors call that."""
    numbers = [1.0, 2.0]
    if library == "numpy":
        return np.column_stack([objects(*numbers), column]), "x1"
    return LIBRARIES[library].DataFrame({"age": numbers, "born": column}), "born"


def assert_refuses_column(library, column, complaint):
    """However the columns of categories are chosen."""
    X, name = with_column(library, column)
    complaint = f"^TableEncoder: column '{name}' of X must have {complaint}"
    for chosen in ("from_dtype", None, [1]):
        with pytest.raises(ValueError, match=complaint):
            TableEncoder(categorical_features=chosen).fit(X)


@pytest.mark.parametrize("library", NESTED)
def test_nested_values_are_refused_with_the_name_of_the_column(library):
    for column in NESTED[library]():
        assert_refuses_column(library, column, "a number or a category in")


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


def test_text_in_a_column_of_numbers_is_refused_with_its_name():
    encoder = TableEncoder().fit([[1.0, 1], [2.0, 2]])
    for value in ("abc", "1,5", b"1"):
        later = [[1.0, 1], [2.0, value]]
        complaint = "TableEncoder: column 'x1' of X must have numbers, as it is"
        with pytest.raises(ValueError, match=complaint):
            encoder.transform(later)
        encoder_of_numbers = TableEncoder(None, numbers_as_text=False)
        with pytest.raises(ValueError, match=complaint):
            encoder_of_numbers.fit(later)


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


@frame_libraries
def test_set_output_gives_frames_with_the_names(library):
    encoder = TableEncoder().set_output(transform=library)
    for X in (ROWS, DRESSES["pandas"](), DRESSES["polars"]()):
        values = encoder.fit_transform(X)
        assert type(values).__module__.startswith(library)
        assert list(values.columns) == encoder.get_feature_names_out().tolist()
        expected = TableEncoder().fit_transform(X)
        np.testing.assert_array_equal(values.to_numpy(), expected)


def test_names_that_would_be_equal_are_told_apart():
    X = frame(a_b=["c", "d"] * 2, a=["b_c", "x"] * 2, a_b_c=[1, 2] * 2)
    encoder = TableEncoder().set_output(transform="polars").fit(X)
    expected = ["a_b_c", "a_b_c_2", "a_b_c_3"]
    assert encoder.get_feature_names_out().tolist() == expected
    assert encoder.transform(X).columns == expected


def test_other_names_of_columns_can_be_given_where_there_were_none():
    encoder = TableEncoder().fit(ROWS)
    assert encoder.get_feature_names_out(list(DATA)).tolist() == NAMES
    with pytest.raises(ValueError, match=r"length equal(.|\n)*TableEncoder: input_fea"):
        encoder.get_feature_names_out(["a"])
    with pytest.raises(ValueError, match="is not equal to feature_names_in_"):
        TableEncoder().fit(DRESSES["pandas"]()).get_feature_names_out(list("abcdefg"))


@pytest.mark.parametrize("dress", ["object array", "pandas categories", "polars"])
def test_copies_give_the_same_numbers(dress):
    X = DRESSES[dress]()
    encoder = TableEncoder(max_categories=3).fit(X)
    expected = encoder.transform(X)
    for copy in (pickle.loads(pickle.dumps(encoder)), clone(encoder).fit(X)):
        np.testing.assert_array_equal(copy.transform(X), expected)


@covering(
    dtype=[np.float32, np.float64, "float32", "float", np.dtype("f8")],
    sparse_output=[False, True],
    X={"mixed": ROWS, "float32": np.float32([[1, 2], [3, 5]])},
)
def test_the_output_is_of_the_type_that_is_asked_for(dtype, sparse_output, X):
    encoder = TableEncoder(dtype=dtype, sparse_output=sparse_output)
    values = encoder.fit_transform(X)
    assert values.dtype == np.dtype(dtype)
    assert encoder.transform(X).dtype == np.dtype(dtype)


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
