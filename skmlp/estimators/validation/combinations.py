"""Combinations of parameters that cannot work, refused before training."""

from skmlp.component import Component
from skmlp.constraints import is_integer, is_real
from skmlp.errors import describe, invalid, short_repr
from skmlp.initializers import INITIALIZERS
from skmlp.schedules import Constant

# Parameters, each with its value for "off". A dot leads into an object.
# Those that need mini-batches:
STOCHASTIC_ONLY = {
    "record": None,
    "recover": False,
    "checkpoint": None,
    "dropout.rate": 0,
    "dropout.inputs": 0,
    "dropout.noise": 0,
    "dropout.schedule": "constant",
    "alpha_l1": 0,
}
# Those that act on columns of X, which the first layer does not see as they are:
BY_COLUMN = {"scale_input": False, "coefs_init": None, "freeze": 0}
NOISE_ON_COLUMNS = {"dropout.inputs": 0, "dropout.noise": 0}
# For each parameter, those that it cannot be combined with:
NOT_TOGETHER = {
    "numeric_embedding": BY_COLUMN | NOISE_ON_COLUMNS,
    "categorical_features": BY_COLUMN | NOISE_ON_COLUMNS,
    "learned_scale": BY_COLUMN | {"solver.max_norm": None},
}
# What the lazy steps of solvers leave out:
LEFT_OUT = "with solver__lazy=True, whose steps update only part of the weights"
NOT_LAZY = {
    "solver.clip_norm": None,
    "solver.averaging": None,
    "solver.max_norm": None,
    "solver.parametrization": "standard",
    "solver.rate_factors": None,
    "solver.decay_schedule": "constant",
    "dropout.schedule": "constant",
    "alpha_l1": 0,
    "record": None,
    "freeze": 0,
    "numeric_embedding": None,
    "categorical_features": None,
    "learned_scale": False,
}
# Those that would make sparse X dense:
FILLS_ZEROS = {"scale_input": False, "dropout.noise": 0}
# Learned parameters that `coefs_init` does not transfer:
LEARNED = ("embedding_", "alphas_")


def check_combinations(settings, loss, *, sparse) -> None:
    """Raise a ValueError for parameters that cannot be combined."""
    if not settings.is_stochastic:
        _check_for_lbfgs(settings, loss)
    elif settings.solver.get_params(deep=False).get("lazy", False):
        _require_off(settings, NOT_LAZY, LEFT_OUT)
    for name, others in NOT_TOGETHER.items():
        if _acts(settings, name, False):
            _require_off(settings, others, f"with {name}")
    _check_initializer(settings)
    if settings.coefs_init is not None:
        _check_start(settings)
    if sparse:
        refuse_sparse(settings, "X", FILLS_ZEROS)
    if settings.scale_target and loss.degree is None:
        raise _not_off(settings, "scale_target", False, f"with loss={settings.loss!r}")
    if settings.freeze:
        _check_freeze(settings)
    _check_refit(settings)
    if settings.checkpoint is not None and not is_integer(settings.random_state):
        raise settings.invalid(
            "random_state",
            "be an integer with checkpoint, so that a resumed fit makes the same draws",
        )


def _check_refit(settings) -> None:
    if settings.refit and not settings.early_stopping.on_validation:
        stopping = settings.given["early_stopping"]
        where = f"with early_stopping={short_repr(stopping)}"
        raise _not_off(settings, "refit", False, where)
    if settings.refit and settings.checkpoint is not None:
        raise _not_off(settings, "checkpoint", None, "with refit=True")


def takes_sparse(estimator) -> bool:
    """Whether sparse X is taken; parameters need not be checked yet."""
    values = [value_of(estimator, name) for name in FILLS_ZEROS]
    return not any(value is True or (is_real(value) and value > 0) for value in values)


def value_of(settings, name):
    """A parameter's value; of "object.setting" that setting, None where it has none."""
    first, _, inner = name.partition(".")
    value = getattr(settings, first)
    if not inner:
        return value
    if not isinstance(value, Component):  # a plain value has no other settings
        return None
    return value.get_params(deep=False).get(inner)


def refuse_sparse(settings, what, names) -> None:
    """Refuse sparse X together with the parameters of these names."""
    where = f"with sparse {what}, which it would make dense"
    _require_off(settings, {name: FILLS_ZEROS[name] for name in names}, where)


def _acts(settings, name, off) -> bool:
    """Whether a parameter is set to another value than "off"."""
    value = value_of(settings, name)
    is_one = isinstance(value, str) or not hasattr(value, "__len__")
    if is_one or getattr(value, "ndim", 1) == 0:
        return value not in (None, off, Constant())
    return any(value) if name == "dropout.rate" else len(value) > 0


def _check_initializer(settings) -> None:
    """An initializer that uses the rows must see what the layers will see."""
    given = settings.initializer
    kind = INITIALIZERS[given] if isinstance(given, str) else given
    if kind.needs_data:
        others = {"scale_input": False, "coefs_init": None}
        _require_off(settings, others, f"with initializer={short_repr(given)}")


def _check_start(settings) -> None:
    if settings.output_bias != "random":
        where = "with coefs_init, which has biases"
        raise _not_off(settings, "output_bias", "random", where)
    learned = [name for name in LEARNED if hasattr(settings.coefs_init, name)]
    if learned:
        raise ValueError(
            f"{settings.owner}: coefs_init must be an estimator without embeddings and "
            "parametric activations, which coefs_ do not contain, got "
            f"{type(settings.coefs_init).__name__} with {learned[0]}."
        )


def _check_freeze(settings) -> None:
    if settings.scale_input:
        where = "with freeze, since scaling would change frozen weights"
        raise _not_off(settings, "scale_input", False, where)
    averaging = value_of(settings, "solver.averaging")
    if averaging is not None:
        expected = "be None with freeze, since averages of frozen weights are rounded"
        raise invalid(settings.owner, "solver__averaging", expected, averaging)


def check_freeze_leaves_a_layer(settings, n_layers) -> None:
    if settings.freeze >= n_layers:
        expected = f"be less than {n_layers}, the number of layers"
        raise settings.invalid("freeze", expected)


def check_partial_fit(settings, request) -> None:
    """Raise a ValueError for parameters that ``partial_fit`` does not support."""
    if settings.early_stopping.on_validation and request.validation[0] is None:
        raise ValueError(
            "partial_fit does not support early_stopping=True\n"
            f"{settings.owner}: early_stopping must be False for partial_fit without "
            f"X_val, got {settings.given['early_stopping']!r}."
        )
    if settings.ensemble.by == "folds":
        raise settings.invalid("ensemble", "be 'seeds' for partial_fit")
    if settings.class_weight is not None:
        raise settings.invalid(
            "class_weight",
            "be None for partial_fit, which does not see all rows (pass sample_weight "
            "instead)",
        )
    for name in ("max_time", "checkpoint"):
        if getattr(settings, name) is not None:
            where = "for partial_fit, which trains one epoch"
            raise _not_off(settings, name, None, where)


def check_stream(settings, request, validate_every=None, what="fit_batches") -> None:
    """Raise a ValueError for what needs all rows at once, or rows by their numbers.

    what : it is for, in the texts of errors.
    """
    is_own = request.validation[0] is not None
    if is_own and validate_every is not None:
        expected = "be None with X_val, which validates"
        raise invalid(settings.owner, "validate_every", expected, validate_every)
    for name in ("numeric_embedding", "categorical_features"):
        if getattr(settings, name) is not None:
            where = f"for {what}, since it looks at whole columns"
            raise _not_off(settings, name, None, where)
    if settings.ensemble.by == "folds":
        raise settings.invalid("ensemble", f"be 'seeds' for {what}")
    if settings.holds_out and not is_own and validate_every is None:
        ways = "X_val or validate_every" if what == "fit_batches" else "X_val"
        expected = f"be False for {what} without {ways}"
        raise settings.invalid("early_stopping", expected)
    if request.groups is not None:
        expected = f"be None for {what}, which holds no rows out"
        raise invalid(settings.owner, "groups", expected, describe(request.groups))


def _check_for_lbfgs(settings, loss) -> None:
    where = "with solver lbfgs, which does not train on mini-batches"
    _require_off(settings, STOCHASTIC_ONLY, where)
    if not loss.smooth:
        raise ValueError(
            f"{settings.owner}: loss must have a continuous gradient with solver "
            f"lbfgs, got {settings.loss!r}; use loss='huber', or a stochastic solver "
            "such as 'adam'."
        )


def _require_off(settings, others, where) -> None:
    """Each of the parameters must have its value for "off"."""
    for name, off in others.items():
        if _acts(settings, name, off):
            raise _not_off(settings, name, off, where)


def _not_off(settings, name, off, where) -> ValueError:
    shown = name.removesuffix(".rate").removesuffix(".path").replace(".", "__")
    value = value_of(settings, name)
    value = settings.given.get(shown, value)
    return invalid(settings.owner, shown, f"be {off!r} {where}", value)
