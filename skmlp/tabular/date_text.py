"""Dates that are written as text, and what features dates have."""

import datetime
import re

import numpy as np

DAY = 86400.0
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
ISO = re.compile(
    r"\d{4}-\d{2}(-\d{2}"
    r"([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?\s?(Z|UTC|[+-]\d{2}(:?\d{2})?)?)?)?"
)
ISO_TIME = re.compile(r"\d{2}:\d{2}(:\d{2}([.,]\d+)?)?")
# As Python and pandas write durations: "1 day, 2:00:00" and "1 days 02:00:00".
DURATION = re.compile(
    r"(-?\d+) days?(?:,? (?:\+)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?))?"
)
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# Dates that are not ISO: which number is the day is not said, or said in words.
NOT_ISO = re.compile(
    r"(?!\d{4}-)\d{1,4}([./-])\s?\d{1,2}\1\s?\d{1,4}([ T,]+\d{1,2}[:.]\d{2}.*)?"
    rf"|(\w+,? )?\d{{1,2}}\.?[ -]({MONTHS})[a-z]*[ ,.-]+\d{{2,4}}.*"
    rf"|(\w+,? )?({MONTHS})[a-z]*\.? \d{{1,2}},? \d{{2,4}}.*",
    re.IGNORECASE,
)


def is_moment(kind):
    """Whether values of this type are dates, with or without a time."""
    return issubclass(kind, (datetime.date, np.datetime64)) or kind.__name__ == "Period"


def is_duration(kind):
    return issubclass(kind, (datetime.timedelta, np.timedelta64))


def is_time(kind):
    return issubclass(kind, datetime.time)


def seconds_since_epoch(value):
    """Of a date; without a zone it counts as UTC."""
    if type(value).__name__ == "Period":
        value = value.start_time
    if isinstance(value, np.datetime64):
        return float(value.astype("datetime64[us]").astype(np.int64)) * 1e-6
    if not isinstance(value, datetime.datetime):
        return (value.toordinal() - EPOCH.toordinal()) * DAY
    if value.tzinfo is None:
        value = value.replace(tzinfo=datetime.UTC)
    return (value - EPOCH).total_seconds()


def seconds_of_duration(value):
    if isinstance(value, np.timedelta64):
        return float(value.astype("timedelta64[us]").astype(np.int64)) * 1e-6
    return value.total_seconds()


def seconds_since_midnight(value):
    whole = (value.hour * 60 + value.minute) * 60 + value.second
    return whole + value.microsecond * 1e-6


def read_iso_date(text):
    """The seconds since 1970 of a date in ISO 8601, or None."""
    text = text.strip()
    if not ISO.fullmatch(text):
        return None
    text = text.replace("UTC", "Z").replace(" Z", "Z")
    if len(text) == len("2020-01"):
        text += "-01"
    try:
        return seconds_since_epoch(datetime.datetime.fromisoformat(text))
    except ValueError:  # such as the 31st of April
        return None


def read_iso_time(text):
    """The seconds since midnight of a time in ISO 8601, or None."""
    text = text.strip()
    if not ISO_TIME.fullmatch(text):
        return None
    try:
        return seconds_since_midnight(datetime.time.fromisoformat(text))
    except ValueError:  # such as 24:30
        return None


def read_duration(text):
    """The seconds of a duration as Python and pandas write it, with days, or None."""
    match = DURATION.fullmatch(text.strip())
    if match is None:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return days * DAY + hours * 3600 + minutes * 60 + seconds


def is_other_date(text):
    """Whether it seems to be a date that is not ISO, such as 31.12.2020."""
    return NOT_ISO.fullmatch(text.strip()) is not None


def calendar(seconds):
    """Year, month from 0, weekday from 0 for Monday, and hour of dates, floats (n,).

    seconds : float64 (n,), since 1970, NaN where missing.
    """
    missing = np.isnan(seconds)
    whole = np.floor(np.where(missing, 0.0, seconds))
    dates = whole.astype(np.int64).astype("datetime64[s]")
    years = dates.astype("datetime64[Y]").astype(np.int64) + 1970.0
    months = dates.astype("datetime64[M]").astype(np.int64) % 12.0
    weekdays = (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7.0
    hours = (seconds % DAY) / 3600.0
    for part in (years, months, weekdays):
        part[missing] = np.nan
    return years, months, weekdays, hours


def circle(values, period):
    """Sine and cosine of values that come again after a period."""
    angle = 2 * np.pi * values / period
    return np.sin(angle), np.cos(angle)
