"""What an ensemble has learned: fitted attributes, from those of its members."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skmlp.estimators.calibration import attributes_from_validation
from skmlp.estimators.ensemble.all_rows import Scores
from skmlp.estimators.ensemble.selection import select
from skmlp.estimators.fitting.data import ValidationRows, weighted_by_class
from skmlp.estimators.fitting.state import State
from skmlp.estimators.fitting.threads import one_blas_thread
from skmlp.training.batches import ChosenRows


@dataclass
class Trained:
    """A fitted member, with what the ensemble needs of its training.

    validation, output : its validation rows, without X, and the outputs there, or
        Nones.
    scores : those of its epochs on these rows, or None.
    warnings : pairs (text, kind); gravity : how serious they are.
    """

    member: Any
    loss: Any
    validation: ValidationRows | None
    output: Any
    scores: Scores | None
    warnings: list
    gravity: tuple


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


def attributes_of(settings, targets, request, trained):
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
    trained = [one for one in trained if one.validation is not None]
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
