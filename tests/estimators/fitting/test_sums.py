"""Loss and gradient summed on workers: the same bits for any of them, few bytes."""

import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skmlp import MLPClassifier, MLPRegressor, load
from skmlp.estimators.fitting import sums
from skmlp.solvers import LBFGS
from skmlp.training.block_sums import BLOCK_ROWS, tree

from ...conftest import TASKS, Optional, X, assert_close, assert_same_bits, quietly

cloudpickle, dask, da = map(Optional, ["cloudpickle", "dask", "dask.array"])
RNG = np.random.default_rng(0)
# of a few blocks
LONG_X = RNG.normal(size=(3 * BLOCK_ROWS - 100, 3))
LONG_Y = LONG_X[:, 0] + LONG_X[:, 1] ** 2
SMALL = {"hidden_layer_sizes": 4, "max_iter": 4, "random_state": 0, "tol": 0}


def backwards(function, *iterables):
    """Evaluates the last item first, as workers may do."""
    arguments = list(zip(*iterables, strict=True))
    return reversed([function(*some) for some in reversed(arguments)])


def fit_by(map_, kind=MLPRegressor, y=LONG_Y, **params):
    model = kind(solver=LBFGS(map=map_), **{**SMALL, **params})
    return quietly(model.fit, LONG_X, y)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"scale_input": True},
        {"early_stopping": True, "scoring": "loss"},
        {"early_stopping": True, "scoring": "loss", "refit": True},
        {"n_members": 2},
    ],
    ids=["plain", "scaled", "held out", "refit", "members"],
)
def test_any_map_gives_the_same_bits_and_the_model_of_one_process(settings):
    expected = fit_by(map, **settings)
    assert_same_bits(fit_by(backwards, **settings), expected)
    assert_close(fit_by(None, **settings), expected, 1e-8)


def test_threads_map():
    with ThreadPoolExecutor(2) as threads:
        assert_same_bits(fit_by(threads.map), fit_by(map))


@pytest.mark.exhaustive
def test_processes_map():
    # forked children of a process with threads may hang
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        assert_same_bits(fit_by(processes.map), fit_by(map))


def test_a_classifier_of_weighted_classes_and_memory_maps(tmp_path):
    y = np.digitize(LONG_Y, [0.0, 2.0])
    settings = {"kind": MLPClassifier, "y": y, "class_weight": "balanced"}
    expected = fit_by(None, **settings)
    assert_close(fit_by(map, **settings), expected, 1e-8)
    np.save(tmp_path / "X.npy", LONG_X.astype(">f8"))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    model = MLPClassifier(solver=LBFGS(map=map), class_weight="balanced", **SMALL)
    assert_close(quietly(model.fit, mapped, y), expected, 1e-8)


def test_a_search_keeps_the_map():
    n_calls = []

    def counting(function, *iterables):
        n_calls.append(1)
        return map(function, *iterables)

    model = MLPRegressor(solver=LBFGS(map=counting), **SMALL)
    grid = {"alpha": [0.1, 10.0], "solver__max_fun": [3, 100]}
    found = quietly(GridSearchCV(model, grid, cv=2).fit, LONG_X, LONG_Y)
    assert sum(n_calls) > 20
    own = found.best_estimator_
    assert own.solver.map is counting
    expected = fit_by(map, alpha=own.alpha)
    if own.solver.max_fun == 100:
        assert_same_bits(own, expected)


def test_clones_share_the_map_and_pickles_have_pythons_own(tmp_path):
    class Pool:
        """Cannot be copied, as a pool with its locks."""

        def map(self, function, *iterables):
            return map(function, *iterables)

        def __reduce_ex__(self, protocol):
            raise TypeError("no copy of a pool")

    pool = Pool()
    model = fit_by(pool.map)
    assert clone(model).solver.map == pool.map
    again = pickle.loads(pickle.dumps(model))
    assert again.solver.map is map
    assert again.solver.is_given("map")
    assert_same_bits(quietly(again.fit, LONG_X, LONG_Y), model)
    model.save(tmp_path / "model.skmlp")
    assert load(tmp_path / "model.skmlp").solver.map is None
    assert pickle.loads(pickle.dumps(LBFGS(max_fun=7))) == LBFGS(max_fun=7)


def test_what_is_no_function_is_refused():
    with pytest.raises(ValueError, match="solver__map must be None or a function"):
        MLPRegressor(solver=LBFGS(map=2)).fit(X, X[:, 0])


def test_an_error_of_a_worker_leaves_the_model_as_it_was():
    def lost(function, *iterables):
        raise RuntimeError("the pool is gone")

    model = MLPRegressor(solver=LBFGS(map=lost), **SMALL)
    with pytest.raises(RuntimeError, match="the pool is gone"):
        model.fit(LONG_X, LONG_Y)
    assert not hasattr(model, "coefs_")


# Dask


def in_blocks(values, size=BLOCK_ROWS):
    return da.from_array(values, chunks=(size, *values.shape[1:]))


def test_partitions_of_the_size_of_blocks_have_the_bits_of_a_map():
    model = MLPRegressor(solver="lbfgs", **SMALL)
    with dask.config.set(scheduler="synchronous"):
        quietly(model.fit, in_blocks(LONG_X), in_blocks(LONG_Y))
    assert_same_bits(model, fit_by(map))


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_schedulers_give_the_same_bits(scheduler):
    task = TASKS["multiclass"]
    models = []
    for name in scheduler, "synchronous":
        model = task.make(solver="lbfgs", **SMALL)
        with dask.config.set(scheduler=name):
            models.append(quietly(model.fit, in_blocks(X, 7), in_blocks(task.y, 7)))
    assert_same_bits(*models)


def test_a_task_takes_the_parameters_and_gives_a_gradient(monkeypatch):
    """Bytes of what goes to the tasks of one evaluation, and of what comes back."""
    moved, n_evaluations = [], 0
    evaluate, call = sums.share_by_one_thread, sums.PartitionSums.__call__

    def counting(block, params):
        found = evaluate(block, params)
        moved.append(len(pickle.dumps(params)) + len(pickle.dumps(found)))
        return found

    def counted(self, params):
        nonlocal n_evaluations
        n_evaluations += 1
        return call(self, params)

    monkeypatch.setattr(sums, "share_by_one_thread", counting)
    monkeypatch.setattr(sums.PartitionSums, "__call__", counted)
    model = MLPRegressor(**{**SMALL, "hidden_layer_sizes": 500}, solver="lbfgs")
    with dask.config.set(scheduler="synchronous"):
        quietly(model.fit, in_blocks(LONG_X), in_blocks(LONG_Y))
    n_bytes = sum(a.nbytes for a in [*model.coefs_, *model.intercepts_])
    assert len(moved) == 3 * n_evaluations  # of three partitions
    # there and back, whatever the number of rows
    assert 2 * n_bytes < max(moved) < 2.1 * n_bytes
    assert LONG_X.nbytes > 10 * n_bytes


def test_the_parameters_are_one_node_of_the_graph(monkeypatch):
    """So that each worker gets them once, not with each of its tasks."""
    seen = []

    def root(items, add):
        found = tree(items, add)
        graph = dict(found.__dask_graph__()).values()
        seen.append([len(cloudpickle.dumps(task)) for task in graph])
        return found

    monkeypatch.setattr(sums, "tree", root)
    model = MLPRegressor(**{**SMALL, "hidden_layer_sizes": 2000}, solver="lbfgs")
    lazy = [in_blocks(LONG_X[:80], 10), in_blocks(LONG_Y[:80], 10)]
    with dask.config.set(scheduler="synchronous"):
        quietly(model.fit, *lazy)
    n_bytes = sum(a.nbytes for a in [*model.coefs_, *model.intercepts_])
    for sizes in seen:  # of eight blocks
        assert len(sizes) > 16
        assert sum(size > n_bytes for size in sizes) == 1
