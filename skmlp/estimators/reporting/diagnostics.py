"""Diagnostic warnings: problems of the data, the settings or the course of a fit."""

from dataclasses import replace

import numpy as np

from skmlp.estimators.reporting.convergence import said_of_end
from skmlp.estimators.validation.parameters import is_clipped
from skmlp.losses import RegressionLoss
from skmlp.schedules import Constant
from skmlp.training.layer_stats import FLAT, hidden_slopes

# How much larger than others, or than 1, a column must be to make training hard.
UNEQUAL = 1e3
# The share of units without gradient by which a layer counts as dead or saturated.
MANY = 0.5
# Number of units in a layer from which that share is meaningful.
WIDE = 10
# A loss within this share of the constant model's is no better than it.
NO_BETTER = 0.99
# Epochs over which the course is judged.
N_LAST = 10
# A constant model's loss below so many tols leaves too little room to improve.
FEW_TOLS = 10
N_ROWS = 200
# Fewer rows prove nothing. Fewer epochs, or a larger tol, are deliberate.
FEW = 20
COARSE = 0.01


CLIPPED = (
    "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped"
)
IGNORED_SCHEDULES = ("constant", "invscaling", "adaptive")


class DiagnosticWarning(UserWarning):
    """Warning about a problem of a fit: its data, its settings, or how it went."""


def _diagnose(plan, training):
    """A text for each problem of the fit.

    None with only a handful of rows, a constant y, or a fit that did not finish.
    """
    if training.reason in ("diverged", "interrupted"):
        return []
    with np.errstate(all="ignore"):
        return list(filter(None, _faults(plan, training)))


def _faults(plan, training):
    rows = _sample(plan)
    constant = _constant_loss(plan, rows) if len(rows[1]) >= FEW else 0.0
    if constant == 0.0:
        return []
    fine = training.monitor.patience.tol <= COARSE
    converged = training.reason == "converged" and fine
    found = [_unequal_columns(plan)]
    by_rate = training.has_learning_rate
    if by_rate:
        found.append(_large_target(plan))
        if converged:
            found.append(_small_target(plan, training, constant))
        found.append(_jumping(training, constant * plan.scaling.loss_unit))
    views = plan.network.views(training.params)
    raw, hidden = hidden_slopes(plan.network, views, rows[0])
    loss = _mean_loss(plan, raw, rows)
    if converged or training.n_iter >= FEW:
        found.append(_no_better(loss, constant, by_rate=by_rate))
    is_good = loss < NO_BETTER * constant
    found += _idle_layers(hidden, is_good=is_good, by_rate=by_rate)
    return found


def _sample(plan):
    """Some training rows of nonzero weight, as training sees them: X, Y and weight."""
    data = plan.scaling.training_rows(plan.data)
    rows = data.sample(N_ROWS)
    weight = None if data.weight is None else data.weight[rows]
    return data.X[rows], data.Y[rows], weight


def _mean_loss(plan, raw, rows) -> float:
    _, Y, weight = rows
    return float(np.average(plan.loss.value_and_gradient(Y, raw), weights=weight))


def _constant_loss(plan, rows) -> float:
    """Loss of the best model with the same outputs for all rows."""
    _, Y, weight = rows
    if (Y == Y[0]).all():
        return 0.0
    constant = plan.loss.constant_optimum(Y, weight).astype(Y.dtype)
    return _mean_loss(plan, np.tile(constant, (len(Y), 1)), rows)


def _unequal_columns(plan):
    """Columns of X with scales so different that one dominates."""
    X, columns = plan.data.X, _columns_of_numbers(plan)
    if plan.settings.scale_input or plan.data.is_sparse or len(columns) < 2:
        return None
    rows = replace(plan.data, rows=None).sample(N_ROWS)
    X = np.asarray(X[rows][:, columns], np.float64)
    if max(X.max(), -X.min()) < UNEQUAL / 10:
        return None
    spread, offset = X.std(axis=0), np.abs(X.mean(axis=0))
    size = np.hypot(spread, offset)
    typical = np.median(spread[spread > 0]) if spread.any() else 0.0
    worst = int(np.argmax(size))
    if not max(UNEQUAL * typical, UNEQUAL / 10) < size[worst] < np.inf:
        return None
    names, number = plan.features.get("feature_names_in_"), int(columns[worst])
    name = number if names is None else repr(str(names[number]))
    return (
        f"the columns of X are of very unequal scale: that of column {name} is "
        f"{size[worst]:.3g}, the median standard deviation {typical:.3g}. Scale X, for "
        "example with StandardScaler in a pipeline, or set scale_input=True."
    )


def _columns_of_numbers(plan):
    """Columns that do not hold category codes."""
    inputs = plan.network.inputs
    return np.arange(inputs.n_features) if inputs.plain is None else inputs.plain


def _large_target(plan):
    """Targets so large, or so far from 0, that outputs take long to reach them."""
    if not isinstance(plan.loss, RegressionLoss) or plan.settings.scale_target:
        return None
    if plan.loss.out_activation != "identity":
        return None
    Y = plan.data.Y.astype(np.float64)
    spread, offset = Y.std(axis=0), np.abs(Y.mean(axis=0))
    worst = int(np.argmax(np.hypot(spread, offset)))
    size = float(np.hypot(spread, offset)[worst])
    moved = plan.settings.output_bias == "optimum" and spread[worst] < UNEQUAL
    if size < UNEQUAL or moved or not np.isfinite(size):
        return None
    which = f"column {worst} of y" if Y.shape[1] > 1 else "y"
    mean = Y[:, worst].mean()
    return (
        f"the scale of y is far from that of the network's initial outputs, about 1: "
        f"{which} has mean {mean:.3g} and standard deviation {spread[worst]:.3g}. Set "
        "scale_target=True."
    )


def _small_target(plan, training, constant):
    """Losses so small that `tol` stops training at once."""
    patience = training.monitor.patience
    by_loss = not training.monitor.stops_early and not patience.relative
    if not by_loss or constant > FEW_TOLS * patience.tol:
        return None
    return (
        f"tol={plan.settings.tol:g} is large compared with the loss of a constant "
        f"model, {constant:.3g}, so training stopped before it could improve. "
        f"{_remedy(plan.task)}"
    )


def _remedy(task) -> str:
    relative = "early_stopping=EarlyStopping('training', relative_tol=True)"
    if task.is_regression:
        return f"Set scale_target=True, {relative}, or a smaller tol."
    return f"Set {relative}, or a smaller tol."


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
    """A loss that jumps up and down from epoch to epoch without decreasing."""
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

    In a model that has learned something, a saturated unit may still separate rows, and
    counts as idle only if its value is the same for all of them.
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
        f"{share:.0%} of the units of hidden layer {number} are dead or saturated: "
        f"they have no gradient on any row. Scale X{rate}, or choose another "
        "activation, such as 'leaky_relu'."
    )


def warnings_of(plan, training):
    """All warnings of a fit: (text, kind of warning)."""
    by_batches = plan.settings.is_stochastic
    if by_batches and is_clipped(plan.settings.batch_size, len(plan.data)):
        yield CLIPPED, UserWarning
    found = _without_effect(plan, training)
    if not plan.request.incremental:
        found += _diagnose(plan, training)
    for text in found:
        yield f"{plan.settings.owner}: {text}", DiagnosticWarning
    yield from said_of_end(plan, training)


def _without_effect(plan, training):
    """Schedules without effect, and a learning rate of 0."""
    found = [f"{what} has no effect {why}." for what, why in _idle_schedules(plan)]
    if training.learning_rate == 0.0:
        found += _rate_0(plan.settings, training.clock)
    return found


def _idle_schedules(plan):
    """Schedules that have nothing to act on: (setting, why)."""
    settings = plan.settings
    if not settings.is_stochastic:
        schedule = settings.learning_rate
        if not (isinstance(schedule, str) and schedule in IGNORED_SCHEDULES):
            name = f"learning_rate={schedule!r}"
            yield name, "with solver lbfgs, which chooses its own step sizes"
        return
    solver, dropout = settings.solver, settings.dropout
    decays = solver.get_params(deep=False).get("weight_decay") != 0.0
    if not decays and _is_meant(solver, "decay_schedule", settings.decay_schedule):
        name = f"solver__decay_schedule={solver.decay_schedule!r}"
        yield name, "without weight decay"
    is_noisy = any(plan.network.noise)
    if not is_noisy and _is_meant(dropout, "schedule", settings.noise_schedule):
        name = f"dropout__schedule={dropout.schedule!r}"
        yield name, "without dropout or noise"


def _is_meant(component, name, schedule) -> bool:
    """Whether a schedule was given, rather than left over from a preset."""
    return component.is_given(name) and not isinstance(schedule, Constant)


def _rate_0(settings, clock):
    if clock.n_steps <= clock.n_planned:
        return []
    return [
        f"learning_rate={settings.learning_rate!r} has reached its end after "
        f"{clock.n_planned} updates (those of the first call, in max_iter="
        f"{clock.n_planned // clock.n_epoch_steps} epochs): the learning rate is 0, "
        "and partial_fit no longer changes the model. Raise max_iter."
    ]
