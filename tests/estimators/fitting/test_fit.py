"""What a fit sets, and what it leaves after Ctrl-C, an error or a warning."""

import copy
import pickle
import warnings
from itertools import pairwise, product

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skmlp import MLPClassifier, MLPRegressor
from skmlp.network.objective import Objective
from skmlp.solvers import SGD, Adam

from ...conftest import assert_same_bits, covering, digest
from ..small_models import (
    EARLY,
    ESTIMATORS,
    LABELS,
    N_ROWS,
    NUMBERS,
    SOLVERS,
    STOCHASTIC,
    TASKS,
    X,
    assert_same_parameters,
    attributes,
    fitted,
    outputs,
    partly_fitted,
    small,
    target,
)

# Which attributes there are


ALWAYS = {
    *("coefs_", "intercepts_", "loss_", "n_iter_", "t_", "n_layers_", "n_outputs_"),
    *("out_activation_", "n_features_in_", "history_", "n_updates_", "best_epoch_"),
    "stop_reason_",
}
BY_EPOCHS = {
    "loss_curve_",
    "validation_loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
}


@pytest.mark.parametrize("solver", SOLVERS)
def test_fit_sets_the_attributes_of_its_solver_and_no_others(solver):
    for kind, early_stopping in product(ESTIMATORS, [False, True]):
        model = fitted(small(kind, solver=solver, early_stopping=early_stopping))
        expected = ALWAYS | ({"classes_"} if kind is MLPClassifier else set())
        if solver != "lbfgs":
            expected |= BY_EPOCHS
            assert (model.best_loss_ is None) == early_stopping
            for name in ("validation_scores_", "best_validation_score_"):
                assert (getattr(model, name) is not None) == early_stopping
            if kind is MLPRegressor and early_stopping:
                expected.add("validation_residuals_")
        assert attributes(model) == expected, (kind, early_stopping)


@covering(
    kind=ESTIMATORS,
    solver=STOCHASTIC,
    early_stopping=EARLY,
    warm_start={"cold": False, "warm": True},
)
def test_lbfgs_after_epochs_leaves_nothing_of_them(
    kind, solver, early_stopping, warm_start
):
    model = small(kind, solver=solver, early_stopping=early_stopping)
    fitted(model.set_params(warm_start=warm_start))
    fitted(model.set_params(solver="lbfgs"))
    assert not attributes(model) & BY_EPOCHS
    # nothing private is left either: pickles of it are those of a fit by lbfgs
    fitted_at_once = fitted(small(kind, solver="lbfgs"))
    assert vars(model).keys() == vars(fitted_at_once).keys()
    # and epochs after it begin a new record
    fitted(model.set_params(solver=solver, early_stopping=False))
    assert len(model.loss_curve_) == 4
    assert model.best_loss_ == min(model.loss_curve_)


@pytest.mark.parametrize("task", TASKS)
def test_attributes_tell_the_network_that_there_is(task):
    kind, y = TASKS[task]
    n_outputs = {"three classes": 3, "words": 3, "two outputs": 2}.get(task, 1)
    by_task = {"three classes": "softmax", "words": "softmax"}
    default = "logistic" if kind is MLPClassifier else "identity"
    for sizes in ((), (5,), (5, 3)):
        model = fitted(small(kind, hidden_layer_sizes=sizes), y)
        assert model.n_outputs_ == n_outputs
        assert model.n_layers_ == len(sizes) + 2
        assert model.n_features_in_ == 4
        widths = [4, *sizes, n_outputs]
        assert [W.shape for W in model.coefs_] == list(pairwise(widths))
        assert [b.shape for b in model.intercepts_] == [(n,) for n in widths[1:]]
        assert model.out_activation_ == by_task.get(task, default)
        assert model.n_iter_ == 4
        assert len(model.loss_curve_) == 4
        if kind is MLPClassifier:
            np.testing.assert_array_equal(model.classes_, np.unique(y))


def test_poisson_regression_tells_its_exponential_output():
    model = fitted(small(MLPRegressor, loss="poisson"), LABELS)
    assert model.out_activation_ == "exp"
    assert (model.predict(X) > 0).all()


@pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_early_stopping_keeps_the_best_epochs_parameters(kind):
    # a rate so high that the last epoch is rarely the best one
    params = {"early_stopping": True, "learning_rate_init": 1.0, "max_iter": 30}
    params |= {"n_iter_no_change": 30, "validation_fraction": 0.3}
    best_epochs = []
    for seed in range(3):
        params["random_state"] = seed
        model = fitted(small(kind, **params))
        n_best = int(np.argmax(model.validation_scores_)) + 1
        assert model.best_validation_score_ == max(model.validation_scores_)
        best = fitted(small(kind, **{**params, "max_iter": n_best}))
        assert_same_parameters(model, best)
        best_epochs.append(n_best)
    # over 20 seeds: 1 to 25 of numbers; of labels 1 to 30, and 27 or less of 19
    assert min(best_epochs) < 30


# Ctrl-C


def interrupt(monkeypatch, owner, name, n_calls, *, after=False):
    """Let owner.name raise KeyboardInterrupt once, after n_calls calls.

    after : when the call has done its work, instead of before.
    """
    method, calls = getattr(owner, name), []

    def interrupted(*args, **kwargs):
        calls.append(None)
        result = None
        if after or len(calls) != n_calls + 1:
            result = method(*args, **kwargs)
        if len(calls) == n_calls + 1:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(owner, name, interrupted)
    return calls


STEPS = {"sgd": SGD, "adam": Adam}
WORD = "Training interrupted by user."


@covering(kind=ESTIMATORS, solver=STOCHASTIC, at=["step", "objective"], n_epochs=[1, 3])
def test_ctrl_c_keeps_the_model_of_the_updates_that_were_made(
    kind, solver, at, n_epochs, monkeypatch
):
    params = {"solver": solver, "batch_size": N_ROWS}  # one update an epoch
    uninterrupted = fitted(small(kind, **params, max_iter=n_epochs))
    if at == "step":
        interrupt(monkeypatch, STEPS[solver], "step", n_epochs)
    else:
        interrupt(monkeypatch, Objective, "value_and_gradient", n_epochs)
    model = small(kind, **params, max_iter=50)
    with pytest.warns(UserWarning, match=WORD) as caught:
        assert model.fit(X, target(kind)) is model
    assert len(caught) == 1
    assert_same_bits(model, uninterrupted)
    assert attributes(model) == attributes(uninterrupted)
    assert model.n_iter_ == n_epochs
    assert model.loss_curve_ == uninterrupted.loss_curve_
    np.testing.assert_array_equal(outputs(model), outputs(uninterrupted))
    assert_same_bits(pickle.loads(pickle.dumps(model)), model)


@covering(kind=ESTIMATORS, solver=STOCHASTIC, early_stopping=EARLY)
def test_ctrl_c_within_the_first_epoch_keeps_its_updates(
    kind, solver, early_stopping, monkeypatch
):
    params = {"solver": solver, "batch_size": 5, "early_stopping": early_stopping}
    interrupt(monkeypatch, STEPS[solver], "step", 2)
    model = small(kind, **params)
    with pytest.warns(UserWarning, match=WORD):
        model.fit(X, target(kind))
    start = fitted(small(kind, **params, learning_rate_init=1e-30, max_iter=1))
    assert not np.array_equal(model.coefs_[0], start.coefs_[0])
    assert np.isfinite(model.loss_)
    assert model.n_iter_ == 0
    assert model.loss_curve_ == []
    assert np.isfinite(outputs(model)).all()
    partly_fitted(model.set_params(early_stopping=False))
    assert len(model.loss_curve_) == 1


@pytest.mark.parametrize("n_calls", [3, 8])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_ctrl_c_keeps_the_last_iterate_of_lbfgs(kind, n_calls, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt(patch, Objective, "value_and_gradient", n_calls)
        model = small(kind, solver="lbfgs", max_iter=50)
        with pytest.warns(UserWarning, match=WORD):
            model.fit(X, target(kind))
    assert 1 <= model.n_iter_ <= n_calls
    stopped = fitted(small(kind, solver="lbfgs", max_iter=model.n_iter_))
    assert_same_parameters(model, stopped)
    assert model.loss_ == pytest.approx(stopped.loss_, rel=1e-12)
    assert attributes(model) == attributes(stopped)


@pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_ctrl_c_with_early_stopping_keeps_the_best_epoch(kind, monkeypatch):
    params = {"early_stopping": True, "validation_fraction": 0.3}
    params |= {"learning_rate_init": 0.05, "n_iter_no_change": 30}
    run = fitted(small(kind, **params, max_iter=20))
    interrupt(monkeypatch, Adam, "step", 20)
    model = small(kind, **params, max_iter=50)
    with pytest.warns(UserWarning, match=WORD):
        model.fit(X, target(kind))
    assert model.validation_scores_ == run.validation_scores_
    assert_same_bits(model, run)


@pytest.mark.parametrize("solver", STOCHASTIC)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_ctrl_c_in_partial_fit_keeps_the_updates_of_its_epoch(
    kind, solver, monkeypatch
):
    params = {"solver": solver, "batch_size": 10, "shuffle": False}
    model = partly_fitted(small(kind, **params))
    before = model.coefs_[0].copy()
    with monkeypatch.context() as patch:
        interrupt(patch, STEPS[solver], "step", 2)
        with pytest.warns(UserWarning, match=WORD):
            model.partial_fit(X, target(kind))
    assert not np.array_equal(model.coefs_[0], before)
    # two batches of ten rows each, as two calls would have made them
    parts = partly_fitted(small(kind, **params))
    for rows in (slice(0, 10), slice(10, 20)):
        parts.partial_fit(X[rows], target(kind)[rows])
    assert_same_parameters(model, parts)
    assert_same_bits(partly_fitted(model), partly_fitted(parts))


@covering(
    kind=ESTIMATORS,
    solver=STOCHASTIC,
    history=["fresh", "fitted", "warm"],
    method=["fit", "partial_fit"],
)
def test_ctrl_c_before_the_first_update_goes_up_and_changes_nothing(
    kind, solver, history, method, monkeypatch
):
    model = small(kind, solver=solver, warm_start=history == "warm")
    if history != "fresh":
        partly_fitted(fitted(model))
    twin = copy.deepcopy(model)
    train = fitted if method == "fit" else partly_fitted
    before = digest(model)
    for owner, name, after in (
        (STEPS[solver], "step", False),
        (STEPS[solver], "step", True),
        (Objective, "value_and_gradient", False),
    ):
        with monkeypatch.context() as patch:
            interrupt(patch, owner, name, 0, after=after)
            with pytest.raises(KeyboardInterrupt):
                train(model)
        assert digest(model) == before, (name, after)
    if history == "fresh":
        with pytest.raises(NotFittedError):
            model.predict(X)
    # and the next call is as if nothing had been
    assert_same_bits(train(model), train(twin))


@pytest.mark.parametrize("was_fitted", [False, True])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_ctrl_c_before_lbfgs_first_iterate_goes_up_and_changes_nothing(
    kind, was_fitted, monkeypatch
):
    model = small(kind, solver="lbfgs", warm_start=True)
    if was_fitted:
        fitted(model)
    before = digest(model)
    interrupt(monkeypatch, Objective, "value_and_gradient", 0)
    with pytest.raises(KeyboardInterrupt):
        fitted(model)
    assert digest(model) == before


@covering(kind=ESTIMATORS, solver=STOCHASTIC, method=["fit", "partial_fit"])
def test_an_error_within_training_leaves_a_fitted_model_as_it_was(
    kind, solver, method, monkeypatch
):
    params = {"solver": solver, "warm_start": True, "batch_size": 10}
    model = partly_fitted(small(kind, **params))
    twin = copy.deepcopy(model)
    calls, step = [], STEPS[solver].step

    def out_of_memory(*args):
        calls.append(None)
        if len(calls) == 5:
            raise MemoryError
        step(*args)

    with monkeypatch.context() as patch:
        patch.setattr(STEPS[solver], "step", out_of_memory)
        with pytest.raises(MemoryError):
            if method == "fit":
                model.fit(X, target(kind))
            else:
                partly_fitted(model, times=2)  # the second of these fails
    if method == "partial_fit":
        partly_fitted(twin)
    assert digest(model) == digest(twin)
    assert_same_bits(partly_fitted(model), partly_fitted(twin))


# Warnings as errors


@covering(kind=ESTIMATORS, solver=SOLVERS, early_stopping=EARLY)
def test_a_convergence_warning_raised_as_error_leaves_a_fitted_model(
    kind, solver, early_stopping
):
    params = {"solver": solver, "early_stopping": early_stopping}
    model, twin = small(kind, **params), fitted(small(kind, **params))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises(ConvergenceWarning):
            model.fit(X, target(kind))
    assert digest(model) == digest(twin)
    np.testing.assert_array_equal(model.predict(X), twin.predict(X))


def test_warnings_point_at_the_line_that_called_fit():
    for model in (small(MLPRegressor), small(MLPRegressor, solver="lbfgs")):
        with pytest.warns(ConvergenceWarning) as caught:
            model.fit(X, NUMBERS)
        assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="batch_size") as caught:
        small(MLPRegressor, batch_size=N_ROWS + 1).partial_fit(X, NUMBERS)
    assert caught[0].filename == __file__


# The smallest data and the shortest fits


def test_early_stopping_that_never_had_a_score_says_that_it_kept_the_start():
    huge = X.copy()
    huge[7] = 1e160 * np.abs(X[7])
    messages = set()
    for seed in range(12):  # row 7 is among the validation rows of some
        model = small(
            MLPRegressor, activation="identity", early_stopping=True, random_state=seed
        )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(huge, NUMBERS)
        if model.best_validation_score_ == -np.inf:
            (message,) = {str(warning.message) for warning in caught}
            messages.add("the weights are those at the start" in message.lower())
    assert messages == {True}
