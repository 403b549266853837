"""Laws of the objective; the first is the gradient check of all the mathematics."""

from itertools import product

import numpy as np
import pytest
import scipy.sparse

import skmlp.network.workspace as workspace_module
from skmlp.activations import ACTIVATIONS
from skmlp.losses import LOSSES
from skmlp.network.dense import Dense
from skmlp.network.network import Network
from skmlp.network.noise import Noise, NoiseLayer
from skmlp.network.objective import Objective, Value

from ..conftest import central_difference, covering, relative_error

N_ROWS = 6
WEIGHTED = {"unweighted": False, "weighted": True}
SPARSE = {"dense": False, "csr": True}
HIDDEN = {"depth-0": (), "depth-1": (5,), "depth-2": (5, 4)}
# The multinomial losses of a single class are constant: two classes at least.
OUTPUTS = {
    f"{loss}-{n}": (loss, n)
    for loss in LOSSES
    for n in ((2, 3) if "multi" in loss else (1, 3))
}
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
every_loss = pytest.mark.parametrize("loss", LOSSES)
# One loss of each link, the last one with a kink.
LOSS_OF_EACH_LINK = ["multinomial_log_loss", "binomial_focal", "poisson", "quantile"]


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


def assert_gradient_is_right(activation, hidden, loss, n_outputs, weighted):
    objective, params, X, Y, weight = problem(activation, loss, hidden, n_outputs)
    error = gradient_error(objective, params, X, Y, weight if weighted else None)
    # h = 1e-6: truncation about 1e-12, rounding about 1e-16 * 100 / 1e-6 = 1e-8
    # beside gradients of norm 1 and more
    assert error < 1e-6, (loss, n_outputs, weighted)


# Activation and loss meet only in the raw outputs and their gradient. So each is tested
# apart, with what it does interact with; the full product is marked `exhaustive`.
@covering(activation=list(ACTIVATIONS), hidden=HIDDEN)
def test_the_gradient_is_the_derivative_of_the_value_at_any_depth(activation, hidden):
    assert_gradient_is_right(activation, hidden, "multinomial_log_loss", 3, True)


@covering(outputs=OUTPUTS, weighted=WEIGHTED)
def test_the_gradient_is_the_derivative_of_the_value_of_every_loss(outputs, weighted):
    assert_gradient_is_right("tanh", (5,), *outputs, weighted)


@pytest.mark.exhaustive
@covering(activation=list(ACTIVATIONS), hidden=HIDDEN)
def test_the_gradient_is_the_derivative_of_the_value_of_all_together(
    activation, hidden
):
    for outputs, weighted in product(OUTPUTS.values(), WEIGHTED.values()):
        assert_gradient_is_right(activation, hidden, *outputs, weighted)


@pytest.mark.smoke
def test_the_gradient_for_a_sparse_matrix_is_the_derivative_of_the_value():
    objective, params, X, Y, weight = problem("tanh", "poisson", (5, 4), 3)
    X = scipy.sparse.csr_matrix(np.where(X > 0, X, 0))
    for w in (None, weight):
        # as above
        assert gradient_error(objective, params, X, Y, w) < 1e-6


@pytest.mark.smoke
@pytest.mark.parametrize("loss", LOSS_OF_EACH_LINK)
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


def test_the_loss_is_the_weighted_sum_of_the_rows_values_over_their_number():
    for loss in LOSSES:
        objective, params, X, Y, weight = problem("tanh", loss, (5,), 3)
        network = objective.network
        raw = network.predict(network.views(params), X)
        values = LOSSES[loss]().value_and_gradient(Y, raw)
        for given, w in ((None, np.ones(N_ROWS)), (weight, weight)):
            value, _ = evaluate(objective, params, X, Y, given)
            # sums of a few terms in another order
            assert value.loss == pytest.approx(w @ values / N_ROWS, rel=1e-13), loss
            assert value.total == value.loss + value.penalty, loss


def test_the_penalty_is_half_of_alpha_over_n_times_the_squared_weights():
    objective, params, X, Y, _ = problem("tanh", "poisson", (5,), 3, alpha=0.7)
    squares = sum((W**2).sum() for W, _ in objective.network.weights_and_biases(params))
    for n in (1, 4, N_ROWS):
        value, _ = evaluate(objective, params, X[:n], Y[:n])
        # a sum in another order
        assert value.penalty == pytest.approx(0.7 / 2 / n * squares, rel=1e-13), n


def test_the_penalty_pulls_weights_and_spares_biases():
    with_penalty, params, X, Y, _ = problem("tanh", "poisson", (5,), 3, alpha=0.7)
    without, *_ = problem("tanh", "poisson", (5,), 3, alpha=0.0)
    pull = params.copy()
    pull[with_penalty.network.n_weights :] = 0.0
    for n in (1, 4, N_ROWS):
        value, grad = evaluate(without, params, X[:n], Y[:n])
        _, penalized = evaluate(with_penalty, params, X[:n], Y[:n])
        assert value.penalty == 0.0
        # differences of numbers of order 10
        np.testing.assert_allclose(penalized - grad, 0.7 / n * pull, atol=1e-12)


def test_the_penalty_does_not_look_at_sample_weights():
    objective, params, X, Y, weight = problem("tanh", "poisson", (5,), 3)
    value, _ = evaluate(objective, params, X, Y)
    weighted, _ = evaluate(objective, params, X, Y, weight)
    assert weighted.penalty == value.penalty


def test_of_a_batch_without_weight_the_penalty_of_the_weights_remains():
    for alpha_l1 in (0.0, 0.7):
        objective, params, X, Y, _ = problem(
            "tanh", "poisson", (5,), 3, alpha_l1=alpha_l1
        )
        params[:20:3] = 0.0
        value, grad = evaluate(objective, params, X, Y, np.zeros(N_ROWS))
        assert value.loss == 0.0
        pull = (0.3 * params + alpha_l1 * np.sign(params)) / N_ROWS
        pull[objective.network.n_weights :] = 0.0  # biases exactly
        # one product or two
        np.testing.assert_allclose(grad, pull, rtol=1e-13, err_msg=f"{alpha_l1=}")


# --- the L1 penalty


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_the_l1_penalty_is_its_strength_over_n_times_the_absolute_weights(alpha):
    with_l1, params, X, Y, _ = problem("tanh", "poisson", (5,), 3, alpha, alpha_l1=0.7)
    without, *_ = problem("tanh", "poisson", (5,), 3, alpha)
    pairs = with_l1.network.weights_and_biases(params)
    absolute = sum(np.abs(W).sum() for W, _ in pairs)
    for n in (1, 4, N_ROWS):
        value, _ = evaluate(with_l1, params, X[:n], Y[:n])
        before, _ = evaluate(without, params, X[:n], Y[:n])
        # sums in another order
        assert value.penalty == pytest.approx(
            before.penalty + 0.7 / n * absolute, rel=1e-13
        )
        assert value.loss == before.loss
        assert with_l1.reported(value) == value.total


@covering(hidden=HIDDEN, alpha=[0.0, 0.3])
def test_with_an_l1_penalty_the_gradient_is_the_derivative_of_the_value(hidden, alpha):
    objective, params, X, Y, weight = problem(
        "tanh", "poisson", hidden, 3, alpha, alpha_l1=0.7
    )
    assert np.abs(params).min() > 1e-3  # no step of 1e-6 crosses a kink
    # as above
    assert gradient_error(objective, params, X, Y, weight) < 1e-6


def test_the_l1_penalty_has_no_gradient_at_zero():
    with_l1, params, X, Y, _ = problem("tanh", "poisson", (5,), 3, alpha_l1=0.7)
    without, *_ = problem("tanh", "poisson", (5,), 3)
    params[:20:3] = 0.0
    _, grad = evaluate(without, params, X, Y)
    _, penalized = evaluate(with_l1, params, X, Y)
    pull = 0.7 / N_ROWS * np.sign(params)
    pull[with_l1.network.n_weights :] = 0.0
    # differences of numbers of order 10
    np.testing.assert_allclose(penalized - grad, pull, rtol=0, atol=1e-12)


# --- the loss as it is reported


def test_the_reported_loss_is_a_mean_over_outputs_for_squared_errors_only():
    for loss, n_outputs in product(LOSSES, (1, 3)):
        objective, *_ = problem("tanh", loss, (5,), n_outputs)
        share = 1 / n_outputs if loss == "squared_error" else 1.0
        # the penalty is reported whole
        reported = objective.reported(Value(6.0, 0.25))
        assert reported == share * 6.0 + 0.25, (loss, n_outputs)


def test_the_reported_loss_is_in_the_unit_of_the_loss():
    for loss in LOSSES:
        plain, *_ = problem("tanh", loss, (5,), 2)
        objective, *_ = problem("tanh", loss, (5,), 2, loss_unit=4.0)
        value = Value(6.0, 0.25)
        assert objective.trained(value) == plain.reported(value)
        assert objective.reported(value) == 4.0 * plain.reported(value)
        assert not objective.reports_value


# --- rows and weights


def test_the_mean_of_the_batches_gradients_is_the_full_gradient():
    for loss, weighted, n_batches in product(LOSSES, [False, True], [1, 2, 3]):
        case = f"{loss}, {weighted=}, {n_batches=}"
        objective, params, X, Y, weight = problem("tanh", loss, (5,), 3, alpha=0.0)
        weight /= weight.mean()
        value, grad = evaluate(objective, params, X, Y, weight if weighted else None)
        parts = [
            evaluate(objective, params, X[r], Y[r], weight[r] if weighted else None)
            for r in np.split(np.arange(N_ROWS), n_batches)
        ]
        # sums of a few terms in another order
        mean = np.mean([part.loss for part, _ in parts])
        assert mean == pytest.approx(value.loss, rel=1e-13), case
        mean_grad = np.mean([part for _, part in parts], axis=0)
        np.testing.assert_allclose(
            mean_grad, grad, rtol=1e-12, atol=1e-14, err_msg=case
        )


def test_a_weight_of_two_is_the_row_twice_up_to_the_number_of_rows():
    rows, one_and_two = [0, 1, 1, 2], np.array([1.0, 2.0])
    for loss in LOSSES:
        objective, params, X, Y, _ = problem("tanh", loss, (5,), 3, alpha=0.0)
        X, Y = X[:4], Y[:4]
        value, grad = evaluate(objective, params, X, Y, np.array([1.0, 2.0, 1.0, 0.0]))
        twice, twice_grad = evaluate(objective, params, X[rows], Y[rows])
        tolerance = {"rtol": 1e-12, "atol": 1e-14, "err_msg": loss}
        # both divide by four rows; sums in another order
        assert value.loss == pytest.approx(twice.loss, rel=1e-13), loss
        np.testing.assert_allclose(grad, twice_grad, **tolerance)
        more, more_grad = evaluate(objective, params, X[rows[:3]], Y[rows[:3]])
        less, less_grad = evaluate(objective, params, X[:2], Y[:2], one_and_two)
        assert 3 * more.loss == pytest.approx(2 * less.loss, rel=1e-13), loss
        np.testing.assert_allclose(3 * more_grad, 2 * less_grad, **tolerance)


@pytest.mark.parametrize("loss", LOSS_OF_EACH_LINK)
def test_weights_of_one_are_no_weights(loss):
    objective, params, X, Y, _ = problem("tanh", loss, (5,), 3)
    value, grad = evaluate(objective, params, X, Y)
    of_ones, grad_of_ones = evaluate(objective, params, X, Y, np.ones(N_ROWS))
    # a product with ones is a sum in another order
    assert of_ones.total == pytest.approx(value.total, rel=1e-14)
    np.testing.assert_allclose(grad_of_ones, grad, rtol=1e-13)


@covering(loss=LOSS_OF_EACH_LINK, sparse=SPARSE, weighted=WEIGHTED)
def test_an_evaluation_in_blocks_of_rows_is_one_at_once(
    loss, sparse, weighted, monkeypatch
):
    objective, params, X, Y, weight = problem("tanh", loss, (5,), 3)
    rows = scipy.sparse.csr_matrix(X) if sparse else X, Y, weight if weighted else None
    value, grad = evaluate(objective, params, *rows)
    monkeypatch.setattr(workspace_module, "BLOCK_ELEMENTS", 1)
    for block in (1, 4, 5):
        monkeypatch.setattr(workspace_module, "BLOCK_ROWS", block)
        in_blocks, *_ = problem("tanh", loss, (5,), 3)
        assert in_blocks.n_rows_at_once == block
        for _ in range(2):  # the second finds the buffers used
            block_value, block_grad = evaluate(in_blocks, params, *rows)
            # sums of a few terms in another order
            assert block_value.loss == pytest.approx(value.loss, rel=1e-13)
            assert block_value.penalty == value.penalty
            np.testing.assert_allclose(
                block_grad, grad, rtol=1e-12, atol=1e-14, err_msg=f"{block=}"
            )


# --- noise

NOISE = {
    "input-dropout": [Noise(0.4), Noise(), Noise()],
    "input-noise": [Noise(0.0, 0.5), Noise(), Noise()],
    "hidden-dropout": [Noise(), Noise(0.4), Noise(0.2)],
    "hidden-noise": [Noise(), Noise(0.0, 0.5), Noise(0.2, 0.3)],
    "all": [Noise(0.2, 0.5), Noise(0.4), Noise(0.2)],
}
every_noise_and_matrix = covering(noise=NOISE, sparse=SPARSE)


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


@every_activation
def test_with_noise_the_gradient_of_every_activation_is_the_derivative(activation):
    objective, params, X, Y, weight = noisy_problem(activation)
    # as above
    assert gradient_error(objective, params, X, Y, weight) < 1e-6


@every_noise_and_matrix
def test_the_gradient_is_the_derivative_of_the_value_for_the_noise_that_is_drawn(
    noise, sparse
):
    objective, params, X, Y, weight = noisy_problem("gelu", noise, sparse)
    for n in (4, N_ROWS, 1):  # in the buffers of the ones before
        for w in (None, weight[:n]):
            # as above
            assert gradient_error(objective, params, X[:n], Y[:n], w) < 1e-6, n


@every_noise_and_matrix
def test_the_noisy_gradient_in_blocks_of_rows_is_the_derivative_of_the_value(
    noise, sparse, monkeypatch
):
    monkeypatch.setattr(workspace_module, "BLOCK_ROWS", 4)  # and the last has two
    monkeypatch.setattr(workspace_module, "BLOCK_ELEMENTS", 1)
    objective, params, X, Y, weight = noisy_problem("gelu", noise, sparse)
    assert objective.objective.n_rows_at_once == 4
    # as above
    assert gradient_error(objective, params, X, Y, weight) < 1e-6


def test_each_evaluation_draws_noise_anew():
    for name, noise in NOISE.items():
        objective, params, X, Y, _ = noisy_problem(noise=noise)
        noisy = objective.objective
        values = {noisy.value_and_gradient(params, X, Y)[0].loss for _ in range(5)}
        assert len(values) == 5, name


NO_NOISE = {
    "no-generator": (NOISE["all"], None),
    "rates-of-0": (3 * [Noise(0.0, 0.0)], np.random.default_rng(3)),
}


@covering(no_noise=NO_NOISE, sparse=SPARSE, dtype=[np.float32, np.float64])
def test_noise_of_nothing_changes_no_bit(no_noise, sparse, dtype):
    noise, generator = no_noise
    problem_of = "gelu", "poisson", (5, 4), 3, 0.3, dtype
    quiet, params, X, Y, weight = problem(*problem_of, noise, generator=generator)
    plain, *_ = problem(*problem_of)
    X = scipy.sparse.csr_matrix(X) if sparse else X
    value, grad = evaluate(quiet, params, X, Y, weight)
    expected, slope = evaluate(plain, params, X, Y, weight)
    assert value == expected
    np.testing.assert_array_equal(grad, slope)


@pytest.mark.parametrize("sparse", SPARSE.values(), ids=SPARSE)
def test_with_noise_and_both_penalties_float32_stays_float32(sparse):
    objective, params, X, Y, _ = noisy_problem(
        sparse=sparse, dtype=np.float32, alpha_l1=0.7
    )
    value, grad = objective.value_and_gradient(params, X, Y)
    assert grad.dtype == np.float32
    steps = objective.objective._workspace.steps
    kinds = [type(layer) for layer, _, _ in steps]
    assert kinds == 3 * [NoiseLayer, Dense]
    inputs = [buffers.x for _, _, buffers in steps[1::2]]  # after their noise
    assert {x.dtype for x in inputs} == {np.dtype(np.float32)}
    assert type(value.loss) is float and type(value.penalty) is float


# --- arrays


def assert_float32_stays_float32(activation, loss):
    problem_of = activation, loss, (5, 4), 3
    objective, *single = problem(*problem_of, dtype=np.float32)
    exact, *double = problem(*problem_of)
    for n in (3, 4):  # without and with weights
        value, grad = evaluate(objective, *single[:n])
        buffers = [v for v in vars(objective).values() if isinstance(v, np.ndarray)]
        assert {array.dtype for array in [grad, *buffers]} == {np.dtype(np.float32)}
        assert type(value.loss) is float and type(value.penalty) is float
        expected, slope = evaluate(exact, *double[:n])
        # some tens of float32's roundings, 6e-8 each, and an exponential of them
        assert value.total == pytest.approx(expected.total, rel=1e-5)
        assert relative_error(grad, slope) < 1e-5


@every_activation
def test_float32_in_is_float32_out_for_every_activation(activation):
    assert_float32_stays_float32(activation, "poisson")


@every_loss
def test_float32_in_is_float32_out_for_every_loss(loss):
    assert_float32_stays_float32("gelu", loss)


@pytest.mark.parametrize("loss", LOSS_OF_EACH_LINK)
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
