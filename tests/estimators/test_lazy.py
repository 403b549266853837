"""Predictions of Dask's collections are lazy, and those of their rows in memory."""

from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError

from skmlp import MLPAutoencoder, MLPRegressor, MLPTransformer
from skmlp.losses import Quantile

from ..conftest import TASKS, Optional, X, quietly

dask, da, dd, pd = map(Optional, ["dask", "dask.array", "dask.dataframe", "pandas"])
SMALL = {"hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
COLUMNS = ["a", "b", "c", "d"]


def in_blocks(kind):
    """X in blocks; in some kinds Dask does not know how many rows they have."""
    array = da.from_array(X, chunks=(40, 3))
    if kind == "array":
        return array
    if kind == "unknown sizes":
        return array[array[:, 0] > -np.inf]
    if kind == "sparse":
        return da.from_array(X, chunks=(40, 4)).map_blocks(
            csr_matrix, meta=csr_matrix((0, 4))
        )
    frame = dd.from_pandas(pd.DataFrame(X, columns=COLUMNS), npartitions=3)
    if kind == "frame":
        return frame
    return frame.map_partitions(lambda part: part[part.index >= 60])


KINDS = ["array", "unknown sizes", "sparse"]
METHODS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]


@pytest.fixture(autouse=True)
def synchronous():
    with dask.config.set(scheduler="synchronous"):
        yield


def assert_lazy_and_equal(found, expected):
    """A dask array of the right form, whose rows are equal to rounding."""
    assert isinstance(found, da.Array)
    assert found.dtype == expected.dtype
    assert found.shape[1:] == expected.shape[1:]
    assert np.isnan(found.shape[0]) or found.shape == expected.shape
    found = found.compute()
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    if expected.dtype.kind == "f":  # products of fewer rows may round otherwise
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    else:
        np.testing.assert_array_equal(found, expected)


def fitted(task, **params):
    model = task.make(**SMALL, **params)
    return quietly(model.fit, X, task.y)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_predictions_are_those_of_the_rows_in_memory(task):
    model = fitted(task)
    for kind, name in product(KINDS, METHODS):
        method = getattr(model, name if hasattr(model, name) else "predict")
        found, expected = method(in_blocks(kind)), method(X)
        if not isinstance(expected, list):
            found, expected = [found], [expected]
        for one, other in zip(found, expected, strict=True):
            assert_lazy_and_equal(one, other)


def test_frames_predict_by_the_names_of_their_columns():
    table, task = pd.DataFrame(X, columns=COLUMNS), TASKS["multiclass"]
    model = quietly(task.make(**SMALL).fit, table, task.y)
    for kind in "frame", "empty partitions":
        frame = in_blocks(kind)
        found, expected = model.predict_proba(frame), model.predict_proba
        assert_lazy_and_equal(found, expected(frame.compute()))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(in_blocks("frame").rename(columns={"a": "z"}))


@pytest.mark.parametrize("kind", KINDS)
def test_scores_intervals_and_levels(kind):
    y = TASKS["multi-output"].y
    model = MLPRegressor(**SMALL, early_stopping=True)
    quietly(model.fit, X, y)
    blocks = in_blocks(kind)
    assert model.score(blocks, da.from_array(y)) == pytest.approx(model.score(X, y))
    pairs = zip(
        model.predict_interval(blocks, 0.5), model.predict_interval(X, 0.5), strict=True
    )
    for found, expected in pairs:
        assert_lazy_and_equal(found, expected)
    levels = MLPRegressor(Quantile([0.1, 0.9]), **SMALL)
    quietly(levels.fit, X, y)
    assert_lazy_and_equal(levels.predict(blocks), levels.predict(X))
    assert levels.score(blocks, y) == pytest.approx(levels.score(X, y))
    task = TASKS["multiclass"]
    classifier = fitted(task)
    weight = np.arange(len(X))
    found = classifier.score(blocks, da.from_array(task.y), da.from_array(weight))
    assert found == classifier.score(X, task.y, weight)


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_layers_and_reconstructions(kind):
    task, blocks = TASKS["regression"], in_blocks(kind)
    mlp = fitted(task)
    assert_lazy_and_equal(
        mlp.hidden_activations(blocks, layer=0), mlp.hidden_activations(X)
    )
    transformer = quietly(MLPTransformer(task.make(**SMALL)).fit, X, task.y)
    assert_lazy_and_equal(transformer.transform(blocks), transformer.transform(X))
    if kind != "sparse":
        autoencoder = quietly(MLPAutoencoder(2, random_state=0).fit, X)
        codes = autoencoder.transform(blocks)
        assert_lazy_and_equal(codes, autoencoder.transform(X))
        assert autoencoder.score(blocks) == pytest.approx(autoencoder.score(X))


def test_members_and_float32_predict_as_in_memory():
    task = TASKS["multiclass"]
    model = fitted(task, n_members=2)
    assert_lazy_and_equal(
        model.predict_proba(in_blocks("array")), model.predict_proba(X)
    )
    narrow = task.make(**SMALL)
    quietly(narrow.fit, X.astype(np.float32), task.y)
    blocks = in_blocks("array").astype(np.float32)
    found, expected = (
        narrow.predict_proba(blocks),
        narrow.predict_proba(blocks.compute()),
    )
    assert found.dtype == found.compute().dtype == expected.dtype == np.float32
    np.testing.assert_allclose(found.compute(), expected, rtol=1e-5)


def test_a_later_fit_does_not_change_predictions_that_were_asked_for():
    task = TASKS["regression"]
    model = fitted(task)
    expected, lazy = model.predict(X), model.predict(in_blocks("array"))
    quietly(model.fit, X, -task.y)
    assert_lazy_and_equal(lazy, expected)


def test_what_is_wrong_is_said_at_once():
    model = MLPRegressor(**SMALL)
    with pytest.raises(NotFittedError):
        model.predict(in_blocks("array"))
    quietly(model.fit, X, X[:, 0])
    with pytest.raises(ValueError, match="X has 3 features"):
        model.predict(in_blocks("array")[:, :3])


def test_the_graph_has_the_model_once():
    model = MLPRegressor(hidden_layer_sizes=200, max_iter=1)
    quietly(model.fit, X, X[:, 0])
    many = da.from_array(X, chunks=(1, 4))
    graph = dict(model.predict(many).__dask_graph__())
    assert (
        sum(key.startswith("MLPRegressor-") for key in graph if type(key) is str) == 1
    )
