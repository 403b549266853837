"""Laws of training over all rows at once."""

import math

import numpy as np
import pytest

from skmlp.activations import ACTIVATIONS
from skmlp.losses import LOSSES
from skmlp.network.network import Network
from skmlp.network.objective import Objective
from skmlp.solvers import LBFGS
from skmlp.training.early_stopping import Monitor, Patience
from skmlp.training.full_batch import Minimization
from skmlp.training.history import History
from skmlp.training.verbose import Verbose

from .runs import FOREVER, make_training


def make_minimization(tol=1e-6, level=0, dtype=np.float64, objective=None):
    """The small regression again, for a solver that minimizes."""
    training = make_training(dtype=dtype)
    return Minimization(
        objective=training.objective if objective is None else objective,
        params=training.params,
        data=training.data,
        solver=LBFGS(),
        tol=tol,
        history=History(),
        frozen=training.frozen,
        monitor=Monitor(Patience(0.0, FOREVER)),
        verbose=Verbose(level),
    )


class Interrupted:
    """An objective that is interrupted in one of its evaluations."""

    def __init__(self, objective, at):
        self.objective, self.at, self.n_calls = objective, at, 0

    def value_and_gradient(self, *arguments):
        self.n_calls += 1
        if self.n_calls == self.at:
            raise KeyboardInterrupt
        return self.objective.value_and_gradient(*arguments)

    reports_value = True
    loss_unit = 1.0

    def reported(self, value):
        return self.objective.reported(value)

    trained = reported


@pytest.mark.parametrize("dtype, tol", [(np.float64, 1e-6), (np.float32, 1e-3)])
def test_minimization_ends_where_the_objective_is_flat(dtype, tol):
    minimization = make_minimization(tol, dtype=dtype)
    params, data = minimization.params, minimization.data
    assert minimization.run(1000) == "converged"
    assert minimization.params is params and params.dtype == dtype
    objective = minimization.objective
    value, grad = objective.value_and_gradient(params, data.X, data.Y)
    # SciPy also ends where a step lowers the value by less than 2e-9 of it
    assert np.abs(grad).max() < 1e-3
    assert minimization.loss == objective.reported(value)
    assert minimization.status == 0
    assert 1 < minimization.n_iter < 1000


def test_minimization_for_max_iter_iterations_is_a_beginning_of_a_longer_one(capsys):
    minimization = make_minimization(level=1)
    assert minimization.run(3) == "max_iter"
    assert minimization.n_iter == 3
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "Iteration 1",
        "Iteration 2",
        "Iteration 3",
    ]
    assert lines[-1] == f"Iteration 3, loss = {minimization.loss:.8f}"
    make_minimization(level=1).run(6)
    assert capsys.readouterr().out.splitlines()[:3] == lines


def test_an_interrupted_minimization_keeps_its_last_iterate(capsys):
    whole = make_minimization().objective
    minimization = make_minimization(objective=Interrupted(whole, at=8), level=1)
    assert minimization.run(100) == "interrupted"
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"Iteration {minimization.n_iter}, loss = {minimization.loss:.8f}"
    again = make_minimization()
    again.run(minimization.n_iter)
    np.testing.assert_array_equal(minimization.params, again.params)


def test_a_minimization_interrupted_before_its_first_iterate_goes_on_up():
    for at in (1, 2):
        objective = Interrupted(make_minimization().objective, at)
        with pytest.raises(KeyboardInterrupt):
            make_minimization(objective=objective).run(100)


def test_a_minimization_whose_loss_is_not_finite_has_diverged():
    for scale in (1e200, math.nan):
        minimization = make_minimization()
        minimization.data.Y = scale * minimization.data.Y
        assert minimization.run(10) == "diverged", scale
        assert not minimization.keeps_best


def test_a_minimization_that_diverges_by_its_data_says_so_without_a_warning():
    network = Network((2, 3, 1), ACTIVATIONS["identity"]())
    minimization = make_minimization(
        objective=Objective(network, LOSSES["squared_error"](), 0.1, 10, np.float64)
    )
    minimization.data.X = 1e200 * minimization.data.X
    assert minimization.run(10) == "diverged"
