"""Activations in ONNX are those of the package, at any number."""

from functools import partial

import numpy as np
import pytest
from scipy.special import ndtr

from skmlp.activations import ACTIVATIONS, ELU, LeakyReLU, Parametric
from skmlp.export.onnx import activations
from skmlp.export.onnx.activations import activated, normal_distribution

from ...conftest import activated as by_formula
from .graphs import evaluated

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

PLAIN = {n: kind for n, kind in ACTIVATIONS.items() if not issubclass(kind, Parametric)}
WITH_SETTINGS = {
    **{name: kind() for name, kind in PLAIN.items()},
    "leaky_relu(slope=0.3)": LeakyReLU(slope=0.3),
    "elu(alpha=2.5)": ELU(alpha=2.5),
}
# both tails, where exponentials overflow, and densely around 0
POINTS = np.concatenate(
    [np.linspace(-6.0, 6.0, 481), [-1e20, -800.0, -90.0, -30.0, 30.0, 90.0, 1e20]]
)


def test_every_activation_has_a_row():
    assert set(activations.ACTIVATIONS) == set(PLAIN.values())


# some units in the last place of numbers near 1
TOLERANCE = {"float64": 1e-14, "float32": 1e-6}


def test_an_activation_is_the_same_in_a_graph():
    for name, activation in WITH_SETTINGS.items():
        for dtype, tolerance in TOLERANCE.items():
            z = POINTS.astype(dtype)[:, np.newaxis]
            found = evaluated(partial(activated, "Owner", activation), z)
            assert found.dtype == z.dtype, name
            wanted = by_formula(activation, None, z)
            np.testing.assert_allclose(
                found, wanted, rtol=tolerance, atol=tolerance, err_msg=name
            )


def test_the_normal_distribution_is_exact_to_1e_12():
    z = np.linspace(-40.0, 40.0, 20001)[:, np.newaxis]
    found = evaluated(normal_distribution, z)
    np.testing.assert_allclose(found, ndtr(z), rtol=0, atol=1e-15)
    # also far below 0, where the probabilities themselves are tiny
    tail = (z > -8.0) & (z < 0.0)
    np.testing.assert_allclose(found[tail], ndtr(z[tail]), rtol=1e-12)
