"""Frozen layers: they stay to the bit, and the others train on what comes out of them.

Layers that `coefs_init` need not have are drawn as a fit without it draws them.
"""

import copy
import warnings
from itertools import count, pairwise

import numpy as np
import pytest
import scipy.sparse
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import PredefinedSplit

from skmlp import Dropout, MLPClassifier, MLPRegressor
from skmlp.network.objective import Objective
from skmlp.solvers import LBFGS, SGD, SOLVERS, Adam, AdamW, Lion, RMSprop

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
SEVERAL = np.c_[NUMBERS, -NUMBERS, X[:, 3]]
MARKS = (SEVERAL > 0).astype(int)
WEIGHT = RNG.uniform(0.1, 2.0, N_ROWS)
SPARSE = scipy.sparse.csr_matrix(np.where(np.abs(X) > 0.5, X, 0.0))
TARGETS = {MLPClassifier: LABELS, MLPRegressor: NUMBERS}
HIDDEN = (6, 5)
STOCHASTIC = [name for name in SOLVERS if name != "lbfgs"]
every_estimator = pytest.mark.parametrize("kind", TARGETS)

# An epoch of steps of 1e-300, which leaves the start as it is.
STILL = {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1}


def make(kind, **params):
    defaults = {"hidden_layer_sizes": HIDDEN, "activation": "tanh", "max_iter": 5}
    defaults |= {"batch_size": 16, "learning_rate_init": 0.01, "random_state": 0}
    return kind(**(defaults | params))


def fit(kind, y=None, X=X, fit_params=None, **params):
    y = TARGETS[kind] if y is None else y
    return make(kind, **params).fit(X, y, **(fit_params or {}))


def layers_of(model):
    return list(zip(model.coefs_, model.intercepts_, strict=True))


def source(n_outputs=2, hidden=HIDDEN, n_features=4):
    """A network of weights of size 1, which no fit here has drawn or trained."""
    rng = np.random.default_rng(9)
    sizes = (n_features, *hidden, n_outputs)
    shapes = list(pairwise(sizes))
    coefs = [rng.normal(size=shape) / shape[0] ** 0.5 for shape in shapes]
    return coefs, [rng.normal(size=fan_out) for _, fan_out in shapes]


START = source()


def assert_same_array(a, b):
    assert a.dtype == b.dtype and a.shape == b.shape
    assert a.tobytes() == b.tobytes()


def assert_frozen(model, n_frozen, start=START, dtype=np.float64):
    """The first layers are those of the start, bit for bit."""
    for i in range(n_frozen):
        assert_same_array(model.coefs_[i], start[0][i].astype(dtype))
        assert_same_array(model.intercepts_[i], start[1][i].astype(dtype))
    for alpha in getattr(model, "alphas_", [])[:n_frozen]:
        assert_same_array(alpha, np.ones_like(alpha))


def assert_others_train(model, n_frozen, start):
    """From the start, whose layers fit, each other layer has gone on."""
    for i in range(n_frozen, len(model.coefs_)):
        assert not np.array_equal(model.coefs_[i], start[0][i])
        assert not np.array_equal(model.intercepts_[i], start[1][i])
    for alpha in getattr(model, "alphas_", [])[n_frozen:]:
        assert (alpha != 1.0).any()


def same_outputs(model):
    """A start whose layers fit the model in all its sizes."""
    return source(model.coefs_[-1].shape[1])


# Frozen layers stay, whatever else a fit does


@pytest.mark.parametrize(
    ("kind", "n_outputs", "n_frozen"), [(MLPClassifier, 3, 1), (MLPRegressor, 1, 2)]
)
def test_each_solver_leaves_frozen_layers_to_the_bit_and_trains_the_others(
    kind, n_outputs, n_frozen
):
    start = source(n_outputs)
    for solver in SOLVERS:
        with in_case(solver):
            model = fit(kind, solver=solver, freeze=n_frozen, coefs_init=start)
            assert_frozen(model, n_frozen, start)
            assert_others_train(model, n_frozen, start)


def of(kind, y=None, X=X, fit=None, **params):
    y = TARGETS[kind] if y is None else y
    return kind, y, X, fit or {}, params


C, R = MLPClassifier, MLPRegressor
EARLY = {"early_stopping": True, "validation_fraction": 0.25}
HELD = PredefinedSplit(np.where(np.arange(N_ROWS) % 4, -1, 0))
FITS = {
    "weight decay": of(R, solver=AdamW(weight_decay=0.5)),
    "lion's weight decay": of(C, solver=Lion(weight_decay=0.5)),
    "clipping": of(R, solver=Adam(clip_norm=0.01)),
    "plain momentum": of(R, solver=SGD(0.8, nesterovs_momentum=False)),
    "nesterov's momentum": of(C, solver=SGD(0.99)),
    "momentum of rmsprop": of(R, solver=RMSprop(momentum=0.5)),
    "lbfgs, an object": of(R, solver=LBFGS(max_fun=20), max_iter=30),
    "lbfgs, alpha": of(C, solver="lbfgs", alpha=10.0, max_iter=30),
    "lbfgs, float32": of(R, X=X.astype(np.float32), solver="lbfgs", max_iter=30),
    "lbfgs, early stopping": of(
        C, solver="lbfgs", max_iter=40, scoring="loss", n_iter_no_change=2, **EARLY
    ),
    "lbfgs, weights": of(R, solver="lbfgs", fit={"sample_weight": WEIGHT}),
    "max_norm": of(R, solver=Adam(max_norm=0.3)),
    "max_norm, clipping": of(C, solver=SGD(clip_norm=0.1, max_norm=0.3)),
    "alpha": of(R, alpha=10.0),
    "alpha_l1": of(R, alpha_l1=1.0, alpha=0.0),
    "dropout": of(C, dropout=0.3),
    "all noise": of(R, dropout=Dropout([0.1, 0.4], inputs=0.1, noise=0.1)),
    "weights": of(R, fit={"sample_weight": WEIGHT}),
    "balanced classes": of(C, class_weight="balanced"),
    "weights of classes": of(C, class_weight={0: 5.0}, fit={"sample_weight": WEIGHT}),
    "early stopping": of(C, **EARLY),
    "early stopping by a splitter": of(
        R, early_stopping=True, validation_fraction=HELD
    ),
    "refit": of(R, refit=True, max_iter=20, **EARLY),
    "refit, balanced": of(C, refit=True, class_weight="balanced", **EARLY),
    "validation rows": of(R, fit={"X_val": X[:9], "y_val": NUMBERS[:9]}, **EARLY),
    "scale_target": of(R, 1e3 * NUMBERS + 1e5, scale_target=True),
    "scale_target, refit": of(
        R, 1e3 * SEVERAL, scale_target=True, refit=True, max_iter=20, **EARLY
    ),
    "scale_target, lbfgs": of(R, 1e3 * NUMBERS, scale_target=True, solver="lbfgs"),
    "a log link, scaled": of(R, np.exp(NUMBERS), loss="poisson", scale_target=True),
    "float32": of(C, X=X.astype(np.float32)),
    "float32, scale_target": of(
        R, 1e3 * NUMBERS, X=X.astype(np.float32), scale_target=True
    ),
    "sparse": of(C, X=SPARSE),
    "sparse, float32": of(R, X=SPARSE.astype(np.float32)),
    "sparse, lbfgs": of(C, X=SPARSE, solver="lbfgs"),
    "two classes": of(C, LABELS > 0),
    "several labels": of(C, MARKS),
    "columns of classes": of(C, np.c_[LABELS, MARKS[:, 2]]),
    "several outputs": of(R, SEVERAL),
    "time": of(R, max_time=60.0),
    "unshuffled": of(R, shuffle=False),
    "relu": of(C, activation="relu"),
    "alphas": of(C, activation="prelu"),
    "alphas, lbfgs": of(R, activation="prelu", solver="lbfgs"),
    "alphas, decay and rates": of(
        R,
        activation="parametric_mish",
        solver=AdamW(weight_decay=0.5, rate_factors={"activation": 2.0}),
    ),
    "alphas, float32": of(R, X=X.astype(np.float32), activation="parametric_selu"),
    "rates of ntk": of(R, solver=AdamW(weight_decay=0.5, parametrization="ntk")),
    "records": of(C, record="layers"),
    "a schedule": of(R, learning_rate="one_cycle"),
}


@pytest.mark.parametrize("freeze", [1, 2])
def test_frozen_layers_stay_in_every_kind_of_fit_and_the_others_train(freeze):
    still = {"refit": False, "early_stopping": False, "scoring": None, "dropout": 0.0}
    still |= STILL
    for name, (kind, y, X, kwargs, params) in FITS.items():
        without = {name: value for name, value in kwargs.items() if "val" not in name}
        params, dtype = params | {"freeze": freeze}, X.dtype
        with in_case(name):
            drawn = fit(kind, y, X, kwargs, **params)
            start = same_outputs(drawn)
            model = fit(kind, y, X, kwargs, coefs_init=start, **params)
            assert_frozen(model, freeze, start, dtype)
            assert_others_train(model, freeze, start)
            # drawn layers freeze as well
            first = fit(kind, y, X, without, **(params | still))
            assert_frozen(drawn, freeze, (first.coefs_, first.intercepts_), dtype)


@covering(scale_target=[False, True], refit=[False, True])
def test_the_best_epoch_that_early_stopping_goes_back_to_has_the_frozen_layers(
    scale_target, refit
):
    epochs = count(1)

    def score(estimator, X, y):
        return -abs(next(epochs) - 4)  # best in the fourth epoch

    params = {"validation_fraction": HELD, "early_stopping": True, "refit": refit}
    params |= {"max_iter": 60, "n_iter_no_change": 5, "scoring": score}
    model = fit(R, coefs_init=source(1), freeze=1, scale_target=scale_target, **params)
    assert model.best_epoch_ == 4 < model.n_iter_
    assert_frozen(model, 1, source(1))
    assert_others_train(model, 1, source(1))


def rises(progress):
    """A schedule at which the fit below diverges, and at a quarter does not."""
    return 1.0 if progress < 0.4 else 24.0


def test_a_fit_that_recovers_from_divergence_keeps_frozen_layers():
    params = {"solver": SGD(momentum=0.0), "learning_rate_init": 0.1, "batch_size": 1}
    params |= {"activation": "identity", "learning_rate": rises, "recover": True}
    eye = [np.eye(4), np.ones((4, 1))], [np.zeros(4), np.zeros(1)]
    signs = np.where(np.random.default_rng(0).uniform(size=(100, 4)) < 0.5, 1.0, -1.0)
    params |= {"hidden_layer_sizes": 4, "coefs_init": eye, "max_iter": 10}
    model = fit(R, signs @ [1.0, -2.0, 0.5, 0.0], signs, freeze=1, **params)
    assert "restarted from the last good epoch" in model.stop_reason_
    assert_frozen(model, 1, eye)


def test_signed_zeros_and_tiny_weights_stay_too():
    coefs, intercepts = source(1)
    for W in coefs[:2]:
        W[0], W[1, ::2], W[2, 0] = -0.0, 0.0, 5e-324
    for solver in SOLVERS:
        model = fit(R, solver=solver, freeze=2, coefs_init=(coefs, intercepts))
        assert_frozen(model, 2, (coefs, intercepts))


def test_warm_starts_leave_frozen_layers():
    for solver in SOLVERS:
        model = make(C, solver=solver, warm_start=True, freeze=1, coefs_init=START)
        with in_case(solver):
            before = model.fit(X, LABELS).coefs_[1].copy()
            for _ in range(2):
                model.fit(X, LABELS[::-1])
                assert_frozen(model, 1)
            assert not np.array_equal(model.coefs_[1], before)


def test_partial_fits_leave_frozen_layers_and_are_the_epochs_of_a_fit():
    params = {"shuffle": False, "freeze": 2, "coefs_init": START}
    for solver in STOCHASTIC:
        model = make(C, solver=solver, **params)
        with in_case(solver):
            for _ in range(3):
                model.partial_fit(X, LABELS, classes=[0, 1, 2])
                assert_frozen(model, 2)
            assert_same_bits(model, fit(C, solver=solver, max_iter=3, **params))


SOLVER_OBJECTS = {
    "SGD": SGD(0.95),
    "Adam": Adam(),
    "AdamW": AdamW(weight_decay=0.3),
    "Lion": Lion(weight_decay=0.3),
}
KINDS_OF_STEPS = {**{name: name for name in STOCHASTIC}, **SOLVER_OBJECTS}


def test_layers_that_moved_stop_where_they_are_once_they_are_frozen():
    # their momentum does not carry them on, nor does it once they may move again
    for name, solver in KINDS_OF_STEPS.items():
        model = make(R, solver=solver)
        with in_case(name):
            for _ in range(3):
                model.partial_fit(X, NUMBERS)
            start = copy.deepcopy((model.coefs_, model.intercepts_))
            model.set_params(freeze=2)
            for _ in range(3):
                model.partial_fit(X, NUMBERS)
            assert_frozen(model, 2, start)
            assert_others_train(model, 2, start)
            model.set_params(freeze=0).partial_fit(X, NUMBERS)
            assert_others_train(model, 0, start)


def test_alphas_that_moved_stop_where_they_are_with_their_layer():
    for name, solver in SOLVER_OBJECTS.items():
        model = make(R, solver=solver, activation="prelu")
        with in_case(name):
            model.partial_fit(X, NUMBERS)
            before = copy.deepcopy(model.alphas_)
            model.set_params(freeze=1).partial_fit(X, NUMBERS)
            assert_same_array(model.alphas_[0], before[0])
            assert (model.alphas_[1] != before[1]).any()
            model.set_params(freeze=0).partial_fit(X, NUMBERS)
            assert (model.alphas_[0] != before[0]).any()


def test_weights_set_by_hand_freeze_in_a_model_whose_inputs_were_scaled():
    # by fits before; scale_input itself is refused
    model = make(R, scale_input=True, hidden_layer_sizes=(6, 5))
    model.partial_fit(10 + 7 * X, NUMBERS)
    model.coefs_[:2] = [W.copy() for W in START[0][:2]]
    model.intercepts_[:2] = [b.copy() for b in START[1][:2]]
    model.set_params(scale_input=False, freeze=2).partial_fit(10 + 7 * X, NUMBERS)
    assert_frozen(model, 2)


class Stop(Exception):  # noqa: N818 - no error, but an end
    """What ends a fit from outside."""


@pytest.mark.parametrize(
    ("solver", "early"),
    [("sgd", {}), ("adam", EARLY), (AdamW(weight_decay=0.1), {})],
    ids=["sgd", "adam, early stopping", "weight decay"],
)
def test_a_fit_that_goes_on_from_a_checkpoint_keeps_frozen_layers(
    tmp_path, monkeypatch, solver, early
):
    params = {"solver": solver, "freeze": 1, "coefs_init": START, **early}
    expected = fit(C, **params)
    evaluate, batches = Objective.value_and_gradient, iter(range(9))

    def stops(self, *args):
        if next(batches, None) is None:
            raise Stop
        return evaluate(self, *args)

    params["checkpoint"] = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Objective, "value_and_gradient", stops)
        with pytest.raises(Stop):
            fit(C, **params)
    model = fit(C, **params)
    assert_frozen(model, 1)
    assert_same_bits(model, expected)


def test_a_checkpoint_of_another_number_of_frozen_layers_is_refused(tmp_path):
    path = tmp_path / "run"
    fit(C, checkpoint=path, freeze=1)
    with pytest.raises(ValueError, match="checkpoint must be"):
        fit(C, checkpoint=path, freeze=2)


def test_freeze_0_changes_no_bit():
    limited = {"solver": Adam(max_norm=0.5)}
    for params in ({}, {"solver": "lbfgs"}, limited, {"coefs_init": None}):
        expected = fit(R, **params)
        for zero in (0, np.int64(0)):
            assert_same_bits(fit(R, freeze=zero, **params), expected)


def test_frozen_layers_are_no_part_of_the_steps_of_the_first_batch():
    # full batches: the first step of the others is that of a fit that trains all, but
    # for rounding
    params = {"batch_size": N_ROWS, "max_iter": 1}
    params |= {"coefs_init": source(1), "alpha": 0.1}
    for solver in STOCHASTIC:
        free, frozen = (
            fit(R, solver=solver, freeze=freeze, **params) for freeze in (0, 2)
        )
        for found, expected in zip(
            layers_of(frozen)[2], layers_of(free)[2], strict=True
        ):
            np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=solver)


# The others train as a network of their own


ACTIVATIONS = {
    "relu": lambda z: np.maximum(z, 0.0),
    "tanh": np.tanh,
    "logistic": expit,
}


def hidden_values(start, n_layers, X, activation):
    for W, b in zip(start[0][:n_layers], start[1][:n_layers], strict=True):
        X = ACTIVATIONS[activation](X @ W + b)
    return X


SAME = {
    "sgd": {"solver": "sgd"},
    "sgd, alpha": {"solver": "sgd", "alpha": 3.0},
    "sgd, one hidden layer's alpha_l1": {"solver": "sgd", "alpha_l1": 0.3},
    "sgd, clipped": {"solver": SGD(clip_norm=0.1)},
    "sgd, max_norm": {"solver": SGD(max_norm=0.7)},
    "adam": {"solver": "adam"},
    "adamw": {"solver": AdamW(weight_decay=0.1)},
    "lbfgs": {"solver": "lbfgs"},
    "lbfgs, alpha": {"solver": "lbfgs", "alpha": 3.0},
    "shuffled": {"solver": "sgd", "shuffle": True},
}


FROZEN = [(C, 1, "relu"), (R, 2, "tanh"), (R, 1, "logistic"), (C, 2, "relu")]


@pytest.mark.parametrize("name", SAME)
def test_the_others_train_as_a_shallower_network_on_the_hidden_values(name):
    # relative to weights of about 1. Sums in another order are off by 1e-16 each, but
    # adam's root of tiny gradients and the line searches of lbfgs make that larger.
    atol = 1e-7 if "lbfgs" in name or "adam" in name else 1e-12
    for kind, n_frozen, activation in FROZEN:
        params = {"shuffle": False, "activation": activation, "alpha": 0.0}
        params |= {"max_iter": 8, **SAME[name]}
        start = source(3 if kind is MLPClassifier else 1)
        model = fit(kind, coefs_init=start, freeze=n_frozen, **params)
        shallow = fit(
            kind,
            X=hidden_values(start, n_frozen, X, activation),
            hidden_layer_sizes=HIDDEN[n_frozen:],
            coefs_init=(start[0][n_frozen:], start[1][n_frozen:]),
            **params,
        )
        pairs = zip(layers_of(model)[n_frozen:], layers_of(shallow), strict=True)
        for (W, b), (expected_W, expected_b) in pairs:
            np.testing.assert_allclose(W, expected_W, rtol=0, atol=atol)
            np.testing.assert_allclose(b, expected_b, rtol=0, atol=atol)
        assert_others_train(model, n_frozen, start)
        np.testing.assert_allclose(
            model.history_["loss"], shallow.history_["loss"], rtol=0, atol=10 * atol
        )


@pytest.mark.parametrize(
    ("solver", "alpha", "alpha_l1"),
    [("sgd", 3.0, 0.0), ("sgd", 0.0, 0.5), ("lbfgs", 3.0, 0.0)],
)
def test_the_penalty_counts_frozen_weights_too(solver, alpha, alpha_l1):
    params = {"alpha": alpha, "alpha_l1": alpha_l1, "batch_size": N_ROWS}
    params |= STILL if solver == "sgd" else {"solver": "lbfgs", "max_iter": 1}
    model = fit(R, coefs_init=source(1), freeze=1, **params)
    squares = sum(np.sum(W**2) for W in model.coefs_)
    sizes = sum(np.abs(W).sum() for W in model.coefs_)
    expected = (alpha / 2 * squares + alpha_l1 * sizes) / N_ROWS
    # a sum of 59 numbers
    assert model.history_["penalty"][0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n_frozen", [0, 1, 2])
def test_the_gradient_norm_is_of_the_same_parameters_with_every_solver(n_frozen):
    params = {"freeze": n_frozen, "batch_size": N_ROWS, "tol": 0.0}
    minimized = fit(R, solver="lbfgs", coefs_init=source(1), **params)
    still = fit(R, coefs_init=minimized, **(params | STILL))
    # the same gradient at the same weights
    assert minimized.history_["gradient_norm"][-1] == pytest.approx(
        still.history_["gradient_norm"][0], rel=1e-9
    )


# Layers that come from elsewhere, and layers that are drawn


def still(kind, y=None, **params):
    return fit(kind, y, **(STILL | params))


STARTS = {
    "other outputs": (HIDDEN, source(7), 2),
    "an estimator of the other kind": (HIDDEN, None, 2),
    "another second layer": (HIDDEN, source(3, (6, 8)), 1),
    "another second layer, same outputs": ((6, 8), source(3), 1),
    "a deeper start": (HIDDEN, source(3, (6, 5, 5, 4)), 2),
    "a shallower start": ((6, 5, 4), source(5, (6,)), 2),
    "the frozen layer alone": (HIDDEN, tuple(part[:1] for part in source()), 1),
    "all but the last": (HIDDEN, tuple(part[:2] for part in source()), 2),
    "all of them": (HIDDEN, source(3), 3),
}


@pytest.mark.parametrize("name", STARTS)
def test_layers_that_agree_are_taken_over_and_the_others_drawn_as_without_a_start(name):
    hidden, start, n_taken = STARTS[name]
    if start is None:
        given = fit(MLPRegressor, SEVERAL[:, :2], hidden_layer_sizes=hidden)
        start = given.coefs_, given.intercepts_
    else:
        given = start
    for initializer in ("glorot_uniform", "he_normal", "orthogonal"):
        params = {"hidden_layer_sizes": hidden, "initializer": initializer}
        model = still(C, coefs_init=given, freeze=1, **params)
        drawn = still(C, **params)
        for i, (W, b) in enumerate(layers_of(model)):
            coefs, intercepts = (
                start if i < n_taken else (drawn.coefs_, drawn.intercepts_)
            )
            np.testing.assert_array_equal(W, coefs[i])
            # biases of 0 have made a step of 1e-300
            np.testing.assert_allclose(b, intercepts[i], rtol=0, atol=1e-290)


def test_drawn_layers_come_from_the_seed():
    first, again, other = (
        still(C, coefs_init=START, freeze=1, random_state=seed) for seed in (1, 1, 2)
    )
    assert_same_array(first.coefs_[2], again.coefs_[2])
    assert not np.array_equal(first.coefs_[2], other.coefs_[2])


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_drawn_outputs_are_drawn_in_the_scale_of_the_target_that_trains(solver):
    # as by a fit without coefs_init, of which scale_target scales what is drawn
    y = 1e4 * NUMBERS + 5e4
    params = {"scale_target": True}
    drawn = still(R, y, **params)
    model = still(R, y, coefs_init=START, freeze=1, **params)
    np.testing.assert_allclose(model.coefs_[-1], drawn.coefs_[-1], rtol=1e-12)
    np.testing.assert_allclose(model.intercepts_[-1], drawn.intercepts_[-1], rtol=1e-12)
    params |= {"solver": solver, "coefs_init": START, "freeze": 1}
    scaled = fit(R, y, **params).predict(X)
    by_hand = fit(R, (y - y.mean()) / y.std(), **(params | {"scale_target": False}))
    # the same training but for the rounding of the targets, relative to their spread
    np.testing.assert_allclose(
        (scaled - y.mean()) / y.std(), by_hand.predict(X), rtol=0, atol=1e-6
    )


@every_estimator
def test_a_first_partial_fit_draws_what_the_start_has_not(kind):
    first = classes_first(kind, LABELS)
    params = {"freeze": 1, "coefs_init": START, "shuffle": False, "max_iter": 1}
    model = make(kind, **params).partial_fit(X, TARGETS[kind], **first)
    assert_same_bits(model, fit(kind, **params))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_pre_trained_layers_take_a_classifier_to_other_classes(solver):
    source_ = fit(C, LABELS, solver=solver)
    model = fit(C, MARKS[:, 1], solver=solver, coefs_init=source_, freeze=2)
    assert_frozen(model, 2, (source_.coefs_, source_.intercepts_))
    assert model.coefs_[2].shape == (5, 1)
    # and then all of it trains on
    tuned = fit(C, MARKS[:, 1], solver=solver, coefs_init=model)
    assert_others_train(tuned, 0, (model.coefs_, model.intercepts_))


# Refusals


NO_NUMBERS = [-1, True, False, 1.0, np.float64(1), "1", None, [1], np.nan, 1j]


@every_estimator
def test_a_freeze_that_is_no_integer_from_0_is_refused(kind):
    said = f"^{kind.__name__}: freeze must be an integer >= 0, got "
    for value in NO_NUMBERS:
        model = make(kind, freeze=value)
        with pytest.raises(ValueError, match=said):
            model.fit(X, TARGETS[kind])
        with pytest.raises(ValueError, match=said):
            model.partial_fit(X, TARGETS[kind], **classes_first(kind, LABELS))


def test_an_integer_of_numpy_freezes_as_one_of_python():
    assert_same_bits(fit(R, freeze=np.int8(1)), fit(R, freeze=1))


@covering(solver=["adam", "lbfgs"], kind=[C, R])
def test_a_freeze_that_leaves_no_layer_is_refused(kind, solver):
    for hidden, freeze in (((), 1), ((6,), 2), (HIDDEN, 3), (HIDDEN, 10**30)):
        estimator = make(kind, hidden_layer_sizes=hidden, freeze=freeze, solver=solver)
        said = f"{kind.__name__}: freeze must be less than {len(hidden) + 1}, "
        said += "the number of layers"
        with pytest.raises(ValueError, match=f"^{said}, got {freeze}.$"):
            estimator.fit(X, TARGETS[kind])
        assert not hasattr(estimator, "coefs_")


TOGETHER = {
    "scale_input": ({"scale_input": True}, "scale_input must be False with freeze"),
    "averaging": (
        {"solver": Adam(averaging=0.9)},
        "solver__averaging must be None with freeze",
    ),
    "lazy": ({"solver": Adam(lazy=True)}, r"freeze must be .* with solver__lazy"),
}


@covering(name=list(TOGETHER), method=["fit", "partial_fit"], kind=[C, R])
def test_what_would_move_frozen_layers_is_refused_with_freeze(kind, name, method):
    params, said = TOGETHER[name]
    first = classes_first(kind, LABELS) if method == "partial_fit" else {}
    data = SPARSE if name == "lazy" else X
    with pytest.raises(ValueError, match=f"^{kind.__name__}: {said}"):
        getattr(make(kind, freeze=1, **params), method)(data, TARGETS[kind], **first)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        make(kind, freeze=0, **params).fit(data, TARGETS[kind])


def test_a_start_whose_outputs_do_not_agree_is_refused_without_freeze():
    said = r"^MLPClassifier: coefs_init must have the layer sizes \(4, 6, 5, 3\), "
    said += r"n_features first, got \(4, 6, 5, 2\).$"
    for params in ({}, {"freeze": 0}):
        with pytest.raises(ValueError, match=said):
            fit(C, coefs_init=START, **params)


TOO_DIFFERENT = {
    "features": (source(n_features=3), 1, r"\(4, 6\).*got \(3, 6, 5, 2\)"),
    "units": (source(hidden=(7, 5)), 1, r"\(4, 6\).*got \(4, 7, 5, 2\)"),
    "second layer": (source(hidden=(6, 8)), 2, r"\(4, 6, 5\).*got \(4, 6, 8, 2\)"),
    "too few": (tuple(p[:1] for p in source()), 2, r"\(4, 6, 5\).*got \(4, 6\)"),
}


@every_estimator
def test_a_start_without_the_frozen_layers_is_refused(kind):
    for name, (start, n_frozen, said) in TOO_DIFFERENT.items():
        estimator = make(kind, coefs_init=start, freeze=n_frozen)
        refused = f"^{kind.__name__}: coefs_init must have the leading layer "
        refused += f"sizes {said.replace('.*', ', n_features first, ')}.$"
        with in_case(name), pytest.raises(ValueError, match=refused):
            estimator.fit(X, TARGETS[kind])
        assert not hasattr(estimator, "coefs_"), name


def test_a_frozen_layer_that_is_not_finite_is_refused():
    coefs, intercepts = source()
    coefs[0][0, 0] = np.nan
    with pytest.raises(ValueError, match="coefs_init must be"):
        fit(C, coefs_init=(coefs, intercepts), freeze=1)
