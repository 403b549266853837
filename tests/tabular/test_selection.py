"""The choice of the columns that hold categories."""

import numpy as np
import pytest

from skmlp.tabular import TableEncoder

from .dresses import DATA, DRESSES, LIBRARIES, ROWS, frame_libraries, pd

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
