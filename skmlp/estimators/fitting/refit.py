"""Training once more on all rows, for as long as was best on some of them."""

import math
from dataclasses import dataclass, field, replace

from skmlp.estimators.fitting.build import training_of
from skmlp.estimators.fitting.data import weighted_by_class
from skmlp.estimators.fitting.plan import with_output_bias
from skmlp.estimators.fitting.scaling import scaling_of
from skmlp.training.early_stopping import Monitor, Patience


@dataclass
class Replay(Patience):
    """Patience that is over in the epochs in which it was over before."""

    epochs: list[int] = field(default_factory=list)
    n_epochs: int = 0

    def update(self, value: float) -> bool:
        self.n_epochs += 1
        return super().update(value)

    def is_over(self, n_updates: int) -> bool:
        return self.n_epochs in self.epochs


def refit(plan, start, monitored):
    """Train from `start` on all rows for the best number of epochs of `monitored`.

    That training keeps its history; parameters, loss and solver state become those of
    the new one. Returns the plan of the model. Where no epoch was best, or the user
    ended training, nothing happens.
    """
    best = monitored.monitor.best
    if not best.is_new or monitored.reason in ("interrupted", "callback"):
        monitored.refit_message = "There was no refit on all rows."
        return plan
    on_all_rows = _on_all_rows(plan, start)
    training = _replay(on_all_rows, monitored)
    monitored.verbose.say("Refitting on all rows.")
    n_before = len(monitored.history.rows) - monitored.n_iter
    try:
        reason = training.run(best.epoch - n_before)
    except KeyboardInterrupt:
        reason = "interrupted"
    monitored.refit_reason = reason
    if reason in ("interrupted", "diverged"):
        was = "diverged" if reason == "diverged" else "was interrupted"
        monitored.refit_message = f"The refit on all rows {was} and was dropped."
        return plan
    monitored.take_over(training)
    message = f"It was refitted on all rows for {training.n_iter} epochs."
    monitored.refit_message = " ".join([*training.recoveries, message])
    return replace(plan, scaling=on_all_rows.scaling)


def _replay(plan, monitored):
    """A training that monitors nothing, with plateaus where they were."""
    training = training_of(plan)
    training.monitor = Monitor(
        Replay(0.0, math.inf, epochs=monitored.at_plateau.epochs)
    )
    training.verbose = monitored.verbose
    training.history.validation_scores = None
    training.begin_as(monitored)
    return training


def _on_all_rows(plan, start):
    """The plan on all rows; where it begins is the same model."""
    data, _ = weighted_by_class(plan.settings, plan.task, plan.all_rows, None)
    scaling = scaling_of(plan.settings, data, plan.loss)
    if not plan.is_drawn:
        folded = plan.scaling.fold(plan.network, start)
        start = scaling.unfold(plan.network, folded).astype(start.dtype, copy=False)
    return with_output_bias(
        replace(plan, params=start, data=data, validation=None, scaling=scaling)
    )
