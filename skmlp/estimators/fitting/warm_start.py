"""What a fit takes up from the fits before: solver state, patience and history."""

import copy

import numpy as np

from skmlp.estimators.fitting.components import is_stochastic, solver_of
from skmlp.training.history import History, Patience
from skmlp.training.minibatch import SolverState


def solver_state_of(estimator, fit) -> SolverState:
    """The solver's state: partial_fit goes on with a copy of the last one.

    Unless the solver, the network or the dtype is another one than then.
    """
    solver, network, params = solver_of(estimator), fit.network, fit.params
    memory = getattr(estimator, "_memory", None) if fit.call.incremental else None
    if memory is None or not memory.is_of(solver, network, fit.scaling, params.dtype):
        state = SolverState(solver, solver.init(params, network.n_weights))
    else:
        before = copy.deepcopy(memory.solver_state)
        if not memory.pickled:  # left by fit, whose plan is done
            before.clock.n_steps = before.clock.n_epoch_steps = 0
        state = SolverState(solver, before.state, before.clock, before.generator)
    if any(network.noise) and state.generator is None:
        # drawn here only, so that fits without noise draw what they always did
        seed = fit.random_state.randint(2**32, size=4, dtype="uint32")
        state.generator = np.random.Generator(np.random.SFC64(seed))
    return state


def patience_of(estimator, fit) -> Patience:
    """Patience with the best merit and the count that an earlier fit left."""
    patience = Patience(
        float(estimator.tol),
        estimator.n_iter_no_change,
        relative=estimator.tol_mode == "relative",
        min_updates=int(estimator.min_updates),
    )
    best = best_before(estimator, fit)
    if best is not None:
        patience.best = getattr(estimator, "_best_merit", best)
        patience.n_without_rise = getattr(estimator, "_n_without_rise", 0)
    return patience


def best_before(estimator, fit):
    """The best score, or minus the least loss, of the fits before; None if none.

    Nor is there one where it was another score, or a loss in other units.
    """
    same = getattr(estimator, "_watched", watched(estimator)) == watched(estimator)
    if not (fit.call.continued and same):
        return None
    if stops_early(estimator, fit):
        return getattr(estimator, "best_validation_score_", None)
    loss = getattr(estimator, "best_loss_", None)
    return None if loss is None else -loss


def watched(estimator):
    """What tells the scores and losses of two fits apart."""
    return estimator.scoring, bool(getattr(estimator, "scale_target", False))


def stops_early(estimator, fit) -> bool:
    return fit.held is not None and bool(estimator.early_stopping)


def history_of(estimator, fit) -> History:
    """The history, which goes on with the model."""
    history, continued = History(), fit.call.continued
    before = vars(estimator) if continued else {}
    history.loss_curve = list(before.get("loss_curve_") or ())
    history.n_samples = before.get("t_", 0)
    history.n_updates = before.get("n_updates_", 0)
    history.go_on_from(before.get("history_", {}))
    if estimator.early_stopping and is_stochastic(estimator.solver):
        history.validation_scores = list(before.get("validation_scores_") or ())
    return history
