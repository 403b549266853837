"""Ensembles: several networks, trained independently and averaged."""

import multiprocessing
import warnings
from dataclasses import replace
from functools import partial

import numpy as np
from joblib import delayed, effective_n_jobs
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from skmlp.errors import Text, error_context, invalid, short_repr
from skmlp.estimators.ensemble.all_rows import best_course, n_validated, scores_of
from skmlp.estimators.ensemble.configurations import (
    check_combinations_of,
    variants,
)
from skmlp.estimators.ensemble.outcome import Trained, attributes_of
from skmlp.estimators.ensemble.progress import Progress
from skmlp.estimators.ensemble.selection import check_link
from skmlp.estimators.ensemble.time_shares import time_shares
from skmlp.estimators.fitting.callbacks import member_hooks, without_callbacks
from skmlp.estimators.fitting.data import (
    all_splits,
    check_groups,
)
from skmlp.estimators.fitting.fit import train
from skmlp.estimators.fitting.inputs import categorical_columns
from skmlp.estimators.fitting.plan import (
    attributes_before,
    check_targets,
    make_plan,
)
from skmlp.estimators.fitting.settings import Settings
from skmlp.estimators.fitting.state import (
    FITTED_ATTRIBUTES,
    DivergenceError,
    set_fitted_attributes,
)
from skmlp.estimators.fitting.strata import folds_of
from skmlp.estimators.fitting.stream import Stream
from skmlp.estimators.fitting.threads import one_blas_thread
from skmlp.estimators.options import EarlyStopping
from skmlp.estimators.targets.task import decoded
from skmlp.estimators.validation.arrays import check_seed, check_X
from skmlp.estimators.validation.parameters import epochs_of, is_splitter

# The parameters of ensembles, at the values that a member has.
ALONE = {"n_members": 1, "ensemble": "seeds", "n_jobs": None}
# Starting processes pays from so many values of X, over all epochs of all members.
WORTH_PROCESSES = 24_000_000
VALUES_OF_A_ROW = 64  # what a row costs besides its own
FEW_EPOCHS = 100  # of 'lbfgs', whose max_iter it seldom needs


def fit_members(estimator, settings, X, y, sample_weight, request):
    """The fitted attributes of an ensemble, and warnings of its worst member."""
    incremental = request.incremental
    hooks = None if incremental else member_hooks(estimator, X, y, sample_weight)
    known = vars(estimator).get("members_") if request.incremental else None
    request = replace(request, continued=bool(known))
    before = attributes_before(known[0], request) if known else {}
    targets = check_targets(estimator, settings, before, X, y, sample_weight, request)
    request = replace(request, validation=_without_names(settings, targets, request))
    n_first = n_validated(settings, targets, request)
    jobs, n_at_once = _jobs(estimator, settings, targets, request, known, n_first)
    rows = X.without_names() if isinstance(X, Stream) else targets.rows.X
    if getattr(y, "shape", ())[1:] == (1,):
        y = np.ravel(y)  # the warning about its shape was given once
    attributes = partial(attributes_of, settings, targets, request)
    keeps_some = not incremental
    progress = Progress(settings, n_at_once, hooks, attributes, keeps_some, n_first)
    trained = _train(settings, jobs, progress, (rows, y, sample_weight))
    learned = attributes(trained) | progress.stop_reason()
    if hooks is not None:
        hooks.close(learned)
    found = max(trained, key=lambda one: one.gravity).warnings
    return learned, [*progress.warnings(), *found]


def _train(settings, jobs, progress, data):
    """The members of jobs, of which the first ones tell the others their course."""
    n_first = progress.n_first
    trained = progress.collect(
        [delayed(_trained)(*job, *data) for job in jobs[:n_first]]
    )
    if progress.ended_by or n_first == len(jobs):
        return trained
    n, scores = settings.ensemble.n_configurations, [one.scores for one in trained]
    courses = [best_course(scores[i::n]) for i in range(n)]
    others = [
        delayed(_trained)(member, replace(own, course=courses[i % n]), share, *data)
        for i, (member, own, share) in enumerate(jobs[n_first:], n_first)
    ]
    return progress.collect(others)


def _jobs(estimator, settings, targets, request, known, n_first):
    """(member, request, share of the time) of each, and how many train at once.

    known : the members of the previous call, or None.
    n_first : how many members train before the others.
    """
    each = variants(estimator, settings)
    _check_variants(settings, targets, each)
    random_state = check_seed(settings.owner, settings.random_state)
    requests = _requests(settings, targets, request, random_state)
    n_at_once = _n_at_once(settings, each, targets.rows.X, request)
    members = _members(each, settings, targets, random_state)
    if known:
        _check_continues(settings, estimator)
        _continue_from(settings, members, known)
    n_members, max_time = settings.n_members, settings.max_time
    shares = time_shares(max_time, n_members, n_first, n_at_once)
    return [*zip(members, requests, shares, strict=True)], n_at_once


def _check_variants(settings, targets, each) -> None:
    """Raise a ValueError, before training, for what cannot train or be weighted."""
    task, data = targets.task, targets.rows
    loss = task.loss(targets.component)
    check_combinations_of(settings, each, loss, sparse=data.is_sparse)
    check_link(settings, task, loss, loss.n_outputs(data.Y.shape[1]))


def _trained(member, request, share, X, y, sample_weight) -> Trained | None:
    """Train a member, possibly in a process of its own; None if it was interrupted."""
    with one_blas_thread():
        outcome = _outcome(member, request, share, X, y, sample_weight)
    training = outcome.training
    ends = training.reason, training.refit_reason
    restored = training.restored_initial_params
    if "interrupted" in ends:
        return None
    attributes = outcome.attributes()
    if not request.incremental:  # a solver's memory is larger than the model
        attributes["_state"] = replace(attributes["_state"], memory=None)
    set_fitted_attributes(member, attributes)
    validation = outcome.plan.validation
    return Trained(
        member,
        outcome.plan.loss,
        None if validation is None else replace(validation, X=None),
        outcome.held_output,
        scores_of(outcome),
        outcome.warnings(),
        ("diverged" in ends, restored, _lacks_epochs(outcome)),
    )


def _lacks_epochs(outcome) -> bool:
    course = outcome.plan.request.course
    return outcome.training.reason == "max_iter" and course is None


def _outcome(member, request, share, *data):
    """Of a training; one on all rows that diverges begins anew with validation rows."""
    if share is not None:
        member.set_params(max_time=share.seconds())
    try:
        return train(make_plan(member, Settings.of(member), *data, request))
    except DivergenceError:
        if request.course is None:
            raise
        return _outcome(member, replace(request, course=None), share, *data)


def _check_continues(settings, estimator) -> None:
    if "configuration_scores_" in vars(estimator):
        expected = "follow a fit with equal weights of the members"
        came = Text("greedy weights")
        raise invalid(settings.owner, "partial_fit", expected, came)


def _continue_from(settings, members, known) -> None:
    """Have members continue from those of the previous call."""
    if len(known) != len(members):
        expected = f"be {len(known)} for partial_fit, as in the previous call"
        raise settings.invalid("n_members", expected)
    for member, before in zip(members, known, strict=True):
        member.set_params(random_state=before.random_state)
        learned = {n: v for n, v in vars(before).items() if n in FITTED_ATTRIBUTES}
        set_fitted_attributes(member, learned)


def _n_at_once(settings, each, X, request) -> int:
    """Number of members that train at the same time; one if all take a second.

    In processes: threads with small products would wait for each other's Python code.
    """
    n_members = settings.n_members
    n_epochs = max(epochs_of(one.max_iter, X.shape[0]) for one in each)
    epochs = n_epochs if settings.is_stochastic else FEW_EPOCHS
    epochs = 1 if request.incremental else epochs
    n_values = n_members * epochs * X.shape[0] * (X.shape[1] + VALUES_OF_A_ROW)
    if n_values < WORTH_PROCESSES or _is_in_worker():
        return 1
    with warnings.catch_warnings():
        # in a process or thread of others members train one after the other, unasked
        warnings.filterwarnings("ignore", message=".*parallel loops cannot be")
        return min(effective_n_jobs(settings.n_jobs), n_members)


def _is_in_worker() -> bool:
    """Whether this is a process of joblib's pool, started by a search for instance.

    joblib would give members threads there, beside those of the other processes.
    """
    return "loky" in type(multiprocessing.current_process()).__module__


def _members(each, settings, targets, random_state):
    """Members with seeds of their own.

    each : the estimator in each configuration; members take these in turn.
    """
    n_members = settings.n_members
    own = dict(ALONE)
    if settings.categorical_features is not None:  # names, which members don't know
        names = vars(targets.template).get("feature_names_in_")
        X = targets.rows.X
        own["categorical_features"] = categorical_columns(settings, X, names)
    if settings.calibration is not None:
        own["calibration"] = None
    if settings.verbose == 1:  # then there is a line for each member
        own["verbose"] = 0
    is_drawn = settings.holds_out and not settings.is_regression
    stratifies = is_drawn and settings.early_stopping.stratify == "auto"
    seeds = random_state.randint(np.iinfo(np.int32).max, size=n_members)
    numbered = enumerate(int(seed) for seed in seeds)
    return [
        _member(each[i % len(each)], own | {"random_state": seed}, stratifies)
        for i, seed in numbered
    ]


def _member(variant, own, stratifies):
    member = without_callbacks(clone(variant).set_params(**own))
    if stratifies:
        stopping = EarlyStopping.of(member.early_stopping)
        member.set_params(early_stopping=stopping.stratified())
    return member


def _without_names(settings, targets, request):
    """The user's own validation rows, without feature names, like the members' X."""
    X, *others = request.validation
    if X is None:
        return request.validation
    dtype = targets.rows.X.dtype
    X = check_X(targets.template, X, reset=False, dtype=dtype, name="X_val")
    return (X, *others)


def _requests(settings, targets, request, random_state):
    """How each member is trained: with a fold held out, or rows drawn by itself."""
    if settings.ensemble.by == "seeds":
        return [request] * settings.n_members
    if request.groups is not None:
        check_groups(settings, targets.rows, request.groups)
    splits = _splits(settings, targets, request.groups, random_state)
    times = range(settings.ensemble.n_a_fold)
    requests = [replace(request, split=split, groups=None) for split in splits]
    return [one for one in requests for _ in times]


def _splits(settings, targets, groups, random_state):
    """(training, validation) rows of each fold."""
    n_a_fold = settings.ensemble.n_a_fold
    n, data, task = settings.n_members // n_a_fold, targets.rows, targets.task
    if is_splitter(settings.validation_fraction):
        return all_splits(settings, data, decoded(task, data.Y), groups, n)
    if groups is not None:
        expected = f"labels of {n} groups or more"
        with error_context(settings.owner, "groups", expected, groups):
            return list(GroupKFold(n).split(data.Y, groups=groups))
    if len(data) < n:
        given = short_repr(settings.given["ensemble"])
        times = f"{n_a_fold} * " if n_a_fold > 1 else ""
        expected = f"be at most {times}n_samples={len(data)} with ensemble={given}"
        raise settings.invalid("n_members", expected)
    folds = folds_of(task.fold_strata(data.Y), len(data), n, random_state)
    numbers = range(n)
    return [(np.flatnonzero(folds != i), np.flatnonzero(folds == i)) for i in numbers]
