"""Fits without a fault, and the diagnoses of any."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skmlp import DiagnosticWarning, MLPClassifier, MLPRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 5))
NUMBERS = X @ [1.0, 2.0, -1.0, 0.5, 0.0] + 0.1 * rng.normal(size=200)
NUMBERS = (NUMBERS - NUMBERS.mean()) / NUMBERS.std()
TARGETS = {MLPClassifier: (NUMBERS > 0).astype(int), MLPRegressor: NUMBERS}
every_estimator = pytest.mark.parametrize("kind", TARGETS)
kinds_and_solvers = pytest.mark.parametrize(
    "kind, solver",
    [(MLPClassifier, "sgd"), (MLPRegressor, "adam"), (MLPClassifier, "lbfgs")],
)


def diagnoses(mlp, *data, method="fit", **more):
    """The texts of the DiagnosticWarnings of a fit, which may not give others."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ConvergenceWarning)
        getattr(mlp, method)(*data, **more)
    assert {warning.category for warning in caught} <= {DiagnosticWarning}
    # which point at the call
    assert {warning.filename for warning in caught} <= {__file__}
    return [str(warning.message) for warning in caught]


def make(kind=MLPRegressor, **params):
    return kind(**{"random_state": 0} | params)


NO_BETTER = "the model is no better than a constant one"
IDLE = "are dead or saturated"


def layers(scale=1.0, bias=0.0):
    """Layers of 20 units whose sums are moved or stretched."""
    rng = np.random.default_rng(1)
    first, last = rng.normal(size=(5, 20)), rng.normal(size=(20, 1))
    return [scale * first, last], [np.full(20, bias), np.zeros(1)]
