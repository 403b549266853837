"""Laws of training by mini-batches: its steps, its schedules, and how it ends."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from sklearn.utils import shuffle

from skmlp.schedules import (
    SCHEDULES,
    Adaptive,
    Clock,
    Constant,
    FlatCosine,
    InverseScaling,
    Linear,
    OfProgress,
    Plateau,
    Schedule,
    Warmup,
)
from skmlp.solvers import SGD, Adam, AdamW, Layout, Lion
from skmlp.training.early_stopping import Patience
from skmlp.training.minibatch import SolverState

from ..conftest import covering
from .runs import (
    NETWORK,
    SOLVERS_IN_TRAINING,
    Counting,
    Scripted,
    make_training,
    noisy_network,
    scripted,
)

every_solver = pytest.mark.parametrize(
    "solver", SOLVERS_IN_TRAINING.values(), ids=SOLVERS_IN_TRAINING
)


def arrays_of(training):
    """The parameters and the vectors of the solver's state."""
    state = training.solver_state.state
    found = [training.params, state.average, *state.values.values()]
    return [value for value in found if isinstance(value, np.ndarray)]


@covering(
    solver={"sgd": SGD(), "adam": Adam()},
    shuffled={"shuffled": True, "in order": False},
    batch_size=[4, 10],
)
def test_training_is_a_step_for_each_batch_of_each_epoch(solver, shuffled, batch_size):
    training = make_training(batch_size, shuffled, solver)
    objective, data, params = training.objective, training.data, training.params.copy()
    state, order, losses = (
        solver.init(params, Layout(NETWORK.n_weights)),
        np.arange(10),
        [],
    )
    random_state = np.random.RandomState(0)
    for _ in range(5):
        order = shuffle(order, random_state=random_state) if shuffled else order
        total = 0.0
        for rows in np.split(order, range(batch_size, 10, batch_size)):
            value, grad = objective.value_and_gradient(
                params, data.X[rows], data.Y[rows]
            )
            total += len(rows) * value.total
            solver.step(params, grad, state, 0.01)
        losses.append(total / 10)

    assert training.run(5) == "max_iter"
    # gathered into buffers or sliced, arrays may be summed in another order
    np.testing.assert_allclose(training.params, params, rtol=1e-11)
    np.testing.assert_allclose(training.history.loss_curve, losses, rtol=1e-12)
    assert training.loss == training.history.loss_curve[-1]


def test_training_counts_epochs_steps_and_rows():
    training = make_training(batch_size=4)
    training.run(3)
    clock = training.solver_state.clock
    assert training.n_iter == len(training.history.loss_curve) == 3
    assert clock.n_steps == 3 * 3
    assert clock.n_samples == training.history.n_samples == 3 * 10


def make_demanding(solver):
    """Training in which all that can be carried over has to be."""
    return make_training(
        solver=replace(solver, max_norm=1.0),
        network=noisy_network(),
        generator=np.random.default_rng(5),
        schedule=Linear(),
        n_planned_epochs=7,
    )


@every_solver
def test_training_goes_on_where_it_stopped(solver):
    at_once, in_parts = make_demanding(solver), make_demanding(solver)
    at_once.run(5)
    in_parts.run(2)
    in_parts.solver_state.state = pickle.loads(
        pickle.dumps(in_parts.solver_state.state)
    )
    in_parts.run(3)
    np.testing.assert_array_equal(in_parts.params, at_once.params)
    assert in_parts.history == at_once.history
    assert in_parts.n_iter == 5
    states = [training.solver_state.get_state() for training in (in_parts, at_once)]
    np.testing.assert_equal(*states)  # the iterate is in it


def test_the_loss_is_reported_as_the_objective_reports_it():
    class HalvedInUnits(Scripted):
        loss_unit = 3.0

        def trained(self, value):
            return 0.5 * value.loss

    training = make_training(batch_size=10, objective=HalvedInUnits([4.0, 2.0]))
    training.run(2)
    assert training.history.loss_curve == [6.0, 3.0]


def test_the_loss_of_an_epoch_is_a_mean_over_rows_not_over_batches():
    training = make_training(batch_size=4, objective=Scripted([1.0, 2.0, 10.0]))
    training.run(1)
    assert training.history.loss_curve == [(4 * 1.0 + 4 * 2.0 + 2 * 10.0) / 10]


@every_solver
def test_training_in_float32_stays_in_float32(solver):
    training = make_training(
        solver=replace(solver, max_norm=1.0),
        dtype=np.float32,
        network=noisy_network(),
        generator=np.random.default_rng(5),
    )
    params = training.params
    training.run(3)
    assert training.params is params
    arrays = arrays_of(training)
    assert len(arrays) > 1
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


# --- schedules


def test_inverse_scaling_sets_the_rate_by_the_rows_at_each_epochs_start():
    solver = Counting()
    training = scripted(
        9 * [1.0], solver=solver, schedule=InverseScaling(), batch_size=4
    )
    training.run(3)
    epochs = 0.01 / np.sqrt([1, 11, 21])  # ten rows an epoch
    # two roundings
    np.testing.assert_allclose(solver.rates, np.repeat(epochs, 3), rtol=1e-14)


def test_an_adaptive_rate_is_divided_by_five_at_each_plateau_until_it_is_small():
    solver = Counting()
    training = scripted(
        100 * [1.0],
        solver=solver,
        schedule=Adaptive(),
        learning_rate=2e-5,
        patience=Patience(0.5, 1),
    )
    assert training.run(100) == "converged"
    # the first epoch is a rise; then a plateau is two epochs: 2e-5, 4e-6, 8e-7 < 1e-6
    rates = [2e-5] * 3 + [4e-6] * 2 + [8e-7] * 2
    # a power and a product
    np.testing.assert_allclose(solver.rates, rates, rtol=1e-14)
    assert training.solver_state.clock.n_plateaus == 2


# Warmup around it, all warm before the first step, leaves it as it is.
@pytest.mark.parametrize("warmup", [False, True])
def test_a_plateau_schedule_ends_training_at_its_floor(warmup):
    solver, schedule = Counting(), Plateau(factor=0.5, floor=0.25)
    training = scripted(
        100 * [1.0],
        solver=solver,
        schedule=Warmup(schedule, share=1e-9) if warmup else schedule,
        learning_rate=1.0,
        patience=Patience(0.5, 1),
    )
    assert training.run(100) == "converged"
    assert solver.rates == [1.0] * 3 + [0.5] * 2 + [0.25] * 2


# --- schedules: when they are asked, and what for

EACH_STEP = {name: make() for name, make in SCHEDULES.items() if make.each_step}


class Asked(Schedule):
    """A schedule that writes down the steps at which it is asked."""

    def __init__(self, each_step):
        self.each_step, self.steps = each_step, []

    def __call__(self, clock):
        self.steps.append(clock.n_steps)
        return 1.0


@pytest.mark.parametrize("schedule", EACH_STEP.values(), ids=EACH_STEP)
def test_each_step_has_the_rate_at_its_progress(schedule):
    solver = Counting()
    training = scripted(
        99 * [1.0], solver=solver, schedule=schedule, batch_size=4, n_planned_epochs=5
    )
    training.run(6)  # one more than planned
    clocks = [Clock(min(n, 15), 15) for n in range(18)]
    assert solver.rates == [0.01 * schedule(clock) for clock in clocks]
    assert len(set(solver.rates)) > 1


def test_a_schedule_by_epochs_is_asked_once_an_epoch():
    for n_epochs in (1, 4):
        schedule = Asked(each_step=False)
        scripted(99 * [1.0], schedule=schedule, batch_size=4).run(n_epochs)
        assert schedule.steps == list(range(0, 3 * n_epochs, 3))


def test_a_schedule_by_steps_is_asked_at_each_step():
    schedule = Asked(each_step=True)
    scripted(99 * [1.0], schedule=schedule, batch_size=4).run(2)
    assert sorted(set(schedule.steps)) == list(range(6))


def test_epoch_by_epoch_the_plan_is_the_same():
    rates = []
    for runs in ([4], [1, 1, 1, 1], [3, 1]):
        solver = Counting()
        training = scripted(
            99 * [1.0],
            solver=solver,
            schedule=Linear(),
            batch_size=4,
            n_planned_epochs=4,
        )
        for n_epochs in runs:
            training.run(n_epochs)
        assert training.solver_state.clock.n_planned == 4 * 3
        rates.append(solver.rates)
    assert rates[0] == rates[1] == rates[2]
    # 1 - t at t = 0, 1/12, ..., 11/12; a few roundings
    np.testing.assert_allclose(rates[0], 0.01 * np.arange(12, 0, -1) / 12, rtol=1e-14)


def test_a_plan_counts_in_epochs_of_the_first_runs_size():
    training = scripted(9 * [1.0], batch_size=4, n_planned_epochs=4)
    training.run(1)
    assert training.solver_state.clock.n_planned == 4 * 3
    training.batches.n_batches = 1
    training.n_planned_epochs = 9
    training.run(1)
    assert training.solver_state.clock.n_planned == 9 * 3


# --- what comes before and after a step

N_PARAMS = NETWORK.n_params


def test_a_gradient_that_is_too_long_is_shortened_before_the_step():
    for clip_norm in (0.5, 2.0):
        training = scripted(3 * [1.0], solver=Counting(clip_norm=clip_norm))
        training.run(3)
        # three gradients of ones; some roundings
        np.testing.assert_allclose(
            training.params, 3 * clip_norm / np.sqrt(N_PARAMS), rtol=1e-14
        )


def test_a_gradient_that_is_short_enough_is_not_clipped():
    training = scripted(3 * [1.0], solver=Counting(clip_norm=10.0))
    training.run(3)
    np.testing.assert_array_equal(training.params, np.full(N_PARAMS, 3.0))


@pytest.mark.parametrize("solver", [SGD(), Adam(averaging=0.9)], ids=type)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_after_each_step_no_units_incoming_weights_are_too_long(solver, dtype):
    def longest(max_norm):
        """After each of 20 epochs of one batch, of the weights of all units."""
        limited = replace(solver, max_norm=max_norm)
        training = make_training(10, solver=limited, learning_rate=0.3, dtype=dtype)
        for _ in range(20):
            training.run(1)
            pairs = NETWORK.weights_and_biases(training.params)
            yield max(np.linalg.norm(W, axis=0).max() for W, _ in pairs)

    assert min(longest(None)) > 0.75
    # a sum of three squares, a root, a quotient, a product; and those of an average
    assert max(longest(0.75)) <= 0.75 * (1 + 20 * np.finfo(dtype).eps)


# --- averages


def average_of_counts(n_steps, decay=0.5):
    """The average of 1, 2, ..., n_steps, in which each weighs `decay` of the next."""
    weights = decay ** np.arange(n_steps)[::-1]
    return np.average(np.arange(1, n_steps + 1), weights=weights)


def test_the_average_over_the_steps_is_the_model_at_the_end():
    training = scripted(6 * [1.0], batch_size=5, solver=Counting(averaging=0.5))
    params = training.params
    training.run(3)
    # six steps; halves are exact, and one quotient
    np.testing.assert_allclose(params, average_of_counts(6), rtol=1e-14)
    assert training.params is params
    np.testing.assert_array_equal(training.solver_state.iterate, 6.0)


def test_the_average_validates():
    seen, scores = [], iter([1.0, 3.0, 2.0])

    def validation_score(params):
        seen.append(params.copy())
        return next(scores)

    training = scripted(
        3 * [1.0],
        solver=Counting(averaging=0.5),
        validation_score=validation_score,
    )
    training.run(3)
    expected = [average_of_counts(n) for n in (1, 2, 3)]
    # as above
    np.testing.assert_allclose(np.array(seen)[:, 0], expected, rtol=1e-14)
    # the second is the best, and is what stays
    np.testing.assert_array_equal(training.params, seen[1])


def test_training_goes_on_from_the_iterate_and_not_from_the_average():
    training = scripted(4 * [1.0], solver=Counting(averaging=0.5))
    for n_steps in (1, 2, 3, 4):
        training.run(1)
        np.testing.assert_array_equal(training.solver_state.iterate, n_steps)
        # as above
        np.testing.assert_allclose(
            training.params, average_of_counts(n_steps), rtol=1e-14
        )


def test_training_goes_on_from_params_that_were_set_since():
    training = scripted(3 * [1.0], solver=Counting(averaging=0.5))
    training.run(1)
    training.params[...] = 100.0
    training.run(1)
    np.testing.assert_array_equal(training.solver_state.iterate, 101.0)


@pytest.mark.parametrize(
    "before, after, weights",
    [
        (None, 0.5, [0, 0, 1 / 4, 1 / 2]),
        (0.5, None, [0, 0, 0, 1]),
        (0.5, 0.25, [1 / 4 / 16, 1 / 2 / 16, 3 / 4 / 4, 3 / 4]),
    ],
)
def test_averaging_may_begin_end_or_change_between_two_runs(before, after, weights):
    training = scripted(4 * [1.0], solver=Counting(averaging=before))
    training.run(2)
    solver = Counting(averaging=after)
    continued = SolverState(solver, solver.init(np.zeros(N_PARAMS)))
    continued.set_state(training.solver_state.get_state())
    training.solver_state = continued
    training.run(2)
    # some roundings
    np.testing.assert_allclose(
        training.params, np.average([1, 2, 3, 4], weights=weights), rtol=1e-14
    )


def test_an_interrupt_leaves_the_average_over_the_steps_made():
    losses = [3.0, 2.0, KeyboardInterrupt]
    training = scripted(losses, batch_size=4, solver=Counting(averaging=0.5))
    assert training.run(4) == "interrupted"
    # as above
    np.testing.assert_allclose(training.params, average_of_counts(2), rtol=1e-14)


def test_an_interrupt_before_any_step_of_a_run_leaves_the_average_as_it_was():
    losses = [3.0, 2.0, KeyboardInterrupt, 1.0]
    training = scripted(losses, solver=Counting(averaging=0.5))
    training.run(2)
    kept = training.params.copy()
    with pytest.raises(KeyboardInterrupt):
        training.run(1)
    np.testing.assert_array_equal(training.params, kept)
    training.run(1)
    np.testing.assert_array_equal(training.solver_state.iterate, 3.0)


# --- rates and decay of groups of parameters


class Flat(Scripted):
    """An objective whose gradient is 0, so that decay is all that moves params."""

    def value_and_gradient(self, params, X, Y, weight):
        value, grad = super().value_and_gradient(params, X, Y, weight)
        return value, 0.0 * grad


@pytest.mark.parametrize("make", [AdamW, Lion])
def test_decay_is_by_the_factor_and_both_schedules(make):
    solver = make(
        weight_decay=3.0, rate_factors={"weights": 0.7}, decay_schedule="flat_cos"
    )
    training = make_training(
        solver=solver,
        objective=Flat(9 * [1.0]),
        schedule=Linear(),
        decay_schedule=FlatCosine(),
        n_planned_epochs=3,
        learning_rate=0.1,
    )
    expected = training.params.copy()
    training.run(3)
    for progress in np.arange(9) / 9:
        rate = 0.1 * (1 - progress) * FlatCosine().at(progress)
        expected[: NETWORK.n_weights] *= 1 - rate * 0.7 * 3.0
    # nine steps of a few roundings
    np.testing.assert_allclose(training.params, expected, rtol=1e-13)


def test_the_rate_of_a_group_is_its_factor_times_the_scheduled_one():
    class CountingRates(Counting):
        """With rates of the parameters, in what may be a buffer."""

        def _update(self, params, grad, values, rate):
            super()._update(params, grad, values, rate.copy())

    solver = CountingRates(rate_factors={"biases": 0.5})
    training = scripted(
        9 * [1.0], solver=solver, schedule=Linear(), batch_size=4, n_planned_epochs=3
    )
    training.run(3)
    factors = np.where(np.arange(NETWORK.n_params) < NETWORK.n_weights, 1.0, 0.5)
    assert len(solver.rates) == 9
    for n, rates in enumerate(solver.rates):
        # three products
        np.testing.assert_allclose(rates, 0.01 * (1 - n / 9) * factors, rtol=1e-14)


def test_float32_stays_float32_with_rates():
    solver = AdamW(averaging=0.9, rate_factors={"biases": 0.5})
    training = make_training(solver=solver, dtype=np.float32)
    training.run(2)
    assert {array.dtype for array in arrays_of(training)} == {np.dtype(np.float32)}


# --- noise


def test_training_with_noise_depends_on_the_generator_alone():
    ends = []
    for seed in (5, 5, 6):
        generator = np.random.default_rng(seed)
        training = make_training(network=noisy_network(), generator=generator)
        training.run(3)
        ends.append(training.params)
    np.testing.assert_array_equal(ends[0], ends[1])
    assert (ends[0] != ends[2]).any()


def test_training_with_noise_of_nothing_is_training_without():
    plain = make_training()
    no_generator = make_training(network=noisy_network())
    rates_of_0 = make_training(
        network=noisy_network(0.0, 0.0), generator=np.random.default_rng(5)
    )
    for training in (plain, no_generator, rates_of_0):
        training.run(3)
    np.testing.assert_array_equal(no_generator.params, plain.params)
    np.testing.assert_array_equal(rates_of_0.params, plain.params)


class Noted(Schedule):
    """Half the noise, with the steps at which it is asked."""

    def __init__(self):
        self.steps = []

    def __call__(self, clock):
        self.steps.append(clock.n_steps)
        return 0.5


def test_noise_at_a_factor_of_0_is_training_without():
    plain = make_training()
    silenced = make_training(
        network=noisy_network(),
        generator=np.random.default_rng(5),
        noise_schedule=OfProgress(lambda progress: 0),
    )
    for training in (plain, silenced):
        training.run(3)
    np.testing.assert_array_equal(silenced.params, plain.params)


def test_noise_at_half_its_level_is_that_of_half_the_rates():
    half = make_training(
        network=noisy_network(0.3, 0.1),
        generator=np.random.default_rng(5),
        noise_schedule=Noted(),
    )
    less = make_training(
        network=noisy_network(0.15, 0.05), generator=np.random.default_rng(5)
    )
    for training in (half, less):
        training.run(3)
    assert half.schedules.noise.steps == list(range(9))
    np.testing.assert_array_equal(half.params, less.params)


def test_noise_goes_by_progress_and_goes_on_where_it_was():
    def training():
        return make_training(
            network=noisy_network(),
            generator=np.random.default_rng(5),
            noise_schedule=Linear(),
            n_planned_epochs=4,
        )

    at_once, in_parts, constant = training(), training(), training()
    constant.schedules.noise = Constant()
    at_once.run(4)
    in_parts.run(1)
    in_parts.run(3)
    constant.run(4)
    np.testing.assert_array_equal(in_parts.params, at_once.params)
    assert (constant.params != at_once.params).any()


# --- divergence


def test_training_ends_in_the_epoch_whose_loss_is_not_finite():
    for loss in (math.nan, math.inf, -math.inf):
        training = scripted([3.0, 2.0, loss, 1.0])
        assert not training.keeps_best
        assert training.run(4) == "diverged", loss
        assert training.n_iter == 3, loss
        np.testing.assert_array_equal(training.history.loss_curve, [3.0, 2.0, loss])


def test_training_ends_in_the_epoch_whose_params_are_not_finite():
    class Exploding(Counting):
        def _update(self, params, grad, values, rate):
            super()._update(params, grad, values, rate)
            params[-1] = math.inf if len(self.rates) == 2 else 0.0

    training = scripted([3.0, 2.0, 1.0], solver=Exploding())
    assert training.run(3) == "diverged"
    assert training.history.loss_curve == [3.0, 2.0]


def test_a_rate_that_is_too_large_diverges_without_a_warning():
    training = make_training(learning_rate=1e200)
    assert training.run(20) == "diverged"
    assert training.n_iter < 20
    assert np.isfinite(training.history.loss_curve[:-1]).all()


def test_after_divergence_the_best_params_are_kept():
    for scores, best in (([1, 2], 2), ([2, 1], 1)):
        training = scripted([3.0, 2.0, math.nan], scores)
        assert training.run(4) == "diverged"
        assert (training.params == best).all(), scores
        # the diverged epoch is recorded, and its params are not scored
        np.testing.assert_array_equal(
            training.history.validation_scores, [*scores, math.nan]
        )
        assert len(training.history.loss_curve) == 3


def test_after_divergence_in_the_first_epoch_the_params_at_the_start_come_back():
    training = scripted([math.nan], [])
    assert training.run(4) == "diverged"
    assert (training.params == 0).all()
    assert not training.monitor.best.is_new


def test_after_divergence_params_that_beat_no_earlier_fit_are_not_kept():
    training = scripted([3.0, math.nan], [1])
    training.monitor.patience.best = 5.0
    assert training.run(4) == "diverged"
    assert (training.params == 0).all()


# --- interrupts


def test_an_interrupt_keeps_the_params_of_the_steps_made():
    training = scripted([3.0, 2.0, KeyboardInterrupt], batch_size=4)
    assert training.run(4) == "interrupted"
    assert (training.params == 2).all()  # two of three batches
    assert training.loss == 2.5  # their mean
    assert training.n_iter == 0


def test_an_interrupt_in_a_later_epoch_keeps_the_history_of_the_epochs_before():
    training = scripted([3.0, 2.0, KeyboardInterrupt])
    assert training.run(4) == "interrupted"
    assert (training.params == 2).all()
    assert training.history.loss_curve == [3.0, 2.0]
    assert training.n_iter == 2


def test_an_interrupt_before_any_step_goes_on_up():
    training = scripted([KeyboardInterrupt])
    with pytest.raises(KeyboardInterrupt):
        training.run(4)
    assert (training.params == 0).all()


def test_an_interrupt_before_any_step_of_this_run_goes_on_up():
    training = scripted([3.0, KeyboardInterrupt])
    training.run(1)
    with pytest.raises(KeyboardInterrupt):
        training.run(1)


@pytest.mark.parametrize(
    "losses, scores, kept",
    [
        ([3.0], [KeyboardInterrupt], 1),
        ([3.0, 2.0, 1.0], [2, 1, KeyboardInterrupt], 1),
        ([3.0, 2.0, KeyboardInterrupt], [1, 2], 2),
        ([3.0, 2.0, KeyboardInterrupt], [2, 1], 1),
    ],
    ids=["in-the-first-score", "in-a-score", "best-is-last", "best-is-first"],
)
def test_an_interrupt_keeps_the_best_params_or_the_last_where_none_was_scored(
    losses, scores, kept
):
    training = scripted(losses, scores)
    assert training.run(4) == "interrupted"
    assert (training.params == kept).all()


def test_an_interrupt_after_params_have_become_infinite_is_divergence():
    class Exploding(Counting):
        def _update(self, params, grad, values, rate):
            params[...] = math.inf

    training = scripted([3.0, KeyboardInterrupt], batch_size=5, solver=Exploding())
    assert training.run(4) == "diverged"
