"""What the kinds of columns have in common."""

from collections.abc import Sequence

import numpy as np

from skmlp.tabular.cells import check_types, is_missing, refuse
from skmlp.tabular.columns import OBJECTS, TEXTS, is_numeric
from skmlp.tabular.number_text import is_mark


class Kind:
    """A column of one kind, learned from a training column.

    All that reading needs is made of the arguments, which are attributes, too.

    read_as : what the report calls it.
    suffixes : of its features that are numbers, what follows the column's name.
    said : dict of str to str, by topics of `skmlp.tabular.report`: what to warn of.
    notes : list of str, for the report.
    """

    read_as = ""
    suffixes: tuple = ("",)
    is_categorical = False
    # the categories that have a number of their own, and those that share one
    frequent: Sequence = ()
    infrequent: Sequence = ()

    def __init__(self):
        self.said = {}
        self.notes = []

    def forget(self):
        """Leave what is only of fit, once it is told."""
        vars(self).pop("read_as", None)
        self.said, self.notes = {}, []

    @classmethod
    def learn(cls, look):
        """The kind of the column that a Look is at; None if it is another one."""
        raise NotImplementedError

    def read(self, column):
        """The features that are numbers, float64 (n,) or (n, n_suffixes)."""
        raise NotImplementedError


class Readable(Kind):
    """A column whose values are numbers, by dtype, as objects, or written as text.

    letters : kinds of dtypes that have such values.
    expected : what errors ask for.
    """

    letters = ""
    expected = ""

    def __init__(self, unread=()):
        super().__init__()
        self.unread = set(unread)  # texts of training that count as missing

    def has_type(self, kind):
        """Whether objects of this type are such values."""
        raise NotImplementedError

    def of_column(self, column):
        """The numbers of a column of such a dtype."""
        raise NotImplementedError

    def of_value(self, value):
        """The number of an object of such a type."""
        raise NotImplementedError

    def of_text(self, text):
        """The number that a text says, or None."""
        raise NotImplementedError

    def values(self, column):
        """The numbers of a column in whatever dress, NaN where missing."""
        if column.kind in self.letters:
            return self.of_column(column)
        if column.kind not in OBJECTS + TEXTS:
            return self._only_missing(column)
        objects, known = column.objects(), {}
        check_types(set(map(type, objects)))
        return np.array([self._value(v, known) for v in objects], dtype=np.float64)

    def _value(self, value, known):
        if isinstance(value, str):
            if value not in known:
                known[value] = self._text(value)
            return known[value]
        if is_missing(value):
            return np.nan
        if not self.has_type(type(value)):
            refuse(self.expected, value)
        return self.of_value(value)

    def _text(self, text):
        number = self.of_text(text)
        if number is not None:
            return number
        if not (is_mark(text) or text in self.unread):
            refuse(self.expected, text)
        return np.nan

    def _only_missing(self, column):
        """A column of another dtype will do where nothing is in it."""
        if is_numeric(column.kind):
            floats = column.floats()
            if np.isnan(floats).all():
                return floats
        raise ValueError(f"must have {self.expected}, got values of {column.dtype}.")

    def leave_unread(self, texts):
        """Take those texts of training for missing values, and note it."""
        self.unread = set(texts)
        if texts:
            self.said["unread"] = shown = few_of(texts)
            self.notes.append(f"{shown} count as missing")


def few_of(texts, most=3):
    """Some texts, to be read by people."""
    shown = [repr(text) for text in sorted(texts)[:most]]
    rest = len(texts) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
