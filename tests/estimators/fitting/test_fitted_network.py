"""The network of an estimator is that of its attributes, set by hand or not."""

import copy

import numpy as np
import pytest

from skmlp import MLPClassifier, MLPRegressor

from ..small_models import ESTIMATORS, TASKS, X, by_hand, fitted, small


@pytest.mark.parametrize("task", TASKS)
def test_parameters_set_by_hand_predict_as_the_model_they_came_from(task):
    kind, y = TASKS[task]
    for sizes in ((), (5,), (5, 3)):
        model = fitted(small(kind, hidden_layer_sizes=sizes), y)
        hand = by_hand(kind, model, hidden_layer_sizes=sizes)
        methods = ["predict"]
        if kind is MLPClassifier:
            methods += ["predict_proba", "predict_log_proba", "decision_function"]
        for method in methods:
            np.testing.assert_array_equal(
                getattr(hand, method)(X), getattr(model, method)(X), f"{method} {sizes}"
            )
        assert hand.score(X, y) == model.score(X, y)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_predict_uses_what_was_written_into_coefs_and_intercepts(kind):
    model = fitted(small(kind))
    for W in model.coefs_:
        W[...] = 0.0
    model.intercepts_[-1][...] = np.arange(float(len(model.intercepts_[-1])))
    raw = model.decision_function(X) if kind is MLPClassifier else model.predict(X)
    assert (raw == model.intercepts_[-1]).all()
    model.intercepts_[-1] = model.intercepts_[-1] + 1.0
    raw = model.decision_function(X) if kind is MLPClassifier else model.predict(X)
    assert (raw == model.intercepts_[-1]).all()


def test_layers_set_by_hand_may_differ_in_dtype():
    model = fitted(small(MLPRegressor))
    expected = model.predict(X)
    model.coefs_[1] = model.coefs_[1].astype(np.float32).astype(np.float64)
    mixed = copy.deepcopy(model)
    mixed.coefs_[1] = mixed.coefs_[1].astype(np.float32)
    np.testing.assert_array_equal(mixed.predict(X), model.predict(X))
    np.testing.assert_allclose(mixed.predict(X), expected, rtol=1e-4, atol=1e-5)


def test_predictions_keep_the_link_of_the_fit():
    model = fitted(small(MLPRegressor))
    expected = model.predict(X)
    np.testing.assert_array_equal(model.set_params(loss="poisson").predict(X), expected)
