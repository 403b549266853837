"""Random frames: every valid one is encoded, by what its columns are called."""

import datetime
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmlp.tabular import TableEncoder

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

TEXT = st.text(alphabet="ab1 .,-?é%", max_size=3)
WORDS = st.sampled_from(["red", "green", "blue", "Red ", ""])
# What a column holds; a float that differs from others in the last digits only is the
# same to a scaled column.
VALUES = {
    "floats": st.integers(-1000, 1000).map(lambda i: i / 8),
    "whole": st.integers(-5, 5),
    "flags": st.booleans(),
    "words": WORDS,
    "text": TEXT,
    "text of numbers": st.integers(-50, 50).map(str),
    "dates": st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1)),
    "moments": st.datetimes(
        datetime.datetime(1990, 1, 1), datetime.datetime(2030, 1, 1)
    ).map(lambda t: t.replace(microsecond=0)),
    "durations": st.integers(0, 50).map(lambda h: datetime.timedelta(hours=h)),
    "mixed": st.one_of(st.integers(0, 3), st.booleans(), WORDS),
}
STRINGS = st.text(alphabet="abc_ é", min_size=1, max_size=3)
NAMES = [STRINGS, st.integers(-3, 9), st.tuples(STRINGS, STRINGS)]
DTYPES = ["as it comes", "object", "nullable", "category"]


@st.composite
def columns(draw, n_rows):
    values = VALUES[draw(st.sampled_from(sorted(VALUES)))]
    share = draw(st.sampled_from([0.0, 0.3, 1.0]))
    missing = draw(
        st.lists(st.floats(0, 1, width=16), min_size=n_rows, max_size=n_rows)
    )
    rows = draw(st.lists(values, min_size=n_rows, max_size=n_rows))
    rows = [None if m < share else v for m, v in zip(missing, rows, strict=True)]
    dtype = draw(st.sampled_from(DTYPES))
    if dtype == "as it comes":
        return pd.Series(rows)
    series = pd.Series(rows, dtype=object)
    if dtype == "nullable":
        return series.convert_dtypes()
    return series.astype(dtype)


@st.composite
def frames(draw):
    n_rows = draw(st.integers(1, 30))
    names = st.sampled_from(NAMES).flatmap(
        lambda name: st.lists(name, min_size=1, max_size=4, unique=True)
    )
    names = draw(names)
    frame = pd.concat([draw(columns(n_rows)) for _ in names], axis=1)
    frame.columns = pd.Index(names, tupleize_cols=False)
    return frame


def quietly_fitted(X):
    """A fitted encoder, and what it warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        encoder = TableEncoder(dtype=np.float64).fit(X)
    return encoder, " ".join(str(warning.message) for warning in caught)


plainly = settings(derandomize=True, max_examples=60, deadline=None, database=None)


@plainly
@given(frames(), st.randoms(use_true_random=False))
def test_a_row_is_encoded_by_what_is_in_it(X, random):
    """Whatever the order of rows and columns, the index and other rows beside it."""
    encoder, _ = quietly_fitted(X)
    expected = encoder.transform(X)
    assert np.isfinite(expected).all()
    assert expected.shape == (len(X), len(encoder.get_feature_names_out()))
    rows = random.sample(range(len(X)), len(X))
    places = random.sample(range(X.shape[1]), X.shape[1])
    shuffled = X.iloc[rows, places].set_axis([f"row {i}" for i in rows])
    np.testing.assert_array_equal(encoder.transform(shuffled), expected[rows])
    np.testing.assert_array_equal(encoder.transform(X[:1]), expected[:1])


@plainly
@given(frames())
def test_the_library_and_the_dtype_of_a_frame_do_not_matter(X):
    encoder, _ = quietly_fitted(X)
    expected = encoder.transform(X)
    np.testing.assert_array_equal(encoder.transform(X.astype(object)), expected)
    values = {
        label: pl.Series(
            [None if pd.isna(v) else v for v in X.iloc[:, j]], dtype=pl.Object
        )
        for j, label in enumerate(encoder._labels)
    }
    np.testing.assert_array_equal(encoder.transform(pl.DataFrame(values)), expected)


@plainly
@given(frames())
def test_no_column_with_information_is_lost_without_a_word(X):
    encoder, said = quietly_fitted(X)
    values = encoder.transform(X)
    names = encoder.get_feature_names_out().tolist()
    for j, row in enumerate(encoder.report().rows):
        made = values[:, [names.index(name) for name in row.features]]
        n_made = len(np.unique(made, axis=0))
        texts = {"" if pd.isna(v) else str(v).strip() for v in X.iloc[:, j]}
        if len(texts) > 1 and n_made <= 1:
            assert repr(row.column) in said, row
