"""Factors on the learning rate and the weight decay of groups of parameters."""

import numpy as np

from skmlp.schedules import Constant
from skmlp.training.minibatch import Rates


def rates_of(plan, clock) -> Rates | None:
    """The factors, unless the solver does by itself what they would have it do.

    The decay of a parameter has the factor of its learning rate; biases and alphas have
    none. By itself a solver has decay for weights alone, not for what inputs learn.
    """
    network, dtype, solver = plan.network, plan.params.dtype, plan.settings.solver
    schedule = plan.settings.decay_schedule
    ntk, factors = solver.parametrization == "ntk", solver.rate_factors or {}
    has_decay = solver.get_params(deep=False).get("weight_decay", 0.0) > 0.0
    others = network.param_groups().keys() - {"weights", "biases", "activation"}
    inputs_decay = has_decay and bool(others)
    if not (factors or ntk or inputs_decay) and isinstance(schedule, Constant):
        return None
    steps = _by_group(network, factors)
    if ntk:
        for W, _ in network.weights_and_biases(steps):
            W /= np.sqrt(len(W))
    spared = factors | {"biases": 0.0, "activation": 0.0}
    decays = _by_group(network, spared).astype(dtype) if has_decay else None
    return Rates(steps.astype(dtype), decays, schedule, clock)


def _by_group(network, factors):
    """(n_params,), each with the factor of its group."""
    values = np.ones(network.n_params)
    for name, places in network.param_groups().items():
        for where in places:
            values[where] = factors.get(name, 1.0)
    return values
