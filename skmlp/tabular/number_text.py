"""Numbers that are written as text: the notation of a column, and its values."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache

# Text that stands for a missing value beside numbers and dates, in lower case: pandas'
# list for CSV files, and what people write.
MARKS = frozenset(
    {
        *("", "?", "-", "--", "---", ".", "..", "...", "*", "#", "/", "\\", "_"),
        *("na", "n/a", "n.a.", "n. a.", "#n/a", "#na", "#n/a n/a", "<na>", "<n/a>"),
        *("nan", "-nan", "1.#qnan", "-1.#qnan", "1.#ind", "-1.#ind", "#value!"),
        *("none", "null", "nil", "nat", "missing", "unknown", "#div/0!", "#num!"),
        *("not available", "not applicable", "n.d.", "nd", "tbd", "(null)", "\\n"),
    }
)
# A share that is nearly all: of the values that are there, those that can be read.
NEARLY_ALL = 0.9
# An integer of more digits is a code: a float has no more.
MAX_DIGITS = 15
SPACES = " \u00a0\u2009\u202f"
CURRENCIES = "$€£¥₹₽₩₺₴₫฿¢"
CODES = (
    "USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|CNY|INR|SEK|NOK|DKK|PLN|CZK|BRL|ZAR|US\\$|Rs\\.?"
)
MINUS = "\u2212"
APOSTROPHES = "'\u2019"
UNIT = rf"(?:[^\W\d_]|[%‰°²³/{CURRENCIES}'\"])*\.?"
AFFIXES = re.compile(
    rf"(?P<sign>[+\-{MINUS}]?)\s*(?P<prefix>[{CURRENCIES}]|{CODES})?\s*"
    rf"(?P<inner_sign>[+\-{MINUS}]?)"
    rf"(?P<body>[\d.,](?:[\d.,{APOSTROPHES}{SPACES}]*[\d.,])?(?:[eE][+\-]?\d+)?)"
    rf"\s*(?P<unit>{UNIT})"
)
EXPONENT = r"(?:[eE][+\-]?\d+)?"


@dataclass(frozen=True)
class Separators:
    """How digits are grouped, and what stands before decimals."""

    thousands: str
    decimal: str

    def read(self, body):
        """The number that the digits say, or None."""
        if not _pattern(self.thousands, self.decimal).fullmatch(body):
            return None
        plain = body.translate(dict.fromkeys(map(ord, self.thousands)))
        return float(plain.replace(self.decimal, "."))


@cache
def _pattern(thousands, decimal):
    """Of digits that are grouped by one of the marks, or not at all."""
    digits = r"\d+"
    if thousands:
        groups = "|".join(
            rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+" for mark in thousands
        )
        digits = rf"(?:{groups}|\d+)"
    point = re.escape(decimal)
    return re.compile(rf"(?:{digits}(?:{point}\d*)?|{point}\d+){EXPONENT}")


PLAIN = Separators("", ".")
# The first one that reads most values is the column's.
NOTATIONS = (
    PLAIN,
    Separators(",", "."),
    Separators("", ","),
    Separators(".", ","),
    Separators(SPACES + APOSTROPHES, "."),
    Separators(SPACES + APOSTROPHES, ","),
)


@dataclass(frozen=True)
class NumberNotation:
    """How the numbers of a column are written: separators, and the unit or currency.

    affixes : (prefix, unit) in lower case, of numbers that have any. A bare number is
        read as if it had them, but beside percents.
    """

    separators: Separators = PLAIN
    affixes: tuple = ("", "")

    def read(self, text):
        """The number that a text says, or None."""
        parts = _parts(text)
        if parts is None:
            return None
        sign, body, affixes = parts
        if affixes != self.affixes and (any(affixes) or "%" in self.affixes):
            return None
        number = self.separators.read(body)
        return None if number is None else sign * number

    def __str__(self):
        found = [repr(affix) for affix in self.affixes if affix]
        if self.separators.decimal == ",":
            found.append("decimal commas")
        if self.separators.thousands:
            found.append("thousands separators")
        return " and ".join(found)


PLAIN_NUMBERS = NumberNotation()


def is_mark(text):
    """Whether a text stands for a missing value."""
    return text.strip().casefold() in MARKS


def _parts(text):
    """Sign, digits and (prefix, unit) of a text that is written as a number, or None.

    In parentheses, a number is negative, as in accounting.
    """
    text = text.strip()
    in_parentheses = text.startswith("(") and text.endswith(")")
    match = AFFIXES.fullmatch(text[1:-1].strip() if in_parentheses else text)
    if match is None:
        return None
    signs = match["sign"] + match["inner_sign"] + "-" * in_parentheses
    if len(signs) > 1:
        return None
    affixes = (match["prefix"] or "").casefold(), match["unit"].casefold()
    sign = -1.0 if signs in ("-", MINUS) else 1.0
    return sign, match["body"], affixes


def learn_notation(counts):
    """The notation that reads most values, and which texts it reads.

    counts : dict of str to int, the distinct texts of values that are there.

    Returns a NumberNotation and the texts that it reads, a set.
    """
    counts = {text: n for text, n in counts.items() if _parts(text) is not None}
    affixes = _common_affixes(counts)
    notations = [NumberNotation(separators, affixes) for separators in NOTATIONS]
    read = [{t for t in counts if n.read(t) is not None} for n in notations]
    n_read = [sum(counts[text] for text in texts) for texts in read]
    best = n_read.index(max(n_read))
    return notations[best], read[best]


def _common_affixes(counts):
    """The prefix and unit that most of the numbers with any have."""
    found = Counter()
    for text, count in counts.items():
        parts = _parts(text)
        if parts is not None:
            found[parts[2]] += count
    bare = found.pop(("", ""), 0)
    if not found:
        return "", ""
    affixes, count = found.most_common(1)[0]
    return ("", "") if "%" in affixes and bare > count else affixes


def are_codes(texts):
    """Whether some are digits as no number has them: 007, or too many for a float."""
    digits = [text.strip() for text in texts if text.strip().isdigit()]
    return any(len(t) > MAX_DIGITS or (t[0] == "0" and len(t) > 1) for t in digits)
