"""Several columns of classes: one softmax a column."""

import pickle

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone

from skmlp import MLPClassifier

from ...conftest import assert_same_bits
from .class_columns import LETTERS, SETTINGS, X, Y, fit

# a given number of epochs is enough here
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

every_y = pytest.mark.parametrize("y", Y.values(), ids=Y)


@every_y
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_each_column_has_its_classes_and_its_probabilities(y, solver):
    mlp = fit(y, solver=solver)
    assert len(mlp.classes_) == y.shape[1]
    for column, labels in zip(y.T, mlp.classes_, strict=True):
        np.testing.assert_array_equal(labels, np.unique(column))
    for proba, logs, raw, labels in zip(
        mlp.predict_proba(X),
        mlp.predict_log_proba(X),
        mlp.decision_function(X),
        mlp.classes_,
        strict=True,
    ):
        assert proba.shape == raw.shape == (240, len(labels))
        np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-12)
        # a probability is at least the smallest normal number
        np.testing.assert_allclose(np.exp(logs), proba, rtol=1e-12, atol=1e-307)


@every_y
def test_predictions_are_the_likeliest_labels_and_learn(y):
    mlp = fit(y)
    predicted = mlp.predict(X)
    assert predicted.shape == y.shape and predicted.dtype == y.dtype
    for column, proba, labels in zip(
        predicted.T, mlp.predict_proba(X), mlp.classes_, strict=True
    ):
        np.testing.assert_array_equal(column, labels[proba.argmax(axis=1)])
    # over 20 seeds: 0.85 to 0.99
    assert mlp.score(X, y) == np.mean((predicted == y).all(axis=1)) > 0.75


def test_one_column_has_the_loss_of_the_ordinary_classifier():
    # of two columns with one class in the second, whose loss is 0 and has no gradient
    y = np.stack([LETTERS, np.full(240, "z")], axis=1)
    settings = {"hidden_layer_sizes": (), "alpha": 0.0, "max_iter": 1}
    settings["coefs_init"] = [np.zeros((4, 4))], [np.zeros(4)]
    columns = MLPClassifier(**SETTINGS | settings).fit(X, y)
    settings["coefs_init"] = [np.zeros((4, 3))], [np.zeros(3)]
    alone = MLPClassifier(**SETTINGS | settings).fit(X, LETTERS)
    np.testing.assert_allclose(columns.coefs_[0][:, :3], alone.coefs_[0], rtol=1e-12)
    assert columns.loss_ == pytest.approx(alone.loss_, rel=1e-12)


@every_y
def test_inputs_of_other_kinds_train_too(y):
    expected = fit(y, max_iter=3).predict_proba(X)
    sparse = MLPClassifier((20,), **SETTINGS | {"max_iter": 3})
    of_sparse = sparse.fit(scipy.sparse.csr_matrix(X), y).predict_proba(X)
    single = MLPClassifier((20,), **SETTINGS | {"max_iter": 3})
    of_single = single.fit(X.astype(np.float32), y).predict_proba(X.astype(np.float32))
    for proba, other, in_single in zip(expected, of_sparse, of_single, strict=True):
        np.testing.assert_allclose(other, proba, rtol=1e-9)
        np.testing.assert_allclose(in_single, proba, atol=1e-4)  # 3 epochs of float32
        assert in_single.dtype == np.float32


@every_y
def test_early_stopping_scores_rows_that_are_all_right(y):
    mlp = fit(y, early_stopping=True, max_iter=20)
    shares = np.array(mlp.validation_scores_) * 24  # of as many rows
    np.testing.assert_allclose(shares, np.round(shares), atol=1e-9)
    # over 20 seeds: by 0.25 to 0.92
    assert max(mlp.validation_scores_) > mlp.validation_scores_[0]


def test_sample_and_class_weights_count():
    y = Y["letters"]
    weight = np.where(LETTERS == "a", 5.0, 1.0) * np.where(y[:, 1] == "y", 2.0, 1.0)
    by_class = fit(y, class_weight=[{"a": 5}, {"y": 2}], max_iter=3)
    by_row = MLPClassifier((20,), **SETTINGS | {"max_iter": 3}).fit(X, y, weight)
    assert_same_bits(by_class, by_row)


def test_partial_fit_knows_all_classes_from_its_first_call():
    y, mlp = Y["letters"], MLPClassifier((20,), random_state=0)
    first = LETTERS != "c"
    mlp.partial_fit(X[first], y[first], classes=[["a", "b", "c"], ["n", "y"]])
    assert [list(labels) for labels in mlp.classes_] == [["a", "b", "c"], ["n", "y"]]
    mlp.partial_fit(X, y)
    assert mlp.t_ == first.sum() + 240


def test_warm_start_goes_on():
    whole = fit(Y["numbers"], shuffle=False, max_iter=4)
    half = fit(Y["numbers"], shuffle=False, max_iter=2, warm_start=True)
    assert half.fit(X, Y["numbers"]).t_ == whole.t_
    assert len(half.loss_curve_) == 4


@every_y
def test_copies_predict_alike(y):
    mlp = fit(y, max_iter=3)
    for copied in pickle.loads(pickle.dumps(mlp)), clone(mlp).fit(X, y):
        np.testing.assert_array_equal(copied.predict(X), mlp.predict(X))


BAD = {
    "another number of columns": (Y["letters"][:, :1].repeat(3, axis=1), "2 columns"),
    "labels": (LETTERS, "2 columns"),
    "an unknown class": (np.char.replace(Y["letters"], "a", "d"), "column 0"),
}


@pytest.mark.parametrize(("y", "expected"), BAD.values(), ids=BAD)
def test_other_columns_than_before_are_refused(y, expected):
    mlp = MLPClassifier((3,), random_state=0)
    mlp.partial_fit(X, Y["letters"], classes=[["a", "b", "c"], ["n", "y"]])
    with pytest.raises(ValueError, match=f"MLPClassifier: .*{expected}"):
        mlp.partial_fit(X, y)


def test_a_first_partial_fit_without_classes_for_each_column_is_refused():
    for classes in (None, ["a", "b", "c", "n", "y"]):
        with pytest.raises(ValueError, match=r"MLPClassifier: classes must be .* list"):
            MLPClassifier().partial_fit(X, Y["letters"], classes=classes)
