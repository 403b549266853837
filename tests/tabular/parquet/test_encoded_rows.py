"""Encoded rows are a memory map of what the encoder gives, for as long as needed."""

import shutil
from collections import namedtuple

import numpy as np
import pytest

from skmlp.estimators.validation.arrays import is_read_by_rows
from skmlp.tabular import TableEncoder
from skmlp.tabular.parquet import encoded_rows as module
from skmlp.tabular.parquet.encoded_rows import encoded_rows
from skmlp.tabular.parquet.files import find_files

from .tables import table, write

pa = pytest.importorskip("pyarrow")
TABLE = table(pa).select(["size", "colour", "grade", "count"])


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 13)
    (tmp_path / "files").mkdir()
    return find_files(write(TABLE, tmp_path / "files", [100], 30))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sparse", [False, True])
def test_rows_are_those_of_transform(sparse, dtype, files, folder):
    encoder = TableEncoder(sparse_output=sparse, dtype=dtype).fit(TABLE)
    expected = encoder.transform(TABLE)
    with encoded_rows(encoder, files, files.names, folder) as X:
        assert is_read_by_rows(X) and X.dtype == dtype
        np.testing.assert_array_equal(
            *((X.toarray(), expected.toarray()) if sparse else (X, expected))
        )
        del X
    assert not list(folder.iterdir())


def test_the_file_goes_where_training_or_encoding_fails(files, folder):
    encoder = TableEncoder().fit(TABLE)
    with (
        pytest.raises(KeyboardInterrupt),
        encoded_rows(encoder, files, files.names, folder),
    ):
        raise KeyboardInterrupt
    other = TableEncoder().fit(TABLE.rename_columns(["a", "b", "c", "d"]))
    with pytest.raises(ValueError, match=r"(?s)now missing.*this is file"):
        with encoded_rows(other, files, files.names, folder):
            pass
    assert not list(folder.iterdir())


def test_a_disk_that_is_too_small_is_told_before(files, folder, monkeypatch):
    usage = namedtuple("usage", "free")(1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    encoder = TableEncoder().fit(TABLE)
    with pytest.raises(OSError, match=r"temp_folder must have 0\.0 GB") as caught:
        with encoded_rows(encoder, files, files.names, folder):
            pass
    assert str(folder) in str(caught.value)
