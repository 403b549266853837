"""Networks that learn more than weights, and rows for them."""

import numpy as np

from skmlp.activations import ACTIVATIONS
from skmlp.embeddings import PBLD, CategoryTable, PiecewiseLinear
from skmlp.losses import SquaredError
from skmlp.network.inputs import Embedded, Inputs
from skmlp.network.network import Network
from skmlp.network.objective import Objective

from ..conftest import central_difference, relative_error

N_ROWS = 12
RNG = np.random.default_rng(0)
# numbers, a flag, codes of categories (-1 is missing), and numbers with zeros
X = np.column_stack(
    [
        RNG.normal(size=(N_ROWS, 2)),
        np.arange(N_ROWS) % 2,
        np.arange(N_ROWS) % 4 - 1,
        np.where(RNG.uniform(size=N_ROWS) < 0.5, 0.0, RNG.normal(size=N_ROWS)),
    ]
).astype(float)
Y, WEIGHT = RNG.normal(size=(N_ROWS, 2)), RNG.uniform(0.2, 3.0, N_ROWS)
CATEGORICAL = 3

PERIODIC = (PBLD(n_frequencies=3, size=2, sigma=0.5), [0, 1])
PIECEWISE = (PiecewiseLinear(n_bins=3, size=2), [0, 1, 4])
CATEGORIES = (CategoryTable(size=2), [CATEGORICAL])
# Embeddings with their columns, and whether inputs are scaled.
TRIED = {
    "plain": ([], False),
    "scaled": ([], True),
    "periodic": ([PERIODIC], False),
    "periodic_scaled": ([PERIODIC], True),
    "piecewise": ([PIECEWISE], False),
    "categories": ([CATEGORIES], False),
    "categories_scaled": ([CATEGORIES], True),
    "all_columns_are_categories": ([(CategoryTable(size=1), [0, 1, 2, 3, 4])], False),
    "both": ([PIECEWISE, CATEGORIES], False),
    "both_scaled": ([PERIODIC, CATEGORIES], True),
    "of_no_column": ([(PBLD(), []), CATEGORIES], True),
}


# Hidden layers, and their activations: some learn, some do not.
HIDDEN = {
    "linear": ((), ()),
    "one": ((4,), ("tanh",)),
    "one_that_learns": ((4,), ("parametric_mish",)),
    "two": ((4, 3), ("prelu", "tanh")),
    "two_that_learn": ((4, 3), ("prelu", "parametric_selu")),
}


def inputs_of(name, dtype=np.float64):
    parts, _ = TRIED[name]
    embedded = [Embedded(kind, np.array(columns, int)) for kind, columns in parts]
    for part in embedded:
        part.constants = part.embedding.constants(part.of(X.astype(dtype)))
    return Inputs(X.shape[1], embedded)


def network_of(name, hidden="two", dtype=np.float64, noise=None):
    """A network on such inputs, and random params."""
    sizes, names = HIDDEN[hidden]
    activations = [ACTIVATIONS[one]() for one in names]
    inputs, (_, scaled) = inputs_of(name, dtype), TRIED[name]
    network = Network((X.shape[1], *sizes, 2), activations, noise, inputs, scaled)
    params = np.random.default_rng(1).normal(size=network.n_params)
    return network, params.astype(dtype)


def objective_of(network, dtype=np.float64, **settings):
    return Objective(network, SquaredError(), 0.3, N_ROWS, dtype, **settings)


def gradient_error(objective, params, *rows):
    grad = objective.value_and_gradient(params, *rows)[1].copy()
    expected = central_difference(
        lambda params: objective.value_and_gradient(params, *rows)[0].total, params
    )
    return relative_error(grad, expected)
