"""Laws of every schedule in the table."""

import numpy as np
import pytest

from skmlp.schedules import SCHEDULES, Adaptive, Clock, Constant, InverseScaling

every_schedule = pytest.mark.parametrize(
    "schedule", [make() for make in SCHEDULES.values()], ids=SCHEDULES
)
TIMES = [Clock(n, 100 * n, n // 2) for n in range(20)]


@every_schedule
def test_training_begins_at_the_full_rate(schedule):
    assert schedule(Clock()) == 1.0


@every_schedule
def test_the_factor_is_a_positive_float_that_never_rises(schedule):
    factors = [schedule(clock) for clock in TIMES]
    assert all(type(factor) is float and factor > 0 for factor in factors)
    assert (np.diff(factors) <= 0).all()


@every_schedule
def test_a_schedule_reads_the_clock_and_leaves_it_alone(schedule):
    clock = Clock(3, 300, 2)
    assert schedule(clock) == schedule(clock)
    assert clock == Clock(3, 300, 2)


@every_schedule
def test_a_rate_at_the_bottom_ends_training_at_a_plateau(schedule):
    assert schedule.ends_at_plateau(1e-9)
    assert schedule.farewell.endswith("Stopping.")


def test_the_constant_factor_is_one_at_all_times():
    assert {Constant()(clock) for clock in TIMES} == {1.0}


@pytest.mark.parametrize("power_t", [0.0, 0.5, 1.0, 2.0])
def test_inverse_scaling_counts_the_rows_seen(power_t):
    schedule = InverseScaling(power_t)
    # the first epoch has no epoch behind it, however many steps it makes
    assert schedule(Clock(n_steps=7, n_samples=0)) == 1.0
    # one power in floating point
    assert schedule(Clock(n_samples=99)) == pytest.approx(0.01**power_t, rel=1e-14)


def test_inverse_scaling_is_by_the_square_root_by_default():
    # one power in floating point
    assert InverseScaling()(Clock(n_samples=399)) == pytest.approx(0.05, rel=1e-14)


@pytest.mark.parametrize("schedule", [Constant(), InverseScaling()])
def test_constant_and_inverse_scaling_end_at_any_plateau(schedule):
    assert schedule.ends_at_plateau(1.0)


@pytest.mark.parametrize("n_plateaus", range(5))
def test_adaptive_divides_by_five_at_each_plateau(n_plateaus):
    # one power in floating point
    assert Adaptive()(Clock(50, 5000, n_plateaus)) == pytest.approx(
        1 / 5**n_plateaus, rel=1e-14
    )


def test_adaptive_ends_at_a_plateau_only_when_the_rate_has_become_small():
    assert not Adaptive().ends_at_plateau(1.0)
    assert not Adaptive().ends_at_plateau(1.0001e-6)
    assert Adaptive().ends_at_plateau(1e-6)
