"""Files are read as one table, in order, and what is wrong with one is named."""

import numpy as np
import pytest

from skmlp.tabular.parquet.files import find_files

from ...cases import in_case
from .tables import CUTS, N_ROWS, table, write

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
TABLE = table(pa)


def rows_of(files, names=None, n_at_once=50):
    found = list(files.batches(names or files.names, n_at_once))
    return pa.Table.from_batches([batch for _, batch in found])


def test_the_rows_do_not_depend_on_files_and_groups(tmp_path):
    expected = TABLE.to_pylist()
    for number, (name, cut) in enumerate(CUTS.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        with in_case(name):
            files = find_files(write(TABLE, folder, *cut))
            assert (files.names, files.n_rows) == (TABLE.column_names, N_ROWS)
            assert rows_of(files).to_pylist() == expected
            assert rows_of(files, ["y", "size"]).column_names == ["y", "size"]


def test_batches_have_no_more_rows_than_asked_for(tmp_path):
    files = find_files(write(TABLE, tmp_path, [11], 100))
    sizes = [batch.num_rows for _, batch in files.batches(["y"], 40)]
    assert max(sizes) <= 40 and min(sizes) > 0 and sum(sizes) == N_ROWS


def test_a_file_a_folder_and_a_list_are_paths(tmp_path):
    write(TABLE, tmp_path, [100])
    (tmp_path / "_SUCCESS").touch()
    paths = sorted(tmp_path.glob("*.parquet"))
    for path in (tmp_path, str(tmp_path), paths, [str(p) for p in reversed(paths)]):
        assert rows_of(find_files(path)).equals(rows_of(find_files(tmp_path)))
    assert find_files(paths[0]).n_rows == 100


def test_names_of_folders_are_columns(tmp_path):
    for year in 2020, 2021:
        (tmp_path / f"year={year}").mkdir()
        write(TABLE.select(["y"]).slice(0, 5), tmp_path / f"year={year}")
    files = find_files(tmp_path)
    assert files.names == ["y", "year"]
    years = rows_of(files).column("year").to_pylist()
    assert years == [2020] * 5 + [2021] * 5


def test_the_index_of_pandas_is_no_column(tmp_path, pandas):
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}, index=[7, 3])
    frame.to_parquet(tmp_path / "0.parquet")
    frame.iloc[:0].to_parquet(tmp_path / "1.parquet")
    assert find_files(tmp_path).names == ["a", "b"]


def test_a_column_may_be_empty_or_have_other_codes_in_a_file(tmp_path):
    columns = [
        pa.nulls(2),
        pa.array(["b", "a"]).dictionary_encode(),
        pa.array(["c", "a"]).dictionary_encode(),
    ]
    for number, column in enumerate(columns):
        pq.write_table(pa.table({"a": column}), tmp_path / f"{number}.parquet")
    found = rows_of(find_files(tmp_path)).column("a").to_pylist()
    assert found == [None, None, "b", "a", "c", "a"]


# What is refused


def other(folder, columns):
    """A last file with other columns."""
    pq.write_table(pa.table(columns), folder / "z.parquet")


def cut_off(folder):
    path = folder / "z.parquet"
    pq.write_table(TABLE, path)
    path.write_bytes(path.read_bytes()[:-20])


def damaged(folder):
    """A file of which the end is whole and the pages are not."""
    path = folder / "z.parquet"
    pq.write_table(pa.table({"a": np.arange(99.0), "b": ["x"] * 99}), path)
    data = path.read_bytes()
    path.write_bytes(data[:4] + b"\xff" * 200 + data[204:])


FAULTS = {
    "cut off": (cut_off, "footer"),
    "damaged": (damaged, "page"),
    "no Parquet": (lambda f: (f / "z.parquet").write_text("a,b,c,d"), "Parquet"),
    "a column gone": (lambda f: other(f, {"a": [1.0]}), "gone: ..b"),
    "a new column": (
        lambda f: other(f, {"a": [1.0], "b": ["x"], "c": [1]}),
        "new: ..c",
    ),
    "another type": (
        lambda f: other(f, {"a": [1], "b": ["x"]}),
        "'a' must be of type double .* got int64",
    ),
    "text for categories": (
        lambda f: other(f, {"a": [1.0], "b": pa.array(["x"]).dictionary_encode()}),
        "'b' must be of type string .* got dictionary",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_file_is_named(fault, tmp_path):
    make, text = FAULTS[fault]
    pq.write_table(pa.table({"a": [1.0], "b": ["x"]}), tmp_path / "0.parquet")
    make(tmp_path)
    with pytest.raises(ValueError, match=text) as caught:
        rows_of(find_files(tmp_path))
    assert f"fit_parquet: this is file {tmp_path / 'z.parquet'}" in str(caught.value)


def test_a_first_file_that_is_cut_off_is_named(tmp_path):
    cut_off(tmp_path)
    with pytest.raises(ValueError, match=r"(?s)z\.parquet.*fit_parquet: path"):
        find_files(tmp_path)


def test_paths_without_rows_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        find_files(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="path must lead to a Parquet file"):
        find_files(tmp_path)
    write(TABLE.slice(0, 0), tmp_path)
    with pytest.raises(ValueError, match="path must lead to files with rows"):
        find_files(tmp_path)
