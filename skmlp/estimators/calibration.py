"""What follows from validation rows: the softmax temperature, and intervals."""

import numpy as np
from scipy.optimize import minimize_scalar

from skmlp.constraints import real
from skmlp.errors import invalid, short_repr

# What `calibration` may be: any temperature, or one of at most 1.
CALIBRATIONS = ("temperature", "sharpen")
COVERAGE = real(0, 1, open_low=True)
# Range of log temperatures; near the minimum a step of 0.01 changes the loss little.
LOG_TEMPERATURES = (-3.0, 3.0)
PRECISION = 0.01


def check_calibration(settings, request) -> None:
    """Raise a ValueError, before training, if no rows are left for a temperature."""
    if settings.calibration != "temperature" or _leaves_rows(settings, request):
        return
    raise settings.invalid(
        "calibration",
        "be None without validation rows (set early_stopping=True, with solver lbfgs "
        "also scoring, or pass X_val; partial_fit, and refit with n_members > 1, have "
        "none)",
    )


def _leaves_rows(settings, request) -> bool:
    """Whether some rows are unseen by the networks at the time of measuring.

    With refit, a single network is measured before the refit.
    """
    if request.validation[0] is not None:
        return True
    all_refit = settings.n_members > 1 and settings.refit
    return settings.holds_out and not all_refit


def attributes_from_validation(settings, task, rows, output):
    """The temperature or the residuals, from the outputs at the validation rows.

    rows : with Y and weight; None without validation rows.
    """
    if rows is None:
        return {}
    with np.errstate(over="ignore", invalid="ignore"):  # of outputs far out
        if task.is_regression:
            return _residuals(rows, output)
        if settings.calibration is None:
            return {}
        loss = task.calibrating_loss(len(output))
        temperature = best_temperature(loss, rows, output)[0]
        if settings.calibration == "sharpen":
            temperature = min(temperature, 1.0)
        return {"temperature_": temperature}


def _residuals(rows, output):
    """Residuals for ``predict_interval``, of a loss without quantile levels."""
    if output.ndim > 2:
        return {}
    return {
        "validation_residuals_": rows.Y - output,
        "validation_weight": rows.weight,
    }


def best_temperature(loss, rows, raw):
    """The divisor of raw outputs that minimises their mean loss, and that loss.

    Guo, Pleiss, Sun and Weinberger, On calibration of modern neural networks, 2017,
    section 4.2.

    rows : with Y and weight, of as many rows as `raw`.
    """

    def mean_loss(log_temperature):
        scaled = np.asfortranarray(raw / raw.dtype.type(np.exp(log_temperature)))
        values = loss.value_and_gradient(rows.Y, scaled)
        return float(np.average(values, weights=rows.weight))

    found = minimize_scalar(
        mean_loss,
        bounds=LOG_TEMPERATURES,
        method="bounded",
        options={"xatol": PRECISION},
    )
    return float(np.exp(found.x)), float(found.fun)


def interval_width(owner, residuals, weight, coverage):
    """Half-widths (n_outputs,) of the intervals."""
    accepts, expected = COVERAGE
    if not accepts(coverage):
        raise invalid(owner, "coverage", f"be {expected}", coverage)
    if residuals is None:
        raise ValueError(
            f"{owner}: predict_interval must have residuals of validation rows, got a "
            "fit without. Fit with early_stopping=True or X_val (with n_members > 1, "
            "without refit), and without several quantile levels."
        )
    sizes = np.abs(residuals)
    weight = np.ones(len(sizes)) if weight is None else weight
    sizes, weight = sizes[weight > 0], weight[weight > 0]
    return _quantile_of_a_new_row(owner, sizes, weight / weight.sum(), coverage)


def _quantile_of_a_new_row(owner, sizes, shares, coverage):
    """The quantile of each column of `sizes`, counting a new row as infinite.

    shares : (n_rows,) of the total weight; the new row has their mean.
    """
    n, columns = len(sizes), np.arange(sizes.shape[1])
    order = np.argsort(sizes, axis=0)
    needed = coverage * (1.0 + 1.0 / n)
    # sums in floating point may fall a little short
    reached = np.cumsum(shares[order], axis=0) >= needed - 1e-12
    if not reached[-1].all():
        raise ValueError(
            f"{owner}: coverage must be at most {n / (n + 1):.6g} with {n} validation "
            f"rows, got {short_repr(coverage)}."
        )
    return sizes[order[reached.argmax(axis=0), columns], columns]
