"""What was understood of a table: a report of each column, and what to warn of."""

import warnings
from dataclasses import astuple, dataclass, fields

from skmlp.errors import short_repr
from skmlp.estimators import DiagnosticWarning
from skmlp.estimators.inspection.notebook_table import NotebookTable
from skmlp.estimators.reporting.entries import with_entry

# What to warn of, by topic: before and after the columns that it is about.
TOPICS = {
    "as numbers": (
        "text is read as numbers in column",
        "numbers_as_text=False reads it as categories, True accepts it silently.",
    ),
    "unread": (
        "some text is neither a number nor a date, as the rest of its column is, nor a "
        "usual sign for a missing value; it counts as missing in column",
        "",
    ),
    "merged": (
        "most rows of these columns share one category, since their values are rare, "
        "and so little of them is left: column",
        "min_frequency says how many rows a category needs; give names, ids or free "
        "text as numbers that say what matters about them, or leave them out.",
    ),
    "not iso": (
        "dates that are not ISO (2020-12-31) are read as categories, since the day may "
        "come first or second: column",
        "pandas.to_datetime(..., dayfirst=True or False) makes dates of them.",
    ),
    "half numbers": (
        "text of which only a part says numbers is read as categories in column",
        "numbers_as_text=[names of columns] reads it as numbers, the rest as missing.",
    ),
}
MOST_COLUMNS = 10
WIDTH = 40


@dataclass(frozen=True)
class ColumnReport:
    """What was understood of one column.

    column : its name.
    read_as : the kind of column.
    missing : rows without a value, or without one that can be read.
    kept, merged : categories with a number of their own, and those that share one.
    features : names of what it becomes.
    notes : what else was seen.
    """

    column: str
    read_as: str
    missing: int
    kept: int
    merged: int
    features: tuple
    notes: str


def column_report(label, kind, missing, features):
    """The row of a column, of its learned kind."""
    sizes = len(kind.frequent), len(kind.infrequent)
    notes = "; ".join(kind.notes)
    return ColumnReport(label, kind.read_as, missing, *sizes, tuple(features), notes)


COLUMNS = [field.name for field in fields(ColumnReport)]


class TableReport(NotebookTable):
    """What an encoder understood of each column of the training table.

    Prints as a table, also in notebooks.

    Attributes
    ----------
    rows : list of ColumnReport
    """

    title = "Columns"
    numbers = ("missing", "kept", "merged")

    def __init__(self, rows):
        self.rows = rows

    def frame(self):
        """The table as a pandas.DataFrame, one row for each column of X."""
        try:
            import pandas as pd
        except ImportError as error:
            text = "TableReport.frame needs pandas, which is not installed."
            raise ImportError(text) from error
        rows = [astuple(row) for row in self.rows]
        return pd.DataFrame(rows, columns=COLUMNS).set_index("column")

    def _cells(self):
        """The rows as text, the names of the columns first."""
        return [COLUMNS, *([_text(value) for value in astuple(r)] for r in self.rows)]

    def __repr__(self):
        cells = self._cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
        return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _text(value):
    if isinstance(value, tuple):
        text = ", ".join(value)
        return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}... ({len(value)})"
    return str(value)


def warn_of(owner, labels, said, stacklevel):
    """One DiagnosticWarning for each topic that there is.

    labels, said : of each column its name, and by topic what is to be said.
    """
    for topic, (before, after) in TOPICS.items():
        columns = [
            f"{label!r} ({topics[topic]})"
            for label, topics in zip(labels, said, strict=True)
            if topic in topics
        ]
        if columns:
            text = f"{owner}: {before} {_listed(columns)}. {after}".strip()
            warnings.warn(with_entry(text), DiagnosticWarning, stacklevel=stacklevel)


def warn_of_strange(owner, labels, stacklevel):
    """A warning for columns of which transform knows no value."""
    if labels:
        text = (
            f"{owner}: fit had none of the categories that X now has in column "
            f"{_listed([short_repr(label, 80) for label in labels])}. They are written "
            "in another way, or it is another column."
        )
        warnings.warn(with_entry(text), DiagnosticWarning, stacklevel=stacklevel)


def _listed(items):
    rest = len(items) - MOST_COLUMNS
    return ", ".join(items[:MOST_COLUMNS]) + (f" and {rest} more" if rest > 0 else "")
