"""What a fit continues from previous fits: solver state, patience and history."""

from contextlib import suppress

import numpy as np

from skmlp.estimators.fitting.checkpoint_file import hash_of_parameter
from skmlp.solvers import Frozen, Layout
from skmlp.training.early_stopping import Patience, Replay
from skmlp.training.history import History
from skmlp.training.minibatch import SolverState


def solver_state_of(plan, frozen: Frozen) -> SolverState:
    """The solver's state: new, or in partial_fit a copy of the last one.

    It is new if the solver, the network or the dtype has changed.
    """
    solver, network, params = plan.settings.solver, plan.network, plan.params
    memory = plan.state and plan.request.incremental and plan.state.memory
    state = SolverState(solver, solver.init(params, layout_of(network), frozen))
    if memory and memory.is_of(solver, network, plan.scaling, params.dtype):
        state.set_state(memory.solver_state)
        if not memory.pickled:  # left by fit, whose plan is done
            state.clock.n_steps = state.clock.n_epoch_steps = 0
    if any(network.noise) and state.generator is None:
        # drawn here only, so that fits without noise draw what they always did
        seed = plan.random_state.randint(2**32, size=4, dtype="uint32")
        state.generator = np.random.Generator(np.random.SFC64(seed))
    return state


def layout_of(network) -> Layout:
    """Where the groups of the network's parameters are."""
    return Layout(network.n_weights, network.dense_sizes, network.param_groups())


def patience_of(plan) -> Patience:
    """Patience with the best value and the count of the previous fit."""
    settings, course = plan.settings, plan.request.course
    if course is not None:
        return Replay(epochs=course.plateaus)
    patience = Patience(
        float(settings.tol),
        settings.n_iter_no_change,
        relative=bool(settings.early_stopping.relative_tol),
        min_updates=int(settings.early_stopping.min_updates),
    )
    best, state = best_before(plan), plan.state
    if best is not None:
        known = state is not None and state.best_monitored is not None
        patience.best = state.best_monitored if known else best
        patience.n_without_improvement = state.n_without_improvement if state else 0
    return patience


def best_before(plan):
    """The best score, or minus the lowest loss, of the previous fits, or None.

    None, too, if the score or the units of the loss have changed.
    """
    state, before = plan.state, plan.before
    others = state is not None and state.monitored not in (None, monitored(plan))
    if not before or others:
        return None
    if plan.stops_early:
        return before.get("best_validation_score_")
    loss = before.get("best_loss_")
    return None if loss is None else -loss


def monitored(plan):
    """Identifies which scores and losses of two fits are comparable.

    A function by what it does, so that the model can be saved without it.
    """
    scoring = plan.settings.scoring
    if callable(scoring):
        with suppress(ValueError):  # of one that can't be pickled
            scoring = hash_of_parameter(plan.settings.owner, "scoring", scoring)
    return scoring, bool(plan.settings.scale_target)


def history_of(plan) -> History:
    """The history, which continues that of the previous fits."""
    history, before = History(), plan.before
    history.loss_curve = list(before.get("loss_curve_") or ())
    history.n_samples = before.get("t_", 0)
    history.n_updates = before.get("n_updates_", 0)
    history.continue_from(before.get("history_", {}))
    if plan.stops_early and plan.settings.is_stochastic:
        history.validation_scores = list(before.get("validation_scores_") or ())
    return history
