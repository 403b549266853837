"""Small networks, fitted and not, and rows for them."""

import numpy as np

from skmlp import MLPClassifier, MLPRegressor

from ..conftest import parameters, quietly

ESTIMATORS = [MLPClassifier, MLPRegressor]
STOCHASTIC = ["sgd", "adam"]
SOLVERS = [*STOCHASTIC, "lbfgs"]
EARLY = {"to the end": False, "early": True}
N_ROWS = 30

RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0]
LABELS = np.digitize(NUMBERS, [-1.0, 1.0])


def small(kind, **params):
    defaults = {"hidden_layer_sizes": (5, 3), "max_iter": 4, "random_state": 0}
    return kind(**{**defaults, **params})


def target(kind):
    return LABELS if kind is MLPClassifier else NUMBERS


def fitted(estimator, y=None, **kwargs):
    """Some updates are enough here, whether they converged or not."""
    y = target(type(estimator)) if y is None else y
    return quietly(estimator.fit, X, y, **kwargs)


def partly_fitted(estimator, times=1):
    for _ in range(times):
        first = {} if hasattr(estimator, "coefs_") else {"classes": [0, 1, 2]}
        kwargs = first if isinstance(estimator, MLPClassifier) else {}
        estimator.partial_fit(X, target(type(estimator)), **kwargs)
    return estimator


def outputs(model):
    return model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X)


def assert_same_parameters(model, expected):
    """Where the losses are of different rows."""
    np.testing.assert_array_equal(parameters(model), parameters(expected))


def by_hand(kind, model, **params):
    """A fresh estimator that has nothing but the parameters of a fitted one."""
    hand = small(kind, **params)
    hand.coefs_ = [W.copy() for W in model.coefs_]
    hand.intercepts_ = [b.copy() for b in model.intercepts_]
    if kind is MLPClassifier:
        hand.classes_ = model.classes_
    return hand


TASKS = {
    "three classes": (MLPClassifier, LABELS),
    "two classes": (MLPClassifier, np.minimum(LABELS, 1)),
    "words": (MLPClassifier, np.array(["ant", "bee", "cicada"])[LABELS]),
    "one class": (MLPClassifier, np.zeros(N_ROWS, dtype=int)),
    "one output": (MLPRegressor, NUMBERS),
    "two outputs": (MLPRegressor, np.c_[NUMBERS, -NUMBERS]),
}


def attributes(model):
    """The public fitted attributes."""
    return {n for n in vars(model) if n.endswith("_") and not n.startswith("_")}
