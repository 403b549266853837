"""Laws of observers: what they are told, in which order, and what they may end."""

import math

import numpy as np

from skmlp.training.observer import Observer

from .runs import make_training, scripted


class Listening(Observer):
    """Writes down what it is told, and gives the reasons it has."""

    def __init__(self, told, reasons=()):
        self.told, self.reasons = told, dict(reasons)

    def on_epoch_begin(self, run):
        self.told.append(("begin", run.n_iter))

    def on_epoch_end(self, run, epoch):
        self.told.append(("end", epoch.number, epoch.loss, run.reason))
        return self.reasons.get(epoch.number)

    def on_divergence(self, run, epoch):
        self.told.append(("divergence", epoch.number))


def observed(losses, *observers):
    """A training of one batch an epoch with these observers after its own."""
    training = scripted(losses)
    own = training._observers
    training._observers = lambda: [*own(), *observers]
    return training


def test_an_observer_is_told_of_the_begin_and_the_end_of_each_epoch():
    told = []
    assert observed([3.0, 2.0], Listening(told)).run(2) == "max_iter"
    assert told == [
        ("begin", 0),
        ("end", 1, 3.0, None),
        ("begin", 1),
        ("end", 2, 2.0, "max_iter"),
    ]


def test_the_first_reason_ends_training_and_observers_after_it_see_it():
    told = []
    first = Listening([], {2: "callback"})
    second = Listening(told, {2: "out_of_time"})
    training = observed([3.0, 2.0, 1.0], first, second)
    assert training.run(3) == "callback"
    assert training.n_iter == 2
    assert [event[-1] for event in told if event[0] == "end"] == [None, "callback"]


def test_an_epoch_that_diverged_is_told_as_that_and_not_as_an_end():
    told = []
    training = observed([3.0, math.nan, 1.0], Listening(told))
    assert training.run(3) == "diverged"
    ends = [event[:2] for event in told if event[0] != "begin"]
    assert ends == [("end", 1), ("divergence", 2)]


def test_an_observer_that_only_looks_on_changes_no_bit():
    alone, looked_on = make_training(), make_training(hooks=Observer())
    assert alone.run(4) == looked_on.run(4)
    np.testing.assert_array_equal(looked_on.params, alone.params)
