"""Loss and gradient summed over blocks of rows: on Dask's workers, or by a `map`."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from skmlp.estimators.fitting.callbacks import without_callbacks
from skmlp.estimators.fitting.stream import Stream, training_blocks
from skmlp.estimators.fitting.threads import one_blas_thread
from skmlp.estimators.targets.class_weight import class_weight_function
from skmlp.training.batches import TrainingRows
from skmlp.training.block_sums import (
    MappedSums,
    RowBlock,
    RowBlocks,
    added,
    share,
    tree,
)
from skmlp.training.streamed_rows import StreamedRows


def sums_of(plan, data, mean_weight):
    """The sums over blocks of rows; None where all rows are evaluated at once.

    data : as training sees it, weights of mean 1 over the training rows.
    mean_weight : by which they were divided.
    """
    if isinstance(plan.data.X, StreamedRows):
        return PartitionSums(plan, mean_weight)
    if plan.settings.solver.map is None:
        return None
    blocks = RowBlocks(plan.network, plan.loss, data.only_training(0))
    return MappedSums(plan.settings.solver.map, share_by_one_thread, blocks)


def share_by_one_thread(block, params):
    """The block's share; the workers are what fills the cores.

    So the bits do not depend on the number of threads that a worker may take.
    """
    with one_blas_thread():
        return share(block, params)


# Dask


class PartitionSums:
    """The sum over partitions, each evaluated by Dask where it is.

    On a cluster, workers keep the partitions as training sees them; elsewhere, where
    memory is that of this process, they are computed for each evaluation.
    """

    def __init__(self, plan, mean_weight):
        import dask

        partitions = plan.data.X.source.batches
        prepare = dask.delayed(Preparation.of(plan, mean_weight), traverse=False)
        make = dask.delayed(prepared)
        self._blocks = [
            make(prepare, number, *partitions.delayed[number])
            for number in partitions.with_rows
        ]
        self._places = [{}] * len(self._blocks)
        if _is_cluster():
            self._places = _places(len(self._blocks))
            self._blocks = _kept(self._blocks, self._places)

    def __call__(self, params):
        import dask

        # one node, which goes to each worker once
        here = dask.delayed(params.copy(), traverse=False)
        evaluate, add = dask.delayed(share_by_one_thread), dask.delayed(added)
        shares = []
        for block, place in zip(self._blocks, self._places, strict=True):
            with dask.annotate(**place):  # else rows would travel to idle workers
                shares.append(evaluate(block, here))
        return tree(shares, add).compute()


def _is_cluster() -> bool:
    """Whether a client of `distributed` computes."""
    import dask

    return dask.config.get("scheduler", None) in ("dask.distributed", "distributed")


def _places(n_blocks):
    """On which worker each block is: neighbours on one, so that few sums travel.

    It may be another worker where that one is lost.
    """
    from distributed import default_client

    workers = sorted(default_client().nthreads())
    if not workers:  # as they may come later
        return [{}] * n_blocks
    numbers = np.arange(n_blocks) * len(workers) // n_blocks
    return [{"workers": [workers[i]], "allow_other_workers": True} for i in numbers]


def _kept(blocks, places):
    """The blocks in the memory of their workers."""
    from distributed import default_client

    client, kept = default_client(), []
    for block, place in zip(blocks, places, strict=True):
        kept += client.persist([block], **place)
    return kept


@dataclass(frozen=True)
class Preparation:
    """Of a plan what the rows of a partition need, and nothing of all rows.

    factors : the function from Y to the weights of classes, or None.
    """

    owner: str
    template: Any
    task: Any
    scaling: Any
    network: Any
    loss: Any
    n_rows: int
    dtype: Any
    mean_weight: float
    factors: Any

    @classmethod
    def of(cls, plan, mean_weight):
        factors, settings = None, plan.settings
        if settings.class_weight is not None:
            factors = class_weight_function(settings, plan.task, plan.all_rows)
        return cls(
            owner=settings.owner,
            template=without_callbacks(plan.template),
            task=plan.task,
            scaling=plan.scaling,
            network=plan.network,
            loss=plan.loss,
            n_rows=len(plan.data),
            dtype=plan.data.X.dtype,
            mean_weight=mean_weight,
            factors=factors,
        )

    def plan_of(self, stream, n_rows):
        """As much of a plan as the blocks of a stream need."""
        shape, numbers = (n_rows, self.network.layer_sizes[0]), np.arange(0)
        X = StreamedRows(stream, None, shape, self.dtype, numbers, None, 0.0, 0.0)
        return SimpleNamespace(
            settings=SimpleNamespace(owner=self.owner),
            template=self.template,
            task=self.task,
            scaling=self.scaling,
            data=TrainingRows(X, np.empty((n_rows, 0))),
        )


def prepared(of: Preparation, number, *parts) -> RowBlock:
    """A partition as training sees it."""
    stream = Stream(of.owner, [parts], noun="partition", first=number)
    plan = of.plan_of(stream, len(parts[1]))
    [block] = training_blocks(plan, of.mean_weight, of.factors)()
    return RowBlock(of.network, of.loss, of.n_rows, block.X, block.Y, block.weight)
