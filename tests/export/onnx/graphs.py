"""Graphs that are run, and compared with what the model itself gives."""

import numpy as np
import pytest

import skmlp
from skmlp import MLPAutoencoder, MLPClassifier, MLPTransformer
from skmlp.export.onnx.graph import Graph
from skmlp.export.onnx.outputs import Output
from skmlp.export.onnx.proto import model_proto

# of the largest number; what the two runtimes sum in other orders and approximate
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}


def session(proto):
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return runtime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run(proto, inputs):
    """The outputs of a graph by their names."""
    running = session(proto)
    names = [output.name for output in running.get_outputs()]
    return dict(zip(names, running.run(None, inputs), strict=True))


def evaluated(function, z, shape=None):
    """A function of a value of a graph, at the array z.

    shape : of what comes, without the rows; None is that of z.
    """
    pytest.importorskip("onnx")
    graph = Graph()
    value = function(graph.value("z", z.dtype))
    graph.name(value, "a")
    inputs = [Output("z", graph.value("z", z.dtype), z.shape[1:])]
    outputs = [Output("a", value, z.shape[1:] if shape is None else shape)]
    proto = model_proto(graph, inputs, outputs, opset=17, name="a", properties={})
    return run(proto, {"z": z})["a"]


def expected(model, X):
    """What the model itself gives, by the names of the graph's outputs."""
    last = model[-1] if hasattr(model, "steps") else model
    if isinstance(last, MLPTransformer | MLPAutoencoder):
        return {"transformed": model.transform(X)}
    if not isinstance(last, MLPClassifier):
        return {"prediction": model.predict(X)}
    proba = model.predict_proba(X)
    named = {"probabilities": proba}
    if isinstance(proba, list):
        named = {f"probabilities_{i}": part for i, part in enumerate(proba)}
    return {"label": model.predict(X), **named}


def assert_equal_outputs(found, wanted, dtype):
    """Equal labels, and numbers that are close relative to their size."""
    assert found.keys() >= wanted.keys()
    for name, theirs in wanted.items():
        ours = found[name]
        assert ours.shape == theirs.shape
        if name == "label":
            np.testing.assert_array_equal(ours, theirs)
            continue
        assert ours.dtype == theirs.dtype
        error = np.abs(ours - theirs).max() / np.abs(theirs).max()
        assert error <= TOLERANCE[np.dtype(dtype).name], (name, error)


def assert_exported(model, X, **params):
    """The graph of a model gives what the model gives."""
    found = run(skmlp.to_onnx(model, **params), {"X": X})
    assert_equal_outputs(found, expected(model, X), X.dtype)
    return found
