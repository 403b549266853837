"""Columns of files are read whole, text by its distinct values."""

import numpy as np
import pytest

from skmlp.tabular import TableEncoder
from skmlp.tabular.columns import ArrowColumn
from skmlp.tabular.parquet import columns
from skmlp.tabular.parquet.columns import learn_from_files, read_columns
from skmlp.tabular.parquet.files import find_files

from .tables import table, write

pa = pytest.importorskip("pyarrow")
TABLE = table(pa)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(columns, "BATCH_ROWS", 17)


def test_a_column_is_that_of_the_table(tmp_path):
    files = find_files(write(TABLE, tmp_path, [11], 50))
    names = files.names
    for name, found in zip(names, read_columns(files, names), strict=True):
        expected = ArrowColumn(TABLE.column(name))
        assert (found.kind, found.is_category) == (expected.kind, expected.is_category)
        assert list(found.objects()) == list(expected.objects())
        if found.kind == "U":
            texts, codes = found.levels()
            assert texts == expected.levels()[0]
            np.testing.assert_array_equal(codes, expected.levels()[1])


def test_text_of_too_many_values_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(columns, "MOST_TEXTS", 20)
    files = find_files(write(TABLE, tmp_path, [120]))
    with pytest.raises(ValueError, match="'name' must have at most 20") as e:
        read_columns(files, ["colour", "name"])
    assert "this is file" in str(e.value) and "part-001" in str(e.value)


@pytest.mark.parametrize("chosen", [["count", "colour"], [1, 0], [True, True, False]])
def test_chosen_categories_are_those_of_the_whole_table(chosen, tmp_path, monkeypatch):
    monkeypatch.setattr(columns, "GROUP_BYTES", 1)
    names = ["count", "colour", "y"]
    files = find_files(write(TABLE, tmp_path))
    found = TableEncoder(chosen)
    learn_from_files(found, files, names)
    expected = TableEncoder(chosen).fit(TABLE.select(names))
    assert found.is_categorical_.tolist() == expected.is_categorical_.tolist()
    assert found.categories_["count"].tolist() == expected.categories_["count"].tolist()


def test_a_choice_of_no_column_is_refused_before_reading(tmp_path):
    files = find_files(write(TABLE, tmp_path))
    encoder = TableEncoder(["nowhere"])
    with pytest.raises(ValueError, match="categorical_features must"):
        learn_from_files(encoder, files, files.names)
    assert not hasattr(encoder, "n_features_in_")
