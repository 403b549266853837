"""Rules for the estimators' parameters; layer and batch sizes from plain values."""

import math
import re
from collections.abc import Sequence

import numpy as np

from skmlp.activations import ACTIVATIONS, is_activation
from skmlp.component import component_of
from skmlp.constraints import (
    BOOLEAN,
    Rule,
    any_of,
    either,
    integer,
    is_integer,
    is_real,
    one_of,
    one_or_several,
    real,
)
from skmlp.embeddings import EMBEDDINGS, Embedding
from skmlp.errors import invalid, short_repr
from skmlp.estimators.options import (
    RATE,
    SCHEDULE,
    Checkpoint,
    Dropout,
    EarlyStopping,
    Ensemble,
    is_function,
    is_path,
)
from skmlp.initializers import INITIALIZERS, Initializer
from skmlp.solvers import SOLVERS, Solver
from skmlp.spelling import did_you_mean

# Rules for parameters


def _is_scoring(value) -> bool:
    return value is None or isinstance(value, str) or is_function(value)


def is_splitter(value) -> bool:
    return hasattr(value, "split") and not isinstance(value, (str, type))


def _is_n_jobs(value) -> bool:
    return value is None or (is_integer(value) and value != 0)


def object_of(kind) -> Rule:
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    expected = f"{article} {kind.__name__} object"
    return (lambda value: isinstance(value, kind)), expected


VERBOSE: Rule = (
    lambda value: BOOLEAN[0](value) or (is_integer(value) and value >= 0),
    "True, False or an integer >= 0",
)
ACTIVATION: Rule = (
    lambda value: (
        value in ACTIVATIONS if isinstance(value, str) else is_activation(value)
    ),
    f"{one_of(ACTIVATIONS)[1]}, or an object with the methods forward and backward",
)
RULES: dict[str, Rule] = {
    "activation": one_or_several(ACTIVATION),
    "solver": component_of(SOLVERS, Solver),
    "alpha": real(0),
    "batch_size": either(integer(1), "auto", "by_rows"),
    "learning_rate": SCHEDULE,
    "learning_rate_init": real(0, open_low=True),
    "power_t": real(0),
    "max_iter": either(integer(1), "by_rows", "half_by_rows"),
    "shuffle": either(BOOLEAN, "blocks"),
    "tol": real(0, open_high=False),
    "verbose": VERBOSE,
    "warm_start": BOOLEAN,
    "momentum": real(0, 1, open_high=False),
    "nesterovs_momentum": BOOLEAN,
    "early_stopping": any_of(BOOLEAN, object_of(EarlyStopping)),
    "validation_fraction": any_of(real(0, 1), (is_splitter, "a splitter")),
    "beta_1": real(0, 1),
    "beta_2": real(0, 1),
    "epsilon": real(0, open_low=True),
    "n_iter_no_change": either(integer(1), math.inf),
    "max_fun": integer(1),
    "initializer": component_of(INITIALIZERS, Initializer),
    "output_bias": one_of(("random", "optimum")),
    "dropout": any_of(one_or_several(RATE), object_of(Dropout)),
    "alpha_l1": real(0),
    "scoring": (_is_scoring, "None, 'loss', a scorer's name or a callable"),
    "refit": BOOLEAN,
    "max_time": either(real(0, open_low=True), None),
    "recover": BOOLEAN,
    "scale_input": BOOLEAN,
    "freeze": integer(0),
    "record": either(one_of(("layers",)), None),
    "checkpoint": either(
        any_of((is_path, "the path of a file"), object_of(Checkpoint)), None
    ),
    "numeric_embedding": either(component_of(EMBEDDINGS, Embedding), None),
    "embedding_size": integer(1),
    "learned_scale": BOOLEAN,
    "n_members": integer(1),
    "ensemble": any_of(one_of(("seeds", "folds")), object_of(Ensemble)),
    "n_jobs": (_is_n_jobs, "None or an integer other than 0"),
}


# Rules for settings of objects that the object's own module cannot know.
RULES_WITHIN: dict[str, dict[str, Rule]] = {"solver": {"decay_schedule": SCHEDULE}}


def check_parameters(estimator, rules) -> None:
    """Raise a ValueError for the first parameter that breaks its rule."""
    owner = type(estimator).__name__
    for name, (accepts, expected) in rules.items():
        value = getattr(estimator, name)
        if not accepts(value):
            raise _broken(owner, name, expected, value)
        check_settings(owner, name, value)


def check_settings(owner, name, value) -> None:
    """Raise a ValueError for the first setting of an object that breaks its rule."""
    for setting, expected, came in _broken_within(name, value):
        raise _broken(owner, setting, expected, came)


def _broken(owner, name, expected, value):
    """The error of a value that breaks its rule, with what may have been meant."""
    hint = did_you_mean(name, value, expected)
    if name == "learning_rate" and is_real(value):
        hint = (
            " It is the schedule; the rate itself is "
            f"learning_rate_init={short_repr(value)}."
        )
    return invalid(owner, name, f"be {expected}", value, hint)


def _broken_within(name, value):
    """(setting, expected, value) of an object's broken rules."""
    if not hasattr(value, "broken_rules"):
        return
    settings = value.get_params(deep=False)
    for setting, (accepts, expected) in RULES_WITHIN.get(name, {}).items():
        if setting in settings and not accepts(settings[setting]):
            yield f"{name}__{setting}", expected, settings[setting]
    yield from value.broken_rules(name)


# "by_rows": sizes that depend on the number of training rows


BATCH_SIZES = ((2048, 64), (8192, 128), (100_000, 256), (math.inf, 512))
# so that few rows make enough updates, and many no more than they need
EPOCHS = (
    (150, 512),
    (600, 256),
    (1024, 128),
    (50_000, 64),
    (200_000, 32),
    (math.inf, 16),
)
LAYER_SIZES = ((500, (256,)), (math.inf, (128, 128)))


def _by_rows(table, n_rows):
    return next(value for most, value in table if n_rows <= most)


def batch_size_of(batch_size, n_rows) -> int:
    """Rows of a mini-batch, at most n_rows."""
    if batch_size == "auto":
        batch_size = 200
    elif batch_size == "by_rows":
        batch_size = _by_rows(BATCH_SIZES, n_rows)
    return min(int(batch_size), n_rows)


def epochs_of(max_iter, n_rows) -> int:
    """The most epochs, or iterations of 'lbfgs', in a fit."""
    if not isinstance(max_iter, str):
        return int(max_iter)
    n_epochs = _by_rows(EPOCHS, n_rows)
    return n_epochs if max_iter == "by_rows" else n_epochs // 2


class AtMost(int):
    """A `batch_size` that is all rows where there are fewer, as presets mean it."""


def is_clipped(batch_size, n_rows) -> bool:
    """Whether the user's `batch_size` is larger than the number of rows."""
    return not isinstance(batch_size, (str, AtMost)) and batch_size > n_rows


# Hidden layer sizes


MAX_SIZE = 2**31
SIZES = (
    "a positive integer, a sequence of positive integers, or a string such as "
    "'256-128' (layers), '128x2' (width x number of layers) or, in fit, 'by_rows'"
)


def hidden_sizes(owner, value, n_rows=None) -> tuple[int, ...]:
    """``hidden_layer_sizes`` as a tuple of ints, one a hidden layer.

    n_rows : rows of the fit, where there is one.
    """
    if isinstance(value, str) and value == "by_rows" and n_rows is not None:
        return _by_rows(LAYER_SIZES, n_rows)
    sizes = _sizes_from_string(value) if isinstance(value, str) else _sizes(value)
    if sizes is None:
        raise ValueError(
            f"{owner}: hidden_layer_sizes must be {SIZES}, got {short_repr(value)}."
        )
    return sizes


def _sizes_from_string(value) -> tuple[int, ...] | None:
    """'A-B-C' are layers, 'WxN' is N layers of W; None for anything else."""
    if re.fullmatch(r"[0-9]{1,10}(-[0-9]{1,10})+", value):
        return _sizes(list(map(int, value.split("-"))))
    if re.fullmatch(r"[0-9]{1,10}x[0-9]{1,4}", value):
        width, n_layers = map(int, value.split("x"))
        return _sizes([width] * n_layers) if n_layers else None
    return None


def _sizes(value) -> tuple[int, ...] | None:
    if isinstance(value, np.ndarray) or hasattr(value, "to_numpy"):
        value = np.asarray(value).tolist()
    if not isinstance(value, Sequence) or isinstance(value, (bytes, bytearray)):
        value = [value]
    sizes = tuple(map(_size, value))
    return None if None in sizes else sizes


def _size(value) -> int | None:
    """A positive int from an int or an integral float, as tuners produce them."""
    if not is_real(value) or not 1 <= value <= MAX_SIZE or int(value) != value:
        return None
    return int(value)
