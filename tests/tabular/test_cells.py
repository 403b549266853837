"""Single values: which are one category, and which no column may have."""

from decimal import Decimal

import numpy as np
import pytest

from skmlp.tabular import TableEncoder

from .dresses import LIBRARIES, frame, pd, pl

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
