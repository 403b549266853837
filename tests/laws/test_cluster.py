"""Members train on a cluster's workers, by joblib's backend, to the same bits."""

import os
import signal
import threading

import numpy as np
import pytest
from joblib import parallel_config

from skmlp import MLPClassifier

from ..conftest import assert_same_bits, quietly
from .test_searches_in_processes import assert_members_train_one_by_one, search

distributed = pytest.importorskip("distributed")
# workers that close say so in warnings, or in logs that pytest has closed
pytestmark = pytest.mark.filterwarnings("ignore")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2000, 20))
Y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)
# so many epochs that members are worth processes, of which few are needed
SETTINGS = {
    "hidden_layer_sizes": 8,
    "n_members": 4,
    "max_iter": 50,
    "early_stopping": True,
    "n_iter_no_change": 1,
    "tol": 0.01,
    "random_state": 0,
}


class Counting(distributed.Client):
    """Remembers the bytes of all arrays that it sends to workers for many tasks."""

    sent = ()

    def scatter(self, data, **how):
        if isinstance(data, np.ndarray):
            self.sent = (*self.sent, data.nbytes)
        return super().scatter(data, **how)


def cluster(**how):
    how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, **how}
    return distributed.LocalCluster(**how)


def test_members_on_workers_are_those_of_one_process_and_x_is_sent_once():
    expected = quietly(MLPClassifier(**SETTINGS).fit, X, Y)
    with (
        cluster(processes=False, protocol="tcp://") as workers,
        Counting(workers) as client,
        parallel_config(backend="dask"),
    ):
        found = quietly(MLPClassifier(**SETTINGS).fit, X, Y)
        assert client.sent.count(X.nbytes) == 1
        assert sum(client.sent) <= X.nbytes + Y.nbytes
    assert_same_bits(found, expected)


@pytest.mark.exhaustive
def test_a_member_whose_worker_is_killed_is_trained_again():
    settings = {**SETTINGS, "n_iter_no_change": 50, "max_iter": 60}
    expected = quietly(MLPClassifier(**settings).fit, X, Y)
    with (
        cluster(processes=True) as workers,
        distributed.Client(workers) as client,
        # a copy on each worker, since one copy could be lost
        parallel_config(backend="dask", scatter=[X, Y]),
    ):
        victim = min(client.run(os.getpid).values())
        timer = threading.Timer(1.0, os.kill, (victim, signal.SIGKILL))
        timer.start()
        found = quietly(MLPClassifier(**settings).fit, X, Y)
        timer.join()
        assert victim not in client.run(os.getpid).values()
    assert_same_bits(found, expected)


@pytest.mark.exhaustive
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_search_on_workers_trains_members_there_and_sends_x_once(n_jobs, tmp_path):
    table = RNG.normal(size=(600, 50))
    with (
        cluster(processes=True) as workers,
        Counting(workers) as client,
        parallel_config(backend="dask"),
    ):
        processes = client.run(os.getpid).values()
        quietly(search(tmp_path, n_jobs).fit, table, (table[:, 0] > 0).astype(int))
        assert client.sent.count(table.nbytes) == 1
        assert sum(client.sent) < 1.1 * table.nbytes
    assert_members_train_one_by_one(tmp_path, processes)


@pytest.mark.exhaustive
def test_members_train_on_ray_by_the_same_path():
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.util.joblib").register_ray()
    expected = quietly(MLPClassifier(**SETTINGS).fit, X, Y)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        with parallel_config(backend="ray"):
            found = quietly(MLPClassifier(**SETTINGS, n_jobs=2).fit, X, Y)
    finally:
        ray.shutdown()
    assert_same_bits(found, expected)
