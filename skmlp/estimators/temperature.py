"""The temperature that makes probabilities as sure as they should be."""

import numpy as np
from scipy.optimize import minimize_scalar

# Of temperatures that are tried, as logarithms; near the least loss 0.01 is nothing.
LOG_TEMPERATURES = (-3.0, 3.0)
PRECISION = 0.01


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
