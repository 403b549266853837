"""Values of a graph are like arrays: numbers take their dtype, arrays keep theirs."""

import numpy as np
import pytest

from skmlp.export.onnx.graph import Graph


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_numbers_become_constants_of_the_dtype(dtype):
    graph = Graph()
    x = graph.value("x", dtype)
    values = [x + 1.0, x * 2.0, -x, (x > 0.5).where(x, 3.0), (x > 0.5).where(4.0, x)]
    assert {value.dtype for value in values} == {np.dtype(dtype)}
    assert {array.dtype for array in graph.constants.values()} == {np.dtype(dtype)}
    assert (x > 0.5).dtype == bool


def test_equal_constants_are_stored_once():
    graph = Graph()
    x = graph.value("x", np.float64)
    for array in (np.ones(3), np.ones(3), np.ones(3, np.float32), np.ones((1, 3))):
        x.op("Add", array)
    texts = np.array(["a", "b"], object)
    assert graph.constant(texts).name == graph.constant(texts.copy()).name
    assert len(graph.constants) == 4


def test_a_cast_to_the_same_dtype_is_left_out():
    graph = Graph()
    x = graph.value("x", np.float64)
    assert x.cast(np.float64) is x
    assert x.cast(np.float32).dtype == np.float32
    assert [node.op for node in graph.nodes] == ["Cast"]


def test_names_that_are_taken_are_not_given():
    graph = Graph(taken=["Neg_0", "Neg_2"])
    x = graph.value("Neg_0", np.float64)
    assert [(-x).name, (-x).name] == ["Neg_1", "Neg_3"]


def test_nodes_name_their_inputs_in_order():
    graph = Graph()
    x, y = graph.value("x", np.float64), graph.value("y", np.float64)
    graph.name(x - y, "difference")
    subtraction, naming = graph.nodes
    assert (subtraction.op, subtraction.inputs) == ("Sub", ("x", "y"))
    assert (naming.inputs, naming.outputs) == (subtraction.outputs, ("difference",))
