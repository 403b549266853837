"""Which task a target is: of y, of named classes, or of classes set by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from skmlp.estimators.targets.choice import (
    fitted_task,
    task_of_labels,
    task_of_named,
    task_of_shares,
)
from skmlp.estimators.targets.class_columns import ClassColumns
from skmlp.estimators.targets.classes import Binary, Multiclass, Multilabel
from skmlp.estimators.targets.numbers import Numbers
from skmlp.estimators.targets.soft_labels import SoftBinary, SoftMulticlass

OWNER = "MLPClassifier"
TWO_COLUMNS = np.array([["a", "x"], ["b", "y"], ["c", "x"]])
# y, the kind of its task, and the outputs that the network needs for it
LABELS = {
    "one class": (np.zeros(3, int), Binary, 1),
    "two classes": (np.array(["no", "yes", "no"]), Binary, 1),
    "three classes": (np.array([7, 3, 5]), Multiclass, 3),
    "a column of classes": (np.array([[7], [3], [5]]), Multiclass, 3),
    "indicators": (np.array([[0, 1], [1, 1], [0, 0]]), Multilabel, 2),
    "sparse indicators": (csr_matrix([[0, 1], [1, 1], [0, 0]]), Multilabel, 2),
    "columns of classes": (TWO_COLUMNS, ClassColumns, 5),
    "columns of numbers": (np.array([[1, 2], [2, 1], [3, 1]]), ClassColumns, 5),
}


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
@pytest.mark.parametrize("name", LABELS)
def test_the_form_of_labels_decides(name):
    y, kind, n_outputs = LABELS[name]
    task, checked = task_of_labels(OWNER, y, 3)
    assert type(task) is kind
    assert task.n_outputs == n_outputs
    assert task.encode(OWNER, checked, np.float64).shape == (3, n_outputs)


def test_probabilities_are_of_as_many_classes_as_columns():
    for n_classes, kind in ((2, SoftBinary), (3, SoftMulticlass)):
        task, _ = task_of_shares(OWNER, np.full((5, n_classes), 1 / n_classes), 5, None)
        assert type(task) is kind
        np.testing.assert_array_equal(task.classes, np.arange(n_classes))


def test_named_classes_count_whether_y_has_them_or_not():
    y = np.array([3, 5, 3])
    assert type(task_of_named(OWNER, y, 3, [5, 3])[0]) is Binary
    task, _ = task_of_named(OWNER, y, 3, [5, 3, 9])
    assert type(task) is Multiclass
    np.testing.assert_array_equal(task.classes, [3, 5, 9])
    columns, _ = task_of_named(OWNER, TWO_COLUMNS, 3, [list("abcd"), list("xy")])
    assert columns.sizes == [4, 2]


NOT_NAMED = {
    "none": (np.array([0, 1, 0]), None, "must be passed on the first call"),
    "too few": (np.array([0, 1, 2]), [0, 1], "`y` has classes not in"),
    "of one column": (TWO_COLUMNS, ["a", "b", "c"], "for 2 columns"),
    "of three labels": (np.array([[0, 1], [1, 1], [0, 0]]), [0, 1, 2], "y has 2 label"),
}


@pytest.mark.parametrize("name", NOT_NAMED)
def test_classes_that_do_not_name_those_of_y_are_refused(name):
    y, classes, complaint = NOT_NAMED[name]
    with pytest.raises(ValueError, match=complaint) as error:
        task_of_named(OWNER, y, 3, classes)
    assert f"{OWNER}: " in str(error.value)


# classes, outputs of the network and their inverse link as they are set by hand
BY_HAND = {
    "no classes": (None, 1, None, Numbers),
    "one output": (["no", "yes"], 1, None, Binary),
    "a softmax": ([0, 1, 2], 3, "softmax", Multiclass),
    "an output for each of several labels": ([0, 1, 2], 3, "logistic", Multilabel),
    "lists of classes": ([[0, 1], [0, 1, 2]], 5, "softmax", ClassColumns),
}


def test_attributes_set_by_hand_tell_the_task():
    for name, (classes, n_outputs, link, kind) in BY_HAND.items():
        fitted = {"coefs_": [np.zeros((4, n_outputs))], "out_activation_": link}
        fitted |= {} if classes is None else {"classes_": classes}
        assert type(fitted_task(OWNER, fitted)) is kind, name
