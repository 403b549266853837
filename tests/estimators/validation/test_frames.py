"""Columns of data frames are read by what they can, whatever library they are of."""

import datetime

import numpy as np

from skmlp.estimators.validation.frames import (
    as_array,
    dtypes_of,
    is_date,
    is_frame,
    is_temporal,
    missing_values,
    named_columns,
)

COLUMNS = {"a": [1.0, 2.0], "b": [2**60, 2**60 + 1]}


def test_pandas_and_polars_have_the_same_columns(pandas, polars):
    for library in (pandas, polars):
        frame = library.DataFrame(COLUMNS)
        assert is_frame(frame) and not is_frame(frame["a"])
        read = {
            name: as_array(column).tolist() for name, column in named_columns(frame)
        }
        assert read == COLUMNS
        assert [name for name, _ in dtypes_of(frame)] == list(COLUMNS)
        days = library.DataFrame({"day": [datetime.datetime(2020, 1, 1)]})
        assert [is_temporal(dtype) for _, dtype in dtypes_of(frame)] == [False, False]
        assert [is_temporal(dtype) for _, dtype in dtypes_of(days)] == [True]
    assert not any(map(is_frame, (np.eye(2), [[1]], {"columns": 1})))


def test_whole_numbers_beside_missing_ones_are_not_rounded(pandas):
    column = pandas.Series([2**60 + 1, None], dtype="Int64")
    array = as_array(column)
    assert array[0] == 2**60 + 1
    np.testing.assert_array_equal(missing_values(array), [False, True])


def test_what_is_missing_and_what_is_a_date():
    objects = np.array([[None, 0.0, ""], [np.nan, np.float32("nan"), "nan"]], object)
    expected = [[True, False, False], [True, True, False]]
    np.testing.assert_array_equal(missing_values(objects), expected)
    for value in (
        datetime.date(2020, 1, 1),
        np.datetime64("2020"),
        np.timedelta64(1, "s"),
    ):
        assert is_date(type(value))
    assert not any(map(is_date, (int, str, np.float64)))
