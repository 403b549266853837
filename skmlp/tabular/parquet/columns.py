"""Learning the columns of files, a few at a time: each whole, and all rows of it."""

import numpy as np
from sklearn.base import clone

from skmlp.tabular.columns import TEXTS, ArrowColumn, arrow_kind
from skmlp.tabular.learned import learn, side_by_side
from skmlp.tabular.parquet.files import is_category, naming
from skmlp.tabular.selection import is_word, selected
from skmlp.tabular.tables import Table

# Of columns that are learned together, counted as float64.
GROUP_BYTES = 1 << 25
# Rows that are read at once.
BATCH_ROWS = 1 << 16
# Distinct texts that a column may have: they all are in memory.
MOST_TEXTS = 1 << 20


class ColumnsTable(Table):
    """Some columns of all files, in memory.

    columns : of `skmlp.tabular.columns`, one for each name; may be left out where only
        names are asked for.
    """

    def __init__(self, names, n_rows, reader, columns=()):
        self.names, self.reader, self.columns = names, reader, list(columns)
        self.shape, self.positions = (n_rows, len(names)), None

    def column(self, j):
        return self.columns[j]


class TextColumn(ArrowColumn):
    """A column of text by its distinct values, and which one each row has."""

    def __init__(self, words, codes, dtype):
        self.words, self.codes, self.dtype = words, codes, str(dtype)
        self.kind, self.is_category = "U", is_category(dtype)

    def coded(self):
        return self.words, self.codes


class _Text:
    """Text as it comes, batch by batch; no value is kept twice."""

    def __init__(self, name, dtype):
        self._name, self._dtype = name, dtype
        self._number_of, self._codes = {}, []

    def add(self, column) -> None:
        words, codes = column.coded()
        known = self._number_of
        numbers = [known.setdefault(word, len(known)) for word in words]
        if len(known) > MOST_TEXTS:
            raise ValueError(
                f"Column {self._name!r} must have at most {MOST_TEXTS} distinct texts, "
                "got more, of which little can be learned; leave it out by `columns`."
            )
        self._codes.append(np.array([*numbers, -1], dtype=np.int32)[codes])

    def result(self):
        codes = np.concatenate(self._codes)
        return TextColumn(list(self._number_of), codes, self._dtype)


class _Values:
    """Values that are no text, as Arrow has them."""

    def __init__(self, name, dtype):
        self._name, self._chunks = name, []

    def add(self, column) -> None:
        if column.kind == "f" and np.isinf(column.floats()).any():
            raise ValueError(
                f"Column {self._name!r} must have finite numbers, got an infinite one; "
                "where it stands for a missing value, write none."
            )
        self._chunks.append(column.values)

    def result(self):
        import pyarrow as pa

        return ArrowColumn(pa.chunked_array(self._chunks))


def read_columns(files, names):
    """The columns of these names, with the rows of all files, in a list."""
    found = [_new(name, files.types[name]) for name in names]
    for path, batch in files.batches(names, BATCH_ROWS):
        with naming(path):
            for one, values in zip(found, batch.columns, strict=True):
                one.add(ArrowColumn(values))
    return [one.result() for one in found]


def _new(name, dtype):
    return (_Text if arrow_kind(str(dtype)) in TEXTS else _Values)(name, dtype)


def learn_from_files(encoder, files, names) -> None:
    """Fit the encoder to these columns of all files.

    A column is learned by itself, so it does not matter how many are read together.
    """
    encoder._check_settings()
    chosen = _chosen(encoder, names, files.n_rows)
    n_at_once = max(1, GROUP_BYTES // (8 * files.n_rows))
    parts = []
    for start in range(0, len(names), n_at_once):
        some = slice(start, start + n_at_once)
        columns = read_columns(files, names[some])
        table = ColumnsTable(names[some], files.n_rows, type(encoder).__name__, columns)
        own = clone(encoder)
        if chosen is not None:
            own.set_params(categorical_features=chosen[some])
        parts.append(learn(own, table)[0])
        del columns, table
    encoder._take(side_by_side(parts), stacklevel=5)


def _chosen(encoder, names, n_rows):
    """A list of bool, whether each column is among the categories; None: by a word."""
    parameter = "categorical_features"
    if is_word(parameter, encoder.categorical_features):
        return None
    table = ColumnsTable(names, n_rows, type(encoder).__name__)
    numbers = selected(encoder, parameter, table)
    return [j in numbers for j in range(len(names))]
