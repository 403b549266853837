"""Missing numbers: the median instead, and a column that says so."""

import datetime

import numpy as np

from skmlp.tabular import TableEncoder

from .dresses import DATA, NAMES, ROWS, frame


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
