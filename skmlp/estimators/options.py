"""Settings that belong together, as objects: dropout, early stopping and others."""

import os
from dataclasses import dataclass
from typing import Any, ClassVar

from skmlp.component import Component, setting
from skmlp.constraints import (
    BOOLEAN,
    any_of,
    either,
    integer,
    one_of,
    real,
    sequence_of,
)
from skmlp.schedules import SCHEDULES, Schedule

RATE = real(0, 1)


def is_function(value: Any) -> bool:
    return callable(value) and not isinstance(value, (type, Component))


def _is_schedule(value: Any) -> bool:
    if isinstance(value, str):
        return value in SCHEDULES
    is_abstract = vars(type(value)).get("abstract", False)
    return is_function(value) or (isinstance(value, Schedule) and not is_abstract)


SCHEDULE = (
    _is_schedule,
    f"{one_of(SCHEDULES)[1]}, or an object such as Cosine(), or a function of progress "
    "in [0, 1]",
)


@dataclass
class Dropout(Component):
    """Noise on the inputs of layers during training.

    Parameters
    ----------
    rate : float or sequence of float, default=0.0
        Dropout rate: probability that a hidden unit is zeroed during training, in
        [0, 1); one for all hidden layers, or one for each. The others are divided by
        ``1 - rate``, so that nothing changes at prediction.

    inputs : float, default=0.0
        The same for the features of X.

    noise : float, default=0.0
        Standard deviation of normal noise added to the features of X.

    schedule : str, object or callable, default="constant"
        Factor on rates and noise during training: a name or an object of
        ``skmlp.schedules``, or a function of progress in [0, 1] with values in [0, 1].

    References
    ----------
    Srivastava et al., Dropout: a simple way to prevent neural networks from
    overfitting, JMLR 15, 2014, section 10.

    Bishop, Training with noise is equivalent to Tikhonov regularization, Neural
    Computation 7, 1995.

    Examples
    --------
    >>> from skmlp import Dropout, MLPClassifier
    >>> MLPClassifier(dropout=Dropout(0.2, inputs=0.1, schedule="flat_cos"))
    MLPClassifier(dropout=Dropout(rate=0.2, inputs=0.1, schedule='flat_cos'))
    """

    plain: ClassVar[str] = "rate"

    rate: Any = setting(0.0, any_of(RATE, sequence_of(RATE)))
    inputs: float = setting(0.0, RATE)
    noise: float = setting(0.0, real(0))
    schedule: Any = setting("constant", SCHEDULE)

    @classmethod
    def of(cls, value: Any) -> "Dropout":
        return value if isinstance(value, cls) else cls(value)


@dataclass
class EarlyStopping(Component):
    """When training ends before `max_iter`, and which epoch's weights are kept.

    An improvement counts if it is at least `tol`; training ends after more than
    `n_iter_no_change` epochs without one. These, `validation_fraction`, `scoring` and
    `refit` are parameters of the estimator.

    Parameters
    ----------
    monitor : {"validation", "training"}, default="validation"
        "validation" holds out rows, monitors their score and keeps the weights of the
        best epoch, as ``early_stopping=True`` does. "training" monitors the training
        loss and keeps the last weights, as ``early_stopping=False`` does.

    relative_tol : bool, default=False
        Whether `tol` is a fraction of the best loss or score so far.

    min_updates : int, default=0
        Number of updates of the model before which patience does not end training.

    tie_break : {"first", "last"}, default="first"
        Which of several equally good epochs is kept.

    stratify : "auto" or bool, default="auto"
        Whether the validation rows of a classifier are stratified: each class of two
        rows or more has rows in training and in validation, by its share; the only
        row of a class trains. "auto" is True with `scoring`, and for the members of
        an ensemble. False, or "auto" otherwise, splits as scikit-learn does, which
        stratifies two classes alone and refuses the only row of a class there.

    Examples
    --------
    >>> from skmlp import EarlyStopping, MLPRegressor
    >>> MLPRegressor(early_stopping=EarlyStopping(relative_tol=True), tol=0.01)
    MLPRegressor(early_stopping=EarlyStopping(relative_tol=True), tol=0.01)
    """

    plain: ClassVar[str] = "monitor"

    monitor: str = setting("validation", one_of(("validation", "training")))
    relative_tol: bool = setting(False, BOOLEAN)
    min_updates: int = setting(0, integer(0))
    tie_break: str = setting("first", one_of(("first", "last")))
    stratify: Any = setting("auto", either(BOOLEAN, "auto"))

    def stratified(self) -> "EarlyStopping":
        """The same, with validation rows that are stratified."""
        return EarlyStopping(**{**self.get_params(deep=False), "stratify": True})

    @classmethod
    def of(cls, value: Any) -> "EarlyStopping":
        if isinstance(value, cls):
            return value
        if BOOLEAN[0](value):
            return cls("validation" if value else "training")
        return cls(value)  # which is refused when it comes to fit

    @property
    def on_validation(self) -> bool:
        return self.monitor == "validation"


@dataclass
class Ensemble(Component):
    """How the members of an ensemble differ; `n_members` is their number.

    Parameters
    ----------
    by : {"seeds", "folds"}, default="seeds"
        "seeds": each member has its own random seed, and with early stopping its own
        validation rows. "folds": each member holds out one fold of a cross-validation,
        so that `oof_prediction_` has predictions of all rows by members that did not
        see them.

    Examples
    --------
    >>> from skmlp import Ensemble, MLPClassifier
    >>> MLPClassifier(n_members=5, ensemble=Ensemble(by="folds"), early_stopping=True)
    MLPClassifier(early_stopping=True, ensemble=Ensemble(by='folds'), n_members=5)
    """

    plain: ClassVar[str] = "by"

    by: str = setting("seeds", one_of(("seeds", "folds")))

    @classmethod
    def of(cls, value: Any) -> "Ensemble":
        return value if isinstance(value, cls) else cls(value)


def is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike)) and str(value) != ""


@dataclass
class Checkpoint(Component):
    """A file from which a fit that was interrupted goes on.

    Parameters
    ----------
    path : str or path-like
        The file.

    every : int, default=1
        Number of epochs between two writes.

    Examples
    --------
    >>> from skmlp import Checkpoint, MLPClassifier
    >>> MLPClassifier(checkpoint=Checkpoint("run.npz", every=5))
    MLPClassifier(checkpoint=Checkpoint(path='run.npz', every=5))
    """

    plain: ClassVar[str] = "path"

    path: Any = setting(None, (is_path, "the path of a file"))
    every: int = setting(1, integer(1))

    @classmethod
    def of(cls, value: Any) -> "Checkpoint | None":
        return value if value is None or isinstance(value, cls) else cls(value)


# By parameter of the estimators that takes a plain value or such an object.
OPTIONS: dict[str, type[Any]] = {
    "dropout": Dropout,
    "early_stopping": EarlyStopping,
    "ensemble": Ensemble,
    "checkpoint": Checkpoint,
}
