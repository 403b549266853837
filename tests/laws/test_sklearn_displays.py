"""scikit-learn's own displays take the estimators as they take its own."""

import numpy as np
import pytest
from sklearn.calibration import CalibrationDisplay
from sklearn.inspection import DecisionBoundaryDisplay, PartialDependenceDisplay
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    PrecisionRecallDisplay,
    PredictionErrorDisplay,
    RocCurveDisplay,
)
from sklearn.model_selection import LearningCurveDisplay, ValidationCurveDisplay

from ..plot.models import BINARY, CLASSES, X, Y, classifier, png, quiet, regressor

pytestmark = quiet
TASKS = {
    "classifier": (classifier(), BINARY),
    "regressor": (regressor(), Y[:, 0]),
}
every_task = pytest.mark.parametrize("task", TASKS)


@every_task
def test_decision_boundary(task):
    estimator, y = TASKS[task]
    display = DecisionBoundaryDisplay.from_estimator(
        estimator.fit(X[:, :2], y), X[:, :2]
    )
    assert np.isfinite(display.response).all()
    png(display)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_decision_boundary_of_several_classes(method):
    mlp = classifier().fit(X[:, :2], CLASSES)
    png(
        DecisionBoundaryDisplay.from_estimator(
            mlp, X[:, :2], response_method=method, grid_resolution=20
        )
    )


@every_task
def test_partial_dependence(task):
    estimator, y = TASKS[task]
    display = PartialDependenceDisplay.from_estimator(
        estimator.fit(X, y), X, [0, (0, 1)], grid_resolution=5
    )
    assert display.axes_.shape == (1, 2)
    png(display)


@pytest.mark.parametrize(
    "kind", [CalibrationDisplay, RocCurveDisplay, PrecisionRecallDisplay]
)
def test_curves_of_two_classes(kind):
    display = kind.from_estimator(classifier().fit(X, BINARY), X, BINARY)
    assert "MLPClassifier" in display.ax_.get_legend().get_texts()[-1].get_text()
    png(display)


def test_confusion_matrix():
    mlp = classifier().fit(X, CLASSES)
    display = ConfusionMatrixDisplay.from_estimator(mlp, X, CLASSES)
    assert display.confusion_matrix.sum() == len(X)
    png(display)


def test_prediction_error():
    png(PredictionErrorDisplay.from_estimator(regressor().fit(X, Y[:, 0]), X, Y[:, 0]))


@every_task
def test_learning_curve(task):
    estimator, y = TASKS[task]
    display = LearningCurveDisplay.from_estimator(
        estimator, X, y, train_sizes=[0.5, 1.0], cv=2
    )
    assert np.isfinite(display.test_scores).all()
    png(display)


@every_task
def test_validation_curve(task):
    estimator, y = TASKS[task]
    display = ValidationCurveDisplay.from_estimator(
        estimator, X, y, param_name="alpha", param_range=[0.01, 1.0], cv=2
    )
    assert np.isfinite(display.test_scores).all()
    png(display)
