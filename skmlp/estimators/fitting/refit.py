"""Training once more on all rows, for as long as was best on some of them."""

import math
from dataclasses import dataclass, field, replace

from skmlp.estimators.fitting.build import assemble, set_output_bias
from skmlp.estimators.fitting.scaling import scaling_of
from skmlp.estimators.targets.class_weight import weigh_classes
from skmlp.training.early_stopping import Monitor
from skmlp.training.history import Patience
from skmlp.training.minibatch import Training


@dataclass
class Replay(Patience):
    """Patience that is over in the epochs in which it was over before."""

    epochs: list[int] = field(default_factory=list)
    n_epochs: int = 0

    def update(self, merit: float) -> bool:
        self.n_epochs += 1
        return super().update(merit)

    def is_over(self, n_updates: int) -> bool:
        return self.n_epochs in self.epochs


def refit(estimator, fit, start, watched, reason):
    """Train from `start` on all rows for the best number of epochs of `watched`.

    That training keeps its history; parameters, loss and solver state become those of
    the new one. Where no epoch was best, or the user ended it, nothing happens.
    """
    if not watched.monitor.has_best or reason in ("interrupted", "callback"):
        watched.refitted = "There was no refit on all rows."
        return
    whole = _on_all_rows(estimator, fit, start)
    training = assemble(estimator, whole)
    training.monitor = _replaying(watched, training)
    watched.report.say("Refitting on all rows.")
    if isinstance(training, Training):
        training.rate_factor = watched.rate_factor
    n_before = len(watched.history.rows) - watched.n_iter
    try:
        ended = training.run(watched.monitor.best_epoch - n_before)
    except KeyboardInterrupt:
        ended = "interrupted"
    watched.refit_ended = ended
    if ended in ("interrupted", "diverged"):
        was = "diverged" if ended == "diverged" else "was interrupted"
        watched.refitted = f"The refit on all rows {was} and was dropped."
        return
    _take_over(whole, training, fit, watched)
    refitted = f"It was refitted on all rows for {training.n_iter} epochs."
    watched.refitted = " ".join([*training.recoveries, refitted])


def _on_all_rows(estimator, fit, start):
    """The fit on all rows; where it begins is the same model."""
    data, _ = weigh_classes(estimator, fit.whole, None)
    scaling = scaling_of(estimator, data, fit.loss)
    whole = replace(fit, params=start, data=data, held=None, scaling=scaling)
    if not fit.is_drawn:
        start = fit.scaling.fold(fit.network, start)
        whole.params = whole.scaling.unfold(fit.network, start)
    set_output_bias(estimator, whole)
    return whole


def _replaying(watched, training) -> Monitor:
    """A monitor that watches nothing, with plateaus where they were."""
    return Monitor(
        Replay(0.0, math.inf, epochs=watched.plateaus),
        replace(training.history, validation_scores=None),
        watched.report,
    )


def _take_over(whole, training, fit, watched) -> None:
    """Let the watched training end where the other did."""
    fit.scaling = whole.scaling
    watched.params[...] = training.params
    watched.loss = training.loss
    watched.history.n_updates = training.history.n_updates
    watched.history.n_samples = training.history.n_samples
    if isinstance(training, Training):
        watched.solver_state = training.solver_state
