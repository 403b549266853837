"""tabular_pipeline: from a raw table to predictions, as a scikit-learn Pipeline."""

from inspect import signature
from typing import ClassVar

import numpy as np
import sklearn
from sklearn.base import clone, is_regressor
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.metaestimators import available_if

from skmlp.errors import short_repr
from skmlp.estimators import MLPClassifier, MLPRegressor
from skmlp.estimators.validation.moved import hint
from skmlp.model_file import SavableMixin
from skmlp.names import Kind, PresetName
from skmlp.spelling import did_you_mean
from skmlp.tabular.encoder import TableEncoder
from skmlp.tabular.overrides import (
    MERGED,
    merged_value,
    settings_over,
    with_flat,
)
from skmlp.tabular.presets import KINDS, loss_for, preset_of

ESTIMATORS = dict(zip(KINDS, (MLPClassifier, MLPRegressor), strict=True))


# What `fit` takes by name, for the last step.
FOR_LAST_STEP = ("X_val", "y_val", "sample_weight_val", "sample_weight", "groups")


def _last_step_has(method):
    """Raise an AttributeError where the last step has no such method."""

    def has_it(pipeline):
        return bool(getattr(pipeline.steps[-1][1], method))

    return available_if(has_it)


class TabularPipeline(SavableMixin, Pipeline):
    """A scikit-learn Pipeline with raw validation rows, intervals and merged settings.

    Predictions, probabilities and intervals are float64.

    See Also
    --------
    tabular_pipeline : Makes such a pipeline.
    """

    # the steps request metadata, not the pipeline
    __metadata_request__fit: ClassVar = dict.fromkeys(FOR_LAST_STEP, UNUSED)

    def fit(
        self,
        X,
        y=None,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        groups=None,
        **params,
    ):
        """Fit the steps one after the other.

        Parameters
        ----------
        X : table of shape (n_samples, n_columns)
            Training rows: a data frame, an array or a list of rows.

        y : array-like
            Targets.

        sample_weight : array-like of shape (n_samples,), float or None, default=None
            Weights of the rows, >= 0, for the last step.

        X_val : table of shape (n_val, n_columns), default=None
            Your own validation rows, raw like X, instead of rows held out from X.

        y_val : array-like, default=None
            Targets of the validation rows, in the form of y.

        sample_weight_val : array-like of shape (n_val,), float or None, default=None
            Weights of the validation rows, >= 0.

        groups : array-like of shape (n_samples,), default=None
            Group labels of the rows, passed to a splitter as `validation_fraction`.

        **params : dict
            Further arguments of the steps' ``fit``, as in scikit-learn's ``Pipeline``,
            such as ``mlp__X_val``, which is raw as well. With metadata routing, those
            that the steps request.

        Returns
        -------
        self : TabularPipeline
            The fitted pipeline.

        Raises
        ------
        ValueError, TypeError
            Raised by the steps' ``fit``; or if, with ``warm_start=True``, X is encoded
            as other columns than in the previous fit.
        """
        values = X_val, y_val, sample_weight_val, sample_weight, groups
        named = dict(zip(FOR_LAST_STEP, values, strict=True))
        named = {name: value for name, value in named.items() if value is not None}
        params = self._joined(named, params)
        self._encode_validation_rows(X, y, params)
        return super().fit(X, y, **params)

    def _joined(self, named, params):
        """All parameters; without routing, those for the last step with its prefix."""
        if sklearn.get_config()["enable_metadata_routing"]:
            return named | params
        prefixed = {f"{self.steps[-1][0]}__{n}": v for n, v in named.items()}
        twice = sorted(prefixed.keys() & params.keys())
        if twice:
            raise TypeError(
                f"{type(self).__name__}: {twice[0]} and {twice[0].split('__')[1]} are "
                "the same parameter, which was given twice."
            )
        return prefixed | params

    def _encode_validation_rows(self, X, y, params) -> None:
        """Transform validation rows by the steps before the last.

        Unless ``transform_input`` does so. And check that continued training has the
        columns of the previous fit.
        """
        key = f"{self.steps[-1][0]}__X_val"
        if sklearn.get_config()["enable_metadata_routing"]:
            key = "" if "X_val" in (self.transform_input or ()) else "X_val"
        rows, goes_on = params.get(key), self._goes_on()
        if len(self.steps) < 2 or (rows is None and not goes_on):
            return
        first_steps = clone(self[:-1]).fit(X, y)
        if goes_on:
            self._check_columns(first_steps)
        if rows is not None:
            params[key] = first_steps.transform(rows)

    def _goes_on(self) -> bool:
        """Whether the last step continues to train the network that it has."""
        mlp = self.steps[-1][1]
        is_mlp = isinstance(mlp, tuple(ESTIMATORS.values()))
        return is_mlp and bool(mlp.warm_start) and hasattr(mlp, "n_features_in_")

    def _check_columns(self, first_steps) -> None:
        """Continued training needs the columns of the previous fit."""
        before = self[:-1].get_feature_names_out().tolist()
        now = first_steps.get_feature_names_out().tolist()
        if before == now:
            return
        new = [name for name in now if name not in before]
        gone = [name for name in before if name not in now]
        raise ValueError(
            f"{type(self).__name__}: with warm_start=True X must be encoded as the "
            f"columns of the previous fit, got {len(now)} columns instead of "
            f"{len(before)} (new: {short_repr(new)}, gone: {short_repr(gone)}): the "
            "encoder learns categories and missing values in each fit. Fit all "
            "rows at once with warm_start=False, or keep the encoding and train the "
            "last step alone: pipeline[-1].fit(pipeline[:-1].transform(X), y)."
        )

    def _encoded(self, X):
        """X as the last step sees it; a pipeline's own ``transform`` takes longer."""
        for _, step in self.steps[:-1]:
            if step is not None and step != "passthrough":
                X = step.transform(X)
        return X

    @_last_step_has("predict")
    def predict(self, X, **params):
        """Predict labels or numbers; numbers are float64.

        Parameters
        ----------
        X : table of shape (n_samples, n_columns)
            As in ``fit``.

        **params : dict
            As in scikit-learn's ``Pipeline``.

        Returns
        -------
        predicted : ndarray
            As returned by the last step.
        """
        if params:
            predicted = super().predict(X, **params)
        else:
            predicted = self.steps[-1][1].predict(self._encoded(X))
        return _in_float64(predicted) if is_regressor(self) else predicted

    @_last_step_has("predict_proba")
    def predict_proba(self, X, **params):
        """Class probabilities in float64; each row sums to 1 up to rounding.

        Parameters
        ----------
        X : table of shape (n_samples, n_columns)
            As in ``fit``.

        **params : dict
            As in scikit-learn's ``Pipeline``.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            As returned by the last step.
        """
        mlp = self.steps[-1][1]
        if params or not isinstance(mlp, MLPClassifier):
            return super().predict_proba(X, **params)
        return mlp._probabilities(self._encoded(X), np.float64)

    @_last_step_has("predict_log_proba")
    def predict_log_proba(self, X, **params):
        """Logarithms of ``predict_proba``.

        Parameters
        ----------
        X : table of shape (n_samples, n_columns)
            As in ``fit``.

        **params : dict
            As in scikit-learn's ``Pipeline``.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            As returned by the last step.
        """
        if params or not isinstance(self.steps[-1][1], MLPClassifier):
            return super().predict_log_proba(X, **params)
        proba = self.predict_proba(X)
        if isinstance(proba, list):
            return [np.log(part) for part in proba]
        return np.log(proba)

    @_last_step_has("decision_function")
    def decision_function(self, X, **params):
        """Raw outputs of the network, as float64.

        Parameters
        ----------
        X : table of shape (n_samples, n_columns)
            As in ``fit``.

        **params : dict
            As in scikit-learn's ``Pipeline``.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            As returned by the last step.
        """
        return _in_float64(super().decision_function(X, **params))

    @_last_step_has("predict_interval")
    def predict_interval(self, X, coverage=0.9):
        """Predict intervals that contain y with probability `coverage`.

        Parameters
        ----------
        X : table of shape (n_samples, n_columns)
            The table, as in ``fit``.

        coverage : float, default=0.9
            Probability in (0, 1) that an interval contains y.

        Returns
        -------
        lower, upper : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Ends of the intervals, see ``MLPRegressor.predict_interval``.

        Raises
        ------
        ValueError
            If there were no validation rows, or too few for the coverage.
        """
        ends = self.steps[-1][1].predict_interval(self._encoded(X), coverage)
        return _in_float64(ends[0]), _in_float64(ends[1])

    def set_params(self, **params):
        """Set parameters of the pipeline and its steps.

        A value or an object for ``mlp__solver``, ``mlp__dropout``,
        ``mlp__early_stopping`` or ``mlp__ensemble`` changes only the settings that it
        gives; the others stay as they were. A parameter of the estimator for its
        solver, such as ``mlp__beta_1``, is also set on a solver object that has it.

        Parameters
        ----------
        **params : dict
            Parameters by name, such as ``mlp__dropout=0.1``.

        Returns
        -------
        self : TabularPipeline
            The pipeline itself.

        Raises
        ------
        ValueError
            If there is no such parameter.

        Examples
        --------
        >>> from skmlp import tabular_pipeline
        >>> pipeline = tabular_pipeline("regressor").set_params(mlp__dropout=0.3)
        >>> pipeline["mlp"].dropout
        Dropout(rate=0.3, schedule='flat_cos')
        """
        names = {f"{self.steps[-1][0]}__{name}": name for name in MERGED}
        within = tuple(f"{name}__" for name in names)
        inner = {n: v for n, v in params.items() if n.startswith(within)}
        objects = {n: v for n, v in params.items() if n in names}
        later = {*inner, *objects}
        self._set_others({n: v for n, v in params.items() if n not in later})
        mlp = self.steps[-1][1]
        if not isinstance(mlp, tuple(ESTIMATORS.values())):
            return super().set_params(**objects, **inner)
        super().set_params(
            **{n: merged_value(mlp, names[n], v) for n, v in objects.items()}
        )
        step = f"{self.steps[-1][0]}__"
        own = {n.removeprefix(step): v for n, v in params.items() if n.startswith(step)}
        mlp.solver = with_flat(mlp, own, own.get("solver"))
        return super().set_params(**inner)

    def _set_others(self, params) -> None:
        """Set parameters; an estimator's own without its step's name are refused."""
        try:
            super().set_params(**params)
        except ValueError as error:
            name, mlp = self.steps[-1]
            own = {*self.get_params(deep=False), "steps"}
            bare = [n for n in params if "__" not in n and n not in own]
            known = mlp.get_params(deep=False) if bare else {}
            named = [f" Use {name}__{n}." for n in bare if n in known]
            text = hint([n for n in bare if n not in known], known, f"{name}__")
            raise ValueError(f"{error}{''.join(named)}{text}") from None


def _in_float64(values):
    """Numbers, or a list of arrays of them, as float64; other values as they are."""
    if isinstance(values, list):
        return [_in_float64(part) for part in values]
    is_floats = isinstance(values, np.ndarray) and values.dtype.kind == "f"
    return values.astype(np.float64, copy=False) if is_floats else values


def tabular_pipeline(
    kind: Kind,
    *,
    preset: PresetName = "default",
    categorical_features="from_dtype",
    **params,
):
    """Make a pipeline that predicts well on raw tables without tuning.

    Its steps are "table", a `TableEncoder`, and "mlp", an `MLPClassifier` or
    `MLPRegressor` with the parameters of a preset. It is a scikit-learn ``Pipeline``:
    ``GridSearchCV`` over ``mlp__...``, ``clone``, pickles and ``set_output`` work as
    usual. ``fit`` also takes ``sample_weight``, ``groups`` and raw validation rows,
    ``X_val`` and ``y_val``. All predicted numbers are float64.

    Parameters
    ----------
    kind : {'classifier', 'regressor'}
        Whether to predict classes (also multilabel, or several columns of classes) or
        numbers.

    preset : {'fast', 'default', 'best', 'td-s', 'td'}, default='default'
        'default' is an ensemble of four small networks: two hold out validation rows,
        and two train on all rows, for as many epochs as were best for the first two.
        'fast' has two, one with validation rows, and takes about two thirds of the
        time. 'best' has 24, eight with validation rows, and up to twice the epochs; it
        takes six times the time. 'td-s' and 'td' are RealMLP-TD-S and RealMLP-TD, light
        and full, one network each. ``skmlp.tabular.PRESETS`` has their parameters.

    categorical_features : 'from_dtype', None or array-like, default='from_dtype'
        The categorical columns, see `TableEncoder`: by dtype, names or indices.

    **params
        Parameters of the estimator that replace the preset's, such as
        ``random_state=0``, ``n_members=16`` or ``scoring="loss"``. Objects and plain
        values for `solver`, `dropout`, `early_stopping` and `ensemble` are merged with
        the preset's, setting by setting. Unless `loss` is given, a classifier's labels
        are smoothed more if `scoring` is the accuracy. Parameters of the preset that
        cannot act beside those given are dropped, such as those for mini-batches with
        ``solver="lbfgs"``.

    Returns
    -------
    pipeline : TabularPipeline
        The pipeline, not fitted.

    Raises
    ------
    ValueError
        If kind or preset is unknown.

    TypeError
        If the estimator has no such parameter.

    References
    ----------
    Holzmueller, Grinsztajn and Steinwart, Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data, 2024.

    Examples
    --------
    >>> from skmlp import tabular_pipeline
    >>> X = [[31, "red"], [None, "blue"], [47, "red"], [20, "blue"]] * 10
    >>> y = ["yes", "no", "yes", "no"] * 10
    >>> pipeline = tabular_pipeline("classifier", n_members=2, random_state=0)
    >>> pipeline.fit(X, y).predict([[35, "red"], [30, None]]).tolist()[0]
    'yes'
    """
    check_kind("tabular_pipeline", kind)
    estimator = ESTIMATORS[kind]
    known = signature(estimator).parameters
    unknown = sorted(set(params) - set(known))
    if unknown:
        raise TypeError(
            f"tabular_pipeline: params must be parameters of {estimator.__name__}, got "
            f"{', '.join(map(repr, unknown))}.{hint(unknown, known)}"
        )
    encoder = TableEncoder(categorical_features=categorical_features)
    recipe = preset_of(preset, kind)
    if kind == "classifier" and "scoring" in params:
        recipe["loss"] = loss_for(params["scoring"], preset)
    mlp = estimator(**settings_over(estimator, recipe, params))
    return TabularPipeline([("table", encoder), ("mlp", mlp)])


def check_kind(function, kind) -> None:
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(
            f"{function}: kind must be one of {KINDS}, got {short_repr(kind)}."
            f"{did_you_mean('kind', kind, KINDS)}"
        )
