"""Classes that come later get outputs; those that were there stay as they are."""

import numpy as np
import pytest

import skmlp
from skmlp import MLPClassifier
from skmlp.losses import Focal, LogLoss
from skmlp.solvers import SGD, AdamW

from ...conftest import (
    NUMBERS,
    TASKS,
    WEIGHT,
    X,
    assert_same_bits,
    covering,
    digest,
    quietly,
)

CODES = np.digitize(NUMBERS, [-2.0, 0.0, 2.0])
LETTERS = np.array(["b", "d", "f", "h"])
# steps so small that a sum with them rounds to what was there
STILL = {"solver": SGD(momentum=0.0), "learning_rate_init": 1e-300, "alpha": 0.0}


def started(n_classes, dtype=np.float64, labels=LETTERS, n_calls=3, **params):
    """A model of the first so many classes, and their rows."""
    rows = n_classes > CODES
    params = {"hidden_layer_sizes": 5, "random_state": 0, **params}
    model = MLPClassifier(**params)
    known = labels[:n_classes]
    for _ in range(n_calls):
        y = labels[CODES[rows]]
        model.partial_fit(X[rows].astype(dtype), y, classes=known)
    return model


def extended(model, y, X=X, **how):
    return model.partial_fit(X, y, extend_classes=True, **how)


def log_odds(p):
    return np.log(p) - np.log1p(-p)


@covering(
    n_classes=[2, 3],
    new=["a", "c", "e", "z"],
    dtype=[np.float64, np.float32],
    loss=[LogLoss(), LogLoss(label_smoothing=0.1), Focal()],
)
def test_known_classes_keep_their_bits_and_odds(n_classes, new, dtype, loss):
    model = started(n_classes, dtype, loss=loss)
    rows = X.astype(dtype)
    coefs, intercepts = [*model.coefs_], [*model.intercepts_]
    before, n_seen = model.predict_proba(rows), model.t_
    model.set_params(**STILL)
    y = np.append(LETTERS[np.minimum(CODES, n_classes - 1)][:-1], new)
    extended(model, y, rows)
    assert model.classes_.tolist() == sorted([*LETTERS[:n_classes], new])
    old = model.classes_ != new
    last, bias = model.coefs_[-1][:, old], model.intercepts_[-1][old]
    if n_classes == 2:  # the logistic unit is that of the second class
        assert np.abs(np.append(last[:, 0], bias[0])).max() <= 1e-290
        last, bias = last[:, 1:], bias[1:]
    for found, expected in zip(
        [*model.coefs_[:-1], *model.intercepts_[:-1], last, bias],
        [*coefs[:-1], *intercepts[:-1], coefs[-1], intercepts[-1]],
        strict=True,
    ):
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, expected)
    # among themselves their probabilities are the same, to rounding
    after = model.predict_proba(rows)
    rest = after[:, old] / after[:, old].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(rest, before, rtol=1e-5 if dtype is np.float32 else 1e-9)
    if isinstance(loss, LogLoss) and not loss.label_smoothing:
        # one row of all that were seen: exactly so in the mean of the log-odds
        found = log_odds(after[:, ~old].astype(np.float64)).mean()
        expected = log_odds(1.0 / (n_seen + len(X)))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_stream_may_begin_with_any_labels():
    model = MLPClassifier(30, learning_rate_init=0.02, random_state=0)
    y = LETTERS[CODES]
    order = np.argsort(CODES, kind="stable")  # one class after the other
    for rows in np.array_split(order, 6):
        extended(model, y[rows], X[rows])
    assert model.classes_.tolist() == LETTERS.tolist()
    for _ in range(150):
        extended(model, y)
    assert model.score(X, y) > 0.8


@pytest.mark.parametrize(("first", "new"), [("b", "a"), ("b", "c")])
def test_of_one_class_there_are_two(first, new):
    model = MLPClassifier(5, random_state=0)
    for _ in range(20):
        extended(model, np.full(len(X), first))
    assert model.predict_proba(X).shape == (len(X), 1)
    size = np.abs(model.coefs_[-1])
    model.set_params(**STILL)
    extended(model, np.append(np.full(len(X) - 1, first), new))
    np.testing.assert_array_equal(np.abs(model.coefs_[-1]), size)
    assert (model.predict(X) == first).mean() > 0.5


def test_of_one_class_there_are_three():
    model = extended(MLPClassifier(5, random_state=0), np.full(len(X), "d"))
    extended(model, np.array(["a", "d", "z"])[np.arange(len(X)) % 3])
    assert model.predict_proba(X).shape == (len(X), 3)


def test_later_classes_may_be_named_before_they_come():
    model = started(2)
    extended(model, LETTERS[np.minimum(CODES, 1)], classes=["b", "d", "x"])
    assert model.classes_.tolist() == ["b", "d", "x"]
    assert (model.predict_proba(X)[:, 2] < 0.05).mean() > 0.9


@pytest.mark.parametrize("solver", ["adam", "sgd", AdamW()], ids=str)
def test_without_new_classes_it_is_partial_fit(solver):
    y = LETTERS[np.minimum(CODES, 2)]
    plain, other = started(3, solver=solver), started(3, solver=solver)
    for _ in range(2):
        plain.partial_fit(X, y, sample_weight=WEIGHT)
        extended(other, y, sample_weight=WEIGHT)
    assert_same_bits(other, plain)


def test_a_new_class_is_learned():
    model = started(3, n_calls=60, learning_rate_init=0.02)
    y = LETTERS[CODES]
    before = model.score(X, y)
    for _ in range(100):
        extended(model, y)
    assert model.score(X, y) > before
    assert set(model.predict(X)) == set(LETTERS)
    assert model.t_ == 60 * (CODES < 3).sum() + 100 * len(X)


SETTINGS = {
    "scaled": {"scale_input": True},
    "embedding": {"numeric_embedding": "pbld"},
    "linear": {"hidden_layer_sizes": ()},
    "prelu": {"activation": "prelu"},
    "dropout": {"dropout": 0.2},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_with_other_parameters(name):
    model = started(3, **SETTINGS[name])
    before = model.predict_proba(X)
    model.set_params(**STILL)
    after = extended(model, LETTERS[CODES]).predict_proba(X)
    rest = after[:, :3] / after[:, :3].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(rest, before, rtol=1e-9)  # scales are folded, unfolded


def test_fit_saved_and_foreign_models_grow(tmp_path):
    y = LETTERS[np.minimum(CODES, 2)]
    model = quietly(MLPClassifier(5, max_iter=3, random_state=0).fit, X, y)
    model.save(tmp_path / "m")
    others = [
        skmlp.load(tmp_path / "m"),
        MLPClassifier.from_sklearn(model.to_sklearn()),
    ]
    extended(model.set_params(random_state=1), LETTERS[CODES])
    for other in others:
        extended(other.set_params(random_state=1), LETTERS[CODES])
        # the class's share counts all rows, which the three have seen alike
        np.testing.assert_allclose(
            other.predict_proba(X), model.predict_proba(X), rtol=1e-9
        )


# Refusals


@pytest.mark.parametrize("name", ["multilabel", "class columns", "soft labels"])
@pytest.mark.parametrize("is_first", [True, False])
def test_other_targets_are_refused(name, is_first):
    task = TASKS[name]
    model = task.make(hidden_layer_sizes=5, max_iter=2)
    if not is_first:
        quietly(model.fit, X, task.y)
    before = digest(model)
    message = "MLPClassifier: extend_classes must be False unless y has one column"
    with pytest.raises(ValueError, match=message):
        extended(model, task.y)
    assert digest(model) == before


BAD = {
    "type": (lambda m: extended(m, CODES), "labels of the type of classes_"),
    "classes": (lambda m: extended(m, LETTERS[CODES], classes=[[1]]), "classes must"),
    "X": (lambda m: extended(m, LETTERS[CODES], X[:, :2]), "2 features"),
    "y": (lambda m: extended(m, LETTERS[CODES][:5]), "inconsistent numbers"),
    "indicators": (lambda m: extended(m, np.eye(len(X), dtype=int)[:, :3]), "y must"),
    "value": (
        lambda m: m.partial_fit(X, LETTERS[CODES], extend_classes="yes"),
        "extend_classes must be",
    ),
    "without": (
        lambda m: m.partial_fit(X, LETTERS[CODES]),
        "takes others with extend_classes=True",
    ),
    "warm_start": (
        lambda m: m.set_params(warm_start=True).fit(X, LETTERS[CODES]),
        "partial_fit takes new ones with extend_classes=True",
    ),
}


def test_several_members_take_no_new_classes():
    model = started(3, n_members=2)
    for y in (LETTERS[CODES], LETTERS[np.minimum(CODES, 2)]):
        with pytest.raises(ValueError, match="n_members must be 1 with extend_classes"):
            extended(model, y)
    assert model.classes_.tolist() == LETTERS[:3].tolist()


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_and_changes_nothing(name):
    call, message = BAD[name]
    model = started(3)
    before = [array.copy() for array in model.coefs_]
    with pytest.raises((ValueError, TypeError), match=message) as info:
        call(model)
    assert "MLPClassifier" in str(info.value)
    assert model.classes_.tolist() == LETTERS[:3].tolist()
    for found, expected in zip(model.coefs_, before, strict=True):
        np.testing.assert_array_equal(found, expected)
