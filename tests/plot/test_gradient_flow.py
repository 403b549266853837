"""GradientFlowDisplay: what is drawn of the records of layers."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp.plot import GradientFlowDisplay

from .models import (
    CLASSES,
    X,
    assert_refuses,
    classifier,
    fitted,
    legend_of,
    plt,
    png,
    quiet,
    recorded,
    texts,
)

pytestmark = quiet
draw = GradientFlowDisplay.from_estimator
RECORDS = {
    "gradient_norms": "layer_gradient_norm",
    "update_ratios": "layer_update_ratio",
    "dead": "layer_dead",
    "saturated": "layer_saturated",
}
NORMS = 10.0 ** -np.arange(12).reshape(4, 3)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_the_curves_are_those_of_the_history(solver):
    mlp = recorded(solver)
    display = draw(mlp)
    for name, record in RECORDS.items():
        lines = np.array([line.get_ydata() for line in display.lines_[name]])
        np.testing.assert_array_equal(lines.T, mlp.history_[record])
    assert [ax.get_yscale() for ax in display.axes_] == ["log", "log", "linear"]
    png(display)


def test_layers_are_told_apart_by_colour_and_named():
    display = draw(recorded())
    lines = display.lines_
    colours = [tuple(line.get_color()) for line in lines["gradient_norms"]]
    assert len(set(colours)) == 3
    for name, count in ("update_ratios", 3), ("dead", 2), ("saturated", 2):
        assert [tuple(line.get_color()) for line in lines[name]] == colours[:count]
    names = ["layer 1", "layer 2", "layer 3", "dead", "saturated"]
    assert legend_of(display.axes_[2]) == names
    assert [ax.get_xlabel() for ax in display.axes_] == ["epoch"] * 3
    png(display)


@pytest.mark.parametrize(
    "params", [{"hidden_layer_sizes": ()}, {"max_iter": 1}], ids=str
)
def test_other_networks_are_drawn(params):
    display = draw(recorded(**params))
    n_hidden = len(recorded(**params).coefs_) - 1
    assert len(display.lines_["gradient_norms"]) == n_hidden + 1
    assert len(display.lines_.get("dead", [])) == n_hidden
    png(display)


def test_of_many_layers_the_first_and_the_last_are_named():
    display = GradientFlowDisplay(np.ones((3, 20))).plot()
    assert len(display.lines_["gradient_norms"]) == 20
    first, last = [1, 2, 3, 4], [17, 18, 19, 20]
    assert legend_of(display.axes_[2]) == [f"layer {i}" for i in first + last]
    png(display)


def test_the_last_step_of_a_pipeline_is_drawn():
    pipeline = make_pipeline(StandardScaler(), classifier(record="layers"))
    display = draw(pipeline.fit(X, CLASSES))
    assert len(display.lines_["gradient_norms"]) == 3
    png(display)


def test_what_is_not_there_is_said_in_its_panel():
    display = GradientFlowDisplay(NORMS).plot()
    assert [texts(ax.texts) for ax in display.axes_] == [
        [],
        ["no records"],
        ["no records"],
    ]
    png(display)


@pytest.mark.parametrize("odd", [0.0, np.nan])
def test_zeros_and_gaps_are_left_out(odd):
    norms = NORMS.copy()
    norms[1] = norms[:, 2] = odd
    png(GradientFlowDisplay(norms, np.full((4, 3), odd)).plot())


def test_it_is_drawn_into_given_axes_and_again_without_the_estimator():
    figure, axes = plt.subplots(2, 3, figsize=(12, 7))
    first = draw(recorded(), ax=axes[0])
    assert first.axes_ == list(axes[0]) and first.figure_ is figure
    arrays = [getattr(first, name) for name in RECORDS]
    again = GradientFlowDisplay(*arrays).plot(list(axes[1]))
    assert legend_of(axes[0, 2]) == legend_of(axes[1, 2])
    assert again.lines_.keys() == first.lines_.keys()
    png(first)


def test_what_does_not_fit_is_refused():
    assert_refuses(lambda: draw(classifier()), "GradientFlowDisplay", "fitted")
    for name in ("multiclass", "lbfgs"):
        assert_refuses(lambda name=name: draw(fitted(name)), 'record="layers"', "MLPC")
    display = GradientFlowDisplay(NORMS)
    assert_refuses(lambda: display.plot([None]), "ax", "three axes", "1")
