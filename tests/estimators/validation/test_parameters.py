"""Parameters that stand for numbers: sizes of batches and of layers."""

import math

import numpy as np
import pytest

from skmlp import MLPRegressor

from ...conftest import assert_same_bits, quietly
from ..small_models import ESTIMATORS, N_ROWS, partly_fitted, small

# a few epochs are enough here, whatever they lead to
pytestmark = pytest.mark.filterwarnings("ignore:.*no better than a constant")


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_batches_larger_than_the_data_are_clipped_with_a_warning(kind):
    with pytest.warns(UserWarning, match="batch_size"):
        model = partly_fitted(small(kind, batch_size=N_ROWS + 1))
    assert_same_bits(model, partly_fitted(small(kind, batch_size=N_ROWS)))


def by_rows(X, **params):
    params = {"hidden_layer_sizes": (), "learning_rate": "cosine", **params}
    model = MLPRegressor(batch_size="by_rows", max_iter=1, **params)
    return model.fit(X, X[:, 0])


def test_batches_by_rows_grow_with_the_table():
    sizes = {20: 20, 64: 64, 2048: 64, 2049: 128, 8192: 128, 8193: 256, 100_001: 512}
    for n_rows, size in sizes.items():
        X = np.random.default_rng(0).normal(size=(n_rows, 1))
        assert by_rows(X).n_updates_ == math.ceil(n_rows / size), n_rows


def test_batches_by_rows_count_the_rows_that_train():
    X = np.random.default_rng(0).normal(size=(2200, 1))
    model = by_rows(X, early_stopping=True, validation_fraction=0.1)
    assert model.n_updates_ == math.ceil(1980 / 64)
    model.set_params(early_stopping=False).partial_fit(X, X[:, 0])
    assert model.n_updates_ == math.ceil(1980 / 64) + math.ceil(2200 / 128)


def test_epochs_by_rows_are_fewer_for_more_rows():
    for n_rows, n_epochs in {150: 512, 151: 256, 600: 256, 601: 128, 1025: 64}.items():
        X = np.linspace(-1.0, 1.0, n_rows)[:, np.newaxis]
        for max_iter, expected in (
            ("by_rows", n_epochs),
            ("half_by_rows", n_epochs // 2),
        ):
            model = MLPRegressor(hidden_layer_sizes=(), max_iter=max_iter, tol=0.0)
            model.set_params(n_iter_no_change=math.inf, learning_rate="cosine")
            assert quietly(model.fit, X, X[:, 0]).n_iter_ == expected, n_rows


@pytest.mark.parametrize(("n_rows", "sizes"), [(500, (256,)), (501, (128, 128))])
def test_layers_by_rows_grow_with_the_table(n_rows, sizes):
    X, y = np.linspace(-1.0, 1.0, n_rows)[:, np.newaxis], np.arange(n_rows)
    mlp = MLPRegressor(hidden_layer_sizes="by_rows", max_iter=1, scale_target=True)
    quietly(mlp.fit, X, y)
    assert tuple(W.shape[1] for W in mlp.coefs_[:-1]) == sizes
    with pytest.raises(ValueError, match=r"hidden_layer_sizes must be .*'by_rows'"):
        MLPRegressor(hidden_layer_sizes="by_rows").summary(n_features=1, n_outputs=1)


# a few epochs are enough here, whatever they lead to
@pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
def test_sizes_by_rows_are_those_of_the_first_call():
    X = np.linspace(-1.0, 1.0, 600)[:, np.newaxis]
    y = X[:, 0]
    params = {"hidden_layer_sizes": "by_rows", "max_iter": "by_rows", "batch_size": 50}
    model = MLPRegressor(learning_rate="cosine", random_state=0, **params)
    model.partial_fit(X, y)
    n_planned = 12 * 256  # updates of 600 rows in 256 epochs
    for rows in (X[:300], np.vstack([X, X, X])):
        model.partial_fit(rows, rows[:, 0])
        assert model.coefs_[0].shape == (1, 128)
        assert model._state.memory.solver_state["clock"]["n_planned"] == n_planned
    again = MLPRegressor(warm_start=True, max_iter=2, hidden_layer_sizes="by_rows")
    for rows in (X, X[:300]):
        assert quietly(again.fit, rows, rows[:, 0]).coefs_[0].shape == (1, 128)
