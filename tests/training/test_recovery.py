"""Laws of recovery: divergence goes back to the last good epoch, at half the rate."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

from skmlp import MLPClassifier, MLPRegressor
from skmlp.network.objective import Value
from skmlp.schedules import Linear, Plateau
from skmlp.solvers import SGD
from skmlp.training.early_stopping import Patience
from skmlp.training.recovery import N_RECOVERIES

from ..conftest import assert_same_bits, covering
from . import runs
from .runs import SOLVERS_IN_TRAINING, Counting, noisy_network

NETWORK = noisy_network()
AGAIN = "restarted from the last good epoch with learning_rate_init="
every_solver = pytest.mark.parametrize(
    "solver", SOLVERS_IN_TRAINING.values(), ids=SOLVERS_IN_TRAINING
)


def make_training(objective=None, solver=None, **settings):
    """A small, noisy regression; any part of it may be handed in."""
    generator = np.random.default_rng(5)
    settings = {"network": NETWORK, "generator": generator} | settings
    training = runs.make_training(solver=solver, **settings)
    if objective is not None:
        training.objective = objective(training.objective)
    return training


class Failing:
    """An objective whose evaluations with those numbers, from 0, are not finite."""

    def __init__(self, objective, at):
        self.objective, self.at, self.n_evaluations = objective, at, 0

    def __getattr__(self, name):
        return getattr(self.objective, name)

    def value_and_gradient(self, *arguments):
        value, grad = self.objective.value_and_gradient(*arguments)
        if self.n_evaluations in self.at:
            value, grad = Value(math.nan, 0.0), np.full_like(grad, np.inf)
        self.n_evaluations += 1
        return value, grad


def scripted(losses, scores=None, n_recoveries=N_RECOVERIES, **parts):
    return runs.scripted(losses, scores, n_recoveries=n_recoveries, **parts)


# --- the course


@covering(n_good=[0, 1, 3], bad=[math.nan, math.inf])
def test_after_divergence_training_goes_on_from_the_last_good_epoch(n_good, bad):
    good = [5.0 - i for i in range(n_good)]
    training = scripted([*good, bad, 0.5, 0.25], learning_rate=0.8)
    assert training.run(n_good + 2) == "max_iter"
    assert training.history.loss_curve == [*good, 0.5, 0.25]
    assert training.n_iter == n_good + 2 == training.history.n_updates
    assert (training.params == training.n_iter).all()
    clock = training.solver_state.clock
    assert clock.n_steps == n_good + 2
    assert clock.n_samples == training.history.n_samples == 10 * (n_good + 2)
    # all rates are exact halves
    rates = training.solver_state.solver.rates
    assert rates == [0.8] * (n_good + 1) + [0.4, 0.4]
    assert training.recoveries == [f"Diverged in epoch {n_good + 1}; {AGAIN}0.4."]


def test_divergence_of_params_is_divergence_too():
    class Overflowing(Counting):
        def _update(self, params, grad, values, rate):
            super()._update(params, grad, values, rate)
            if len(self.rates) == 2:
                params[0] = np.inf

    training = scripted([3.0, 2.0, 1.0], solver=Overflowing())
    assert training.run(2) == "max_iter"
    assert training.history.loss_curve == [3.0, 1.0]
    assert (training.params == 2).all()


def test_each_recovery_halves_the_rate_and_is_named():
    for n_bad in range(1, N_RECOVERIES + 1):
        training = scripted([4.0] + n_bad * [math.nan] + [3.0], learning_rate=0.8)
        assert training.run(2) == "max_iter"
        assert training.history.loss_curve == [4.0, 3.0]
        halves = [0.8 / 2**i for i in range(1, n_bad + 1)]
        assert training.recoveries == [
            f"Diverged in epoch 2; {AGAIN}{rate:g}." for rate in halves
        ]
        assert training.solver_state.solver.rates == [0.8, 0.8, *halves]
        assert training.history.last("learning_rate") == halves[-1]


def test_recoveries_of_several_epochs_count_together():
    losses = [4.0, math.nan, 3.0, math.nan, 2.0, math.nan, 1.0, math.nan, 0.5]
    training = scripted(losses)
    assert training.run(9) == "diverged"
    assert len(training.recoveries) == N_RECOVERIES == 3
    assert [text.split()[3][:-1] for text in training.recoveries] == ["2", "3", "4"]
    assert training.n_iter == 5
    assert training.history.loss_curve[:-1] == [4.0, 3.0, 2.0, 1.0]


def test_after_the_last_recovery_divergence_is_as_without():
    for bad in (math.nan, math.inf):
        losses = [4.0, 3.0] + 4 * [bad]
        training, without = scripted(losses), scripted(losses, n_recoveries=0)
        assert training.run(9) == without.run(9) == "diverged"
        assert training.n_iter == without.n_iter == 3
        np.testing.assert_array_equal(
            training.history.loss_curve, without.history.loss_curve
        )
        assert without.recoveries == []


def test_after_the_last_recovery_the_best_params_are_kept():
    losses, scores = [4.0, 3.0, 2.0] + 4 * [math.nan], [0.1, 0.9, 0.5]
    training = scripted(losses, scores)
    assert training.run(9) == "diverged"
    assert training.monitor.best.epoch == 2
    assert (training.params == 2).all()


def test_scores_and_the_best_epoch_are_those_of_good_epochs():
    training = scripted([4.0, math.nan, 3.0, math.nan, 2.0], [0.1, 0.9, 0.5])
    assert training.run(3) == "max_iter"
    assert training.history.validation_scores == [0.1, 0.9, 0.5]
    assert training.monitor.best.epoch == 2
    assert (training.params == 2).all()


def test_patience_counts_good_epochs_alone():
    losses = [4.0, 4.0, math.nan, 4.0, 4.0, 4.0]
    training = scripted(losses, patience=Patience(0.1, 2))
    assert training.run(9) == "converged"
    assert training.n_iter == 4  # one to set the best, and three without a fall
    assert len(training.recoveries) == 1


def test_a_schedule_goes_on_from_the_lower_rate():
    losses = [4.0, 4.0, 4.0, math.nan, 4.0, 4.0]
    settings = {"schedule": Plateau(factor=0.25, floor=0.01), "learning_rate": 0.8}
    training = scripted(losses, patience=Patience(0.1, 1), **settings)
    assert training.run(5) == "max_iter"
    # a plateau after the third epoch divides by four, the recovery by two
    rates = training.solver_state.solver.rates
    assert rates == [0.8, 0.8, 0.8, 0.2, 0.1, 0.1]
    assert training.at_plateau.epochs == [3, 5]


@every_solver
def test_after_a_recovery_all_is_as_in_a_training_whose_rate_was_halved(solver):
    solver = replace(solver, max_norm=1.0)
    # with noise, shuffles, averages and a schedule, all of which have a state
    for at in (0, 2, 5, 8):

        def failing(objective, at=at):
            return Failing(objective, {at})

        settings = {"schedule": Linear(), "n_planned_epochs": 7}
        training = make_training(failing, solver, n_recoveries=N_RECOVERIES, **settings)
        expected = make_training(None, solver, **settings)
        n_good = at // 3  # three batches an epoch
        if n_good:
            expected.run(n_good)
        expected.recovery.rate_factor = 0.5
        assert training.run(5) == expected.run(5 - n_good)
        assert len(training.recoveries) == 1, at
        np.testing.assert_array_equal(training.params, expected.params)
        assert training.history == expected.history, at
        both = training.solver_state, expected.solver_state
        np.testing.assert_equal(*(state.get_state() for state in both))


@every_solver
def test_without_divergence_recovery_changes_no_bit(solver):
    solver = replace(solver, max_norm=1.0)
    settings = {"schedule": Linear(), "n_planned_epochs": 7}
    training = make_training(None, solver, n_recoveries=N_RECOVERIES, **settings)
    expected = make_training(None, solver, **settings)
    assert training.run(5) == expected.run(5) == "max_iter"
    np.testing.assert_array_equal(training.params, expected.params)
    assert training.history == expected.history
    assert training.recoveries == []


# --- through estimators


rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
NUMBERS = X @ [1.0, 2.0, 0.0, 0.0]
AMOUNTS = np.exp(NUMBERS / 2) + 0.01
quiet = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::skmlp.DiagnosticWarning"
)
# rates at which this fit diverges in its first epoch, and after how many halvings not;
# the seed decides that, not rounding: it is the same at rates of 0.3 to 0.45, of 0.7 to
# 0.8, of 1.4 to 2.0, and with rounding noise of 20 seeds
RATES = {0.4: 1, 0.7: 2, 1.8: 3}
HOPELESS = 100.0


def make(rate, **params):
    """A log-linear model of amounts, whose steps explode at large rates."""
    params = {"solver": "sgd", "batch_size": 5, "max_iter": 10} | params
    params = {"hidden_layer_sizes": (), "recover": True, "random_state": 0} | params
    return MLPRegressor("gamma", learning_rate_init=rate, **params)


@quiet
@pytest.mark.parametrize(("rate", "n_halvings"), RATES.items())
def test_a_rate_that_diverges_at_first_ends_in_a_finite_model(rate, n_halvings):
    with pytest.raises(ValueError, match="stopped being finite in epoch 1 with"):
        make(rate, recover=False).fit(X, AMOUNTS)
    mlp = make(rate).fit(X, AMOUNTS)
    # of AMOUNTS, which are log-linear but for 0.01, the best model has 0.9999, as have
    # these, with rounding noise of 20 seeds, too
    assert mlp.score(X, AMOUNTS) > 0.9
    named = [
        f"Diverged in epoch 1; {AGAIN}{rate / 2**i:g}."
        for i in range(1, n_halvings + 1)
    ]
    end = "Trained for max_iter=10 epochs."
    assert mlp.stop_reason_ == " ".join([*named, end])


@quiet
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"early_stopping": True},
        {"batch_size": 5, "solver": SGD(averaging=0.9)},
        {"scale_input": True, "scale_target": True},
    ],
    ids=["plain", "early stopping", "averaging", "scaled"],
)
def test_a_recovered_fit_is_the_fit_at_the_lower_rate(params):
    for rate, n_halvings in RATES.items():
        mlp = make(rate, **params).fit(X, AMOUNTS)
        n_recoveries = mlp.stop_reason_.count("restarted from")
        # other settings may diverge at other rates
        assert params or n_recoveries == n_halvings
        expected = make(rate / 2**n_recoveries, recover=False, **params).fit(X, AMOUNTS)
        assert_same_bits(mlp, expected)
        assert mlp.loss_curve_ == expected.loss_curve_
        for name in ("n_iter_", "t_", "n_updates_"):
            assert getattr(mlp, name) == getattr(expected, name)
        for name in mlp.history_.keys() - {"seconds"}:
            np.testing.assert_array_equal(mlp.history_[name], expected.history_[name])
        assert np.isfinite(mlp.loss_curve_).all()
        assert len(mlp.loss_curve_) == mlp.n_iter_


@quiet
@pytest.mark.parametrize("solver", [SGD(lazy=True), SGD()], ids=["lazy", "all"])
def test_fits_of_sparse_rows_recover_too(solver):
    rows = scipy.sparse.csr_matrix(X)
    mlp = make(0.4, solver=solver).fit(rows, AMOUNTS)
    assert mlp.stop_reason_.count("restarted from") == 1
    expected = make(0.2, solver=solver, recover=False).fit(rows, AMOUNTS)
    assert_same_bits(mlp, expected)


@quiet
def test_warm_starts_and_partial_fits_recover_too():
    mlp = make(0.1, warm_start=True).fit(X, AMOUNTS)
    n_before = mlp.n_iter_
    mlp.set_params(learning_rate_init=0.3).fit(2 * X, AMOUNTS)
    assert "restarted from" in mlp.stop_reason_
    assert np.isfinite(mlp.loss_curve_).all()
    assert len(mlp.loss_curve_) == n_before + mlp.n_iter_
    one, other = make(0.4).partial_fit(X, AMOUNTS), make(0.2).partial_fit(X, AMOUNTS)
    assert "restarted" in one.stop_reason_ and "restarted" not in other.stop_reason_
    assert_same_bits(one, other)


@quiet
@pytest.mark.parametrize("rate", [0.7, 1.1])
def test_divergence_that_takes_several_epochs_is_recovered_from(rate):
    # three batches an epoch: the weights grow for epochs before they overflow, and
    # the last epoch with a finite loss is not a good one
    params = {"solver": "sgd", "batch_size": 20, "max_iter": 30, "random_state": 0}
    mlp = MLPRegressor(hidden_layer_sizes=(5,), recover=True, **params)
    mlp.set_params(learning_rate_init=rate).fit(X, NUMBERS)
    assert "restarted from" in mlp.stop_reason_
    # a constant has 0; with rounding noise of 20 seeds 0.999 and more
    assert mlp.score(X, NUMBERS) > 0.5


@quiet
def test_a_hopeless_rate_is_an_error_in_the_end():
    fitted = make(0.1).fit(X, AMOUNTS).set_params(learning_rate_init=HOPELESS)
    with pytest.raises(ValueError, match="stopped being finite in epoch 1 with"):
        fitted.fit(X, AMOUNTS)
    assert not hasattr(fitted, "coefs_")


def test_a_hopeless_rate_leaves_the_best_weights_with_early_stopping():
    mlp = make(HOPELESS, early_stopping=True, coefs_init=make_start())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="skmlp")
        with pytest.warns(ConvergenceWarning, match="The weights are the initial"):
            mlp.fit(X, AMOUNTS)
    assert mlp.stop_reason_.count("restarted from") == 3
    assert mlp.stop_reason_.endswith("The loss stopped being finite in epoch 1.")
    for found, expected in zip(
        (mlp.coefs_, mlp.intercepts_), make_start(), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def make_start():
    return [np.zeros((4, 1))], [np.zeros(1)]


@quiet
@covering(
    early_stopping=[False, True],
    solver=["sgd", "adam"],
    kind=[MLPClassifier, MLPRegressor],
)
def test_fits_that_do_not_diverge_are_the_same(early_stopping, solver, kind):
    y = NUMBERS > 0 if kind is MLPClassifier else NUMBERS
    params = {"solver": solver, "early_stopping": early_stopping, "max_iter": 20}
    mlp = kind(recover=True, random_state=0, **params).fit(X, y)
    expected = kind(random_state=0, **params).fit(X, y)
    assert_same_bits(mlp, expected)
    assert mlp.loss_curve_ == expected.loss_curve_
    assert mlp.stop_reason_ == expected.stop_reason_


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_lbfgs_has_no_rate_to_halve(kind):
    expected = f"{kind.__name__}: recover must be False with solver lbfgs"
    with pytest.raises(ValueError, match=expected):
        kind(solver="lbfgs", recover=True).fit(X, NUMBERS > 0)


@quiet
def test_recoveries_are_said_where_training_is_verbose(capsys):
    make(0.4, verbose=True).fit(X, AMOUNTS)
    said = capsys.readouterr().out
    assert f"Diverged in epoch 1; {AGAIN}0.2." in said
