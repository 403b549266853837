"""Laws of the training loops: batches, patience, and every way that training ends."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from sklearn.utils import shuffle

from skmlp.activations import ACTIVATIONS
from skmlp.losses import LOSSES
from skmlp.network.network import Network
from skmlp.network.noise import Noise
from skmlp.network.objective import Objective, Value
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
from skmlp.solvers import LBFGS, SGD, SOLVERS, Adam, AdamW, Lion, Stochastic
from skmlp.training.batches import Batches, TrainingRows
from skmlp.training.early_stopping import Measured, Monitor
from skmlp.training.full_batch import Minimization
from skmlp.training.history import History, Patience
from skmlp.training.minibatch import Rates, SolverState, Training
from skmlp.training.verbose import Report

from .conftest import covering

FOREVER = math.inf
SOLVERS_IN_TRAINING = {
    name: make() for name, make in SOLVERS.items() if make.stochastic
} | {
    "sgd-averaged": SGD(averaging=0.9),
    "adam-clipped-and-averaged": Adam(clip_norm=0.5, averaging=0.8),
}
every_solver = pytest.mark.parametrize(
    "solver", SOLVERS_IN_TRAINING.values(), ids=SOLVERS_IN_TRAINING
)


def make_rows(n_rows=10, weighted=False, rows=None, dtype=np.float64):
    """Rows whose X, Y and weight all tell the row's number."""
    numbers = np.arange(n_rows, dtype=dtype)
    return TrainingRows(
        X=np.stack([numbers, 2 * numbers], axis=1),
        Y=3 * numbers[:, np.newaxis],
        weight=1 + numbers if weighted else None,
        rows=rows,
    )


def numbers_of(X):
    return np.asarray(X[:, [0]].todense() if scipy.sparse.issparse(X) else X)[:, 0]


# --- batches


@pytest.mark.parametrize(
    "rows", [None, np.array([7, 1, 4, 8, 0, 3, 9])], ids=["all", "some"]
)
def test_each_epoch_shuffles_the_order_of_the_epoch_before(rows):
    for batch_size in (1, 3, 7, 10):
        batches = Batches(make_rows(rows=rows), batch_size, np.random.RandomState(5))
        order = np.arange(10) if rows is None else rows
        random_state = np.random.RandomState(5)
        for _ in range(4):
            order = shuffle(order, random_state=random_state)
            seen = [numbers_of(X).copy() for X, _, _ in batches.epoch()]
            np.testing.assert_array_equal(np.concatenate(seen), order)


@covering(
    rows={"all": None, "some": np.arange(0, 11, 2)},
    shuffled={"shuffled": True, "in order": False},
    sparse={"csr": True, "dense": False},
    weighted={"weighted": True, "unweighted": False},
)
def test_x_y_and_weight_of_a_batch_are_of_the_same_rows(
    rows, shuffled, sparse, weighted
):
    data = make_rows(11, weighted, rows)
    if sparse:
        data.X = scipy.sparse.csr_matrix(data.X)
    batches = Batches(data, 4, np.random.RandomState(0) if shuffled else None)
    for _ in range(2):
        seen = []
        for X, Y, weight in batches.epoch():
            numbers = numbers_of(X).copy()
            np.testing.assert_array_equal(Y[:, 0], 3 * numbers)
            if weighted:
                np.testing.assert_array_equal(weight, 1 + numbers)
            else:
                assert weight is None
            seen.extend(numbers)
        training = np.arange(11) if rows is None else rows
        np.testing.assert_array_equal(sorted(seen), training)
        assert shuffled or (seen == training).all()


@pytest.mark.parametrize("shuffled", [True, False])
def test_the_last_batch_has_the_rows_that_are_left(shuffled):
    random_state = np.random.RandomState(0) if shuffled else None
    for sizes in ([4, 4, 2], [5, 5], [9, 1], [10]):
        batches = Batches(make_rows(weighted=True), sizes[0], random_state)
        for _ in range(2):
            shapes = [[len(a) for a in batch] for batch in batches.epoch()]
            assert shapes == [[size] * 3 for size in sizes]


def test_batches_in_order_are_slices_of_the_data():
    data = make_rows(weighted=True)
    for X, Y, weight in Batches(data, 4, None).epoch():
        assert np.shares_memory(X, data.X)
        assert np.shares_memory(Y, data.Y)
        assert np.shares_memory(weight, data.weight)


@pytest.mark.parametrize("rows", [None, np.array([7, 1, 4])], ids=["all", "some"])
def test_shuffling_leaves_the_data_and_the_list_of_rows_alone(rows):
    data, expected = make_rows(rows=rows), make_rows()
    kept = None if rows is None else rows.copy()
    for X, Y, _ in Batches(data, 2, np.random.RandomState(0)).epoch():
        X[...] = Y[...] = -1
    np.testing.assert_array_equal(data.X, expected.X)
    np.testing.assert_array_equal(data.Y, expected.Y)
    assert rows is None or (rows == kept).all()


# --- weights


@pytest.mark.parametrize("rows", [None, np.array([7, 1, 4])], ids=["all", "some"])
def test_normalized_weights_have_mean_one_over_the_rows_that_train(rows):
    for scale in (1.0, 1e-300, 1e300, 1e307):
        data = make_rows(weighted=True, rows=rows)
        weight, training = data.weight, slice(None) if rows is None else rows
        data.weight = scale * weight
        normalized, mean = data.normalized()
        # a sum of ten in another order
        np.testing.assert_allclose(mean / scale, weight[training].mean(), rtol=1e-14)
        np.testing.assert_allclose(normalized.weight[training].mean(), 1.0, rtol=1e-14)
        np.testing.assert_allclose(
            normalized.weight, weight / weight[training].mean(), rtol=1e-14
        )
        assert normalized.X is data.X and normalized.rows is data.rows
        np.testing.assert_array_equal(data.weight, scale * weight)


def test_rows_without_weights_are_normalized_already():
    data = make_rows()
    assert data.normalized() == (data, 1.0)
    assert data.normalized()[0] is data


def test_weights_become_the_dtype_of_x_after_their_mean_is_taken():
    data = make_rows(3, dtype=np.float32)
    data.weight = np.array([1e-60, 2e-60, 3e-60])  # all zero in float32
    normalized, mean = data.normalized()
    assert normalized.weight.dtype == np.float32
    np.testing.assert_array_equal(normalized.weight, np.float32([0.5, 1.0, 1.5]))
    assert mean == pytest.approx(2e-60, rel=1e-15, abs=0)  # a sum of three


def test_the_length_is_the_number_of_rows_that_train():
    assert len(make_rows()) == 10
    assert len(make_rows(rows=np.array([7, 1, 4]))) == 3


# --- patience


def n_epochs_until_over(patience, merits):
    for n_epochs, merit in enumerate(merits, start=1):
        patience.update(merit)
        if patience.is_over(0):
            return n_epochs
    return None


def test_patience_ends_one_epoch_after_n_iter_no_change():
    for n in (1, 2, 10):
        assert n_epochs_until_over(Patience(0.0, n), [2.0] + 50 * [1.0]) == n + 2


def test_endless_patience_is_never_over():
    assert n_epochs_until_over(Patience(0.0, FOREVER), 1000 * [0.0]) is None


def test_a_rise_of_exactly_tol_is_enough():
    # quarters are exact in floating point
    patience = Patience(0.25, 1)
    for merit in (1.0, 1.25, 1.5):
        patience.update(merit)
        assert patience.n_without_rise == 0
    patience.update(1.5 + 0.2499)
    assert patience.n_without_rise == 1


def test_small_rises_become_the_best_but_use_up_patience():
    patience = Patience(0.25, 2)
    assert n_epochs_until_over(patience, [1.0, 1.125, 1.25, 1.375]) == 4
    assert patience.best == 1.375


def test_a_rise_starts_the_count_anew():
    patience = Patience(0.0, 2)
    assert n_epochs_until_over(patience, [1, 0, 0, 2, 0, 0, 3, 0, 0, 0]) == 10


def test_an_equal_merit_is_no_new_best_though_without_tol_it_is_no_fall():
    patience = Patience(0.0, 2)
    assert patience.update(1.0)
    assert not patience.update(1.0)
    assert patience.n_without_rise == 0


def test_nan_is_no_rise_and_never_the_best():
    patience = Patience(0.0, 1)
    assert not patience.update(math.nan)
    assert (patience.best, patience.n_without_rise) == (-math.inf, 1)
    assert patience.update(1.0)
    assert not patience.update(math.nan)
    assert (patience.best, patience.n_without_rise) == (1.0, 1)


# --- training, on real objectives


NETWORK = Network((2, 3, 1), ACTIVATIONS["tanh"]())


class Scored:
    """Validation rows with that score."""

    def __init__(self, score):
        self.score = score

    def measure(self, params):
        score = self.score(params)
        return Measured(score, math.nan, score)


def make_training(
    batch_size=4,
    shuffled=True,
    solver=None,
    learning_rate=0.01,
    schedule=None,
    patience=None,
    objective=None,
    data=None,
    validation_score=None,
    report=None,
    dtype=np.float64,
    network=NETWORK,
    generator=None,
    **settings,
):
    """A small regression; any part of it may be handed in."""
    rng = np.random.default_rng(0)
    params = rng.normal(size=network.n_params).astype(dtype)
    if data is None:
        X = rng.normal(size=(10, 2))
        data = TrainingRows(X.astype(dtype), (X[:, :1] * X[:, 1:]).astype(dtype))
    if objective is None:
        objective = Objective(
            network,
            LOSSES["squared_error"](),
            0.1,
            len(data),
            params.dtype,
            generator=generator,
        )
    solver = SGD() if solver is None else solver
    random_state = np.random.RandomState(0) if shuffled else None
    return Training(
        objective=objective,
        params=params,
        data=data,
        batches=Batches(data, batch_size, random_state),
        solver_state=SolverState(solver, solver.init(params, network.n_weights)),
        schedule=Constant() if schedule is None else schedule,
        learning_rate_init=learning_rate,
        monitor=Monitor(
            patience=Patience(0.0, FOREVER) if patience is None else patience,
            history=History(validation_scores=[] if validation_score else None),
            report=Report() if report is None else report,
            validation=validation_score and Scored(validation_score),
            stops_early=validation_score is not None,
        ),
        **settings,
    )


@covering(
    solver={"sgd": SGD(), "adam": Adam()},
    shuffled={"shuffled": True, "in order": False},
    batch_size=[4, 10],
)
def test_training_is_a_step_for_each_batch_of_each_epoch(solver, shuffled, batch_size):
    training = make_training(batch_size, shuffled, solver)
    objective, data, params = training.objective, training.data, training.params.copy()
    state, order, losses = solver.init(params), np.arange(10), []
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


def noisy_network(dropout=0.3, scale=0.1):
    noise = [Noise(0.0, scale), Noise(dropout)]
    return Network((2, 3, 1), ACTIVATIONS["tanh"](), noise)


def make_demanding(solver):
    """Training in which all that can be carried over has to be."""
    return make_training(
        solver=solver,
        network=noisy_network(),
        generator=np.random.default_rng(5),
        schedule=Linear(),
        n_planned_epochs=7,
        max_norm=1.0,
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
    states = [training.solver_state.state for training in (in_parts, at_once)]
    for found, expected in zip(*(state.values() for state in states), strict=True):
        np.testing.assert_array_equal(found, expected)  # the iterate is one of them


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
        solver=solver,
        dtype=np.float32,
        network=noisy_network(),
        generator=np.random.default_rng(5),
        max_norm=1.0,
    )
    params = training.params
    training.run(3)
    assert training.params is params
    memory = training.solver_state.state.values()
    arrays = [params, *(v for v in memory if isinstance(v, np.ndarray))]
    assert len(arrays) > 1
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


# --- training, on scripted losses: how it goes and how it ends


class Scripted:
    """An objective that gives one loss after the other and a gradient of ones."""

    network = NETWORK
    loss_unit = 1.0

    def __init__(self, losses):
        self.losses = iter(losses)

    def value_and_gradient(self, params, X, Y, weight):
        loss = next(self.losses)
        if loss is KeyboardInterrupt:
            raise KeyboardInterrupt
        return Value(loss, 0.0), np.ones_like(params)

    def trained(self, value):
        return value.total

    reported = trained


class Counting(Stochastic):
    """A solver whose params count the steps; it writes down the rates."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.rates = []

    def _init(self, params):
        params[...] = 0
        return {}

    def step(self, params, grad, state, learning_rate):
        params += grad
        self.rates.append(learning_rate)


def scripted(losses, scores=None, n_iter_no_change=FOREVER, **parts):
    """Training with one batch an epoch: after n epochs all params are n."""

    rest = iter(scores or ())

    def validation_score(params):
        score = next(rest)
        if score is KeyboardInterrupt:
            raise KeyboardInterrupt
        return score

    defaults = {
        "batch_size": 10,
        "objective": Scripted(losses),
        "solver": Counting(),
        "patience": Patience(0.0, n_iter_no_change),
        "validation_score": None if scores is None else validation_score,
    }
    return make_training(**defaults | parts)


def test_training_converges_when_the_loss_has_not_fallen_for_long_enough():
    for n_iter_no_change in (1, 3):
        losses = [3.0, 2.0, 1.0] + 50 * [1.5]
        training = scripted(losses, n_iter_no_change=n_iter_no_change)
        assert training.run(50) == "converged"
        assert training.n_iter == 3 + n_iter_no_change + 1
        # without a validation score the last params stay
        assert (training.params == training.n_iter).all()


def test_with_a_validation_score_patience_looks_at_the_score():
    training = scripted(
        losses=range(50, 0, -1), scores=[1, 2, 3] + 50 * [2.5], n_iter_no_change=2
    )
    assert training.run(50) == "converged"
    assert training.n_iter == 3 + 2 + 1
    assert training.history.validation_scores == [1, 2, 3, 2.5, 2.5, 2.5]


def test_with_a_validation_score_the_best_epochs_params_are_kept():
    training = scripted(losses=5 * [1.0], scores=[1, 4, 3, 4, 2])
    params = training.params
    assert training.keeps_best
    assert training.run(5) == "max_iter"
    assert training.monitor.has_best
    assert (training.params == 2).all()  # the first of two equal scores
    assert training.params is params


def test_where_no_epoch_beats_an_earlier_fit_the_last_params_stay():
    training = scripted(losses=3 * [1.0], scores=[1, 3, 2])
    training.monitor.patience.best = 5.0
    training.run(3)
    assert not training.monitor.has_best
    assert (training.params == 3).all()


def test_of_equally_good_epochs_the_first_or_the_last_is_kept():
    for scores, first, last in [
        ([1.0, 3.0, 3.0, 2.0, 3.0, 1.0], 2, 5),
        ([3.0, 3.0, 3.0], 1, 3),
        ([1.0, 2.0, 1.0], 2, 2),
        ([math.nan, 2.0, math.nan, 2.0, math.nan], 2, 4),
    ]:
        for keeps_last, best in ((False, first), (True, last)):
            training = scripted(len(scores) * [1.0], scores)
            training.monitor.keeps_last = keeps_last
            training.run(len(scores))
            assert (training.params == best).all(), scores
            assert training.monitor.best_epoch == best, scores
            assert training.monitor.best == np.nanmax(scores)


def test_an_epoch_as_good_as_the_fits_before_is_no_best_of_this_one():
    training = scripted([1.0, 1.0], [2.0, 2.0])
    training.monitor.keeps_last = True
    training.monitor.patience.best = 2.0
    training.run(2)
    assert not training.monitor.has_best
    assert (training.params == 2).all()  # the last one's


def test_an_epoch_as_good_as_the_best_uses_up_patience():
    for keeps_last in (False, True):
        training = scripted(9 * [1.0], 9 * [2.0], patience=Patience(0.5, 2))
        training.monitor.keeps_last = keeps_last
        assert training.run(9) == "converged"
        assert training.n_iter == 4


def test_without_any_score_the_params_at_the_start_come_back():
    training = scripted(losses=3 * [1.0], scores=3 * [math.nan])
    assert training.run(3) == "max_iter"
    assert (training.params == 0).all()


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
        training = make_training(
            10, solver=solver, learning_rate=0.3, max_norm=max_norm, dtype=dtype
        )
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
    np.testing.assert_array_equal(training.solver_state.state["iterate"], 6.0)


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
        np.testing.assert_array_equal(training.solver_state.state["iterate"], n_steps)
        # as above
        np.testing.assert_allclose(
            training.params, average_of_counts(n_steps), rtol=1e-14
        )


def test_training_goes_on_from_params_that_were_set_since():
    training = scripted(3 * [1.0], solver=Counting(averaging=0.5))
    training.run(1)
    training.params[...] = 100.0
    training.run(1)
    np.testing.assert_array_equal(training.solver_state.state["iterate"], 101.0)


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
    training.solver_state.solver = Counting(averaging=after)
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
    np.testing.assert_array_equal(training.solver_state.state["iterate"], 3.0)


# --- rates and decay of single parameters


def rated(training, steps=1.0, decays=0.0, schedule=None):
    """Training with these factors, each a number or one for each parameter."""
    like = np.zeros_like(training.params)
    clock = training.solver_state.clock
    steps, decays = ((like + factor).astype(like.dtype) for factor in (steps, decays))
    training.rates = Rates(steps, decays, schedule or Constant(), clock)
    return training


@every_solver
def test_factors_of_1_change_nothing(solver):
    plain, factors = make_training(solver=solver), make_training(solver=solver)
    is_weight = np.arange(NETWORK.n_params) < NETWORK.n_weights
    rated(factors, 1.0, is_weight.astype(float))
    plain.run(3)
    factors.run(3)
    # of 9 steps; decay as a product or a difference
    np.testing.assert_allclose(factors.params, plain.params, rtol=1e-13)


def test_parameters_with_a_factor_of_0_stay_and_the_others_are_trained():
    steps = np.arange(NETWORK.n_params) % 2
    for name, solver in SOLVERS_IN_TRAINING.items():
        solver = replace(solver, averaging=None)  # which rounds
        training = rated(make_training(solver=solver), steps, steps)
        start = training.params.copy()
        training.run(3)
        stay = training.params == start
        np.testing.assert_array_equal(stay, steps == 0, err_msg=name)


class CountingRates(Counting):
    """With rates of the parameters, in what may be a buffer."""

    def step(self, params, grad, state, learning_rate):
        super().step(params, grad, state, learning_rate.copy())


def test_the_rate_of_a_parameter_is_its_factor_times_the_scheduled_one():
    factors = np.linspace(0.0, 2.0, NETWORK.n_params)
    solver = CountingRates()
    training = scripted(
        9 * [1.0], solver=solver, schedule=Linear(), batch_size=4, n_planned_epochs=3
    )
    rated(training, factors).run(3)
    assert len(solver.rates) == 9
    for n, rates in enumerate(solver.rates):
        # three products
        np.testing.assert_allclose(rates, 0.01 * (1 - n / 9) * factors, rtol=1e-14)


class Flat(Scripted):
    """An objective whose gradient is 0, so that decay is all that moves params."""

    def value_and_gradient(self, params, X, Y, weight):
        value, grad = super().value_and_gradient(params, X, Y, weight)
        return value, 0.0 * grad


@pytest.mark.parametrize(
    "solver", [AdamW(weight_decay=3.0), Lion(weight_decay=3.0)], ids=["adamw", "lion"]
)
def test_decay_is_by_the_factor_and_both_schedules(solver):
    decays = np.linspace(0.0, 2.0, NETWORK.n_params)
    training = make_training(
        solver=solver,
        objective=Flat(9 * [1.0]),
        schedule=Linear(),
        n_planned_epochs=3,
        learning_rate=0.1,
    )
    start = training.params.copy()
    rated(training, 1.0, decays, FlatCosine()).run(3)
    expected = start.copy()
    for progress in np.arange(9) / 9:
        rate = 0.1 * (1 - progress) * FlatCosine().at(progress)
        expected *= 1 - rate * decays * 3.0
    # nine steps of a few roundings
    np.testing.assert_allclose(training.params, expected, rtol=1e-13)
    # and training goes on without these factors, if it is told to
    before = training.params.copy()
    training.rates, training.objective = None, Flat(9 * [1.0])
    training.n_planned_epochs = 10**9
    training.run(1)
    moved = training.params != before
    np.testing.assert_array_equal(moved, np.arange(len(moved)) < NETWORK.n_weights)


def test_rates_leave_nothing_in_the_solvers_state():
    for name, solver in SOLVERS_IN_TRAINING.items():
        plain, factors = make_training(solver=solver), make_training(solver=solver)
        rated(factors, 1.0, 1.0)
        plain.run(1)
        factors.run(1)
        states = [training.solver_state.state for training in (factors, plain)]
        assert states[0].keys() == states[1].keys(), name


def test_float32_stays_float32_with_rates():
    solver = AdamW(averaging=0.9)
    training = rated(make_training(solver=solver, dtype=np.float32), 0.5, 0.5)
    training.run(2)
    state = training.solver_state.state.values()
    arrays = [training.params, *(v for v in state if isinstance(v, np.ndarray))]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


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
    assert half.noise_schedule.steps == list(range(9))
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
    constant.noise_schedule = Constant()
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
        def step(self, params, grad, state, learning_rate):
            super().step(params, grad, state, learning_rate)
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
    assert not training.monitor.has_best


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
        def step(self, params, grad, state, learning_rate):
            params[...] = math.inf

    training = scripted([3.0, KeyboardInterrupt], batch_size=5, solver=Exploding())
    assert training.run(4) == "diverged"


# --- what it says


def test_training_is_silent_by_default(capsys):
    scripted([3.0, 2.0, 2.0, 2.0], n_iter_no_change=1).run(3)
    assert capsys.readouterr().out == ""


def test_verbose_training_says_the_loss_of_each_iteration(capsys):
    scripted([3.0, 0.1234567891], report=Report(1)).run(2)
    assert capsys.readouterr().out.splitlines() == [
        "Iteration 1, loss = 3.00000000",
        "Iteration 2, loss = 0.12345679",
    ]


def test_verbose_training_says_validation_scores_and_why_it_ends(capsys):
    training = scripted([3.0, 2.0, 1.0], [0.5, 0.25, 0.25], 1, report=Report(1))
    assert training.run(9) == "converged"
    assert capsys.readouterr().out.splitlines() == [
        "Iteration 1, loss = 3.00000000",
        "Validation score: 0.500000",
        "Iteration 2, loss = 2.00000000",
        "Validation score: 0.250000",
        "Iteration 3, loss = 1.00000000",
        "Validation score: 0.250000",
        "Validation score did not improve more than tol=0.000000 for 1 consecutive "
        "epochs. Stopping.",
    ]


def test_verbose_adaptive_training_says_the_new_rate_and_its_end(capsys):
    training = scripted(
        9 * [1.0],
        patience=Patience(0.5, 1),
        schedule=Adaptive(),
        learning_rate=2e-6,
        report=Report(1),
    )
    training.run(9)
    lines = [
        line
        for line in capsys.readouterr().out.splitlines()
        if not line.startswith("Iteration")
    ]
    plateau = (
        "Training loss did not improve more than tol=0.500000 for 1 consecutive "
        "epochs. "
    )
    assert lines == [
        plateau + "Setting learning rate to 0.000000",
        plateau + "Learning rate too small. Stopping.",
    ]


# --- minimization


def make_minimization(tol=1e-6, level=0, dtype=np.float64, objective=None):
    """The small regression again, for a solver that minimizes."""
    training = make_training(dtype=dtype)
    return Minimization(
        objective=training.objective if objective is None else objective,
        params=training.params,
        data=training.data,
        solver=LBFGS(),
        tol=tol,
        monitor=Monitor(Patience(0.0, FOREVER), History(), Report(level)),
    )


class Interrupted:
    """An objective that is interrupted in one of its evaluations."""

    def __init__(self, objective, at):
        self.objective, self.at, self.n_calls = objective, at, 0

    def value_and_gradient(self, *arguments):
        self.n_calls += 1
        if self.n_calls == self.at:
            raise KeyboardInterrupt
        return self.objective.value_and_gradient(*arguments)

    reports_value = True
    loss_unit = 1.0

    def reported(self, value):
        return self.objective.reported(value)

    trained = reported


@pytest.mark.parametrize("dtype, tol", [(np.float64, 1e-6), (np.float32, 1e-3)])
def test_minimization_ends_where_the_objective_is_flat(dtype, tol):
    minimization = make_minimization(tol, dtype=dtype)
    params, data = minimization.params, minimization.data
    assert minimization.run(1000) == "converged"
    assert minimization.params is params and params.dtype == dtype
    objective = minimization.objective
    value, grad = objective.value_and_gradient(params, data.X, data.Y)
    # SciPy also ends where a step lowers the value by less than 2e-9 of it
    assert np.abs(grad).max() < 1e-3
    assert minimization.loss == objective.reported(value)
    assert minimization.status == 0
    assert 1 < minimization.n_iter < 1000


def test_minimization_for_max_iter_iterations_is_a_beginning_of_a_longer_one(capsys):
    minimization = make_minimization(level=1)
    assert minimization.run(3) == "max_iter"
    assert minimization.n_iter == 3
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "Iteration 1",
        "Iteration 2",
        "Iteration 3",
    ]
    assert lines[-1] == f"Iteration 3, loss = {minimization.loss:.8f}"
    make_minimization(level=1).run(6)
    assert capsys.readouterr().out.splitlines()[:3] == lines


def test_an_interrupted_minimization_keeps_its_last_iterate(capsys):
    whole = make_minimization().objective
    minimization = make_minimization(objective=Interrupted(whole, at=8), level=1)
    assert minimization.run(100) == "interrupted"
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"Iteration {minimization.n_iter}, loss = {minimization.loss:.8f}"
    again = make_minimization()
    again.run(minimization.n_iter)
    np.testing.assert_array_equal(minimization.params, again.params)


def test_a_minimization_interrupted_before_its_first_iterate_goes_on_up():
    for at in (1, 2):
        objective = Interrupted(make_minimization().objective, at)
        with pytest.raises(KeyboardInterrupt):
            make_minimization(objective=objective).run(100)


def test_a_minimization_whose_loss_is_not_finite_has_diverged():
    for scale in (1e200, math.nan):
        minimization = make_minimization()
        minimization.data.Y = scale * minimization.data.Y
        assert minimization.run(10) == "diverged", scale
        assert not minimization.keeps_best


def test_a_minimization_that_diverges_by_its_data_says_so_without_a_warning():
    network = Network((2, 3, 1), ACTIVATIONS["identity"]())
    minimization = make_minimization(
        objective=Objective(network, LOSSES["squared_error"](), 0.1, 10, np.float64)
    )
    minimization.data.X = 1e200 * minimization.data.X
    assert minimization.run(10) == "diverged"
