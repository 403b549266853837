"""What a graph says of itself, and what is refused."""

import json
import subprocess
import sys

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
from .graphs import assert_exported, session

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


def fitted(kind, y, rows=X, **params):
    return quietly(kind(max_iter=3, random_state=0, **params).fit, rows, y)


def test_inputs_and_outputs_say_their_types_and_shapes():
    proto = skmlp.to_onnx(fitted(MLPClassifier, CODES, X.astype("float32")))
    running = session(proto)
    described = [
        (value.name, value.type, value.shape)
        for value in [*running.get_inputs(), *running.get_outputs()]
    ]
    assert described == [
        ("X", "tensor(float)", ["n_samples", 4]),
        ("label", "tensor(int64)", ["n_samples"]),
        ("probabilities", "tensor(float)", ["n_samples", 3]),
    ]


def test_versions_and_names_of_features_are_in_the_graph(pandas):
    names = ["a", "b", "c", "d"]
    model = fitted(MLPRegressor, NUMBERS, pandas.DataFrame(X, columns=names))
    proto = skmlp.to_onnx(model)
    said = {p.key: json.loads(p.value) for p in proto.metadata_props}
    assert said["feature_names"] == names
    assert said["model"] == "MLPRegressor"
    assert said["versions"]["skmlp"] == skmlp.__version__ == proto.producer_version
    assert proto.producer_name == "skmlp"
    assert [(o.domain, o.version) for o in proto.opset_import] == [("", 17)]


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
        "skl2onnx.to_onnx after skmlp.register_onnx",
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
        "to_onnx: coverage must be None for a model that is no regressor, got 0.9",
    ),
    "interval without residuals": (
        lambda: fitted(MLPRegressor, NUMBERS),
        {"coverage": 0.9},
        "MLPRegressor: predict_interval must have residuals",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_exported_is_refused(case):
    make, params, text = REFUSED[case]
    with pytest.raises(ValueError, match=text):
        skmlp.to_onnx(make(), **params)


@pytest.mark.parametrize(
    "model", [MLPClassifier(), MLPRegressor(n_members=2), MLPTransformer()]
)
def test_a_model_must_be_fitted(model):
    with pytest.raises(NotFittedError):
        skmlp.to_onnx(model)


SCRIPT = """
import sys
import skmlp
import skmlp.export.onnx.model, skmlp.export.onnx.registration
assert not {"onnx", "skl2onnx", "onnxruntime"} & set(sys.modules)
for name in ("onnx", "skl2onnx"):
    sys.modules[name] = None  # as if it were not installed
for function, package in ((skmlp.to_onnx, "onnx"), (skmlp.register_onnx, "skl2onnx")):
    try:
        function(*[skmlp.MLPClassifier()][: function is skmlp.to_onnx])
    except ImportError as error:
        assert f"{function.__name__}: {package} must be installed" in str(error), error
    else:
        raise AssertionError(function)
"""


def test_the_package_imports_without_onnx_and_says_what_is_missing():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
