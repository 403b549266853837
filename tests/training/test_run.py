"""Training that ends before its epochs do: at the end of its time, or by Ctrl-C.

Nothing here depends on the machine: each evaluation of the loss takes a second.
"""

import math
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import PredefinedSplit

import skmlp.training.full_batch
import skmlp.training.minibatch
from skmlp import MLPClassifier, MLPRegressor
from skmlp.network.objective import Objective
from skmlp.schedules import SCHEDULES, Warmup
from skmlp.solvers import SGD, Adam

from ..conftest import assert_same_bits, parameters

pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
# where epochs are over on purpose
ends_by_epochs = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)

N_ROWS = 50  # of which an epoch has three batches, the last one of 10
BATCHES = 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] + 2.0 * RNG.normal(size=N_ROWS)
TARGETS = {MLPClassifier: np.digitize(NUMBERS, [-1.0, 1.0]), MLPRegressor: NUMBERS}
HELD = PredefinedSplit(np.where(np.arange(N_ROWS) < 40, -1, 0))
every_kind = pytest.mark.parametrize("kind", TARGETS)
every_solver = pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
stochastic = pytest.mark.parametrize("solver", ["sgd", "adam"])
# where they have nothing to do with each other
either = pytest.mark.parametrize(
    "kind, solver", [(MLPClassifier, "adam"), (MLPRegressor, "sgd")]
)
NO_END = 10**6


def make(kind, **params):
    defaults = {
        "hidden_layer_sizes": (5,),
        "batch_size": 20,
        "max_iter": NO_END,
        "learning_rate_init": 0.02,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    return kind(**{**defaults, **params})


def fit(kind, X=X, **params):
    return make(kind, **params).fit(X, TARGETS[kind])


class SlowObjective:
    """Has each evaluation take a second, and one of them be interrupted."""

    def __init__(self, monkeypatch):
        self.seconds, self.interrupted_at = 0.0, None
        evaluate = Objective.value_and_gradient

        def slowly(objective, *args):
            self.seconds += 1.0
            if self.seconds == self.interrupted_at:
                raise KeyboardInterrupt
            return evaluate(objective, *args)

        clock = SimpleNamespace(perf_counter=lambda: self.seconds)
        monkeypatch.setattr(Objective, "value_and_gradient", slowly)
        monkeypatch.setattr(skmlp.training.minibatch, "time", clock)
        monkeypatch.setattr(skmlp.training.run, "time", clock)
        monkeypatch.setattr(skmlp.training.full_batch, "time", clock)

    def interrupt(self, n_evaluations):
        """Have the user press Ctrl-C after so many more evaluations."""
        self.interrupted_at = self.seconds + n_evaluations + 1


@pytest.fixture(autouse=True)
def slow(monkeypatch):
    return SlowObjective(monkeypatch)


# The end of the time


@stochastic
@every_kind
def test_training_ends_after_the_update_in_which_the_time_is_over(kind, solver):
    for max_time in (0.5, 1, 2, 2.5, 3, 6.0, 7.5, 8, 40.2):
        model = fit(kind, solver=solver, max_time=max_time)
        n_updates = math.ceil(max_time)
        assert model.n_updates_ == n_updates
        n_epochs, n_more = divmod(n_updates, BATCHES)
        assert model.t_ == N_ROWS * n_epochs + 20 * n_more
        n_epochs = math.ceil(n_updates / BATCHES)
        assert model.n_iter_ == len(model.loss_curve_) == n_epochs
        for record in model.history_.values():
            assert record.shape == (n_epochs,) and np.isfinite(record).all()
        assert model.history_["seconds"].sum() == n_updates
        expected = f"max_time={max_time} s was over in epoch {n_epochs}."
        assert model.stop_reason_ == expected


@ends_by_epochs
@stochastic
@every_kind
def test_whole_epochs_within_the_time_are_those_of_a_fit_without_it(kind, solver):
    for n_epochs in (1, 2, 5):
        model = fit(kind, solver=solver, max_time=BATCHES * n_epochs)
        expected = fit(kind, solver=solver, max_iter=n_epochs)
        assert_same_bits(model, expected)
        assert model.loss_curve_ == expected.loss_curve_
        more = fit(kind, solver=solver, max_time=BATCHES * n_epochs + 1)
        assert more.loss_curve_[:-1] == expected.loss_curve_
        assert not np.array_equal(parameters(more), parameters(expected))


@ends_by_epochs
@stochastic
@every_kind
def test_an_epoch_in_part_has_the_loss_of_the_rows_it_saw(kind, solver):
    params = {"solver": solver, "shuffle": False, "alpha": 0.5}
    for n_updates, n_rows in (1, 20), (2, 40), (3, 50):
        model = fit(kind, max_time=n_updates, **params)
        # the same batches, of a fit that has no others
        some = make(kind, max_iter=1, **params)
        some.fit(X[:n_rows], TARGETS[kind][:n_rows])
        assert_same_bits(model, some)
        assert model.loss_ == some.loss_ == model.loss_curve_[0]
        assert model.history_["penalty"][0] == some.history_["penalty"][0]


@every_kind
def test_lbfgs_ends_after_the_iterate_in_which_the_time_is_over(kind):
    model = fit(kind, solver="lbfgs", max_time=9.5)
    assert model.n_iter_ < NO_END and model.n_updates_ >= 10
    assert model.stop_reason_.startswith("max_time=9.5 s was over in epoch")
    assert len(model.history_["loss"]) == model.n_iter_
    # without its last iterate there was time left
    with pytest.warns(ConvergenceWarning):
        before = fit(kind, solver="lbfgs", max_iter=model.n_iter_ - 1)
        expected = fit(kind, solver="lbfgs", max_iter=model.n_iter_)
    assert before.n_updates_ < 10
    assert_same_bits(model, expected)


@ends_by_epochs
@every_solver
@every_kind
def test_a_time_that_is_not_over_changes_nothing(kind, solver):
    for learning_rate in ("constant", "one_cycle"):
        params = {"solver": solver, "max_iter": 12}
        if solver != "lbfgs":
            params["learning_rate"] = learning_rate
        model, expected = (fit(kind, max_time=t, **params) for t in (1e9, None))
        assert_same_bits(model, expected)
        assert model.stop_reason_ == expected.stop_reason_
        assert model.n_updates_ == expected.n_updates_


@every_kind
def test_each_fit_that_goes_on_has_the_time_anew(kind):
    model = make(kind, warm_start=True, max_time=7).fit(X, TARGETS[kind])
    for n_fits in 2, 3:
        model.fit(X, TARGETS[kind])
        assert model.n_iter_ == 3 and model.n_updates_ == 7 * n_fits


@either
def test_the_best_epoch_within_the_time_is_kept(kind, solver):
    scores = iter([0.1, 0.4, 0.2, 0.3, 0.0])
    watching = {"early_stopping": True, "validation_fraction": HELD}
    watching["scoring"] = lambda estimator, X, y: next(scores)
    model = fit(kind, solver=solver, max_time=9, **watching)
    # the 40 rows that train make two batches
    assert model.validation_scores_ == [0.1, 0.4, 0.2, 0.3, 0.0]
    assert model.best_epoch_ == 2 and model.n_updates_ == 9
    expected = make(kind, solver=solver, max_iter=2)
    with pytest.warns(ConvergenceWarning):
        expected.fit(X[:40], TARGETS[kind][:40])
    # shuffles of the rows that are left are those of a fit on them alone
    np.testing.assert_array_equal(parameters(model), parameters(expected))


@either
def test_with_a_refit_each_run_has_half_of_the_time(kind, solver, slow):
    def watched(**params):
        scores = iter(range(1000))
        params |= {"scoring": lambda estimator, X, y: next(scores)}
        start = slow.seconds
        watching = {"early_stopping": True, "validation_fraction": HELD}
        params |= {"solver": solver, "shuffle": False}
        model = fit(kind, **watching, **params)
        return model, slow.seconds - start

    model, seconds = watched(refit=True, max_time=20)
    assert seconds == 20
    first, seconds = watched(max_time=10)
    assert seconds == 10
    assert model.n_iter_ == first.n_iter_ == model.best_epoch_ == 5
    assert model.validation_scores_ == first.validation_scores_
    # the time is over within the refit's fourth epoch
    assert_same_bits(model, fit(kind, solver=solver, shuffle=False, max_time=10))


@every_kind
def test_max_time_must_be_a_number_above_0(kind):
    for max_time in (0, -1.0, "1", math.nan, [1.0], True):
        with pytest.raises(ValueError, match=f"{kind.__name__}: max_time must be"):
            fit(kind, max_time=max_time)


@every_kind
def test_max_time_is_refused_for_partial_fit(kind):
    new, fitted = make(kind), fit(kind, max_time=1.0)
    for model in (new, fitted):
        before = vars(model.set_params(max_time=5.0)).copy()
        with pytest.raises(ValueError, match="max_time must be None for partial_fit"):
            model.partial_fit(X, TARGETS[kind])
        assert vars(model) == before


# Schedules within the time


OF_PROGRESS = ["cosine", "one_cycle", "exponential", "step", "linear", "coslog4"]


@pytest.mark.parametrize("name", OF_PROGRESS)
def test_schedules_of_progress_run_through_in_the_time(name):
    schedule = SCHEDULES[name]()
    # the last update of an epoch is made when so many seconds are over
    seconds = BATCHES * np.arange(1, 21) - 1
    rates = [0.02 * schedule.at(t / 60) for t in seconds]
    for kind, solver in product(TARGETS, ["sgd", "adam"]):
        model = fit(kind, solver=solver, learning_rate=name, max_time=60)
        np.testing.assert_allclose(model.history_["learning_rate"], rates, rtol=1e-12)
    # coslog4 ends with half a cycle, which falls from 1 to 0 within its last tenth
    near_end = 0.06 if name == "coslog4" else 0.02
    low = 0.02 * schedule.at(1.0)
    assert rates[-1] == pytest.approx(low, abs=0.02 * near_end)


def test_a_function_of_progress_sees_the_share_of_the_time():
    seen = []
    learning_rate = lambda progress: seen.append(progress) or 1.0  # noqa: E731
    fit(MLPRegressor, learning_rate=learning_rate, max_time=30)
    at_updates = sorted(set(seen))
    np.testing.assert_allclose(at_updates, np.arange(31) / 30, rtol=1e-12)


def test_what_is_nearer_to_its_end_counts_updates_or_time():
    seen = []
    learning_rate = lambda progress: seen.append(progress) or 1.0  # noqa: E731
    params = {"learning_rate": learning_rate, "max_iter": 5}
    with pytest.warns(ConvergenceWarning):
        fit(MLPRegressor, max_time=1000, **params)
    np.testing.assert_allclose(sorted(set(seen)), np.arange(16) / 15, rtol=1e-12)


UNCHANGED = ["constant", "invscaling", "adaptive", "plateau"]


@ends_by_epochs
@pytest.mark.parametrize("name", UNCHANGED)
def test_other_schedules_do_not_see_the_time(name):
    params = {"solver": "sgd", "learning_rate": name, "tol": 0.05}
    params["n_iter_no_change"] = 1
    for kind in TARGETS:
        model = fit(kind, max_time=30, **params)
        expected = fit(kind, max_iter=10, **params)
        assert_same_bits(model, expected)
        rates = (one.history_["learning_rate"] for one in (model, expected))
        np.testing.assert_array_equal(*rates)


def test_a_warm_up_is_over_in_its_share_of_the_time():
    schedule = Warmup(SCHEDULES["linear"](), share=0.2)
    model = fit(MLPRegressor, learning_rate=schedule, max_time=60)
    seconds = BATCHES * np.arange(1, 21) - 1
    rates = [0.02 * min(1.0, t / 60 / 0.2) * (1 - t / 60) for t in seconds]
    # half an update of a million epochs is nothing
    np.testing.assert_allclose(model.history_["learning_rate"], rates, rtol=1e-4)


# Ctrl-C


interrupted = pytest.mark.filterwarnings(
    "ignore:Training interrupted by user.:UserWarning"
)
SOLVERS = {
    "sgd": {"solver": "sgd"},
    "adam": {},
    "averaged": {"solver": SGD(averaging=0.8)},
    "clipped": {"solver": Adam(clip_norm=0.1, averaging=0.5)},
}


@every_solver
@every_kind
def test_an_interrupt_is_a_warning(kind, solver, slow):
    slow.interrupt(7)
    with pytest.warns(UserWarning, match=r"^Training interrupted by user\.\n") as said:
        fit(kind, solver=solver)
    assert len(said) == 1
    assert said[0].filename == __file__


@interrupted
@ends_by_epochs
@pytest.mark.parametrize("params", SOLVERS.values(), ids=SOLVERS)
def test_an_interrupt_between_epochs_keeps_what_was_trained(params, slow):
    for kind in TARGETS:
        slow.interrupt(BATCHES * 4)
        model = fit(kind, **params)
        assert model.stop_reason_ == "Interrupted by the user in epoch 5."
        expected = fit(kind, **params, max_iter=4)
        assert_same_bits(model, expected)
        assert model.loss_curve_ == expected.loss_curve_
        assert model.t_ == expected.t_
        assert model.n_iter_ == 4 and len(model.history_["loss"]) == 4


@interrupted
@stochastic
@every_kind
def test_an_interrupt_within_an_epoch_keeps_its_updates(kind, solver, slow):
    for n_more in (1, 2):
        slow.interrupt(BATCHES * 4 + n_more)
        model = fit(kind, solver=solver)
        expected = fit(kind, solver=solver, max_time=BATCHES * 4 + n_more)
        np.testing.assert_array_equal(parameters(model), parameters(expected))
        assert model.stop_reason_ == "Interrupted by the user in epoch 5."
        assert model.n_iter_ == 4


@interrupted
@stochastic
@every_kind
def test_with_early_stopping_an_interrupt_gives_the_best_so_far(kind, solver, slow):
    def scoring(estimator, X, y):
        return next(scores)

    watching = {"early_stopping": True, "validation_fraction": HELD}
    params = {"solver": solver, "scoring": scoring, **watching}
    for n_more in (0, 1):
        scores = iter([0.1, 0.4, 0.3, 0.2])
        slow.interrupt(2 * 4 + n_more)  # 40 rows are two batches
        model = fit(kind, **params)
        assert model.best_epoch_ == 2 and model.best_validation_score_ == 0.4
        assert model.validation_scores_ == [0.1, 0.4, 0.3, 0.2]
        assert model.stop_reason_ == "Interrupted by the user in epoch 5."
        scores = iter([0.1, 0.4])
        expected = fit(kind, max_time=4, **params)
        np.testing.assert_array_equal(parameters(model), parameters(expected))


@interrupted
@stochastic
@every_kind
def test_an_interrupt_in_the_first_epoch_leaves_a_model(kind, solver, slow):
    for n_updates in (1, 2):
        slow.interrupt(n_updates)
        model = fit(kind, solver=solver)
        expected = fit(kind, solver=solver, max_time=n_updates)
        assert_same_bits(model, expected)
        assert model.stop_reason_ == "Interrupted by the user in epoch 1."
        assert model.n_iter_ == 0 and model.loss_curve_ == []
        assert model.predict(X).shape == (N_ROWS,)
        assert model.history_ == {}


@interrupted
def test_a_history_of_no_epochs_is_a_frame_of_no_rows(slow, pandas):
    slow.interrupt(1)
    assert len(fit(MLPRegressor).history_frame()) == 0


@every_solver
@every_kind
def test_an_interrupt_before_the_first_update_goes_on_up(kind, solver, slow):
    new, fitted = make(kind, solver=solver), fit(kind, solver=solver, max_time=3)
    for model in (new, fitted.set_params(max_time=None)):
        before = vars(model).copy()
        slow.interrupt(0)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, TARGETS[kind])
        now = vars(model)
        assert now.keys() == before.keys()
        assert all(now[name] is before[name] for name in now)


@interrupted
@ends_by_epochs
@every_kind
def test_an_interrupt_of_lbfgs_keeps_the_last_iterate(kind, slow):
    for n_iterates in (1, 3, 6):
        expected = fit(kind, solver="lbfgs", max_iter=n_iterates)
        slow.interrupt(expected.n_updates_)
        model = fit(kind, solver="lbfgs")
        assert_same_bits(model, expected)
        assert model.n_iter_ == len(model.history_["loss"]) == n_iterates
        where = f"in epoch {n_iterates + 1}."
        assert model.stop_reason_ == f"Interrupted by the user {where}"


@interrupted
@ends_by_epochs
@every_kind
def test_an_interrupt_of_lbfgs_with_early_stopping_gives_the_best_so_far(kind, slow):
    def scoring(estimator, X, y):
        return next(scores)

    params = {"solver": "lbfgs", "scoring": scoring, "early_stopping": True}
    params["validation_fraction"] = HELD
    scores = iter([0.1, 0.2, 0.5, 0.3, 0.4])
    expected = fit(kind, max_iter=5, **params)
    scores = iter([0.1, 0.2, 0.5, 0.3, 0.4])
    slow.interrupt(expected.n_updates_)
    model = fit(kind, **params)
    assert_same_bits(model, expected)
    assert model.best_epoch_ == expected.best_epoch_ == 3


@interrupted
@either
def test_an_interrupt_of_a_scorer_gives_the_best_so_far(kind, solver):
    def scoring(estimator, X, y):
        score = next(scores)
        if score is None:
            raise KeyboardInterrupt
        return score

    watching = {"early_stopping": True, "validation_fraction": HELD}
    params = {"solver": solver, "scoring": scoring, **watching}
    scores = iter([0.1, 0.4, 0.3, None])
    model = fit(kind, **params)
    assert model.best_epoch_ == 2 and model.validation_scores_ == [0.1, 0.4, 0.3]
    assert model.stop_reason_.startswith("Interrupted by the user in epoch")
    scores = iter([0.1, 0.4])
    expected = fit(kind, max_time=4, **params)
    np.testing.assert_array_equal(parameters(model), parameters(expected))


@interrupted
@ends_by_epochs
def test_an_interrupt_of_lazy_steps_leaves_whole_parameters(slow):
    rows = scipy.sparse.csr_array(np.where(np.abs(X) < 1.0, 0.0, X))
    params = {"X": rows, "solver": Adam(lazy=True)}
    expected = fit(MLPClassifier, max_iter=4, **params)
    slow.interrupt(BATCHES * 4)
    model = fit(MLPClassifier, **params)
    assert_same_bits(model, expected)
    assert model.n_iter_ == 4


@interrupted
@ends_by_epochs
@either
def test_training_can_go_on_after_an_interrupt(kind, solver, slow):
    model = make(kind, solver=solver, warm_start=True)
    slow.interrupt(BATCHES * 2)
    model.fit(X, TARGETS[kind]).set_params(max_iter=3).fit(X, TARGETS[kind])
    expected = make(kind, solver=solver, warm_start=True, max_iter=2)
    expected.fit(X, TARGETS[kind]).set_params(max_iter=3).fit(X, TARGETS[kind])
    assert_same_bits(model, expected)
    assert model.loss_curve_ == expected.loss_curve_ and model.n_iter_ == 3
