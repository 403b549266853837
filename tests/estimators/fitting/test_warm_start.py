"""Fits that go on: by partial_fit, by warm_start, and from weights set by hand."""

import copy

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skmlp import MLPClassifier, MLPRegressor

from ...conftest import assert_same_bits, covering
from ..small_models import (
    EARLY,
    ESTIMATORS,
    N_ROWS,
    NUMBERS,
    SOLVERS,
    STOCHASTIC,
    TASKS,
    X,
    assert_same_parameters,
    by_hand,
    fitted,
    partly_fitted,
    small,
    target,
)

# partial_fit and warm_start


@covering(
    kind=ESTIMATORS,
    solver=STOCHASTIC,
    learning_rate=["constant", "invscaling", "adaptive"],
    batch_size=["auto", 7],
)
def test_partial_fit_twice_is_one_run_of_two_unshuffled_epochs(
    kind, solver, learning_rate, batch_size
):
    params = {"solver": solver, "learning_rate": learning_rate, "shuffle": False}
    params |= {"batch_size": batch_size, "max_iter": 2}
    run = fitted(small(kind, **params))
    parts = partly_fitted(small(kind, **params), times=2)
    assert_same_bits(parts, run)
    assert parts.loss_curve_ == run.loss_curve_
    assert parts.best_loss_ == run.best_loss_
    assert parts.loss_ == run.loss_
    assert parts.t_ == run.t_ == 2 * N_ROWS
    assert (parts.n_iter_, run.n_iter_) == (1, 2)


@pytest.mark.parametrize("solver", STOCHASTIC)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_partial_fit_after_fit_goes_on_with_the_solver_where_it_was(kind, solver):
    params = {"solver": solver, "shuffle": False}
    run = fitted(small(kind, max_iter=5, **params))
    parts = partly_fitted(fitted(small(kind, max_iter=3, **params)), times=2)
    assert_same_bits(parts, run)
    assert parts.loss_curve_ == run.loss_curve_


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_partial_fit_on_parts_of_the_rows_is_an_epoch_of_batches(kind):
    params = {"shuffle": False, "alpha": 0.0}
    whole = small(kind, batch_size=10, max_iter=1, **params)
    parts = small(kind, **params)
    y = target(kind)
    kwargs = {"classes": [0, 1, 2]} if kind is MLPClassifier else {}
    for rows in (slice(0, 10), slice(10, 20), slice(20, 30)):
        parts.partial_fit(X[rows], y[rows], **kwargs)
    assert_same_parameters(parts, fitted(whole))
    assert parts.t_ == N_ROWS


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_warm_fits_of_one_epoch_are_one_fit_where_the_solver_has_no_state(kind):
    params = {"solver": "sgd", "momentum": 0.0, "shuffle": False, "warm_start": True}
    model = small(kind, max_iter=1, **params)
    for n_fits in (1, 2, 3, 4):
        with pytest.warns(ConvergenceWarning):
            model.fit(X, target(kind))
        once = fitted(small(kind, max_iter=n_fits, **params))
        assert_same_bits(model, once)
        assert model.loss_curve_ == once.loss_curve_
        assert model.best_loss_ == once.best_loss_
        assert (model.n_iter_, model.t_) == (1, n_fits * N_ROWS)


@covering(kind=ESTIMATORS, solver=STOCHASTIC, early_stopping=EARLY)
def test_warm_fits_record_one_loss_an_epoch_and_all_are_kept(
    kind, solver, early_stopping
):
    model = small(kind, solver=solver, max_iter=1, warm_start=True)
    model.set_params(early_stopping=early_stopping, validation_fraction=0.2)
    for n_fits in (1, 2, 3):
        fitted(model)
        assert len(model.loss_curve_) == n_fits
        assert model.loss_ == model.loss_curve_[-1]
        assert model.n_iter_ == 1
        assert model.t_ == n_fits * (N_ROWS * 8 // 10 if early_stopping else N_ROWS)
        if early_stopping:
            assert len(model.validation_scores_) == n_fits
            assert model.best_validation_score_ == max(model.validation_scores_)
        else:
            assert model.best_loss_ == min(model.loss_curve_)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_warm_fit_starts_where_the_fit_before_ended_and_a_cold_one_anew(kind, solver):
    first = fitted(small(kind, solver=solver))
    cold = fitted(copy.deepcopy(first))
    assert_same_bits(cold, first)
    assert cold.loss_ == first.loss_
    warm = fitted(copy.deepcopy(first).set_params(warm_start=True))
    # over 20 seeds: 0.07 to 0.9997 of it by epochs, to 1 - 3e-8 by lbfgs
    assert warm.loss_ < first.loss_


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_lbfgs_in_two_warm_fits_goes_below_the_first_ones_loss(kind):
    model = small(kind, solver="lbfgs", warm_start=True, max_iter=3)
    losses = [fitted(model).loss_ for _ in range(5)]
    assert losses == sorted(losses, reverse=True)
    assert model.n_iter_ == 3
    assert model.t_ == 0


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_first_partial_fit_is_the_first_epoch_of_fit(kind):
    for shuffle in (False, True):
        run = fitted(small(kind, max_iter=1, shuffle=shuffle))
        assert_same_bits(partly_fitted(small(kind, shuffle=shuffle)), run)


# Parameters set by hand


@covering(task=TASKS, solver=STOCHASTIC)
def test_partial_fit_goes_on_from_parameters_set_by_hand(task, solver):
    kind, y = task
    model = fitted(small(kind, solver=solver), y)
    hand = by_hand(kind, model, solver=solver).partial_fit(X, y)
    # a warm fit has a new solver and these parameters, too
    warm = fitted(model.set_params(warm_start=True, max_iter=1, tol=0), y)
    assert_same_bits(hand, warm)
    assert hand.loss_ == warm.loss_
    np.testing.assert_array_equal(hand.predict(X), warm.predict(X))
    assert hand.n_features_in_ == 4
    assert hand.loss_curve_ == [hand.loss_]


@pytest.mark.parametrize("task", TASKS)
def test_a_warm_fit_goes_on_from_parameters_set_by_hand(task):
    kind, y = TASKS[task]
    for solver in SOLVERS:
        model = fitted(small(kind, solver=solver, warm_start=True), y)
        hand = fitted(by_hand(kind, model, solver=solver, warm_start=True), y)
        again = fitted(by_hand(kind, model, **hand.get_params()), y)
        assert_same_bits(hand, again)
        # over 20 seeds: lower by a part of 3e-8 (of lbfgs, near its end) to 0.998
        assert hand.loss_ <= model.loss_ * (1 + 1e-6), solver
        assert not np.array_equal(hand.coefs_[0], model.coefs_[0]), solver


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_training_leaves_the_arrays_set_by_hand_as_they_were(kind):
    hand = by_hand(kind, fitted(small(kind)))
    arrays = [*hand.coefs_, *hand.intercepts_]
    before = [a.copy() for a in arrays]
    partly_fitted(hand, times=2)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)


@covering(kind=ESTIMATORS, solver=STOCHASTIC)
def test_a_network_set_by_hand_in_the_place_of_another_is_trained(kind, solver):
    smaller = partly_fitted(small(kind, solver=solver, hidden_layer_sizes=(2,)))
    larger = fitted(small(kind, solver=solver))
    smaller.coefs_, smaller.intercepts_ = larger.coefs_, larger.intercepts_
    smaller.set_params(hidden_layer_sizes=larger.hidden_layer_sizes)
    before = smaller.coefs_[0].copy()
    partly_fitted(smaller)
    assert [W.shape for W in smaller.coefs_] == [W.shape for W in larger.coefs_]
    assert not np.array_equal(smaller.coefs_[0], before)


# The smallest data and the shortest fits


def test_a_model_made_float64_by_hand_has_a_float64_solver_state():
    model = small(MLPRegressor)
    model.partial_fit(X.astype(np.float32), NUMBERS)
    model.coefs_ = [W.astype(np.float64) for W in model.coefs_]
    model.intercepts_ = [b.astype(np.float64) for b in model.intercepts_]
    model.partial_fit(X, NUMBERS)
    state = model._state.memory.solver_state["solver"]["values"]
    assert {state["m"].dtype, state["v"].dtype} == {np.dtype(np.float64)}
