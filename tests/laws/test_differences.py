"""What is done otherwise than in scikit-learn, on purpose: each difference tested."""

import copy
import pickle
import re
from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Ridge
from sklearn.preprocessing import scale
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted

from skmlp import MLPClassifier, MLPRegressor

from ..conftest import (
    assert_same_bits,
    classes_first,
    covering,
    learned_arrays,
    parameters,
    quietly,
)

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
    return quietly(model.fit, X, y, **fit_params)


def set_parameters(model, coefs, intercepts):
    model.coefs_ = [np.array(W) for W in coefs]
    model.intercepts_ = [np.array(b) for b in intercepts]
    return model


def assert_same_parameters(model, other):
    """Where the losses of the two differ."""
    np.testing.assert_array_equal(parameters(model), parameters(other))


# sample_weight in mini-batches


@pytest.mark.parametrize(
    ("solver", "batch_size", "sizes", "learning_rate_init", "max_iter"),
    [
        ("sgd", 20, (), 2e-3, 40),
        ("sgd", 20, (6,), 2e-3, 40),
        ("adam", 20, (), 2e-3, 40),
        ("adam", 200, (6,), 1e-2, 100),
        ("adam", 2000, (), 2e-2, 300),
        ("lbfgs", "auto", (6,), 1e-3, 300),
    ],
)
def test_balanced_weights_give_balanced_probabilities_at_every_batch_size(
    solver, batch_size, sizes, learning_rate_init, max_iter
):
    # 20 positives of 2000: four of five batches of 20 rows have none
    rng = np.random.default_rng(0)
    y = (np.arange(2000) < 20).astype(int)
    X = rng.normal(size=(2000, 3)) + 0.7 * y[:, np.newaxis]
    weight = compute_sample_weight("balanced", y)
    model = MLPClassifier(
        hidden_layer_sizes=sizes,
        solver=solver,
        batch_size=batch_size,
        learning_rate_init=learning_rate_init,
        max_iter=max_iter,
        n_iter_no_change=np.inf,
        random_state=0,
    )
    learn(model, X, y, sample_weight=weight)
    # where the gradient for the last bias is 0, the weighted mean of the probabilities
    # is that of y; the noise of the last updates moves it by at most 0.036 over 20
    # seeds, and scikit-learn's updates by 0.23 to 0.28 in batches of 20 rows
    mean = np.average(model.predict_proba(X)[:, 1], weights=weight)
    assert mean == pytest.approx(np.average(y, weights=weight), abs=0.08)


@covering(batch_size=[1, 10], kind=KINDS)
def test_weighted_batches_of_an_epoch_add_up_to_the_step_over_all_rows(
    batch_size, kind
):
    X, y = small_data(kind)
    weight = np.random.default_rng(1).exponential(size=len(X)) ** 2
    rate = 1e-7

    def way_of_an_epoch(batch_size):
        model = kind(
            hidden_layer_sizes=(3,),
            solver="sgd",
            momentum=0,
            alpha=0,
            batch_size=batch_size,
            learning_rate_init=rate,
            random_state=0,
        )
        start = parameters(model.partial_fit(X, y, weight, **classes_first(kind, y)))
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
        hidden_layer_sizes=(3,),
        solver="sgd",
        momentum=0,
        alpha=alpha,
        batch_size=20,
        shuffle=False,
        learning_rate_init=rate,
        random_state=0,
    )
    model.partial_fit(X, y, **classes_first(kind, y))
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

    def objective(W, b):
        return (np.sum((X @ W + b - Y) ** 2) + alpha * np.sum(W**2)) / (2 * len(X))

    ridge = Ridge(alpha=alpha).fit(X, Y)
    least = objective(ridge.coef_.T, ridge.intercept_)
    # SciPy also ends where a step lowers the value by less than 2e-9. Steepest descent
    # then is at most a quarter of the condition number, 120, of such steps above the
    # minimum: 3e-7. With alpha three times too small or large it would be 2e-3.
    excess = objective(model.coefs_[0], model.intercepts_[0]) - least
    assert -1e-12 < excess < 1e-6
    assert model.loss_ == pytest.approx(reported_squared_error(model, X, Y), rel=1e-12)


def test_the_loss_of_several_outputs_is_their_mean_for_all_solvers():
    X, Y = three_outputs()
    start = MLPRegressor(hidden_layer_sizes=(4,), max_iter=1, random_state=0)
    learn(start, X, Y)
    model = clone(start).set_params(batch_size=len(X), solver="sgd").partial_fit(X, Y)
    set_parameters(model, start.coefs_, start.intercepts_)
    model.partial_fit(X, Y)  # the loss is that before the update
    expected = reported_squared_error(start, X, Y)
    assert model.loss_curve_[-1] == pytest.approx(expected, rel=1e-12)


def test_lbfgs_and_gradient_descent_minimize_the_same_with_several_outputs():
    X, Y = three_outputs()
    model = MLPRegressor(
        hidden_layer_sizes=(3,),
        activation="tanh",
        solver="lbfgs",
        alpha=20.0,
        tol=1e-6,
        max_iter=3000,
        random_state=0,
    )
    model.fit(X, Y)
    end = parameters(model)
    model.set_params(
        solver="sgd", momentum=0, learning_rate_init=1.0, batch_size=len(X)
    )
    model.partial_fit(X, Y)
    # the step is the gradient of mini-batch training; lbfgs ends where its own is
    # below 1e-6, or the value falls by less than 2e-9 of it, which leaves 1e-5 to 8e-5
    # over 20 seeds. With alpha three times too small it would be 0.05.
    assert np.abs(parameters(model) - end).max() < 1e-3


# float32


def float32_tasks():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 4)).astype(np.float32)
    signal = X[:, :3] + 0.5 * rng.normal(size=(40, 3))
    return {
        "binary": (MLPClassifier, {}, X, signal[:, 0] > 0),
        "multiclass": (MLPClassifier, {}, X, signal.argmax(axis=1)),
        "multilabel": (MLPClassifier, {}, X, (signal > 0).astype(int)),
        "regression": (MLPRegressor, {}, X, signal[:, 0]),
        "multioutput": (MLPRegressor, {}, X, signal),
        "poisson": (MLPRegressor, {"loss": "poisson"}, X, signal[:, 0] > 0),
        "sparse": (MLPRegressor, {}, csr_matrix(X), signal[:, 0]),
    }


@covering(
    task=list(float32_tasks()),
    solver=SOLVERS,
    early_stopping=[False, True],
    weighted=[False, True],
)
def test_float32_in_is_float32_out(task, solver, early_stopping, weighted):
    kind, params, X, y = float32_tasks()[task]
    model = kind(
        hidden_layer_sizes=(5, 2),
        solver=solver,
        early_stopping=early_stopping,
        max_iter=5,
        random_state=0,
        **params,
    )
    weight = np.linspace(0.5, 2, 40) if weighted else None
    learn(model, X, y, sample_weight=weight)
    if solver != "lbfgs":
        model.set_params(early_stopping=False).partial_fit(X, y, sample_weight=weight)
    arrays = learned_arrays(model)
    if kind is MLPClassifier:
        methods = "predict_proba", "predict_log_proba", "decision_function"
        arrays += [getattr(model, method)(X) for method in methods]
    else:
        arrays.append(model.predict(X))
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


# cross-entropy and probabilities from raw outputs


def model_of_raw_outputs(kind_of_target, dtype):
    """A classifier whose raw outputs are known, with X, and wrong labels y for it.

    Without hidden layer; X holds +-s, so that the raw outputs are +-s W.
    """
    size = {np.float32: 3e4, np.float64: 1e9}[dtype]
    X = np.array([[size], [-size]], dtype=dtype)
    W, y = {
        "binary": ([[1.0]], [0, 1]),
        "multiclass": ([[0.0, 0.5, 1.0]], [0, 2]),
        "multilabel": ([[1.0, -1.0, 0.0]], [[0, 1, 0], [1, 0, 1]]),
    }[kind_of_target]
    model = MLPClassifier(
        hidden_layer_sizes=(), solver="sgd", alpha=0, learning_rate_init=1e-30
    )
    n_outputs = len(W[0])
    classes = [0, 1] if n_outputs == 1 else [0, 1, 2]
    model.partial_fit(X, y, classes=classes)
    W = np.array(W, dtype=dtype)
    set_parameters(model, [W], [np.zeros(n_outputs, dtype)])
    return model, X, np.array(y), X @ W


TARGETS = ["binary", "multiclass", "multilabel"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("target", TARGETS)
def test_confident_errors_count_in_full(target, dtype):
    model, X, y, raw = model_of_raw_outputs(target, dtype)
    model.partial_fit(X, y)
    largest = raw.max()
    log_two = np.log(2.0)
    expected = {
        "binary": largest,
        "multiclass": largest,
        "multilabel": 2 * largest + log_two,
    }[target]
    # scikit-learn's probabilities are clipped, so that its loss is at most 36 (16)
    assert model.loss_curve_[-1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("target", TARGETS)
def test_probabilities_are_never_0_and_their_logarithms_finite(target, dtype):
    model, X, _, raw = model_of_raw_outputs(target, dtype)
    proba, log_proba = model.predict_proba(X), model.predict_log_proba(X)
    assert proba.min() == np.finfo(dtype).tiny
    assert proba.max() == 1
    by_class = np.hstack([-raw, raw]) if target == "binary" else raw
    if target == "multiclass":
        expected = by_class - by_class.max(axis=1, keepdims=True)
    else:  # log(1 / (1 + exp(-raw))) far from 0, and log(1 / 2) at 0
        expected = np.where(by_class == 0, -np.log(2), np.minimum(by_class, 0))
    least = np.log(np.finfo(dtype).tiny)
    np.testing.assert_allclose(log_proba, np.maximum(expected, least), rtol=1e-6)


@pytest.mark.parametrize("target", TARGETS)
def test_log_probabilities_are_the_logarithms_where_there_is_one(target):
    model, X, _, _ = model_of_raw_outputs(target, np.float64)
    X = X / X.max() * np.linspace(-700, 700, 29)[:, np.newaxis, np.newaxis]
    X = X.reshape(-1, 1)
    # exp(-700) = 1e-304 is above the smallest normal number, 2e-308
    np.testing.assert_array_equal(
        model.predict_log_proba(X), np.log(model.predict_proba(X))
    )


# divergence


def diverging(kind, **params):
    """A linear model at a rate that multiplies its parameters in each step."""
    defaults = {
        "hidden_layer_sizes": (),
        "solver": "sgd",
        "learning_rate_init": 1e3,
        "alpha": 1.0,
        "batch_size": 20,
        "max_iter": 300,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    return kind(**{**defaults, **params})


@pytest.mark.parametrize("momentum", [0, 0.9])
def test_a_diverging_fit_ends_in_its_epoch_with_an_error_that_says_why(
    momentum, capsys
):
    X, y = small_data(MLPRegressor)
    model = diverging(MLPRegressor, momentum=momentum, verbose=True)
    with pytest.raises(ValueError) as raised:
        model.fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert 1 < len(lines) < model.max_iter
    expected = (
        "Solver produced non-finite parameter weights. The input data may contain "
        "large values and need to be preprocessed.\n"
        f"MLPRegressor: the loss stopped being finite in epoch {len(lines)} with "
        "learning_rate_init=1000.0; "
    )
    message = str(raised.value)
    assert message.startswith(expected)
    assert f"largest |X| is {np.abs(X).max():.3g}" in message
    assert f"largest |y| {np.abs(y).max():.3g}" in message
    values = [float(re.search(r"loss = (.*)", line)[1]) for line in lines]
    assert np.isfinite(values[:-1]).all()


def beyond_limits(solver, X):
    """X, and a rate, at which training with the solver diverges."""
    # lbfgs has no rate; 1e200, squared, is beyond the range of float64
    return (X * 1e200, 1e-3) if solver == "lbfgs" else (X, 1e308)


@pytest.mark.parametrize(
    ("method", "kind", "solver"),
    [
        ("fit", MLPRegressor, "lbfgs"),
        ("fit", MLPRegressor, "adam"),
        ("fit", MLPClassifier, "sgd"),
        ("partial_fit", MLPRegressor, "sgd"),
        ("partial_fit", MLPClassifier, "adam"),
    ],
)
def test_a_diverged_fit_leaves_an_unfitted_model(method, kind, solver):
    X, y = small_data(kind)
    model = kind(hidden_layer_sizes=(), solver=solver, random_state=0, max_iter=3)
    learn(model, X, y).predict(X)
    X_beyond, rate = beyond_limits(solver, X)
    model.set_params(learning_rate_init=rate)
    with pytest.raises(ValueError, match="the loss stopped being finite in"):
        for _ in range(3):
            getattr(model, method)(X_beyond, y)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_a_diverging_fit_with_early_stopping_keeps_the_best_finite_weights():
    X, _ = small_data(MLPRegressor)
    # steps along the first feature overshoot by a little more each time, while the
    # second, which matters, is learned in some epochs
    X[:, 0] *= 3
    y = 1000 * X[:, 1]
    X = X.astype(np.float32)  # whose range ends sooner
    params = {
        "early_stopping": True,
        "learning_rate_init": 0.32,
        "momentum": 0,
        "alpha": 0,
    }
    model = diverging(MLPRegressor, **params, max_iter=1000)
    with pytest.warns(ConvergenceWarning, match="stopped being finite") as caught:
        model.fit(X, y)
    assert len(caught) == 1
    message = str(caught[0].message)
    assert f"in epoch {model.n_iter_} with learning_rate_init=0.32" in message
    assert "The weights are those of the best epoch.\nMore in " in message
    *scores, last = model.validation_scores_
    assert np.isnan(last)
    assert np.isfinite(scores).all()
    assert len(scores) + 1 == len(model.loss_curve_) == model.n_iter_ < model.max_iter
    assert model.best_validation_score_ == max(scores)
    best_epoch = int(np.argmax(scores)) + 1
    assert best_epoch > 1
    until_best = diverging(MLPRegressor, **params, max_iter=best_epoch)
    assert_same_parameters(model, learn(until_best, X, y))


@pytest.mark.parametrize("kind", KINDS)
def test_early_stopping_of_a_first_epoch_that_diverges_keeps_the_first_weights(kind):
    X, y = small_data(kind)
    model = diverging(kind, early_stopping=True, learning_rate_init=1e308)
    with pytest.warns(ConvergenceWarning, match="weights are the initial ones"):
        model.fit(X, y)
    assert model.n_iter_ == 1
    assert np.isnan(model.validation_scores_).tolist() == [True]
    unmoved = diverging(kind, early_stopping=True, learning_rate_init=1e-300)
    assert_same_parameters(model, learn(unmoved.set_params(max_iter=1), X, y))


def test_a_validation_score_of_nan_is_no_improvement():
    X, _ = small_data(MLPRegressor, n_rows=30)
    y = np.ones(30)
    n_nan = 0
    for row, sign in product(range(30), [-1, 1]):
        X_far = X.copy()
        X_far[row] *= sign * 1e5  # of one sign its exp(raw) overflows
        model = MLPRegressor(
            loss="poisson",
            hidden_layer_sizes=(),
            early_stopping=True,
            n_iter_no_change=3,
            max_iter=50,
            random_state=0,
        )
        learn(model, X_far, y)
        held_out = np.isfinite(model.loss_curve_).all()
        if held_out and np.isnan(model.validation_scores_).any():
            n_nan += 1
            assert np.isnan(model.validation_scores_).all()
            assert model.n_iter_ == 3 + 1
            assert np.isfinite(parameters(model)).all()
    assert n_nan == 3  # the held-out tenth


# pickles and copies


@covering(kind=KINDS, solver=SOLVERS, early_stopping=[False, True])
def test_after_fit_a_pickle_holds_the_parameters_once(kind, solver, early_stopping):
    X, y = small_data(kind, n_features=100)
    model = kind(
        hidden_layer_sizes=(100,),
        solver=solver,
        early_stopping=early_stopping,
        max_iter=3,
        random_state=0,
    )
    learn(model, X, y)
    n_bytes = parameters(model).nbytes  # 82 kB
    # constructor parameters, attributes and history are some hundred bytes each
    assert n_bytes < len(pickle.dumps(model)) < n_bytes + 4000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_partial_fit_after_unpickling_a_fit_starts_with_new_moments(solver, kind):
    X, y = small_data(kind)
    params = {"solver": solver, "random_state": 0, "max_iter": 5}
    model = learn(kind(hidden_layer_sizes=(4,), **params), X, y)
    unpickled = pickle.loads(pickle.dumps(model))
    unpickled.partial_fit(X, y)

    anew = kind(hidden_layer_sizes=(4,), **params)
    learn(anew.set_params(max_iter=1), X, y)
    anew = pickle.loads(pickle.dumps(anew))
    set_parameters(anew, model.coefs_, model.intercepts_).partial_fit(X, y)
    assert_same_bits(unpickled, anew)

    model.partial_fit(X, y)  # with the moments of the fit
    # rounding is 1e-16; over 20 seeds at least 3.6e-6
    assert np.abs(parameters(model) - parameters(unpickled)).max() > 1e-7


COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@covering(copied=COPIES, kind=KINDS, solver=STOCHASTIC)
def test_after_partial_fit_a_copy_goes_on_bit_for_bit(copied, kind, solver):
    X, y = small_data(kind)
    model = kind(hidden_layer_sizes=(4,), solver=solver, batch_size=15, random_state=0)
    model.partial_fit(X, y, **classes_first(kind, y))
    twin = copied(model)
    assert_same_bits(twin.partial_fit(X, y), model.partial_fit(X, y))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_after_fit_a_deep_copy_goes_on_bit_for_bit(solver, kind):
    X, y = small_data(kind)
    model = kind(
        hidden_layer_sizes=(4,),
        solver=solver,
        batch_size=15,
        random_state=0,
        max_iter=3,
    )
    learn(model, X, y)
    twin = copy.deepcopy(model)
    alone = parameters(copy.deepcopy(model).partial_fit(X, y).partial_fit(X, y))
    # the two take turns, so that they would disturb each other if they shared state
    for _ in range(2):
        model.partial_fit(X, y)
        twin.partial_fit(X, y)
    np.testing.assert_array_equal(parameters(model), alone)
    np.testing.assert_array_equal(parameters(twin), alone)


# one class, decision_function, partial_fit


@covering(
    label=[0, 1, 7, "only", True],
    solver=["lbfgs", "adam"],
    early_stopping=[False, True],
)
def test_one_class_in_y_gives_one_column_of_ones(label, solver, early_stopping):
    X, _ = small_data(MLPClassifier)
    y = np.full(len(X), label)
    model = MLPClassifier(
        hidden_layer_sizes=(3,),
        solver=solver,
        early_stopping=early_stopping,
        max_iter=3,
        random_state=0,
    )
    learn(model, X, y)
    assert model.classes_.tolist() == [label]
    np.testing.assert_array_equal(model.predict(X), y)
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((len(X), 1)))
    np.testing.assert_array_equal(model.predict_log_proba(X), np.zeros((len(X), 1)))
    assert model.decision_function(X).shape == (len(X),)


def test_decision_function_gives_the_raw_outputs_of_two_classes():
    X, y = small_data(MLPClassifier)
    model = MLPClassifier(
        hidden_layer_sizes=(3,), activation="tanh", max_iter=3, random_state=0
    )
    learn(model, X, y)
    (W, V), (b, c) = model.coefs_, model.intercepts_
    raw = (np.tanh(X @ W + b) @ V + c)[:, 0]
    np.testing.assert_allclose(model.decision_function(X), raw, rtol=1e-12)
    odds = np.log(model.predict_proba(X)[:, 1] / model.predict_proba(X)[:, 0])
    np.testing.assert_allclose(odds, raw, rtol=1e-9)


@pytest.mark.parametrize("target", ["multiclass", "multilabel"])
def test_decision_function_gives_a_raw_output_for_each_class(target):
    X, y = load_iris(return_X_y=True)
    Y = np.column_stack([y > 0, y > 1, y == 1]).astype(int)
    model = MLPClassifier(hidden_layer_sizes=(), max_iter=3, random_state=0)
    learn(model, X, y if target == "multiclass" else Y)
    raw = X @ model.coefs_[0] + model.intercepts_[0]
    np.testing.assert_allclose(model.decision_function(X), raw, rtol=1e-12)
    if target == "multiclass":
        np.testing.assert_array_equal(model.predict(X), raw.argmax(axis=1))
    else:
        np.testing.assert_array_equal(model.predict(X), raw > 0)


def test_only_the_classifier_has_a_decision_function():
    assert hasattr(MLPClassifier(), "decision_function")
    assert not hasattr(MLPRegressor(), "decision_function")


class WithoutProbabilities(MLPClassifier):
    """Fails where probabilities would be calibrated."""

    def predict_proba(self, X):
        raise AssertionError("calibrated on probabilities")


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration_asks_for_no_probabilities(method):
    X, y = load_iris(return_X_y=True)
    base = WithoutProbabilities(
        hidden_layer_sizes=(), solver="lbfgs", alpha=1.0, random_state=0
    )
    calibrated = CalibratedClassifierCV(base, method=method, cv=3).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    # the three species overlap a little: 0.94 and 0.98 with each of 20 seeds
    assert calibrated.score(X, y) > 0.9


def test_calibrated_log_odds_are_linear_in_the_decision_function():
    """Platt 1999, Probabilistic outputs for support vector machines, equation 11."""
    X, y = small_data(MLPClassifier)
    base = MLPClassifier(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0)
    calibrated = CalibratedClassifierCV(base, ensemble=False, cv=3)
    learn(calibrated, X, y)
    proba = calibrated.predict_proba(X)
    log_odds = np.log(proba[:, 1] / proba[:, 0])
    raw = calibrated.calibrated_classifiers_[0].estimator.decision_function(X)
    assert np.ptp(raw) > 1
    line = np.polynomial.Polynomial.fit(raw, log_odds, deg=1)
    np.testing.assert_allclose(line(raw), log_odds, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_partial_fit_is_there_for_stochastic_solvers_and_absent_with_lbfgs(kind):
    for solver in STOCHASTIC:
        assert callable(kind(solver=solver).partial_fit)
    assert not hasattr(kind(solver="lbfgs"), "partial_fit")
    model = kind(solver="adam")
    assert hasattr(model, "partial_fit")
    assert not hasattr(model.set_params(solver="lbfgs"), "partial_fit")
    with pytest.raises(AttributeError) as raised:
        model.partial_fit  # noqa: B018
    reasons = f"{raised.value} {raised.value.__cause__}"
    assert "only available for stochastic optimizers. lbfgs is not" in reasons


@pytest.mark.parametrize("kind", KINDS)
def test_partial_fit_follows_parameters_that_change_between_calls(kind):
    X, y = small_data(kind)
    model = kind(
        hidden_layer_sizes=(3,), solver="sgd", momentum=0, max_iter=2, random_state=0
    )
    learn(model, X, y)
    steps = []
    for rate in 1e-6, 2e-6:
        before = parameters(model)
        model.set_params(learning_rate_init=rate).partial_fit(X, y)
        steps.append(parameters(model) - before)
    # the first step moves the gradient by about 1e-6; rounding is 1e-16 of 1e-6
    atol = 1e-4 * np.abs(steps[0]).max()
    np.testing.assert_allclose(steps[1], 2 * steps[0], rtol=1e-4, atol=atol)


def test_partial_fit_under_warm_start_may_hold_some_of_the_classes():
    X, y = load_iris(return_X_y=True)
    models = []
    for warm_start in False, True:
        model = MLPClassifier(
            hidden_layer_sizes=(3,), warm_start=warm_start, random_state=0
        )
        model.partial_fit(X, y, classes=[0, 1, 2])
        models.append(model.partial_fit(X[y == 1], y[y == 1]))
    assert_same_bits(*models)


@covering(first=SOLVERS, second=SOLVERS, kind=KINDS)
def test_warm_start_goes_on_with_another_solver_or_early_stopping(first, second, kind):
    X, y = small_data(kind)
    model = kind(
        hidden_layer_sizes=(3,),
        solver=first,
        warm_start=True,
        max_iter=5,
        random_state=0,
    )
    learn(model, X, y)
    start = parameters(model)
    switched = copy.deepcopy(model).set_params(solver=second, learning_rate_init=1e-12)
    if second == "lbfgs":
        learn(switched, X, y)
        assert switched.loss_ < model.loss_
    else:  # at a rate of next to nothing the model stays where it was
        for early_stopping in True, False:
            learn(switched.set_params(early_stopping=early_stopping), X, y)
            np.testing.assert_allclose(parameters(switched), start, atol=1e-9)
            assert (switched.validation_scores_ is not None) == early_stopping


# hidden_layer_sizes


FORMS = {
    (8,): [8, 8.0, np.int64(8), np.float32(8), [8], [8.0], np.array([8]), "8x1"],
    (5, 2): [[5, 2], (5.0, 2.0), np.array([5.0, 2.0]), "5-2", (np.int8(5), 2)],
    (4, 4, 4): [[4] * 3, "4x3", "4-4-4"],
    (): [[], np.array([])],
}


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_layer_sizes_mean_the_same_in_every_form(kind):
    X, y = small_data(kind)
    params = {"max_iter": 2, "random_state": 0}
    for sizes, forms in FORMS.items():
        plain = learn(kind(hidden_layer_sizes=sizes, **params), X, y)
        assert tuple(W.shape[1] for W in plain.coefs_[:-1]) == sizes
        for form in forms:
            model = learn(kind(hidden_layer_sizes=form, **params), X, y)
            assert model.hidden_layer_sizes is form
            assert len(model.coefs_) == len(plain.coefs_), repr(form)
            assert_same_bits(model, plain)


NO_SIZES = ["8", "", "8-", "-8", "8x", "8x0", "0x2", "8-0", "8.0-2", "4x2-3", ["8"]]


@pytest.mark.parametrize("kind", KINDS)
def test_other_strings_are_no_hidden_layer_sizes(kind):
    X, y = small_data(kind)
    for form in NO_SIZES:
        got = re.escape(repr(form))
        message = f"{kind.__name__}: hidden_layer_sizes must be .* got {got}"
        with pytest.raises(ValueError, match=message):
            kind(hidden_layer_sizes=form).fit(X, y)
