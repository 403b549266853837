"""Fits that are not meant to learn much, and rows for them."""

import numpy as np

from ...conftest import quietly

N_ROWS = 80

RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0]


def small(kind, **params):
    defaults = {
        "hidden_layer_sizes": (6,),
        "batch_size": 20,
        "max_iter": 30,
        "learning_rate_init": 0.02,
        "activation": "tanh",
        "random_state": 0,
    }
    return kind(**{**defaults, **params})


def fitted(kind, y, X=X, **params):
    return quietly(small(kind, **params).fit, X, y)
