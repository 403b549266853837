"""Tables of foreign libraries: eager ones are read, lazy ones are refused."""

import numpy as np
import pytest

from skmlp.tabular import TableEncoder

from ..conftest import Optional

da, nw, pd, pl = map(Optional, ["dask.dataframe", "narwhals", "pandas", "polars"])


def frame():
    return pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": ["x", "y", "x"]})


class Stranger:
    """A frame of a library that is not there, with some of its methods.

    Its columns do not compare and do not become arrays: what is lazy must not be asked.
    """

    columns = property(lambda self: pytest.fail("a lazy frame was read"))

    def __array__(self, *args, **kwargs):
        pytest.fail("a lazy frame was read")


def stranger(**methods):
    return type("Stranger", (Stranger,), methods)()


LAZY = {
    "polars": lambda: pl.DataFrame(frame().to_dict("list")).lazy(),
    "narwhals": lambda: nw.from_native(LAZY["polars"]()),
    "dask": lambda: da.from_pandas(frame(), npartitions=2),
    "dask's methods": lambda: stranger(compute=None, iloc=None, to_pandas=None),
    "Spark's methods": lambda: stranger(toPandas=None, collect=None),
    "pandas on Spark": lambda: stranger(to_spark=None, iloc=None, to_pandas=None),
    "ibis": lambda: stranger(execute=None, to_pandas=None),
    "DuckDB": lambda: stranger(fetchdf=None, df=None),
}


@pytest.mark.parametrize("library", LAZY)
def test_a_lazy_frame_is_refused_before_it_is_read(library):
    X = LAZY[library]()
    complaint = r"^A lazy frame has no rows yet; give what \w+\(\) makes of it"
    fitted = TableEncoder().fit(frame())
    for method in (TableEncoder().fit, TableEncoder().fit_transform, fitted.transform):
        with pytest.raises(ValueError, match=complaint):
            method(X)


EAGER = {
    "Modin": lambda: stranger(iloc=None, _to_pandas=lambda self: frame()),
    "cuDF": lambda: stranger(iloc=None, to_pandas=lambda self: frame()),
    "narwhals": lambda: nw.from_native(frame()),
    "a subclass of pandas'": lambda: type("Geo", (pd.DataFrame,), {})(frame()),
}


@pytest.mark.parametrize("library", EAGER)
def test_an_eager_frame_is_read(library):
    encoder = TableEncoder().fit(EAGER[library]())
    expected = TableEncoder().fit_transform(frame())
    np.testing.assert_array_equal(encoder.transform(EAGER[library]()), expected)
    np.testing.assert_array_equal(encoder.transform(frame()), expected)


def test_a_lazy_array_is_an_array():
    array = pytest.importorskip("dask.array")
    X = np.arange(12.0).reshape(6, 2)
    found = TableEncoder().fit_transform(array.from_array(X, chunks=(2, 2)))
    np.testing.assert_array_equal(found, TableEncoder().fit_transform(X))


def test_columns_that_are_called_like_methods_are_columns():
    names = ["compute", "collect", "to_pandas", "get_columns"]
    X = pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=names)
    assert TableEncoder().fit_transform(X).shape == (3, 4)
