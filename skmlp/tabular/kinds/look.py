"""A training column, looked at before its kind is known."""

from collections import Counter
from functools import cached_property

from skmlp.tabular.cells import types_of
from skmlp.tabular.columns import OBJECTS, TEXTS
from skmlp.tabular.number_text import is_mark


class Look:
    """A column, what the settings say of it, and what of its values is looked up.

    column : one of `skmlp.tabular.columns`.
    chosen : whether it is among the categorical features; None if dtypes decide.
    as_text : whether text is read as numbers: "auto", True, False; or "told" or "not
        told" where the user lists such columns.
    limits : `min_frequency` and `max_categories`.
    """

    def __init__(self, column, chosen, as_text, limits):
        self.column = column
        self.chosen = chosen
        self.as_text = as_text
        self.limits = limits

    @cached_property
    def has_objects(self):
        """Whether values, not the dtype, say what they are."""
        return self.column.kind in OBJECTS + TEXTS

    @cached_property
    def objects(self):
        return list(self.column.objects()) if self.has_objects else []

    @cached_property
    def types(self):
        """Types of the values that are there."""
        return types_of(self.objects)

    @cached_property
    def other_types(self):
        """Those that are not text."""
        return {kind for kind in self.types if not issubclass(kind, str)}

    @cached_property
    def texts(self):
        """How many rows have each text, without those that mean a missing value."""
        counts = Counter(value for value in self.objects if isinstance(value, str))
        return {text: n for text, n in counts.items() if not is_mark(text)}

    @cached_property
    def n_others(self):
        """How many rows have what is neither text nor missing."""
        return sum(type(value) in self.other_types for value in self.objects)

    @property
    def is_free(self):
        """Whether text may be read as something else than categories."""
        is_declared = self.column.is_category and self.chosen is None
        return not self.chosen and not is_declared
