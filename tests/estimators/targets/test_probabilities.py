"""decision_function of several labels: the log-odds of their probabilities."""

import copy

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import rankdata

from skmlp import MLPClassifier

from ...conftest import NUMBERS, X, covering, quietly

LABELS = np.c_[NUMBERS > 1, X[:, 0] > 0, NUMBERS + X[:, 1] > 0].astype(int)
FORMS = {
    "one": {},
    "members": {"n_members": 3},
    "calibrated": {"calibration": "temperature", "early_stopping": True},
    "calibrated members": {
        "n_members": 3,
        "calibration": "temperature",
        "early_stopping": True,
    },
}
DTYPES = [np.float64, np.float32]


def fit(X=X, **params):
    defaults = {"hidden_layer_sizes": 5, "learning_rate_init": 0.05}
    model = MLPClassifier(max_iter=20, random_state=0, **defaults, **params)
    return quietly(model.fit, X, LABELS)


def with_outputs_times(model, factor):
    """The model with raw outputs that many times as large."""
    model = copy.deepcopy(model)
    for one in getattr(model, "members_", [model]):
        one.coefs_[-1] = one.coefs_[-1] * one.coefs_[-1].dtype.type(factor)
        one.intercepts_[-1] = one.intercepts_[-1] * one.intercepts_[-1].dtype.type(
            factor
        )
    return model


def linear(raw):
    """A model, and rows X at which its two raw outputs are `raw` and `-raw`."""
    model = MLPClassifier((), solver="sgd")
    model.coefs_ = [np.array([[1.0, -1.0]], raw.dtype)]
    model.intercepts_ = [np.zeros(2, raw.dtype)]
    model.classes_, model.out_activation_ = np.arange(2), "logistic"
    return model, raw[:, np.newaxis]


def assert_rank_alike(decision, proba):
    """One is a non-decreasing function of the other, which has no more ties."""
    order = np.argsort(proba, axis=None)
    steps = np.diff(decision.ravel()[order])
    assert (steps >= 0).all()
    assert (steps[np.diff(proba.ravel()[order]) == 0] == 0).all()


@covering(
    form=FORMS,
    loss=["log_loss", "focal"],
    dtype=DTYPES,
    factor=[1.0, 1e3],
    convert={"dense": np.asarray, "sparse": sparse.csr_array},
)
def test_decision_and_probability_rank_labels_alike(form, loss, dtype, factor, convert):
    rows = convert(X.astype(dtype))
    model = with_outputs_times(fit(rows, loss=loss, **form), factor)
    decision, proba = model.decision_function(rows), model.predict_proba(rows)
    assert decision.shape == proba.shape == LABELS.shape
    assert decision.dtype == proba.dtype == dtype
    assert np.isfinite(decision).all()
    assert_rank_alike(decision, proba)
    # as scikit-learn's check_classifier_multioutput has it: no ties of the decision
    # alone, which float32 has where probabilities near 0 differ by its last bits
    if dtype is np.float64:
        np.testing.assert_array_equal(rankdata(decision), rankdata(proba))
    np.testing.assert_array_equal(decision > 0, model.predict(rows))
    saturated = (proba == 1).any() and (proba == np.finfo(dtype).tiny).any()
    assert saturated == (factor == 1e3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_each_probability_that_is_a_number_apart_from_1_has_a_log_odds_of_its_own(
    dtype,
):
    eps = float(np.finfo(dtype).eps)
    ends = -np.log(eps / 4), 1e4  # from where p rounds to 1
    raw = np.r_[np.linspace(0, ends[0], 10_000), ends].astype(dtype)
    model, rows = linear(np.r_[-raw[::-1], raw])
    decision, proba = model.decision_function(rows), model.predict_proba(rows)
    assert_rank_alike(decision, proba)
    assert {1 - eps, 1} < set(proba.ravel().tolist())
    near_1 = np.unique(proba[proba > 0.5])
    assert len(near_1) == len(np.unique(decision[proba > 0.5]))
    # where p rounds to 1, 1 - p counts as half of eps
    assert decision.max() == pytest.approx(-np.log(eps / 2), rel=4 * eps)
    # of the smallest normal number, as which smaller probabilities count
    assert decision.min() == pytest.approx(np.log(np.finfo(dtype).tiny), rel=4 * eps)


@covering(
    loss=["log_loss", "focal"],
    dtype=DTYPES,
    calibration=[None, "temperature"],
    convert={"dense": np.asarray, "sparse": sparse.csr_array},
)
def test_where_probabilities_are_not_saturated_the_log_odds_are_the_raw_outputs(
    loss, dtype, calibration, convert
):
    rows = X.astype(dtype)
    model = fit(
        convert(rows),
        loss=loss,
        calibration=calibration,
        early_stopping=calibration is not None,
    )
    (W, V), (b, c) = model.coefs_, model.intercepts_
    raw = np.maximum(rows @ W + b, 0) @ V + c
    raw /= getattr(model, "temperature_", 1.0)
    # p and 1 - p are rounded to eps, which log-odds see as eps / (p (1 - p))
    eps = np.finfo(dtype).eps
    error = np.abs(model.decision_function(convert(rows)) - raw)
    assert np.ptp(raw) > 1
    assert (error < 8 * eps * (1 + np.exp(np.abs(raw)))).all()
