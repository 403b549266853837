"""Every public entry point once, the gradient once, scikit-learn's model once."""

import numpy as np
import pytest
import sklearn.neural_network

import skmlp
import skmlp.tabular
from skmlp import MLPAutoencoder, MLPClassifier, MLPRegressor, MLPTransformer
from skmlp.activations import Tanh
from skmlp.losses import MultinomialLogLoss
from skmlp.network.network import Network
from skmlp.network.objective import Objective
from skmlp.tabular import SmoothClipScaler, TableEncoder

from ..conftest import TASKS, X, central_difference, quietly, relative_error

pytestmark = pytest.mark.smoke

SMALL = {"hidden_layer_sizes": (5, 2), "max_iter": 3, "random_state": 0}
CLASSES, NUMBERS = TASKS["multiclass"].y, TASKS["regression"].y


def fitted(kind, y, **params):
    return quietly(kind(**{**SMALL, **params}).fit, X, y)


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
@pytest.mark.parametrize("task", TASKS)
def test_each_task_is_fitted_and_predicted(task, solver):
    params = {**SMALL, "activation": "logistic", "solver": solver}
    model = quietly(TASKS[task].make(**params).fit, X, TASKS[task].y)
    assert model.predict(X).shape[0] == len(X)
    assert np.isfinite(model.loss_)
    if isinstance(model, MLPClassifier):
        assert np.isfinite(np.concatenate(model.predict_log_proba(X), None)).all()
        assert len(model.decision_function(X)) in (len(X), len(model.classes_))


@pytest.mark.parametrize("kind, y", [(MLPClassifier, CLASSES), (MLPRegressor, NUMBERS)])
def test_each_method_of_an_estimator_answers(kind, y, pandas):
    model = fitted(kind, y)
    assert np.isfinite(model.score(X, y))
    assert model.input_gradient(X[:2]).shape[-1] == X.shape[1]
    assert model.integrated_gradients(X[:2]).shape[-1] == X.shape[1]
    assert model.hidden_activations(X, layer=-1).shape == (len(X), 2)
    assert len(model.history_frame()) == model.n_iter_
    assert str(model.partial_fit(X, y).summary())
    batches = [(X[:40], y[:40]), (X[40:], y[40:])]
    streamed = quietly(kind(**SMALL).fit_batches, batches)
    assert len(list(streamed.predict_batches([X, X]))) == 2
    transformer = quietly(MLPTransformer(model).fit, X, y)
    assert transformer.transform(X).shape == (len(X), 2)


def test_intervals_and_members():
    params = {"early_stopping": True, "n_members": 2}
    model = fitted(MLPRegressor, NUMBERS, **params)
    lower, upper = model.predict_interval(X, coverage=0.8)
    assert (lower <= upper).all()
    proba = fitted(MLPClassifier, CLASSES, **params).predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-12)


def test_an_autoencoder_there_and_back():
    mlp = MLPRegressor(max_iter=3, random_state=0)
    model = quietly(MLPAutoencoder(2, estimator=mlp).fit, X)
    assert model.inverse_transform(model.transform(X)).shape == X.shape


@pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
@pytest.mark.parametrize(
    "kind, y",
    [("classifier", CLASSES), ("regressor", NUMBERS)],
    ids=lambda v: str(v)[:9],
)
def test_a_raw_table_is_fitted_and_predicted(kind, y):
    table = np.column_stack([X[:, :3].astype(object), np.tile(["a", "b", None], 30)])
    pipeline = skmlp.tabular_pipeline(kind, n_members=1, max_iter=2, random_state=0)
    assert len(pipeline.fit(table, y).predict(table)) == len(X)
    assert skmlp.search_space(kind)


def test_tables_are_encoded_and_scaled():
    table = np.column_stack([X[:, :3].astype(object), np.tile(["a", "b", None], 30)])
    encoded = TableEncoder().fit_transform(table)
    assert encoded.shape[0] == len(X)
    assert SmoothClipScaler().fit_transform(X).shape == X.shape


def test_graphs_are_written():
    onnx = pytest.importorskip("onnx")
    for model in fitted(MLPClassifier, CLASSES), fitted(MLPRegressor, NUMBERS):
        onnx.checker.check_model(skmlp.to_onnx(model))


def test_displays_draw():
    pytest.importorskip("matplotlib").use("Agg")
    import matplotlib.pyplot as plt

    from skmlp import plot

    model = fitted(MLPClassifier, CLASSES, record="layers")
    for name in plot.__all__:
        assert getattr(plot, name).from_estimator(model).figure_
    plt.close("all")


def test_the_gradient_is_the_derivative_of_the_value():
    rng = np.random.default_rng(0)
    network = Network((4, 5, 3), Tanh())
    objective = Objective(network, MultinomialLogLoss(), 0.1, len(X), np.float64)
    params, Y = rng.normal(size=network.n_params), np.eye(3)[np.arange(len(X)) % 3]

    def value(params):
        return objective.value_and_gradient(params, X, Y)[0].total

    found = objective.value_and_gradient(params, X, Y)[1].copy()
    # h = 1e-6: truncation about h^2, rounding about 1e-16 / h = 1e-10
    assert relative_error(found, central_difference(value, params)) < 1e-8


@pytest.mark.bits
@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_the_model_is_scikit_learns(name):
    y = CLASSES if name == "MLPClassifier" else NUMBERS
    ours, theirs = (
        quietly(getattr(package, name)(**SMALL).fit, X, y)
        for package in (skmlp, sklearn.neural_network)
    )
    for found, expected in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)  # 3 updates: rounding
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)
