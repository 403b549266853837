"""Conversion of a graph to a ModelProto of the package onnx."""

import json

import numpy as np

from skmlp.version import __version__

PRODUCER = "skmlp"
ML = "ai.onnx.ml"
# Of the operators of ML; since 2 LabelEncoder maps strings to numbers.
ML_OPSET = 2


def model_proto(graph, inputs, outputs, *, opset, name, properties):
    """The ModelProto of a graph.

    inputs, outputs : lists of `Output`.
    name : of the graph.
    properties : dict of JSON values, for the metadata.
    """
    import onnx
    from onnx import helper

    proto = helper.make_graph(
        [node_proto(node) for node in graph.nodes],
        name,
        [_value_info(value) for value in inputs],
        [_value_info(value) for value in outputs],
        [tensor_proto(array, name) for name, array in graph.constants.items()],
    )
    domains = {node.domain for node in graph.nodes}
    opsets = [helper.make_opsetid("", opset)]
    opsets += [helper.make_opsetid(ML, ML_OPSET)] if ML in domains else []
    model = helper.make_model(
        proto,
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
        producer_name=PRODUCER,
        producer_version=__version__,
    )
    texts = {key: json.dumps(value) for key, value in properties.items()}
    helper.set_model_props(model, texts)
    onnx.checker.check_model(model, full_check=True)
    return model


def last_opset() -> int:
    """The newest opset that the package onnx supports."""
    import onnx

    return onnx.defs.onnx_opset_version()


def node_proto(node):
    from onnx import helper

    attributes = {key: attribute(value) for key, value in node.attributes.items()}
    return helper.make_node(
        node.op, node.inputs, node.outputs, domain=node.domain, **attributes
    )


def tensor_proto(array, name):
    from onnx import numpy_helper

    return numpy_helper.from_array(array, name)


def tensor_type(dtype):
    """ONNX's number of a dtype; objects are strings."""
    from onnx import helper

    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))


def attribute(value):
    """The value of a node's attribute in ONNX, where dtypes are numbers."""
    return tensor_type(value) if isinstance(value, np.dtype) else value


def _value_info(output):
    from onnx import helper

    shape = ["n_samples", *output.shape]
    return helper.make_tensor_value_info(
        output.name, tensor_type(output.value.dtype), shape
    )
