"""WeightsDisplay: images or a matrix of the first layer's weights."""

import numpy as np
import pytest

from skmlp.embeddings import PBLD
from skmlp.plot import WeightsDisplay
from skmlp.plot.source import network_of

from .models import (
    FRAME,
    assert_refuses,
    classifier,
    fitted,
    plt,
    png,
    quiet,
    texts,
)

pytestmark = quiet
draw = WeightsDisplay.from_estimator
# each shape and dtype of weights, and each way to the network that has them
NETWORKS = ["multiclass", "no hidden layer", "float32", "wide", "pipeline", "search"]
every_network = pytest.mark.parametrize("name", NETWORKS)
WEIGHTS = np.arange(12.0).reshape(6, 2) @ np.array([[1, 0, -1], [0, 0, 1]])


@every_network
def test_the_matrix_has_the_weights_of_the_largest_units(name):
    display = draw(fitted(name))
    W = network_of(WeightsDisplay, fitted(name)).coefs_[0]
    norms = np.linalg.norm(W, axis=0)
    assert len(display.units_) == min(W.shape[1], 25)
    np.testing.assert_array_equal(
        norms[display.units_], np.sort(norms)[::-1][: len(display.units_)]
    )
    matrix = display.images_[0].get_array()
    np.testing.assert_array_equal(matrix, W[:, display.units_])
    assert texts(display.ax_.get_xticklabels()) == [str(u) for u in display.units_]
    png(display)


@every_network
def test_each_unit_has_an_image(name):
    display = draw(fitted(name), image_shape=(1, 5), max_units=4)
    W = network_of(WeightsDisplay, fitted(name)).coefs_[0]
    assert len(display.images_) == min(W.shape[1], 4)
    for unit, image in zip(display.units_, display.images_, strict=True):
        np.testing.assert_array_equal(image.get_array().ravel(), W[:, unit])
    assert texts(display.ax_.texts) == [f"unit {unit}" for unit in display.units_]
    png(display)


@pytest.mark.parametrize("image_shape", [None, (2, 3)])
def test_colours_are_shared_and_white_at_zero(image_shape):
    display = WeightsDisplay(WEIGHTS, image_shape=image_shape).plot(max_units=2)
    largest = np.abs(WEIGHTS[:, display.units_]).max()
    for image in display.images_:
        assert image.get_clim() == (-largest, largest)
    assert display.colorbar_.ax.get_ylabel() == "weight"
    png(display)


@pytest.mark.parametrize("image_shape", [(2, 3), (6, 1), (1, 6)])
def test_images_do_not_overlap(image_shape):
    display = WeightsDisplay(WEIGHTS, image_shape=image_shape).plot()
    display.figure_.canvas.draw()
    artists = [*display.images_, *display.ax_.texts]
    boxes = [artist.get_window_extent() for artist in artists]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
    png(display)


@pytest.mark.parametrize("name", ["data frame", "pipeline", "scaled target"])
def test_features_are_named(name):
    display = draw(fitted(name))
    assert texts(display.ax_.get_yticklabels()) == list(FRAME.columns)
    png(display)


def test_embedded_columns_are_numbered_after_the_plain_ones():
    mlp = classifier(numeric_embedding=PBLD(size=2)).fit(FRAME, [0, 1] * 30)
    display = draw(mlp)
    names = [f"{name}[{k}]" for name in FRAME.columns for k in range(2)]
    assert texts(display.ax_.get_yticklabels()) == [*FRAME.columns, *names]
    png(display)
    assert_refuses(lambda: draw(mlp, image_shape=(1, 5)), "image_shape", "15")


def test_of_many_features_some_are_named():
    display = WeightsDisplay(np.ones((100, 3))).plot()
    names = texts(display.ax_.get_yticklabels())
    assert names[:2] == ["x0", "x3"] and len(names) == 34
    png(display)


def test_weights_that_are_all_zero_are_drawn():
    png(WeightsDisplay(np.zeros((6, 3)), image_shape=(2, 3)).plot())


def test_it_is_drawn_into_given_axes_and_again_without_the_estimator():
    figure, axes = plt.subplots(1, 2)
    first = draw(fitted("pipeline"), ax=axes[0])
    assert first.ax_ is axes[0] and first.figure_ is figure
    names = first.feature_names
    again = WeightsDisplay(first.weights, feature_names=names).plot(axes[1])
    np.testing.assert_array_equal(
        again.images_[0].get_array(), first.images_[0].get_array()
    )
    png(first)


@pytest.mark.parametrize("shape", [(2, 2), (5,), 5, (1, 5, 1), (3, 5)])
def test_shapes_that_do_not_fit_are_refused(shape):
    mlp = fitted("multiclass")
    assert_refuses(lambda: draw(mlp, image_shape=shape), "image_shape", str(shape))


def test_what_does_not_fit_is_refused():
    mlp = fitted("multiclass")
    assert_refuses(lambda: draw(classifier()), "WeightsDisplay", "fitted", "MLPC")
    assert_refuses(lambda: draw(mlp, feature_names=["a"]), "feature_names", "5", "1")
    assert_refuses(lambda: draw(mlp, max_units=0), "max_units", "at least 1", "0")
    assert_refuses(lambda: draw(mlp, max_units=1.5), "max_units", "at least 1", "1.5")
