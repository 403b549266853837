"""Names of columns, those that come in and those that go out."""

import numpy as np
import pytest

from skmlp.tabular import TableEncoder

from ..conftest import Optional
from .dresses import DATA, DRESSES, NAMES, ROWS, frame, frame_libraries

pa, pd, pl = Optional("pyarrow"), Optional("pandas"), Optional("polars")


def test_names_that_come_or_go_are_warned_of_as_by_scikit_learn():
    X = frame(a=[1.0, 2.0])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        TableEncoder().fit(X).transform(X.to_numpy())
    with pytest.warns(UserWarning, match="X has feature names, but TableEncoder was"):
        TableEncoder().fit(X.to_numpy()).transform(X)


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


# Names of all kinds


KINDS_OF_NAMES = {
    "strings": lambda: ["a", "b", "c"],
    "default integers": lambda: [0, 1, 2],
    "integers": lambda: [3, 1, 2],
    "NumPy's integers": lambda: list(np.array([3, 1, 2])),
    "floats": lambda: [0.5, 1.5, 2.5],
    "several levels": lambda: pd.MultiIndex.from_product([["p"], ["x", "y", "z"]]),
    "dates": lambda: pd.date_range("2020", periods=3),
}


def table(names):
    rng = np.random.default_rng(0)
    columns = [rng.normal(size=20), rng.choice(list("abc"), 20), rng.integers(0, 3, 20)]
    frame = pd.DataFrame(dict(enumerate(columns)))
    frame.columns = names
    return frame


def test_columns_are_matched_by_name_whatever_it_is():
    for names, make in KINDS_OF_NAMES.items():
        X = table(make())
        encoder = TableEncoder().fit(X)
        expected = encoder.transform(X)
        assert hasattr(encoder, "feature_names_in_") == (names == "strings"), names
        for order in ([2, 1, 0], [1, 2, 0]):
            np.testing.assert_array_equal(
                encoder.transform(X.iloc[:, order]), expected, err_msg=names
            )
        with pytest.raises(ValueError, match="now missing"):
            encoder.transform(X.iloc[:, 1:])


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_their_text_is_the_name_where_a_library_has_only_strings(library):
    for names, make in KINDS_OF_NAMES.items():
        X = table(make())
        encoder = TableEncoder().fit(X)
        columns = {
            label: X.iloc[:, j].tolist()
            for j, label in reversed([*enumerate(encoder._labels)])
        }
        frame = pl.DataFrame(columns) if library == "polars" else pa.table(columns)
        np.testing.assert_array_equal(
            encoder.transform(frame), encoder.transform(X), err_msg=names
        )


def test_they_choose_the_columns_of_categories():
    for names, make in KINDS_OF_NAMES.items():
        X = table(make())
        chosen = [X.columns[2], X.columns[1]]
        encoder = TableEncoder(categorical_features=chosen).fit(X)
        assert encoder.is_categorical_.tolist() == [False, True, True], names


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
