"""Small ensembles of each kind of target, and what they predict."""

from itertools import count

import numpy as np
import pytest
from scipy.special import softmax

from skmlp import MLPClassifier, MLPRegressor
from skmlp.estimators.fitting.fit import train
from skmlp.losses import Focal, LogLoss, Quantile, RegressionLoss

from ...conftest import CODES, N_ROWS, NUMBERS, X

N_MEMBERS = 3
ROWS = np.arange(N_ROWS)
SHARES = softmax(2.0 * X[:, :3], axis=1)

CLASSES = {
    "binary": (NUMBERS > 0, {}),
    "words": (np.array(["a", "b", "c"])[CODES], {}),
    "one class": (np.full(N_ROWS, "only"), {}),
    "labels": (np.c_[NUMBERS > 1, X[:, 0] > 0].astype(int), {}),
    "columns": (np.c_[CODES + 5, np.digitize(X[:, 0], [-0.5, 0.5])], {}),
    "soft": (SHARES, {"loss": LogLoss(soft_targets=True)}),
    "focal": (CODES, {"loss": "focal"}),
    "focal labels": (np.c_[CODES > 0, CODES > 1].astype(int), {"loss": Focal()}),
}
VALUES = {
    "numbers": (NUMBERS, {}),
    "outputs": (np.c_[NUMBERS, X[:, 1] ** 2], {}),
    "counts": (np.floor(np.exp(X[:, 0])), {"loss": "poisson"}),
    "amounts": (np.exp(X[:, :2]), {"loss": "gamma"}),
    # drawn so that members have the levels in different orders
    "levels": (NUMBERS, {"loss": Quantile([0.1, 0.5, 0.9])}),
    "levels of two": (np.c_[NUMBERS, X[:, 1]], {"loss": Quantile([0.2, 0.8])}),
    "scaled": (1e3 * NUMBERS + 1e4, {"scale_target": True, "scale_input": True}),
}
TASKS = CLASSES | VALUES
ONE_LABEL = ["binary", "words", "focal"]
EACH_KIND = ["words", "numbers"]
each_kind = pytest.mark.parametrize("task", EACH_KIND)
# of each way to find strata of folds, and of each shape of predictions
FOLDED = ["binary", "words", "one class", "labels", "columns", "soft"]
FOLDED += ["numbers", "outputs", "levels of two", "scaled"]

HOLDING_OUT = {"early_stopping": True, "validation_fraction": 0.2, "scoring": "loss"}
FOLDS = {**HOLDING_OUT, "ensemble": "folds"}


def make(task, **params):
    kind = MLPClassifier if task in CLASSES else MLPRegressor
    defaults = {
        "hidden_layer_sizes": (6,),
        "batch_size": 20,
        "max_iter": 4,
        "learning_rate": "cosine",
        "learning_rate_init": 0.02,
        "n_iter_no_change": np.inf,
        "n_members": N_MEMBERS,
        "random_state": 0,
    }
    return kind(**{**defaults, **TASKS[task][1], **params})


def fit(task, X=X, sample_weight=None, groups=None, **params):
    return make(task, **params).fit(X, TASKS[task][0], sample_weight, groups=groups)


def train_until(number):
    """A function that trains as members do, and is interrupted in that call."""
    calls = count(1)

    def interrupted(plan):
        if next(calls) == number:
            raise KeyboardInterrupt
        return train(plan)

    return interrupted


def outputs(model, X=X):
    """All that a model predicts, as a list of arrays."""
    if isinstance(model, MLPRegressor):
        return [model.predict(X)]
    proba, raw = model.predict_proba(X), model.decision_function(X)
    if not isinstance(proba, list):
        proba, raw = [proba], [raw]
    return [*proba, *raw]


def probabilities(model, X=X):
    """predict_proba, of several columns of classes side by side."""
    proba = model.predict_proba(X)
    return np.hstack(proba) if isinstance(proba, list) else proba


def predicted(model, X=X):
    """What members have a mean of."""
    is_classifier = isinstance(model, MLPClassifier)
    return probabilities(model, X) if is_classifier else model.predict(X)


def assert_same_outputs(model, expected, X=X):
    for found, wanted in zip(outputs(model, X), outputs(expected, X), strict=True):
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype


def held_out(task, groups=None, **params):
    """A model, and the rows that each of its members held out."""
    seen = []

    def score(estimator, rows, y):  # a function, which is not copied for each member
        numbers = np.flatnonzero(np.isin(X[:, 0], rows[:, 0])).tolist()
        if numbers not in seen:
            seen.append(numbers)
        return 0.0

    model = make(task, **params | {"scoring": score})
    return model.fit(X, TASKS[task][0], groups=groups), seen


def assert_out_of_fold(model, folds, task=""):
    """Rows have the prediction of the member that held them out."""
    oof = model.oof_prediction_
    oof = np.hstack(oof) if isinstance(oof, list) else oof
    for member, fold in zip(model.members_, folds, strict=True):
        # validation rows are seen by the scaled network: other roundings
        expected = predicted(member, X[fold])
        np.testing.assert_allclose(oof[fold], expected, rtol=1e-9, err_msg=task)


class Squared(RegressionLoss):
    """Half the squared error of the raw output's square, as a user may write it."""

    def value_and_gradient(self, Y, raw):
        rest = raw**2 - Y
        values = 0.5 * (rest**2).sum(axis=1)
        raw *= 2.0 * rest
        return values

    def inverse_link(self, raw):
        return raw**2
