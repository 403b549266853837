"""A table with columns of all kinds, and ways to write it to files."""

import numpy as np

N_ROWS = 240
RNG = np.random.default_rng(0)


def with_gaps(values, every):
    return [None if i % every == 0 else value for i, value in enumerate(values)]


def table(pa):
    """An Arrow table; "y" are numbers, "label" classes, "w" weights."""
    size = RNG.normal(size=N_ROWS)
    colour = RNG.choice(["red", "green", "blue"], N_ROWS)
    days = np.datetime64("2024-01-01") + RNG.integers(0, 900, N_ROWS)
    y = size + (colour == "red") + 0.2 * RNG.normal(size=N_ROWS)
    columns = {
        "size": with_gaps(size.tolist(), 9),
        "count": RNG.integers(0, 9, N_ROWS),
        "colour": colour.tolist(),
        "grade": pa.array(RNG.choice(["a", "b"], N_ROWS).tolist()).dictionary_encode(),
        "when": pa.array(days.astype("datetime64[s]")),
        "price": [f"{value:.1f} kg" for value in RNG.uniform(0, 9, N_ROWS)],
        "flag": with_gaps((size > 0.3).tolist(), 50),
        "name": [f"name {i % 10 if i < 180 else i}" for i in range(N_ROWS)],
        "nothing": pa.nulls(N_ROWS),
        "w": RNG.uniform(0.5, 2.0, N_ROWS),
        "label": np.where(y > 0.5, "much", "little").tolist(),
        "y": y,
    }
    return pa.table(columns)


# by the rows at which a file ends, and the rows of a group
CUTS = {
    "one file": ([], N_ROWS),
    "small groups": ([], 7),
    "two files": ([11], 40),
    "many files": (range(5, N_ROWS, 5), N_ROWS),
    "an empty file": ([100, 100], 64),
}


def write(table, folder, cuts=(), group=N_ROWS):
    """The table's rows in files part-000.parquet and so on; returns the folder."""
    import pyarrow.parquet as pq

    ends = [*cuts, table.num_rows]
    for number, (start, stop) in enumerate(zip([0, *cuts], ends, strict=True)):
        part = table.slice(start, stop - start)
        path = folder / f"part-{number:03}.parquet"
        pq.write_table(part, path, row_group_size=group)
    return folder
