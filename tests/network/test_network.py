"""Laws of the flat vector, its views, and the pass through the layers."""

from itertools import product

import numpy as np
import pytest
import scipy.sparse

import skmlp.network.workspace as workspace_module
from skmlp.activations import ACTIVATIONS
from skmlp.initializers import INITIALIZERS
from skmlp.network.network import Network
from skmlp.network.workspace import Workspace

from ..conftest import activated, covering
from .networks import (
    MADE,
    SIZES,
    Softsign,
    both_dtypes,
    every_activation,
    forward,
    make,
)

every_depth = pytest.mark.parametrize("layer_sizes", SIZES, ids=str)


def mixed(*names):
    """One activation for each hidden layer."""
    return [ACTIVATIONS[name]() for name in names]


# --- views


@every_depth
def test_views_have_the_shapes_of_the_layers(layer_sizes):
    network, params, _ = make(layer_sizes)
    views = network.views(params)
    assert len(views) == len(layer_sizes) - 1
    for i, (W, b) in enumerate(views):
        assert W.shape == (layer_sizes[i], layer_sizes[i + 1])
        assert b.shape == (layer_sizes[i + 1],)


@every_depth
def test_views_share_memory_with_the_vector_and_cover_it_exactly_once(layer_sizes):
    network, params, _ = make(layer_sizes)
    params[...] = 0
    for W, b in network.views(params):
        assert np.shares_memory(W, params) and np.shares_memory(b, params)
        W += 1
        b += 1
    np.testing.assert_array_equal(params, np.ones(network.n_params))


@every_depth
def test_weights_come_first_layer_by_layer_and_biases_last(layer_sizes):
    network, params, _ = make(layer_sizes)
    views = network.views(params)
    weights = np.concatenate([W.ravel() for W, _ in views])
    biases = np.concatenate([b for _, b in views])
    np.testing.assert_array_equal(params[: network.n_weights], weights)
    np.testing.assert_array_equal(params[network.n_weights :], biases)


@every_depth
def test_flatten_undoes_views(layer_sizes):
    network, params, _ = make(layer_sizes)
    flat = network.flatten(network.views(params), np.float64)
    np.testing.assert_array_equal(flat, params)
    assert not np.shares_memory(flat, params)


def test_flatten_asks_for_one_pair_a_layer():
    network, params, _ = make((4, 5, 3))
    for n_layers in (1, 3):
        layers = (2 * network.views(params))[:n_layers]
        with pytest.raises(ValueError):
            network.flatten(layers, np.float64)


@both_dtypes
def test_flatten_takes_lists_and_gives_the_dtype_asked_for(dtype):
    network = Network((2, 1), ACTIVATIONS["relu"]())
    flat = network.flatten([([[1], [2]], [3])], dtype)
    np.testing.assert_array_equal(flat, [1, 2, 3])
    assert flat.dtype == dtype


# --- first params


def test_initial_params_are_drawn_weights_then_biases_for_each_layer():
    for (name, activation), layer_sizes in product(MADE.items(), SIZES):
        network = Network(layer_sizes, activation)
        params = network.initial_params(
            INITIALIZERS["glorot_uniform"](), np.random.RandomState(3), np.float64
        )
        again = np.random.RandomState(3)
        for W, b in network.weights_and_biases(params):
            # the output layer, too, has the hidden activation's bound
            bound = np.sqrt(activation.gain / sum(W.shape))
            for array in (W, b):
                drawn = again.uniform(-bound, bound, array.shape)
                np.testing.assert_array_equal(array, drawn, name)
                assert np.abs(array).max() <= bound, name


def test_each_layer_is_drawn_with_its_activations_gain():
    # 6, 2 and 6; the output layer is drawn with the last hidden layer's
    network = Network((4, 5, 2, 3, 2), mixed("tanh", "logistic", "relu"))
    params = network.initial_params(
        INITIALIZERS["glorot_uniform"](), np.random.RandomState(3), np.float64
    )
    again = np.random.RandomState(3)
    for (W, b), gain in zip(network.views(params), [6, 2, 6, 6], strict=True):
        bound = np.sqrt(gain / sum(W.shape))
        np.testing.assert_array_equal(W, again.uniform(-bound, bound, W.shape))
        np.testing.assert_array_equal(b, again.uniform(-bound, bound, b.shape))


def test_without_hidden_layers_no_activation_and_the_identity_are_one():
    drawn = [
        Network((4, 3), activation).initial_params(
            INITIALIZERS["glorot_uniform"](), np.random.RandomState(3), np.float64
        )
        for activation in ([], ACTIVATIONS["identity"]())
    ]
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize(
    "initializer", [make() for make in INITIALIZERS.values()], ids=INITIALIZERS
)
def test_initial_params_in_float32_are_the_same_draws_rounded(initializer):
    network, _, X = make((4, 5, 3))
    drawn, rounded = (
        network.initial_params(initializer, np.random.RandomState(0), dtype, X)
        for dtype in (np.float64, np.float32)
    )
    assert rounded.dtype == np.float32
    np.testing.assert_array_equal(rounded, drawn.astype(np.float32))


# --- forward


@every_activation
def test_forward_is_an_affine_map_and_an_activation_a_layer(activation):
    for layer_sizes in SIZES:
        network, params, X = make(layer_sizes, activation)
        *hidden, (W, b) = network.weights_and_biases(params)
        alphas = network.alphas(network.views(params))
        a = X
        for (V, c), alpha in zip(hidden, alphas, strict=True):
            a = activated(activation, alpha, a @ V + c)
        a = a @ W + b
        # a product of matrices may be summed in another order
        np.testing.assert_allclose(
            forward(network, params, X), a, rtol=1e-12, atol=1e-12
        )
        assert isinstance(network.layers[-1].activation, ACTIVATIONS["identity"])


def test_an_activation_for_all_layers_is_that_one_for_each():
    for name, activation in MADE.items():
        of_all, params, X = make((4, 5, 2, 3), activation)
        of_each = Network((4, 5, 2, 3), [activation, activation])
        np.testing.assert_array_equal(
            forward(of_all, params, X), forward(of_each, params, X), err_msg=name
        )


def test_each_hidden_layer_has_its_own_activation():
    network = Network((4, 5, 2, 3), mixed("relu", "tanh"))
    _, params, X = make((4, 5, 2, 3))
    (W_0, b_0), (W_1, b_1), (W_2, b_2) = network.views(params)
    a = np.tanh(np.maximum(X @ W_0 + b_0, 0) @ W_1 + b_1)
    # a product of matrices may be summed in another order
    np.testing.assert_allclose(
        forward(network, params, X), a @ W_2 + b_2, rtol=1e-12, atol=1e-12
    )


@every_depth
def test_forward_in_two_halves_equals_forward_at_once(layer_sizes):
    for name, activation in MADE.items():
        network, params, X = make(layer_sizes, activation)
        halves = [forward(network, params, X[:6]), forward(network, params, X[6:])]
        whole = forward(network, params, X)
        # products of other shapes may be summed in another order
        np.testing.assert_allclose(
            np.vstack(halves), whole, rtol=1e-12, atol=1e-12, err_msg=name
        )


def test_forward_leaves_params_and_data_alone():
    network, params, X = make((4, 5, 3), "relu")
    kept = params.copy(), X.copy()
    forward(network, params, X)
    np.testing.assert_array_equal(params, kept[0])
    np.testing.assert_array_equal(X, kept[1])


@covering(activation=["tanh", "gelu", "prelu"], layer_sizes=SIZES)
def test_predict_by_blocks_equals_forward_at_once(activation, layer_sizes, monkeypatch):
    network, params, X = make(layer_sizes, activation)
    monkeypatch.setattr(workspace_module, "BLOCK_ROWS", 1)
    for block_elements in (1, 15, 20, 1000):
        monkeypatch.setattr(workspace_module, "BLOCK_ELEMENTS", block_elements)
        # products of other shapes may be summed in another order
        np.testing.assert_allclose(
            network.predict(network.views(params), X),
            forward(network, params, X),
            rtol=1e-12,
            atol=1e-12,
            err_msg=f"{block_elements=}",
        )


def test_predict_keeps_no_more_rows_at_once_than_the_block_has(monkeypatch):
    network, params, X = make((9, 5, 3))
    n_rows, forward_rows = [], network.forward

    def watched(views, rows, workspace):
        n_rows.append(len(rows))
        return forward_rows(views, rows, workspace)

    # the widest layer: 5
    monkeypatch.setattr(workspace_module, "BLOCK_ELEMENTS", 4 * 5)
    monkeypatch.setattr(workspace_module, "BLOCK_ROWS", 1)
    monkeypatch.setattr(network, "forward", watched)
    network.predict(network.views(params), X)
    assert n_rows == [4, 4, 2]


def test_predict_has_the_wider_dtype_of_data_and_params():
    network, params, X = make((4, 5, 3))
    for of_data, of_params, expected in (
        ("f4", "f4", "f4"),
        ("f8", "f4", "f8"),
        ("f4", "f8", "f8"),
        ("f8", "f8", "f8"),
    ):
        views = network.views(params.astype(of_params))
        raw = network.predict(views, X.astype(of_data))
        assert raw.dtype == expected, (of_data, of_params)


def test_predict_gives_a_new_array_each_time():
    network, params, X = make((4, 5, 3))
    views = network.views(params)
    first = network.predict(views, X)
    kept = first.copy()
    second = network.predict(views, X + 1)
    np.testing.assert_array_equal(first, kept)
    assert not np.shares_memory(first, second)


# --- backward


def assert_backward_is_the_derivative(network, params, X):
    """Along one random direction of the params and one of the raw outputs."""
    rng = np.random.default_rng(1)
    delta = rng.normal(size=(X.shape[0], network.layer_sizes[-1]))
    direction = rng.normal(size=network.n_params)
    workspace = Workspace(network.path(), X.shape[0], np.float64)
    grad = np.full(network.n_params, np.nan)
    views, grads = network.views(params), network.views(grad)
    network.forward(views, X, workspace)
    network.backward(views, grads, delta.copy(), workspace)

    h = 1e-6
    ahead, behind = (
        np.vdot(delta, forward(network, params + step * direction, X))
        for step in (h, -h)
    )
    # truncation about h^2 = 1e-12 of numbers up to 1e3, rounding about
    # 1e-16 * 1e2 / h = 1e-8
    assert grad @ direction == pytest.approx((ahead - behind) / (2 * h), rel=1e-6)


@pytest.mark.parametrize(
    "activation", [*MADE.values(), Softsign()], ids=[*MADE, "softsign"]
)
def test_backward_is_the_derivative_of_forward_along_a_direction(activation):
    for layer_sizes in SIZES:
        network, params, X = make(layer_sizes, activation)
        assert_backward_is_the_derivative(network, params, X)
        X = scipy.sparse.csr_matrix(X)
        assert_backward_is_the_derivative(network, params, X)


# one that keeps z below one that does not, and above; one that learns likewise
MIXED = [("gelu", "tanh"), ("tanh", "silu"), ("prelu", "tanh"), ("relu", "prelu")]


@pytest.mark.parametrize("names", MIXED, ids="-".join)
def test_backward_is_the_derivative_where_activations_differ(names):
    assert_backward_is_the_derivative(*make((4, 5, 2, 3), mixed(*names)))
