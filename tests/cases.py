"""Cheap cases of a law, in one test: a failure tells of which it is."""

import inspect
from contextlib import contextmanager
from functools import wraps

import pytest


@contextmanager
def in_case(name):
    """Name the case in whatever fails within; it may not skip those after it."""
    try:
        yield
    except BaseException as error:  # what pytest.raises raises is no Exception
        assert not isinstance(error, pytest.skip.Exception), f"{name} skips: {error}"
        error.add_note(f"in the case {name!r}")
        raise


def in_one_test(parametrized):
    """Parametrize a test by the cases of a mark, all of which it runs one by one.

    parametrized : by `pytest.mark.parametrize`, without marks and functions for ids,
        or by `covering`.
    """
    cases = dict(named_arguments(*parametrized.args, **parametrized.kwargs))
    assert cases

    def decorate(test):
        @wraps(test)
        def test_of_all(**fixtures):
            for name, arguments in cases.items():
                with in_case(name):
                    test(**arguments, **fixtures)

        signature = inspect.signature(test)
        given = next(iter(cases.values()))
        rest = [p for name, p in signature.parameters.items() if name not in given]
        test_of_all.__signature__ = signature.replace(parameters=rest)
        return test_of_all

    return decorate


def named_arguments(names, rows, ids=None):
    """Of each case its name, and its arguments by their names."""
    rows = list(rows)
    ids = [None] * len(rows) if ids is None else ids
    for number, (row, name) in enumerate(zip(rows, ids, strict=True)):
        if isinstance(row, type(pytest.param())):
            assert not row.marks
            row, name = row.values, row.id
        elif isinstance(names, str):
            row = (row,)
        arguments = dict(
            zip([names] if isinstance(names, str) else names, row, strict=True)
        )
        yield f"{number}: {name or arguments}", arguments
