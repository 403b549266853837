"""What an estimator holds: parameters as they were given, copies, and its draws."""

import copy
import inspect
import io
import pickle
from itertools import product

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skmlp import Dropout, EarlyStopping, MLPClassifier, MLPRegressor
from skmlp.solvers import AdamW

from ..conftest import assert_same_bits, covering, digest, learned_arrays, quietly
from .small_models import (
    EARLY,
    ESTIMATORS,
    LABELS,
    N_ROWS,
    NUMBERS,
    SOLVERS,
    STOCHASTIC,
    TASKS,
    X,
    attributes,
    by_hand,
    fitted,
    outputs,
    partly_fitted,
    small,
    target,
)

# Which attributes there are


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_tags_tell_what_is_supported(kind):
    tags = small(kind).__sklearn_tags__()
    assert tags.input_tags.sparse
    assert not tags.input_tags.allow_nan
    assert tags.target_tags.required
    if kind is MLPClassifier:
        assert tags.classifier_tags.multi_label
    else:
        assert tags.target_tags.multi_output


# Parameters of the estimator


CHANGED = {
    "loss": "poisson",
    "hidden_layer_sizes": [7, 2],
    "activation": "tanh",
    "solver": AdamW(
        max_norm=2.0,
        parametrization="ntk",
        rate_factors={"biases": 0.5},
        decay_schedule="linear",
    ),
    "alpha": 0.5,
    "batch_size": 9,
    "learning_rate": "adaptive",
    "learning_rate_init": 0.02,
    "power_t": 0.3,
    "max_iter": 6,
    "shuffle": False,
    "random_state": 3,
    "tol": 0.01,
    "verbose": True,
    "warm_start": True,
    "momentum": 0.5,
    "nesterovs_momentum": False,
    "early_stopping": EarlyStopping(
        relative_tol=True, min_updates=3, tie_break="last", stratify=True
    ),
    "validation_fraction": 0.3,
    "beta_1": 0.5,
    "beta_2": 0.7,
    "epsilon": 1e-3,
    "n_iter_no_change": 2,
    "max_fun": 77,
    "initializer": "he_normal",
    "output_bias": "optimum",
    "coefs_init": None,  # see below: a start of other weights goes with nothing above
    "dropout": Dropout([0.1, 0.2], inputs=0.05, noise=0.3, schedule="flat_cos"),
    "alpha_l1": 0.01,
    "scoring": "loss",
    "refit": True,
    "max_time": 1e6,
    "recover": True,
    "scale_input": False,  # not together with freeze
    "scale_target": True,
    "freeze": 1,
    "record": "layers",
    "checkpoint": None,  # not together with refit
    "numeric_embedding": None,  # not together with freeze, like the next one
    "categorical_features": None,
    "embedding_size": 3,
    "learned_scale": False,  # not together with freeze
    "n_members": 1,  # not together with warm_start
    "ensemble": "seeds",
    "n_jobs": 2,
    "calibration": "temperature",
    "clip_output": True,
    "class_weight": {0: 2.0},
}
# What goes with nothing above.
UNCHANGED = {
    "coefs_init",
    "checkpoint",
    "scale_input",
    "numeric_embedding",
    "categorical_features",
    "learned_scale",
    "n_members",
    "ensemble",
}
OF_CLASSES = {"loss": "focal"}


def changed_params(kind):
    changed = CHANGED | OF_CLASSES if kind is MLPClassifier else CHANGED
    return {name: changed[name] for name in kind().get_params()}


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_parameters_are_kept_as_they_were_given(kind):
    params = changed_params(kind)
    signature = inspect.signature(kind).parameters
    assert set(params) == set(signature)
    for made in (kind(**params), kind().set_params(**params), clone(kind(**params))):
        assert made.get_params(deep=False) == params
    for name in ("hidden_layer_sizes", "dropout", "class_weight"):
        if name in params:
            assert kind(**params).get_params()[name] is CHANGED[name]
    defaults = {name: parameter.default for name, parameter in signature.items()}
    assert kind().get_params() == defaults


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_fit_changes_no_parameter(kind, capsys):
    before = joblib.hash(changed_params(kind))  # lists, dicts and objects are shared
    model = fitted(kind(**changed_params(kind)), LABELS)
    assert joblib.hash(model.get_params(deep=False)) == before
    assert "Iteration 1, loss = " in capsys.readouterr().out


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_every_parameter_but_the_start_is_changed_from_its_default(kind):
    defaults = kind().get_params()
    same = {
        name for name, value in changed_params(kind).items() if value == defaults[name]
    }
    assert same == UNCHANGED & set(defaults)
    for name, kept in (("dropout", set()), ("early_stopping", {"monitor"})):
        settings = CHANGED[name]
        changed = settings.changed_settings().keys()
        assert settings.get_params().keys() - changed == kept


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_fit_leaves_the_weights_that_it_starts_from(kind, solver):
    start = fitted(small(kind, random_state=1))
    before = digest(start)
    model = fitted(small(kind, solver=solver, coefs_init=start))
    assert model.coefs_init is start
    assert digest(start) == before
    assert not np.array_equal(model.coefs_[0], start.coefs_[0])


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_clone_has_the_parameters_and_nothing_else(kind):
    model = partly_fitted(fitted(small(kind)))
    twin = clone(model)
    assert vars(twin) == twin.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        twin.predict(X)
    assert_same_bits(fitted(twin), fitted(small(kind)))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_parameter_that_there_is_not_is_refused(kind):
    with pytest.raises(ValueError, match="hidden_units"):
        small(kind).set_params(hidden_units=3)
    with pytest.raises(TypeError, match="hidden_units"):
        kind(hidden_units=3)


# Copies and pickles


def through_joblib(model):
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "joblib": through_joblib,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle of a pickle": lambda m: pickle.loads(
        pickle.dumps(pickle.loads(pickle.dumps(m)))
    ),
}


@covering(task=TASKS, solver=SOLVERS)
def test_a_copy_of_a_fitted_model_is_the_same_model(task, solver):
    kind, y = task
    model = fitted(small(kind, solver=solver), y)
    for name, copied in COPIES.items():
        twin = copied(model)
        assert type(twin) is kind, name
        assert twin.get_params() == model.get_params(), name
        assert attributes(twin) == attributes(model), name
        np.testing.assert_array_equal(twin.predict(X), model.predict(X), err_msg=name)
        assert_same_bits(twin, model)
        # and can be fitted again
        assert_same_bits(fitted(twin, y), fitted(model, y))


@covering(kind=ESTIMATORS, solver=STOCHASTIC)
def test_after_partial_fit_every_copy_goes_on_as_the_model(kind, solver):
    model = partly_fitted(small(kind, solver=solver), times=2)
    undisturbed = partly_fitted(small(kind, solver=solver), times=3)
    for name, copied in COPIES.items():
        twin = partly_fitted(copied(model))
        assert_same_bits(twin, undisturbed)
        assert twin.loss_curve_ == undisturbed.loss_curve_, name


@covering(kind=ESTIMATORS, solver=STOCHASTIC)
def test_after_fit_copies_go_on_with_moments_and_pickles_without(kind, solver):
    model = fitted(small(kind, solver=solver))
    with_moments = partly_fitted(fitted(small(kind, solver=solver)))
    without = by_hand(kind, model, solver=solver).partial_fit(X, target(kind))
    for copied in COPIES.values():
        is_copy = copied in (copy.copy, copy.deepcopy)
        expected = with_moments if is_copy else without
        assert_same_bits(partly_fitted(copied(model)), expected)


@covering(kind=ESTIMATORS, solver=STOCHASTIC)
def test_training_a_copy_leaves_the_model_as_it_was(kind, solver):
    model = partly_fitted(small(kind, solver=solver))
    before = digest(model)
    for name, copied in COPIES.items():
        partly_fitted(copied(model), times=2)
        assert digest(model) == before, name


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_what_is_written_into_a_deep_copy_leaves_the_model_as_it_was(kind):
    model = partly_fitted(fitted(small(kind)))
    before = digest(model)
    for name in ("deepcopy", "pickle", "joblib"):
        twin = COPIES[name](model)
        for array in learned_arrays(twin):
            array[...] = 7.0
        twin.loss_curve_.append(7.0)
        assert digest(model) == before, name


def test_every_protocol_of_pickle_gives_the_same_model():
    for protocol, kind in product(range(pickle.HIGHEST_PROTOCOL + 1), ESTIMATORS):
        model = partly_fitted(small(kind))
        twin = pickle.loads(pickle.dumps(model, protocol=protocol))
        assert twin.get_params() == model.get_params(), protocol
        assert attributes(twin) == attributes(model), protocol
        np.testing.assert_array_equal(twin.predict(X), model.predict(X))
        assert_same_bits(partly_fitted(twin), partly_fitted(model))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_model_mapped_from_a_file_predicts_and_trains_on(kind, solver, tmp_path):
    model = fitted(small(kind, solver=solver))
    joblib.dump(model, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert not mapped.coefs_[0].flags.writeable
    np.testing.assert_array_equal(outputs(mapped), outputs(model))
    before = mapped.coefs_[0].copy()
    mapped.set_params(warm_start=True, solver="adam")
    partly_fitted(fitted(mapped))
    assert not np.array_equal(mapped.coefs_[0], before)
    stored = joblib.load(tmp_path / "model.joblib")
    assert_same_bits(stored, model)


# Random draws


SEEDED = {
    "int": lambda: 7,
    "RandomState": lambda: np.random.RandomState(7),
}


@covering(kind=ESTIMATORS, solver=SOLVERS, early_stopping=EARLY, seed=SEEDED)
def test_the_same_seed_gives_the_same_bits(kind, solver, early_stopping, seed):
    params = {"solver": solver, "early_stopping": early_stopping, "batch_size": 8}
    first, second = (
        fitted(small(kind, **params, random_state=seed())) for _ in range(2)
    )
    assert_same_bits(first, second)
    np.testing.assert_array_equal(outputs(first), outputs(second))
    assert first.loss_ == second.loss_
    other = fitted(small(kind, **params, random_state=8))
    assert not np.array_equal(first.coefs_[0], other.coefs_[0])


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_fit_draws_from_the_random_state_that_it_is_given(kind):
    generator = np.random.RandomState(7)
    first, second = (fitted(small(kind, random_state=generator)) for _ in range(2))
    assert not np.array_equal(first.coefs_[0], second.coefs_[0])


def global_state():
    name, keys, *rest = np.random.get_state()
    return name, keys.tobytes(), *rest


@covering(kind=ESTIMATORS, solver=SOLVERS, early_stopping=EARLY)
def test_fitting_with_a_seed_leaves_numpys_global_random_state(
    kind, solver, early_stopping
):
    before = global_state()
    model = fitted(small(kind, solver=solver, early_stopping=early_stopping))
    if solver != "lbfgs":
        partly_fitted(model.set_params(early_stopping=False))
    outputs(model)
    assert global_state() == before


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_without_a_seed_the_draws_are_numpys_global_ones(kind):
    before = np.random.get_state()
    try:
        np.random.seed(7)
        model = fitted(small(kind, random_state=None))
        assert_same_bits(model, fitted(small(kind, random_state=7)))
        again = fitted(small(kind, random_state=None))
        assert not np.array_equal(again.coefs_[0], model.coefs_[0])
    finally:
        np.random.set_state(before)


# The smallest data and the shortest fits


SMALLEST = {
    "one row": (slice(0, 1), slice(None), {}),
    "one feature": (slice(None), slice(0, 1), {}),
    "one row of one feature": (slice(0, 1), slice(0, 1), {}),
    "two rows": (slice(0, 2), slice(None), {}),
    "batches of one row": (slice(None), slice(None), {"batch_size": 1}),
    "one epoch": (slice(None), slice(None), {"max_iter": 1}),
    "one unit": (slice(None), slice(None), {"hidden_layer_sizes": 1}),
    "no hidden layer": (slice(None), slice(None), {"hidden_layer_sizes": ()}),
    "one evaluation": (slice(None), slice(None), {"max_fun": 1}),
}


@pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
@covering(
    task=TASKS,
    solver=SOLVERS,
    dtype=[np.float32, np.float64],
    weighted={"plain": False, "weighted": True},
)
def test_the_smallest_data_and_fits_give_a_usable_model(task, solver, dtype, weighted):
    kind, y = task
    for name, (rows, columns, params) in SMALLEST.items():
        X_small, y_small = X[rows, columns].astype(dtype), y[rows]
        weight = np.full(len(X_small), 2.0) if weighted else None
        model = small(kind, solver=solver, **params)
        quietly(model.fit, X_small, y_small, weight)
        assert model.coefs_[0].dtype == dtype, name
        assert np.isfinite(model.loss_), name
        assert_usable(model, X_small, y_small, name)
        if solver != "lbfgs":
            model.partial_fit(X_small, y_small, weight)
            assert np.isfinite(model.coefs_[0]).all(), name


def assert_usable(model, X, y, name):
    """Predictions are finite, of y's shape, and of classes of y that sum up to 1."""
    predicted = model.predict(X)
    assert predicted.shape == y.shape, name
    if not isinstance(model, MLPClassifier):
        assert np.isfinite(predicted).all(), name
        return
    assert set(predicted) <= set(y), name
    proba = model.predict_proba(X)
    assert proba.shape == (len(X), len(set(y.tolist()))), name
    # sums of some probabilities, each rounded to the dtype
    tolerance = 10 * np.finfo(proba.dtype).eps
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=tolerance, err_msg=name)


def test_weights_so_small_that_the_penalty_overflows_are_refused_by_name():
    with pytest.raises(ValueError, match="MLPRegressor: sample_weight"):
        small(MLPRegressor).fit(X.astype(np.float32), NUMBERS, np.full(N_ROWS, 1e-300))
