"""Laws of the rules for settings: what they accept, and what they say."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from skmlp.constraints import (
    BOOLEAN,
    any_of,
    either,
    integer,
    is_integer,
    is_real,
    one_of,
    real,
    sequence_of,
)

NUMBERS = [1, 1.0, Fraction(1), np.int64(1), np.float32(1), np.float64(1)]
# What counts as 1 in Python, or looks like it, and is not a number here.
NO_NUMBERS = [True, np.True_, 1 + 0j, Decimal(1), "1", None, [1], np.ones(1), object()]
# A rule, and some that accept nothing else.
RULES = {
    "real": real(0, 2),
    "integer": integer(0),
    "either": either(real(0, 2), "auto", None),
    "any_of": any_of(real(0, 2), integer(0)),
    "sequence_of": sequence_of(integer(0)),
    "one_of": one_of(["a", "b"]),
    "boolean": BOOLEAN,
}


def test_numbers_of_any_library_are_real():
    accepts, _ = real(0, 2)
    for value in NUMBERS:
        assert is_real(value) and accepts(value), repr(value)


def test_what_counts_as_one_is_no_number():
    for value in NO_NUMBERS:
        assert not is_real(value) and not is_integer(value), repr(value)
        assert not real(0, 2)[0](value), repr(value)
        assert not integer(0)[0](value), repr(value)


def test_an_integer_is_whole_in_its_type():
    accepts, expected = integer(1)
    assert [accepts(n) for n in (1, np.int32(7), 10**400)] == [True] * 3
    assert [accepts(n) for n in (0, -1, 1.0, np.float64(2), math.inf)] == [False] * 5
    assert expected == "an integer >= 1"


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_answers_any_value_with_a_bool(rule):
    accepts, expected = rule
    for value in (*NUMBERS, *NO_NUMBERS, math.nan, "a"):
        assert type(accepts(value)) is bool, repr(value)
    assert expected[0].isalpha() and not expected.endswith(".")


def test_what_is_not_a_finite_float_is_on_no_scale():
    # nan compares with nothing, and a huge integer overflows where it is used
    for value in (math.nan, math.inf, -math.inf, 10**400):
        assert not real(0)[0](value), value
        assert not real(-1, 1, open_low=True)[0](value), value


@pytest.mark.parametrize("open_low", [False, True])
@pytest.mark.parametrize("open_high", [False, True])
def test_the_ends_of_an_interval_belong_to_it_unless_they_are_open(open_low, open_high):
    accepts, expected = real(0, 1, open_low=open_low, open_high=open_high)
    assert accepts(0) != open_low
    assert accepts(1) != open_high
    assert accepts(1e-300) and accepts(1 - 1e-16)
    assert not accepts(-1e-300) and not accepts(1 + 1e-15)
    left, right = "(" if open_low else "[", ")" if open_high else "]"
    assert expected == f"a number in {left}0, 1{right}"


def test_an_infinite_end_may_be_closed():
    accepts, expected = real(0, open_high=False)
    assert accepts(math.inf) and not accepts(math.nan)
    assert expected == "a number in [0, inf]"


def test_either_accepts_what_its_rule_does_and_the_values_it_names():
    accepts, expected = either(real(0, 1), "auto", None)
    assert all(map(accepts, [0.5, "auto", None]))
    assert not any(map(accepts, [2, "other", False, np.array(["auto"])]))
    assert expected == "a number in [0, 1), or 'auto' or None"


def test_any_of_accepts_what_one_of_its_rules_does():
    accepts, expected = any_of(real(0, 1), BOOLEAN)
    assert all(map(accepts, [0.5, True]))
    assert not any(map(accepts, [2, "a"]))
    assert expected == "a number in [0, 1), or True or False"


@pytest.mark.parametrize("make", [list, tuple, np.array])
def test_a_sequence_is_accepted_if_all_of_it_is(make):
    accepts, expected = sequence_of(real(0, 1))
    assert accepts(make([0.1, 0.5])) and accepts(make([0]))
    assert not accepts(make([0.1, 1.0]))
    assert not accepts(make([]))
    assert not accepts(make([[0.1, 0.5]]))
    assert expected == "a sequence, each a number in [0, 1)"


def test_what_is_no_list_tuple_or_array_is_no_sequence():
    accepts, _ = sequence_of(either(real(0, 1), "a", "b"))
    for value in ("ab", {0: 0.1}, {0.1}, 0.1, np.array(0.1)):
        assert not accepts(value), repr(value)


def test_one_of_accepts_the_names_and_lists_them():
    accepts, expected = one_of(name for name in ("a", "b"))
    # twice: the names may come from a generator
    assert [accepts(v) for v in ("a", "b", "a", "c", None, 1)] == [True] * 3 + [
        False
    ] * 3
    assert expected == "one of 'a', 'b'"


def test_true_and_false_are_booleans_and_numbers_are_not():
    accepts, _ = BOOLEAN
    assert all(map(accepts, [True, False, np.True_, np.False_]))
    assert not any(map(accepts, [0, 1, 1.0, None, "True"]))
