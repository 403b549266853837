"""What rows that did not train tell of predictions: temperature, residuals, folds."""

from dataclasses import replace

import numpy as np

from skmlp.constraints import real
from skmlp.estimators.fitting.splitting import HeldOut
from skmlp.estimators.fitting.validation_set import holds_out
from skmlp.estimators.targets.class_weight import weigh_classes
from skmlp.estimators.validation.parameters import owner, shown

LEARNED = ("temperature_", "validation_residuals_", "_validation_weight")
COVERAGE = real(0, 1, open_low=True)


def check_calibration(estimator, call) -> None:
    """Raise a ValueError where no rows are left for a temperature, before training."""
    if getattr(estimator, "calibration", None) is None or _leaves_rows(estimator, call):
        return
    raise ValueError(
        f"{owner(estimator)}: calibration must be None without validation rows, which "
        "early_stopping=True (with solver lbfgs and a scoring) or X_val give, but not "
        "for partial_fit, nor for n_members > 1 with refit, got "
        f"{estimator.calibration!r}."
    )


def _leaves_rows(estimator, call) -> bool:
    """Whether there are rows that no network of the model trains on in the end.

    With refit, a single network is measured before it.
    """
    if call.validation[0] is not None:
        return True
    all_refit = estimator.n_members > 1 and estimator.refit
    return holds_out(estimator) and not all_refit


def calibrate(estimator, held, output) -> None:
    """Learn what the estimator asks for from validation rows and their outputs."""
    for name in LEARNED:
        vars(estimator).pop(name, None)
    if held is not None:
        with np.errstate(over="ignore", invalid="ignore"):  # of outputs far out
            estimator._learn_from_held_out(held, output)


def held_output(estimator, fit):
    """The outputs at the validation rows, before a refit; None without any."""
    if fit.held is None:
        return None
    with np.errstate(over="ignore"):  # of outputs far out
        return estimator._task.output(fit.loss, fit.held_raw)


def held_raw(fit, params):
    """Raw outputs at the validation rows, in the user's units; None without any."""
    if fit.held is None:
        return None
    network, held = fit.network, fit.scaling.held_out(fit.held)
    with np.errstate(all="ignore"):  # of weights that diverged
        return fit.scaling.outputs(network.predict(network.views(params), held.X))


def learn_from_members(estimator, data, held, outputs) -> None:
    """Learn from rows that some members did not see, and what these made of them.

    held, outputs : of each member its validation rows and the outputs there, or Nones.
    """
    if held[0] is None or estimator.refit:
        calibrate(estimator, None, None)
    elif held[0].rows is None:  # the user's own, which are the same for all
        calibrate(estimator, held[0], estimator._task.mean_output(np.stack(outputs)))
    else:
        output, rows = _unseen(estimator, len(data), held, outputs)
        data, _ = weigh_classes(estimator, data, None)
        weight = None if data.weight is None else data.weight[rows]
        calibrate(estimator, HeldOut(None, data.Y[rows], weight), output)
        if estimator.bagging == "folds":
            everywhere = np.full((len(data), *output.shape[1:]), np.nan, output.dtype)
            everywhere[rows] = output
            estimator.oof_prediction_ = estimator._task.predicted(everywhere)


def _unseen(estimator, n_samples, held, outputs):
    """The mean output of the members that held a row out, and which rows these are."""
    shape = len(held), n_samples
    counted = np.zeros(shape, bool)
    each = np.zeros((*shape, *outputs[0].shape[1:]), outputs[0].dtype)
    for number, (own, output) in enumerate(zip(held, outputs, strict=True)):
        counted[number, own.rows], each[number, own.rows] = True, output
    rows = np.flatnonzero(counted.any(axis=0))
    return estimator._task.mean_output(each[:, rows], counted[:, rows]), rows


def without_rows(held):
    """The validation rows without X, of which nothing more is asked."""
    return None if held is None else replace(held, X=None)


def interval_width(estimator, coverage):
    """(n_outputs,) by how much predictions are widened on both sides."""
    accepts, expected = COVERAGE
    if not accepts(coverage):
        raise ValueError(
            f"{owner(estimator)}: coverage must be {expected}, got {shown(coverage)}."
        )
    residuals = getattr(estimator, "validation_residuals_", None)
    if residuals is None:
        raise ValueError(
            f"{owner(estimator)}: predict_interval must have residuals of rows that "
            "did not train, of a loss without levels: fit with early_stopping=True or "
            "X_val (with n_members, without refit), got a fit without."
        )
    weight, sizes = estimator._validation_weight, np.abs(residuals)
    if weight is None:
        weight = np.ones(len(sizes))
    sizes, weight = sizes[weight > 0], weight[weight > 0]
    return _quantile_of_a_new_row(estimator, sizes, weight / weight.sum(), coverage)


def _quantile_of_a_new_row(estimator, sizes, shares, coverage):
    """Of each column of `sizes` the quantile, with a new row counted as infinite.

    shares : (n_rows,) of the weight; the new row has their mean.
    """
    n, columns = len(sizes), np.arange(sizes.shape[1])
    order = np.argsort(sizes, axis=0)
    needed = coverage * (1.0 + 1.0 / n)
    # sums in floating point may fall a little short
    reached = np.cumsum(shares[order], axis=0) >= needed - 1e-12
    if not reached[-1].all():
        raise ValueError(
            f"{owner(estimator)}: coverage must be at most {n / (n + 1):.6g} with {n} "
            f"rows that did not train, got {coverage!r}."
        )
    return sizes[order[reached.argmax(axis=0), columns], columns]
