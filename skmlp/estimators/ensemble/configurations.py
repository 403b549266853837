"""Configurations of an ensemble: parameters in which its members differ."""

import copy

from sklearn.base import clone

from skmlp.errors import error_context, invalid
from skmlp.estimators.fitting.settings import Settings
from skmlp.estimators.validation.combinations import check_combinations
from skmlp.estimators.validation.parameters import check_parameters

# Parameters that all members share, with the settings within them.
SHARED = {
    "calibration",
    "categorical_features",
    "checkpoint",
    "class_weight",
    "clip_output",
    "ensemble",
    "loss",
    "max_time",
    "n_jobs",
    "n_members",
    "random_state",
    "refit",
    "scale_target",
    "scoring",
    "validation_fraction",
    "warm_start",
}
# Of early stopping these; its other settings may differ.
SHARED_SETTINGS = {
    "early_stopping",
    "early_stopping__monitor",
    "early_stopping__stratify",
}
EXPECTED = "valid parameters of the estimator by their names"


def variants(estimator, settings):
    """A clone of the estimator for each configuration; one where there are none."""
    given = settings.ensemble.configurations or [{}]
    return [_variant(estimator, configuration) for configuration in given]


def _variant(estimator, configuration):
    # of a copy, so that no object is shared with the user
    try:
        return clone(estimator).set_params(**copy.deepcopy(configuration))
    except AttributeError as error:  # of a setting within a number
        raise ValueError(str(error)) from error


def check_configurations(estimator, settings) -> None:
    """Raise a ValueError for a configuration that no member can have."""
    owner = settings.owner
    for number, configuration in enumerate(settings.ensemble.configurations or ()):
        where = _name(number)
        _check_not_shared(owner, where, configuration)
        with error_context(owner, where, EXPECTED, configuration):
            variant = _variant(estimator, configuration)
            check_parameters(variant, variant._rules)
        _check_solver(settings, where, configuration, Settings.of(variant))


def _name(number) -> str:
    return f"ensemble__configurations[{number}]"


def _check_not_shared(owner, where, configuration) -> None:
    for name in configuration:
        if name.partition("__")[0] in SHARED or name in SHARED_SETTINGS:
            expected = f"not set {name!r}, which is the same for all members"
            raise invalid(owner, where, expected, configuration)


def _check_solver(settings, where, configuration, own) -> None:
    """Members hold rows out, and continue, all in one way."""
    if own.is_stochastic != settings.is_stochastic:
        kind = "mini-batches" if settings.is_stochastic else "all rows at once"
        expected = f"have a solver that trains on {kind}, like the estimator's"
        raise invalid(settings.owner, where, expected, configuration)


def check_combinations_of(settings, members, loss, *, sparse) -> None:
    """Raise a ValueError, before training, for what a configuration can't combine.

    members : the estimator in each configuration.
    """
    given = settings.ensemble.configurations or ()
    for number, (configuration, member) in enumerate(zip(given, members, strict=False)):
        if not configuration:  # what it is refused for is the estimator's own
            check_combinations(Settings.of(member), loss, sparse=sparse)
            continue
        with error_context(settings.owner, _name(number), EXPECTED, configuration):
            check_combinations(Settings.of(member), loss, sparse=sparse)


# Numbers of members


def check_numbers(settings) -> None:
    """Raise a ValueError unless configurations to weigh have as many members each."""
    ensemble, n_members = settings.ensemble, settings.n_members
    n = ensemble.n_configurations
    if ensemble.configurations is None:
        return
    if n_members < n:
        expected = f"be at least {n}, the number of configurations of ensemble"
        raise settings.invalid("n_members", expected)
    if ensemble.weights == "equal":
        return
    if n_members % n:
        expected = f"be a multiple of {n}, the number of configurations of ensemble"
        raise settings.invalid("n_members", expected)
    if ensemble.by == "folds" and n_members < 2 * n:
        expected = f"be at least {2 * n}, for two folds of {n} configurations"
        raise settings.invalid("n_members", expected)


def check_alone(settings) -> None:
    """Raise a ValueError for configurations or weights that one network cannot have.

    Its configuration is the first, which may be that of the estimator itself.
    """
    ensemble = settings.ensemble
    if ensemble.weights != "equal":
        expected = "be 'equal' with n_members=1"
        raise invalid(settings.owner, "ensemble__weights", expected, ensemble.weights)
    if ensemble.configurations and ensemble.configurations[0]:
        expected = "be None, or begin with {}, with n_members=1"
        where, given = "ensemble__configurations", ensemble.configurations
        raise invalid(settings.owner, where, expected, given)
