"""Laws of the text of errors: who complains, of what, what is expected, what came."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from skmlp.errors import (
    Text,
    describe,
    error_context,
    invalid,
    refuse_unsupported,
    short_repr,
)


def test_an_error_names_class_parameter_expectation_and_value():
    for got, shown in (("adam", "'adam'"), (None, "None"), (Text("3 of 4"), "3 of 4")):
        error = invalid("MLPClassifier", "alpha", "be a number", got)
        assert type(error) is ValueError
        assert str(error) == f"MLPClassifier: alpha must be a number, got {shown}."


def test_values_are_shown_as_they_are_or_cut_at_the_end():
    for n in (1, 50, 198, 199, 300):
        value = "x" * n
        shown = short_repr(value)
        assert len(shown) <= 200
        assert shown == repr(value) or (
            len(repr(value)) > 200 and shown == repr(value)[:197] + "..."
        )


def test_integers_that_python_does_not_print_are_told_by_their_length():
    assert short_repr(1 << 20_000) == "an integer of 20001 bits"


DATA = {
    "an array": (np.zeros((3, 2)), "ndarray of shape (3, 2) and dtype float64"),
    "sparse": (
        csr_array(np.eye(3, dtype=np.float32)),
        "a sparse matrix of shape (3, 3) and dtype float32",
    ),
    "a long list": ([0] * 4, "a list of length 4"),
    "a long tuple": ((0,) * 4, "a tuple of length 4"),
    "a short list": ([0, 1], "[0, 1]"),
    "a number of NumPy": (np.float64(1), repr(np.float64(1))),
    "a long text": ("x" * 99, repr("x" * 99)[:77] + "..."),
}


def test_data_are_described_and_not_printed():
    for name, (value, described) in DATA.items():
        assert describe(value) == described, name
        assert isinstance(describe(value), Text)  # which errors show as it stands


# what is raised within, and what comes out; None where it comes out as it is
RAISED = {
    ValueError: ValueError,
    TypeError: TypeError,
    OverflowError: ValueError,
    KeyError: None,
    KeyboardInterrupt: None,
}


def test_a_complaint_about_an_array_is_followed_by_whose_it_is():
    text = "too deep\nMLPRegressor: y must be numbers, got [1, 2]."
    for kind, expected in RAISED.items():
        complaint = kind("too deep")
        with pytest.raises(expected or kind) as caught:
            with error_context("MLPRegressor", "y", "numbers", [1, 2]):
                raise complaint
        if expected is None:
            assert caught.value is complaint
        else:
            assert type(caught.value) is expected
            assert str(caught.value) == text
            assert caught.value.__cause__ is complaint


def test_masked_entries_and_complex_numbers_are_refused_and_nothing_else():
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    for value in (masked, np.array([1j]), csr_array([[1j]])):
        with pytest.raises(ValueError, match="not supported"):
            refuse_unsupported(value)
    for value in (np.ma.array([1.0]), np.array([1.0]), csr_array([[1.0]]), [1j], None):
        refuse_unsupported(value)
