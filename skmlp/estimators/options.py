"""Groups of settings as objects: dropout, early stopping, ensemble, checkpoint."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from skmlp.component import Component, setting
from skmlp.constraints import (
    BOOLEAN,
    either,
    integer,
    one_of,
    one_or_several,
    real,
)
from skmlp.names import ScheduleName
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
    f"{one_of(SCHEDULES)[1]}, an object such as Cosine(), or a function of progress in "
    "[0, 1]",
)


@dataclass
class Dropout(Component):
    """Dropout of hidden units and inputs, and noise on the inputs, during training.

    Predictions are made without either.

    Parameters
    ----------
    rate : float in [0, 1) or sequence of these, default=0.0
        Dropout rate: probability that a hidden unit is zeroed in a training step; one
        for all hidden layers, or one for each. Units that are kept are divided by
        ``1 - rate``, so that expected values stay the same.

    inputs : float in [0, 1), default=0.0
        Dropout rate of the inputs: probability that a feature of X is zeroed.

    noise : float >= 0, default=0.0
        Standard deviation of normal noise added to the features of X, in their units;
        with ``scale_input=True`` in standard deviations. Not with sparse X.

    schedule : str, object or callable, default="constant"
        Factor on rates and noise in the course of training: the name or an object of a
        schedule of ``skmlp.schedules``, or a function of progress in [0, 1] that
        returns a factor in [0, 1].

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

    rate: Any = setting(0.0, one_or_several(RATE))
    inputs: float = setting(0.0, RATE)
    noise: float = setting(0.0, real(0))
    schedule: ScheduleName | object = setting("constant", SCHEDULE)

    @classmethod
    def of(cls, value: Any) -> Dropout:
        return value if isinstance(value, cls) else cls(value)


@dataclass
class EarlyStopping(Component):
    """When training stops before `max_iter`, and which epoch's weights are kept.

    Training stops after more than `n_iter_no_change` consecutive epochs without an
    improvement of at least `tol`. These two, `validation_fraction`, `scoring` and
    `refit` are parameters of the estimator.

    Parameters
    ----------
    monitor : {"validation", "training"}, default="validation"
        "validation" monitors the score on held-out rows and keeps the weights of the
        best epoch, as ``early_stopping=True`` does. "training" monitors the training
        loss and keeps the last weights, as ``early_stopping=False`` does.

    relative_tol : bool, default=False
        Whether `tol` is relative: a fraction of the best loss or score so far, instead
        of an absolute difference.

    min_updates : int, default=0
        Minimum number of updates (mini-batches) before training may stop. Useful where
        an epoch has few updates.

    tie_break : {"first", "last"}, default="first"
        Which of several epochs with the same best score is kept.

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

    monitor: Literal["validation", "training"] = setting(
        "validation", one_of(("validation", "training"))
    )
    relative_tol: bool = setting(False, BOOLEAN)
    min_updates: int = setting(0, integer(0))
    tie_break: Literal["first", "last"] = setting("first", one_of(("first", "last")))
    stratify: Any = setting("auto", either(BOOLEAN, "auto"))

    def stratified(self) -> EarlyStopping:
        """A copy with stratified validation rows."""
        return EarlyStopping(**{**self.get_params(deep=False), "stratify": True})

    @classmethod
    def of(cls, value: Any) -> EarlyStopping:
        if isinstance(value, cls):
            return value
        if BOOLEAN[0](value):
            return cls("validation" if value else "training")
        return cls(value)  # which is refused when it comes to fit

    @property
    def on_validation(self) -> bool:
        return self.monitor == "validation"


def _is_configurations(value: Any) -> bool:
    if not isinstance(value, (list, tuple)) or not value:
        return False
    are_dicts = all(isinstance(item, dict) for item in value)
    return are_dicts and all(isinstance(name, str) for item in value for name in item)


CONFIGURATIONS = (
    _is_configurations,
    "a non-empty list of dicts, each of parameters of the estimator by their names",
)


@dataclass
class Ensemble(Component):
    """How the members of an ensemble differ, and how much each counts.

    The number of members is the estimator's parameter `n_members`.

    Parameters
    ----------
    by : {"seeds", "folds"}, default="seeds"
        "seeds": each member has its own random seed and, with early stopping, its own
        validation rows. "folds": each member also holds out another fold of a
        cross-validation, and `oof_prediction_` has the out-of-fold prediction of each
        row. Requires ``early_stopping=True``.

    configurations : list of dict or None, default=None
        Parameters of the estimator in which members differ, such as ``[{},
        {"dropout": 0.3, "solver__weight_decay": 0.1}]``; the others are the
        estimator's. Members take them in turn. Parameters that members share, such as
        `loss`, `scoring` and `validation_fraction`, are refused.
        ``configuration_weights_`` has the weight of each configuration.

    n_validated : int >= 1 or None, default=None
        Number of members, the first ones, that hold out validation rows and stop early
        by them, at least one for each configuration; None is all of them. The others
        train on all rows, for the number of epochs after which the first ones of their
        configuration had the best mean validation score; where the learning rate has
        cycles, to the end of one. That takes less time. All members hold rows out if
        `max_time` ends one of the first, and all use ``X_val`` if it is passed. Has no
        effect without early stopping, by folds, or in ``partial_fit``.

    weights : {"equal", "greedy"}, default="equal"
        "greedy": configurations are weighted by greedy selection with replacement, on
        rows that they did not train on: the folds, or ``X_val``. It begins with none
        and adds, one at a time and up to 25 times, the configuration that makes the
        validation loss (or `scoring`, if set) of the mean best; the weight of each is
        how often it was taken, up to the best score. Weights are equal where that is
        as good. Each configuration is trained on every fold: `n_members` must be a
        multiple of the number of configurations, and that of the folds, at least 2, is
        ``n_members / n_configurations``. Of many rows a sample is used. Members of
        weight 0 are dropped from ``members_``; ``member_weights_`` has the weights of
        the others, and is absent where these are equal. ``configuration_scores_`` has
        the score of each configuration alone, losses negated.

    References
    ----------
    Caruana, Niculescu-Mizil, Crew and Ksikes, Ensemble selection from libraries of
    models, ICML 2004, sections 2.1 and 2.2.

    Examples
    --------
    >>> from skmlp import Ensemble, MLPClassifier
    >>> MLPClassifier(n_members=5, ensemble=Ensemble(by="folds"), early_stopping=True)
    MLPClassifier(early_stopping=True, ensemble=Ensemble(by='folds'), n_members=5)

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> different = [{"hidden_layer_sizes": 5}, {"solver__weight_decay": 0.1}]
    >>> clf = MLPClassifier(
    ...     ensemble=Ensemble("folds", configurations=different, weights="greedy"),
    ...     n_members=4, early_stopping=True, solver="adamw", learning_rate="cosine",
    ...     learning_rate_init=0.02, n_iter_no_change=float("inf"), max_iter=20,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> float(clf.configuration_weights_.sum())
    1.0
    """

    plain: ClassVar[str] = "by"

    by: Literal["seeds", "folds"] = setting("seeds", one_of(("seeds", "folds")))
    configurations: Any = setting(None, either(CONFIGURATIONS, None))
    n_validated: int | None = setting(None, either(integer(1), None))
    weights: Literal["equal", "greedy"] = setting("equal", one_of(("equal", "greedy")))

    @property
    def n_configurations(self) -> int:
        return len(self.configurations or [{}])

    @property
    def n_a_fold(self) -> int:
        """Members that hold out the same fold, which greedy selection compares."""
        return self.n_configurations if self.weights == "greedy" else 1

    @classmethod
    def of(cls, value: Any) -> Ensemble:
        return value if isinstance(value, cls) else cls(value)


def is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike)) and str(value) != ""


@dataclass
class Checkpoint(Component):
    """A file to which the state of training is saved, to resume an interrupted fit.

    Parameters
    ----------
    path : str or path-like
        The file. The same fit, started again, resumes from it.

    every : int >= 1, default=1
        Number of epochs from one save to the next. The last epoch is always saved.

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
    def of(cls, value: Any) -> Checkpoint | None:
        return value if value is None or isinstance(value, cls) else cls(value)


# By parameter of the estimators that takes a plain value or such an object.
OPTIONS: dict[str, type[Any]] = {
    "dropout": Dropout,
    "early_stopping": EarlyStopping,
    "ensemble": Ensemble,
    "checkpoint": Checkpoint,
}
