"""A user's parameters over those of a preset, merged setting by setting."""

import numpy as np
from sklearn.base import clone

from skmlp.component import Component
from skmlp.estimators.base import as_solver, is_stochastic
from skmlp.estimators.options import OPTIONS
from skmlp.estimators.validation.combinations import STOCHASTIC_ONLY
from skmlp.estimators.validation.parameters import RULES
from skmlp.solvers import Solver

# Parameters whose objects are merged with the preset's, setting by setting.
MERGED = ("solver", "dropout", "early_stopping", "ensemble")


def settings_over(estimator, preset, params):
    """The preset's parameters and the user's, merged setting by setting.

    Parameters of the preset that cannot act beside the user's are left out.
    """
    recipe = estimator(**preset)
    recipe.set_params(**{n: v for n, v in params.items() if n not in MERGED})
    merged = {n: merged_value(recipe, n, v) for n, v in params.items() if n in MERGED}
    recipe.set_params(**merged)
    merged["solver"] = with_flat(recipe, params, params.get("solver"))
    idle = _idle(recipe, params)
    given = preset | params | merged
    given |= {n: v for n, v in params.items() if n in idle}
    return {n: v for n, v in given.items() if n not in idle or n in params}


def _idle(recipe, params):
    """The names of parameters that do not act in the recipe."""
    if not is_stochastic(recipe.solver):  # an unknown one is refused by fit
        return {name.partition(".")[0] for name in STOCHASTIC_ONLY} | {"learning_rate"}
    if not np.size(recipe.hidden_layer_sizes):
        return {"dropout"} - params.keys()
    return set()


def merged_value(mlp, name, value):
    """A user's value or object, with the current settings where it gives none."""
    there = getattr(mlp, name)
    if not RULES[name][0](value):
        return value  # which fit refuses
    if name == "solver":
        given, there = as_solver(mlp, value), as_solver(mlp, there)
    else:
        given, there = OPTIONS[name].of(value), OPTIONS[name].of(there)
    if not isinstance(there, Component):
        return value
    return given.filled_by(there)


def with_flat(mlp, params, given):
    """The solver of `mlp`, with the user's parameters of the estimator for it.

    Settings that a `given` solver object brings itself win.
    """
    solver = mlp.solver
    if not isinstance(solver, Solver):
        return solver
    known = given._given if isinstance(given, Solver) else ()
    own = {n: params[n] for n in solver.flat if n in params and n not in known}
    return clone(solver).set_params(**own) if own else solver
