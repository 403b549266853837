"""Layers in ONNX, one function for each kind of layer."""

import numpy as np

from skmlp.embeddings import PBLD, CategoryTable, PiecewiseLinear
from skmlp.errors import invalid
from skmlp.export.onnx.activations import activated
from skmlp.network.dense import Dense
from skmlp.network.inputs import Inputs
from skmlp.network.parametric import ParametricLayer


def write_layers(owner, layers, params, x):
    """The output of these layers, one after the other.

    params : arrays of each layer, as `fitted_network` gives them.
    x : value (n, n_features) of the dtype to compute in.
    """
    for layer, own in zip(layers, params, strict=True):
        arrays = [np.asarray(array, x.dtype) for array in own]
        x = LAYERS[type(layer)](owner, layer, arrays, x)
    return x


def _dense(owner, layer, params, x):
    W, b = params
    return activated(owner, layer.activation, _affine(x, W, b))


def _affine(x, W, b):
    """x W + b

    In float64 with a difference, which is the same to the bit: ONNX Runtime joins a sum
    and the activation after it to an operator that old versions have in float32 only.
    """
    if x.dtype == np.float32:
        return x.op("Gemm", W, b)
    return x.op("MatMul", W) - np.negative(b)


def _parametric(owner, layer, params, x):
    (alpha,) = params
    plain = activated(owner, layer.activation.activation, x)
    return x + (plain - x) * alpha


def _inputs(owner, layer, params, x):
    """Plain columns, then embedded ones."""
    values = [x if layer.plain is None else x.columns(layer.plain)]
    for part, arrays in zip(layer.embedded, layer.split(params), strict=True):
        kind = type(part.embedding)
        if kind not in EMBEDDINGS:
            expected = "be one of skmlp.embeddings to be exported to ONNX"
            raise invalid(owner, "numeric_embedding", expected, part.embedding)
        columns = x.columns(part.columns)
        values.append(EMBEDDINGS[kind](arrays, part.constants, columns))
    return x.graph.add("Concat", *values, axis=1)


LAYERS = {Dense: _dense, ParametricLayer: _parametric, Inputs: _inputs}


# Embeddings: of columns x (n, n_columns), the numbers of a column side by side


def _pbld(params, constants, x):
    w1, b1, W2, b2 = params
    phase = _by_column(x) * _as_rows(2.0 * np.pi * w1) + _as_rows(b1)
    return _side_by_side(_cosine(phase).op("MatMul", W2) + _as_rows(b2), b2)


def _cosine(x):
    """By the sine in float64, of which old versions of ONNX Runtime have no cosine."""
    return x.op("Cos") if x.dtype == np.float32 else (x + np.pi / 2.0).op("Sin")


def _piecewise_linear(params, constants, x):
    w, b, v = params
    left, inverse, low, high = (_as_rows(a.astype(x.dtype)) for a in constants)
    x = _by_column(x)
    phi = ((x - left) * inverse).maximum(low).minimum(high)
    return _side_by_side(phi.op("MatMul", v) + x * _as_rows(w) + _as_rows(b), b)


def _category_table(params, constants, x):
    (table,) = params
    starts, counts = constants
    x = x.cast(np.float64)  # float32 has no whole numbers beyond 2^24
    is_code = (x >= 0.0).op("And", x < counts).op("And", x.equals(x.op("Floor")))
    rows = (is_code.where(x + 1.0, 0.0) + starts).cast(np.int64)
    embedded = x.graph.add("Gather", x.graph.constant(table), rows)
    return embedded.reshape(0, table.shape[1] * len(starts))


EMBEDDINGS = {
    PBLD: _pbld,
    PiecewiseLinear: _piecewise_linear,
    CategoryTable: _category_table,
}


def _by_column(x):
    """(n, n_columns) -> (n_columns, n, 1)"""
    return x.op("Transpose", perm=[1, 0]).op("Unsqueeze", np.array([2]))


def _as_rows(array):
    """(n_columns, size) -> (n_columns, 1, size)"""
    return array[:, np.newaxis]


def _side_by_side(columns, bias):
    """(n_columns, n, size) -> (n, n_columns size); bias: (n_columns, size)."""
    return columns.op("Transpose", perm=[1, 0, 2]).reshape(0, bias.size)
