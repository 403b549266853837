"""The scikit-learn face of the engine: the only folder that imports scikit-learn."""

from skmlp.estimators.autoencoder import MLPAutoencoder
from skmlp.estimators.classifier import MLPClassifier
from skmlp.estimators.options import Checkpoint, Dropout, EarlyStopping, Ensemble
from skmlp.estimators.regressor import MLPRegressor
from skmlp.estimators.reporting.diagnostics import DiagnosticWarning
from skmlp.estimators.transformer import MLPTransformer

__all__ = [
    "Checkpoint",
    "DiagnosticWarning",
    "Dropout",
    "EarlyStopping",
    "Ensemble",
    "MLPAutoencoder",
    "MLPClassifier",
    "MLPRegressor",
    "MLPTransformer",
]
