"""What an encoder learns of the columns of a table, of all at once or of some."""

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skmlp.tabular.blocks import Blocks
from skmlp.tabular.kinds import learn_kinds
from skmlp.tabular.missing import MissingNumbers, learn_missing
from skmlp.tabular.smooth_clip import column_scales


@dataclass
class Learned:
    """What some columns of the training table are like. Each is learned by itself.

    names : as the library has them, or None; labels : str, for errors and features.
    blocks : Blocks of the kinds of the columns.
    number_scales : centres and scales of the numbers, then of their indicators.
    category_scales : centres and scales of what encodes the categories.
    n_missing : list of int, rows without a value, of each column.
    n_stored : entries of the encoded table, of sparse parts only those that are not 0.
    """

    names: list[Any] | None
    labels: list[str]
    blocks: Blocks
    missing: MissingNumbers
    number_scales: tuple[Any, Any]
    category_scales: tuple[Any, Any]
    n_missing: list[int]
    n_rows: int
    n_stored: int
    is_sparse: bool

    @property
    def kinds(self):
        return self.blocks.kinds

    @property
    def n_features(self):
        """Of the encoded table."""
        return len(self.number_scales[0]) + len(self.category_scales[0])


def learn(encoder, table):
    """Learned of all columns of a table, by the parameters of the encoder.

    And the table itself: its numbers, with what is missing filled and indicated but
    not scaled, and of each column of categories the number of each row's category.
    """
    blocks = Blocks(learn_kinds(encoder, table))
    numbers = blocks.numbers.read(table)
    indices, _ = blocks.categories.read(table)
    missing = learn_missing(numbers, blocks.numbers.leading)
    blocks.numbers.look_at(numbers)
    numbers = missing.fill(numbers)
    n_rows = table.shape[0]
    encoded = blocks.categories.encode(indices, n_rows, encoder.dtype)
    learned = Learned(
        table.names,
        table.labels,
        blocks,
        missing,
        column_scales(numbers),
        column_scales(encoded),
        _n_missing(blocks, missing, indices),
        n_rows,
        numbers.size + encoded.nnz,  # of a sparse matrix those stored
        issparse(numbers),
    )
    return learned, numbers, indices


def _n_missing(blocks, missing, indices):
    counts = blocks.numbers.of_columns(missing.counts)
    found = zip(blocks.categories.kinds, indices, strict=True)
    counts |= {j: np.count_nonzero(codes < 0) for (j, _), codes in found}
    return [int(counts[j]) for j in range(len(blocks.kinds))]


def side_by_side(parts):
    """Learned of a table of which each part has some columns, one after the other."""
    names = [name for part in parts for name in part.names]
    return Learned(
        names,
        [label for part in parts for label in part.labels],
        Blocks([kind for part in parts for kind in part.kinds]),
        _joined_missing(parts),
        _joined_number_scales(parts),
        _joined_pairs([part.category_scales for part in parts]),
        [n for part in parts for n in part.n_missing],
        parts[0].n_rows,
        sum(part.n_stored for part in parts),
        False,
    )


def _joined_pairs(pairs):
    centers, scales = zip(*pairs, strict=True)
    return np.concatenate(centers), np.concatenate(scales)


def _joined_number_scales(parts):
    """First the numbers of all parts, then the indicators of all."""
    n_numbers = [len(part.missing.medians) for part in parts]
    pairs = list(zip(parts, n_numbers, strict=True))
    numbers = [tuple(a[:n] for a in part.number_scales) for part, n in pairs]
    indicators = [tuple(a[n:] for a in part.number_scales) for part, n in pairs]
    return _joined_pairs(numbers + indicators)


def _joined_missing(parts):
    found = [part.missing for part in parts]
    starts = [0, *accumulate(len(one.medians) for one in found)][:-1]
    pairs = list(zip(found, starts, strict=True))
    return MissingNumbers(
        medians=np.concatenate([one.medians for one in found]),
        incomplete=np.concatenate([one.incomplete + start for one, start in pairs]),
        empty=np.concatenate([one.empty + start for one, start in pairs]),
        counts=np.concatenate([one.counts for one in found]),
    )
