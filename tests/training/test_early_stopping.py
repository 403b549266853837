"""Laws of patience, and of the epoch that is kept."""

import math
from itertools import product

import numpy as np
import pytest

from skmlp.schedules import CosLog, Warmup
from skmlp.training.early_stopping import Patience

from .patience import first_end
from .runs import FOREVER, scripted


def n_epochs_until_over(patience, merits):
    for n_epochs, merit in enumerate(merits, start=1):
        patience.update(merit)
        if patience.is_over(0):
            return n_epochs
    return None


def test_patience_ends_one_epoch_after_n_iter_no_change():
    for n in (1, 2, 10):
        assert n_epochs_until_over(Patience(0.0, n), [2.0] + 50 * [1.0]) == n + 2


def test_endless_patience_is_never_over():
    assert n_epochs_until_over(Patience(0.0, FOREVER), 1000 * [0.0]) is None


def test_a_rise_of_exactly_tol_is_enough():
    # quarters are exact in floating point
    patience = Patience(0.25, 1)
    for merit in (1.0, 1.25, 1.5):
        patience.update(merit)
        assert patience.n_without_improvement == 0
    patience.update(1.5 + 0.2499)
    assert patience.n_without_improvement == 1


def test_small_rises_become_the_best_but_use_up_patience():
    patience = Patience(0.25, 2)
    assert n_epochs_until_over(patience, [1.0, 1.125, 1.25, 1.375]) == 4
    assert patience.best == 1.375


def test_a_rise_starts_the_count_anew():
    patience = Patience(0.0, 2)
    assert n_epochs_until_over(patience, [1, 0, 0, 2, 0, 0, 3, 0, 0, 0]) == 10


def test_an_equal_merit_is_no_new_best_though_without_tol_it_is_no_fall():
    patience = Patience(0.0, 2)
    assert patience.update(1.0)
    assert not patience.update(1.0)
    assert patience.n_without_improvement == 0


def test_nan_is_no_rise_and_never_the_best():
    patience = Patience(0.0, 1)
    assert not patience.update(math.nan)
    assert (patience.best, patience.n_without_improvement) == (-math.inf, 1)
    assert patience.update(1.0)
    assert not patience.update(math.nan)
    assert (patience.best, patience.n_without_improvement) == (1.0, 1)


# --- in training


def test_training_converges_when_the_loss_has_not_fallen_for_long_enough():
    for n_iter_no_change in (1, 3):
        losses = [3.0, 2.0, 1.0] + 50 * [1.5]
        training = scripted(losses, n_iter_no_change=n_iter_no_change)
        assert training.run(50) == "converged"
        assert training.n_iter == 3 + n_iter_no_change + 1
        # without a validation score the last params stay
        assert (training.params == training.n_iter).all()


def test_with_a_validation_score_patience_looks_at_the_score():
    training = scripted(
        losses=range(50, 0, -1), scores=[1, 2, 3] + 50 * [2.5], n_iter_no_change=2
    )
    assert training.run(50) == "converged"
    assert training.n_iter == 3 + 2 + 1
    assert training.history.validation_scores == [1, 2, 3, 2.5, 2.5, 2.5]


def test_with_a_validation_score_the_best_epochs_params_are_kept():
    training = scripted(losses=5 * [1.0], scores=[1, 4, 3, 4, 2])
    params = training.params
    assert training.keeps_best
    assert training.run(5) == "max_iter"
    assert training.monitor.best.is_new
    assert (training.params == 2).all()  # the first of two equal scores
    assert training.params is params


def test_where_no_epoch_beats_an_earlier_fit_the_last_params_stay():
    training = scripted(losses=3 * [1.0], scores=[1, 3, 2])
    training.monitor.patience.best = 5.0
    training.run(3)
    assert not training.monitor.best.is_new
    assert (training.params == 3).all()


def test_of_equally_good_epochs_the_first_or_the_last_is_kept():
    for scores, first, last in [
        ([1.0, 3.0, 3.0, 2.0, 3.0, 1.0], 2, 5),
        ([3.0, 3.0, 3.0], 1, 3),
        ([1.0, 2.0, 1.0], 2, 2),
        ([math.nan, 2.0, math.nan, 2.0, math.nan], 2, 4),
    ]:
        for keeps_last, best in ((False, first), (True, last)):
            training = scripted(len(scores) * [1.0], scores)
            training.monitor.keeps_last = keeps_last
            training.run(len(scores))
            assert (training.params == best).all(), scores
            assert training.monitor.best.epoch == best, scores
            assert training.monitor.best.score == np.nanmax(scores)


def test_an_epoch_as_good_as_the_fits_before_is_no_best_of_this_one():
    training = scripted([1.0, 1.0], [2.0, 2.0])
    training.monitor.keeps_last = True
    training.monitor.patience.best = 2.0
    training.run(2)
    assert not training.monitor.best.is_new
    assert (training.params == 2).all()  # the last one's


def test_an_epoch_as_good_as_the_best_uses_up_patience():
    for keeps_last in (False, True):
        training = scripted(9 * [1.0], 9 * [2.0], patience=Patience(0.5, 2))
        training.monitor.keeps_last = keeps_last
        assert training.run(9) == "converged"
        assert training.n_iter == 4


def test_without_any_score_the_params_at_the_start_come_back():
    training = scripted(losses=3 * [1.0], scores=3 * [math.nan])
    assert training.run(3) == "max_iter"
    assert (training.params == 0).all()


# --- against the definition


def end_by_patience(merits, *args, updates=None, **kwargs):
    """The same by Patience."""
    patience = Patience(*args, **kwargs)
    updates = range(1, len(merits) + 1) if updates is None else updates
    for epoch, (merit, made) in enumerate(zip(merits, updates, strict=True), start=1):
        patience.update(merit)
        if patience.is_over(made):
            return epoch
    return None


WALK = np.random.default_rng(1)
MERITS = {
    "rises": -np.exp(-0.1 * np.arange(50)),
    "rises to a plateau": np.minimum(np.arange(50) / 20, 1.0),
    "falls": -np.arange(50.0),
    "stands": np.full(50, 0.7),
    "stands at 0": np.zeros(50),
    "walks": np.cumsum(WALK.normal(size=50)),
    "walks below 0": -np.abs(np.cumsum(WALK.normal(size=50))),
    "jumps": WALK.normal(size=50),
    "loses scores": np.where(np.arange(50) % 3, WALK.normal(size=50), np.nan),
    "has no scores": np.full(50, np.nan),
    "begins late": np.r_[np.full(4, -np.inf), np.linspace(0, 0.1, 46)],
    "begins at infinity": np.r_[np.full(4, np.nan), np.linspace(0, 0.1, 46)],
}
every_merit = pytest.mark.parametrize("merits", MERITS.values(), ids=MERITS)


@every_merit
def test_patience_ends_where_the_last_epochs_brought_too_little(merits):
    for tol, n_last, relative, min_updates in product(
        (0.0, 1e-3, 0.05, 0.5), (1, 3, 10), (False, True), (0, 17, 49)
    ):
        more = {"relative": relative, "min_updates": min_updates}
        expected = first_end(merits.tolist(), tol, n_last, **more)
        assert end_by_patience(merits, tol, n_last, **more) == expected, (
            tol,
            n_last,
            more,
        )


def test_relative_patience_does_not_depend_on_the_scale_of_the_merit():
    # powers of 2, by which all numbers scale without rounding
    for name, tol, factor in product(MERITS, (1e-3, 0.05), (2.0**-10, 2.0**10)):
        both = (MERITS[name], factor * MERITS[name])
        ends = [end_by_patience(merits, tol, 3, relative=True) for merits in both]
        assert ends[0] == ends[1], (name, tol, factor)


def test_absolute_patience_does_depend_on_it():
    merits = MERITS["rises"]
    assert end_by_patience(merits, 1e-3, 3) != end_by_patience(1e-3 * merits, 1e-3, 3)


def test_patience_without_end_is_never_over():
    assert end_by_patience(MERITS["falls"], 1.0, math.inf) is None


@every_merit
def test_the_best_is_the_first_of_the_largest_merits(merits):
    patience = Patience(0.1, 3)
    rises = [i for i, merit in enumerate(merits) if patience.update(merit)]
    known = merits[np.isfinite(merits)]
    if known.size:
        assert patience.best == known.max()
        assert rises[-1] == np.nanargmax(merits)
    else:
        assert patience.best == -math.inf and not rises


# Of 15 epochs the four cycles of CosLog end after 1, 3, 7 and 15. By the best epoch and
# the number of cycles without a better one: the last epoch, and why.
CYCLES = {
    (1, 1): (3, "no_better_cycle"),
    (2, 1): (7, "no_better_cycle"),
    (3, 1): (7, "no_better_cycle"),
    (4, 1): (15, "max_iter"),
    (1, 2): (7, "no_better_cycle"),
    (3, 2): (15, "max_iter"),
    (1, None): (15, "max_iter"),
}


@pytest.mark.parametrize("wrapped", [lambda schedule: schedule, Warmup])
def test_whole_cycles_without_a_better_epoch_end_training(wrapped):
    for (best, n_cycles), (last, reason) in CYCLES.items():
        training = scripted(
            losses=15 * [1.0],
            scores=[epoch if epoch <= best else 0 for epoch in range(1, 16)],
            schedule=wrapped(CosLog(n_cycles_no_change=n_cycles)),
            n_planned_epochs=15,
        )
        assert training.run(15) == reason, (best, n_cycles)
        assert training.n_iter == last, (best, n_cycles)
        assert (training.params == best).all()


def test_cycles_end_no_training_without_a_validation_score():
    losses = [1.0, *14 * [2.0]]
    schedule = CosLog(n_cycles_no_change=1)
    training = scripted(losses=losses, schedule=schedule, n_planned_epochs=15)
    assert training.run(15) == "max_iter"
