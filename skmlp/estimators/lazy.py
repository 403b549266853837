"""Predictions of Dask's collections, block by block and only when they are computed."""

from functools import wraps
from uuid import uuid4

from skmlp.estimators.fitting.callbacks import without_callbacks
from skmlp.estimators.validation.dask_collections import is_dask, is_frame, sample_of


def lazy_for_dask(method):
    """A method of X that maps over the blocks where X is a collection of Dask.

    The result is a dask array (several, where the method gives a list), made by the
    model as it is now.
    """

    @wraps(method)
    def mapped(self, X, *args, **kwargs):
        if not is_dask(X):
            return method(self, X, *args, **kwargs)
        call = Call(method.__name__, args, kwargs)
        # of one row: what is wrong with the model or the columns is wrong now
        expected = call(self, sample_of(type(self).__name__, X))
        return _over_blocks(self, call, X, expected)

    return mapped


class Call:
    """A call of a model's method; `item` is that of its list, or None."""

    def __init__(self, name, args, kwargs, item=None):
        self.name, self.args, self.kwargs, self.item = name, args, kwargs, item

    def __call__(self, model, X):
        found = getattr(model, self.name)(X, *self.args, **self.kwargs)
        return found if self.item is None else found[self.item]

    def of_item(self, item):
        return Call(self.name, self.args, self.kwargs, item)


def _over_blocks(model, call, X, expected):
    import dask

    # once in the graph, not in each of its tasks; later fits do not change it
    name = f"{type(model).__name__}-{uuid4().hex}"
    model = dask.delayed(without_callbacks(model), name=name, traverse=False)
    if isinstance(expected, list):
        return [
            _mapped(model, call.of_item(item), X, one)
            for item, one in enumerate(expected)
        ]
    return _mapped(model, call, X, expected)


def _mapped(model, call, X, expected):
    """The dask array of the results, each of the form of `expected`, of some rows."""
    empty = expected[:0]
    if is_frame(X):
        return X.map_partitions(_of_block, model, call, empty, meta=empty)
    X = X.rechunk({1: -1})
    others = tuple((size,) for size in empty.shape[1:])
    return X.map_blocks(
        _of_block,
        model,
        call,
        empty,
        chunks=(X.chunks[0], *others),
        drop_axis=[1],
        new_axis=list(range(1, empty.ndim)),
        meta=empty,
    )


def _of_block(X, model, call, empty):
    return call(model, X) if X.shape[0] else empty
