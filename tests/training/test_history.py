"""The history of each epoch, and what is printed of it."""

import re
import sys

import numpy as np
import pytest
import scipy.sparse
from sklearn.model_selection import train_test_split

from skmlp import MLPClassifier, MLPRegressor
from skmlp.solvers import Adam
from skmlp.training.history import RECORDS

from ..conftest import classes_first, parameters

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 4))
TARGETS = {MLPClassifier: (X[:, 0] > 0).astype(int), MLPRegressor: X @ [1.0, 2, 0, 0]}
SOLVERS = ["sgd", "adam", "lbfgs"]
every_estimator = pytest.mark.parametrize("kind", TARGETS)
every_solver = pytest.mark.parametrize("solver", SOLVERS)
# a given number of epochs is enough here
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]


def make(kind, **params):
    params = {"max_iter": 6, "batch_size": 20, "random_state": 0} | params
    return kind(hidden_layer_sizes=(5,), **params)


def fit(kind, **params):
    return make(kind, **params).fit(X, TARGETS[kind])


@every_estimator
@every_solver
def test_each_epoch_has_a_number_in_each_record(kind, solver):
    mlp = fit(kind, solver=solver)
    missing = {"validation_loss", "validation_score"}
    missing |= {"learning_rate"} if solver == "lbfgs" else set()
    assert set(mlp.history_) == set(RECORDS) - missing
    for record in mlp.history_.values():
        assert record.shape == (mlp.n_iter_,) and np.isfinite(record).all()
    assert (mlp.history_["seconds"] > 0).all()


@every_estimator
@every_solver
def test_loss_and_penalty_make_up_the_loss(kind, solver):
    mlp = fit(kind, solver=solver, alpha=0.5)
    total = mlp.history_["loss"] + mlp.history_["penalty"]
    if solver == "lbfgs":
        assert total[-1] == pytest.approx(mlp.loss_, rel=1e-12)
    else:
        np.testing.assert_allclose(total, mlp.loss_curve_, rtol=1e-12)
    assert (mlp.history_["penalty"] > 0).all()


@every_estimator
@every_solver
def test_the_parameter_norm_is_that_of_weights_and_biases(kind, solver):
    mlp = fit(kind, solver=solver)
    norm = np.linalg.norm(parameters(mlp))
    assert mlp.history_["parameter_norm"][-1] == pytest.approx(norm, rel=1e-12)


@every_estimator
def test_the_gradient_norm_of_plain_descent_is_that_of_its_steps(kind):
    # one batch an epoch and no momentum: params change by the rate times the gradient
    params = {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False}
    params |= {"batch_size": 90, "learning_rate_init": 0.01, "shuffle": False}
    one, two = (fit(kind, max_iter=n, **params) for n in (1, 2))
    step = np.linalg.norm(parameters(two) - parameters(one))
    assert two.history_["gradient_norm"][1] == pytest.approx(step / 0.01, rel=1e-9)


@every_estimator
def test_rates_are_those_of_the_schedule(kind):
    params = {"learning_rate": "linear", "learning_rate_init": 0.1, "batch_size": 90}
    rates = fit(kind, **params).history_["learning_rate"]
    np.testing.assert_allclose(rates, 0.1 * (1 - np.arange(6) / 6), rtol=1e-12)


@every_estimator
def test_early_stopping_records_scores_and_losses(kind):
    # tol: which no score rises by
    mlp = fit(kind, early_stopping=True, max_iter=40, n_iter_no_change=3, tol=1e3)
    history = mlp.history_
    np.testing.assert_array_equal(history["validation_score"], mlp.validation_scores_)
    assert np.isfinite(history["validation_loss"]).all()
    assert mlp.best_epoch_ == np.argmax(mlp.validation_scores_) + 1
    assert mlp.stop_reason_.startswith("Validation score did not improve")
    assert fit(kind).best_epoch_ is None


def test_the_validation_loss_is_the_weighted_mean_of_the_rows_held_out():
    # of predictions that are all 0, half the weighted mean square of y
    y, weight = TARGETS[MLPRegressor], np.linspace(0.5, 2.0, 90)
    # as scikit-learn splits by a fraction
    draw = np.random.RandomState(0)
    _, held = train_test_split(np.arange(90), test_size=0.5, random_state=draw)
    mlp = MLPRegressor(
        hidden_layer_sizes=(),
        coefs_init=([np.zeros((4, 1))], [np.zeros(1)]),
        learning_rate_init=1e-300,
        early_stopping=True,
        validation_fraction=0.5,
        max_iter=1,
        random_state=0,
    ).fit(X, y, weight)
    expected = np.average(y[held] ** 2 / 2, weights=weight[held])
    assert mlp.history_["validation_loss"][0] == pytest.approx(expected, rel=1e-12)


@every_estimator
@every_solver
def test_fits_that_go_on_add_to_the_history(kind, solver):
    mlp = make(kind, solver=solver, warm_start=True, max_iter=3)
    first = mlp.fit(X, TARGETS[kind]).history_
    n_updates = mlp.n_updates_
    mlp.fit(X, TARGETS[kind])
    assert len(mlp.history_["loss"]) == 6 and mlp.n_updates_ > n_updates
    for name, record in first.items():
        np.testing.assert_array_equal(mlp.history_[name][:3], record)
    mlp.set_params(warm_start=False).fit(X, TARGETS[kind])
    assert len(mlp.history_["loss"]) == 3


@every_estimator
def test_records_that_a_fit_before_did_not_have_are_nan(kind):
    mlp = make(kind, solver="adam", warm_start=True, max_iter=3).fit(X, TARGETS[kind])
    mlp.set_params(early_stopping=True).fit(X, TARGETS[kind])
    scores = mlp.history_["validation_score"]
    np.testing.assert_array_equal(np.isnan(scores), [True] * 3 + [False] * 3)


@every_estimator
def test_updates_are_counted(kind):
    assert fit(kind).n_updates_ == 6 * 5  # batches of 20 of 90 rows
    mlp, y = make(kind), TARGETS[kind]
    for n in 1, 2:
        mlp.partial_fit(X, y, **classes_first(kind, y))
        assert mlp.n_updates_ == 5 * n


REASONS = {
    "max_iter": ({}, "It had trained for max_iter=6 epochs."),
    "patience": (
        {"tol": 1e9, "n_iter_no_change": 1},
        "Training loss did not improve more than tol=1000000000.000000 for 1 "
        "consecutive epochs.",
    ),
    "lbfgs": ({"solver": "lbfgs"}, "L-BFGS ended: STOP: TOTAL NO."),
}


@pytest.mark.parametrize(("params", "expected"), REASONS.values(), ids=REASONS)
@every_estimator
def test_the_reason_of_the_end_is_a_sentence(kind, params, expected):
    assert fit(kind, **params).stop_reason_.startswith(expected)


def test_the_history_as_a_data_frame(pandas):
    mlp = fit(MLPClassifier)
    frame = mlp.history_frame()
    assert list(frame.columns) == list(mlp.history_)
    assert list(frame.index) == [1, 2, 3, 4, 5, 6] and frame.index.name == "epoch"
    np.testing.assert_array_equal(frame["loss"], mlp.history_["loss"])


def test_a_data_frame_needs_pandas(monkeypatch):
    mlp = fit(MLPClassifier)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="MLPClassifier: history_frame needs pandas"):
        mlp.history_frame()


def test_lazy_steps_have_gradient_norms_too():
    mlp = make(MLPClassifier, solver=Adam(lazy=True))
    mlp.fit(scipy.sparse.csr_matrix(X), TARGETS[MLPClassifier])
    dense = fit(MLPClassifier, solver=Adam())
    # here every batch touches all four features
    expected = dense.history_["gradient_norm"]
    np.testing.assert_allclose(mlp.history_["gradient_norm"], expected, rtol=1e-6)


# What is printed


@every_estimator
@every_solver
def test_every_kth_epoch_is_printed_in_a_line(kind, solver, capsys):
    mlp = fit(kind, solver=solver, verbose=4)
    *lines, reason = capsys.readouterr().out.splitlines()
    numbers = [int(re.match(r"Iteration (\d+), loss = \d", line)[1]) for line in lines]
    assert numbers == [1, 4, 6]
    assert reason == mlp.stop_reason_.splitlines()[0]
    assert all(("learning rate = " in line) == (solver != "lbfgs") for line in lines)
    assert all(line.endswith(" s") for line in lines)


@every_estimator
def test_lines_have_what_early_stopping_looks_at(kind, capsys):
    fit(kind, early_stopping=True, verbose=2)
    for line in capsys.readouterr().out.splitlines()[:-1]:
        assert "validation loss = " in line and "validation score = " in line


@every_estimator
@every_solver
def test_a_silent_fit_prints_nothing(kind, solver, capsys):
    fit(kind, solver=solver, verbose=0)
    assert capsys.readouterr().out == ""
