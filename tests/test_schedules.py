"""Laws of every schedule in the table."""

import math

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
RISING = {"one_cycle", "coslog4", *(name for name in TRIED if "warmup" in name)}


def every(condition=lambda name: True):
    """All schedules tried for whose name the condition is true."""
    chosen = {name: schedule for name, schedule in TRIED.items() if condition(name)}
    return pytest.mark.parametrize("schedule", chosen.values(), ids=chosen)


every_schedule = every()
every_inner_schedule = every(lambda name: "warmup" not in name)


def at(progress, **others):
    """The clock of a long training that has made so much progress."""
    return Clock(n_steps=round(1e6 * progress), n_planned=10**6, **others)


# Ten epochs of ten steps, without improvement in every other.
TIMES = [Clock(n, 100, 10 * (n // 10), n // 20) for n in range(100)]


# --- the clock


@pytest.mark.parametrize(
    "n_steps, n_planned, progress",
    [(0, 0, 0.0), (7, 0, 0.0), (0, 8, 0.0), (2, 8, 0.25), (8, 8, 1.0), (9, 8, 1.0)],
)
def test_progress_is_the_share_of_the_planned_updates(n_steps, n_planned, progress):
    assert Clock(n_steps=n_steps, n_planned=n_planned).progress == progress


# --- all schedules


@every(lambda name: name not in RISING)
def test_training_begins_at_the_full_rate(schedule):
    assert schedule(Clock()) == schedule(at(0)) == 1.0


@every(lambda name: name not in RISING)
def test_the_factor_never_rises_but_where_the_schedule_says_so(schedule):
    assert (np.diff([schedule(clock) for clock in TIMES]) <= 0).all()


@every(lambda name: name in RISING)
def test_the_schedules_that_rise_do(schedule):
    assert (np.diff([schedule(clock) for clock in TIMES]) > 0).any()


@every_schedule
def test_the_factor_is_a_float_from_zero_to_one(schedule):
    factors = [schedule(clock) for clock in [*TIMES, at(1), at(2)]]
    assert all(type(factor) is float and 0 <= factor <= 1 for factor in factors)


@every_schedule
def test_a_schedule_reads_the_clock_and_leaves_it_alone(schedule):
    clock = Clock(3, 30, 300, 2)
    assert schedule(clock) == schedule(clock)
    assert clock == Clock(3, 30, 300, 2)


@every_schedule
def test_a_schedule_says_whether_its_factor_changes_with_every_step(schedule):
    factors = {schedule(at(progress)) for progress in np.linspace(0, 1, 101)}
    assert (len(factors) > 1) == schedule.each_step


@every(lambda name: name != "coslog4")
def test_a_rate_at_the_bottom_ends_training_at_a_plateau(schedule):
    # after so many plateaus all floors are reached
    assert schedule.ends_at_plateau(at(0.5, n_plateaus=99), 1e-9)
    assert schedule.farewell.endswith("Stopping.")


def test_cycles_are_ended_by_no_plateau_before_their_end():
    for progress in (0.0, 0.5, 0.999):
        assert not CosLog().ends_at_plateau(at(progress, n_plateaus=99), 1e-9)
    assert CosLog().ends_at_plateau(at(1), 0.0)


@every(lambda name: "plateau" not in name and name not in ("adaptive", "coslog4"))
def test_the_schedules_that_know_no_plateaus_end_at_any(schedule):
    assert schedule.ends_at_plateau(at(0.5), 1.0)
    assert schedule(at(0.5)) == schedule(at(0.5, n_plateaus=9))


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


@pytest.mark.parametrize("n_plateaus", range(5))
def test_adaptive_divides_by_five_at_each_plateau(n_plateaus):
    # one power in floating point
    assert Adaptive()(at(0.5, n_plateaus=n_plateaus)) == pytest.approx(
        1 / 5**n_plateaus, rel=1e-14
    )


def test_adaptive_ends_at_a_plateau_only_when_the_rate_has_become_small():
    assert not Adaptive().ends_at_plateau(Clock(), 1.0)
    assert not Adaptive().ends_at_plateau(Clock(), 1.0001e-6)
    assert Adaptive().ends_at_plateau(Clock(), 1e-6)


def test_plateau_multiplies_at_each_plateau_down_to_its_floor():
    factors = [Plateau(0.5, 0.1)(Clock(n_plateaus=n)) for n in range(6)]
    assert factors == [1.0, 0.5, 0.25, 0.125, 0.1, 0.1]


@pytest.mark.parametrize("floor", [1e-3, 0.01, 0.125, 1.0])
@pytest.mark.parametrize("factor", [0.1, 0.5, 0.9])
def test_plateau_stays_above_its_floor_and_ends_there(factor, floor):
    schedule = Plateau(factor, floor)
    clocks = [Clock(n_plateaus=n) for n in range(100)]
    factors = [schedule(clock) for clock in clocks]
    ends = [schedule.ends_at_plateau(clock, 1.0) for clock in clocks]
    assert min(factors) == floor
    assert ends == [f == floor for f in factors]


# --- those of the step


@pytest.mark.parametrize("end", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("start", [0.0, 0.04, 0.5])
@pytest.mark.parametrize("rise", [0.1, 0.3, 0.9])
def test_one_cycle_rises_to_one_and_falls_after(rise, start, end):
    schedule = OneCycle(rise, start, end)
    assert schedule.at(rise) == 1.0
    up = [schedule.at(t) for t in np.linspace(0, rise, 20)]
    down = [schedule.at(t) for t in np.linspace(rise, 1, 20)]
    assert (np.diff(up) > 0).all() and (np.diff(down) < 0).all()


def test_exponential_loses_the_same_share_at_each_step():
    factors = np.array([Exponential().at(t) for t in np.linspace(0, 1, 21)])
    # a quotient of two powers
    np.testing.assert_allclose(factors[1:] / factors[:-1], 0.01**0.05, rtol=1e-13)


@pytest.mark.parametrize("n_steps_a_part", [1, 3])
@pytest.mark.parametrize("n_drops", [1, 2, 6, 48, 97])
def test_step_has_parts_of_equal_length(n_drops, n_steps_a_part):
    n_planned = (n_drops + 1) * n_steps_a_part
    schedule = Step(0.5, n_drops)
    factors = [schedule(Clock(n, n_planned)) for n in range(n_planned)]
    assert factors == [0.5 ** (n // n_steps_a_part) for n in range(n_planned)]


@pytest.mark.parametrize(
    "progress, factor",
    [
        (1 / 60, 0.7183546885),
        (1 / 30, 0.9304309704),
        (0.5, 0.0736189342),
        (0.75, 0.8756577311),
        (0.9, 0.1862008001),
    ],
)
def test_coslog_is_the_formula_of_its_paper(progress, factor):
    # (1 - cos(2 pi log2(1 + 15 t))) / 2, to ten digits
    assert CosLog().at(progress) == pytest.approx(factor, abs=6e-11)


@pytest.mark.parametrize("progress, factor", [(0.75, 0.5), (0.9, 0.0954915028), (1, 0)])
def test_flat_cosine_is_the_formula_of_its_paper(progress, factor):
    # (1 + cos(pi (2 t - 1))) / 2 from t = 1/2 on, to ten digits
    assert FlatCosine().at(progress) == pytest.approx(factor, abs=6e-11)


@pytest.mark.parametrize("hold", [0.0, 0.25, 0.5, 0.9])
def test_flat_cosine_stays_at_1_and_is_a_cosine_after(hold):
    schedule = FlatCosine(hold)
    assert {schedule.at(t) for t in np.linspace(0.0, hold, 11)} == {1.0}
    for t in np.linspace(0.0, 1.0, 11):
        # the argument is rounded at about pi
        assert schedule.at(hold + t * (1 - hold)) == pytest.approx(
            Cosine().at(t), abs=1e-14
        )


@pytest.mark.parametrize("n_cycles", [1, 2, 4, 7])
def test_each_cycle_of_coslog_is_twice_as_long_as_the_one_before(n_cycles):
    schedule, whole = CosLog(n_cycles), 2**n_cycles - 1
    for n in range(n_cycles):
        low, peak, high = (2 ** (n + part) - 1 for part in (0, 0.5, 1))
        factors = [schedule.at(t / whole) for t in (low, peak, high)]
        # the cosine's argument is rounded at up to 2 pi 7: 1e-14, and is squared
        np.testing.assert_allclose(factors, [0, 1, 0], atol=1e-15)


def test_a_users_function_is_called_with_the_progress():
    schedule = OfProgress(lambda progress: np.float32(1 - progress))
    assert schedule(Clock(2, 8)) == 0.75
    assert type(schedule(Clock(2, 8))) is float
    assert OfProgress(lambda progress: 0).at(1.0) == 0.0


@pytest.mark.parametrize("factor", [-1e-9, math.nan, math.inf, -math.inf])
def test_a_users_factor_that_no_rate_can_have_is_refused(factor):
    with pytest.raises(
        ValueError, match=r"number in \[0, inf\), got .* at progress 0.25"
    ):
        OfProgress(lambda progress: factor)(Clock(2, 8))


# --- warmup


@pytest.mark.parametrize("share", [0.05, 0.3, 1.0])
@every_inner_schedule
def test_warmup_is_a_factor_on_another_schedule(schedule, share):
    warmup = Warmup(schedule, share)
    for n, clock in enumerate(TIMES):
        # half a step's progress more, so that the first step is not lost
        expected = min(1.0, (n + 0.5) / (100 * share)) * schedule(clock)
        assert warmup(clock) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("n_planned", [1, 2, 1000, 10**9])
def test_warmup_loses_no_step(n_planned):
    assert 0 < Warmup()(Clock(0, n_planned)) <= 1
    assert Warmup()(Clock(n_planned, n_planned)) == 1.0


@every_inner_schedule
def test_warmup_ends_at_a_plateau_as_the_schedule_within_it(schedule):
    warmup = Warmup(schedule)
    assert warmup.farewell == schedule.farewell
    for n_plateaus in range(10):
        for rate in (1.0, 1e-6):
            clock = at(0.5, n_plateaus=n_plateaus)
            assert warmup.ends_at_plateau(clock, rate) == schedule.ends_at_plateau(
                clock, rate
            )


def test_warmups_within_warmups_multiply():
    inner = Warmup(Linear(), 0.5)
    clock = Clock(10, 100)
    # (10.5 / 100 / 0.2) (10.5 / 100 / 0.5) (1 - 0.1)
    assert Warmup(inner, 0.2)(clock) == pytest.approx(0.525 * 0.21 * 0.9, rel=1e-14)


@every_schedule
def test_without_a_plan_steps_are_no_progress(schedule):
    assert schedule(Clock(n_steps=5)) == schedule(Clock())
