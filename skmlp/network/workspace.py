"""The buffers of one fit, or of one prediction, for each layer on the way."""

from collections.abc import Iterable, Sequence
from typing import Any

from skmlp.network.dense import Dense
from skmlp.network.layer import Array, Layer, Memory

# The layers that rows go through, each with the number of its parameters among views.
Path = list[tuple[Layer, int]]

# Values of a layer in a block of rows that is worked through at once.
BLOCK_ELEMENTS = 1 << 16
BLOCK_ROWS = 256


def are_few(n_rows: int) -> bool:
    """Whether rows are one block in any network."""
    return n_rows <= BLOCK_ROWS


def rows_of_width(width: int) -> int:
    """So few rows at once that as wide a block stays in the processor's cache.

    Fewer than BLOCK_ROWS would make the matrix products slow.
    """
    return max(BLOCK_ROWS, BLOCK_ELEMENTS // width)


def block_rows(layers: Iterable[Layer]) -> int:
    """Rows at once, by the widest of the layers' values."""
    return rows_of_width(max(layer.max_width for layer in layers))


class Workspace:
    """Buffers for batches of up to n_rows rows.

    Parameters
    ----------
    path : the layers to go through.
    n_rows, dtype : of the buffers.
    backward : whether backward passes will follow.
    blocks : memory of a workspace for more rows, to share; None allocates it.

    Attributes
    ----------
    steps, reversed_steps : of each layer (layer, number, buffers), in the order of the
        forward pass, and of the backward pass. Raw outputs are in Fortran order, in
        which losses work along the rows faster.
    ones : (n_rows,).
    """

    def __init__(
        self,
        path: Path,
        n_rows: int,
        dtype: Any,
        *,
        backward: bool = True,
        blocks: Sequence[Array] | None = None,
    ) -> None:
        memory = Memory(n_rows, dtype, backward=backward, blocks=blocks)
        last = max(number for layer, number in path if isinstance(layer, Dense))
        self.steps = [
            (layer, number, layer.buffers(memory, "C" if number < last else "F"))
            for layer, number in path
        ]
        self.reversed_steps = self.steps[::-1]
        self.ones = memory.ones
        self._path, self._memory = path, memory
        # not itself: a cycle would keep the buffers until they are collected
        self._narrower: dict[int, Workspace] = {}

    def rows(self, n_rows: int) -> "Workspace":
        """The same memory for a batch of n_rows rows, which may be fewer."""
        if n_rows == len(self.ones):
            return self
        if n_rows not in self._narrower:
            backward, blocks = self._memory.backward, self._memory.blocks
            self._narrower[n_rows] = Workspace(
                self._path, n_rows, self.ones.dtype, backward=backward, blocks=blocks
            )
        return self._narrower[n_rows]
