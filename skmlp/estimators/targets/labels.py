"""Labels as an array: of one type, of known classes."""

from numbers import Number

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array
from sklearn.utils.multiclass import (
    check_classification_targets,
    type_of_target,
    unique_labels,
)

from skmlp.errors import error_context, refuse_unsupported
from skmlp.estimators.validation.arrays import check_y

LABELS = (
    "labels of one type, of shape (n_samples,) or (n_samples, n_columns), or a 0/1 "
    "indicator matrix of shape (n_samples, n_labels)"
)
CLASSES = (
    "all labels that y can hold, as an array of shape (n_classes,), or for several "
    "columns of classes a list of such arrays"
)
KINDS = ("binary", "multiclass", "multilabel-indicator", "multiclass-multioutput")
# Of Python's types, by the kind of a NumPy dtype.
PLAIN_NAMES = {
    **{"b": "bool", "i": "int", "u": "int", "f": "float"},
    **{"c": "complex", "U": "str", "S": "bytes"},
}


def check_labels(owner, y, n_samples):
    """y as an array of class labels, or of several columns, or an indicator matrix."""
    with error_context(owner, "y", LABELS, y):
        _check_types_in_list(owner, "y", y)
    y = check_y(owner, y, n_samples, expected=LABELS, numeric=False)
    with error_context(owner, "y", LABELS, y):
        _check_types_in_array(owner, "y", y)
        _check_kind(y)
    return y


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
        _check_types_in_list(owner, "classes", classes)
        classes = check_array(classes, ensure_2d=False, dtype=None)
        _check_types_in_array(owner, "classes", classes)
        return unique_labels(classes)


def has_columns(y) -> bool:
    """Whether y holds several columns of classes."""
    return y.ndim == 2 and type_of_target(y) == "multiclass-multioutput"


def is_multilabel(y) -> bool:
    return type_of_target(y).startswith("multilabel")


def is_list_of_arrays(classes) -> bool:
    is_list = isinstance(classes, (list, tuple)) and len(classes) > 0
    return is_list and all(map(np.ndim, classes))


# Labels of one type


def _check_types_in_list(owner, name, labels) -> None:
    """NumPy would make strings of the numbers in a list that holds both."""
    if isinstance(labels, (list, tuple)):
        types = {type(label) for row in labels for label in _labels_in(row)}
        _check_types(owner, name, types)


def _labels_in(row):
    if isinstance(row, np.ndarray):
        return row.flat
    return row if isinstance(row, (list, tuple)) else [row]


def _check_types_in_array(owner, name, labels) -> None:
    if labels.dtype.kind in "OS":  # objects and bytes; others are all of one type
        _check_types(owner, name, set(map(type, labels.flat)))


def _check_types(owner, name, types) -> None:
    """Refuse labels of several types, and bytes."""
    kinds = set(map(_kind, types))
    if len(kinds) > 1:
        *others, last = sorted(set(map(_plain_name, types)), key=str.lower)
        raise TypeError(
            f"{owner}: {name} mixes labels of several types "
            f"({', '.join(others)} and {last})."
        )
    if kinds == {bytes}:
        raise TypeError(
            f"{owner}: {name} holds bytes; decode them to strings, for example by "
            "label.decode()."
        )


def _kind(label_type) -> type:
    """Of labels that may stand together: numbers may be of several types."""
    if issubclass(label_type, (Number, np.bool_)):
        return Number
    return next((k for k in (str, bytes) if issubclass(label_type, k)), label_type)


def _plain_name(label_type) -> str:
    """The type's name in Python, also where NumPy has a type of its own."""
    if not issubclass(label_type, np.generic):
        return label_type.__name__
    return PLAIN_NAMES.get(np.dtype(label_type).kind, label_type.__name__)
