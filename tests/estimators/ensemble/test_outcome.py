"""What an ensemble has learned from rows that its members held out."""

import numpy as np
import pytest
from sklearn.model_selection import (
    ShuffleSplit,
    TimeSeriesSplit,
)

from ...conftest import (
    N_ROWS,
    Optional,
    X,
)
from .small_ensembles import (
    FOLDED,
    FOLDS,
    N_MEMBERS,
    assert_out_of_fold,
    each_kind,
    fit,
    held_out,
    predicted,
)

pd = Optional("pandas")

# a few epochs are enough here, whatever they lead to
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


def test_out_of_fold_predictions_are_those_of_the_member_that_held_a_row_out():
    for task in FOLDED:
        model, folds = held_out(task, **FOLDS)
        assert_out_of_fold(model, folds, task)
        assert np.isfinite(np.hstack(model.oof_prediction_)).all(), task
        shape = np.shape(predicted(model)) if task != "columns" else (2, N_ROWS, 3)
        assert np.shape(model.oof_prediction_) == shape, task


def test_out_of_fold_predictions_are_in_the_dtype_of_X():
    model = fit("words", X.astype(np.float32), **FOLDS)
    assert model.oof_prediction_.dtype == np.float32


@each_kind
def test_rows_that_no_member_held_out_have_no_prediction(task):
    # the gap before validation rows is neither trained on nor held out
    splitter = TimeSeriesSplit(N_MEMBERS, gap=5)
    model = fit(task, **FOLDS | {"validation_fraction": splitter, "batch_size": 10})
    held = np.concatenate([rows for _, rows in splitter.split(X)])
    has_none = np.isnan(model.oof_prediction_.reshape(N_ROWS, -1)).all(axis=1)
    np.testing.assert_array_equal(has_none, ~np.isin(np.arange(N_ROWS), held))


# of each kind of mean
@pytest.mark.parametrize("task", ["words", "labels", "columns", "outputs", "levels"])
def test_rows_that_several_members_held_out_have_their_mean(task):
    splitter = ShuffleSplit(N_MEMBERS, test_size=0.5, random_state=0)
    model = fit(task, **FOLDS | {"validation_fraction": splitter})
    folds = [rows for _, rows in splitter.split(X)]
    oof = model.oof_prediction_
    oof = np.hstack(oof) if isinstance(oof, list) else oof
    pairs = list(zip(model.members_, folds, strict=True))
    twice = np.intersect1d(folds[0], folds[1])
    assert len(twice)
    for row in twice:
        members = [member for member, fold in pairs if row in fold]
        mean = np.mean([predicted(member, X[[row]]) for member in members], axis=0)
        np.testing.assert_allclose(oof[[row]], mean, rtol=1e-9)
