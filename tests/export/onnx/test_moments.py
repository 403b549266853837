"""Features of dates, times of day and durations are those of the encoder."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from skmlp.export.onnx.moments import date_features, duration_features, time_features
from skmlp.tabular.columns import ArrayColumn
from skmlp.tabular.kinds import Dates, Durations, TimesOfDay

from .graphs import evaluated

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

RNG = np.random.default_rng(0)
DAY = 86_400_000_000_000
# each day of two years around a leap day, the ends of what nanoseconds can say, and
# times before 1970
DAYS = np.arange("1899-12-25", "1901-01-05", dtype="datetime64[D]")
DAYS = np.concatenate([DAYS, np.arange("1999-12-25", "2001-01-05", dtype=DAYS.dtype)])
TIMES = np.concatenate(
    [
        DAYS.astype("datetime64[ns]"),
        RNG.integers(-(2**63) + DAY, 2**63 - DAY, 500).astype("datetime64[ns]"),
        np.array(["1969-12-31T23:59:59.999999999", "NaT"], "datetime64[ns]"),
    ]
)


@pytest.mark.parametrize("has_times", [False, True])
def test_dates_of_six_centuries(has_times):
    kind = Dates()
    kind.first, kind.has_times = 86400.0 * 365, has_times
    found = evaluated(
        partial(date_features, kind),
        TIMES.astype(np.int64)[:, np.newaxis],
        (6 + 2 * has_times,),
    )
    wanted = kind.read(ArrayColumn(TIMES))
    # microseconds are rounded in days of centuries
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-10)
    np.testing.assert_array_equal(found[:, 1], wanted[:, 1])  # years


def test_durations():
    durations = TIMES.astype(np.int64).view("timedelta64[ns]")
    found = evaluated(
        partial(duration_features, Durations()), durations.view(np.int64)[:, np.newaxis]
    )
    wanted = Durations().read(ArrayColumn(durations))
    np.testing.assert_array_equal(found[:, 0], wanted)


def test_times_of_day():
    nanoseconds = np.append(RNG.integers(0, DAY, 50), np.iinfo(np.int64).min)
    durations = nanoseconds.view("timedelta64[ns]")
    column = SimpleNamespace(kind="t", seconds=ArrayColumn(durations).seconds)
    found = evaluated(
        partial(time_features, TimesOfDay()), nanoseconds[:, np.newaxis], (3,)
    )
    wanted = TimesOfDay().read(column)
    np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-13)
