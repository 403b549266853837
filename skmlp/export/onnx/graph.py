"""Builds an ONNX graph: nodes, constants, and values that behave like arrays.

Does not need the package onnx, which only turns the finished graph into a file.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Node:
    """One operator of ONNX with the names of its inputs and outputs."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    domain: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Value:
    """An input or the output of a node; arithmetic on it adds nodes to its graph.

    Numbers become constants of its dtype, arrays keep theirs.
    """

    graph: "Graph"
    name: str
    dtype: Any

    def op(self, op, *others, **attributes) -> "Value":
        """Apply the operator of that name, with this value as first input."""
        return self.graph.add(op, self, *others, **attributes)

    def __add__(self, other):
        return self.op("Add", other)

    def __sub__(self, other):
        return self.op("Sub", other)

    def __mul__(self, other):
        return self.op("Mul", other)

    def __truediv__(self, other):
        return self.op("Div", other)

    def __neg__(self):
        return self.op("Neg")

    def __gt__(self, other):
        return self.op("Greater", other, dtype=bool)

    def __ge__(self, other):
        return self.op("GreaterOrEqual", other, dtype=bool)

    def __lt__(self, other):
        return self.op("Less", other, dtype=bool)

    def equals(self, other):
        return self.op("Equal", other, dtype=bool)

    def minimum(self, other):
        return self.op("Min", other)

    def maximum(self, other):
        return self.op("Max", other)

    def where(self, yes, no):
        """`yes` where this is true, else `no`; one of them is a value."""
        dtype = (yes if isinstance(yes, Value) else no).dtype
        return self.graph.add("Where", self, yes, no, dtype=dtype, constants=dtype)

    def cast(self, dtype):
        """The value in another dtype."""
        dtype = np.dtype(dtype)
        return self if dtype == self.dtype else self.op("Cast", to=dtype, dtype=dtype)

    def columns(self, numbers):
        """Columns of a matrix, by index."""
        return self.op("Gather", np.asarray(numbers, np.int64), axis=1)

    def reshape(self, *shape):
        """Reshape; 0 keeps the size of an axis, such as the number of rows."""
        return self.op("Reshape", np.array(shape, np.int64))


class Graph:
    """Nodes and constants in the order in which they were written.

    Parameters
    ----------
    new_name : function of a word, or None
        Gives a name that no other value has; None numbers the words.
    taken : names that are not given to other values.

    Attributes
    ----------
    nodes : list of Node
    constants : dict of array by name
    """

    def __init__(
        self,
        new_name: Callable[[str], str] | None = None,
        taken: Collection[str] = (),
    ) -> None:
        self.new_name = new_name or partial(_numbered, taken, count())
        self.nodes: list[Node] = []
        self.constants: dict[str, Any] = {}
        self._known: dict[Any, Value] = {}

    def value(self, name, dtype) -> Value:
        """A value that is computed elsewhere, such as an input."""
        return Value(self, name, np.dtype(dtype))

    def name(self, value, name) -> None:
        """Give a value a second name."""
        self.nodes.append(Node("Identity", (value.name,), (name,)))

    def constant(self, array) -> Value:
        """Equal arrays are stored once."""
        array = np.asarray(array)
        content = tuple(array.flat) if array.dtype == object else array.tobytes()
        key = array.dtype, array.shape, content
        if key not in self._known:
            name = self.new_name("constant")
            self.constants[name] = array
            self._known[key] = Value(self, name, array.dtype)
        return self._known[key]

    def add(
        self, op, *inputs, dtype=None, constants=None, n_outputs=1, domain="", **given
    ) -> Value:
        """Append a node, and return its first output.

        inputs : values, arrays, or numbers; of the first ones one is a value.
        dtype : of the output; None is that of the first input.
        constants : dtype of numbers among the inputs, if not that of the first one.
        """
        first = next(x for x in inputs if isinstance(x, Value))
        dtype = np.dtype(first.dtype if dtype is None else dtype)
        names = tuple(self._named(x, constants or first.dtype) for x in inputs)
        outputs = tuple(self.new_name(op) for _ in range(n_outputs))
        self.nodes.append(Node(op, names, outputs, domain, given))
        return Value(self, outputs[0], dtype)

    def _named(self, x, dtype) -> str:
        if isinstance(x, Value):
            return x.name
        array = x if isinstance(x, np.ndarray) else np.asarray(x, dtype)
        return self.constant(array).name


def _numbered(taken: Collection[str], numbers: Iterator[int], word: str) -> str:
    """The word with the next number with which it is not taken."""
    names = (f"{word}_{number}" for number in numbers)
    return next(name for name in names if name not in taken)
