"""NetworkDisplay: units, weights and names of the diagram."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier as OtherClassifier

from skmlp import MLPClassifier
from skmlp.plot import NetworkDisplay
from skmlp.plot.axes import NEGATIVE, POSITIVE
from skmlp.plot.source import network_of

from .models import (
    INPUTS,
    MODELS,
    OUTPUTS,
    assert_refuses,
    classifier,
    draw,
    fitted,
    legend_of,
    plt,
    png,
    quiet,
    texts,
)

pytestmark = quiet

to_rgba = pytest.importorskip("matplotlib.colors").to_rgba
# each shape and dtype of weights, and each way to the network that has them
NETWORKS = ["columns of classes", "no hidden layer", "float32", "wide"]
NETWORKS += ["scaled target", "search"]


def assert_nothing_overlaps_or_is_cut(display):
    display.figure_.canvas.draw()
    frame = display.figure_.bbox
    written = [*display.labels_, *display.heads_, display.legend_]
    boxes = [artist.get_window_extent() for artist in written]
    for box in boxes:
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1
        assert frame.y0 <= box.y0 and box.y1 <= frame.y1
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize("name", NETWORKS)
def test_units_and_weights_of_each_task_are_drawn(name):
    display = draw(fitted(name))
    coefs = network_of(NetworkDisplay, fitted(name)).coefs_
    sizes = [len(coefs[0]), *(W.shape[1] for W in coefs)]
    shown = [size if size <= 12 else 11 for size in sizes]
    drawn = [len(lines.get_segments()) for lines in display.lines_]
    assert drawn == [a * b for a, b in pairwise(shown)]
    assert len(display.labels_) == shown[0] + shown[-1]
    assert_nothing_overlaps_or_is_cut(display)
    png(display)


def test_the_network_for_iris_is_readable():
    iris = load_iris()
    mlp = MLPClassifier((5, 2), max_iter=5, random_state=0)
    mlp.fit(iris.data, iris.target)
    names = {"feature_names": iris.feature_names, "class_names": iris.target_names}
    display = draw(mlp, **names)
    assert texts(display.labels_) == [*iris.feature_names, *iris.target_names]
    heads = ["inputs\n4", "hidden 1\n5", "hidden 2\n2", "outputs\n3"]
    assert texts(display.heads_) == heads
    assert_nothing_overlaps_or_is_cut(display)
    png(display)


def test_width_is_size_and_colour_is_sign():
    W = np.array([[1.0, -0.5], [0.0, 0.25]])
    display = NetworkDisplay([W]).plot()
    lines = display.lines_[0]
    # the largest are drawn last, on top
    assert list(lines.get_linewidths()) == [0.0, 1.0, 2.0, 4.0]
    colours = [to_rgba(colour)[:3] for colour in lines.get_color()]
    positive, negative = to_rgba(POSITIVE)[:3], to_rgba(NEGATIVE)[:3]
    assert colours == [positive, positive, negative, positive]
    np.testing.assert_array_equal(lines.get_segments()[-1], [[0, 0.75], [1, 0.75]])
    assert legend_of(display.ax_) == ["positive weight", "negative weight"]
    png(display)


def test_a_layer_without_weights_is_drawn():
    display = NetworkDisplay([np.zeros((2, 3)), np.ones((3, 1))]).plot()
    assert not np.any(display.lines_[0].get_linewidths())
    png(display)


@pytest.mark.parametrize("max_units, n_drawn", [(3, 2), (6, 5), (29, 28), (30, 30)])
def test_of_wide_layers_the_first_and_the_last_units_are_drawn(max_units, n_drawn):
    display = draw(fitted("wide"), max_units=max_units)
    n_inputs = min(5, max_units - 1)
    assert len(display.lines_[0].get_segments()) == n_inputs * n_drawn
    png(display)


def test_names_are_those_of_the_units_that_are_drawn():
    display = NetworkDisplay([np.ones((9, 1))]).plot(max_units=4)
    assert texts(display.labels_) == ["x0", "x1", "x8", "y"]
    png(display)


def test_biases_fill_the_units():
    pictures = []
    for biases in (False, True):
        display = draw(fitted("multiclass"), biases=biases)
        pictures.append(png(display))
    assert legend_of(display.ax_) == [
        "positive weight or bias",
        "negative weight or bias",
    ]
    assert pictures[0] != pictures[1]


def test_long_names_are_shortened():
    names = ["a" * 100, "b"]
    display = NetworkDisplay([np.ones((2, 1))], feature_names=names).plot()
    assert texts(display.labels_)[0] == "a" * 31 + "…"
    assert_nothing_overlaps_or_is_cut(display)
    png(display)


def test_it_is_drawn_into_given_axes_and_again_without_the_estimator():
    figure, axes = plt.subplots(1, 2, figsize=(12, 4))
    first = draw(fitted("pipeline"), ax=axes[0])
    assert first.ax_ is axes[0] and first.figure_ is figure
    again = NetworkDisplay(
        first.coefs,
        intercepts=first.intercepts,
        feature_names=first.feature_names,
        output_names=first.output_names,
    ).plot(axes[1])
    assert texts(again.labels_) == texts(first.labels_)
    assert_nothing_overlaps_or_is_cut(first)
    png(first)


def test_networks_of_scikit_learn_are_drawn_too():
    _, X, y = MODELS["multiclass"]
    display = draw(OtherClassifier((4,), max_iter=2).fit(X, y))
    assert texts(display.labels_) == INPUTS + OUTPUTS["multiclass"]
    png(display)


def test_what_does_not_fit_is_refused():
    mlp = fitted("multiclass")
    assert_refuses(lambda: draw(classifier()), "NetworkDisplay", "fitted", "MLPC")
    assert_refuses(lambda: draw(mlp, feature_names=["a"]), "feature_names", "5", "1")
    assert_refuses(lambda: draw(mlp, class_names="ab"), "class_names", "3", "2")
    assert_refuses(lambda: draw(mlp, max_units=2), "max_units", "at least 3", "2")
    display = NetworkDisplay(mlp.coefs_)
    assert_refuses(lambda: display.plot(biases=True), "NetworkDisplay", "intercepts")
