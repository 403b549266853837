"""Cases of one law in one test: what fails says which case it was."""

from contextlib import contextmanager

import pytest


@contextmanager
def in_case(name):
    """A note of the case on what fails within."""
    try:
        yield
    except (Exception, pytest.fail.Exception) as error:
        error.add_note(f"in the case {name!r}")
        raise
