"""What a graph says of itself, and the operators it is made of."""

import json

import pytest

import skmlp
from skmlp import MLPClassifier, MLPRegressor
from skmlp.embeddings import PBLD

from ...conftest import CODES, NUMBERS, X
from .graphs import assert_exported, fitted, session

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


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
