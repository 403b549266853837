"""Names of columns, those that come in and those that go out."""

import numpy as np
import pytest

from skmlp.tabular import TableEncoder

from .dresses import DATA, DRESSES, NAMES, ROWS, frame, frame_libraries


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
