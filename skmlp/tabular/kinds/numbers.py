"""Columns of numbers, as such or written as text."""

import numpy as np

from skmlp.tabular.cells import are_numbers, float_of
from skmlp.tabular.columns import FLAGS, NUMBERS, OBJECTS
from skmlp.tabular.kinds.kind import Readable
from skmlp.tabular.number_text import (
    NEARLY_ALL,
    PLAIN_NUMBERS,
    are_codes,
    is_mark,
    learn_notation,
)

WORDS = {"true": 1.0, "false": 0.0}


class Numbers(Readable):
    """A column of numbers; text of a number is one later on, too."""

    read_as = "numbers"
    letters = NUMBERS + FLAGS
    expected = "numbers, as it is not among the categorical features"
    notation = PLAIN_NUMBERS

    def __init__(self, reads_text=True, is_flag=False):
        super().__init__()
        self.reads_text = reads_text
        self.is_flag = is_flag

    @classmethod
    def learn(cls, look):
        if look.chosen:
            return None
        kind = look.column.kind
        is_declared = look.chosen is False
        if kind in NUMBERS or (kind in FLAGS and is_declared):
            return cls(look.as_text is not False)
        if not (kind in OBJECTS or is_declared) or not look.has_objects:
            return None
        types = look.types - {bool, np.bool_} if is_declared else look.types
        return cls(look.as_text is not False) if are_numbers(types) else None

    def has_type(self, kind):
        return are_numbers({kind}) or issubclass(kind, (bool, np.bool_))

    def of_column(self, column):
        return column.floats()

    def of_value(self, value):
        return float_of(value)

    def of_text(self, text):
        if not self.reads_text:
            return None
        if self.is_flag and text.strip().casefold() in WORDS:
            return WORDS[text.strip().casefold()]
        return self.notation.read(text)

    def _text(self, text):
        if self.reads_text and is_mark(text):
            return np.nan
        return super()._text(text)

    def read(self, column):
        return self.values(column)


class NumbersAsText(Numbers):
    """A column of text of which nearly all says numbers, in one notation."""

    read_as = "numbers as text"
    expected = "numbers, as nearly all of its text in fit"

    @classmethod
    def learn(cls, look):
        is_told = look.as_text == "told"
        may_be = look.as_text in ("auto", True) and look.is_free
        if not (may_be or is_told):
            return None
        if look.types == look.other_types or not are_numbers(look.other_types):
            return None
        notation, read = learn_notation(look.texts)
        n_read = sum(look.texts[text] for text in read) + look.n_others
        n_there = sum(look.texts.values()) + look.n_others
        if not is_told and (n_read < NEARLY_ALL * max(n_there, 1) or are_codes(read)):
            return None
        return cls._of(look, notation, read, n_read, n_there)

    @classmethod
    def _of(cls, look, notation, read, n_read, n_there):
        self = cls()
        self.notation = notation
        self.leave_unread(look.texts.keys() - read)
        how = f" with {notation}" if str(notation) else ""
        share = f"{n_read} of {n_there} values read{how}"
        n_blank = len(look.objects) - n_there
        if n_blank:
            share += f", {n_blank} blank or missing"
        self.notes.insert(0, share)
        if look.as_text == "auto":
            self.said["as numbers"] = share
        return self


# Rows from which on distinct whole numbers, close to each other, are no chance.
MANY_ROWS = 20
# Numbers of the rows of which half or more were left: a training set of them.
MOST_GAPS = 2.5


def are_flags(numbers):
    """Whether all numbers that are there are 0 or 1."""
    return bool(np.isin(numbers[~np.isnan(numbers)], (0.0, 1.0)).all())


def note_of_numbers(numbers, low, high):
    """What is odd about numbers (n,) from low to high; "" if nothing is."""
    if not low <= high:
        return "empty"
    if low == high:
        return "constant"
    n = len(numbers)
    if n < MANY_ROWS or not n - 1 <= high - low <= MOST_GAPS * n:
        return ""
    # neither missing ones nor fractions are numbers of rows
    is_id = np.array_equal(numbers, np.floor(numbers)) and len(np.unique(numbers)) == n
    return "a row id: whole numbers, of which none comes twice" if is_id else ""
