"""Multi-layer perceptrons for scikit-learn users, on an engine of their own."""

from skmlp.estimators import DiagnosticWarning, MLPClassifier, MLPRegressor

__all__ = ["DiagnosticWarning", "MLPClassifier", "MLPRegressor"]
__version__ = "0.1.0"
