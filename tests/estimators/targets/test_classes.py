"""Classes as targets: how sure each loss is of them."""

import numpy as np
import pytest

from skmlp import MLPClassifier
from skmlp.losses import Focal, LogLoss

from ...conftest import covering, parameters
from .small_fits import N_ROWS, NUMBERS, X, fitted

# What is trained here is not meant to learn much.
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")

LABELS = np.digitize(NUMBERS, [-1.0, 1.0])

TARGETS = {
    "multiclass": LABELS,
    "binary": (NUMBERS > 1).astype(int),
    "multilabel": np.c_[NUMBERS > 1, X[:, 0] > 0].astype(int),
}


@covering(share=[0.0, 0.1, 0.5], y=TARGETS)
def test_label_smoothing_draws_probabilities_to_equal_ones(y, share):
    # rows that say nothing: the model has the smoothed shares of the classes
    params = {"solver": "lbfgs", "alpha": 0.0, "tol": 1e-8, "max_iter": 500}
    loss = LogLoss(label_smoothing=share)
    constant = fitted(MLPClassifier, y, 0 * X, loss=loss, **params)
    if y.ndim == 2:
        expected = (1 - share) * y.mean(axis=0) + share / 2
    else:
        counts = np.bincount(y)
        expected = (1 - share) * counts / N_ROWS + share / len(counts)
    # to a gradient of 1e-8 or a flat loss
    np.testing.assert_allclose(
        constant.predict_proba(0 * X[:1])[0], expected, atol=1e-5
    )


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_label_smoothing_and_focal_loss_make_less_sure_of_separable_rows(y):
    params = {"max_iter": 150, "n_iter_no_change": 150}

    def surest(loss):
        model = fitted(MLPClassifier, y, loss=loss, **params)
        assert model.score(X, y) > 0.9
        return np.abs(model.predict_proba(X) - 0.5).mean()

    # over 20 seeds: scores from 0.98 on, and differences from 0.034 to 0.11
    plain = surest("log_loss")
    assert surest(LogLoss(label_smoothing=0.2)) < plain - 0.02
    assert surest(Focal(gamma=3.0)) < plain - 0.02


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_focal_loss_with_gamma_0_is_the_log_loss(y):
    focal = fitted(MLPClassifier, y, loss=Focal(gamma=0.0))
    plain = fitted(MLPClassifier, y)
    # the same values by other formulas, over 120 steps
    np.testing.assert_allclose(parameters(focal), parameters(plain), rtol=1e-6)
    assert focal.out_activation_ == plain.out_activation_
    other = fitted(MLPClassifier, y, loss="focal")
    assert not np.allclose(parameters(other), parameters(plain), rtol=1e-3)


@covering(loss={"focal": "focal", "smooth": LogLoss(label_smoothing=0.3)}, y=TARGETS)
def test_probabilities_sum_to_one_and_agree_with_labels_under_each_loss(y, loss):
    model = fitted(MLPClassifier, y, loss=loss)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), proba, rtol=1e-12)
    if y.ndim == 2:
        np.testing.assert_array_equal(model.predict(X), (proba > 0.5).astype(int))
        return
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), proba.argmax(axis=1))
