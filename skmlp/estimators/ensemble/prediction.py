"""What the members of an ensemble predict, one after the other or at once."""

import numpy as np
from joblib import Parallel, delayed

from skmlp.estimators.fitting.kept_network import network_of
from skmlp.estimators.fitting.threads import one_blas_thread
from skmlp.estimators.validation.fitted_weights import check_n_features
from skmlp.network.side_by_side import MOST_ROWS, raw_outputs

# Rows of all members from which starting threads pays: some hundredths of a second.
WORTH_THREADS = 30_000


def outputs_of(members, X, n_jobs):
    """The output (n_samples, ...) of each member, whose X is checked."""
    is_array, n_rows = isinstance(X, np.ndarray), X.shape[0]
    if is_array and n_rows <= MOST_ROWS:
        each = zip(members, _raw_outputs(members, X), strict=True)
        return [member._output_of(raw) for member, raw in each]
    if not is_array or n_rows * len(members) < WORTH_THREADS:
        return [member._output(X) for member in members]
    # NumPy works without Python's lock, and its own threads would get into the way
    jobs = [delayed(member._output)(X) for member in members]
    with one_blas_thread():
        return Parallel(n_jobs, require="sharedmem")(jobs)


def _raw_outputs(members, X):
    pairs = [network_of(member) for member in members]
    for member, (network, _) in zip(members, pairs, strict=True):
        check_n_features(type(member).__name__, X, network.layer_sizes[0])
    networks, views = zip(*pairs, strict=True)
    return raw_outputs(networks, views, X)
