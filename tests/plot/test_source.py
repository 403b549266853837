"""Names of inputs and outputs, whatever way leads to the network."""

import pytest
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skmlp import MLPClassifier
from skmlp.embeddings import PBLD
from skmlp.plot import NetworkDisplay

from .models import (
    FRAME,
    INPUTS,
    MODELS,
    OUTPUTS,
    assert_refuses,
    classifier,
    draw,
    fitted,
    plt,
    png,
    quiet,
    texts,
)

pytestmark = quiet


@pytest.mark.parametrize("name", OUTPUTS)
def test_ends_are_named(name):
    display = draw(fitted(name))
    assert texts(display.labels_) == INPUTS + OUTPUTS[name]
    png(display)


@pytest.mark.parametrize("name", ["data frame", "pipeline", "scaled target"])
def test_inputs_have_the_names_of_the_data_frame(name):
    display = draw(fitted(name))
    assert texts(display.labels_)[:5] == list(FRAME.columns)
    png(display)


def test_names_may_be_given():
    names = {"feature_names": "abcde", "class_names": ["not", "so"]}
    display = draw(fitted("binary"), **names)
    assert texts(display.labels_) == [*"abcde", "so"]
    png(display)


def test_embedded_columns_are_numbered_after_the_plain_ones():
    mlp = classifier(numeric_embedding=PBLD(size=2)).fit(FRAME, MODELS["binary"][2])
    names = [f"{name}[{k}]" for name in FRAME.columns for k in range(2)]
    display = draw(mlp, max_units=20)
    assert texts(display.labels_) == [*FRAME.columns, *names, "yes"]
    png(display)
    display = draw(mlp, max_units=20, feature_names="abcde")
    assert texts(display.labels_)[4:8] == ["e", "a[0]", "a[1]", "b[0]"]
    png(display)
    assert_refuses(lambda: draw(mlp, feature_names="abcd"), "feature_names", "5")


def test_categories_are_named_by_what_is_made_of_them():
    X, y = (FRAME.to_numpy() > 0).astype(float), MODELS["binary"][2]
    mlp = classifier(categorical_features=[1], embedding_size=2).fit(X, y)
    display = draw(mlp)
    assert texts(display.labels_)[:6] == ["x0", "x2", "x3", "x4", "x1[0]", "x1[1]"]
    png(display)


def test_inputs_are_numbered_where_the_pipeline_has_no_names_for_them():
    _, X, y = MODELS["pipeline"]
    pipeline = fitted("pipeline")
    steps = [("f", FunctionTransformer(lambda X: X.to_numpy())), ("mlp", classifier())]
    display = draw(type(pipeline)(steps).fit(X, y))
    assert texts(display.labels_)[:5] == INPUTS
    png(display)


def test_inputs_have_the_names_of_a_pipeline_within_a_pipeline():
    iris = load_iris()
    inner = make_pipeline(PCA(2), MLPClassifier(3, max_iter=5, random_state=0))
    outer = make_pipeline(StandardScaler(), inner).fit(iris.data, iris.target)
    display = NetworkDisplay.from_estimator(outer)
    texts = {text.get_text() for text in display.ax_.texts}
    plt.close(display.figure_)
    assert {"pca0", "pca1"} <= texts
