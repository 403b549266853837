"""The mean prediction of several members."""

import numpy as np
from scipy.special import logsumexp

from skmlp.losses import Heads


def mean_of_members(estimator, X):
    """What one network's `_output` gives, of the members' mean prediction."""
    outputs = [member._output(X) for member in estimator.members_]
    return estimator._mean_output(np.stack(outputs))


def mean_values(values, counted=None):
    """The mean of numbers over members; of each row over those that are `counted`.

    values : (n_members, n_samples, ...).
    counted : bool (n_members, n_samples), a member or more for each row; None is all.
    """
    if counted is None:
        return values.mean(axis=0)
    counted = counted.reshape(*counted.shape, *[1] * (values.ndim - counted.ndim))
    return values.mean(axis=0, where=counted)


def mean_raw(loss, raws, counted=None):
    """Raw outputs (n, n_outputs) whose inverse link is the mean probability.

    loss : with the inverse link, softmax or logistic.
    raws : (n_members, n_samples, n_outputs).
    counted : as of `mean_values`.
    """
    if isinstance(loss, Heads):
        heads = zip(loss.heads, loss.columns, strict=True)
        return np.hstack([mean_raw(head, raws[..., c], counted) for head, c in heads])
    if loss.out_activation == "softmax":
        return _log_mean(loss, raws, counted)
    # the log-odds, by logarithms of both probabilities
    return _log_mean(loss, raws, counted) - _log_mean(loss, -raws, counted)


def _log_mean(loss, raws, counted):
    """The logarithm of the mean probability."""
    logs = np.stack([loss.log_inverse_link(raw) for raw in raws])
    if counted is None:
        n_counted = len(logs)
    else:
        n_counted = counted.sum(axis=0)[:, np.newaxis]
        logs = np.where(counted[..., np.newaxis], logs, -np.inf)
    return logsumexp(logs, axis=0) - np.log(n_counted).astype(logs.dtype)
