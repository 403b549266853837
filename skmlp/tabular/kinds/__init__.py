"""The kinds of columns: numbers, dates, categories, and how each becomes features."""

from skmlp.tabular.kinds.categories import Categories
from skmlp.tabular.kinds.dates import Dates, Durations, TimesOfDay
from skmlp.tabular.kinds.look import Look
from skmlp.tabular.kinds.numbers import Numbers, NumbersAsText
from skmlp.tabular.selection import FROM_DTYPE, is_word, selected

# The first one that knows a column has it.
KINDS = (Numbers, Dates, TimesOfDay, Durations, NumbersAsText, Categories)


def learn_kind(look):
    """The kind of the column that a Look is at, learned."""
    if look.chosen and look.as_text == "told":
        raise ValueError("is in categorical_features and in numbers_as_text.")
    kinds = (kind.learn(look) for kind in KINDS)
    return next(kind for kind in kinds if kind is not None)


def learn_kinds(encoder, table):
    """The kind of each column of the table, by the parameters of the encoder."""
    chosen, as_text = _chosen(encoder, table), _as_text(encoder, table)
    limits = encoder.min_frequency, encoder.max_categories
    kinds = []
    for j in range(table.shape[1]):
        with table.naming(j):
            look = Look(table.column(j), chosen[j], as_text[j], limits)
            kinds.append(learn_kind(look))
    return kinds


def _chosen(encoder, table):
    """Whether each column is among the categorical features; None: its dtype says."""
    value = encoder.categorical_features
    if isinstance(value, str) and value == FROM_DTYPE:
        return [False if table.is_sparse else None] * table.shape[1]
    if value is None:
        return [False] * table.shape[1]
    columns = selected(encoder, "categorical_features", table)
    return [j in columns for j in range(table.shape[1])]


def _as_text(encoder, table):
    """Whether text of each column is read as numbers: "told" where it is listed."""
    value = encoder.numbers_as_text
    if is_word("numbers_as_text", value):
        return [value] * table.shape[1]
    columns = selected(encoder, "numbers_as_text", table)
    return ["told" if j in columns else "not told" for j in range(table.shape[1])]
