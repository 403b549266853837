"""X, y and weights of a fit as partitions of Dask's collections, which stay lazy."""

from dataclasses import dataclass, field, replace
from numbers import Number
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skmlp.errors import Text, describe, invalid
from skmlp.estimators.fitting.callbacks import without_callbacks
from skmlp.estimators.fitting.stream import (
    Batch,
    FirstPass,
    Stream,
    batch_errors,
    checked,
)
from skmlp.estimators.validation.arrays import check_X
from skmlp.estimators.validation.dask_collections import (
    in_memory,
    is_dask,
    is_frame,
    sample_of,
)
from skmlp.training.streamed_rows import MOST_KEPT, StreamedRows


def as_partitions(settings, X, y, sample_weight, request):
    """The arguments of a fit; X of Dask becomes a stream of its partitions.

    Validation rows come into memory: each epoch, or iteration, predicts them.
    """
    if not is_dask(X):
        return X, y, sample_weight, request
    if request.incremental:
        expected = "be in memory for partial_fit; fit takes Dask's collections"
        raise invalid(settings.owner, "X", expected, describe(X))
    if settings.n_members > 1:
        expected = "be 1 with Dask's collections, which each member would read anew"
        raise settings.invalid("n_members", expected)
    partitions = partitions_of(settings.owner, X, y, sample_weight)
    validation = tuple(map(in_memory, request.validation))
    stream = Stream(settings.owner, partitions, noun="partition")
    return stream, None, None, replace(request, validation=validation)


# Partitions


@dataclass
class Partitions:
    """X, y and weight, if any, of each partition, computed one after the other.

    delayed : of each a tuple of Dask's delayed objects.
    sample : a row like those of X.
    with_rows : the numbers of those that have rows, once they are known.
    """

    delayed: list[Any]
    sample: Any
    with_rows: list[int] = field(default_factory=list)

    def __iter__(self):
        import dask

        for parts in self.delayed:
            yield dask.compute(*parts)


def is_of_partitions(stream) -> bool:
    return isinstance(stream.batches, Partitions)


def partitions_of(owner, X, y, sample_weight) -> Partitions:
    """The partitions of X, with those of y and of the weights beside them."""
    sample = sample_of(owner, X)
    columns = [_delayed(X), _pieces(owner, "y", y, X)]
    if isinstance(sample_weight, Number):
        columns.append([sample_weight] * len(columns[0]))
    elif sample_weight is not None:
        columns.append(_pieces(owner, "sample_weight", sample_weight, X))
    return Partitions(list(zip(*columns, strict=True)), sample)


def _delayed(value):
    """The partitions of a collection, all of whose columns are in each of them."""
    if is_frame(value):
        return value.to_delayed()
    if value.ndim == 2:
        value = value.rechunk({1: -1})
    return value.to_delayed().ravel().tolist()


def _pieces(owner, name, value, X):
    """The partitions of y or of weights, which are those of X."""
    sizes = _sizes(X)
    if value is None:
        raise ValueError(f"{owner} requires y to be passed, but the target y is None.")
    if not is_dask(value):
        return _cut(owner, name, value, sizes)
    if sizes is not None and _sizes(value) is not None:
        _check_n_rows(owner, name, value, sum(sizes), sum(_sizes(value)))
        value = value.rechunk({0: tuple(sizes)})
    pieces, n_partitions = _delayed(value), len(_delayed(X))
    if len(pieces) != n_partitions:
        came = Text(f"{len(pieces)} partitions")
        expected = f"have the partitions of X, of which there are {n_partitions}"
        raise invalid(owner, name, expected, came)
    return pieces


def _sizes(value):
    """The rows of each partition; None where Dask does not know them."""
    if is_frame(value) or np.isnan(value.chunks[0]).any():
        return None
    return value.chunks[0]


def _cut(owner, name, value, sizes):
    """An array in memory in pieces of these sizes."""
    if sizes is None:
        expected = "be of Dask where X is a data frame, or an array of unknown sizes"
        raise invalid(owner, name, expected, describe(value))
    value = np.asarray(value)
    _check_n_rows(owner, name, value, sum(sizes), len(value))
    return np.split(value, np.cumsum(sizes)[:-1])


def _check_n_rows(owner, name, value, expected, came) -> None:
    if came != expected:
        text = f"have as many rows as X, {expected}"
        raise invalid(owner, name, text, describe(value))


# The first pass where the partitions are


@dataclass
class KeptParts:
    """Rows that were kept of each partition, with their numbers among all rows."""

    n_rows: int = 0
    rows: list[Any] = field(default_factory=list)
    _numbers: list[Any] = field(default_factory=list)

    def add(self, X: StreamedRows) -> None:
        self._numbers.append(X.numbers + self.n_rows)
        self.n_rows += len(X)
        self.rows.append(X.kept)

    @property
    def numbers(self):
        return np.concatenate(self._numbers)


def look_at_partitions(settings, template, stream, classes, *, reset, dtype):
    """X as StreamedRows, y and weight, as `first_pass` has them.

    Each partition is checked where it is; y, the weights and some rows come back.
    """
    import dask

    owner, partitions = settings.owner, stream.batches
    check_X(template, partitions.sample, reset=reset, dtype=dtype)
    n_kept = max(1, MOST_KEPT // len(partitions.delayed))
    bare = dask.delayed(without_callbacks(template), traverse=False)
    kept, look = KeptParts(), dask.delayed(looked_at)
    found = FirstPass(settings, classes, kept)
    looks = [
        look(owner, bare, dtype, number, n_kept, *parts)
        for number, parts in enumerate(partitions.delayed)
    ]
    for batch in filter(None, dask.compute(*looks)):
        if isinstance(batch, Exception):  # of the first partition that has one
            raise batch
        with batch_errors(batch.number, "partition"):
            _check_kind(owner, kept, batch.X)
            found.add(batch)
        partitions.with_rows.append(batch.number)
    if not partitions.with_rows:
        raise invalid(owner, "X", "have rows", Text("empty partitions"))
    return found.result(stream, template)


def looked_at(owner, template, dtype, number, n_kept, *parts):
    """A partition as a Batch whose X is only looked at; None without rows.

    Or the error, since of several errors that of the first partition is raised.
    """
    stream = Stream(owner, [parts], noun="partition", first=number)
    try:
        for batch in checked(stream, template, dtype):
            return Batch(number, _glance(batch.X, n_kept), batch.y, batch.weight)
    except (ValueError, TypeError) as error:
        return error
    return None


def _glance(X, n_kept) -> StreamedRows:
    """What the fit needs to know of X, with n_kept rows of it, evenly spread."""
    n_rows = X.shape[0]
    numbers = np.unique(np.linspace(0, n_rows - 1, min(n_kept, n_rows)).astype(np.intp))
    low, high = float(X.min()), float(X.max())
    return StreamedRows(None, None, X.shape, X.dtype, numbers, X[numbers], low, high)


def _check_kind(owner, kept, X) -> None:
    """Sparse partitions do not stand beside dense ones."""
    if kept.rows and issparse(kept.rows[0]) != issparse(X.kept):
        expected = f"be as in the first partition, {describe(kept.rows[0])}"
        raise invalid(owner, "X", expected, describe(X.kept))
