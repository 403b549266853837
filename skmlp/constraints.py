"""Rules for settings: what a value must satisfy, and the words for it."""

import math
import re
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np

Rule = tuple[Callable[[Any], bool], str]


def is_real(value: Any) -> bool:
    # complex and bool are not real numbers here, though True counts as 1 in Python
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, (bool, np.bool_))


def _as_float(value: Any) -> float | None:
    """The value as a float, or None if it is an integer too large for one."""
    try:
        return float(value)
    except OverflowError:
        return None


def real(
    low: float,
    high: float = math.inf,
    *,
    open_low: bool = False,
    open_high: bool = True,
) -> Rule:
    """A number from low to high; open_high=False includes `high`, also if infinite."""

    def accepts(value: Any) -> bool:
        if not is_real(value) or _as_float(value) is None:
            return False
        above = value > low if open_low else value >= low
        return bool(above and (value < high if open_high else value <= high))

    left, right = "(" if open_low else "[", ")" if open_high else "]"
    return accepts, f"a number in {left}{low:g}, {high:g}{right}"


def integer(low: int, high: float = math.inf) -> Rule:
    bounds = f">= {low}" if high == math.inf else f"from {low} to {high}"
    return (
        lambda value: is_integer(value) and bool(low <= value <= high)
    ), f"an integer {bounds}"


def either(rule: Rule, *others: Any) -> Rule:
    """What `rule` accepts, or one of the other values."""
    accepts, expected = rule
    # isinstance first: comparing an array with a string is not a bool
    return (
        lambda value: (
            any(isinstance(value, type(o)) and value == o for o in others)
            or accepts(value)
        )
    ), _alternatives(expected, *map(repr, others))


def any_of(*rules: Rule) -> Rule:
    """What one of the rules accepts."""
    expected = _alternatives(*(text for _, text in rules))
    return (lambda value: any(accepts(value) for accepts, _ in rules)), expected


def _alternatives(*texts: str) -> str:
    """The texts as one list, in which the last item alone follows an "or"."""
    items = [item for text in texts for item in re.split(",? or ", text)]
    return ", or ".join([", ".join(items[:-1]), items[-1]])


def one_or_several(rule: Rule) -> Rule:
    """What `rule` accepts, or a non-empty list, tuple or array of it."""
    accepts, expected = rule
    all_accepted, _ = sequence_of(rule)
    text = _alternatives(expected, "a sequence of these")
    return (lambda value: accepts(value) or all_accepted(value)), text


def sequence_of(rule: Rule) -> Rule:
    """A non-empty list, tuple or array of what `rule` accepts."""
    accepts, expected = rule

    def all_accepted(values: Any) -> bool:
        if isinstance(values, np.ndarray):
            values = values.tolist()
        is_sequence = isinstance(values, (list, tuple)) and len(values) > 0
        return is_sequence and all(map(accepts, values))

    return all_accepted, f"a sequence, each {expected}"


def one_of(names: Iterable[str]) -> Rule:
    names = tuple(names)
    listed = ", ".join(map(repr, names))
    expected = f"one of {listed}" if len(names) > 1 else listed
    return (lambda value: isinstance(value, str) and value in names), expected


BOOLEAN: Rule = (
    lambda value: isinstance(value, (bool, np.bool_)),
    "True or False",
)
