"""What rows that did not train tell of predictions: temperature and intervals."""

import numpy as np
from scipy.optimize import minimize_scalar

from skmlp.constraints import real
from skmlp.errors import invalid, short_repr

COVERAGE = real(0, 1, open_low=True)
# Of temperatures that are tried, as logarithms; near the least loss 0.01 is nothing.
LOG_TEMPERATURES = (-3.0, 3.0)
PRECISION = 0.01


def check_calibration(settings, request) -> None:
    """Raise a ValueError where no rows are left for a temperature, before training."""
    if settings.calibration is None or _leaves_rows(settings, request):
        return
    raise settings.invalid(
        "calibration",
        "be None without validation rows, which early_stopping=True (with solver lbfgs "
        "and a scoring) or X_val give, but not for partial_fit, nor for n_members > 1 "
        "with refit",
    )


def _leaves_rows(settings, request) -> bool:
    """Whether there are rows that no network of the model trains on in the end.

    With refit, a single network is measured before it.
    """
    if request.validation[0] is not None:
        return True
    all_refit = settings.n_members > 1 and settings.refit
    return settings.holds_out and not all_refit


def attributes_from_validation(settings, task, rows, output):
    """What validation rows and the outputs there say: temperature, residuals.

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
        return {"temperature_": best_temperature(loss, rows, output)[0]}


def _residuals(rows, output):
    """Residuals for ``predict_interval``, of a loss without quantile levels."""
    if output.ndim > 2:
        return {}
    return {
        "validation_residuals_": rows.Y - output,
        "validation_weight": rows.weight,
    }


def best_temperature(loss, rows, raw):
    """The number by which raw outputs are divided so that their loss is least.

    And that mean loss. Guo, Pleiss, Sun and Weinberger, On calibration of modern neural
    networks, 2017, section 4.2.

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
    """(n_outputs,) by how much predictions are widened on both sides."""
    accepts, expected = COVERAGE
    if not accepts(coverage):
        raise invalid(owner, "coverage", f"be {expected}", coverage)
    if residuals is None:
        raise ValueError(
            f"{owner}: predict_interval must have residuals of rows that did not "
            "train, of a loss without levels: fit with early_stopping=True or X_val "
            "(with n_members, without refit), got a fit without."
        )
    sizes = np.abs(residuals)
    weight = np.ones(len(sizes)) if weight is None else weight
    sizes, weight = sizes[weight > 0], weight[weight > 0]
    return _quantile_of_a_new_row(owner, sizes, weight / weight.sum(), coverage)


def _quantile_of_a_new_row(owner, sizes, shares, coverage):
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
            f"{owner}: coverage must be at most {n / (n + 1):.6g} with {n} rows that "
            f"did not train, got {short_repr(coverage)}."
        )
    return sizes[order[reached.argmax(axis=0), columns], columns]
