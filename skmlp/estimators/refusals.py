"""Parameters that do not go together: refused where silence would be wrong."""

import numpy as np
from scipy.sparse import issparse

from skmlp.estimators.parts import is_stochastic
from skmlp.estimators.validation import hidden_sizes, owner, shown
from skmlp.rules import is_integer, is_real

# What needs mini-batches, and its value for "off".
STOCHASTIC_ONLY = {
    "record": None,
    "recover": False,
    "checkpoint": None,
    "dropout": 0,
    "input_dropout": 0,
    "input_noise": 0,
    "alpha_l1": 0,
    "max_norm": None,
}


def refuse_combinations(estimator, loss, X) -> None:
    """Raise a ValueError for parameters that can't act together."""
    if not is_stochastic(estimator.solver):
        _refuse_for_lbfgs(estimator, loss)
    if getattr(estimator.solver, "lazy", False):
        _refuse_for_lazy(estimator)
    if estimator.coefs_init is not None and estimator.output_bias != "drawn":
        _refuse(estimator, "output_bias", "drawn", "with coefs_init, which has biases")
    for name in FILLS_ZEROS:
        refuse_sparse(estimator, X, "X", name)
    if getattr(estimator, "scale_target", False) and loss.degree is None:
        _refuse(estimator, "scale_target", False, f"with loss={estimator.loss!r}")
    if estimator.freeze:
        _refuse_for_freeze(estimator)
    if estimator.refit and not estimator.early_stopping:
        _refuse(estimator, "refit", False, "with early_stopping=False")
    if estimator.refit and estimator.checkpoint is not None:
        _refuse(estimator, "checkpoint", None, "with refit=True")
    if estimator.checkpoint is not None and not is_integer(estimator.random_state):
        raise ValueError(
            f"{owner(estimator)}: random_state must be an integer with checkpoint, so "
            "that the fit that goes on is the same fit, got "
            f"{shown(estimator.random_state)}."
        )


# What would fill the zeros of sparse X, and its value for "off".
FILLS_ZEROS = {"scale_input": False, "input_noise": 0}


def takes_sparse(estimator) -> bool:
    """Whether sparse X is taken; parameters need not be checked yet."""
    values = [getattr(estimator, name) for name in FILLS_ZEROS]
    return not any(value is True or (is_real(value) and value > 0) for value in values)


def refuse_sparse(estimator, X, what, name) -> None:
    """Sparse X does not go together with the parameter of that name."""
    if issparse(X) and getattr(estimator, name):
        where = f"with sparse {what}, whose zeros it would fill"
        _refuse(estimator, name, FILLS_ZEROS[name], where)


def refuse_overflow(estimator, fit) -> None:
    """Weights for X and y as they are may be out of range where the scaled ones fit."""
    arrays = (*estimator.coefs_, *estimator.intercepts_)
    if fit.scaling.is_plain or all(np.isfinite(array).all() for array in arrays):
        return
    raise ValueError(
        f"{owner(estimator)}: X and y must have scales whose weights are within the "
        f"range of {fit.params.dtype} with scale_input or scale_target, got X with a "
        f"largest entry of {np.abs(fit.data.X).max():g} and y of "
        f"{np.abs(fit.data.Y).max():g}. Scale them first, or use float64."
    )


def _refuse_for_freeze(estimator) -> None:
    n_layers = len(hidden_sizes(estimator)) + 1
    if estimator.freeze >= n_layers:
        raise ValueError(
            f"{owner(estimator)}: freeze must leave one of the {n_layers} layers to "
            f"train, got {estimator.freeze!r}."
        )
    if estimator.scale_input:
        _refuse(estimator, "scale_input", False, "with freeze, which keeps weights")
    if getattr(estimator.solver, "averaging", None) is not None:
        raise ValueError(
            f"{owner(estimator)}: solver__averaging must be None with freeze, whose "
            f"weights it would round, got {estimator.solver.averaging!r}."
        )


def refuse_for_partial_fit(estimator) -> None:
    """Raise a ValueError for parameters that only a whole fit can follow."""
    if estimator.early_stopping:
        raise ValueError(
            "partial_fit does not support early_stopping=True\n"
            f"{owner(estimator)}: early_stopping must be False for partial_fit, got "
            f"{estimator.early_stopping!r}."
        )
    for name in ("max_time", "checkpoint"):
        if getattr(estimator, name) is not None:
            _refuse(estimator, name, None, "for partial_fit, which trains one epoch")


def _refuse_for_lbfgs(estimator, loss) -> None:
    for name, off in STOCHASTIC_ONLY.items():
        value = getattr(estimator, name)
        acts = any(value) if hasattr(value, "__len__") else value not in (0, None)
        if acts:
            _refuse(estimator, name, off, "with solver lbfgs: it needs mini-batches")
    if not loss.smooth:
        raise ValueError(
            f"{owner(estimator)}: loss must have a continuous gradient with solver "
            f"lbfgs, got {estimator.loss!r}; use a stochastic solver such as 'adam', "
            "or 'huber'."
        )


def _refuse_for_lazy(estimator) -> None:
    solver = estimator.solver
    values = {
        "solver__clip_norm": solver.clip_norm,
        "solver__averaging": solver.averaging,
        "max_norm": estimator.max_norm,
        "alpha_l1": estimator.alpha_l1 or None,
        "record": estimator.record,
        "freeze": estimator.freeze or None,
    }
    for name, value in values.items():
        if value is not None:
            raise ValueError(
                f"{owner(estimator)}: {name} must be off (None, or 0) with lazy=True, "
                f"whose steps leave out what it needs, got {value!r}."
            )


def _refuse(estimator, name, off, where):
    raise ValueError(
        f"{owner(estimator)}: {name} must be {off!r} {where}, got "
        f"{getattr(estimator, name)!r}."
    )
