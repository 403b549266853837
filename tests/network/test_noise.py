"""Laws of the noise on a layer's inputs: its mean, its share, its draws."""

import numpy as np
import pytest
import scipy.sparse

from skmlp.activations import ACTIVATIONS
from skmlp.network.dense import Dense
from skmlp.network.network import Network
from skmlp.network.noise import Noise, NoiseLayer
from skmlp.network.workspace import Workspace

from ..conftest import covering
from .networks import both_dtypes, forward, make

SPARSE = {"dense": False, "csr": True}


RATE, SCALE = 0.3125, 0.5  # a share of 2^16
N_DRAWS = 40_000
NOISES = {
    "dropout": Noise(RATE),
    "normal": Noise(0.0, SCALE),
    "both": Noise(RATE, SCALE),
}


def noisy_input(X, noise):
    """What the first layer gets instead of X."""
    network = Network((3, 2), ACTIVATIONS["tanh"](), [noise])
    path = network.path(np.random.default_rng(0))
    (layer, _, buffers), _ = Workspace(path, X.shape[0], X.dtype).steps
    return layer.forward((), X, buffers)


def many_rows(dtype=np.float64):
    return np.tile(np.array([2.0, -1.0, 0.5], dtype), (N_DRAWS, 1))


@covering(noise=NOISES, dtype=[np.float32, np.float64])
def test_the_noisy_input_is_the_input_in_the_mean(noise, dtype):
    X = many_rows(dtype)
    found = noisy_input(X, noise)
    assert found.dtype == dtype
    # of (x + s e) keep / (1 - p); five standard errors, crossed once in 2 million
    variance = (X[0] ** 2 * noise.dropout + noise.scale**2) / (1 - noise.dropout)
    bound = 5 * np.sqrt(variance / N_DRAWS)
    assert (np.abs(found.mean(axis=0, dtype=np.float64) - X[0]) < bound).all()
    # the variance's own relative error is about sqrt(2 / N_DRAWS) = 0.7 %
    np.testing.assert_allclose(found.var(axis=0, dtype=np.float64), variance, rtol=0.04)


@covering(sparse=SPARSE, dtype=[np.float32, np.float64])
def test_dropout_drops_its_share_of_entries_and_scales_the_others(sparse, dtype):
    X = many_rows(dtype)
    X[::2, 1] = 0
    found = noisy_input(scipy.sparse.csr_matrix(X) if sparse else X, Noise(RATE))
    found = found.toarray() if sparse else found
    kept = found != 0
    # one rounding of the quotient and one of the product
    expected = np.where(kept, X / dtype(1 - RATE), 0)
    np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps)
    share, n_entries = 1 - kept[X != 0].mean(), np.count_nonzero(X)
    # five standard deviations of a share of that many
    assert abs(share - RATE) < 5 * np.sqrt(RATE * (1 - RATE) / n_entries)


def test_a_sparse_matrix_gets_no_normal_noise():
    X = scipy.sparse.csr_matrix(many_rows())
    np.testing.assert_array_equal(noisy_input(X, Noise(0.0, SCALE)).data, X.data)


@covering(sparse=SPARSE, noise=NOISES)
def test_noise_leaves_the_data_alone_and_is_drawn_anew(sparse, noise):
    network, params, X = make((4, 5, 3), noise=[noise, noise])
    rows = scipy.sparse.csr_matrix(X) if sparse else X
    workspace = Workspace(network.path(np.random.default_rng(0)), 10, X.dtype)
    views = network.views(params)
    first, second = (network.forward(views, rows, workspace).copy() for _ in range(2))
    assert (first != second).any(axis=1).all()
    np.testing.assert_array_equal(rows.toarray() if sparse else rows, X)


@pytest.mark.parametrize("i", [0, 1, 2])
def test_the_noise_of_a_layer_is_on_its_inputs_alone(i):
    noise = [Noise(RATE) if j == i else Noise() for j in range(3)]
    network, params, X = make((4, 5, 2, 3), noise=noise)
    workspace = Workspace(network.path(np.random.default_rng(0)), 10, X.dtype)
    raw = network.forward(network.views(params), X, workspace)
    kinds = [type(layer) for layer, _, _ in workspace.steps]
    assert kinds == [*[Dense] * i, NoiseLayer, *[Dense] * (3 - i)]
    x = X
    for j, (W, b) in enumerate(network.views(params)):
        if j == i:
            dropped = workspace.steps[i][2].out
            assert 0 < (dropped == 0).sum() < x.size
            x = np.where(dropped == 0, 0.0, x / (1 - RATE))
        x = x @ W + b if j == 2 else np.tanh(x @ W + b)
    # products of matrices may be summed in another order
    np.testing.assert_allclose(raw, x, rtol=1e-12, atol=1e-12)


@covering(sparse=SPARSE, dtype=[np.float32, np.float64])
def test_predictions_have_no_noise(sparse, dtype):
    noise = [Noise(RATE, SCALE)] * 2
    noisy, params, X = make((4, 5, 3), dtype=dtype, noise=noise)
    plain, _, _ = make((4, 5, 3), dtype=dtype)
    X = scipy.sparse.csr_matrix(X) if sparse else X
    views = plain.views(params)
    np.testing.assert_array_equal(noisy.predict(views, X), plain.predict(views, X))
    np.testing.assert_array_equal(forward(noisy, params, X), forward(plain, params, X))


def test_noise_of_nothing_draws_nothing_and_changes_no_bit():
    network, params, X = make((4, 5, 3), noise=[Noise(0.0, 0.0)] * 2)
    generator = np.random.default_rng(0)
    workspace = Workspace(network.path(generator), 10, X.dtype)
    raw = network.forward(network.views(params), X, workspace)
    np.testing.assert_array_equal(raw, forward(network, params, X))
    untouched = np.random.default_rng(0).bit_generator.state
    assert generator.bit_generator.state == untouched


@both_dtypes
def test_fewer_rows_use_the_same_buffers_and_generator_for_their_noise(dtype):
    network, _, _ = make((4, 5, 3), noise=[Noise(), Noise(RATE, SCALE)])
    generator = np.random.default_rng(0)
    workspace = Workspace(network.path(generator), 10, dtype)
    kinds = [type(layer) for layer, _, _ in workspace.steps]
    assert kinds == [Dense, NoiseLayer, Dense]
    (layer, _, wide), (same, _, narrow) = workspace.steps[1], workspace.rows(6).steps[1]
    assert same is layer and layer.generator is generator
    assert layer.noise == Noise(RATE, SCALE)
    for old, new in ((wide.keep, narrow.keep), (wide.out, narrow.out)):
        assert new.shape == (6, 5) and new.dtype == dtype
        assert np.shares_memory(old, new)
