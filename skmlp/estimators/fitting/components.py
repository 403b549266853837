"""Parts by name or as objects: their settings checked, and made plain numbers."""

from functools import partial

import numpy as np

from skmlp.activations import (
    ACTIVATIONS,
    Activation,
    UserActivation,
    derivative_error,
)
from skmlp.constraints import real
from skmlp.estimators.validation.parameters import ACTIVATION, naming, owner, shown
from skmlp.network.layers import Noise
from skmlp.schedules import FACTOR, SCHEDULES, Constant, OfProgress
from skmlp.solvers import SOLVERS, Adam

# Central differences of a right derivative are within 1e-8 of it.
LARGEST_DERIVATIVE_ERROR = 1e-5
# What a function of progress may give: noise grows to no more than it was set to.
FACTORS = {"dropout_schedule": real(0, 1, open_high=False)}
GAIN = real(0, open_low=True)


def make_part(table, value, estimator, parameter):
    """The part that `value`, a name in `table` or an object, stands for.

    A part by its name takes its ``flat`` settings from the estimator's parameters of
    the same name, which have been checked. The part is a copy: fits change no setting.
    """
    if isinstance(value, str):
        kind = table[value]
        flat = {name: getattr(estimator, name) for name in kind.flat}
        return kind(**flat).with_plain_numbers()
    for name, expected, came in value.broken_rules(parameter):
        raise ValueError(
            f"{owner(estimator)}: {name} must be {expected}, got {shown(came)}."
        )
    return value.with_plain_numbers()


def is_stochastic(solver) -> bool:
    """Whether a solver, by its name or as an object, trains by mini-batches."""
    kind = SOLVERS.get(solver) if isinstance(solver, str) else solver
    return getattr(kind, "stochastic", True)


def solver_of(estimator):
    """The solver of the parameter ``solver``."""
    return make_part(SOLVERS, estimator.solver, estimator, "solver")


def schedule_of(estimator, solver):
    """The schedule of the parameter ``learning_rate``.

    scikit-learn's Adam ignores its schedules; given by name, they are ignored here too.
    """
    schedule = estimator.learning_rate
    ignored = isinstance(schedule, str) and schedule in ("invscaling", "adaptive")
    if type(solver) is Adam and ignored:
        return Constant()
    return schedule_named(estimator, "learning_rate")


def schedule_named(estimator, parameter):
    """The schedule of the parameter of that name."""
    schedule = getattr(estimator, parameter)
    if schedule_is_function(schedule):
        return OfProgress(partial(_factor, estimator, parameter, schedule))
    return make_part(SCHEDULES, schedule, estimator, parameter)


def _factor(estimator, parameter, schedule, progress):
    """What the user's function of progress gives, if it is a factor."""
    accepts, expected = FACTORS.get(parameter, FACTOR)
    factor = schedule(progress)
    if not accepts(factor):
        raise ValueError(
            f"{owner(estimator)}: {parameter} must give {expected} as a function of "
            f"progress in [0, 1], got {shown(factor)} at {progress:g}."
        )
    return factor


def schedule_is_function(schedule) -> bool:
    return not isinstance(schedule, str) and not hasattr(schedule, "each_step")


def activations_of(estimator, n_hidden, *, check):
    """One activation, or a list of one for each hidden layer.

    check : whether to compare the derivatives of a user's own, as fits do.
    """
    given = estimator.activation
    if isinstance(given, (list, tuple, np.ndarray)):
        if len(given) != n_hidden:
            raise ValueError(
                f"{owner(estimator)}: activation must be one for all hidden layers or "
                f"one for each of the {n_hidden}, got {len(given)}."
            )
        layers = enumerate(given, start=1)
        return [
            _activation(estimator, one, f"hidden layer {i}", check) for i, one in layers
        ]
    return _activation(estimator, given, "all hidden layers", check)


def _activation(estimator, given, where, check) -> Activation:
    if isinstance(given, str) or type(given) in ACTIVATIONS.values():
        return make_part(ACTIVATIONS, given, estimator, "activation")
    if isinstance(given, Activation):
        own = make_part(ACTIVATIONS, given, estimator, "activation")
    else:
        own = UserActivation(given)
    if check:
        _check_own(estimator, own, given, where)
    return own


def _check_own(estimator, own, given, where) -> None:
    """Refuse a user's own activation whose derivative or gain is wrong."""
    with naming(estimator, "activation", f"{ACTIVATION[1]} of numbers", given):
        error = derivative_error(own)
        gain = own.gain
    if not GAIN[0](gain):
        raise ValueError(
            f"{owner(estimator)}: activation of {where} must have a gain that is "
            f"{GAIN[1]}, got {shown(gain)}."
        )
    if not error <= LARGEST_DERIVATIVE_ERROR:
        raise ValueError(
            f"{owner(estimator)}: activation of {where} must have a backward(delta, z, "
            "a) that multiplies delta by the derivative of what forward(z, out) writes "
            f"to out, got {shown(given)}, which differs from central differences by "
            f"up to {error:.3g}."
        )


def noise_of(estimator, n_hidden) -> list[Noise] | None:
    """The noise on each layer's inputs, or None if there is none."""
    rates = estimator.dropout
    if not hasattr(rates, "__len__"):
        rates = [rates] * n_hidden
    if len(rates) != n_hidden:
        raise ValueError(
            f"{owner(estimator)}: dropout must be one rate for all hidden layers or "
            f"one for each of the {n_hidden}, got {len(rates)}."
        )
    first = Noise(float(estimator.input_dropout), float(estimator.input_noise))
    noise = [first, *(Noise(float(rate)) for rate in rates)]
    return noise if any(noise) else None
