"""Several columns of classes: y (n_samples, n_columns) <-> Y, one-hot by column."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from skmlp.estimators.validation.parameters import owner
from skmlp.losses import Heads


def rows_right(estimator, y, predicted):
    """Which rows of y are predicted right in all columns, (n_samples,)."""
    y = np.asarray(y)
    if y.shape != predicted.shape:
        raise ValueError(
            f"{owner(estimator)}: y must be of shape {predicted.shape}, got {y.shape}."
        )
    return (y == predicted).all(axis=1)


@dataclass
class ClassColumns:
    """The labels of each column of classes, sorted.

    Y and raw outputs have one column for each class of each column of y.
    """

    y_type_: ClassVar[str] = "multiclass-multioutput"

    classes_: list

    @classmethod
    def fit(cls, y):
        return cls([np.unique(column) for column in y.T])

    @property
    def sizes(self):
        return [len(labels) for labels in self.classes_]

    def split(self, outputs):
        """The columns of Y or of raw outputs that belong to each column of y."""
        return np.split(outputs, np.cumsum(self.sizes)[:-1], axis=1)

    def encode(self, y, dtype):
        """Y of shape (n_samples, n_outputs), 0 and 1, columns contiguous."""
        Y = np.zeros((len(y), sum(self.sizes)), dtype, order="F")
        rows, columns = np.arange(len(y)), zip(y.T, self.classes_, strict=True)
        for part, (column, labels) in zip(self.split(Y), columns, strict=True):
            part[rows, np.searchsorted(labels, column)] = 1
        return Y

    def codes(self, outputs):
        """Where the largest output of each column of y is, (n_samples, n_columns)."""
        return np.stack([part.argmax(axis=1) for part in self.split(outputs)], axis=1)

    def decode(self, raw):
        """The labels that raw outputs stand for, (n_samples, n_columns)."""
        codes = self.codes(raw).T
        columns = zip(codes, self.classes_, strict=True)
        return np.stack([labels[column] for column, labels in columns], axis=1)

    def weighable(self):
        """Of each column its labels, and a function from Y to its codes."""
        numbered = enumerate(self.classes_)
        return [(labels, partial(self._codes_of, i)) for i, labels in numbered]

    def _codes_of(self, column, Y):
        return self.codes(Y)[:, column]

    def heads(self, loss):
        """A softmax and its loss for each column."""
        return Heads([loss.multinomial() for _ in self.sizes], self.sizes)

    def check(self, estimator, y, *, all_of_them) -> None:
        """y must have these columns, and only known classes, or all of them."""
        if y.ndim != 2 or y.shape[1] != len(self.classes_):
            raise ValueError(
                f"{owner(estimator)}: y must have {len(self.classes_)} columns of "
                f"classes, as in the fit before, got an array of shape {y.shape}."
            )
        for i, (column, known) in enumerate(zip(y.T, self.classes_, strict=True)):
            found = np.unique(column)
            missing = all_of_them and len(found) < len(known)
            if missing or not np.isin(found, known).all():
                raise ValueError(
                    f"{owner(estimator)}: column {i} of y must hold "
                    f"{'just' if all_of_them else 'only'} the classes {known}, got "
                    f"{found}."
                )
