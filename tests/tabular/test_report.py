"""TableEncoder.report: what was understood of each column."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skmlp.tabular import TableEncoder

from ..conftest import Optional

pd = Optional("pandas")


def raw_table():
    n = 30
    return pd.DataFrame(
        {
            "price": [f"{i}.5 €" if i % 4 else "?" for i in range(n)],
            "day": pd.date_range("2020", periods=n),
            "answer": (["Yes", "no", "yes ", None, "no"] * n)[:n],
            "name": [f"Mr. {i}" for i in range(n)],
            "id": np.arange(n) + 7,
            "same": [1.0] * n,
            "nothing": [None] * n,
        }
    )


def fitted():
    return TableEncoder(numbers_as_text=True).fit(raw_table())


EXPECTED = {
    "price": (
        "numbers as text",
        8,
        0,
        0,
        "22 of 22 values read with '€', 8 blank or m",
    ),
    "day": ("dates", 0, 0, 0, ""),
    "answer": (
        "categories",
        6,
        3,
        0,
        "differ by case or blanks only: 'Yes' and 'yes '",
    ),
    "name": ("categories", 0, 0, 30, "a row id"),
    "id": ("numbers", 0, 0, 0, "a row id"),
    "same": ("numbers", 0, 0, 0, "constant"),
    "nothing": ("numbers", 30, 0, 0, "empty"),
}


@pytest.mark.filterwarnings("ignore:TableEncoder. most rows of these columns")
def test_the_report_has_a_row_for_each_column():
    encoder = fitted()
    rows = {row.column: row for row in encoder.report().rows}
    assert list(rows) == list(EXPECTED)
    for name, (read_as, missing, kept, merged, note) in EXPECTED.items():
        row = rows[name]
        found = (row.read_as, row.missing, row.kept, row.merged)
        assert found == (read_as, missing, kept, merged), name
        assert (note in row.notes) if note else not row.notes, name
    features = [name for row in rows.values() for name in row.features]
    assert sorted(features) == sorted(encoder.get_feature_names_out())
    assert all(f.startswith(n) for n, row in rows.items() for f in row.features)


@pytest.mark.filterwarnings("ignore:TableEncoder. most rows of these columns")
def test_the_report_prints_and_is_a_frame():
    report = fitted().report()
    lines = repr(report).splitlines()
    assert lines[0].split() == [
        *("column", "read_as", "missing", "kept", "merged", "features", "notes")
    ]
    assert [line.split()[0] for line in lines[2:]] == list(EXPECTED)
    frame = report.frame()
    assert frame.index.tolist() == list(EXPECTED)
    assert frame.loc["price", "missing"] == 8
    assert report._repr_html_().count("<tr>") == len(EXPECTED) + 1


@pytest.mark.filterwarnings("ignore:TableEncoder. most rows of these columns")
def test_row_ids_are_seen_in_any_order_and_in_a_part_of_the_rows():
    rng = np.random.default_rng(0)
    ids = rng.permutation(200)[:100]
    no_ids = {
        "years": rng.integers(1950, 2020, 100),
        "measured": rng.normal(size=100),
        "spread": np.sort(rng.choice(10_000, 100, replace=False)),
        "gaps": [np.nan, *ids[1:]],
    }
    table = pd.DataFrame({"id": ids, **no_ids})
    notes = {row.column: row.notes for row in TableEncoder().fit(table).report().rows}
    assert "a row id" in notes["id"]
    assert [name for name in no_ids if notes[name]] == []


def test_arrays_and_sparse_matrices_have_a_report_too():
    from scipy import sparse

    X = np.array([[1.0, np.nan], [0.0, 2.0], [0.0, 0.0]])
    for table in (X, sparse.csr_matrix(X)):
        rows = TableEncoder().fit(table).report().rows
        assert [row.missing for row in rows] == [0, 1]
        assert [row.features for row in rows] == [("x0",), ("x1", "x1_missing")]


def test_before_fit_there_is_no_report():
    with pytest.raises(NotFittedError):
        TableEncoder().report()
