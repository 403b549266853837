"""Laws of dense layers: views of the vector, and sparse rows as dense ones."""

from itertools import pairwise, product

import numpy as np
import scipy.sparse

from skmlp.network.dense import Dense
from skmlp.network.workspace import Workspace

from ..conftest import covering
from .networks import MADE, SIZES, forward, make


def test_weights_and_biases_are_the_views_of_the_dense_layers():
    for (name, activation), layer_sizes in product(MADE.items(), SIZES):
        case = name, layer_sizes
        network, params, _ = make(layer_sizes, activation)
        views, pairs = network.views(params), network.weights_and_biases(params)
        assert len(views) == len(network.layers), case
        dense = [isinstance(layer, Dense) for layer in network.layers]
        assert network.dense == np.flatnonzero(dense).tolist(), case
        for number, pair in zip(network.dense, pairs, strict=True):
            for found, view in zip(pair, views[number], strict=True):
                assert found.ctypes.data == view.ctypes.data, ("other memory", case)
                assert found.shape == view.shape, case
        assert [W.shape for W, _ in pairs] == list(pairwise(layer_sizes)), case
        assert [b.shape for _, b in pairs] == [(n,) for n in layer_sizes[1:]], case


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
