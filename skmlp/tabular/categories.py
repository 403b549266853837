"""The categories of one column: which are merged, and how they are encoded."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack

from skmlp.constraints import is_integer

# min_frequency="auto": a column of more categories than MANY merges those that fewer
# rows than FEW have, of which little can be learned. Few categories cost little.
MANY = 20
FEW = 4
INFREQUENT = "infrequent"
# The one number of a row by its category, the last one for a row without.
SIGNS = {1: np.array([1, -1], np.int8), 2: np.array([1, -1, 0], np.int8)}


@dataclass
class Categories:
    """The categories of one column by their texts, and how they are encoded.

    The infrequent ones count as one category, the last. With C of them a row becomes

        C >= 3: C numbers, 1 for its category and else 0; all 0 if missing or unseen
        C = 2:  one number, 1 for the first category, -1 for the second, else 0
        C = 1:  one number, 1 for the category and else -1

    An unseen category counts as infrequent where there are infrequent ones.
    Holzmüller, Grinsztajn and Steinwart, Better by default, 2024, section B.0.2.

    frequent, infrequent : str, sorted, arrays of objects.
    """

    frequent: Any
    infrequent: Any

    def __post_init__(self):
        n_frequent = len(self.frequent)
        has_infrequent = len(self.infrequent) > 0
        self._number = dict(zip(self.frequent, range(n_frequent), strict=True))
        self._number.update(dict.fromkeys(self.infrequent, n_frequent))
        self._unseen = n_frequent if has_infrequent else -1
        self.n_categories = n_frequent + has_infrequent

    @property
    def names(self):
        """The category of each output column."""
        names = [*self.frequent, INFREQUENT][: self.n_categories]
        return names[:1] if self.n_categories in SIGNS else names

    def encode(self, texts, codes):
        """The numbers of each row, a CSR matrix (n, n_numbers) of int8.

        texts, codes : as `skmlp.tabular.cells.levels_of` gives them.
        """
        numbers = [self._number.get(text, self._unseen) for text in texts]
        category = np.array([*numbers, -1], dtype=np.intp)[codes]
        if self.n_categories in SIGNS:
            return csr_matrix(SIGNS[self.n_categories][category][:, np.newaxis])
        return _one_hot(category, self.n_categories)


def _one_hot(category, n_categories):
    """One-hot rows of the categories, all 0 for -1."""
    is_there = category >= 0
    ends = np.concatenate([[0], np.cumsum(is_there)])
    columns = category[is_there]
    ones = np.ones(len(columns), dtype=np.int8)
    return csr_matrix((ones, columns, ends), shape=(len(category), n_categories))


def encode_all(columns, levels, n_rows):
    """The encoded categorical columns, a CSR matrix (n_rows, n_numbers).

    columns : Categories of each column.
    levels : (texts, codes) of each column.
    """
    pairs = zip(columns, levels, strict=True)
    blocks = [categories.encode(*level) for categories, level in pairs]
    # the empty one is for tables without categories, of which hstack knows no height
    return hstack([csr_matrix((n_rows, 0), dtype=np.int8), *blocks], format="csr")


def learn_categories(texts, codes, min_frequency, max_categories):
    """The Categories of a training column.

    texts, codes : as `skmlp.tabular.cells.levels_of` gives them.
    min_frequency, max_categories : as in `TableEncoder`.
    """
    counts = _counts(texts, codes)
    least = _least_count(min_frequency, len(codes), len(counts))
    frequent = [text for text in sorted(counts) if counts[text] >= least]
    n_categories = len(frequent) + (len(frequent) < len(counts))
    if max_categories is not None and n_categories > max_categories:
        frequent = _most_frequent(frequent, counts, max_categories - 1)
    infrequent = sorted(counts.keys() - set(frequent))
    return Categories(np.array(frequent, object), np.array(infrequent, object))


def _counts(texts, codes):
    """Number of rows of each category that occurs."""
    counts = Counter()
    n_rows = np.bincount(codes[codes >= 0], minlength=len(texts)).tolist()
    for text, count in zip(texts, n_rows, strict=True):
        counts[text] += count  # a sum, for 1 and "1" have the same text
    return +counts


def _least_count(min_frequency, n_rows, n_categories):
    """Number of rows from which a category is frequent."""
    if min_frequency == "auto":
        return FEW if n_categories > MANY else 1
    if min_frequency is None or is_integer(min_frequency):
        return min_frequency or 1
    return min_frequency * n_rows


def _most_frequent(texts, counts, n_kept):
    """The n_kept most frequent texts, sorted; of ties the later ones."""
    by_count = sorted(texts, key=counts.__getitem__)
    return sorted(by_count[len(by_count) - n_kept :])
