"""Predictions from raw outputs in ONNX: inverse links, and means over members."""

import math

import numpy as np

from skmlp.errors import invalid
from skmlp.export.onnx.activations import softplus
from skmlp.losses import Loss, PoissonDeviance, Quantile

# Inverse links of losses for numbers


def _identity(loss, raw, n_outputs):
    return raw


def _exp(loss, raw, n_outputs):
    return raw.op("Exp")


def _sorted_levels(loss, raw, n_outputs):
    """Outputs of each target in ascending order."""
    n_levels = len(loss.levels)
    grouped = raw.reshape(0, n_outputs // n_levels, n_levels)
    ascending = grouped.op(
        "TopK", np.array([n_levels]), axis=2, largest=0, sorted=1, n_outputs=2
    )
    return ascending.op("Flatten", axis=1)


# By the methods, which losses inherit.
INVERSE_LINKS = {
    Loss.inverse_link: _identity,
    PoissonDeviance.inverse_link: _exp,
    Quantile.inverse_link: _sorted_levels,
}


def inverse_link(owner, loss, raw, n_outputs):
    """The means, or quantiles, (n, n_outputs) of raw outputs."""
    method = type(loss).inverse_link
    if method not in INVERSE_LINKS:
        expected = "have an inverse link of skmlp.losses to be exported to ONNX"
        raise invalid(owner, "loss", expected, loss)
    return INVERSE_LINKS[method](loss, raw, n_outputs)


# Probabilities of classes


def logistic(raw):
    """1 / (1 + exp(-raw)), exact also where it is near 0."""
    return ((-raw).op("Exp") + 1.0).op("Reciprocal")


def softmax(raw):
    return raw.op("Softmax", axis=1)


def floored(probabilities):
    """No smaller than the dtype's smallest normal number."""
    return probabilities.maximum(np.finfo(probabilities.dtype).tiny)


# Means over members, by their weights or None for equal ones


def mean(values, weights):
    """The mean of a list of values."""
    total = _sum(values, weights)
    return total / float(len(values) if weights is None else weights.sum())


def _sum(values, weights):
    if weights is not None:
        values = [v * float(weight) for v, weight in zip(values, weights, strict=True)]
    return values[0].op("Sum", *values[1:])


def mean_softmax(raws, weights):
    """Raw outputs whose softmax is the mean probability."""
    return _log_mean([raw.op("LogSoftmax", axis=1) for raw in raws], weights)


def mean_logistic(raws, weights):
    """Log-odds of the mean probability."""
    yes = _log_mean([-softplus(-raw) for raw in raws], weights)
    return yes - _log_mean([-softplus(raw) for raw in raws], weights)


def _log_mean(logs, weights):
    """The logarithm of the mean of what these are logarithms of."""
    first, *others = logs
    largest = first.op("Max", *others)
    total = _sum([(log - largest).op("Exp") for log in logs], weights)
    n = len(logs) if weights is None else weights.sum()
    return total.op("Log") + largest - math.log(n)
