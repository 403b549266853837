"""BLAS threads: one for small products, and always given back."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skmlp import MLPRegressor
from skmlp.estimators.fitting.threads import SMALL, blas_threads

SMALL_NETWORK = (20, 100, 1)
LARGE_NETWORK = (1, SMALL, 1)


def n_blas_threads(part=""):
    """Of the BLAS libraries with that part in their path."""
    infos = [i for i in threadpool_info() if i["user_api"] == "blas"]
    return {i["num_threads"] for i in infos if part in i["filepath"]}


@pytest.fixture
def two_threads():
    with threadpool_limits(2):
        if n_blas_threads() != {2}:
            pytest.skip("BLAS has one thread here, so there is nothing to choose")
        yield


def test_small_products_have_one_thread_and_give_the_others_back(two_threads):
    with blas_threads(SMALL_NETWORK, 200):
        assert n_blas_threads() == {1}
    assert n_blas_threads() == {2}


def test_large_products_have_the_threads_set_outside(two_threads):
    with blas_threads(LARGE_NETWORK, 1):
        assert n_blas_threads("numpy" if n_blas_threads("numpy") else "") == {2}
    with threadpool_limits(1), blas_threads(LARGE_NETWORK, 1):
        assert n_blas_threads() == {1}


def test_other_libraries_than_numpys_have_one_thread(two_threads):
    if not n_blas_threads("numpy"):
        pytest.skip("NumPy and SciPy share one BLAS here")
    with blas_threads(LARGE_NETWORK, 1):
        assert n_blas_threads("scipy.libs") <= {1}
        with blas_threads(SMALL_NETWORK, 200):
            assert n_blas_threads() == {1}
        assert n_blas_threads("numpy") == {2}
    assert n_blas_threads() == {2}


def test_threads_come_back_after_an_error(two_threads):
    with pytest.raises(ZeroDivisionError), blas_threads(SMALL_NETWORK, 200):
        raise ZeroDivisionError
    assert n_blas_threads() == {2}


def test_fits_that_overlap_in_any_order_give_the_threads_back(two_threads):
    first, second = (blas_threads(SMALL_NETWORK, 200) for _ in range(2))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert n_blas_threads() == {1}
    second.__exit__(None, None, None)
    assert n_blas_threads() == {2}


def test_fits_in_python_threads_give_the_models_of_fits_one_by_one(two_threads):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = X.sum(axis=1)
    settings = {"max_iter": 8, "tol": 1e6, "n_iter_no_change": 2}
    models = [MLPRegressor(random_state=i, **settings) for i in range(4)]
    alone = [m.fit(X, y).predict(X) for m in models]
    workers = [threading.Thread(target=m.fit, args=(X, y)) for m in models]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for model, expected in zip(models, alone, strict=True):
        np.testing.assert_array_equal(model.predict(X), expected)
    assert n_blas_threads() == {2}
