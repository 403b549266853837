"""One table in the dress of each library, and tables of few values."""

import datetime
import warnings

import numpy as np
import pytest

from skmlp import DiagnosticWarning
from skmlp.tabular import TableEncoder

from ..conftest import Optional

pd, pl = Optional("pandas"), Optional("polars")
LIBRARIES = {"numpy": np, "pandas": pd, "polars": pl}
# Which a test of what becomes of rare categories knows.
merging = pytest.mark.filterwarnings("ignore:TableEncoder. most rows of these columns")
frame_libraries = pytest.mark.parametrize("library", ["pandas", "polars"])

# One table in many dresses. Some columns have missing values, "empty" nothing else.
DATA = {
    "age": [31.0, None, 47.0, 20.0, 39.0, 1e6, 33.0, None],
    "rooms": [1, 2, 2, 3, 1, 4, 2, 2],
    "empty": [None] * 8,
    "colour": ["red", "blue", "green", None, "red", "blue", "red", "green"],
    "sex": ["m", "f", "f", None, "m", "f", "m", "m"],
    "member": [True, False, True, True, None, False, False, True],
    "country": ["at", None, "at", "at", "at", "at", None, "at"],
}
NAMES = [
    "age",
    "rooms",
    "empty",
    "age_missing",
    "empty_missing",
    "colour_blue",
    "colour_green",
    "colour_red",
    "sex_f",
    "member_False",
    "country_at",
]
ROWS = [list(row) for row in zip(*DATA.values(), strict=True)]


def pandas_frame(**dtypes):
    frame = pd.DataFrame(DATA, dtype=object)
    dtypes = {"age": "float64", "rooms": "int64", "empty": "float64", **dtypes}
    return frame.astype(dtypes)


DRESSES = {
    "object array": lambda: np.array(ROWS, dtype=object),
    "list of lists": lambda: ROWS,
    "list of tuples": lambda: [tuple(row) for row in ROWS],
    "NaN for None": lambda: array_with(np.nan),
    "pandas.NA for None": lambda: array_with(pd.NA),
    "pandas": lambda: pandas_frame(),
    "pandas objects": lambda: pd.DataFrame(DATA, dtype=object),
    "pandas nullable": lambda: pandas_frame(
        age="Float64",
        rooms="Int8",
        empty="Int64",
        colour="string",
        sex="string",
        member="boolean",
    ),
    "pandas categories": lambda: pandas_frame(
        colour="category", sex="category", member="category", country="category"
    ),
    "pandas str": lambda: pandas_frame(colour="str", sex="str", country="str"),
    "polars": lambda: pl.DataFrame(DATA, schema_overrides={"empty": pl.Float64}),
    "polars null": lambda: pl.DataFrame(DATA, schema_overrides={"rooms": pl.UInt8}),
    "polars categories": lambda: pl.DataFrame(
        DATA,
        schema_overrides={
            "age": pl.Float32,
            "colour": pl.Categorical,
            "sex": pl.Enum(["m", "f", "x"]),
        },
    ),
    "polars objects": lambda: pl.DataFrame(
        {name: pl.Series(values, dtype=pl.Object) for name, values in DATA.items()}
    ),
}
every_dress = pytest.mark.parametrize("dress", DRESSES)


def array_with(missing):
    rows = [[missing if value is None else value for value in row] for row in ROWS]
    return np.array(rows, dtype=object)


def frame(**columns):
    return pd.DataFrame(columns)


def encoded(X, **params):
    return TableEncoder(dtype=np.float64, **params).fit_transform(X)


DAY, NOW = datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1)


def encoder(**params):
    """One that says nothing of text that it reads as numbers."""
    return TableEncoder(dtype=np.float64, **{"numbers_as_text": True} | params)


def column(values, name="c"):
    return pd.DataFrame({name: values})


def warnings_of(X, **params):
    """The texts of what a fit warns of, and the fitted encoder."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = TableEncoder(dtype=np.float64, **params).fit(X)
    assert all(issubclass(w.category, DiagnosticWarning) for w in caught)
    return [str(w.message) for w in caught], fitted


def read_as(fitted):
    return {row.column: row.read_as for row in fitted.report().rows}
