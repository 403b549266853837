"""Dates, times of day and durations in ONNX, as nanoseconds, and their features."""

import numpy as np

from skmlp.tabular.columns import MICROSECOND
from skmlp.tabular.date_text import DAY

# NaT in NumPy and pandas.
MISSING = np.iinfo(np.int64).min
# The calendar repeats every 400 years, counted from the first of March.
DAYS_TO_EPOCH, DAYS_OF_ERA, YEARS_OF_ERA = 719468, 146097, 400


def date_features(kind, column):
    """Of int64 nanoseconds (n, 1) since 1970 in UTC."""
    seconds = _seconds(column)
    year, month, day = _calendar(seconds)
    weekday = _remainder(day + 3, 7)
    days = (seconds - kind.first) / DAY
    parts = [days, year, *_circle(month, 12.0), *_circle(weekday, 7.0)]
    if kind.has_times:
        parts += _circle(_hours(seconds), 24.0)
    return _with_gaps(column, parts)


def time_features(kind, column):
    """Of int64 nanoseconds (n, 1) since midnight."""
    hours = _seconds(column) / 3600.0
    return _with_gaps(column, [hours, *_circle(hours, 24.0)])


def duration_features(kind, column):
    """Of int64 nanoseconds (n, 1)."""
    return _with_gaps(column, [_seconds(column)])


def _seconds(column):
    """Rounded down to microseconds, as in the encoder; 0 where missing."""
    given = _is_missing(column).where(0, column)
    return _quotient(given, 1000).cast(np.float64) * MICROSECOND


def _is_missing(column):
    return column.equals(MISSING)


def _with_gaps(column, parts):
    """The features, concatenated to (n, n_parts), NaN where missing."""
    numbers = [part.cast(np.float64) for part in parts]
    joined = numbers[0].op("Concat", *numbers[1:], axis=1)
    return _is_missing(column).where(np.nan, joined)


def _calendar(seconds):
    """Year, month from 0, and day since 1970, whole numbers.

    Hinnant, chrono-compatible low-level date algorithms, 2013, civil_from_days. In it
    the months of a year are counted from March.
    """
    day = _quotient(seconds.op("Floor").cast(np.int64), int(DAY))
    shifted = day + DAYS_TO_EPOCH
    era = _quotient(shifted, DAYS_OF_ERA)
    of_era = shifted - era * DAYS_OF_ERA
    leaps = of_era / 1460 - of_era / 36524 + of_era / (DAYS_OF_ERA - 1)
    year = (of_era - leaps) / 365
    of_year = of_era - (year * 365 + year / 4 - year / 100)
    month = _remainder((of_year * 5 + 2) / 153 + 2, 12)
    is_next_year = (month < 2).cast(np.int64)
    return era * YEARS_OF_ERA + year + is_next_year, month, day


def _hours(seconds):
    of_day = seconds.op("Mod", DAY, fmod=1)  # of the sign of the seconds
    return (of_day < 0.0).where(of_day + DAY, of_day) / 3600.0


def _circle(values, period):
    angle = values.cast(np.float64) * (2.0 * np.pi) / period
    return [angle.op("Sin"), (angle + np.pi / 2.0).op("Sin")]


def _quotient(values, divisor):
    """Floor division of integers; the operator Div rounds towards 0."""
    return (values - _remainder(values, divisor)) / divisor


def _remainder(values, divisor):
    """Remainder of integers, never negative."""
    return values.op("Mod", divisor)
