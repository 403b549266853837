"""The settings of a fit: an estimator's parameters, checked, with objects for names."""

from functools import partial
from types import SimpleNamespace

import numpy as np
from sklearn.base import is_regressor

from skmlp.activations import ACTIVATIONS, Activation, UserActivation, derivative_error
from skmlp.constraints import is_real, real
from skmlp.errors import error_context, invalid, short_repr
from skmlp.estimators.options import OPTIONS, is_function
from skmlp.estimators.validation.parameters import ACTIVATION, check_settings
from skmlp.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skmlp.network.noise import Noise
from skmlp.schedules import FACTOR, SCHEDULES, Constant, OfProgress
from skmlp.solvers import SOLVERS, Adam

# Central differences of a right derivative are within 1e-8 of it.
LARGEST_DERIVATIVE_ERROR = 1e-5
GAIN = real(0, open_low=True)
SHARE = real(0, 1, open_high=False)  # noise grows to no more than it was set to
NAMED_SCHEDULES = ("invscaling", "adaptive")
# By whether the targets are numbers.
LOSSES = {True: REGRESSION_LOSSES, False: CLASSIFICATION_LOSSES}


class Settings(SimpleNamespace):
    """An estimator's parameters when a fit begins, by their names.

    owner : the estimator's class, for messages.
    is_regression : whether the targets are numbers.
    given : the parameters as they were given; of those with an object for a plain
        value, such as `dropout`, the attribute is always the object.
    """

    # what only one of the two estimators has
    class_weight = None
    calibration = None
    scale_target = False
    clip_output = False

    @classmethod
    def of(cls, estimator):
        given = estimator.get_params(deep=False)
        objects = {name: kind.of(given[name]) for name, kind in OPTIONS.items()}
        settings = cls(**{**given, **objects})
        settings.owner, settings.given = type(estimator).__name__, given
        settings.is_regression = is_regressor(estimator)
        solver = component(settings, SOLVERS, "solver")
        settings.solver, settings.is_stochastic = solver, solver.stochastic
        return settings

    @property
    def holds_out(self) -> bool:
        """Whether rows are split off; for lbfgs, as in scikit-learn, not by default."""
        acts = self.is_stochastic or self.scoring is not None
        return self.early_stopping.on_validation and acts

    @property
    def stratifies(self) -> bool:
        """Whether validation rows are stratified for any number of classes."""
        given = self.early_stopping.stratify
        return self.scoring is not None if given == "auto" else bool(given)

    @property
    def schedule(self):
        """The schedule of ``learning_rate``.

        scikit-learn's Adam ignores its schedules; given by name, so are they here.
        """
        given = self.learning_rate
        if type(self.solver) is Adam and given in NAMED_SCHEDULES:
            return Constant()
        return schedule(self, "learning_rate", given, FACTOR)

    @property
    def noise_schedule(self):
        """The schedule of dropout and noise."""
        return schedule(self, "dropout__schedule", self.dropout.schedule, SHARE)

    @property
    def decay_schedule(self):
        """The schedule of the solver's weight decay, constant without one."""
        solver = self.solver.get_params(deep=False)
        given = solver.get("decay_schedule", "constant")
        return schedule(self, "solver__decay_schedule", given, FACTOR)

    def invalid(self, name, expected):
        """The error for a parameter that is not what it must be."""
        return invalid(self.owner, name, expected, self.given[name])


def component(settings, table, parameter):
    """The component that a parameter, a name in `table` or an object, stands for.

    By its name it takes its ``flat`` settings from the parameters of the same name,
    which have been checked. It is a copy: fits change no setting.
    """
    value = getattr(settings, parameter)
    if isinstance(value, str):
        kind = table[value]
        flat = {name: getattr(settings, name) for name in kind.flat}
        return kind(**flat).with_plain_numbers()
    return value.with_plain_numbers()


def loss_component(settings):
    """The loss that was asked for, whatever the kind of targets."""
    return component(settings, LOSSES[settings.is_regression], "loss")


def schedule(settings, parameter, given, rule):
    """A schedule by its name, as an object, or as a function of progress."""
    if isinstance(given, str):
        kind = SCHEDULES[given]
        return kind(**{name: getattr(settings, name) for name in kind.flat})
    if is_function(given):
        return OfProgress(partial(_factor, settings.owner, parameter, given, rule))
    return given.with_plain_numbers()


def _factor(owner, parameter, function, rule, progress):
    """What the user's function of progress gives, if it is a factor."""
    accepts, expected = rule
    factor = function(progress)
    if not accepts(factor):
        raise ValueError(
            f"{owner}: {parameter} must give {expected} as a function of progress in "
            f"[0, 1], got {short_repr(factor)} at {progress:g}."
        )
    return factor


def activations_of(owner, given, n_hidden, *, check):
    """One activation for each hidden layer; without any, the one by which to draw.

    check : whether to compare the derivatives of a user's own, as fits do.
    """
    if not isinstance(given, (list, tuple, np.ndarray)):
        activation = _activation(owner, given, "all hidden layers", check)
        return [activation] * max(1, n_hidden)
    if len(given) != n_hidden:
        raise ValueError(
            f"{owner}: activation must be one for all hidden layers or one for each "
            f"of the {n_hidden}, got {len(given)}."
        )
    layers = enumerate(given, start=1)
    return [_activation(owner, one, f"hidden layer {i}", check) for i, one in layers]


def _activation(owner, given, where, check) -> Activation:
    if isinstance(given, str):
        return ACTIVATIONS[given]()
    known = type(given) in ACTIVATIONS.values()
    if isinstance(given, Activation):
        check_settings(owner, "activation", given)
        own = given.with_plain_numbers()
    else:
        own = UserActivation(given)
    if check and not known:
        _check_own(owner, own, given, where)
    return own


def _check_own(owner, own, given, where) -> None:
    """Refuse a user's own activation whose derivative or gain is wrong."""
    with error_context(owner, "activation", f"{ACTIVATION[1]} of numbers", given):
        error = derivative_error(own)
        gain = own.gain
    if not GAIN[0](gain):
        raise invalid(
            owner, f"activation of {where}", f"have a gain that is {GAIN[1]}", gain
        )
    if not error <= LARGEST_DERIVATIVE_ERROR:
        raise ValueError(
            f"{owner}: activation of {where} must have a backward(delta, z, a) that "
            "multiplies delta by the derivative of what forward(z, out) writes to out, "
            f"got {short_repr(given)}, which differs from central differences by up to "
            f"{error:.3g}."
        )


def noise_of(settings, n_hidden) -> list[Noise] | None:
    """The noise on each layer's inputs, or None if there is none."""
    dropout = settings.dropout
    rates = [dropout.rate] * n_hidden if is_real(dropout.rate) else dropout.rate
    if len(rates) != n_hidden:
        raise ValueError(
            f"{settings.owner}: dropout must be one rate for all hidden layers or one "
            f"for each of the {n_hidden}, got {len(rates)}."
        )
    first = Noise(float(dropout.inputs), float(dropout.noise))
    noise = [first, *(Noise(float(rate)) for rate in rates)]
    return noise if any(noise) else None
