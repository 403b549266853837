"""Presets: parameters of the estimators that predict well, without a warning."""

import copy

import numpy as np
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    load_wine,
    make_friedman1,
)
from sklearn.linear_model import LinearRegression

from skmlp import tabular_pipeline
from skmlp.tabular import PRESETS

from .presets import KINDS, every_preset

# a few epochs are enough here, whatever they lead to
pytestmark = pytest.mark.filterwarnings("ignore:.*no better than a constant")


# Presets


@every_preset
def test_presets_are_parameters_of_the_estimators(preset):
    for kind, estimator in KINDS.items():
        params = PRESETS[preset][kind]
        assert set(params) <= set(estimator().get_params(deep=False))
        pipeline = tabular_pipeline(kind, preset=preset)
        for name, value in params.items():
            assert getattr(pipeline[-1], name) == value, (kind, name)


@every_preset
def test_a_pipeline_shares_no_part_with_the_presets(preset):
    before = copy.deepcopy(PRESETS)
    for kind in KINDS:
        pipeline = tabular_pipeline(kind, preset=preset)
        pipeline.set_params(mlp__solver__beta_1=0.5)
        pipeline[-1].solver.rate_factors["biases"] = 3.0
        assert before == PRESETS
        assert tabular_pipeline(kind, preset=preset)[-1].solver.beta_1 != 0.5


# Over 20 seeds: 0.49 to 0.65 times the error of the linear model, 0.50 to 0.55, and
# 0.48 to 0.52; the noise alone is 0.39.
@pytest.mark.parametrize("preset, most", [("td-s", 0.8), ("td", 0.7), ("default", 0.6)])
def test_presets_in_small_come_near_the_noise(preset, most):
    X, y = make_friedman1(1400, noise=1.0, random_state=0)
    linear = LinearRegression()
    params = {"hidden_layer_sizes": "32x2", "max_iter": 60, "batch_size": 32}
    if preset == "default":
        params |= {"n_members": 4, "n_jobs": None}
    pipeline = tabular_pipeline("regressor", preset=preset, random_state=0, **params)
    errors = [
        np.sqrt(np.mean((m.fit(X[:400], y[:400]).predict(X[400:]) - y[400:]) ** 2))
        for m in (pipeline, linear)
    ]
    assert errors[0] < most * errors[1]


# and a score that no seed of 20 comes near: 0.97 and more of iris, wine and breast
# cancer, 0.93 to 0.95 of digits, 0.46 to 0.56 of diabetes, -0.5 to 0.4 of the 20 rows
# of linnerud
BUNDLED = {
    "iris": ("classifier", load_iris, 0.9),
    "wine": ("classifier", load_wine, 0.9),
    "breast_cancer": ("classifier", load_breast_cancer, 0.9),
    "digits": ("classifier", load_digits, 0.88),
    "diabetes": ("regressor", load_diabetes, 0.3),
    "linnerud": ("regressor", load_linnerud, -2.0),
}


@pytest.mark.parametrize("kind, load, least", BUNDLED.values(), ids=BUNDLED)
def test_no_warning_comes_with_the_defaults(kind, load, least):
    X, y = load(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:250]
    params = {"n_members": 2, "max_iter": 20, "random_state": 0}
    score = tabular_pipeline(kind, **params).fit(X[rows], y[rows]).score(X, y)
    assert score > least


# What presets rest on


@every_preset
def test_labels_are_smoothed_most_where_the_score_is_the_accuracy(preset):
    little = 0.0 if preset.startswith("td") else 0.03
    smoothings = {"accuracy": 0.1, None: 0.1, "roc_auc": little, "loss": little}
    for scoring, smoothing in smoothings.items():
        params = {"preset": preset, "scoring": scoring}
        pipeline = tabular_pipeline("classifier", **params)
        assert pipeline["mlp"].loss.label_smoothing == smoothing, scoring
        given = tabular_pipeline("classifier", **params, loss="focal")
        assert given["mlp"].loss == "focal"
