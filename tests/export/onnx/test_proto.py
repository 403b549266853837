"""What a file says of its graph: types, versions, names."""

import json

import pytest

import skmlp
from skmlp import MLPClassifier, MLPRegressor

from ...conftest import CODES, NUMBERS, X, quietly
from .graphs import session

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


def fitted(kind, y, rows=X):
    return quietly(kind(max_iter=3, random_state=0).fit, rows, y)


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
