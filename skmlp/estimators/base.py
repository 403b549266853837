"""What classifier and regressor share: the steps of ``fit``, and raw outputs."""

import copy
import warnings
from functools import partial, wraps
from inspect import signature
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils.validation import check_is_fitted

from skmlp.errors import invalid
from skmlp.estimators.calibration import check_calibration
from skmlp.estimators.conversion import from_sklearn, to_sklearn
from skmlp.estimators.ensemble.configurations import check_configurations
from skmlp.estimators.ensemble.members import fit_members
from skmlp.estimators.ensemble.prediction import outputs_of
from skmlp.estimators.ensemble.support import check_members, several_members
from skmlp.estimators.fitting.callbacks import (
    CallbackSupportMixin,
    epoch_hooks,
    with_callbacks,
)
from skmlp.estimators.fitting.fit import train
from skmlp.estimators.fitting.kept_network import network_of
from skmlp.estimators.fitting.partitions import as_partitions
from skmlp.estimators.fitting.plan import Request, make_plan
from skmlp.estimators.fitting.scoring import check_scoring_name
from skmlp.estimators.fitting.settings import LOSSES, Settings, component
from skmlp.estimators.fitting.state import (
    DivergenceError,
    StatefulMixin,
    set_fitted_attributes,
    unfit,
)
from skmlp.estimators.fitting.stream import batch_errors
from skmlp.estimators.inspection.attribution import ExplainingMixin
from skmlp.estimators.inspection.summary import summarize
from skmlp.estimators.options import OPTIONS
from skmlp.estimators.reporting.entries import with_entry
from skmlp.estimators.targets.choice import fitted_task
from skmlp.estimators.validation.arrays import check_X_to_predict
from skmlp.estimators.validation.combinations import check_partial_fit, takes_sparse
from skmlp.estimators.validation.fitted_weights import check_n_features
from skmlp.estimators.validation.moved import hint, refuse_unknown
from skmlp.estimators.validation.parameters import RULES, check_parameters
from skmlp.model_file import SavableMixin
from skmlp.solvers import SOLVERS, Solver

# What gives something for each row of X.
PREDICTING = ("predict", "predict_proba", "predict_log_proba", "decision_function")


def has_partial_fit(estimator) -> bool:
    """Raise an AttributeError where the solver has no ``partial_fit``."""
    if not is_stochastic(estimator.solver):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


def is_stochastic(solver) -> bool:
    """Whether the solver trains by mini-batches; what is no solver is refused later."""
    kind = SOLVERS.get(solver) if isinstance(solver, str) else type(solver)
    return kind is None or not issubclass(kind, Solver) or kind.stochastic


def as_solver(estimator, value):
    """The object that a solver's name stands for, with the estimator's parameters."""
    kind = SOLVERS.get(value) if isinstance(value, str) else None
    if kind is None:
        return value
    return kind(**{name: getattr(estimator, name) for name in kind.flat})


class BaseMLP(
    ExplainingMixin, SavableMixin, StatefulMixin, CallbackSupportMixin, BaseEstimator
):
    """Base of MLPClassifier and MLPRegressor."""

    # a search keeps groups for its own splitter, unless fit requests them
    __metadata_request__fit: ClassVar = {"groups": False}

    _rules = RULES
    _learned = ("coefs_", "intercepts_")

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "__init__" in vars(cls):
            cls.__init__ = _naming_moved_parameters(cls.__init__)

    def __sklearn_clone__(self):
        """A clone; an estimator as `coefs_init` stays fitted."""
        if not hasattr(self.coefs_init, "coefs_"):
            return super().__sklearn_clone__()
        bare = copy.copy(self)
        bare.coefs_init = None
        twin = BaseEstimator.__sklearn_clone__(bare)
        twin.coefs_init = self.coefs_init
        return twin

    def set_params(self, **params):
        """Set parameters, and settings of nested objects by ``name__setting``.

        A plain value becomes an object when one of its settings is set:
        ``set_params(dropout__schedule="flat_cos")`` with ``dropout=0.1``.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        self : estimator
            The estimator itself.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        inner = {name for name in params if "__" in name}
        self._set_params({n: v for n, v in params.items() if n not in inner})
        for name in {key.partition("__")[0] for key in inner}:
            self._make_object(name)
        return self._set_params({name: params[name] for name in inner})

    def _set_params(self, params):
        try:
            return super().set_params(**params)
        except ValueError as error:
            known = self.get_params(deep=False)
            raise ValueError(f"{error}{hint(params, known)}") from None

    def _make_object(self, name) -> None:
        """Replace a plain value by its object, whose settings can be set."""
        if name == "checkpoint" and self.checkpoint is None:
            owner, expected = type(self).__name__, "be a path before its settings"
            raise invalid(owner, "checkpoint", expected, None)
        if name in OPTIONS:
            setattr(self, name, OPTIONS[name].of(getattr(self, name)))
        elif name == "solver":
            self.solver = as_solver(self, self.solver)

    # Training, from top to bottom.

    @with_callbacks
    def _learn(self, X, y, sample_weight, request):
        """Train by ``fit`` or ``partial_fit``; on errors the estimator is unchanged."""
        settings = self._checked_settings(request)
        X, y, sample_weight, request = as_partitions(
            settings, X, y, sample_weight, request
        )
        fit = self._fit_network if self.n_members == 1 else partial(fit_members, self)
        try:
            attributes, found = fit(settings, X, y, sample_weight, request)
        except DivergenceError:
            unfit(self)
            raise
        set_fitted_attributes(self, attributes)
        for text, kind in found:
            warnings.warn(with_entry(text), kind, stacklevel=4)
        return self

    def _fit_network(self, settings, X, y, sample_weight, request):
        """The fitted attributes of one network, and its warnings."""
        incremental = request.incremental
        hooks = None if incremental else epoch_hooks(self, X, y, sample_weight)
        plan = make_plan(self, settings, X, y, sample_weight, request)
        outcome = train(plan, hooks)
        attributes = outcome.attributes()
        if hooks is not None:
            hooks.close(attributes)
        return attributes, outcome.warnings()

    def _checked_settings(self, request) -> Settings:
        """The parameters, after checking each of them."""
        check_parameters(self, self._rules)
        settings = Settings.of(self)
        check_scoring_name(settings, is_regression=is_regressor(self))
        if request.incremental:
            check_partial_fit(settings, request)
        check_members(settings, request)
        check_configurations(self, settings)
        check_calibration(settings, request)
        return settings

    def _request(self, **how):
        """How training was requested; it may continue that of a fitted model."""
        continues = how.get("incremental", False) or self.warm_start
        return Request(continued=bool("coefs_" in vars(self) and continues), **how)

    def predict_batches(self, batches, method="predict"):
        """Predictions of one batch after the other, none of which is kept.

        Parameters
        ----------
        batches : iterable or callable
            X of each batch, as ``predict`` takes it; or a function that returns such an
            iterable.

        method : str, default="predict"
            The method that predicts a batch, such as "predict_proba".

        Returns
        -------
        predictions : generator
            What the method gives for each batch.

        Raises
        ------
        ValueError, TypeError
            If a batch is not as the method expects it, with the number of the batch.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmlp import MLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = MLPClassifier(solver="lbfgs", alpha=1.0, max_iter=1000).fit(X, y)
        >>> parts = mlp.predict_batches([X[:100], X[100:]], "predict_proba")
        >>> [part.shape for part in parts]
        [(100, 3), (50, 3)]
        """
        names = [n for n in PREDICTING if hasattr(type(self), n)]
        if method not in names:
            expected = f"be one of {', '.join(map(repr, names))}"
            raise invalid(type(self).__name__, "method", expected, method)
        check_is_fitted(self)
        return self._predictions(batches, getattr(self, method))

    def _predictions(self, batches, method):
        batches = batches() if callable(batches) else batches
        for number, X in enumerate(batches):
            with batch_errors(number):
                predicted = method(X)
            yield predicted

    # Reports on a fit.

    def history_frame(self):
        """``history_`` as a data frame with one row per epoch; needs pandas.

        Returns
        -------
        frame : pandas.DataFrame
            Indexed by epoch, from 1.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        self._check_one_network()
        check_is_fitted(self, "history_")
        try:
            import pandas as pd
        except ImportError as error:
            name = type(self).__name__
            text = f"{name}: history_frame needs pandas, which is not installed."
            raise ImportError(text) from error
        frame = pd.DataFrame(dict(_columns(self.history_)))
        return frame.set_index(pd.RangeIndex(1, len(frame) + 1, name="epoch"))

    def summary(self, n_features=None, n_outputs=None):
        """Summarise the layers: shapes, activations, numbers of parameters, and bytes.

        Parameters
        ----------
        n_features, n_outputs : int, default=None
            Numbers of columns of X and of network outputs (one for two classes).
            Required unless the estimator is fitted.

        Returns
        -------
        summary : Summary
            A table that prints, displays in notebooks, and has a method ``frame()``.

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
        self._check_one_network()
        return summarize(self, n_features, n_outputs)

    # To scikit-learn and back.

    def to_sklearn(self):
        """The fitted network as scikit-learn's own estimator.

        For tools that know ``sklearn.neural_network`` only, such as converters to other
        formats. Predictions are equal to rounding, and ``partial_fit`` may continue
        training, with new moments of the solver. Scales are in the weights already, and
        a temperature goes into the last layer. Training parameters that scikit-learn
        does not have, such as ``solver="adamw"`` or ``dropout``, take its defaults.

        Returns
        -------
        estimator : sklearn.neural_network.MLPClassifier or \
                sklearn.neural_network.MLPRegressor
            A fitted estimator, which shares no array with this one.

        Raises
        ------
        ValueError
            If predictions need what scikit-learn does not have: another activation,
            embeddings, several members, clipped outputs, several quantile levels, a
            single class or several columns of classes.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmlp import MLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = MLPClassifier(5, solver="lbfgs", tol=0.1, random_state=0).fit(X, y)
        >>> type(clf.to_sklearn()).__module__.partition(".")[0]
        'sklearn'
        """
        self._check_one_network()
        check_is_fitted(self, self._learned)
        return to_sklearn(self, self._task(), self._fitted_loss())

    @classmethod
    def from_sklearn(cls, estimator):
        """An estimator with the parameters and the network of scikit-learn's.

        Predictions are equal to rounding. ``partial_fit`` and ``warm_start=True``
        continue training, with new moments of the solver.

        Parameters
        ----------
        estimator : sklearn.neural_network.MLPClassifier or \
                sklearn.neural_network.MLPRegressor
            A fitted estimator, of the kind of this class.

        Returns
        -------
        estimator : MLPClassifier or MLPRegressor
            A new estimator, which shares no array with the given one.

        Raises
        ------
        ValueError
            If the estimator is of another kind, or not fitted.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn import neural_network
        >>> from skmlp import MLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> other = neural_network.MLPClassifier(5, solver="lbfgs", tol=0.1)
        >>> clf = MLPClassifier.from_sklearn(other.fit(X, y))
        >>> bool((clf.predict(X) == other.predict(X)).all())
        True
        """
        return from_sklearn(cls(), estimator)

    # Raw outputs.

    def _check_one_network(self) -> None:
        """Raise a ValueError in an ensemble, for what only a single network has."""
        members = vars(self).get("members_")
        if members:
            raise ValueError(several_members(type(self).__name__, members))

    def _checked_to_predict(self, X):
        """X checked, the network, and its (W, b) a layer."""
        self._check_one_network()
        if not all(name in vars(self) for name in self._learned):
            check_is_fitted(self, self._learned)
        X = check_X_to_predict(self, X)
        network, layers = network_of(self)
        check_n_features(type(self).__name__, X, network.layer_sizes[0])
        return X, network, layers

    def _raw(self, X):
        """Raw outputs (n_samples, n_outputs) of the one network."""
        X, network, layers = self._checked_to_predict(X)
        return network.predict(layers, X)

    def _output(self, X):
        """The task's output; in an ensemble the mean over members."""
        members = vars(self).get("members_")
        if not members:
            return self._output_of(self._raw(X))
        outputs = outputs_of(members, check_X_to_predict(self, X), self.n_jobs)
        weights = vars(self).get("member_weights_")  # absent where they are equal
        return self._task().mean_output(np.stack(outputs), weights)

    def _output_of(self, raw):
        """The task's output of raw outputs."""
        return self._task().output(self._fitted_loss(), raw)

    def _task(self):
        """The task of the last fit, or of attributes that were set by hand."""
        return fitted_task(type(self).__name__, vars(self))

    def _fitted_loss(self):
        """The loss of the last fit, whatever ``loss`` was set to since."""
        state = vars(self).get("_state")
        if state is not None:
            return state.loss
        return self._task().loss(self._loss_component())

    def _loss_component(self):
        """The object of the parameter ``loss``; other parameters are not checked."""
        check_parameters(self, {"loss": self._rules["loss"]})
        return component(self, LOSSES[is_regressor(self)], "loss")

    def __getattr__(self, name):
        members = vars(self).get("members_")
        if members and name.endswith("_") and name in vars(members[0]):
            text = several_members(type(self).__name__, members)
            raise AttributeError(f"{text} The ensemble has no {name}.")
        return object.__getattribute__(self, name)  # which says what is not there

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = takes_sparse(self)
        tags.target_tags.multi_output = True
        return tags


def _naming_moved_parameters(init):
    """The constructor, which suggests the right name for an unknown parameter."""

    known = signature(init).parameters
    takes_all = any(p.kind == p.VAR_KEYWORD for p in known.values())

    @wraps(init)
    def checked_init(self, *args, **kwargs):
        if not takes_all:  # else of a subclass, which passes them on
            refuse_unknown(type(self).__name__, kwargs, known)
        init(self, *args, **kwargs)

    return checked_init


def _columns(history):
    """The arrays (n_epochs,) of a history; those of layers are numbered from 1."""
    for name, array in history.items():
        if array.ndim == 1:
            yield name, array
        else:
            yield from ((f"{name}_{i}", c) for i, c in enumerate(array.T, start=1))
