"""class_weight is sample_weight by class."""

from itertools import product

import numpy as np
import pytest
from scipy import sparse
from sklearn.model_selection import PredefinedSplit
from sklearn.utils.class_weight import compute_sample_weight

import skmlp.estimators.fitting.data
from skmlp import MLPClassifier

from ... import conftest
from ...conftest import CODES, N_ROWS, NUMBERS, WEIGHT, X, covering, parameters, quietly

WORDS = np.array(["ant", "bee", "cicada"])[CODES]
INDICATORS = np.c_[NUMBERS > 1, X[:, 0] > 0, CODES == 1].astype(int)
WEIGHTED = {"plain": None, "weighted": WEIGHT}


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
    return quietly(small(**params).fit, X, y, sample_weight)


def assert_same_bits(model, expected, case=""):
    """Of scores, too."""
    scores = [getattr(one, "validation_scores_", None) for one in (model, expected)]
    assert scores[0] == scores[1], case
    assert model.loss_ == expected.loss_, case
    conftest.assert_same_bits(model, expected)


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
    "three classes": (CODES, {0: 5.0, 2: 0.5}),
    "two classes": (NUMBERS > 0, {True: 3.0}),
    "two numbers": (np.where(NUMBERS > 0, 7, -2), {7: 0.1, -2: np.float64(2)}),
    "words": (WORDS, {"ant": 2, "bee": 0.5, "cicada": 3.0}),
    "a class of weight 0": (CODES, {1: 0}),
    "an empty dict": (CODES, {}),
    "one class": (np.zeros(N_ROWS, int), {0: 2.0}),
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_dict_is_the_sample_weight_of_its_classes(target):
    y, by_class = target
    for params, sample_weight in product(TRAINING.values(), WEIGHTED.values()):
        model = fitted(y, sample_weight, class_weight=by_class, **params)
        weight = by_rows(y, by_class)
        weight = weight if sample_weight is None else sample_weight * weight
        assert_same_bits(model, fitted(y, weight, **params), params)
        # a weight common to all rows counts against the penalty alone
        if len(set(weight)) > 1:
            plain = fitted(y, sample_weight, **params)
            assert (by_class != {}) == (model.loss_ != plain.loss_), params


@pytest.mark.parametrize("params", TRAINING.values(), ids=TRAINING)
def test_class_weight_keeps_float32_and_takes_sparse_X(params):
    for form in (X.astype(np.float32), sparse.csr_array(X)):
        model = fitted(CODES, X=form, class_weight="balanced", **params)
        assert parameters(model).dtype == form.dtype
        if not params.get("early_stopping"):
            same = fitted(CODES, balanced(CODES), X=form, **params)
            # the weights are sums in another order
            np.testing.assert_allclose(
                parameters(model), parameters(same), rtol=1e-3, atol=1e-4
            )


@covering(
    y={"3": CODES, "2": NUMBERS > 1, "words": WORDS}, solver=["adam", "sgd", "lbfgs"]
)
def test_balanced_gives_all_classes_the_same_total(y, solver):
    model = fitted(y, class_weight="balanced", solver=solver)
    same = fitted(y, compute_sample_weight("balanced", y), solver=solver)
    # weights of other rounding, which some updates hardly let grow
    np.testing.assert_allclose(parameters(model), parameters(same), rtol=1e-6)
    assert not np.allclose(parameters(model), parameters(fitted(y, solver=solver)))


def test_balanced_counts_rows_in_their_sample_weight():
    model = fitted(CODES, WEIGHT, class_weight="balanced")
    weight = WEIGHT * balanced(CODES, WEIGHT)
    totals = np.bincount(CODES, weight)
    np.testing.assert_allclose(totals, totals[0])  # equal shares
    same = fitted(CODES, weight)
    np.testing.assert_allclose(parameters(model), parameters(same), rtol=1e-6)
    unweighted = fitted(CODES, WEIGHT * balanced(CODES))
    assert not np.allclose(parameters(model), parameters(unweighted), rtol=1e-4)


@pytest.mark.parametrize("sample_weight", WEIGHTED.values(), ids=WEIGHTED)
def test_balanced_counts_the_training_rows_of_early_stopping_alone(
    monkeypatch, sample_weight
):
    splits = []
    split = skmlp.estimators.fitting.plan.split_rows

    def watched(*args, **kwargs):
        found = split(*args, **kwargs)
        held = found[1].rows
        splits.append((np.setdiff1d(np.arange(N_ROWS), held), held))
        return found

    monkeypatch.setattr(skmlp.estimators.fitting.plan, "split_rows", watched)
    params = {"early_stopping": True}
    model = fitted(CODES, sample_weight, class_weight="balanced", **params)
    ((training, validation),) = splits
    given = np.ones(N_ROWS) if sample_weight is None else sample_weight

    def weights_of(rows):
        shares = np.bincount(CODES[rows], given[rows])
        return given * (given[rows].sum() / (3 * shares))[CODES]

    same = fitted(CODES, weights_of(training), **params)
    np.testing.assert_allclose(parameters(model), parameters(same), rtol=1e-6)
    np.testing.assert_allclose(model.validation_scores_, same.validation_scores_)
    for other in (np.arange(N_ROWS), validation):
        different = fitted(CODES, weights_of(other), **params)
        assert not np.allclose(parameters(model), parameters(different), rtol=1e-4)


def test_a_class_that_no_training_row_has_counts_once():
    weight = np.where(CODES == 1, 0.0, 1.0)  # the middle class is absent
    model = fitted(CODES, weight, class_weight="balanced")
    two = CODES[CODES != 1]
    by_class = dict(zip(two, balanced(two), strict=True))
    same = fitted(CODES, weight * by_rows(CODES, by_class))
    np.testing.assert_allclose(parameters(model), parameters(same), rtol=1e-6)
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])


def test_a_class_that_is_held_out_whole_leaves_a_finite_fit():
    y = np.where(np.arange(N_ROWS) == 0, 2, NUMBERS > 0)  # one row of class 2
    fraction = {"early_stopping": True, "validation_fraction": 0.25}
    split = PredefinedSplit(np.where(np.arange(N_ROWS) < 20, 0, -1))
    for params in (
        {"validation_fraction": split},
        *[{"random_state": seed} for seed in range(4)],
    ):
        model = fitted(y, class_weight="balanced", **fraction | params)
        assert np.isfinite(parameters(model)).all()
        np.testing.assert_array_equal(model.classes_, [0, 1, 2])


# Several labels


def product_of(columns):
    return np.prod(columns, axis=0)


@covering(params=TRAINING, sample_weight=WEIGHTED)
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
        model = fitted(CODES, class_weight=by_class, **params)
        totals = np.bincount(CODES, by_rows(CODES, by_class))
        # to lbfgs's tolerance of 1e-4 in the gradient, which is this difference
        np.testing.assert_allclose(
            model.predict_proba(X[:1] * 0)[0], totals / totals.sum(), atol=2e-4
        )


def test_warm_start_goes_on_with_class_weight():
    by_class = {0: 5.0, 2: 0.5}
    model = fitted(CODES, class_weight=by_class, warm_start=True)
    same = fitted(CODES, by_rows(CODES, by_class), warm_start=True)
    quietly(model.fit, X, CODES)
    quietly(same.fit, X, CODES, by_rows(CODES, by_class))
    assert_same_bits(model, same)


def test_score_and_predict_know_no_class_weight():
    model = fitted(CODES, class_weight={0: 9.0})
    mean = np.mean(model.predict(X) == CODES)
    assert model.score(X, CODES) == pytest.approx(mean)
    before = model.predict_proba(X)
    model.set_params(class_weight=None)
    np.testing.assert_array_equal(model.predict_proba(X), before)


# What is refused

REFUSED = {
    "an unknown label": (CODES, {3: 1.0}),
    "a word for numbers": (CODES, {"0": 1.0}),
    "a tuple of labels": (CODES, {(0, 1): 1.0}),
    "a number for words": (WORDS, {0: 1.0}),
    "a negative weight": (CODES, {0: -1.0}),
    "nan": (CODES, {0: np.nan}),
    "inf": (CODES, {0: np.inf}),
    "True": (CODES, {0: True}),
    "None": (CODES, {0: None}),
    "another name": (CODES, "balance"),
    "an array": (CODES, np.ones(3)),
    "a list for one column": (CODES, [{0: 1.0}]),
    "a list of numbers": (CODES, [1.0, 2.0, 3.0]),
    "a dict for several labels": (INDICATORS, {0: 1.0}),
    "fewer dicts than labels": (INDICATORS, [{0: 1.0}, {1: 1.0}]),
    "more dicts than labels": (INDICATORS, [{0: 1.0}] * 4),
    "an array in a list": (INDICATORS, [np.ones(2)] * 3),
    "an unknown label in a list": (INDICATORS, [{}, {2: 1.0}, {}]),
    "None in a list": (INDICATORS, [{}, None, {}]),
    "no row that counts": (CODES, dict.fromkeys(range(3), 0)),
    "no row that counts of several labels": (INDICATORS, [{0: 0, 1: 0}, {}, {}]),
}


def test_bad_class_weights_are_refused_by_name():
    refused = r"^MLPClassifier: class_weight must "
    for name, (y, class_weight) in REFUSED.items():
        for params in TRAINING.values():
            estimator = small(class_weight=class_weight, **params)
            with pytest.raises(ValueError, match=refused) as error:
                estimator.fit(X, y)
            assert ", got " in str(error.value), name
            assert not hasattr(estimator, "coefs_"), name


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0}, {}, [{}]], ids=repr)
def test_partial_fit_refuses_class_weight_by_name(class_weight):
    fresh = small(class_weight=class_weight)
    model = fitted(CODES, class_weight=None).set_params(class_weight=class_weight)
    before = parameters(model)
    refused = r"^MLPClassifier: class_weight must be None for partial_fit.*got "
    for estimator in (fresh, model):
        with pytest.raises(ValueError, match=refused) as error:
            estimator.partial_fit(X, CODES, classes=[0, 1, 2])
        assert repr(class_weight) in str(error.value)
    assert not hasattr(fresh, "coefs_")
    np.testing.assert_array_equal(parameters(model), before)
