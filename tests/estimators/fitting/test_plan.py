"""What a fit that goes on says of X with other columns."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::skmlp.DiagnosticWarning"
)

Y = np.arange(30) % 2


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_warm_start_after_an_encoder_fitted_anew_says_why_columns_differ(kind):
    mlp = kind(hidden_layer_sizes=3, max_iter=2, warm_start=True)
    pipeline = make_pipeline(OneHotEncoder(), mlp)
    before = pipeline.fit(np.array([*"abc"] * 10)[:, np.newaxis], Y)[-1].coefs_
    with pytest.raises(ValueError, match="X has 5 features") as error:
        pipeline.fit(np.array([*"abcde"] * 6)[:, np.newaxis], Y)
    assert "an encoder that is fitted anew" in str(error.value)
    assert "warm_start=False" in str(error.value)
    assert mlp.coefs_ is before
    mlp.set_params(warm_start=False)
    pipeline.fit(np.array([*"abcde"] * 6)[:, np.newaxis], Y)


def test_other_errors_of_a_fit_that_goes_on_stay_as_they_are():
    mlp = MLPClassifier(3, max_iter=2, warm_start=True).fit(np.eye(30), Y)
    with pytest.raises(ValueError) as error:
        mlp.fit(np.full((30, 30), np.nan), Y)
    assert "encoder" not in str(error.value)
