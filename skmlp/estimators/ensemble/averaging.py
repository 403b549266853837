"""The mean prediction of several members."""

import numpy as np


def mean_of_members(estimator, X):
    """What one network's `_output` gives, of the members' mean prediction."""
    outputs = [member._output(X) for member in estimator.members_]
    return estimator._fitted_task().mean_output(np.stack(outputs))
