"""Rounding, which differs by machine, moves no fit as far as a comparison allows."""

import numpy as np
import pytest

from skmlp.network.objective import Objective

from ..conftest import learned_arrays, quietly
from ..rounding_noise.sitecustomize import add_noise
from .test_same_model import (
    DEFAULTS,
    PACKAGES,
    RTOL,
    SAME_OBJECTIVE,
    SOLVERS,
    TASKS,
)


def train(task, solver, dtype):
    kind, params, X, y = TASKS[task]
    model = getattr(PACKAGES[0], kind)(**{**DEFAULTS, **params, **SOLVERS[solver]})
    return quietly(model.fit, X.astype(dtype), y)


def drift(model, expected):
    """The rtol that their comparison, by the rule of test_same_model, would need."""
    return max(
        (np.abs(a - b) / (np.abs(b) + 0.1 * np.abs(b).max())).max()
        for a, b in zip(learned_arrays(model), learned_arrays(expected), strict=True)
    )


@pytest.mark.parametrize("dtype", RTOL)
def test_rounding_moves_a_fit_by_less_than_a_tenth_of_the_tolerance(dtype, monkeypatch):
    fits = {case: train(*case, dtype) for case in SAME_OBJECTIVE}
    exact = Objective.value_and_gradient

    def value_and_gradient(self, *args, **kwargs):
        value, grad = exact(self, *args, **kwargs)
        add_noise(grad, seed=0)
        return value, grad

    monkeypatch.setattr(Objective, "value_and_gradient", value_and_gradient)
    drifts = {case: drift(train(*case, dtype), fits[case]) for case in fits}
    assert min(drifts.values()) > 0  # the noise has come to each fit
    worst = max(drifts, key=drifts.get)
    assert drifts[worst] < RTOL[dtype] / 10, worst
