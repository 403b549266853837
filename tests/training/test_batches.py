"""Laws of the rows that train, batch by batch."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.utils import shuffle

from skmlp.training.batches import Batches, TrainingRows

from ..conftest import covering


def make_rows(n_rows=10, weighted=False, rows=None, dtype=np.float64):
    """Rows whose X, Y and weight all tell the row's number."""
    numbers = np.arange(n_rows, dtype=dtype)
    return TrainingRows(
        X=np.stack([numbers, 2 * numbers], axis=1),
        Y=3 * numbers[:, np.newaxis],
        weight=1 + numbers if weighted else None,
        rows=rows,
    )


def numbers_of(X):
    return np.asarray(X[:, [0]].todense() if scipy.sparse.issparse(X) else X)[:, 0]


@pytest.mark.parametrize(
    "rows", [None, np.array([7, 1, 4, 8, 0, 3, 9])], ids=["all", "some"]
)
def test_each_epoch_shuffles_the_order_of_the_epoch_before(rows):
    for batch_size in (1, 3, 7, 10):
        batches = Batches(make_rows(rows=rows), batch_size, np.random.RandomState(5))
        order = np.arange(10) if rows is None else rows
        random_state = np.random.RandomState(5)
        for _ in range(4):
            order = shuffle(order, random_state=random_state)
            seen = [numbers_of(X).copy() for X, _, _ in batches.epoch()]
            np.testing.assert_array_equal(np.concatenate(seen), order)


@covering(
    rows={"all": None, "some": np.arange(0, 11, 2)},
    shuffled={"shuffled": True, "in order": False},
    sparse={"csr": True, "dense": False},
    weighted={"weighted": True, "unweighted": False},
)
def test_x_y_and_weight_of_a_batch_are_of_the_same_rows(
    rows, shuffled, sparse, weighted
):
    data = make_rows(11, weighted, rows)
    if sparse:
        data.X = scipy.sparse.csr_matrix(data.X)
    batches = Batches(data, 4, np.random.RandomState(0) if shuffled else None)
    for _ in range(2):
        seen = []
        for X, Y, weight in batches.epoch():
            numbers = numbers_of(X).copy()
            np.testing.assert_array_equal(Y[:, 0], 3 * numbers)
            if weighted:
                np.testing.assert_array_equal(weight, 1 + numbers)
            else:
                assert weight is None
            seen.extend(numbers)
        training = np.arange(11) if rows is None else rows
        np.testing.assert_array_equal(sorted(seen), training)
        assert shuffled or (seen == training).all()


@pytest.mark.parametrize("shuffled", [True, False])
def test_the_last_batch_has_the_rows_that_are_left(shuffled):
    random_state = np.random.RandomState(0) if shuffled else None
    for sizes in ([4, 4, 2], [5, 5], [9, 1], [10]):
        batches = Batches(make_rows(weighted=True), sizes[0], random_state)
        for _ in range(2):
            shapes = [[len(a) for a in batch] for batch in batches.epoch()]
            assert shapes == [[size] * 3 for size in sizes]


def test_batches_in_order_are_slices_of_the_data():
    data = make_rows(weighted=True)
    for X, Y, weight in Batches(data, 4, None).epoch():
        assert np.shares_memory(X, data.X)
        assert np.shares_memory(Y, data.Y)
        assert np.shares_memory(weight, data.weight)


@pytest.mark.parametrize("rows", [None, np.array([7, 1, 4])], ids=["all", "some"])
def test_shuffling_leaves_the_data_and_the_list_of_rows_alone(rows):
    data, expected = make_rows(rows=rows), make_rows()
    kept = None if rows is None else rows.copy()
    for X, Y, _ in Batches(data, 2, np.random.RandomState(0)).epoch():
        X[...] = Y[...] = -1
    np.testing.assert_array_equal(data.X, expected.X)
    np.testing.assert_array_equal(data.Y, expected.Y)
    assert rows is None or (rows == kept).all()


# --- weights


@pytest.mark.parametrize("rows", [None, np.array([7, 1, 4])], ids=["all", "some"])
def test_normalized_weights_have_mean_one_over_the_rows_that_train(rows):
    for scale in (1.0, 1e-300, 1e300, 1e307):
        data = make_rows(weighted=True, rows=rows)
        weight, training = data.weight, slice(None) if rows is None else rows
        data.weight = scale * weight
        normalized, mean = data.normalized()
        # a sum of ten in another order
        np.testing.assert_allclose(mean / scale, weight[training].mean(), rtol=1e-14)
        np.testing.assert_allclose(normalized.weight[training].mean(), 1.0, rtol=1e-14)
        np.testing.assert_allclose(
            normalized.weight, weight / weight[training].mean(), rtol=1e-14
        )
        assert normalized.X is data.X and normalized.rows is data.rows
        np.testing.assert_array_equal(data.weight, scale * weight)


def test_rows_without_weights_are_normalized_already():
    data = make_rows()
    assert data.normalized() == (data, 1.0)
    assert data.normalized()[0] is data


def test_weights_become_the_dtype_of_x_after_their_mean_is_taken():
    data = make_rows(3, dtype=np.float32)
    data.weight = np.array([1e-60, 2e-60, 3e-60])  # all zero in float32
    normalized, mean = data.normalized()
    assert normalized.weight.dtype == np.float32
    np.testing.assert_array_equal(normalized.weight, np.float32([0.5, 1.0, 1.5]))
    assert mean == pytest.approx(2e-60, rel=1e-15, abs=0)  # a sum of three


def test_the_length_is_the_number_of_rows_that_train():
    assert len(make_rows()) == 10
    assert len(make_rows(rows=np.array([7, 1, 4]))) == 3
