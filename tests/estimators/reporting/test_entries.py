"""Warnings end with the name of their entry in the guide."""

import pytest

from skmlp.estimators.reporting.entries import ENTRIES, with_entry


@pytest.mark.parametrize("words", ENTRIES)
def test_the_text_of_a_warning_comes_first_and_is_kept(words):
    text = f"MLPClassifier: {words} 3. Do this."
    found = with_entry(text)
    assert found.startswith(f"{text}\n")
    assert found.count("\n") == 1
    assert found.endswith(f", {ENTRIES[words]}.")


def test_a_text_without_an_entry_stays_as_it_is():
    assert with_entry("Something else.") == "Something else."


def test_no_entry_takes_the_warnings_of_another():
    for words, name in ENTRIES.items():
        others = [other for other in ENTRIES if other != words and other in words]
        assert not others, name
