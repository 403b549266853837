"""What is done otherwise than in scikit-learn, on purpose: a test for each difference."""

import copy
import pickle
import re
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted

from skmlp import MLPClassifier, MLPRegressor

KINDS = [MLPClassifier, MLPRegressor]
SOLVERS = ["lbfgs", "sgd", "adam"]
STOCHASTIC = ["sgd", "adam"]


def small_data(kind, n_rows=40, n_features=4):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_features))
    signal = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=n_rows)
    return X, (signal > 0).astype(int) if kind is MLPClassifier else signal


def learn(model, X, y, **fit_params):
    """Fit where it does not matter whether the epochs suffice."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, **fit_params)


def parameters(model):
    """All weights and biases as one vector."""
    return np.concatenate([a.ravel() for a in (*model.coefs_, *model.intercepts_)])


def set_parameters(model, coefs, intercepts):
    model.coefs_ = [np.array(W) for W in coefs]
    model.intercepts_ = [np.array(b) for b in intercepts]
    return model


def assert_same_bits(model, other):
    np.testing.assert_array_equal(parameters(model), parameters(other))


# sample_weight in mini-batches


@pytest.mark.parametrize("sizes", [(), (6,)], ids=str)
@pytest.mark.parametrize(
    ("solver", "batch_size", "learning_rate_init", "max_iter"),
    [
        ("sgd", 20, 1e-3, 150),
        ("sgd", 200, 1e-2, 200),
        ("sgd", 2000, 5e-2, 600),
        ("adam", 20, 1e-3, 200),
        ("adam", 200, 5e-3, 200),
        ("adam", 2000, 1e-2, 600),
        ("lbfgs", "auto", 1e-3, 300),
    ],
)
def test_balanced_weights_give_balanced_probabilities_at_every_batch_size(
    solver, batch_size, learning_rate_init, max_iter, sizes
):
    # 20 positives of 2000: four of five batches of 20 rows have none
    rng = np.random.default_rng(0)
    y = (np.arange(2000) < 20).astype(int)
    X = rng.normal(size=(2000, 3)) + 0.7 * y[:, np.newaxis]
    weight = compute_sample_weight("balanced", y)
    model = MLPClassifier(
        sizes,
        solver=solver,
        batch_size=batch_size,
        learning_rate_init=learning_rate_init,
        max_iter=max_iter,
        n_iter_no_change=np.inf,
        random_state=0,
    )
    learn(model, X, y, sample_weight=weight)
    # where the gradient for the last bias is 0, the weighted mean of the probabilities
    # is that of y; over six seeds the noise of the last updates was below 0.012
    mean = np.average(model.predict_proba(X)[:, 1], weights=weight)
    assert mean == pytest.approx(np.average(y, weights=weight), abs=0.02)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch_size", [1, 2, 5, 10])
def test_weighted_batches_of_an_epoch_add_up_to_the_step_over_all_rows(
    batch_size, kind
):
    X, y = small_data(kind)
    weight = np.random.default_rng(1).exponential(size=len(X)) ** 2
    rate = 1e-7

    def way_of_an_epoch(batch_size):
        model = kind(
            (3,),
            solver="sgd",
            momentum=0,
            alpha=0,
            batch_size=batch_size,
            learning_rate_init=rate,
            random_state=0,
        )
        classes = {"classes": [0, 1]} if kind is MLPClassifier else {}
        start = parameters(model.partial_fit(X, y, weight, **classes))
        return parameters(model.partial_fit(X, y, weight)) - start

    n_batches = len(X) // batch_size
    ways = way_of_an_epoch(batch_size), n_batches * way_of_an_epoch(len(X))
    # the gradient moves by about rate * n_batches = 4e-6 within the epoch; parameters
    # near 1 are rounded to 1e-16, a billionth of steps of 1e-7
    np.testing.assert_allclose(*ways, rtol=1e-4, atol=1e-5 * np.abs(ways[1]).max())


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_of_zero_weights_is_a_step_of_the_penalty_alone(kind):
    """The first of two batches has weight 0, the second 3, so that the mean is 1.5."""
    X, y = small_data(kind)
    rate, alpha = 0.01, 5.0
    model = kind(
        (3,),
        solver="sgd",
        momentum=0,
        alpha=alpha,
        batch_size=20,
        shuffle=False,
        learning_rate_init=rate,
        random_state=0,
    )
    classes = {"classes": [0, 1]} if kind is MLPClassifier else {}
    model.partial_fit(X, y, **classes)
    by_hand = copy.deepcopy(model)
    model.partial_fit(X, y, sample_weight=np.repeat([0.0, 3.0], 20))

    # first batch: W <- W - rate alpha W / (n_batch mean weight)
    by_hand.coefs_ = [(1 - rate * alpha / (20 * 1.5)) * W for W in by_hand.coefs_]
    # second batch: the mean gradient times 3 / 1.5, and a penalty as in the first
    by_hand.set_params(learning_rate_init=2 * rate, alpha=alpha / (2 * 1.5))
    by_hand.partial_fit(X[20:], y[20:])
    np.testing.assert_allclose(parameters(model), parameters(by_hand), rtol=1e-12)


# several outputs, squared error, lbfgs


def three_outputs():
    X, y = load_diabetes(return_X_y=True)
    X = scale(X)
    return X, np.column_stack([scale(y), X[:, 2] - X[:, 3] ** 2, np.abs(X[:, 8])])


def reported_squared_error(model, X, Y):
    """Half the mean over rows and outputs, plus the penalty on the weights."""
    penalty = model.alpha / 2 * sum(np.sum(W**2) for W in model.coefs_) / len(X)
    return np.mean((model.predict(X) - Y) ** 2) / 2 + penalty


@pytest.mark.parametrize("alpha", [0.0, 1.0, 1000.0])
def test_lbfgs_without_hidden_layer_reaches_the_ridge_of_several_outputs(alpha):
    X, Y = three_outputs()
    model = MLPRegressor(
        hidden_layer_sizes=(),
        solver="lbfgs",
        alpha=alpha,
        tol=1e-9,
        max_iter=1000,
        random_state=0,
    ).fit(X, Y)
    ridge = Ridge(alpha=alpha).fit(X, Y)
    # SciPy also ends where the value falls by less than 2e-9 of it, which leaves the
    # parameters the root of that away
    np.testing.assert_allclose(model.coefs_[0], ridge.coef_.T, atol=2e-4)
    np.testing.assert_allclose(model.intercepts_[0], ridge.intercept_, atol=2e-4)
    assert model.loss_ == pytest.approx(reported_squared_error(model, X, Y), rel=1e-12)


def test_the_loss_of_several_outputs_is_their_mean_for_all_solvers():
    X, Y = three_outputs()
    start = MLPRegressor((4,), max_iter=1, random_state=0)
    learn(start, X, Y)
    model = clone(start).set_params(batch_size=len(X), solver="sgd").partial_fit(X, Y)
    set_parameters(model, start.coefs_, start.intercepts_)
    model.partial_fit(X, Y)  # the loss is that before the update
    expected = reported_squared_error(start, X, Y)
    assert model.loss_curve_[-1] == pytest.approx(expected, rel=1e-12)


def test_lbfgs_and_gradient_descent_minimize_the_same_with_several_outputs():
    X, Y = three_outputs()
    model = MLPRegressor(
        (3,),
        "tanh",
        solver="lbfgs",
        alpha=20.0,
        tol=1e-6,
        max_iter=3000,
        random_state=0,
    )
