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
from skmlp.export import TRUSTED_TYPES, register_if_loaded, register_onnx, to_onnx
from skmlp.model_file import load
from skmlp.tabular import search_space, tabular_pipeline
from skmlp.version import __version__

__all__ = [
    "TRUSTED_TYPES",
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
    "load",
    "register_onnx",
    "search_space",
    "tabular_pipeline",
    "to_onnx",
]

register_if_loaded()
