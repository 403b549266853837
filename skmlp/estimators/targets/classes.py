"""Classes as targets: two, several, or several labels a row."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import unique_labels

from skmlp.errors import Text, error_context, invalid
from skmlp.estimators.targets.labels import (
    CLASSES,
    check_labels,
    distinct_labels,
    has_columns,
    is_multilabel,
    labels_to_score,
)
from skmlp.estimators.targets.probabilities import (
    floored_probabilities,
    log_odds,
    mean_logistic,
    mean_softmax,
)
from skmlp.estimators.targets.task import Task
from skmlp.losses import BinomialLogLoss, LogLoss, Loss, MultinomialLogLoss


class ClassTask(Task):
    """Base of the tasks whose targets are classes.

    classes : the labels, in the order of the outputs; a list of them for several
        columns of classes.
    """

    classes: Any

    @property
    def attributes(self):
        return {"classes_": self.classes}

    @property
    @abstractmethod
    def n_outputs(self) -> int:
        """Outputs of the network."""

    def same_classes(self, owner, classes) -> None:
        """A later partial_fit may repeat `classes`, but not change them."""
        if classes is not None and not self._has(owner, classes):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to "
                f"partial_fit, was: {self.classes!r}\n{owner}: classes must be as on "
                f"the first call or None, got {classes!r}."
            )

    def _has(self, owner, classes) -> bool:
        return np.array_equal(self.classes, distinct_labels(owner, classes))

    def check_extensible(self, owner) -> None:
        """Raise a ValueError where classes can't come later."""
        expected = "be False unless y has one column of labels"
        raise invalid(owner, "extend_classes", expected, True)

    def check_n_outputs(self, owner, n_outputs) -> None:
        """The network's outputs must be those of the classes, if set by hand."""
        if n_outputs != self.n_outputs:
            raise invalid(
                owner,
                "coefs_[-1]",
                f"have {self.n_outputs} outputs for the {self.n_classes} classes in "
                "classes_",
                n_outputs,
            )

    @property
    def n_classes(self) -> int:
        return len(self.classes)

    def calibrating_loss(self, n_rows) -> Loss:
        """The log loss of raw outputs, smoothed by one uniform pseudo-row.

        Without it the optimal temperature is 0 if all rows are correct.
        """
        return self.loss(LogLoss(label_smoothing=1.0 / (n_rows + 1)))

    def as_raw(self, Y):
        return 2.0 * Y - 1.0

    @abstractmethod
    def decision(self, raw):
        """The result of ``decision_function`` from raw outputs."""

    @abstractmethod
    def weighable(self):
        """For each column of classes: labels, and a function from Y to its codes."""

    def accuracy(self, owner, y, predicted, weight):
        """Accuracy: fraction of rows with all labels correct."""
        y = labels_to_score(owner, y)
        return accuracy_score(y, predicted, sample_weight=weight)


@dataclass(frozen=True, eq=False)
class SingleLabel(ClassTask):
    """Base of the tasks with one class a row."""

    classes: Any

    def check(self, owner, y, n_samples, *, all_classes=False):
        y = check_labels(owner, y, n_samples)
        if is_multilabel(y) or has_columns(y):
            raise _other_kind(owner, "labels of shape (n_samples,)", y)
        self._check_known(owner, y, all_classes)
        return y

    def _check_known(self, owner, y, all_classes) -> None:
        """The classes in y must be known; under warm_start they must be the same."""
        known, found = self.classes, unique_labels(y)
        if all_classes and set(found) != set(known):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the "
                f"previous call to fit. Previously got {known}, `y` has {found}\n"
                f"{owner}: y must hold exactly these classes, or warm_start must be "
                "False; partial_fit takes new ones with extend_classes=True."
            )
        refuse_unknown(owner, found, known)

    def _codes(self, y):
        """The number of each row's class."""
        order = np.argsort(self.classes)
        if (np.diff(order) == 1).all():
            return np.searchsorted(self.classes, y)
        # classes set by hand may be unsorted
        return order[np.searchsorted(self.classes, y, sorter=order)]

    def score(self, loss, Y, raw, weight):
        codes = self.codes_of(Y), self.codes_of(raw, 0.0)
        return accuracy_score(*codes, sample_weight=weight)

    def decode(self, raw):
        return self.classes[self.codes_of(raw, 0.0)]

    def check_extensible(self, owner) -> None:
        pass

    def extended(self, classes):
        """The task of more classes."""
        return single_label(classes)

    def neutral_targets(self, loss, n_outputs):
        in_order = len(self.classes) > 1 and (self.classes[:-1] < self.classes[1:])
        return self.classes if np.all(in_order) else None

    def fold_strata(self, Y):
        return self.codes_of(Y)

    def labels_of(self, Y, n_rows):
        counts = np.bincount(self.codes_of(Y), minlength=len(self.classes))
        labels = np.asarray(self.classes).tolist()
        return [labels[i] for i in np.flatnonzero(counts == n_rows)]

    def lacks(self, Y):
        missing = self.labels_of(Y, 0)
        return f"no row of class {', '.join(map(repr, missing))}" if missing else ""

    def weighable(self):
        return [(self.classes, self.codes_of)]


@dataclass(frozen=True, eq=False)
class Binary(SingleLabel):
    """One class out of two, or a single one: one output, the log-odds of the second."""

    n_outputs: ClassVar[int] = 1

    def encode(self, owner, y, dtype):
        return self._codes(y).astype(dtype)[:, np.newaxis]

    def softmax_units(self, array):
        """Weights, biases or raw outputs (..., 1) as those of a unit for each class."""
        units = np.concatenate([np.zeros_like(array), array], axis=-1)
        return units[..., : len(self.classes)]

    def codes_of(self, values, threshold=0.5):
        """The number of each row's class, of Y or of raw outputs."""
        above = (values[:, 0] > threshold).astype(np.intp)
        return np.minimum(above, len(self.classes) - 1, out=above)

    def loss(self, component):
        return component.binomial()

    def strata(self, Y):
        return Y[:, 0] > 0.5

    def mean_output(self, outputs, weights=None):
        return mean_logistic(BinomialLogLoss(), outputs, weights)

    def predicted(self, output):
        if len(self.classes) == 1:
            return np.ones_like(output)
        return floored_probabilities(BinomialLogLoss(), _both(output))

    def decision(self, raw):
        return raw.ravel()

    def select(self, owner, label):
        """The raw output of a label, and the sign of its log-odds."""
        number = number_of(owner, self.classes, label, _one_of(self.classes), label)
        return 0, -1.0 if len(self.classes) == 2 and number == 0 else 1.0


@dataclass(frozen=True, eq=False)
class Multiclass(SingleLabel):
    """One class out of three or more: an output for each."""

    @property
    def n_outputs(self):
        return len(self.classes)

    def encode(self, owner, y, dtype):
        Y = np.zeros((len(y), len(self.classes)), dtype, order="F")
        Y[np.arange(len(y)), self._codes(y)] = 1
        return Y

    def softmax_units(self, array):
        return array

    def codes_of(self, values, threshold=None):
        """The number of each row's class, of Y or of raw outputs."""
        return values.argmax(axis=1)

    def loss(self, component):
        return component.multinomial()

    def mean_output(self, outputs, weights=None):
        return mean_softmax(MultinomialLogLoss(), outputs, weights)

    def predicted(self, output):
        return floored_probabilities(MultinomialLogLoss(), output)

    def decision(self, raw):
        return raw

    def select(self, owner, label):
        """The raw output of a label, and its sign."""
        number = number_of(owner, self.classes, label, _one_of(self.classes), label)
        return number, 1.0


@dataclass(frozen=True, eq=False)
class Multilabel(ClassTask):
    """Several labels a row: an output for each.

    sparse : whether y came as a sparse matrix, as which predictions then go back.
    """

    classes: Any
    sparse: bool = False

    @property
    def n_outputs(self):
        return len(self.classes)

    def check(self, owner, y, n_samples, *, all_classes=False):
        y = check_labels(owner, y, n_samples)
        n_labels = len(self.classes)
        if has_columns(y) or not is_multilabel(y) or y.shape[1] != n_labels:
            raise _other_kind(owner, f"an indicator matrix of {n_labels} labels", y)
        return y

    def encode(self, owner, y, dtype):
        return np.asfortranarray(y.toarray() if issparse(y) else y, dtype=dtype)

    def decode(self, raw):
        y = (raw > 0).astype(int)
        return csr_matrix(y) if self.sparse else y

    def neutral_targets(self, loss, n_outputs):
        if n_outputs == 1:  # which are two classes to scikit-learn
            return None
        return self.decode(np.repeat([[-1.0], [1.0]], n_outputs, axis=1))

    def loss(self, component):
        return component.binomial()

    def strata(self, Y):
        return Y[:, 0] > 0.5 if Y.shape[1] == 1 else None

    def mean_output(self, outputs, weights=None):
        return mean_logistic(BinomialLogLoss(), outputs, weights)

    def predicted(self, output):
        return floored_probabilities(BinomialLogLoss(), output)

    def decision(self, raw):
        return log_odds(self.predicted(raw))

    def score(self, loss, Y, raw, weight):
        right = (Y > 0.5).astype(int), (raw > 0).astype(int)
        return accuracy_score(*right, sample_weight=weight)

    def lacks(self, Y):
        constant = np.flatnonzero((Y > 0.5).min(axis=0) == (Y > 0.5).max(axis=0))
        if not len(constant):
            return ""
        value = int(Y[0, constant[0]] > 0.5)
        return f"only {value}s of label {constant[0]} (that column of y)"

    def weighable(self):
        numbers = range(len(self.classes))
        return [([0, 1], partial(_rounded, column=column)) for column in numbers]

    def select(self, owner, label):
        """The raw output of a label, and its sign."""
        number = number_of(owner, self.classes, label, _one_of(self.classes), label)
        return number, 1.0


def _both(raw):
    """Log-odds of both classes from those of the second."""
    return np.hstack([-raw, raw])


def _rounded(Y, *, column):
    return (Y[:, column] > 0.5).astype(np.intp)


def _one_of(classes) -> str:
    return f"None or one of {np.asarray(classes).tolist()}"


def number_of(owner, classes, label, expected, output) -> int:
    """Index of a label among the classes; `output` is the user's argument."""
    labels = np.asarray(classes).tolist()
    if np.ndim(label) > 0 or label not in labels:
        raise invalid(owner, "output", f"be {expected}", output)
    return labels.index(label)


def refuse_unknown(owner, found, known) -> None:
    """y must hold only known classes."""
    if not set(found) <= set(known):
        raise ValueError(
            f"`y` has classes not in `self.classes_`. `self.classes_` has {known}. "
            f"'y' has {found}.\n"
            f"{owner}: y must hold only the classes of the first call; partial_fit "
            "takes others with extend_classes=True."
        )


def _other_kind(owner, before, y) -> ValueError:
    expected = f"be {before}, as in the previous fit"
    return invalid(owner, "y", expected, Text(f"an array of shape {y.shape}"))


def single_label(classes) -> SingleLabel:
    """The task of these classes, one a row."""
    return Multiclass(classes) if len(classes) > 2 else Binary(classes)


def task_of_indicators(owner, y, classes) -> Multilabel:
    """The task of an indicator matrix; `classes`, if given, names its columns."""
    numbers = np.arange(y.shape[1])
    if classes is not None:
        with error_context(owner, "classes", CLASSES, classes):
            if len(distinct_labels(owner, classes)) != y.shape[1]:
                raise ValueError(f"y has {y.shape[1]} labels.")
    return Multilabel(numbers, sparse=issparse(y))
