"""Laws of every activation in the table."""

import numpy as np
import pytest
from calculus import central_difference
from scipy.special import expit

from skmlp.activations import ACTIVATIONS

every_activation = pytest.mark.parametrize(
    "activation", ACTIVATIONS.values(), ids=ACTIVATIONS
)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


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


@every_activation
def test_backward_multiplies_the_delta_it_gets(activation):
    z = np.random.default_rng(0).normal(size=(5, 3))
    delta = np.random.default_rng(1).normal(size=(5, 3))
    slope = backward(activation, np.ones_like(z), z)
    # two roundings more or less in the product
    np.testing.assert_allclose(
        backward(activation, delta, z), delta * slope, rtol=1e-14
    )


@both_dtypes
@every_activation
def test_float32_and_float64_stay_themselves(activation, dtype):
    z = np.linspace(-3, 3, 7).astype(dtype)
    a, delta = np.empty_like(z), np.ones_like(z)
    activation.forward(z, out=a)
    activation.backward(delta, z, a)
    assert (a.dtype, delta.dtype) == (dtype, dtype)
    exact = np.linspace(-3, 3, 7)
    # a handful of roundings of numbers up to 3
    atol = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(
        forward(activation, z), forward(activation, exact), rtol=0, atol=atol
    )
    np.testing.assert_allclose(
        delta, backward(activation, np.ones(7), exact), rtol=0, atol=atol
    )


@both_dtypes
@every_activation
def test_forward_in_place_equals_forward_into_another_array(activation, dtype):
    z = np.random.default_rng(0).normal(size=(6, 4)).astype(dtype)
    kept = z.copy()
    a = forward(activation, z)
    np.testing.assert_array_equal(z, kept)
    activation.forward(z, out=z)
    np.testing.assert_array_equal(z, a)


@both_dtypes
@every_activation
def test_far_out_values_and_derivatives_are_finite(activation, dtype):
    z = np.array([-1e3, 1e3], dtype)
    assert np.isfinite(forward(activation, z)).all()
    assert np.isfinite(backward(activation, np.ones_like(z), z)).all()


@pytest.mark.parametrize(
    "shape",
    [(2000,), (50, 40), (1, 40_000), (41, 1000), (3, 40_000), (100_001,)],
    ids=str,
)
@both_dtypes
@every_activation
def test_an_entry_does_not_feel_the_array_around_it(activation, dtype, shape):
    z = np.random.default_rng(0).normal(size=shape).astype(dtype)
    z.flat[-1] = np.nan
    a = forward(activation, z)
    pieces = [forward(activation, piece) for piece in np.array_split(z.ravel(), 500)]
    # one function, perhaps by another of the processor's instructions
    np.testing.assert_allclose(
        a.ravel(), np.concatenate(pieces), rtol=4 * np.finfo(dtype).eps
    )
    activation.forward(z, out=z)
    np.testing.assert_array_equal(z, a)


@every_activation
def test_nan_is_passed_on(activation):
    # else a diverged network would look healthy
    assert np.isnan(forward(activation, np.array([np.nan]))).all()


@both_dtypes
def test_logistic_is_the_logistic_function(dtype):
    z = np.linspace(-40, 40, 401).astype(dtype)
    # values are at most 1, each from a few roundings
    np.testing.assert_allclose(
        forward(ACTIVATIONS["logistic"], z),
        expit(z),
        rtol=0,
        atol=2 * np.finfo(dtype).eps,
    )


def test_tanh_is_the_hyperbolic_tangent():
    z = np.linspace(-20, 20, 401)
    e = np.exp(-2 * np.abs(z))
    # values are at most 1, each from a few roundings
    np.testing.assert_allclose(
        forward(ACTIVATIONS["tanh"], z),
        np.sign(z) * (1 - e) / (1 + e),
        rtol=0,
        atol=1e-15,
    )


def test_relu_is_zero_below_zero_and_its_argument_above():
    z = np.array([-1e3, -1e-9, -0.0, 0.0, 1e-9, 1e3])
    np.testing.assert_array_equal(
        forward(ACTIVATIONS["relu"], z), [0, 0, 0, 0, 1e-9, 1e3]
    )


def test_the_derivative_of_relu_at_zero_is_zero():
    z = np.array([-0.0, 0.0])
    np.testing.assert_array_equal(
        backward(ACTIVATIONS["relu"], np.ones(2), z), [0.0, 0.0]
    )
