"""Lazy updates at the estimators: near to dense ones, or refused."""

import numpy as np
import pytest
import scipy.sparse

from skmlp import Dropout, MLPClassifier, MLPRegressor
from skmlp.solvers import SGD, Adam, AdamW

from ..conftest import assert_same_bits, covering, learned_arrays, parameters

SOLVERS = {"sgd": SGD, "adam": Adam, "adamw": AdamW}
every_solver = pytest.mark.parametrize("make", SOLVERS.values(), ids=SOLVERS)
# a given number of epochs is enough here
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]


def words(kind, n_rows=300, n_words=400):
    """Rows with ten words each, and a y that follows from them."""
    rng = np.random.default_rng(0)
    columns = np.hstack([rng.choice(n_words, 10, replace=False) for _ in range(n_rows)])
    entries = np.ones(columns.size), (np.repeat(np.arange(n_rows), 10), columns)
    X = scipy.sparse.csr_matrix(entries, shape=(n_rows, n_words))
    score = X @ rng.normal(size=n_words)
    return X, score if kind is MLPRegressor else (score > 0).astype(int)


def fit(kind, solver, X, y, **params):
    params = {"learning_rate_init": 0.01, "batch_size": 20, "max_iter": 15} | params
    return kind(hidden_layer_sizes=(8,), solver=solver, random_state=0, **params).fit(
        X, y
    )


@covering(make=SOLVERS, kind=[MLPClassifier, MLPRegressor])
def test_lazy_training_ends_near_dense_training(kind, make):
    X, y = words(kind)
    dense, lazy = (fit(kind, make(lazy=how), X, y) for how in (False, True))
    constant = fit(kind, make(), X, y, max_iter=1, learning_rate_init=1e-9).loss_
    # the fall of the loss over all epochs is the same but for a tenth; over 20 seeds it
    # is but for 0.004, and the scores but for 0.0034
    assert abs(lazy.loss_ - dense.loss_) < 0.1 * (constant - dense.loss_)
    assert abs(lazy.score(X, y) - dense.score(X, y)) < 0.05


@every_solver
def test_a_dense_array_trains_as_without_lazy(make):
    for kind in (MLPClassifier, MLPRegressor):
        X, y = words(kind)
        settings = {"X": X.toarray(), "y": y, "max_iter": 2}
        dense, lazy = (fit(kind, make(lazy=how), **settings) for how in (False, True))
        assert_same_bits(lazy, dense)


@every_solver
def test_other_settings_go_with_lazy(make):
    X, y = words(MLPClassifier)
    mlp = fit(
        MLPClassifier,
        make(lazy=True),
        X.astype(np.float32),
        y,
        early_stopping=True,
        learning_rate="cosine",
        dropout=Dropout(0.2, inputs=0.1),
        class_weight="balanced",
        activation="gelu",
    )
    assert {array.dtype for array in learned_arrays(mlp)} == {np.dtype(np.float32)}
    assert np.isfinite(parameters(mlp)).all()
    assert mlp.validation_scores_ is not None


@every_solver
def test_partial_fit_goes_on(make):
    X, y = words(MLPClassifier)
    mlp = MLPClassifier((8,), solver=make(lazy=True), random_state=0)
    losses = [mlp.partial_fit(X, y, classes=[0, 1]).loss_ for _ in range(15)]
    assert losses[-1] < losses[0]


@every_solver
def test_the_same_seed_gives_the_same_bits(make):
    X, y = words(MLPClassifier)
    first, second = (
        fit(MLPClassifier, make(lazy=True), X, y, max_iter=5) for _ in range(2)
    )
    assert_same_bits(first, second)


REFUSED = {
    "clip_norm": ({"clip_norm": 1.0}, {}),
    "averaging": ({"averaging": 0.9}, {}),
    "max_norm": ({"max_norm": 1.0}, {}),
    "parametrization": ({"parametrization": "ntk"}, {}),
    "rate_factors": ({"rate_factors": {"biases": 0.5}}, {}),
    "dropout__schedule": ({}, {"dropout": Dropout(0.1, schedule="cosine")}),
    "alpha_l1": ({}, {"alpha_l1": 0.1}),
}


@every_solver
def test_what_needs_all_weights_is_refused(make):
    X, y = words(MLPClassifier)
    for name, (settings, params) in REFUSED.items():
        with pytest.raises(ValueError, match=rf"MLPClassifier: .*{name} must be"):
            fit(MLPClassifier, make(lazy=True, **settings), X, y, **params)
