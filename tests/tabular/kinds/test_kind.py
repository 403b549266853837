"""What kinds of columns have in common: how values in any dress are read."""

import numpy as np
import pytest

from skmlp.tabular.columns import ArrayColumn
from skmlp.tabular.kinds import KINDS, Categories, learn_kind
from skmlp.tabular.kinds.kind import Readable, few_of
from skmlp.tabular.kinds.look import Look

VALUES = {
    "PlainNumbers": np.arange(3.0),
    "Dates": np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[D]"),
    "Durations": np.array([1, 2], dtype="timedelta64[s]"),
    "TimesOfDay": np.array(["10:00", "11:30"], dtype=object),
    "NumbersAsText": np.array(["1 kg", "2 kg"], dtype=object),
    "Categories": np.array(["a", "b"], dtype=object),
}


def learned(name):
    return learn_kind(Look(ArrayColumn(VALUES[name]), None, True, ("auto", None)))


every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@every_kind
def test_each_kind_knows_its_columns_and_makes_what_its_suffixes_say(kind):
    found = learned(kind.__name__)
    assert type(found) is kind
    values = VALUES[kind.__name__]
    if found.suffixes:
        read = found.read(ArrayColumn(values)).reshape(len(values), -1)
        assert read.shape[1] == len(found.suffixes)
        assert read.dtype == np.float64 and np.isfinite(read).all()
    assert found.is_categorical == (kind is Categories)


@pytest.mark.parametrize("kind", [k for k in KINDS if issubclass(k, Readable)])
def test_missing_values_of_all_kinds_are_read_and_other_values_refused(kind):
    found = learned(kind.__name__)
    missing = np.array(
        [None, np.nan, "", "?", np.datetime64("NaT", "us")], dtype=object
    )
    assert np.isnan(found.read(ArrayColumn(missing))).all()
    for value in (b"1", "what", 1j, [1]):
        column = np.empty(1, dtype=object)
        column[0] = value
        with pytest.raises(ValueError, match=r"^must have "):
            found.read(ArrayColumn(column))


@pytest.mark.parametrize("kind", [k for k in KINDS if issubclass(k, Readable)])
def test_texts_of_numpys_type_alone_are_read_as_pythons(kind):
    texts = [str(value) for value in VALUES[kind.__name__]]
    columns = [np.array([to(t) for t in texts], object) for to in (str, np.str_)]
    found = [
        learn_kind(Look(ArrayColumn(c), None, True, ("auto", None))) for c in columns
    ]
    assert type(found[0]) is type(found[1])
    read = [found[0].read(ArrayColumn(column)) for column in columns]
    np.testing.assert_array_equal(*read)


def test_a_few_of_many_texts_are_shown():
    assert few_of(["b", "a"]) == "'a', 'b'"
    assert few_of(list("edcba")) == "'a', 'b', 'c' and 2 more"
