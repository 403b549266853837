"""The scikit-learn face of the engine: the only folder that imports scikit-learn."""

from skmlp.estimators.classifier import MLPClassifier
from skmlp.estimators.refusals import DiagnosticWarning
from skmlp.estimators.regressor import MLPRegressor

__all__ = ["DiagnosticWarning", "MLPClassifier", "MLPRegressor"]
