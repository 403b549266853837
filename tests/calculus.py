"""Derivatives by differences, to hold against those that the package computes."""

import numpy as np


def central_difference(f, x, h=1e-6):
    """The gradient of the scalar function `f` at the vector `x`."""
    return np.array([(f(x + e) - f(x - e)) / (2 * h) for e in h * np.eye(len(x))])


def relative_error(found, expected):
    """|found - expected| / |expected|, by the Euclidean norm over all entries."""
    found, expected = np.asarray(found), np.asarray(expected)
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)
