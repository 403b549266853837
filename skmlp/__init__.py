"""Multi-layer perceptrons for scikit-learn users, on an engine of their own."""

from skmlp.estimators import (
    Checkpoint,
    DiagnosticWarning,
    Dropout,
    EarlyStopping,
    Ensemble,
    MLPAutoencoder,
    MLPClassifier,
    MLPRegressor,
    MLPTransformer,
)
from skmlp.export import to_onnx
from skmlp.tabular import search_space, tabular_pipeline
from skmlp.version import __version__

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
    "__version__",
    "search_space",
    "tabular_pipeline",
    "to_onnx",
]
