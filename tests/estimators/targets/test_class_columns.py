"""Several columns of classes, and probabilities as targets."""

import pickle

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone

from skmlp import MLPClassifier
from skmlp.losses import Focal, LogLoss

from ...conftest import assert_same_bits, parameters

rng = np.random.default_rng(0)
X = rng.normal(size=(240, 4))
LETTERS = np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])]
NUMBERS = np.digitize(X[:, 1], [-1.0, 0.0, 1.0])
Y = {
    "letters": np.stack([LETTERS, np.where(X[:, 1] > 0, "y", "n")], axis=1),
    "numbers": np.stack([NUMBERS, NUMBERS % 2, np.full(240, 7)], axis=1),
}
every_y = pytest.mark.parametrize("y", Y.values(), ids=Y)
SETTINGS = {
    "learning_rate_init": 0.02,
    "max_iter": 60,
    "tol": 0.0,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}
# a given number of epochs is enough here
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]


def fit(y, **params):
    return MLPClassifier((20,), **SETTINGS | params).fit(X, y)


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


# Probabilities as targets

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
