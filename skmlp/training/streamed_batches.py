"""Mini-batches of rows that come in blocks, of which few are in memory at a time."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse, vstack

from skmlp.training.batches import TrainingRows
from skmlp.training.converted_rows import gives_sparse_rows

Array = NDArray[np.floating[Any]]

# Rows that are shuffled together, and of dense rows the bytes as float64.
WINDOW_ROWS = 1 << 15
WINDOW_BYTES = 1 << 25
# Blocks of a window, where blocks are shuffled, too.
WINDOW_BLOCKS = 32


class Block(NamedTuple):
    """Some rows: X, an array or CSR matrix; Y, columns contiguous; weight or None."""

    X: Any
    Y: Array
    weight: Array | None

    def rows(self, rows: Any) -> "Block":
        """The chosen ones of the rows."""
        weight = None if self.weight is None else self.weight[rows]
        return Block(self.X[rows], np.asfortranarray(self.Y[rows]), weight)

    def kept(self) -> "Block":
        """A copy, which nobody else writes to."""
        weight = None if self.weight is None else self.weight.copy()
        return Block(self.X.copy(), self.Y.copy(order="F"), weight)


def stacked(parts: list[Any]) -> Any:
    """Arrays, or CSR matrices, with the rows of all; a single one as it is."""
    if len(parts) == 1:
        return parts[0]
    if issparse(parts[0]):
        return vstack(parts, format="csr")
    return np.concatenate(parts)


def joined(blocks: list[Block]) -> Block:
    """One block of the rows of all."""
    if len(blocks) == 1:
        return blocks[0]
    X, Y, weights = (list(parts) for parts in zip(*blocks, strict=True))
    weight = None if weights[0] is None else stacked(weights)
    return Block(stacked(X), np.asfortranarray(stacked(Y)), weight)


def cut(blocks: Iterable[Block], n_rows: int) -> Iterator[Block]:
    """The same rows in blocks of n_rows; the last one has those that are left.

    No block is kept while the next one is made.
    """
    parts: list[Block] = []
    n_kept = 0
    for block in blocks:
        start, n_in_block = 0, len(block.Y)
        while n_kept + n_in_block - start >= n_rows:
            stop = start + n_rows - n_kept
            parts.append(block.rows(slice(start, stop)))
            yield _taken(parts)
            n_kept, start = 0, stop
        if start < n_in_block:
            # whoever gives the blocks may use their memory for the next one
            parts.append(block.rows(slice(start, None)).kept())
            n_kept += n_in_block - start
        del block
    if parts:
        yield _taken(parts)


def _taken(parts: list[Block]) -> Block:
    """The parts in one block; the list is left empty."""
    block = joined(parts)
    parts.clear()
    return block


def window_rows(X: Any) -> int:
    """Rows like those of X that are shuffled together."""
    if gives_sparse_rows(X):
        return WINDOW_ROWS
    n_rows: int = WINDOW_BYTES // (8 * max(1, X.shape[1]))
    return min(WINDOW_ROWS, max(n_rows, WINDOW_ROWS // WINDOW_BLOCKS))


class StreamedBatches:
    """Mini-batches of blocks of rows, one epoch after the other.

    blocks : called for each epoch; gives the rows, in blocks of any size.
    random_state : shuffles the rows of each window of n_window rows; None for none.
    """

    def __init__(
        self,
        blocks: Callable[[], Iterator[Block]],
        n_rows: int,
        batch_size: int,
        random_state: np.random.RandomState | None,
        n_window: int,
    ) -> None:
        self._blocks, self._batch_size, self._n_window = blocks, batch_size, n_window
        self.random_state = random_state
        self.n_batches = -(-n_rows // batch_size)

    def get_state(self) -> dict[str, Any]:
        """The state of the shuffles."""
        draws = self.random_state
        return {"shuffles": draws and draws.get_state(legacy=False)}

    def set_state(self, state: dict[str, Any]) -> None:
        if self.random_state is not None:
            self.random_state.set_state(state["shuffles"])

    def epoch(self) -> Iterator[tuple[Any, Array, Array | None]]:
        """(X, Y, weight) of each batch; valid until the next one is asked for."""
        return cut(self._windows(), self._batch_size)

    def _windows(self) -> Iterator[Block]:
        if self.random_state is None:
            yield from self._blocks()
            return
        for window in cut(self._blocks(), self._n_window):
            shuffled = window.rows(self.random_state.permutation(len(window.Y)))
            del window
            yield shuffled
            del shuffled


def blocks_in_random_order(
    data: TrainingRows, batch_size: int, random_state: np.random.RandomState
) -> StreamedBatches:
    """Batches of an array, read in blocks of neighbouring rows in random order."""
    n_window = window_rows(data.X)
    n_rows, n_block = len(data), n_window // WINDOW_BLOCKS
    rows = None if data.rows is None else np.sort(data.rows)

    def blocks() -> Iterator[Block]:
        starts = np.arange(0, n_rows, n_block)
        for start in starts[random_state.permutation(len(starts))].tolist():
            block = slice(start, start + n_block)
            yield _block(data, block if rows is None else rows[block])

    return StreamedBatches(blocks, n_rows, batch_size, random_state, n_window)


def _block(data: TrainingRows, rows: Any) -> Block:
    weight = None if data.weight is None else data.weight[rows]
    return Block(data.X[rows], np.asfortranarray(data.Y[rows]), weight)
