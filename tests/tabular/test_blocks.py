"""The blocks of a table: one look-up or one read gives what the long way gives."""

import numpy as np
import pytest

from skmlp.tabular import TableEncoder
from skmlp.tabular.blocks import CategoryBlock, NumberBlock, as_dense
from skmlp.tabular.kinds import Numbers
from skmlp.tabular.smooth_clip import column_scales, smooth_clip
from skmlp.tabular.tables import read_table

from .dresses import pd, pl


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_looked_up_categories_are_those_that_are_scaled(dtype):
    rng = np.random.default_rng(0)
    columns = [rng.choice(list("abcdefgh")[:n], 40, p=p) for n, p in SHARES.values()]
    table = pd.DataFrame(dict(zip(SHARES, columns, strict=True)))
    encoder = TableEncoder(dtype=dtype).fit(table)
    block = CategoryBlock(encoder._kinds)
    indices, _ = block.read(read_table(encoder, table))
    encoded = block.encode(indices, 40, dtype)
    scales = column_scales(encoded)
    block.learn_values(scales, dtype)
    out = np.empty((40, block.n_features), dtype=dtype)
    block.fill(indices, out)
    np.testing.assert_array_equal(out, as_dense(smooth_clip(encoded, *scales)))


# Numbers of categories and their shares: with and without a median of 0.
SHARES = {
    "one": (1, [1.0]),
    "two": (2, [0.3, 0.7]),
    "many": (8, [0.125] * 8),
    "one for most": (3, [0.8, 0.1, 0.1]),
}


@pytest.mark.parametrize("library", ["pandas", "polars", "numpy"])
def test_a_block_of_numbers_is_read_as_its_columns_are(library):
    rng = np.random.default_rng(0)
    columns = {
        "floats": rng.normal(size=9),
        "float32": rng.normal(size=9).astype(np.float32),
        "whole": rng.integers(0, 2**60, 9),
        "short": rng.integers(0, 99, 9).astype(np.uint8),
    }
    make = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "numpy": np.column_stack}
    as_rows = library == "numpy"
    X = make[library](list(columns.values()) if as_rows else columns)
    table = read_table(TableEncoder(), X)
    assert table.is_plain([0, 1, 2, 3])
    block = NumberBlock([Numbers() for _ in columns]).read(table)
    by_column = np.column_stack([table.column(j).floats() for j in range(4)])
    np.testing.assert_array_equal(block, by_column)
    block[:] = 0  # a copy: the table stays as it is
    assert np.any(read_table(TableEncoder(), X).block([0]))
