"""The data of a fit, and mini-batches of its training rows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skmlp.training.converted_rows import ConvertedRows, gives_sparse_rows
from skmlp.training.streamed_rows import StreamedRows

Array = NDArray[np.floating[Any]]


class ScaledRows:
    """Rows of an array that are standardised when they are read, not before.

    center, scale : (n_features,), of X's dtype.
    """

    def __init__(self, X: Array, center: Array, scale: Array) -> None:
        self._X, self._center, self._scale = X, center, scale
        self.shape, self.dtype = X.shape, X.dtype

    def __getitem__(self, rows: Any) -> Array:
        X = self._X[rows] - self._center
        X /= self._scale
        return np.asarray(X)

    def take(self, rows: Any, axis: int, out: Array, mode: Any) -> None:
        """As NumPy's method of that name."""
        self._X.take(rows, axis=axis, out=out, mode=mode)
        out -= self._center
        out /= self._scale


class ChosenRows:
    """Some rows of a matrix, gathered when they are read, not before."""

    def __init__(self, X: Any, rows: NDArray[np.integer[Any]]) -> None:
        self._X, self._rows = X, rows
        self.shape, self.dtype = (len(rows), X.shape[1]), X.dtype

    def __getitem__(self, rows: Any) -> Any:
        return self._X[self._rows[rows]]

    def __len__(self) -> int:
        return len(self._rows)


# What gives its rows when they are asked for, and is no matrix.
READ_BY_ROWS = (ChosenRows, ConvertedRows, ScaledRows)


@dataclass
class TrainingRows:
    """The data of a fit, and which rows are training rows.

    X : array or CSR matrix (n_samples, n_features), rows contiguous, or one of
        READ_BY_ROWS, or StreamedRows.
    Y : (n_samples, n_outputs), of X's dtype, columns contiguous.
    weight : (n_samples,), or None for ones.
    rows : the training rows' indices, or None for all.
    """

    X: Any
    Y: Array
    weight: Array | None = None
    rows: NDArray[np.integer[Any]] | None = None

    def __len__(self) -> int:
        return self.X.shape[0] if self.rows is None else len(self.rows)

    @property
    def is_sparse(self) -> bool:
        X = self.X.kept if isinstance(self.X, StreamedRows) else self.X
        return gives_sparse_rows(X)

    def weighed(self, factors: Array | None) -> "TrainingRows":
        """The rows with weights multiplied by `factors`, if not None."""
        if factors is None:
            return self
        weight = factors if self.weight is None else self.weight * factors
        return replace(self, weight=weight)

    def only_training(self, n_rows_at_once: int) -> "TrainingRows":
        """The training rows alone, with X as a matrix if it has so few rows."""
        X, (Y, weight) = self.X, self.training_targets()
        if self.rows is not None:
            X = ChosenRows(X, self.rows)
        if len(self) <= n_rows_at_once and isinstance(X, READ_BY_ROWS):
            X = X[:]
        return TrainingRows(X, np.asfortranarray(Y), weight)

    def training_targets(self) -> tuple[Array, Array | None]:
        """Y and weight of the training rows."""
        rows = slice(None) if self.rows is None else self.rows
        return self.Y[rows], None if self.weight is None else self.weight[rows]

    def sample(self, n_rows: int) -> NDArray[np.integer[Any]]:
        """Indices of up to n_rows training rows of nonzero weight, always the same."""
        rows = self.X.numbers if isinstance(self.X, StreamedRows) else self.rows
        if self.weight is not None:
            rows = np.arange(len(self)) if rows is None else rows
            rows = rows[self.weight[rows] > 0]
        n_candidates = len(self) if rows is None else len(rows)
        numbers = np.arange(min(n_candidates, n_rows))
        if n_candidates > n_rows:
            draws = np.random.RandomState(0).randint(n_candidates, size=n_rows)
            numbers = np.unique(draws)
        return numbers if rows is None else rows[numbers]

    def normalized(self) -> tuple["TrainingRows", float]:
        """The rows with weights of mean 1 over the training rows, and the mean before.

        Means are taken in float64; the weights become X's dtype after.
        """
        weight, mean = self.weight_of_mean_1()
        if weight is None:
            return self, mean
        return replace(self, weight=weight), mean

    def weight_of_mean_1(self) -> tuple[Array | None, float]:
        """Weights of mean 1 over the training rows, and the mean before."""
        if self.weight is None:
            return None, 1.0
        training = self.weight if self.rows is None else self.weight[self.rows]
        # divided first, so that the sum of huge weights can't overflow
        mean = float(np.sum(training / len(training)))
        with np.errstate(over="ignore"):  # only by rows that don't train
            return (self.weight / mean).astype(self.X.dtype), mean


class BatchSource(Protocol):
    """What training asks of mini-batches.

    n_batches : of an epoch.
    """

    n_batches: int

    def epoch(self) -> Iterator[tuple[Any, Array, Array | None]]:
        """(X, Y, weight) of each batch; valid until the next one is asked for."""

    def get_state(self) -> dict[str, Any]:
        """What the next epoch's order depends on."""

    def set_state(self, state: dict[str, Any]) -> None:
        """Be as when `get_state` was called."""


class Batches:
    """Mini-batches of training rows, epoch by epoch.

    Each epoch shuffles the order of the previous epoch, by one shuffle of row
    indices. Without shuffling, batches of all rows are slices of the data.
    """

    def __init__(
        self,
        data: TrainingRows,
        batch_size: int,
        random_state: np.random.RandomState | None,
    ) -> None:
        self.data = data
        self.batch_size = batch_size
        self.random_state = random_state
        n_rows = len(data)
        self._starts = range(0, n_rows, batch_size)
        self.n_batches = len(self._starts)
        self.order = np.arange(n_rows) if data.rows is None else data.rows.copy()
        self._sliced = random_state is None and data.rows is None
        self._Y_T = data.Y.T
        self._buffers: dict[int, tuple[Any, Array, Array, Array]] = {}

    def get_state(self) -> dict[str, Any]:
        """The order of the rows, and the state of the shuffles."""
        draws = self.random_state
        return {
            "order": self.order,
            "shuffles": draws and draws.get_state(legacy=False),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        self.order = state["order"].copy()
        if self.random_state is not None:
            self.random_state.set_state(state["shuffles"])

    def epoch(self) -> Iterator[tuple[Any, Array, Array | None]]:
        """(X, Y, weight) of each batch; valid until the next one is requested."""
        if self.random_state is not None:
            self.random_state.shuffle(self.order)  # in place: there may be many rows
        batch = self._slice if self._sliced else self._gather
        for start in self._starts:
            yield batch(start, start + self.batch_size)

    def _slice(self, start: int, stop: int) -> tuple[Any, Array, Array | None]:
        X, Y, weight = self.data.X, self.data.Y, self.data.weight
        weight = None if weight is None else weight[start:stop]
        return X[start:stop], Y[start:stop], weight

    def _gather(self, start: int, stop: int) -> tuple[Any, Array, Array | None]:
        rows, data = self.order[start:stop], self.data
        n_rows = len(rows)
        if n_rows not in self._buffers:  # the last batch may be shorter
            self._buffers[n_rows] = self._make_buffers(n_rows)
        X, Y, Y_T, weight = self._buffers[n_rows]
        # mode="clip" skips NumPy's own buffer; the rows are in range
        if X is None:
            X = data.X[rows]
        else:
            data.X.take(rows, axis=0, out=X, mode="clip")
        self._Y_T.take(rows, axis=1, out=Y_T, mode="clip")
        if data.weight is None:
            return X, Y, None
        return X, Y, data.weight.take(rows, out=weight, mode="clip")

    def _make_buffers(self, n_rows: int) -> tuple[Any, Array, Array, Array]:
        """For X, unless it is sparse, for Y with contiguous columns, and weights."""
        X, Y_T = self.data.X, np.empty((self._Y_T.shape[0], n_rows), self._Y_T.dtype)
        x = None if gives_sparse_rows(X) else np.empty((n_rows, X.shape[1]), X.dtype)
        return x, Y_T.T, Y_T, np.empty(n_rows, X.dtype)
