"""Dates: which text is one, what is refused, and periods."""

from itertools import product

import numpy as np
import pytest

from ..dresses import column, encoder, pd, read_as, warnings_of


def test_dates_of_other_notations_are_named_and_not_guessed():
    moments = pd.date_range("2020-01-01", periods=30)
    forms = ("%d.%m.%Y", "%m/%d/%Y", "%d-%b-%Y", "%B %d, %Y", "%d/%m/%y %H:%M")
    for form, n_days in product(forms, (30, 5)):  # merged or not
        texts = moments[:n_days].strftime(form)
        said, fitted = warnings_of(column([*texts, *texts[:3], None]))
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
