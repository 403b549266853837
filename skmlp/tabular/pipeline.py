"""tabular_pipeline: from a raw table to predictions, as a Pipeline of scikit-learn."""

from inspect import signature

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

from skmlp.component import Component
from skmlp.errors import short_repr
from skmlp.estimators import MLPClassifier, MLPRegressor
from skmlp.estimators.base import as_solver, is_stochastic
from skmlp.estimators.moved import hint
from skmlp.estimators.options import OPTIONS
from skmlp.estimators.validation.combinations import STOCHASTIC_ONLY
from skmlp.estimators.validation.parameters import RULES
from skmlp.tabular.encoder import TableEncoder
from skmlp.tabular.presets import KINDS, loss_for, preset_of

# Parameters that are merged with a preset's setting by setting.
MERGED = ("solver", "dropout", "early_stopping", "ensemble")
# By settings that are 0 when they are off: the schedule that then has no effect.
SCHEDULED = {
    ("weight_decay",): "decay_schedule",
    ("rate", "inputs", "noise"): "schedule",
}
ESTIMATORS = dict(zip(KINDS, (MLPClassifier, MLPRegressor), strict=True))


def _ends_in_intervals(pipeline):
    """Raise an AttributeError where the last step has no intervals."""
    return bool(pipeline.steps[-1][1].predict_interval)


class TabularPipeline(Pipeline):
    """A Pipeline of scikit-learn's that also gives intervals.

    See Also
    --------
    tabular_pipeline : Makes one.
    """

    @available_if(_ends_in_intervals)
    def predict_interval(self, X, coverage=0.9):
        """Predict intervals that hold y in a share of `coverage` of rows.

        Parameters
        ----------
        X : table of shape (n_samples, n_columns)
            As in ``fit``.

        coverage : float, default=0.9
            The share, in (0, 1).

        Returns
        -------
        lower, upper : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            As of ``MLPRegressor.predict_interval``.
        """
        encoded = self[:-1].transform(X)
        return self.steps[-1][1].predict_interval(encoded, coverage)

    def set_params(self, **params):
        """Set parameters of the pipeline and its steps.

        What a value or an object for ``mlp__solver``, ``mlp__dropout``,
        ``mlp__early_stopping`` or ``mlp__ensemble`` leaves open stays as it was.

        Parameters
        ----------
        **params : dict
            Parameters by name, such as ``mlp__dropout=0.1``.

        Returns
        -------
        self : TabularPipeline
            The pipeline itself.
        """
        names = {f"{self.steps[-1][0]}__{name}": name for name in MERGED}
        within = tuple(f"{name}__" for name in names)
        inner = {n: v for n, v in params.items() if n.startswith(within)}
        objects = {n: v for n, v in params.items() if n in names}
        later = {*inner, *objects}
        super().set_params(**{n: v for n, v in params.items() if n not in later})
        mlp = self.steps[-1][1]
        if isinstance(mlp, tuple(ESTIMATORS.values())):
            objects = {n: _merged(mlp, names[n], v) for n, v in objects.items()}
        return super().set_params(**objects, **inner)


def tabular_pipeline(
    kind, *, preset="default", categorical_features="from_dtype", **params
):
    """Make a pipeline that takes a raw table and predicts well as it is.

    Its steps are "table", a `TableEncoder`, and "mlp", an `MLPClassifier` or
    `MLPRegressor` with the parameters of a preset. It is an ordinary ``Pipeline`` of
    scikit-learn: ``GridSearchCV`` over ``mlp__...``, ``mlp__sample_weight`` in ``fit``,
    ``clone``, pickles and ``set_output`` work as ever.

    Parameters
    ----------
    kind : {'classifier', 'regressor'}
        What to predict: classes (also several labels, or columns of classes) or
        numbers.

    preset : {'default', 'td-s', 'td'}, default='default'
        'td-s' and 'td' are RealMLP-TD-S and RealMLP-TD, light and full, one network
        each. 'default' is eight smaller ones, each with validation rows of its own.
        ``skmlp.tabular.PRESETS`` has their parameters.

    categorical_features : 'from_dtype', None or array-like, default='from_dtype'
        The columns of categories, as of `TableEncoder`: by dtype, or names, or numbers.

    **params
        Parameters of the estimator instead of the preset's, such as ``random_state=0``,
        ``n_members=16`` or ``scoring="loss"``. A classifier's labels are smoothed where
        `scoring`, if given, is the accuracy, unless `loss` is given too. Of the preset
        those are left out that have no effect beside them, such as what needs
        mini-batches with ``solver="lbfgs"``.

    Returns
    -------
    pipeline : TabularPipeline

    Raises
    ------
    ValueError
        If kind or preset is not known.

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
            f"{', '.join(unknown)}.{hint(unknown)}"
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

    Without those of the preset that the user's leave idle.
    """
    recipe = estimator(**preset)
    recipe.set_params(**{n: v for n, v in params.items() if n not in MERGED})
    merged = {n: _merged(recipe, n, v) for n, v in params.items() if n in MERGED}
    recipe.set_params(**merged)
    given = preset | params | merged
    # a solver that there is not is refused when it comes to fit
    if not is_stochastic(recipe.solver):
        idle = {name.partition(".")[0] for name in STOCHASTIC_ONLY} | {"learning_rate"}
        return {n: v for n, v in given.items() if n not in idle or n in params}
    if not np.size(recipe.hidden_layer_sizes) and "dropout" not in params:
        given.pop("dropout", None)
    return given


def _merged(mlp, name, value):
    """A user's value or object, with the settings that are there where it has none.

    Schedules of what the user's value switches off go, too.
    """
    there = getattr(mlp, name)
    if not RULES[name][0](value):
        return value  # which is refused when it comes to fit
    if name == "solver":
        given, there = as_solver(mlp, value), as_solver(mlp, there)
    else:
        given, there = OPTIONS[name].of(value), OPTIONS[name].of(there)
    if not isinstance(there, Component):
        return value
    merged = given.filled_by(there)
    settings = merged.get_params(deep=False)
    if not np.size(mlp.hidden_layer_sizes):  # no hidden units to drop
        settings.pop("rate", None)
    for what, schedule in SCHEDULED.items():
        acts = any(map(_acts, map(settings.get, what)))
        if schedule in settings and not acts and schedule not in given._given:
            setattr(merged, schedule, "constant")
    return merged


def _acts(value) -> bool:
    """Whether a rate, or any of a sequence, is more than 0."""
    return value is not None and bool(np.any(np.array(value, object)))
