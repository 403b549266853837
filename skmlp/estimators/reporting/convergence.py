"""The end of a fit: convergence warnings, and the diagnosis of divergence."""

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning

# Epochs over which the decrease of the loss is reported, and the relative decrease
# from which the loss counts as still decreasing.
N_LAST = 10
STILL_FALLING = 0.01


def said_of_end(plan, training):
    """Warnings about how training ended: (text, kind of warning)."""
    reason = training.reason
    if "interrupted" in (reason, training.refit_reason):
        yield "Training interrupted by user.", UserWarning
    elif reason == "diverged":
        best = training.monitor.best.is_new
        kept = "those of the best epoch" if best else "the initial ones"
        message = f"{diagnosis(plan, training)} The weights are {kept}."
        yield message, ConvergenceWarning
    elif training.refit_reason == "diverged":
        message = (
            f"{plan.settings.owner}: {training.refit_message} The weights are those of "
            "the best epoch. Lower learning_rate_init, or set recover=True."
        )
        yield message, ConvergenceWarning
    elif training.restored_initial_params:
        message = (
            f"{plan.settings.owner}: no epoch had a validation score above -inf; the "
            "weights are the initial ones. Scale X and y."
        )
        yield message, ConvergenceWarning
    elif reason == "max_iter" and not plan.request.incremental:
        if training.ends_as_planned or plan.request.course is not None:
            return
        message = (
            _out_of_epochs(plan.n_epochs)
            if training.has_learning_rate
            else _out_of_steps(training)
        )
        message += _course(training)
        yield message, ConvergenceWarning


def stop_reason(plan, training) -> str:
    """Why training stopped, as a sentence, with recoveries before and a refit after."""
    why = _why(plan, training)
    if plan.request.incremental and training.reason == "max_iter":
        why = "partial_fit trains for one epoch."
    return " ".join([*training.recoveries, why, training.refit_message]).rstrip()


def _why(plan, training) -> str:
    reason = training.reason
    if reason == "interrupted":
        return f"Interrupted by the user in epoch {training.n_iter + 1}."
    if reason == "diverged":
        return f"The loss stopped being finite in epoch {training.n_iter}."
    if reason == "callback":
        return f"A callback stopped training after epoch {training.n_iter}."
    if reason == "no_better_cycle":
        return (
            "No epoch was better in the last whole cycle of the learning rate, which "
            f"ended in epoch {training.n_iter}."
        )
    if reason == "out_of_time":
        what = "Half of max_time" if plan.settings.refit else "max_time"
        seconds = f"{round(plan.settings.max_time, 3)} s"  # of a member a share
        return f"{what}={seconds} was over in epoch {training.n_iter}."
    if reason == "max_iter" and plan.request.course is not None:
        return (
            f"Trained on all rows for {training.n_iter} of {plan.n_epochs} planned "
            "epochs, after which the others had the best mean validation score."
        )
    epochs = f"Trained for max_iter={plan.n_epochs} epochs."
    return training.stop_sentence or epochs


def _out_of_epochs(max_iter) -> str:
    return (
        f"Stochastic Optimizer: Maximum iterations ({max_iter}) reached and "
        "the optimization hasn't converged yet."
    )


def _out_of_steps(training) -> str:
    """L-BFGS's own message, worded as scikit-learn does for its lbfgs solvers."""
    text = (
        f"lbfgs failed to converge after {training.n_iter} iteration(s) "
        f"(status={training.status}):\n{training.message}\n"
    )
    if training.n_iter == training.max_iter:
        text += (
            "\nIncrease the number of iterations to improve the convergence "
            f"(max_iter={training.max_iter})."
        )
    return text + (
        "\nYou might also want to scale the data as shown in:\n"
        "    https://scikit-learn.org/stable/modules/preprocessing.html"
    )


def _course(training) -> str:
    """How the loss changed over the last epochs or iterations."""
    losses = training.history.totals(min(N_LAST, training.n_iter) + 1)
    if len(losses) < 2 or not losses[0]:
        return ""
    fall, n_steps = (losses[0] - losses[-1]) / abs(losses[0]), len(losses) - 1
    by_rate = training.has_learning_rate
    if fall < 0:
        course = f"rose by {-fall:.2%}" + (
            ": lower learning_rate_init." * by_rate or "."
        )
    elif fall >= STILL_FALLING:
        course = f"fell by {fall:.2%} and is still falling: raise max_iter"
        course += " or learning_rate_init." if by_rate else "."
    else:
        course = (
            f"fell by {fall:.2%} and has plateaued: a larger tol would have stopped "
        )
        course += "training earlier."
    unit = ("epoch" if by_rate else "iteration") + "s" * (n_steps > 1)
    return f"\nOver the last {n_steps} {unit} the loss {course}"


def diagnosis(plan, training) -> str:
    """Why a fit diverged: when, at which rate, on data of which scale."""
    if training.has_learning_rate:
        where = f"epoch {training.n_iter}"
        where += f" with learning_rate_init={plan.settings.learning_rate_init!r}"
        if training.recoveries:
            where += f" ({' '.join(training.recoveries)})"
        remedy = " or lower learning_rate_init"
    else:
        where, remedy = f"iteration {training.n_iter} of lbfgs", ""
    scales, scaled = f"the largest |X| is {largest(plan.data.X):.3g}", "X"
    if plan.task.is_regression:
        scales += f" and the largest |y| {largest(plan.data.Y):.3g}"
        scaled = "X and y"
    return (
        "Solver produced non-finite parameter weights. The input data may contain "
        "large values and need to be preprocessed.\n"
        f"{plan.settings.owner}: the loss stopped being finite in {where}; {scales}. "
        f"Scale {scaled}{remedy}."
    )


def largest(values) -> float:
    """The largest absolute value, without a copy of the array."""
    values = values.data if issparse(values) else values
    return max(float(values.max()), -float(values.min())) if np.size(values) else 0.0
