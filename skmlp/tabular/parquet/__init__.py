"""From a folder of Parquet files to a fitted pipeline, without all rows in memory.

The package pyarrow is imported when a function needs it.
"""

from skmlp.tabular.parquet.fitting import fit_parquet

__all__ = ["fit_parquet"]
