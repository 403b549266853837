"""Activations in ONNX, one function each.

Runtimes have few operators for float64, so all but the simplest activations are
composed of exp, log and tanh, in forms without overflow or cancellation. A new
activation is a function and a row in the table.
"""

import numpy as np

from skmlp.activations import (
    ELU,
    GELU,
    SELU,
    GELUTanh,
    Identity,
    LeakyReLU,
    Logistic,
    Mish,
    ReLU,
    SiLU,
    Softplus,
    Tanh,
)
from skmlp.errors import invalid

# The error function by quotients of polynomials, highest power first: Cody, Rational
# Chebyshev approximations for the error function, Mathematics of Computation 23, 1969.
# erf(x) = x p(x^2) / q(x^2) up to SMALL, and beyond erfc(x) = exp(-x^2) p(x) / q(x),
# to 3e-16 both.
SMALL = 0.46875
ERF = (
    (
        *(1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2),
        *(3.77485237685302021e2, 3.20937758913846947e3),
    ),
    (
        *(1.0, 2.36012909523441209e1, 2.44024637934444173e2),
        *(1.28261652607737228e3, 2.84423683343917062e3),
    ),
)
ERFC = (
    (
        *(2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0),
        *(6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2),
        *(1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
    ),
    (
        *(1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2),
        *(1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3),
        *(3.43936767414372164e3, 1.23033935480374942e3),
    ),
)
# Beyond, erfc is 0 in float64, and powers of x would overflow.
FAR = 30.0


def _identity(activation, z):
    return z


def _logistic(activation, z):
    return z.op("Sigmoid")


def _tanh(activation, z):
    return z.op("Tanh")


def _relu(activation, z):
    return z.op("Relu")


def _leaky_relu(activation, z):
    return z.maximum(z * activation.slope)


def _elu(activation, z):
    return z.op("Relu") + expm1_below_0(z) * activation.alpha


def _selu(activation, z):
    return _elu(activation, z) * activation.scale


def _softplus(activation, z):
    return softplus(z)


def _silu(activation, z):
    return z / ((-z).op("Exp") + 1.0)


def _gelu(activation, z):
    return z * normal_distribution(z)


def _gelu_tanh(activation, z):
    near = z.maximum(-20.0).minimum(20.0)
    inner = (near * near * activation.cubic + 1.0) * near * activation.root
    return z * ((inner.op("Tanh") + 1.0) * 0.5)


def _mish(activation, z):
    u = z.minimum(20.0).op("Exp")
    tanh = u * (u + 2.0)
    return z * (tanh / (tanh + 2.0))


ACTIVATIONS = {
    Identity: _identity,
    Logistic: _logistic,
    Tanh: _tanh,
    ReLU: _relu,
    LeakyReLU: _leaky_relu,
    ELU: _elu,
    SELU: _selu,
    Softplus: _softplus,
    SiLU: _silu,
    GELU: _gelu,
    GELUTanh: _gelu_tanh,
    Mish: _mish,
}


def activated(owner, activation, z):
    """The activation at the value z."""
    if type(activation) not in ACTIVATIONS:
        expected = "be one of skmlp.activations to be exported to ONNX"
        raise invalid(owner, "activation", expected, activation)
    return ACTIVATIONS[type(activation)](activation, z)


# Functions for which ONNX or its runtimes have no operator


def expm1_below_0(z):
    """exp(z) - 1 where z < 0, else 0; by tanh, since a difference would cancel."""
    half = (z.minimum(0.0) * 0.5).op("Tanh")
    return half * 2.0 / (-half + 1.0)


def softplus(z):
    """log(1 + exp(z))"""
    return z.op("Relu") + ((-z.op("Abs")).op("Exp") + 1.0).op("Log")


def normal_distribution(z):
    """P(Z <= z) of a standard normal Z."""
    x = z * 0.5**0.5
    if z.dtype == np.float32:
        return (x.op("Erf") + 1.0) * 0.5
    size = x.op("Abs").minimum(FAR)
    square = x * x
    tail = (-(size * size)).op("Exp") * _quotient(ERFC, size) * 0.5
    middle = x * _quotient(ERF, square) * 0.5 + 0.5
    outer = (x > 0.0).where(-tail + 1.0, tail)
    return (size > SMALL).where(outer, middle)


def _quotient(polynomials, x):
    above, below = (_polynomial(coefficients, x) for coefficients in polynomials)
    return above / below


def _polynomial(coefficients, x):
    """By Horner's rule, highest power first."""
    first, *others = coefficients
    value = x * first + others[0]
    for coefficient in others[1:]:
        value = value * x + coefficient
    return value
