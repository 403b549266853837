"""lbfgs on Dask's workers: their number, their loss and the bytes that they move."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from skmlp import MLPClassifier, MLPRegressor
from skmlp.estimators.fitting import sums

from ..conftest import assert_same_bits, digest, parameters, quietly

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")
# workers that close say so in warnings, or in logs that pytest has closed
pytestmark = [pytest.mark.exhaustive, pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(16_000, 10))
Y = X[:, 0] + X[:, 1] ** 2
WEIGHT = RNG.uniform(0.5, 2.0, len(X))
SMALL = {"hidden_layer_sizes": 32, "max_iter": 15, "random_state": 0, "tol": 0}
CODES = np.digitize(Y, [0.0, 2.0])


def cluster(n_workers, **how):
    how = {"processes": True, "dashboard_address": None, **how}
    return distributed.LocalCluster(n_workers=n_workers, threads_per_worker=1, **how)


def in_blocks(values, n_blocks=16):
    return da.from_array(values, chunks=(len(values) // n_blocks, *values.shape[1:]))


def test_the_bits_do_not_depend_on_the_number_of_workers():
    kinds = [
        (MLPRegressor, Y, {}),
        (MLPClassifier, CODES, {"class_weight": "balanced"}),
    ]
    models = []
    for n_workers in (1, 2, 4):
        with cluster(n_workers) as workers, distributed.Client(workers):
            models.append(
                [
                    quietly(
                        kind(solver="lbfgs", **SMALL, **params).fit,
                        *map(in_blocks, (X, y, WEIGHT)),
                    )
                    for kind, y, params in kinds
                ]
            )
    for (kind, y, params), *found in zip(kinds, *models, strict=True):
        alone = quietly(kind(solver="lbfgs", **SMALL, **params).fit, X, y, WEIGHT)
        for model in found:
            assert_same_bits(model, found[0])
            assert np.abs(parameters(model) - parameters(alone)).max() < 1e-8


def test_a_killed_worker_is_survived():
    settings = {**SMALL, "max_iter": 60}
    with cluster(2) as workers, distributed.Client(workers) as client:
        lazy = [in_blocks(X), in_blocks(Y)]
        expected = quietly(MLPRegressor(solver="lbfgs", **settings).fit, *lazy)
        victim = min(client.run(os.getpid).values())
        killed = []

        def kill():
            os.kill(victim, signal.SIGKILL)
            killed.append(time.monotonic())

        seconds = expected.history_["seconds"].sum()
        timer = threading.Timer(0.3 * seconds, kill)
        timer.start()
        found = quietly(MLPRegressor(solver="lbfgs", **settings).fit, *lazy)
        ended = time.monotonic()
        timer.join()
        assert killed and killed[0] < ended
        assert victim not in client.run(os.getpid).values()
    assert_same_bits(found, expected)


def test_a_cluster_that_goes_away_leaves_the_model_as_it_was():
    model = MLPRegressor(solver="lbfgs", **{**SMALL, "max_iter": 2000})
    before = digest(model)
    with cluster(1) as workers:
        client = distributed.Client(workers)
        lazy = [in_blocks(X), in_blocks(Y)]
        timer = threading.Timer(3.0, client.close)
        timer.start()
        with pytest.raises(Exception, match=r"(?i)cancel|clos|lost"):
            quietly(model.fit, *lazy)
        timer.join()
    assert digest(model) == before


def sent(client):
    """Bytes that the workers have sent to each other, and to the client."""
    each = client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total)
    return sum(each.values())


@pytest.mark.parametrize("n_workers", [2, 4])
def test_workers_send_a_few_times_the_parameters(n_workers, monkeypatch):
    # wide, so that rows are many bytes beside the parameters, as they are with Dask
    wide = np.random.default_rng(0).normal(size=(8000, 100))
    evaluate, found = sums.PartitionSums.__call__, []

    def counting(self, params):
        share = evaluate(self, params)
        found.append(sent(client))
        return share

    monkeypatch.setattr(sums.PartitionSums, "__call__", counting)
    own = cluster(n_workers, processes=False, protocol="tcp://")
    with own as workers, distributed.Client(workers) as client:
        model = MLPRegressor(solver="lbfgs", **{**SMALL, "hidden_layer_sizes": 50})
        quietly(model.fit, in_blocks(wide), in_blocks(wide[:, 0] ** 2))
    each = (found[-1] - found[1]) / (len(found) - 2) / parameters(model).nbytes
    print(f"{each:.2f} times the parameters for each evaluation")
    # to the other workers, sums of their gradients, of which some may be split, and
    # the result: not a gradient for each of the 16 partitions, and no rows
    assert 1 < each < 3 * n_workers
