"""Laws of validation rows by class: shares, rare classes, and what errors say."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import train_test_split

from skmlp import EarlyStopping, MLPClassifier, tabular_pipeline
from skmlp.estimators.fitting.strata import (
    folds_of,
    random_split,
    stratified_split,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

N_ROWS = 60
X = np.random.default_rng(0).normal(size=(N_ROWS, 2))
COUNTS = st.lists(st.integers(1, 30), min_size=1, max_size=8)


def codes_of(counts, seed=0):
    codes = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(seed).permutation(codes)


@given(
    st.integers(0, 300), st.integers(1, 300), st.floats(0.01, 0.99), st.integers(0, 99)
)
@example(50, 50, 0.05, 0)  # of equal remainders one is drawn
@example(1, 50, 0.1, 0)  # too few rows of a class
@example(300, 1, 0.001, 0)
def test_a_random_split_is_scikit_learns(n_below, n_above, fraction, seed):
    above = codes_of([n_below, n_above], seed).astype(bool)
    for strata in (above, None):
        found, expected = (np.random.RandomState(seed) for _ in range(2))
        how = {"test_size": fraction, "stratify": strata, "random_state": expected}
        ours = outcome(random_split, strata, len(above), fraction, found)
        theirs = outcome(train_test_split, np.arange(len(above)), **how)
        assert ours == theirs
        assert found.randint(1 << 30) == expected.randint(1 << 30)  # as many draws


def outcome(split, *arguments, **how):
    """The rows of a split, or what it says against it."""
    try:
        return [rows.tolist() for rows in split(*arguments, **how)]
    except ValueError as error:
        return str(error)


@given(COUNTS, st.floats(0.05, 0.95), st.integers(0, 99))
def test_each_class_has_its_share_of_validation_rows(counts, fraction, seed):
    codes, counts = codes_of(counts, seed), np.array(counts)
    draws = np.random.RandomState(seed)
    training, held = stratified_split(codes, fraction, draws)
    assert sorted([*training, *held]) == list(range(len(codes)))
    n_held = min(int(np.ceil(fraction * len(codes))), np.maximum(counts - 1, 0).sum())
    assert len(held) == n_held
    given_rows = np.bincount(codes[held], minlength=len(counts))
    assert (given_rows < counts).all()  # every class trains
    several = counts >= 2
    if n_held >= several.sum():
        assert (given_rows[several] >= 1).all()
    if several.all() and (counts * fraction >= 1).all():
        # by less than a row, and those that other classes' last rows leave over
        share = n_held * counts / counts.sum()
        left_over = np.maximum(share - (counts - 1), 0.0).sum()
        assert (np.abs(given_rows - share) < 1 + left_over + 1e-9).all()


def test_a_stratified_split_is_drawn():
    codes = codes_of([20, 20, 20])
    splits = [stratified_split(codes, 0.2, np.random.RandomState(s)) for s in (0, 0, 1)]
    np.testing.assert_array_equal(splits[0][1], splits[1][1])
    assert set(splits[0][1]) != set(splits[2][1])


@given(COUNTS, st.integers(2, 5))
def test_the_only_row_of_a_class_is_in_no_fold(counts, n_folds):
    codes = codes_of(counts)
    folds = folds_of(codes, len(codes), n_folds, np.random.RandomState(0))
    single = np.bincount(codes)[codes] == 1
    np.testing.assert_array_equal(folds == -1, single)
    for fold in range(n_folds):
        assert set(codes[folds != fold]) == set(codes)


# Fits

RARE = {
    "two classes, one row": ["rare"] + ["common"] * (N_ROWS - 1),
    "two classes, two rows": ["rare"] * 2 + ["common"] * (N_ROWS - 2),
    "three classes, one row": ["rare"] + ["p"] * 29 + ["q"] * 30,
    "three classes, two rows": ["rare"] * 2 + ["p"] * 28 + ["q"] * 30,
}
HOW = {
    "stratify": {"early_stopping": EarlyStopping(stratify=True)},
    "scoring": {"early_stopping": True, "scoring": "loss"},
    "a scorer": {"early_stopping": True, "scoring": "neg_log_loss"},
    "members": {"early_stopping": True, "n_members": 2},
    "folds": {"early_stopping": True, "n_members": 3, "ensemble": "folds"},
}


def small(**params):
    params = {"hidden_layer_sizes": 3, "max_iter": 3, "random_state": 0, **params}
    return MLPClassifier(**params)


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_a_rare_class_trains(how):
    for name, y in RARE.items():
        for seed in range(3):
            model = small(**{**how, "random_state": seed}).fit(X, np.array(y))
            assert model.classes_.tolist() == sorted(set(y)), name
            assert np.isfinite(model.predict_proba(X)).all()


class Seen:
    """A scorer that keeps the targets of the rows that it sees."""

    def __call__(self, estimator, X, y):
        self.y = y
        return 0.0


@pytest.mark.parametrize("fraction", [0.1, 0.5])
def test_validation_rows_have_every_class_of_two_rows(fraction):
    for name, y in RARE.items():
        seen = Seen()
        small(early_stopping=True, validation_fraction=fraction, scoring=seen).fit(X, y)
        rare = ["rare"] if "two rows" in name else []
        assert set(seen.y) == {*y} - {"rare"} | set(rare)
        assert len(seen.y) == fraction * N_ROWS


def test_without_stratify_the_only_row_of_a_class_is_named_by_its_label():
    y = np.array(RARE["two classes, one row"])
    for early_stopping in (True, EarlyStopping(stratify=False)):
        with pytest.raises(ValueError, match="The least populated class") as error:
            small(early_stopping=early_stopping).fit(X, y)
        assert "Of the class 'rare' there is a single row" in str(error.value)
        assert "EarlyStopping(stratify=True)" in str(error.value)


@pytest.mark.parametrize("stratify", [True, False])
def test_the_setting_goes_before_what_is_implied(stratify):
    y, shares = np.array([*"pq" * 10, *"r" * 40]), set()
    for seed in range(5):
        seen = Seen()
        stopping = EarlyStopping(stratify=stratify)
        small(early_stopping=stopping, scoring=seen, random_state=seed).fit(X, y)
        shares.add("".join(sorted(seen.y)))
    assert (shares == {"pqrrrr"}) == stratify


# Scores that need every class

NEED_EVERY_CLASS = ["roc_auc_ovr", "roc_auc_ovo", "roc_auc_ovr_weighted"]
ARE_TOLD = ["neg_log_loss", "top_k_accuracy", "loss", None]
NEWER = {"neg_brier_score", "d2_brier_score", "d2_log_loss_score"}
ARE_TOLD += sorted(NEWER & {*get_scorer_names()})


@pytest.mark.parametrize("scoring", ARE_TOLD)
def test_rows_without_a_class_are_scored_by_what_can_be_told(scoring):
    y = np.array(RARE["three classes, one row"])
    own = {"X_val": X[1:], "y_val": y[1:]}
    model = small(early_stopping=True, scoring=scoring).fit(X, y, **own)
    assert np.isfinite(model.validation_scores_).all()
    # of one class alone the others are not defined
    if scoring not in ("top_k_accuracy", "d2_brier_score"):
        two = np.where(y == "p", "q", y)
        own["y_val"] = two[1:]
        binary = small(early_stopping=True, scoring=scoring).fit(X, two, **own)
        assert np.isfinite(binary.validation_scores_).all()
    if scoring == "neg_log_loss":
        loss = np.min(model.history_["validation_loss"])
        assert -model.best_validation_score_ == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize("scoring", NEED_EVERY_CLASS)
def test_rows_without_a_class_are_named_where_a_score_needs_it(scoring):
    y = np.array(RARE["three classes, one row"])
    own = {"X_val": X[1:], "y_val": y[1:]}
    for more, said in ((own, "59 rows of X_val"), ({}, "6 validation rows")):
        with pytest.raises(ValueError, match="no row of class 'rare'") as error:
            small(early_stopping=True, scoring=scoring).fit(X, y, **more)
        text = str(error.value)
        assert f"MLPClassifier: scoring={scoring!r} cannot score the {said}" in text
        assert "scoring must be" not in text


def test_a_constant_label_is_named_where_a_score_needs_both_values():
    Y = np.c_[X[:, 0] > 0, np.zeros(N_ROWS), X[:, 1] > 0].astype(int)
    with pytest.raises(ValueError, match="which have only 0s of label 1") as error:
        small(early_stopping=True, scoring="roc_auc").fit(X, Y)
    assert "scoring must be" not in str(error.value)


def test_a_class_that_a_column_of_classes_lacks_is_named():
    Y = np.c_[np.arange(N_ROWS) % 2, np.arange(N_ROWS) % 3 + 5]

    def refuses(estimator, X, y):
        raise ValueError("No.")

    rows = Y[:, 1] != 6
    with pytest.raises(ValueError, match="no row of class 6 of column 1 of y"):
        stopping = small(early_stopping=True, scoring=refuses)
        stopping.fit(X, Y, X_val=X[rows], y_val=Y[rows])


@pytest.mark.parametrize(
    ("scoring", "other"), [("f1", "'f1_macro'"), ("roc_auc", "'roc_auc_ovr'")]
)
def test_a_score_of_two_classes_is_followed_by_those_of_several(scoring, other):
    for y in (np.arange(N_ROWS) % 3, np.array(RARE["three classes, one row"])):
        with pytest.raises(ValueError, match="For several classes there is") as error:
            small(early_stopping=True, scoring=scoring).fit(X, y)
        assert other in str(error.value) and "cannot score" not in str(error.value)


def test_presets_hold_out_rows_of_rare_classes():
    y = np.array(RARE["three classes, two rows"])
    for scoring in (None, "neg_log_loss", "roc_auc_ovr"):
        params = {"n_members": 2, "max_iter": 1, "hidden_layer_sizes": 4}
        params |= {} if scoring is None else {"scoring": scoring}
        for seed in range(3):
            pipeline = tabular_pipeline("classifier", random_state=seed, **params)
            assert len(pipeline.fit(X, y).classes_) == 3
