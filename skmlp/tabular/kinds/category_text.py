"""Which texts are one category in several dresses, and what is odd about a column."""

import re

from skmlp.tabular.date_text import is_other_date
from skmlp.tabular.kinds.kind import few_of
from skmlp.tabular.number_text import NEARLY_ALL, PLAIN_NUMBERS

# 1.0 and 1 are one category: an integer becomes a float beside a missing value.
WHOLE = re.compile(r"([+-]?(?:0|[1-9]\d*))\.0+")
# True, "true" and 1 are, in a column of nothing else.
FLAGS = {"true": "True", "false": "False", "1": "True", "0": "False"}
# Rows from which on a constant, or a value that never comes again, is no chance.
MANY_ROWS = 20


def key_of(text):
    """What texts of one category in several dresses have in common."""
    whole = WHOLE.fullmatch(text)
    text = whole[1] if whole else text
    return text.casefold() if text.casefold() in ("true", "false") else text


def _keys_of(texts):
    keys = [key_of(text) for text in texts]
    are_flags = set(keys) <= FLAGS.keys()
    return [FLAGS[key] for key in keys] if are_flags else keys


def one_text_a_key(texts):
    """The texts, those of one category made equal: True, 1 and "true" in one column."""
    keys = _keys_of(texts)
    first = dict(zip(reversed(keys), reversed(texts), strict=True))
    pairs = list(zip(keys, texts, strict=True))
    shared = {key for key, text in pairs if first[key] != text}
    return [key if key in shared else text for key, text in pairs]


def numbers_of_keys(number_of):
    """By the keys of texts what they have by themselves; keys of several are left out.

    Texts that are their own keys are left out, too.

    number_of : dict of str to int.
    """
    found, texts = {}, list(number_of)
    for key, text in zip(_keys_of(texts), texts, strict=True):
        for dress in _dresses(key):
            if dress != text:
                found.setdefault(dress, set()).add(number_of[text])
    return {key: numbers.pop() for key, numbers in found.items() if len(numbers) == 1}


def _dresses(key):
    """The keys of the same value by itself."""
    return [k for k, flag in FLAGS.items() if flag == key] or [key]


def describe_categories(kind, look, counts, n_rows):
    """Set what a learned kind of categories has to warn of, and its notes."""
    n_texts, kept = len(counts), sum(counts[text] for text in kind.frequent)
    there = sum(counts.values())
    if not n_texts:
        kind.notes.append("empty")
    if n_texts == 1 and there == n_rows:
        kind.notes.append("constant")
    _describe_merged(kind, look, n_texts, kept, there)
    _describe_dates(kind, look, there)
    if n_texts == there == n_rows >= MANY_ROWS:
        kind.notes.append("a row id: no value comes twice")
    similar = _similar(counts)
    if similar:
        kind.notes.append(f"differ by case or blanks only: {similar}")


def _describe_merged(kind, look, n_texts, kept, there):
    """What merging costs, and which text might have been numbers."""
    if len(kind.infrequent) < 2 or kind.ranks:
        return
    is_wanted = look.limits != ("auto", None)
    if not kept or (kept < there / 2 and not is_wanted):
        share = "all" if not kept else f"{there - kept} of {there}"
        kind.said["merged"] = f"{n_texts} categories, {share} rows in one"
    texts = look.texts if look.is_free and look.as_text is not False else {}
    n_numbers = sum(n for t, n in texts.items() if PLAIN_NUMBERS.read(t) is not None)
    if NEARLY_ALL * there > n_numbers >= there / 2:
        kind.said["half numbers"] = f"{n_numbers} of {there}"


def _describe_dates(kind, look, there):
    """Text of dates in a notation that is not read."""
    texts = look.texts if look.is_free else {}
    n_dates = sum(n for text, n in texts.items() if is_other_date(text))
    if texts and n_dates >= NEARLY_ALL * there:
        kind.said.pop("merged", None)  # this says why
        kind.said["not iso"] = few_of(texts, most=1)
        kind.notes.append("dates that are not ISO")


def _similar(counts):
    """Texts that are one but for case and blanks, as text for people."""
    first, groups = {}, {}
    for text in counts:
        plain = " ".join(text.casefold().split())
        if first.setdefault(plain, text) != text:
            groups.setdefault(plain, [first[plain]]).append(text)
    shown = sorted(map(sorted, groups.values()))[:3]
    return "; ".join(" and ".join(map(repr, group)) for group in shown)
