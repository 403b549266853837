"""Quantile losses on real rows that were held out."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import MLPRegressor
from skmlp.losses import Quantile

LEVELS = (0.1, 0.5, 0.9)


def held_out_quantiles(level):
    """y, and for each row the quantiles that models of other rows predict."""
    X, y = load_diabetes(return_X_y=True)
    y = (y - y.mean()) / y.std()
    mlp = MLPRegressor(
        Quantile(level),
        (20,),
        alpha=10.0,
        max_iter=100,
        learning_rate="cosine",
        learning_rate_init=0.01,
        output_bias="optimum",
        random_state=0,
    )
    folds = KFold(10, shuffle=True, random_state=0)
    return y, cross_val_predict(make_pipeline(StandardScaler(), mlp), X, y, cv=folds)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_several_levels_reach_their_shares_and_never_cross():
    y, quantiles = held_out_quantiles(LEVELS)
    # the share of 442 rows has a standard deviation of up to 0.024
    np.testing.assert_allclose((y[:, None] <= quantiles).mean(0), LEVELS, atol=0.03)
    assert (np.diff(quantiles, axis=1) >= 0).all()


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("level", LEVELS)
def test_one_level_reaches_its_share(level):
    y, quantiles = held_out_quantiles(level)
    # as above
    assert np.mean(y <= quantiles) == pytest.approx(level, abs=0.03)
