"""LossCurveDisplay: what is drawn of the history of a fit, or of several."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier as OtherClassifier

from skmlp.plot import LossCurveDisplay
from skmlp.plot.source import network_of

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
)

pytestmark = quiet
draw = LossCurveDisplay.from_estimator
# each kind of history, and each way to the network that has it
HISTORIES = ["multiclass", "lbfgs", "lbfgs, early stopping", "early stopping"]
HISTORIES += ["by the loss", "one epoch", "scaled target", "search"]


def drawn_records(display):
    return {record for _, record in display.lines_}


@pytest.mark.parametrize("name", HISTORIES)
def test_the_curves_are_those_of_the_history(name):
    network = network_of(LossCurveDisplay, fitted(name))
    history = network.history_
    display = draw(fitted(name))
    lines = {record: line for (_, record), line in display.lines_.items()}
    total = history["loss"] + history["penalty"]
    np.testing.assert_array_equal(lines.pop("training_loss").get_ydata(), total)
    for record, line in lines.items():
        np.testing.assert_array_equal(line.get_ydata(), history[record])
        np.testing.assert_array_equal(line.get_xdata(), np.arange(len(total)) + 1)
    assert ("validation_loss" in lines) == ("validation_loss" in history)
    assert display.ax_.get_title("left").replace("\n", " ") == network.stop_reason_
    png(display)


@pytest.mark.parametrize(
    "name, unit", [("multiclass", "epoch"), ("lbfgs", "iteration")]
)
def test_time_is_in_epochs_or_iterations(name, unit):
    display = draw(fitted(name))
    assert display.ax_.get_xlabel() == unit
    png(display)


def test_both_units_are_named_where_fits_differ():
    display = draw([fitted("multiclass"), fitted("lbfgs")])
    assert display.ax_.get_xlabel() == "epoch or iteration"
    png(display)


def test_the_score_has_its_own_axes():
    display = draw(fitted("early stopping"))
    score = display.lines_["MLPClassifier", "validation_score"]
    assert score.axes is display.twins_["validation_score"] is not display.ax_
    png(display)


@pytest.mark.parametrize(
    "name, options, records",
    [
        ("early stopping", {"score": False}, {"training_loss", "validation_loss"}),
        # the score is minus the loss
        ("by the loss", {}, {"training_loss", "validation_loss"}),
        ("multiclass", {"learning_rate": True}, {"training_loss", "learning_rate"}),
        ("lbfgs", {"learning_rate": True}, {"training_loss"}),
    ],
)
def test_what_is_asked_for_and_there_is_drawn(name, options, records):
    display = draw(fitted(name), **options)
    assert drawn_records(display) == records
    png(display)


def test_score_and_learning_rate_stand_side_by_side():
    display = draw(fitted("early stopping"), learning_rate=True)
    display.figure_.canvas.draw()
    score, rate = (
        twin.yaxis.get_tightbbox() for twin in map(display.twins_.get, display.twins_)
    )
    assert score.x1 < rate.x0
    png(display)


def test_the_best_epoch_is_marked():
    mlp = fitted("early stopping")
    display = draw(mlp)
    dot = display.ax_.lines[-1]
    loss = mlp.history_["validation_loss"][mlp.best_epoch_ - 1]
    assert (*dot.get_xdata(), *dot.get_ydata()) == (mlp.best_epoch_, loss)
    assert f"best epoch: {mlp.best_epoch_}" in legend_of(display.ax_)
    png(display)


def test_losses_may_be_on_a_logarithmic_scale():
    display = draw(fitted("early stopping"), log_scale=True)
    assert display.ax_.get_yscale() == "log"
    assert display.twins_["validation_score"].get_yscale() == "linear"
    png(display)


@pytest.mark.parametrize("span", [0.01, 0.5, 6.0])
def test_ticks_of_a_logarithmic_scale_are_labelled_in_plain_numbers(span):
    losses = 10.0 ** np.linspace(0, -span, 20)
    display = LossCurveDisplay({"fit": {"loss": losses}}).plot(log_scale=True)
    display.figure_.canvas.draw()
    ticks = display.ax_.yaxis.get_ticklabels(which="both")
    low, high = display.ax_.get_ylim()
    shown = [tick.get_text() for tick in ticks if low <= tick.get_position()[1] <= high]
    assert 2 <= sum(map(bool, shown)) <= 12
    for text in filter(None, shown):
        float(text.replace("\N{MINUS SIGN}", "-"))
    png(display)


def test_losses_below_zero_stay_on_a_linear_scale():
    display = LossCurveDisplay({"fit": {"loss": [-1.0, -2.0]}}).plot(log_scale=True)
    assert display.ax_.get_yscale() == "linear"
    png(display)


def test_several_fits_are_told_apart_by_colour():
    fits = {"one": fitted("multiclass"), "two": fitted("early stopping")}
    display = draw(fits)
    colours = {name: line.get_color() for (name, _), line in display.lines_.items()}
    assert colours["one"] != colours["two"]
    assert legend_of(display.ax_) == [
        "one",
        "two",
        "training loss + penalty",
        "validation loss",
        "validation score",
        "best epoch",
    ]
    assert display.ax_.get_title("left").startswith("one: Trained")
    png(display)


def test_fits_of_a_list_are_numbered():
    display = draw([fitted("multiclass"), fitted("regression")])
    assert legend_of(display.ax_)[:2] == ["1: MLPClassifier", "2: MLPRegressor"]
    png(display)


def test_a_fit_that_went_on_from_one_without_validation_rows_is_drawn():
    mlp = classifier(warm_start=True).fit(X, CLASSES)
    mlp.set_params(early_stopping=True).fit(X, CLASSES)
    display = draw(mlp)
    losses = display.lines_["MLPClassifier", "validation_loss"].get_ydata()
    assert np.isnan(losses).tolist() == [True] * 5 + [False] * 5
    png(display)


def test_it_is_drawn_into_given_axes_and_again_without_the_estimator():
    figure, axes = plt.subplots(1, 2)
    first = draw(fitted("early stopping"), ax=axes[0])
    assert first.ax_ is axes[0] and first.figure_ is figure
    again = LossCurveDisplay(
        first.histories, best_epochs=first.best_epochs, stop_reasons=first.stop_reasons
    ).plot(axes[1])
    assert again.lines_.keys() == first.lines_.keys()
    assert legend_of(axes[0]) == legend_of(axes[1])
    png(first)


def test_unfitted_estimators_and_those_without_history_are_refused():
    assert_refuses(lambda: draw(classifier()), "LossCurveDisplay", "fitted", "MLPC")
    assert_refuses(lambda: draw([fitted("binary"), classifier()]), "fitted")
    assert_refuses(lambda: draw("adam"), "fitted", "'adam'")
    other = OtherClassifier(max_iter=2).fit(X, CLASSES)
    assert_refuses(lambda: draw(other), "LossCurveDisplay", "history_")
