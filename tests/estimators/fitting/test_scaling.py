"""Laws of ``scale_input`` and ``scale_target``: units don't matter, and fold away."""

import copy
import pickle
import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.metrics import (
    mean_absolute_error,
    mean_gamma_deviance,
    mean_poisson_deviance,
    mean_squared_error,
    mean_tweedie_deviance,
)
from sklearn.model_selection import ShuffleSplit
from sklearn.preprocessing import StandardScaler

from skmlp import Dropout, EarlyStopping, MLPClassifier, MLPRegressor
from skmlp.activations import ACTIVATIONS
from skmlp.losses import REGRESSION_LOSSES, Huber, Quantile, RegressionLoss
from skmlp.network.network import Network
from skmlp.network.objective import Objective
from skmlp.training.batches import ChosenRows, ScaledRows

from ...conftest import (
    assert_same_bits,
    covering,
    learned_arrays,
)

# a given number of epochs is enough here, however good the model is
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

rng = np.random.default_rng(0)
N_ROWS = 60
X = rng.normal(size=(N_ROWS, 3))
# positive, so that every loss takes it
Y = np.exp(0.5 * X @ rng.normal(size=(3, 2)) + 0.1 * rng.normal(size=(N_ROWS, 2)))
X_NEW = rng.normal(size=(20, 3))
COUNTS = rng.integers(0, 3, N_ROWS).astype(float)
WEIGHT = rng.uniform(0.5, 2.0, N_ROWS)
SOLVERS = ["sgd", "adam", "lbfgs"]
LOG_LINK = {
    name for name, loss in REGRESSION_LOSSES.items() if loss.out_activation == "exp"
}


# sgd and adam take the same gradient, so that one of them will do for most losses
LOSSES_AND_SOLVERS = [
    ("squared_error", "sgd"),
    *((name, "adam") for name in REGRESSION_LOSSES),
    *((name, "lbfgs") for name, loss in REGRESSION_LOSSES.items() if loss.smooth),
]
every_loss = pytest.mark.parametrize("loss", REGRESSION_LOSSES)
every_loss_and_solver = pytest.mark.parametrize(("loss", "solver"), LOSSES_AND_SOLVERS)
every_solver = pytest.mark.parametrize("solver", SOLVERS)


ONE_AND_SEVERAL = Y[:, 0], Y


def make(loss="squared_error", **params):
    defaults = {"hidden_layer_sizes": (5,), "max_iter": 20, "batch_size": 20}
    defaults |= {"scale_input": True, "scale_target": True, "random_state": 0}
    return MLPRegressor(loss, **defaults | params)


def plain(loss="squared_error", **params):
    """The same on data that was scaled by hand."""
    return make(loss, **{"scale_input": False, "scale_target": False} | params)


def r2(mlp, X, y, **fit_params):
    return mlp.fit(X, y, **fit_params).score(X, y)


def forward(mlp, X):
    """Raw outputs by the fitted layers alone."""
    for W, b in zip(mlp.coefs_[:-1], mlp.intercepts_[:-1], strict=True):
        X = np.maximum(X @ W + b, 0.0)
    return X @ mlp.coefs_[-1] + mlp.intercepts_[-1]


def scaled(values, like=None, weight=None, log_link=False):
    """Standardised by hand, by the rows `like`; divided by their mean for log links."""
    values = values.reshape(len(values), -1)
    like = values if like is None else like.reshape(len(like), -1)
    scaler = StandardScaler().fit(like, sample_weight=weight)
    if log_link:
        return values / scaler.mean_, np.zeros_like(scaler.mean_), scaler.mean_
    return scaler.transform(values), scaler.mean_, scaler.scale_


def unscaled(values, shift, unit):
    n_targets = len(unit)
    values = values.reshape(len(values), n_targets, -1)
    values = values * unit[:, np.newaxis] + shift[:, np.newaxis]
    return np.squeeze(values, axis=tuple(i for i in (1, 2) if values.shape[i] == 1))


# --- units and offsets


MOVES = [(1e-6, 0.0), (1e6, 0.0), (1e6, 1.0), (1e-6, 1e6)]


@every_loss_and_solver
def test_r2_does_not_depend_on_units_and_offset_of_y(loss, solver):
    for y in ONE_AND_SEVERAL:
        expected = r2(make(loss, solver=solver), X, y)
        for scale, offset in MOVES[:2] if loss in LOG_LINK else MOVES:
            found = r2(make(loss, solver=solver), X, scale * (y + offset))
            # an offset of 1e6 units leaves 10 digits of y, of which twenty epochs
            # lose two or three
            tolerance = 1e-6 if offset else 1e-10
            assert found == pytest.approx(expected, rel=tolerance), (scale, offset)


@every_solver
def test_r2_does_not_depend_on_the_unit_of_any_column_of_x(solver):
    expected = r2(make(solver=solver), X, Y)
    for column, scale in enumerate([1e-6, 1e-150, 1e150]):
        moved = X.copy()
        moved[:, column] *= scale
        # rounding of the scales
        assert r2(make(solver=solver), moved, Y) == pytest.approx(expected, rel=1e-9)


@every_solver
def test_r2_does_not_depend_on_the_offsets_of_columns_of_x(solver):
    moved = X * [1e-6, 1.0, 1e6] + [1.0, -1e6, 1e12]
    expected = r2(make(solver=solver), X, Y)
    # offsets of 1e6 units leave 10 digits, of which twenty epochs lose a few
    assert r2(make(solver=solver), moved, Y) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", sorted(set(REGRESSION_LOSSES) - LOG_LINK))
def test_units_that_are_powers_of_two_change_no_bit(loss):
    for dtype in (np.float32, np.float64):
        x_unit, y_unit = dtype([2.0**20, 1.0, 2.0**-20]), dtype(2.0**-20)
        rows, y, new = (array.astype(dtype) for array in (X, Y, X_NEW))
        one = make(loss).fit(rows, y)
        other = make(loss).fit(rows * x_unit, y * y_unit)
        *hidden, last = other.coefs_
        assert {W.dtype for W in hidden} == {np.dtype(dtype)}
        assert last.dtype == other.intercepts_[-1].dtype == np.float64
        for a, b in zip(one.coefs_[1:], other.coefs_[1:], strict=True):
            np.testing.assert_array_equal(a * y_unit, b)
        first = one.coefs_[0] / x_unit[:, np.newaxis]
        np.testing.assert_array_equal(first, other.coefs_[0])
        predicted = other.predict(new * x_unit)
        np.testing.assert_array_equal(predicted, one.predict(new) * y_unit)


HOW = {
    "no hidden layer": {"hidden_layer_sizes": ()},
    "two hidden layers": {"hidden_layer_sizes": (5, 4)},
    "output bias": {"output_bias": "optimum"},
    "penalty": {"alpha": 1.0},
    "patience": {"tol": 0.02, "n_iter_no_change": 2, "max_iter": 100},
    "relative patience": {
        "tol": 0.05,
        "early_stopping": EarlyStopping("training", relative_tol=True),
        "n_iter_no_change": 2,
        "max_iter": 100,
    },
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3},
    "early stopping by loss": {
        "early_stopping": True,
        "scoring": "loss",
        "validation_fraction": 0.3,
        "tol": 0.02,
        "n_iter_no_change": 2,
        "max_iter": 100,
    },
    "refit": {"early_stopping": True, "validation_fraction": 0.3, "refit": True},
    "averaging and noise": {"dropout": Dropout(0.2, noise=0.1)},
}


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_however_a_network_is_trained_units_do_not_matter(how):
    for y, weight in zip(ONE_AND_SEVERAL, (COUNTS, None), strict=True):
        moved = X * [1e-3, 1.0, 1e3], 1e5 * (y + 10.0)
        mlps = make(**how), make(**how)
        expected = r2(mlps[0], X, y, sample_weight=weight)
        # the offset of ten units costs a digit
        assert r2(mlps[1], *moved, sample_weight=weight) == pytest.approx(
            expected, rel=1e-8
        )
        assert mlps[0].n_iter_ == mlps[1].n_iter_


@pytest.mark.parametrize(
    "how", ["patience", "early stopping", "early stopping by loss"]
)
def test_r2_does_not_depend_on_the_unit_of_one_of_several_targets(how):
    # the second target is hard to learn, and the first is learnt fast
    y = np.column_stack([X[:, 0], np.random.default_rng(1).normal(size=N_ROWS)])
    one, other = make(**HOW[how]).fit(X, y), make(**HOW[how])
    expected = one.score(X, y)
    for units in ([1e-4, 1e4], [1e4, 1e-4]):
        other.fit(X, y * units)
        assert (other.n_iter_, other.best_epoch_) == (one.n_iter_, one.best_epoch_)
        # rounding of the scales
        assert other.score(X, y * units) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("level", [0.2, [0.9], [0.1, 0.5, 0.9]])
def test_quantiles_are_in_units_of_y(level):
    for y in ONE_AND_SEVERAL:
        one = make(Quantile(level=level)).fit(X, y).predict(X_NEW)
        other = make(Quantile(level=level)).fit(X, 1e4 * (y - 3)).predict(X_NEW)
        # as above
        np.testing.assert_allclose(other, 1e4 * (one - 3), rtol=1e-7)


def test_units_do_not_matter_for_classes():
    labels = (X[:, 0] > 0) + (X[:, 1] > 0).astype(int)
    params = {"scale_input": True, "random_state": 0, "max_iter": 20}
    one, other = MLPClassifier(5, **params), MLPClassifier(5, **params)
    moved = (X + np.array([0.0, 5.0, 0.0])) * [1e6, 1e-6, 1.0]
    found, expected = other.fit(moved, labels), one.fit(X, labels)
    # an offset of 5 units costs a digit
    np.testing.assert_allclose(
        found.predict_proba(moved), expected.predict_proba(X), rtol=1e-9
    )


# --- what the model is


def standardised(y, loss="squared_error", weight=None, like=slice(None)):
    """X, X_NEW and y, scaled by hand, with shift and unit of y."""
    weight = None if weight is None else weight[like]
    inputs, *_ = scaled(X, X[like], weight)
    new, *_ = scaled(X_NEW, X[like], weight)
    target, shift, unit = scaled(y, y[like], weight, loss in LOG_LINK)
    return inputs, new, target[:, 0] if y.ndim == 1 else target, shift, unit


@every_loss_and_solver
def test_the_model_is_the_one_trained_on_standardised_data(loss, solver):
    for y in ONE_AND_SEVERAL:
        inputs, new, target_, shift, unit = standardised(1e3 * y, loss)
        by_hand = plain(loss, solver=solver).fit(inputs, target_).predict(new)
        mlp = make(loss, solver=solver).fit(X, 1e3 * y)
        # sums in another order, over twenty epochs or iterations
        expected = unscaled(by_hand, shift, unit)
        np.testing.assert_allclose(mlp.predict(X_NEW), expected, rtol=1e-8)


@pytest.mark.parametrize("how", [how for how in HOW if how != "refit"])
def test_however_it_is_trained_the_model_is_the_one_on_standardised_data(how):
    y, weight = 1e3 * Y[:, 0], COUNTS
    how, like = dict(HOW[how]), slice(None)
    if how.get("early_stopping") is True:
        how["validation_fraction"] = ShuffleSplit(1, test_size=0.3, random_state=0)
        like, _ = next(how["validation_fraction"].split(X))
    for loss in ("squared_error", "poisson", "absolute_error"):
        inputs, new, target_, shift, unit = standardised(y, loss, weight, like)
        by_hand = plain(loss, **how).fit(inputs, target_, weight)
        mlp = make(loss, **how).fit(X, y, weight)
        assert mlp.n_iter_ == by_hand.n_iter_, loss
        # as above
        expected = unscaled(by_hand.predict(new), shift, unit)
        np.testing.assert_allclose(
            mlp.predict(X_NEW), expected, rtol=1e-8, err_msg=loss
        )


def test_a_refit_scales_by_all_rows():
    params = {"shuffle": False, "batch_size": 1, "learning_rate_init": 0.01}
    mlp = make(early_stopping=True, refit=True, **params).fit(X, Y)
    once = make(**params | {"max_iter": mlp.best_epoch_}).fit(X, Y)
    np.testing.assert_array_equal(mlp.predict(X_NEW), once.predict(X_NEW))


def test_log_links_divide_by_the_mean_and_leave_zeros():
    y = np.where(Y[:, 0] > 1, Y[:, 0], 0.0) * 50.0
    by_hand = plain("poisson", scale_input=True).fit(X, y / y.mean())
    mlp = make("poisson").fit(X, y)
    # sums in another order
    np.testing.assert_allclose(
        mlp.predict(X_NEW), by_hand.predict(X_NEW) * y.mean(), rtol=1e-9
    )


@covering(
    solver=SOLVERS,
    hidden=[(), (5,), (5, 4)],
    loss=["squared_error", "poisson"],
    y=dict(zip(["one", "several"], ONE_AND_SEVERAL, strict=True)),
)
def test_weights_and_biases_alone_predict(solver, loss, y, hidden):
    moved = X * [1e3, 1.0, 1e-3] + 1.0
    mlp = make(loss, solver=solver, hidden_layer_sizes=hidden)
    mlp.fit(moved, 1e3 * y)
    new = X_NEW * [1e3, 1.0, 1e-3] + 1.0
    fresh = MLPRegressor(loss)
    fresh.coefs_, fresh.intercepts_ = mlp.coefs_, mlp.intercepts_
    np.testing.assert_array_equal(fresh.predict(new), mlp.predict(new))
    raw = forward(mlp, new)
    expected = np.exp(raw) if loss == "poisson" else raw
    # sums in another order
    np.testing.assert_allclose(
        mlp.predict(new).reshape(expected.shape), expected, rtol=1e-9
    )


@covering(
    loss=["squared_error", "poisson"],
    solver=["sgd", "adam"],
    y=dict(zip(["one", "several"], ONE_AND_SEVERAL, strict=True)),
)
def test_training_starts_at_the_model_of_coefs_init(y, solver, loss):
    start = make(loss).fit(X, y)
    params = {"coefs_init": start, "learning_rate_init": 1e-300, "max_iter": 1}
    mlp = make(loss, solver=solver, **params).fit(3 * X + 1, 5 * y)
    # folding, and its opposite, round
    np.testing.assert_allclose(mlp.predict(X_NEW), start.predict(X_NEW), rtol=1e-12)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@every_solver
def test_warm_starts_go_on_from_the_model_whatever_the_new_scales(solver, loss):
    mlp = make(loss, solver=solver, warm_start=True).fit(X, Y)
    before = mlp.predict(X_NEW)
    still = {"learning_rate_init": 1e-300, "max_iter": 1}
    if solver == "lbfgs":
        still["tol"] = 1e300  # which is reached at the start
    mlp.set_params(**still).fit(3 * X + 1, 5 * Y)
    # as above
    np.testing.assert_allclose(mlp.predict(X_NEW), before, rtol=1e-12)


@every_solver
def test_warm_starts_on_the_same_rows_are_those_on_standardised_data(solver):
    inputs, new, target_, shift, unit = standardised(Y)
    mlp = make(solver=solver, warm_start=True, max_iter=5)
    by_hand = plain(solver=solver, warm_start=True, max_iter=5)
    for _ in range(3):
        mlp.fit(X, Y)
        by_hand.fit(inputs, target_)
    # sums in another order
    expected = unscaled(by_hand.predict(new), shift, unit)
    np.testing.assert_allclose(mlp.predict(X_NEW), expected, rtol=1e-7)


@every_loss
def test_output_biases_start_at_the_best_constant_in_units_of_y(loss):
    y, part = 1e3 * Y + 500, REGRESSION_LOSSES[loss]()
    mlp = make(
        loss,
        hidden_layer_sizes=(),
        output_bias="optimum",
        learning_rate_init=1e-300,
        max_iter=1,
    )
    mlp.fit(np.ones((N_ROWS, 3)), y)  # so that only biases make a difference
    if loss in ("huber", "log_cosh"):  # whose scale is the unit of standardised y
        target_, shift, unit = scaled(y)
        expected = shift + unit * part.constant_optimum(target_)
    else:
        expected = part.inverse_link(part.constant_optimum(y)[np.newaxis])[0]
    # a minimum that is found by iterations
    np.testing.assert_allclose(mlp.predict(np.ones((1, 3)))[0], expected, rtol=1e-9)


# --- losses in units of y


def half_squares(y, predicted):
    return mean_squared_error(y, predicted) / 2  # a mean over outputs, too


def summed(metric, factor=1.0, **settings):
    """A loss of scikit-learn's, summed over outputs."""

    def loss(y, predicted):
        y, predicted = y.reshape(N_ROWS, -1), predicted.reshape(N_ROWS, -1)
        columns = zip(y.T, predicted.T, strict=True)
        return factor * sum(metric(a, b, **settings) for a, b in columns)

    return loss


def huber(y, predicted):
    r = np.abs(y - predicted)
    return np.where(r <= 1, r**2 / 2, r - 0.5).mean()


def log_cosh(y, predicted):
    return np.log(np.cosh(y - predicted)).mean()


INDEPENDENT = {
    "squared_error": half_squares,
    "absolute_error": summed(mean_absolute_error),
    "quantile": summed(mean_absolute_error, 0.5),
    "poisson": summed(mean_poisson_deviance, 0.5),
    "gamma": summed(mean_gamma_deviance, 0.5),
    "tweedie": summed(mean_tweedie_deviance, 0.5, power=1.5),
}
# whose own scale is the unit of standardised y
SETTLED = {"huber": summed(huber), "log_cosh": summed(log_cosh)}


def common_unit(loss, unit):
    """In which losses are reported: of several targets, the mean of their units'."""
    return (unit ** REGRESSION_LOSSES[loss]().degree).mean()


def independent(loss, y, predicted):
    """The loss of predictions: that of standardised ones times the common unit."""
    target_, shift, unit = scaled(y, log_link=loss in LOG_LINK)
    outputs = (predicted.reshape(N_ROWS, -1) - shift) / unit
    metric = (INDEPENDENT | SETTLED)[loss]
    return common_unit(loss, unit) * metric(target_, outputs)


IN_UNITS = 30.0 * Y[:, 0], Y * [30.0, 0.01]


def test_the_loss_of_one_target_is_in_its_units():
    y = IN_UNITS[0]
    for loss, metric in INDEPENDENT.items():
        mlp = make(loss, alpha=0, learning_rate_init=1e-300, max_iter=1).fit(X, y)
        expected = metric(y, mlp.predict(X))
        # sums in another order
        assert mlp.loss_ == pytest.approx(expected, rel=1e-9), loss
        assert independent(loss, y, mlp.predict(X)) == pytest.approx(expected), loss


@pytest.mark.parametrize(
    "loss", [name for name, loss in REGRESSION_LOSSES.items() if loss.smooth]
)
def test_lbfgs_tells_the_loss_of_its_predictions(loss):
    for y in IN_UNITS:
        mlp = make(loss, solver="lbfgs", alpha=0).fit(X, y)
        expected = independent(loss, y, mlp.predict(X))
        # sums in another order
        assert mlp.loss_ == pytest.approx(expected, rel=1e-9)
        assert mlp.history_["loss"][-1] == pytest.approx(expected, rel=1e-9)


@every_loss
def test_epochs_tell_losses_in_a_common_unit(loss):
    for y in IN_UNITS:
        # of a model that stays as it is
        mlp = make(loss, alpha=0, learning_rate_init=1e-300, max_iter=2)
        mlp.fit(X, y, X_val=X, y_val=y)
        expected = independent(loss, y, mlp.predict(X))
        records = mlp.history_["loss"], mlp.history_["validation_loss"]
        for losses in (*records, mlp.loss_curve_, mlp.validation_loss_curve_):
            # sums in another order
            np.testing.assert_allclose(losses, [expected] * 2, rtol=1e-9)
        assert mlp.loss_ == pytest.approx(expected, rel=1e-9)
        assert mlp.best_loss_ == pytest.approx(expected, rel=1e-9)


@every_loss_and_solver
def test_losses_and_penalties_are_those_on_standardised_data_times_the_unit(
    loss, solver
):
    for y in IN_UNITS:
        inputs, _, target_, _, unit = standardised(y, loss)
        how = {"alpha": 1.0, "solver": solver}
        mlp, by_hand = make(loss, **how).fit(X, y), plain(loss, **how)
        by_hand.fit(inputs, target_)
        factor = common_unit(loss, unit)
        for name in "loss", "penalty":
            # sums in another order, over twenty epochs
            np.testing.assert_allclose(
                mlp.history_[name], factor * by_hand.history_[name], rtol=1e-8
            )
        assert mlp.loss_ == pytest.approx(factor * by_hand.loss_, rel=1e-8)
        if solver != "lbfgs":
            expected = factor * np.array(by_hand.loss_curve_)
            np.testing.assert_allclose(mlp.loss_curve_, expected, rtol=1e-8)


def test_early_stopping_by_loss_scores_in_units_of_y():
    params = {"early_stopping": True, "scoring": "loss"}
    one, other = make(**params).fit(X, Y), make(**params).fit(X, 10 * Y)
    # rounding of the scales
    np.testing.assert_allclose(
        other.validation_scores_, 100 * np.array(one.validation_scores_), rtol=1e-9
    )
    # each of the targets counts alike in the score
    best = np.argmax(other.validation_scores_)
    assert best + 1 == other.best_epoch_
    assert other.validation_scores_[best] == other.best_validation_score_


# --- corners


CORNERS = {
    "a constant column": (X * [1, 0, 1] + [0, 3.0, 0], Y),
    "constant columns": (np.ones_like(X), Y),
    "a constant target": (X, np.full(N_ROWS, 1e6)),
    "one constant target of two": (X, Y * [1, 0] + [0, 5.0]),
    "all zero": (np.zeros_like(X), np.zeros(N_ROWS)),
    "one row": (X[:1], Y[:1]),
    "huge X": (1e150 * X, Y),
    "huge y": (X, 1e150 * Y),
    "X too huge for squares": (1e200 * X, Y),
    "tiny X": (1e-150 * X, Y),
    "tiny y": (X, 1e-150 * Y),
    "X too tiny for squares": (1e-200 * X, Y),
    "an outlier": (np.vstack([X, [1e100, 0, 0]]), np.append(Y[:, 0], 1.0)),
}


@pytest.mark.parametrize("corner", CORNERS)
def test_odd_data_give_finite_models_without_a_word(corner):
    X, y = CORNERS[corner]
    for solver in SOLVERS:
        mlp = make(solver=solver, batch_size="auto").fit(X, y)
        arrays = [*mlp.coefs_, *mlp.intercepts_, mlp.predict(X), mlp.loss_]
        assert all(np.isfinite(array).all() for array in arrays), solver


@every_solver
def test_huge_and_tiny_targets_are_learnt_like_others(solver):
    expected = make(solver=solver).fit(X, Y).predict(X_NEW)
    for scale in (1e-150, 1e150):
        found = make(solver=solver).fit(X, scale * Y).predict(X_NEW) / scale
        # rounding of the scales
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@every_solver
def test_the_unit_of_weights_does_not_matter(solver):
    # without penalty, which counts weights
    mlp = make(solver=solver, alpha=0)
    expected = mlp.fit(X, Y, np.ones(N_ROWS)).predict(X_NEW)
    for scale in (1e-100, 1e100, 1e300):
        found = mlp.fit(X, Y, np.full(N_ROWS, scale)).predict(X_NEW)
        # rounding of the scales
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@every_solver
def test_constant_targets_are_predicted_where_nothing_else_is_learnt(solver):
    # standardised they are all 0, which the best constant is
    mlp = make(solver=solver, output_bias="optimum", hidden_layer_sizes=())
    mlp.set_params(learning_rate_init=0.05, max_iter=500, tol=0, alpha=0)
    mlp.fit(X, np.full(N_ROWS, 1e6))
    # in spreads of 1; over 20 seeds: 0 to 2e-5
    assert np.abs(mlp.predict(X) - 1e6).max() < 0.1


@pytest.mark.parametrize("loss", sorted(LOG_LINK - {"gamma"}))
def test_targets_that_are_all_zero_have_the_unit_one(loss):
    mlp = make(loss).fit(X, np.zeros(N_ROWS))
    assert np.isfinite(mlp.predict(X)).all()


# --- refusals


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_sparse_rows_are_not_scaled(kind):
    rows = scipy.sparse.csr_matrix(X)
    with pytest.raises(ValueError, match=f"{kind.__name__}: scale_input must be False"):
        kind(scale_input=True).fit(rows, (X[:, 0] > 0).astype(int))


def test_targets_are_scaled_with_sparse_rows_too():
    params = {"scale_input": False, "random_state": 0}
    dense, sparse = make(**params).fit(X, Y), make(**params)
    sparse.fit(scipy.sparse.csr_matrix(X), Y)
    # sums in another order
    np.testing.assert_allclose(sparse.predict(X), dense.predict(X), rtol=1e-8)


def test_a_classifier_has_no_targets_to_scale():
    assert "scale_target" not in MLPClassifier().get_params()
    with pytest.raises(ValueError, match="Invalid parameter 'scale_target'"):
        MLPClassifier().set_params(scale_target=True)


@pytest.mark.parametrize("name", ["scale_input", "scale_target"])
def test_scaling_is_on_or_off(name):
    said = f"MLPRegressor: {name} must be True or False"
    for value in ("yes", 2, None):
        with pytest.raises(ValueError, match=said):
            MLPRegressor(**{name: value}).fit(X, Y)


@dataclass
class Fourth(RegressionLoss):
    """The fourth power, of which nobody has said how it scales."""

    def value_and_gradient(self, Y, raw):
        raw -= Y
        values = (raw**4).sum(axis=1)
        raw[...] = 4 * raw**3
        return values


def test_targets_are_not_scaled_for_a_loss_without_degree():
    with pytest.raises(ValueError, match="MLPRegressor: scale_target must be False"):
        make(Fourth()).fit(X, Y)
    make(Fourth(), scale_target=False).fit(X, Y)


# --- memory


N_MANY, N_WIDE = 20_000, 50


def peak(mlp):
    """The most memory of a fit, in sizes of X."""
    X = np.ones((N_MANY, N_WIDE))
    X[::2] = -1.0
    y = X[:, 0].copy()
    tracemalloc.start()
    mlp.fit(X, y)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / X.nbytes


MEMORY = {
    "adam": {},
    "adam in order": {"shuffle": False},
    "lbfgs": {"solver": "lbfgs"},
    "adam, early stopping": {"early_stopping": True},
    "adam, early stopping by a scorer": {
        "early_stopping": True,
        "scoring": "neg_mean_squared_error",
    },
    "lbfgs, early stopping": {
        "solver": "lbfgs",
        "early_stopping": True,
        "scoring": "loss",
    },
    "lbfgs, early stopping by a scorer": {
        "solver": "lbfgs",
        "early_stopping": True,
        "scoring": "neg_mean_squared_error",
    },
}


@pytest.mark.parametrize("how", MEMORY.values(), ids=MEMORY)
def test_scaling_makes_no_second_copy_of_x(how):
    params = {"hidden_layer_sizes": (30,), "max_iter": 1, "batch_size": 200} | how
    assert peak(make(**params)) < peak(plain(**params)) + 0.5


# --- partial_fit, copies and pickles


PARTS = [(X[:30], Y[:30]), (2 * X[30:] + 1, 3 * Y[30:]), (X, Y), (X - 5, Y)]


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "quantile"])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fit_keeps_the_scales_of_the_first_call(solver, loss):
    mlp, by_hand = make(loss, solver=solver), plain(loss, solver=solver)
    (first, first_target), log_link = PARTS[0], loss in LOG_LINK
    for inputs, y in PARTS:
        mlp.partial_fit(inputs, y)
        y, shift, unit = scaled(y, first_target, log_link=log_link)
        by_hand.partial_fit(scaled(inputs, first)[0], y)
    _, shift, unit = scaled(first_target, log_link=log_link)
    expected = unscaled(by_hand.predict(scaled(X_NEW, first)[0]), shift, unit)
    # sums in another order
    np.testing.assert_allclose(mlp.predict(X_NEW), expected, rtol=1e-9)


def by_pickle(mlp):
    return pickle.loads(pickle.dumps(mlp))


@covering(
    copied=[by_pickle, copy.copy, copy.deepcopy],
    solver=["sgd", "adam"],
    kind=[MLPClassifier, MLPRegressor],
)
def test_partial_fits_around_a_copy_change_no_bit(copied, solver, kind):
    params = {"scale_input": True, "solver": solver, "random_state": 0}
    if kind is MLPRegressor:
        params["scale_target"] = True
    classes = {} if kind is MLPRegressor else {"classes": [False, True]}
    at_once = kind(hidden_layer_sizes=5, **params)
    in_parts = clone(at_once)
    for inputs, y in PARTS:
        y = y[:, 0] > 1 if classes else y
        at_once.partial_fit(inputs, y, **classes)
        in_parts = copied(in_parts.partial_fit(inputs, y, **classes))
    assert_same_bits(in_parts, at_once)
    assert at_once.loss_curve_ == in_parts.loss_curve_


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_layers_set_by_hand_are_where_partial_fit_goes_on(loss):
    mlp, other = make(loss).partial_fit(X, Y), make(loss).fit(2 * X, Y)
    mlp.coefs_, mlp.intercepts_ = other.coefs_, other.intercepts_
    mlp.set_params(learning_rate_init=1e-300).partial_fit(X, Y)
    # folding, and its opposite, round; adam's first steps of that rate move nothing
    np.testing.assert_allclose(mlp.predict(X_NEW), other.predict(X_NEW), rtol=1e-12)


def test_scaling_is_a_parameter_like_others():
    mlp = clone(make())
    assert mlp.get_params()["scale_input"] and mlp.get_params()["scale_target"]
    fitted = mlp.fit(X, Y)
    for twin in (by_pickle(fitted), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(twin.predict(X_NEW), fitted.predict(X_NEW))
    assert "scale_input=True" in repr(mlp) and "scale_target=True" in repr(mlp)
    assert not MLPRegressor().scale_input and not MLPRegressor().scale_target


def test_x_and_y_stay_as_they_are():
    inputs, y = X.copy(), Y.copy()
    for solver in SOLVERS:
        make(solver=solver).fit(inputs, y)
    np.testing.assert_array_equal(inputs, X)
    np.testing.assert_array_equal(y, Y)


# --- rows that are scaled when they are asked for


CENTER, SCALE = X.mean(axis=0), X.std(axis=0)


def test_scaled_rows_are_rows_of_the_scaled_array():
    lazy, whole = ScaledRows(X, CENTER, SCALE), (X - CENTER) / SCALE
    for rows in (slice(3, 9), slice(None), np.array([5, 0, 5]), slice(None, None, 7)):
        np.testing.assert_array_equal(lazy[rows], whole[rows], err_msg=str(rows))
    assert (lazy.shape, lazy.dtype) == (X.shape, X.dtype)
    chosen = np.array([50, 3, 3, 17, 8, 9, 1, 0, 2, 11])
    some = slice(2, 7)
    np.testing.assert_array_equal(ChosenRows(lazy, chosen)[some], whole[chosen][some])
    assert ChosenRows(lazy, chosen).shape == (10, 3)


def test_rows_are_taken_into_a_buffer():
    out, rows = np.empty((4, 3)), np.array([5, 0, 5, 59])
    ScaledRows(X, CENTER, SCALE).take(rows, axis=0, out=out, mode="clip")
    np.testing.assert_array_equal(out, ((X - CENTER) / SCALE)[rows])


# --- the loss on scaled targets


ALL_LOSSES = {name: make() for name, make in REGRESSION_LOSSES.items()}
ALL_LOSSES |= {
    "huber of another delta": Huber(delta=0.3),
    "three quantiles": Quantile(level=[0.1, 0.5, 0.9]),
}
each_loss = pytest.mark.parametrize("loss", ALL_LOSSES.values(), ids=ALL_LOSSES)


def raw_outputs(loss):
    return np.random.default_rng(1).normal(size=(N_ROWS, loss.n_outputs(2)))


@each_loss
def test_an_objective_trains_the_plain_sum_and_reports_it_in_its_unit(loss):
    network, unit = Network((3, 4, loss.n_outputs(2)), ACTIVATIONS["tanh"]()), 1e4
    params = np.random.default_rng(2).normal(size=network.n_params)
    inner = Objective(network, loss, 0.3, N_ROWS, np.float64)
    outer = Objective(network, loss, 0.3, N_ROWS, np.float64, loss_unit=unit)
    values = loss.value_and_gradient(Y, network.predict(network.views(params), X))
    share = loss.reported_share(network.layer_sizes[-1])
    for weight in (None, WEIGHT):
        expected, expected_grad = inner.value_and_gradient(params, X, Y, weight)
        value, grad = outer.value_and_gradient(params, X, Y, weight)
        np.testing.assert_array_equal(grad, expected_grad)
        assert value == expected
        weights = np.ones(N_ROWS) if weight is None else weight
        reported = share * (weights @ values) / N_ROWS + value.penalty
        # sums in another order
        assert inner.reported(value) == pytest.approx(reported, rel=1e-12)
        assert outer.reported(value) == pytest.approx(unit * reported, rel=1e-12)
        same = outer.on_inputs(3).reported(value)
        assert same == outer.reported(value)


def with_scale(loss, s):
    """The loss whose settings are made larger with the errors."""
    return Huber(delta=s * loss.delta) if isinstance(loss, Huber) else loss


# without log cosh, whose scale is always 1
SCALABLE = {name: loss for name, loss in ALL_LOSSES.items() if name != "log_cosh"}


@pytest.mark.parametrize("loss", SCALABLE.values(), ids=SCALABLE)
def test_a_loss_is_of_the_degree_that_it_tells(loss):
    for s in (1e-3, 0.5, 7.0, 1e5):
        raw = raw_outputs(loss)
        moved = raw + np.log(s) if loss.out_activation == "exp" else s * raw
        found = with_scale(loss, s).value_and_gradient(s * Y, moved)
        factor = s**loss.degree
        expected = factor * loss.value_and_gradient(Y, raw)
        # sums and logarithms of terms that nearly cancel
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11 * factor)


def test_the_degree_of_a_tweedie_deviance_is_two_less_its_power():
    for power in (1.0, 1.2, 1.5, 1.9, 2.0):
        assert REGRESSION_LOSSES["tweedie"](power).degree == pytest.approx(2 - power)


def test_log_cosh_is_of_degree_two_where_errors_are_small():
    loss, raw = REGRESSION_LOSSES["log_cosh"](), np.array([[2e-4]])
    zero = np.zeros((1, 1))
    value, half = (loss.value_and_gradient(zero, r) for r in (raw.copy(), raw / 2))
    # the next term is of order r^2, 1e-8; and log cancels digits of 1
    assert value[0] / half[0] == pytest.approx(2.0**loss.degree, rel=1e-6)


# Targets keep their precision, whatever the dtype of X

OFFSET = 1e9
NETWORKS = {
    "linear": {"hidden_layer_sizes": ()},
    "linear embedded": {"hidden_layer_sizes": (), "numeric_embedding": "pbld"},
    "linear learned scale": {"hidden_layer_sizes": (), "learned_scale": True},
    "hidden": {"hidden_layer_sizes": (8, 4), "scale_input": True},
    "embedded": {"hidden_layer_sizes": 6, "numeric_embedding": "piecewise_linear"},
    "learned scale": {"hidden_layer_sizes": 6, "learned_scale": True},
    "alphas": {"hidden_layer_sizes": (6, 5), "activation": "prelu"},
}
TRAINED = {
    "fit": {},
    "refit": {"early_stopping": True, "refit": True},
    "stops early": {"early_stopping": True, "clip_output": True},
    "members": {"early_stopping": True, "n_members": 2},
    "folds": {"early_stopping": True, "n_members": 2, "ensemble": "folds"},
    "lbfgs": {"solver": "lbfgs"},
}
X_SINGLE = X.astype(np.float32)
FAR = Y[:, :1] - 0.5 * Y[:, 1:] + X


def regressor(**params):
    params = {"scale_target": True, "max_iter": 15, "random_state": 0, **params}
    return MLPRegressor(learning_rate_init=0.01, **params)


@covering(
    network={
        name: NETWORKS[name] for name in ("linear", "hidden", "embedded", "alphas")
    },
    how=TRAINED,
    n_targets=[1, 2],
)
def test_float32_rows_leave_targets_their_precision(network, how, n_targets):
    y = FAR[:, 0] if n_targets == 1 else FAR[:, :n_targets]
    near = regressor(**network, **how).fit(X_SINGLE, y)
    far = regressor(**network, **how).fit(X_SINGLE, OFFSET + y)
    predicted = far.predict(X_SINGLE)
    assert predicted.dtype == near.predict(X_SINGLE).dtype == np.float64
    # of y the offset leaves 7 digits; training is in float32, whose eps is 1e-7
    np.testing.assert_allclose(predicted - OFFSET, near.predict(X_SINGLE), atol=2e-3)
    expected = near.score(X_SINGLE, y)
    assert far.score(X_SINGLE, OFFSET + y) == pytest.approx(expected, abs=1e-3)
    first = getattr(far, "members_", [far])[0]
    inner = [first.coefs_[:-1], first.intercepts_[:-1]]
    assert {a.dtype for arrays in inner for a in arrays} <= {np.dtype(np.float32)}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_a_float32_model_goes_on_with_far_targets(network):
    def trained(way, offset):
        mlp, y = regressor(**network, max_iter=4), FAR[:, 0] + offset
        if way in ("partial_fit", "unpickled"):
            for _ in range(4):
                mlp.partial_fit(X_SINGLE, y)
                mlp = pickle.loads(pickle.dumps(mlp)) if way == "unpickled" else mlp
        elif way == "warm_start":
            mlp.set_params(warm_start=True).fit(X_SINGLE, y).fit(X_SINGLE, y)
        else:
            first = regressor(hidden_layer_sizes=6, max_iter=3).fit(X_SINGLE, y)
            mlp = regressor(hidden_layer_sizes=6, coefs_init=first, max_iter=1)
            mlp.fit(X_SINGLE, y)
        hidden = mlp.coefs_[:-1]
        assert {W.dtype for W in hidden} <= {np.dtype(np.float32)}
        return mlp.predict(X_SINGLE) - offset

    for way in ("partial_fit", "unpickled", "warm_start", "start"):
        # as above
        np.testing.assert_allclose(trained(way, OFFSET), trained(way, 0.0), atol=2e-3)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_a_float32_model_of_scaled_targets_is_looked_into(network):
    mlp = regressor(**network).fit(X_SINGLE, FAR[:, 0])
    double = copy.deepcopy(mlp)
    for arrays in (double.coefs_, double.intercepts_):
        arrays[:] = [array.astype(np.float64) for array in arrays]
    n_layers = len(mlp.coefs_)
    gradients = mlp.input_gradient(X_SINGLE)
    assert gradients.dtype == np.float64
    x = X_SINGLE.astype(np.float64)  # embeddings round to float32 in one of them
    np.testing.assert_allclose(gradients, double.input_gradient(x), atol=1e-6)
    assert mlp.summary().frame() is not None
    for layer in range(n_layers - 1):
        assert mlp.hidden_activations(X_SINGLE, layer).dtype == np.float32


def test_intervals_of_far_targets_are_as_wide_as_those_of_near_ones():
    params = {"early_stopping": True, "validation_fraction": 0.5}
    near = regressor(**params).fit(X_SINGLE, FAR[:, 0])
    far = regressor(**params).fit(X_SINGLE, OFFSET + FAR[:, 0])
    for ends in zip(
        near.predict_interval(X_SINGLE), far.predict_interval(X_SINGLE), strict=True
    ):
        np.testing.assert_allclose(ends[0], ends[1] - OFFSET, atol=2e-3)  # as above


def test_far_targets_of_many_rows_are_predicted_in_blocks():
    mlp = regressor().fit(X_SINGLE, OFFSET + FAR[:, 0])
    rows = np.tile(X_SINGLE, (400, 1))
    whole, few = mlp.predict(rows), mlp.predict(X_SINGLE)
    # blocks of other sizes round products of float32 in another way
    np.testing.assert_allclose(whole - OFFSET, np.tile(few, 400) - OFFSET, atol=1e-4)


def test_without_scale_target_float32_stays_float32():
    mlp = regressor(scale_target=False, scale_input=True).fit(X_SINGLE, FAR[:, 0])
    assert mlp.predict(X_SINGLE).dtype == np.float32
    assert {array.dtype for array in learned_arrays(mlp)} == {np.dtype(np.float32)}
