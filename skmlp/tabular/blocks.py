"""The two blocks that a table becomes: features that are numbers, and categories."""

from itertools import accumulate

import numpy as np
from scipy.sparse import csr_matrix, hstack, issparse

from skmlp.tabular.kinds import Numbers
from skmlp.tabular.kinds.categories import SIGNS
from skmlp.tabular.kinds.numbers import are_flags, note_of_numbers
from skmlp.tabular.smooth_clip import smooth_clip


class NumberBlock:
    """The features that are numbers, of all columns that have some.

    kinds : the Kind of each column of the table.
    columns : (n_features,), the column of each feature, by number.
    leading : (n_features,), whether it is the first one of its column.
    """

    def __init__(self, kinds):
        self.kinds = [(j, kind) for j, kind in enumerate(kinds) if kind.suffixes]
        sizes = [len(kind.suffixes) for _, kind in self.kinds]
        self.columns = np.repeat([j for j, _ in self.kinds], sizes).astype(int)
        self.leading = np.diff(self.columns, prepend=-1) != 0
        self.starts = [0, *accumulate(sizes)][:-1]
        self.plain = [j for j, kind in self.kinds if type(kind) is Numbers]

    def read(self, table, empty=()):
        """A new float64 array or CSC matrix (n_rows, n_features), NaN where missing.

        empty : features to be left as missing, of columns that had no number in fit.
        """
        empty = set(np.asarray(empty, dtype=int).tolist())
        whole = self.kinds and len(self.plain) == len(self.kinds) and not empty
        if table.is_sparse or (whole and table.is_plain(self.plain)):
            block = table.block(self.plain)
        else:
            block = self._by_column(table, empty)
        table.refuse_infinite(block, self.columns)
        return block

    def of_columns(self, values):
        """By column, by number, what `values` has for its first feature."""
        first = np.asarray(values)[self.leading]
        return dict(zip(self.columns[self.leading].tolist(), first, strict=True))

    def look_at(self, numbers):
        """Note which columns of numbers are flags, constants, empty or row ids.

        numbers : what `read` gave of the training table.
        """
        if issparse(numbers):
            return
        low, high = np.fmin.reduce(numbers, axis=0), np.fmax.reduce(numbers, axis=0)
        for i, (_, kind) in zip(self.starts, self.kinds, strict=True):
            if isinstance(kind, Numbers):
                note = note_of_numbers(numbers[:, i], low[i], high[i])
                kind.notes += [note] if note else []
                kind.is_flag = low[i] == 0 and high[i] == 1 and are_flags(numbers[:, i])

    def _by_column(self, table, empty):
        shape = table.shape[0], len(self.columns)
        block = np.full(shape, np.nan, order="F")
        places = zip(self.starts, self.kinds, strict=True)
        rest = [(i, j, kind) for i, (j, kind) in places if i not in empty]
        numbers = [(i, j) for i, j, kind in rest if type(kind) is Numbers]
        plain = {i: j for i, j in numbers if table.is_plain([j])}
        if len(plain) > 1:
            block[:, list(plain)] = table.block(list(plain.values()))
            rest = [place for place in rest if place[0] not in plain]
        for i, j, kind in rest:
            with table.naming(j):
                values = kind.read(table.column(j))
            block[:, i : i + len(kind.suffixes)] = values.reshape(shape[0], -1)
        return block

    def names(self, labels):
        """Names of the features, by those of the columns."""
        return [
            f"{labels[j]}{suffix}" for j, kind in self.kinds for suffix in kind.suffixes
        ]


class CategoryBlock:
    """What encodes the categories, of all columns of categories."""

    def __init__(self, kinds):
        self.kinds = [(j, kind) for j, kind in enumerate(kinds) if kind.is_categorical]
        self.sizes = [len(kind.names) for _, kind in self.kinds]
        self.columns = np.repeat([j for j, _ in self.kinds], self.sizes).astype(int)
        self.n_features = sum(self.sizes)

    def read(self, table):
        """The category's number of each row, for each column; and strange columns.

        Returns a list of integer arrays (n,), and the numbers of the columns of which
        no value is known.
        """
        indices, strange = [], []
        for j, kind in self.kinds:
            with table.naming(j):
                found, is_strange = kind.indices(table.column(j))
            indices.append(found)
            strange += [j] * is_strange
        return indices, strange

    def encode(self, indices, n_rows, dtype):
        """A CSR matrix (n_rows, n_features)."""
        pairs = zip(self.kinds, indices, strict=True)
        blocks = [kind.encode(found) for (_, kind), found in pairs]
        # the empty one is for tables without categories: hstack knows no height then
        empty = csr_matrix((n_rows, 0), dtype=np.int8)
        return hstack([empty, *blocks], format="csr").astype(dtype)

    def learn_values(self, scales, dtype):
        """Keep what each feature is, once scaled, if it is -1, 0 or 1: (3, n_features).

        So a dense row is looked up instead of being computed.
        """
        levels = np.repeat(np.array([[0], [1], [-1]], dtype), self.n_features, axis=1)
        self._values = smooth_clip(levels, *scales)

    def fill(self, indices, out):
        """Write the scaled features of all rows to a dense array (n, n_features)."""
        out[:] = self._values[0]
        start = 0
        for (_, kind), size, found in zip(self.kinds, self.sizes, indices, strict=True):
            if kind.n_categories in SIGNS:
                sign = SIGNS[kind.n_categories][found]
                out[:, start] = self._values[sign, start]
            else:
                rows = np.flatnonzero(found >= 0)
                columns = start + found[rows]
                out[rows, columns] = self._values[1, columns]
            start += size

    def names(self, labels):
        return [f"{labels[j]}_{name}" for j, kind in self.kinds for name in kind.names]


def as_dense(block):
    return block.toarray() if issparse(block) else block
