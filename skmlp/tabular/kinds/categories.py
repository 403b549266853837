"""The categories of one column: which of them share a number, and what rows become."""

from collections import Counter

import numpy as np
from scipy.sparse import csr_matrix

from skmlp.constraints import is_integer
from skmlp.tabular.cells import are_numbers, is_missing, refuse
from skmlp.tabular.kinds.category_text import (
    describe_categories,
    key_of,
    numbers_of_keys,
    one_text_a_key,
)
from skmlp.tabular.kinds.kind import Kind

# min_frequency="auto": a column of more categories than MANY merges those that fewer
# rows than FEW have, of which little can be learned. Few categories cost little.
MANY = 20
FEW = 4
INFREQUENT = "infrequent"
BLANK = {"": -1}  # text of nothing is missing where it is no category
# The one number of a row by its category, the last one for a row without.
SIGNS = {1: np.array([1, -1], np.int8), 2: np.array([1, -1, 0], np.int8)}


class Categories(Kind):
    """The categories of one column by their texts, and how they are encoded.

    The infrequent ones count as one category, the last. With C of them a row becomes

        C >= 3: C numbers, 1 for its category and else 0; all 0 if missing or unseen
        C = 2:  one number, 1 for the first category, -1 for the second, else 0
        C = 1:  one number, 1 for the category and else -1

    An unseen category counts as infrequent where there are infrequent ones.
    Holzmüller, Grinsztajn and Steinwart, Better by default, 2024, section B.0.2.

    Where categories have an order and some would share a number, their ranks become a
    number besides.

    frequent, infrequent : str, sorted, arrays of objects.
    """

    read_as = "categories"
    is_categorical = True
    suffixes = ()

    def __init__(self, frequent, infrequent):
        super().__init__()
        self.frequent = np.array(frequent, object)
        self.infrequent = np.array(infrequent, object)
        self.ranks = {}
        n_frequent = len(frequent)
        has_infrequent = len(infrequent) > 0
        self._number = dict(zip(frequent, range(n_frequent), strict=True))
        self._number.update(dict.fromkeys(infrequent, n_frequent))
        self._number_of_key = numbers_of_keys(self._number)
        self._unseen = n_frequent if has_infrequent else -1
        self.n_categories = n_frequent + has_infrequent

    @classmethod
    def learn(cls, look):
        if look.chosen is False:
            _refuse_no_number(look)
        texts, codes = look.column.levels()
        texts = one_text_a_key(texts)
        counts = _counts(texts, codes)
        self = cls(*_by_frequency(counts, len(codes), *look.limits))
        order = look.column.order
        if order is not None and len(self.infrequent):
            self.ranks = {text: float(rank) for rank, text in enumerate(order)}
            self.suffixes = ("_rank",)
        describe_categories(self, look, counts, len(codes))
        return self

    @property
    def names(self):
        """Of each number the category that it is about."""
        names = [*self.frequent, INFREQUENT][: self.n_categories]
        return names[:1] if self.n_categories in SIGNS else names

    def read(self, column):
        """The ranks, where there is an order."""
        texts, codes = column.levels()
        ranks = [self.ranks.get(text, np.nan) for text in texts]
        return np.array([*ranks, np.nan])[codes]

    def indices(self, column):
        """The number of each row's category, and whether fit knew none of the values.

        Returns an integer array (n,), -1 for none, and a bool.
        """
        texts, codes = column.levels()
        numbers = [self._find(text) for text in texts]
        unseen = [number is None for number in numbers]
        numbers = [self._unseen if number is None else number for number in numbers]
        is_strange = any(unseen) and self._are_all_unseen(np.array(unseen), codes)
        return np.array([*numbers, -1], dtype=np.intp)[codes], is_strange

    def _are_all_unseen(self, unseen, codes):
        there = codes[codes >= 0]
        return self.n_categories > 1 and len(there) > 1 and bool(unseen[there].all())

    def _find(self, text):
        """The number of a text, -1 for a blank, None for one that is not known."""
        number = self._number.get(text)
        if number is not None:
            return number
        key = key_of(text)
        return self._number_of_key.get(
            key, self._number.get(key, BLANK.get(key.strip()))
        )

    def encode(self, indices):
        """The numbers of each row, a CSR matrix (n, n_numbers) of int8."""
        if self.n_categories in SIGNS:
            return csr_matrix(SIGNS[self.n_categories][indices][:, np.newaxis])
        return _one_hot(indices, self.n_categories)


def _refuse_no_number(look):
    """The error for a column that is not chosen and has no numbers."""
    expected = "numbers, as it is not among the categorical features"
    for value in look.objects:
        if not is_missing(value) and not are_numbers({type(value)}):
            refuse(expected, value)
    raise ValueError(f"must have {expected}, got values of {look.column.dtype}.")


def _one_hot(category, n_categories):
    """1 in the column of each row's category, which is -1 for none."""
    is_there = category >= 0
    ends = np.concatenate([[0], np.cumsum(is_there)])
    columns = category[is_there]
    ones = np.ones(len(columns), dtype=np.int8)
    return csr_matrix((ones, columns, ends), shape=(len(category), n_categories))


def _by_frequency(counts, n_rows, min_frequency, max_categories):
    """The frequent and the infrequent texts, sorted.

    counts : how many rows have each.
    min_frequency, max_categories : as in `TableEncoder`.
    """
    least = _least_count(min_frequency, n_rows, len(counts))
    frequent = [text for text in sorted(counts) if counts[text] >= least]
    n_categories = len(frequent) + (len(frequent) < len(counts))
    if max_categories is not None and n_categories > max_categories:
        frequent = _most_frequent(frequent, counts, max_categories - 1)
    return frequent, sorted(counts.keys() - set(frequent))


def _counts(texts, codes):
    """How many rows have each category; categories of no row are left out."""
    counts = Counter()
    n_rows = np.bincount(codes[codes >= 0], minlength=len(texts)).tolist()
    for text, count in zip(texts, n_rows, strict=True):
        counts[text] += count  # a sum, for 1 and "1" have the same text
    return +counts


def _least_count(min_frequency, n_rows, n_categories):
    """The rows that a category needs so that it is not infrequent."""
    if min_frequency == "auto":
        return FEW if n_categories > MANY else 1
    if min_frequency is None or is_integer(min_frequency):
        return min_frequency or 1
    return min_frequency * n_rows


def _most_frequent(texts, counts, n_kept):
    """Those of the sorted texts that most rows have, the later ones of equal ones."""
    by_count = sorted(texts, key=counts.__getitem__)
    return sorted(by_count[len(by_count) - n_kept :])
