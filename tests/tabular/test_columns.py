"""A column by its dtype: bools, categories and intervals."""

import numpy as np
import pytest

from skmlp.tabular import TableEncoder
from skmlp.tabular.columns import ArrowColumn

from .dresses import frame, pd


def test_bools_are_the_categories_of_the_same_bools_as_objects():
    bools = np.array([[True], [False]] * 2)
    encoder = TableEncoder().fit(bools)
    expected = encoder.transform(bools)
    np.testing.assert_array_equal(expected[:2], -expected[1::-1])
    np.testing.assert_array_equal(encoder.transform(bools.astype(object)), expected)
    X = frame(x=[True, False] * 2)
    for table in (X, X.astype(object)):
        np.testing.assert_array_equal(TableEncoder().fit_transform(table), expected)


def test_categories_of_pandas_that_no_row_has_are_left_out():
    column = pd.Categorical(["a", "b", "a"], categories=["z", "b", "a", "y"])
    encoder = TableEncoder().fit(frame(a=column))
    assert encoder.categories_["a"].tolist() == ["a", "b"]
    assert encoder.infrequent_categories_["a"].tolist() == []


def test_intervals_of_pandas_are_categories():
    X = frame(a=pd.cut(pd.Series([1.0, 5.0, 9.0, 2.0, np.nan]), [0, 3, 6, 10]))
    encoder = TableEncoder().fit(X)
    assert encoder.categories_["a"].tolist() == ["(0, 3]", "(3, 6]", "(6, 10]"]


def test_text_of_arrow_is_coded_by_its_values():
    pa = pytest.importorskip("pyarrow")
    plain = pa.chunked_array([["b", None], ["a", "b"]])
    chunks = [pa.array(["b", None]), pa.array(["a", "b"])]
    apart = pa.chunked_array([chunk.dictionary_encode() for chunk in chunks])
    for values in plain, plain.combine_chunks(), apart, plain.cast("large_string"):
        column = ArrowColumn(values)
        texts, codes = column.levels()
        assert texts == ["b", "a"] and codes.tolist() == [0, -1, 1, 0]
        assert list(column.objects()) == ["b", None, "a", "b"]
    nothing = ArrowColumn(pa.chunked_array([], pa.string()))
    assert nothing.levels()[0] == [] and len(nothing.objects()) == 0
