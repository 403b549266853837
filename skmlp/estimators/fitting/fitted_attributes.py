"""What a fit leaves on the estimator."""

from skmlp.estimators.fitting.state import Memory
from skmlp.estimators.fitting.warm_start import watched
from skmlp.estimators.reporting.convergence import stop_reason
from skmlp.estimators.validation.combinations import refuse_overflow
from skmlp.training.minibatch import Training

STOCHASTIC_STATE = ("_memory", "_n_without_rise", "_best_merit", "_watched")
STOCHASTIC_ATTRIBUTES = (
    "loss_curve_",
    "validation_loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
)


def publish(estimator, fit, training, reason) -> None:
    """Set the fitted attributes, and what later fits go on from."""
    vars(estimator).update(fit.attributes(training.params))
    refuse_overflow(estimator, fit)
    history = training.history
    estimator.n_iter_ = training.n_iter
    estimator.loss_ = training.loss
    estimator.history_ = history.as_arrays()
    estimator.n_updates_ = history.n_updates
    estimator.best_epoch_ = training.monitor.best_epoch
    estimator.stop_reason_ = stop_reason(estimator, fit, training, reason)
    if isinstance(training, Training):
        _publish_history(estimator, training)
        estimator._memory = Memory(
            training.solver_state,
            fit.network.shape,
            training.params.dtype,
            fit.scaling,
            training.params if fit.is_folded else None,
            pickled=fit.call.incremental,
        )
    else:
        _drop_history(estimator, fit.call)
    training.report.end(estimator.stop_reason_)


def _publish_history(estimator, training):
    monitor, history = training.monitor, training.history
    stops_early = monitor.stops_early
    estimator.t_ = history.n_samples
    estimator.loss_curve_ = history.loss_curve
    estimator.validation_scores_ = history.validation_scores
    losses = estimator.history_.get("validation_loss")
    estimator.validation_loss_curve_ = None if losses is None else losses.tolist()
    estimator.best_loss_ = None if stops_early else -monitor.best
    estimator.best_validation_score_ = monitor.best if stops_early else None
    estimator._watched = watched(estimator)
    estimator._n_without_rise = monitor.patience.n_without_rise
    vars(estimator).pop("_best_merit", None)
    if monitor.patience.best != monitor.best:  # which scaled targets make differ
        estimator._best_merit = monitor.patience.best


def _drop_history(estimator, call):
    """lbfgs has no epochs, and leaves nothing that belongs to them."""
    estimator.t_ = getattr(estimator, "t_", 0) if call.continued else 0
    for name in (*STOCHASTIC_ATTRIBUTES, *STOCHASTIC_STATE):
        vars(estimator).pop(name, None)
