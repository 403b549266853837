"""What classifier and regressor share: fit as a table of contents, and raw outputs."""

import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skmlp.activations import ACTIVATIONS
from skmlp.estimators.messages import diagnosis, warn_of_end
from skmlp.estimators.parts import make_part
from skmlp.estimators.splitting import hold_out
from skmlp.estimators.state import (
    DivergenceError,
    Memory,
    StatefulMixin,
    all_or_nothing,
)
from skmlp.estimators.threads import blas_threads
from skmlp.estimators.validation import (
    FLOATS,
    RULES,
    check_batch_size,
    check_n_features,
    check_parameters,
    check_penalty,
    check_same_architecture,
    check_sample_weight,
    check_seed,
    check_X,
    check_X_to_predict,
    fitted_layers,
    hidden_sizes,
    owner,
)
from skmlp.initializers import INITIALIZERS
from skmlp.network import Network
from skmlp.objective import Objective
from skmlp.schedules import SCHEDULES
from skmlp.solvers import SOLVERS
from skmlp.training import (
    Batches,
    History,
    Minimization,
    Patience,
    SolverState,
    Training,
    TrainingRows,
)

STOCHASTIC_ATTRIBUTES = (
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
)


@dataclass(frozen=True)
class Call:
    """How training was asked for.

    incremental : by ``partial_fit``, for one epoch.
    continued : from the parameters the estimator has, by ``partial_fit`` or
        ``warm_start=True``.
    classes : all classes, where ``partial_fit`` names them.
    """

    incremental: bool
    continued: bool
    classes: Any = None


def has_partial_fit(estimator) -> bool:
    """Raise an AttributeError where the solver can't train by parts."""
    solver = estimator.solver
    if isinstance(solver, str) and solver in SOLVERS and not SOLVERS[solver].stochastic:
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{solver} is not stochastic."
        )
    return True


class BaseMLP(StatefulMixin, BaseEstimator):
    """Base of the two estimators, which see for parameters and attributes."""

    _rules = RULES
    _learned = ("coefs_", "intercepts_")

    # What the two estimators tell the base.

    def _encode_target(self, y, n_samples, dtype, call):
        """Y of shape (n_samples, n_outputs), of the given dtype."""
        raise NotImplementedError

    @property
    def _loss(self):
        """The loss, with its inverse link."""
        raise NotImplementedError

    def _strata(self, Y):
        """What an early-stopping split stratifies by, or None."""
        raise NotImplementedError

    def _score_raw(self, Y, raw, weight):
        """The validation score of raw outputs; nan where they are not finite."""
        raise NotImplementedError

    # Training, from top to bottom.

    def _learn(self, X, y, sample_weight, *, incremental, classes=None):
        """Train by ``fit`` or ``partial_fit``: all of it happens, or nothing."""
        with all_or_nothing(self):
            self._check_parameters(incremental)
            continued = hasattr(self, "coefs_") and (incremental or self.warm_start)
            call = Call(incremental, continued, classes)
            training, reason = self._train(X, y, sample_weight, call)
        warn_of_end(self, training, reason, incremental=incremental, stacklevel=3)
        return self

    def _train(self, X, y, sample_weight, call):
        data = self._check_data(X, y, sample_weight, call)
        random_state = check_seed(self)
        network = self._network(data)
        params = self._first_params(network, data, random_state, call)
        training = self._training(network, params, data, random_state, call)
        if call.incremental:
            reason = training.run(1)
        else:
            with blas_threads(network.layer_sizes, training.objective.n_rows_at_once):
                reason = training.run(int(self.max_iter))
        if reason == "diverged" and not training.keeps_best:
            raise DivergenceError(diagnosis(self, training))
        self._publish(network, training, call)
        return training, reason

    def _check_parameters(self, incremental):
        check_parameters(self, self._rules)
        if incremental and self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True\n"
                f"{owner(self)}: early_stopping must be False for partial_fit, got "
                f"{self.early_stopping!r}."
            )

    def _check_data(self, X, y, sample_weight, call) -> TrainingRows:
        """The checked arrays, of the dtype of X or of the model that goes on."""
        dtype = fitted_layers(self)[0][0].dtype if call.continued else FLOATS
        X = check_X(self, X, reset=not call.continued, dtype=dtype)
        Y = self._encode_target(y, X.shape[0], X.dtype, call)
        return TrainingRows(X, Y, check_sample_weight(self, sample_weight, X))

    def _network(self, data) -> Network:
        sizes = (data.X.shape[1], *hidden_sizes(self), data.Y.shape[1])
        return Network(sizes, ACTIVATIONS[self.activation])

    def _first_params(self, network, data, random_state, call):
        """Where training starts: a copy of the model's parameters, or new ones."""
        dtype = data.X.dtype
        if not call.continued:
            initializer = INITIALIZERS["glorot_uniform"]
            return network.initial_params(initializer, random_state, dtype)
        fitted, layers = self._fitted_network()
        check_same_architecture(self, network.layer_sizes, fitted.layer_sizes)
        return network.flatten(layers, dtype)

    def _training(self, network, params, data, random_state, call):
        if SOLVERS[self.solver].stochastic:
            return self._by_batches(network, params, data, random_state, call)
        return self._by_all_rows(network, params, data)

    def _by_batches(self, network, params, data, random_state, call) -> Training:
        validation_score = None
        if self.early_stopping:
            data, held_out = hold_out(self, data, self._strata(data.Y), random_state)
            validation_score = partial(self._validation_score, network, held_out)
        data, mean_weight = data.normalized()
        batch_size = check_batch_size(self, len(data))
        scheduled = SOLVERS[self.solver].follows_schedule
        schedule = self.learning_rate if scheduled else "constant"
        return Training(
            objective=self._objective(network, data, mean_weight, batch_size),
            params=params,
            data=data,
            batches=Batches(data, batch_size, random_state if self.shuffle else None),
            solver_state=self._solver_state(network, params, call),
            schedule=make_part(SCHEDULES, schedule, self),
            learning_rate_init=float(self.learning_rate_init),
            patience=self._patience(call),
            history=self._history(call),
            validation_score=validation_score,
            verbose=bool(self.verbose),
        )

    def _by_all_rows(self, network, params, data) -> Minimization:
        data, mean_weight = data.normalized()
        return Minimization(
            objective=self._objective(network, data, mean_weight, len(data)),
            params=params,
            data=data,
            solver=make_part(SOLVERS, self.solver, self),
            tol=float(self.tol),
            verbose=bool(self.verbose),
        )

    def _objective(self, network, data, mean_weight, n_rows) -> Objective:
        alpha = check_penalty(self, mean_weight, data.X.dtype)
        return Objective(network, self._loss, alpha, n_rows, data.X.dtype)

    def _validation_score(self, network, held_out, params) -> float:
        raw = network.predict(network.views(params), held_out.X)
        return float(self._score_raw(held_out.Y, raw, held_out.weight))

    # What goes on from an earlier fit.

    def _solver_state(self, network, params, call) -> SolverState:
        """The solver's state: partial_fit goes on with a copy of the last one.

        Unless the solver, the network or the dtype is another one than then.
        """
        solver = make_part(SOLVERS, self.solver, self)
        memory = getattr(self, "_memory", None) if call.incremental else None
        if memory is None or not memory.is_of(solver, network, params.dtype):
            return SolverState(solver, solver.init(params))
        before = copy.deepcopy(memory.solver_state)
        return SolverState(solver, before.state, before.clock)

    def _patience(self, call) -> Patience:
        """Patience with the best merit and the count that an earlier fit left."""
        patience = Patience(float(self.tol), self.n_iter_no_change)
        before = None
        if call.continued and self.early_stopping:
            before = getattr(self, "best_validation_score_", None)
        elif call.continued and getattr(self, "best_loss_", None) is not None:
            before = -self.best_loss_
        if before is not None:
            patience.best = before
            patience.n_without_rise = getattr(self, "_n_without_rise", 0)
        return patience

    def _history(self, call) -> History:
        history = History()
        if call.continued:
            history.loss_curve = list(getattr(self, "loss_curve_", ()))
            scores = getattr(self, "validation_scores_", None)
            history.validation_scores = None if scores is None else list(scores)
            history.n_samples = getattr(self, "t_", 0)
        if not self.early_stopping:
            history.validation_scores = None
        elif history.validation_scores is None:
            history.validation_scores = []
        return history

    # The fitted attributes.

    def _publish(self, network, training, call):
        views = network.views(training.params)
        self.coefs_ = [W for W, _ in views]
        self.intercepts_ = [b for _, b in views]
        self.n_features_in_ = network.layer_sizes[0]
        self.n_layers_ = len(network.layer_sizes)
        self.n_outputs_ = network.layer_sizes[-1]
        self.out_activation_ = training.objective.loss.out_activation
        self.n_iter_ = training.n_iter
        self.loss_ = training.loss
        if isinstance(training, Training):
            self._publish_history(training)
            self._memory = Memory(
                training.solver_state,
                network.layer_sizes,
                training.params.dtype,
                pickled=call.incremental,
            )
        else:
            self._drop_history(call)

    def _publish_history(self, training):
        patience, history = training.patience, training.history
        stops_early = self.early_stopping
        self.t_ = history.n_samples
        self.loss_curve_ = history.loss_curve
        self.validation_scores_ = history.validation_scores
        self.best_loss_ = None if stops_early else -patience.best
        self.best_validation_score_ = patience.best if stops_early else None
        self._n_without_rise = patience.n_without_rise

    def _drop_history(self, call):
        """lbfgs has no epochs, and leaves nothing that belongs to them."""
        self.t_ = getattr(self, "t_", 0) if call.continued else 0
        for name in (*STOCHASTIC_ATTRIBUTES, "_memory", "_n_without_rise"):
            vars(self).pop(name, None)

    # Raw outputs.

    def _fitted_network(self):
        """The network of ``coefs_`` and ``intercepts_``, and its (W, b) a layer."""
        check_parameters(self, {"activation": RULES["activation"]})
        layers = fitted_layers(self)
        sizes = (layers[0][0].shape[0], *(W.shape[1] for W, _ in layers))
        return Network(sizes, ACTIVATIONS[self.activation]), layers

    def _raw(self, X):
        """Raw outputs (n_samples, n_outputs)."""
        check_is_fitted(self, self._learned)
        X = check_X_to_predict(self, X)
        network, layers = self._fitted_network()
        check_n_features(self, X, network.layer_sizes[0])
        return network.predict(layers, X)
