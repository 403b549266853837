"""Laws of every solver in the table, and each beside its textbook and torch."""

import pickle

import numpy as np
import pytest
from calculus import central_difference
from scipy.optimize import rosen, rosen_der

from skmlp import solvers as solvers_module
from skmlp.solvers import LBFGS, SGD, SOLVERS, Adam

MINIMIZERS = {name: make() for name, make in SOLVERS.items() if not make.stochastic}
STOCHASTIC = {name: make() for name, make in SOLVERS.items() if make.stochastic} | {
    "sgd-plain": SGD(momentum=0.0, nesterovs_momentum=False),
    "sgd-momentum": SGD(momentum=0.8, nesterovs_momentum=False),
    "sgd-nesterov-without-momentum": SGD(momentum=0.0),
    "adam-odd": Adam(beta_1=0.7, beta_2=0.95, epsilon=1e-2),
}
every_solver = pytest.mark.parametrize("name", SOLVERS)
every_minimizer = pytest.mark.parametrize("solver", MINIMIZERS.values(), ids=MINIMIZERS)
every_stochastic_solver = pytest.mark.parametrize(
    "solver", STOCHASTIC.values(), ids=STOCHASTIC
)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])

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


@every_solver
def test_settings_are_values(name):
    make = SOLVERS[name]
    assert make() == make()
    assert pickle.loads(pickle.dumps(make())) == make()


# --- step by step


@every_stochastic_solver
def test_a_stochastic_solver_finds_the_bottom_of_a_bowl(solver):
    path = walk(solver, bowl, np.zeros(3), 3000)
    # with a constant rate Adam's steps stay about as long as the rate, 0.01
    np.testing.assert_allclose(path[-1], BOTTOM, atol=0.01)


@every_stochastic_solver
def test_a_stochastic_solver_follows_a_curved_valley(solver):
    start = np.array([-1.2, 1.0])
    path = walk(solver, valley, start, 20_000, learning_rate=1e-3)
    # along the floor of the valley the value is (1 - x)^2: 0.0025 at x = 0.95
    assert rosen(path[-1]) < 0.0025
    np.testing.assert_allclose(path[-1], 1.0, atol=0.05)


@both_dtypes
@every_stochastic_solver
def test_the_state_is_made_for_the_params(solver, dtype):
    params = np.arange(5).astype(dtype)
    arrays = [v for v in solver.init(params).values() if isinstance(v, np.ndarray)]
    assert all((v.shape, v.dtype) == ((5,), dtype) for v in arrays)
    assert not any(np.shares_memory(v, params) for v in arrays)
    np.testing.assert_array_equal(params, np.arange(5))


@every_stochastic_solver
def test_float32_stays_float32_and_follows_float64(solver):
    params = np.zeros(3, np.float32)
    state = solver.init(params)
    for _ in range(20):
        _, grad = bowl(params)
        solver.step(params, grad, state, 0.01)
        # a step works in place: had it left float32, it would have raised or replaced
        arrays = [v for v in state.values() if isinstance(v, np.ndarray)]
        assert {v.dtype for v in [grad, params, *arrays]} == {np.dtype(np.float32)}
    # 20 steps of a few roundings of numbers up to 20, shrunk by the rate
    np.testing.assert_allclose(
        params, walk(solver, bowl, np.zeros(3), 20)[-1], rtol=0, atol=1e-5
    )


@every_stochastic_solver
def test_a_step_moves_the_params_it_gets_and_no_settings(solver):
    params, settings = np.zeros(3), pickle.dumps(solver)
    whole = np.zeros(6)
    for vector in (params, whole[:3]):
        assert solver.step(vector, bowl(vector)[1], solver.init(vector), 0.01) is None
    assert (params != 0).all()
    np.testing.assert_array_equal(whole, [*params, 0, 0, 0])
    assert pickle.dumps(solver) == settings


@every_stochastic_solver
def test_a_pickled_state_continues_with_the_same_bits(solver):
    params = np.zeros(3)
    state = solver.init(params)
    for i in range(20):
        if i == 7:
            state, params = pickle.loads(pickle.dumps((state, params)))
        solver.step(params, bowl(params)[1], state, 0.01)
    np.testing.assert_array_equal(params, walk(solver, bowl, np.zeros(3), 20)[-1])


@both_dtypes
@every_stochastic_solver
def test_a_step_in_blocks_is_a_step_at_once(solver, dtype, monkeypatch):
    start = np.zeros(3, dtype)
    at_once = walk(solver, bowl, start.copy(), 20)
    monkeypatch.setattr(solvers_module, "BLOCK", 2)
    # the same few roundings entry by entry
    np.testing.assert_allclose(
        walk(solver, bowl, start, 20), at_once, rtol=40 * np.finfo(dtype).eps
    )


@every_stochastic_solver
def test_steps_are_proportional_to_the_learning_rate(solver):
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


# --- against the textbook: gradients from outside, a rate that changes


def outside(n_steps=50):
    """Gradients of different sizes, one of them zero, and learning rates."""
    rng = np.random.default_rng(0)
    grads = rng.normal(size=(n_steps, 4)) * [1e-4, 1.0, 1.0, 1e4]
    grads[3] = 0.0
    return grads, rng.uniform(0.001, 0.1, n_steps)


def assert_steps_match(solver, textbook):
    grads, rates = outside()
    params = np.ones(4)
    state = solver.init(params)
    for grad, rate, expected in zip(grads, rates, textbook, strict=True):
        solver.step(params, grad.copy(), state, rate)
        # some roundings a step over 50 steps, of params as large as 1e4 times the rate
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


@pytest.mark.parametrize("beta_1, beta_2", [(0.9, 0.999), (0.5, 0.9), (0.0, 0.0)])
@pytest.mark.parametrize("epsilon", [1e-8, 1e-3])
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


# --- against torch


def walk_in_torch(make, n_steps):
    """The bowl, walked down by one of torch's."""
    torch = pytest.importorskip("torch")
    params = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    solver = make(torch.optim, [params])
    curvature, bottom = torch.tensor(CURVATURE), torch.tensor(BOTTOM)
    path = []
    for _ in range(n_steps):
        solver.zero_grad()
        (0.5 * curvature * (params - bottom) ** 2).sum().backward()
        solver.step()
        path.append(params.detach().numpy().copy())
    return np.array(path)


@pytest.mark.parametrize(
    "momentum, nesterov", [(0.0, False), (0.9, False), (0.9, True), (0.5, True)]
)
def test_sgd_matches_torch(momentum, nesterov):
    # at a constant rate: torch applies the rate to the velocity, not the gradient
    expected = walk_in_torch(
        lambda optim, params: optim.SGD(
            params, lr=0.02, momentum=momentum, nesterov=nesterov
        ),
        n_steps=100,
    )
    found = walk(SGD(momentum, nesterov), bowl, np.zeros(3), 100, learning_rate=0.02)
    # 100 steps of a few roundings of numbers of order 1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("beta_1, beta_2", [(0.9, 0.999), (0.5, 0.9)])
def test_adam_matches_torch(beta_1, beta_2):
    # torch adds epsilon after the bias correction, the other form of the paper; at
    # 1e-30 neither form feels it
    expected = walk_in_torch(
        lambda optim, params: optim.Adam(
            params, lr=0.02, betas=(beta_1, beta_2), eps=1e-30
        ),
        n_steps=100,
    )
    solver = Adam(beta_1, beta_2, epsilon=1e-30)
    found = walk(solver, bowl, np.zeros(3), 100, learning_rate=0.02)
    # 100 steps of a few roundings of numbers of order 1, but a coordinate that nears
    # its bottom divides a small mean by a small root
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


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
