"""What users of scikit-learn's networks stumble on, and what helps here.

Where scikit-learn's behaviour is kept by default, tests compare with it. Ranges in
comments are those over 20 random states.
"""

import re
import warnings

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ShuffleSplit, train_test_split
from sklearn.preprocessing import StandardScaler

from skmlp import DiagnosticWarning, EarlyStopping, MLPClassifier, MLPRegressor
from skmlp.schedules import Cosine, InverseScaling

from ..conftest import assert_close, classes_first, parameters

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 5))
NUMBERS = X @ [1.0, 2.0, -1.0, 0.5, 0.0] + np.sin(2 * X[:, 0])
NUMBERS = (NUMBERS - NUMBERS.mean()) / NUMBERS.std()
CLASSES = (NUMBERS > 0).astype(int)
TRAIN, TEST = slice(0, 200), slice(200, 300)
KINDS = {MLPClassifier: CLASSES, MLPRegressor: NUMBERS}
every_estimator = pytest.mark.parametrize("kind", KINDS)


def theirs(mlp):
    """scikit-learn's estimator with the same parameters."""
    kind = getattr(sklearn.neural_network, type(mlp).__name__)
    params = mlp.get_params()
    return kind(**{name: params[name] for name in kind().get_params()})


def fit(mlp, X, y, **more):
    """The fitted estimator, and what it warned of by category."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mlp.fit(X, y, **more)
    texts = {DiagnosticWarning: [], ConvergenceWarning: []}
    for warning in caught:
        texts[warning.category].append(str(warning.message))
    return mlp, texts[DiagnosticWarning], texts[ConvergenceWarning]


def fit_quietly(mlp, X, y, **more):
    return fit(mlp, X, y, **more)[0]


def assert_same_model(mlp, other):
    # sums in another order, over all epochs
    assert_close(mlp, other, rtol=1e-6, atol=1e-9 * np.abs(parameters(other)).max())


# --- scales


def test_small_targets_end_training_before_anything_is_learnt():
    y, mlp = 1e-3 * NUMBERS, MLPRegressor(random_state=0, max_iter=1000)
    other = fit_quietly(theirs(mlp), X[TRAIN], y[TRAIN])
    assert other.score(X[TEST], y[TEST]) < 0
    default, faults, _ = fit(clone(mlp), X[TRAIN], y[TRAIN])
    assert_same_model(default, other)
    assert any(
        "tol=0.0001 " in text and "the loss of a constant model" in text
        for text in faults
    )
    assert any("no better than a constant" in text for text in faults)
    better, faults, _ = fit(
        clone(mlp).set_params(scale_target=True), X[TRAIN], y[TRAIN]
    )
    assert better.score(X[TEST], y[TEST]) > 0.8 and not faults  # 0.92 to 0.94
    # a share of the loss goes on for longer; the first outputs still are far from y
    relative = EarlyStopping("training", relative_tol=True)
    longer, faults, _ = fit(mlp.set_params(early_stopping=relative), X[TRAIN], y[TRAIN])
    assert longer.n_iter_ > 5 * default.n_iter_  # 13 to 36 times
    assert longer.loss_ < 0.1 * default.loss_  # 0.004 to 0.02
    assert not any("tol=" in text for text in faults)


@pytest.mark.parametrize(
    ("scale", "offset"), [(1e4, 0.0), (5e4, 2e5), (1.0, 2e3)], ids=str
)
def test_large_targets_and_targets_far_from_zero_are_not_reached(scale, offset):
    y, mlp = scale * NUMBERS + offset, MLPRegressor(random_state=0)
    other = fit_quietly(theirs(mlp), X[TRAIN], y[TRAIN])
    assert other.score(X[TEST], y[TEST]) < 0.5  # below 0
    default, faults, _ = fit(clone(mlp), X[TRAIN], y[TRAIN])
    assert_same_model(default, other)
    assert any("scale_target=True" in text for text in faults)
    better, faults, _ = fit(mlp.set_params(scale_target=True), X[TRAIN], y[TRAIN])
    assert better.score(X[TEST], y[TEST]) > 0.8 and not faults  # 0.92 to 0.94


def test_targets_far_from_zero_are_reached_from_their_mean():
    y, mlp = NUMBERS + 2e3, MLPRegressor(random_state=0, output_bias="optimum")
    better, faults, _ = fit(mlp, X[TRAIN], y[TRAIN])
    assert better.score(X[TEST], y[TEST]) > 0.8 and not faults  # 0.92 to 0.94


@every_estimator
def test_a_column_of_large_scale_drowns_the_others(kind):
    data, y = X * [1, 1, 1, 1, 1e4], KINDS[kind]
    mlp = kind(random_state=0)
    other = fit_quietly(theirs(mlp), data[TRAIN], y[TRAIN])
    default, faults, _ = fit(clone(mlp), data[TRAIN], y[TRAIN])
    assert any("column 4" in text and "scale_input" in text for text in faults)
    better, faults, _ = fit(mlp.set_params(scale_input=True), data[TRAIN], y[TRAIN])
    assert not faults and better.score(data[TEST], y[TEST]) > 0.8  # 0.88 to 0.95
    for worse in default, other:
        assert worse.score(data[TEST], y[TEST]) < 0.7  # up to 0.56


# --- early stopping


def test_early_stopping_ends_fits_of_few_rows_after_a_handful_of_updates():
    data, y = load_iris(return_X_y=True)
    data = StandardScaler().fit_transform(data)
    mlp = MLPClassifier(early_stopping=True, random_state=0)
    other = fit_quietly(theirs(mlp), data, y)
    default = fit_quietly(clone(mlp), data, y)
    assert_same_model(default, other)
    assert default.n_updates_ < 100  # 12 to 49
    helps = {"scoring": "loss", "refit": True, "max_iter": 1000}
    helps["early_stopping__min_updates"] = 200
    better = fit_quietly(mlp.set_params(**helps), data, y)
    assert better.n_updates_ >= 200
    assert better.score(data, y) > 0.9  # 0.97 to 0.99
    assert better.score(data, y) > 0.05 + other.score(data, y)  # 0.13 to 0.59


def test_early_stopping_that_diverges_is_told_at_once():
    # scikit-learn trains to the end on nan, and gives the first weights in silence
    data, y = 1e3 * X, 1e3 * NUMBERS
    params = {"solver": "sgd", "early_stopping": True, "random_state": 0}
    mlp = MLPRegressor(learning_rate_init=0.1, **params)
    default, _, told = fit(mlp, data, y)
    assert default.n_iter_ < 10 and np.isfinite(default.predict(data)).all()
    assert len(told) == 1
    assert f"stopped being finite in epoch {default.n_iter_}" in told[0]
    assert "The weights are those" in told[0] and "Scale X and y" in told[0]
    assert "stopped being finite" in default.stop_reason_
    better = mlp.set_params(scale_input=True, scale_target=True)
    assert fit_quietly(better, data, y).score(data, y) > 0.8  # 0.91 to 1.00


def test_a_fit_that_diverges_ends_in_the_epoch_in_which_it_does():
    data, y = 1e3 * X, 1e3 * NUMBERS
    params = {"solver": "sgd", "max_iter": 10**9, "random_state": 0}
    mlp = MLPRegressor(learning_rate_init=0.1, **params)  # or it would never end
    with pytest.raises(ValueError, match=r"stopped being finite in epoch \d\b"):
        mlp.fit(data, y)


def test_a_rate_a_little_too_large_diverges_unless_it_may_be_halved():
    y = np.exp(NUMBERS / 2)
    params = {"solver": "sgd", "batch_size": 5, "hidden_layer_sizes": ()}
    mlp = MLPRegressor("poisson", learning_rate_init=0.2, random_state=0, **params)
    # both with each of 20 random states
    with pytest.raises(ValueError, match=r"learning_rate_init=0\.2"):
        mlp.fit(X, y)
    better = fit_quietly(mlp.set_params(recover=True), X, y)
    assert "last good epoch with learning_rate_init=" in better.stop_reason_
    assert np.isfinite(better.loss_curve_).all()


def test_a_plateau_at_the_start_ends_training_as_if_it_were_done():
    # deep logistic layers move hardly at first
    params = {"hidden_layer_sizes": (20, 20, 20), "activation": "logistic"}
    params |= {"solver": "sgd", "random_state": 0}
    mlp = MLPClassifier(**params)
    other = fit_quietly(theirs(mlp), X, CLASSES)
    assert len(set(other.predict(X))) == 1
    default, faults, told = fit(clone(mlp), X, CLASSES)
    assert_same_model(default, other)
    assert not told and any("no better than a constant" in text for text in faults)
    patient = EarlyStopping("training", min_updates=2500)
    helps = {"early_stopping": patient, "max_iter": 5000, "learning_rate_init": 0.1}
    better = fit_quietly(mlp.set_params(**helps), X, CLASSES)
    assert better.score(X, CLASSES) > 0.9  # 1.00


# --- parameters without effect


@every_estimator
@pytest.mark.parametrize("name", ["invscaling", "adaptive"])
def test_adam_ignores_scikit_learns_schedules(kind, name):
    params = {"max_iter": 10, "random_state": 0}
    plain = fit_quietly(kind(**params), X, KINDS[kind])
    ignored = fit_quietly(kind(learning_rate=name, **params), X, KINDS[kind])
    np.testing.assert_array_equal(plain.predict(X), ignored.predict(X))
    acts = fit_quietly(kind(learning_rate=InverseScaling(), **params), X, KINDS[kind])
    rates = acts.history_["learning_rate"]
    assert rates[0] == 1e-3 and (np.diff(rates) < 0).all()


@every_estimator
def test_lbfgs_ignores_early_stopping_unless_a_score_is_named(kind):
    params = {"solver": "lbfgs", "max_iter": 30, "random_state": 0}
    plain = fit_quietly(kind(**params), X, KINDS[kind])
    params["early_stopping"] = True
    ignored = fit_quietly(kind(**params), X, KINDS[kind])
    np.testing.assert_array_equal(plain.predict(X), ignored.predict(X))
    assert ignored.best_epoch_ is None
    acts = fit_quietly(kind(scoring="loss", **params), X, KINDS[kind])
    losses = acts.history_["validation_loss"]
    assert acts.best_epoch_ == np.argmin(losses) + 1


@every_estimator
def test_lbfgs_has_no_schedule_and_says_so_of_new_ones(kind):
    params = {"solver": "lbfgs", "max_iter": 30, "random_state": 0}
    mlp = kind(learning_rate="adaptive", **params)
    texts = [*fit(mlp, X, KINDS[kind])[1], *fit(mlp, X, KINDS[kind])[2]]
    assert not any("learning_rate=" in text for text in texts)
    _, faults, _ = fit(kind(learning_rate="cosine", **params), X, KINDS[kind])
    assert any("learning_rate='cosine' has no effect" in text for text in faults)


# --- schedules


def digits():
    data, y = load_digits(return_X_y=True)
    return StandardScaler().fit_transform(data), y


def test_inverse_scaling_by_samples_brings_learning_to_a_halt():
    data, y = digits()
    params = {"solver": "sgd", "learning_rate_init": 0.1, "max_iter": 20}
    mlp = MLPClassifier(learning_rate="invscaling", random_state=0, **params)
    other = fit_quietly(theirs(mlp), data, y)
    default = fit_quietly(clone(mlp), data, y)
    assert_same_model(default, other)
    rates = default.history_["learning_rate"]
    # as scikit-learn: by rows seen, not by epochs
    n_seen = len(data) * np.arange(20)
    np.testing.assert_allclose(rates, 0.1 / np.sqrt(n_seen + 1), rtol=1e-12)
    for schedule in "exponential", "cosine":
        better = clone(mlp).set_params(learning_rate=schedule)
        fit_quietly(better, data, y)
        assert better.score(data, y) > default.score(data, y)  # by 0.05 to 0.06
        assert better.loss_ < 0.5 * default.loss_  # 0.09 to 0.27


def test_an_adaptive_rate_ends_only_when_it_is_tiny():
    # ten epochs of every rate down to a millionth; or fewer of larger rates
    params = {"solver": "sgd", "learning_rate_init": 0.1, "max_iter": 2000}
    params |= {"tol": 1e-3, "random_state": 0}
    mlp = MLPRegressor(learning_rate="adaptive", **params)
    default, _, told = fit(clone(mlp), X, NUMBERS)
    assert default.n_iter_ == fit_quietly(theirs(mlp), X, NUMBERS).n_iter_
    assert default.history_["learning_rate"][-1] < 1e-6 and not told
    better, _, told = fit(mlp.set_params(learning_rate="plateau"), X, NUMBERS)
    assert better.history_["learning_rate"][-1] == pytest.approx(0.1 * 0.01)
    assert better.n_iter_ < default.n_iter_ and not told  # a plateau sooner: by 11
    assert better.loss_ < 1.1 * default.loss_  # 0.55 to 0.78


# --- patience


@every_estimator
def test_patience_is_borne_one_epoch_longer_than_its_name_says(kind):
    for patience in 1, 5:
        mlp = kind(tol=1e6, n_iter_no_change=patience, random_state=0)
        fit_quietly(mlp, X, KINDS[kind])
        # the first epoch sets the best
        assert mlp.n_iter_ == 1 + patience + 1
        assert mlp.n_iter_ == fit_quietly(theirs(mlp), X, KINDS[kind]).n_iter_


# --- validation rows


def test_a_class_of_one_row_cannot_be_split_into_strata():
    y = CLASSES.copy()
    y[...] = 0
    y[0] = 1
    mlp = MLPClassifier(early_stopping=True, random_state=0, max_iter=10)
    with pytest.raises(ValueError, match="least populated class") as error:
        theirs(mlp).fit(X, y)
    with pytest.raises(ValueError, match="validation_fraction must leave") as ours:
        mlp.fit(X, y)
    assert str(ours.value).startswith(str(error.value))
    assert "2 rows of each class" in str(ours.value)
    splitter = ShuffleSplit(1, test_size=0.1, random_state=0)
    better = fit_quietly(mlp.set_params(validation_fraction=splitter), X, y)
    assert list(better.classes_) == [0, 1] and len(better.validation_scores_) > 0


def test_rows_of_many_labels_are_never_all_right():
    hidden = np.random.default_rng(1).normal(size=(5, 20))
    labels = (X @ hidden > 0).astype(int)
    mlp = MLPClassifier(early_stopping=True, random_state=0, max_iter=200)
    other = fit_quietly(theirs(mlp), X, labels)
    default = fit_quietly(clone(mlp), X, labels)
    np.testing.assert_array_equal(default.validation_scores_, other.validation_scores_)
    # the share of rows with all labels right is 0 for as long as patience lasts
    assert max(default.validation_scores_) == 0 and default.n_iter_ == 12
    better = fit_quietly(mlp.set_params(scoring="loss"), X, labels)
    assert better.n_iter_ > 100  # all 200
    right, before = better.predict(X) == labels, default.predict(X) == labels
    assert right.mean() > 0.9 > before.mean()  # 0.98; 0.47 to 0.57


def test_one_validation_row_has_a_loss_but_no_r2():
    params = {"early_stopping": True, "validation_fraction": 0.1, "random_state": 0}
    mlp = MLPRegressor(max_iter=20, **params)
    with pytest.raises(ValueError, match="validation set is too small"):
        mlp.fit(X[:10], NUMBERS[:10])
    better = fit_quietly(mlp.set_params(scoring="loss"), X[:10], NUMBERS[:10])
    assert np.isfinite(better.validation_scores_).all()
    _, held = train_test_split(
        np.arange(10), test_size=0.1, random_state=np.random.RandomState(0)
    )
    assert len(held) == 1


# --- warnings and counts


@every_estimator
def test_each_call_of_a_loop_by_warm_starts_says_that_it_did_not_converge(kind):
    mlp = kind(warm_start=True, max_iter=1, random_state=0)
    for _ in range(3):
        *_, told = fit(mlp, X, KINDS[kind])
        assert len(told) == 1 and "Maximum iterations (1) reached" in told[0]
    loop, classes = kind(random_state=0), classes_first(kind, KINDS[kind])
    for _ in range(3):
        loop.partial_fit(X, KINDS[kind], **classes)  # without a warning
    assert len(loop.loss_curve_) == len(mlp.loss_curve_) == 3


def test_the_warning_tells_whether_more_epochs_would_help():
    *_, told = fit(MLPRegressor(max_iter=20, random_state=0), X, NUMBERS)
    assert "still falling: raise max_iter" in told[0]
    params = {"max_iter": 300, "n_iter_no_change": np.inf, "random_state": 0}
    rested = MLPRegressor(learning_rate=Cosine().at, learning_rate_init=0.01, **params)
    *_, told = fit(rested, X, NUMBERS)
    assert "has plateaued: a larger tol" in told[0]


def test_an_epoch_is_many_updates_and_an_iteration_of_lbfgs_is_one_or_a_few():
    mlp = fit_quietly(MLPRegressor(batch_size=10, max_iter=7), X, NUMBERS)
    assert (mlp.n_iter_, mlp.n_updates_) == (7, 7 * 30)
    mlp = fit_quietly(MLPRegressor(solver="lbfgs", max_iter=7), X, NUMBERS)
    assert mlp.n_iter_ == 7 <= mlp.n_updates_ < 3 * 7  # 8 or 9


# --- errors


@every_estimator
def test_partial_fit_of_an_estimator_that_stops_early_is_refused(kind):
    mlp = kind(early_stopping=True)
    classes = classes_first(kind, KINDS[kind])
    with pytest.raises(ValueError, match="partial_fit does not support") as error:
        theirs(mlp).partial_fit(X, KINDS[kind], **classes)
    with pytest.raises(ValueError, match="early_stopping must be False") as ours:
        mlp.partial_fit(X, KINDS[kind], **classes)
    assert str(ours.value).startswith(str(error.value))
    # a loop by warm starts may stop early
    loop = kind(early_stopping=True, warm_start=True, max_iter=1, random_state=0)
    for _ in range(3):
        fit_quietly(loop, X, KINDS[kind])
    assert len(loop.validation_scores_) == 3


@every_estimator
def test_a_warm_start_with_other_layers_is_refused_by_name(kind):
    mlp = fit_quietly(kind(hidden_layer_sizes=5), X, KINDS[kind])
    mlp.set_params(warm_start=True, hidden_layer_sizes=(6, 5))
    expected = r"hidden_layer_sizes must be \(5,\), got \(6, 5\); .*warm_start"
    with pytest.raises(ValueError, match=f"{kind.__name__}: {expected}"):
        mlp.fit(X, KINDS[kind])
    assert mlp.coefs_[0].shape == (5, 5)


@every_estimator
def test_layer_sizes_from_optimisers_are_integral_floats(kind):
    params = {"max_iter": 3, "random_state": 0}
    expected = fit_quietly(kind(hidden_layer_sizes=(10,), **params), X, KINDS[kind])
    for sizes in (10.0,), 10.0, np.float64(10), np.array([10.0]):
        mlp = fit_quietly(kind(hidden_layer_sizes=sizes, **params), X, KINDS[kind])
        np.testing.assert_array_equal(mlp.predict(X), expected.predict(X), repr(sizes))


@every_estimator
def test_layer_sizes_that_are_not_integral_are_refused_by_name(kind):
    for sizes in (10.5,), 10.5, (10.0, -1.0), np.nan:
        message = (
            f"{kind.__name__}: hidden_layer_sizes must .* got {re.escape(repr(sizes))}"
        )
        with pytest.raises(ValueError, match=message):
            kind(hidden_layer_sizes=sizes).fit(X, KINDS[kind])
