"""Noise of the size of rounding on every gradient, as if on another processor.

Python imports a module of this name at its start from any folder of PYTHONPATH, which
is how the worker processes of a test come to train as the test's own process does.
"""

import os
from zlib import crc32

import numpy as np

SEED = "SKMLP_ROUNDING_NOISE"
# relative; of float32 about one unit in the last place, of float64 some
SIZES = {"f4": 1e-7, "f8": 1e-15}


def add_noise(grad, seed):
    """Multiply `grad` in place by 1 + noise, which its bits and `seed` alone decide.

    So equal fits stay equal, and so does a fit that goes on from a checkpoint, from
    partial_fit or in another process.
    """
    rng = np.random.default_rng([seed, crc32(grad)])
    size = SIZES[grad.dtype.str[1:]]
    grad *= 1 + size * rng.standard_normal(grad.size, grad.dtype)


def install(seed):
    """Have each objective give a noisy gradient, for as long as the process lives."""
    from skmlp.network.objective import Objective

    exact = Objective.value_and_gradient
    if exact.__module__.endswith("sitecustomize"):  # by PYTHONPATH already
        return

    def value_and_gradient(self, *args, **kwargs):
        value, grad = exact(self, *args, **kwargs)
        add_noise(grad, seed)
        return value, grad

    Objective.value_and_gradient = value_and_gradient


if SEED in os.environ:
    install(int(os.environ[SEED]))
