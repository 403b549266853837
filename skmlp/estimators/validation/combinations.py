"""Parameters that do not go together: refused where silence would be wrong."""

import numpy as np
from scipy.sparse import issparse

from skmlp.constraints import is_integer, is_real
from skmlp.estimators.fitting.components import is_stochastic
from skmlp.estimators.validation.parameters import hidden_sizes, owner, shown
from skmlp.initializers import INITIALIZERS
from skmlp.schedules import Constant

# What changes the rates of single parameters, or the noise, and its value for "off".
RATES = {
    "parametrization": "standard",
    "rate_factors": None,
    "weight_decay_schedule": "constant",
    "dropout_schedule": "constant",
}
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
    **RATES,
}
# What looks at columns of X where the first layer sees other ones, or factors.
BY_COLUMN = {"scale_input": False, "coefs_init": None, "freeze": 0}
NOISE_ON_COLUMNS = {"input_dropout": 0, "input_noise": 0}
# By parameter: what does not go together with it, and its value for "off".
NOT_TOGETHER = {
    "numeric_embedding": BY_COLUMN | NOISE_ON_COLUMNS,
    "categorical_features": BY_COLUMN | NOISE_ON_COLUMNS,
    "learned_scale": BY_COLUMN | {"max_norm": None},
}
# What steps of the solvers' `lazy` leave out, and its value for "off".
LEFT_OUT = "with lazy=True, whose steps leave out what it needs"
NOT_LAZY = {
    "max_norm": None,
    "alpha_l1": 0,
    "record": None,
    "freeze": 0,
    "numeric_embedding": None,
    "categorical_features": None,
    "learned_scale": False,
    **RATES,
}
# What a model has learned that no start can give another one.
LEARNED = ("embedding_", "alphas_")


def refuse_combinations(estimator, loss, X) -> None:
    """Raise a ValueError for parameters that can't act together."""
    if not is_stochastic(estimator.solver):
        _refuse_for_lbfgs(estimator, loss)
    if getattr(estimator.solver, "lazy", False):
        _refuse_for_lazy(estimator)
    _refuse_for_inputs(estimator)
    _refuse_for_data_driven(estimator)
    if estimator.coefs_init is not None:
        _refuse_for_start(estimator)
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


def _acts(estimator, name, off) -> bool:
    """Whether a parameter is set to more than "off"."""
    value = getattr(estimator, name)
    is_one = isinstance(value, str) or not hasattr(value, "__len__")
    if is_one or getattr(value, "ndim", 1) == 0:
        return value not in (None, off, Constant())
    return any(value) if name == "dropout" else len(value) > 0


def _refuse_for_inputs(estimator) -> None:
    """For parameters by which the first layer sees something else than X."""
    for name, others in NOT_TOGETHER.items():
        if _acts(estimator, name, False):
            _refuse_all(estimator, others, f"with {name}")


def _refuse_for_data_driven(estimator) -> None:
    """What an initializer is to look at must be what the layers will see."""
    given = estimator.initializer
    kind = INITIALIZERS[given] if isinstance(given, str) else given
    if not kind.needs_data:
        return
    others = {"scale_input": False, "coefs_init": None}
    _refuse_all(estimator, others, f"with initializer={shown(given)}")


def _refuse_for_start(estimator) -> None:
    if estimator.output_bias != "drawn":
        _refuse(estimator, "output_bias", "drawn", "with coefs_init, which has biases")
    learned = [name for name in LEARNED if hasattr(estimator.coefs_init, name)]
    if learned:
        raise ValueError(
            f"{owner(estimator)}: coefs_init must be an estimator whose layers are all "
            f"of its model, got an {owner(estimator.coefs_init)} with {learned[0]}."
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
    where = "with solver lbfgs: it needs mini-batches"
    _refuse_all(estimator, STOCHASTIC_ONLY, where)
    if not loss.smooth:
        raise ValueError(
            f"{owner(estimator)}: loss must have a continuous gradient with solver "
            f"lbfgs, got {estimator.loss!r}; use a stochastic solver such as 'adam', "
            "or 'huber'."
        )


def _refuse_for_lazy(estimator) -> None:
    for name in ("clip_norm", "averaging"):
        value = getattr(estimator.solver, name)
        if value is not None:
            raise ValueError(
                f"{owner(estimator)}: solver__{name} must be None {LEFT_OUT}, got "
                f"{value!r}."
            )
    _refuse_all(estimator, NOT_LAZY, LEFT_OUT)


def _refuse_all(estimator, others, where) -> None:
    """Each of the parameters must have its value for "off"."""
    for name, off in others.items():
        if _acts(estimator, name, off):
            _refuse(estimator, name, off, where)


def _refuse(estimator, name, off, where):
    raise ValueError(
        f"{owner(estimator)}: {name} must be {off!r} {where}, got "
        f"{shown(getattr(estimator, name))}."
    )
