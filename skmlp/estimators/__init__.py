"""The scikit-learn face of the engine: the only folder that imports scikit-learn."""

from skmlp.estimators.autoencoder import MLPAutoencoder
from skmlp.estimators.classifier import MLPClassifier
from skmlp.estimators.regressor import MLPRegressor
from skmlp.estimators.reporting.diagnostics import DiagnosticWarning
from skmlp.estimators.transformer import MLPTransformer

__all__ = [
    "DiagnosticWarning",
    "MLPAutoencoder",
    "MLPClassifier",
    "MLPRegressor",
    "MLPTransformer",
]
