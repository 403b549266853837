"""A fitted model as an ONNX graph, with named inputs and outputs."""

from dataclasses import replace

import sklearn

from skmlp.constraints import integer
from skmlp.errors import describe, invalid
from skmlp.export.onnx.estimators import (
    dtype_of,
    is_exportable,
    model_outputs,
    n_features_of,
)
from skmlp.export.onnx.graph import Graph
from skmlp.export.onnx.outputs import Output
from skmlp.export.onnx.proto import last_opset, model_proto
from skmlp.tabular.feature_names import told_apart
from skmlp.version import __version__

OWNER = "to_onnx"
FIRST_OPSET = 13
# ONNX Runtime has it since version 1.12, of 2022.
DEFAULT_OPSET = 17
MODELS = (
    "be a fitted MLPClassifier, MLPRegressor, MLPTransformer or MLPAutoencoder, or a "
    "fitted tabular_pipeline; other pipelines that end in one of these are converted "
    "by skl2onnx.to_onnx after skmlp.register_onnx()"
)


def onnx_model(model, target_opset):
    """The ModelProto of a fitted estimator or tabular pipeline."""
    opset = _checked_opset(target_opset)
    if not is_exportable(model):
        raise invalid(OWNER, "model", MODELS, describe(model))
    graph = Graph()
    X = graph.value("X", dtype_of(model))
    inputs = [Output("X", X, (n_features_of(model),))]
    return _proto(model, graph, inputs, model_outputs(model, X), opset)


def _proto(model, graph, inputs, outputs, opset):
    names = [one.name for one in inputs]
    named = told_apart([*names, *(one.name for one in outputs)])[len(names) :]
    outputs = [replace(o, name=name) for o, name in zip(outputs, named, strict=True)]
    for output in outputs:
        graph.name(output.value, output.name)
    return model_proto(
        graph,
        inputs,
        outputs,
        opset=opset,
        name=type(model).__name__,
        properties=_properties(model),
    )


def _properties(model):
    names = getattr(model, "feature_names_in_", None)
    found = {} if names is None else {"feature_names": list(names)}
    versions = {"skmlp": __version__, "scikit-learn": sklearn.__version__}
    return {"model": type(model).__name__, "versions": versions, **found}


def _checked_opset(target_opset):
    if target_opset is None:
        return DEFAULT_OPSET
    accepts, expected = integer(FIRST_OPSET, last_opset())
    if not accepts(target_opset):
        raise invalid(OWNER, "target_opset", f"be None or {expected}", target_opset)
    return int(target_opset)
