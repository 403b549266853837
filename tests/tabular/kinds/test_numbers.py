"""Numbers, as such or as text: what is read, what is said, what is refused."""

import numpy as np
import pytest

from skmlp import DiagnosticWarning
from skmlp.tabular import TableEncoder

from ..dresses import column, encoder, pd, read_as, warnings_of


def test_text_of_numbers_is_said_once_with_column_share_and_what_the_others_became():
    X = column(["12.5", "", "?", "7", "many"] + ["1e3"] * 20, "Total")
    said, fitted = warnings_of(X)
    assert len(said) == 2
    assert "text is read as numbers in column 'Total' (22 of 23 values" in said[0]
    assert "2 blank or missing" in said[0]
    assert "counts as missing in column 'Total' ('many')" in said[1]
    assert fitted.get_feature_names_out().tolist() == ["Total", "Total_missing"]
    numbers = [12.5, np.nan, np.nan, 7.0, np.nan] + [1e3] * 20
    expected = encoder().fit_transform(column(numbers, "Total"))
    np.testing.assert_array_equal(fitted.transform(X), expected)


@pytest.mark.parametrize("as_text", ["auto", True, False, ["c"], ["other"]], ids=str)
def test_numbers_as_text_decides(as_text):
    X = pd.DataFrame({"c": ["1", "2", "3"] * 9, "other": ["4", "x", "5"] * 9})
    said, fitted = warnings_of(X, numbers_as_text=as_text)
    kinds = read_as(fitted)
    is_number = as_text in ("auto", True, ["c"])
    assert kinds["c"] == ("numbers as text" if is_number else "categories")
    assert (kinds["other"] == "numbers as text") == (as_text == ["other"])
    assert any("'c'" in text for text in said) == (as_text == "auto")
    assert any("'other' ('x')" in text for text in said) == (as_text == ["other"])


def test_of_numbers_as_text_a_new_text_is_refused_and_one_of_fit_is_not():
    X = column([*map(str, range(20)), "n/a", "lots"])
    with pytest.warns(DiagnosticWarning, match=r"counts as missing .*'lots'"):
        model = encoder().fit(X)
    missing = model.transform(column([None]))
    for text in ("lots", "-", "NaN", " "):
        np.testing.assert_array_equal(model.transform(column([text])), missing)
    for value in ("few", b"1", "1;2"):
        complaint = "column 'c' of X must have numbers, as nearly all of its text in f"
        with pytest.raises(ValueError, match=complaint) as error:
            model.transform(column(["1", value]))
        assert repr(value) in str(error.value)


def test_numbers_that_come_as_text_later_are_numbers():
    model = TableEncoder().fit(column([1.5, 2.0, 7.0]))
    expected = model.transform(column([1.5, np.nan, 7.0]))
    np.testing.assert_array_equal(model.transform(column(["1.5", "?", "7"])), expected)


NO_NUMBERS = {
    "codes with zeros": [f"{i:05d}" for i in range(30)],
    "long codes": [str(10**17 + i) for i in range(30)],
    "words": ["a", "b", "c"] * 10,
    "ranges": ["1-2", "3-4", "5-6"] * 10,
    "a category by dtype": None,
}


@pytest.mark.filterwarnings("ignore:TableEncoder. most rows of these columns")
@pytest.mark.parametrize("case", NO_NUMBERS)
def test_text_of_codes_stays_categories(case):
    values = NO_NUMBERS[case] or pd.Categorical(["1", "2", "3"] * 10)
    said, fitted = warnings_of(column(values))
    assert read_as(fitted) == {"c": "categories"}
    assert not any("read as numbers" in text for text in said)
