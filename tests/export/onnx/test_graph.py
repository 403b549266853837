"""Laws of a graph while it is written: names, constants and arithmetic."""

import numpy as np

from skmlp.export.onnx.graph import Graph, Node


def test_arithmetic_adds_nodes_whose_numbers_are_of_the_dtype_of_the_value():
    for dtype in (np.float32, np.float64):
        graph = Graph()
        x = graph.value("X", dtype)
        y = (x + 1) * np.float64(2.5)
        added, multiplied = graph.nodes
        assert (added.op, multiplied.op) == ("Add", "Mul")
        assert multiplied.inputs[0] == added.outputs[0]
        assert multiplied.outputs == (y.name,) and y.dtype == dtype
        numbers = [graph.constants[node.inputs[1]] for node in graph.nodes]
        assert [(n.dtype, n.item()) for n in numbers] == [(dtype, 1), (dtype, 2.5)]
        assert (y > 0).dtype == bool
        assert (y > 0).where(1.0, y).dtype == dtype
        assert y.cast(dtype) is y


def test_names_are_given_once_and_equal_arrays_are_stored_once():
    taken = [f"constant_{number}" for number in range(5)]
    graph = Graph(taken=taken)
    first = graph.constant(np.array([1, 2]))
    assert graph.constant(np.array([1, 2])) is first
    # other dtypes, shapes and strings are other arrays
    for other in (np.array([1.0, 2]), np.array([[1, 2]]), np.array(["1", "2"], object)):
        assert graph.constant(other) is not first
    assert len({*graph.constants, *taken}) == 4 + len(taken)
    graph.name(first, "label")
    assert graph.nodes == [Node("Identity", (first.name,), ("label",))]
