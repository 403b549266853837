"""Columns of classes, and fits of them."""

import numpy as np

from skmlp import MLPClassifier

rng = np.random.default_rng(0)
X = rng.normal(size=(240, 4))
LETTERS = np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])]
NUMBERS = np.digitize(X[:, 1], [-1.0, 0.0, 1.0])
Y = {
    "letters": np.stack([LETTERS, np.where(X[:, 1] > 0, "y", "n")], axis=1),
    "numbers": np.stack([NUMBERS, NUMBERS % 2, np.full(240, 7)], axis=1),
}

SETTINGS = {
    "learning_rate_init": 0.02,
    "max_iter": 60,
    "tol": 0.0,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}


def fit(y, **params):
    return MLPClassifier((20,), **SETTINGS | params).fit(X, y)
