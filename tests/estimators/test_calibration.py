"""Temperatures: probabilities as sure as the validation rows say they should be."""

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse
from scipy.special import log_expit, log_softmax, softmax
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import PredefinedSplit

from skmlp import EarlyStopping, MLPClassifier, MLPRegressor
from skmlp.estimators.calibration import LOG_TEMPERATURES, PRECISION, best_temperature
from skmlp.losses import BinomialLogLoss, Focal, LogLoss, MultinomialLogLoss

from ..conftest import covering

# a few epochs are enough here, whatever they lead to
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")

N_ROWS, N_TRAINING = 120, 80
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] + 1.5 * RNG.normal(size=N_ROWS)
CODES = np.digitize(NUMBERS, [-1.5, 1.0])
WEIGHT = RNG.uniform(0.2, 3.0, N_ROWS)
HELD = PredefinedSplit(np.where(np.arange(N_ROWS) < N_TRAINING, -1, 0))

TASKS = {
    "binary": (NUMBERS > 0, {}),
    "words": (np.array(["a", "b", "c"])[CODES], {}),
    "labels": (np.c_[NUMBERS > 1, X[:, 0] > 0].astype(int), {}),
    "columns": (np.c_[CODES + 5, np.digitize(X[:, 0], [-0.5, 0.5])], {}),
    "soft": (softmax(2.0 * X[:, :3], axis=1), {"loss": LogLoss(soft_targets=True)}),
    "soft binary": (
        softmax(2.0 * X[:, :2], axis=1),
        {"loss": LogLoss(soft_targets=True)},
    ),
    "focal": (CODES, {"loss": Focal()}),
    "smoothed": (CODES, {"loss": LogLoss(label_smoothing=0.3)}),
}
every_task = pytest.mark.parametrize("task", TASKS)
ONE_LABEL = ["binary", "words", "focal", "smoothed"]

WATCHED = {"early_stopping": True, "validation_fraction": HELD, "scoring": "loss"}
CALIBRATED = {**WATCHED, "calibration": "temperature"}


def make(task, **params):
    defaults = {
        "hidden_layer_sizes": (20,),
        "batch_size": 20,
        "max_iter": 20,
        "learning_rate": "cosine",
        "learning_rate_init": 0.02,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    return MLPClassifier(**{**defaults, **TASKS[task][1], **params})


def fit(task, X=X, sample_weight=None, **params):
    return make(task, **params).fit(X, TASKS[task][0], sample_weight)


def without(model):
    """The same network as it is, uncalibrated."""
    model = copy.deepcopy(model)
    del model.temperature_
    return model


def raw_outputs(model, X=X):
    raw = without(model).decision_function(X)
    raw = raw if isinstance(raw, list) else [raw]
    return np.hstack([part.reshape(len(X), -1) for part in raw])


def heads_of(task):
    """Which raw outputs have a softmax of their own; None where each is a yes or no."""
    if task in ("binary", "soft binary", "labels"):
        return None
    return [slice(0, 3), slice(3, 6)] if task == "columns" else [slice(0, 3)]


def target_matrix(task):
    y = TASKS[task][0]
    if task == "soft":
        return y
    if task == "soft binary":
        return y[:, 1:]
    if task == "labels":
        return y
    if task == "binary":
        return y[:, np.newaxis].astype(int)
    columns = y.reshape(N_ROWS, -1).T
    return np.hstack([np.unique(c) == c[:, np.newaxis] for c in columns]).astype(float)


def smoothed_loss(task, raw, temperature, rows, weight=None):
    """The mean log loss of validation rows and one more of each class, by hand."""
    Y, share, heads = target_matrix(task)[rows], 1.0 / (len(rows) + 1), heads_of(task)
    raw = raw / temperature
    if heads is None:
        Y = (1 - share) * Y + share / 2
        values = -(Y * log_expit(raw) + (1 - Y) * log_expit(-raw)).sum(axis=1)
    else:
        values = 0.0
        for head in heads:
            target = (1 - share) * Y[:, head] + share / 3
            values = values - (target * log_softmax(raw[:, head], axis=1)).sum(axis=1)
    return np.average(values, weights=weight)


STEP = 0.01
GRID = np.exp(np.arange(*LOG_TEMPERATURES, STEP))
VALIDATION = np.arange(N_TRAINING, N_ROWS)


def best_of_grid(task, raw, rows=VALIDATION, weight=None):
    losses = [smoothed_loss(task, raw, t, rows, weight) for t in GRID]
    return GRID[np.argmin(losses)]


LBFGS = {
    "solver": "lbfgs",
    "learning_rate": "constant",
    "alpha": 1.0,
    "tol": 0.05,
    "max_iter": 100,
}
OTHERS = {
    "plain": {},
    "sure": {
        "max_iter": 100,
        "alpha": 0.0,
        "scoring": lambda *args: 0.0,
        "early_stopping": EarlyStopping(tie_break="last"),
    },
    "unsure": {"alpha": 3.0},
    "lbfgs": LBFGS,
}


# The temperature


def assert_is_best(model, task, raw=None, **how):
    raw = raw_outputs(model, X[VALIDATION]) if raw is None else raw
    best = best_of_grid(task, raw, **how)
    off = np.log(model.temperature_ / best)
    # a step of the grid, and the precision of the search
    assert off == pytest.approx(0, abs=STEP + PRECISION), task


@every_task
def test_the_temperature_is_the_best_of_a_grid_and_lowers_the_loss(task):
    for how in ("plain", "sure", "unsure"):
        model = fit(task, **CALIBRATED | OTHERS[how])
        assert_is_best(model, task)
        raw = raw_outputs(model, X[VALIDATION])
        after, before = (
            smoothed_loss(task, raw, t, VALIDATION) for t in (model.temperature_, 1.0)
        )
        assert after <= before + 1e-12, how
        if abs(np.log(model.temperature_)) > 0.2:
            assert after < before, how


def test_with_weights_the_temperature_is_the_best_for_weighted_rows():
    for task in TASKS:
        model = fit(task, X, WEIGHT, **CALIBRATED)
        assert_is_best(model, task, weight=WEIGHT[VALIDATION])


@pytest.mark.parametrize("task", ["binary", "words"])
def test_lbfgs_is_calibrated_as_well(task):
    for weight in (None, WEIGHT):
        model = fit(task, X, weight, **CALIBRATED | OTHERS["lbfgs"])
        held = None if weight is None else weight[VALIDATION]
        assert_is_best(model, task, weight=held)


def test_in_some_of_these_fits_outputs_are_too_sure_and_in_some_not_sure_enough():
    sure, unsure = (
        fit("words", **CALIBRATED | OTHERS[name]).temperature_
        for name in ("sure", "unsure")
    )
    # over 20 seeds: 2.0 to 3.3, and 0.31 to 0.41
    assert sure > 1.5 and unsure < 0.8


@every_task
def test_sharpening_takes_the_temperature_where_it_is_below_1(task):
    for how in ("sure", "unsure"):
        best = fit(task, **CALIBRATED | OTHERS[how]).temperature_
        params = {**CALIBRATED, "calibration": "sharpen"} | OTHERS[how]
        assert fit(task, **params).temperature_ == min(best, 1.0)


def test_sharpening_does_nothing_without_validation_rows():
    model = fit("words", calibration="sharpen")
    assert not hasattr(model, "temperature_")
    plain = fit("words")
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outputs_that_many_times_as_large_have_that_many_times_the_temperature(dtype):
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(200, 3)).astype(dtype)
    Y = np.eye(3, dtype=dtype)[rng.integers(3, size=200)]
    Y[:100] = np.eye(3)[raw[:100].argmax(axis=1)]
    rows, loss = SimpleNamespace(Y=Y, weight=None), MultinomialLogLoss()
    plain, value = best_temperature(loss, rows, raw)
    for factor in (0.3, 5.0):
        scaled, same = best_temperature(loss, rows, raw * raw.dtype.type(factor))
        assert np.log(scaled / plain / factor) == pytest.approx(0, abs=2 * PRECISION)
        # near the least loss a step of 0.01 changes it by about 1e-4 / 2
        assert same == pytest.approx(value, abs=1e-4)


# What it does to predictions


def divided(model, proba):
    """Raw outputs of probabilities, divided by the temperature, as these again."""
    logs = np.log(proba) / model.temperature_
    return softmax(logs, axis=1)


def test_raw_outputs_are_divided_by_the_temperature():
    for task in TASKS:
        model = fit(task, **CALIBRATED)
        plain = without(model)
        found, raw = model.decision_function(X), plain.decision_function(X)
        if task != "columns":
            found, raw = [found], [raw]
        for after, before in zip(found, raw, strict=True):
            # of labels they come from probabilities, whose 1 - p is rounded
            rtol = 1e-6 if task == "labels" else 0
            np.testing.assert_allclose(
                after, before / model.temperature_, rtol=rtol, err_msg=task
            )


def probabilities(model, X=X):
    proba = model.predict_proba(X)
    return proba if isinstance(proba, list) else [proba]


def test_probabilities_and_their_logarithms_are_those_of_divided_outputs():
    for task in [task for task in TASKS if task != "labels"]:
        model = fit(task, **CALIBRATED)
        logs = model.predict_log_proba(X)
        logs = logs if isinstance(logs, list) else [logs]
        before = probabilities(without(model))
        for after, log, plain in zip(probabilities(model), logs, before, strict=True):
            np.testing.assert_allclose(
                after, divided(model, plain), rtol=1e-10, err_msg=task
            )
            np.testing.assert_allclose(log, np.log(after), rtol=1e-12, err_msg=task)
            np.testing.assert_allclose(after.sum(axis=1), 1.0, rtol=1e-12, err_msg=task)


def test_predicted_classes_do_not_depend_on_the_temperature():
    for task in TASKS:
        for n_members in (1, 2):
            model = fit(task, **CALIBRATED, n_members=n_members)
            classes = without(model).predict(X)
            np.testing.assert_array_equal(model.predict(X), classes, err_msg=task)
            for model.temperature_ in (1e-3, 0.3, 7.0, 1e3):
                np.testing.assert_array_equal(model.predict(X), classes, err_msg=task)
                assert np.isfinite(np.hstack(model.predict_log_proba(X))).all(), task


def test_a_temperature_changes_nothing_of_the_training():
    for task in TASKS:
        model, plain = fit(task, **CALIBRATED), fit(task, **WATCHED)
        np.testing.assert_array_equal(
            raw_outputs(model), uncalibrated_outputs(plain), err_msg=task
        )
        assert model.loss_curve_ == plain.loss_curve_, task


def uncalibrated_outputs(model):
    raw = model.decision_function(X)
    raw = raw if isinstance(raw, list) else [raw]
    return np.hstack([part.reshape(N_ROWS, -1) for part in raw])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_keep_the_dtype(dtype):
    model = fit("words", X.astype(dtype), **CALIBRATED)
    proba = model.predict_proba(X.astype(dtype))
    assert proba.dtype == dtype and isinstance(model.temperature_, float)


def test_sparse_rows_have_the_same_temperature():
    thin = np.where(np.abs(X) < 0.5, 0, X)
    dense, found = (
        fit("words", rows, **CALIBRATED) for rows in (thin, sparse.csr_array(thin))
    )
    assert found.temperature_ == pytest.approx(dense.temperature_, rel=1e-6)


# Rows that are easy


@covering(kind=["binary", "words", "labels", "columns"], n_rows=[5, 1000])
def test_where_all_rows_are_right_probabilities_stay_below_1(kind, n_rows):
    # without a row more of each class, certainty would have the least loss
    rng = np.random.default_rng(0)
    X = rng.choice([-1.0, 1.0], n_rows)[:, np.newaxis] + 0.01 * rng.normal(
        size=(n_rows, 1)
    )
    X = np.vstack([X, [[1.0], [-1.0], [1.0], [-1.0]]])
    code = (X[:, 0] > 0).astype(int)
    y = {
        "binary": code,
        "words": np.array(["a", "b"])[code],
        "labels": np.c_[code, 1 - code],
        "columns": np.c_[code + 1, 2 * code, code],
    }[kind]
    params = {"alpha": 0.0, "max_iter": 50, "batch_size": "by_rows"}
    model = make("binary", calibration="temperature", **params)
    model.fit(X, y, X_val=X, y_val=y)
    np.testing.assert_array_equal(model.predict(X), y)
    assert np.exp(LOG_TEMPERATURES[0]) < model.temperature_ < np.inf
    logs = np.hstack(model.predict_log_proba(X))
    assert np.isfinite(logs).all()
    # what is right has about the share of the added rows less than 1; over 8 seeds
    # least * len(X) is 0.04 to 0.44
    least = np.min([p.min() for p in probabilities(model, X)])
    assert 0.01 / len(X) < least < 2.0 / len(X)


def test_hopeless_rows_have_the_probabilities_of_a_constant():
    rng = np.random.default_rng(0)
    raw = 5.0 * rng.normal(size=(400, 1))
    Y = rng.integers(2, size=(400, 1)).astype(float)
    rows = SimpleNamespace(Y=Y, weight=None)
    temperature, loss = best_temperature(BinomialLogLoss(), rows, raw)
    # outputs without worth are divided by as much as there is
    assert temperature > 15 and loss == pytest.approx(np.log(2), rel=0.03)


def test_outputs_far_out_have_a_finite_temperature():
    rows = SimpleNamespace(Y=np.array([[1.0], [0.0], [0.0]]), weight=None)
    for scale in (1e30, 1e300):
        raw = np.array([[scale], [-scale], [scale]])
        temperature, loss = best_temperature(BinomialLogLoss(), rows, raw)
        assert np.isfinite(temperature) and np.isfinite(loss), scale


# Weights


def test_a_row_of_weight_2_counts_as_two():
    weight = np.where(np.arange(N_ROWS) % 3, 1.0, 2.0)
    model = fit("words", X, weight, **CALIBRATED)
    raw, held = raw_outputs(model, X[VALIDATION]), weight[VALIDATION]
    twice = np.repeat(np.arange(len(VALIDATION)), held.astype(int))
    once = SimpleNamespace(Y=target_matrix("words")[VALIDATION], weight=held)
    rows = SimpleNamespace(Y=once.Y[twice], weight=None)
    loss = MultinomialLogLoss(1 / 41)
    found, expected = (
        best_temperature(loss, one, r)[0]
        for one, r in ((once, raw), (rows, raw[twice]))
    )
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("params", [{}, {"n_members": 2}], ids=["one", "members"])
def test_classes_are_weighed_as_in_training(params):
    by_class = {"a": 5.0, "b": 1.0, "c": 0.2}
    y = TASKS["words"][0]
    weight = np.array([by_class[label] for label in y])
    params = CALIBRATED | params
    named = fit("words", class_weight=by_class, **params)
    weighted = fit("words", X, weight, **params)
    assert named.temperature_ == pytest.approx(weighted.temperature_, rel=1e-9)
    assert named.temperature_ != pytest.approx(fit("words", **params).temperature_)


# Members


def test_of_members_the_mean_prediction_is_calibrated_on_validation_rows():
    for task in TASKS:
        y = TASKS[task][0]
        params = {"n_members": 3, "calibration": "temperature", "max_iter": 5}
        model = make(task, **params)
        model.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
        assert_is_best(model, task)
        for member in model.members_:
            assert not hasattr(member, "temperature_"), task


@pytest.mark.parametrize("task", ONE_LABEL)
def test_of_folds_the_predictions_of_rows_held_out_are_calibrated(task):
    params = {"n_members": 3, "ensemble": "folds", "validation_fraction": 0.2}
    model = fit(task, **CALIBRATED | params)
    logs = np.log(model.oof_prediction_)
    raw = np.diff(logs, axis=1) if task == "binary" else logs
    assert_is_best(model, task, raw, rows=np.arange(N_ROWS))


def test_of_seeds_the_rows_that_some_member_held_out_are_used():
    params = {"n_members": 2, "validation_fraction": HELD}
    model = fit("words", **CALIBRATED | params)
    assert_is_best(model, "words")


# When there is one


def test_with_refit_the_temperature_is_that_of_the_network_before():
    refitted, plain = (fit("words", **CALIBRATED, refit=r) for r in (True, False))
    assert refitted.temperature_ == plain.temperature_
    assert not np.array_equal(refitted.coefs_[0], plain.coefs_[0])


def test_rows_of_ones_own_do_without_early_stopping():
    y = TASKS["words"][0]
    model = make("words", calibration="temperature", max_iter=5)
    model.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    assert_is_best(model, "words")


NO_ROWS = {
    "no early stopping": {},
    "lbfgs without scoring": {
        "solver": "lbfgs",
        "learning_rate": "constant",
        "early_stopping": True,
    },
    "members that are all refitted": {**WATCHED, "refit": True, "n_members": 2},
}


@pytest.mark.parametrize("params", NO_ROWS.values(), ids=NO_ROWS)
def test_without_validation_rows_there_is_no_calibration(params, monkeypatch):
    # and nothing is trained in vain
    monkeypatch.setattr("skmlp.training.minibatch.Training.run", None)
    model = make("words", calibration="temperature", **params)
    with pytest.raises(
        ValueError, match="MLPClassifier: calibration must be None with"
    ):
        model.fit(X, CODES)
    assert not hasattr(model, "n_features_in_")


def test_partial_fit_has_no_rows_to_calibrate_on():
    model = make("words", calibration="temperature")
    with pytest.raises(ValueError, match=r"must be None .* partial_fit, and"):
        model.partial_fit(X, CODES, classes=[0, 1, 2])


def test_other_calibrations_are_refused():
    said = "calibration must be one of 'temperature', 'sharpen', or"
    for value in ("isotonic", True, 1.0, ["temperature"]):
        with pytest.raises(ValueError, match=said):
            make("words", calibration=value).fit(X, CODES)


def test_a_regressor_has_nothing_to_calibrate():
    assert "calibration" not in MLPRegressor().get_params()


LATER = {
    "fit": lambda model: model.fit(X, CODES),
    "fit, early stopping": lambda model: model.set_params(**WATCHED).fit(X, CODES),
    "partial_fit": lambda model: model.partial_fit(X, CODES),
    "warm_start": lambda model: model.set_params(warm_start=True).fit(X, CODES),
    "members": lambda model: model.set_params(n_members=2).fit(X, CODES),
}


@pytest.mark.parametrize("again", LATER.values(), ids=LATER)
def test_a_later_fit_without_calibration_drops_the_temperature(again):
    model = make("words", **CALIBRATED).fit(X, CODES)
    assert hasattr(model, "temperature_")
    model.set_params(calibration=None, early_stopping=False, scoring=None)
    assert not hasattr(again(model), "temperature_")


def test_a_fit_again_has_the_same_temperature():
    # epochs are scored without that of the fit before
    model = fit("words", **CALIBRATED | {"scoring": "neg_log_loss"})
    again = copy.deepcopy(model).fit(X, TASKS["words"][0])
    assert again.temperature_ == model.temperature_
    assert again.validation_scores_ == model.validation_scores_


def test_a_fit_that_goes_on_is_calibrated_anew():
    model = fit("words", **CALIBRATED, warm_start=True)
    model.fit(X, TASKS["words"][0])
    assert_is_best(model, "words")


@pytest.mark.parametrize("params", [{}, {"n_members": 2}], ids=["one", "members"])
def test_copies_have_the_temperature(params):
    model = fit("words", **CALIBRATED | params)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert not hasattr(clone(model), "temperature_")


# The loss at the best temperature, as a score


@every_task
def test_the_calibrated_loss_is_minus_the_loss_at_the_best_temperature(task):
    for weight in (None, WEIGHT):
        model = fit(task, X, weight, **CALIBRATED | {"scoring": "calibrated_loss"})
        raw = raw_outputs(model, X[VALIDATION])
        held = None if weight is None else weight[VALIDATION]
        loss = min(smoothed_loss(task, raw, t, VALIDATION, held) for t in GRID)
        # near the least loss a step of 0.01 changes it by about 1e-4 / 2
        assert -model.best_validation_score_ == pytest.approx(loss, abs=1e-4)
        best = model.validation_scores_[model.best_epoch_ - 1]
        assert best == max(model.validation_scores_) == model.best_validation_score_


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_every_solver_can_be_watched_by_it(solver):
    params = WATCHED | {"scoring": "calibrated_loss"}
    params |= LBFGS if solver == "lbfgs" else {}
    scores = fit("words", **params).history_["validation_score"]
    # that of a model without worth is minus log 3; over 20 seeds: -0.82 to -0.58
    assert np.isfinite(scores).all() and scores.max() > -np.log(3)


def test_it_is_never_more_than_the_loss_itself():
    model = fit("words", **WATCHED | {"scoring": "calibrated_loss", "max_iter": 60})
    losses = model.history_["validation_loss"]
    # 40 rows and one more of each class
    smoothing = 2 / 41 * np.log(1e3)
    assert (-model.history_["validation_score"] <= losses + smoothing).all()
    # over 20 seeds by 0.002 or more, at the 60th epoch or before
    assert (-model.history_["validation_score"] < losses).any()


def test_a_regressor_has_no_calibrated_loss():
    model = MLPRegressor(early_stopping=True, scoring="calibrated_loss")
    with pytest.raises(
        ValueError, match=r"MLPRegressor: scoring must be .* got 'calib"
    ):
        model.fit(X, NUMBERS)


def test_probabilities_of_sure_networks_are_better_calibrated():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(1400, 20))
    y = rng.random(1400) < 1 / (1 + np.exp(-2 * X[:, 0]))
    params = OTHERS["sure"] | {"validation_fraction": 0.3}
    model = make("binary", calibration="temperature", **params)
    model.fit(X[:400], y[:400])
    after, before = (
        log_loss(y[400:], m.predict_proba(X[400:])) for m in (model, without(model))
    )
    # over 20 samples: 0.27 to 0.34 of it
    assert after < 0.6 * before
