"""X of a stream: known by its shape, its range and some rows, else gone through."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Rows that are kept, evenly spread over the stream.
MOST_KEPT = 1024


@dataclass
class KeptRows:
    """Every k-th row of a stream, where k doubles when there are too many.

    So they do not depend on how the stream is cut into blocks.
    """

    step: int = 1
    n_rows: int = 0
    rows: list[Any] = field(default_factory=list)

    def add(self, X: Any) -> None:
        """See some more rows, an array or CSR matrix."""
        first = -self.n_rows % self.step
        self.n_rows += X.shape[0]
        self.rows += [X[i : i + 1].copy() for i in range(first, X.shape[0], self.step)]
        while len(self.rows) > MOST_KEPT:
            self.rows, self.step = self.rows[::2], 2 * self.step

    @property
    def numbers(self) -> NDArray[np.intp]:
        return np.arange(len(self.rows)) * self.step


@dataclass
class StreamedRows:
    """X (n_rows, n_features) of a stream.

    source : where the rows come from.
    blocks : called with a number of rows, goes through X in blocks of so many.
    numbers, kept : some of the rows; only these can be asked for by their numbers.
    low, high : the least and the largest entry.
    """

    source: Any
    blocks: Callable[[int], Iterator[Any]]
    shape: tuple[int, int]
    dtype: Any
    numbers: NDArray[np.intp]
    kept: Any
    low: float
    high: float

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: NDArray[np.intp]) -> Any:
        return self.kept[np.searchsorted(self.numbers, rows)]

    def max(self) -> float:
        return self.high

    def min(self) -> float:
        return self.low
