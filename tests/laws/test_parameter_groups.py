"""Rates and decay of groups of parameters, NTK parametrization, schedules of noise."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone

from skmlp import DiagnosticWarning, EarlyStopping, MLPClassifier, MLPRegressor
from skmlp.schedules import Constant, FlatCosine, Linear
from skmlp.solvers import LBFGS, SGD, SOLVERS, Adam, AdamW, Layout, Lion

from ..cases import in_case
from ..conftest import (
    assert_close,
    assert_same_bits,
    classes_first,
    covering,
    learned_arrays,
    parameters,
)

# a given number of epochs is enough here
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*no better than a constant"),
    pytest.mark.filterwarnings("ignore:.*the training loss jumps"),
]

N_ROWS = 60
RNG = np.random.default_rng(0)
X = np.column_stack([RNG.normal(size=(N_ROWS, 3)), np.arange(N_ROWS) % 4])
Y = X[:, 0] - np.sin(2 * X[:, 1]) + (X[:, 3] == 2)
TARGETS = {MLPClassifier: np.digitize(Y, [-0.5, 0.5]), MLPRegressor: Y}
every_estimator = pytest.mark.parametrize("kind", TARGETS)
STOCHASTIC = [name for name in SOLVERS if name != "lbfgs"]
# All that a network can learn.
EVERYTHING = {
    "numeric_embedding": "pbld",
    "categorical_features": [3],
    "embedding_size": 2,
    "learned_scale": True,
    "activation": "parametric_mish",
}
STILL = {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1}


def make(kind, **params):
    defaults = {"hidden_layer_sizes": (6, 4), "max_iter": 4, "batch_size": 20}
    defaults |= {"activation": "tanh", "learning_rate_init": 0.01, "random_state": 0}
    inner = {name: params.pop(name) for name in list(params) if "__" in name}
    # a clone: the settings of objects are set in place
    return clone(kind(**(defaults | params))).set_params(**inner)


def fit(kind, X=X, **params):
    return make(kind, **params).fit(X, TARGETS[kind])


def groups_of(model):
    """What the model has learned, by the names of the groups; scales are folded."""
    arrays = {"weights": model.coefs_, "biases": model.intercepts_}
    if hasattr(model, "embedding_"):
        *numeric, table = model.embedding_.arrays
        arrays |= {"numeric_embedding": numeric, "category_embedding": [table]}
    if hasattr(model, "alphas_"):
        arrays["activation"] = model.alphas_
    return {
        name: np.concatenate([np.ravel(array) for array in group])
        for name, group in arrays.items()
    }


# --- factors on rates

GROUPS = ["weights", "biases", "numeric_embedding", "category_embedding", "activation"]


@pytest.mark.parametrize("solver", [*STOCHASTIC, AdamW(weight_decay=0.5)], ids=str)
def test_a_factor_of_0_freezes_its_group_and_no_other(solver):
    params = EVERYTHING | {"learned_scale": False, "solver": solver}
    start = groups_of(fit(MLPRegressor, **(params | STILL)))
    for name in GROUPS:
        found = groups_of(fit(MLPRegressor, **params, solver__rate_factors={name: 0.0}))
        for group, array in found.items():
            stays = np.array_equal(array, start[group])
            assert stays == (group == name), (name, group)


@every_estimator
def test_a_factor_of_0_freezes_the_scale(kind):
    others = dict.fromkeys(GROUPS, 0.0)
    model = fit(kind, **EVERYTHING, solver__rate_factors=others | {"scale": 0})
    start = fit(
        kind, **(EVERYTHING | {"learned_scale": False}), solver__rate_factors=others
    )
    assert_same_bits(model, start)
    trained = fit(kind, **EVERYTHING, solver__rate_factors=others)
    assert (trained.coefs_[0] != model.coefs_[0]).all()


@every_estimator
def test_one_factor_for_all_groups_is_one_on_the_rate(kind):
    factors = dict.fromkeys([*GROUPS, "scale"], 0.5)
    doubled = {"solver__rate_factors": factors, "learning_rate_init": 0.02}
    for solver in STOCHASTIC:
        params = EVERYTHING | {"solver": solver, "max_iter": 2}
        with in_case(solver):
            model = fit(kind, **params, **doubled)
            # a product more or less, over some updates that are divided by small roots
            assert_close(model, fit(kind, **params, learning_rate_init=0.01), 1e-8)


@every_estimator
def test_factors_that_are_not_given_are_1_and_no_factors_change_no_bit(kind):
    model = fit(kind, **EVERYTHING)
    for factors in ({}, None):
        assert_same_bits(fit(kind, **EVERYTHING, solver__rate_factors=factors), model)
    given = fit(kind, **EVERYTHING, solver__rate_factors={"biases": 1})
    # a product with 1
    assert_close(given, model, 1e-10)


def test_groups_that_a_network_does_not_have_may_be_named():
    factors = {"scale": 6.0, "activation": 0.1, "category_embedding": 2.0}
    assert_close(
        fit(MLPRegressor, solver__rate_factors=factors), fit(MLPRegressor), 1e-10
    )


# --- decay

PLAIN_DECAY = AdamW(weight_decay=0.9)


@pytest.mark.parametrize("solver", [PLAIN_DECAY, Lion(weight_decay=0.9)], ids=str)
def test_all_decays_but_biases_and_alphas(solver):
    # steps of 1e-12 that decay by 0.1 in all over twelve updates
    params = EVERYTHING | {"learned_scale": False, "learning_rate_init": 1e-12}
    rate = 1.0 / 1e-12 / 12 / 9
    params["solver"] = type(solver)(weight_decay=rate)
    start = groups_of(fit(MLPRegressor, **(params | STILL)))
    for factors in (None, {}, {"scale": 3.0, "numeric_embedding": 0.5}):
        found = groups_of(fit(MLPRegressor, **params, solver__rate_factors=factors))
        for name, array in found.items():
            factor = (factors or {}).get(name, 1.0)
            factor = 0.0 if name in ("biases", "activation") else factor
            kept = (1 - factor / 9 / 12) ** 12
            # steps of at most 1e-11, and some roundings
            np.testing.assert_allclose(array, kept * start[name], rtol=1e-9, atol=1e-10)


def test_a_learned_scale_decays_as_weights_do():
    params = {"learned_scale": True, "learning_rate_init": 1e-12}
    solver = AdamW(weight_decay=1.0 / 1e-12 / 12 / 9)
    start = fit(MLPRegressor, **(params | STILL))
    model = fit(MLPRegressor, **params, solver=solver)
    kept = (1 - 1 / 9 / 12) ** 12
    # as above; weights and their scale
    for i, factor in enumerate((kept * kept, kept, kept)):
        np.testing.assert_allclose(
            model.coefs_[i], factor * start.coefs_[i], rtol=1e-9, atol=1e-10
        )


def test_factors_that_are_taken_back_between_partial_fits_are_gone():
    def trained(**rates):
        model = make(MLPRegressor, solver=PLAIN_DECAY, shuffle=False, **rates)
        return model.partial_fit(X, Y)

    model = trained(solver__rate_factors={"weights": 0.0, "biases": 0.0})
    plain = trained(solver__rate_factors={"weights": 0.0, "biases": 0.0})
    model = pickle.loads(pickle.dumps(model)).set_params(solver__rate_factors=None)
    plain.set_params(solver__rate_factors={"weights": 1.0})
    # a product with 1
    assert_close(model.partial_fit(X, Y), plain.partial_fit(X, Y), 1e-12)
    assert (
        model.coefs_[0] != trained(solver__rate_factors={"weights": 0.0}).coefs_[0]
    ).all()


# --- the schedule of decay


def test_a_schedule_of_decay_is_a_factor_on_it():
    params = {"learning_rate_init": 1e-12, "max_iter": 4}
    solver = AdamW(weight_decay=1.0 / 1e-12 / 12)
    start = fit(MLPRegressor, **(params | STILL))
    for schedule in ("linear", Linear(), lambda progress: 1 - progress):
        model = fit(
            MLPRegressor, **params, solver=solver, solver__decay_schedule=schedule
        )
        kept = np.prod(1 - (1 - np.arange(12) / 12) / 12)
        for W, first in zip(model.coefs_, start.coefs_, strict=True):
            # as above
            np.testing.assert_allclose(W, kept * first, rtol=1e-9, atol=1e-10)


def test_a_schedule_of_decay_at_0_is_no_decay():
    model = fit(MLPRegressor, solver=PLAIN_DECAY, solver__decay_schedule=lambda t: 0)
    plain = fit(MLPRegressor, solver=AdamW(weight_decay=0.0))
    # rates as vectors and as numbers
    assert_close(model, plain, 1e-12)
    for constant in ("constant", Constant()):
        model = fit(MLPRegressor, solver="adamw", solver__decay_schedule=constant)
        assert_same_bits(model, fit(MLPRegressor, solver="adamw"))


# --- NTK parametrization


def by_hand(start, solver, n_steps, alpha):
    """Full batches on V where layers are x V / sqrt(fan_in) + b, with tanh between."""
    for array in (*start.coefs_, *start.intercepts_):
        array[np.abs(array) < 1e-200] = 0.0  # but for the step of 1e-300 to get there
    roots = [np.sqrt(len(W)) for W in start.coefs_]
    Vs = [root * W for root, W in zip(roots, start.coefs_, strict=True)]
    bs = [b.copy() for b in start.intercepts_]
    params = np.concatenate([a.ravel() for a in (*Vs, *bs)])
    state = solver.init(params, Layout(sum(V.size for V in Vs)))
    shapes = [a.shape for a in (*Vs, *bs)]
    for _ in range(n_steps):
        stops = np.cumsum([np.prod(shape) for shape in shapes])
        views = np.split(params, stops[:-1])
        arrays = [view.reshape(s) for view, s in zip(views, shapes, strict=True)]
        Vs, bs = arrays[: len(roots)], arrays[len(roots) :]
        values = [X]
        for V, root, b in zip(Vs, roots, bs, strict=True):
            z = values[-1] @ V / root + b
            values.append(z if V is Vs[-1] else np.tanh(z))
        delta = (values[-1] - Y[:, np.newaxis]) / N_ROWS
        grads = [None] * len(shapes)
        for i in range(len(roots) - 1, -1, -1):
            # the penalty is on W = V / root
            penalty = alpha / N_ROWS * Vs[i] / roots[i] ** 2
            grads[i] = values[i].T @ delta / roots[i] + penalty
            grads[len(roots) + i] = delta.sum(axis=0)
            if i:
                delta = delta @ Vs[i].T / roots[i] * (1 - values[i] ** 2)
        grad = np.concatenate([g.ravel() for g in grads])
        solver.step(params, grad, state, 0.01)
    return [V / root for V, root in zip(Vs, roots, strict=True)], bs


@covering(
    hidden=[(), (5,), (6, 4)],
    solver={
        "adam": Adam(epsilon=1e-30),
        "adamw": AdamW(epsilon=1e-30, weight_decay=0.5),
        "lion": Lion(),
    },
    alpha=[0.0, 3.0],
    initializer=["ntk", "he_normal"],
)
def test_ntk_is_training_what_the_roots_of_fan_in_divide(
    hidden, solver, alpha, initializer
):
    params = {"hidden_layer_sizes": hidden, "initializer": initializer, "alpha": alpha}
    params |= {"batch_size": N_ROWS, "shuffle": False}
    start = fit(MLPRegressor, **params, **STILL)
    model = fit(
        MLPRegressor, **params, solver=solver, solver__parametrization="ntk", max_iter=8
    )
    coefs, intercepts = by_hand(start, solver, 8, alpha)
    found = [*model.coefs_, *model.intercepts_]
    for array, expected in zip(found, [*coefs, *intercepts], strict=True):
        # sums in another order, over eight updates
        np.testing.assert_allclose(array, expected, rtol=1e-6, atol=1e-8)


def test_ntk_counts_the_inputs_that_the_first_layer_sees():
    # a step of Lion's is as long as the rate
    params = {"numeric_embedding": "pbld", "solver": Lion(), "max_iter": 1}
    params |= {"batch_size": N_ROWS, "initializer": "he_normal"}
    start = fit(MLPRegressor, **(params | STILL))
    model = fit(MLPRegressor, **params, solver__parametrization="ntk")
    for W, first in zip(model.coefs_, start.coefs_, strict=True):
        step = 0.01 / np.sqrt(len(first))
        np.testing.assert_allclose(np.abs(W - first), step, rtol=1e-9)
    for b, first in zip(model.intercepts_, start.intercepts_, strict=True):
        np.testing.assert_allclose(np.abs(b - first), 0.01, rtol=1e-9)


def test_factors_multiply_the_rates_of_ntk():
    params = {"solver__parametrization": "ntk", "solver": Lion()}
    model = fit(
        MLPRegressor, **params, solver__rate_factors={"weights": 2, "biases": 2}
    )
    expected = fit(MLPRegressor, **params, learning_rate_init=0.02)
    # a product in another order
    assert_close(model, expected, 1e-10)


# --- the schedule of noise

NOISY = {"dropout": 0.3, "dropout__noise": 0.2, "shuffle": False}


@every_estimator
def test_noise_at_a_factor_of_0_is_no_noise(kind):
    model = fit(kind, **NOISY, dropout__inputs=0.1, dropout__schedule=lambda t: 0)
    assert_same_bits(model, fit(kind, shuffle=False))


@every_estimator
def test_noise_by_a_schedule_is_less_noise(kind):
    half = fit(kind, **NOISY, dropout__schedule=lambda t: 0.5)
    less = {"dropout": 0.15, "dropout__noise": 0.1, "shuffle": False}
    assert_same_bits(half, fit(kind, **less))
    for schedule in ("flat_cos", FlatCosine(), "linear"):
        model = fit(kind, **NOISY, dropout__schedule=schedule)
        assert (model.coefs_[0] != fit(kind, **NOISY).coefs_[0]).any()
    for constant in ("constant", Constant(), lambda t: 1.0):
        model = fit(kind, **NOISY, dropout__schedule=constant)
        assert_same_bits(model, fit(kind, **NOISY))


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_function_that_gives_no_share_is_refused(dropout):
    for factor in (-0.1, 1.1, np.nan, np.inf, None, "1"):
        estimator = make(
            MLPRegressor,
            dropout=dropout,
            dropout__noise=0.1,
            dropout__schedule=lambda t, factor=factor: factor if t > 0.5 else 1,
        )
        said = r"^MLPRegressor: dropout__schedule must return a number in \[0, 1\] for"
        with pytest.raises(ValueError, match=said):
            estimator.fit(X, Y)
        assert not hasattr(estimator, "coefs_"), factor


def test_a_function_of_decay_that_gives_no_factor_is_refused():
    for factor in (-0.1, np.nan, np.inf):
        estimator = make(
            MLPRegressor,
            solver="adamw",
            solver__decay_schedule=lambda t, factor=factor: factor,
        )
        said = r"^MLPRegressor: solver__decay_schedule must return a number in \[0, inf"
        with pytest.raises(ValueError, match=said):
            estimator.fit(X, Y)


# --- all of them

ALL = {
    "factors": {
        "solver__rate_factors": {"weights": 0.5, "scale": 6.0, "activation": 0.1}
    },
    "ntk": {"solver__parametrization": "ntk", "initializer": "ntk"},
    "decay": {"solver": PLAIN_DECAY, "solver__decay_schedule": "flat_cos"},
    "noise": {"dropout": 0.3, "dropout__schedule": "flat_cos"},
    "all": {
        "solver__rate_factors": {"biases": 0.1},
        "solver__parametrization": "ntk",
        "solver": AdamW(weight_decay=0.5, averaging=0.8, clip_norm=1.0),
        "solver__decay_schedule": "linear",
        "dropout": 0.3,
        "dropout__schedule": "cosine",
        "learning_rate": "coslog4",
    },
}
every_one = pytest.mark.parametrize("params", ALL.values(), ids=ALL)


@covering(params=ALL, kind=list(TARGETS), more={"plain": {}, "everything": EVERYTHING})
def test_partial_fits_are_the_epochs_of_a_fit(params, kind, more):
    params = {"shuffle": False, **more, **params}
    whole, parts = fit(kind, **params), make(kind, **params)
    first = classes_first(kind, TARGETS[kind])
    for _ in range(4):
        parts.partial_fit(X, TARGETS[kind], **first)
        parts = pickle.loads(pickle.dumps(parts))
    assert_same_bits(parts, whole)


@every_one
def test_float32_stays_float32_and_numbers_of_numpy_change_no_bit(params):
    params = EVERYTHING | params
    narrow = X.astype(np.float32)
    factors = params.get("solver__rate_factors") or {}
    of_numpy = {"solver__rate_factors": {n: np.float64(f) for n, f in factors.items()}}
    for kind in TARGETS:
        model = fit(kind, narrow, **params)
        dtypes = {array.dtype for array in learned_arrays(model)}
        assert dtypes == {np.dtype(np.float32)}
        assert_same_bits(fit(kind, narrow, **params | of_numpy), model)


@every_one
def test_sparse_x_trains_as_dense_x(params):
    params = {**EVERYTHING, **params, "max_iter": 2}
    dense = fit(MLPRegressor, **params)
    for form in (scipy.sparse.csr_array, scipy.sparse.csr_matrix):
        # sums in another order over some updates
        assert_close(fit(MLPRegressor, form(X), **params), dense, 1e-7)


# --- refused, or told

RATES = {
    "solver__parametrization": ("ntk", "standard"),
    "solver__rate_factors": ({"biases": 0.5}, None),
    "solver__decay_schedule": (Linear(), "constant"),
    "dropout__schedule": ("flat_cos", "constant"),
}
LBFGS_REFUSES = (X, "with solver lbfgs, which does not train on mini-batches")
LAZY_REFUSES = (scipy.sparse.csr_array(X), "with solver__lazy=True, whose steps")
REFUSALS = {
    "lbfgs-noise": ("lbfgs", "dropout__schedule", *LBFGS_REFUSES),
    "LBFGS-noise": (LBFGS(), "dropout__schedule", *LBFGS_REFUSES),
    **{f"lazy-{name}": (AdamW(lazy=True), name, *LAZY_REFUSES) for name in RATES},
}


@every_estimator
def test_solvers_without_rates_for_single_parameters_refuse_them(kind):
    for refusal, (solver, name, rows, where) in REFUSALS.items():
        value, off = RATES[name]
        model = make(kind, solver=solver, **{name: value})
        said = rf"^{kind.__name__}: {name} must be {off!r} {where}"
        with in_case(refusal):
            with pytest.raises(ValueError, match=said) as error:
                model.fit(rows, TARGETS[kind])
            assert str(error.value).endswith(f", got {value!r}.")
            assert not hasattr(model, "coefs_")
            model.set_params(**{name: off}, batch_size="auto").fit(rows, TARGETS[kind])


@pytest.mark.parametrize("solver", ["lbfgs", LBFGS()], ids=str)
@every_estimator
def test_lbfgs_has_no_rates_to_set(kind, solver):
    for name in (name for name in RATES if name.startswith("solver__")):
        setting = name.removeprefix("solver__")
        with pytest.raises(ValueError, match=f"LBFGS has no setting '{setting}'"):
            make(kind, solver=solver, **{name: RATES[name][0]})


def test_solvers_without_decay_have_no_schedule_of_it():
    for name, solver in SOLVERS.items():
        settings = solver().get_params(deep=False)
        assert ("decay_schedule" in settings) == ("weight_decay" in settings), name
    with pytest.raises(TypeError, match="decay_schedule"):
        Adam(decay_schedule="linear")


NO_RATES = {"solver__rate_factors": {}, "solver__decay_schedule": Constant()}


@pytest.mark.parametrize(
    ("solver", "off"), [("lbfgs", {}), (AdamW(lazy=True), NO_RATES)], ids=str
)
def test_what_is_off_is_not_refused(solver, off):
    off = {"dropout__schedule": Constant()} | off
    params = {"solver": solver, "batch_size": "auto"}
    assert_same_bits(fit(MLPRegressor, **params, **off), fit(MLPRegressor, **params))


NO_DECAY = "without weight decay"
IDLE = {
    "noise": ("dropout__schedule", {}, "without dropout or noise"),
    "lion": ("solver__decay_schedule", {"solver": "lion"}, NO_DECAY),
    "adamw of 0": (
        "solver__decay_schedule",
        {"solver": AdamW(weight_decay=0.0)},
        NO_DECAY,
    ),
}


@covering(
    kind=list(TARGETS),
    idle=IDLE,
    schedule={"name": "flat_cos", "object": Linear(), "function": lambda t: 1 - t},
)
def test_a_schedule_of_nothing_says_so_where_fit_was_called(kind, idle, schedule):
    name, params, why = idle
    with pytest.warns(DiagnosticWarning, match=f"{name}=.* has no effect {why}") as all:
        model = fit(kind, **params, **{name: schedule})
    [caught] = [one for one in all if "no effect" in str(one.message)]
    assert caught.filename == __file__
    assert str(caught.message).startswith(f"{kind.__name__}: {name}={schedule!r}")
    # rates as vectors round otherwise
    assert_close(model, fit(kind, **params), 1e-10)


@pytest.mark.parametrize(
    "params",
    [
        {"dropout": 0.1, "dropout__schedule": "linear"},
        {"dropout": [0.0, 0.1], "dropout__schedule": "linear"},
        {"dropout__inputs": 0.1, "dropout__schedule": "linear"},
        {"dropout__noise": 0.1, "dropout__schedule": "linear"},
        {"dropout__schedule": "constant"},
        {"solver": "lion", "solver__decay_schedule": Constant()},
        {"solver": "adamw", "solver__decay_schedule": "linear"},
        {"solver": Lion(weight_decay=0.1), "solver__decay_schedule": "linear"},
    ],
    ids=str,
)
def test_a_schedule_of_something_says_nothing(params):
    with warnings.catch_warnings():
        warnings.simplefilter("error", DiagnosticWarning)
        warnings.filterwarnings("ignore", ".*(no better than a constant|loss jumps)")
        fit(MLPRegressor, **params)


# --- ties


def with_ties(kept, max_iter=6, **params):
    """A fit that stops after max_iter epochs, three of which have the best score."""
    scores = iter([0.1, 0.4, 0.2, 0.4, 0.4, 0.3])
    params["early_stopping"] = EarlyStopping(tie_break=kept)
    params["validation_fraction"] = 0.25
    params["scoring"] = lambda estimator, X, y: next(scores)
    return fit(MLPClassifier, n_iter_no_change=9, max_iter=max_iter, **params)


def test_of_equally_good_epochs_the_one_that_is_asked_for_is_kept():
    for which, number in (("first", 2), ("last", 5)):
        model = with_ties(which)
        assert model.best_epoch_ == number
        assert model.best_validation_score_ == 0.4
        # as at the end of a fit of so many epochs, but for loss_, the last epoch's
        shorter = with_ties("last", max_iter=number)
        np.testing.assert_array_equal(parameters(model), parameters(shorter))


def test_ties_are_of_no_account_without_early_stopping():
    for which in ("first", "last"):
        stopping = EarlyStopping("training", tie_break=which)
        model = fit(MLPRegressor, early_stopping=stopping)
        assert_same_bits(model, fit(MLPRegressor))


def test_refit_goes_on_for_as_many_epochs_as_the_one_that_is_kept():
    for which, number in (("first", 2), ("last", 5)):
        model = with_ties(which, refit=True)
        assert model.best_epoch_ == number
        assert f"for {number} epochs" in model.stop_reason_


def test_momentum_is_not_what_a_rate_of_0_stops():
    # sgd's velocity has the rate in it: it goes on, as with a schedule that falls to 0
    model = make(MLPRegressor, solver=SGD(momentum=0.9), shuffle=False)
    before = model.partial_fit(X, Y).coefs_[0].copy()
    model.set_params(solver__rate_factors={"weights": 0.0}).partial_fit(X, Y)
    assert (model.coefs_[0] != before).any()
