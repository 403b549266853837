"""refit: after early stopping, the same training on all rows."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.model_selection import PredefinedSplit

import skmlp.training.minibatch
from skmlp import Dropout, MLPClassifier, MLPRegressor
from skmlp.network.objective import Objective
from skmlp.schedules import SCHEDULES
from skmlp.solvers import SGD, Adam

from ...cases import in_one_test
from ...conftest import Task, assert_close, covering, parameters

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
    "binary": Task(MLPClassifier, NUMBERS > 0),
    "multiclass": Task(MLPClassifier, np.array(["a", "b", "c"])[CODES]),
    "multilabel": Task(MLPClassifier, np.c_[NUMBERS > 1, X[:, 0] > 0].astype(int)),
    "class columns": Task(
        MLPClassifier, np.c_[CODES, np.digitize(X[:, 0], [-0.5, 0.5])]
    ),
    "regression": Task(MLPRegressor, NUMBERS),
    "multi-output": Task(MLPRegressor, np.c_[NUMBERS, X[:, 1] ** 2]),
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
    "frame": lambda X: pytest.importorskip("pandas").DataFrame(X, columns=[*"abcd"]),
}
THREE = ["sgd", "adam", "lbfgs"]
SOME = ["multiclass", "regression"]
WEIGHTED = {"plain": None, "weighted": WEIGHT}
each_kind = pytest.mark.parametrize("task", SOME)
every_solver_and_kind = pytest.mark.parametrize(
    ("solver", "task"),
    [("sgd", "multiclass"), ("adam", "regression"), ("lbfgs", "multiclass")],
)
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
    return TASKS[task].make(**{**defaults, **params})


def fit(task, sample_weight=None, X=X, **params):
    return make(task, **params).fit(X, TASKS[task].y, sample_weight)


def watched(task, *args, **params):
    return fit(task, *args, **WATCHING | params)


def refitted(task, *args, **params):
    return watched(task, *args, refit=True, **params)


def plain(task, model, *args, **params):
    """A fit on all rows for the best number of epochs of the model."""
    params |= {"max_iter": model.best_epoch_, "n_iter_no_change": np.inf}
    return fit(task, *args, **params)


def assert_same_parameters(model, expected):
    np.testing.assert_array_equal(parameters(model), parameters(expected))
    assert parameters(model).dtype == parameters(expected).dtype


# The same model as a fit on all rows


@in_one_test(covering(task=[*TASKS], params=SOLVERS, weight=WEIGHTED))
def test_a_refit_is_a_fit_on_all_rows_for_the_best_number_of_epochs(
    task, params, weight
):
    model = refitted(task, weight, **params)
    expected = plain(task, model, weight, **params)
    assert_same_parameters(model, expected)
    assert model.loss_ == expected.loss_


@covering(form=[*FORMS], solver=THREE, task=SOME)
def test_a_refit_is_that_fit_in_every_form_of_X(form, solver, task):
    rows = FORMS[form](X)
    model = refitted(task, X=rows, solver=solver)
    assert_same_parameters(model, plain(task, model, X=rows, solver=solver))


def test_in_some_of_these_fits_the_best_epoch_is_not_the_last():
    models = [refitted(task) for task in TASKS]
    # over 20 seeds, five of the six or all
    assert sum(model.best_epoch_ < model.n_iter_ for model in models) > 3


SETTINGS = {
    "a deep one": {"hidden_layer_sizes": (5, 4), "activation": "tanh"},
    "drawn otherwise": {"initializer": "he_normal"},
    "penalties": {"alpha": 0.5, "alpha_l1": 0.01, "solver": Adam(max_norm=1.0)},
    "one batch": {"batch_size": N_ROWS},
    "scores": {"scoring": None},
    "a fraction": {"validation_fraction": 0.25},
}


@pytest.mark.filterwarnings("ignore:Got `batch_size`:UserWarning")
@in_one_test(covering(params=SETTINGS, task=SOME))
def test_a_refit_is_that_fit_with_other_settings(params, task):
    model = refitted(task, **params)
    own = {n: v for n, v in params.items() if n not in WATCHING}
    assert_same_parameters(model, plain(task, model, **own))


@in_one_test(
    covering(
        task=["binary", "multiclass", "multilabel", "class columns"],
        solver=THREE,
        weight=WEIGHTED,
    )
)
def test_balanced_class_weights_are_those_of_all_rows(task, solver, weight):
    params = {"class_weight": "balanced", "solver": solver}
    model = refitted(task, weight, **params)
    assert_same_parameters(model, plain(task, model, weight, **params))


SCALED = {
    "inputs": {"scale_input": True},
    "targets": {"scale_target": True},
    "both": {"scale_input": True, "scale_target": True},
}


@in_one_test(
    covering(
        params=SCALED,
        solver=THREE,
        task=["regression", "multi-output"],
        weight=WEIGHTED,
    )
)
def test_scales_are_those_of_all_rows(params, solver, task, weight):
    rows = 3.0 + 2.0 * X
    params = params | {"solver": solver, "learning_rate_init": 0.01}
    model = refitted(task, weight, X=rows, **params)
    assert_same_parameters(model, plain(task, model, weight, X=rows, **params))


@in_one_test(pytest.mark.parametrize("task", TASKS))
def test_the_optimal_bias_is_that_of_all_rows(task):
    # of each solver with two tasks
    params = {"output_bias": "optimum", "solver": THREE[[*TASKS].index(task) % 3]}
    model = refitted(task, **params)
    assert_same_parameters(model, plain(task, model, **params))


@covering(solver=THREE, params={"plain": {}, "both": SCALED["both"]})
def test_a_refit_starts_from_the_first_weights_that_were_given(solver, params):
    start = fit("regression", max_iter=2)
    before = parameters(start).copy()
    params = params | {"coefs_init": start, "solver": solver}
    params["learning_rate_init"] = 0.01
    model = refitted("regression", **params)
    # the first weights are folded into scales and out of others
    assert_close(model, plain("regression", model, **params), rtol=1e-8)
    np.testing.assert_array_equal(parameters(start), before)


@covering(solver=THREE, params={"plain": {}, "scaled": SCALED["inputs"]}, task=SOME)
def test_a_refit_of_a_fit_that_goes_on_starts_where_that_fit_did(solver, params, task):
    y, params = TASKS[task].y, params | {"solver": solver, "warm_start": True}
    model, expected = (fit(task, max_iter=3, **params) for _ in range(2))
    n_before = len(model.history_["loss"])
    model.set_params(max_iter=30, refit=True, **WATCHING).fit(X, y)
    assert model.best_epoch_ > n_before  # over 20 seeds: by 1 to 24
    n_epochs = model.best_epoch_ - n_before
    expected.set_params(max_iter=n_epochs, n_iter_no_change=np.inf).fit(X, y)
    assert_close(model, expected, rtol=1e-8)


@each_kind
def test_with_shuffles_and_noise_the_same_seed_gives_the_same_refit(task):
    params = {"shuffle": True, "dropout": Dropout(0.2, noise=0.1)}
    models = [refitted(task, **params) for _ in range(2)]
    assert_same_parameters(*models)
    assert not np.array_equal(
        parameters(models[0]), parameters(watched(task, **params))
    )


@each_kind
def test_partial_fit_goes_on_from_the_refit(task):
    y, model = TASKS[task].y, refitted(task)
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


@covering(name=OF_PROGRESS, best=[2, 11], solver=["sgd", "adam"], task=SOME)
def test_schedules_are_planned_over_the_same_epochs_as_in_the_first_run(
    name, best, solver, task
):
    params = {"solver": solver, "max_iter": 20, "n_iter_no_change": 50}
    model = refitted(task, learning_rate=name, **params, **best_in(best))
    assert model.best_epoch_ == best
    factor = SCHEDULES[name]().at
    params = {"solver": solver, "learning_rate": lambda t: factor(best / 20 * t)}
    # progress is rounded otherwise
    assert_close(model, plain(task, model, **params), rtol=1e-8)


@pytest.mark.parametrize("name", ["adaptive", "plateau"])
@each_kind
def test_drops_of_the_rate_happen_in_the_same_epochs(task, name):
    params = {"learning_rate": name, "tol": 0.02, "n_iter_no_change": 1}
    params["solver"] = "sgd"
    model = refitted(task, **params, **best_in(13))
    assert model.best_epoch_ == 13
    rates = model.history_["learning_rate"][:13]
    assert len(set(rates)) > 2

    def factor(progress):
        return rates[min(12, int(13 * progress + 1e-9))] / rates[0]

    expected = plain(task, model, solver="sgd", learning_rate=factor)
    assert_close(model, expected, rtol=1e-8)  # quotients of rates are rounded


@each_kind
def test_rates_by_the_number_of_rows_seen_begin_anew(task):
    params = {"solver": "sgd", "learning_rate": "invscaling", "n_iter_no_change": 50}
    model = refitted(task, **params, **best_in(7))
    assert model.best_epoch_ == 7
    assert_same_parameters(model, plain(task, model, **params))


# What stays of the first run


@covering(solver=THREE, task=["multiclass", "class columns", "regression"])
def test_history_curves_and_scores_stay_those_of_the_first_run(solver, task):
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


@every_solver_and_kind
def test_the_reason_of_the_end_tells_of_the_refit(solver, task):
    model, first = (train(task, solver=solver) for train in (refitted, watched))
    told = f" Refitted on all rows for {model.best_epoch_} epochs."
    assert model.stop_reason_ == first.stop_reason_ + told
    assert "refit" not in first.stop_reason_


# Where nothing is refitted


@each_kind
def test_where_lbfgs_ignores_early_stopping_refit_is_refused(task):
    with pytest.raises(ValueError, match="refit must be False"):
        fit(task, solver="lbfgs", early_stopping=True, refit=True)


@every_solver_and_kind
def test_without_any_score_nothing_is_refitted(solver, task):
    params = {"solver": solver, "scoring": lambda estimator, X, y: -np.inf}
    model, first = (train(task, **params) for train in (refitted, watched))
    assert_same_parameters(model, first)
    assert model.best_epoch_ is None
    assert model.stop_reason_.endswith("There was no refit on all rows.")


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@each_kind
def test_a_fit_that_goes_on_without_improvement_is_not_refitted(task, solver):
    y, models = TASKS[task].y, []
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
        make("regression", refit=refit, **params | counting()).fit(X, y)
        for refit in (True, False)
    )
    assert_same_parameters(model, first)
    assert np.isfinite(parameters(model)).all() and model.loss_ == first.loss_
    assert model.stop_reason_.startswith(first.stop_reason_)
    assert "refit on all rows" in model.stop_reason_
    assert "discarded" in model.stop_reason_


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


@covering(
    n_after={"at once": 0, "soon": 1, "later": 5},
    solver=THREE,
    task=SOME,
)
def test_an_interrupted_refit_keeps_the_best_model_of_the_first_run(
    monkeypatch, n_after, solver, task
):
    params = {"solver": solver, **counting()}
    first, n_calls = count_evaluations(
        monkeypatch, lambda: watched(task, **params | counting())
    )
    interrupt_after(monkeypatch, n_calls + n_after)
    with pytest.warns(UserWarning, match=r"^Training interrupted by user\.\n"):
        model = refitted(task, **params)
    assert_same_parameters(model, first)
    assert model.loss_ == first.loss_ and model.n_iter_ == first.n_iter_
    assert "refit on all rows was interrupted" in model.stop_reason_


def test_an_interrupted_refit_leaves_the_reason_of_the_first_runs_end(monkeypatch):
    params = {"max_iter": 6}
    first, n_calls = count_evaluations(
        monkeypatch, lambda: watched("multiclass", **params, **counting())
    )
    interrupt_after(monkeypatch, n_calls + 5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = refitted("multiclass", **params, **counting())
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
    model = fit("multiclass")
    before = vars(model).copy()
    model.set_params(refit=True, **WATCHING)
    run, runs = skmlp.training.minibatch.Training.run, iter(range(10))

    def failing(self, n_epochs):
        if next(runs):
            raise MemoryError
        return run(self, n_epochs)

    monkeypatch.setattr(skmlp.training.minibatch.Training, "run", failing)
    with pytest.raises(MemoryError):
        model.fit(X, TASKS["multiclass"].y)
    settings = {"refit", *WATCHING}
    for name in before.keys() - settings:
        assert vars(model)[name] is before[name]


# What is refused


def assert_refused(model, task, words):
    before = vars(model).copy()
    with pytest.raises(ValueError, match=f"{type(model).__name__}: {words}"):
        model.fit(X, TASKS[task].y)
    assert vars(model) == before


@every_solver_and_kind
def test_a_refit_needs_early_stopping(solver, task):
    model = make(task, solver=solver, refit=True)
    assert_refused(model, task, "refit must be False with early_stopping=False")


@each_kind
def test_a_refit_is_refused_with_a_checkpoint(task, tmp_path):
    path = tmp_path / "state"
    model = make(task, refit=True, early_stopping=True, checkpoint=path)
    assert_refused(model, task, "checkpoint must be None with refit=True")
    assert not path.exists()


@each_kind
def test_refit_must_be_a_boolean(task):
    for refit in (None, "yes", 2, [True]):
        model = make(task, refit=refit, early_stopping=True)
        assert_refused(model, task, "refit must be")


def test_sizes_by_rows_are_those_of_the_first_run():
    # of 2,400 rows 1,920 train first, 64 a batch; of all it would be 128
    params = {"early_stopping": True, "validation_fraction": 0.2, "refit": True}
    params |= {"hidden_layer_sizes": (), "batch_size": "by_rows", "max_iter": 1}
    model = MLPRegressor(**params)
    rows = np.random.default_rng(0).normal(size=(2400, 2))
    assert model.fit(rows, rows[:, 0]).n_updates_ == -(-2400 // 64)
