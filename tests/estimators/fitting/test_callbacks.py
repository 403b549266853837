"""scikit-learn's callbacks: when they are called, with what, and what they may end."""

import copy
import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import MLPClassifier, MLPRegressor
from skmlp.losses import LogLoss
from skmlp.solvers import SGD, Adam

from ...conftest import assert_same_bits, classes_first, digest, parameters

# a given number of epochs is enough here
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
TARGETS = {MLPClassifier: (X[:, 0] > 0).astype(int), MLPRegressor: X @ [1.0, 2, 0, 0]}
Y = TARGETS[MLPRegressor]
every_estimator = pytest.mark.parametrize("kind", TARGETS)
every_solver = pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
# by mini-batches and by the whole
each_way = pytest.mark.parametrize("solver", ["adam", "lbfgs"])
kinds_and_solvers = pytest.mark.parametrize(
    "kind, solver",
    [(MLPClassifier, "sgd"), (MLPRegressor, "adam"), (MLPClassifier, "lbfgs")],
)


def make(kind=MLPRegressor, **params):
    params = {"max_iter": 5, "batch_size": 20, "random_state": 0} | params
    return kind(hidden_layer_sizes=(5,), **params)


class Log:
    """Writes down each call; may end training, or raise, at the end of an epoch."""

    def __init__(self, end=None, error=None):
        self.end, self.error = end, error
        self.calls, self.models, self.seen = [], [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X, y, metadata):
        self.calls.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.calls.append(f"end {context.task_name} {context.task_id}")
        self.seen.append((X, y, metadata))
        if context.task_name == "fit":
            return None
        self.models.append(fitted_estimator)
        if self.error is not None:
            raise self.error
        return self.end == context.task_id + 1


def course(n_epochs):
    """What a fit of so many epochs calls."""
    epochs = [f"{when} epoch {i}" for i in range(n_epochs) for when in ("begin", "end")]
    return ["setup", "begin fit 0", *epochs, "end fit 0", "teardown"]


def assert_same_parameters(one, other):
    np.testing.assert_array_equal(parameters(one), parameters(other))


# --- without scikit-learn 1.9


WITHOUT = """
import sys
import numpy as np
import sklearn.model_selection, sklearn.neural_network, sklearn.preprocessing
import sklearn.pipeline
sys.modules["sklearn.callback"] = None
import skmlp
X = np.random.default_rng(0).normal(size=(30, 2))
for kind in skmlp.MLPClassifier, skmlp.MLPRegressor:
    mlp = kind(max_iter=300, tol=0.1, random_state=0).fit(X, (X[:, 0] > 0).astype(int))
    mlp.partial_fit(X, (X[:, 0] > 0).astype(int))
    try:
        mlp.set_callbacks()
    except NotImplementedError as error:
        print(error)
    print(round(mlp.predict(X)[0]) in (0, 1))
"""


def test_without_scikit_learns_callbacks_fits_work_and_setting_them_is_refused():
    # --rounding-noise would import skmlp before the script can hide a module from it
    env = {k: v for k, v in os.environ.items() if k != "SKMLP_ROUNDING_NOISE"}
    command = [sys.executable, "-c", WITHOUT]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    expected = []
    for kind in "MLPClassifier", "MLPRegressor":
        needs = "set_callbacks needs scikit-learn 1.9 or later."
        expected += [f"{kind}: {needs}", "True"]
    assert ran.stdout.splitlines() == expected


callback = pytest.importorskip("sklearn.callback")


# --- when they are called


@kinds_and_solvers
def test_hooks_are_called_in_order_and_once_an_epoch(kind, solver):
    log = Log()
    mlp = make(kind, solver=solver).set_callbacks(log).fit(X, TARGETS[kind])
    assert mlp.n_iter_ == 5
    assert log.calls == course(5)


@every_solver
def test_fits_that_end_by_themselves_have_fewer_epochs(solver):
    # the loss begins below 10, and cannot fall by 0.5 twenty times
    log, params = Log(), {"tol": 0.5, "n_iter_no_change": 1, "max_iter": 100}
    mlp = make(solver=solver, **params).set_callbacks(log).fit(X, Y)
    assert mlp.n_iter_ < 100
    assert log.calls == course(mlp.n_iter_)


def test_several_callbacks_are_each_called():
    logs = Log(), Log()
    make().set_callbacks(*logs).fit(X, Y)
    assert [log.calls for log in logs] == [course(5)] * 2


@each_way
def test_each_fit_calls_them_anew_and_none_are_called_once_they_are_removed(solver):
    log = Log()
    mlp = make(solver=solver, warm_start=True).set_callbacks(log)
    for _ in range(2):
        mlp.fit(X, Y)
    assert log.calls == course(5) * 2
    mlp.set_callbacks().fit(X, Y)
    assert log.calls == course(5) * 2


def test_an_epoch_that_is_trained_again_is_told_once():
    # weight and bias share one error, which each of 60 steps multiplies by 1 - 2 rate;
    # its square may be 1e308: in the end it would be 1e333, at half the rate 1e297
    rows, log = np.ones((60, 1)), Log()
    params = {"solver": SGD(momentum=0.0), "batch_size": 1, "recover": True}
    mlp = make(learning_rate_init=300.0, max_iter=1, **params).set_callbacks(log)
    mlp.set_params(hidden_layer_sizes=()).fit(rows, rows[:, 0])
    assert mlp.stop_reason_.count("began anew") == 1
    assert log.calls == course(1)


def test_a_refit_is_not_told():
    log, params = Log(), {"early_stopping": True, "refit": True}
    mlp = make(**params).set_callbacks(log).fit(X, Y)
    assert "refitted" in mlp.stop_reason_
    assert log.calls == course(5)


@every_estimator
def test_partial_fit_calls_no_hook(kind):
    log, y = Log(), TARGETS[kind]
    mlp = make(kind).set_callbacks(log)
    mlp.partial_fit(X, y, **classes_first(kind, y)).partial_fit(X, y)
    assert log.calls == []


# --- what they are given


@every_solver
def test_x_and_y_are_those_given_to_fit(solver):
    log, rows, y = Log(), X.tolist(), Y.tolist()
    make(solver=solver).set_callbacks(log).fit(rows, y)
    assert all(seen[0] is rows and seen[1] is y for seen in log.seen)
    assert all(metadata is None for *_, metadata in log.seen)


def test_x_and_y_are_the_frame_and_series_given_to_fit(pandas):
    log, frame = Log(), pandas.DataFrame(X, columns=list("abcd"))
    y = pandas.Series(Y)
    make().set_callbacks(log).fit(frame, y)
    assert all(seen[0] is frame and seen[1] is y for seen in log.seen)


@pytest.mark.parametrize("weighted", ["keyword", "position"])
def test_weights_are_metadata(weighted):
    log, weight = Log(), np.ones(60)
    mlp = make().set_callbacks(log)
    if weighted == "keyword":
        mlp.fit(X, Y, sample_weight=weight)
    else:
        mlp.fit(X, Y, weight)
    for *_, metadata in log.seen:
        assert list(metadata) == ["sample_weight"]
        assert metadata["sample_weight"] is weight


MODELS = {
    "sgd": {"solver": "sgd"},
    "adam": {},
    "lbfgs": {"solver": "lbfgs"},
    "scaled inside": {"scale_input": True},
    "scaled inside of lbfgs": {"scale_input": True, "solver": "lbfgs"},
    "averaging": {"solver": Adam(averaging=0.8)},
    "averaging of sgd": {"solver": SGD(averaging=0.5)},
    "noise": {"dropout": 0.3},
    "penalty": {"alpha": 0.5},
    "penalty of lbfgs": {"alpha": 0.5, "solver": "lbfgs"},
}


@pytest.mark.parametrize("case", MODELS)
def test_the_fitted_estimator_is_the_one_of_as_many_epochs(case):
    for kind, y in TARGETS.items():
        params = MODELS[case]
        if kind is MLPRegressor and "scale_input" in params:
            params = params | {"scale_target": True}
        log = Log()
        make(kind, **params).set_callbacks(log).fit(X, y)
        assert len(log.models) == 5
        for n_epochs, model in enumerate(log.models, start=1):
            alone = make(kind, max_iter=n_epochs, **params).fit(X, y)
            assert_same_parameters(model, alone)
            np.testing.assert_array_equal(model.predict(X), alone.predict(X))
            assert model.score(X, y) == alone.score(X, y)


@kinds_and_solvers
def test_with_early_stopping_the_fitted_estimator_is_that_of_the_epoch(kind, solver):
    # and not of the best one so far: as if no rows were watched
    watched, log = {"X_val": X[:20], "y_val": TARGETS[kind][:20]}, Log()
    params = {"solver": solver, "learning_rate_init": 0.1}
    mlp = make(kind, early_stopping=True, **params).set_callbacks(log)
    mlp.fit(X, TARGETS[kind], **watched)
    for n_epochs, model in enumerate(log.models, start=1):
        alone = make(kind, max_iter=n_epochs, **params).fit(X, TARGETS[kind])
        assert_same_parameters(model, alone)
    assert_same_parameters(log.models[mlp.best_epoch_ - 1], mlp)


CASES = {
    "labels": (MLPClassifier(), np.array(["yes", "no"])[TARGETS[MLPClassifier]]),
    "several labels": (MLPClassifier(), (X[:, :3] > 0).astype(int)),
    "columns of classes": (MLPClassifier(), (X[:, :2] > 0) + 2 * (X[:, 1:3] > 1)),
    "soft targets": (
        MLPClassifier(loss=LogLoss(soft_targets=True)),
        rng.dirichlet(np.ones(3), 60),
    ),
    "several outputs": (MLPRegressor(), X[:, :2]),
    "counts": (MLPRegressor(loss="poisson"), np.abs(X[:, 0]).round()),
}


@pytest.mark.parametrize("case", CASES)
@each_way
def test_the_fitted_estimator_can_all_that_a_fitted_one_can(solver, case):
    mlp, y = CASES[case]
    log, mlp = Log(), clone(mlp).set_params(solver=solver, max_iter=3, random_state=0)
    mlp.set_callbacks(log).fit(X, y)
    last = log.models[-1]
    np.testing.assert_array_equal(last.predict(X), mlp.predict(X))
    if case != "columns of classes":
        assert last.score(X, y) == mlp.score(X, y)
    if isinstance(mlp, MLPClassifier):
        np.testing.assert_array_equal(last.predict_proba(X), mlp.predict_proba(X))
    for name in "n_features_in_", "n_layers_", "n_outputs_", "out_activation_":
        assert getattr(last, name) == getattr(mlp, name)


# --- what they may end


@kinds_and_solvers
def test_a_callback_ends_training_after_the_epoch(kind, solver):
    for end in (1, 3, 5):
        log = Log(end=end)
        mlp = make(kind, solver=solver).set_callbacks(log)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what was asked for needs no warning
            warnings.filterwarnings("ignore", ".*constant one.*")
            mlp.fit(X, TARGETS[kind])
        assert mlp.n_iter_ == end
        assert mlp.stop_reason_ == f"A callback ended it after epoch {end}."
        assert log.calls == course(end)
        alone = make(kind, solver=solver, max_iter=end).fit(X, TARGETS[kind])
        assert_same_bits(mlp, alone)
        assert len(mlp.history_["loss"]) == end


def test_one_of_several_callbacks_is_enough_to_end_training():
    logs = Log(), Log(end=2), Log()
    mlp = make().set_callbacks(*logs).fit(X, Y)
    assert mlp.n_iter_ == 2
    assert [log.calls for log in logs] == [course(2)] * 3


@every_solver
def test_early_stopping_keeps_the_best_epoch_where_a_callback_ends_it(solver):
    params = {"solver": solver, "early_stopping": True, "scoring": "loss"}
    params |= {"learning_rate_init": 0.1, "max_iter": 50}
    params["validation_fraction"] = ShuffleSplit(1, test_size=0.3, random_state=0)
    log = Log(end=9)
    mlp = make(**params).set_callbacks(log).fit(X, Y)
    losses = mlp.history_["validation_loss"]
    assert len(losses) == mlp.n_iter_ <= 9
    assert mlp.best_epoch_ == np.argmin(losses) + 1
    assert_same_parameters(mlp, log.models[mlp.best_epoch_ - 1])


def test_where_a_callback_ended_training_there_is_no_refit():
    mlp = make(early_stopping=True, refit=True).set_callbacks(Log(end=2))
    mlp.fit(X, Y)
    why = "A callback ended it after epoch 2. There was no refit on all rows."
    assert mlp.stop_reason_ == why


# --- what they leave


@kinds_and_solvers
def test_callbacks_change_no_bit_and_leave_nothing_behind(kind, solver):
    plain = make(kind, solver=solver).fit(X, TARGETS[kind])
    mlp = make(kind, solver=solver).set_callbacks(Log()).fit(X, TARGETS[kind])
    assert set(vars(mlp)) == set(vars(plain)) | {"_skl_callbacks"}
    assert digest(mlp.set_callbacks()) == digest(plain)


def fitted(kind=MLPRegressor, **params):
    return make(kind, **params).fit(X, TARGETS[kind])


def test_epochs_that_are_trained_again_after_divergence_are_told_too():
    # the rate is safe in the first half of training, and overflows in the other
    rng = np.random.default_rng(0)
    signs = np.sign(rng.normal(size=(100, 4)))
    log = Log()
    model = MLPRegressor(
        hidden_layer_sizes=(),
        solver=SGD(momentum=0.0),
        batch_size=1,
        learning_rate_init=0.1,
        learning_rate=lambda progress: 1.0 if progress < 0.4 else 24.0,
        recover=True,
        max_iter=10,
        random_state=0,
    )
    model.set_callbacks(log)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the rate stays too large
        try:
            model.fit(signs, signs @ [1.0, -2.0, 0.5, 0.0])
        except ValueError as error:
            assert "non-finite parameter weights" in str(error)
    assert log.calls[-1] == "teardown"
    assert len(log.models) > 4


BAD = {
    "X": (np.full((60, 4), np.nan), Y),
    "y": (X, ["a"] * 60),
    "lengths": (X, Y[:-1]),
}


@each_way
def test_after_bad_input_hooks_are_torn_down_and_all_is_as_before(solver):
    for what, data in BAD.items():
        log = Log()
        mlp = fitted(solver=solver).set_callbacks(log)
        before = vars(mlp).copy()
        with pytest.raises(ValueError, match="MLPRegressor"):
            mlp.fit(*data)
        assert log.calls == ["setup", "begin fit 0", "teardown"], what
        assert vars(mlp) == before, what


def test_after_a_bad_parameter_all_is_as_before():
    log = Log()
    mlp = fitted().set_callbacks(log).set_params(alpha=-1)
    before = vars(mlp).copy()
    with pytest.raises(ValueError, match="alpha"):
        mlp.fit(X, Y)
    assert vars(mlp) == before
    assert log.calls.count("setup") == log.calls.count("teardown")


@every_solver
def test_after_divergence_hooks_are_torn_down(solver):
    log = Log()
    mlp = fitted(solver=solver).set_callbacks(log)
    mlp.set_params(learning_rate_init=1e200)
    with pytest.raises(ValueError, match="stopped being finite"):
        mlp.fit(X, 1e200 * Y)
    assert log.calls[:2] == ["setup", "begin fit 0"] and log.calls[-1] == "teardown"
    assert "end fit 0" not in log.calls
    # divergence unfits, and no more
    assert set(vars(mlp)) == set(mlp.get_params()) | {"_skl_callbacks"}


@each_way
def test_after_a_callbacks_own_error_all_is_as_before(solver):
    log = Log(error=RuntimeError("own"))
    mlp = fitted(solver=solver).set_callbacks(log)
    before = vars(mlp).copy()
    with pytest.raises(RuntimeError, match="own"):
        mlp.fit(X, Y)
    assert vars(mlp) == before
    assert log.calls[-1] == "teardown"


@each_way
def test_an_interrupt_keeps_what_was_trained(solver):
    log = Log(error=KeyboardInterrupt())
    mlp = fitted(solver=solver).set_callbacks(log)
    before = set(vars(mlp))
    with pytest.warns(UserWarning, match="interrupted"):
        mlp.fit(X, Y)
    assert "interrupted" in mlp.stop_reason_
    assert log.calls[-1] == "teardown"
    assert set(vars(mlp)) == before


def pickled(mlp):
    return pickle.loads(pickle.dumps(mlp))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, clone, pickled])
def test_copies_and_clones_have_the_callbacks(copied):
    mlp = make().set_callbacks(Log()).fit(X, Y)
    twin = copied(mlp)
    (log,) = twin._skl_callbacks
    n_calls = len(log.calls)
    twin.fit(X, Y)
    assert log.calls[n_calls:] == course(5)
    assert_same_bits(twin, mlp)
    shared = log is mlp._skl_callbacks[0]
    assert shared == (copied in (copy.copy, clone))


def test_a_clone_that_starts_from_another_model_has_the_callbacks():
    log = Log()
    mlp = make(coefs_init=fitted()).set_callbacks(log)
    clone(mlp).fit(X, Y)
    assert log.calls == course(5)


def test_what_is_no_callback_is_refused():
    for bad in (Log, "progress", object()):
        with pytest.raises(TypeError, match="FitCallback protocol"):
            make().set_callbacks(bad)


# --- scikit-learn's own


def rows_of(monitor):
    """Logged rows, by name of their task."""
    rows = monitor.get_logs().data
    return {
        name: [row for row in rows if row["task_name"] == name]
        for name in ("fit", "epoch")
    }


@kinds_and_solvers
def test_scores_are_monitored(kind, solver):
    scoring = "accuracy" if kind is MLPClassifier else "r2"
    monitor = callback.ScoringMonitor(scoring=scoring)
    mlp = make(kind, solver=solver).set_callbacks(monitor).fit(X, TARGETS[kind])
    scores = [row[scoring] for row in rows_of(monitor)["epoch"]]
    assert len(scores) == 5
    assert scores[-1] == mlp.score(X, TARGETS[kind])
    for n_epochs, score in enumerate(scores, start=1):
        alone = make(kind, solver=solver, max_iter=n_epochs).fit(X, TARGETS[kind])
        assert score == alone.score(X, TARGETS[kind])


def test_scores_are_monitored_with_weights():
    monitor, weight = callback.ScoringMonitor(scoring="r2"), np.linspace(0, 2, 60)
    mlp = make().set_callbacks(monitor).fit(X, Y, weight)
    last = rows_of(monitor)["epoch"][-1]["r2"]
    assert last == mlp.score(X, Y, weight)


def test_scores_are_monitored_within_a_pipeline():
    monitor = callback.ScoringMonitor(scoring="r2")
    pipeline = make_pipeline(StandardScaler(), make().set_callbacks(monitor))
    pipeline.fit(X, Y)
    scores = [row["r2"] for row in rows_of(monitor)["epoch"]]
    assert len(scores) == 5
    # the network sees scaled rows
    assert scores[-1] == pipeline.score(X, Y)
    assert "_parent_callback_ctx" not in vars(pipeline[-1])


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_scores_are_monitored_within_a_search(n_jobs):
    monitor = callback.ScoringMonitor(scoring="r2")
    mlp = make().set_callbacks(monitor)
    search = GridSearchCV(mlp, {"alpha": [0.1, 1.0]}, cv=3, n_jobs=n_jobs)
    search.fit(X, Y)
    n_epochs = len(rows_of(monitor)["epoch"])
    assert n_epochs == 5 * (2 * 3 + 1)  # each candidate's folds, and the refit
    plain = GridSearchCV(make(), {"alpha": [0.1, 1.0]}, cv=3)
    plain.fit(X, Y)
    assert_same_bits(search.best_estimator_, plain.best_estimator_)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


class Propagated(Log):
    """A callback that goes from an outer object to those within it."""

    max_propagation_depth = None


def test_callbacks_of_a_pipeline_see_the_epochs_of_the_network():
    log = Propagated()
    pipeline = make_pipeline(make()).set_callbacks(log)
    pipeline.fit(X, Y)
    epochs = [call for call in log.calls if "epoch" in call]
    assert epochs == [call for call in course(5) if "epoch" in call]
    assert log.calls.count("setup") == log.calls.count("teardown") == 1
    plain = fitted()
    assert set(vars(pipeline[-1])) == set(vars(plain))
    assert_same_bits(pipeline[-1], plain)


def test_callbacks_of_a_search_see_the_epochs_of_each_fit():
    log = Propagated()
    search = GridSearchCV(make(), {"alpha": [0.1, 1.0]}, cv=3).set_callbacks(log)
    search.fit(X, Y)
    assert sum("end epoch" in call for call in log.calls) == 5 * (2 * 3 + 1)
    assert set(vars(search.best_estimator_)) == set(vars(fitted()))


def test_after_an_error_within_a_pipeline_the_network_is_as_before():
    log, pipeline = Propagated(), make_pipeline(make())
    pipeline.fit(X, Y).set_callbacks(log)
    before = vars(pipeline[-1]).copy()
    with pytest.raises(ValueError, match="MLPRegressor"):
        pipeline.fit(X, Y[:-1])
    assert vars(pipeline[-1]) == before
    assert log.calls[-1] == "teardown"


@each_way
def test_a_progress_bar_shows_each_epoch(solver, capsys):
    pytest.importorskip("rich")
    bar = callback.ProgressBar()
    mlp = make(solver=solver).set_callbacks(bar).fit(X, Y)
    assert mlp.n_iter_ == 5
    assert "MLPRegressor" in capsys.readouterr().out
