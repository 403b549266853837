"""The kept network is the one that the attributes say, whatever is set of them."""

import copy
import gc
import multiprocessing
import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest

from skmlp import MLPClassifier, MLPRegressor, MLPTransformer
from skmlp.activations import LeakyReLU
from skmlp.estimators.fitting import kept_network

from ...conftest import NUMBERS, TASKS, X, digest, quietly

KINDS = {
    "plain": {},
    "embedding": {"numeric_embedding": "pbld"},
    "prelu": {"activation": "prelu"},
    "list": {"activation": ["tanh", "relu"]},
}


def fitted(**params):
    params = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "random_state": 0, **params}
    return quietly(MLPRegressor(**params).fit, X, NUMBERS)


def afresh(model):
    """The predictions of a model that has no kept network."""
    return pickle.loads(pickle.dumps(model)).predict(X)


def set_all(model):
    model.coefs_ = [2.0 * W for W in model.coefs_]


def set_one(model):
    model.coefs_[1] = model.coefs_[1] + 1.0


def in_place(model):
    model.coefs_[0] *= 1.5


def bias_in_place(model):
    model.intercepts_[-1][:] = 7.0


def biases(model):
    model.intercepts_ = tuple(b + 1.0 for b in model.intercepts_)


def other_dtype(model):
    model.coefs_ = [np.round(W).astype(int) for W in model.coefs_]
    model.predict(X)
    model.coefs_[0] += 1  # of numbers that had to be copied


def as_lists(model):
    model.coefs_ = [W.tolist() for W in model.coefs_]
    model.predict(X)
    model.coefs_[0][0][0] += 1.0


def trained_on(model):
    model.partial_fit(X, NUMBERS)


def fitted_again(model):
    quietly(model.fit, X[:, ::-1], NUMBERS)


CHANGES = [
    *(set_all, set_one, in_place, bias_in_place, biases),
    *(other_dtype, as_lists, trained_on, fitted_again),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_is_set_is_seen(change):
    for params in KINDS.values():
        model = fitted(**params)
        before = model.predict(X)
        change(model)
        found = model.predict(X)
        assert np.abs(found - before).max() > 1e-6
        np.testing.assert_array_equal(found, afresh(model))


def test_the_activation_is_seen():
    model = fitted(activation="tanh")
    before = model.predict(X)
    for activation in ("relu", ["tanh", "relu"], LeakyReLU(0.1)):
        model.set_params(activation=activation)
        np.testing.assert_array_equal(model.predict(X), afresh(model))
    model.activation.slope = 0.9  # in the object
    np.testing.assert_array_equal(model.predict(X), afresh(model))
    model.set_params(activation="tanh")
    np.testing.assert_array_equal(model.predict(X), before)
    model.activation = "no such"
    with pytest.raises(ValueError, match="activation must be one of"):
        model.predict(X)


def test_embeddings_and_alphas_are_seen():
    model = fitted(numeric_embedding="pbld", activation="prelu")
    model.predict(X)
    model.embedding_.arrays[0] = 2.0 * model.embedding_.arrays[0]
    np.testing.assert_array_equal(model.predict(X), afresh(model))
    model.alphas_[0] = model.alphas_[0] + 1.0
    np.testing.assert_array_equal(model.predict(X), afresh(model))
    model.alphas_[0] = model.alphas_[0].tolist()
    model.predict(X)
    model.alphas_[0][0] += 1.0  # in place, in a list
    np.testing.assert_array_equal(model.predict(X), afresh(model))


def test_wrong_attributes_are_refused_as_before():
    model = fitted()
    model.predict(X)
    model.coefs_[0] = np.ones((4, 3))
    for _ in range(2):
        with pytest.raises(ValueError, match="coefs_ and intercepts_ must be arrays"):
            model.predict(X)
    del model.coefs_
    with pytest.raises(ValueError, match="not fitted yet"):
        model.predict(X)


def test_it_is_no_part_of_the_model():
    model = fitted()
    before, size = digest(model), len(pickle.dumps(model))
    model.predict(X)
    assert digest(model) == before and len(pickle.dumps(model)) == size
    for twin in (copy.copy(model), copy.deepcopy(model)):
        set_all(twin)
        np.testing.assert_array_equal(twin.predict(X), afresh(twin))
    np.testing.assert_array_equal(model.predict(X), afresh(model))


def test_it_goes_with_the_model():
    model = fitted()
    model.predict(X)
    key = id(model)
    assert key in kept_network._KEPT
    trained_on(model)  # whose arrays are others
    assert key not in kept_network._KEPT
    model.predict(X)
    del model
    gc.collect()
    assert key not in kept_network._KEPT


def test_mapped_models_and_rows_predict(tmp_path):
    model = fitted()
    joblib.dump(model, tmp_path / "model")
    joblib.dump(X, tmp_path / "X")
    mapped = joblib.load(tmp_path / "model", mmap_mode="r")
    rows = joblib.load(tmp_path / "X", mmap_mode="r")
    assert isinstance(mapped.coefs_[0], np.memmap) and not rows.flags.writeable
    for _ in range(2):
        np.testing.assert_array_equal(mapped.predict(rows), model.predict(X))
    assert id(mapped) in kept_network._KEPT
    rows = X.astype(np.float32)
    rows.flags.writeable = False
    np.testing.assert_array_equal(
        mapped.predict(rows), model.predict(X.astype(np.float32))
    )


def test_threads_share_a_model():
    model = quietly(
        MLPClassifier(30, max_iter=3, random_state=0).fit, X, TASKS["multiclass"].y
    )
    parts = [X[i % 80 : i % 80 + 10] for i in range(400)]
    expected = [model.predict_proba(part) for part in parts]
    start = threading.Barrier(4)

    def work(i):
        if i < 4:
            start.wait()
        return model.predict_proba(parts[i])

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(len(parts))))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_forked_processes_share_a_model():
    model = fitted()
    expected = model.predict(X)  # whose network is kept before the fork
    context = multiprocessing.get_context("fork")
    found = context.Queue()
    workers = [
        context.Process(target=lambda: found.put(model.predict(X))) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for _ in workers:
        np.testing.assert_array_equal(found.get(timeout=60), expected)
    for worker in workers:
        worker.join()


def test_a_change_by_another_thread_is_seen_as_a_whole():
    model = fitted()
    first, second = [*model.coefs_], [2.0 * W for W in model.coefs_]
    known = [model.predict(X).tobytes()]
    model.coefs_ = second
    known.append(model.predict(X).tobytes())
    is_done = threading.Event()

    def switch():
        while not is_done.is_set():
            model.coefs_ = first
            model.coefs_ = second

    thread = threading.Thread(target=switch)
    thread.start()
    try:
        assert {model.predict(X).tobytes() for _ in range(500)} <= {*known}
    finally:
        is_done.set()
        thread.join()


def test_blocks_are_the_rows_of_one_call():
    model = fitted()
    rows = np.tile(X, (7, 1))  # more than one block has
    np.testing.assert_allclose(
        model.predict(rows), np.tile(model.predict(X), 7), rtol=1e-12
    )


def test_a_transformer_sees_the_attributes_of_its_network():
    model = quietly(
        MLPTransformer(MLPClassifier(5, max_iter=3, random_state=0)).fit,
        X,
        TASKS["binary"].y,
    )
    before = model.transform(X)
    model.estimator_.coefs_ = [2.0 * W for W in model.estimator_.coefs_]
    assert np.abs(model.transform(X) - before).max() > 1e-6
