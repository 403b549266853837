"""class_weight is sample_weight by class."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.class_weight import compute_sample_weight

import skmlp.estimators.splitting
from skmlp import MLPClassifier

N_ROWS = 60

RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0]
LABELS = np.digitize(NUMBERS, [-1.5, 2.0])
WORDS = np.array(["ant", "bee", "cicada"])[LABELS]
INDICATORS = np.c_[NUMBERS > 1, X[:, 0] > 0, LABELS == 1].astype(int)
WEIGHT = RNG.uniform(0.5, 2.0, N_ROWS)


def small(**params):
    defaults = {
        "hidden_layer_sizes": (6,),
        "batch_size": 20,
        "max_iter": 6,
        "learning_rate_init": 0.02,
        "validation_fraction": 0.25,
        "random_state": 0,
    }
    return MLPClassifier(**{**defaults, **params})


def fitted(y, sample_weight=None, X=X, **params):
    """Some updates are enough here, whether they converged or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return small(**params).fit(X, y, sample_weight)


def parameters(model):
    return np.concatenate([a.ravel() for a in (*model.coefs_, *model.intercepts_)])


def assert_same_bits(model, expected):
    np.testing.assert_array_equal(parameters(model), parameters(expected))
    assert parameters(model).dtype == parameters(expected).dtype
    assert model.loss_ == expected.loss_
    scores = [getattr(one, "validation_scores_", None) for one in (model, expected)]
    assert scores[0] == scores[1]


def by_rows(y, by_class):
    return np.array([by_class.get(label, 1.0) for label in y.tolist()])


def balanced(y, weight=None):
    """n / (n_classes n_of_the_class), each row counted with its weight."""
    weight = np.ones(len(y)) if weight is None else weight
    classes, codes = np.unique(y, return_inverse=True)
    totals = np.bincount(codes, weight)
    return weight.sum() / (len(classes) * totals[codes])


TRAINING = {
    "adam": {},
    "sgd": {"solver": "sgd"},
    "lbfgs": {"solver": "lbfgs"},
    "early stopping": {"early_stopping": True},
}
TARGETS = {
    "three classes": (LABELS, {0: 5.0, 2: 0.5}),
    "two classes": (NUMBERS > 0, {True: 3.0}),
    "two numbers": (np.where(NUMBERS > 0, 7, -2), {7: 0.1, -2: np.float64(2)}),
    "words": (WORDS, {"ant": 2, "bee": 0.5, "cicada": 3.0}),
    "a class of weight 0": (LABELS, {1: 0}),
    "an empty dict": (LABELS, {}),
    "one class": (np.zeros(N_ROWS, int), {0: 2.0}),
}


@pytest.mark.parametrize("sample_weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("params", TRAINING.values(), ids=TRAINING)
@pytest.mark.parametrize(("y", "by_class"), TARGETS.values(), ids=TARGETS)
def test_a_dict_is_the_sample_weight_of_its_classes(y, by_class, params, sample_weight):
    model = fitted(y, sample_weight, class_weight=by_class, **params)
    weight = by_rows(y, by_class)
    weight = weight if sample_weight is None else sample_weight * weight
    assert_same_bits(model, fitted(y, weight, **params))
    # a weight common to all rows counts against the penalty alone
    if len(set(weight)) > 1:
        plain = fitted(y, sample_weight, **params)
        assert (by_class != {}) == (model.loss_ != plain.loss_)


@pytest.mark.parametrize("params", TRAINING.values(), ids=TRAINING)
def test_class_weight_keeps_float32_and_takes_sparse_X(params):
    for form in (X.astype(np.float32), sparse.csr_array(X)):
        model = fitted(LABELS, X=form, class_weight="balanced", **params)
        assert parameters(model).dtype == form.dtype
        if not params.get("early_stopping"):
            same = fitted(LABELS, balanced(LABELS), X=form, **params)
            # the weights are sums in another order
            np.testing.assert_allclose(
                parameters(model), parameters(same), rtol=1e-3, atol=1e-4
            )


@pytest.mark.parametrize("params", [{}, {"solver": "sgd"}, {"solver": "lbfgs"}])
@pytest.mark.parametrize("y", [LABELS, NUMBERS > 1, WORDS], ids=["3", "2", "words"])
def test_balanced_gives_all_classes_the_same_total(y, params):
    model = fitted(y, class_weight="balanced", **params)
    same = fitted(y, compute_sample_weight("balanced", y), **params)
    # weights of other rounding, which some updates hardly let grow
    np.testing.assert_allclose(parameters(model), parameters(same), rtol=1e-6)
    assert not np.allclose(parameters(model), parameters(fitted(y, **params)))


def test_balanced_counts_rows_in_their_sample_weight():
    model = fitted(LABELS, WEIGHT, class_weight="balanced")
    weight = WEIGHT * balanced(LABELS, WEIGHT)
    totals = np.bincount(LABELS, weight)
    np.testing.assert_allclose(totals, totals[0])  # equal shares
    same = fitted(LABELS, weight)
    np.testing.assert_allclose(parameters(model), parameters(same), rtol=1e-6)
    unweighted = fitted(LABELS, WEIGHT * balanced(LABELS))
    assert not np.allclose(parameters(model), parameters(unweighted), rtol=1e-4)


@pytest.mark.parametrize("sample_weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_balanced_counts_the_training_rows_of_early_stopping_alone(
    monkeypatch, sample_weight
):
    splits = []
    split = skmlp.estimators.splitting.train_test_split

    def watched(*args, **kwargs):
        splits.append(split(*args, **kwargs))
        return splits[-1]

    monkeypatch.setattr(skmlp.estimators.splitting, "train_test_split", watched)
    params = {"early_stopping": True}
    model = fitted(LABELS, sample_weight, class_weight="balanced", **params)
    ((training, validation),) = splits
    given = np.ones(N_ROWS) if sample_weight is None else sample_weight

    def weights_of(rows):
        shares = np.bincount(LABELS[rows], given[rows])
        return given * (given[rows].sum() / (3 * shares))[LABELS]

    same = fitted(LABELS, weights_of(training), **params)
    np.testing.assert_allclose(parameters(model), parameters(same), rtol=1e-6)
    np.testing.assert_allclose(model.validation_scores_, same.validation_scores_)
    for other in (np.arange(N_ROWS), validation):
        different = fitted(LABELS, weights_of(other), **params)
        assert not np.allclose(parameters(model), parameters(different), rtol=1e-4)


def test_a_class_that_no_training_row_has_counts_once():
    weight = np.where(LABELS == 1, 0.0, 1.0)  # the middle class is absent
    model = fitted(LABELS, weight, class_weight="balanced")
    two = LABELS[LABELS != 1]
    by_class = dict(zip(two, balanced(two), strict=True))
    same = fitted(LABELS, weight * by_rows(LABELS, by_class))
    np.testing.assert_allclose(parameters(model), parameters(same), rtol=1e-6)
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])


def test_a_class_that_is_held_out_whole_leaves_a_finite_fit():
    y = np.where(np.arange(N_ROWS) == 0, 2, NUMBERS > 0)  # one row of class 2
    held_out = []
    for seed in range(12):
        params = {"early_stopping": True, "random_state": seed}
        model = fitted(y, class_weight="balanced", **params)
        assert np.isfinite(parameters(model)).all()
        # of rows that count alike, a class of one row has a third of the weight
        held_out.append(fitted(y, **params).loss_ < 0.9 * model.loss_)
    assert 0 < sum(held_out) < 12


# Several labels


def product_of(columns):
    return np.prod(columns, axis=0)


@pytest.mark.parametrize("sample_weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("params", TRAINING.values(), ids=TRAINING)
def test_a_list_of_dicts_weighs_rows_by_the_product_over_labels(params, sample_weight):
    by_label = [{1: 4.0}, {0: 0.5, 1: 2.0}, {}]
    model = fitted(INDICATORS, sample_weight, class_weight=by_label, **params)
    weight = np.ones(N_ROWS) if sample_weight is None else sample_weight
    for column, by_class in zip(INDICATORS.T, by_label, strict=True):
        weight = weight * by_rows(column, by_class)
    assert_same_bits(model, fitted(INDICATORS, weight, **params))
    same = fitted(INDICATORS, sample_weight, class_weight=tuple(by_label), **params)
    assert_same_bits(model, same)


@pytest.mark.parametrize("given", ["balanced", ["balanced"] * 3, [{}, "balanced", {}]])
def test_labels_are_balanced_one_by_one(given):
    model = fitted(INDICATORS, class_weight=given)
    columns = [INDICATORS[:, 1]] if given[0] == {} else INDICATORS.T
    same = fitted(INDICATORS, product_of([balanced(column) for column in columns]))
    np.testing.assert_allclose(parameters(model), parameters(same), rtol=1e-6)
    assert not np.allclose(parameters(model), parameters(fitted(INDICATORS)), rtol=1e-4)


# What it does


@pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
def test_a_class_that_counts_more_is_predicted_more_often():
    # rows that say nothing: the weights of the classes alone decide
    params = {"solver": "lbfgs", "hidden_layer_sizes": (), "alpha": 0.0, "X": 0 * X}
    params["max_iter"] = 200
    for by_class in ({}, {0: 50.0}, {1: 0.01, 2: 3.0}):
        model = fitted(LABELS, class_weight=by_class, **params)
        totals = np.bincount(LABELS, by_rows(LABELS, by_class))
        # to lbfgs's tolerance of 1e-4 in the gradient, which is this difference
        np.testing.assert_allclose(
            model.predict_proba(X[:1] * 0)[0], totals / totals.sum(), atol=2e-4
        )


def test_warm_start_goes_on_with_class_weight():
    by_class = {0: 5.0, 2: 0.5}
    model = fitted(LABELS, class_weight=by_class, warm_start=True)
    same = fitted(LABELS, by_rows(LABELS, by_class), warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, LABELS)
        same.fit(X, LABELS, by_rows(LABELS, by_class))
    assert_same_bits(model, same)


def test_score_and_predict_know_no_class_weight():
    model = fitted(LABELS, class_weight={0: 9.0})
    mean = np.mean(model.predict(X) == LABELS)
    assert model.score(X, LABELS) == pytest.approx(mean)
    before = model.predict_proba(X)
    model.set_params(class_weight=None)
    np.testing.assert_array_equal(model.predict_proba(X), before)


# What is refused

REFUSED = {
    "an unknown label": (LABELS, {3: 1.0}),
    "a word for numbers": (LABELS, {"0": 1.0}),
    "a tuple of labels": (LABELS, {(0, 1): 1.0}),
    "a number for words": (WORDS, {0: 1.0}),
    "a negative weight": (LABELS, {0: -1.0}),
    "nan": (LABELS, {0: np.nan}),
    "inf": (LABELS, {0: np.inf}),
    "True": (LABELS, {0: True}),
    "None": (LABELS, {0: None}),
    "another name": (LABELS, "balance"),
    "an array": (LABELS, np.ones(3)),
    "a list for one column": (LABELS, [{0: 1.0}]),
    "a list of numbers": (LABELS, [1.0, 2.0, 3.0]),
    "a dict for several labels": (INDICATORS, {0: 1.0}),
    "fewer dicts than labels": (INDICATORS, [{0: 1.0}, {1: 1.0}]),
    "more dicts than labels": (INDICATORS, [{0: 1.0}] * 4),
    "an array in a list": (INDICATORS, [np.ones(2)] * 3),
    "an unknown label in a list": (INDICATORS, [{}, {2: 1.0}, {}]),
    "None in a list": (INDICATORS, [{}, None, {}]),
    "no row that counts": (LABELS, dict.fromkeys(range(3), 0)),
    "no row that counts of several labels": (INDICATORS, [{0: 0, 1: 0}, {}, {}]),
}


@pytest.mark.parametrize("params", TRAINING.values(), ids=TRAINING)
@pytest.mark.parametrize(("y", "class_weight"), REFUSED.values(), ids=REFUSED)
def test_bad_class_weights_are_refused_by_name(y, class_weight, params):
    estimator = small(class_weight=class_weight, **params)
    with pytest.raises(
        ValueError, match=r"^MLPClassifier: class_weight must "
    ) as error:
        estimator.fit(X, y)
    assert ", got " in str(error.value)
    assert not hasattr(estimator, "coefs_")


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0}, {}, [{}]], ids=repr)
def test_partial_fit_refuses_class_weight_by_name(class_weight):
    fresh = small(class_weight=class_weight)
    model = fitted(LABELS, class_weight=None).set_params(class_weight=class_weight)
    before = parameters(model)
    refused = r"^MLPClassifier: class_weight must be None for partial_fit.*got "
    for estimator in (fresh, model):
        with pytest.raises(ValueError, match=refused) as error:
            estimator.partial_fit(X, LABELS, classes=[0, 1, 2])
        assert repr(class_weight) in str(error.value)
    assert not hasattr(fresh, "coefs_")
    np.testing.assert_array_equal(parameters(model), before)
