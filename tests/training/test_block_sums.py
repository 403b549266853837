"""Sums over blocks of rows are those over all rows, by a tree of fixed shape."""

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from skmlp.activations import ACTIVATIONS
from skmlp.losses import LOSSES
from skmlp.network.network import Network
from skmlp.network.objective import Objective
from skmlp.training.batches import ScaledRows, TrainingRows
from skmlp.training.block_sums import (
    BLOCK_ROWS,
    FAN_IN,
    MOST_BLOCKS,
    MappedSums,
    RowBlocks,
    Share,
    SummedObjective,
    added,
    share,
    summed,
    tree,
)

RNG = np.random.default_rng(0)
N_ROWS = 2 * BLOCK_ROWS + 100
X = RNG.normal(size=(N_ROWS, 3))
DATA = TrainingRows(
    X, np.asfortranarray(X[:, :1] ** 2), RNG.uniform(0.5, 1.5, size=N_ROWS)
)
NETWORK = Network((3, 4, 1), ACTIVATIONS["tanh"]())
LOSS = LOSSES["squared_error"]()


def rows_in(dress, dtype=np.float64):
    """The rows in another kind of matrix, with Y and weights of that dtype."""
    dresses = {
        "array": X.astype(dtype),
        "sparse": csr_matrix(X.astype(dtype)),
        "scaled": ScaledRows(
            X.astype(dtype), np.zeros(3, dtype), np.full(3, 0.5, dtype)
        ),
    }
    return TrainingRows(
        dresses[dress], DATA.Y.astype(dtype, order="F"), DATA.weight.astype(dtype)
    )


def shares(n):
    """Of so many blocks, with sums whose rounding depends on their order."""
    return [Share(float(v[0]), v) for v in RNG.normal(size=(n, 5)) * 10.0 ** (n % 7)]


@pytest.mark.parametrize("dress", ["array", "sparse", "scaled"])
def test_the_sum_is_the_objective_of_all_rows(dress):
    data = rows_in(dress)
    params = RNG.normal(size=NETWORK.n_params)
    whole = Objective(NETWORK, LOSS, 0.3, N_ROWS, np.float64)
    expected, grad = whole.value_and_gradient(params, data.X[:], data.Y, data.weight)
    alone = Objective(NETWORK, LOSS, 0.3, 1, np.float64)
    sums = MappedSums(map, share, RowBlocks(NETWORK, LOSS, data))
    found, found_grad = SummedObjective(alone, sums, N_ROWS)(params)
    # the same terms, added in another order
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    np.testing.assert_allclose(found_grad, grad, rtol=1e-11, atol=1e-13)


def test_the_sum_has_the_dtype_of_the_parameters():
    data = rows_in("array", np.float32)
    objective = Objective(NETWORK, LOSS, 0.3, 1, np.float32)
    sums = MappedSums(map, share, RowBlocks(NETWORK, LOSS, data))
    params = np.ones(NETWORK.n_params, np.float32)
    assert sums(params).grad.dtype == np.float64
    assert SummedObjective(objective, sums, N_ROWS)(params)[1].dtype == np.float32


def test_blocks_depend_on_the_number_of_rows_alone():
    for n_rows in (1, BLOCK_ROWS, BLOCK_ROWS + 1, MOST_BLOCKS * BLOCK_ROWS + 1):
        rows = TrainingRows(np.zeros((n_rows, 0)), np.zeros((n_rows, 1)))
        blocks = RowBlocks(NETWORK, LOSS, rows)
        sizes = [len(block.Y) for block in blocks]
        assert len(sizes) == len(blocks) <= MOST_BLOCKS
        assert sum(sizes) == n_rows
        assert min(sizes[:-1], default=BLOCK_ROWS) >= BLOCK_ROWS


def test_blocks_of_a_matrix_are_the_same_objects_each_time():
    blocks = RowBlocks(NETWORK, LOSS, rows_in("array"))
    assert list(map(id, blocks)) == list(map(id, blocks))
    assert next(iter(blocks)).X.base is not None  # no copy


def test_a_block_and_its_share_can_be_pickled():
    block = next(iter(RowBlocks(NETWORK, LOSS, DATA)))
    params = np.ones(NETWORK.n_params)
    again = pickle.loads(pickle.dumps(share(pickle.loads(pickle.dumps(block)), params)))
    np.testing.assert_array_equal(again.grad, share(block, params).grad)


@pytest.mark.parametrize(
    "n", [1, 2, FAN_IN, FAN_IN + 1, FAN_IN**2, FAN_IN**2 + 1, 100, 1000]
)
def test_both_forms_of_the_tree_add_in_the_same_order(n):
    some = shares(n)
    found, expected = summed(iter(some)), tree(list(some), added)
    np.testing.assert_array_equal(found.grad, expected.grad)
    assert found.loss == expected.loss
    total = np.sum([one.grad for one in some], axis=0)
    np.testing.assert_allclose(found.grad, total, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda function, *each: list(map(function, *each))[:-1],
        lambda function, *each: [None for _ in zip(*each, strict=True)],
    ],
    ids=["one too few", "nothing"],
)
def test_a_map_that_loses_results_is_refused(wrong):
    sums = MappedSums(wrong, share, RowBlocks(NETWORK, LOSS, DATA))
    with pytest.raises(ValueError, match=r"LBFGS: map must give .* for 3 items"):
        sums(np.ones(NETWORK.n_params))
