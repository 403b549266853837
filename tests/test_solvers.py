"""Laws of every solver in the table, and each beside its textbook and torch."""

import pickle
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from skmlp.solvers import (
    BLOCK,
    LBFGS,
    SGD,
    SOLVERS,
    Adagrad,
    Adam,
    AdamW,
    AMSGrad,
    Frozen,
    Layout,
    Lion,
    Nadam,
    RMSprop,
    clip,
    limit_norms,
)

from .conftest import central_difference

MINIMIZERS = {name: make() for name, make in SOLVERS.items() if not make.stochastic}
STOCHASTIC = {name: make() for name, make in SOLVERS.items() if make.stochastic} | {
    "sgd-plain": SGD(momentum=0.0, nesterovs_momentum=False),
    "sgd-momentum": SGD(momentum=0.8, nesterovs_momentum=False),
    "sgd-nesterov-without-momentum": SGD(momentum=0.0),
    "adam-odd": Adam(beta_1=0.7, beta_2=0.95, epsilon=1e-2),
    "rmsprop-momentum": RMSprop(momentum=0.8),
    "lion-decay": Lion(weight_decay=0.01),
}
# Where they differ from 0.01 and 0.005: Adagrad's steps get shorter all the time,
# AMSGrad's stay as short as the steepest slope made them, Lion's are never shorter
# than the rate, RMSprop's hardly, and SGD's grow where the valley's walls are steep.
BOWL_RATES = {"adagrad": 0.5, "lion": 0.003, "lion-decay": 0.003}
VALLEY_RATES = {"sgd": 1e-3, "rmsprop": 1e-3, "lion": 1e-3, "adagrad": 0.5}
VALLEY_RATES |= {"amsgrad": 0.03, "adamw": 0.01}
every_minimizer = pytest.mark.parametrize("solver", MINIMIZERS.values(), ids=MINIMIZERS)
every_stochastic_solver = pytest.mark.parametrize(
    "solver", STOCHASTIC.values(), ids=STOCHASTIC
)
every_decaying_solver = pytest.mark.parametrize("make", [AdamW, Lion])
DTYPES = (np.float32, np.float64)

CURVATURE = np.array([1.0, 3.0, 10.0])
BOTTOM = np.array([1.0, -2.0, 0.5])


def bowl(params):
    """A quadratic bowl and its gradient, in the dtype of `params`."""
    distance = params - BOTTOM.astype(params.dtype)
    slope = CURVATURE.astype(params.dtype) * distance
    return 0.5 * float(distance @ slope), slope


def valley(params):
    """Rosenbrock's curved valley, whose lowest point is at ones."""
    return rosen(params), rosen_der(params)


def walk(solver, function, params, n_steps, learning_rate=0.01):
    """The params after each step: (n_steps, n_params)."""
    state, path = solver.init(params), []
    for _ in range(n_steps):
        solver.step(params, function(params)[1], state, learning_rate)
        path.append(params.copy())
    return np.array(path)


def minimize(solver, function, start, tol=1e-6, max_iter=1000):
    """The minimum, the points of evaluation and the values after iterations."""
    points, values = [], []

    def watched(params):
        points.append(params.copy())
        return function(params)

    minimum = solver.minimize(watched, start, tol, max_iter, values.append)
    return minimum, points, values


def test_settings_are_values():
    for name, make in SOLVERS.items():
        assert make() == make(), name
        assert pickle.loads(pickle.dumps(make())) == make(), name


# --- step by step


@pytest.mark.parametrize("name", STOCHASTIC)
def test_a_stochastic_solver_finds_the_bottom_of_a_bowl(name):
    rate = BOWL_RATES.get(name, 0.01)
    path = walk(STOCHASTIC[name], bowl, np.zeros(3), 3000, rate)
    # with a constant rate Adam's steps stay about as long as the rate, 0.01
    np.testing.assert_allclose(path[-1], BOTTOM, atol=0.01)


@pytest.mark.parametrize("name", [name for name in STOCHASTIC if name in SOLVERS])
def test_a_stochastic_solver_follows_a_curved_valley(name):
    start, rate = np.array([-1.2, 1.0]), VALLEY_RATES.get(name, 5e-3)
    path = walk(STOCHASTIC[name], valley, start, 6000, rate)
    # along the floor of the valley the value is (1 - x)^2: 0.0025 at x = 0.95
    assert rosen(path[-1]) < 0.0025
    np.testing.assert_allclose(path[-1], 1.0, atol=0.05)


def test_the_state_is_made_for_the_params():
    for solver, dtype in product(STOCHASTIC.values(), DTYPES):
        params = np.arange(5).astype(dtype)
        values = solver.init(params).values.values()
        arrays = [v for v in values if isinstance(v, np.ndarray)]
        assert all((v.shape, v.dtype) == ((5,), dtype) for v in arrays), solver
        assert not any(np.shares_memory(v, params) for v in arrays), solver
        np.testing.assert_array_equal(params, np.arange(5), err_msg=str(solver))


@every_stochastic_solver
def test_float32_stays_float32_and_follows_float64(solver):
    params = np.zeros(3, np.float32)
    state = solver.init(params)
    for _ in range(20):
        _, grad = bowl(params)
        solver.step(params, grad, state, 0.01)
        # a step works in place: had it left float32, it would have raised or replaced
        arrays = [v for v in state.values.values() if isinstance(v, np.ndarray)]
        assert {v.dtype for v in [grad, params, *arrays]} == {np.dtype(np.float32)}
    # 20 steps of a few roundings of numbers up to 20, shrunk by the rate
    np.testing.assert_allclose(
        params, walk(solver, bowl, np.zeros(3), 20)[-1], rtol=0, atol=1e-5
    )


def test_a_step_moves_the_params_it_gets_and_no_settings():
    for name, solver in STOCHASTIC.items():
        params, settings = np.zeros(3), pickle.dumps(solver)
        whole = np.zeros(6)
        for vector in (params, whole[:3]):
            state = solver.init(vector)
            assert solver.step(vector, bowl(vector)[1], state, 0.01) is None, name
        assert (params != 0).all(), name
        np.testing.assert_array_equal(whole, [*params, 0, 0, 0], name)
        assert pickle.dumps(solver) == settings, name


def test_a_pickled_state_continues_with_the_same_bits():
    for name, solver in STOCHASTIC.items():
        params = np.zeros(3)
        state = solver.init(params)
        for i in range(20):
            if i == 7:
                state, params = pickle.loads(pickle.dumps((state, params)))
            solver.step(params, bowl(params)[1], state, 0.01)
        expected = walk(solver, bowl, np.zeros(3), 20)[-1]
        np.testing.assert_array_equal(params, expected, name)


@every_stochastic_solver
def test_a_long_vector_steps_as_a_short_one(solver):
    n_copies = BLOCK + 7  # of three entries, so that blocks end within a copy
    for dtype in DTYPES:
        short, state = np.zeros(3, dtype), solver.init(np.zeros(3, dtype))
        long = np.zeros(3 * n_copies, dtype)
        long_state = solver.init(long)
        for _ in range(5):
            grad = bowl(short)[1]
            solver.step(long, np.tile(grad, n_copies), long_state, 0.01)
            solver.step(short, grad, state, 0.01)
        # the same few roundings entry by entry
        np.testing.assert_allclose(
            long.reshape(-1, 3),
            np.broadcast_to(short, (n_copies, 3)),
            rtol=40 * np.finfo(dtype).eps,
        )


@every_stochastic_solver
def test_without_weight_decay_steps_are_proportional_to_the_learning_rate(solver):
    if hasattr(solver, "weight_decay"):
        solver = replace(solver, weight_decay=0.0)
    grads = np.random.default_rng(0).normal(size=(10, 3))
    ends = []
    for learning_rate in (0.01, 0.02):
        params = np.zeros(3)
        state = solver.init(params)
        for grad in grads:
            solver.step(params, grad.copy(), state, learning_rate)
        ends.append(params)
    # ten steps of some roundings each
    np.testing.assert_allclose(ends[1], 2 * ends[0], rtol=1e-12)


# --- a rate for each group

RATES = {"weights": 0.01, "scale": 0.0, "numeric_embedding": 0.02, "biases": 0.003}
ONE_OF_EACH = Layout(1, [(1, 1)], {n: [slice(i, i + 1)] for i, n in enumerate(RATES)})


@every_stochastic_solver
def test_rates_of_groups_are_those_of_a_solver_for_each_group(solver):
    each = replace(solver, rate_factors=RATES)
    for dtype in DTYPES:
        grads = outside_gradients().astype(dtype)
        start = np.array([2.0, -1.0, 0.5, 3.0], dtype)
        together = start.copy()
        state = each.init(together, ONE_OF_EACH)
        for grad in grads:
            each.step(together, grad.copy(), state, 1.0)
        for i, (name, rate) in enumerate(RATES.items()):
            alone = start[i : i + 1].copy()
            own = solver.init(alone, Layout(int(name != "biases")))  # do not decay
            for grad in grads:
                solver.step(alone, grad[i : i + 1].copy(), own, rate)
            # a rate as a number is multiplied in float64, as a vector in the dtype;
            # over 50 steps of params up to 10
            np.testing.assert_allclose(
                together[i], alone[0], rtol=0, atol=200 * np.finfo(dtype).eps
            )


def test_a_rate_of_0_leaves_a_parameter_to_the_bit():
    start = np.array([2.0, -1.0, 5e-324, 1e300])
    each_rates = RATES, dict.fromkeys(RATES, 0.0)
    for (name, solver), rates in product(STOCHASTIC.items(), each_rates):
        each, params = replace(solver, rate_factors=rates), start.copy()
        state = each.init(params, ONE_OF_EACH)
        for grad in outside_gradients():
            each.step(params, grad.copy(), state, 1.0)
        still = np.array(list(rates.values())) == 0
        np.testing.assert_array_equal(params[still], start[still], name)
        assert params[0] == start[0] or rates["weights"] > 0, name


def test_a_long_vector_of_rates_goes_by_blocks():
    n = BLOCK + 7
    groups = {"weights": [slice(0, n - 1)], "scale": [slice(n - 1, n)]}
    for name, solver in STOCHASTIC.items():
        short, long = np.ones(1), np.ones(n)
        each = replace(solver, rate_factors={"scale": 2.0})
        state, long_state = (
            solver.init(short),
            each.init(long, Layout(n - 1, [], groups)),
        )
        for grad in (0.5, -0.25, 1.0):
            solver.step(short, np.array([grad]), state, 0.01)
            each.step(long, np.full(n, grad), long_state, 0.01)
        # the same few roundings
        np.testing.assert_allclose(long[:-1], short[0], rtol=1e-14, err_msg=name)
        assert abs(long[-1] - short[0]) > 1e-3, name


@every_stochastic_solver
def test_ntk_divides_the_rate_of_weights_by_the_root_of_fan_in(solver):
    shapes = [(4, 3), (3, 1)]
    groups = {"weights": [slice(0, 15)], "biases": [slice(15, 19)]}
    if hasattr(solver, "weight_decay"):  # which goes by the rate alone
        solver = replace(solver, weight_decay=0.0)
    ntk = replace(solver, parametrization="ntk")
    start = np.random.default_rng(0).normal(size=19)
    found, expected = start.copy(), start.copy()
    state, own = ntk.init(found, Layout(15, shapes, groups)), []
    fan_in = np.repeat([4, 3, 1], [12, 3, 4])
    for i in range(19):
        own.append(solver.init(expected[i : i + 1], Layout(int(i < 15))))
    for grad in np.random.default_rng(1).normal(size=(5, 19)):
        ntk.step(found, grad.copy(), state, 0.01)
        for i in range(19):
            rate = 0.01 / fan_in[i] ** 0.5
            solver.step(expected[i : i + 1], grad[i : i + 1].copy(), own[i], rate)
    # five steps of a few roundings
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


# --- norms, and what is frozen


@pytest.mark.parametrize("dtype", DTYPES)
def test_norms_are_limited_unit_by_unit(dtype):
    params = np.random.default_rng(0).normal(size=26).astype(dtype)
    layout, before = Layout(23, [(4, 5), (3, 1)]), params.copy()
    lengths = [np.linalg.norm(W, axis=0) for W in layout.weights(before)]
    largest = float(np.median(np.concatenate(lengths)))
    limit_norms(layout.weights(params), largest)
    each = zip(layout.weights(params), layout.weights(before), lengths, strict=True)
    for W, old_W, length in each:
        fits = length <= largest
        np.testing.assert_array_equal(W[:, fits], old_W[:, fits])
        # a sum of up to five squares, a root, a quotient and a product
        np.testing.assert_allclose(
            W, old_W * np.minimum(1, largest / length), rtol=10 * np.finfo(dtype).eps
        )
    np.testing.assert_array_equal(params[23:], before[23:])
    assert params.dtype == dtype


def test_a_unit_without_weights_stays_one():
    params = np.zeros(12)
    limit_norms(Layout(12, [(4, 3)]).weights(params), 0.5)
    np.testing.assert_array_equal(params, 0.0)


def test_each_step_ends_within_the_largest_norm():
    for name, solver in STOCHASTIC.items():
        limited, params = replace(solver, max_norm=0.5), np.ones(12)
        state = limited.init(params, Layout(12, [(4, 3)]))
        for grad in np.random.default_rng(0).normal(size=(5, 12)):
            limited.step(params, grad.copy(), state, 0.1)
            norms = np.linalg.norm(params.reshape(4, 3), axis=0)
            assert (norms <= 0.5 * (1 + 1e-12)).all(), name  # one rounding


@every_stochastic_solver
def test_frozen_parameters_keep_their_bits(solver):
    params = np.array([-0.0, 2.0, 5e-324, -1.0])
    held = replace(solver, clip_norm=1.0, max_norm=0.5)
    frozen = Frozen([slice(0, 1), slice(2, 3)], params)
    state = held.init(params, Layout(4, [(2, 2)]), frozen)
    for grad in outside_gradients(5):
        frozen.silence(grad)
        assert not grad[[0, 2]].any()
        held.step(params, grad, state, 0.1)
    assert params[[0, 2]].tobytes() == np.array([-0.0, 5e-324]).tobytes()
    assert (params[[1, 3]] != [2.0, -1.0]).all()


# --- weight decay


@every_decaying_solver
def test_on_a_plain_weights_shrink_by_rate_times_decay_and_biases_stay(make):
    solver, params = make(weight_decay=0.5), np.array([4.0, -2.0, 3.0, -1.0])
    state = solver.init(params, Layout(2))
    for _ in range(3):
        solver.step(params, np.zeros(4), state, learning_rate=0.1)
    # one rounding a step
    np.testing.assert_allclose(params[:2], [4 * 0.95**3, -2 * 0.95**3], rtol=1e-15)
    np.testing.assert_array_equal(params[2:], [3.0, -1.0])


@every_decaying_solver
def test_weight_decay_leaves_the_steps_of_biases_and_the_state_alone(make):
    grads = outside_gradients()
    ends, states = [], []
    for weight_decay in (0.0, 0.5):
        solver, params = make(weight_decay=weight_decay), np.ones(4)
        state = solver.init(params, Layout(2))
        for grad in grads:
            solver.step(params, grad.copy(), state, 0.01)
        ends.append(params)
        states.append(pickle.dumps(state.get_state()))
    np.testing.assert_array_equal(ends[0][2:], ends[1][2:])
    assert (ends[0][:2] != ends[1][:2]).all()
    assert states[0] == states[1]


@every_decaying_solver
def test_each_group_decays_by_its_own_rate(make):
    rates = {"weights": 1.0, "scale": 0.0, "numeric_embedding": 2.0, "biases": 4.0}
    solver, params = make(weight_decay=0.5), np.array([4.0, -2.0, 3.0, -1.0])
    solver = replace(solver, rate_factors=rates)
    state = solver.init(params, ONE_OF_EACH)
    for _ in range(3):
        solver.step(params, np.zeros(4), state, learning_rate=0.1)
    # three roundings each
    expected = [4 * 0.95**3, -2.0, 3 * 0.9**3, -1.0]
    np.testing.assert_allclose(params, expected, rtol=1e-15)


@every_decaying_solver
def test_the_decay_has_a_factor_of_each_step(make):
    solver = make(weight_decay=0.5)
    for decaying in (solver, replace(solver, decay_schedule="linear")):
        params = np.array([4.0, -1.0])
        layout = Layout(1, [(1, 1)], {"weights": [slice(1)], "biases": [slice(1, 2)]})
        state = decaying.init(params, layout)
        for factor in (1.0, 0.5, 0.0):
            decaying.step(params, np.zeros(2), state, 0.1, factor)
        # some roundings
        expected = [4 * 0.95 * 0.975, -1.0]
        np.testing.assert_allclose(params, expected, rtol=1e-15)


# --- clipping


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_clipped_gradient_has_the_norm_and_keeps_its_direction(dtype):
    # the squares of the larger ones overflow, and the norm of the largest does
    scales = (1e2, 1e15, 1e30, float(np.finfo(dtype).max))
    direction = np.array([1.0, -1.0, 0.5, 0.0, 0.25])
    for norm, scale in product((0.125, 1.0, 30.0), scales):
        grad = (scale * direction).astype(dtype)
        clip(grad, norm)
        expected = norm * direction / np.linalg.norm(direction)
        assert grad.dtype == dtype
        # some roundings of the scale, of the sum and of the product
        np.testing.assert_allclose(
            grad, expected, rtol=10 * np.finfo(dtype).eps, err_msg=f"{norm}, {scale}"
        )


def test_a_gradient_that_is_not_longer_is_not_touched():
    for dtype, scale in product(DTYPES, (0.0, 1e-30, 0.5, 1.0)):
        grad = (scale * np.array([3.0, 0.0, -4.0])).astype(dtype)
        kept = grad.copy()
        clip(grad, 5.0)
        np.testing.assert_array_equal(grad, kept, err_msg=f"{dtype}, {scale}")


def test_a_gradient_that_is_not_finite_stays_so():
    for entry in (np.nan, np.inf, -np.inf):
        grad = np.array([1.0, entry, 2.0])
        clip(grad, 1.0)
        np.testing.assert_array_equal(grad, [1.0, entry, 2.0])


# --- averaging


def average_along(solver, path):
    """The average after each of the points, as if steps had led there."""
    state = solver.init(path[0])
    for params in path:
        state.add_to_average(params, solver.averaging)
        yield solver.averaged(params, state)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_average_weighs_each_step_less_than_the_next_by_the_decay(dtype):
    path = np.random.default_rng(0).normal(size=(20, 4)).astype(dtype)
    for decay in (1e-3, 0.5, 0.999):
        for t, found in enumerate(average_along(SGD(averaging=decay), path), start=1):
            weights = decay ** np.arange(t)[::-1]
            expected = np.average(path[:t].astype(np.float64), axis=0, weights=weights)
            assert found.dtype == dtype
            # roundings of numbers of order 1; with 0.999, of a sum over a share of 1e-3
            np.testing.assert_allclose(
                found, expected, rtol=0, atol=1e4 * np.finfo(dtype).eps
            )


def test_the_average_of_one_point_is_that_point():
    path = np.tile([2.0, -3.0], (50, 1))
    for found in average_along(SGD(averaging=0.99), path):
        # a sum over a share: roundings of some steps, of a sum from 0.01 up
        np.testing.assert_allclose(found, [2.0, -3.0], rtol=1e-12)


def test_without_an_average_the_params_are_the_models():
    params = np.array([2.0, -3.0])
    for solver in (SGD(), SGD(averaging=0.9)):  # none, and one that has seen no step
        assert solver.averaged(params, solver.init(params)) is params


def test_the_average_is_apart_from_the_params():
    solver, params = SGD(averaging=0.9), np.ones(3)
    state = solver.init(params)
    state.add_to_average(params, solver.averaging)
    average = solver.averaged(params, state)
    params[...] = 7.0
    np.testing.assert_array_equal(solver.averaged(params, state), average)
    assert not np.shares_memory(average, params)


# --- against the textbook: gradients from outside, a rate that changes


def outside_gradients(n_steps=50):
    """Gradients of different sizes, one of them zero."""
    grads = np.random.RandomState(0).normal(size=(n_steps, 4))
    grads *= [0.01, 1.0, 1.0, 10.0]
    grads[3] = 0.0
    return grads


def outside(n_steps=50):
    """Such gradients, and learning rates."""
    rates = np.random.RandomState(1).uniform(0.001, 0.1, n_steps)
    return outside_gradients(n_steps), rates


def assert_steps_match(solver, textbook):
    grads, rates = outside()
    params = np.ones(4)
    state = solver.init(params)
    for grad, rate, expected in zip(grads, rates, textbook, strict=True):
        solver.step(params, grad.copy(), state, rate)
        # some roundings a step over 50 steps, of params up to 10 and more
        np.testing.assert_allclose(params, expected, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_sgd_with_momentum_is_that_of_the_textbook(momentum):
    def textbook():
        theta, v = np.ones(4), np.zeros(4)
        for g, eta in zip(*outside(), strict=True):
            v = momentum * v - eta * g
            theta = theta + v
            yield theta

    assert_steps_match(SGD(momentum, nesterovs_momentum=False), textbook())


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_sgd_with_nesterovs_momentum_is_that_of_the_textbook(momentum):
    def textbook():
        # the gradient is taken at `ahead`, which is where the params are kept
        theta, v = np.ones(4), np.zeros(4)
        for g, eta in zip(*outside(), strict=True):
            v = momentum * v - eta * g
            theta = theta + v
            ahead = theta + momentum * v
            yield ahead

    assert_steps_match(SGD(momentum, nesterovs_momentum=True), textbook())


@pytest.mark.parametrize(
    "beta_1, beta_2, epsilon",
    [(0.9, 0.999, 1e-8), (0.5, 0.9, 1e-3), (0.0, 0.0, 1e-8), (0.9, 0.999, 1e-3)],
)
def test_adam_is_that_of_the_paper_with_its_epsilon_hat(beta_1, beta_2, epsilon):
    def textbook():
        # Kingma and Ba 2015, end of section 2
        theta, m, v = np.ones(4), np.zeros(4), np.zeros(4)
        for t, (g, alpha) in enumerate(zip(*outside(), strict=True), start=1):
            m = beta_1 * m + (1 - beta_1) * g
            v = beta_2 * v + (1 - beta_2) * g**2
            alpha_t = alpha * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
            theta = theta - alpha_t * m / (np.sqrt(v) + epsilon)
            yield theta

    assert_steps_match(Adam(beta_1, beta_2, epsilon), textbook())


@pytest.mark.parametrize(
    "beta_1, beta_2, weight_decay",
    [(0.9, 0.99, 0.0), (0.9, 0.99, 0.3), (0.5, 0.9, 0.3)],
)
def test_lion_is_that_of_the_paper(beta_1, beta_2, weight_decay):
    def textbook():
        # Chen et al. 2023, program 1
        theta, m = np.ones(4), np.zeros(4)
        for g, eta in zip(*outside(), strict=True):
            c = beta_1 * m + (1 - beta_1) * g
            theta = theta - eta * (np.sign(c) + weight_decay * theta)
            m = beta_2 * m + (1 - beta_2) * g
            yield theta

    assert_steps_match(Lion(beta_1, beta_2, weight_decay), textbook())


# --- against torch

# The solver; its like in torch.optim; and where that one got from ones in 20 steps
# along `outside_gradients`, at a rate of 0.1, as torch 2.13.0 found it in float64.
# torch adds Adam's epsilon after the bias correction, the other form of the paper; at
# 1e-30 neither form feels it.
BESIDE_TORCH = {
    "sgd": (
        (SGD(0.0, False), "SGD", {}),
        [0.9981356005310151, 1.595354235449175, 1.342466054210415, -2.410170394970734],
    ),
    "sgd-momentum": (
        (SGD(0.8, False), "SGD", {"momentum": 0.8}),
        [0.9862045223542119, 3.014121290652305, 2.109197345292765, -17.71546208763346],
    ),
    "sgd-nesterov": (
        (SGD(0.9, True), "SGD", {"momentum": 0.9, "nesterov": True}),
        [0.9721492138459844, 4.086038285131791, 2.215987988526134, -31.33763154125094],
    ),
    "adam": (
        (Adam(epsilon=1e-30), "Adam", {"eps": 1e-30}),
        [0.440588543420692, 1.318675042928316, 0.7137515762467573, 0.3872717791626103],
    ),
    "adam-odd": (
        (Adam(0.5, 0.9, 1e-30), "Adam", {"betas": (0.5, 0.9), "eps": 1e-30}),
        [0.8332265468119394, 1.466785795112212, 1.262307445659969, 0.6924878226813928],
    ),
    "adamw": (
        (
            AdamW(0.8, 0.95, epsilon=0.01, weight_decay=0.3),
            "AdamW",
            {"betas": (0.8, 0.95), "eps": 0.01, "weight_decay": 0.3},
        ),
        [
            0.4120457986066882,
            0.8819820261558176,
            0.6565445662132926,
            0.2086292054188317,
        ],
    ),
    "amsgrad": (
        (
            AMSGrad(0.8, 0.9, epsilon=0.01),
            "Adam",
            {"betas": (0.8, 0.9), "eps": 0.01, "amsgrad": True},
        ),
        [0.7484235811523123, 1.329073901352995, 0.9283288460970887, 0.5006105497643184],
    ),
    "nadam": (
        (
            Nadam(0.8, 0.95, epsilon=0.01, momentum_decay=0.05),
            "NAdam",
            {"betas": (0.8, 0.95), "eps": 0.01, "momentum_decay": 0.05},
        ),
        [0.8945970929231982, 1.437008633878642, 1.300151053841242, 0.7209218339949403],
    ),
    "rmsprop": (
        (RMSprop(0.9, epsilon=0.01), "RMSprop", {"alpha": 0.9, "eps": 0.01}),
        [0.8631891330793134, 1.490021577941242, 1.133997488241251, 0.556599113582118],
    ),
    "rmsprop-momentum": (
        (
            RMSprop(0.9, momentum=0.7, epsilon=0.01),
            "RMSprop",
            {"alpha": 0.9, "momentum": 0.7, "eps": 0.01},
        ),
        [0.4519823953762736, 2.139445916382703, 1.211494160188512, -0.6084764116378405],
    ),
    "adagrad": (
        (Adagrad(epsilon=0.01), "Adagrad", {"eps": 0.01}),
        [0.9030918330802068, 1.108636512104629, 0.9967567557196992, 0.8609468148299138],
    ),
}


def path_along(grads, solver):
    """The params after each step from ones, at a rate of 0.1."""
    params, path = np.ones(4), []
    state = solver.init(params)
    for grad in grads:
        solver.step(params, grad.copy(), state, 0.1)
        path.append(params.copy())
    return path


@pytest.fixture
def torch():
    """torch in float64 by default, in which NAdam keeps its product of mu."""
    torch = pytest.importorskip("torch")
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield torch
    torch.set_default_dtype(default)


def path_in_torch(torch, grads, name, settings):
    """The same by a class of torch.optim."""
    params = torch.ones(4, requires_grad=True)
    solver = getattr(torch.optim, name)([params], lr=0.1, **settings)
    path = []
    for grad in grads:
        params.grad = torch.tensor(grad)
        solver.step()
        path.append(params.detach().numpy().copy())
    return path


@pytest.mark.parametrize("beside, end", BESIDE_TORCH.values(), ids=BESIDE_TORCH)
def test_a_solver_ends_where_torch_did(beside, end):
    found = path_along(outside_gradients(20), beside[0])[-1]
    # 20 steps of a few roundings of numbers up to 30, and the 16 digits written down
    np.testing.assert_allclose(found, end, rtol=1e-13, atol=1e-13)


def test_a_solver_matches_torch_step_by_step(torch):
    grads = outside_gradients(20)
    for (solver, name, settings), _ in BESIDE_TORCH.values():
        expected = path_in_torch(torch, grads, name, settings)
        found = path_along(grads, solver)
        # as above
        np.testing.assert_allclose(
            found, expected, rtol=1e-13, atol=1e-13, err_msg=str(solver)
        )


def test_every_stochastic_solver_but_lion_stands_beside_torch():
    made = {type(solver) for (solver, _, _), _ in BESIDE_TORCH.values()}
    assert made | {Lion} == {make for make in SOLVERS.values() if make.stochastic}


# --- those that minimize


def test_the_slopes_that_these_tests_descend_are_derivatives():
    x = np.array([-0.7, 0.4, 1.3])
    for function in (bowl, valley):
        slope = central_difference(lambda x, f=function: f(x)[0], x)
        # h = 1e-6: rounding about 1e-16 * 400 / 1e-6 = 4e-8, of slopes up to 500
        np.testing.assert_allclose(function(x)[1], slope, rtol=1e-7, atol=1e-6)


@every_minimizer
def test_a_minimizer_finds_the_lowest_point(solver):
    for function, lowest in ((bowl, BOTTOM), (valley, np.ones(3))):
        start = np.array([-1.2, 1.0, 0.3])
        minimum, _, values = minimize(solver, function, start)
        # gradients of 1e-6 over curvatures of at least 0.4
        np.testing.assert_allclose(minimum.params, lowest, atol=1e-5)
        assert minimum.params is start
        assert minimum.value == function(start)[0]
        assert minimum.status == 0
        assert minimum.n_iter == len(values)
        assert (np.diff(values) <= 0).all()


@every_minimizer
def test_a_minimizer_ends_after_max_iter_iterations(solver):
    for max_iter in (1, 2, 7):
        minimum, _, values = minimize(
            solver, valley, np.array([-1.2, 1.0]), max_iter=max_iter
        )
        assert minimum.n_iter == len(values) == max_iter
        assert minimum.status == 1


@every_minimizer
def test_a_minimizer_ends_where_the_largest_slope_is_at_most_tol(solver):
    for tol in (10.0, 1.0, 0.01):
        start = np.array([-1.2, 1.0])
        iterates = [start.copy()]

        def keep(value, start=start, iterates=iterates):
            iterates.append(start.copy())  # which holds the last iterate meanwhile

        solver.minimize(valley, start, tol, 1000, keep)
        slopes = [np.abs(valley(params)[1]).max() for params in iterates]
        assert slopes[-1] <= tol
        assert min(slopes[:-1]) > tol
        np.testing.assert_array_equal(iterates[-1], start)


def test_lbfgs_ends_after_max_fun_evaluations():
    start = np.array([-1.2, 1.0])
    _, enough, _ = minimize(LBFGS(), valley, start.copy())
    minimum, points, _ = minimize(LBFGS(max_fun=10), valley, start.copy())
    # the line search under way is finished: at most 20 evaluations each, as in SciPy
    assert 10 < len(points) <= 10 + 20
    assert len(points) < len(enough)
    assert minimum.status == 1
    np.testing.assert_array_equal(points, enough[: len(points)])


@every_minimizer
def test_float32_params_are_evaluated_and_given_back_in_float32(solver):
    start = np.array([-1.2, 1.0, 0.3], np.float32)
    minimum, points, _ = minimize(solver, bowl, start, tol=1e-3)
    assert {point.dtype for point in points} == {np.dtype(np.float32)}
    assert minimum.params.dtype == np.float32
    # a slope of 1e-3 over curvatures of at least 1
    np.testing.assert_allclose(minimum.params, BOTTOM, atol=2e-3)


@every_minimizer
def test_an_error_in_an_evaluation_leaves_the_last_iterate(solver):
    start, values, iterates = np.array([-1.2, 1.0]), [], []

    def interrupted(params):
        if len(values) == 3:
            raise KeyboardInterrupt
        return valley(params)

    def keep(value):
        values.append(value)
        iterates.append(start.copy())

    with pytest.raises(KeyboardInterrupt):
        solver.minimize(interrupted, start, 1e-6, 100, keep)
    np.testing.assert_array_equal(start, iterates[-1])
    assert rosen(start) == values[-1] < rosen([-1.2, 1.0])
