"""refit: after early stopping, the same training on all rows."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.model_selection import PredefinedSplit

import skmlp.training
from skmlp import MLPClassifier, MLPRegressor
from skmlp.objective import Objective
from skmlp.schedules import SCHEDULES
from skmlp.solvers import SGD, Adam

# some updates are enough here, whether they converged or not
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

N_ROWS, N_TRAINING = 80, 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4))
# much noise, by which the validation loss soon rises
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] + 2.0 * RNG.normal(size=N_ROWS)
CODES = np.digitize(NUMBERS, [-1.5, 1.0])
WEIGHT = RNG.uniform(0.2, 3.0, N_ROWS)
HELD = PredefinedSplit(np.where(np.arange(N_ROWS) < N_TRAINING, -1, 0))

TASKS = {
    "binary": (MLPClassifier, NUMBERS > 0),
    "words": (MLPClassifier, np.array(["a", "b", "c"])[CODES]),
    "labels": (MLPClassifier, np.c_[NUMBERS > 1, X[:, 0] > 0].astype(int)),
    "columns": (MLPClassifier, np.c_[CODES, np.digitize(X[:, 0], [-0.5, 0.5])]),
    "numbers": (MLPRegressor, NUMBERS),
    "outputs": (MLPRegressor, np.c_[NUMBERS, X[:, 1] ** 2]),
}
SOLVERS = {
    "sgd": {"solver": "sgd"},
    "adam": {},
    "lbfgs": {"solver": "lbfgs"},
    "averaged": {"solver": SGD(averaging=0.8)},
    "clipped": {"solver": Adam(clip_norm=0.1)},
}
FORMS = {
    "dense": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "sparse": lambda X: sparse.csr_array(np.where(np.abs(X) < 0.5, 0, X)),
    "frame": lambda X: pd.DataFrame(X, columns=list("abcd")),
}
every_task = pytest.mark.parametrize("task", TASKS)
every_solver = pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
each_kind = pytest.mark.parametrize("task", ["words", "numbers"])
WATCHING = {"early_stopping": True, "scoring": "loss", "validation_fraction": HELD}


def make(task, **params):
    # without shuffles, which the two runs would draw one after the other
    defaults = {
        "hidden_layer_sizes": (6,),
        "batch_size": 20,
        "max_iter": 40,
        "learning_rate_init": 0.05,
        "n_iter_no_change": 4,
        "shuffle": False,
        "random_state": 0,
    }
    return TASKS[task][0](**{**defaults, **params})


def fit(task, sample_weight=None, X=X, **params):
    return make(task, **params).fit(X, TASKS[task][1], sample_weight)


def watched(task, *args, **params):
    return fit(task, *args, **WATCHING | params)


def refitted(task, *args, **params):
    return watched(task, *args, refit=True, **params)


def plain(task, model, *args, **params):
    """A fit on all rows for the best number of epochs of the model."""
    return fit(task, *args, **params | {"max_iter": model.best_epoch_, "tol": 0.0})


def parameters(model):
    return np.concatenate([a.ravel() for a in (*model.coefs_, *model.intercepts_)])


def assert_same_parameters(model, expected):
    np.testing.assert_array_equal(parameters(model), parameters(expected))
    assert parameters(model).dtype == parameters(expected).dtype


def assert_close_parameters(model, expected, rtol=1e-8):
    found, wanted = parameters(model), parameters(expected)
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol)


# The same model as a fit on all rows


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("params", SOLVERS.values(), ids=SOLVERS)
@every_task
def test_a_refit_is_a_fit_on_all_rows_for_the_best_number_of_epochs(
    task, params, weighted
):
    weight = WEIGHT if weighted else None
    model = refitted(task, weight, **params)
    expected = plain(task, model, weight, **params)
    assert_same_parameters(model, expected)
    assert model.loss_ == expected.loss_


@pytest.mark.parametrize("form", FORMS)
@every_solver
@each_kind
def test_a_refit_is_that_fit_in_every_form_of_X(task, solver, form):
    rows = FORMS[form](X)
    model = refitted(task, X=rows, solver=solver)
    assert_same_parameters(model, plain(task, model, X=rows, solver=solver))


def test_in_some_of_these_fits_the_best_epoch_is_not_the_last():
    for task in TASKS:
        model = refitted(task)
        assert model.best_epoch_ < model.n_iter_


SETTINGS = {
    "a deep one": {"hidden_layer_sizes": (5, 4), "activation": "tanh"},
    "drawn otherwise": {"initializer": "he_normal"},
    "penalties": {"alpha": 0.5, "alpha_l1": 0.01, "max_norm": 1.0},
    "one batch": {"batch_size": N_ROWS},
    "scores": {"scoring": None},
    "a fraction": {"validation_fraction": 0.25},
}


@pytest.mark.filterwarnings("ignore:Got `batch_size`:UserWarning")
@pytest.mark.parametrize("params", SETTINGS.values(), ids=SETTINGS)
@every_task
def test_a_refit_is_that_fit_with_other_settings(task, params):
    model = refitted(task, **params)
    own = {n: v for n, v in params.items() if n not in WATCHING}
    assert_same_parameters(model, plain(task, model, **own))


@every_solver
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("task", ["binary", "words", "labels", "columns"])
def test_balanced_class_weights_are_those_of_all_rows(task, weighted, solver):
    params = {"class_weight": "balanced", "solver": solver}
    weight = WEIGHT if weighted else None
    model = refitted(task, weight, **params)
    assert_same_parameters(model, plain(task, model, weight, **params))


SCALED = {
    "inputs": {"scale_input": True},
    "targets": {"scale_target": True},
    "both": {"scale_input": True, "scale_target": True},
}


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("params", SCALED.values(), ids=SCALED)
@every_solver
@pytest.mark.parametrize("task", ["numbers", "outputs"])
def test_scales_are_those_of_all_rows(task, solver, params, weighted):
    weight, rows = WEIGHT if weighted else None, 3.0 + 2.0 * X
    params = params | {"solver": solver, "learning_rate_init": 0.01}
    model = refitted(task, weight, X=rows, **params)
    assert_same_parameters(model, plain(task, model, weight, X=rows, **params))


@every_solver
@every_task
def test_the_optimal_bias_is_that_of_all_rows(task, solver):
    params = {"output_bias": "optimum", "solver": solver}
    model = refitted(task, **params)
    assert_same_parameters(model, plain(task, model, **params))


@every_solver
@pytest.mark.parametrize("params", [{}, *SCALED.values()], ids=["plain", *SCALED])
def test_a_refit_starts_from_the_first_weights_that_were_given(solver, params):
    start = fit("numbers", max_iter=2)
    before = parameters(start).copy()
    params = params | {"coefs_init": start, "solver": solver}
    params["learning_rate_init"] = 0.01
    model = refitted("numbers", **params)
    # the first weights are folded into scales and out of others
    assert_close_parameters(model, plain("numbers", model, **params))
    np.testing.assert_array_equal(parameters(start), before)


@every_solver
@pytest.mark.parametrize("params", [{}, SCALED["inputs"]], ids=["plain", "scaled"])
@each_kind
def test_a_refit_of_a_fit_that_goes_on_starts_where_that_fit_did(task, params, solver):
    y, params = TASKS[task][1], params | {"solver": solver, "warm_start": True}
    model, expected = (fit(task, max_iter=3, **params) for _ in range(2))
    n_before = len(model.history_["loss"])
    model.set_params(max_iter=30, refit=True, **WATCHING).fit(X, y)
    assert model.best_epoch_ > n_before
    expected.set_params(max_iter=model.best_epoch_ - n_before, tol=0.0).fit(X, y)
    assert_close_parameters(model, expected)


@each_kind
def test_with_shuffles_and_noise_the_same_seed_gives_the_same_refit(task):
    params = {"shuffle": True, "dropout": 0.2, "input_noise": 0.1}
    models = [refitted(task, **params) for _ in range(2)]
    assert_same_parameters(*models)
    assert not np.array_equal(
        parameters(models[0]), parameters(watched(task, **params))
    )


@each_kind
def test_partial_fit_goes_on_from_the_refit(task):
    y, model = TASKS[task][1], refitted(task)
    expected = plain(task, model)
    model.set_params(early_stopping=False, refit=False)
    for one in (model, expected):
        one.partial_fit(X, y)
    assert_same_parameters(model, expected)


# Schedules


OF_PROGRESS = ["cosine", "one_cycle", "exponential", "step", "linear", "coslog4"]


def best_in(epoch):
    """A scorer whose scores are best in that epoch, after some plateaus."""
    scores = iter(np.r_[np.full(epoch - 1, 0.1), 0.5, 0.0, np.full(100, 0.2)])
    return {"scoring": lambda estimator, X, y: next(scores)}


@pytest.mark.parametrize("best", [2, 11])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("name", OF_PROGRESS)
@each_kind
def test_schedules_are_planned_over_the_same_epochs_as_in_the_first_run(
    task, name, solver, best
):
    params = {"solver": solver, "max_iter": 20, "n_iter_no_change": 50}
    model = refitted(task, learning_rate=name, **params, **best_in(best))
    assert model.best_epoch_ == best
    factor = SCHEDULES[name]().at
    params = {"solver": solver, "learning_rate": lambda t: factor(best / 20 * t)}
    # progress is rounded otherwise
    assert_close_parameters(model, plain(task, model, **params))


DROPS = {
    "adaptive": {"learning_rate": "adaptive"},
    "plateau": {"learning_rate": "plateau"},
}


@pytest.mark.parametrize("params", DROPS.values(), ids=DROPS)
@each_kind
def test_drops_of_the_rate_happen_in_the_same_epochs(task, params):
    params = params | {"solver": "sgd", "tol": 0.02, "n_iter_no_change": 1}
    model = refitted(task, **params, **best_in(13))
    assert model.best_epoch_ == 13
    rates = model.history_["learning_rate"][:13]
    assert len(set(rates)) > 2

    def factor(progress):
        return rates[min(12, int(13 * progress + 1e-9))] / rates[0]

    expected = plain(task, model, solver="sgd", learning_rate=factor)
    assert_close_parameters(model, expected)  # quotients of rates are rounded


@each_kind
def test_rates_by_the_number_of_rows_seen_begin_anew(task):
    params = {"solver": "sgd", "learning_rate": "invscaling"}
    model = refitted(task, **params)
    assert model.best_epoch_ > 1
    assert_same_parameters(model, plain(task, model, **params))


# What stays of the first run


@every_solver
@every_task
def test_history_curves_and_scores_stay_those_of_the_first_run(task, solver):
    model, first = (train(task, solver=solver) for train in (refitted, watched))
    assert model.history_.keys() == first.history_.keys()
    for name in model.history_.keys() - {"seconds"}:
        np.testing.assert_array_equal(model.history_[name], first.history_[name])
    names = ["n_iter_", "best_epoch_"]
    if solver != "lbfgs":
        names += ["loss_curve_", "validation_scores_", "validation_loss_curve_"]
        names += ["best_validation_score_", "best_loss_"]
    for name in names:
        assert getattr(model, name) == getattr(first, name)
    assert vars(model).keys() == vars(first).keys()
    assert not np.array_equal(parameters(model), parameters(first))


@every_solver
@each_kind
def test_the_reason_of_the_end_tells_of_the_refit(task, solver):
    model, first = (train(task, solver=solver) for train in (refitted, watched))
    told = f" It was refitted on all rows for {model.best_epoch_} epochs."
    assert model.stop_reason_ == first.stop_reason_ + told
    assert "refit" not in first.stop_reason_


# Where nothing is refitted


@each_kind
def test_where_lbfgs_ignores_early_stopping_refit_is_refused(task):
    with pytest.raises(ValueError, match="refit must be False"):
        fit(task, solver="lbfgs", early_stopping=True, refit=True)


@every_solver
@each_kind
def test_without_any_score_nothing_is_refitted(task, solver):
    params = {"solver": solver, "scoring": lambda estimator, X, y: -np.inf}
    model, first = (train(task, **params) for train in (refitted, watched))
    assert_same_parameters(model, first)
    assert model.best_epoch_ is None
    assert model.stop_reason_.endswith("There was no refit on all rows.")


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@each_kind
def test_a_fit_that_goes_on_without_improvement_is_not_refitted(task, solver):
    y, models = TASKS[task][1], []
    for refit in (False, True):
        scores = iter(np.linspace(1.0, 0.0, 100))
        scoring = {"scoring": lambda estimator, X, y, scores=scores: next(scores)}
        params = {"solver": solver, "max_iter": 5, "warm_start": True}
        model = watched(task, **params, **scoring)
        models.append(model.set_params(refit=refit).fit(X, y))
    assert_same_parameters(*models)
    assert models[1].best_epoch_ is None
    assert models[1].stop_reason_.endswith("There was no refit on all rows.")
    assert models[1].best_validation_score_ == 1.0


def counting():
    scores = iter(range(1000))
    return {"scoring": lambda estimator, X, y: next(scores)}


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_a_refit_that_diverges_is_dropped(solver):
    # numbers that overflow where they train, but not where a scorer looks at them
    y = np.where(np.arange(N_ROWS) < N_TRAINING, NUMBERS, 1e300)
    params = {"solver": solver, "max_iter": 5, **WATCHING}
    model, first = (
        make("numbers", refit=refit, **params | counting()).fit(X, y)
        for refit in (True, False)
    )
    assert_same_parameters(model, first)
    assert np.isfinite(parameters(model)).all() and model.loss_ == first.loss_
    assert model.stop_reason_.startswith(first.stop_reason_)
    assert "refit on all rows" in model.stop_reason_
    assert "dropped" in model.stop_reason_


def interrupt_after(monkeypatch, n_calls):
    """Have the user press Ctrl-C in that evaluation of the objective."""
    evaluate, calls = Objective.value_and_gradient, iter(range(10**6))

    def interrupted(self, *args):
        if next(calls) == n_calls:
            raise KeyboardInterrupt
        return evaluate(self, *args)

    monkeypatch.setattr(Objective, "value_and_gradient", interrupted)


def count_evaluations(monkeypatch, train):
    evaluate, calls = Objective.value_and_gradient, []

    def counted(self, *args):
        calls.append(1)
        return evaluate(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Objective, "value_and_gradient", counted)
        model = train()
    return model, len(calls)


@pytest.mark.parametrize("n_after", [0, 1, 5], ids=["at once", "soon", "later"])
@every_solver
@each_kind
def test_an_interrupted_refit_keeps_the_best_model_of_the_first_run(
    monkeypatch, task, solver, n_after
):
    params = {"solver": solver, **counting()}
    first, n_calls = count_evaluations(
        monkeypatch, lambda: watched(task, **params | counting())
    )
    interrupt_after(monkeypatch, n_calls + n_after)
    with pytest.warns(UserWarning, match=r"^Training interrupted by user\.$"):
        model = refitted(task, **params)
    assert_same_parameters(model, first)
    assert model.loss_ == first.loss_ and model.n_iter_ == first.n_iter_
    assert "refit on all rows was interrupted" in model.stop_reason_


def test_an_interrupted_refit_leaves_the_reason_of_the_first_runs_end(monkeypatch):
    params = {"max_iter": 6}
    first, n_calls = count_evaluations(
        monkeypatch, lambda: watched("words", **params, **counting())
    )
    interrupt_after(monkeypatch, n_calls + 5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = refitted("words", **params, **counting())
    # the first run had only six epochs, none of which was interrupted
    assert model.stop_reason_.startswith(first.stop_reason_)


@each_kind
def test_an_interrupted_first_run_is_not_refitted(monkeypatch, task):
    interrupt_after(monkeypatch, 10)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = refitted(task, **counting())
    assert model.stop_reason_.endswith("There was no refit on all rows.")
    monkeypatch.undo()
    expected = watched(task, **counting(), max_iter=model.n_iter_)
    assert_same_parameters(model, expected)


def test_an_error_in_the_refit_leaves_the_estimator_as_it_was(monkeypatch):
    model = fit("words")
    before = vars(model).copy()
    model.set_params(refit=True, **WATCHING)
    run, runs = skmlp.training.Training.run, iter(range(10))

    def failing(self, n_epochs):
        if next(runs):
            raise MemoryError
        return run(self, n_epochs)

    monkeypatch.setattr(skmlp.training.Training, "run", failing)
    with pytest.raises(MemoryError):
        model.fit(X, TASKS["words"][1])
    settings = {"refit", *WATCHING}
    for name in before.keys() - settings:
        assert vars(model)[name] is before[name]


# What is refused


def assert_refused(model, task, words):
    before = vars(model).copy()
    with pytest.raises(ValueError, match=f"{type(model).__name__}: {words}"):
        model.fit(X, TASKS[task][1])
    assert vars(model) == before


@every_solver
@each_kind
def test_a_refit_needs_early_stopping(task, solver):
    model = make(task, solver=solver, refit=True)
    assert_refused(model, task, "refit must be False with early_stopping=False")


@each_kind
def test_a_refit_is_refused_with_a_checkpoint(task, tmp_path):
    path = tmp_path / "state"
    model = make(task, refit=True, early_stopping=True, checkpoint=path)
    assert_refused(model, task, "checkpoint must be None with refit=True")
    assert not path.exists()


@pytest.mark.parametrize("refit", [None, "yes", 2, [True]])
@each_kind
def test_refit_must_be_a_boolean(task, refit):
    model = make(task, refit=refit, early_stopping=True)
    assert_refused(model, task, "refit must be")
