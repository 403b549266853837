"""What an estimator holds: after each call, in copies and pickles, after Ctrl-C."""

import copy
import inspect
import io
import pickle
import warnings
from itertools import pairwise, product

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skmlp import Dropout, EarlyStopping, MLPClassifier, MLPRegressor
from skmlp.network.objective import Objective
from skmlp.solvers import SGD, Adam, AdamW

from ..conftest import (
    assert_same_bits,
    covering,
    digest,
    learned_arrays,
    parameters,
    quietly,
)

ESTIMATORS = [MLPClassifier, MLPRegressor]
STOCHASTIC = ["sgd", "adam"]
SOLVERS = [*STOCHASTIC, "lbfgs"]
EARLY = {"to the end": False, "early": True}
N_ROWS = 30

RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0]
LABELS = np.digitize(NUMBERS, [-1.0, 1.0])


def small(kind, **params):
    defaults = {"hidden_layer_sizes": (5, 3), "max_iter": 4, "random_state": 0}
    return kind(**{**defaults, **params})


def target(kind):
    return LABELS if kind is MLPClassifier else NUMBERS


def fitted(estimator, y=None, **kwargs):
    """Some updates are enough here, whether they converged or not."""
    y = target(type(estimator)) if y is None else y
    return quietly(estimator.fit, X, y, **kwargs)


def partly_fitted(estimator, times=1):
    for _ in range(times):
        first = {} if hasattr(estimator, "coefs_") else {"classes": [0, 1, 2]}
        kwargs = first if isinstance(estimator, MLPClassifier) else {}
        estimator.partial_fit(X, target(type(estimator)), **kwargs)
    return estimator


def outputs(model):
    return model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X)


def assert_same_parameters(model, expected):
    """Where the losses are of different rows."""
    np.testing.assert_array_equal(parameters(model), parameters(expected))


# partial_fit and warm_start


@covering(
    kind=ESTIMATORS,
    solver=STOCHASTIC,
    learning_rate=["constant", "invscaling", "adaptive"],
    batch_size=["auto", 7],
)
def test_partial_fit_twice_is_one_run_of_two_unshuffled_epochs(
    kind, solver, learning_rate, batch_size
):
    params = {"solver": solver, "learning_rate": learning_rate, "shuffle": False}
    params |= {"batch_size": batch_size, "max_iter": 2}
    run = fitted(small(kind, **params))
    parts = partly_fitted(small(kind, **params), times=2)
    assert_same_bits(parts, run)
    assert parts.loss_curve_ == run.loss_curve_
    assert parts.best_loss_ == run.best_loss_
    assert parts.loss_ == run.loss_
    assert parts.t_ == run.t_ == 2 * N_ROWS
    assert (parts.n_iter_, run.n_iter_) == (1, 2)


@pytest.mark.parametrize("solver", STOCHASTIC)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_partial_fit_after_fit_goes_on_with_the_solver_where_it_was(kind, solver):
    params = {"solver": solver, "shuffle": False}
    run = fitted(small(kind, max_iter=5, **params))
    parts = partly_fitted(fitted(small(kind, max_iter=3, **params)), times=2)
    assert_same_bits(parts, run)
    assert parts.loss_curve_ == run.loss_curve_


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_partial_fit_on_parts_of_the_rows_is_an_epoch_of_batches(kind):
    params = {"shuffle": False, "alpha": 0.0}
    whole = small(kind, batch_size=10, max_iter=1, **params)
    parts = small(kind, **params)
    y = target(kind)
    kwargs = {"classes": [0, 1, 2]} if kind is MLPClassifier else {}
    for rows in (slice(0, 10), slice(10, 20), slice(20, 30)):
        parts.partial_fit(X[rows], y[rows], **kwargs)
    assert_same_parameters(parts, fitted(whole))
    assert parts.t_ == N_ROWS


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_warm_fits_of_one_epoch_are_one_fit_where_the_solver_has_no_state(kind):
    params = {"solver": "sgd", "momentum": 0.0, "shuffle": False, "warm_start": True}
    model = small(kind, max_iter=1, **params)
    for n_fits in (1, 2, 3, 4):
        with pytest.warns(ConvergenceWarning):
            model.fit(X, target(kind))
        once = fitted(small(kind, max_iter=n_fits, **params))
        assert_same_bits(model, once)
        assert model.loss_curve_ == once.loss_curve_
        assert model.best_loss_ == once.best_loss_
        assert (model.n_iter_, model.t_) == (1, n_fits * N_ROWS)


@covering(kind=ESTIMATORS, solver=STOCHASTIC, early_stopping=EARLY)
def test_warm_fits_record_one_loss_an_epoch_and_all_are_kept(
    kind, solver, early_stopping
):
    model = small(kind, solver=solver, max_iter=1, warm_start=True)
    model.set_params(early_stopping=early_stopping, validation_fraction=0.2)
    for n_fits in (1, 2, 3):
        fitted(model)
        assert len(model.loss_curve_) == n_fits
        assert model.loss_ == model.loss_curve_[-1]
        assert model.n_iter_ == 1
        assert model.t_ == n_fits * (N_ROWS * 8 // 10 if early_stopping else N_ROWS)
        if early_stopping:
            assert len(model.validation_scores_) == n_fits
            assert model.best_validation_score_ == max(model.validation_scores_)
        else:
            assert model.best_loss_ == min(model.loss_curve_)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_warm_fit_starts_where_the_fit_before_ended_and_a_cold_one_anew(kind, solver):
    first = fitted(small(kind, solver=solver))
    cold = fitted(copy.deepcopy(first))
    assert_same_bits(cold, first)
    assert cold.loss_ == first.loss_
    warm = fitted(copy.deepcopy(first).set_params(warm_start=True))
    # over 20 seeds: 0.07 to 0.9997 of it by epochs, to 1 - 3e-8 by lbfgs
    assert warm.loss_ < first.loss_


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_lbfgs_in_two_warm_fits_goes_below_the_first_ones_loss(kind):
    model = small(kind, solver="lbfgs", warm_start=True, max_iter=3)
    losses = [fitted(model).loss_ for _ in range(5)]
    assert losses == sorted(losses, reverse=True)
    assert model.n_iter_ == 3
    assert model.t_ == 0


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_first_partial_fit_is_the_first_epoch_of_fit(kind):
    for shuffle in (False, True):
        run = fitted(small(kind, max_iter=1, shuffle=shuffle))
        assert_same_bits(partly_fitted(small(kind, shuffle=shuffle)), run)


# Parameters set by hand


def by_hand(kind, model, **params):
    """A fresh estimator that has nothing but the parameters of a fitted one."""
    hand = small(kind, **params)
    hand.coefs_ = [W.copy() for W in model.coefs_]
    hand.intercepts_ = [b.copy() for b in model.intercepts_]
    if kind is MLPClassifier:
        hand.classes_ = model.classes_
    return hand


TASKS = {
    "three classes": (MLPClassifier, LABELS),
    "two classes": (MLPClassifier, np.minimum(LABELS, 1)),
    "words": (MLPClassifier, np.array(["ant", "bee", "cicada"])[LABELS]),
    "one class": (MLPClassifier, np.zeros(N_ROWS, dtype=int)),
    "one output": (MLPRegressor, NUMBERS),
    "two outputs": (MLPRegressor, np.c_[NUMBERS, -NUMBERS]),
}


@pytest.mark.parametrize("task", TASKS)
def test_parameters_set_by_hand_predict_as_the_model_they_came_from(task):
    kind, y = TASKS[task]
    for sizes in ((), (5,), (5, 3)):
        model = fitted(small(kind, hidden_layer_sizes=sizes), y)
        hand = by_hand(kind, model, hidden_layer_sizes=sizes)
        methods = ["predict"]
        if kind is MLPClassifier:
            methods += ["predict_proba", "predict_log_proba", "decision_function"]
        for method in methods:
            np.testing.assert_array_equal(
                getattr(hand, method)(X), getattr(model, method)(X), f"{method} {sizes}"
            )
        assert hand.score(X, y) == model.score(X, y)


@covering(task=TASKS, solver=STOCHASTIC)
def test_partial_fit_goes_on_from_parameters_set_by_hand(task, solver):
    kind, y = task
    model = fitted(small(kind, solver=solver), y)
    hand = by_hand(kind, model, solver=solver).partial_fit(X, y)
    # a warm fit has a new solver and these parameters, too
    warm = fitted(model.set_params(warm_start=True, max_iter=1, tol=0), y)
    assert_same_bits(hand, warm)
    assert hand.loss_ == warm.loss_
    np.testing.assert_array_equal(hand.predict(X), warm.predict(X))
    assert hand.n_features_in_ == 4
    assert hand.loss_curve_ == [hand.loss_]


@pytest.mark.parametrize("task", TASKS)
def test_a_warm_fit_goes_on_from_parameters_set_by_hand(task):
    kind, y = TASKS[task]
    for solver in SOLVERS:
        model = fitted(small(kind, solver=solver, warm_start=True), y)
        hand = fitted(by_hand(kind, model, solver=solver, warm_start=True), y)
        again = fitted(by_hand(kind, model, **hand.get_params()), y)
        assert_same_bits(hand, again)
        # over 20 seeds: lower by a part of 3e-8 (of lbfgs, near its end) to 0.998
        assert hand.loss_ <= model.loss_ * (1 + 1e-6), solver
        assert not np.array_equal(hand.coefs_[0], model.coefs_[0]), solver


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_training_leaves_the_arrays_set_by_hand_as_they_were(kind):
    hand = by_hand(kind, fitted(small(kind)))
    arrays = [*hand.coefs_, *hand.intercepts_]
    before = [a.copy() for a in arrays]
    partly_fitted(hand, times=2)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_predict_uses_what_was_written_into_coefs_and_intercepts(kind):
    model = fitted(small(kind))
    for W in model.coefs_:
        W[...] = 0.0
    model.intercepts_[-1][...] = np.arange(float(len(model.intercepts_[-1])))
    raw = model.decision_function(X) if kind is MLPClassifier else model.predict(X)
    assert (raw == model.intercepts_[-1]).all()
    model.intercepts_[-1] = model.intercepts_[-1] + 1.0
    raw = model.decision_function(X) if kind is MLPClassifier else model.predict(X)
    assert (raw == model.intercepts_[-1]).all()


FORMS = {
    "lists": lambda a: a.tolist(),
    "Fortran": np.asfortranarray,
    "big-endian": lambda a: a.astype(">f8"),
    "objects": lambda a: a.astype(object),
    "strided": lambda a: np.repeat(a, 2, axis=0)[::2],
}


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_parameters_may_be_set_by_hand_in_any_form(kind):
    model = fitted(small(kind))
    trained = partly_fitted(by_hand(kind, model))
    for name, form in FORMS.items():
        hand = by_hand(kind, model)
        hand.coefs_ = tuple(map(form, hand.coefs_))
        hand.intercepts_ = tuple(map(form, hand.intercepts_))
        # another memory layout may sum in another order
        np.testing.assert_allclose(
            outputs(hand), outputs(model), rtol=1e-12, atol=1e-12, err_msg=name
        )
        assert_same_bits(partly_fitted(hand), trained)


def test_whole_numbers_set_by_hand_compute_xor():
    # relu(a + b) - 2 relu(a + b - 1)
    model = MLPClassifier((2,))
    model.coefs_ = [np.array([[1, 1], [1, 1]]), np.array([[2], [-4]])]
    model.intercepts_ = [np.array([0, -1]), np.array([-1])]
    model.classes_ = np.array(["equal", "different"])[::-1]
    points = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    np.testing.assert_array_equal(model.decision_function(points), [-1, 1, 1, -1])
    expected = np.array(["different", "equal", "equal", "different"])
    np.testing.assert_array_equal(model.predict(points), expected)


@pytest.mark.parametrize("classes", [[2, 0, 1], ["c", "a", "b"]], ids=repr)
def test_predict_names_the_class_of_the_largest_probability(classes):
    hand = by_hand(MLPClassifier, fitted(small(MLPClassifier)))
    hand.classes_ = np.array(classes)  # in no order
    likeliest = hand.predict_proba(X).argmax(axis=1)
    np.testing.assert_array_equal(hand.predict(X), hand.classes_[likeliest])


def wrongly_shaped():
    W, b = [np.zeros((4, 5)), np.zeros((5, 3))], [np.zeros(5), np.zeros(3)]
    return {
        "of other features": ([np.zeros((6, 5)), W[1]], b),
        "not fitting together": ([W[0], np.zeros((4, 3))], b),
        "flat": ([np.zeros(4), W[1]], b),
        "3-D": ([W[0][:, :, np.newaxis], W[1]], b),
        "scalars": ([1.0, 2.0], [1.0, 2.0]),
        "None": ([None, None], [None, None]),
        "intercepts too short": (W, [np.zeros(4), b[1]]),
        "intercepts too long": (W, [b[0], np.zeros(4)]),
        "intercepts in a row": (W, [b[0][np.newaxis], b[1]]),
        "intercepts in a column": (W, [b[0], b[1][:, np.newaxis]]),
        "one intercept too few": (W, b[:1]),
        "one intercept too many": (W, [*b, b[1]]),
        "one coef too few": (W[:1], b),
        "nothing": ([], []),
    }


@pytest.mark.parametrize("method", ["predict", "partial_fit"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_wrongly_shaped_parameters_set_by_hand_are_refused_by_name(kind, method):
    args = (X,) if method == "predict" else (X, target(kind))
    for case, (coefs, intercepts) in wrongly_shaped().items():
        hand = small(kind, hidden_layer_sizes=(5,))
        hand.coefs_, hand.intercepts_ = coefs, intercepts
        if kind is MLPClassifier:
            hand.classes_ = np.array([0, 1, 2])
        before = digest(hand)
        try:
            getattr(hand, method)(*args)
        except ValueError as error:
            assert f"{kind.__name__}: " in str(error), (case, error)
        else:
            pytest.fail(f"accepted: {case}")
        assert digest(hand) == before, case


@pytest.mark.parametrize("n_classes", [2, 4])
def test_outputs_that_do_not_fit_the_classes_are_refused_by_name(n_classes):
    hand = by_hand(MLPClassifier, fitted(small(MLPClassifier)))
    hand.classes_ = np.arange(n_classes)  # for three outputs
    for method in ("predict", "predict_proba"):
        with pytest.raises(ValueError, match="MLPClassifier: "):
            getattr(hand, method)(X)


@pytest.mark.parametrize("missing", ["intercepts_", "coefs_", "classes_"])
def test_parameters_set_by_half_are_not_a_fitted_model(missing):
    hand = by_hand(MLPClassifier, fitted(small(MLPClassifier)))
    delattr(hand, missing)
    with pytest.raises(ValueError, match="MLPClassifier"):
        hand.predict(X)


def test_partial_fit_refuses_coefs_without_intercepts_by_name():
    for kind in ESTIMATORS:
        hand = by_hand(kind, fitted(small(kind)))
        del hand.intercepts_
        with pytest.raises(ValueError, match=kind.__name__):
            hand.partial_fit(X, target(kind))


@covering(kind=ESTIMATORS, solver=STOCHASTIC)
def test_a_network_set_by_hand_in_the_place_of_another_is_trained(kind, solver):
    smaller = partly_fitted(small(kind, solver=solver, hidden_layer_sizes=(2,)))
    larger = fitted(small(kind, solver=solver))
    smaller.coefs_, smaller.intercepts_ = larger.coefs_, larger.intercepts_
    smaller.set_params(hidden_layer_sizes=larger.hidden_layer_sizes)
    before = smaller.coefs_[0].copy()
    partly_fitted(smaller)
    assert [W.shape for W in smaller.coefs_] == [W.shape for W in larger.coefs_]
    assert not np.array_equal(smaller.coefs_[0], before)


# Which attributes there are

ALWAYS = {
    *("coefs_", "intercepts_", "loss_", "n_iter_", "t_", "n_layers_", "n_outputs_"),
    *("out_activation_", "n_features_in_", "history_", "n_updates_", "best_epoch_"),
    "stop_reason_",
}
BY_EPOCHS = {
    "loss_curve_",
    "validation_loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
}


def attributes(model):
    """The public fitted attributes."""
    return {n for n in vars(model) if n.endswith("_") and not n.startswith("_")}


@pytest.mark.parametrize("solver", SOLVERS)
def test_fit_sets_the_attributes_of_its_solver_and_no_others(solver):
    for kind, early_stopping in product(ESTIMATORS, [False, True]):
        model = fitted(small(kind, solver=solver, early_stopping=early_stopping))
        expected = ALWAYS | ({"classes_"} if kind is MLPClassifier else set())
        if solver != "lbfgs":
            expected |= BY_EPOCHS
            assert (model.best_loss_ is None) == early_stopping
            for name in ("validation_scores_", "best_validation_score_"):
                assert (getattr(model, name) is not None) == early_stopping
            if kind is MLPRegressor and early_stopping:
                expected.add("validation_residuals_")
        assert attributes(model) == expected, (kind, early_stopping)


@covering(
    kind=ESTIMATORS,
    solver=STOCHASTIC,
    early_stopping=EARLY,
    warm_start={"cold": False, "warm": True},
)
def test_lbfgs_after_epochs_leaves_nothing_of_them(
    kind, solver, early_stopping, warm_start
):
    model = small(kind, solver=solver, early_stopping=early_stopping)
    fitted(model.set_params(warm_start=warm_start))
    fitted(model.set_params(solver="lbfgs"))
    assert not attributes(model) & BY_EPOCHS
    # nothing private is left either: pickles of it are those of a fit by lbfgs
    fitted_at_once = fitted(small(kind, solver="lbfgs"))
    assert vars(model).keys() == vars(fitted_at_once).keys()
    # and epochs after it begin a new record
    fitted(model.set_params(solver=solver, early_stopping=False))
    assert len(model.loss_curve_) == 4
    assert model.best_loss_ == min(model.loss_curve_)


@pytest.mark.parametrize("task", TASKS)
def test_attributes_tell_the_network_that_there_is(task):
    kind, y = TASKS[task]
    n_outputs = {"three classes": 3, "words": 3, "two outputs": 2}.get(task, 1)
    by_task = {"three classes": "softmax", "words": "softmax"}
    default = "logistic" if kind is MLPClassifier else "identity"
    for sizes in ((), (5,), (5, 3)):
        model = fitted(small(kind, hidden_layer_sizes=sizes), y)
        assert model.n_outputs_ == n_outputs
        assert model.n_layers_ == len(sizes) + 2
        assert model.n_features_in_ == 4
        widths = [4, *sizes, n_outputs]
        assert [W.shape for W in model.coefs_] == list(pairwise(widths))
        assert [b.shape for b in model.intercepts_] == [(n,) for n in widths[1:]]
        assert model.out_activation_ == by_task.get(task, default)
        assert model.n_iter_ == 4
        assert len(model.loss_curve_) == 4
        if kind is MLPClassifier:
            np.testing.assert_array_equal(model.classes_, np.unique(y))


def test_poisson_regression_tells_its_exponential_output():
    model = fitted(small(MLPRegressor, loss="poisson"), LABELS)
    assert model.out_activation_ == "exp"
    assert (model.predict(X) > 0).all()


@pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_early_stopping_keeps_the_best_epochs_parameters(kind):
    # a rate so high that the last epoch is rarely the best one
    params = {"early_stopping": True, "learning_rate_init": 1.0, "max_iter": 30}
    params |= {"n_iter_no_change": 30, "validation_fraction": 0.3}
    best_epochs = []
    for seed in range(3):
        params["random_state"] = seed
        model = fitted(small(kind, **params))
        n_best = int(np.argmax(model.validation_scores_)) + 1
        assert model.best_validation_score_ == max(model.validation_scores_)
        best = fitted(small(kind, **{**params, "max_iter": n_best}))
        assert_same_parameters(model, best)
        best_epochs.append(n_best)
    # over 20 seeds: 1 to 25 of numbers; of labels 1 to 30, and 27 or less of 19
    assert min(best_epochs) < 30


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
    "early_stopping": EarlyStopping(relative_tol=True, min_updates=3, tie_break="last"),
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


@covering(task=TASKS, solver=SOLVERS, copied=COPIES)
def test_a_copy_of_a_fitted_model_is_the_same_model(task, solver, copied):
    kind, y = task
    model = fitted(small(kind, solver=solver), y)
    twin = copied(model)
    assert type(twin) is kind
    assert twin.get_params() == model.get_params()
    assert attributes(twin) == attributes(model)
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    assert_same_bits(twin, model)
    # and can be fitted again
    assert_same_bits(fitted(twin, y), fitted(model, y))


@covering(kind=ESTIMATORS, solver=STOCHASTIC, copied=COPIES)
def test_after_partial_fit_every_copy_goes_on_as_the_model(kind, solver, copied):
    model = partly_fitted(small(kind, solver=solver), times=2)
    undisturbed = partly_fitted(small(kind, solver=solver), times=3)
    twin = partly_fitted(copied(model))
    assert_same_bits(twin, undisturbed)
    assert twin.loss_curve_ == undisturbed.loss_curve_


@covering(kind=ESTIMATORS, solver=STOCHASTIC, copied=COPIES)
def test_after_fit_copies_go_on_with_moments_and_pickles_without(kind, solver, copied):
    model = fitted(small(kind, solver=solver))
    is_copy = copied in (copy.copy, copy.deepcopy)
    expected = (
        partly_fitted(fitted(small(kind, solver=solver)))
        if is_copy
        else by_hand(kind, model, solver=solver).partial_fit(X, target(kind))
    )
    assert_same_bits(partly_fitted(copied(model)), expected)


@covering(kind=ESTIMATORS, solver=STOCHASTIC, copied=COPIES)
def test_training_a_copy_leaves_the_model_as_it_was(kind, solver, copied):
    model = partly_fitted(small(kind, solver=solver))
    before = digest(model)
    partly_fitted(copied(model), times=2)
    assert digest(model) == before


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


# Ctrl-C


def interrupt(monkeypatch, owner, name, n_calls, *, after=False):
    """Let owner.name raise KeyboardInterrupt once, after n_calls calls.

    after : when the call has done its work, instead of before.
    """
    method, calls = getattr(owner, name), []

    def interrupted(*args, **kwargs):
        calls.append(None)
        result = None
        if after or len(calls) != n_calls + 1:
            result = method(*args, **kwargs)
        if len(calls) == n_calls + 1:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(owner, name, interrupted)
    return calls


STEPS = {"sgd": SGD, "adam": Adam}
WORD = "Training interrupted by user."


@covering(kind=ESTIMATORS, solver=STOCHASTIC, at=["step", "objective"], n_epochs=[1, 3])
def test_ctrl_c_keeps_the_model_of_the_updates_that_were_made(
    kind, solver, at, n_epochs, monkeypatch
):
    params = {"solver": solver, "batch_size": N_ROWS}  # one update an epoch
    uninterrupted = fitted(small(kind, **params, max_iter=n_epochs))
    if at == "step":
        interrupt(monkeypatch, STEPS[solver], "step", n_epochs)
    else:
        interrupt(monkeypatch, Objective, "value_and_gradient", n_epochs)
    model = small(kind, **params, max_iter=50)
    with pytest.warns(UserWarning, match=WORD) as caught:
        assert model.fit(X, target(kind)) is model
    assert len(caught) == 1
    assert_same_bits(model, uninterrupted)
    assert attributes(model) == attributes(uninterrupted)
    assert model.n_iter_ == n_epochs
    assert model.loss_curve_ == uninterrupted.loss_curve_
    np.testing.assert_array_equal(outputs(model), outputs(uninterrupted))
    assert_same_bits(pickle.loads(pickle.dumps(model)), model)


@covering(kind=ESTIMATORS, solver=STOCHASTIC, early_stopping=EARLY)
def test_ctrl_c_within_the_first_epoch_keeps_its_updates(
    kind, solver, early_stopping, monkeypatch
):
    params = {"solver": solver, "batch_size": 5, "early_stopping": early_stopping}
    interrupt(monkeypatch, STEPS[solver], "step", 2)
    model = small(kind, **params)
    with pytest.warns(UserWarning, match=WORD):
        model.fit(X, target(kind))
    start = fitted(small(kind, **params, learning_rate_init=1e-30, max_iter=1))
    assert not np.array_equal(model.coefs_[0], start.coefs_[0])
    assert np.isfinite(model.loss_)
    assert model.n_iter_ == 0
    assert model.loss_curve_ == []
    assert np.isfinite(outputs(model)).all()
    partly_fitted(model.set_params(early_stopping=False))
    assert len(model.loss_curve_) == 1


@pytest.mark.parametrize("n_calls", [3, 8])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_ctrl_c_keeps_the_last_iterate_of_lbfgs(kind, n_calls, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt(patch, Objective, "value_and_gradient", n_calls)
        model = small(kind, solver="lbfgs", max_iter=50)
        with pytest.warns(UserWarning, match=WORD):
            model.fit(X, target(kind))
    assert 1 <= model.n_iter_ <= n_calls
    stopped = fitted(small(kind, solver="lbfgs", max_iter=model.n_iter_))
    assert_same_parameters(model, stopped)
    assert model.loss_ == pytest.approx(stopped.loss_, rel=1e-12)
    assert attributes(model) == attributes(stopped)


@pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_ctrl_c_with_early_stopping_keeps_the_best_epoch(kind, monkeypatch):
    params = {"early_stopping": True, "validation_fraction": 0.3}
    params |= {"learning_rate_init": 0.05, "n_iter_no_change": 30}
    run = fitted(small(kind, **params, max_iter=20))
    interrupt(monkeypatch, Adam, "step", 20)
    model = small(kind, **params, max_iter=50)
    with pytest.warns(UserWarning, match=WORD):
        model.fit(X, target(kind))
    assert model.validation_scores_ == run.validation_scores_
    assert_same_bits(model, run)


@pytest.mark.parametrize("solver", STOCHASTIC)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_ctrl_c_in_partial_fit_keeps_the_updates_of_its_epoch(
    kind, solver, monkeypatch
):
    params = {"solver": solver, "batch_size": 10, "shuffle": False}
    model = partly_fitted(small(kind, **params))
    before = model.coefs_[0].copy()
    with monkeypatch.context() as patch:
        interrupt(patch, STEPS[solver], "step", 2)
        with pytest.warns(UserWarning, match=WORD):
            model.partial_fit(X, target(kind))
    assert not np.array_equal(model.coefs_[0], before)
    # two batches of ten rows each, as two calls would have made them
    parts = partly_fitted(small(kind, **params))
    for rows in (slice(0, 10), slice(10, 20)):
        parts.partial_fit(X[rows], target(kind)[rows])
    assert_same_parameters(model, parts)
    assert_same_bits(partly_fitted(model), partly_fitted(parts))


@covering(
    kind=ESTIMATORS,
    solver=STOCHASTIC,
    history=["fresh", "fitted", "warm"],
    method=["fit", "partial_fit"],
)
def test_ctrl_c_before_the_first_update_goes_up_and_changes_nothing(
    kind, solver, history, method, monkeypatch
):
    model = small(kind, solver=solver, warm_start=history == "warm")
    if history != "fresh":
        partly_fitted(fitted(model))
    twin = copy.deepcopy(model)
    train = fitted if method == "fit" else partly_fitted
    before = digest(model)
    for owner, name, after in (
        (STEPS[solver], "step", False),
        (STEPS[solver], "step", True),
        (Objective, "value_and_gradient", False),
    ):
        with monkeypatch.context() as patch:
            interrupt(patch, owner, name, 0, after=after)
            with pytest.raises(KeyboardInterrupt):
                train(model)
        assert digest(model) == before, (name, after)
    if history == "fresh":
        with pytest.raises(NotFittedError):
            model.predict(X)
    # and the next call is as if nothing had been
    assert_same_bits(train(model), train(twin))


@pytest.mark.parametrize("was_fitted", [False, True])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_ctrl_c_before_lbfgs_first_iterate_goes_up_and_changes_nothing(
    kind, was_fitted, monkeypatch
):
    model = small(kind, solver="lbfgs", warm_start=True)
    if was_fitted:
        fitted(model)
    before = digest(model)
    interrupt(monkeypatch, Objective, "value_and_gradient", 0)
    with pytest.raises(KeyboardInterrupt):
        fitted(model)
    assert digest(model) == before


@covering(kind=ESTIMATORS, solver=STOCHASTIC, method=["fit", "partial_fit"])
def test_an_error_within_training_leaves_a_fitted_model_as_it_was(
    kind, solver, method, monkeypatch
):
    params = {"solver": solver, "warm_start": True, "batch_size": 10}
    model = partly_fitted(small(kind, **params))
    twin = copy.deepcopy(model)
    calls, step = [], STEPS[solver].step

    def out_of_memory(*args):
        calls.append(None)
        if len(calls) == 5:
            raise MemoryError
        step(*args)

    with monkeypatch.context() as patch:
        patch.setattr(STEPS[solver], "step", out_of_memory)
        with pytest.raises(MemoryError):
            if method == "fit":
                model.fit(X, target(kind))
            else:
                partly_fitted(model, times=2)  # the second of these fails
    if method == "partial_fit":
        partly_fitted(twin)
    assert digest(model) == digest(twin)
    assert_same_bits(partly_fitted(model), partly_fitted(twin))


# Warnings as errors


@covering(kind=ESTIMATORS, solver=SOLVERS, early_stopping=EARLY)
def test_a_convergence_warning_raised_as_error_leaves_a_fitted_model(
    kind, solver, early_stopping
):
    params = {"solver": solver, "early_stopping": early_stopping}
    model, twin = small(kind, **params), fitted(small(kind, **params))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises(ConvergenceWarning):
            model.fit(X, target(kind))
    assert digest(model) == digest(twin)
    np.testing.assert_array_equal(model.predict(X), twin.predict(X))


def test_warnings_point_at_the_line_that_called_fit():
    for model in (small(MLPRegressor), small(MLPRegressor, solver="lbfgs")):
        with pytest.warns(ConvergenceWarning) as caught:
            model.fit(X, NUMBERS)
        assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="batch_size") as caught:
        small(MLPRegressor, batch_size=N_ROWS + 1).partial_fit(X, NUMBERS)
    assert caught[0].filename == __file__


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
    size=SMALLEST,
)
def test_the_smallest_data_and_fits_give_a_usable_model(
    task, solver, dtype, weighted, size
):
    (kind, y), (rows, columns, params) = task, size
    X_small, y_small = X[rows, columns].astype(dtype), y[rows]
    weight = np.full(len(X_small), 2.0) if weighted else None
    model = small(kind, solver=solver, **params)
    quietly(model.fit, X_small, y_small, weight)
    assert model.coefs_[0].dtype == dtype
    assert np.isfinite(model.loss_)
    predicted = model.predict(X_small)
    assert predicted.shape == y_small.shape
    if kind is MLPClassifier:
        assert set(predicted) <= set(y_small)
        proba = model.predict_proba(X_small)
        n_classes = len(set(y_small.tolist()))
        assert proba.shape == (len(X_small), n_classes)
        # sums of some probabilities, each rounded to the dtype
        tolerance = 10 * np.finfo(dtype).eps
        np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=tolerance)
    else:
        assert np.isfinite(predicted).all()
    if solver != "lbfgs":
        model.partial_fit(X_small, y_small, weight)
        assert np.isfinite(model.coefs_[0]).all()


def test_one_class_is_predicted_with_one_column_of_ones():
    model = fitted(small(MLPClassifier), np.full(N_ROWS, "only"))
    assert (model.predict(X) == "only").all()
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((N_ROWS, 1)))
    np.testing.assert_array_equal(model.predict_log_proba(X), np.zeros((N_ROWS, 1)))
    assert model.score(X, np.full(N_ROWS, "only")) == 1.0


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_batches_larger_than_the_data_are_clipped_with_a_warning(kind):
    with pytest.warns(UserWarning, match="batch_size"):
        model = partly_fitted(small(kind, batch_size=N_ROWS + 1))
    assert_same_bits(model, partly_fitted(small(kind, batch_size=N_ROWS)))


def test_layers_set_by_hand_may_differ_in_dtype():
    model = fitted(small(MLPRegressor))
    expected = model.predict(X)
    model.coefs_[1] = model.coefs_[1].astype(np.float32).astype(np.float64)
    mixed = copy.deepcopy(model)
    mixed.coefs_[1] = mixed.coefs_[1].astype(np.float32)
    np.testing.assert_array_equal(mixed.predict(X), model.predict(X))
    np.testing.assert_allclose(mixed.predict(X), expected, rtol=1e-4, atol=1e-5)


def test_predictions_keep_the_link_of_the_fit():
    model = fitted(small(MLPRegressor))
    expected = model.predict(X)
    np.testing.assert_array_equal(model.set_params(loss="poisson").predict(X), expected)


def test_a_model_made_float64_by_hand_has_a_float64_solver_state():
    model = small(MLPRegressor)
    model.partial_fit(X.astype(np.float32), NUMBERS)
    model.coefs_ = [W.astype(np.float64) for W in model.coefs_]
    model.intercepts_ = [b.astype(np.float64) for b in model.intercepts_]
    model.partial_fit(X, NUMBERS)
    state = model._state.memory.solver_state["solver"]["values"]
    assert {state["m"].dtype, state["v"].dtype} == {np.dtype(np.float64)}


def test_weights_so_small_that_the_penalty_overflows_are_refused_by_name():
    with pytest.raises(ValueError, match="MLPRegressor: sample_weight"):
        small(MLPRegressor).fit(X.astype(np.float32), NUMBERS, np.full(N_ROWS, 1e-300))


def test_early_stopping_that_never_had_a_score_says_that_it_kept_the_start():
    huge = X.copy()
    huge[7] = 1e160 * np.abs(X[7])
    messages = set()
    for seed in range(12):  # row 7 is among the validation rows of some
        model = small(
            MLPRegressor, activation="identity", early_stopping=True, random_state=seed
        )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(huge, NUMBERS)
        if model.best_validation_score_ == -np.inf:
            (message,) = {str(warning.message) for warning in caught}
            messages.add("the weights are the initial ones" in message.lower())
    assert messages == {True}
