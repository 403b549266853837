"""The border: parameters and arrays are checked here, once, before anything else."""

import math
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Number

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array, check_random_state, column_or_1d
from sklearn.utils.validation import check_consistent_length, validate_data

from skmlp.activations import ACTIVATIONS, is_activation
from skmlp.component import Part, part_of
from skmlp.constraints import (
    BOOLEAN,
    Rule,
    any_of,
    either,
    integer,
    is_integer,
    is_real,
    one_of,
    real,
    sequence_of,
)
from skmlp.embeddings import EMBEDDINGS, Embedding
from skmlp.initializers import INITIALIZERS, Initializer
from skmlp.schedules import FACTOR, SCHEDULES, Schedule
from skmlp.solvers import SOLVERS, Solver

FLOATS = (np.float64, np.float32)

# Rules for parameters


VERBOSE: Rule = (
    lambda value: BOOLEAN[0](value) or (is_integer(value) and value >= 0),
    "True, False or an integer >= 0",
)


def _is_function(value) -> bool:
    return callable(value) and not isinstance(value, (type, Part))


def _is_scoring(value) -> bool:
    return value is None or isinstance(value, str) or _is_function(value)


def is_splitter(value) -> bool:
    return hasattr(value, "split") and not isinstance(value, (str, type))


def _is_path(value) -> bool:
    is_name = isinstance(value, (str, os.PathLike)) and str(value) != ""
    return value is None or is_name


def _is_n_jobs(value) -> bool:
    return value is None or (is_integer(value) and value != 0)


ACTIVATION: Rule = (
    lambda value: (
        value in ACTIVATIONS if isinstance(value, str) else is_activation(value)
    ),
    f"{one_of(ACTIVATIONS)[1]}, or an object with the methods forward and backward",
)
SCHEDULE: Rule = part_of(SCHEDULES, Schedule)
SCHEDULE_OR_FUNCTION: Rule = any_of(
    SCHEDULE, (_is_function, "a function of progress in [0, 1]")
)
RATE = real(0, 1)

# Of parameters, for factors on the learning rate.
GROUPS = (
    "weights",
    "biases",
    "scale",
    "numeric_embedding",
    "category_embedding",
    "activation",
)


def _are_factors(value) -> bool:
    return isinstance(value, dict) and all(
        key in GROUPS and FACTOR[0](factor) for key, factor in value.items()
    )


RATE_FACTORS: Rule = (
    lambda value: value is None or _are_factors(value),
    f"None or a dict of numbers >= 0 with keys among {', '.join(map(repr, GROUPS))}",
)

# What "by_rows" stands for, up to so many rows: rows a batch, and hidden layers.
BATCH_SIZES = ((1024, 32), (8192, 128), (math.inf, 256))
LAYER_SIZES = ((500, (256,)), (math.inf, (128, 128)))


def _by_rows(table, n_rows):
    return next(value for most, value in table if n_rows <= most)


RULES: dict[str, Rule] = {
    "activation": any_of(ACTIVATION, sequence_of(ACTIVATION)),
    "solver": part_of(SOLVERS, Solver),
    "alpha": real(0),
    "batch_size": either(integer(1), "auto", "by_rows"),
    "learning_rate": SCHEDULE_OR_FUNCTION,
    "learning_rate_init": real(0, open_low=True),
    "power_t": real(0),
    "max_iter": integer(1),
    "shuffle": BOOLEAN,
    "tol": real(0, open_high=False),
    "verbose": VERBOSE,
    "warm_start": BOOLEAN,
    "momentum": real(0, 1, open_high=False),
    "nesterovs_momentum": BOOLEAN,
    "early_stopping": BOOLEAN,
    "validation_fraction": any_of(real(0, 1), (is_splitter, "a splitter")),
    "beta_1": real(0, 1),
    "beta_2": real(0, 1),
    "epsilon": real(0, open_low=True),
    "n_iter_no_change": either(integer(1), math.inf),
    "max_fun": integer(1),
    "initializer": part_of(INITIALIZERS, Initializer),
    "output_bias": one_of(("drawn", "optimum")),
    "dropout": any_of(RATE, sequence_of(RATE)),
    "input_dropout": RATE,
    "input_noise": real(0),
    "alpha_l1": real(0),
    "max_norm": either(real(0, open_low=True), None),
    "scoring": (_is_scoring, "None, 'loss', a scorer's name or a callable"),
    "tol_mode": one_of(("absolute", "relative")),
    "min_updates": integer(0),
    "refit": BOOLEAN,
    "max_time": either(real(0, open_low=True), None),
    "recover": BOOLEAN,
    "scale_input": BOOLEAN,
    "freeze": integer(0),
    "record": either(one_of(("layers",)), None),
    "checkpoint": (_is_path, "None or the path of a file"),
    "checkpoint_every": integer(1),
    "numeric_embedding": either(part_of(EMBEDDINGS, Embedding), None),
    "embedding_size": integer(1),
    "learned_scale": BOOLEAN,
    "parametrization": one_of(("standard", "ntk")),
    "rate_factors": RATE_FACTORS,
    "dropout_schedule": SCHEDULE_OR_FUNCTION,
    "weight_decay_schedule": SCHEDULE_OR_FUNCTION,
    "best_of_ties": one_of(("first", "last")),
    "n_members": integer(1),
    "bagging": one_of(("seeds", "folds")),
    "n_jobs": (_is_n_jobs, "None or an integer other than 0"),
}


def check_parameters(estimator, rules) -> None:
    """Raise a ValueError for the first parameter that breaks its rule."""
    for name, (accepts, expected) in rules.items():
        value = getattr(estimator, name)
        if not accepts(value):
            raise ValueError(
                f"{owner(estimator)}: {name} must be {expected}, got {shown(value)}."
            )


def shown(value, length=200) -> str:
    """repr(value), cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python does not print integers of thousands of digits
        return f"an integer of {value.bit_length()} bits"
    return text if len(text) <= length else f"{text[: length - 3]}..."


def owner(estimator) -> str:
    return type(estimator).__name__


# Hidden layer sizes


MAX_SIZE = 2**31
SIZES = (
    "a positive integer, a sequence of positive integers, or a string such as "
    "'256-128' (layers), '128x2' (width x number of layers) or, in fit, 'by_rows'"
)


def hidden_sizes(estimator, n_rows=None) -> tuple[int, ...]:
    """``hidden_layer_sizes`` as a tuple of ints, one a hidden layer.

    n_rows : rows of the fit, where there is one.
    """
    value = estimator.hidden_layer_sizes
    if isinstance(value, str) and value == "by_rows" and n_rows is not None:
        return _by_rows(LAYER_SIZES, n_rows)
    sizes = _sizes_from_string(value) if isinstance(value, str) else _sizes(value)
    if sizes is None:
        raise ValueError(
            f"{owner(estimator)}: hidden_layer_sizes must be {SIZES}, "
            f"got {shown(value)}."
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


# Arrays


def describe(value) -> str:
    """What came, in a few words: data is not printed."""
    if issparse(value):
        return f"a sparse matrix of shape {value.shape} and dtype {value.dtype}"
    if hasattr(value, "shape") and getattr(value, "shape", ()) != ():
        dtype = getattr(value, "dtype", None)
        kind = f" and dtype {dtype}" if dtype is not None else ""
        return f"{type(value).__name__} of shape {tuple(value.shape)}{kind}"
    if isinstance(value, (list, tuple)) and len(value) > 3:
        return f"a {type(value).__name__} of length {len(value)}"
    return shown(value, 80)


@contextmanager
def naming(estimator, parameter, expected, value) -> Iterator[None]:
    """Add class, parameter, expectation and value to a complaint about an array."""
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"{error}\n{owner(estimator)}: {parameter} must be {expected}, "
            f"got {describe(value)}."
        ) from error


def refuse_unsupported(value) -> None:
    """Masked entries would come back as the numbers under the mask."""
    if np.ma.is_masked(value):
        raise ValueError("Masked entries are not supported; fill or drop them first.")
    if hasattr(value, "dtype") and np.iscomplexobj(value):
        raise ValueError("Complex data not supported.")


def check_X(estimator, X, *, reset, dtype=FLOATS, order="C", name="X"):
    """X as a float array of that order, or a CSR matrix; records its features on reset.

    Training takes rows in any order, which is fast where rows are contiguous.
    """
    expected = "an array or sparse matrix of finite numbers, (n_samples, n_features)"
    with naming(estimator, name, expected, X):
        refuse_unsupported(X)
        return validate_data(
            estimator,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype=dtype,
            order=order,
        )


def check_X_to_predict(estimator, X):
    """X as by check_X, which a plain array of finite floats need not go through."""
    if _is_plain(estimator, X):
        return X
    return check_X(estimator, X, reset=False, order=None)


def _is_plain(estimator, X) -> bool:
    """Whether check_X would give X back as it is, without error or warning."""
    return (
        type(X) is np.ndarray
        and X.dtype in FLOATS
        and X.ndim == 2
        and X.shape[0] > 0
        and X.shape[1] == getattr(estimator, "n_features_in_", None)
        and not hasattr(estimator, "feature_names_in_")
        and _has_finite_sum(X)
    )


def _has_finite_sum(X) -> bool:
    """Which it has only if all its entries are finite."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(X.sum()))


def check_y(estimator, y, n_samples, *, expected, numeric):
    """y as an array (n_samples,) or (n_samples, n_outputs), finite where it can be."""
    with naming(estimator, "y", expected, y):
        if y is None:
            raise ValueError(
                f"{owner(estimator)} requires y to be passed, but the target y is None."
            )
        refuse_unsupported(y)
        y = check_array(
            y,
            accept_sparse=False if numeric else "csr",
            ensure_2d=False,
            dtype=np.float64 if numeric else None,
            input_name="y",
            estimator=estimator,
        )
        if y.ndim == 0:
            raise ValueError("y is a single value.")
        refuse_unsupported(y)  # a list may have become a complex array
        if y.shape[0] != n_samples:
            raise ValueError(
                "Found input variables with inconsistent numbers of samples: "
                f"[{n_samples}, {y.shape[0]}]"
            )
        if y.ndim == 2 and y.shape[1] == 0:
            raise ValueError("y has no column.")
        return column_or_1d(y, warn=True) if y.shape[1:] == (1,) else y


def check_sample_weight(estimator, sample_weight, X, name="sample_weight"):
    """The weights as float64 of shape (n_samples,), or None for none."""
    if sample_weight is None:
        return None
    n_samples = X.shape[0]
    expected = f"a number >= 0 or {n_samples} of them, not all 0"
    with naming(estimator, name, expected, sample_weight):
        refuse_unsupported(sample_weight)
        if isinstance(sample_weight, (Number, str)) or _is_0d(sample_weight):
            sample_weight = np.full(n_samples, sample_weight)
        weight = check_array(
            sample_weight,
            ensure_2d=False,
            dtype=np.float64,
            input_name=name,
            estimator=estimator,
        )
        if weight.ndim != 1:
            raise ValueError("Sample weights must be 1D array or scalar.")
        check_consistent_length(X, weight)
        _check_sum(weight)
        return weight


def _is_0d(value) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 0


def _check_sum(weight) -> None:
    if weight.min() < 0:
        raise ValueError(f"Sample weights must be >= 0, not {weight.min()}.")
    with np.errstate(over="ignore"):
        total = weight.sum()
    if not np.isfinite(total):
        raise ValueError("The sum of sample weights overflows.")
    if total == 0:
        raise ValueError("Sample weights must contain at least one non-zero number.")
    if total < np.finfo(np.float64).tiny * len(weight):
        raise ValueError("Sample weights are too small to be divided by their mean.")


def check_penalty(estimator, name, mean_weight, dtype) -> float:
    """``alpha`` or ``alpha_l1`` for rows of mean weight 1, a number of the dtype."""
    alpha = float(getattr(estimator, name)) / mean_weight
    if alpha > float(np.finfo(dtype).max):
        raise ValueError(
            f"{owner(estimator)}: sample_weight must not be so small that {name} over "
            f"its mean overflows {np.dtype(dtype)}, got a mean of {mean_weight:g} and "
            f"{name}={getattr(estimator, name)!r}."
        )
    return alpha


def check_seed(estimator) -> np.random.RandomState:
    """``random_state`` as a RandomState; None is NumPy's global one."""
    expected = "None, an integer in [0, 2**32 - 1] or a numpy.random.RandomState"
    with naming(estimator, "random_state", expected, estimator.random_state):
        return check_random_state(estimator.random_state)


def check_batch_size(estimator, n_rows) -> int:
    """Rows a batch: "auto" is 200, "by_rows" a step; never more than there are."""
    batch_size = estimator.batch_size
    if batch_size == "auto":
        return min(200, n_rows)
    if batch_size == "by_rows":
        return min(_by_rows(BATCH_SIZES, n_rows), n_rows)
    if batch_size > n_rows:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to "
            "be clipped",
            stacklevel=9,
        )
    return min(int(batch_size), n_rows)


# Fitted parameters, which may have been set by hand


def fitted_layers(estimator):
    """(W, b) of each layer, from ``coefs_`` and ``intercepts_``, checked."""
    coefs, intercepts = estimator.coefs_, getattr(estimator, "intercepts_", ())
    expected = "lists of as many arrays of numbers"
    with naming(estimator, "coefs_ and intercepts_", expected, [coefs, intercepts]):
        if len(coefs) != len(intercepts):
            raise ValueError("They are not as many.")
        pairs = zip(coefs, intercepts, strict=True)
        layers = [(_as_floats(W), _as_floats(b)) for W, b in pairs]
        dtype = np.result_type(*(array for layer in layers for array in layer), "f4")
        layers = [
            (W.astype(dtype, copy=False), b.astype(dtype, copy=False))
            for W, b in layers
        ]
    if not layers or not _fit_together(layers):
        raise ValueError(
            f"{owner(estimator)}: coefs_ and intercepts_ must be arrays of shapes "
            "(fan_in, fan_out) and (fan_out,), each layer's fan_out being the next "
            f"one's fan_in, got {[(W.shape, b.shape) for W, b in layers]}."
        )
    return layers


def _as_floats(values):
    array = np.asarray(values)
    if np.iscomplexobj(array):
        raise ValueError("Complex data not supported.")
    return array if array.dtype in FLOATS else array.astype(np.float64)


def _fit_together(layers) -> bool:
    fan_in = layers[0][0].shape[0] if layers[0][0].ndim == 2 else None
    for W, b in layers:
        if W.ndim != 2 or W.shape[0] != fan_in or b.shape != W.shape[1:]:
            return False
        fan_in = W.shape[1]
    return True


def check_start(estimator, sizes, dtype):
    """(W, b) of each layer from ``coefs_init``: an estimator, or two lists.

    Where the first layers are frozen, only these must be there, and the layers that
    come are those that fit.
    """
    given = start = estimator.coefs_init
    expected = "None, a fitted estimator, or a pair (coefs, intercepts) of lists"
    expected += " of arrays of finite numbers"
    with naming(estimator, "coefs_init", expected, given):
        if not hasattr(given, "coefs_"):
            coefs, intercepts = given
            start = type(estimator)()
            start.coefs_, start.intercepts_ = list(coefs), list(intercepts)
        layers = fitted_layers(start)
        with np.errstate(over="ignore"):
            arrays = [array.astype(dtype) for layer in layers for array in layer]
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError(f"It has entries that are not finite in {dtype}.")
    fitted = (layers[0][0].shape[0], *(W.shape[1] for W, _ in layers))
    needed = sizes[: estimator.freeze + 1] if estimator.freeze else sizes
    if fitted[: len(needed)] != needed or (not estimator.freeze and fitted != sizes):
        raise ValueError(
            f"{owner(estimator)}: coefs_init must have layers of {needed} units, from "
            f"features {'on' if estimator.freeze else 'to outputs'}, got {fitted}."
        )
    agree = [a == b for a, b in zip(fitted, sizes, strict=False)]
    return layers[: [*agree, False].index(False) - 1]


def check_n_features(estimator, X, n_features) -> None:
    """X must have the features of ``coefs_``, which may have been set by hand."""
    if X.shape[1] != n_features:
        raise ValueError(
            f"{owner(estimator)}: X must have the {n_features} features of coefs_[0], "
            f"got {X.shape[1]}."
        )


def check_same_architecture(estimator, sizes, fitted_sizes) -> None:
    """A fit that goes on needs the network that the fit before it had."""
    if sizes == fitted_sizes:
        return
    n_features, *hidden, n_outputs = fitted_sizes
    if sizes[0] != n_features:
        wrong = f"X must have {n_features} features, got {sizes[0]}"
    elif sizes[-1] != n_outputs:
        wrong = f"y must have {n_outputs} outputs, got {sizes[-1]}"
    else:
        wrong = f"hidden_layer_sizes must be {tuple(hidden)}, got {sizes[1:-1]}"
    raise ValueError(
        f"{owner(estimator)}: {wrong}; partial_fit and warm_start=True go on with the "
        "network of the fit before."
    )
