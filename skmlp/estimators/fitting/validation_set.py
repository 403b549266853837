"""The rows that train and the rows that validate: the user's own, or split off."""

from functools import partial

from skmlp.estimators.fitting.components import is_stochastic
from skmlp.estimators.fitting.scoring import refuse_one_row, scored_by_loss
from skmlp.estimators.fitting.splitting import HeldOut, hold_out, refuse_groups
from skmlp.estimators.targets.choice import encode
from skmlp.estimators.targets.class_weight import weigh_classes
from skmlp.estimators.targets.task import decoded
from skmlp.estimators.validation.combinations import refuse_sparse
from skmlp.estimators.validation.parameters import (
    check_sample_weight,
    check_X,
    naming,
    owner,
)


def split_rows(estimator, data, random_state, call):
    """The rows that train, and those that validate or None, weighed by class."""
    held = _own_rows(estimator, data, call)
    if held is not None and estimator.refit:
        raise ValueError(
            f"{owner(estimator)}: refit must be False with X_val, whose rows it would "
            "leave out, got True. Put all rows into X, with a splitter such as "
            "PredefinedSplit as validation_fraction."
        )
    splits = held is None and holds_out(estimator)
    refuse_groups(estimator, call.groups, splits=splits)
    if estimator.refit and not splits:
        raise ValueError(
            f"{owner(estimator)}: refit must be False where no rows are split off, as "
            "with solver lbfgs and scoring=None, got True."
        )
    if splits:
        y, strata = (
            partial(decoded, estimator._task, data.Y),
            estimator._task.strata(data.Y),
        )
        least = 1 if scored_by_loss(estimator) else 2
        data, held = hold_out(
            estimator,
            data,
            y,
            strata,
            call.groups,
            random_state,
            least=least,
            split=call.split,
        )
    if held is not None:
        refuse_one_row(estimator, held, "validation_fraction" if splits else "X_val")
    return weigh_classes(estimator, data, held)


def holds_out(estimator) -> bool:
    """Whether rows are split off; for lbfgs, as in scikit-learn, not by default."""
    acts = is_stochastic(estimator.solver) or estimator.scoring is not None
    return bool(estimator.early_stopping and acts)


def _own_rows(estimator, data, call) -> HeldOut | None:
    """The user's own validation rows, if there are any."""
    X, y, weight = call.validation
    if X is None and y is None and weight is None:
        return None
    if X is None:
        raise ValueError(
            f"{owner(estimator)}: X_val must be given with y_val, sample_weight_val, "
            "got None."
        )
    X = check_X(estimator, X, reset=False, dtype=data.X.dtype, name="X_val")
    refuse_sparse(estimator, X, "X_val", "scale_input")
    with naming(estimator, "y_val", "targets of the kind of y", y):
        task = estimator._task
        y = task.check(owner(estimator), y, X.shape[0])
        Y = encode(estimator, task, y, X.dtype)
        if Y.shape[1] != data.Y.shape[1]:
            raise ValueError(f"y has {data.Y.shape[1]} column(s).")
    weight = check_sample_weight(estimator, weight, X, name="sample_weight_val")
    return HeldOut(X, Y, weight)
