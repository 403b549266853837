"""Probabilities of classes as targets."""

import numpy as np

from skmlp.errors import error_context, invalid
from skmlp.estimators.targets.classes import Binary, ClassTask, Multiclass
from skmlp.estimators.validation.arrays import check_y

SHARES = (
    "probabilities of shape (n_samples, n_classes), n_classes >= 2, rows summing to 1, "
    "with loss=LogLoss(soft_targets=True)"
)


class SoftLabels(ClassTask):
    """Base: y is (n_samples, n_classes), and the classes are 0, 1, ..."""

    def check(self, owner, y, n_samples, *, all_classes=False):
        y = check_shares(owner, y, n_samples)
        if y.shape[1] != len(self.classes):
            expected = f"have the classes {self.classes} of the fit before"
            raise invalid(
                owner, "y", expected, f"probabilities of {y.shape[1]} classes"
            )
        return y

    def encode(self, owner, y, dtype):
        return np.asfortranarray(y[:, 1:] if y.shape[1] == 2 else y, dtype=dtype)

    def same_classes(self, owner, classes):
        check_classes(owner, len(self.classes), classes)

    def check_extensible(self, owner) -> None:
        ClassTask.check_extensible(self, owner)

    def weighable(self):
        """Rows of probabilities have no one class."""
        return None

    def accuracy(self, owner, y, predicted, weight):
        if np.ndim(y) == 2:
            y = self.classes[np.argmax(y, axis=1)]
        return super().accuracy(owner, y, predicted, weight)


class SoftBinary(SoftLabels, Binary):
    """Probabilities of two classes; Y has those of the second."""


class SoftMulticlass(SoftLabels, Multiclass):
    """Probabilities of three classes or more."""


def check_shares(owner, y, n_samples):
    """Probabilities of two classes or more."""
    with error_context(owner, "y", SHARES, y):
        if np.ndim(y) == 2 and np.shape(y)[1] == 1:
            raise ValueError("y has probabilities of one class.")
    y = check_y(owner, y, n_samples, expected=SHARES, numeric=True)
    with error_context(owner, "y", SHARES, y):
        if y.ndim != 2:
            raise ValueError("y is not a matrix.")
        if y.min() < 0 or not np.allclose(y.sum(axis=1), 1.0, rtol=0, atol=1e-6):
            raise ValueError("A row of y is not a distribution.")
    return y


def check_classes(owner, n_classes, classes) -> None:
    """`classes` of partial_fit may only say what the columns of y are."""
    if classes is not None and not np.array_equal(classes, np.arange(n_classes)):
        raise ValueError(
            f"{owner}: classes must be None or {list(range(n_classes))} for "
            f"probabilities of {n_classes} classes, got {classes!r}."
        )


def soft_labels(n_classes) -> SoftLabels:
    classes = np.arange(n_classes)
    return SoftMulticlass(classes) if n_classes > 2 else SoftBinary(classes)
