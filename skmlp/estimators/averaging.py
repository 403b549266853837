"""The mean prediction of several members."""

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from scipy.special import logsumexp

from skmlp.losses import Heads


# Multiply-adds, of all members, that take longer than threads take to start.
WORTH_THREADS = 1 << 28


def mean_of_members(estimator, X):
    """What one network's `_output` gives, of the members' mean prediction."""
    members = estimator.members_
    n_products = sum(W.size for member in members for W in member.coefs_)
    is_much = X.shape[0] * n_products >= WORTH_THREADS
    n_jobs = n_at_once(estimator) if is_much else 1
    outputs = side_by_side(n_jobs, [delayed(m._output)(X) for m in members])
    return estimator._mean_output(np.stack(list(outputs)))


def side_by_side(n_jobs, calls):
    """By threads: NumPy lets others run while it works. Results come one by one."""
    return Parallel(n_jobs, backend="threading", return_as="generator")(calls)


def n_at_once(estimator) -> int:
    """How many members may train or predict at the same time."""
    return min(effective_n_jobs(estimator.n_jobs), estimator.n_members)


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
