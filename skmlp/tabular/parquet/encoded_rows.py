"""The encoded rows of all files in a file of their own, which is a memory map."""

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn import config_context

from skmlp.tabular.parquet.files import OWNER, naming

# Of encoded rows as float64 at once; their number does not change what they become.
BLOCK_BYTES = 1 << 23
MOST_ROWS = 1 << 14


@contextmanager
def encoded_rows(encoder, files, names, folder):
    """All rows, encoded: a memory map, or a CSR matrix on such, deleted at the end.

    folder : where the file is for the time; None is that of temporary files.
    """
    with tempfile.TemporaryDirectory(
        prefix="skmlp-", dir=folder, ignore_cleanup_errors=True
    ) as path:
        write = _write_sparse if encoder.sparse_output_ else _write_dense
        yield write(_blocks(encoder, files, names), files, encoder, Path(path))


def _blocks(encoder, files, names):
    n_features = len(encoder.get_feature_names_out())
    n_at_once = min(MOST_ROWS, max(1, BLOCK_BYTES // (8 * max(1, n_features))))
    for path, batch in files.batches(names, n_at_once):
        with naming(path), config_context(transform_output="default"):
            block = encoder.transform(batch)
        yield block


def _write_dense(blocks, files, encoder, folder):
    shape = files.n_rows, len(encoder.get_feature_names_out())
    if not shape[1]:
        return np.empty(shape, encoder.dtype)
    _check_space(folder, shape[0] * shape[1] * np.dtype(encoder.dtype).itemsize)
    _append(blocks, [lambda block: block], [folder / "X"])
    return np.memmap(folder / "X", encoder.dtype, "r", shape=shape)


def _check_space(folder, n_bytes) -> None:
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise OSError(
            f"{OWNER}: temp_folder must have {n_bytes / 1e9:.1f} GB for the encoded "
            f"rows, got {free / 1e9:.1f} GB free in {folder.parent}."
        )


def _write_sparse(blocks, files, encoder, folder):
    """CSR of which only the starts of the rows are in memory."""
    counts = []

    def of_rows(block):
        counts.append(np.diff(block.indptr))
        return block.data

    paths = [folder / "data", folder / "columns"]
    _append(blocks, [of_rows, lambda block: block.indices.astype(np.int32)], paths)
    dtypes = encoder.dtype, np.int32
    data, columns = map(np.memmap, paths, dtypes, "rr")
    starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    shape = files.n_rows, len(encoder.get_feature_names_out())
    return csr_matrix((data, columns, starts), shape=shape)


def _append(blocks, parts, paths) -> None:
    """Write to each file its part of all blocks."""
    files = [path.open("wb") for path in paths]
    try:
        for block in blocks:
            for part, file in zip(parts, files, strict=True):
                part(block).tofile(file)
    finally:
        for file in files:
            file.close()
