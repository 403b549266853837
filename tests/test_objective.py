"""Laws of the objective; the first is the gradient check of all the mathematics."""

import numpy as np
import pytest
import scipy.sparse

from skmlp import network as network_module
from skmlp.activations import ACTIVATIONS
from skmlp.layers import Noise
from skmlp.losses import LOSSES
from skmlp.network import Network
from skmlp.objective import Objective, Value

from .conftest import central_difference, relative_error

N_ROWS = 6
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
every_loss = pytest.mark.parametrize("loss", LOSSES)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
weighted_or_not = pytest.mark.parametrize(
    "weighted", [False, True], ids=["unweighted", "weighted"]
)
dense_and_csr = pytest.mark.parametrize("sparse", [False, True], ids=["dense", "csr"])
HIDDEN = [(), (5,), (5, 4)]


def problem(
    activation,
    loss,
    hidden,
    n_outputs,
    alpha=0.3,
    dtype=np.float64,
    noise=None,
    **settings,
):
    """An objective, random params and N_ROWS random rows (X, Y, weight)."""
    rng = np.random.default_rng(0)
    network = Network((3, *hidden, n_outputs), ACTIVATIONS[activation](), noise)
    objective = Objective(network, LOSSES[loss](), alpha, N_ROWS, dtype, **settings)
    params = rng.normal(size=network.n_params)
    # shares of a whole are targets of every loss: rows sum to 1, all within (0, 1)
    Y = rng.dirichlet(np.ones(n_outputs + 1), N_ROWS)[:, :n_outputs]
    if loss == "multinomial_log_loss":
        Y /= Y.sum(axis=1, keepdims=True)
    arrays = params, rng.normal(size=(N_ROWS, 3)), Y, rng.uniform(0.2, 3, N_ROWS)
    return objective, *(array.astype(dtype) for array in arrays)


def evaluate(objective, *arguments):
    """The value, and the gradient as a new array."""
    value, grad = objective.value_and_gradient(*arguments)
    return value, grad.copy()


def gradient_error(objective, params, *rows):
    _, grad = evaluate(objective, params, *rows)
    slope = central_difference(
        lambda params: objective.value_and_gradient(params, *rows)[0].total, params
    )
    return relative_error(grad, slope)


# A class alone is certain: the multinomial log loss then has no slope of its own.
@pytest.mark.parametrize(
    "loss, n_outputs",
    [(loss, n) for loss in LOSSES for n in ((2, 3) if "multi" in loss else (1, 3))],
)
@weighted_or_not
@pytest.mark.parametrize("hidden", HIDDEN, ids=["depth-0", "depth-1", "depth-2"])
@every_activation
def test_the_gradient_is_the_derivative_of_the_value(
    activation, hidden, weighted, loss, n_outputs
):
    objective, params, X, Y, weight = problem(activation, loss, hidden, n_outputs)
    # h = 1e-6: truncation about 1e-12, rounding about 1e-16 * 100 / 1e-6 = 1e-8
    # beside gradients of norm 1 and more
    assert gradient_error(objective, params, X, Y, weight if weighted else None) < 1e-6


@weighted_or_not
def test_the_gradient_for_a_sparse_matrix_is_the_derivative_of_the_value(weighted):
    objective, params, X, Y, weight = problem("tanh", "poisson", (5, 4), 3)
    X = scipy.sparse.csr_matrix(np.where(X > 0, X, 0))
    # as above
    assert gradient_error(objective, params, X, Y, weight if weighted else None) < 1e-6


@every_loss
def test_the_gradient_of_a_wide_network_is_the_derivative_along_a_direction(loss):
    *_, Y, weight = problem("logistic", loss, (5,), 3)
    rng = np.random.default_rng(1)
    network = Network((30, 40, 20, 3), ACTIVATIONS["logistic"]())
    objective = Objective(network, LOSSES[loss](), 0.3, N_ROWS, np.float64)
    params = 0.3 * rng.normal(size=network.n_params)
    direction = rng.normal(size=network.n_params)
    rows = rng.normal(size=(N_ROWS, 30)), Y, weight
    _, grad = evaluate(objective, params, *rows)
    slope = central_difference(
        lambda t: evaluate(objective, params + t[0] * direction, *rows)[0].total,
        np.zeros(1),
    )
    # as above
    assert grad @ direction == pytest.approx(slope[0], rel=1e-6)


# --- the value


@weighted_or_not
@every_loss
def test_the_loss_is_the_weighted_sum_of_the_rows_values_over_their_number(
    loss, weighted
):
    objective, params, X, Y, weight = problem("tanh", loss, (5,), 3)
    value, _ = evaluate(objective, params, X, Y, weight if weighted else None)
    network = objective.network
    raw = network.predict(network.views(params), X)
    values = LOSSES[loss]().value_and_gradient(Y, raw)
    expected = (weight if weighted else np.ones(N_ROWS)) @ values / N_ROWS
    # sums of a few terms in another order
    assert value.loss == pytest.approx(expected, rel=1e-13)
    assert value.total == value.loss + value.penalty


@pytest.mark.parametrize("n_rows", [1, 4, N_ROWS])
def test_the_penalty_is_half_of_alpha_over_n_times_the_squared_weights(n_rows):
    objective, params, X, Y, _ = problem("tanh", "poisson", (5,), 3, alpha=0.7)
    value, _ = evaluate(objective, params, X[:n_rows], Y[:n_rows])
    squares = sum((W**2).sum() for W, _ in objective.network.views(params))
    # a sum in another order
    assert value.penalty == pytest.approx(0.7 / 2 / n_rows * squares, rel=1e-13)


@pytest.mark.parametrize("n_rows", [1, 4, N_ROWS])
def test_the_penalty_pulls_weights_and_spares_biases(n_rows):
    with_penalty, params, X, Y, _ = problem("tanh", "poisson", (5,), 3, alpha=0.7)
    without, *_ = problem("tanh", "poisson", (5,), 3, alpha=0.0)
    value, grad = evaluate(without, params, X[:n_rows], Y[:n_rows])
    _, penalized = evaluate(with_penalty, params, X[:n_rows], Y[:n_rows])
    assert value.penalty == 0.0
    views = without.network.views
    for pull, param in zip(views(penalized - grad), views(params), strict=True):
        # differences of numbers of order 10
        np.testing.assert_allclose(pull[0], 0.7 / n_rows * param[0], atol=1e-13)
        np.testing.assert_array_equal(pull[1], 0)


def test_the_penalty_does_not_look_at_sample_weights():
    objective, params, X, Y, weight = problem("tanh", "poisson", (5,), 3)
    value, _ = evaluate(objective, params, X, Y)
    weighted, _ = evaluate(objective, params, X, Y, weight)
    assert weighted.penalty == value.penalty


def test_of_a_batch_without_weight_the_penalty_remains():
    objective, params, X, Y, _ = problem("tanh", "poisson", (5,), 3)
    value, grad = evaluate(objective, params, X, Y, np.zeros(N_ROWS))
    assert value.loss == 0.0
    weights, n_weights = np.array(params), objective.network.n_weights
    weights[n_weights:] = 0
    # one product or two
    np.testing.assert_allclose(grad, 0.3 / N_ROWS * weights, rtol=1e-14)


# --- the L1 penalty


@pytest.mark.parametrize("n_rows", [1, 4, N_ROWS])
@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_the_l1_penalty_is_its_strength_over_n_times_the_absolute_weights(
    alpha, n_rows
):
    with_l1, params, X, Y, _ = problem("tanh", "poisson", (5,), 3, alpha, alpha_l1=0.7)
    without, *_ = problem("tanh", "poisson", (5,), 3, alpha)
    value, _ = evaluate(with_l1, params, X[:n_rows], Y[:n_rows])
    before, _ = evaluate(without, params, X[:n_rows], Y[:n_rows])
    absolute = sum(np.abs(W).sum() for W, _ in with_l1.network.views(params))
    # sums in another order
    assert value.penalty == pytest.approx(
        before.penalty + 0.7 / n_rows * absolute, rel=1e-13
    )
    assert value.loss == before.loss
    assert with_l1.reported(value) == value.total


@pytest.mark.parametrize("alpha", [0.0, 0.3])
@pytest.mark.parametrize("hidden", HIDDEN, ids=["depth-0", "depth-1", "depth-2"])
@weighted_or_not
def test_with_an_l1_penalty_the_gradient_is_the_derivative_of_the_value(
    weighted, hidden, alpha
):
    objective, params, X, Y, weight = problem(
        "tanh", "poisson", hidden, 3, alpha, alpha_l1=0.7
    )
    assert np.abs(params).min() > 1e-3  # no step of 1e-6 crosses a kink
    # as above
    assert gradient_error(objective, params, X, Y, weight if weighted else None) < 1e-6


def test_the_l1_penalty_has_no_gradient_at_zero_and_spares_biases():
    with_l1, params, X, Y, _ = problem("tanh", "poisson", (5,), 3, alpha_l1=0.7)
    without, *_ = problem("tanh", "poisson", (5,), 3)
    params[:20:3] = 0.0
    _, grad = evaluate(without, params, X, Y)
    _, penalized = evaluate(with_l1, params, X, Y)
    pull = 0.7 / N_ROWS * np.sign(params)
    pull[with_l1.network.n_weights :] = 0.0
    # differences of numbers of order 10
    np.testing.assert_allclose(penalized - grad, pull, rtol=0, atol=1e-13)
    spared = pull == 0.0
    np.testing.assert_array_equal(penalized[spared], grad[spared])


# --- the loss as it is reported


@pytest.mark.parametrize("n_outputs", [1, 3])
@every_loss
def test_the_reported_loss_is_a_mean_over_outputs_for_squared_errors_only(
    loss, n_outputs
):
    objective, *_ = problem("tanh", loss, (5,), n_outputs)
    share = 1 / n_outputs if loss == "squared_error" else 1.0
    # the penalty is reported whole
    assert objective.reported(Value(6.0, 0.25)) == share * 6.0 + 0.25


# --- rows and weights


@pytest.mark.parametrize("batches", [1, 2, 3])
@weighted_or_not
@every_loss
def test_the_mean_of_the_batches_gradients_is_the_full_gradient(
    loss, weighted, batches
):
    objective, params, X, Y, weight = problem("tanh", loss, (5,), 3, alpha=0.0)
    weight = weight / weight.mean() if weighted else None
    value, grad = evaluate(objective, params, X, Y, weight)
    parts = [
        evaluate(objective, params, X[r], Y[r], weight[r] if weighted else None)
        for r in np.split(np.arange(N_ROWS), batches)
    ]
    # sums of a few terms in another order
    mean = np.mean([part.loss for part, _ in parts])
    assert mean == pytest.approx(value.loss, rel=1e-13)
    np.testing.assert_allclose(
        np.mean([part for _, part in parts], axis=0), grad, rtol=1e-12, atol=1e-14
    )


@every_loss
def test_a_weight_of_two_is_the_row_twice_up_to_the_number_of_rows(loss):
    objective, params, X, Y, _ = problem("tanh", loss, (5,), 3, alpha=0.0)
    X, Y = X[:4], Y[:4]
    value, grad = evaluate(objective, params, X, Y, np.array([1.0, 2.0, 1.0, 0.0]))
    rows = [0, 1, 1, 2]
    twice, twice_grad = evaluate(objective, params, X[rows], Y[rows])
    # both divide by four rows; sums in another order
    assert value.loss == pytest.approx(twice.loss, rel=1e-13)
    np.testing.assert_allclose(grad, twice_grad, rtol=1e-12, atol=1e-14)
    more, more_grad = evaluate(objective, params, X[rows[:3]], Y[rows[:3]])
    less, less_grad = evaluate(objective, params, X[:2], Y[:2], np.array([1.0, 2.0]))
    assert 3 * more.loss == pytest.approx(2 * less.loss, rel=1e-13)
    np.testing.assert_allclose(3 * more_grad, 2 * less_grad, rtol=1e-12, atol=1e-14)


@every_loss
def test_weights_of_one_are_no_weights(loss):
    objective, params, X, Y, _ = problem("tanh", loss, (5,), 3)
    value, grad = evaluate(objective, params, X, Y)
    of_ones, grad_of_ones = evaluate(objective, params, X, Y, np.ones(N_ROWS))
    # a product with ones is a sum in another order
    assert of_ones.total == pytest.approx(value.total, rel=1e-14)
    np.testing.assert_allclose(grad_of_ones, grad, rtol=1e-13)


@pytest.mark.parametrize("block", [1, 4, 5])
@weighted_or_not
@dense_and_csr
@every_loss
def test_an_evaluation_in_blocks_of_rows_is_one_at_once(
    loss, sparse, weighted, block, monkeypatch
):
    objective, params, X, Y, weight = problem("tanh", loss, (5,), 3)
    rows = scipy.sparse.csr_matrix(X) if sparse else X, Y, weight if weighted else None
    value, grad = evaluate(objective, params, *rows)
    monkeypatch.setattr(network_module, "BLOCK_ROWS", block)
    monkeypatch.setattr(network_module, "BLOCK_ELEMENTS", 1)
    in_blocks, *_ = problem("tanh", loss, (5,), 3)
    for _ in range(2):  # the second finds the buffers used
        block_value, block_grad = evaluate(in_blocks, params, *rows)
        # sums of a few terms in another order
        assert block_value.loss == pytest.approx(value.loss, rel=1e-13)
        assert block_value.penalty == value.penalty
        np.testing.assert_allclose(block_grad, grad, rtol=1e-12, atol=1e-14)


# --- noise

NOISE = {
    "input-dropout": [Noise(0.4), Noise(), Noise()],
    "input-noise": [Noise(0.0, 0.5), Noise(), Noise()],
    "hidden-dropout": [Noise(), Noise(0.4), Noise(0.2)],
    "hidden-noise": [Noise(), Noise(0.0, 0.5), Noise(0.2, 0.3)],
    "all": [Noise(0.2, 0.5), Noise(0.4), Noise(0.2)],
}
every_noise = pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)


class Redrawing:
    """An objective whose every evaluation draws the same noise."""

    def __init__(self, objective):
        self.objective = objective
        self.start = objective.generator.bit_generator.state

    def value_and_gradient(self, *arguments):
        self.objective.generator.bit_generator.state = self.start
        return self.objective.value_and_gradient(*arguments)


def noisy_problem(activation="tanh", noise=NOISE["all"], sparse=False, **settings):
    """A problem whose network has noise, always the same."""
    generator = np.random.default_rng(3)
    objective, params, X, *rest = problem(
        activation, "poisson", (5, 4), 3, noise=noise, generator=generator, **settings
    )
    X = scipy.sparse.csr_matrix(np.where(X > 0, X, 0)) if sparse else X
    return Redrawing(objective), params, X, *rest


@every_noise
@dense_and_csr
@weighted_or_not
@every_activation
def test_the_gradient_is_the_derivative_of_the_value_for_the_noise_that_is_drawn(
    activation, weighted, sparse, noise
):
    objective, params, X, Y, weight = noisy_problem(activation, noise, sparse)
    # as above
    assert gradient_error(objective, params, X, Y, weight if weighted else None) < 1e-6


@every_noise
@dense_and_csr
def test_the_noisy_gradient_of_fewer_rows_is_the_derivative_of_their_value(
    sparse, noise
):
    objective, params, X, Y, _ = noisy_problem("gelu", noise, sparse)
    for n_rows in (4, N_ROWS, 1):  # in the buffers of the ones before
        # as above
        assert gradient_error(objective, params, X[:n_rows], Y[:n_rows], None) < 1e-6


@every_noise
@dense_and_csr
def test_the_noisy_gradient_in_blocks_of_rows_is_the_derivative_of_the_value(
    sparse, noise, monkeypatch
):
    monkeypatch.setattr(network_module, "BLOCK_ROWS", 4)  # and the last has two
    monkeypatch.setattr(network_module, "BLOCK_ELEMENTS", 1)
    objective, params, X, Y, weight = noisy_problem("gelu", noise, sparse)
    # as above
    assert gradient_error(objective, params, X, Y, weight) < 1e-6


@every_noise
def test_each_evaluation_draws_noise_anew(noise):
    objective, params, X, Y, _ = noisy_problem(noise=noise)
    noisy = objective.objective
    values = {noisy.value_and_gradient(params, X, Y)[0].loss for _ in range(5)}
    assert len(values) == 5


@pytest.mark.parametrize(
    "noise, generator",
    [(NOISE["all"], None), (3 * [Noise(0.0, 0.0)], np.random.default_rng(3))],
    ids=["no-generator", "rates-of-0"],
)
@dense_and_csr
@both_dtypes
def test_noise_of_nothing_changes_no_bit(dtype, sparse, noise, generator):
    problem_of = "gelu", "poisson", (5, 4), 3, 0.3, dtype
    quiet, params, X, Y, weight = problem(*problem_of, noise, generator=generator)
    plain, *_ = problem(*problem_of)
    X = scipy.sparse.csr_matrix(X) if sparse else X
    value, grad = evaluate(quiet, params, X, Y, weight)
    expected, slope = evaluate(plain, params, X, Y, weight)
    assert value == expected
    np.testing.assert_array_equal(grad, slope)


@every_noise
@dense_and_csr
def test_with_noise_and_both_penalties_float32_stays_float32(sparse, noise):
    objective, params, X, Y, _ = noisy_problem(
        noise=noise, sparse=sparse, dtype=np.float32, alpha_l1=0.7
    )
    value, grad = objective.value_and_gradient(params, X, Y)
    assert grad.dtype == np.float32
    inputs = [n.x for n in objective.objective._workspace.noisy.values()]
    assert {x.dtype for x in inputs} == {np.dtype(np.float32)}
    assert type(value.loss) is float and type(value.penalty) is float


# --- arrays


@weighted_or_not
@every_loss
@every_activation
def test_float32_in_is_float32_out(activation, loss, weighted):
    objective, params, X, Y, weight = problem(
        activation, loss, (5, 4), 3, dtype=np.float32
    )
    value, grad = evaluate(objective, params, X, Y, weight if weighted else None)
    buffers = [v for v in vars(objective).values() if isinstance(v, np.ndarray)]
    assert {array.dtype for array in [grad, *buffers]} == {np.dtype(np.float32)}
    assert type(value.loss) is float and type(value.penalty) is float
    exact, *arrays = problem(activation, loss, (5, 4), 3)
    params, X, Y, weight = arrays
    expected, slope = evaluate(exact, params, X, Y, weight if weighted else None)
    # some tens of float32's roundings, 6e-8 each, and an exponential of them
    assert value.total == pytest.approx(expected.total, rel=1e-5)
    assert relative_error(grad, slope) < 1e-5


@every_loss
def test_sparse_and_dense_rows_have_one_gradient(loss):
    objective, params, X, Y, weight = problem("relu", loss, (5, 4), 3)
    X[X < 0] = 0
    value, grad = evaluate(objective, params, X, Y, weight)
    sparse = scipy.sparse.csr_matrix(X)
    of_sparse, grad_of_sparse = evaluate(objective, params, sparse, Y, weight)
    # sums of a few terms in another order
    assert of_sparse.total == pytest.approx(value.total, rel=1e-13)
    np.testing.assert_allclose(grad_of_sparse, grad, rtol=1e-12, atol=1e-13)


def test_an_evaluation_leaves_params_and_data_alone():
    objective, *arrays = problem("relu", "poisson", (5, 4), 3)
    kept = [array.copy() for array in arrays]
    objective.value_and_gradient(*arrays)
    for array, before in zip(arrays, kept, strict=True):
        np.testing.assert_array_equal(array, before)


def test_an_evaluation_forgets_the_one_before():
    objective, params, X, Y, weight = problem("relu", "poisson", (5, 4), 3)
    value, grad = evaluate(objective, params, X, Y, weight)
    objective.value_and_gradient(-params, X[:2], Y[:2])[1][...] = np.nan
    again, grad_again = evaluate(objective, params, X, Y, weight)
    assert again == value
    np.testing.assert_array_equal(grad_again, grad)


def test_params_changed_in_place_are_seen():
    objective, params, X, Y, _ = problem("relu", "poisson", (5, 4), 3)
    evaluate(objective, params, X, Y)
    params *= 0.5
    value, grad = evaluate(objective, params, X, Y)
    expected, slope = evaluate(objective, params.copy(), X, Y)
    assert value == expected
    np.testing.assert_array_equal(grad, slope)
