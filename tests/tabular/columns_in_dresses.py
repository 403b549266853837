"""One table in the dresses that libraries, dtypes and files give it."""

import datetime

import numpy as np

from ..conftest import Optional

pa, pd, pl = Optional("pyarrow"), Optional("pandas"), Optional("polars")
N_ROWS = 24
DAY = datetime.date(2020, 1, 30)
NOON = datetime.datetime(2020, 1, 30, 12)


def days(i):
    return datetime.timedelta(days=i)


# Of each kind of column what is in row i; more values than one, each more than once.
KINDS = {
    "floats": lambda i: 0.25 * (i % 7),
    "whole": lambda i: i % 5 + 2,
    "flags": lambda i: i % 3 == 0,
    "words": lambda i: ("red", "green", "blue")[i % 3],
    "days": lambda i: DAY + days(i % 11),
    "moments": lambda i: NOON + days(i % 11) / 3,
    "durations": lambda i: days(i % 4) + datetime.timedelta(hours=i % 3),
    "times": lambda i: datetime.time(i % 9, 30 * (i % 2)),
}


def values_of(kind, missing):
    """A column as Python's objects."""
    values = [KINDS[kind](i) for i in range(N_ROWS)]
    return [None if missing and i % 6 == 1 else v for i, v in enumerate(values)]


def columns_of(missing):
    return {kind: values_of(kind, missing) for kind in KINDS}


def as_objects(columns):
    return pd.DataFrame(columns, dtype=object)


def as_pandas(columns):
    frame = pd.DataFrame(columns)
    return frame.assign(days=pd.to_datetime(frame["days"]))


def as_zoned(columns):
    """Dates with a zone, in which they have another day and hour than in UTC."""
    frame = as_pandas(columns)
    moments = frame["moments"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    return frame.assign(moments=moments)


def as_text(columns):
    """As it comes from a text file; a blank among words would be one more of them."""
    frame = as_pandas(columns)
    text = frame.map(lambda v: " " if pd.isna(v) else str(v)).astype(object)
    words = ["flags", "words"]
    return text.assign(**{name: text[name].replace(" ", None) for name in words})


def as_arrow(columns):
    return pa.table(columns)


DRESSES = {
    "objects": as_objects,
    "pandas": as_pandas,
    "pandas with zones": as_zoned,
    "pandas nullable": lambda columns: as_pandas(columns).convert_dtypes(),
    "pandas of Arrow": lambda c: as_arrow(c).to_pandas(types_mapper=pd.ArrowDtype),
    "text": as_text,
    "polars": lambda columns: pl.DataFrame(columns),
    "arrow": as_arrow,
    "batch": lambda columns: as_arrow(columns).to_batches()[0],
}


def in_dress(dress, missing):
    return DRESSES[dress](columns_of(missing))


def first_row(X):
    return X.slice(0, 1) if hasattr(X, "column_names") else X[:1]


def expected_features(missing):
    """The features as people make them by hand, before they are scaled, by name."""
    columns = columns_of(missing)
    made = {}
    for kind, values in columns.items():
        there = [value for value in values if value is not None]
        for name, of in BY_HAND.get(kind, {}).items():
            numbers = [np.nan if v is None else of(v, there) for v in values]
            made[f"{kind}{name}"] = np.array(numbers, dtype=float)
    return made


def circle(function, part, period):
    return lambda value, there: function(2 * np.pi * part(value) / period)


def cycle(name, part, period):
    return {
        f"_{name}_sin": circle(np.sin, part, period),
        f"_{name}_cos": circle(np.cos, part, period),
    }


def hour(value):
    return value.hour + value.minute / 60


CALENDAR = {
    "_days": lambda value, there: (value - min(there)) / days(1),
    "_year": lambda value, there: value.year,
    **cycle("month", lambda value: value.month - 1, 12),
    **cycle("weekday", lambda value: value.weekday(), 7),
}
BY_HAND = {
    "floats": {"": lambda value, there: value},
    "whole": {"": lambda value, there: value},
    "days": CALENDAR,
    "moments": CALENDAR | cycle("hour", hour, 24),
    "durations": {"_seconds": lambda value, there: value.total_seconds()},
    "times": {"_hour": lambda value, there: hour(value), **cycle("hour", hour, 24)},
}
