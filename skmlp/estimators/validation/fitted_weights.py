"""Fitted weights, which may have been set by hand or come from another model."""

import numpy as np

from skmlp.errors import error_context, invalid
from skmlp.estimators.validation.arrays import FLOATS

START = (
    "None, a fitted estimator, or a pair (coefs, intercepts) of lists of arrays of "
    "finite numbers"
)


def fitted_layers(owner, coefs, intercepts):
    """(W, b) of each layer, checked: of one dtype, but for a last one of a wider one.

    Which has the scale of targets, where training scaled them.
    """
    expected = "lists of as many arrays of numbers"
    given = [coefs, intercepts]
    with error_context(owner, "coefs_ and intercepts_", expected, given):
        if len(coefs) != len(intercepts):
            raise ValueError("They are not as many.")
        pairs = zip(coefs, intercepts, strict=True)
        layers = [(_as_floats(W), _as_floats(b)) for W, b in pairs]
        layers = _widened(layers)
    if not layers or not _fit_together(layers):
        raise ValueError(
            f"{owner}: coefs_ and intercepts_ must be arrays of shapes (fan_in, "
            "fan_out) and (fan_out,), each layer's fan_out being the next one's "
            f"fan_in, got {[(W.shape, b.shape) for W, b in layers]}."
        )
    return layers


def _widened(layers):
    """The layers, each of the widest dtype up to it; the hidden ones share theirs."""
    *hidden, last = layers or [()]
    dtype = np.result_type(*(array for layer in hidden for array in layer), "f4")
    wider = np.result_type(*last, dtype)
    dtypes = [dtype] * len(hidden) + [wider]
    return [
        tuple(array.astype(dtype, copy=False) for array in layer)
        for layer, dtype in zip(layers, dtypes, strict=False)
    ]


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


def start_layers(owner, given, sizes, n_frozen, dtype):
    """(W, b) of each layer from ``coefs_init``: an estimator, or two lists.

    Where the first layers are frozen, only these must be there, and the layers that
    come are those that fit.
    """
    with error_context(owner, "coefs_init", START, given):
        if hasattr(given, "coefs_"):
            layers = fitted_layers(owner, given.coefs_, given.intercepts_)
        else:
            coefs, intercepts = given
            layers = fitted_layers(owner, list(coefs), list(intercepts))
        with np.errstate(over="ignore"):
            arrays = [array.astype(dtype) for layer in layers for array in layer]
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError(f"It has entries that are not finite in {dtype}.")
    fitted = (layers[0][0].shape[0], *(W.shape[1] for W, _ in layers))
    needed = sizes[: n_frozen + 1] if n_frozen else sizes
    if fitted[: len(needed)] != needed or (not n_frozen and fitted != sizes):
        ends = "on" if n_frozen else "to outputs"
        expected = f"have layers of {needed} units, from features {ends}"
        raise invalid(owner, "coefs_init", expected, fitted)
    agree = [a == b for a, b in zip(fitted, sizes, strict=False)]
    return layers[: [*agree, False].index(False) - 1]


def check_n_features(owner, X, n_features) -> None:
    """X must have the features of ``coefs_``, which may have been set by hand."""
    if X.shape[1] != n_features:
        expected = f"have the {n_features} features of coefs_[0]"
        raise invalid(owner, "X", expected, X.shape[1])


def check_same_architecture(owner, sizes, fitted_sizes) -> None:
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
        f"{owner}: {wrong}; partial_fit and warm_start=True continue with the network "
        "of the fit before."
    )
