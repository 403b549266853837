"""The checkpoint file of an estimator: its path, and the fit it belongs to."""

import os
import warnings
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType

import joblib
import numpy as np
import scipy
import sklearn

from skmlp.component import Component
from skmlp.constraints import is_real
from skmlp.errors import short_repr
from skmlp.estimators.reporting.entries import with_entry
from skmlp.training.batches import READ_BY_ROWS
from skmlp.training.checkpoint import Checkpoint, CheckpointError
from skmlp.training.converted_rows import bytes_of_row, row_blocks
from skmlp.training.streamed_rows import StreamedRows
from skmlp.version import __version__

# Parameters that may change between a fit and the one that resumes it.
FREE = ("verbose", "checkpoint")


def checkpoint_of(plan) -> Checkpoint | None:
    """The checkpoint file of a plan, if requested."""
    asked = plan.settings.checkpoint
    if asked is None:
        return None
    return Checkpoint(
        Path(os.fspath(asked.path)),
        int(asked.every),
        _identity(plan),
        _Failure(plan.settings.owner),
    )


@contextmanager
def checkpoint_errors(settings):
    """Add class, parameter and expectation to an error about the file."""
    try:
        yield
    except CheckpointError as error:
        raise ValueError(
            f"{error}\n{settings.owner}: checkpoint must be None, or a path in a "
            "writable folder: of a new file, or of a checkpoint of the same fit, got "
            f"{settings.given['checkpoint']!r}."
        ) from error


def _identity(plan):
    """What a checkpoint belongs to, by name."""
    owner, given = plan.settings.owner, plan.settings.given
    params = {
        name: hash_of_parameter(owner, name, value)
        for name, value in given.items()
        if name not in FREE
    }
    start = given["coefs_init"]
    if hasattr(start, "coefs_"):  # without its history, which has seconds
        params["coefs_init"] = joblib.hash([start.coefs_, start.intercepts_])
    data, validation = plan.data, plan.validation and vars(plan.validation)
    start = plan.params if plan.request.continued else None
    return {
        "versions": ", ".join(
            f"{module.__name__} {module.__version__}" for module in (np, scipy, sklearn)
        )
        + f", skmlp {__version__}",
        "parameters": joblib.hash([owner, params]),
        "initial weights": joblib.hash(start),
        "training data": joblib.hash([_content(data.X), data.Y, data.weight]),
        "validation data": joblib.hash([_content(validation), data.rows]),
    }


def _content(data):
    """What to hash of data: of rows that are read from a file, what they are.

    Of a stream the rows that were kept.
    """
    if isinstance(data, StreamedRows):
        return data.shape, data.kept, data.low, data.high
    if isinstance(data, dict):
        return {name: _content(value) for name, value in data.items()}
    if not isinstance(data, READ_BY_ROWS):
        return data
    blocks = row_blocks(data.shape[0], bytes_of_row(data))
    return [joblib.hash(data[rows]) for rows in blocks]


def hash_of_parameter(owner, name, value) -> str:
    """The hash of a parameter: of functions by what they do, of numbers by value."""
    if is_real(value):
        value = float(value)
    if isinstance(value, (list, tuple)):  # joblib heeds which of them are one object
        return joblib.hash([hash_of_parameter(owner, name, item) for item in value])
    if isinstance(value, Component):  # with functions among its settings
        held = {n: v for n, v in vars(value).items() if n != "_given"}
        kind = type(value)
        parts = [kind.__module__, kind.__qualname__, *held, *held.values()]
        return hash_of_parameter(owner, name, parts)
    try:
        return joblib.hash(_code(value) if isinstance(value, FunctionType) else value)
    except Exception as error:  # of many kinds: joblib pickles the value
        raise ValueError(
            f"{owner}: {name} must be picklable with checkpoint, got "
            f"{short_repr(value)}."
        ) from error


def _code(function):
    """What distinguishes functions, such as lambdas, which all have the same name."""
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    defaults = function.__defaults__, function.__kwdefaults__
    return _body(function.__code__), defaults, cells


def _body(code):
    constants = [_body(c) if isinstance(c, CodeType) else c for c in code.co_consts]
    return code.co_code, constants, code.co_names


class _Failure:
    """Warns once that checkpoints cannot be written; training continues."""

    def __init__(self, owner):
        self._name, self._warned = owner, False

    def __call__(self, error):
        if not self._warned:
            self._warned = True
            text = (
                f"{self._name}: a checkpoint could not be written ({error}). Training "
                "continues; the previous checkpoint is unchanged."
            )
            warnings.warn(with_entry(text), RuntimeWarning, stacklevel=10)
