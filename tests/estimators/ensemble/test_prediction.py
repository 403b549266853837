"""Whether few rows or many, in threads or not: the mean of what members predict."""

import copy

import numpy as np
import pytest
from scipy import sparse

from skmlp import MLPClassifier, MLPRegressor
from skmlp.network.side_by_side import MOST_ROWS

from ...conftest import CODES, NUMBERS, X, covering, quietly

N_MEMBERS = 3
MODELS = {
    "plain": (MLPRegressor, NUMBERS, {}),
    "classes": (MLPClassifier, CODES, {"numeric_embedding": "piecewise_linear"}),
    "scaled": (MLPRegressor, NUMBERS, {"scale_target": True, "learned_scale": True}),
    "parametric": (MLPClassifier, CODES, {"activation": "prelu"}),
}
N_ROWS = {"one": 1, "few": MOST_ROWS, "many": MOST_ROWS + 1}


def fitted(name, dtype=np.float64, **params):
    return fitted_by(*MODELS[name], dtype, **params)


def fitted_by(kind, y, own, dtype, **params):
    model = kind(
        hidden_layer_sizes=(6, 5), max_iter=3, n_members=N_MEMBERS, random_state=0
    )
    return quietly(model.set_params(**own, **params).fit, X.astype(dtype), y)


def outputs(model, rows):
    """Numbers, or probabilities."""
    return getattr(model, "predict_proba", model.predict)(rows)


def mean_of_members(model, rows):
    return np.mean([outputs(member, rows) for member in model.members_], axis=0)


@covering(model=MODELS, n_rows=N_ROWS, dtype=["float32", "float64"])
def test_any_number_of_rows_has_the_mean_of_the_members(model, n_rows, dtype):
    model = fitted_by(*model, dtype)
    rows = X[:n_rows].astype(dtype)
    # means of three, and sums of ten terms, in another order
    rtol = 50 * np.finfo(dtype).eps
    expected = mean_of_members(model, rows)
    np.testing.assert_allclose(outputs(model, rows), expected, rtol, atol=rtol)


@pytest.mark.parametrize("name", MODELS)
def test_threads_change_no_bit(name, monkeypatch):
    model = fitted(name)
    expected = outputs(model, X)
    monkeypatch.setattr("skmlp.estimators.ensemble.prediction.WORTH_THREADS", 0)
    for n_jobs in (None, 1, 2, -1):
        found = outputs(model.set_params(n_jobs=n_jobs), X)
        np.testing.assert_array_equal(found, expected)


def test_sparse_rows_are_the_same_rows():
    model = fitted("plain")
    for n_rows in N_ROWS.values():
        found = model.predict(sparse.csr_matrix(X[:n_rows]))
        np.testing.assert_allclose(found, model.predict(X[:n_rows]), rtol=1e-12)


def in_place(member):
    member.coefs_[0][...] *= 2.0


def another_array(member):
    member.intercepts_[-1] = member.intercepts_[-1] + 1.0


def another_activation(member):
    member.activation = "tanh"


def another_width(member):
    member.coefs_[0], member.coefs_[1] = member.coefs_[0][:, :3], member.coefs_[1][:3]
    member.intercepts_[0] = member.intercepts_[0][:3]


CHANGES = [in_place, another_array, another_activation, another_width]


@pytest.mark.parametrize("change", CHANGES)
def test_members_are_as_they_were_last_set(change):
    model = fitted("plain")
    before = model.predict(X[:5])
    change(model.members_[1])
    after = model.predict(X[:5])
    assert not np.allclose(after, before)
    np.testing.assert_allclose(after, mean_of_members(model, X[:5]), rtol=1e-12)


def test_a_member_of_other_columns_is_refused_by_one_row_as_by_many():
    model = fitted("plain")
    broken = copy.deepcopy(model)
    broken.members_[1].coefs_[0] = broken.members_[1].coefs_[0][:2]
    for n_rows in N_ROWS.values():
        with pytest.raises(ValueError, match=r"the 2 features of coefs_\[0\]"):
            broken.predict(X[:n_rows])
