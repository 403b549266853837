"""Fitted models of a table of numbers and codes, and other rows of it."""

import numpy as np

from skmlp.embeddings import PBLD, PiecewiseLinear

from ...conftest import CODES, NUMBERS, X, quietly

DTYPES = ["float64", "float32"]
INPUTS = {
    "plain": {},
    "pbld": {"numeric_embedding": PBLD(n_frequencies=5, size=2)},
    "piecewise linear": {"numeric_embedding": PiecewiseLinear(n_bins=6, size=2)},
    "categories": {"categorical_features": [4, 5], "embedding_size": 3},
    "all": {
        "categorical_features": [4, 5],
        "numeric_embedding": "pbld",
        "learned_scale": True,
    },
}
NETWORKS = {
    "linear": {"hidden_layer_sizes": ()},
    "relu": {"hidden_layer_sizes": (6, 5)},
    "mish and tanh": {"hidden_layer_sizes": (6, 5), "activation": ["mish", "tanh"]},
    "prelu": {"hidden_layer_sizes": 6, "activation": "prelu"},
    "parametric": {
        "hidden_layer_sizes": (6, 5),
        "activation": ["parametric_selu", "parametric_mish"],
    },
}

# beside numbers, two columns of codes, one of them with 3 categories and one with 2
TABLE = np.c_[X, CODES, NUMBERS > 0]
# other rows, further out, with codes that were never seen, missing, or no codes
OTHERS = 5.0 * TABLE[::-1]
OTHERS[:, 4:] = np.random.default_rng(1).choice([-1, 0, 1, 2, 3, 0.5, 1e9], (90, 2))


def fitted(estimator, y, dtype, **params):
    params = {"max_iter": 5, "random_state": 0, **params}
    return quietly(estimator(**params).fit, TABLE.astype(dtype), y)
