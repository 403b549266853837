"""Weights set by hand: used in every form, refused where shapes do not fit."""

import numpy as np
import pytest

from skmlp import MLPClassifier

from ...conftest import assert_same_bits, digest
from ..small_models import (
    ESTIMATORS,
    X,
    by_hand,
    fitted,
    outputs,
    partly_fitted,
    small,
    target,
)

FORMS = {
    "lists": lambda a: a.tolist(),
    "Fortran": np.asfortranarray,
    "big-endian": lambda a: a.astype(">f8"),
    "objects": lambda a: a.astype(object),
    "strided": lambda a: np.repeat(a, 2, axis=0)[::2],
}


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_parameters_may_be_set_by_hand_in_any_form(kind):
    model = fitted(small(kind))
    trained = partly_fitted(by_hand(kind, model))
    for name, form in FORMS.items():
        hand = by_hand(kind, model)
        hand.coefs_ = tuple(map(form, hand.coefs_))
        hand.intercepts_ = tuple(map(form, hand.intercepts_))
        # another memory layout may sum in another order
        np.testing.assert_allclose(
            outputs(hand), outputs(model), rtol=1e-12, atol=1e-12, err_msg=name
        )
        assert_same_bits(partly_fitted(hand), trained)


def test_whole_numbers_set_by_hand_compute_xor():
    # relu(a + b) - 2 relu(a + b - 1)
    model = MLPClassifier((2,))
    model.coefs_ = [np.array([[1, 1], [1, 1]]), np.array([[2], [-4]])]
    model.intercepts_ = [np.array([0, -1]), np.array([-1])]
    model.classes_ = np.array(["equal", "different"])[::-1]
    points = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    np.testing.assert_array_equal(model.decision_function(points), [-1, 1, 1, -1])
    expected = np.array(["different", "equal", "equal", "different"])
    np.testing.assert_array_equal(model.predict(points), expected)


def wrongly_shaped():
    W, b = [np.zeros((4, 5)), np.zeros((5, 3))], [np.zeros(5), np.zeros(3)]
    return {
        "of other features": ([np.zeros((6, 5)), W[1]], b),
        "not fitting together": ([W[0], np.zeros((4, 3))], b),
        "flat": ([np.zeros(4), W[1]], b),
        "3-D": ([W[0][:, :, np.newaxis], W[1]], b),
        "scalars": ([1.0, 2.0], [1.0, 2.0]),
        "None": ([None, None], [None, None]),
        "intercepts too short": (W, [np.zeros(4), b[1]]),
        "intercepts too long": (W, [b[0], np.zeros(4)]),
        "intercepts in a row": (W, [b[0][np.newaxis], b[1]]),
        "intercepts in a column": (W, [b[0], b[1][:, np.newaxis]]),
        "one intercept too few": (W, b[:1]),
        "one intercept too many": (W, [*b, b[1]]),
        "one coef too few": (W[:1], b),
        "nothing": ([], []),
    }


@pytest.mark.parametrize("method", ["predict", "partial_fit"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_wrongly_shaped_parameters_set_by_hand_are_refused_by_name(kind, method):
    args = (X,) if method == "predict" else (X, target(kind))
    for case, (coefs, intercepts) in wrongly_shaped().items():
        hand = small(kind, hidden_layer_sizes=(5,))
        hand.coefs_, hand.intercepts_ = coefs, intercepts
        if kind is MLPClassifier:
            hand.classes_ = np.array([0, 1, 2])
        before = digest(hand)
        try:
            getattr(hand, method)(*args)
        except ValueError as error:
            assert f"{kind.__name__}: " in str(error), (case, error)
        else:
            pytest.fail(f"accepted: {case}")
        assert digest(hand) == before, case


@pytest.mark.parametrize("n_classes", [2, 4])
def test_outputs_that_do_not_fit_the_classes_are_refused_by_name(n_classes):
    hand = by_hand(MLPClassifier, fitted(small(MLPClassifier)))
    hand.classes_ = np.arange(n_classes)  # for three outputs
    for method in ("predict", "predict_proba"):
        with pytest.raises(ValueError, match="MLPClassifier: "):
            getattr(hand, method)(X)


@pytest.mark.parametrize("missing", ["intercepts_", "coefs_", "classes_"])
def test_parameters_set_by_half_are_not_a_fitted_model(missing):
    hand = by_hand(MLPClassifier, fitted(small(MLPClassifier)))
    delattr(hand, missing)
    with pytest.raises(ValueError, match="MLPClassifier"):
        hand.predict(X)


def test_partial_fit_refuses_coefs_without_intercepts_by_name():
    for kind in ESTIMATORS:
        hand = by_hand(kind, fitted(small(kind)))
        del hand.intercepts_
        with pytest.raises(ValueError, match=kind.__name__):
            hand.partial_fit(X, target(kind))
