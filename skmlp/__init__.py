"""Multi-layer perceptrons for scikit-learn users, on an engine of their own."""

from skmlp.estimators import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
__version__ = "0.1.0"
