"""Base of layers: steps on the path from X to the raw outputs."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Params = Sequence[Array]
Order = Literal["C", "F"]


class Memory:
    """Memory from which the layers of a workspace take their buffers.

    Parameters
    ----------
    n_rows, dtype : of each buffer.
    backward : whether backward passes will follow, which need buffers of their own.
    blocks : memory of more rows that the buffers become parts of, in the order in which
        they are taken; None allocates it.
    """

    def __init__(
        self,
        n_rows: int,
        dtype: Any,
        *,
        backward: bool = True,
        blocks: Sequence[Array] | None = None,
    ) -> None:
        self.n_rows, self.backward = n_rows, backward
        self.ones = np.ones(n_rows, dtype)
        self.blocks: list[Array] = []
        self._shared = iter(blocks) if blocks else None

    def empty(self, width: int, order: Order = "C") -> Array:
        """An array (n_rows, width)."""
        size, shared = self.n_rows * width, self._shared
        block = next(shared) if shared else np.empty(size, self.ones.dtype)
        self.blocks.append(block)
        return block[:size].reshape((self.n_rows, width), order=order)


class Layer:
    """Base of layers.

    A layer keeps neither parameters nor values: both are handed in, the parameters as
    views of the network's flat vector, the values in the buffers of a workspace.

    fan_out : numbers that a row becomes.
    max_width : the same, or more on the way.
    shapes : the group and the shape of each array of parameters.
    """

    fan_out: int
    shapes: Sequence[tuple[str, tuple[int, ...]]] = ()

    @property
    def max_width(self) -> int:
        return self.fan_out

    def buffers(self, memory: Memory, order: Order) -> Any:
        """Buffers for forward and backward; `order` is the values' memory order."""
        raise NotImplementedError

    def forward(self, params: Params, x: Any, buffers: Any) -> Any:
        """The values (n, fan_out) for the rows of x, kept for backward."""
        raise NotImplementedError

    @staticmethod
    def forward_of_all(
        layers: Sequence[Any], params: Sequence[Params], x: Sequence[Array]
    ) -> Array:
        """The values (n_networks, n, fan_out) of alike layers of several networks.

        layers, params, x : of each network.
        """
        raise NotImplementedError

    def backward(
        self, params: Params, grads: Params, delta: Array, buffers: Any
    ) -> Array | None:
        """Write the gradients, given delta = d loss / d values; returns d loss / d x.

        None where no layer before has parameters. Spends delta and the values.
        """
        raise NotImplementedError

    def slope(self, params: Params, buffers: Any) -> Array:
        """The derivative of the activation, (n, fan_out). Overwrites the values."""
        raise NotImplementedError

    def vjp(self, params: Params, buffers: Any) -> Callable[[Array], Array]:
        """The function from d output / d values to d output / d x, at the same rows.

        Spends the values once, while the function may be called for many outputs.
        """
        raise NotImplementedError
