"""Laws of activations that learn: an alpha for each unit, and where it starts."""

import numpy as np
import pytest

from skmlp.activations import ACTIVATIONS, Parametric
from skmlp.initializers import INITIALIZERS
from skmlp.network.input_gradients import hidden_values
from skmlp.network.network import Network

from .learning_networks import X, Y, gradient_error, network_of, objective_of


@pytest.mark.parametrize("name", ["prelu", "parametric_selu", "parametric_mish"])
def test_a_parametric_activation_at_its_start_is_z_and_a_share_of_the_difference(name):
    for start in (1.0, 0.0, 0.3, -2.0):
        activation = ACTIVATIONS[name](start=start)
        network = Network((5, 4, 2), activation)
        params = np.random.default_rng(1).normal(size=network.n_params)
        views = network.views(params)
        network.alphas(views)[0][...] = start
        (W, b), (V, c) = network.weights_and_biases(params)
        z = X @ W + b
        s = np.empty_like(z)
        activation.activation.forward(z, s)
        expected = (z + start * (s - z)) @ V + c
        # sums in another order
        np.testing.assert_allclose(
            network.predict(views, X), expected, rtol=1e-12, atol=1e-12
        )


def test_each_unit_has_an_alpha_of_its_own():
    network, params = network_of("plain", "one_that_learns")
    views = network.views(params)
    before = hidden_values(network, views, X, 0)
    network.alphas(views)[0][2] += 1.0
    changed = hidden_values(network, network.views(params), X, 0) != before
    np.testing.assert_array_equal(changed.all(axis=0), [False, False, True, False])
    assert not changed[:, [0, 1, 3]].any()


def test_a_parametric_activation_of_another_is_learned_from_its_settings():
    plain = Parametric(ACTIVATIONS["elu"](alpha=0.5), start=0.25)
    network = Network((5, 4, 2), plain)
    initializer = INITIALIZERS["he_normal"]()
    params = network.initial_params(initializer, np.random.RandomState(0), np.float64)
    np.testing.assert_array_equal(network.alphas(network.views(params))[0], 0.25)
    # as above
    assert gradient_error(objective_of(network), params, X, Y) < 1e-6
