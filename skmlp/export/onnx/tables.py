"""Tables in ONNX: what TableEncoder and SmoothClipScaler make of columns."""

import sys

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmlp.errors import Text, invalid
from skmlp.export.onnx.outputs import Output
from skmlp.export.onnx.proto import ML
from skmlp.tabular.feature_names import names_in
from skmlp.tabular.kinds import PlainNumbers
from skmlp.tabular.smooth_clip import BOUND, SATURATED, smooth_clip

# What a missing category is in a graph, whose strings are never missing.
MISSING = ""


def column_names(encoder) -> list[str]:
    check_is_fitted(encoder)
    return names_in(encoder, encoder._labels, None).tolist()


def encoder_inputs(graph, encoder) -> list[Output]:
    """An input (n, 1) for each column."""
    names = column_names(encoder)
    if "" in names:
        expected = "not be an empty string to be exported to ONNX"
        raise invalid(type(encoder).__name__, "name of a column", expected, "")
    pairs = zip(names, column_dtypes(encoder), strict=True)
    return [Output(name, graph.value(name, dtype), (1,)) for name, dtype in pairs]


def column_dtypes(encoder):
    """Of each column: float64 for numbers, object (strings) for categories."""
    for label, kind in zip(encoder._labels, encoder._blocks.kinds, strict=True):
        if not (isinstance(kind, PlainNumbers) or kind.suffixes == ()):
            expected = "hold numbers or unordered categories to be exported to ONNX"
            got = Text(f"{kind.read_as}, which must be made numbers before")
            raise invalid(type(encoder).__name__, f"column {label!r}", expected, got)
    dtypes = {True: np.dtype(object), False: np.dtype(np.float64)}
    return [dtypes[bool(flag)] for flag in encoder.is_categorical_]


def encoded(encoder, columns):
    """What ``transform`` gives, (n, n_features_out), of the values of the columns."""
    pairs = list(zip(columns, encoder.is_categorical_, strict=True))
    numbers = [column for column, is_categorical in pairs if not is_categorical]
    texts = [column for column, is_categorical in pairs if is_categorical]
    blocks = _numbers(encoder, numbers) if numbers else []
    blocks += _categories(encoder, texts)
    return blocks[0].op("Concat", *blocks[1:], axis=1)


def scaled(x, center, scale):
    """`smooth_clip` on a value (n, n_features), in float64; the same dtype comes."""
    largest = sys.float_info.max
    z = (x.cast(np.float64) - center).maximum(-largest).minimum(largest) / scale
    z = z.maximum(-SATURATED).minimum(SATURATED)
    root = z / BOUND
    z = z / (root * root + 1.0).op("Sqrt")
    return z.maximum(-BOUND).minimum(BOUND).cast(x.dtype)


# Numbers


def _numbers(encoder, columns):
    """Filled numbers and indicators of missing ones, scaled: a list of one value."""
    missing = encoder._missing
    given = columns[0].op("Concat", *columns[1:], axis=1)
    is_missing = given.op("IsNaN", dtype=bool)
    filled = is_missing.where(missing.medians[np.newaxis], given)
    if len(missing.incomplete):
        indicators = is_missing.columns(missing.incomplete).cast(np.float64)
        filled = filled.op("Concat", indicators, axis=1)
    return [scaled(filled, *encoder._number_scales).cast(encoder.dtype)]


# Categories


def _categories(encoder, columns):
    """The numbers of each column of categories, a list of values."""
    center, scale = encoder._category_scales
    blocks, start = [], 0
    kinds = [kind for _, kind in encoder._blocks.categories.kinds]
    for column, categories in zip(columns, kinds, strict=True):
        texts, rows = _rows_of(type(encoder).__name__, categories)
        stop = start + rows.shape[1]
        rows = rows.astype(encoder.dtype)
        rows = smooth_clip(rows, center[start:stop], scale[start:stop])
        if stop > start:
            blocks.append(_row_of_each(column, texts, rows))
        start = stop
    return blocks


def _rows_of(owner, categories):
    """All texts that were seen, and the rows (n_texts + 2, width) that they become.

    The last two are those of an unseen and of a missing category.
    """
    number_of = categories.numbers()
    if MISSING in number_of:
        expected = "not be an empty string to be exported to ONNX, where it is missing"
        raise invalid(owner, "category", expected, MISSING)
    numbers = np.array([*number_of.values(), categories.unseen, -1])
    return list(number_of), categories.encode(numbers).toarray()


def _row_of_each(column, texts, rows):
    """The row of each category, for strings (n, 1)."""
    distinct, numbers = np.unique(rows, axis=0, return_inverse=True)
    *seen, unseen, missing = numbers.ravel().tolist()
    number = column.op(
        "LabelEncoder",
        domain=ML,
        dtype=np.int64,
        keys_strings=[*texts, MISSING],
        values_int64s=[*seen, missing],
        default_int64=unseen,
    )
    return _looked_up(distinct, number)


def _looked_up(rows, number):
    """The rows of these numbers (n, 1).

    One-hot rows are compared instead: a table of them would grow with the square.
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
