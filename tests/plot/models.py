"""A fitted estimator of each task, and what is asked of every picture of it."""

from functools import cache
from io import BytesIO

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import MLPClassifier, MLPRegressor
from skmlp.plot import NetworkDisplay

pd = pytest.importorskip("pandas")
pytest.importorskip("matplotlib").use("Agg")  # needs no screen
plt = pytest.importorskip("matplotlib.pyplot")

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 5))
FRAME = pd.DataFrame(X, columns=["height", "width", "$ a day", "age", "rest"])
BINARY = np.where(X[:, 0] > 0, "yes", "no")
CLASSES = np.repeat(["a", "b", "c"], 20)
LABELS = (X[:, :3] > 0).astype(int)
COLUMNS = np.stack([LABELS[:, 0], np.repeat([3, 4, 5], 20)], axis=1)
Y = X[:, :2] ** 2


def make(kind, **params):
    params = {"hidden_layer_sizes": (6, 4), "max_iter": 5, "random_state": 0} | params
    return kind(**params)


def classifier(**params):
    return make(MLPClassifier, **params)


def regressor(**params):
    return make(MLPRegressor, **params)


SEARCH = {"alpha": [0.1, 1.0]}
# Each an estimator, its X and its y.
MODELS = {
    "binary": (classifier(), X, BINARY),
    "multiclass": (classifier(), X, CLASSES),
    "multilabel": (classifier(), X, LABELS),
    "columns of classes": (classifier(), X, COLUMNS),
    "regression": (regressor(), X, Y[:, 0]),
    "several targets": (regressor(), X, Y),
    "lbfgs": (classifier(solver="lbfgs"), X, CLASSES),
    "lbfgs, early stopping": (
        regressor(solver="lbfgs", early_stopping=True, scoring="loss"),
        X,
        Y[:, 0],
    ),
    "early stopping": (classifier(early_stopping=True), X, CLASSES),
    "by the loss": (classifier(early_stopping=True, scoring="loss"), X, CLASSES),
    "no hidden layer": (regressor(hidden_layer_sizes=()), X, Y),
    "one epoch": (classifier(max_iter=1), X, CLASSES),
    "float32": (classifier(), X.astype(np.float32), CLASSES),
    "sparse": (classifier(), csr_array(X * (X > 0)), CLASSES),
    "data frame": (classifier(), FRAME, CLASSES),
    "wide": (classifier(hidden_layer_sizes=30), X, CLASSES),
    "pipeline": (make_pipeline(StandardScaler(), classifier()), FRAME, CLASSES),
    "scaled target": (
        TransformedTargetRegressor(make_pipeline(StandardScaler(), regressor())),
        FRAME,
        Y[:, 0],
    ),
    "search": (GridSearchCV(classifier(), SEARCH, cv=2), X, CLASSES),
}
# a given number of epochs is enough here
quiet = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]


@cache
def fitted(name):
    estimator, X, y = MODELS[name]
    return estimator.fit(X, y)


@cache
def recorded(solver="adam", **params):
    """A classifier whose history has records of layers."""
    return classifier(record="layers", solver=solver, **params).fit(X, CLASSES)


def png(display):
    """The picture as bytes; its figure is closed."""
    file = BytesIO()
    display.figure_.savefig(file)
    plt.close(display.figure_)
    picture = file.getvalue()
    assert picture.startswith(b"\x89PNG") and len(picture) > 5000
    return picture


def texts(artists):
    return [artist.get_text() for artist in artists]


def legend_of(ax):
    return texts(ax.get_legend().get_texts())


def assert_refuses(draw, *words):
    """A ValueError that has the words; no figure is left."""
    before = plt.get_fignums()
    with pytest.raises(ValueError) as error:
        draw()
    assert all(word in str(error.value) for word in words), error.value
    assert plt.get_fignums() == before


draw = NetworkDisplay.from_estimator

INPUTS = ["x0", "x1", "x2", "x3", "x4"]
OUTPUTS = {
    "binary": ["yes"],
    "multiclass": ["a", "b", "c"],
    "multilabel": ["0", "1", "2"],
    "columns of classes": ["y0 = 0", "y0 = 1", "y1 = 3", "y1 = 4", "y1 = 5"],
    "regression": ["y"],
    "several targets": ["y0", "y1"],
}
