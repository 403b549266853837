"""Classes that come later: outputs for them beside those that a model has."""

import copy
from dataclasses import replace

import numpy as np
from scipy.special import logsumexp
from sklearn.utils.multiclass import unique_labels

from skmlp.errors import error_context
from skmlp.estimators.fitting.fitted_network import fitted_network
from skmlp.estimators.fitting.settings import loss_component
from skmlp.estimators.targets.choice import fitted_task
from skmlp.estimators.targets.labels import CLASSES, check_labels, distinct_labels
from skmlp.estimators.validation.arrays import check_X
from skmlp.estimators.validation.fitted_weights import fitted_layers


def with_new_classes(estimator, settings, before, X, y, classes):
    """The fitted attributes `before`, with an output for each class that is new.

    Those of the others stay as they are, to the bit. A new one starts with weights of 0
    and the bias of a class of so few rows: the loss's optimum.

    classes : which later calls may name, or None.
    """
    owner, task = settings.owner, fitted_task(settings.owner, before)
    task.check_extensible(owner)
    layers = fitted_layers(owner, before["coefs_"], before.get("intercepts_", ()))
    X = check_X(copy.copy(estimator), X, reset=False, dtype=layers[0][0].dtype)
    y = check_labels(owner, y, X.shape[0])
    every = _all_classes(owner, task.classes, y, classes)
    if len(every) == len(task.classes):
        return before
    grown = task.extended(every)
    *hidden, last = layers
    if grown.n_outputs == 1:  # of one class there are two
        last = _towards_the_second(task, grown, last)
    else:
        raw = _raw(settings, before, X)
        loss = grown.loss(loss_component(settings))
        last = _with_units(task, grown, last, loss, raw, _shares(before, grown, y))
    return _attributes(before, grown, [*hidden, last])


def _all_classes(owner, known, y, classes):
    """The sorted labels of the model, of y and of `classes`."""
    with error_context(owner, "y", "labels of the type of classes_", y):
        every = unique_labels(known, y)
    if classes is None:
        return every
    with error_context(owner, "classes", CLASSES, classes):
        return unique_labels(every, distinct_labels(owner, classes))


def _raw(settings, before, X):
    network, views = fitted_network(settings.owner, settings.activation, before)
    return network.predict(views, X)


def _towards_the_second(task, grown, layer):
    """The unit for the log-odds of the second class, which the first one may become."""
    sign = 1.0 if grown.classes[0] == task.classes[0] else -1.0
    return tuple(sign * array for array in layer)


def _shares(before, grown, y):
    """Of each class its share of all rows that were seen, at least that of one row."""
    counts = np.array([np.count_nonzero(y == label) for label in grown.classes])
    n_rows = max(before.get("t_", 0), 0) + len(y)
    return np.maximum(counts, 1) / max(n_rows, counts.sum())


def _with_units(task, grown, layer, loss, raw, shares):
    """(W, b) of the last layer, with units for new classes among the others."""
    W, b = (task.softmax_units(array) for array in layer)
    there = np.isin(grown.classes, task.classes)
    wide = np.zeros((len(W), len(there)), W.dtype)
    wide[:, there] = W
    bias = _rare_bias(loss, np.where(there, 0.0, shares))
    # the network's own outputs have another level than the optimum's
    level = logsumexp(task.softmax_units(raw).astype(np.float64), axis=1).mean()
    biases = (bias - logsumexp(bias[there]) + level).astype(b.dtype)
    biases[there] = b
    return wide, biases


def _rare_bias(loss, shares):
    """The loss's best constant for classes of these shares; others share the rest."""
    rest = max(1.0 - shares.sum(), 0.0)
    weight = np.where(shares > 0, shares, rest / np.count_nonzero(shares == 0))
    return loss.constant_optimum(np.eye(len(shares)), weight)


def _attributes(before, grown, layers):
    state = before.get("_state")
    found = {
        **before,
        **grown.attributes,
        "coefs_": [W for W, _ in layers],
        "intercepts_": [b for _, b in layers],
    }
    if state is not None:
        memory = state.memory and replace(state.memory, inner=None)
        found["_state"] = replace(state, task=grown, memory=memory)
    return found
