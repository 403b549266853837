"""Laws of the flat vector, its views, and the pass through the layers."""

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse

import skmlp.network.workspace as workspace_module
from skmlp.activations import ACTIVATIONS
from skmlp.initializers import INITIALIZERS
from skmlp.network.dense import Dense
from skmlp.network.network import Network
from skmlp.network.noise import Noise, NoiseLayer
from skmlp.network.workspace import Workspace

from ..conftest import activated, covering

MADE = {name: make() for name, make in ACTIVATIONS.items()}
SIZES = [(4, 3), (4, 5, 1), (4, 5, 2, 3)]
SPARSE = {"dense": False, "csr": True}
every_activation = pytest.mark.parametrize("activation", MADE.values(), ids=MADE)
every_depth = pytest.mark.parametrize("layer_sizes", SIZES, ids=str)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def mixed(*names):
    """One activation for each hidden layer."""
    return [ACTIVATIONS[name]() for name in names]


def make(layer_sizes, activation="tanh", dtype=np.float64, noise=None):
    """A network, random params for it and ten rows."""
    rng = np.random.default_rng(0)
    if isinstance(activation, str):
        activation = ACTIVATIONS[activation]()
    network = Network(layer_sizes, activation, noise)
    params = rng.normal(size=network.n_params).astype(dtype)
    return network, params, rng.normal(size=(10, layer_sizes[0])).astype(dtype)


def forward(network, params, X):
    workspace = Workspace(network.path(), X.shape[0], params.dtype)
    return network.forward(network.views(params), X, workspace).copy()


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


@every_activation
def test_weights_and_biases_are_the_views_of_the_dense_layers(activation):
    for layer_sizes in SIZES:
        network, params, _ = make(layer_sizes, activation)
        views, pairs = network.views(params), network.weights_and_biases(params)
        assert len(views) == len(network.layers)
        dense = [isinstance(layer, Dense) for layer in network.layers]
        assert network.dense == np.flatnonzero(dense).tolist()
        for number, pair in zip(network.dense, pairs, strict=True):
            for found, view in zip(pair, views[number], strict=True):
                assert found.ctypes.data == view.ctypes.data, "other memory"
                assert found.shape == view.shape
        assert [W.shape for W, _ in pairs] == list(pairwise(layer_sizes))
        assert [b.shape for _, b in pairs] == [(n,) for n in layer_sizes[1:]]


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


@every_activation
def test_initial_params_are_drawn_weights_then_biases_for_each_layer(activation):
    for layer_sizes in SIZES:
        network = Network(layer_sizes, activation)
        params = network.initial_params(
            INITIALIZERS["glorot_uniform"](), np.random.RandomState(3), np.float64
        )
        again = np.random.RandomState(3)
        for W, b in network.weights_and_biases(params):
            # the output layer, too, has the hidden activation's bound
            bound = np.sqrt(activation.gain / sum(W.shape))
            np.testing.assert_array_equal(W, again.uniform(-bound, bound, W.shape))
            np.testing.assert_array_equal(b, again.uniform(-bound, bound, b.shape))
            assert max(np.abs(W).max(), np.abs(b).max()) <= bound


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


@covering(activation=["tanh", "gelu", "prelu"], dtype=[np.float32, np.float64])
def test_a_sparse_matrix_gives_what_a_dense_one_gives(activation, dtype):
    network, params, X = make((4, 5, 3), activation, dtype)
    X[X < 0] = 0
    sparse = scipy.sparse.csr_matrix(X)
    # sums of four terms in another order
    tolerance = {"rtol": 20 * np.finfo(dtype).eps, "atol": 20 * np.finfo(dtype).eps}
    np.testing.assert_allclose(
        forward(network, params, sparse), forward(network, params, X), **tolerance
    )
    views = network.views(params)
    raw = network.predict(views, sparse)
    assert raw.dtype == dtype
    np.testing.assert_allclose(raw, network.predict(views, X), **tolerance)


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


# --- workspace


class Softsign:
    """z / (1 + |z|), whose derivative is taken from z."""

    keeps_input = True
    gain = 6.0

    @staticmethod
    def forward(z, out):
        np.divide(z, 1 + np.abs(z), out=out)

    @staticmethod
    def backward(delta, z, a):
        delta /= (1 + np.abs(z)) ** 2


def buffers_of(workspace):
    """All buffers of a workspace, by the number of the step and by name."""
    return {
        (i, field.name): array
        for i, (_, _, buffers) in enumerate(workspace.steps)
        for field in fields(buffers)
        if isinstance(array := getattr(buffers, field.name), np.ndarray)
    }


@covering(
    activation={
        "tanh": MADE["tanh"],
        "softsign": Softsign(),
        "prelu": MADE["prelu"],
    },
    dtype=[np.float32, np.float64],
)
def test_fewer_rows_use_the_same_buffers(activation, dtype):
    network = Network((4, 5, 3), activation)
    workspace = Workspace(network.path(), 10, dtype)
    narrower = workspace.rows(6)
    assert workspace.rows(10) is workspace
    assert workspace.rows(6) is narrower
    assert [step[:2] for step in narrower.steps] == [s[:2] for s in workspace.steps]
    wide, narrow = buffers_of(workspace), buffers_of(narrower)
    assert wide.keys() == narrow.keys()
    for name, old in wide.items():
        new = narrow[name]
        assert new.shape == tuple(6 if n == 10 else n for n in old.shape), name
        assert new.dtype == old.dtype == dtype, name
        assert new.flags.c_contiguous == old.flags.c_contiguous, name
        assert new.flags.f_contiguous == old.flags.f_contiguous, name
        if name[1] == "ones":
            np.testing.assert_array_equal(new, np.ones(6, dtype))
            continue
        assert np.shares_memory(old, new), name
        for other in wide:
            apart = not np.shares_memory(old, wide[other])
            assert apart == (not np.shares_memory(new, narrow[other])), (name, other)
    (_, _, first), *_, (_, _, last) = narrower.steps
    assert first.grad_x is workspace.steps[0][2].grad_x is None  # of the data
    assert (first.z is first.a) == (workspace.steps[0][2].z is workspace.steps[0][2].a)
    assert first.z.shape == first.a.shape == (6, 5) and last.z is last.a
    assert last.a.shape == (6, 3) and last.a.flags.f_contiguous
    assert last.grad_x.shape == (6, 5)
    np.testing.assert_array_equal(narrower.ones, np.ones(6, dtype))


def test_z_is_kept_apart_from_a_only_where_a_derivative_needs_it():
    network = Network((4, 5, 3), Softsign())
    path = network.path()
    (_, _, hidden), (_, _, last) = Workspace(path, 10, np.float64).steps
    assert not np.shares_memory(hidden.z, hidden.a)
    assert last.z is last.a
    (_, _, hidden), _ = Workspace(path, 10, np.float64, backward=False).steps
    assert hidden.z is hidden.a


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


def test_a_product_with_few_entries_writes_the_rows_they_touch_and_zeros():
    network, params, _ = make((40, 3, 2))
    rng = np.random.default_rng(1)
    rows, columns = [0, 0, 0, 2, 3, 3], [39, 2, 2, 7, 2, 0]  # a row empty, one twice
    entries = scipy.sparse.coo_matrix((rng.normal(size=6), (rows, columns)), (4, 40))
    gradients = []
    # stored in one piece or as a matrix of all entries, which takes the other path
    for X in (scipy.sparse.csr_matrix(entries), entries.toarray()):
        workspace = Workspace(network.path(), 4, params.dtype)
        grad = np.full_like(params, np.nan)
        delta = network.forward(network.views(params), X, workspace)
        delta[...] = 1.0
        views = network.views(params), network.views(grad)
        network.backward(*views, delta, workspace)
        gradients.append(grad)
    np.testing.assert_allclose(*gradients, rtol=1e-12, atol=1e-13)
    assert not gradients[0][: 40 * 3].reshape(40, 3)[[1, 3, 20]].any()


# --- limited norms


# --- noise

RATE, SCALE = 0.3, 0.5
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
