"""Converters for skl2onnx, for scikit-learn pipelines with our estimators."""

import numpy as np

from skmlp.errors import Text, invalid
from skmlp.estimators import (
    MLPAutoencoder,
    MLPClassifier,
    MLPRegressor,
    MLPTransformer,
)
from skmlp.export.onnx.estimators import TRANSFORMED, model_outputs, raw_scores
from skmlp.export.onnx.graph import Graph
from skmlp.export.onnx.labels import label_array
from skmlp.export.onnx.model import FIRST_OPSET
from skmlp.export.onnx.outputs import LABEL, Output
from skmlp.export.onnx.proto import ML, ML_OPSET, attribute, tensor_proto, tensor_type
from skmlp.export.onnx.tables import column_dtypes, encoded, scaled
from skmlp.tabular import SmoothClipScaler, TableEncoder

# As scikit-learn's classifiers have them; CalibratedClassifierCV sets raw_scores.
OPTIONS = {
    "zipmap": [True, False, "columns"],
    "output_class_labels": [False, True],
    "raw_scores": [False, True],
    "nocl": [False],
}
ENCODER = "SkmlpTableEncoder"


def register() -> None:
    """Register all estimators."""
    from skl2onnx import update_registered_converter

    update_registered_converter(
        MLPClassifier,
        "SkmlpMLPClassifier",
        _classifier_shapes,
        _convert,
        options=OPTIONS,
    )
    for kind in (MLPRegressor, MLPTransformer, MLPAutoencoder, SmoothClipScaler):
        name = f"Skmlp{kind.__name__}"
        update_registered_converter(kind, name, _number_shapes, _convert)
    update_registered_converter(
        TableEncoder, ENCODER, _number_shapes, _convert, parser=_parse_encoder
    )


# Types and shapes of outputs


def _classifier_shapes(operator) -> None:
    from skl2onnx.common.data_types import Int64TensorType, StringTensorType

    rows = [operator.inputs[0].get_first_dimension()]
    label, probabilities = _outputs(operator, {})
    kind = StringTensorType if label.value.dtype == object else Int64TensorType
    operator.outputs[0].set_type(kind([*rows, *label.shape]))
    operator.outputs[1].type.shape = [*rows, *probabilities.shape]


def _number_shapes(operator) -> None:
    output = _outputs(operator, {})[0]
    rows = operator.inputs[0].get_first_dimension()
    operator.outputs[0].type.shape = [rows, *(output.shape or (1,))]


def _outputs(operator, options, graph=None):
    """The model's outputs for the operator's inputs."""
    model, given = operator.raw_operator, _given(operator, graph or Graph())
    if type(model) in TABLES:
        value, width = TABLES[type(model)](model, given)
        return [Output(TRANSFORMED, value, (width,))]
    return _of_estimator(model, _as_floats(given), options)


def _given(operator, graph):
    """The operator's inputs as values."""
    from skl2onnx.common.data_types import guess_numpy_type

    pairs = [(one.full_name, guess_numpy_type(one.type)) for one in operator.inputs]
    texts = {np.dtype(np.str_): object}
    return [graph.value(n, texts.get(np.dtype(t), t)) for n, t in pairs]


def _as_floats(given):
    """The inputs, concatenated, in float32 unless one of them is float64.

    As skl2onnx does.
    """
    is_double = any(x.dtype == np.float64 for x in given)
    first, *others = [x.cast(np.float64 if is_double else np.float32) for x in given]
    return first.op("Concat", *others, axis=1) if others else first


def _of_estimator(model, X, options):
    _check(model)
    if options.get("raw_scores", False):
        return raw_scores(model, X)
    return model_outputs(model, X)


def _check(model) -> None:
    """Refuse labels that skl2onnx has no type for."""
    owner, classes = type(model).__name__, vars(model).get("classes_")
    if isinstance(classes, list):
        raise ValueError(
            f"{owner}: y must have a single column of classes for skl2onnx, got "
            f"{len(classes)}. Use skmlp.to_onnx instead."
        )
    if classes is not None:
        labels = label_array(owner, classes)
        if labels.dtype.kind == "f" and (labels != np.floor(labels)).any():
            expected = "be strings or integers for skl2onnx"
            raise invalid(owner, "classes_", expected, classes)


# Tables: the value, and its number of columns


def _scaler(scaler, given):
    X = _as_floats(given)
    return scaled(X, scaler.center_, scaler.scale_), len(scaler.center_)


def _parse_encoder(scope, encoder, inputs, custom_parsers=None):
    """Declare its output, whose type is not that of the inputs."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    is_double = np.dtype(encoder.dtype) == np.float64
    kind = DoubleTensorType if is_double else FloatTensorType
    operator = scope.declare_local_operator(ENCODER, encoder)
    operator.inputs = inputs
    operator.outputs.append(scope.declare_local_variable("variable", kind()))
    return operator.outputs


def _encoder(encoder, given):
    """Each column is an input of its own, or all are one matrix."""
    dtypes = column_dtypes(encoder)
    columns = given
    if len(given) == 1:
        columns = [given[0].columns([j]) for j in range(len(dtypes))]
    if len(columns) != len(dtypes):
        expected = f"have one input for each of the {len(dtypes)} columns seen in fit"
        raise invalid(type(encoder).__name__, "X", expected, len(columns))
    pairs = zip(columns, dtypes, strict=True)
    columns = [_column(encoder, column, dtype) for column, dtype in pairs]
    return encoded(encoder, columns), len(encoder.get_feature_names_out())


def _column(encoder, column, dtype):
    """The column as the encoder expects it: numbers of any type become float64."""
    are_texts = [kind == np.dtype(object) for kind in (column.dtype, dtype)]
    if are_texts[0] != are_texts[1]:
        expected = "have string inputs for categories and numeric ones for the rest"
        raise invalid(type(encoder).__name__, "X", expected, Text(column.name))
    if dtype == np.int64 and column.dtype != np.int64:
        # floats lack the precision for nanoseconds, and their missing value
        expected = "have int64 inputs (nanoseconds) for dates, durations and times"
        raise invalid(type(encoder).__name__, "X", expected, Text(column.name))
    return column.cast(dtype)


TABLES = {SmoothClipScaler: _scaler, TableEncoder: _encoder}


# Nodes


def _convert(scope, operator, container) -> None:
    """Append an estimator's nodes to the container of skl2onnx."""
    if container.target_opset < FIRST_OPSET:
        expected = f"be at least {FIRST_OPSET}"
        raise invalid("to_onnx", "target_opset", expected, container.target_opset)
    graph = Graph(scope.get_unique_variable_name)
    options = container.get_options(operator.raw_operator, {})
    outputs = _outputs(operator, options, graph)
    for output, wanted in zip(outputs, operator.outputs, strict=False):
        graph.name(_as_declared(output, wanted), wanted.full_name)
    for name, array in graph.constants.items():
        _add_constant(container, name, array)
    for node in graph.nodes:
        given = {key: attribute(value) for key, value in node.attributes.items()}
        if node.domain == ML:
            given["op_version"] = ML_OPSET
        names = [*node.inputs], [*node.outputs]
        container.add_node(node.op, *names, op_domain=node.domain, **given)


def _as_declared(output, wanted):
    """The value in the type and shape that skl2onnx expects."""
    from skl2onnx.common.data_types import guess_numpy_type

    value = output.value
    if value.dtype != object:
        value = value.cast(guess_numpy_type(wanted.type))
    return value if output.shape or output.name == LABEL else value.reshape(0, 1)


def _add_constant(container, name, array) -> None:
    if array.dtype == object:
        texts = [text.encode() for text in array.flat]
        container.add_initializer(name, tensor_type(object), array.shape, texts)
    else:
        proto = tensor_proto(array, name)
        container.add_initializer(name, proto.data_type, array.shape, proto)
