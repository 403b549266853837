"""Columns of all kinds: the same values are the same features in every dress."""

import pickle

import numpy as np
import pytest

from skmlp.tabular import SmoothClipScaler

from ..cases import in_case
from ..tabular.columns_in_dresses import DRESSES, expected_features, first_row, in_dress
from ..tabular.dresses import column, encoder, pd


@pytest.mark.parametrize("dress", DRESSES)
def test_the_same_values_are_the_same_features_in_every_dress(dress):
    for missing in (False, True):
        objects, X = in_dress("objects", missing), in_dress(dress, missing)
        expected = encoder().fit_transform(objects)
        for fitted in (objects, X):  # so that all dresses are equal to each other
            with in_case(f"{missing=}, fitted with {type(fitted)}"):
                model = encoder().fit(fitted)
                for asked in (objects, X):
                    np.testing.assert_array_equal(model.transform(asked), expected)
                    alone = model.transform(first_row(asked))
                    np.testing.assert_array_equal(alone, expected[:1])


@pytest.mark.parametrize("missing", [False, True])
def test_features_of_dates_are_those_that_people_make_by_hand(missing):
    model = encoder().fit(in_dress("objects", missing))
    values = model.transform(in_dress("objects", missing))
    found = dict(zip(model.get_feature_names_out(), values.T, strict=True))
    for name, numbers in expected_features(missing).items():
        filled = np.where(np.isnan(numbers), np.nanmedian(numbers), numbers)
        scaled = SmoothClipScaler().fit_transform(filled[:, np.newaxis])[:, 0]
        # sines of the same angle by other sums
        np.testing.assert_allclose(found[name], scaled, atol=1e-12, err_msg=name)
        assert (f"{name.partition('_')[0]}_missing" in found) == missing


FLAGS = {
    "bools": [True, False, True],
    "whole": [1, 0, 1],
    "floats": [1.0, 0.0, 1.0],
    "text": ["True", "False", "True"],
    "JSON": ["true", "false", "true"],
    "shouted": ["TRUE", "FALSE", "TRUE"],
    "text of numbers": ["1", "0", "1"],
    "text of floats": ["1.0", "0.0", "1.0"],
    "mixed": [True, "false", 1.0],
}


@pytest.mark.parametrize("chosen", ["from_dtype", ["c"]], ids=str)
def test_flags_are_flags_in_every_dress(chosen):
    for dress, flags in FLAGS.items():
        X = column(pd.Series(flags * 4))
        model = encoder(categorical_features=chosen).fit(X)
        expected = model.transform(X)
        assert len(np.unique(expected, axis=0)) == 2, dress
        for other, values in FLAGS.items():
            found = model.transform(column(pd.Series(values * 4)))
            what = f"fitted with {dress}, asked with {other}"
            np.testing.assert_array_equal(found, expected, err_msg=what)


CODES = {
    "whole": [1, 2, 3, 2],
    "floats": [1.0, 2.0, 3.0, 2.0],
    "text": ["1", "2", "3", "2"],
    "text of floats": ["1.0", "2.0", "3.0", "2.0"],
    "bytes": [b"1", b"2", b"3", b"2"],
}


def test_codes_are_the_same_categories_in_every_dress():
    for dress, codes in CODES.items():
        X = column(pd.Series(codes))
        model = encoder(categorical_features=["c"]).fit(X)
        for other, values in CODES.items():
            found = model.transform(column(pd.Series(values)))
            what = f"fitted with {dress}, asked with {other}"
            np.testing.assert_array_equal(found, model.transform(X), err_msg=what)


def test_codes_that_differ_stay_apart():
    texts = ["01", "1", "1.50", "1.5", "a", "A"]
    model = encoder(categorical_features=["c"]).fit(column(texts * 2))
    assert model.categories_["c"].tolist() == sorted(texts)


def test_dates_that_are_chosen_as_categories_have_one_text_in_every_dress():
    texts = ["2020-01-30", "2020-02-01", "2020-03-01"] * 2
    moments = pd.to_datetime(texts)
    chosen = encoder(categorical_features=["c"])
    for values in (texts, moments, list(moments.date), moments.to_numpy()):
        model = chosen.fit(column(pd.Series(values)))
        assert model.categories_["c"].tolist() == texts[:3]
        np.testing.assert_array_equal(
            model.transform(column(texts)), model.transform(column(moments))
        )


def test_a_fitted_encoder_of_every_kind_can_be_pickled():
    X = in_dress("pandas", missing=True)
    model = encoder().fit(X)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.transform(X), model.transform(X))
    assert repr(copy.report()) == repr(model.report())
