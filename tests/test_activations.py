"""Laws of every activation in the table."""

from itertools import product

import numpy as np
import pytest
from scipy.special import expit

from skmlp.activations import (
    ACTIVATIONS,
    ELU,
    Activation,
    LeakyReLU,
    Mish,
    Parametric,
    UserActivation,
    derivative_error,
    is_activation,
)

from .conftest import central_difference

# All of the table, and other settings of those that have settings.
TRIED = {name: make() for name, make in ACTIVATIONS.items()} | {
    "leaky_relu_of_slope_0": LeakyReLU(0.0),
    "leaky_relu_of_slope_0.3": LeakyReLU(0.3),
    "elu_of_alpha_0.5": ELU(0.5),
    "elu_of_alpha_2": ELU(2.0),
    "prelu_of_start_0": Parametric(start=0.0),
    "prelu_of_start_-1": Parametric(start=-1.0),
    "parametric_elu_of_start_0.3": Parametric(ELU(0.5), start=0.3),
}
every_activation = pytest.mark.parametrize("activation", TRIED.values(), ids=TRIED)
BOTH_DTYPES = np.float32, np.float64


def forward(activation, z):
    a = np.empty_like(z)
    activation.forward(z, out=a)
    return a


def backward(activation, delta, z):
    """A new delta, through whatever the activation leaves of z and a."""
    delta, z = delta.copy(), z.copy()
    a = np.empty_like(z) if activation.keeps_input else z
    activation.forward(z, out=a)
    activation.backward(delta, z, a)
    return delta


@every_activation
def test_backward_is_the_derivative_of_forward(activation):
    z = np.array([-30.0, -2.0, -0.3, 0.4, 3.0, 30.0])  # off the kinks, into both tails
    weight = np.arange(1.0, 7.0)
    slope = central_difference(lambda z: weight @ forward(activation, z), z)
    # h = 1e-6: truncation about 1e-12, rounding about 1e-16 * 180 / 1e-6 = 2e-8
    np.testing.assert_allclose(
        backward(activation, weight, z), slope, rtol=1e-6, atol=1e-7
    )


def test_backward_multiplies_the_delta_it_gets():
    z = np.random.default_rng(0).normal(size=(5, 3))
    delta = np.random.default_rng(1).normal(size=(5, 3))
    for name, activation in TRIED.items():
        slope = backward(activation, np.ones_like(z), z)
        found = backward(activation, delta, z)
        # two roundings more or less in the product
        np.testing.assert_allclose(found, delta * slope, rtol=1e-14, err_msg=name)


def test_float32_and_float64_stay_themselves():
    exact = np.linspace(-3, 3, 7)
    for (name, activation), dtype in product(TRIED.items(), BOTH_DTYPES):
        z = exact.astype(dtype)
        a, delta = np.empty_like(z), np.ones_like(z)
        activation.forward(z, out=a)
        activation.backward(delta, z, a)
        assert (a.dtype, delta.dtype) == (dtype, dtype), name
        # a handful of roundings of numbers up to 3
        tolerance = {"rtol": 0, "atol": 20 * np.finfo(dtype).eps, "err_msg": name}
        found, expected = forward(activation, z), forward(activation, exact)
        np.testing.assert_allclose(found, expected, **tolerance)
        slope = backward(activation, np.ones(7), exact)
        np.testing.assert_allclose(delta, slope, **tolerance)


def test_forward_in_place_equals_forward_into_another_array():
    for (name, activation), dtype in product(TRIED.items(), BOTH_DTYPES):
        z = np.random.default_rng(0).normal(size=(6, 4)).astype(dtype)
        kept = z.copy()
        a = forward(activation, z)
        np.testing.assert_array_equal(z, kept, err_msg=name)
        activation.forward(z, out=z)
        np.testing.assert_array_equal(z, a, err_msg=name)


def test_far_out_values_and_derivatives_are_finite():
    for (name, activation), dtype in product(TRIED.items(), BOTH_DTYPES):
        z = np.array([-1e3, 1e3], dtype)
        assert np.isfinite(forward(activation, z)).all(), name
        assert np.isfinite(backward(activation, np.ones_like(z), z)).all(), name


def test_far_out_the_derivative_is_the_slope_of_a_straight_line():
    for (name, activation), dtype in product(TRIED.items(), BOTH_DTYPES):
        z = np.array([-1e8, 1e8], dtype)
        slope = (forward(activation, 2 * z) - forward(activation, z)) / z
        # a handful of roundings of numbers up to the largest slope, which is 2
        np.testing.assert_allclose(
            backward(activation, np.ones_like(z), z),
            slope,
            rtol=0,
            atol=8 * np.finfo(dtype).eps,
            err_msg=name,
        )


SHAPES = [(2000,), (50, 40), (1, 40_000), (41, 1000), (3, 40_000), (100_001,)]


@every_activation
def test_an_entry_does_not_feel_the_array_around_it(activation):
    for dtype, shape in product(BOTH_DTYPES, SHAPES):
        z = np.random.default_rng(0).normal(size=shape).astype(dtype)
        z.flat[-1] = np.nan
        parts = np.array_split(z.ravel(), 500)
        with np.errstate(invalid="ignore"):  # NumPy's logaddexp says so of nan
            a = forward(activation, z)
            pieces = [forward(activation, part) for part in parts]
            activation.forward(z, out=z)
        case = f"{dtype.__name__}, {shape=}"
        np.testing.assert_array_equal(z, a, err_msg=case)
        # one function, perhaps by another of the processor's instructions
        rtol = 4 * np.finfo(dtype).eps
        np.testing.assert_allclose(
            a.ravel(), np.concatenate(pieces), rtol=rtol, err_msg=case
        )


def test_nan_is_passed_on():
    # else a diverged network would look healthy
    for name, activation in TRIED.items():
        with np.errstate(invalid="ignore"):  # NumPy's logaddexp says so of nan
            assert np.isnan(forward(activation, np.array([np.nan]))).all(), name


def test_the_gain_is_two_for_the_logistic_function_and_six_else():
    for name, activation in TRIED.items():
        assert activation.gain == (2.0 if name == "logistic" else 6), name


# --- the functions themselves


def test_logistic_is_the_logistic_function():
    for dtype in BOTH_DTYPES:
        z = np.linspace(-40, 40, 401).astype(dtype)
        # values are at most 1, each from a few roundings
        np.testing.assert_allclose(
            forward(ACTIVATIONS["logistic"](), z),
            expit(z),
            rtol=0,
            atol=2 * np.finfo(dtype).eps,
        )


def test_tanh_is_the_hyperbolic_tangent():
    z = np.linspace(-20, 20, 401)
    e = np.exp(-2 * np.abs(z))
    # values are at most 1, each from a few roundings
    np.testing.assert_allclose(
        forward(ACTIVATIONS["tanh"](), z),
        np.sign(z) * (1 - e) / (1 + e),
        rtol=0,
        atol=1e-15,
    )


def test_relu_is_zero_below_zero_and_its_argument_above():
    z = np.array([-1e3, -1e-9, -0.0, 0.0, 1e-9, 1e3])
    np.testing.assert_array_equal(
        forward(ACTIVATIONS["relu"](), z), [0, 0, 0, 0, 1e-9, 1e3]
    )


def test_the_derivative_of_relu_at_zero_is_zero():
    z = np.array([-0.0, 0.0])
    np.testing.assert_array_equal(
        backward(ACTIVATIONS["relu"](), np.ones(2), z), [0.0, 0.0]
    )


def test_values_worked_out_by_hand():
    for name, z, expected in [
        # exactly: 1 / (1 + exp(-1)) and exp(-1) - 1, and so on, to ten digits
        ("elu", -1.0, -0.6321205588),
        ("gelu", 1.0, 0.8413447461),
        ("leaky_relu", -3.0, -0.03),
        # the constants of the paper in the formula of the paper
        ("selu", -3.0, -1.6705687288),
        ("selu", -1.0, -1.1113307378),
        ("selu", 0.5, 0.5253504937),
        ("silu", 1.0, 0.7310585786),
        ("softplus", 0.0, 0.6931471806),
        ("mish", -3.0, -0.1456474613),
        ("mish", -1.0, -0.3034014614),
        ("mish", 0.5, 0.3752452113),
        ("mish", 2.0, 1.9439589595),
    ]:
        found = forward(ACTIVATIONS[name](), np.array([z]))[0]
        # ten digits are given
        assert found == pytest.approx(expected, abs=6e-11), (name, z)


def test_swish_is_another_name_of_silu():
    assert ACTIVATIONS["swish"] is ACTIVATIONS["silu"]


def test_leaky_relu_and_elu_with_their_settings_at_zero_are_relu():
    z = np.array([-3.0, -0.1, 0.2, 5.0])
    relu = forward(ACTIVATIONS["relu"](), z)
    np.testing.assert_array_equal(forward(LeakyReLU(0.0), z), relu)
    # elu is never below -alpha
    np.testing.assert_allclose(forward(ELU(1e-12), z), relu, atol=1e-12)


@pytest.mark.parametrize("inner", ["tanh", "selu", "mish", "gelu"])
def test_a_parametric_activation_has_a_share_of_another_and_the_rest_of_the_identity(
    inner,
):
    inner, z = ACTIVATIONS[inner](), np.linspace(-4, 4, 41)
    for start in (1.0, 0.0, 0.3):
        parametric = Parametric(inner, start)
        # a few roundings of numbers up to 4
        np.testing.assert_allclose(
            forward(parametric, z),
            start * forward(inner, z) + (1 - start) * z,
            rtol=0,
            atol=4e-15,
        )
        np.testing.assert_allclose(
            backward(parametric, np.ones_like(z), z),
            start * backward(inner, np.ones_like(z), z) + (1 - start),
            rtol=0,
            atol=4e-15,
        )


def test_the_parametric_ones_of_the_table_are_those_of_relu_selu_and_mish():
    z = np.linspace(-4, 4, 41)
    for name, inner in (
        ("prelu", "relu"),
        ("parametric_selu", "selu"),
        ("parametric_mish", "mish"),
    ):
        # z + (s(z) - z) rounds
        np.testing.assert_allclose(
            forward(ACTIVATIONS[name](), z),
            forward(ACTIVATIONS[inner](), z),
            rtol=0,
            atol=2e-15,
        )


def test_the_approximation_of_gelu_is_near_to_it():
    z = np.linspace(-6, 6, 1201)
    gap = forward(ACTIVATIONS["gelu_tanh"](), z) - forward(ACTIVATIONS["gelu"](), z)
    # 4.7e-4 at the worst, near |z| = 2.3: another function, but not a far one
    assert 4e-4 < np.abs(gap).max() < 5e-4


def torch_activations(functional):
    """Those of the activations tried that PyTorch has, by the same names."""
    same = ("relu", "leaky_relu", "elu", "selu", "softplus", "silu", "gelu", "mish")
    return {name: getattr(functional, name) for name in same} | {
        "logistic": functional.sigmoid,
        "tanh": functional.tanh,
        "gelu_tanh": lambda z: functional.gelu(z, approximate="tanh"),
        "leaky_relu_of_slope_0.3": lambda z: functional.leaky_relu(z, 0.3),
        "elu_of_alpha_2": lambda z: functional.elu(z, 2.0),
    }


def test_values_and_derivatives_are_those_of_torch():
    torch = pytest.importorskip("torch")
    z = np.linspace(-9, 9, 41) + 0.01  # off the kinks
    for name, function in torch_activations(torch.nn.functional).items():
        tensor = torch.tensor(z, requires_grad=True)
        values = function(tensor)
        values.sum().backward()
        # a few roundings of numbers up to 9
        tolerances = {"rtol": 0, "atol": 1e-14, "err_msg": name}
        np.testing.assert_allclose(
            forward(TRIED[name], z), values.detach().numpy(), **tolerances
        )
        np.testing.assert_allclose(
            backward(TRIED[name], np.ones_like(z), z),
            tensor.grad.numpy(),
            **tolerances,
        )


# --- activations of users


class Square:
    """z^2, said as briefly as possible; it reads z after it has written to out."""

    def forward(self, z, out):
        np.multiply(z, 0.5, out=out)
        out *= 2 * z

    def backward(self, delta, z, a):
        delta *= 2 * z


class HalfOfSquare(Square):
    def backward(self, delta, z, a):
        delta *= z


class SquareWithoutInput(Square):
    """It needs z and denies it."""

    keeps_input = False


class WritesNothing(Square):
    def forward(self, z, out):
        return z**2


class Reciprocal:
    """Infinite everywhere near 0, as 1 / z is."""

    def forward(self, z, out):
        out[...] = np.where(np.abs(z) < 1, np.inf, z)

    def backward(self, delta, z, a):
        pass


class HardSwish:
    """z cut to [0, 1] after (z + 3) / 6, times z: with kinks at -3 and 3."""

    def forward(self, z, out):
        np.multiply(z, np.clip((z + 3) / 6, 0, 1), out=out)

    def backward(self, delta, z, a):
        inner = (2 * z + 3) / 6
        delta *= np.where(z <= -3, 0, np.where(z >= 3, 1, inner))


class ReadsLate(Activation):
    """The square of z, which is wrong where z and out are one array."""

    keeps_input = True

    def forward(self, z, out):
        Square().forward(z, out)

    def backward(self, delta, z, a):
        delta *= 2 * z


def test_the_derivative_error_of_a_right_activation_is_tiny():
    for name, activation in TRIED.items():
        # rounding of numbers up to 3, divided by 2e-6: 2e-10
        assert derivative_error(activation) < 1e-9, name
    for own in (Square(), HardSwish()):
        # rounding of numbers up to 9, divided by 2e-6: 1e-9
        assert derivative_error(UserActivation(own)) < 1e-8, own


@pytest.mark.parametrize(
    "wrong, least",
    [
        (UserActivation(HalfOfSquare()), 2.0),  # |z| is near 3 at the ends
        (UserActivation(SquareWithoutInput()), 2.0),
        (UserActivation(WritesNothing()), np.inf),
        (UserActivation(Reciprocal()), np.inf),
        (ReadsLate(), 2.0),
    ],
    ids=lambda value: type(getattr(value, "own", value)).__name__,
)
def test_the_derivative_error_of_a_wrong_activation_is_large(wrong, least):
    assert derivative_error(wrong) >= least


def test_a_users_activation_computes_what_the_users_object_does():
    activation = UserActivation(Square())
    for dtype in BOTH_DTYPES:
        z = np.array([-1.5, 0.5, 3.0], dtype)
        np.testing.assert_array_equal(forward(activation, z), z**2)
        np.testing.assert_array_equal(backward(activation, z, z), 2 * z**2)
        in_place = z.copy()
        activation.forward(in_place, out=in_place)
        np.testing.assert_array_equal(in_place, z**2)


def test_what_a_users_object_does_not_say_is_filled_in():
    unsaid, said = UserActivation(Square()), UserActivation(SquareWithoutInput())
    assert (unsaid.keeps_input, unsaid.gain) == (True, 6.0)
    assert said.keeps_input is False
    said.own.gain = 2
    assert said.gain == 2.0


def test_an_activation_is_an_object_with_both_methods():
    class Half:
        forward = Square.forward
        backward = None

    assert is_activation(Square())
    assert all(map(is_activation, TRIED.values()))
    assert not any(map(is_activation, [Square, Half(), "relu", None, np.tanh]))


def test_a_subclass_with_its_own_function_has_no_slope_of_another():
    class Half(Mish):
        def forward(self, z, out):
            super().forward(z, out)
            out *= 0.5

        def backward(self, delta, z, a):
            super().backward(delta, z, a)
            delta *= 0.5

    assert Mish.keeps_slope
    assert not Half.keeps_slope
    assert derivative_error(Half()) < 1e-5
