"""Multi-layer perceptrons for scikit-learn users, on an engine of their own."""

from skmlp.estimators import DiagnosticWarning, MLPClassifier, MLPRegressor
from skmlp.version import __version__

__all__ = ["DiagnosticWarning", "MLPClassifier", "MLPRegressor", "__version__"]
