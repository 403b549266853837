"""TableEncoder and SmoothClipScaler in ONNX."""

import sys

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmlp.errors import Text, invalid
from skmlp.export.onnx.moments import date_features, duration_features, time_features
from skmlp.export.onnx.outputs import Output
from skmlp.export.onnx.proto import ML
from skmlp.tabular.columns import ArrayColumn
from skmlp.tabular.feature_names import names_in
from skmlp.tabular.kinds import Categories, Dates, Durations, PlainNumbers, TimesOfDay
from skmlp.tabular.kinds.category_text import key_of
from skmlp.tabular.smooth_clip import BOUND, SATURATED, smooth_clip

# Stands for a missing category, since ONNX has no missing strings.
MISSING = ""
# Blank texts, which the encoder treats as missing. A graph can only compare whole
# strings, so it gets a list: each whitespace character, the last of which is U+3000,
# and up to 20 spaces.
N_SPACES = 20
BLANKS = [chr(code) for code in range(0x3001) if chr(code).isspace()]
BLANKS += [" " * n for n in range(2, N_SPACES + 1)]


def column_names(encoder) -> list[str]:
    check_is_fitted(encoder)
    return names_in(encoder, encoder._labels, None).tolist()


def encoder_inputs(graph, encoder) -> list[Output]:
    """An input (n, 1) for each column."""
    names = column_names(encoder)
    if "" in names:
        expected = "be a non-empty string to be exported to ONNX"
        raise invalid(type(encoder).__name__, "name of a column", expected, "")
    pairs = zip(names, column_dtypes(encoder), strict=True)
    return [Output(name, graph.value(name, dtype), (1,)) for name, dtype in pairs]


def column_dtypes(encoder):
    """Dtypes of the columns: float64, int64 for dates and times, object for strings."""
    pairs = zip(encoder._blocks.kinds, encoder.report().rows, strict=True)
    return [_dtype_of(type(encoder).__name__, *pair) for pair in pairs]


def _dtype_of(owner, kind, row):
    # only the report knows whether dates were given as text
    if type(kind) not in DTYPES or row.read_as.endswith("as text"):
        expected = "be parsed to numbers or dates before fit to be exported to ONNX"
        raise invalid(owner, f"column {row.column!r} of X", expected, Text(row.read_as))
    return np.dtype(DTYPES[type(kind)])


def encoded(encoder, columns):
    """The result of ``transform``, (n, n_features_out), for values of the columns."""
    blocks = [*_numbers(encoder, columns), *_categories(encoder, columns)]
    return blocks[0].op("Concat", *blocks[1:], axis=1)


def scaled(x, center, scale):
    """`smooth_clip` of a value (n, n_features), in float64; the dtype is kept."""
    largest = sys.float_info.max
    z = (x.cast(np.float64) - center).maximum(-largest).minimum(largest) / scale
    z = z.maximum(-SATURATED).minimum(SATURATED)
    root = z / BOUND
    z = z / (root * root + 1.0).op("Sqrt")
    return z.maximum(-BOUND).minimum(BOUND).cast(x.dtype)


# Numbers, and what becomes numbers


def _numbers(encoder, columns):
    """Filled numbers and indicators of missing ones, scaled: a list of one value."""
    block, missing = encoder._blocks.numbers, encoder._missing
    if not block.kinds:
        return []
    parts = [FEATURES[type(kind)](kind, columns[j]) for j, kind in block.kinds]
    given = parts[0].op("Concat", *parts[1:], axis=1)
    is_missing = given.op("IsNaN", dtype=bool)
    filled = is_missing.where(missing.medians[np.newaxis], given)
    if len(missing.incomplete):
        indicators = is_missing.columns(missing.incomplete).cast(np.float64)
        filled = filled.op("Concat", indicators, axis=1)
    return [scaled(filled, *encoder._number_scales).cast(encoder.dtype)]


def _number(kind, column):
    return column


def _rank(kind, column):
    """The rank of an ordered category, NaN for unknown ones."""
    ranks = {text: rank for text, rank in kind.ranks.items() if text != MISSING}
    rank = column.op(
        "LabelEncoder",
        domain=ML,
        dtype=np.int64,
        keys_strings=[*ranks],
        values_int64s=[int(rank) for rank in ranks.values()],
        default_int64=-1,
    )
    return (rank < 0).where(np.nan, rank.cast(np.float64))


DTYPES = {
    PlainNumbers: np.float64,
    Dates: np.int64,
    TimesOfDay: np.int64,
    Durations: np.int64,
    Categories: object,
}
FEATURES = {
    PlainNumbers: _number,
    Dates: date_features,
    TimesOfDay: time_features,
    Durations: duration_features,
    Categories: _rank,
}


# Categories


def _categories(encoder, columns):
    """The numbers of each column of categories, a list of values."""
    block, (center, scale) = encoder._blocks.categories, encoder._category_scales
    owner, names = type(encoder).__name__, column_names(encoder)
    stops, blocks = np.cumsum(block.sizes).tolist(), []
    for (j, kind), size, stop in zip(block.kinds, block.sizes, stops, strict=True):
        texts, rows = _rows_of(owner, names[j], kind)
        part = slice(stop - size, stop)
        rows = smooth_clip(rows.astype(encoder.dtype), center[part], scale[part])
        if size:
            blocks.append(_row_of_each(columns[j], texts, rows))
    return blocks


def _rows_of(owner, name, kind):
    """The known texts, and the encoded rows (n_texts + 2, width) for them.

    The last two rows are for an unseen and for a missing category.
    """
    known = kind.numbers()
    if MISSING in known:
        expected = "have no empty strings as a category to be exported to ONNX"
        raise invalid(owner, f"column {name!r} of X", expected, MISSING)
    texts = _dresses(known)
    numbers, _ = kind.indices(ArrayColumn(np.array(texts, object)))
    return texts, kind.encode(np.array([*numbers, kind.unseen, -1])).toarray()


def _dresses(texts):
    """The texts and their other spellings that the encoder accepts, as 1.0 for 1."""
    others = {text: (f"{text}.0", text.capitalize(), text.upper()) for text in texts}
    pairs = [(key, text) for key, dresses in others.items() for text in dresses]
    same = [text for key, text in pairs if key_of(text) == key]
    return list(dict.fromkeys([*texts, *same]))


def _row_of_each(column, texts, rows):
    """The encoded row of each string (n, 1)."""
    distinct, numbers = np.unique(rows, axis=0, return_inverse=True)
    *seen, unseen, missing = numbers.ravel().tolist()
    blanks = [MISSING, *(text for text in BLANKS if text not in texts)]
    number = column.op(
        "LabelEncoder",
        domain=ML,
        dtype=np.int64,
        keys_strings=[*texts, *blanks],
        values_int64s=[*seen, *[missing] * len(blanks)],
        default_int64=unseen,
    )
    return _looked_up(distinct, number)


def _looked_up(rows, number):
    """The rows with these numbers (n, 1).

    One-hot rows are computed by comparison: their table would grow quadratically.
    """
    places = np.arange(rows.shape[1])
    off = np.median(rows, axis=0, keepdims=True).astype(rows.dtype)
    differ = rows != off
    if len(rows) > 2 and (differ.sum(axis=0) <= 1).all():
        where = differ.argmax(axis=0)
        on = rows[where, places][np.newaxis]
        is_on = number.equals(where[np.newaxis])
        return is_on.where(number.graph.constant(on), off)
    table = number.graph.constant(rows)
    return number.graph.add("Gather", table, number).reshape(0, rows.shape[1])
