"""Rows held out of each class by its share, where it has rows to spare."""

import math

import numpy as np


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
