"""Class weights: how much the rows of each class count."""

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from skmlp.constraints import real
from skmlp.errors import short_repr

CLASS_WEIGHT = (
    "None, 'balanced', a dict from class labels to numbers >= 0, or for several labels "
    "or columns of classes a list of one dict for each"
)
ACCEPTS_WEIGHT, _ = real(0)


def class_weight_function(settings, task, data):
    """A function from Y (n, n_outputs) to the class weights (n,) of its rows.

    Weights of several columns of classes are multiplied. "balanced" looks at the
    training rows of the data alone.
    """
    columns = task.weighable()
    if columns is None:
        raise settings.invalid(
            "class_weight",
            "be None with soft_targets=True, where rows have no single class",
        )
    by_column = []
    given = _by_column(settings, len(columns))
    for (labels, codes_of), one in zip(columns, given, strict=True):
        if isinstance(one, dict):
            by_class = _from_dict(settings, one, labels)
        else:
            by_class = _balanced(codes_of(data.Y), data, len(labels))
        by_column.append((codes_of, by_class))

    def factors(Y):
        return np.prod([w[codes_of(Y)] for codes_of, w in by_column], axis=0)

    return factors


def check_usable(settings, weight, what) -> None:
    """Refuse weights whose sum cannot be divided by."""
    with np.errstate(over="ignore"):
        total = weight.sum()
    if not np.finfo(np.float64).tiny * len(weight) <= total < np.inf:
        raise ValueError(
            f"{settings.owner}: class_weight must give the {len(weight)} {what} rows, "
            "times sample_weight, a finite total weight that is not nearly 0, got "
            f"{short_repr(settings.class_weight)}, which gives {total:g}."
        )


def _by_column(settings, n_columns):
    given = settings.class_weight
    several = isinstance(given, (list, tuple))
    each = list(given) if several else [given] * n_columns
    fits = several == (n_columns > 1) or _is_balanced(given)
    known = all(_is_balanced(one) or isinstance(one, dict) for one in each)
    if not fits or not known or len(each) != n_columns:
        raise ValueError(
            f"{settings.owner}: class_weight must be {CLASS_WEIGHT}, got "
            f"{short_repr(given)} for {n_columns} column(s)."
        )
    return each


def _is_balanced(one) -> bool:
    # isinstance first: comparing an array with a string is not a bool
    return isinstance(one, str) and one == "balanced"


def _from_dict(settings, by_label, labels):
    """The weight of each class, 1 where the dict does not name it.

    A dict that names all classes may name more, which a fold may lack.
    """
    labels = np.asarray(labels).tolist()
    unknown = by_label.keys() - set(labels)
    wrong = [value for value in by_label.values() if not ACCEPTS_WEIGHT(value)]
    if wrong or (unknown and not set(labels) <= by_label.keys()):
        raise ValueError(
            f"{settings.owner}: class_weight must be {CLASS_WEIGHT}, got "
            f"{short_repr(by_label)} for the labels {short_repr(labels)}."
        )
    return np.array([float(by_label.get(label, 1.0)) for label in labels])


def _balanced(codes, data, n_classes):
    """n / (n_classes n_class), counted in weights; 1 for a class without any."""
    rows = slice(None) if data.rows is None else data.rows
    codes, weight = codes[rows], None if data.weight is None else data.weight[rows]
    if weight is not None:
        codes, weight = codes[weight > 0], weight[weight > 0]
    present = np.unique(codes)
    by_class = np.ones(n_classes)
    by_class[present] = compute_class_weight(
        "balanced", classes=present, y=codes, sample_weight=weight
    )
    return by_class
