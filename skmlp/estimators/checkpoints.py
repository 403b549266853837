"""The file of an estimator's checkpoints: where it is, and what it belongs to."""

import os
import warnings
from contextlib import contextmanager
from pathlib import Path

import joblib
import numpy as np

from skmlp.checkpoint import Checkpoint, CheckpointError
from skmlp.estimators.validation import owner
from skmlp.version import __version__

# Parameters that may change between a fit and the one that goes on with it.
FREE = ("verbose", "checkpoint", "checkpoint_every")


def checkpoint_of(estimator, fit) -> Checkpoint | None:
    """The checkpoint that the estimator asks for, if it does."""
    if estimator.checkpoint is None:
        return None
    return Checkpoint(
        Path(os.fspath(estimator.checkpoint)),
        int(estimator.checkpoint_every),
        _identity(estimator, fit),
        _Failure(estimator),
    )


@contextmanager
def naming_checkpoint(estimator):
    """Add class, parameter and expectation to a complaint about the file."""
    try:
        yield
    except CheckpointError as error:
        raise ValueError(
            f"{error}\n{owner(estimator)}: checkpoint must be None or the path of a "
            "file that this same fit wrote, or of none, in a folder that can be "
            f"written to, got {estimator.checkpoint!r}."
        ) from error


def _identity(estimator, fit):
    params = estimator.get_params(deep=False).items()
    params = {name: _hash(value) for name, value in params if name not in FREE}
    start = estimator.coefs_init
    if hasattr(start, "coefs_"):  # without its history, which has seconds
        params["coefs_init"] = _hash([start.coefs_, start.intercepts_])
    data, held = fit.data, fit.held and vars(fit.held)
    return {
        "versions": f"skmlp {__version__}, numpy {np.__version__}",
        "parameters": _hash([owner(estimator), params]),
        "weights to start from": _hash(fit.params if fit.call.continued else None),
        "training data": _hash([data.X, data.Y, data.weight]),
        "validation data": _hash([held, data.rows]),
    }


def _hash(value) -> str:
    """Equal for equal values; of functions that can't be pickled, by their name."""
    try:
        return joblib.hash(value)
    except Exception:  # of many kinds: joblib pickles the value
        return getattr(value, "__qualname__", type(value).__qualname__)


class _Failure:
    """Warns once that checkpoints can't be written; training goes on."""

    def __init__(self, estimator):
        self._name, self._warned = owner(estimator), False

    def __call__(self, error):
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"{self._name}: a checkpoint could not be written ({error}). Training "
                "goes on, and the last one is left as it is.",
                RuntimeWarning,
                stacklevel=10,
            )
