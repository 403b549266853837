"""Several columns of classes as targets: one softmax a column."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score

from skmlp.constraints import integer
from skmlp.errors import Text, error_context, invalid
from skmlp.estimators.targets.classes import ClassTask, number_of
from skmlp.estimators.targets.labels import (
    CLASSES,
    check_labels,
    distinct_labels,
    labels_to_score,
)
from skmlp.estimators.targets.probabilities import (
    floored_probabilities,
    mean_softmax,
)
from skmlp.losses import Heads, MultinomialLogLoss

LINK = MultinomialLogLoss()


@dataclass(frozen=True, eq=False)
class ClassColumns(ClassTask):
    """y of shape (n_samples, n_columns), each column with its own classes.

    Y and raw outputs have one column for each class of each column of y.
    """

    classes: list[Any]

    @property
    def sizes(self):
        return [len(labels) for labels in self.classes]

    @property
    def n_outputs(self):
        return sum(self.sizes)

    @property
    def n_classes(self):
        return self.n_outputs

    def split(self, outputs):
        """The columns of Y or of raw outputs that belong to each column of y."""
        return np.split(outputs, np.cumsum(self.sizes)[:-1], axis=1)

    by_output = decision = split

    def check(self, owner, y, n_samples, *, all_classes=False):
        y = check_labels(owner, y, n_samples)
        n_columns = len(self.classes)
        if y.ndim != 2 or y.shape[1] != n_columns:
            expected = f"have {n_columns} columns of classes, as in the previous fit"
            raise invalid(owner, "y", expected, Text(f"an array of shape {y.shape}"))
        for i, (column, known) in enumerate(zip(y.T, self.classes, strict=True)):
            found = np.unique(column)
            missing = all_classes and len(found) < len(known)
            if missing or not np.isin(found, known).all():
                which = "all" if all_classes else "only classes among"
                raise invalid(
                    owner,
                    f"column {i} of y",
                    f"hold {which} of {known}, and no others",
                    Text(found),
                )
        return y

    def same_classes(self, owner, classes):
        if classes is not None and not self._has(owner, classes):
            raise invalid(
                owner,
                "classes",
                "be as on the first call or None",
                Text(f"{classes!r} after {self.classes!r}"),
            )

    def _has(self, owner, classes) -> bool:
        with error_context(owner, "classes", CLASSES, classes):
            distinct = [distinct_labels(owner, labels) for labels in classes]
        same_length = len(distinct) == len(self.classes)
        return same_length and all(map(np.array_equal, distinct, self.classes))

    def encode(self, owner, y, dtype):
        Y = np.zeros((len(y), self.n_outputs), dtype, order="F")
        rows, columns = np.arange(len(y)), zip(y.T, self.classes, strict=True)
        for part, (column, labels) in zip(self.split(Y), columns, strict=True):
            part[rows, np.searchsorted(labels, column)] = 1
        return Y

    def codes_of(self, outputs):
        """Index of the largest output for each column of y, (n_samples, n_columns)."""
        return np.stack([part.argmax(axis=1) for part in self.split(outputs)], axis=1)

    def decode(self, raw):
        columns = zip(self.codes_of(raw).T, self.classes, strict=True)
        return np.stack([labels[codes] for codes, labels in columns], axis=1)

    def loss(self, component):
        return Heads([component.multinomial() for _ in self.sizes], self.sizes)

    def mean_output(self, outputs, weights=None):
        stops = np.cumsum(self.sizes)[:-1]
        parts = np.split(outputs, stops, axis=2)
        return np.hstack([mean_softmax(LINK, part, weights) for part in parts])

    def predicted(self, output):
        return [floored_probabilities(LINK, part) for part in self.split(output)]

    def score(self, loss, Y, raw, weight):
        right = (self.codes_of(Y) == self.codes_of(raw)).all(axis=1)
        return _accuracy(right.astype(int), weight)

    def lacks(self, Y):
        for i, part in enumerate(self.split(Y)):
            missing = np.flatnonzero(part.max(axis=0) < 0.5)
            if len(missing):
                label = self.classes[i].tolist()[missing[0]]
                return f"no row of class {label!r} of column {i} of y"
        return ""

    def accuracy(self, owner, y, predicted, weight):
        y = labels_to_score(owner, y)
        if y.shape != predicted.shape:
            raise invalid(owner, "y", f"be of shape {predicted.shape}", Text(y.shape))
        return _accuracy((y == predicted).all(axis=1).astype(float), weight)

    def weighable(self):
        numbered = enumerate(self.classes)
        return [(labels, partial(self._codes_of, i)) for i, labels in numbered]

    def _codes_of(self, column, Y):
        return self.codes_of(Y)[:, column]

    def select(self, owner, output):
        """The raw output of a class of one of the columns, and its sign."""
        expected = "None or a pair (number of the column, label)"
        is_pair = isinstance(output, (tuple, list)) and len(output) == 2
        if not is_pair or not integer(0, len(self.classes) - 1)[0](output[0]):
            raise invalid(owner, "output", f"be {expected}", output)
        column, label = output
        classes = self.classes[column]
        expected += f", for column {column} one of {classes.tolist()}"
        number = number_of(owner, classes, label, expected, output)
        return sum(self.sizes[:column]) + number, 1.0


def _accuracy(right, weight):
    """Fraction of correct rows, as in scikit-learn."""
    return accuracy_score(np.ones_like(right), right, sample_weight=weight)
