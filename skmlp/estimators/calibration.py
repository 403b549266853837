"""What rows that did not train tell of predictions: temperature, residuals, folds."""

import numpy as np
from scipy.optimize import minimize_scalar

from skmlp.estimators.averaging import raw_of_members
from skmlp.estimators.splitting import HeldOut
from skmlp.estimators.validation import owner, shown
from skmlp.rules import real

# Of temperatures that are tried, as logarithms.
LOG_TEMPERATURES = (-3.0, 3.0)


def calibrate(estimator, held, raw) -> None:
    """Learn what the estimator asks for from validation rows and their raw outputs."""
    for name in ("temperature_", "validation_residuals_", "_validation_weight"):
        vars(estimator).pop(name, None)
    if held is None:
        _refuse_without_rows(estimator)
    elif getattr(estimator, "calibration", None) is not None:
        loss = estimator._calibrating_loss(1.0 / (1.0 + len(raw)))
        estimator.temperature_ = temperature(loss, held, raw)
    elif hasattr(estimator, "_keep_residuals"):
        estimator._keep_residuals(held, raw)


def _refuse_without_rows(estimator) -> None:
    if getattr(estimator, "calibration", None) is not None:
        raise ValueError(
            f"{owner(estimator)}: calibration must be None without validation rows, "
            "which early_stopping=True or X_val give (with n_members, not with refit), "
            f"got {estimator.calibration!r}."
        )


def temperature(loss, held, raw) -> float:
    """The number by which raw outputs are divided so that their loss is least.

    Guo, Pleiss, Sun and Weinberger, On calibration of modern neural networks, 2017,
    section 4.2.
    """

    def mean_loss(log_temperature):
        scaled = np.asfortranarray(raw / np.exp(log_temperature))
        values = loss.value_and_gradient(held.Y, scaled)
        return float(np.average(values, weights=held.weight))

    found = minimize_scalar(mean_loss, bounds=LOG_TEMPERATURES, method="bounded")
    return float(np.exp(found.x))


def interval_width(estimator, coverage):
    """(n_outputs,) by how much predictions are widened on both sides."""
    accepts, expected = real(0, 1, open_low=True)
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
    weight = estimator._validation_weight
    weight = np.ones(len(residuals)) if weight is None else weight
    order = np.argsort(np.abs(residuals), axis=0)
    needed = coverage * (weight.sum() + weight.mean())
    reached = np.cumsum(weight[order], axis=0) >= needed * (1.0 - 1e-12)
    if not reached[-1].all():
        n = len(residuals)
        raise ValueError(
            f"{owner(estimator)}: coverage must be at most {n / (n + 1):.3g} with {n} "
            f"rows that did not train, got {coverage!r}."
        )
    place = reached.argmax(axis=0)
    columns = np.arange(residuals.shape[1])
    return np.abs(residuals)[order[place, columns], columns]


def held_raw(fit, params):
    """Raw outputs at the validation rows, in the user's units; None without any."""
    if fit.held is None:
        return None
    network, held = fit.network, fit.scaling.held_out(fit.held)
    return fit.scaling.outputs(network.predict(network.views(params), held.X))


def learn_from_members(estimator, data, call, fits) -> None:
    """Of rows that some members did not see, their predictions; what these tell."""
    if call.validation[0] is not None:
        held = fits[0].held
        calibrate(estimator, held, raw_of_members(estimator, held.X))
    elif fits[0].held is None or estimator.refit:
        calibrate(estimator, None, None)
    else:
        raw, rows = _unseen(estimator, data, fits)
        weight = None if data.weight is None else data.weight[rows]
        calibrate(estimator, HeldOut(None, data.Y[rows], weight), raw[rows])
        if estimator.bagging == "folds":
            estimator.oof_prediction_ = estimator._outputs_of(raw)


def _unseen(estimator, data, fits):
    """Of each row the mean raw outputs of the members that held it out, and which."""
    raw, count = np.zeros((len(data), estimator.n_outputs_)), np.zeros((len(data), 1))
    for member, fit in zip(estimator.members_, fits, strict=True):
        rows = np.setdiff1d(np.arange(len(data)), fit.data.rows)
        raw[rows] += member._raw(data.X[rows])
        count[rows] += 1
    with np.errstate(invalid="ignore"):  # of rows that all members have seen
        raw = (raw / count).astype(data.X.dtype)
    return raw, count[:, 0] > 0
