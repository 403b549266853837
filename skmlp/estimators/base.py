"""What classifier and regressor share: fit as a table of contents, and raw outputs."""

import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skmlp.batches import Batches, TrainingRows
from skmlp.estimators.messages import diagnosis, stop_reason, warn_of_end
from skmlp.estimators.parts import (
    activations_of,
    is_stochastic,
    make_part,
    noise_of,
    schedule_of,
    solver_of,
)
from skmlp.estimators.refusals import refuse_combinations, warn_of_no_effect
from skmlp.estimators.splitting import Validation, held_out, hold_out
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
    check_start,
    check_X,
    check_X_to_predict,
    fitted_layers,
    hidden_sizes,
    owner,
)
from skmlp.history import History, Patience
from skmlp.initializers import INITIALIZERS
from skmlp.minimization import Minimization
from skmlp.network import Network
from skmlp.objective import Objective
from skmlp.report import Report
from skmlp.training import SolverState, Training

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
    if not is_stochastic(estimator.solver):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
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

    def _make_loss(self):
        """The loss of a fit, with its inverse link."""
        raise NotImplementedError

    def _weigh_classes(self, data):
        """The data with weights that heed ``class_weight``."""
        return data

    def _strata(self, Y):
        """What an early-stopping split stratifies by, or None."""
        raise NotImplementedError

    def _score_raw(self, Y, raw, weight):
        """The validation score of raw outputs; nan where they are not finite."""
        raise NotImplementedError

    def __sklearn_clone__(self):
        """A clone; an estimator to start from stays as it is, fitted."""
        if not hasattr(self.coefs_init, "coefs_"):
            return super().__sklearn_clone__()
        bare = copy.copy(self)
        bare.coefs_init = None
        twin = BaseEstimator.__sklearn_clone__(bare)
        twin.coefs_init = self.coefs_init
        return twin

    # Training, from top to bottom.

    def _learn(self, X, y, sample_weight, *, incremental, classes=None):
        """Train by ``fit`` or ``partial_fit``: all of it happens, or nothing."""
        with all_or_nothing(self):
            self._check_parameters(incremental)
            continued = hasattr(self, "coefs_") and (incremental or self.warm_start)
            call = Call(incremental, continued, classes)
            training, reason = self._train(X, y, sample_weight, call)
        warn_of_no_effect(self, training, stacklevel=3)
        warn_of_end(self, training, reason, incremental=incremental, stacklevel=3)
        return self

    def _train(self, X, y, sample_weight, call):
        data = self._check_data(X, y, sample_weight, call)
        random_state = check_seed(self)
        loss = self._make_loss()
        refuse_combinations(self, loss, data.X)
        network = self._network(data, loss)
        params = self._first_params(network, data, random_state, call)
        training = self._training(network, loss, params, data, random_state, call)
        if call.incremental:
            reason = training.run(1)
        else:
            with blas_threads(network.layer_sizes, training.objective.n_rows_at_once):
                reason = training.run(int(self.max_iter))
        if reason == "diverged" and not training.keeps_best:
            raise DivergenceError(diagnosis(self, training))
        self._publish(network, training, call)
        self.stop_reason_ = stop_reason(self, training, reason)
        training.report.end(self.stop_reason_)
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

    def _network(self, data, loss) -> Network:
        hidden = hidden_sizes(self)
        sizes = (data.X.shape[1], *hidden, loss.n_outputs(data.Y.shape[1]))
        activations = activations_of(self, len(hidden), check=True)
        return Network(sizes, activations, noise_of(self, len(hidden)))

    def _first_params(self, network, data, random_state, call):
        """Where training starts: a copy of the model's parameters, or new ones."""
        dtype = data.X.dtype
        if not call.continued and self.coefs_init is not None:
            return network.flatten(check_start(self, network.layer_sizes, dtype), dtype)
        if not call.continued:
            initializer = make_part(INITIALIZERS, self.initializer, self, "initializer")
            return network.initial_params(initializer, random_state, dtype)
        fitted, layers = self._fitted_network()
        check_same_architecture(self, network.layer_sizes, fitted.layer_sizes)
        return network.flatten(layers, dtype)

    def _training(self, network, loss, params, data, random_state, call):
        if not is_stochastic(self.solver):
            data = self._weigh_classes(data)
            self._set_output_bias(network, loss, params, data, call)
            return self._by_all_rows(network, loss, params, data, call)
        validation = None
        if self.early_stopping:
            strata = self._strata(data.Y)
            data, validation = hold_out(self, data, strata, random_state)
        data = self._weigh_classes(data)
        if self.early_stopping:
            rows = held_out(data, validation)
            validation = Validation(network, loss, rows, self._score_raw)
        self._set_output_bias(network, loss, params, data, call)
        return self._by_batches(
            network, loss, params, data, random_state, validation, call
        )

    def _set_output_bias(self, network, loss, params, data, call):
        """Start the last biases at the loss's best constant, if that was asked for."""
        if self.output_bias == "optimum" and not call.continued:
            Y, weight = data.training_targets()
            network.views(params)[-1][1][...] = loss.constant_optimum(Y, weight)

    def _by_batches(
        self, network, loss, params, data, random_state, validation, call
    ) -> Training:
        data, mean_weight = data.normalized()
        batch_size = check_batch_size(self, len(data))
        solver_state = self._solver_state(network, params, random_state, call)
        objective = partial(self._objective, network, loss, data, mean_weight)
        return Training(
            objective=objective(batch_size, solver_state.generator),
            params=params,
            data=data,
            batches=Batches(data, batch_size, random_state if self.shuffle else None),
            solver_state=solver_state,
            schedule=schedule_of(self, solver_state.solver),
            learning_rate_init=float(self.learning_rate_init),
            patience=self._patience(call),
            history=self._history(call),
            validation_score=None if validation is None else validation.score,
            validation_loss=None if validation is None else validation.loss_value,
            report=Report(int(self.verbose)),
            n_planned_epochs=int(self.max_iter),
            max_norm=None if self.max_norm is None else float(self.max_norm),
        )

    def _by_all_rows(self, network, loss, params, data, call) -> Minimization:
        data, mean_weight = data.normalized()
        return Minimization(
            objective=self._objective(network, loss, data, mean_weight, len(data)),
            params=params,
            data=data,
            solver=solver_of(self),
            tol=float(self.tol),
            history=self._history(call),
            report=Report(int(self.verbose)),
        )

    def _objective(
        self, network, loss, data, mean_weight, n_rows, generator=None
    ) -> Objective:
        dtype = data.X.dtype
        return Objective(
            network,
            loss,
            check_penalty(self, "alpha", mean_weight, dtype),
            n_rows,
            dtype,
            alpha_l1=check_penalty(self, "alpha_l1", mean_weight, dtype),
            generator=generator,
        )

    # What goes on from an earlier fit.

    def _solver_state(self, network, params, random_state, call) -> SolverState:
        """The solver's state: partial_fit goes on with a copy of the last one.

        Unless the solver, the network or the dtype is another one than then.
        """
        solver = solver_of(self)
        memory = getattr(self, "_memory", None) if call.incremental else None
        if memory is None or not memory.is_of(solver, network, params.dtype):
            state = SolverState(solver, solver.init(params, network.n_weights))
        else:
            before = copy.deepcopy(memory.solver_state)
            if not memory.pickled:  # left by fit, whose plan is done
                before.clock.n_steps = before.clock.n_epoch_steps = 0
            state = SolverState(solver, before.state, before.clock, before.generator)
        if any(network.noise) and state.generator is None:
            # drawn here only, so that fits without noise draw what they always did
            seed = random_state.randint(2**32, size=4, dtype="uint32")
            state.generator = np.random.Generator(np.random.SFC64(seed))
        return state

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
            history.n_updates = getattr(self, "n_updates_", 0)
            history.go_on_from(getattr(self, "history_", {}))
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
        self._fitted_loss = training.objective.loss
        self.n_iter_ = training.n_iter
        self.loss_ = training.loss
        self.history_ = training.history.as_arrays()
        self.n_updates_ = training.history.n_updates
        self.best_epoch_ = training.best_epoch
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

    def history_frame(self):
        """``history_`` as a data frame, one row an epoch; needs pandas.

        Returns
        -------
        frame : pandas.DataFrame
            With the epochs, from 1, as index.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        check_is_fitted(self, "history_")
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                f"{owner(self)}: history_frame needs pandas, which is not installed; "
                "history_ holds the same as arrays."
            ) from error
        frame = pd.DataFrame(self.history_)
        return frame.set_index(pd.RangeIndex(1, len(frame) + 1, name="epoch"))

    # Raw outputs.

    def _fitted_network(self):
        """The network of ``coefs_`` and ``intercepts_``, and its (W, b) a layer."""
        check_parameters(self, {"activation": RULES["activation"]})
        layers = fitted_layers(self)
        sizes = (layers[0][0].shape[0], *(W.shape[1] for W, _ in layers))
        return Network(
            sizes, activations_of(self, len(layers) - 1, check=False)
        ), layers

    def _raw(self, X):
        """Raw outputs (n_samples, n_outputs)."""
        check_is_fitted(self, self._learned)
        X = check_X_to_predict(self, X)
        network, layers = self._fitted_network()
        check_n_features(self, X, network.layer_sizes[0])
        return network.predict(layers, X)
