"""What a graph says of itself, and what is refused."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skmlp
from skmlp import MLPClassifier, MLPRegressor, MLPTransformer
from skmlp.activations import ReLU
from skmlp.embeddings import PBLD

from ...conftest import CODES, NUMBERS, X, quietly
from .graphs import assert_exported

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


def fitted(kind, y, rows=X, **params):
    return quietly(kind(max_iter=3, random_state=0, **params).fit, rows, y)


@pytest.mark.parametrize("opset", [13, 18, 20])
def test_graphs_run_in_other_versions_of_the_operators(opset):
    params = {"activation": "gelu", "n_members": 2, "numeric_embedding": PBLD(3, 2)}
    assert_exported(fitted(MLPClassifier, CODES, **params), X, target_opset=opset)


class Own:
    def forward(self, z, out):
        np.multiply(z, 2.0, out=out)

    def backward(self, delta, z, a):
        delta *= 2.0


class Changed(ReLU):
    """A subclass, whose values may be others."""


class Embedded(PBLD):
    """A subclass of an embedding."""


REFUSED = {
    "no model": (lambda: 3, {}, "to_onnx: model must be a fitted MLPClassifier"),
    "other estimator": (LogisticRegression, {}, "got LogisticRegression"),
    "other pipeline": (
        lambda: make_pipeline(StandardScaler(), MLPClassifier()),
        {},
        r"call skmlp.register_onnx\(\) and then skl2onnx.to_onnx",
    ),
    "own activation": (
        lambda: fitted(MLPClassifier, CODES, activation=Own()),
        {},
        "MLPClassifier: activation must be one of skmlp.activations",
    ),
    "subclass of an activation": (
        lambda: fitted(MLPClassifier, CODES, activation=Changed()),
        {},
        "MLPClassifier: activation must be one of skmlp.activations",
    ),
    "own embedding": (
        lambda: fitted(MLPClassifier, CODES, numeric_embedding=Embedded()),
        {},
        "MLPClassifier: numeric_embedding must be one of skmlp.embeddings",
    ),
    "old opset": (
        lambda: fitted(MLPClassifier, CODES),
        {"target_opset": 12},
        "to_onnx: target_opset must be None or an integer from 13 to",
    ),
    "interval of classes": (
        lambda: fitted(MLPClassifier, CODES),
        {"coverage": 0.9},
        "to_onnx: coverage must be None unless the model is a regressor, got 0.9",
    ),
    "interval without residuals": (
        lambda: fitted(MLPRegressor, NUMBERS),
        {"coverage": 0.9},
        "MLPRegressor: predict_interval must have residuals",
    ),
}


def test_what_can_not_be_exported_is_refused():
    for make, params, text in REFUSED.values():
        with pytest.raises(ValueError, match=text):
            skmlp.to_onnx(make(), **params)


@pytest.mark.parametrize(
    "model", [MLPClassifier(), MLPRegressor(n_members=2), MLPTransformer()]
)
def test_a_model_must_be_fitted(model):
    with pytest.raises(NotFittedError):
        skmlp.to_onnx(model)
