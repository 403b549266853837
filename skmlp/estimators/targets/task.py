"""A task: a kind of target, and everything that depends on the kind."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar


class Task(ABC):
    """A kind of target: y <-> Y of shape (n_samples, n_outputs), and what goes with it.

    Nowhere else does code ask of what kind y is. A new kind is a subclass, and a line
    in the function that chooses it.
    """

    is_regression: ClassVar[bool] = False

    @property
    @abstractmethod
    def attributes(self) -> dict[str, Any]:
        """Fitted attributes of the estimator, such as ``classes_``."""

    # Targets

    @abstractmethod
    def check(self, owner, y, n_samples, *, all_classes=False):
        """The y of a later call, as an array; an error where it is of another kind.

        all_classes : whether y must have every class, as under ``warm_start``.
        """

    @abstractmethod
    def encode(self, owner, y, dtype):
        """Y of shape (n_samples, n_outputs), columns contiguous."""

    @abstractmethod
    def decode(self, raw):
        """Predictions in the form of y, from raw outputs."""

    @abstractmethod
    def as_raw(self, Y):
        """Raw outputs that `decode` to the y of these Y."""

    def neutral_targets(self, loss, n_outputs):
        """A few y whose best constant prediction are raw outputs of 0.

        None where scikit-learn's estimators know no such y.
        """
        return None

    # Training

    @abstractmethod
    def loss(self, component):
        """The loss on raw outputs, from the loss component."""

    def strata(self, Y):
        """Strata of an early-stopping split, (n_samples,); None for none."""
        return None

    def fold_strata(self, Y):
        """Strata of the folds of an ensemble, (n_samples,); None for none."""
        return None

    def labels_of(self, Y, n_rows):
        """The labels of which there are just so many rows; none where y has no one."""
        return []

    def lacks(self, Y) -> str:
        """What rows lack that some scores need, in words; "" if nothing."""
        return ""

    # Predictions

    def output(self, loss, raw):
        """The values averaged over the members of an ensemble, (n_samples, ...)."""
        return raw

    @abstractmethod
    def mean_output(self, outputs, weights=None):
        """The average over members.

        outputs : (n_members, n_samples, ...) of `output`.
        weights : relative weights of the members, (n_members,), or (n_members,
            n_samples) for each row, at least one of them > 0; None for equal ones.
        """

    def raw_of(self, loss, output):
        """Raw outputs (n_samples, n_outputs) that have this `output`."""
        return output

    @abstractmethod
    def predicted(self, output):
        """Probabilities, or values, in the form that the user gets."""

    def by_output(self, gradients):
        """Gradients (n_samples, n_outputs, n_features) in the form the user gets."""
        return gradients

    @abstractmethod
    def score(self, loss, Y, raw, weight):
        """Default score of raw outputs, which are finite: accuracy or R2."""


def decoded(task, Y):
    """The y that was encoded as Y."""
    return task.decode(task.as_raw(Y))
