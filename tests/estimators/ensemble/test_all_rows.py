"""Members that train on all rows, for as many epochs as were best for others."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GroupShuffleSplit

from skmlp import Ensemble
from skmlp.estimators.ensemble import members
from skmlp.estimators.ensemble.all_rows import Scores, best_course
from skmlp.estimators.ensemble.time_shares import time_shares
from skmlp.estimators.fitting.fit import train
from skmlp.estimators.fitting.plan import Course
from skmlp.estimators.fitting.state import DivergenceError
from skmlp.schedules import CosLog, Warmup

from ...conftest import GROUPS, N_ROWS, X, assert_same_bits
from .small_ensembles import HOLDING_OUT, TASKS, each_kind, make, outputs, train_until
from .small_ensembles import fit as fit_ensemble

# a few epochs are enough here, whatever they lead to
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

N_MEMBERS, N_VALIDATED = 5, 2
FIRST, OTHERS = slice(N_VALIDATED), slice(N_VALIDATED, None)
PARAMS = {**HOLDING_OUT, "n_members": N_MEMBERS, "max_iter": 8}
CONSTANT = {"learning_rate": "constant", "learning_rate_init": 0.05}
CYCLES = {"learning_rate": CosLog(n_cycles=3), "learning_rate_init": 0.05}
WARM = {"learning_rate": Warmup(CosLog(n_cycles=2)), "learning_rate_init": 0.05}


def fit(task="numbers", n_validated=N_VALIDATED, **params):
    ensemble = Ensemble(n_validated=n_validated)
    return fit_ensemble(task, **{**PARAMS, "ensemble": ensemble, **params})


def rows_seen(member):
    """Training rows of an epoch."""
    return member.t_ / member.n_iter_


def best_of_mean(curves, epochs):
    mean = np.mean(curves, axis=0)
    return max(epochs, key=lambda epoch: mean[epoch - 1])


def test_the_first_hold_rows_out_and_the_others_train_on_all():
    for task in TASKS:
        model = fit(task)
        assert len(model.members_) == N_MEMBERS, task
        rows = [rows_seen(member) for member in model.members_]
        assert rows[FIRST] == [round(0.8 * N_ROWS)] * N_VALIDATED, task
        assert rows[OTHERS] == [N_ROWS] * (N_MEMBERS - N_VALIDATED), task
        assert all(np.isfinite(out).all() for out in outputs(model)), task


@pytest.mark.parametrize(
    ("params", "ends"),
    [(CONSTANT, range(1, 9)), (CYCLES, (1, 3, 8)), (WARM, (3, 8))],
    ids=["any epoch", "ends of cycles", "after warmup"],
)
@each_kind
def test_the_others_train_until_the_mean_score_was_best(task, params, ends):
    model = fit(task, **params)
    curves = [member.validation_scores_ for member in model.members_[FIRST]]
    best = best_of_mean(curves, ends)
    assert [m.n_iter_ for m in model.members_[OTHERS]] == [best] * 3
    said = f"Trained on all rows for {best} of 8 planned epochs, after which the others"
    assert all(m.stop_reason_.startswith(said) for m in model.members_[OTHERS])


def test_each_configuration_follows_its_own():
    configurations = [{}, {"learning_rate_init": 0.5}]
    ensemble = Ensemble(configurations=configurations, n_validated=1)
    model = fit(ensemble=ensemble, **CONSTANT)
    first = [m.validation_scores_ for m in model.members_[:2]]
    best = [best_of_mean([curve], range(1, 9)) for curve in first]
    assert best[0] != best[1]
    assert [m.n_iter_ for m in model.members_[2:]] == [best[0], best[1], best[0]]


@each_kind
def test_one_on_all_rows_is_the_network_that_trains_so_long_without_early_stopping(
    task,
):
    model = fit(task, **CONSTANT)
    last = model.members_[-1]
    alone = clone(last).set_params(early_stopping=False, scoring=None)
    alone.set_params(max_iter=last.n_iter_, tol=0.0).fit(X, TASKS[task][0])
    assert_same_bits(last, alone)


def test_sizes_by_rows_are_those_of_the_rows_that_train_first():
    rows = np.random.default_rng(0).normal(size=(2640, 2))
    params = PARAMS | {"max_iter": 1, "n_members": 2, "batch_size": "by_rows"}
    model = make("numbers", **params, ensemble=Ensemble(n_validated=1))
    # of 2,640 rows 2,112 train first, of 2,200 it is 1,760
    for n_rows, batch_size in ((2640, 128), (2200, 64)):
        model.fit(rows[:n_rows], rows[:n_rows, 0])
        assert model.members_[1].n_updates_ == -(-n_rows // batch_size)


def test_the_order_in_which_they_train_changes_no_bit(monkeypatch):
    monkeypatch.setattr(members, "WORTH_PROCESSES", 0)
    models = [fit(n_jobs=n_jobs) for n_jobs in (1, 2)]
    for one, other in zip(*(model.members_ for model in models), strict=True):
        assert_same_bits(one, other)


@pytest.mark.parametrize(
    ("params", "rows"),
    [
        ({"early_stopping": False, "scoring": None}, N_ROWS),
        ({"ensemble": Ensemble("folds", n_validated=2)}, 0.8 * N_ROWS),
        ({"n_validated": 7}, 0.8 * N_ROWS),
        ({"n_validated": None}, 0.8 * N_ROWS),
    ],
    ids=["without early stopping", "folds", "more than there are", "None"],
)
def test_elsewhere_all_members_are_alike(params, rows):
    model = fit(**params)
    assert {round(rows_seen(member)) for member in model.members_} == {round(rows)}


def test_with_validation_rows_of_ones_own_all_members_use_them():
    model = fit_ensemble("numbers", **PARAMS, ensemble=Ensemble(n_validated=2))
    own = clone(model).fit(X, TASKS["numbers"][0], X_val=X, y_val=TASKS["numbers"][0])
    assert all(len(m.validation_scores_) == 8 for m in own.members_)
    assert {rows_seen(m) for m in own.members_} == {N_ROWS}


def test_intervals_come_from_the_rows_that_were_held_out():
    model = fit()
    n_held = len(np.unique(model.validation_residuals_))
    assert 0.2 * N_ROWS <= n_held <= 0.4 * N_ROWS
    low, high = model.predict_interval(X, coverage=0.8)
    assert (low <= high).all()


def test_a_temperature_comes_from_the_rows_that_were_held_out():
    model = fit("words", calibration="temperature")
    first = fit("words", n_members=N_VALIDATED, calibration="temperature")
    assert model.temperature_ == first.temperature_


def test_groups_are_kept_apart_where_rows_are_held_out():
    splitter = GroupShuffleSplit(1, test_size=0.3, random_state=0)
    model = fit(validation_fraction=splitter, groups=GROUPS)
    assert [rows_seen(m) < N_ROWS for m in model.members_] == [True] * 2 + [False] * 3


def test_only_those_with_validation_rows_are_refitted():
    model = fit(refit=True)
    assert all("Refitted" in m.stop_reason_ for m in model.members_[FIRST])
    assert not any("Refitted" in m.stop_reason_ for m in model.members_[OTHERS])


def test_one_that_diverges_on_all_rows_trains_with_validation_rows(monkeypatch):
    def diverging(plan):
        if plan.request.course is not None:
            raise DivergenceError("It is too much.")
        return train(plan)

    monkeypatch.setattr(members, "train", diverging)
    assert {rows_seen(m) for m in fit().members_} == {round(0.8 * N_ROWS)}
    splitter = GroupShuffleSplit(1, test_size=0.3, random_state=0)
    model = fit(validation_fraction=splitter, groups=GROUPS)
    assert {rows_seen(m) < N_ROWS for m in model.members_} == {True}


def test_the_learning_rate_is_that_which_divergence_has_left(monkeypatch):
    def recovered(plan):
        outcome = train(plan)
        factors.append(outcome.training.rate_factor)
        if plan.request.course is None:
            outcome.training.recovery.rate_factor = 0.25
        return outcome

    factors = []
    monkeypatch.setattr(members, "train", recovered)
    fit(recover=True)
    assert factors == [1.0, 1.0, 0.25, 0.25, 0.25]


@pytest.mark.parametrize("number", [2, 4])
def test_an_interrupt_keeps_the_members_before(number, monkeypatch):
    monkeypatch.setattr(members, "train", train_until(number))
    with pytest.warns(UserWarning, match=f"after {number - 1} of 5 members"):
        model = fit()
    assert len(model.members_) == number - 1


# Courses

RISING = np.arange(15.0)
LOW, DIVERGED = -RISING, np.r_[RISING[:3], np.nan]


def scores(curve, ends=(1 / 15, 3 / 15, 7 / 15, 1.0), n_planned=15):
    return Scores(np.asarray(curve), list(ends), Course(8, n_planned, len(curve)))


@pytest.mark.parametrize(
    ("curves", "n_epochs"),
    [
        ([RISING], 15),
        ([RISING, RISING[:8]], 15),
        ([3.0 * LOW, RISING[:8]], 1),
        ([RISING, 3.0 * LOW], 1),
        ([np.where(RISING == 2, 9.0, 0.0), np.where(RISING == 7, 99.0, 0.0)], 3),
        ([RISING, DIVERGED, [np.nan]], 15),
    ],
    ids="all,ended,ended first,mean,ends,diverged".split(","),
)
def test_the_course_is_that_of_the_best_mean_score_at_an_end(curves, n_epochs):
    found = [scores(curve) for curve in curves]
    assert best_course(found) == Course(8, 15, n_epochs)


def test_where_a_training_has_no_scores_there_is_no_course():
    for found in ([None], [scores(RISING), None], [scores(DIVERGED)], [scores([])]):
        assert best_course(found) is None


def test_before_the_end_of_a_cycle_any_epoch_counts():
    assert best_course([scores([1.0, 3.0, 2.0], [1.0], 90)]) == Course(8, 90, 2)


def test_lbfgs_has_no_cycles():
    params = {"solver": "lbfgs", "batch_size": "auto", "max_iter": 30}
    model = fit(**params, learning_rate="coslog4")
    plain = fit(**params, learning_rate="constant")
    assert model.members_[-1].n_iter_ == plain.members_[-1].n_iter_


# Time


def test_where_time_runs_out_all_members_hold_rows_out():
    model = fit(max_time=0.4, max_iter=10**6)
    assert {rows_seen(m) < N_ROWS for m in model.members_} == {True}


def test_those_that_come_later_have_a_share_of_the_time():
    shares = time_shares(60.0, 5, 2, 2)
    assert [share.n_rounds for share in shares] == [3, 3, 2, 2, 1]
    shares = time_shares(60.0, 2, 1, 2)
    assert [share.n_rounds for share in shares] == [2, 1]


def test_a_course_that_is_over_counts_less_than_a_warning_of_the_first(monkeypatch):
    found = []

    def kept(*job):
        found.append(trained(*job))
        return found[-1]

    trained = members._trained
    monkeypatch.setattr(members, "_trained", kept)
    fit(**CONSTANT)
    # whether each diverged, has its first weights, or lacks epochs
    assert [one.gravity[2] for one in found] == [True] * 2 + [False] * 3
