"""Several members instead of one network: trained side by side, and averaged."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from skmlp.estimators.calibration import (
    held_output,
    learn_from_members,
    without_rows,
)
from skmlp.estimators.fitting.components import is_stochastic
from skmlp.estimators.fitting.inputs import categorical_columns
from skmlp.estimators.fitting.splitting import all_splits, check_groups
from skmlp.estimators.fitting.state import unfit
from skmlp.estimators.fitting.threads import one_blas_thread
from skmlp.estimators.fitting.validation_set import holds_out
from skmlp.estimators.reporting.diagnostics import warnings_of
from skmlp.estimators.targets.task import decoded
from skmlp.estimators.validation.parameters import (
    check_seed,
    check_X,
    is_splitter,
    naming,
    owner,
    shown,
)

# What of an estimator makes it one with members; a member has none of it.
ALONE = {"n_members": 1, "bagging": "seeds", "n_jobs": None}
# Rows that all members see, over all epochs, from which it pays to start processes.
WORTH_PROCESSES = 300_000
FEW_EPOCHS = 100  # of 'lbfgs', whose max_iter it seldom needs
NOT_WITH_MEMBERS = {"warm_start": False, "checkpoint": None}


def learn_members(estimator, X, y, sample_weight, call):
    """Train the members, and publish them; returns what to say of the worst."""
    unfit(estimator)
    data = estimator._check_data(X, y, sample_weight, call)
    call = replace(call, validation=_checked(estimator, call.validation, data))
    random_state = check_seed(estimator)
    calls = _calls(estimator, data, call, random_state)
    n_at_once = _n_at_once(estimator, data.X)
    members = _members(estimator, data.X, random_state, n_at_once)
    if getattr(y, "shape", ())[1:] == (1,):
        y = np.ravel(y)  # of which was warned once
    pairs = zip(members, calls, strict=True)
    trainings = [delayed(_trained)(m, data.X, y, sample_weight, c) for m, c in pairs]
    trained = Parallel(n_at_once)(trainings)
    _publish(estimator, [one.member for one in trained])
    held, outputs = [one.held for one in trained], [one.output for one in trained]
    learn_from_members(estimator, data, held, outputs)
    return max(trained, key=lambda one: one.gravity).warnings


@dataclass
class Trained:
    """A fitted member, and what its training leaves to say.

    held, output : its validation rows, without X, and the outputs there, or Nones.
    warnings : of (text, kind); gravity : how much the user should know of them.
    """

    member: Any
    held: Any
    output: Any
    warnings: list
    gravity: tuple


def _trained(member, X, y, sample_weight, call) -> Trained:
    """Train a member; in a process of its own, where members train side by side."""
    with one_blas_thread():
        fit, training, reason = member._fit_once(X, y, sample_weight, call)
    vars(member).pop("_memory", None)  # which is larger than the model
    ends = reason, training.refit_ended
    if "interrupted" in ends:  # at once, for the others would go on
        raise KeyboardInterrupt
    return Trained(
        member,
        without_rows(fit.held),
        held_output(member, fit),
        list(warnings_of(member, fit, training, reason)),
        ("diverged" in ends, training.kept_start, reason == "max_iter"),
    )


def _n_at_once(estimator, X) -> int:
    """How many members train at the same time: one, where all are soon done.

    In processes: in threads, small products would wait for each other's Python code.
    """
    n_members = estimator.n_members
    epochs = estimator.max_iter if is_stochastic(estimator.solver) else FEW_EPOCHS
    if n_members * X.shape[0] * epochs < WORTH_PROCESSES:
        return 1
    return min(effective_n_jobs(estimator.n_jobs), n_members)


def _members(estimator, X, random_state, n_at_once):
    """Clones with seeds of their own, which share the time that there is."""
    n_members = estimator.n_members
    own = dict(ALONE)
    if estimator.categorical_features is not None:  # names, which members don't know
        own["categorical_features"] = categorical_columns(estimator, X)
    if estimator.max_time is not None:
        n_rounds = math.ceil(n_members / n_at_once)
        own["max_time"] = estimator.max_time / n_rounds
    seeds = random_state.randint(np.iinfo(np.int32).max, size=n_members)
    return [_member(estimator, own | {"random_state": int(seed)}) for seed in seeds]


def _member(estimator, own):
    member = clone(estimator).set_params(**own)
    if hasattr(member, "calibration"):
        member.calibration = None
    return member


def _checked(estimator, validation, data):
    """The user's own validation rows, without names, which members don't know."""
    X, *others = validation
    if X is None:
        return validation
    X = check_X(estimator, X, reset=False, dtype=data.X.dtype, name="X_val")
    return (X, *others)


def _calls(estimator, data, call, random_state):
    """How each member is trained: with a fold held out, or rows of its own draw."""
    if estimator.bagging == "seeds":
        return [call] * estimator.n_members
    if call.groups is not None:
        check_groups(estimator, data, call.groups)
    splits = _splits(estimator, data, call.groups, random_state)
    return [replace(call, split=split, groups=None) for split in splits]


def _splits(estimator, data, groups, random_state):
    """(training, validation) rows of each member."""
    n = estimator.n_members
    if is_splitter(estimator.validation_fraction):
        return all_splits(estimator, data, decoded(estimator._task, data.Y), groups, n)
    if groups is not None:
        with naming(estimator, "groups", f"labels of {n} groups or more", groups):
            return list(GroupKFold(n).split(data.Y, groups=groups))
    if len(data) < n:
        raise ValueError(
            f"{owner(estimator)}: n_members must be at most n_samples={len(data)} with "
            f"bagging='folds', got {n!r}."
        )
    folds = _folds(estimator._task.fold_strata(data.Y), len(data), n, random_state)
    numbers = range(n)
    return [(np.flatnonzero(folds != i), np.flatnonzero(folds == i)) for i in numbers]


def _folds(strata, n_samples, n_folds, random_state):
    """The fold of each row: rows are dealt out in turn, one stratum after the other.

    So folds differ by one row at most, and so does what they have of each stratum.
    """
    order = random_state.permutation(n_samples)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    folds = np.empty(n_samples, np.intp)
    folds[order] = np.arange(n_samples) % n_folds
    return folds


def _publish(estimator, members) -> None:
    """Set what a fitted estimator has, whatever it is made of."""
    first = members[0]
    estimator.members_ = members
    estimator.n_layers_, estimator.n_outputs_ = first.n_layers_, first.n_outputs_
    estimator.out_activation_ = first.out_activation_
    estimator.n_iter_ = max(member.n_iter_ for member in members)
    estimator.n_updates_ = sum(member.n_updates_ for member in members)
    estimator.loss_ = float(np.mean([member.loss_ for member in members]))
    estimator.stop_reason_ = f"Of {len(members)} members, the first: "
    estimator.stop_reason_ += first.stop_reason_
    estimator._fitted_loss = first._fitted_loss


def check_members(estimator, call) -> None:
    """Raise a ValueError for what several members can't do."""
    if estimator.n_members == 1:
        if estimator.bagging != "seeds":
            _refuse(estimator, "bagging", "seeds", "with n_members=1")
        return
    if call.incremental:
        _refuse(estimator, "n_members", 1, "for partial_fit")
    for name, off in NOT_WITH_MEMBERS.items():
        if getattr(estimator, name) != off:
            _refuse(estimator, name, off, "with n_members > 1")
    if hasattr(estimator, "_skl_callbacks"):
        _refuse(estimator, "n_members", 1, "with callbacks")
    if estimator.bagging == "folds":
        _check_folds(estimator, call)


def _check_folds(estimator, call) -> None:
    if estimator.refit:
        _refuse(estimator, "refit", False, "with bagging='folds'")
    if call.validation[0] is not None:
        _refuse(estimator, "bagging", "seeds", "with X_val")
    if not holds_out(estimator):
        raise ValueError(
            f"{owner(estimator)}: early_stopping must be True with bagging='folds', "
            "and scoring given with solver lbfgs, so that folds are held out, got "
            f"{estimator.early_stopping!r}."
        )


def _refuse(estimator, name, off, where):
    raise ValueError(
        f"{owner(estimator)}: {name} must be {off!r} {where}, got "
        f"{getattr(estimator, name)!r}."
    )


# Looking into a network, where there are several


def refuse_members(estimator) -> None:
    """Raise where something is asked of one network, and there are several."""
    if "members_" in vars(estimator):
        raise ValueError(_several(estimator))


def refuse_many(wrapper, estimator) -> None:
    """Raise where a wrapper will look into the network of its estimator."""
    if estimator.n_members != 1:
        raise ValueError(
            f"{owner(wrapper)}: estimator__n_members must be 1, since the features are "
            f"those of one network, got {shown(estimator.n_members)}."
        )


def refuse_attribute(estimator, name) -> None:
    """Raise an AttributeError for one that members have, and their estimator lacks."""
    members = vars(estimator).get("members_")
    if members and name.endswith("_") and name in vars(members[0]):
        raise AttributeError(f"{_several(estimator)} It has no {name}.")


def _several(estimator) -> str:
    return (
        f"{owner(estimator)}: n_members must be 1 to look into the network, got "
        f"{len(estimator.members_)}; take one of members_."
    )
