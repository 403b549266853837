"""What the ConvergenceWarning tells of the last epochs."""

import re
import warnings

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.exceptions import ConvergenceWarning

from skmlp import DiagnosticWarning, MLPClassifier, MLPRegressor
from skmlp.schedules import SCHEDULES, Constant, Cosine, Warmup
from skmlp.solvers import SGD

from .faults import (
    IDLE,
    NO_BETTER,
    NUMBERS,
    TARGETS,
    X,
    diagnoses,
    every_estimator,
    kinds_and_solvers,
    layers,
    make,
)


def convergence_warning(mlp, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiagnosticWarning)
        with pytest.warns(ConvergenceWarning) as caught:
            mlp.fit(X, y)
    (text,) = [str(w.message) for w in caught if w.category is ConvergenceWarning]
    return text


@kinds_and_solvers
def test_the_convergence_warning_begins_as_scikit_learns_does(kind, solver):
    params = {"solver": solver, "max_iter": 5, "random_state": 0}
    theirs = getattr(sklearn.neural_network, kind.__name__)(**params)
    ours = convergence_warning(kind(**params), X, TARGETS[kind])
    assert ours.startswith(convergence_warning(theirs, X, TARGETS[kind]))


def told_change(text):
    told = re.search(r"Over the last (\d+) \w+ the loss fell by (\S+)%", text)
    return int(told[1]), float(told[2]) / 100


@pytest.mark.parametrize(
    ("kind", "solver"), [(MLPClassifier, "sgd"), (MLPRegressor, "adam")]
)
def test_the_fall_of_the_loss_over_the_last_ten_epochs_is_told(kind, solver):
    for max_iter in (2, 5, 11, 40):
        mlp = make(kind, solver=solver, max_iter=max_iter, alpha=0.5)
        n_told, told = told_change(convergence_warning(mlp, X, TARGETS[kind]))
        n_steps = min(10, max_iter - 1)
        before, after = mlp.loss_curve_[-1 - n_steps], mlp.loss_curve_[-1]
        # two decimals of a percentage
        assert n_told == n_steps
        assert told == pytest.approx((before - after) / before, abs=0.5001e-4)


@every_estimator
def test_the_fall_of_the_loss_over_the_last_ten_iterations_is_told(kind):
    mlp = make(kind, solver="lbfgs", max_iter=15)
    n_told, told = told_change(convergence_warning(mlp, X, TARGETS[kind]))
    losses = (mlp.history_["loss"] + mlp.history_["penalty"])[-11:]
    assert n_told == 10
    assert told == pytest.approx((losses[0] - losses[-1]) / losses[0], abs=0.5001e-4)


def test_what_helps_depends_on_whether_the_loss_still_falls():
    falling = convergence_warning(make(max_iter=20), X, NUMBERS)
    assert "still falling: raise max_iter or learning_rate_init.\n" in falling
    still = make(max_iter=20, learning_rate_init=1e-9, n_iter_no_change=30)
    plateau = convergence_warning(still, X, NUMBERS)
    told = "has plateaued: a larger tol would have stopped training earlier.\n"
    assert told in plateau


def test_a_loss_that_rises_is_not_said_to_have_plateaued():
    # momentum carries this fit from its minimum back up
    mlp = make(solver="sgd", momentum=1.0, nesterovs_momentum=False)
    mlp.set_params(n_iter_no_change=300)
    mlp.set_params(hidden_layer_sizes=(), batch_size=200, learning_rate_init=1e-3)
    for max_iter in range(20, 200, 20):
        text = convergence_warning(mlp.set_params(max_iter=max_iter), X, NUMBERS)
        losses = mlp.loss_curve_[-11:]
        if losses[-1] > 1.5 * losses[0]:
            break
    else:
        pytest.fail("the loss never rose")
    assert "fell by -" not in text and "plateaued" not in text


def test_a_single_epoch_has_no_course():
    assert "Over the last" not in convergence_warning(make(max_iter=1), X, NUMBERS)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_lbfgs_without_a_first_step_is_divergence_or_no_convergence(n_targets):
    # a penalty whose gradient's square overflows
    y = NUMBERS if n_targets == 1 else np.column_stack([NUMBERS, NUMBERS])
    mlp = make(solver="lbfgs", alpha=1e200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiagnosticWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            mlp.fit(X, y)
        except ValueError as error:
            assert "in iteration 0 of lbfgs" in str(error)


@every_estimator
def test_fits_by_lbfgs_are_not_told_of_a_rate_or_batches(kind):
    start = layers(bias=-100.0)
    mlp = make(kind, solver="lbfgs", coefs_init=start, hidden_layer_sizes=20)
    texts = diagnoses(mlp.set_params(tol=1e300), X, TARGETS[kind])
    still = make(kind, solver="lbfgs", max_iter=15)
    texts.append(convergence_warning(still, X, TARGETS[kind]))
    mlp = make(kind, solver="lbfgs", alpha=1e5)
    texts += diagnoses(mlp, X, TARGETS[kind])
    for fault in IDLE, NO_BETTER, "still falling":
        assert any(fault in text for text in texts)
    for name in "learning_rate_init", "batch_size":
        assert not any(name in text for text in texts)


UNPLANNED = {"constant", "invscaling", "adaptive", "plateau", "warmup"}
PLANS = {
    **{name: (name, name not in UNPLANNED) for name in SCHEDULES},
    "a function": (lambda progress: 1.0 - 0.9 * progress, False),
    "an object": (Cosine(end=0.1), True),
    "warmup, then a plan": (Warmup(Cosine()), True),
    "warmup, then none": (Warmup(Constant()), False),
}


def test_where_a_planned_schedule_ends_no_epochs_are_missing():
    X = np.random.default_rng(0).normal(size=(40, 2))
    params = {"max_iter": 3, "n_iter_no_change": 10, "solver": SGD()}
    for name, (schedule, is_planned) in PLANS.items():
        mlp = MLPRegressor(learning_rate=schedule, **params)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", ConvergenceWarning)
            mlp.fit(X, X[:, 0])
        assert len(told) == (not is_planned), name
        for warning in told:
            assert "Maximum iterations (3) reached" in str(warning.message)
        assert mlp.n_iter_ == 3
