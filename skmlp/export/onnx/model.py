"""Conversion of a fitted model to an ONNX graph with named inputs and outputs."""

from dataclasses import replace

import numpy as np
import sklearn
from sklearn.pipeline import Pipeline

from skmlp.constraints import integer
from skmlp.errors import describe, invalid
from skmlp.estimators import MLPRegressor
from skmlp.export.onnx.estimators import (
    dtype_of,
    interval_outputs,
    is_exportable,
    model_outputs,
    n_features_of,
)
from skmlp.export.onnx.graph import Graph
from skmlp.export.onnx.outputs import Output
from skmlp.export.onnx.proto import last_opset, model_proto
from skmlp.export.onnx.tables import column_names, encoded, encoder_inputs
from skmlp.tabular import TableEncoder, TabularPipeline
from skmlp.tabular.feature_names import told_apart
from skmlp.version import __version__

OWNER = "to_onnx"
FIRST_OPSET = 13
# Supported since ONNX Runtime 1.12, of 2022.
DEFAULT_OPSET = 17
MODELS = (
    "be a fitted MLPClassifier, MLPRegressor, MLPTransformer or MLPAutoencoder, or a "
    "fitted tabular_pipeline (for other pipelines call skmlp.register_onnx() and then "
    "skl2onnx.to_onnx)"
)


def onnx_model(model, target_opset, coverage):
    """The ModelProto of a fitted estimator or tabular pipeline."""
    opset = _checked_opset(target_opset)
    table, mlp = _parts(model)
    graph = Graph(taken=[] if table is None else column_names(table))
    if table is None:
        inputs = [Output("X", graph.value("X", dtype_of(mlp)), (n_features_of(mlp),))]
        X = inputs[0].value
    else:
        inputs = encoder_inputs(graph, table)
        X = encoded(table, [one.value for one in inputs])
        X = X.cast(np.result_type(X.dtype, dtype_of(mlp)))
    # this pipeline predicts in float64, even if its network computes in float32
    dtype = np.float64 if isinstance(model, TabularPipeline) else None
    outputs = _with_interval(mlp, model_outputs(mlp, X, dtype), coverage)
    return _proto(model, graph, inputs, outputs, opset)


def _parts(model):
    """The encoder of the table, None for none, and the estimator."""
    steps = [None, model]
    if isinstance(model, Pipeline):
        steps = [step for _, step in model.steps]
        is_table = len(steps) == 2 and isinstance(steps[0], TableEncoder)
        steps = steps if is_table else [None, model]
    if not is_exportable(steps[1]):
        raise invalid(OWNER, "model", MODELS, describe(model))
    return steps


def _with_interval(model, outputs, coverage):
    """The outputs and, with `coverage`, the bounds of prediction intervals."""
    if coverage is None:
        return outputs
    if not isinstance(model, MLPRegressor):
        expected = "be None unless the model is a regressor"
        raise invalid(OWNER, "coverage", expected, coverage)
    return [*outputs, *interval_outputs(model, *outputs, coverage)]


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
