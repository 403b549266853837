"""Kinds of columns: the same values are the same features in every dress."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone

from skmlp import DiagnosticWarning
from skmlp.tabular import SmoothClipScaler, TableEncoder

from ...conftest import Optional
from .columns_in_dresses import DRESSES, expected_features, first_row, in_dress

pd, pl = Optional("pandas"), Optional("polars")


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


# Dresses


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("dress", DRESSES)
def test_the_same_values_are_the_same_features_in_every_dress(dress, missing):
    objects, X = in_dress("objects", missing), in_dress(dress, missing)
    expected = encoder().fit_transform(objects)
    for fitted in (objects, X):  # so that all dresses are equal to each other
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


@pytest.mark.parametrize("dress", FLAGS)
def test_flags_are_flags_in_every_dress(dress):
    X = column(pd.Series(FLAGS[dress] * 4))
    for chosen in ("from_dtype", ["c"]):
        model = encoder(categorical_features=chosen).fit(X)
        expected = model.transform(X)
        assert len(np.unique(expected, axis=0)) == 2
        for other, values in FLAGS.items():
            found = model.transform(column(pd.Series(values * 4)))
            np.testing.assert_array_equal(found, expected, err_msg=other)


CODES = {
    "whole": [1, 2, 3, 2],
    "floats": [1.0, 2.0, 3.0, 2.0],
    "text": ["1", "2", "3", "2"],
    "text of floats": ["1.0", "2.0", "3.0", "2.0"],
    "bytes": [b"1", b"2", b"3", b"2"],
}


@pytest.mark.parametrize("dress", CODES)
def test_codes_are_the_same_categories_in_every_dress(dress):
    X = column(pd.Series(CODES[dress]))
    model = encoder(categorical_features=["c"]).fit(X)
    for other, values in CODES.items():
        found = model.transform(column(pd.Series(values)))
        np.testing.assert_array_equal(found, model.transform(X), err_msg=other)


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


# Numbers as text


def test_text_of_numbers_is_said_once_with_column_share_and_what_the_others_became():
    X = column(["12.5", "", "?", "7", "many"] + ["1e3"] * 20, "Total")
    said, fitted = warnings_of(X)
    assert len(said) == 2
    assert "text is read as numbers in column 'Total' (22 of 23 values" in said[0]
    assert "2 blank or missing" in said[0]
    assert "counts as missing in column 'Total' ('many')" in said[1]
    assert fitted.get_feature_names_out().tolist() == ["Total", "Total_missing"]
    numbers = [12.5, np.nan, np.nan, 7.0, np.nan] + [1e3] * 20
    expected = encoder().fit_transform(column(numbers, "Total"))
    np.testing.assert_array_equal(fitted.transform(X), expected)


@pytest.mark.parametrize("as_text", ["auto", True, False, ["c"], ["other"]], ids=str)
def test_numbers_as_text_decides(as_text):
    X = pd.DataFrame({"c": ["1", "2", "3"] * 9, "other": ["4", "x", "5"] * 9})
    said, fitted = warnings_of(X, numbers_as_text=as_text)
    kinds = read_as(fitted)
    is_number = as_text in ("auto", True, ["c"])
    assert kinds["c"] == ("numbers as text" if is_number else "categories")
    assert (kinds["other"] == "numbers as text") == (as_text == ["other"])
    assert any("'c'" in text for text in said) == (as_text == "auto")
    assert any("'other' ('x')" in text for text in said) == (as_text == ["other"])


def test_of_numbers_as_text_a_new_text_is_refused_and_one_of_fit_is_not():
    X = column([*map(str, range(20)), "n/a", "lots"])
    with pytest.warns(DiagnosticWarning, match=r"counts as missing .*'lots'"):
        model = encoder().fit(X)
    missing = model.transform(column([None]))
    for text in ("lots", "-", "NaN", " "):
        np.testing.assert_array_equal(model.transform(column([text])), missing)
    for value in ("few", b"1", "1;2"):
        complaint = "column 'c' of X must have numbers, as nearly all of its text in f"
        with pytest.raises(ValueError, match=complaint) as error:
            model.transform(column(["1", value]))
        assert repr(value) in str(error.value)


def test_numbers_that_come_as_text_later_are_numbers():
    model = TableEncoder().fit(column([1.5, 2.0, 7.0]))
    expected = model.transform(column([1.5, np.nan, 7.0]))
    np.testing.assert_array_equal(model.transform(column(["1.5", "?", "7"])), expected)


NO_NUMBERS = {
    "codes with zeros": [f"{i:05d}" for i in range(30)],
    "long codes": [str(10**17 + i) for i in range(30)],
    "words": ["a", "b", "c"] * 10,
    "ranges": ["1-2", "3-4", "5-6"] * 10,
    "a category by dtype": None,
}


@pytest.mark.filterwarnings("ignore:TableEncoder. most rows of these columns")
@pytest.mark.parametrize("case", NO_NUMBERS)
def test_text_of_codes_stays_categories(case):
    values = NO_NUMBERS[case] or pd.Categorical(["1", "2", "3"] * 10)
    said, fitted = warnings_of(column(values))
    assert read_as(fitted) == {"c": "categories"}
    assert not any("read as numbers" in text for text in said)


# Dates


def test_dates_of_other_notations_are_named_and_not_guessed():
    moments = pd.date_range("2020-01-01", periods=30)
    for form in ("%d.%m.%Y", "%m/%d/%Y", "%d-%b-%Y", "%B %d, %Y", "%d/%m/%y %H:%M"):
        said, fitted = warnings_of(column(moments.strftime(form)))
        assert read_as(fitted) == {"c": "categories"}, form
        assert len(said) == 1 and "'c'" in said[0] and "not ISO" in said[0], said


def test_text_of_dates_that_cannot_be_read_is_named():
    texts = [*pd.date_range("2020", periods=20).strftime("%Y-%m-%d"), "never", "-"]
    said, model = warnings_of(column(texts))
    assert len(said) == 1 and "'c' ('never')" in said[0]
    missing = model.transform(column([None, "never"]))
    np.testing.assert_array_equal(missing[0], missing[1])
    with pytest.raises(ValueError, match="'c' of X must have dates, as in fit, got '3"):
        model.transform(column(["31.12.2020"]))


def test_columns_of_another_kind_are_refused_by_name_unless_nothing_is_in_them():
    dates, numbers = pd.date_range("2020", periods=4), np.arange(4.0)
    for fitted, asked, expected in ((dates, numbers, "dates"), (numbers, dates, "num")):
        model = encoder().fit(column(fitted))
        complaint = f"^TableEncoder: column 'c' of X must have {expected}"
        with pytest.raises(ValueError, match=complaint):
            model.transform(column(asked))
        nothing = [column([None] * 2), column([np.nan] * 2)]
        nothing += [column(pd.Series([None] * 2, dtype=object))]
        for X in nothing:
            np.testing.assert_array_equal(
                model.transform(X), model.transform(column([None, fitted[0]]))[[0, 0]]
            )


def test_periods_are_the_dates_that_they_begin_with():
    X = column(pd.period_range("2020-01", periods=9, freq="M"))
    expected = encoder().fit_transform(
        column(pd.date_range("2020", periods=9, freq="MS"))
    )
    np.testing.assert_array_equal(encoder().fit_transform(X), expected)
    objects = column(pd.Series(list(X["c"]), dtype=object))
    np.testing.assert_array_equal(encoder().fit_transform(objects), expected)


def test_dates_beyond_nanoseconds_are_dates():
    X = column(np.array(["0001-01-01", "9999-12-31", "NaT"], dtype="datetime64[s]"))
    model = encoder().fit(X)
    assert np.isfinite(model.transform(X)).all()
    assert "c_missing" in model.get_feature_names_out()


# Categories


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


def test_a_fitted_encoder_of_every_kind_can_be_pickled():
    X = in_dress("pandas", missing=True)
    model = encoder().fit(X)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.transform(X), model.transform(X))
    assert repr(copy.report()) == repr(model.report())


# Frames out


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_with_frames_out_the_encoder_chooses_no_sparse_matrix(library):
    pytest.importorskip(library)
    X = column([f"c{i}" for i in range(2100)])
    plain = TableEncoder(min_frequency=None)
    by_itself = clone(clone(plain).set_output(transform=library))
    frames = [by_itself.fit_transform(X)]
    with config_context(transform_output=library):
        frames.append(clone(plain).fit_transform(X))
        fitted = plain.fit(X)
    assert not (by_itself.sparse_output_ or fitted.sparse_output_)
    frames.append(clone(plain).fit(X).set_output(transform=library).transform(X))
    for frame in frames:
        assert type(frame).__module__.startswith(library)
        np.testing.assert_array_equal(frame.to_numpy(), fitted.transform(X))
    assert TableEncoder(min_frequency=None).fit(X).sparse_output_
