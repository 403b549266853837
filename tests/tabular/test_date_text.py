"""Dates, times and durations written as text, and the calendar's parts."""

import datetime

import numpy as np

from skmlp.tabular.date_text import (
    calendar,
    is_other_date,
    read_duration,
    read_iso_date,
    read_iso_time,
    seconds_since_epoch,
)

ISO = {
    "2020-03-01": datetime.datetime(2020, 3, 1),
    "2020-03": datetime.datetime(2020, 3, 1),
    " 2020-03-01 04:05 ": datetime.datetime(2020, 3, 1, 4, 5),
    "2020-03-01T04:05:06.5": datetime.datetime(2020, 3, 1, 4, 5, 6, 500000),
    "2020-03-01T04:05:06Z": datetime.datetime(2020, 3, 1, 4, 5, 6),
    "2020-03-01 04:05:06 UTC": datetime.datetime(2020, 3, 1, 4, 5, 6),
    "2020-03-01T04:05:06+01:30": datetime.datetime(2020, 3, 1, 2, 35, 6),
    "2020-03-01 04:05:06-0200": datetime.datetime(2020, 3, 1, 6, 5, 6),
}
OTHER = ["31.12.2020", "12/31/2020", "31-12-20", "2020/12/31", "1 Jan 2020"]
OTHER += ["Jan 1, 2020", "Friday, 1 January 2020", "1/2/2020 10:30", "31.12.2020 8:15"]
NO_DATES = ["", "2020", "2020-13", "2020-02-30", "20200101", "12.5", "1.2", "a-b-c"]
NO_DATES += ["192.168.0.1", "555-1234", "12:30", "may", "1,234.5"]


def test_iso_dates_are_read_in_utc():
    for text, moment in ISO.items():
        expected = (moment - datetime.datetime(1970, 1, 1)).total_seconds()
        assert read_iso_date(text) == expected, text
        assert not is_other_date(text), text


def test_dates_of_other_notations_are_seen_and_not_read():
    for text in OTHER:
        assert is_other_date(text), text
        assert read_iso_date(text) is None, text
    for text in NO_DATES:
        assert not is_other_date(text), text
        assert read_iso_date(text) is None, text


def test_times_and_durations_are_read():
    assert read_iso_time("01:30") == 5400.0
    assert read_iso_time("01:30:15.5") == 5415.5
    for text in ("24:01", "1:30", "90", "01:61", ""):
        assert read_iso_time(text) is None, text
    lengths = {
        "2 days 01:00:00.5": 2 * 86400 + 3600.5,  # pandas
        "-1 days +23:59:59": -1.0,
        "1 day, 2:00:00": 86400 + 7200.0,  # Python
        "3 days": 3 * 86400.0,
    }
    for text, seconds in lengths.items():
        assert read_duration(text) == seconds, text
    assert read_duration("2 hours") is None


def test_the_calendar_is_that_of_datetime():
    rng = np.random.default_rng(0)
    first = datetime.datetime(1600, 1, 1)
    moments = [
        first + datetime.timedelta(days=int(d), seconds=int(s))
        for d, s in zip(
            rng.integers(0, 300000, 200), rng.integers(0, 86400, 200), strict=True
        )
    ]
    seconds = np.array([*map(seconds_since_epoch, moments), np.nan])
    parts = np.column_stack(calendar(seconds))
    assert np.isnan(parts[-1]).all()
    for moment, (year, month, weekday, hour) in zip(moments, parts[:-1], strict=True):
        assert (year, month + 1, weekday) == (
            moment.year,
            moment.month,
            moment.weekday(),
        )
        time = moment.hour + moment.minute / 60 + moment.second / 3600
        assert abs(hour - time) < 1e-9  # a float of 1e10 seconds has steps of 2e-6
