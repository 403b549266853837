"""A search in processes trains members there, one by one, with one BLAS thread."""

import os
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info

from skmlp import Ensemble, tabular_pipeline

from ..conftest import quietly

pytest.importorskip("pandas")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 4))
Y = (X[:, 0] > 0).astype(int)


class Watch:
    """A score that writes down where, and by how many BLAS threads, it was taken."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, model, X, y):
        process, thread = os.getpid(), threading.get_native_id()
        threads = max(library["num_threads"] for library in threadpool_info())
        member = f"{model.alpha} {model.random_state} {X[0, 0]}"
        with open(Path(self.folder) / f"{process}-{thread}", "a") as file:
            print(process, threads, time.time(), member, sep=",", file=file)
        return float(np.mean(model.predict(X) == y))


def search(folder, n_jobs):
    """A search over a pipeline of members that are worth processes of their own."""
    pipeline = tabular_pipeline(
        "classifier",
        n_members=3,
        n_jobs=n_jobs,
        ensemble=Ensemble(n_validated=3),  # so that each is scored
        max_iter=400,
        n_iter_no_change=2,
        tol=1.0,
        learning_rate="constant",
        scoring=Watch(folder),
        random_state=0,
    )
    grid = {"mlp__alpha": [0.1, 1.0]}
    return GridSearchCV(pipeline, grid, cv=2, refit=False, error_score="raise")


def written(folder):
    """(process, BLAS threads, time, member) of each score, in the order of time."""
    texts = [path.read_text() for path in Path(folder).iterdir()]
    rows = [line.split(",", 3) for text in texts for line in text.splitlines()]
    return sorted(rows, key=lambda row: float(row[2]))


def assert_members_train_one_by_one(folder, processes):
    """Each in one of these processes, alone there, with one BLAS thread."""
    rows = written(folder)
    assert len({row[3] for row in rows}) == 2 * 2 * 3  # candidates, folds, members
    assert {int(row[0]) for row in rows} <= set(processes)
    assert {row[1] for row in rows} == {"1"}
    for process in {row[0] for row in rows}:
        members = [row[3] for row in rows if row[0] == process]
        changes = sum(a != b for a, b in pairwise(members))
        assert changes + 1 == len(set(members))  # none went on after another began


@pytest.mark.parametrize("n_jobs", [None, 2, -1])
def test_a_search_in_processes_starts_no_processes_in_them(n_jobs, tmp_path):
    with parallel_config(backend="loky", n_jobs=2):
        quietly(search(tmp_path, n_jobs).fit, X, Y)
    processes = {int(row[0]) for row in written(tmp_path)}
    assert len(processes) <= 2 and os.getpid() not in processes
    assert_members_train_one_by_one(tmp_path, processes)
