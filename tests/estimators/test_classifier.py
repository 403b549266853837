"""Labels and probabilities of a classifier agree."""

import numpy as np
import pytest

from skmlp import MLPClassifier

from .small_models import N_ROWS, X, by_hand, fitted, small


@pytest.mark.parametrize("classes", [[2, 0, 1], ["c", "a", "b"]], ids=repr)
def test_predict_names_the_class_of_the_largest_probability(classes):
    hand = by_hand(MLPClassifier, fitted(small(MLPClassifier)))
    hand.classes_ = np.array(classes)  # in no order
    likeliest = hand.predict_proba(X).argmax(axis=1)
    np.testing.assert_array_equal(hand.predict(X), hand.classes_[likeliest])


def test_one_class_is_predicted_with_one_column_of_ones():
    model = fitted(small(MLPClassifier), np.full(N_ROWS, "only"))
    assert (model.predict(X) == "only").all()
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((N_ROWS, 1)))
    np.testing.assert_array_equal(model.predict_log_proba(X), np.zeros((N_ROWS, 1)))
    assert model.score(X, np.full(N_ROWS, "only")) == 1.0
