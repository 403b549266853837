"""Probabilities of classes as targets."""

import numpy as np
import pytest

from skmlp.losses import Focal, LogLoss

from ...conftest import parameters
from .class_columns import X, Y, fit, rng

# a given number of epochs is enough here
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

SHARES = (
    rng.dirichlet(np.ones(3), 240) * 0.2
    + 0.8 * np.eye(3)[np.digitize(X[:, 0], [-0.5, 0.5])]
)
SOFT = LogLoss(soft_targets=True)


def test_sure_probabilities_train_as_labels_do():
    labels = np.digitize(X[:, 0], [-0.5, 0.5])
    hard, soft = fit(labels, max_iter=5), fit(np.eye(3)[labels], loss=SOFT, max_iter=5)
    np.testing.assert_array_equal(parameters(soft), parameters(hard))
    np.testing.assert_array_equal(soft.classes_, [0, 1, 2])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_are_learned(n_classes):
    shares = SHARES[:, :n_classes] / SHARES[:, :n_classes].sum(axis=1, keepdims=True)
    mlp = fit(shares, loss=SOFT, solver="lbfgs", max_iter=300, tol=1e-4)
    error = np.abs(mlp.predict_proba(X) - shares).mean()
    constant = np.abs(shares.mean(axis=0) - shares).mean()
    # over 20 seeds: 0.10 to 0.29 of it, and 0.92 to 1
    assert error < 0.5 * constant
    assert mlp.score(X, shares.argmax(axis=1)) > 0.85


@pytest.mark.parametrize(
    "y",
    [SHARES * 2, SHARES[:, 0], SHARES[:, :1] / SHARES[:, :1], SHARES - [0, -1, 1]],
    ids=["sums of 2", "a vector", "one class", "negative"],
)
def test_what_is_no_distribution_is_refused(y):
    with pytest.raises(ValueError, match="MLPClassifier: y must be probabilities"):
        fit(y, loss=SOFT)


def test_matrices_of_probabilities_are_refused_unless_asked_for():
    with pytest.raises(ValueError, match="MLPClassifier: y must be labels"):
        fit(SHARES)


def test_class_weights_for_probabilities_are_refused():
    with pytest.raises(ValueError, match="class_weight must be None"):
        fit(SHARES, loss=SOFT, class_weight="balanced")


def test_other_losses_have_heads_too():
    for loss in (Focal(gamma=1.0), LogLoss(label_smoothing=0.1)):
        # over 20 seeds: 0.93 to 1
        assert fit(Y["letters"], loss=loss).score(X, Y["letters"]) > 0.8
