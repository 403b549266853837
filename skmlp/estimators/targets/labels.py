"""Targets: labels or numbers y <-> Y of shape (n_samples, n_outputs)."""

from functools import partial
from numbers import Number

import numpy as np
from scipy.sparse import issparse
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_array
from sklearn.utils.multiclass import (
    check_classification_targets,
    type_of_target,
    unique_labels,
)

from skmlp.estimators.targets.class_columns import ClassColumns
from skmlp.estimators.validation.parameters import (
    check_y,
    naming,
    owner,
    refuse_unsupported,
)

LABELS = (
    "labels of one type, of shape (n_samples,) or (n_samples, n_columns), or a 0/1 "
    "indicator matrix of shape (n_samples, n_labels)"
)
SHARES = (
    "probabilities of shape (n_samples, n_classes), n_classes >= 2, rows summing to 1, "
    "with loss=LogLoss(soft_targets=True)"
)
NUMBERS = "finite numbers of shape (n_samples,) or (n_samples, n_outputs)"
CLASSES = (
    "all labels that y will ever hold, as an array of shape (n_classes,), or for "
    "several columns of classes a list of such arrays"
)
KINDS = ("binary", "multiclass", "multilabel-indicator", "multiclass-multioutput")
# Of Python's types, by the kind of a NumPy dtype.
PLAIN_NAMES = {
    **{"b": "bool", "i": "int", "u": "int", "f": "float"},
    **{"c": "complex", "U": "str", "S": "bytes"},
}


# Classes


def check_labels(estimator, y, n_samples):
    """y as an array of class labels, or of several columns, or an indicator matrix."""
    with naming(estimator, "y", LABELS, y):
        _check_types_in_list(estimator, "y", y)
    y = check_y(estimator, y, n_samples, expected=LABELS, numeric=False)
    with naming(estimator, "y", LABELS, y):
        _check_types_in_array(estimator, "y", y)
        _check_labels(y)
    return y


def _check_labels(y) -> None:
    kind = type_of_target(y)
    if kind == "multiclass-multioutput" and issparse(y):
        raise ValueError("Several columns of classes must be a dense array.")
    if kind not in KINDS:
        check_classification_targets(y)  # for its message


def _check_types_in_list(estimator, name, labels) -> None:
    """NumPy would make strings of the numbers in a list that holds both."""
    if isinstance(labels, (list, tuple)):
        types = {type(label) for row in labels for label in _labels_in(row)}
        _check_types(estimator, name, types)


def _labels_in(row):
    if isinstance(row, np.ndarray):
        return row.flat
    return row if isinstance(row, (list, tuple)) else [row]


def _check_types_in_array(estimator, name, labels) -> None:
    if labels.dtype.kind in "OS":  # objects and bytes; others are all of one type
        _check_types(estimator, name, set(map(type, labels.flat)))


def _check_types(estimator, name, types) -> None:
    """Refuse labels of several types, and bytes."""
    kinds = set(map(_kind, types))
    if len(kinds) > 1:
        *others, last = sorted(set(map(_plain_name, types)), key=str.lower)
        raise TypeError(
            f"{owner(estimator)}: {name} mixes labels of several types "
            f"({', '.join(others)} and {last})."
        )
    if kinds == {bytes}:
        raise TypeError(
            f"{owner(estimator)}: {name} holds bytes; decode them to strings, for "
            "example by label.decode()."
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


def check_shares(estimator, y, n_samples, dtype):
    """Probabilities of classes as Y; of two classes, those of the second alone."""
    with naming(estimator, "y", SHARES, y):
        if np.ndim(y) == 2 and np.shape(y)[1] == 1:
            raise ValueError("y has probabilities of one class.")
    y = check_y(estimator, y, n_samples, expected=SHARES, numeric=True)
    with naming(estimator, "y", SHARES, y):
        if y.ndim != 2:
            raise ValueError("y is not a matrix.")
        if y.min() < 0 or not np.allclose(y.sum(axis=1), 1.0, rtol=0, atol=1e-6):
            raise ValueError("A row of y is not a distribution.")
    return np.asfortranarray(y[:, 1:] if y.shape[1] == 2 else y, dtype=dtype)


def encoder_of_shares(estimator, Y, call) -> LabelBinarizer:
    """The encoder of the classes 0, 1, ..., one a column of probabilities."""
    n_classes = max(2, Y.shape[1])
    if call.classes is not None and not np.array_equal(
        call.classes, np.arange(n_classes)
    ):
        raise ValueError(
            f"{owner(estimator)}: classes must be None or {list(range(n_classes))} for "
            f"probabilities of {n_classes} classes, got {call.classes!r}."
        )
    goes_on = call.continued or call.incremental
    if goes_on and hasattr(estimator, "classes_"):
        if not np.array_equal(estimator.classes_, np.arange(n_classes)):
            raise ValueError(
                f"{owner(estimator)}: y must have the classes {estimator.classes_} of "
                f"the fit before, got probabilities of {n_classes} classes."
            )
        return encoder_of(estimator)
    return LabelBinarizer().fit(np.arange(n_classes))


def encoder_for(estimator, y, call):
    """The encoder of the labels: new, or the estimator's if y agrees with it."""
    goes_on = call.continued or call.incremental
    if goes_on and hasattr(estimator, "classes_"):
        encoder = encoder_of(estimator)
        if isinstance(encoder, ClassColumns):
            _check_same_columns(estimator, encoder, call.classes)
            encoder.check(estimator, y, all_of_them=not call.incremental)
            return encoder
        _check_same_classes(estimator, call.classes)
        _check_same_kind(estimator, y, encoder)
        _check_known_classes(estimator, y, all_of_them=not call.incremental)
        return encoder
    if not call.incremental:
        return ClassColumns.fit(y) if _has_columns(y) else LabelBinarizer().fit(y)
    if _has_columns(y) or (y.ndim == 2 and _is_list_of_arrays(call.classes)):
        return _encoder_of_columns(estimator, y, call.classes)
    encoder = _encoder_of_classes(estimator, y, call.classes)
    unknown = np.setdiff1d(unique_labels(y), encoder.classes_)
    if len(unknown):
        _refuse_classes(estimator, unique_labels(y), encoder.classes_)
    return encoder


def _check_same_columns(estimator, encoder, classes) -> None:
    """A later partial_fit may repeat the list of classes, but not change it."""
    if classes is None:
        return
    with naming(estimator, "classes", CLASSES, classes):
        distinct = [_distinct(estimator, labels) for labels in classes]
    known = encoder.classes_
    if len(distinct) != len(known) or not all(map(np.array_equal, distinct, known)):
        raise ValueError(
            f"{owner(estimator)}: classes must be as on the first call or None, got "
            f"{classes!r} after {known!r}."
        )


def _has_columns(y) -> bool:
    return y.ndim == 2 and type_of_target(y) == "multiclass-multioutput"


def _is_list_of_arrays(classes) -> bool:
    is_list = isinstance(classes, (list, tuple)) and len(classes) > 0
    return is_list and all(map(np.ndim, classes))


def _encoder_of_columns(estimator, y, classes) -> ClassColumns:
    """The encoder of all classes of several columns, named in advance."""
    if not _is_list_of_arrays(classes):
        raise ValueError(
            f"{owner(estimator)}: classes must be {CLASSES} on the first call to "
            f"partial_fit, got {classes!r} for {y.shape[1]} columns."
        )
    with naming(estimator, "classes", CLASSES, classes):
        encoder = ClassColumns([_distinct(estimator, labels) for labels in classes])
    encoder.check(estimator, y, all_of_them=False)
    return encoder


def _encoder_of_classes(estimator, y, classes) -> LabelBinarizer:
    """The encoder of all classes, which a first partial_fit names in advance."""
    if classes is None:
        raise ValueError(
            "classes must be passed on the first call to partial_fit.\n"
            f"{owner(estimator)}: classes must be {CLASSES}, got None."
        )
    with naming(estimator, "classes", CLASSES, classes):
        classes = _distinct(estimator, classes)
        if not _is_multilabel(y):
            return LabelBinarizer().fit(classes)
        if len(classes) != y.shape[1]:
            raise ValueError(f"y has {y.shape[1]} labels.")
        return LabelBinarizer().fit(y)


def _distinct(estimator, classes):
    """The sorted distinct labels of `classes`."""
    refuse_unsupported(classes)
    _check_types_in_list(estimator, "classes", classes)
    classes = check_array(classes, ensure_2d=False, dtype=None)
    _check_types_in_array(estimator, "classes", classes)
    return unique_labels(classes)


def _is_multilabel(y) -> bool:
    return type_of_target(y).startswith("multilabel")


def _check_same_classes(estimator, classes) -> None:
    """A later partial_fit may repeat `classes`, but not change them."""
    known = estimator.classes_
    if classes is None:
        return
    with naming(estimator, "classes", CLASSES, classes):
        distinct = _distinct(estimator, classes)
    if not np.array_equal(known, distinct):
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, "
            f"was: {known!r}\n"
            f"{owner(estimator)}: classes must be as on the first call or None, got "
            f"{classes!r}."
        )


def _check_same_kind(estimator, y, encoder) -> None:
    """Labels stay labels, and an indicator matrix keeps its columns."""
    was_multilabel = encoder.y_type_.startswith("multilabel")
    n_columns = len(encoder.classes_)
    if was_multilabel != _is_multilabel(y) or _has_columns(y):
        before = f"an indicator matrix of {n_columns} labels"
        before = before if was_multilabel else "labels of shape (n_samples,)"
    elif was_multilabel and y.shape[1] != n_columns:
        before = f"an indicator matrix of {n_columns} labels"
    else:
        return
    raise ValueError(
        f"{owner(estimator)}: y must be {before}, as in the fit before, got an array "
        f"of shape {y.shape}."
    )


def _check_known_classes(estimator, y, *, all_of_them) -> None:
    """The classes in y must be known; under warm_start they must be the same."""
    known, classes = estimator.classes_, unique_labels(y)
    if all_of_them and set(classes) != set(known):
        raise ValueError(
            "warm_start can only be used where `y` has the same classes as in the "
            f"previous call to fit. Previously got {known}, `y` has {classes}\n"
            f"{owner(estimator)}: y must hold just these classes, or warm_start must "
            "be False."
        )
    if not set(classes) <= set(known):
        _refuse_classes(estimator, classes, known)


def _refuse_classes(estimator, classes, known):
    raise ValueError(
        f"`y` has classes not in `self.classes_`. `self.classes_` has {known}. "
        f"'y' has {classes}.\n"
        f"{owner(estimator)}: y must hold only classes that the first call named."
    )


def encoder_of(estimator):
    """The fitted encoder, or one made from ``classes_`` that were set by hand."""
    encoder = getattr(estimator, "_label_binarizer", None)
    if encoder is not None:
        return encoder
    if _is_list_of_arrays(estimator.classes_):
        return ClassColumns([np.asarray(labels) for labels in estimator.classes_])
    with naming(estimator, "classes_", CLASSES, estimator.classes_):
        classes = np.asarray(estimator.classes_)
        n_outputs = np.shape(estimator.coefs_[-1])[1]
        logistic = getattr(estimator, "out_activation_", None) == "logistic"
        if logistic and n_outputs == len(classes) > 1:
            return LabelBinarizer().fit(np.eye(n_outputs, dtype=int))
        encoder = LabelBinarizer().fit(classes)
        encoder.classes_ = classes  # in the order of the outputs, sorted or not
        return encoder


def check_n_outputs(estimator, encoder, raw) -> None:
    """The network's outputs must be those of the classes."""
    if isinstance(encoder, ClassColumns):
        n_classes = expected = sum(encoder.sizes)
    else:
        n_classes = len(encoder.classes_)
        single = n_classes <= 2 and not encoder.y_type_.startswith("multilabel")
        expected = 1 if single else n_classes
    if raw.shape[1] != expected:
        raise ValueError(
            f"{owner(estimator)}: coefs_[-1] must have {expected} outputs for the "
            f"{n_classes} classes in classes_, got {raw.shape[1]}."
        )


def encode(encoder, y, dtype):
    """Y of shape (n_samples, n_outputs), 0 and 1 of the dtype, columns contiguous.

    As LabelBinarizer.transform does, but without its matrix of 8-byte integers between.
    """
    if isinstance(encoder, ClassColumns):
        return encoder.encode(y, dtype)
    if encoder.y_type_.startswith("multilabel"):
        return np.asfortranarray(y.toarray() if issparse(y) else y, dtype=dtype)
    order = np.argsort(encoder.classes_)  # classes set by hand may be unsorted
    codes = order[np.searchsorted(encoder.classes_, y, sorter=order)]
    if encoder.y_type_ == "binary":  # one or two classes: one output
        return codes.astype(dtype)[:, np.newaxis]
    Y = np.zeros((len(codes), len(encoder.classes_)), dtype, order="F")
    Y[np.arange(len(codes)), codes] = 1
    return Y


def columns_of_classes(encoder):
    """Of each column of classes its labels, and a function from Y to its codes.

    An indicator matrix has one column a label, with the classes 0 and 1.
    """
    if isinstance(encoder, ClassColumns):
        return encoder.weighable()
    labels = encoder.classes_
    if encoder.y_type_.startswith("multilabel"):
        numbers = range(len(labels))
        return [([0, 1], partial(_rounded, column=column)) for column in numbers]
    if encoder.y_type_ == "binary":
        return [(labels, partial(_rounded, column=0))]
    return [(labels, partial(np.argmax, axis=1))]


def _rounded(Y, *, column):
    return (Y[:, column] > 0.5).astype(np.intp)


def decode(encoder, raw):
    """The labels that raw outputs stand for."""
    if isinstance(encoder, ClassColumns):
        return encoder.decode(raw)
    raw = raw.ravel() if raw.shape[1] == 1 else raw
    # yes where the raw output is above 0, which is where the probability is above 1/2
    return encoder.inverse_transform(raw, threshold=0.0)


# Numbers


def check_numbers(estimator, y, n_samples, dtype):
    """Y of shape (n_samples, n_outputs) for regression, of the given dtype."""
    y = check_y(estimator, y, n_samples, expected=NUMBERS, numeric=True)
    with np.errstate(over="ignore"):
        Y = np.asfortranarray(y.reshape(n_samples, -1), dtype=dtype)
    if not np.isfinite(Y).all():
        raise ValueError(
            f"{owner(estimator)}: y must be {NUMBERS}, within the range of X's dtype "
            f"{np.dtype(dtype)}, got values from {y.min():g} to {y.max():g}."
        )
    return Y


def check_domain(estimator, loss, Y) -> None:
    """Refuse targets for which the loss is not defined."""
    least = Y.min()
    if (loss.domain and least < 0) or (loss.domain == "> 0" and least == 0):
        raise ValueError(
            f"{owner(estimator)}: y must be {loss.domain} with loss="
            f"{estimator.loss!r}, got a smallest value of {least:g}."
        )
