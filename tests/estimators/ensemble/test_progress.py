"""Members as they end: what is told, and what is kept where training ends early."""

import os
import pickle
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone

from skmlp import MLPClassifier, MLPRegressor
from skmlp.estimators.ensemble import members
from skmlp.estimators.ensemble.progress import Progress

from ...conftest import CODES, NUMBERS, X, quietly
from .small_ensembles import train_until

# a few epochs are enough here, whatever they lead to
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

N_MEMBERS = 4
SEEDS = {"early_stopping": True, "ensemble": "seeds"}
FOLDS = {"early_stopping": True, "ensemble": "folds"}
WAYS = {"seeds": SEEDS, "folds": FOLDS}
every_way = pytest.mark.parametrize("params", WAYS.values(), ids=WAYS)
SOME_AT_ONCE = (1, 2, 3)


@pytest.fixture
def in_threads(monkeypatch):
    """Members train in threads of this process, which start sooner than processes."""
    monkeypatch.setattr("skmlp.estimators.ensemble.members.WORTH_PROCESSES", 0)
    with parallel_config("threading"):
        yield


def make(kind=MLPRegressor, **params):
    sizes = {"hidden_layer_sizes": (5,), "max_iter": 3, "n_members": N_MEMBERS}
    return kind(**sizes | {"random_state": 0} | params)


def r2(estimator, rows, y):
    return estimator.score(rows, y)


def interrupt_in(number):
    """A score that is interrupted in the member of that number."""
    seen = []

    def score(estimator, rows, y):
        key = rows.tobytes()
        if key not in seen:
            seen.append(key)
        if len(seen) > number:
            raise KeyboardInterrupt
        return estimator.score(rows, y)

    return score


def interrupted(number, **params):
    model = make(scoring=interrupt_in(number), **params)
    with pytest.warns(UserWarning, match="Training interrupted by user after") as said:
        model.fit(X, NUMBERS)
    return model, [one for one in said if "interrupted" in str(one.message)]


def first_members(model, n):
    """The model as it would be with its first members alone."""
    model.members_ = model.members_[:n]
    return model


# Interrupts


@every_way
@pytest.mark.parametrize("number", [1, 3])
def test_an_interrupt_keeps_the_members_before(number, params):
    model, said = interrupted(number, **params)
    assert len(said) == 1
    assert len(model.members_) == number
    whole = quietly(make(scoring=r2, **params).fit, X, NUMBERS)
    np.testing.assert_array_equal(
        model.predict(X), first_members(whole, number).predict(X)
    )
    text = f"interrupted by user after {number} of {N_MEMBERS} members"
    assert text in model.stop_reason_ and text in str(said[0].message)


def test_rows_of_folds_that_are_not_trained_have_no_prediction_and_a_warning():
    model, (said,) = interrupted(2, **FOLDS)
    whole = quietly(make(scoring=r2, **FOLDS).fit, X, NUMBERS)
    there = np.isfinite(model.oof_prediction_)
    assert 0 < there.sum() < len(X)
    np.testing.assert_array_equal(
        model.oof_prediction_[there], whole.oof_prediction_[there]
    )
    assert "oof_prediction_ is NaN there" in str(said.message)


def test_an_interrupt_with_seeds_has_no_word_of_folds():
    _, (said,) = interrupted(2, **SEEDS)
    assert "oof_prediction_" not in str(said.message)


@pytest.mark.parametrize("n_jobs", SOME_AT_ONCE)
def test_an_interrupt_of_members_side_by_side_keeps_the_first_ones(n_jobs, in_threads):
    try:
        model, _ = interrupted(N_MEMBERS - 1, n_jobs=n_jobs, **SEEDS)
    except KeyboardInterrupt:  # the first one was the last to be scored
        assert n_jobs > 1
        return
    n = len(model.members_)
    assert 0 < n < N_MEMBERS
    whole = quietly(make(scoring=r2, **SEEDS).fit, X, NUMBERS)
    np.testing.assert_array_equal(model.predict(X), first_members(whole, n).predict(X))


def test_an_interrupted_partial_fit_changes_nothing(monkeypatch):
    model = make().partial_fit(X, NUMBERS)
    before = model.predict(X)
    monkeypatch.setattr(members, "train", train_until(N_MEMBERS))
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X, NUMBERS)
    np.testing.assert_array_equal(model.predict(X), before)


SCRIPT = """
import sys, warnings
import numpy as np
from skmlp import MLPRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(2000, 5))
model = MLPRegressor(hidden_layer_sizes=16, n_members=40, n_jobs=2,
                     max_iter=30, tol=0.0, verbose=1)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    model.fit(X, X[:, 0])
print(len(model.members_), [str(w.message) for w in said])
"""


@pytest.mark.exhaustive
@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_ctrl_c_reaches_all_processes_and_keeps_what_is_trained():
    command = [sys.executable, "-u", "-c", SCRIPT]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, start_new_session=True, **pipes) as process:
        while "Member 2 of 40" not in process.stdout.readline():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=60)
    n_members = int(out.splitlines()[-1].split()[0])
    assert 2 <= n_members < 40, error
    assert "Training interrupted by user after" in out


# Callbacks


class Log:
    """Writes down each call; ends training after the member of a number."""

    def __init__(self, last=None, error=None):
        self.last, self.error, self.calls, self.outputs = last, error, [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X, y, metadata):
        self.calls.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.calls.append(f"end {context.task_name} {context.task_id}")
        if context.task_name == "fit":
            return None
        self.outputs.append(fitted_estimator.predict(X))
        if self.error is not None:
            raise self.error
        return self.last == context.task_id


def course(n_members):
    tasks = [
        f"{when} member {i}" for i in range(n_members) for when in ("begin", "end")
    ]
    return ["setup", "begin fit 0", *tasks, "end fit 0", "teardown"]


@pytest.fixture
def log_of():
    pytest.importorskip("sklearn.callback")
    return Log


@pytest.mark.parametrize("n_jobs", SOME_AT_ONCE)
def test_callbacks_are_called_member_by_member(n_jobs, in_threads, log_of):
    log, model = log_of(), make(n_jobs=n_jobs)
    quietly(model.set_callbacks(log).fit, X, NUMBERS)
    assert log.calls == course(N_MEMBERS)
    np.testing.assert_array_equal(
        model.predict(X), quietly(make().fit, X, NUMBERS).predict(X)
    )
    for n, outputs in enumerate(log.outputs, start=1):
        whole = quietly(make().fit, X, NUMBERS)
        np.testing.assert_array_equal(outputs, first_members(whole, n).predict(X))


@pytest.mark.filterwarnings("ignore:Training stopped by a callback")
@pytest.mark.parametrize("n_jobs", SOME_AT_ONCE)
@every_way
def test_a_callback_ends_training_after_the_same_member(
    params, n_jobs, in_threads, log_of
):
    log = log_of(last=1)
    model = quietly(make(n_jobs=n_jobs, **params).set_callbacks(log).fit, X, NUMBERS)
    assert log.calls == course(2)
    assert len(model.members_) == 2
    assert "stopped by a callback after 2 of 4 members" in model.stop_reason_
    whole = quietly(make(**params).fit, X, NUMBERS)
    np.testing.assert_array_equal(model.predict(X), first_members(whole, 2).predict(X))


def test_missing_out_of_fold_predictions_are_warned_of_after_a_callback_too(log_of):
    model = make(**FOLDS).set_callbacks(log_of(last=1))
    with pytest.warns(UserWarning, match="oof_prediction_ is NaN there"):
        model.fit(X, NUMBERS)
    assert np.isnan(model.oof_prediction_).any()


def test_a_callback_at_the_last_member_ends_nothing(log_of):
    model = make().set_callbacks(log_of(last=N_MEMBERS - 1))
    quietly(model.fit, X, NUMBERS)
    assert len(model.members_) == N_MEMBERS
    assert "callback" not in model.stop_reason_


def test_a_callback_that_fails_leaves_the_estimator_as_it_was(log_of):
    model = make().set_callbacks(log_of(error=RuntimeError("no")))
    with pytest.raises(RuntimeError, match="no"):
        quietly(model.fit, X, NUMBERS)
    assert not hasattr(model, "members_")


def test_members_have_no_callbacks_and_partial_fit_calls_none(log_of):
    log = log_of()
    log.calls = NoList()  # which no process could be sent
    model = make(MLPClassifier).set_callbacks(log)
    model.partial_fit(X, CODES, classes=np.unique(CODES))
    assert not any(hasattr(member, "_skl_callbacks") for member in model.members_)


class NoList:
    def append(self, value):
        raise AssertionError("called")

    def __reduce__(self):
        raise pickle.PicklingError("not to be sent")


# What is printed


def printed(capsys, **params):
    quietly(make(**params).fit, X, NUMBERS)
    return capsys.readouterr().out.splitlines()


def test_nothing_is_printed_unless_asked_for(capsys):
    assert printed(capsys) == []


@pytest.mark.parametrize("n_jobs", SOME_AT_ONCE)
def test_each_member_has_a_line(n_jobs, capsys, in_threads):
    lines = printed(capsys, verbose=True, n_jobs=n_jobs)
    starts = [f"Member {i} of {N_MEMBERS}: 3 epochs, loss = " for i in range(1, 5)]
    assert [line[: len(s)] for line, s in zip(lines, starts, strict=True)] == starts


def test_at_level_two_epochs_have_lines_as_well(capsys):
    lines = printed(capsys, verbose=2)
    assert sum(line.startswith("Member ") for line in lines) == N_MEMBERS
    assert sum(line.startswith("Iteration 1,") for line in lines) == N_MEMBERS


@pytest.mark.parametrize(
    ("n_at_once", "left"), [(1, [30, 20, 10, None]), (2, [10, 10, None, None])]
)
def test_the_time_left_is_that_of_the_rounds_to_come(
    n_at_once, left, capsys, monkeypatch
):
    model = quietly(make(verbose=1).fit, X, NUMBERS)
    seconds = iter([0.0, *np.ceil(np.arange(1, 5) / n_at_once) * 10.0])
    clock = partial(next, seconds)
    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(time, "perf_counter", clock)
        progress = Progress(model, n_at_once, None, None, True, 4, _start=clock())
        for n in range(1, 5):
            progress.trained = [Ended(member) for member in model.members_[:n]]
            progress._say()
    lines = capsys.readouterr().out.splitlines()
    told = [line.partition("about ")[2].partition(" s left")[0] for line in lines]
    assert told == ["" if one is None else str(one) for one in left]


class Ended:
    def __init__(self, member):
        self.member = member


def test_a_clone_of_a_model_with_callbacks_prints_and_trains_alike(capsys):
    lines = printed(capsys, verbose=1)
    quietly(clone(make(verbose=1)).fit, X, NUMBERS)
    again = capsys.readouterr().out.splitlines()
    assert [one.partition(" s so")[0][:40] for one in again] == [
        one.partition(" s so")[0][:40] for one in lines
    ]
