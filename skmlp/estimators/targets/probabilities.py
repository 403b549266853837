"""Probabilities from raw outputs, and their mean over members."""

import numpy as np


def floored_probabilities(link, raw):
    """Probabilities, no smaller than the dtype's smallest normal number.

    link : a loss with the inverse link.
    """
    proba = link.inverse_link(raw)
    return np.maximum(proba, np.finfo(proba.dtype).tiny, out=proba)


def mean_softmax(link, raws, counted=None):
    """Raw outputs whose softmax is the mean probability.

    raws : (n_members, n_samples, n_outputs).
    counted : bool (n_members, n_samples), which members count for a row.
    """
    return _log_mean(link, raws, counted)


def mean_logistic(link, raws, counted=None):
    """Log-odds of the mean probability, by logarithms of both probabilities."""
    return _log_mean(link, raws, counted) - _log_mean(link, -raws, counted)


def _log_mean(link, raws, counted):
    """The logarithm of the mean probability."""
    logs = np.stack([link.log_inverse_link(raw) for raw in raws])
    if counted is None:
        n_counted = len(logs)
    else:
        n_counted = counted.sum(axis=0)[:, np.newaxis]
        logs = np.where(counted[..., np.newaxis], logs, -np.inf)
    return logsumexp(logs, axis=0) - np.log(n_counted).astype(logs.dtype)


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
