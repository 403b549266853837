"""Which task a target is: of y, of named classes, or of classes set by hand."""

import numpy as np
from sklearn.utils.multiclass import unique_labels

from skmlp.errors import error_context
from skmlp.estimators.targets.class_columns import ClassColumns
from skmlp.estimators.targets.classes import (
    ClassTask,
    Multilabel,
    refuse_unknown,
    single_label,
    task_of_indicators,
)
from skmlp.estimators.targets.labels import (
    CLASSES,
    check_labels,
    distinct_labels,
    has_columns,
    is_list_of_arrays,
    is_multilabel,
)
from skmlp.estimators.targets.numbers import Numbers
from skmlp.estimators.targets.soft_labels import (
    check_classes,
    check_shares,
    soft_labels,
)


def task_of_labels(owner, y, n_samples):
    """The task of class labels, and y as an array."""
    y = check_labels(owner, y, n_samples)
    if has_columns(y):
        return ClassColumns([np.unique(column) for column in y.T]), y
    if is_multilabel(y):
        return task_of_indicators(owner, y, None), y
    return single_label(unique_labels(y)), y


def task_of_named(owner, y, n_samples, classes):
    """The same for a first partial_fit, which names all classes in advance."""
    y = check_labels(owner, y, n_samples)
    if has_columns(y) or (y.ndim == 2 and is_list_of_arrays(classes)):
        task = _named_columns(owner, y, classes)
        return task, task.check(owner, y, n_samples)
    if classes is None:
        raise ValueError(
            "classes must be passed on the first call to partial_fit.\n"
            f"{owner}: classes must be {CLASSES}, got None."
        )
    if is_multilabel(y):
        return task_of_indicators(owner, y, classes), y
    task = single_label(distinct_labels(owner, classes))
    refuse_unknown(owner, unique_labels(y), task.classes)
    return task, y


def _named_columns(owner, y, classes) -> ClassColumns:
    if not is_list_of_arrays(classes):
        raise ValueError(
            f"{owner}: classes must be {CLASSES} on the first call to partial_fit, got "
            f"{classes!r} for {y.shape[1]} columns."
        )
    return ClassColumns([distinct_labels(owner, labels) for labels in classes])


def task_of_shares(owner, y, n_samples, classes):
    """The task of probabilities of classes, and y as an array."""
    y = check_shares(owner, y, n_samples)
    check_classes(owner, y.shape[1], classes)
    return soft_labels(y.shape[1]), y


def choose_task(settings, component, y, n_samples, request, before):
    """The task of a fit, and y as an array.

    component : the loss that was asked for.
    before : fitted attributes of the model that goes on; empty for a new one.
    """
    owner = settings.owner
    if settings.is_regression:
        task = Numbers()
        return task, task.check(owner, y, n_samples)
    if "classes_" in before:
        task = fitted_task(owner, before)
        task.same_classes(owner, request.classes)
        every = not request.incremental
        return task, task.check(owner, y, n_samples, all_classes=every)
    if component.soft_targets:
        return task_of_shares(owner, y, n_samples, request.classes)
    if request.incremental or request.classes is not None:
        return task_of_named(owner, y, n_samples, request.classes)
    return task_of_labels(owner, y, n_samples)


def fitted_task(owner, fitted):
    """The task of the last fit, or of attributes that were set by hand.

    fitted : attributes by name, such as ``vars(estimator)``.
    """
    state = fitted.get("_state")
    if state is not None:
        return state.task
    if "classes_" not in fitted:
        return Numbers(fitted.get("output_range_"))
    n_outputs = np.shape(fitted["coefs_"][-1])[1]
    return _task_by_hand(
        owner, fitted["classes_"], n_outputs, fitted.get("out_activation_")
    )


def _task_by_hand(owner, classes, n_outputs, out_activation) -> ClassTask:
    """The task of ``classes_`` that were set by hand, beside the network's outputs."""
    if is_list_of_arrays(classes):
        return ClassColumns([np.asarray(labels) for labels in classes])
    with error_context(owner, "classes_", CLASSES, classes):
        classes = np.asarray(classes)
        if out_activation == "logistic" and n_outputs == len(classes) > 1:
            return Multilabel(np.arange(n_outputs))
        distinct_labels(owner, classes)
        return single_label(classes)
