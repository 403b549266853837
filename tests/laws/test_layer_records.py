"""record="layers": what a fit says of each layer, and that it changes nothing."""

import pickle
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.model_selection import PredefinedSplit
from sklearn.preprocessing import StandardScaler

import skmlp.training.minibatch
from skmlp import Dropout, MLPClassifier, MLPRegressor
from skmlp.network.objective import Objective
from skmlp.solvers import SGD, SOLVERS, Adam, AdamW
from skmlp.training.history import RECORDS
from skmlp.training.layer_stats import LAYER_RECORDS

from ..cases import in_case
from ..conftest import assert_same_bits, classes_first, covering

# a given number of epochs is enough here
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

N_ROWS = 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] + 3.0
LABELS = np.digitize(NUMBERS, [1.0, 4.0])
WEIGHT = RNG.integers(0, 3, N_ROWS)
SPARSE = scipy.sparse.csr_matrix(np.where(np.abs(X) > 0.5, X, 0.0))
TARGETS = {MLPClassifier: LABELS, MLPRegressor: NUMBERS}
STOCHASTIC = [name for name in SOLVERS if name != "lbfgs"]
every_estimator = pytest.mark.parametrize("kind", TARGETS)
HIDDEN = [(), (5,), (5, 4), (6, 5, 4)]
GRADIENT, RATIO, DEAD, SATURATED = LAYER_RECORDS
C, R = MLPClassifier, MLPRegressor

# An epoch of steps of 1e-300, which leaves the start as it is.
STILL = {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1}


def make(kind, **params):
    defaults = {"hidden_layer_sizes": (5, 4), "activation": "tanh", "max_iter": 4}
    defaults |= {"batch_size": 16, "learning_rate_init": 0.02, "random_state": 0}
    return kind(**(defaults | {"record": "layers"} | params))


def fit(kind, y=None, X=X, fit_params=None, **params):
    y = TARGETS[kind] if y is None else y
    return make(kind, **params).fit(X, y, **(fit_params or {}))


def layers_of(model):
    return list(zip(model.coefs_, model.intercepts_, strict=True))


# What is recorded, by plain NumPy

FORMULAS = {
    "relu": (lambda z: np.maximum(z, 0.0), lambda z: np.where(z > 0, 1.0, 0.0)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "logistic": (expit, lambda z: expit(z) * expit(-z)),
}
every_activation_and_estimator = covering(activation=list(FORMULAS), kind=list(TARGETS))


def forward(model, X, activation):
    """z of all layers, and what goes into each."""
    inputs, sums = [X], []
    for W, b in layers_of(model):
        sums.append(inputs[-1] @ W + b)
        inputs.append(FORMULAS[activation][0](sums[-1]))
    return sums, inputs[:-1]


def gradient_norms(model, X, y, activation, alpha):
    """By back-propagation: of log loss, or of half the squared error."""
    sums, inputs = forward(model, X, activation)
    if isinstance(model, MLPClassifier):
        delta = softmax(sums[-1], axis=1) - np.eye(3)[y]
    else:
        delta = sums[-1] - y[:, np.newaxis]
    delta, norms = delta / len(X), []
    for i in range(len(sums) - 1, -1, -1):
        W = model.coefs_[i]
        grad_W, grad_b = inputs[i].T @ delta + alpha / len(X) * W, delta.sum(axis=0)
        norms.insert(0, np.sqrt(np.sum(grad_W**2) + np.sum(grad_b**2)))
        if i:
            delta = delta @ W.T * FORMULAS[activation][1](sums[i - 1])
    return norms


def update_ratios(before, after):
    pairs = zip(before.coefs_, after.coefs_, strict=True)
    return [np.linalg.norm(W - V) / np.linalg.norm(V) for V, W in pairs]


def shares(model, X, activation):
    """Of each hidden layer: dead units, and saturated units and rows."""
    sums, _ = forward(model, X, activation)
    flat = [FORMULAS[activation][1](z) < 0.01 for z in sums[:-1]]
    return [f.all(axis=0).mean() for f in flat], [f.mean() for f in flat]


@covering(
    hidden=HIDDEN,
    activation=list(FORMULAS),
    solver=["sgd", "adam"],
    kind=list(TARGETS),
)
def test_the_records_of_full_batches_are_those_of_numpy(
    kind, solver, activation, hidden
):
    params = {"hidden_layer_sizes": hidden, "activation": activation, "alpha": 0.5}
    params |= {"batch_size": N_ROWS, "shuffle": False}
    models = [fit(kind, **(params | STILL))]
    models += [
        fit(kind, solver=solver, **(params | {"max_iter": k})) for k in (1, 2, 3)
    ]
    history = models[-1].history_
    for name in (GRADIENT, RATIO):
        assert history[name].shape == (3, len(hidden) + 1)
    for name in (DEAD, SATURATED):
        assert history[name].shape == (3, len(hidden))
    for k, (before, after) in enumerate(pairwise(models)):
        expected = gradient_norms(before, X, TARGETS[kind], activation, 0.5)
        # of sums of 60 rows in another order
        np.testing.assert_allclose(history[GRADIENT][k], expected, rtol=1e-10)
        # of differences that are a hundredth of the weights
        ratios = update_ratios(before, after)
        np.testing.assert_allclose(history[RATIO][k], ratios, rtol=1e-9)
        dead, saturated = shares(after, X, activation)
        np.testing.assert_allclose(history[DEAD][k], dead, rtol=1e-12)
        np.testing.assert_allclose(history[SATURATED][k], saturated, rtol=1e-12)


@every_estimator
def test_the_gradient_agrees_with_central_differences_of_the_loss(kind):
    params = {"hidden_layer_sizes": (3,), "batch_size": N_ROWS, "alpha": 0.5}
    start = fit(kind, **(params | STILL))
    epsilon = 1e-5

    def loss_of(model):
        still = fit(kind, coefs_init=model, **(params | STILL))
        return still.history_["loss"][0] + still.history_["penalty"][0]

    for i, arrays in enumerate(layers_of(start)):
        square = 0.0
        for array in arrays:
            for at in np.ndindex(array.shape):
                value, losses = array[at], []
                for move in (epsilon, -epsilon):
                    array[at] = value + move
                    losses.append(loss_of(start))
                array[at] = value
                square += ((losses[0] - losses[1]) / (2 * epsilon)) ** 2
        # of losses of 16 digits over 1e-5, and of the third derivative times 1e-10
        assert start.history_[GRADIENT][0, i] == pytest.approx(square**0.5, rel=1e-8)


@every_activation_and_estimator
def test_the_gradient_and_the_step_are_those_of_the_last_batch(kind, activation):
    # of two batches: before the last one comes what a fit on the first one alone gives
    params = {"activation": activation, "alpha": 0.5, "shuffle": False}
    params |= {"solver": "sgd", "batch_size": 40, "max_iter": 1}
    y = TARGETS[kind]
    if kind is MLPClassifier:  # all classes are in the first batch
        assert set(y[:40]) == {0, 1, 2}
    before, model = fit(kind, y[:40], X[:40], **params), fit(kind, **params)
    expected = gradient_norms(before, X[40:], y[40:], activation, 0.5)
    np.testing.assert_allclose(model.history_[GRADIENT][0], expected, rtol=1e-10)
    ratios = update_ratios(before, model)
    np.testing.assert_allclose(model.history_[RATIO][0], ratios, rtol=1e-9)
    assert model.history_["gradient_norm"][0] == pytest.approx(
        np.linalg.norm(expected), rel=1e-10
    )


@every_estimator
def test_the_norms_of_the_layers_make_up_that_of_the_gradient(kind):
    clipped = {"solver": SGD(clip_norm=0.1)}
    for params in ({}, clipped, {"solver": Adam(max_norm=0.3)}, {"dropout": 0.3}):
        history = fit(kind, **params).history_
        whole = np.linalg.norm(history[GRADIENT], axis=1)
        np.testing.assert_allclose(
            whole, history["gradient_norm"], rtol=1e-12, err_msg=str(params)
        )


@pytest.mark.parametrize(
    "params",
    [{"solver": Adam(max_norm=0.3)}, {"solver": SGD(clip_norm=0.01)}],
    ids=["max_norm", "clip_norm"],
)
def test_the_step_is_what_clipping_and_max_norm_leave_of_it(params):
    params = params | {"batch_size": N_ROWS, "shuffle": False}
    one, two = (fit(R, **params, max_iter=k) for k in (1, 2))
    ratios = update_ratios(one, two)
    np.testing.assert_allclose(two.history_[RATIO][1], ratios, rtol=1e-9)


def test_frozen_layers_have_updates_of_0():
    model = fit(R, freeze=1)
    assert (model.history_[RATIO][:, 0] == 0.0).all()
    assert (model.history_[RATIO][:, 1:] > 0.0).all()


def start_with(bias):
    """A network of 4 tanh or relu units, of which those with a bias are out of use."""
    rng = np.random.default_rng(1)
    coefs = [rng.uniform(-0.1, 0.1, (4, 4)), np.ones((4, 1))]
    return coefs, [np.array(bias, float), np.zeros(1)]


OUT_OF_USE = {
    "relu, one": ("relu", [-9, 9, 9, 9], 0.25),
    "relu, all": ("relu", [-9, -9, -9, -9], 1.0),
    "relu, none": ("relu", [9, 9, 9, 9], 0.0),
    "tanh, two": ("tanh", [-9, 0, 0, 9], 0.5),
    "logistic, three": ("logistic", [-9, 9, 9, 0], 0.75),
    "identity, none": ("identity", [-9, 9, 9, 0], 0.0),
}


def test_units_out_of_use_on_all_rows_count_as_dead_and_saturated():
    for name, (activation, bias, share) in OUT_OF_USE.items():
        params = {"hidden_layer_sizes": 4, "activation": activation}
        model = fit(R, coefs_init=start_with(bias), **(params | STILL))
        assert model.history_[DEAD].tolist() == [[share]], name
        assert model.history_[SATURATED].tolist() == [[share]], name


LAST = PredefinedSplit(np.where(np.arange(N_ROWS) < 45, -1, 0))


@every_activation_and_estimator
def test_shares_are_of_the_rows_that_train(kind, activation):
    # of the epoch whose weights early stopping goes back to
    params = {"activation": activation, "early_stopping": True, "max_iter": 12}
    params |= {"validation_fraction": LAST, "n_iter_no_change": 3}
    Z = X.copy()
    Z[45:] *= 100  # rows that would saturate units
    model = fit(kind, X=Z, learning_rate_init=0.05, **params)
    dead, saturated = shares(model, Z[:45], activation)
    best = model.best_epoch_ - 1
    np.testing.assert_allclose(model.history_[DEAD][best], dead, rtol=1e-12)
    np.testing.assert_allclose(model.history_[SATURATED][best], saturated, rtol=1e-12)
    assert len(model.history_[DEAD]) == model.n_iter_


@every_estimator
def test_rows_of_no_weight_do_not_count(kind):
    Z = np.where(WEIGHT[:, np.newaxis] > 0, X, 100 * X)
    model = fit(kind, X=Z, fit_params={"sample_weight": WEIGHT})
    dead, saturated = shares(model, Z[WEIGHT > 0], "tanh")
    np.testing.assert_allclose(model.history_[DEAD][-1], dead, rtol=1e-12)
    np.testing.assert_allclose(model.history_[SATURATED][-1], saturated, rtol=1e-12)


def test_up_to_500_rows_all_count():
    for n_rows in (499, 500):
        Z = np.random.default_rng(2).normal(size=(n_rows, 4))
        Z[np.random.default_rng(3).permutation(n_rows)[:20]] *= 50
        model = fit(R, Z[:, 0], Z, activation="logistic", max_iter=1)
        _, saturated = shares(model, Z, "logistic")
        np.testing.assert_allclose(model.history_[SATURATED][-1], saturated, rtol=1e-12)


def test_no_more_than_500_rows_count():
    for n_rows in (501, 999, 1000, 1700):
        # a share of units and rows is a multiple of one over both: here 1 row in 500
        Z = np.ones((n_rows, 1))
        Z[: n_rows // 2] = 0.0
        start = [np.full((1, 1), 20.0), np.ones((1, 1))], [np.zeros(1), np.zeros(1)]
        params = {"hidden_layer_sizes": 1, "coefs_init": start}
        model = fit(R, np.arange(float(n_rows)), Z, **(params | STILL))
        share = model.history_[SATURATED][0, 0]
        counts = np.arange(1, 501)
        # the share is of as many rows as make a multiple of it an integer, to rounding
        assert (np.abs(counts * share - np.round(counts * share)) < 1e-9).any(), n_rows
        # rows are from all over the data: the share of some hundreds drawn is off by
        # 0.03
        assert share == pytest.approx(0.5, abs=0.1), n_rows


def test_dropout_is_left_out_of_shares_but_not_of_gradients():
    dropout = Dropout(0.5, inputs=0.2, noise=0.3)
    model = fit(C, activation="relu", dropout=dropout)
    dead, saturated = shares(model, X, "relu")
    np.testing.assert_allclose(model.history_[DEAD][-1], dead, rtol=1e-12)
    np.testing.assert_allclose(model.history_[SATURATED][-1], saturated, rtol=1e-12)
    assert np.isfinite(model.history_[GRADIENT]).all()


@every_activation_and_estimator
def test_scaled_inputs_have_the_records_of_standardised_ones(kind, activation):
    Z = 100 + 9 * X
    params = {"activation": activation}
    found = fit(kind, X=Z, scale_input=True, **params).history_
    expected = fit(kind, X=StandardScaler().fit_transform(Z), **params).history_
    for name in LAYER_RECORDS:  # means of numbers of about 100 have 14 digits
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-8)


def test_a_scaled_target_has_the_records_of_a_standardised_one():
    y = 1e4 * NUMBERS + 5e4
    found = fit(R, y, scale_target=True).history_
    expected = fit(R, (y - y.mean()) / y.std()).history_
    for name in LAYER_RECORDS:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-8)


@every_estimator
def test_sparse_rows_have_the_records_of_dense_ones(kind):
    found, expected = fit(kind, X=SPARSE), fit(kind, X=SPARSE.toarray())
    for name in LAYER_RECORDS:
        np.testing.assert_allclose(
            found.history_[name], expected.history_[name], rtol=1e-8
        )


@every_estimator
def test_single_precision_has_the_records_of_double_to_its_digits(kind):
    single, double = fit(kind, X=X.astype(np.float32)), fit(kind)
    assert single.coefs_[0].dtype == np.float32
    for name in LAYER_RECORDS:
        found, expected = single.history_[name], double.history_[name]
        assert found.dtype == np.float64
        # adam's steps on tiny gradients differ in more than the last of 7 digits
        np.testing.assert_allclose(found, expected, rtol=0.01, atol=0.02)


# It changes nothing


FITS = {
    **{solver: {"solver": solver} for solver in STOCHASTIC},
    "clipping, averaging": {"solver": AdamW(clip_norm=0.1, averaging=0.9)},
    "early stopping": {"early_stopping": True},
    "refit": {"early_stopping": True, "refit": True},
    "noise": {"dropout": Dropout(0.3, inputs=0.1, noise=0.1)},
    "max_norm": {"solver": Adam(max_norm=0.5)},
    "frozen": {"freeze": 1},
    "recover": {"recover": True},
    "scaled": {"scale_input": True},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "relu": {"activation": "relu"},
    "gelu, which keeps z": {"activation": "gelu"},
    "unshuffled": {"shuffle": False},
    "time": {"max_time": 60.0},
}


def assert_same_but_for_records_of_layers(found, expected):
    assert_same_bits(found, expected)
    assert found.n_iter_ == expected.n_iter_
    assert found.stop_reason_ == expected.stop_reason_
    for record in expected.history_.keys() - {"seconds"}:
        np.testing.assert_array_equal(
            found.history_[record], expected.history_[record], err_msg=record
        )
    assert found.history_.keys() - expected.history_.keys() == set(LAYER_RECORDS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@every_estimator
def test_recording_changes_no_bit_of_the_model_nor_of_its_other_records(kind, dtype):
    for name, params in FITS.items():
        with in_case(name):
            found, expected = (
                fit(kind, X=X.astype(dtype), record=record, **params)
                for record in ("layers", None)
            )
            assert_same_but_for_records_of_layers(found, expected)


@every_estimator
def test_nothing_is_recorded_of_layers_by_default(kind):
    model = fit(kind, record=None)
    assert kind().record is None
    assert set(model.history_) <= set(RECORDS)
    assert all(array.ndim == 1 for array in model.history_.values())


# Fits that go on, stop and start again


def kept(model):
    """Which epochs have records, which is the same for all of them."""
    tables = [model.history_[name] for name in LAYER_RECORDS]
    epochs = [np.isfinite(table).all(axis=1).tolist() for table in tables]
    assert epochs.count(epochs[0]) == len(epochs)
    assert not any(
        np.isfinite(table).any(axis=1).tolist() != epochs[0] for table in tables
    )
    return epochs[0]


@every_estimator
def test_warm_starts_append_and_epochs_without_records_are_nan(kind):
    model = make(kind, warm_start=True)
    kept_so_far, y = [], TARGETS[kind]
    for record, n in ((None, 3), ("layers", 2), (None, 1), ("layers", 2), (None, 2)):
        before = {name: a.copy() for name, a in getattr(model, "history_", {}).items()}
        model.set_params(record=record, max_iter=n).fit(X, y)
        kept_so_far += [record is not None] * n
        assert len(model.history_["loss"]) == len(kept_so_far)
        if any(kept_so_far):
            assert kept(model) == kept_so_far
        for name, array in before.items():
            np.testing.assert_array_equal(model.history_[name][: len(array)], array)
    model.set_params(warm_start=False, record="layers").fit(X, y)
    assert kept(model) == [True, True]
    assert set(model.set_params(record=None).fit(X, y).history_) <= set(RECORDS)


@every_estimator
def test_lbfgs_that_goes_on_has_no_records_of_its_own(kind):
    model = fit(kind, warm_start=True, max_iter=2)
    model.set_params(solver="lbfgs", record=None, max_iter=3).fit(X, TARGETS[kind])
    assert kept(model) == [True] * 2 + [False] * (len(model.history_["loss"]) - 2)
    assert len(model.history_["loss"]) > 2


@every_estimator
def test_partial_fits_append_the_epochs_of_a_fit(kind):
    y = TARGETS[kind]
    for solver in STOCHASTIC:
        params = {"solver": solver, "shuffle": False}
        with in_case(solver):
            model, expected = make(kind, **params), fit(kind, **params)
            for _ in range(4):
                model.partial_fit(X, y, **classes_first(kind, y))
            assert_same_bits(model, expected)
            for name in LAYER_RECORDS:
                found, wanted = model.history_[name], expected.history_[name]
                np.testing.assert_array_equal(found, wanted, err_msg=name)


def test_a_refit_leaves_the_records_of_the_first_run():
    params = {"early_stopping": True, "validation_fraction": 0.25, "max_iter": 8}
    found, expected = fit(R, refit=True, **params), fit(R, **params)
    assert not np.array_equal(found.coefs_[0], expected.coefs_[0])
    for name in LAYER_RECORDS:
        np.testing.assert_array_equal(found.history_[name], expected.history_[name])


def rises(progress):
    """A schedule at which the fit below diverges, and at a quarter does not."""
    return 1.0 if progress < 0.4 else 24.0


def test_epochs_that_diverged_and_began_anew_are_recorded_once():
    signs = np.where(np.random.default_rng(0).uniform(size=(100, 4)) < 0.5, 1.0, -1.0)
    params = {"solver": SGD(momentum=0.0), "learning_rate_init": 0.1, "batch_size": 1}
    params |= {"hidden_layer_sizes": (), "learning_rate": rises, "recover": True}
    model = fit(R, signs @ [1.0, -2.0, 0.5, 0.0], signs, max_iter=10, **params)
    assert "restarted from the last good epoch" in model.stop_reason_
    assert model.history_[GRADIENT].shape == (model.n_iter_, 1)
    assert np.isfinite(model.history_[GRADIENT]).all()


@pytest.fixture
def seconds(monkeypatch):
    """Has each evaluation of the loss take a second, whatever the machine."""
    clock = SimpleNamespace(now=0.0)
    evaluate = Objective.value_and_gradient

    def slowly(objective, *args):
        clock.now += 1.0
        return evaluate(objective, *args)

    monkeypatch.setattr(Objective, "value_and_gradient", slowly)
    time = SimpleNamespace(perf_counter=lambda: clock.now)
    monkeypatch.setattr(skmlp.training.minibatch, "time", time)
    monkeypatch.setattr(skmlp.training.run, "time", time)


@pytest.mark.usefixtures("seconds")
@every_estimator
def test_an_epoch_cut_short_has_shares_but_no_last_step(kind):
    params = {"max_iter": 100, "shuffle": False, "learning_rate": "constant"}
    for n_batches in (2, 4, 6, 9, 11):  # an epoch has four batches
        model = fit(kind, max_time=float(n_batches), **params)
        n_whole, n_more = divmod(n_batches, 4)
        n_epochs = n_whole + bool(n_more)
        assert model.n_iter_ == n_epochs
        whole = [True] * n_whole + [False] * bool(n_more)
        for name in (DEAD, SATURATED):
            assert model.history_[name].shape == (n_epochs, 2)
            assert np.isfinite(model.history_[name]).all()
        for name in (RATIO, GRADIENT):
            assert model.history_[name].shape == (n_epochs, 3)
            assert np.isfinite(model.history_[name]).all(axis=1).tolist() == whole
        dead, saturated = shares(model, X, "tanh")
        np.testing.assert_allclose(model.history_[DEAD][-1], dead, rtol=1e-12)
        np.testing.assert_allclose(model.history_[SATURATED][-1], saturated, rtol=1e-12)


class Stop(Exception):  # noqa: N818 - no error, but an end
    """What ends a fit from outside."""


@covering(
    n_steps=[5, 9, 14],
    params={"plain": {}, "early stopping": {"early_stopping": True}},
    kind=list(TARGETS),
)
def test_a_fit_that_goes_on_from_a_checkpoint_has_all_records(
    n_steps, params, kind, tmp_path, monkeypatch
):
    expected = fit(kind, **params)
    evaluate, count = Objective.value_and_gradient, iter(range(n_steps))

    def stops(self, *args):
        if next(count, None) is None:
            raise Stop
        return evaluate(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Objective, "value_and_gradient", stops)
        with pytest.raises(Stop):
            fit(kind, checkpoint=tmp_path / "run", **params)
    model = fit(kind, checkpoint=tmp_path / "run", **params)
    assert_same_bits(model, expected)
    for name in LAYER_RECORDS:
        np.testing.assert_array_equal(model.history_[name], expected.history_[name])


@every_estimator
def test_copies_and_pickles_keep_the_records(kind):
    model = fit(kind)
    again = pickle.loads(pickle.dumps(model))
    for name in LAYER_RECORDS:
        np.testing.assert_array_equal(again.history_[name], model.history_[name])
    assert clone(model).record == "layers"


# The frame


@pytest.mark.usefixtures("pandas")
def test_the_frame_has_a_numbered_column_for_each_layer():
    for hidden in HIDDEN:
        model = fit(C, hidden_layer_sizes=hidden)
        frame = model.history_frame()
        expected = [name for name in model.history_ if name not in LAYER_RECORDS]
        for name in LAYER_RECORDS:
            n_layers = len(hidden) + (name in (GRADIENT, RATIO))
            columns = [f"{name}_{i}" for i in range(1, n_layers + 1)]
            expected += columns
            np.testing.assert_array_equal(
                frame[columns].to_numpy().reshape(len(frame), n_layers),
                model.history_[name],
            )
        assert list(frame.columns) == expected
        assert list(frame.index) == [1, 2, 3, 4]


# Refusals


@every_estimator
def test_lbfgs_which_has_no_epochs_refuses_to_record(kind):
    said = f"^{kind.__name__}: record must be None with solver lbfgs"
    with pytest.raises(ValueError, match=said):
        fit(kind, solver="lbfgs")


@covering(method=["fit", "partial_fit"], kind=list(TARGETS))
def test_lazy_steps_refuse_to_record(method, kind):
    y = TARGETS[kind]
    first = classes_first(kind, y) if method == "partial_fit" else {}
    said = rf"^{kind.__name__}: record must be .* solver__lazy=True.*got 'layers'.$"
    for solver in (Adam(lazy=True), SGD(lazy=True)):
        estimator = make(kind, solver=solver)
        with pytest.raises(ValueError, match=said):
            getattr(estimator, method)(SPARSE, y, **first)
        assert not hasattr(estimator, "coefs_")


@every_estimator
def test_only_layers_can_be_recorded(kind):
    said = f"^{kind.__name__}: record must be 'layers', or None, got "
    for value in ("layer", "", True, False, 1, ["layers"], ("layers",), {"layers"}, 0):
        with pytest.raises(ValueError, match=said):
            fit(kind, record=value)
