"""Small networks with their first params, and passes through them."""

import numpy as np
import pytest

from skmlp.activations import ACTIVATIONS
from skmlp.network.network import Network
from skmlp.network.workspace import Workspace

MADE = {name: make() for name, make in ACTIVATIONS.items()}
SIZES = [(4, 3), (4, 5, 1), (4, 5, 2, 3)]


every_activation = pytest.mark.parametrize("activation", MADE.values(), ids=MADE)


both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


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


class Softsign:
    """z / (1 + |z|), whose derivative is taken from z."""

    keeps_input = True
    keeps_slope = False
    gain = 6.0

    @staticmethod
    def forward(z, out):
        np.divide(z, 1 + np.abs(z), out=out)

    @staticmethod
    def backward(delta, z, a):
        delta /= (1 + np.abs(z)) ** 2
