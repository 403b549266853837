"""Several members instead of one network: trained side by side, and averaged."""

import warnings
from dataclasses import replace

import numpy as np
from joblib import delayed
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from skmlp.estimators.averaging import side_by_side
from skmlp.estimators.calibration import learn_from_members
from skmlp.estimators.state import unfit
from skmlp.estimators.threads import one_blas_thread
from skmlp.estimators.validation import (
    check_seed,
    check_X,
    is_splitter,
    naming,
    owner,
)
from skmlp.estimators.validation_rows import holds_out

# What of an estimator makes it one with members; a member has none of it.
ALONE = {"n_members": 1, "bagging": "seeds", "n_jobs": None}
NOT_WITH_MEMBERS = {"warm_start": False, "checkpoint": None}
FOLDS = "a splitter with a split for each of the n_members"


def learn_members(estimator, X, y, sample_weight, call):
    """Train the members, and publish them; returns one, and how its training ended.

    That is the first one, or one that diverged.
    """
    unfit(estimator)
    data = estimator._check_data(X, y, sample_weight, call)
    call = replace(call, validation=_checked(estimator, call.validation, data))
    random_state = check_seed(estimator)
    calls = _calls(estimator, data, call, random_state)
    seeds = random_state.randint(np.iinfo(np.int32).max, size=estimator.n_members)
    members = [_member(estimator, int(seed)) for seed in seeds]
    ends = side_by_side(
        estimator,
        (
            delayed(_trained)(member, data.X, y, sample_weight, call)
            for member, call in zip(members, calls, strict=True)
        ),
    )
    _publish(estimator, members)
    learn_from_members(estimator, data, call, [fit for fit, _, _ in ends])
    worst = int(np.argmax([reason == "diverged" for _, _, reason in ends]))
    return members[worst], ends[worst]


def _trained(member, X, y, sample_weight, call):
    """What a member's training leaves to say; the member is fitted by it."""
    with one_blas_thread():
        return member._fit_once(X, y, sample_weight, call)


def _member(estimator, seed):
    member = clone(estimator).set_params(**ALONE, random_state=seed)
    if hasattr(member, "calibration"):
        member.calibration = None
    vars(member).pop("_skl_callbacks", None)
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
    return [
        replace(call, split=split, groups=None)
        for split in _folds(estimator, data, call.groups, random_state)
    ]


def _folds(estimator, data, groups, random_state):
    """(training, validation) rows of each member."""
    y, splitter = estimator._strata_of_folds(data.Y), estimator.validation_fraction
    if not is_splitter(splitter):
        splitter, y = _splitter(estimator, y, groups, random_state)
    with naming(estimator, "validation_fraction", FOLDS, splitter):
        with warnings.catch_warnings():  # of classes with fewer rows than folds
            warnings.simplefilter("ignore", UserWarning)
            splits = list(splitter.split(data.X, y, groups))
        if len(splits) != estimator.n_members:
            raise ValueError(f"It gives {len(splits)} splits.")
    return splits


def _splitter(estimator, y, groups, random_state):
    """Folds of like size, with like shares of the classes, or whole groups."""
    n, seed = estimator.n_members, random_state.randint(np.iinfo(np.int32).max)
    if groups is not None:
        return GroupKFold(n), y
    if y is not None and np.unique(y, return_counts=True)[1].max() >= n:
        return StratifiedKFold(n, shuffle=True, random_state=seed), y
    return KFold(n, shuffle=True, random_state=seed), None


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
    if estimator.bagging == "seeds":
        return
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


def refuse_members(estimator) -> None:
    """Raise where something is asked of one network, and there are several."""
    if hasattr(estimator, "members_"):
        raise ValueError(
            f"{owner(estimator)}: n_members must be 1 to look into the network, got "
            f"{len(estimator.members_)}; take one of members_."
        )
