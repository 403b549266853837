"""Laws of every schedule in the table."""

import math
from itertools import product

import numpy as np
import pytest

from skmlp.schedules import (
    SCHEDULES,
    Adaptive,
    Clock,
    Constant,
    Cosine,
    CosLog,
    Exponential,
    FlatCosine,
    InverseScaling,
    Linear,
    OfProgress,
    OneCycle,
    Plateau,
    Step,
    Warmup,
)

# All of the table, a user's function, and schedules within warmup.
TRIED = {name: make() for name, make in SCHEDULES.items()} | {
    "of_progress": OfProgress(lambda progress: 1 / (1 + progress)),
    "cosine_after_warmup": Warmup(Cosine(), 0.1),
    "invscaling_after_warmup": Warmup(InverseScaling(), 0.1),
    "plateau_after_warmup": Warmup(Plateau(), 0.1),
}
RISING = ["one_cycle", "coslog4", *(name for name in TRIED if "warmup" in name)]
KNOWS_PLATEAUS = ["plateau", "plateau_after_warmup", "adaptive", "coslog4"]
# those that warmup may be around
INNER = {name: TRIED[name] for name in TRIED if "warmup" not in name}


def at(progress, **others):
    """The clock of a long training that has made so much progress."""
    return Clock(n_steps=round(1e6 * progress), n_planned=10**6, **others)


# Ten epochs of ten steps, without improvement in every other.
TIMES = [Clock(n, 100, 10 * (n // 10), n // 20) for n in range(100)]


# --- the clock


def test_progress_is_the_share_of_the_planned_updates():
    shares = {(0, 0): 0.0, (7, 0): 0.0, (0, 8): 0.0, (2, 8): 0.25, (8, 8): 1.0}
    shares |= {(9, 8): 1.0}
    for (n_steps, n_planned), progress in shares.items():
        clock = Clock(n_steps=n_steps, n_planned=n_planned)
        assert clock.progress == progress, clock


# --- all schedules


def test_training_begins_at_the_full_rate():
    for name in TRIED.keys() - RISING:
        assert TRIED[name](Clock()) == TRIED[name](at(0)) == 1.0, name


def test_the_factor_never_rises_but_where_the_schedule_says_so():
    for name, schedule in TRIED.items():
        rises = np.diff([schedule(clock) for clock in TIMES]) > 0
        assert rises.any() == (name in RISING), name


def test_the_factor_is_a_float_from_zero_to_one():
    for name, schedule in TRIED.items():
        factors = [schedule(clock) for clock in [*TIMES, at(1), at(2)]]
        assert {type(factor) for factor in factors} == {float}, name
        assert all(0 <= factor <= 1 for factor in factors), name


def test_a_schedule_reads_the_clock_and_leaves_it_alone():
    clock = Clock(3, 30, 300, 2)
    for name, schedule in TRIED.items():
        assert schedule(clock) == schedule(clock), name
        assert clock == Clock(3, 30, 300, 2), name


def test_a_schedule_says_whether_its_factor_changes_with_every_step():
    for name, schedule in TRIED.items():
        factors = {schedule(at(progress)) for progress in np.linspace(0, 1, 101)}
        assert (len(factors) > 1) == schedule.each_step, name


def test_a_rate_at_the_bottom_ends_training_at_a_plateau():
    for name in TRIED.keys() - ["coslog4"]:
        # after so many plateaus all floors are reached
        assert TRIED[name].ends_at_plateau(at(0.5, n_plateaus=99), 1e-9), name
        assert TRIED[name].stop_message.endswith("Stopping."), name


def test_cycles_are_ended_by_no_plateau_before_their_end():
    for progress in (0.0, 0.5, 0.999):
        assert not CosLog().ends_at_plateau(at(progress, n_plateaus=99), 1e-9)
    assert CosLog().ends_at_plateau(at(1), 0.0)


def test_the_schedules_that_know_no_plateaus_end_at_any():
    for name in TRIED.keys() - KNOWS_PLATEAUS:
        assert TRIED[name].ends_at_plateau(at(0.5), 1.0), name
        assert TRIED[name](at(0.5)) == TRIED[name](at(0.5, n_plateaus=9)), name


@pytest.mark.parametrize(
    "schedule, start, middle, end",
    [
        (Constant(), 1, 1, 1),
        (Cosine(), 1, 0.5, 0),
        (Cosine(0.2), 1, 0.6, 0.2),
        # 1e-4 + (1 - 1e-4) (1 - cos(5 pi / 7)) / 2, with cos(5 pi / 7) = -0.6234898019
        (OneCycle(), 0.04, 0.8117637264, 1e-4),
        (OneCycle(rise=0.5, start=0.1, end=0.2), 0.1, 1, 0.2),
        # two thirds of the way up: 0.1 + 0.9 (1 + 1 / 2) / 2
        (OneCycle(rise=0.75, start=0.1), 0.1, 0.775, 1e-4),
        (Exponential(), 1, 0.1, 0.01),
        (Exponential(0.25), 1, 0.5, 0.25),
        (Step(), 1, 0.1, 0.01),
        (Step(0.5, n_drops=1), 1, 0.5, 0.5),
        (Step(0.5, n_drops=4), 1, 0.25, 0.0625),
        (Linear(), 1, 0.5, 0),
        (Linear(0.2), 1, 0.6, 0.2),
        # after log2(3 / 2) and log2(17 / 2) cycles
        (CosLog(1), 0, 0.9304309704, 0),
        (CosLog(), 0, 0.0736189342, 0),
        (FlatCosine(), 1, 1, 0),
        (FlatCosine(0.0), 1, 0.5, 0),
        # a third of the way down: (1 + cos(pi / 3)) / 2
        (FlatCosine(0.25), 1, 0.75, 0),
        (OfProgress(math.cos), 1, 0.8775825619, 0.5403023059),
    ],
    ids=repr,
)
def test_the_factor_at_the_start_the_middle_and_the_end(schedule, start, middle, end):
    factors = [schedule(at(progress)) for progress in (0, 0.5, 1)]
    # ten digits are given
    np.testing.assert_allclose(factors, [start, middle, end], rtol=0, atol=6e-11)


# --- those of the epoch


def test_inverse_scaling_counts_the_rows_seen():
    for power_t in (0.0, 0.5, 1.0, 2.0):
        schedule = InverseScaling(power_t)
        # the first epoch has no epoch behind it, however many steps it makes
        assert schedule(Clock(n_steps=7, n_samples=0)) == 1.0
        # one power in floating point
        assert schedule(Clock(n_samples=99)) == pytest.approx(0.01**power_t, rel=1e-14)


def test_inverse_scaling_is_by_the_square_root_by_default():
    # one power in floating point
    assert InverseScaling()(Clock(n_samples=399)) == pytest.approx(0.05, rel=1e-14)


def test_adaptive_divides_by_five_at_each_plateau():
    factors = [Adaptive()(at(0.5, n_plateaus=n)) for n in range(5)]
    # one power in floating point
    np.testing.assert_allclose(factors, [1, 0.2, 0.04, 0.008, 0.0016], rtol=1e-14)


def test_adaptive_ends_at_a_plateau_only_when_the_rate_has_become_small():
    assert not Adaptive().ends_at_plateau(Clock(), 1.0)
    assert not Adaptive().ends_at_plateau(Clock(), 1.0001e-6)
    assert Adaptive().ends_at_plateau(Clock(), 1e-6)


def test_plateau_multiplies_at_each_plateau_down_to_its_floor():
    factors = [Plateau(0.5, 0.1)(Clock(n_plateaus=n)) for n in range(6)]
    assert factors == [1.0, 0.5, 0.25, 0.125, 0.1, 0.1]


def test_plateau_stays_above_its_floor_and_ends_there():
    clocks = [Clock(n_plateaus=n) for n in range(100)]
    for factor, floor in product((0.1, 0.5, 0.9), (1e-3, 0.01, 0.125, 1.0)):
        schedule = Plateau(factor, floor)
        factors = [schedule(clock) for clock in clocks]
        ends = [schedule.ends_at_plateau(clock, 1.0) for clock in clocks]
        assert min(factors) == floor, schedule
        assert ends == [f == floor for f in factors], schedule


# --- those of the step


def test_one_cycle_rises_to_one_and_falls_after():
    for rise, start, end in product((0.1, 0.3, 0.9), (0.0, 0.04, 0.5), (0.0, 0.1, 0.5)):
        schedule = OneCycle(rise, start, end)
        assert schedule.at(rise) == 1.0, schedule
        up = [schedule.at(t) for t in np.linspace(0, rise, 20)]
        down = [schedule.at(t) for t in np.linspace(rise, 1, 20)]
        assert (np.diff(up) > 0).all() and (np.diff(down) < 0).all(), schedule


def test_exponential_loses_the_same_share_at_each_step():
    factors = np.array([Exponential().at(t) for t in np.linspace(0, 1, 21)])
    # a quotient of two powers
    np.testing.assert_allclose(factors[1:] / factors[:-1], 0.01**0.05, rtol=1e-13)


def test_step_has_parts_of_equal_length():
    for n_drops, n_steps_a_part in product((1, 2, 6, 48, 97), (1, 3)):
        n_planned = (n_drops + 1) * n_steps_a_part
        schedule = Step(0.5, n_drops)
        factors = [schedule(Clock(n, n_planned)) for n in range(n_planned)]
        expected = [0.5 ** (n // n_steps_a_part) for n in range(n_planned)]
        assert factors == expected, (schedule, n_planned)


def test_coslog_is_the_formula_of_its_paper():
    # (1 - cos(2 pi log2(1 + 15 t))) / 2, to ten digits
    factors = [CosLog().at(t) for t in (1 / 60, 1 / 30, 0.5, 0.75, 0.9)]
    expected = [0.7183546885, 0.9304309704, 0.0736189342, 0.8756577311, 0.1862008001]
    np.testing.assert_allclose(factors, expected, rtol=0, atol=6e-11)


def test_flat_cosine_is_the_formula_of_its_paper():
    # (1 + cos(pi (2 t - 1))) / 2 from t = 1/2 on, to ten digits
    factors = [FlatCosine().at(t) for t in (0.75, 0.9, 1)]
    np.testing.assert_allclose(factors, [0.5, 0.0954915028, 0], rtol=0, atol=6e-11)


def test_flat_cosine_stays_at_1_and_is_a_cosine_after():
    for hold in (0.0, 0.25, 0.5, 0.9):
        schedule = FlatCosine(hold)
        assert {schedule.at(t) for t in np.linspace(0.0, hold, 11)} == {1.0}, hold
        for t in np.linspace(0.0, 1.0, 11):
            # the argument is rounded at about pi
            expected = pytest.approx(Cosine().at(t), abs=1e-14)
            assert schedule.at(hold + t * (1 - hold)) == expected, hold


def test_each_cycle_of_coslog_is_twice_as_long_as_the_one_before():
    for n_cycles in (1, 2, 4, 7):
        schedule, whole = CosLog(n_cycles), 2**n_cycles - 1
        for n in range(n_cycles):
            low, peak, high = (2 ** (n + part) - 1 for part in (0, 0.5, 1))
            factors = [schedule.at(t / whole) for t in (low, peak, high)]
            # the cosine's argument is rounded at up to 2 pi 7: 1e-14, and is squared
            np.testing.assert_allclose(
                factors, [0, 1, 0], atol=1e-15, err_msg=str(schedule)
            )


def test_a_users_function_is_called_with_the_progress():
    schedule = OfProgress(lambda progress: np.float32(1 - progress))
    assert schedule(Clock(2, 8)) == 0.75
    assert type(schedule(Clock(2, 8))) is float
    assert OfProgress(lambda progress: 0).at(1.0) == 0.0


def test_a_users_factor_that_no_rate_can_have_is_refused():
    for factor in (-1e-9, math.nan, math.inf, -math.inf):
        schedule = OfProgress(lambda progress, factor=factor: factor)
        message = rf"number in \[0, inf\), got {factor} at progress 0.25"
        with pytest.raises(ValueError, match=message):
            schedule(Clock(2, 8))


# --- warmup


def test_warmup_is_a_factor_on_another_schedule():
    for (name, schedule), share in product(INNER.items(), (0.05, 0.3, 1.0)):
        warmup = Warmup(schedule, share)
        for n, clock in enumerate(TIMES):
            # half a step's progress more, so that the first step is not lost
            expected = min(1.0, (n + 0.5) / (100 * share)) * schedule(clock)
            assert warmup(clock) == pytest.approx(expected, rel=1e-13), (name, share, n)


def test_warmup_loses_no_step():
    for n_planned in (1, 2, 1000, 10**9):
        assert 0 < Warmup()(Clock(0, n_planned)) <= 1, n_planned
        assert Warmup()(Clock(n_planned, n_planned)) == 1.0, n_planned


def test_warmup_ends_at_a_plateau_as_the_schedule_within_it():
    for schedule, n_plateaus, rate in product(INNER.values(), range(10), (1.0, 1e-6)):
        warmup, clock = Warmup(schedule), at(0.5, n_plateaus=n_plateaus)
        ends = schedule.ends_at_plateau(clock, rate)
        assert warmup.ends_at_plateau(clock, rate) == ends, (schedule, n_plateaus, rate)
        assert warmup.stop_message == schedule.stop_message, schedule


def test_warmups_within_warmups_multiply():
    inner = Warmup(Linear(), 0.5)
    clock = Clock(10, 100)
    # (10.5 / 100 / 0.2) (10.5 / 100 / 0.5) (1 - 0.1)
    assert Warmup(inner, 0.2)(clock) == pytest.approx(0.525 * 0.21 * 0.9, rel=1e-14)


def test_without_a_plan_steps_are_no_progress():
    for name, schedule in TRIED.items():
        assert schedule(Clock(n_steps=5)) == schedule(Clock()), name
