"""Laws of every loss in the table, at ordinary and at extreme raw outputs."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from calculus import central_difference
from scipy.optimize import minimize
from scipy.special import expit, logit, softmax
from sklearn.metrics import mean_poisson_deviance

from skmlp.losses import LOSSES

every_loss = pytest.mark.parametrize("name", LOSSES)
log_losses = pytest.mark.parametrize(
    "name", ["multinomial_log_loss", "binomial_log_loss"]
)
one_and_three_outputs = pytest.mark.parametrize("n_outputs", [1, 3])
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])

# Targets in the domain of each loss, its borders included, and the link: where the
# inverse link is y. A new loss gets a row in both.
TARGETS = {
    "multinomial_log_loss": lambda rng, n_outputs: np.vstack(
        [rng.dirichlet(np.ones(n_outputs), 4), np.eye(n_outputs)]
    ),
    "binomial_log_loss": lambda rng, n_outputs: np.vstack(
        [rng.uniform(size=(4, n_outputs)), rng.integers(0, 2, (4, n_outputs))]
    ),
    "squared_error": lambda rng, n_outputs: 3 * rng.normal(size=(6, n_outputs)),
    "poisson": lambda rng, n_outputs: np.vstack(
        [rng.poisson(2.0, (4, n_outputs)), np.zeros(n_outputs), np.full(n_outputs, 0.3)]
    ),
}
LINKS = {
    "multinomial_log_loss": np.log,
    "binomial_log_loss": logit,
    "squared_error": np.copy,
    "poisson": np.log,
}
INVERSE_LINKS = {
    "softmax": lambda raw: softmax(raw, axis=1),
    "logistic": expit,
    "identity": np.copy,
    "exp": np.exp,
}


def problem(name, n_outputs, dtype=np.float64):
    """Targets and raw outputs of a few rows."""
    rng = np.random.default_rng(0)
    Y = TARGETS[name](rng, n_outputs)
    return Y.astype(dtype), rng.normal(scale=2.0, size=Y.shape).astype(dtype)


def inner_targets(name, n_outputs):
    """Targets off the borders of the domain, where the link is finite."""
    Y = np.random.default_rng(0).dirichlet(np.ones(n_outputs), 5)
    if n_outputs == 1 and name != "multinomial_log_loss":
        Y *= np.linspace(0.1, 0.9, 5)[:, np.newaxis]
    return Y


def value_and_gradient(name, Y, raw):
    """The gradient as a new array, and raw as it was."""
    gradient = np.array(raw)
    values = LOSSES[name].value_and_gradient(Y, gradient)
    return values, gradient


@one_and_three_outputs
@every_loss
def test_the_gradient_is_the_derivative_of_the_value(name, n_outputs):
    Y, raw = problem(name, n_outputs)
    weight = np.arange(1.0, len(Y) + 1)

    def weighted_sum(flat):
        return weight @ value_and_gradient(name, Y, flat.reshape(raw.shape))[0]

    _, gradient = value_and_gradient(name, Y, raw)
    slope = central_difference(weighted_sum, raw.ravel()).reshape(raw.shape)
    # h = 1e-6: truncation about 1e-11, rounding about 1e-16 * 1e3 / 1e-6 = 1e-7
    np.testing.assert_allclose(
        weight[:, np.newaxis] * gradient, slope, rtol=1e-6, atol=1e-6
    )


@every_loss
def test_there_is_one_value_a_row_and_rows_do_not_mix(name):
    Y, raw = problem(name, 3)
    values, gradient = value_and_gradient(name, Y, raw)
    assert values.shape == (len(Y),)
    for i in range(len(Y)):
        value, row = value_and_gradient(name, Y[i : i + 1], raw[i : i + 1])
        # one row or many: the same few operations, perhaps in another order
        np.testing.assert_allclose(value, values[i : i + 1], rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(row, gradient[i : i + 1], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", ["binomial_log_loss", "squared_error", "poisson"])
def test_outputs_that_do_not_compete_add_up(name):
    Y, raw = problem(name, 3)
    values, gradient = value_and_gradient(name, Y, raw)
    apart = [value_and_gradient(name, Y[:, [k]], raw[:, [k]]) for k in range(3)]
    # a sum of three in another order
    np.testing.assert_allclose(values, sum(value for value, _ in apart), rtol=1e-14)
    np.testing.assert_allclose(
        gradient, np.hstack([grad for _, grad in apart]), rtol=1e-14
    )


@every_loss
def test_the_gradient_overwrites_raw_and_the_targets_stay(name):
    Y, raw = problem(name, 3)
    kept = Y.copy()
    _, gradient = value_and_gradient(name, Y, raw)
    LOSSES[name].value_and_gradient(Y, raw)
    np.testing.assert_array_equal(raw, gradient)
    np.testing.assert_array_equal(Y, kept)


@pytest.mark.parametrize("order_of_Y", "CF")
@pytest.mark.parametrize("order_of_raw", "CF")
@every_loss
def test_the_order_of_the_arrays_in_memory_does_not_matter(
    name, order_of_Y, order_of_raw
):
    Y, raw = problem(name, 3)
    values, gradient = value_and_gradient(name, Y, raw)
    ordered = np.array(raw, order=order_of_raw)
    ordered_values = LOSSES[name].value_and_gradient(
        np.array(Y, order=order_of_Y), ordered
    )
    # sums of three in another order
    np.testing.assert_allclose(ordered_values, values, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(ordered, gradient, rtol=1e-14, atol=1e-15)


@both_dtypes
@one_and_three_outputs
@every_loss
def test_float32_and_float64_stay_themselves(name, n_outputs, dtype):
    Y, raw = problem(name, n_outputs, dtype)
    assert LOSSES[name].inverse_link(raw.copy()).dtype == dtype
    values = LOSSES[name].value_and_gradient(Y, raw)
    assert (values.dtype, raw.dtype) == (dtype, dtype)
    exact_values, exact_gradient = value_and_gradient(name, *problem(name, n_outputs))
    # a few roundings of terms up to about 100, the exponential's argument among them
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(values, exact_values, rtol=50 * eps, atol=50 * eps)
    np.testing.assert_allclose(raw, exact_gradient, rtol=50 * eps, atol=50 * eps)


@one_and_three_outputs
@every_loss
def test_the_inverse_link_of_the_raw_optimum_gives_y(name, n_outputs):
    for y in inner_targets(name, n_outputs)[:, np.newaxis]:

        def value_and_slope(raw, y=y):
            value, gradient = value_and_gradient(name, y, raw[np.newaxis])
            return value[0], gradient[0]

        optimum = minimize(
            value_and_slope, np.zeros(n_outputs), jac=True, options={"gtol": 1e-8}
        )
        # the gradient is inverse_link(raw) - y for all of these: as small as gtol
        np.testing.assert_allclose(
            LOSSES[name].inverse_link(optimum.x[np.newaxis]), y, atol=1e-7
        )


@pytest.mark.parametrize("n_outputs", [2, 3])
@every_loss
def test_the_value_is_least_at_the_link_of_y(name, n_outputs):
    Y = inner_targets(name, n_outputs)
    raw = LINKS[name](Y)
    least, gradient = value_and_gradient(name, Y, raw)
    # y to rounding, and back
    np.testing.assert_allclose(gradient, 0, atol=1e-15)
    rng = np.random.default_rng(1)
    for _ in range(10):
        elsewhere, _ = value_and_gradient(name, Y, raw + rng.normal(size=raw.shape))
        assert (elsewhere > least).all()


@every_loss
def test_the_inverse_link_undoes_the_link_and_is_the_one_it_names(name):
    loss, Y = LOSSES[name], inner_targets(name, 3)
    # a logarithm and an exponential of numbers of order 1
    np.testing.assert_allclose(loss.inverse_link(LINKS[name](Y)), Y, rtol=1e-14)
    _, raw = problem(name, 3)
    # different routes to one function
    np.testing.assert_allclose(
        loss.inverse_link(raw), INVERSE_LINKS[loss.out_activation](raw), rtol=1e-14
    )


@pytest.mark.parametrize("n_outputs", [1, 2, 5])
def test_the_squared_error_alone_is_reported_as_a_mean_over_outputs(n_outputs):
    shares = {name: loss.reported_share(n_outputs) for name, loss in LOSSES.items()}
    assert shares.pop("squared_error") == 1 / n_outputs
    assert set(shares.values()) == {1.0}


# --- the two log losses


@log_losses
def test_the_log_inverse_link_is_the_logarithm_of_the_inverse_link(name):
    _, raw = problem(name, 3)
    loss = LOSSES[name]
    # probabilities of at least 1e-4: the logarithm keeps their relative rounding
    np.testing.assert_allclose(
        loss.log_inverse_link(raw), np.log(loss.inverse_link(raw)), rtol=1e-13
    )


@both_dtypes
@log_losses
def test_the_log_inverse_link_is_finite_where_the_inverse_link_is_zero(name, dtype):
    raw = np.array([[-1e3, 0.0, 1e3]], dtype)
    logarithms = LOSSES[name].log_inverse_link(raw)
    assert logarithms.dtype == dtype
    assert LOSSES[name].inverse_link(raw)[0, 0] == 0.0
    # the distance to the largest raw output, or to 0
    lowest = -2e3 if name == "multinomial_log_loss" else -1e3
    assert logarithms[0, 0] == lowest
    assert logarithms[0, 2] == 0.0


def exact_multinomial(y, raw):
    """Value and gradient of a row in decimal arithmetic."""
    exponentials = [z.exp() for z in raw]
    total = sum(exponentials)
    value = total.ln() - sum(t * z for t, z in zip(y, raw, strict=True))
    return value, [e / total - t for e, t in zip(exponentials, y, strict=True)]


def exact_binomial(y, raw):
    """Value and gradient of a row in decimal arithmetic."""
    values = [(1 + z.exp()).ln() - t * z for t, z in zip(y, raw, strict=True)]
    return sum(values), [1 / (1 + (-z).exp()) - t for t, z in zip(y, raw, strict=True)]


@both_dtypes
@pytest.mark.parametrize("target", range(3))
@pytest.mark.parametrize(
    "raw",
    [[-1e3, 0, 1e3], [1e3, 1e3, 1e3], [-1e3, -1e3, -1e3], [-50, 0, 0.5], [800, 40, 0]],
    ids=str,
)
@pytest.mark.parametrize(
    "name, exact",
    [
        ("multinomial_log_loss", exact_multinomial),
        ("binomial_log_loss", exact_binomial),
    ],
)
def test_log_losses_are_right_at_extreme_raw_outputs(name, exact, raw, target, dtype):
    y = np.eye(3)[target]
    with localcontext(prec=60):  # 1 + exp(-1000) is 1 then, which no tolerance sees
        exact_value, exact_gradient = exact(
            [Decimal(t) for t in y], [Decimal(z) for z in raw]
        )
    values, gradient = value_and_gradient(
        name, np.array([y], dtype), np.array([raw], dtype)
    )
    # value: a difference of terms up to max|raw|; gradient: of numbers up to 1
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(
        values, [float(exact_value)], rtol=4 * eps, atol=4 * eps * np.abs(raw).max()
    )
    np.testing.assert_allclose(
        gradient, [np.array(exact_gradient, float)], rtol=0, atol=4 * eps
    )


def test_a_confident_wrong_prediction_costs_its_raw_output():
    # exactly: log(1 + exp(800)) is 800 in floating point, and so with two classes
    values, gradient = value_and_gradient(
        "binomial_log_loss", np.array([[0.0], [1.0]]), np.array([[800.0], [-800.0]])
    )
    assert values.tolist() == [800.0, 800.0]
    assert gradient.tolist() == [[1.0], [-1.0]]
    values, gradient = value_and_gradient(
        "multinomial_log_loss", np.array([[0.0, 1.0]]), np.array([[800.0, 0.0]])
    )
    assert values.tolist() == [800.0]
    assert gradient.tolist() == [[1.0, -1.0]]


@pytest.mark.parametrize("shift", [-1e3, 0.5, 1e3])
def test_shifting_all_raw_outputs_of_a_row_leaves_the_softmax_as_it_was(shift):
    name = "multinomial_log_loss"
    Y, raw = problem(name, 3)
    values, gradient = value_and_gradient(name, Y, raw)
    shifted_values, shifted_gradient = value_and_gradient(name, Y, raw + shift)
    # the shifted raw outputs are rounded at 1e3: 1e-13
    np.testing.assert_allclose(shifted_values, values, atol=1e-12)
    np.testing.assert_allclose(shifted_gradient, gradient, atol=1e-12)
    np.testing.assert_allclose(
        LOSSES[name].inverse_link(raw + shift),
        LOSSES[name].inverse_link(raw),
        atol=1e-12,
    )


def test_binomial_with_one_output_is_multinomial_with_two_classes():
    y, raw = problem("binomial_log_loss", 1)
    values, gradient = value_and_gradient("binomial_log_loss", y, raw)
    two_values, two_gradient = value_and_gradient(
        "multinomial_log_loss", np.hstack([1 - y, y]), np.hstack([0 * raw, raw])
    )
    # two routes to numbers of order 1
    np.testing.assert_allclose(two_values, values, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(
        two_gradient, np.hstack([-gradient, gradient]), rtol=0, atol=1e-15
    )


# --- squared error and Poisson deviance


def test_squared_error_is_half_the_squared_distance():
    values, _ = value_and_gradient(
        "squared_error", np.array([[1.0, 2.0]]), np.array([[4.0, -2.0]])
    )
    assert values.tolist() == [12.5]


def test_poisson_is_half_the_mean_poisson_deviance_of_scikit_learn():
    Y, raw = problem("poisson", 3)
    assert (Y == 0).any()
    values, _ = value_and_gradient("poisson", Y, raw)
    deviances = [mean_poisson_deviance(Y[:, k], np.exp(raw[:, k])) for k in range(3)]
    # sums of tens of terms up to 10
    assert values.mean() == pytest.approx(sum(deviances) / 2, rel=1e-13)


def test_poisson_is_zero_where_the_mean_is_y():
    Y = np.array([[1.0, 3.0], [0.5, 20.0]])
    values, _ = value_and_gradient("poisson", Y, np.log(Y))
    # differences of terms up to 60
    np.testing.assert_allclose(values, 0, atol=1e-13)
