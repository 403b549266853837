"""Parameters that do not go together: refused where silence would be wrong."""

from skmlp.component import Component
from skmlp.constraints import is_integer, is_real
from skmlp.errors import invalid, short_repr
from skmlp.initializers import INITIALIZERS
from skmlp.schedules import Constant

# Each row: parameters, by the value for "off" of each. A dot leads into an object.
# What needs mini-batches.
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
# What looks at columns of X where the first layer sees other ones, or factors.
BY_COLUMN = {"scale_input": False, "coefs_init": None, "freeze": 0}
NOISE_ON_COLUMNS = {"dropout.inputs": 0, "dropout.noise": 0}
# By parameter: what does not go together with it.
NOT_TOGETHER = {
    "numeric_embedding": BY_COLUMN | NOISE_ON_COLUMNS,
    "categorical_features": BY_COLUMN | NOISE_ON_COLUMNS,
    "learned_scale": BY_COLUMN | {"solver.max_norm": None},
}
# What the steps of the solvers' `lazy` leave out.
LEFT_OUT = "with lazy=True, whose steps leave out what it needs"
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
# What would fill the zeros of sparse X.
FILLS_ZEROS = {"scale_input": False, "dropout.noise": 0}
# What a model has learned that no start can give another one.
LEARNED = ("embedding_", "alphas_")


def check_combinations(settings, loss, *, sparse) -> None:
    """Raise a ValueError for parameters that can't act together."""
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
            "be an integer with checkpoint, so that the fit that is resumed is the "
            "same fit",
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
    """Sparse X does not go together with the parameters of these names."""
    where = f"with sparse {what}, whose zeros it would fill"
    _require_off(settings, {name: FILLS_ZEROS[name] for name in names}, where)


def _acts(settings, name, off) -> bool:
    """Whether a parameter is set to more than "off"."""
    value = value_of(settings, name)
    is_one = isinstance(value, str) or not hasattr(value, "__len__")
    if is_one or getattr(value, "ndim", 1) == 0:
        return value not in (None, off, Constant())
    return any(value) if name == "dropout.rate" else len(value) > 0


def _check_initializer(settings) -> None:
    """What an initializer is to look at must be what the layers will see."""
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
            f"{settings.owner}: coefs_init must be an estimator whose layers are all "
            f"of its model, got an {type(settings.coefs_init).__name__} with "
            f"{learned[0]}."
        )


def _check_freeze(settings) -> None:
    if settings.scale_input:
        where = "with freeze, which keeps weights"
        raise _not_off(settings, "scale_input", False, where)
    averaging = value_of(settings, "solver.averaging")
    if averaging is not None:
        expected = "be None with freeze, whose weights it would round"
        raise invalid(settings.owner, "solver__averaging", expected, averaging)


def check_freeze_leaves_a_layer(settings, n_layers) -> None:
    if settings.freeze >= n_layers:
        raise settings.invalid("freeze", f"leave one of the {n_layers} layers to train")


def check_partial_fit(settings, request) -> None:
    """Raise a ValueError for parameters that only a whole fit can follow."""
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
            "be None for partial_fit, which does not see the rows that 'balanced' "
            "counts and must weight all calls alike (pass sample_weight instead)",
        )
    for name in ("max_time", "checkpoint"):
        if getattr(settings, name) is not None:
            where = "for partial_fit, which trains one epoch"
            raise _not_off(settings, name, None, where)


def check_stream(settings, request) -> None:
    """Raise a ValueError for what needs all rows at once, or rows by their numbers."""
    for name in ("numeric_embedding", "categorical_features"):
        if getattr(settings, name) is not None:
            where = "for fit_batches, since it looks at whole columns"
            raise _not_off(settings, name, None, where)
    if settings.early_stopping.on_validation and request.validation[0] is None:
        raise settings.invalid(
            "early_stopping", "be False for fit_batches without X_val, which validates"
        )


def _check_for_lbfgs(settings, loss) -> None:
    where = "with solver lbfgs: it needs mini-batches"
    _require_off(settings, STOCHASTIC_ONLY, where)
    if not loss.smooth:
        raise ValueError(
            f"{settings.owner}: loss must have a continuous gradient with solver "
            f"lbfgs, got {settings.loss!r}; use a stochastic solver such as 'adam', or "
            "'huber'."
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
