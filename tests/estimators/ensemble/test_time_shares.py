"""Members side by side end together, and all of them when the time is over."""

import time

import pytest

from skmlp.estimators.ensemble.time_shares import LEAST_SECONDS, time_shares

MAX_TIME = 60.0


def played(n_members, n_at_once, delay, used, monkeypatch):
    """When the last member ends, each of which uses a part of its share.

    delay : seconds until the first ones begin.
    """
    now = 1000.0
    monkeypatch.setattr(time, "time", lambda: now)
    shares, start = time_shares(MAX_TIME, n_members, n_members, n_at_once), now
    now += delay
    for first in range(0, n_members, n_at_once):
        seconds = [share.seconds() for share in shares[first : first + n_at_once]]
        assert len(set(seconds)) == 1
        now += seconds[0] * used
    return now - start


@pytest.mark.parametrize("n_at_once", [1, 2, 3, 8])
def test_all_end_in_time_whatever_the_start_takes(n_at_once, monkeypatch):
    for delay in (0.0, 20.0):
        end = played(8, n_at_once, delay, 1.0, monkeypatch)
        assert end == pytest.approx(MAX_TIME)


def test_what_members_leave_goes_to_those_after_them(monkeypatch):
    # of eight equal shares half is used: half of 60 s; here the last has more
    assert MAX_TIME / 2 < played(8, 1, 0.0, 0.5, monkeypatch) < MAX_TIME


def test_where_no_time_is_left_a_step_is(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 0.0)
    (share,) = time_shares(MAX_TIME, 1, 1, 1)
    monkeypatch.setattr(time, "time", lambda: 2 * MAX_TIME)
    assert share.seconds() == LEAST_SECONDS


def test_without_a_limit_there_are_no_shares():
    assert time_shares(None, 2, 2, 1) == [None, None]
