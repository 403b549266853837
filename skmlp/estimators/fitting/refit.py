"""Refit on all rows, for the best number of epochs found with validation rows."""

from dataclasses import replace

from skmlp.estimators.fitting.build import training_of
from skmlp.estimators.fitting.data import weighted_by_class
from skmlp.estimators.fitting.plan import Course, with_output_bias
from skmlp.estimators.fitting.scaling import scaling_of


def refit(plan, start, monitored):
    """Train from `start` on all rows for the best number of epochs of `monitored`.

    The first training keeps its history; parameters, loss and solver state become those
    of the refit. Returns the plan of the final model. There is no refit if no epoch was
    best or the user stopped training.
    """
    best = monitored.monitor.best
    if not best.is_new or monitored.reason in ("interrupted", "callback"):
        monitored.refit_message = "There was no refit on all rows."
        return plan
    n_before = len(monitored.history.rows) - monitored.n_iter
    course = course_of(plan, monitored, best.epoch - n_before)
    on_all_rows = _on_all_rows(plan, start, course)
    training = training_of(on_all_rows)
    training.verbose = monitored.verbose
    monitored.verbose.say("Refitting on all rows.")
    try:
        reason = training.run(course.n_epochs)
    except KeyboardInterrupt:
        reason = "interrupted"
    monitored.refit_reason = reason
    if reason in ("interrupted", "diverged"):
        was = "diverged" if reason == "diverged" else "was interrupted"
        monitored.refit_message = f"The refit on all rows {was} and was discarded."
        return plan
    monitored.take_over(training)
    message = f"Refitted on all rows for {training.n_iter} epochs."
    monitored.refit_message = " ".join([*training.recoveries, message])
    return replace(plan, scaling=on_all_rows.scaling)


def course_of(plan, training, n_epochs) -> Course:
    """The course of a training, for so many of its epochs."""
    plateaus = tuple(training.at_plateau.epochs)
    sizes = plan.batch_size, plan.n_epochs
    return Course(*sizes, n_epochs, plateaus, training.rate_factor)


def _on_all_rows(plan, start, course):
    """The plan on all rows, from the same initial model, by that course."""
    request = replace(plan.request, course=course)
    data, _ = weighted_by_class(plan.settings, plan.task, plan.all_rows, None)
    scaling = scaling_of(plan.settings, data, plan.loss)
    if not plan.is_drawn:
        folded = plan.scaling.fold(plan.network, start)
        start = scaling.unfold(plan.network, folded).astype(start.dtype, copy=False)
    return with_output_bias(
        replace(
            plan,
            request=request,
            params=start,
            data=data,
            validation=None,
            scaling=scaling,
        )
    )
