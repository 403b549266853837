"""Ensembles: several networks, trained independently and averaged."""

import multiprocessing
import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from joblib import delayed, effective_n_jobs
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from skmlp.errors import Text, error_context, invalid, short_repr
from skmlp.estimators.calibration import attributes_from_validation
from skmlp.estimators.ensemble.configurations import (
    check_alone,
    check_combinations_of,
    check_numbers,
    variants,
)
from skmlp.estimators.ensemble.progress import Progress
from skmlp.estimators.ensemble.selection import check_link, check_selection, select
from skmlp.estimators.ensemble.time_shares import time_shares
from skmlp.estimators.fitting.callbacks import member_hooks, without_callbacks
from skmlp.estimators.fitting.data import (
    ValidationRows,
    all_splits,
    check_groups,
    weighted_by_class,
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
    State,
    set_fitted_attributes,
)
from skmlp.estimators.fitting.strata import folds_of
from skmlp.estimators.fitting.stream import Stream
from skmlp.estimators.fitting.threads import one_blas_thread
from skmlp.estimators.options import EarlyStopping
from skmlp.estimators.targets.task import decoded
from skmlp.estimators.validation.arrays import check_seed, check_X
from skmlp.estimators.validation.parameters import epochs_of, is_splitter
from skmlp.training.batches import ChosenRows

# The parameters of ensembles, at the values that a member has.
ALONE = {"n_members": 1, "ensemble": "seeds", "n_jobs": None}
# Rows seen by all members over all epochs, from which starting processes pays.
WORTH_PROCESSES = 300_000
FEW_EPOCHS = 100  # of 'lbfgs', whose max_iter it seldom needs


@dataclass
class Trained:
    """A fitted member, with what the ensemble needs of its training.

    validation, output : its validation rows, without X, and the outputs there, or
        Nones.
    warnings : pairs (text, kind); gravity : how serious they are.
    """

    member: Any
    loss: Any
    validation: ValidationRows | None
    output: Any
    warnings: list
    gravity: tuple


def fit_members(estimator, settings, X, y, sample_weight, request):
    """The fitted attributes of an ensemble, and warnings of its worst member."""
    incremental = request.incremental
    hooks = None if incremental else member_hooks(estimator, X, y, sample_weight)
    known = vars(estimator).get("members_") if request.incremental else None
    request = replace(request, continued=bool(known))
    before = attributes_before(known[0], request) if known else {}
    targets = check_targets(estimator, settings, before, X, y, sample_weight, request)
    request = replace(request, validation=_without_names(settings, targets, request))
    jobs, n_at_once = _jobs(estimator, settings, targets, request, known)
    rows = X.without_names() if isinstance(X, Stream) else targets.rows.X
    if getattr(y, "shape", ())[1:] == (1,):
        y = np.ravel(y)  # the warning about its shape was given once
    jobs = [delayed(_trained)(*job, rows, y, sample_weight) for job in jobs]
    attributes_of = partial(_attributes, settings, targets, request)
    progress = Progress(settings, n_at_once, hooks, attributes_of, not incremental)
    trained = progress.collect(jobs)
    attributes = attributes_of(trained) | progress.stop_reason(trained)
    if hooks is not None:
        hooks.close(attributes)
    found = max(trained, key=lambda one: one.gravity).warnings
    return attributes, [*progress.warnings(trained), *found]


def _jobs(estimator, settings, targets, request, known):
    """(member, request, share of the time) of each, and how many train at once.

    known : the members of the previous call, or None.
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
    shares = time_shares(settings.max_time, settings.n_members, n_at_once)
    return [*zip(members, requests, shares, strict=True)], n_at_once


def _check_variants(settings, targets, each) -> None:
    """Raise a ValueError, before training, for what cannot train or be weighted."""
    task, data = targets.task, targets.rows
    loss = task.loss(targets.component)
    check_combinations_of(settings, each, loss, sparse=data.is_sparse)
    check_link(settings, task, loss, loss.n_outputs(data.Y.shape[1]))


def _trained(member, request, share, X, y, sample_weight) -> Trained | None:
    """Train a member, possibly in a process of its own; None if it was interrupted."""
    if share is not None:
        member.set_params(max_time=share.seconds())
    settings = Settings.of(member)
    with one_blas_thread():
        outcome = train(make_plan(member, settings, X, y, sample_weight, request))
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
        outcome.warnings(),
        ("diverged" in ends, restored, training.reason == "max_iter"),
    )


def _check_continues(settings, estimator) -> None:
    if "member_weights_" in vars(estimator):
        expected = "follow a fit with equal weights of the members"
        came = Text("member_weights_")
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
    if n_members * X.shape[0] * epochs < WORTH_PROCESSES or _is_in_worker():
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


# Weights


def _weighted(settings, targets, request, trained):
    """The members that count, their weights, and attributes that say how they came.

    The weights are None where those that count are equal.
    """
    n = settings.ensemble.n_configurations
    if settings.ensemble.configurations is None:
        return trained, None, {}
    is_complete = len(trained) == settings.n_members
    if settings.ensemble.weights == "equal" or not is_complete:
        counts = np.bincount(np.arange(len(trained)) % n, minlength=n)
        return trained, None, {"configuration_weights_": counts / len(trained)}
    with one_blas_thread():
        weights, scores = _selected(settings, targets, request, trained)
    found = {"configuration_scores_": scores, "configuration_weights_": weights}
    n_each = len(trained) // n
    weights = np.tile(weights / n_each, n_each)  # members take configurations in turn
    kept = [one for one, weight in zip(trained, weights, strict=True) if weight]
    weights = weights[weights > 0]
    if np.ptp(weights) == 0:
        return kept, None, found
    return kept, weights, {**found, "member_weights_": weights}


def _selected(settings, targets, request, trained):
    """The weights of configurations by greedy selection, and the score of each."""
    n = settings.ensemble.n_configurations
    each = [_held_out(settings, targets, trained[i::n]) for i in range(n)]
    rows = each[0][0]  # the same for all
    numbers = rows.rows
    X = request.validation[0]
    if numbers is not None:
        X = ChosenRows(targets.rows.X, numbers)
    outputs = [output for _, output in each]
    loss = trained[0].loss
    return select(settings, targets, loss, replace(rows, X=X), outputs)


# Fitted attributes


def _attributes(settings, targets, request, trained):
    """The fitted attributes of the ensemble, from its members."""
    trained, weights, chosen = _weighted(settings, targets, request, trained)
    members = [one.member for one in trained]
    first = members[0]
    template = vars(targets.template)
    names = {n: v for n, v in template.items() if n == "feature_names_in_"}
    found = _from_unseen_rows(settings, targets, trained, weights)
    weight = found.pop("validation_weight", None)
    state = State(targets.task, trained[0].loss, validation_weight=weight)
    return {
        "members_": members,
        **names,
        **targets.task.attributes,
        "n_features_in_": first.n_features_in_,
        "n_layers_": first.n_layers_,
        "n_outputs_": first.n_outputs_,
        "out_activation_": first.out_activation_,
        "n_iter_": max(member.n_iter_ for member in members),
        "n_updates_": sum(member.n_updates_ for member in members),
        "loss_": float(np.mean([member.loss_ for member in members])),
        "stop_reason_": f"First of {len(members)} members: {first.stop_reason_}",
        **chosen,
        **found,
        "_state": state,
    }


def _from_unseen_rows(settings, targets, trained, weights):
    """What follows from held-out rows and the outputs of members that held them out."""
    if trained[0].validation is None or settings.refit:
        return {}
    task = targets.task
    rows, output = _held_out(settings, targets, trained, weights)
    found = attributes_from_validation(settings, task, rows, output)
    if settings.ensemble.by == "folds":
        shape = len(targets.rows), *output.shape[1:]
        everywhere = np.full(shape, np.nan, output.dtype)
        everywhere[rows.rows] = output
        found["oof_prediction_"] = task.predicted(everywhere)
    return found


def _held_out(settings, targets, trained, weights=None):
    """Rows that members held out, without X, and the mean output of these members."""
    task, data, validation = targets.task, targets.rows, trained[0].validation
    if validation.rows is None:  # the user's own, which are the same for all
        outputs = np.stack([one.output for one in trained])
        return validation, task.mean_output(outputs, weights)
    output, rows = _unseen(task, len(data), trained, weights)
    data, _ = weighted_by_class(settings, task, data, None)
    weight = None if data.weight is None else data.weight[rows]
    return ValidationRows(None, data.Y[rows], weight, rows), output


def _unseen(task, n_samples, trained, weights):
    """The mean output of the members that held a row out, and which rows these are."""
    shape, first = (len(trained), n_samples), trained[0].output
    counted = np.zeros(shape, bool)
    each = np.zeros((*shape, *first.shape[1:]), first.dtype)
    for number, one in enumerate(trained):
        rows = one.validation.rows
        counted[number, rows], each[number, rows] = True, one.output
    rows = np.flatnonzero(counted.any(axis=0))
    shares = counted[:, rows]
    if weights is not None:
        shares = shares * weights[:, np.newaxis]
    return task.mean_output(each[:, rows], shares), rows


# What ensembles do not support


def check_members(settings, request) -> None:
    """Raise a ValueError for what ensembles do not support."""
    if settings.n_members == 1:
        if settings.ensemble.by != "seeds":
            raise settings.invalid("ensemble", "be 'seeds' with n_members=1")
        check_alone(settings)
        return
    check_numbers(settings)
    check_selection(settings, request)
    if settings.warm_start and not request.incremental:
        raise settings.invalid("warm_start", "be False with n_members > 1")
    if settings.checkpoint is not None:
        raise settings.invalid("checkpoint", "be None with n_members > 1")
    if request.extend_classes:
        raise settings.invalid("n_members", "be 1 with extend_classes=True")
    if settings.ensemble.by == "folds":
        _check_folds(settings, request)


def _check_folds(settings, request) -> None:
    folds = f"ensemble={short_repr(settings.given['ensemble'])}"
    if settings.refit:
        raise settings.invalid("refit", f"be False with {folds}")
    if request.validation[0] is not None:
        raise settings.invalid("ensemble", "be 'seeds' with X_val")
    if not settings.holds_out:
        if settings.early_stopping.on_validation:
            expected = "and solver lbfgs, which holds out no rows otherwise"
            raise settings.invalid("scoring", f"be set with {folds} {expected}")
        expected = f"be True with {folds}, which holds out folds"
        raise settings.invalid("early_stopping", expected)


def several_members(owner, members) -> str:
    """The message for what only a single network has."""
    return (
        f"{owner}: n_members must be 1 to inspect the network, got {len(members)}; use "
        "one of members_."
    )


def check_one_member(owner, n_members) -> None:
    """Refuse an ensemble in a wrapper, which uses the one network of its estimator."""
    if n_members != 1:
        expected = "be 1, since the features are those of one network"
        raise invalid(owner, "estimator__n_members", expected, n_members)
