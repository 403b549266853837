"""What classifier and regressor share: fit as a table of contents, and raw outputs."""

import copy
import warnings
from typing import ClassVar

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skmlp.estimators.calibration import (
    calibrate,
    check_calibration,
    held_output,
    held_raw,
)
from skmlp.estimators.ensemble.averaging import mean_of_members
from skmlp.estimators.ensemble.members import (
    check_members,
    learn_members,
    refuse_attribute,
    refuse_members,
)
from skmlp.estimators.fitting.build import (
    Call,
    Fit,
    assemble,
    set_output_bias,
    some_rows,
)
from skmlp.estimators.fitting.callbacks import (
    CallbackSupportMixin,
    epoch_hooks,
    with_callbacks,
)
from skmlp.estimators.fitting.checkpoint_file import naming_checkpoint
from skmlp.estimators.fitting.components import (
    activations_of,
    is_stochastic,
    make_part,
    noise_of,
)
from skmlp.estimators.fitting.fitted_attributes import publish
from skmlp.estimators.fitting.inputs import forget_learned, inputs_of, learned
from skmlp.estimators.fitting.refit import refit
from skmlp.estimators.fitting.scaling import scaling_of
from skmlp.estimators.fitting.scoring import check_scoring_name
from skmlp.estimators.fitting.state import (
    DivergenceError,
    StatefulMixin,
    all_or_nothing,
    unfit,
)
from skmlp.estimators.fitting.threads import blas_threads
from skmlp.estimators.fitting.validation_set import split_rows
from skmlp.estimators.inspection.attribution import ExplainingMixin
from skmlp.estimators.inspection.summary import summarize
from skmlp.estimators.optional import import_pandas
from skmlp.estimators.reporting.convergence import diagnosis
from skmlp.estimators.reporting.diagnostics import warnings_of
from skmlp.estimators.targets.choice import encode
from skmlp.estimators.validation.combinations import (
    refuse_combinations,
    refuse_for_partial_fit,
)
from skmlp.estimators.validation.parameters import (
    FLOATS,
    RULES,
    check_n_features,
    check_parameters,
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
from skmlp.initializers import INITIALIZERS, N_ROWS
from skmlp.network.network import Network, Views
from skmlp.training.batches import TrainingRows


def has_partial_fit(estimator) -> bool:
    """Raise an AttributeError where the solver can't train by parts."""
    if not is_stochastic(estimator.solver):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


class BaseMLP(ExplainingMixin, StatefulMixin, CallbackSupportMixin, BaseEstimator):
    """Base of the two estimators, which see for parameters and attributes."""

    # the groups of a search are for its own splitter, unless they are asked for
    __metadata_request__fit: ClassVar = {"groups": False}

    _rules = RULES
    _learned = ("coefs_", "intercepts_")

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

    @with_callbacks
    def _learn(self, X, y, sample_weight, call):
        """Train by ``fit`` or ``partial_fit``: all of it happens, or nothing."""
        self._check_parameters(call)
        if self.n_members > 1:
            with all_or_nothing(self):
                found = learn_members(self, X, y, sample_weight, call)
        else:
            hooks = None if call.incremental else epoch_hooks(self, X, y, sample_weight)
            found = warnings_of(self, *self._fit_once(X, y, sample_weight, call, hooks))
        for text, kind in found:
            warnings.warn(text, kind, stacklevel=4)
        return self

    def _fit_once(self, X, y, sample_weight, call, hooks=None):
        """Train this one network; returns the fit, its training, and why it ended."""
        with all_or_nothing(self):
            fit = self._prepare(X, y, sample_weight, call)
            training, reason = self._train(fit, hooks)
            publish(self, fit, training, reason)
            calibrate(self, fit.held, held_output(self, fit))
            if hooks is not None:
                hooks.close()
        return fit, training, reason

    def _check_parameters(self, call):
        check_parameters(self, self._rules)
        check_scoring_name(self)
        if call.incremental:
            refuse_for_partial_fit(self)
        check_members(self, call)
        check_calibration(self, call)

    def _call(self, **how):
        """How training was asked for; an estimator that is trained may go on."""
        goes_on = how.get("incremental", False) or self.warm_start
        return Call(continued=bool(hasattr(self, "coefs_") and goes_on), **how)

    def _prepare(self, X, y, sample_weight, call) -> Fit:
        """All that training begins with, drawn in scikit-learn's order."""
        if "members_" in vars(self):
            unfit(self)
        if not call.continued:
            forget_learned(self)
        data = self._check_data(X, y, sample_weight, call)
        random_state = check_seed(self)
        loss = self._task.loss(self._loss_component())
        refuse_combinations(self, loss, data.X)
        network = self._network(data, loss, call)
        params, drawn = self._first_params(network, data, random_state, call)
        rows, held = split_rows(self, data, random_state, call)
        fit = Fit(call, random_state, network, loss, params, rows, held, data, drawn)
        self._scale(fit)
        set_output_bias(self, fit)
        return fit

    def _train(self, fit, hooks):
        """The training that has run, and why it ended."""
        if hooks is not None:
            hooks.attributes_of = fit.attributes
        start = fit.params.copy() if self.refit else None
        training = assemble(self, fit, hooks)
        if fit.call.incremental:
            reason = training.run(1)
        else:
            threads = blas_threads(fit.network.layer_sizes, training.n_rows_at_once)
            with threads, naming_checkpoint(self):
                reason = training.run(int(self.max_iter))
                fit.held_raw = held_raw(fit, training.params)
                if start is not None:
                    refit(self, fit, start, training, reason)
        if reason == "diverged" and not training.keeps_best:
            raise DivergenceError(diagnosis(self, fit, training))
        return training, reason

    def _check_data(self, X, y, sample_weight, call) -> TrainingRows:
        """The checked arrays, of the dtype of X or of the model that goes on."""
        dtype = fitted_layers(self)[0][0].dtype if call.continued else FLOATS
        X = check_X(self, X, reset=not call.continued, dtype=dtype)
        self._task, y = self._choose_task(y, X.shape[0], call)
        Y = encode(self, self._task, y, X.dtype)
        data = TrainingRows(X, Y, check_sample_weight(self, sample_weight, X))
        before = vars(self).pop("output_range_", None)
        if getattr(self, "clip_output", False):
            self._task = self._task.widened(data, before)
        vars(self).update(self._task.attributes)
        return data

    def _network(self, data, loss, call) -> Network:
        hidden = hidden_sizes(self, len(data.Y))
        sizes = (data.X.shape[1], *hidden, loss.n_outputs(data.Y.shape[1]))
        activations = activations_of(self, len(hidden), check=True)
        inputs = inputs_of(self, data.X, call.continued)
        return Network(sizes, activations, noise_of(self, len(hidden)), inputs)

    def _first_params(self, network, data, random_state, call):
        """Where training starts: a copy of the model's parameters, or new ones.

        And whether the outputs' are drawn, rather than those of another model.
        """
        dtype = data.X.dtype
        if not call.continued:
            return self._params_to_begin_with(network, random_state, data)
        fitted, layers = self._fitted_network()
        check_same_architecture(self, network.layer_sizes, fitted.layer_sizes)
        return network.flatten(layers, dtype, learned(self, network)), False

    def _params_to_begin_with(self, network, random_state, data):
        """Those of ``coefs_init``; drawn are the layers that it does not have."""
        dtype = data.X.dtype
        start = []
        if self.coefs_init is not None:
            start = check_start(self, network.layer_sizes, dtype)
        if len(start) == len(network.layers):
            return network.flatten(start, dtype), False
        initializer = make_part(INITIALIZERS, self.initializer, self, "initializer")
        rows = data.X[some_rows(data, N_ROWS)] if initializer.needs_data else None
        params = network.initial_params(initializer, random_state, dtype, rows)
        for (W, b), (start_W, start_b) in zip(
            network.views(params), start, strict=False
        ):
            W[...], b[...] = start_W, start_b
        return params, True

    def _scale(self, fit) -> None:
        """Have the fit train in the scales of its rows, if that was asked for."""
        memory = getattr(self, "_memory", None) if fit.call.incremental else None
        before = None if memory is None else memory.scaling
        fit.scaling = scaling_of(self, fit.data, fit.loss, before)
        if not fit.scaling.is_plain and fit.call.incremental and len(fit.data) < 2:
            raise ValueError(
                f"{owner(self)}: X and y must have 2 rows or more for partial_fit with "
                "scale_input or scale_target, which need a spread, got 1."
            )
        if memory is not None and before.kind == fit.scaling.kind:
            fit.params = memory.unfolded(fit.network, fit.scaling, fit.params)
        elif not fit.is_drawn:
            fit.params = fit.scaling.unfold(fit.network, fit.params)

    # What a fit was like.

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
        refuse_members(self)
        check_is_fitted(self, "history_")
        pd = import_pandas(f"{owner(self)}: history_frame")
        frame = pd.DataFrame(dict(_columns(self.history_)))
        return frame.set_index(pd.RangeIndex(1, len(frame) + 1, name="epoch"))

    def summary(self, n_features=None, n_outputs=None):
        """The network's layers, with shapes, activations, parameters and bytes.

        Parameters
        ----------
        n_features, n_outputs : int, default=None
            Of X and y, which only a fitted estimator knows; a classifier of two classes
            has one output.

        Returns
        -------
        summary : Summary
            A table that prints, shows in notebooks, and has a method ``frame()``.

        Raises
        ------
        ValueError
            If the estimator is not fitted and the numbers are not given.

        Examples
        --------
        >>> from skmlp import MLPClassifier
        >>> MLPClassifier((5, 2)).summary(n_features=4, n_outputs=3)
        MLPClassifier
        layer     input   output  activation  parameters  bytes  products a row
        -----------------------------------------------------------------------
        hidden 1  (n, 4)  (n, 5)  relu                25    200              20
        hidden 2  (n, 5)  (n, 2)  relu                12     96              10
        output    (n, 2)  (n, 3)                       9     72               6
        -----------------------------------------------------------------------
        total                                         46    368              36
        """
        refuse_members(self)
        return summarize(self, n_features, n_outputs)

    # Raw outputs.

    def _predicting_loss(self):
        """The loss of which predictions need the inverse link."""
        return None

    def _fitted_network(self):
        """The network of ``coefs_`` and ``intercepts_``, and its (W, b) a layer."""
        check_parameters(self, {"activation": RULES["activation"]})
        layers = fitted_layers(self)
        embedding = getattr(self, "embedding_", None)
        inputs = None if embedding is None else embedding.inputs
        n_features = inputs.n_features if inputs else layers[0][0].shape[0]
        sizes = (n_features, *(W.shape[1] for W, _ in layers))
        activations = activations_of(self, len(layers) - 1, check=False)
        network = Network(sizes, activations, inputs=inputs)
        return network, Views(network, layers, learned(self, network))

    def _checked_to_predict(self, X):
        """X checked, the network, and its (W, b) a layer."""
        refuse_members(self)
        check_is_fitted(self, self._learned)
        X = check_X_to_predict(self, X)
        network, layers = self._fitted_network()
        check_n_features(self, X, network.layer_sizes[0])
        return X, network, layers

    def _raw(self, X):
        """Raw outputs (n_samples, n_outputs) of the one network."""
        X, network, layers = self._checked_to_predict(X)
        return network.predict(layers, X)

    def _output(self, X):
        """What the estimator predicts with: of several members, their mean."""
        if "members_" in vars(self):
            return mean_of_members(self, check_X_to_predict(self, X))
        return self._fitted_task().output(self._predicting_loss(), self._raw(X))

    def __getattr__(self, name):
        refuse_attribute(self, name)
        return object.__getattribute__(self, name)  # which says what is not there


def _columns(history):
    """The arrays (n_epochs,) of a history; those of layers are numbered from 1."""
    for name, array in history.items():
        if array.ndim == 1:
            yield name, array
        else:
            yield from ((f"{name}_{i}", c) for i, c in enumerate(array.T, start=1))
