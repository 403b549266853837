"""Batches from the user: iterated once before training, and again each epoch."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from skmlp.constraints import integer
from skmlp.errors import Text, describe, invalid
from skmlp.estimators.validation.arrays import (
    check_sample_weight,
    check_X,
    check_y,
)
from skmlp.training.batches import READ_BY_ROWS
from skmlp.training.streamed_batches import Block, cut, stacked
from skmlp.training.streamed_rows import KeptRows, StreamedRows

BATCHES = (
    "a list of (X, y) or (X, y, sample_weight), another iterable that can be iterated "
    "repeatedly, or a function that returns an iterable"
)
# Rows of a block; of these every k-th one may be held out.
BLOCK_ROWS = 1024
AT_LEAST_2, TWO_OR_MORE = integer(2)
WEIGHTS = "a number >= 0 or one for each row, in all batches or in none"


class Batch(NamedTuple):
    """A batch as it came, and its number.

    held : whether each row is held out to validate, (n,), or None for none.
    """

    number: int
    X: Any
    y: Any
    weight: Any
    held: Any = None


@dataclass(frozen=True)
class Stream:
    """Batches (X, y) or (X, y, sample_weight), iterated repeatedly.

    bare : whether to drop column names, which members do not use.
    validate_every : k, where every k-th block of rows is held out; or None.
    noun, first : what a batch is called, and the number of the first one.
    """

    owner: str
    batches: Any
    bare: bool = False
    validate_every: Any = None
    noun: str = "batch"
    first: int = 0

    def __post_init__(self) -> None:
        batches = self.batches
        is_once = hasattr(batches, "__next__")
        if is_once or not (callable(batches) or hasattr(batches, "__iter__")):
            raise invalid(self.owner, "batches", f"be {BATCHES}", describe(batches))
        every = self.validate_every
        if every is not None and not AT_LEAST_2(every):
            expected = f"be None or {TWO_OR_MORE}"
            raise invalid(self.owner, "validate_every", expected, every)

    def without_names(self) -> "Stream":
        return replace(self, bare=True)

    def __iter__(self) -> Iterator[Batch]:
        """The batches that have rows."""
        batches = self.batches() if callable(self.batches) else self.batches
        iterator = iter(batches)
        for number in count(self.first):
            try:
                parts = next(iterator)
            except StopIteration:
                return
            except Exception as error:
                source = "batches, for" if self.noun == "batch" else "the"
                text = f"{self.owner}: raised by {source} {self.noun} {number}."
                error.add_note(text)
                raise
            batch = self._batch(number, parts)
            if np.shape(batch.X)[:1] != (0,):
                yield batch

    def held(self, start, n_rows):
        """Which rows are held out, of n_rows of which the first is number `start`."""
        if self.validate_every is None:
            return None
        blocks = np.arange(start, start + n_rows) // BLOCK_ROWS
        return (blocks + 1) % self.validate_every == 0

    def _batch(self, number, parts) -> Batch:
        if not isinstance(parts, (tuple, list)) or len(parts) not in (2, 3):
            came = Text(f"{describe(parts)} as batch {number}")
            raise invalid(self.owner, "batches", f"be {BATCHES}", came)
        X, y, weight = (*parts, None)[:3]
        if self.bare and hasattr(X, "columns"):
            X = np.asarray(X)
        return Batch(number, X, y, weight)


@contextmanager
def batch_errors(number, noun="batch"):
    """Add to a complaint which batch it is about."""
    try:
        yield
    except (ValueError, TypeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{error}\nThis is {noun} {number}, counted from 0.") from error


def checked(stream, template, dtype, *, reset=False) -> Iterator[Batch]:
    """The batches with X as a float array or CSR matrix, and weights as an array.

    reset : whether the first one says which features X has.
    """
    n_seen = 0
    for batch in stream:
        with batch_errors(batch.number, stream.noun):
            X = check_X(template, batch.X, reset=reset, dtype=dtype)
            if isinstance(X, READ_BY_ROWS):
                X = X[:]
            weight = _weights(stream.owner, batch.weight, X.shape[0])
        reset = False
        held = stream.held(n_seen, X.shape[0])
        n_seen += X.shape[0]
        yield Batch(batch.number, X, batch.y, weight, held)


def _weights(owner, weight, n_rows):
    """Some of the weights of a stream, which may all be 0."""
    if weight is None:
        return None
    weights = np.asarray(weight, np.float64)
    weights = np.full(n_rows, weights) if weights.ndim == 0 else weights
    if weights.shape != (n_rows,) or not (np.isfinite(weights) & (weights >= 0)).all():
        raise invalid(owner, "sample_weight", f"be {WEIGHTS}", describe(weight))
    return weights


# The first time


class FirstPass:
    """What all batches tell before training: y and weights, and what X is like.

    kept : keeps some rows of X; by default every k-th one.
    """

    def __init__(self, settings, classes, kept=None):
        self._settings, self._classes = settings, classes
        self._y, self._weights = [], []
        self._held = []
        self._first, self._kept = None, KeptRows() if kept is None else kept
        self._low, self._high = np.inf, -np.inf

    def add(self, batch) -> None:
        if self._first is None:
            self._first = batch.X
        self._check_as_before(batch)
        X, y, weight = batch.X, self._checked_y(batch), batch.weight
        if batch.held is not None:
            self._held.append(_chosen((X, y, weight), batch.held))
            X, y, weight = _chosen((X, y, weight), ~batch.held)
        # copies, since views would keep the memory of all batches
        self._y.append(y.copy())
        self._weights.append(None if weight is None else weight.copy())
        if X.shape[0]:
            self._kept.add(X)
            self._low = min(self._low, float(X.min()))
            self._high = max(self._high, float(X.max()))

    def _check_as_before(self, batch) -> None:
        owner, (X, first) = self._settings.owner, (batch.X, self._first)
        if X.dtype != first.dtype or type(X) is not type(first):
            expected = f"be as in the first batch, {describe(first)}"
            raise invalid(owner, "X", expected, describe(X))
        if self._weights and (batch.weight is None) != (self._weights[0] is None):
            expected, came = f"be {WEIGHTS}", describe(batch.weight)
            raise invalid(owner, "sample_weight", expected, came)

    def _checked_y(self, batch):
        """Some of the targets, of the kind of those before."""
        owner, y = self._settings.owner, batch.y
        numeric, n_rows = self._settings.is_regression, batch.X.shape[0]
        y = check_y(owner, y, n_rows, expected="targets", numeric=numeric)
        first = self._y[0] if self._y else y
        if (_kind(y), y.shape[1:]) != (_kind(first), first.shape[1:]):
            expected = f"be as in the first batch, {describe(first)}"
            raise invalid(owner, "y", expected, describe(y))
        if self._classes is not None and y.ndim == 1:
            self._check_labels(y)
        return y

    def _check_labels(self, y) -> None:
        known = np.asarray(self._classes).tolist()
        unknown = sorted(set(y.tolist()) - set(known), key=str)
        if unknown:
            expected = "hold only labels that classes names"
            raise invalid(self._settings.owner, "y", expected, unknown)

    def result(self, stream, template):
        """X, y and weight of the stream, and those of the rows held out or None."""
        owner, dtype = self._settings.owner, self._first.dtype
        n_rows, n_features = self._kept.n_rows, self._first.shape[1]
        X = StreamedRows(
            stream,
            lambda n_at_once: _blocks_of_X(stream, template, dtype, n_at_once),
            (n_rows, n_features),
            dtype,
            self._kept.numbers,
            stacked(self._kept.rows),
            self._low,
            self._high,
        )
        weight = None if self._weights[0] is None else np.concatenate(self._weights)
        weight = check_sample_weight(owner, weight, X)
        return X, stacked(self._y), weight, self._validation(stream)

    def _validation(self, stream):
        """X, y and weight of the rows that are held out, or None."""
        if not self._held:
            return None
        X, y, weights = map(list, zip(*self._held, strict=True))
        X = stacked(X)
        if not X.shape[0]:
            n_blocks = -(-self._kept.n_rows // BLOCK_ROWS)
            expected = (
                f"be at most the number of blocks of {BLOCK_ROWS} rows, {n_blocks}"
            )
            raise invalid(
                stream.owner, "validate_every", expected, stream.validate_every
            )
        return X, stacked(y), None if weights[0] is None else np.concatenate(weights)


def _chosen(arrays, mask):
    return tuple(None if array is None else array[mask] for array in arrays)


def _kind(y):
    """Of targets that may stand together: numbers may be of several dtypes."""
    return "number" if y.dtype.kind in "biuf" else y.dtype.kind


def _blocks_of_X(stream, template, dtype, n_at_once):
    """X in blocks of so many rows, however the stream is cut."""
    batches = checked(stream, template, dtype)
    kept = (b.X if b.held is None else b.X[~b.held] for b in batches)
    no_y = (Block(X, np.empty((X.shape[0], 0)), None) for X in kept)
    for block in cut(no_y, n_at_once):
        yield block.X


def first_pass(settings, template, stream, classes, *, reset, dtype):
    """X as StreamedRows, y and weight of all batches, which are checked one by one.

    And X, y and weight of the rows that the stream holds out, or None.
    """
    found, empty = FirstPass(settings, classes), True
    for batch in checked(stream, template, dtype, reset=reset):
        empty = False
        with batch_errors(batch.number, stream.noun):
            found.add(batch)
    if empty:
        raise invalid(settings.owner, "batches", f"be {BATCHES}", Text("no rows"))
    return found.result(stream, template)


# Each epoch


def training_blocks(plan, mean_weight, factors=None):
    """A function that gives the blocks of an epoch as training sees them.

    mean_weight : by which weights are divided.
    factors : a function from Y to the weights of its rows' classes, or None.
    """
    owner, (stream, n_rows) = plan.settings.owner, (plan.data.X.source, len(plan.data))

    def blocks():
        n_seen = 0
        for batch in checked(stream, plan.template, plan.data.X.dtype):
            with batch_errors(batch.number, stream.noun):
                Y = _encoded(plan, batch)
            weight = _normalized(batch.weight, factors, Y, mean_weight)
            rows = replace(plan.data, X=batch.X, Y=Y, weight=weight)
            rows = plan.scaling.training_rows(rows)
            X = rows.X[:] if isinstance(rows.X, READ_BY_ROWS) else rows.X
            block = Block(X, rows.Y, rows.weight)
            block = block if batch.held is None else block.rows(~batch.held)
            n_seen += len(block.Y)
            yield block
        if n_seen != n_rows:
            expected = f"have {n_rows} rows in each iteration"
            raise invalid(owner, "batches", expected, n_seen)

    return blocks


def _encoded(plan, batch):
    owner, task, n_rows = plan.settings.owner, plan.task, batch.X.shape[0]
    with warnings.catch_warnings():  # that few rows have many classes
        warnings.simplefilter("ignore", UserWarning)
        y = task.check(owner, batch.y, n_rows)
    return task.encode(owner, y, batch.X.dtype)


def _normalized(weight, factors, Y, mean_weight):
    if factors is not None:
        weight = factors(Y) if weight is None else weight * factors(Y)
    if weight is None:
        return None
    with np.errstate(over="ignore"):
        return (weight / mean_weight).astype(Y.dtype)
