"""Laws of every kind of target: y goes to the network's outputs and comes back."""

import numpy as np
import pytest

from skmlp.estimators.targets.choice import task_of_labels, task_of_shares
from skmlp.estimators.targets.numbers import Numbers
from skmlp.estimators.targets.task import decoded
from skmlp.losses import LogLoss, SquaredError

from ...conftest import TASKS

every_task = pytest.mark.parametrize("name", TASKS)


def task_of(name):
    """The task of a target, y as an array, and the loss on raw outputs."""
    y = np.asarray(TASKS[name].y)
    if name in ("regression", "multi-output"):
        return Numbers(), y, SquaredError()
    if name == "soft labels":
        task, y = task_of_shares("MLPClassifier", y, len(y), None)
        return task, y, task.loss(LogLoss(soft_targets=True))
    task, y = task_of_labels("MLPClassifier", y, len(y))
    return task, y, task.loss(LogLoss())


def encoded(name, dtype=np.float64):
    task, y, loss = task_of(name)
    return task, y, loss, task.encode("MLPClassifier", y, dtype)


@every_task
def test_targets_are_a_matrix_of_contiguous_columns_in_the_dtype_asked_for(name):
    for dtype in (np.float32, np.float64):
        _, y, _, Y = encoded(name, dtype)
        assert Y.ndim == 2 and len(Y) == len(y)
        assert Y.dtype == dtype and Y.flags.f_contiguous


@every_task
def test_what_is_encoded_is_decoded(name):
    task, y, _, Y = encoded(name)
    # of probabilities the likeliest class comes back
    expected = y.argmax(axis=1) if name == "soft labels" else y
    np.testing.assert_array_equal(decoded(task, Y), expected)


def test_of_two_shares_the_class_of_the_larger_is_decoded():
    shares = np.array([[0.7, 0.3], [0.2, 0.8], [0.4, 0.6]])
    task, y = task_of_shares("MLPClassifier", shares, 3, None)
    Y = task.encode("MLPClassifier", y, np.float64)
    np.testing.assert_array_equal(decoded(task, Y), [0, 1, 1])


@every_task
def test_a_later_call_takes_the_same_y_as_it_is(name):
    task, y, _, Y = encoded(name)
    again = task.check("MLPClassifier", y, len(y), all_classes=True)
    np.testing.assert_array_equal(task.encode("MLPClassifier", again, Y.dtype), Y)


@every_task
def test_outputs_that_give_y_have_the_best_score_and_others_a_lower_one(name):
    task, _, loss, Y = encoded(name)
    raw = task.as_raw(Y)
    assert task.score(loss, Y, raw, None) == pytest.approx(1.0, rel=1e-12)
    assert task.score(loss, Y, -raw, None) < 1.0


@every_task
def test_the_mean_of_equal_members_is_theirs(name):
    task, _, loss, Y = encoded(name)
    rng = np.random.default_rng(0)
    output = task.output(loss, rng.normal(size=Y.shape))
    mean = task.mean_output(np.stack([output] * 3))
    counted = np.array([[True] * len(Y), [False] * len(Y), [True] * len(Y)])
    others = np.stack([output, rng.normal(size=output.shape), output])
    for found in (mean, task.mean_output(others, counted)):
        one, other = (
            np.hstack(np.atleast_2d(task.predicted(o))) for o in (found, output)
        )
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_only_classes_are_fitted_attributes():
    for name in TASKS:
        task, _, _ = task_of(name)
        assert task.is_regression == (name in ("regression", "multi-output"))
        expected = set() if task.is_regression else {"classes_"}
        assert set(task.attributes) == expected, name
