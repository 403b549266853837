"""Gradients by the inputs are derivatives, and hidden values those of plain NumPy."""

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array

from skmlp.activations import ACTIVATIONS, Tanh
from skmlp.network.input_gradients import Outputs, hidden_values, rows_at_once
from skmlp.network.network import Network
from skmlp.network.noise import Noise

from ..conftest import activated, central_difference, covering

SIZES = {"linear": (4, 3), "one layer": (4, 6, 3), "two layers": (4, 6, 5, 3)}
every_depth = pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)


def network_of(sizes, activation=None, dtype=np.float64, **more):
    """A network, and normal parameters of each layer."""
    network = Network(sizes, activation or Tanh(), **more)
    params = np.random.default_rng(0).normal(size=network.n_params)
    return network, network.views(params.astype(dtype))


def gradients_of(network, views, X, numbers=(0, 1, 2), **more):
    return Outputs(network, views, list(numbers), **more).gradients(X)


def rows(n_samples, n_features=4, dtype=np.float64):
    X = np.random.default_rng(1).normal(size=(n_samples, n_features))
    X[X < -0.8] = 0.0  # so that sparse matrices have something to leave out
    return X.astype(dtype)


def differences(network, views, x, output):
    return central_difference(
        lambda x: network.predict(views, x[np.newaxis])[0, output], x
    )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_are_derivatives_of_the_raw_outputs(name):
    for depth, sizes in SIZES.items():
        network, views = network_of(sizes, ACTIVATIONS[name]())
        X = rows(5)
        gradients = gradients_of(network, views, X)
        for i, output in np.ndindex(5, 3):
            expected = differences(network, views, X[i], output)
            # h = 1e-6: truncation about 1e-10 times third derivatives, rounding
            # 1e-16 / h times outputs of about 10
            np.testing.assert_allclose(
                gradients[i, output], expected, rtol=1e-6, atol=1e-7, err_msg=depth
            )


@every_depth
def test_outputs_may_be_left_out_and_repeat(sizes):
    network, views = network_of(sizes)
    X = rows(6)
    every = gradients_of(network, views, X)
    some = gradients_of(network, views, X, [2, 0, 2])
    np.testing.assert_array_equal(some, every[:, [2, 0, 2]])


@every_depth
def test_a_link_chooses_raw_outputs_row_by_row_and_multiplies(sizes):
    network, views = network_of(sizes)
    X = rows(6)
    order = np.argsort(network.predict(views, X), axis=1)

    def descending_and_doubled(raw):
        order = np.argsort(raw, axis=1)[:, ::-1]
        return order, np.full_like(raw, 2.0)

    every = gradients_of(network, views, X)
    found = gradients_of(network, views, X, link=descending_and_doubled)
    expected = 2.0 * every[np.arange(6)[:, np.newaxis], order[:, ::-1]]
    np.testing.assert_array_equal(found, expected)


@covering(sizes=SIZES, dtype=[np.float64, np.float32])
def test_sparse_rows_have_the_dense_gradients_of_dense_rows(sizes, dtype):
    network, views = network_of(sizes, dtype=dtype)
    X = rows(7, dtype=dtype)
    dense = gradients_of(network, views, X)
    sparse = gradients_of(network, views, csr_array(X))
    assert type(sparse) is np.ndarray
    assert dense.dtype == sparse.dtype == dtype
    # sums in another order
    tolerance = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(sparse, dense, rtol=tolerance, atol=tolerance)


def test_rows_that_fill_several_blocks_have_the_gradients_of_each_block():
    network, views = network_of((4, 300, 3))
    n_rows = rows_at_once(network)
    X = rows(2 * n_rows + 17)
    whole = gradients_of(network, views, X)
    parts = [
        gradients_of(network, views, X[i : i + 100]) for i in range(0, len(X), 100)
    ]
    # products of other shapes may add in another order
    np.testing.assert_allclose(whole, np.concatenate(parts), rtol=1e-12, atol=1e-12)


def test_noise_of_training_is_off():
    noise = [Noise(0.5, 1.0), Noise(0.5)]
    network, views = network_of((4, 6, 3), noise=noise)
    plain, _ = network_of((4, 6, 3))
    X = rows(5)
    np.testing.assert_array_equal(
        gradients_of(network, views, X),
        gradients_of(plain, views, X),
    )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_hidden_values_are_those_of_the_formula(name):
    network, views = network_of((4, 6, 5, 3), ACTIVATIONS[name]())
    alphas = network.alphas(views)
    X = rows(700)
    expected = X
    for layer in (0, 1):
        W, b = views[network.dense[layer]]
        activation, alpha = network.activations[layer], alphas[layer]
        expected = activated(activation, alpha, expected @ W + b)
        # sums in another order; of sparse rows, without the entries that are 0
        for given in (X, csr_array(X)):
            found = hidden_values(network, views, given, layer)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def peak_beyond(result_of):
    """The most bytes that a call held at once, beyond those of its result."""
    tracemalloc.start()
    try:
        result = result_of()
        return tracemalloc.get_traced_memory()[1] - result.nbytes
    finally:
        tracemalloc.stop()


def test_memory_beyond_the_result_does_not_grow_with_rows():
    network, views = network_of((4, 64, 64, 3))
    few, many = rows(5_000), rows(40_000)
    # 2 MB: a hidden layer at all of the many rows would take 20 MB
    calls = {
        "gradients": lambda X: gradients_of(network, views, X),
        "integrated": lambda X: Outputs(network, views, [0, 1, 2]).integrated(
            X, np.broadcast_to(0.0, X.shape), 2
        ),
        "values": lambda X: hidden_values(network, views, X, 1),
    }
    for name, call in calls.items():
        beyond = [peak_beyond(lambda X=X, f=call: f(X)) for X in (few, many)]
        assert beyond[1] < beyond[0] + 2**21, name
