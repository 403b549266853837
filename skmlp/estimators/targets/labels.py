"""Labels as an array: of one type, of known classes."""

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array
from sklearn.utils.multiclass import (
    check_classification_targets,
    type_of_target,
    unique_labels,
)

from skmlp.errors import error_context, refuse_unsupported
from skmlp.estimators.validation.arrays import check_values, check_y
from skmlp.estimators.validation.target_values import plain_values

LABELS = (
    "labels of one type, of shape (n_samples,) or (n_samples, n_columns), or a 0/1 "
    "indicator matrix of shape (n_samples, n_labels)"
)
CLASSES = (
    "all labels that y will ever hold, as an array of shape (n_classes,), or for "
    "several columns of classes a list of such arrays"
)
KINDS = ("binary", "multiclass", "multilabel-indicator", "multiclass-multioutput")


def check_labels(owner, y, n_samples):
    """y as an array of class labels, or of several columns, or an indicator matrix."""
    y = check_y(owner, y, n_samples, expected=LABELS, numeric=False)
    with error_context(owner, "y", LABELS, y):
        _check_kind(y)
    return y


def labels_to_score(owner, y):
    """y as an array of labels, which may be others than the model's."""
    return check_values(owner, y, expected=LABELS, numeric=False)


def _check_kind(y) -> None:
    kind = type_of_target(y)
    if kind == "multiclass-multioutput" and issparse(y):
        raise ValueError("Several columns of classes must be a dense array.")
    if kind not in KINDS:
        check_classification_targets(y)  # for its message


def distinct_labels(owner, classes):
    """The sorted distinct labels of `classes`."""
    with error_context(owner, "classes", CLASSES, classes):
        refuse_unsupported(classes)
        classes = plain_values(owner, "classes", classes, numeric=False)
        return unique_labels(check_array(classes, ensure_2d=False, dtype=None))


def has_columns(y) -> bool:
    """Whether y holds several columns of classes."""
    return y.ndim == 2 and type_of_target(y) == "multiclass-multioutput"


def is_multilabel(y) -> bool:
    return type_of_target(y).startswith("multilabel")


def is_list_of_arrays(classes) -> bool:
    is_list = isinstance(classes, (list, tuple)) and len(classes) > 0
    return is_list and all(map(np.ndim, classes))
