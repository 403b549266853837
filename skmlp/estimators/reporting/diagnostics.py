"""Warnings that diagnose: faults of data, settings and course that a fit shows."""

from dataclasses import replace

import numpy as np
from scipy.sparse import issparse
from sklearn.base import RegressorMixin

from skmlp.estimators.fitting.build import some_rows
from skmlp.estimators.fitting.components import is_stochastic, schedule_named
from skmlp.estimators.reporting.convergence import said_of_end
from skmlp.estimators.validation.parameters import owner
from skmlp.losses import RegressionLoss
from skmlp.schedules import Constant
from skmlp.training.layer_stats import FLAT, hidden_slopes
from skmlp.training.minibatch import Training

# How much larger than others, or than 1, columns are that make training hard.
UNEQUAL = 1e3
# The share of units without gradient by which a layer counts as dead or saturated.
MANY = 0.5
# Units of a layer from which that share says something.
WIDE = 10
# A loss within this share of the constant model's is no better than it.
NO_BETTER = 0.99
# Epochs over which the course is judged.
N_LAST = 10
# A constant model's loss of fewer tols leaves too little room.
FEW_TOLS = 10
N_ROWS = 200
# Fewer rows show nothing. Fewer epochs, or a larger tol, are the user's own wish.
FEW = 20
COARSE = 0.01


IGNORED_SCHEDULES = ("constant", "invscaling", "adaptive")


class DiagnosticWarning(UserWarning):
    """A fit's settings or its course have a fault that the text names."""


def _diagnose(estimator, fit, training, reason):
    """What to say of each fault that the fit shows.

    A handful of rows shows none, nor does a constant y, nor a fit that was broken off.
    """
    if reason in ("diverged", "interrupted"):
        return []
    with np.errstate(all="ignore"):
        return list(filter(None, _faults(estimator, fit, training, reason)))


def _faults(estimator, fit, training, reason):
    rows = _sample(fit)
    constant = _constant_loss(fit, rows) if len(rows[1]) >= FEW else 0.0
    if constant == 0.0:
        return []
    converged = reason == "converged" and training.monitor.patience.tol <= COARSE
    found = [_unequal_columns(estimator, fit)]
    by_rate = isinstance(training, Training)
    if by_rate:
        found.append(_large_target(estimator, fit))
        if converged:
            found.append(_small_target(estimator, training, constant))
        found.append(_jumping(training, constant * fit.scaling.loss_unit))
    views = fit.network.views(training.params)
    raw, hidden = hidden_slopes(fit.network, views, rows[0])
    loss = _mean_loss(fit, raw, rows)
    if converged or training.n_iter >= FEW:
        found.append(_no_better(loss, constant, by_rate=by_rate))
    is_good = loss < NO_BETTER * constant
    found += _idle_layers(hidden, is_good=is_good, by_rate=by_rate)
    return found


def _sample(fit):
    """Some of the rows that count, as training sees them: X, Y and weight."""
    data = fit.scaling.training_rows(fit.data)
    rows = some_rows(data, N_ROWS)
    weight = None if data.weight is None else data.weight[rows]
    return data.X[rows], data.Y[rows], weight


def _mean_loss(fit, raw, rows) -> float:
    _, Y, weight = rows
    return float(np.average(fit.loss.value_and_gradient(Y, raw), weights=weight))


def _constant_loss(fit, rows) -> float:
    """The loss of the best model that gives all rows the same outputs."""
    _, Y, weight = rows
    if (Y == Y[0]).all():
        return 0.0
    constant = fit.loss.constant_optimum(Y, weight).astype(Y.dtype)
    return _mean_loss(fit, np.tile(constant, (len(Y), 1)), rows)


def _unequal_columns(estimator, fit):
    """Columns of X whose scales differ so much that one drowns the others."""
    X, columns = fit.data.X, _columns_of_numbers(fit)
    if estimator.scale_input or issparse(X) or len(columns) < 2:
        return None
    rows = some_rows(replace(fit.data, rows=None), N_ROWS)
    X = np.asarray(X[rows][:, columns], np.float64)
    if max(X.max(), -X.min()) < UNEQUAL / 10:
        return None
    spread, offset = X.std(axis=0), np.abs(X.mean(axis=0))
    size = np.hypot(spread, offset)
    typical = np.median(spread[spread > 0]) if spread.any() else 0.0
    worst = int(np.argmax(size))
    if not max(UNEQUAL * typical, UNEQUAL / 10) < size[worst] < np.inf:
        return None
    names, number = getattr(estimator, "feature_names_in_", None), int(columns[worst])
    name = number if names is None else repr(str(names[number]))
    return (
        f"the columns of X are of very unequal scale: that of column {name} is "
        f"{size[worst]:.3g}, the median spread {typical:.3g}. Scale X, as by "
        "StandardScaler in a pipeline or scale_input=True."
    )


def _columns_of_numbers(fit):
    """Those that are no codes of categories."""
    inputs = fit.network.inputs
    return np.arange(inputs.n_features) if inputs.plain is None else inputs.plain


def _large_target(estimator, fit):
    """Numbers so large, or so far from 0, that outputs have a long way to go."""
    if not isinstance(fit.loss, RegressionLoss) or estimator.scale_target:
        return None
    if fit.loss.out_activation != "identity":
        return None
    Y = fit.data.Y.astype(np.float64)
    spread, offset = Y.std(axis=0), np.abs(Y.mean(axis=0))
    worst = int(np.argmax(np.hypot(spread, offset)))
    size = float(np.hypot(spread, offset)[worst])
    moved = estimator.output_bias == "optimum" and spread[worst] < UNEQUAL
    if size < UNEQUAL or moved or not np.isfinite(size):
        return None
    which = f"column {worst} of y" if Y.shape[1] > 1 else "y"
    mean = Y[:, worst].mean()
    return (
        "the targets are of very unequal scale: far from the network's first outputs, "
        f"which are about 1, {which} has mean {mean:.3g} and standard deviation "
        f"{spread[worst]:.3g}. Scale y, as by scale_target=True."
    )


def _small_target(estimator, training, constant):
    """Losses so small that `tol` stops what has hardly begun."""
    patience = training.monitor.patience
    by_loss = not training.monitor.stops_early and not patience.relative
    if not by_loss or constant > FEW_TOLS * patience.tol:
        return None
    return (
        f"tol={estimator.tol:g} is large beside the loss of a constant model, which is "
        f"{constant:.3g}: training ended for want of improvements that the loss has no "
        f"room for. {_remedy(estimator)}"
    )


def _remedy(estimator) -> str:
    others = "tol_mode='relative' or a smaller tol."
    if isinstance(estimator, RegressorMixin):
        return f"Set scale_target=True, or {others}"
    return f"Set {others}"


def _no_better(loss, constant, *, by_rate):
    if loss < NO_BETTER * constant:
        return None
    rate = " or learning_rate_init" if by_rate else ""
    return (
        f"the model is no better than a constant one: its loss on training rows is "
        f"{loss:.3g}, that of the best constant {constant:.3g}. Scale X (and y), raise "
        f"max_iter{rate}, or lower alpha."
    )


def _jumping(training, constant):
    """A loss that jumps up and down from epoch to epoch and does not fall."""
    losses = np.array(training.history.totals(N_LAST + 1))
    if len(losses) <= N_LAST or not np.isfinite(losses).all():
        return None
    steps = np.diff(losses)
    jump = float(np.abs(steps).mean())
    if (
        jump < 0.1 * max(constant, losses.min())
        or abs(steps.sum()) > 0.5 * jump * N_LAST
    ):
        return None
    return (
        f"the training loss jumps by {jump:.3g} from epoch to epoch and does not fall. "
        "Lower learning_rate_init, or raise batch_size."
    )


def _idle_layers(hidden, *, is_good, by_rate):
    """Hidden layers of which most units have no gradient on any row.

    Where the model is of use, a saturated unit may still tell rows apart, and counts
    as idle only if it gives the same for all.
    """
    found = []
    for i, (a, slope) in enumerate(hidden, start=1):
        idle = slope.max(axis=0) < FLAT
        if is_good:
            idle &= np.ptp(a, axis=0) < FLAT
        if idle.all() or (idle.mean() > MANY and len(idle) >= WIDE):
            found.append(_idle(i, idle.mean(), by_rate))
    return found


def _idle(number, share, by_rate):
    rate = ", lower learning_rate_init" if by_rate else ""
    return (
        f"{share:.0%} of the units of hidden layer {number} are dead or saturated: on "
        f"no row do they have a gradient. Scale X{rate}, or "
        "choose another activation, such as 'leaky_relu'."
    )


def warnings_of(estimator, fit, training, reason):
    """All that the user should know of a fit at its end: (text, kind of warning)."""
    found = _without_effect(estimator, training)
    if not fit.call.incremental:
        found += _diagnose(estimator, fit, training, reason)
    for text in found:
        yield f"{owner(estimator)}: {text}", DiagnosticWarning
    yield from said_of_end(estimator, fit, training, reason)


def _without_effect(estimator, training):
    """Where a schedule keeps training from having an effect, or has none itself."""
    found = [
        f"{name}={getattr(estimator, name)!r} has no effect {why}."
        for name, why in _idle_schedules(estimator, training)
    ]
    if is_stochastic(estimator.solver) and training.learning_rate == 0.0:
        found += _rate_0(estimator, training.solver_state.clock)
    return found


def _idle_schedules(estimator, training):
    """The parameters that are schedules of nothing, and why."""
    schedule = estimator.learning_rate
    if not is_stochastic(estimator.solver):
        if not (isinstance(schedule, str) and schedule in IGNORED_SCHEDULES):
            yield "learning_rate", "with solver lbfgs, which chooses its own steps"
        return
    decay = getattr(training.solver_state.solver, "weight_decay", 0.0)
    if decay == 0.0 and _is_set(estimator, "weight_decay_schedule"):
        yield "weight_decay_schedule", "without a weight_decay of solver"
    noise = any(training.objective.network.noise)
    if not noise and _is_set(estimator, "dropout_schedule"):
        yield "dropout_schedule", "without dropout, input_dropout and input_noise"


def _is_set(estimator, name):
    return not isinstance(schedule_named(estimator, name), Constant)


def _rate_0(estimator, clock):
    if clock.n_steps <= clock.n_planned:
        return []
    return [
        f"learning_rate={estimator.learning_rate!r} has come to its end after "
        f"{clock.n_planned} updates, max_iter={estimator.max_iter} times those of the "
        "first call: the rate is 0, and partial_fit changes nothing any more. Raise "
        "max_iter."
    ]
