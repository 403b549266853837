"""What is learned of some columns at a time is what is learned of all at once."""

import numpy as np
import pytest

from skmlp.tabular import TableEncoder
from skmlp.tabular.learned import learn, side_by_side
from skmlp.tabular.tables import read_table

N_ROWS = 60
RNG = np.random.default_rng(0)
DAYS = np.datetime64("2024-01-01") + np.arange(N_ROWS)


@pytest.fixture
def frame(pandas):
    """Columns of all kinds, with missing values and without, in mixed order."""
    holes = RNG.normal(size=N_ROWS)
    holes[::7] = np.nan
    columns = {
        "colour": RNG.choice(["red", "green", "blue"], N_ROWS),
        "holes": holes,
        "when": DAYS,
        "count": RNG.integers(0, 9, N_ROWS),
        "empty": np.full(N_ROWS, np.nan),
        "two": np.where(holes > 0, "yes", None),
        "price": [f"{i}.5 kg" for i in range(N_ROWS)],
        "name": [f"name {i % 10 if i < 40 else i}" for i in range(N_ROWS)],
    }
    return pandas.DataFrame(columns)


def learned_in_parts(frame, cuts):
    encoder = TableEncoder(numbers_as_text=True)
    parts = [frame.iloc[:, part] for part in np.split(np.arange(frame.shape[1]), cuts)]
    return side_by_side([learn(encoder, read_table(encoder, p))[0] for p in parts])


@pytest.mark.parametrize("cuts", [[], [1], [3, 4], [1, 2, 3, 4, 5, 6, 7]])
def test_columns_are_learned_each_by_itself(frame, cuts):
    expected = TableEncoder(numbers_as_text=True).fit(frame)
    found = TableEncoder(numbers_as_text=True)
    found._take(learned_in_parts(frame, cuts), stacklevel=1)
    names = expected.get_feature_names_out()
    assert found.get_feature_names_out().tolist() == names.tolist()
    np.testing.assert_array_equal(found.transform(frame), expected.transform(frame))
    assert found.report().rows == expected.report().rows
    assert found.sparse_output_ == expected.sparse_output_


def test_a_wide_thin_table_is_seen_in_its_parts(pandas):
    words = [f"word {i}" for i in range(1200)]
    frame = pandas.DataFrame({"a": words, "b": words[::-1]})
    with pytest.warns(match="share one category"):
        assert not TableEncoder().fit(frame).sparse_output_
    encoder = TableEncoder(min_frequency=None).fit(frame)
    parts = [
        learn(encoder, read_table(encoder, frame[[name]]))[0] for name in ("a", "b")
    ]
    found = TableEncoder(min_frequency=None)
    found._take(side_by_side(parts), stacklevel=1)
    assert encoder.sparse_output_ and found.sparse_output_
