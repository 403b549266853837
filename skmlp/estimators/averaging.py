"""The mean prediction of several members, as raw outputs that give it."""

import numpy as np
from joblib import Parallel, delayed
from scipy.special import logsumexp

from skmlp.estimators.validation import check_X_to_predict
from skmlp.losses import Heads


def raw_of_members(estimator, X):
    """Raw outputs (n_samples, n_outputs) of the members' mean prediction."""
    X = check_X_to_predict(estimator, X)
    raws = side_by_side(
        estimator, (delayed(member._raw)(X) for member in estimator.members_)
    )
    return mean_raw(estimator._fitted_loss, raws)


def side_by_side(estimator, calls):
    """By threads: NumPy lets others run while it works."""
    return Parallel(n_jobs=estimator.n_jobs, backend="threading")(calls)


def mean_raw(loss, raws):
    """Raw outputs (n, n_outputs) whose inverse link is the mean of those of `raws`.

    raws : one array (n, n_outputs) for each member.
    """
    if len(raws) == 1:
        return raws[0]
    if isinstance(loss, Heads):
        return _mean_of_heads(loss, raws)
    return np.asarray(MEANS[loss.out_activation](loss, np.stack(raws)))


def _mean_of_identity(loss, raws):
    return raws.mean(axis=0)


def _mean_of_exp(loss, raws):
    return logsumexp(raws, axis=0) - np.log(len(raws)).astype(raws.dtype)


def _mean_of_logistic(loss, raws):
    """The log-odds of the mean probability, by logarithms of both probabilities."""
    yes = logsumexp(np.stack([loss.log_inverse_link(raw) for raw in raws]), axis=0)
    no = logsumexp(np.stack([loss.log_inverse_link(-raw) for raw in raws]), axis=0)
    return yes - no


def _mean_of_softmax(loss, raws):
    logs = np.stack([loss.log_inverse_link(raw) for raw in raws])
    return logsumexp(logs, axis=0) - np.log(len(raws)).astype(raws.dtype)


def _mean_of_heads(loss, raws):
    heads = zip(loss.heads, loss.columns, strict=True)
    return np.hstack([mean_raw(head, [raw[:, c] for raw in raws]) for head, c in heads])


MEANS = {
    "identity": _mean_of_identity,
    "exp": _mean_of_exp,
    "logistic": _mean_of_logistic,
    "softmax": _mean_of_softmax,
}
