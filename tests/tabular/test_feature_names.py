"""Names of columns: any that a library gives is a name."""

import numpy as np
import pytest

from skmlp.tabular import TableEncoder

from ..conftest import Optional

pa, pd, pl = Optional("pyarrow"), Optional("pandas"), Optional("polars")

NAMES = {
    "strings": lambda: ["a", "b", "c"],
    "default integers": lambda: [0, 1, 2],
    "integers": lambda: [3, 1, 2],
    "NumPy's integers": lambda: list(np.array([3, 1, 2])),
    "floats": lambda: [0.5, 1.5, 2.5],
    "several levels": lambda: pd.MultiIndex.from_product([["p"], ["x", "y", "z"]]),
    "dates": lambda: pd.date_range("2020", periods=3),
}
every_name = pytest.mark.parametrize("names", NAMES)


def table(names):
    rng = np.random.default_rng(0)
    columns = [rng.normal(size=20), rng.choice(list("abc"), 20), rng.integers(0, 3, 20)]
    frame = pd.DataFrame(dict(enumerate(columns)))
    frame.columns = names
    return frame


@every_name
def test_columns_are_matched_by_name_whatever_it_is(names):
    X = table(NAMES[names]())
    encoder = TableEncoder().fit(X)
    expected = encoder.transform(X)
    assert hasattr(encoder, "feature_names_in_") == (names == "strings")
    for order in ([2, 1, 0], [1, 2, 0]):
        np.testing.assert_array_equal(encoder.transform(X.iloc[:, order]), expected)
    with pytest.raises(ValueError, match="now missing"):
        encoder.transform(X.iloc[:, 1:])


@every_name
@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_their_text_is_the_name_where_a_library_has_only_strings(names, library):
    X = table(NAMES[names]())
    encoder = TableEncoder().fit(X)
    columns = {
        label: X.iloc[:, j].tolist()
        for j, label in reversed([*enumerate(encoder._labels)])
    }
    frame = pl.DataFrame(columns) if library == "polars" else pa.table(columns)
    np.testing.assert_array_equal(encoder.transform(frame), encoder.transform(X))


@every_name
def test_they_choose_the_columns_of_categories(names):
    X = table(NAMES[names]())
    chosen = [X.columns[2], X.columns[1]]
    encoder = TableEncoder(categorical_features=chosen).fit(X)
    assert encoder.is_categorical_.tolist() == [False, True, True]


def test_integers_that_are_names_and_numbers_of_other_columns_are_refused():
    X = table([1, 2, 3])
    complaint = r"names of X's columns, at \[1, 0\], and also numbers of columns, of "
    complaint += r"those that are called \[3, 2\]; give one bool for each column"
    with pytest.raises(ValueError, match=complaint):
        TableEncoder(categorical_features=[2, 1]).fit(X)
    by_bool = TableEncoder(
        categorical_features=X.columns.isin([2, 1]), numbers_as_text=0
    )
    assert by_bool.set_params(numbers_as_text="auto").fit(
        X
    ).is_categorical_.tolist() == [*(True, True, False)]
    # 3 is no number of a column, so that these are names
    only_names = TableEncoder(categorical_features=[2, 3]).fit(X)
    assert only_names.is_categorical_.tolist() == [False, True, True]


def test_a_table_of_other_names_is_refused_and_not_taken_by_place():
    encoder = TableEncoder().fit(table([5, 6, 7]))
    for names in ([5, 6, 8], ["a", "b", "c"], [0, 1, 2]):
        with pytest.raises(ValueError, match=r"now missing:\n- "):
            encoder.transform(table(names))


def test_a_column_cannot_be_text_of_numbers_and_categories():
    encoder = TableEncoder(categorical_features=["b"], numbers_as_text=["b"])
    with pytest.raises(ValueError, match="column 'b' of X is in categorical_features"):
        encoder.fit(table(["a", "b", "c"]))
