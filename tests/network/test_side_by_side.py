"""Networks side by side give what each of them gives alone."""

import numpy as np

from skmlp.embeddings import PBLD, CategoryTable, PiecewiseLinear
from skmlp.network.inputs import Embedded, Inputs
from skmlp.network.network import Network
from skmlp.network.side_by_side import raw_outputs

from ..conftest import covering
from .networks import MADE

N_ROWS, N_FEATURES = 5, 4
EMBEDDED = {
    "none": [],
    "pbld": [(PBLD(), [0, 2])],
    "piecewise_linear": [(PiecewiseLinear(n_bins=3), [1, 2])],
    "table": [(CategoryTable(size=2), [3])],
    "both": [(PiecewiseLinear(n_bins=3), [0, 1]), (CategoryTable(size=2), [3])],
}
DEPTHS = {"linear": (), "one": (6,), "three": (6, 3, 5)}
OF_CODES = 3  # the column that may hold them


def rows(rng, n):
    X = rng.normal(size=(n, N_FEATURES))
    X[:, OF_CODES] = rng.integers(-1, 3, n)
    return X


def inputs_of(embedded, X):
    parts = [Embedded(kind, np.array(columns)) for kind, columns in embedded]
    for part in parts:
        part.constants = part.embedding.constants(part.of(X))
    return Inputs(N_FEATURES, parts)


def made(seed, hidden, activation, embedded, dtype=np.float64, learned_scale=False):
    """A network that saw rows of its own, and views of its random params."""
    rng = np.random.default_rng(seed)
    sizes = (N_FEATURES, *hidden, 2)
    inputs = inputs_of(embedded, rows(rng, 40 + seed).astype(dtype))
    network = Network(sizes, activation, None, inputs, learned_scale)
    return network, network.views(rng.normal(size=network.n_params).astype(dtype))


def differences(pairs, X):
    """Between the raw outputs of networks side by side and of each alone."""
    networks, views = zip(*pairs, strict=True)
    together = raw_outputs(networks, views, X)
    alone = [network.predict(own, X) for network, own in pairs]
    assert [raw.dtype for raw in together] == [raw.dtype for raw in alone]
    return [
        np.abs(a - b).max() / np.abs(b).max()
        for a, b in zip(together, alone, strict=True)
    ]


@covering(
    activation=["mish", "tanh", "prelu"],
    hidden=DEPTHS,
    embedded=EMBEDDED,
    dtype=["float32", "float64"],
    scaled=[False, True],
)
def test_side_by_side_as_alone(activation, hidden, embedded, dtype, scaled):
    parts = MADE[activation], embedded, np.dtype(dtype), scaled
    pairs = [made(seed, hidden, *parts) for seed in range(3)]
    X = rows(np.random.default_rng(9), N_ROWS).astype(dtype)
    # a few sums of about ten terms, in another order at most
    assert max(differences(pairs, X)) < 100 * np.finfo(dtype).eps


def test_networks_of_several_kinds_in_any_order():
    """Of other layers, activations or embeddings, or of one kind alone."""
    tanh, relu = MADE["tanh"], MADE["relu"]
    kinds = [
        *(((6,), tanh, []), ((6,), relu, []), ((5,), tanh, [])),
        *(((6,), tanh, EMBEDDED["pbld"]), ((6,), tanh, [(PBLD(), [0, 1])])),
    ]
    order = [0, 1, 2, 0, 3, 1, 4, 3, 0]
    pairs = [made(seed, *kinds[kind]) for seed, kind in enumerate(order)]
    assert max(differences(pairs, rows(np.random.default_rng(9), N_ROWS))) < 1e-13


def test_a_last_layer_of_a_wider_dtype():
    """Targets that are scaled have weights in float64."""
    pairs = [made(s, (6,), MADE["mish"], EMBEDDED["pbld"], np.float32) for s in (0, 1)]
    pairs = [
        (network, [*first, [array.astype(float) for array in last]])
        for network, (*first, last) in pairs
    ]
    X = rows(np.random.default_rng(9), N_ROWS).astype(np.float32)
    assert max(differences(pairs, X)) < 100 * np.finfo(np.float32).eps
