"""Numbers written as text: the notations that are read, and what is none."""

import numpy as np

from skmlp.tabular.number_text import is_mark, learn_notation

NUMBERS = [1234567.5, -1234.25, 12.0, 0.5, 999.0, 1000.125]


def swapped(text):
    return text.translate(str.maketrans(",.", ".,"))


def grouped(number, mark):
    return f"{number:,}".replace(",", mark)


# How people write a number; each is read as that number.
NOTATIONS = {
    "plain": str,
    "in blanks": lambda v: f"  {v} ",
    "signed": lambda v: f"{v:+}",
    "scientific": lambda v: f"{v:.12e}",
    "thousands": lambda v: f"{v:,}",
    "decimal comma": lambda v: swapped(str(v)),
    "German": lambda v: swapped(f"{v:,}"),
    "French": lambda v: swapped(grouped(v, "\u202f")),
    "Swiss": lambda v: grouped(v, "'"),
    "dollars": lambda v: f"-${-v:,}" if v < 0 else f"${v:,}",
    "accounting": lambda v: f"({-v:,})" if v < 0 else f"{v:,}",
    "euros": lambda v: f"{swapped(f'{v:,}')} €",
    "a code before": lambda v: f"EUR {v}",
    "percent": lambda v: f"{v} %",
    "unit": lambda v: f"{v} km/h",
    "unit with a dot": lambda v: f"{v}min.",
    "minus of typography": lambda v: str(v).replace("-", "\u2212"),
}


def test_numbers_of_a_notation_are_read():
    for name, form in NOTATIONS.items():
        texts = list(map(form, NUMBERS))
        notation, read = learn_notation(dict.fromkeys(texts, 1))
        assert read == set(texts), name
        found = [notation.read(text) for text in texts]
        np.testing.assert_array_equal(found, NUMBERS, err_msg=name)


NONE = ["", "a", "1-2", "1/2", "2020-01-01", "12:30", "1.2.3", "<5", "item 3", "A1"]
NONE += ["--1", "1 2", "1,23,4", "inf", "nan", "0x10", "1_000", "5 to 7", "(", "1e"]


def test_what_is_no_number_is_not_read():
    for text in NONE[:-1]:
        assert learn_notation({text: 1})[1] == set(), text


def test_a_column_has_one_unit_and_percents_are_not_mixed_with_numbers():
    notation, read = learn_notation({"5 kg": 3, "7 lb": 1, "6": 1})
    assert read == {"5 kg", "6"} and str(notation) == "'kg'"
    assert learn_notation({"5%": 3, "0.05": 1})[1] == {"5%"}
    assert learn_notation({"5%": 1, "0.05": 3})[1] == {"0.05"}


def test_one_notation_holds_for_the_whole_column():
    # each by itself might be 1234 or 1.234
    assert learn_notation({"1,234": 1, "2,5": 1})[0].read("1,234") == 1.234
    assert learn_notation({"1,234": 1, "2.5": 1})[0].read("1,234") == 1234
    assert learn_notation({"1.234": 1, "1.234.567": 1})[0].read("1.234") == 1234
    assert learn_notation({"0,234": 1, "1,500": 1})[0].read("1,500") == 1.5


def test_signs_of_missing_values_are_known_in_any_case_and_in_blanks():
    for text in ("", "  ", "?", "NA", "n/a", "NaN", "NULL", "None", " - ", "<NA>"):
        assert is_mark(text), text
    for text in ("0", "no", "zero", "x", "nano"):
        assert not is_mark(text), text
