"""Dropout, noise, L1 and max_norm at values for on and for off, and fits with them."""

import numpy as np
from sklearn.base import clone

from skmlp import MLPClassifier, MLPRegressor

from ..conftest import quietly

ESTIMATORS = [MLPClassifier, MLPRegressor]
N_ROWS = 60

RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0]
LABELS = np.digitize(NUMBERS, [-1.0, 1.0])
REGULARISED = {
    "dropout": 0.3,
    "dropout__inputs": 0.3,
    "dropout__noise": 0.3,
    "alpha_l1": 3.0,
    "solver__max_norm": 0.5,
}


def small(kind, **params):
    defaults = {
        "hidden_layer_sizes": (6, 5),
        "batch_size": 20,
        "max_iter": 5,
        "learning_rate_init": 0.02,
        "random_state": 0,
    }
    inner = {name: params.pop(name) for name in list(params) if "__" in name}
    # a clone: the settings of objects are set in place
    return clone(kind(**{**defaults, **params})).set_params(**inner)


def target(kind):
    return LABELS if kind is MLPClassifier else NUMBERS


def fitted(kind, X=X, y=None, sample_weight=None, **params):
    """Some updates are enough here, whether they converged or not."""
    y = target(kind) if y is None else y
    return quietly(small(kind, **params).fit, X, y, sample_weight)


OFF = [
    *[
        {name: 0}
        for name in ("dropout", "dropout__inputs", "dropout__noise", "alpha_l1")
    ],
    *[{"dropout": [0.0, 0.0]}, {"dropout": np.zeros(2)}, {"solver__max_norm": 1e6}],
]
