"""tabular_pipeline: from a raw table to predictions, as a scikit-learn Pipeline."""

from inspect import signature

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

from skmlp.component import Component
from skmlp.errors import short_repr
from skmlp.estimators import MLPClassifier, MLPRegressor
from skmlp.estimators.base import as_solver
from skmlp.estimators.moved import hint
from skmlp.estimators.options import OPTIONS
from skmlp.estimators.validation.combinations import STOCHASTIC_ONLY
from skmlp.estimators.validation.parameters import RULES
from skmlp.names import Kind, PresetName
from skmlp.solvers import Solver
from skmlp.tabular.encoder import TableEncoder
from skmlp.tabular.presets import KINDS, loss_for, preset_of

# Parameters whose objects are merged with the preset's, setting by setting.
MERGED = ("solver", "dropout", "early_stopping", "ensemble")
ESTIMATORS = dict(zip(KINDS, (MLPClassifier, MLPRegressor), strict=True))


def _ends_in_intervals(pipeline):
    """Raise an AttributeError where the last step has no intervals."""
    return bool(pipeline.steps[-1][1].predict_interval)


class TabularPipeline(Pipeline):
    """A scikit-learn Pipeline with prediction intervals and merged settings.

    See Also
    --------
    tabular_pipeline : Makes such a pipeline.
    """

    @available_if(_ends_in_intervals)
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
        encoded = self[:-1].transform(X)
        return self.steps[-1][1].predict_interval(encoded, coverage)

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
        super().set_params(**{n: v for n, v in params.items() if n not in later})
        mlp = self.steps[-1][1]
        if not isinstance(mlp, tuple(ESTIMATORS.values())):
            return super().set_params(**objects, **inner)
        super().set_params(**{n: _merged(mlp, names[n], v) for n, v in objects.items()})
        step = f"{self.steps[-1][0]}__"
        own = {n.removeprefix(step): v for n, v in params.items() if n.startswith(step)}
        mlp.solver = _with_flat(mlp, own, own.get("solver"))
        return super().set_params(**inner)


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
    ``GridSearchCV`` over ``mlp__...``, ``mlp__sample_weight`` in ``fit``, ``clone``,
    pickles and ``set_output`` work as usual.

    Parameters
    ----------
    kind : {'classifier', 'regressor'}
        Whether to predict classes (also multilabel, or several columns of classes) or
        numbers.

    preset : {'default', 'td-s', 'td'}, default='default'
        'td-s' and 'td' are RealMLP-TD-S and RealMLP-TD, light and full, one network
        each. 'default' is an ensemble of eight smaller networks, each with its own
        validation rows. ``skmlp.tabular.PRESETS`` has their parameters.

    categorical_features : 'from_dtype', None or array-like, default='from_dtype'
        The categorical columns, see `TableEncoder`: by dtype, names or indices.

    **params
        Parameters of the estimator that replace the preset's, such as
        ``random_state=0``, ``n_members=16`` or ``scoring="loss"``. Objects and plain
        values for `solver`, `dropout`, `early_stopping` and `ensemble` are merged with
        the preset's, setting by setting. Unless `loss` is given, a classifier's labels
        are smoothed if `scoring` is given as the accuracy. Parameters of the preset
        that cannot act beside those given are dropped, such as those for mini-batches
        with ``solver="lbfgs"``.

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
            f"{', '.join(map(repr, unknown))}.{hint(unknown)}"
        )
    encoder = TableEncoder(categorical_features=categorical_features)
    recipe = preset_of(preset, kind)
    if kind == "classifier" and "scoring" in params:
        recipe["loss"] = loss_for(params["scoring"])
    mlp = estimator(**_settings(estimator, recipe, params))
    return TabularPipeline([("table", encoder), ("mlp", mlp)])


def check_kind(function, kind) -> None:
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(
            f"{function}: kind must be one of {KINDS}, got {short_repr(kind)}."
        )


def _settings(estimator, preset, params):
    """The preset's parameters and the user's, merged setting by setting.

    Parameters of the preset that cannot act beside the user's are left out.
    """
    recipe = estimator(**preset)
    recipe.set_params(**{n: v for n, v in params.items() if n not in MERGED})
    merged = {n: _merged(recipe, n, v) for n, v in params.items() if n in MERGED}
    recipe.set_params(**merged)
    merged["solver"] = _with_flat(recipe, params, params.get("solver"))
    given = preset | params | merged
    # an unknown solver is refused by fit
    if not getattr(as_solver(recipe, recipe.solver), "stochastic", True):
        idle = {name.partition(".")[0] for name in STOCHASTIC_ONLY} | {"learning_rate"}
        given |= {n: v for n, v in params.items() if n in idle}
        return {n: v for n, v in given.items() if n not in idle or n in params}
    if not np.size(recipe.hidden_layer_sizes) and "dropout" not in params:
        given.pop("dropout", None)
    return given


def _merged(mlp, name, value):
    """A user's value or object, with the current settings where it gives none."""
    there = getattr(mlp, name)
    if not RULES[name][0](value):
        return value  # which fit refuses
    if name == "solver":
        given, there = as_solver(mlp, value), as_solver(mlp, there)
    else:
        given, there = OPTIONS[name].of(value), OPTIONS[name].of(there)
    if not isinstance(there, Component):
        return value
    return given.filled_by(there)


def _with_flat(mlp, params, given):
    """The solver of `mlp`, with the user's parameters of the estimator for it.

    Settings that a `given` solver object brings itself win.
    """
    solver = mlp.solver
    if not isinstance(solver, Solver):
        return solver
    known = given._given if isinstance(given, Solver) else ()
    own = {n: params[n] for n in solver.flat if n in params and n not in known}
    return clone(solver).set_params(**own) if own else solver
