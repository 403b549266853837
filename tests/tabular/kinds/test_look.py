"""A training column before its kind is known: what is looked up of its values."""

import numpy as np
import pytest

from skmlp.tabular.columns import ArrayColumn
from skmlp.tabular.kinds.look import Look


def look(*values, chosen=None):
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return Look(ArrayColumn(column), chosen, "auto", ("auto", None))


def test_texts_are_counted_and_signs_of_missing_values_left_out():
    seen = look("a", "b", "a", "?", " ", "NA", None, np.nan, 3, True)
    assert seen.texts == {"a": 2, "b": 1}
    assert seen.types == {str, int, bool}
    assert seen.other_types == {int, bool}
    assert seen.n_others == 2
    assert look("a", np.nan, 1.5, np.datetime64("NaT", "us")).types == {str, float}


def test_a_column_of_a_dtype_of_numbers_is_not_looked_into():
    numbers = Look(ArrayColumn(np.arange(3.0)), None, "auto", ("auto", None))
    assert not numbers.has_objects
    assert numbers.objects == [] and numbers.types == set()


def test_text_is_free_to_be_something_else_unless_it_is_chosen():
    assert [look("1", chosen=c).is_free for c in (None, False, True)] == [1, 1, 0]


def test_nested_values_are_refused_when_types_are_asked_for():
    with pytest.raises(ValueError, match="got nested values"):
        look("a", [1]).types  # noqa: B018
