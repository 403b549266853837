"""Categories of a column: which share a number, and what rows become."""

from decimal import Decimal

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skmlp import DiagnosticWarning
from skmlp.tabular import SmoothClipScaler, TableEncoder

from ..dresses import column, encoder, frame, merging, pd, warnings_of


@merging
@pytest.mark.parametrize("min_frequency", [None, 1, 2, 5, 0.1, 0.3])
def test_categories_are_merged_as_by_scikit_learns_one_hot_encoder(min_frequency):
    rng = np.random.default_rng(0)
    X = rng.choice(list("abcdefg"), p=[0.3, 0.3, 0.15, 0.1, 0.08, 0.05, 0.02], size=80)
    X = X.astype(object)[:, np.newaxis]
    for max_categories in (None, 3, 4):
        limits = {"min_frequency": min_frequency, "max_categories": max_categories}
        theirs = make_pipeline(
            OneHotEncoder(
                handle_unknown="infrequent_if_exist", sparse_output=False, **limits
            ),
            SmoothClipScaler(),
        )
        encoder = TableEncoder(dtype=np.float64, **limits)
        np.testing.assert_array_equal(encoder.fit_transform(X), theirs.fit_transform(X))
        np.testing.assert_array_equal(
            encoder.transform([["z"]]), theirs.transform([["z"]])
        )
        names = {n.removeprefix("x0_") for n in theirs[0].get_feature_names_out()}
        merges = len(encoder.infrequent_categories_["x0"]) > 0
        assert ("infrequent_sklearn" in names) == merges, limits
        assert names - {"infrequent_sklearn"} == set(encoder.categories_["x0"]), limits


MISSING = {
    "None": lambda: None,
    "nan": lambda: np.nan,
    "Decimal": lambda: Decimal("nan"),
    "pandas.NA": lambda: pd.NA,
    "pandas.NaT": lambda: pd.NaT,
}


@pytest.mark.parametrize("value", MISSING)
def test_missing_and_unseen_categories_are_the_same_zeros(value):
    value = MISSING[value]()
    for n_categories in (1, 2, 3, 5):
        rows = [[c] for c in "abcde"[:n_categories]] * 4
        encoder = TableEncoder().fit([*rows, [value]])
        unseen = encoder.transform([["never seen"]])
        np.testing.assert_array_equal(encoder.transform([[value]]), unseen)
        if n_categories >= 3:  # then less than half of the rows have each: median 0
            np.testing.assert_array_equal(unseen, np.zeros((1, n_categories)))


def test_a_text_column_without_any_text_has_no_category():
    X = frame(a=[1.0, 2.0], b=pd.Series([None, None], dtype="string"))
    encoder = TableEncoder().fit(X)
    assert encoder.get_feature_names_out().tolist() == ["a"]
    later = X.assign(b=pd.Series(["x", "y"], dtype="string"))
    np.testing.assert_array_equal(encoder.transform(later), encoder.transform(X))


@merging
def test_a_few_categories_are_not_merged_by_default_and_many_are():
    few = [[f"c{i}"] for i in range(20)]
    assert TableEncoder().fit_transform(few).shape[1] == 20
    many = [[f"c{i:02}"] for i in range(21)] + [["c00"]] * 3 + [["c01"]] * 2
    encoder = TableEncoder().fit(many)
    assert encoder.categories_["x0"].tolist() == ["c00"]
    assert len(encoder.infrequent_categories_["x0"]) == 20
    assert encoder.get_feature_names_out().tolist() == ["x0_c00"]
    rare, unseen = encoder.transform([["c05"], ["new"]])
    np.testing.assert_array_equal(rare, unseen)


@merging
def test_max_categories_bounds_the_columns_and_keeps_the_most_frequent():
    X = [[c] for c in "aaaaabbbbcccdde"]
    for most in range(1, 6):
        encoder = TableEncoder(max_categories=most).fit(X)
        kept, rare = encoder.categories_["x0"], encoder.infrequent_categories_["x0"]
        n_kept = most if most == 5 else most - 1
        assert kept.tolist() == list("abcde"[:n_kept]), most
        assert rare.tolist() == list("abcde"[n_kept:]), most
        assert encoder.transform(X).shape[1] == (most if most > 2 else 1), most


# Merged, unseen and ordered ones


def test_what_is_merged_into_one_is_named():
    names = [f"Mr. {i}" for i in range(30)]
    said, fitted = warnings_of(pd.DataFrame({"name": names, "x": np.arange(30.0)}))
    assert len(said) == 1 and "'name' (30 categories, all rows in one)" in said[0]
    assert fitted.infrequent_categories_["name"].tolist() == sorted(names)


def test_a_column_of_unseen_categories_is_named_at_transform():
    X = pd.DataFrame({"a": list("xyz") * 4, "b": list("uvw") * 4})
    model = encoder().fit(X)
    with pytest.warns(DiagnosticWarning, match="in column 'b'") as caught:
        model.transform(X.assign(b=X["b"].str.upper()))
    assert len(caught) == 1 and "'a'" not in str(caught[0].message)
    model.transform(X.assign(b=["U", *X["b"][1:]]))  # one of them: no word
    model.transform(X.assign(b=None))


def test_ordered_categories_that_would_be_merged_keep_their_order():
    names = [f"g{i}" for i in range(25)]
    X = column(pd.Categorical(names, categories=names, ordered=True))
    model = encoder().fit(X)
    assert model.get_feature_names_out().tolist() == ["c_rank", "c_infrequent"]
    ranks = model.transform(column(names))[:, 0]
    assert (np.diff(ranks) > 0).all()
    few = column(pd.Categorical(["a", "b", "a"], ordered=True))
    assert encoder().fit(few).get_feature_names_out().tolist() == ["c_a"]
