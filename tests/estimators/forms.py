"""Fits to be compared between forms of the same data."""

import numpy as np

from ..conftest import Optional, quietly

pd, pl = Optional("pandas"), Optional("polars")

SOLVERS = ["sgd", "adam", "lbfgs"]


def small(kind, **params):
    """An estimator of some updates; tanh, since a kink would make rounding jump."""
    defaults = {
        "hidden_layer_sizes": (4, 3),
        "activation": "tanh",
        "max_iter": 3,
        "random_state": 0,
    }
    return kind(**{**defaults, **params})


def fitted(estimator, X, y, **kwargs):
    """Some updates are enough here, whether they converged or not."""
    return quietly(estimator.fit, X, y, **kwargs)


FRAME_VALUES = np.random.default_rng(0).integers(0, 2, size=(24, 3))

CODES = np.arange(24) % 3
