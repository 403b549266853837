"""Dask's collections are known by what they are, and never computed by accident."""

import subprocess
import sys

import numpy as np
import pytest

from skmlp import MLPAutoencoder, MLPRegressor
from skmlp.estimators.validation.dask_collections import (
    in_memory,
    is_dask,
    is_frame,
    sample_of,
)

from ...conftest import Optional

da, dd, pd = map(Optional, ["dask.array", "dask.dataframe", "pandas"])
X = np.arange(12.0).reshape(6, 2)


def frame():
    table = pd.DataFrame(X, columns=["a", "b"]).astype({"b": np.int8})
    return dd.from_pandas(table, npartitions=2)


def array():
    return da.from_array(X.astype(np.float32), chunks=(4, 1))


def test_what_is_of_dask():
    assert is_dask(array()) and is_dask(frame()) and is_dask(frame()["a"])
    assert is_frame(frame()) and is_frame(frame()["a"]) and not is_frame(array())
    for other in (X, [[1.0]], None, "dask", frame()._meta):
        assert not is_dask(other)
        assert in_memory(other) is other
    np.testing.assert_array_equal(in_memory(array()), X)


def test_a_sample_is_a_row_of_the_same_dtypes():
    sample = sample_of("Owner", array())
    assert (sample.shape, sample.dtype) == ((1, 2), np.float32)
    sample = sample_of("Owner", frame())
    assert list(sample.columns) == ["a", "b"]
    assert list(sample.dtypes) == [np.float64, np.int8]


def test_columns_of_unknown_number_are_refused():
    unknown = array()[:, array()[0] > 0]
    with pytest.raises(ValueError, match="Owner: X must be an array or data frame"):
        sample_of("Owner", unknown)


@pytest.mark.parametrize("method", ["input_gradient", "integrated_gradients"])
def test_what_is_not_lazy_refuses_instead_of_computing(method):
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, X[:, 0])
    with pytest.raises(ValueError, match="call compute\\(\\) first"):
        getattr(model, method)(array())
    with pytest.raises(ValueError, match="call compute\\(\\) first"):
        MLPAutoencoder().fit(array())


def test_dask_is_not_imported_for_other_arrays():
    code = (
        "import sys, numpy as np, skmlp\n"
        "X = np.eye(20)\n"
        "m = skmlp.MLPRegressor(solver='lbfgs', hidden_layer_sizes=()).fit(X, X[0])\n"
        "m.predict(X), m.score(X, X[0])\n"
        "assert 'dask' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
