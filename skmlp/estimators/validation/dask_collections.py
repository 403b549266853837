"""Dask's arrays and data frames: what they are, without importing Dask for others."""

import sys

import numpy as np

from skmlp.errors import describe, invalid

COLLECTIONS = "an array or data frame of Dask with rows and named or numbered columns"


def is_dask(value) -> bool:
    """Whether the value is one of Dask's collections."""
    if "dask" not in sys.modules or not hasattr(value, "__dask_graph__"):
        return False
    return any(kind.__module__.startswith("dask.") for kind in type(value).__mro__)


def is_frame(value) -> bool:
    """Whether a collection of Dask is a data frame, or a column of one."""
    return hasattr(value, "npartitions") and hasattr(value, "map_partitions")


def in_memory(value):
    """What a collection of Dask holds; any other value as it is."""
    return value.compute() if is_dask(value) else value


def refuse_dask(X) -> None:
    """Refuse what would become one array in this process without a word."""
    if is_dask(X):
        raise ValueError(
            "Dask's collections are not taken here; call compute() first, if it fits "
            "in memory, or map over its blocks."
        )


def sample_of(owner, X):
    """A row in memory like those of X, a collection of Dask."""
    if is_frame(X):
        from dask.dataframe.utils import meta_nonempty

        return meta_nonempty(X._meta)
    n_columns = X.shape[1:] if hasattr(X, "shape") else (np.nan,)
    if np.isnan(n_columns).any():
        raise invalid(owner, "X", f"be {COLLECTIONS}", describe(X))
    return np.zeros((1, *n_columns), X.dtype)
