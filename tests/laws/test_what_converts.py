"""The guide's table of what converts is true, row by row."""

import re
from pathlib import Path

import numpy as np
import pytest
import sklearn

import skmlp
from skmlp import MLPAutoencoder, MLPClassifier, MLPRegressor, MLPTransformer
from skmlp.activations import Tanh
from skmlp.losses import Quantile

from ..cases import in_case
from ..conftest import CODES, NUMBERS, TASKS, X, quietly
from ..model_file.models import fitted as known

PAGE = Path(__file__).parents[2] / "examples" / "guide" / "deploying.md"
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


def rows_of_the_table():
    """By the first cell, what each way does."""
    text = PAGE.read_text(encoding="utf-8")
    table = re.search(r"^\| the model has \|.*\n\|-.*\n((?:\|.*\n)+)", text, re.M)[1]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines()]
    return {first: answers for first, *answers in cells}


class Own(Tanh):
    """An activation of the user's."""


def own_score(estimator, X, y):
    return estimator.score(X, y)


def classifier(y=CODES, **params):
    settings = {"hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
    return quietly(MLPClassifier(**{**settings, **params}).fit, X, y)


def regressor(y=NUMBERS, **params):
    settings = {"hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
    return quietly(MLPRegressor(**{**settings, **params}).fit, X, y)


def of_task(name):
    return quietly(TASKS[name].make(max_iter=2).fit, X, TASKS[name].y)


def with_requests():
    with sklearn.config_context(enable_metadata_routing=True):
        return classifier().set_fit_request(sample_weight=True)


STOPPED = {"early_stopping": True}
MODELS = {
    "one activation out of identity, logistic, tanh, relu": lambda: [
        classifier(activation=name) for name in ("identity", "logistic", "tanh", "relu")
    ],
    "another activation of skmlp, or one for each layer": lambda: [
        classifier(activation="mish"),
        classifier(hidden_layer_sizes=(3, 3), activation=["tanh", "relu"]),
    ],
    "classes in one column, several labels, soft labels": lambda: [
        of_task(name) for name in ("binary", "multiclass", "multilabel", "soft labels")
    ],
    "several columns of classes": lambda: [of_task("class columns")],
    "a single class": lambda: [classifier(np.ones(len(X)))],
    "one or several numbers, any loss with one output each": lambda: [
        regressor(),
        of_task("multi-output"),
        regressor(np.exp(NUMBERS), loss="poisson"),
        regressor(loss="quantile"),
    ],
    "several quantile levels": lambda: [regressor(loss=Quantile([0.1, 0.9]))],
    "clipped outputs": lambda: [regressor(clip_output=True)],
    "scales of inputs and targets": lambda: [
        regressor(scale_input=True, scale_target=True),
        regressor(learned_scale=True),
    ],
    "a temperature": lambda: [classifier(calibration="temperature", **STOPPED)],
    "residuals for prediction intervals": lambda: [regressor(**STOPPED)],
    "embeddings, categorical features": lambda: [
        classifier(numeric_embedding="pbld"),
        quietly(MLPRegressor(categorical_features=[0], max_iter=2).fit, *codes()),
    ],
    "several members": lambda: [classifier(n_members=2)],
    "the solver's state after `partial_fit`": lambda: [
        classifier().partial_fit(X, CODES)
    ],
    "metadata requests": lambda: [with_requests()],
    "a whole `tabular_pipeline`": lambda: [known("table, classes")[0]],
    "columns of numbers or dates as text": lambda: [known("mixed table, classes")[0]],
    "`MLPTransformer`, `MLPAutoencoder`": lambda: [
        quietly(MLPTransformer(MLPRegressor(max_iter=2)).fit, X, NUMBERS),
        quietly(MLPAutoencoder(2).fit, X),
    ],
    "an activation or embedding of your own": lambda: [classifier(activation=Own())],
    "a scorer or splitter of your own": lambda: [
        regressor(scoring=own_score, **STOPPED)
    ],
}


def codes():
    return np.c_[CODES, X].astype(float), NUMBERS


def answer(convert, model):
    """What the table says of a call: "left out" is no hindrance."""
    try:
        convert(model)
    except (ValueError, TypeError):
        return ["refused"]
    except AttributeError:
        return ["no method"]
    return ["yes", "left out"]


@pytest.fixture(scope="module")
def models():
    assert MODELS.keys() == rows_of_the_table().keys()
    return {name: make() for name, make in MODELS.items()}


def assert_true(models, column, convert):
    for name, answers in rows_of_the_table().items():
        with in_case(name):
            for model in models[name]:
                assert answers[column] in answer(convert, model)


def test_what_is_saved(models, tmp_path):
    assert_true(models, 0, lambda model: model.save(tmp_path / "model.skmlp"))


def test_what_becomes_a_graph(models):
    pytest.importorskip("onnx")
    assert_true(models, 1, skmlp.to_onnx)


def test_what_becomes_scikit_learns(models):
    def convert(model):
        converted = model.to_sklearn()
        if hasattr(model, "predict_proba"):
            found, expected = converted.predict_proba(X), model.predict_proba(X)
        else:
            found, expected = converted.predict(X), model.predict(X)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)

    assert_true(models, 2, convert)
