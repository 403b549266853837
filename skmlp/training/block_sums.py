"""The objective of all rows as a sum over blocks of rows, evaluated anywhere."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmlp.losses import Loss
from skmlp.network.network import Network
from skmlp.network.objective import Objective, Value
from skmlp.training.batches import READ_BY_ROWS, TrainingRows

Array = NDArray[np.floating[Any]]

# Sums that are added at once, in each node of the tree.
FAN_IN = 4
# A block has so many rows, or more where there would be more blocks than that.
BLOCK_ROWS = 4096
MOST_BLOCKS = 1024


class Share(NamedTuple):
    """Of some rows, in the mean loss over all rows and in its gradient."""

    loss: float
    grad: Array


@dataclass(frozen=True)
class RowBlock:
    """Some of n_rows rows, with the network and the loss that evaluate them.

    X, Y, weight : as training sees them, weights of mean 1 over all rows or None.
    """

    network: Network
    loss: Loss
    n_rows: int
    X: Any
    Y: Array
    weight: Array | None


def share(block: RowBlock, params: Array) -> Share:
    """The block's share, at these parameters, without penalty."""
    n_in_block = block.X.shape[0]
    objective = Objective(block.network, block.loss, 0.0, n_in_block, params.dtype)
    with np.errstate(all="ignore"):  # training notices what is not finite
        return Share(
            *objective.share(params, block.X, block.Y, block.weight, block.n_rows)
        )


# The tree over the order of blocks: its shape depends on their number alone.


def added(shares: Sequence[Share]) -> Share:
    """The sum in float64, in order."""
    first, *others = shares
    loss, grad = first.loss, first.grad.astype(np.float64)
    for other in others:
        loss += other.loss
        grad += other.grad
    return Share(loss, grad)


def tree(items: list[Any], add: Callable[[list[Any]], Any]) -> Any:
    """The root of the tree over the items, where `add` joins up to FAN_IN of them."""
    while len(items) > 1:
        items = [add(items[i : i + FAN_IN]) for i in range(0, len(items), FAN_IN)]
    return items[0]


def summed(shares: Iterable[Share]) -> Share:
    """The sum by the same tree, of which no more than a path is in memory."""
    levels: list[list[Share]] = [[]]
    for one in shares:
        _put(levels, 0, one)
    rest: list[Share] = []
    for level in levels:
        rest = [added([*level, *rest])] if level or rest else []
    return rest[0]


def _put(levels: list[list[Share]], number: int, one: Share) -> None:
    """Add a node to a level, whose nodes become one of the next when they are many."""
    if number == len(levels):
        levels.append([])
    levels[number].append(one)
    if len(levels[number]) == FAN_IN:
        full, levels[number] = levels[number], []
        _put(levels, number + 1, added(full))


# Blocks of an array, evaluated by a `map`.


class RowBlocks:
    """The rows of a fit in blocks, which are the same for any number of workers.

    Blocks of a matrix are made once, so that whoever maps may know them again; of rows
    that are read when they are asked for they are made each time.

    data : training rows alone.
    """

    def __init__(self, network: Network, loss: Loss, data: TrainingRows) -> None:
        self._network, self._loss, self._data = network, loss, data
        n_rows = len(data)
        size = max(BLOCK_ROWS, -(-n_rows // MOST_BLOCKS))
        self._starts = range(0, n_rows, size)
        is_read = isinstance(data.X, READ_BY_ROWS)
        self._kept = None if is_read else list(self._blocks())

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[RowBlock]:
        return iter(self._blocks() if self._kept is None else self._kept)

    def _blocks(self) -> Iterator[RowBlock]:
        X, Y, weight = self._data.X, self._data.Y, self._data.weight
        for start in self._starts:
            rows = slice(start, start + self._starts.step)
            yield RowBlock(
                self._network,
                self._loss,
                len(self._data),
                X[rows],
                np.asfortranarray(Y[rows]),
                None if weight is None else weight[rows],
            )


class MappedSums:
    """The sum over blocks by a `map` of the user's, which gives a share for each.

    function : from a block and parameters to its share.
    """

    def __init__(
        self,
        map: Callable[..., Iterable[Any]],
        function: Callable[[RowBlock, Array], Share],
        blocks: RowBlocks,
    ) -> None:
        self._map, self._function, self._blocks = map, function, blocks

    def __call__(self, params: Array) -> Share:
        n_blocks = len(self._blocks)
        # a copy, since the minimizer goes on with its own
        each = repeat(params.copy(), n_blocks)
        shares = list(self._map(self._function, iter(self._blocks), each))
        right = sum(isinstance(one, Share) for one in shares)
        if len(shares) != n_blocks or right != n_blocks:
            raise ValueError(
                "LBFGS: map must give what the function returns for each item, in "
                f"their order, got {len(shares)} results, {right} of them of the "
                f"function, for {n_blocks} items."
            )
        return summed(shares)


@dataclass(frozen=True)
class SummedObjective:
    """Value and gradient of the objective over all rows, whose losses are summed.

    objective : has the penalty, which counts once.
    sums : from parameters to the sum of all shares.
    """

    objective: Objective
    sums: Callable[[Array], Share]
    n_rows: int

    def __call__(self, params: Array) -> tuple[Value, Array]:
        loss, grad = self.sums(params)
        with np.errstate(over="ignore"):
            grad = grad.astype(params.dtype, copy=False)
        return self.objective.penalized(params, loss, grad, self.n_rows)
