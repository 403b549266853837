"""The text of errors: which class, which parameter, what is expected, what came."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy.sparse import issparse


def invalid(
    owner: str, parameter: str, expected: str, got: Any = ..., hint: str = ""
) -> ValueError:
    """The error for a parameter that is not what it must be.

    owner : name of the class, or function, that has the parameter.
    expected : what stands after "must".
    got : the value, shown by its repr; a `str` of class `Text` stands as it is.
    hint : what to add, such as " Did you mean 'adam'?".
    """
    came = got if isinstance(got, Text) else short_repr(got)
    return ValueError(f"{owner}: {parameter} must {expected}, got {came}.{hint}")


class Text(str):
    """What came, in words."""


def short_repr(value: Any, length: int = 200) -> str:
    """repr(value), cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python does not print integers of thousands of digits
        return f"an integer of {value.bit_length()} bits"
    return text if len(text) <= length else f"{text[: length - 3]}..."


def describe(value: Any) -> Text:
    """What came, in a few words: data is not printed."""
    if issparse(value):
        return Text(f"a sparse matrix of shape {value.shape} and dtype {value.dtype}")
    if getattr(value, "shape", ()) != ():
        dtype = getattr(value, "dtype", None)
        kind = f" and dtype {dtype}" if dtype is not None else ""
        return Text(f"{type(value).__name__} of shape {tuple(value.shape)}{kind}")
    if isinstance(value, (list, tuple)) and len(value) > 3:
        return Text(f"a {type(value).__name__} of length {len(value)}")
    return Text(short_repr(value, 80))


@contextmanager
def error_context(
    owner: str, parameter: str, expected: str, value: Any
) -> Iterator[None]:
    """Add class, parameter, expectation and value to a complaint about an array."""
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"{error}\n{owner}: {parameter} must be {expected}, got {describe(value)}."
        ) from error


def refuse_unsupported(value: Any) -> None:
    """Masked entries would come back as the numbers under the mask."""
    if np.ma.is_masked(value):
        raise ValueError("Masked entries are not supported; fill or drop them first.")
    if hasattr(value, "dtype") and np.iscomplexobj(value):
        raise ValueError("Complex data not supported.")
