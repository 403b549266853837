"""Probabilities from raw outputs, and their mean over members."""

import numpy as np


def floored_probabilities(link, raw):
    """Probabilities, no smaller than the dtype's smallest normal number.

    link : a loss with the inverse link.
    """
    proba = link.inverse_link(raw)
    return np.maximum(proba, np.finfo(proba.dtype).tiny, out=proba)


def mean_softmax(link, raws, weights=None):
    """Raw outputs whose softmax is the mean probability.

    raws : (n_members, n_samples, n_outputs).
    weights : of the members, (n_members,) or (n_members, n_samples); None for equal.
    """
    return _log_mean(link, raws, weights)


def mean_logistic(link, raws, weights=None):
    """Log-odds of the mean probability, by logarithms of both probabilities."""
    return _log_mean(link, raws, weights) - _log_mean(link, -raws, weights)


def _log_mean(link, raws, weights):
    """The logarithm of the mean probability."""
    logs = np.stack([link.log_inverse_link(raw) for raw in raws])
    if weights is None:
        total = len(logs)
    else:
        weights = weights_for(raws, weights)
        total = weights.sum(axis=0)
        with np.errstate(divide="ignore"):  # of weights of 0
            logs += np.log(weights).astype(logs.dtype)
    return logsumexp(logs, axis=0) - np.log(total).astype(logs.dtype)


def weights_for(outputs, weights):
    """Weights of members, or of members and rows, with the axes of `outputs`."""
    weights = np.asarray(weights, np.float64)
    return weights.reshape(weights.shape + (1,) * (outputs.ndim - weights.ndim))


def logsumexp(values, axis):
    """The logarithm of the sum of exponentials, in a third of SciPy's time for a row.

    values : less than infinite, with a finite one in each sum.
    """
    largest = values.max(axis=axis)
    return np.log(np.exp(values - largest).sum(axis)) + largest


def log_odds(proba):
    """log p - log(1 - p), finite: where p rounds to 1, 1 - p counts as half of eps.

    p = 1 still ranks above the next smaller p, whose 1 - p is half of eps.
    """
    half_eps = np.finfo(proba.dtype).eps / 2
    odds = np.log(proba) - np.log(np.maximum(1 - proba, half_eps))
    np.nextafter(odds, proba.dtype.type(np.inf), out=odds, where=proba == 1)
    return odds
