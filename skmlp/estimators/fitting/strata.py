"""Rows held out at random, of each class by its share."""

import math

import numpy as np
from sklearn.model_selection import train_test_split

# From here on memory counts for more than indices that need no conversion.
MANY_ROWS = 1 << 18


def random_split(strata, n_samples, fraction, random_state):
    """(training, validation) rows, those of scikit-learn's ``train_test_split``.

    Its draws in its order, in less memory: its lists of numbers take 76 bytes a row.

    strata : bool (n_samples,), or None for rows that are not stratified.
    """
    n_held = math.ceil(fraction * n_samples)
    n_training, counts = n_samples - n_held, _counts(strata, n_samples)
    if counts.min() < 2 or min(n_training, n_held) < len(counts):
        numbers, how = np.arange(n_samples), {"test_size": fraction}
        return train_test_split(numbers, stratify=strata, **how)  # which says why not
    is_many = MANY_ROWS <= n_samples <= np.iinfo(np.int32).max
    dtype = np.int32 if is_many else np.intp
    if strata is None:
        rows = np.arange(n_samples, dtype=dtype)
        random_state.shuffle(rows)
        return rows[n_held:], rows[:n_held]
    training, held = np.empty(n_training, dtype), np.empty(n_held, dtype)
    _draw_of_each_class(strata, counts, training, held, random_state)
    return training, held


def _counts(strata, n_samples):
    """How many rows each class has, those without rows left out."""
    if strata is None:
        return np.array([n_samples])
    n_above = np.count_nonzero(strata)
    return np.array([n for n in (n_samples - n_above, n_above) if n])


def _draw_of_each_class(strata, counts, training, held, random_state):
    """Fill training and held with rows of each class, as many as is its share."""
    n_training = _drawn_shares(counts, len(training), random_state)
    n_held = _drawn_shares(counts - n_training, len(held), random_state)
    codes = [code for code in (False, True) if code in strata]
    start, held_start = 0, 0
    for code, n, m in zip(codes, n_training, n_held, strict=True):
        rows = np.flatnonzero(strata == code)
        random_state.shuffle(rows)
        training[start : start + n] = rows[:n]
        held[held_start : held_start + m] = rows[n : n + m]
        start, held_start = start + n, held_start + m
    random_state.shuffle(training)
    random_state.shuffle(held)


def _drawn_shares(counts, n, random_state):
    """How many of n rows each class gives; of equal remainders some are drawn."""
    share = counts / counts.sum() * n
    given = np.floor(share)
    remainder = share - given
    for value in np.unique(remainder)[::-1]:
        n_left = int(n - given.sum())
        if n_left:
            equal = np.flatnonzero(remainder == value)
            n_more = min(len(equal), n_left)
            given[random_state.choice(equal, size=n_more, replace=False)] += 1
    return given.astype(int)


def stratified_split(codes, fraction, random_state):
    """(training, validation) rows: of each class its share of both, as far as it can.

    A class of two rows or more has at least one row in both, as long as there are as
    many validation rows; a class of one row stays in training.

    codes : (n_samples,), the number of each row's class.
    """
    n_samples = len(codes)
    order = random_state.permutation(n_samples)
    counts = np.bincount(codes)
    n_held = _shared_out(counts, math.ceil(fraction * n_samples))
    held = _places(codes, counts, order) < n_held[codes]
    return order[~held[order]], order[held[order]]


def _places(codes, counts, order):
    """Of each row its place in the order of its class, from 0."""
    by_class = order[np.argsort(codes[order], kind="stable")]
    starts = np.cumsum(counts) - counts
    places = np.empty(len(codes), np.intp)
    places[by_class] = np.arange(len(codes)) - starts[codes[by_class]]
    return places


def _shared_out(counts, n):
    """How many of n validation rows each class gives; each keeps one row to train."""
    most = np.maximum(counts - 1, 0)
    n = min(n, most.sum())
    share = n * counts / counts.sum()
    given = np.minimum(np.floor(share).astype(np.intp), most)
    if n >= np.count_nonzero(most):
        given = np.maximum(given, most > 0)
    while given.sum() < n:  # the class furthest below its share
        given[np.argmax(np.where(given < most, share - given, -np.inf))] += 1
    while given.sum() > n:  # the class furthest above its share that can spare one
        given[np.argmax(np.where(given > 1, given - share, -np.inf))] -= 1
    return given


def folds_of(strata, n_samples, n_folds, random_state):
    """The fold of each row: rows are dealt out in turn, one stratum after the other.

    So the folds' sizes differ by one at most, and so do their counts of each stratum.
    The only row of a stratum is in no fold, -1, so that it always trains.
    """
    order = random_state.permutation(n_samples)
    single = np.zeros(n_samples, bool)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
        single = np.bincount(strata)[strata] == 1
    folds = np.full(n_samples, -1, np.intp)
    dealt = order[~single[order]]
    folds[dealt] = np.arange(len(dealt)) % n_folds
    return folds
