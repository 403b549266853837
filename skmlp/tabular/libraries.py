"""Which library a table is from, told by its methods; lazy ones are refused.

By hand and not by narwhals: that is no dependency of the oldest scikit-learn that is
supported, does not look into columns of objects, where most of the reading is, and a
row of 20 columns takes it twice as long (0.66 against 0.31 ms, narwhals 2.29).
"""

# By a method that only lazy tables have: what the user calls to get rows. The first
# one that a table has counts.
LAZY = {
    "compute": "compute()",  # dask
    "to_spark": "to_pandas()",  # pandas on Spark
    "toPandas": "toPandas()",  # Spark
    "collect": "collect()",  # polars, narwhals
    "execute": "execute()",  # ibis
    "fetchdf": "df()",  # DuckDB
    "to_table": "to_table()",  # data sets of Arrow
}
# Eager ones of other libraries become a pandas frame by the first of these they have.
TO_PANDAS = ("_to_pandas", "to_pandas", "to_pandas_df")


def _has(X, *methods):
    """By the type: columns of a frame are attributes of the frame, too."""
    return all(hasattr(type(X), method) for method in methods)


def is_of_pandas(X):
    return _has(X, "iloc", "columns")


def is_of_polars(X):
    return _has(X, "get_columns", "columns")


def is_of_arrow(X):
    return _has(X, "column_names", "schema", "column")


def refuse_lazy(X):
    """Raise a ValueError for a table whose rows are not there yet.

    Lazy arrays, which have no columns of names, become NumPy's where they are read.
    """
    is_frame = _has(X, "columns") or _has(X, "schema")
    for method, call in LAZY.items():
        if is_frame and _has(X, method) and not _has(X, "get_columns"):
            raise ValueError(
                f"A lazy frame has no rows yet; give what {call} makes of it."
            )


def as_known(X):
    """A frame of another library as one of pandas, polars or pyarrow; else X itself."""
    if _has(X, "to_native"):  # narwhals
        return as_known(X.to_native())
    refuse_lazy(X)
    if type(X).__module__.partition(".")[0] in ("pandas", "polars", "pyarrow"):
        return X
    convert = next((name for name in TO_PANDAS if _has(X, name)), None)
    return X if convert is None else getattr(X, convert)()
