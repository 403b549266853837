"""Parquet files as one table: in order, of the same columns, some rows at a time."""

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from skmlp.errors import Text, invalid
from skmlp.spelling import did_you_mean
from skmlp.tabular.feature_names import check_names

OWNER = "fit_parquet"
# Of a column in a file, read at once.
BUFFER_BYTES = 1 << 17
UNREADABLE = (OSError, ValueError, TypeError, NotImplementedError)


@dataclass(frozen=True)
class Files:
    """The rows of all files, those of the first path first.

    fragments : pyarrow's, one for each file.
    types : by name, Arrow's type of each column.
    names : of the columns, without those that pandas has as the index.
    n_rows : of all files.
    """

    fragments: list[Any]
    types: dict[str, Any]
    names: list[str]
    n_rows: int

    def batches(self, columns, n_at_once):
        """(path, RecordBatch of these columns) of up to so many rows, in order."""
        schema = _schema(self.types)
        for fragment in self.fragments:
            with naming(fragment.path):
                for batch in fragment.to_batches(
                    schema=schema,
                    columns=list(columns),
                    batch_size=n_at_once,
                    batch_readahead=0,
                    fragment_readahead=0,
                    use_threads=False,
                    fragment_scan_options=_scan_options(),
                ):
                    if batch.num_rows:
                        yield fragment.path, batch

    def check_columns(self, parameter, columns) -> None:
        """Raise a ValueError for columns that the files do not have."""
        for name in columns:
            if not isinstance(name, str) or name not in self.names:
                hint = did_you_mean("", name, self.names)
                expected = "name columns of the files"
                raise invalid(OWNER, parameter, expected, name, hint)


@contextmanager
def naming(path):
    """Add to an error the file that it is about."""
    try:
        yield
    except UNREADABLE as error:
        raise ValueError(f"{error}\n{OWNER}: this is file {path}.") from error


def find_files(path) -> Files:
    """The files of a path, after a look at what each says of its columns."""
    fragments, found = _fragments(path)
    types = _types(fragments, found)
    index = _index_columns(fragments[0])
    names = [name for name in types if name not in index]
    n_rows = sum(fragment.metadata.num_rows for fragment in fragments)
    if not n_rows:
        raise invalid(OWNER, "path", "lead to files with rows", Text(f"none in {path}"))
    return Files(fragments, types, names, n_rows)


def _fragments(path):
    """Of each file pyarrow's fragment, by path, and the schema of the first."""
    ds = _dataset_module()
    is_list = isinstance(path, (list, tuple))
    source = [os.fspath(one) for one in path] if is_list else os.fspath(path)
    try:
        dataset = ds.dataset(source, format="parquet", partitioning="hive")
    except ValueError as error:  # which names the file
        raise ValueError(
            f"{error}\n{OWNER}: path must lead to Parquet files."
        ) from None
    fragments = sorted(dataset.get_fragments(), key=lambda fragment: fragment.path)
    if not fragments:
        expected = "lead to a Parquet file or a folder of them"
        raise invalid(OWNER, "path", expected, Text(f"no file in {path}"))
    return fragments, dataset.schema


def _dataset_module():
    """pyarrow.dataset, or an ImportError that says how to get it."""
    try:
        import pyarrow.dataset as ds
    except ImportError as error:
        raise ImportError(
            f"{OWNER} reads with pyarrow, which is not installed: "
            'pip install "skmlp[parquet]"'
        ) from error
    return ds


def _types(fragments, found):
    """The type of each column by its name: those of the folders' names come last."""
    with naming(fragments[0].path):
        first = fragments[0].physical_schema
        check_names(first.names)
    types = dict(zip(first.names, first.types, strict=True))
    for fragment in fragments[1:]:
        with naming(fragment.path):
            _check_like(types, fragment.physical_schema)
    of_folders = [field for field in found if field.name not in types]
    return types | {field.name: field.type for field in of_folders}


def _check_like(types, schema) -> None:
    """Raise a ValueError unless a file has the columns of those before.

    types : of the files before; a column that had no value yet gets its type.
    """
    theirs = dict(zip(check_names(schema.names), schema.types, strict=True))
    lacks = [name for name in types if name not in theirs]
    new = [name for name in theirs if name not in types]
    if lacks or new:
        raise ValueError(
            "The columns must be those of the files before, got other ones "
            f"(gone: {lacks}, new: {new})."
        )
    for name, kind in theirs.items():
        if _is_of_nothing(types[name]):
            types[name] = kind
        elif not _is_of_nothing(kind) and not _are_alike(kind, types[name]):
            raise ValueError(
                f"Column {name!r} must be of type {types[name]} as in the files "
                f"before, got {kind}."
            )


def _is_of_nothing(kind) -> bool:
    """Whether it is the type of a column without values."""
    return str(kind) == "null"


def is_category(kind) -> bool:
    return str(kind).startswith("dictionary")


def _are_alike(kind, other) -> bool:
    """The same types; categories may have other codes."""
    if is_category(kind) and is_category(other):
        return kind.value_type == other.value_type
    return kind == other


def _schema(types):
    """That by which all files are read: categories as their values."""
    import pyarrow as pa

    plain = {n: t.value_type if is_category(t) else t for n, t in types.items()}
    return pa.schema(list(plain.items()))


def _index_columns(fragment):
    """Columns that a pandas frame had as its index, and gets back as such."""
    metadata = fragment.physical_schema.pandas_metadata or {}
    return {name for name in metadata.get("index_columns", ()) if isinstance(name, str)}


def _scan_options():
    """How files are read: as a stream, not a group of rows at once."""
    import pyarrow.dataset as ds

    return ds.ParquetFragmentScanOptions(
        use_buffered_stream=True, buffer_size=BUFFER_BYTES, pre_buffer=False
    )
