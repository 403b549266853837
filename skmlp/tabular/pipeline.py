"""tabular_pipeline: from a raw table to predictions, as a Pipeline of scikit-learn."""

from inspect import signature

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

from skmlp.estimators import MLPClassifier, MLPRegressor
from skmlp.estimators.fitting.components import is_stochastic
from skmlp.estimators.validation.combinations import STOCHASTIC_ONLY
from skmlp.estimators.validation.parameters import shown
from skmlp.solvers import SOLVERS
from skmlp.tabular.encoder import TableEncoder
from skmlp.tabular.presets import KINDS, loss_for, preset_of

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
            f"{', '.join(unknown)}."
        )
    encoder = TableEncoder(categorical_features=categorical_features)
    recipe = preset_of(preset, kind)
    if kind == "classifier" and "scoring" in params:
        recipe["loss"] = loss_for(params["scoring"])
    mlp = estimator(**_settings(estimator, recipe, params))
    return TabularPipeline([("table", encoder), ("mlp", mlp)])


def check_kind(function, kind) -> None:
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"{function}: kind must be one of {KINDS}, got {shown(kind)}.")


def _settings(estimator, preset, params):
    """The preset's parameters and the user's, without those that these leave idle."""
    mlp = estimator(**(preset | params))
    idle = set()
    if not is_stochastic(mlp.solver):
        idle |= {*STOCHASTIC_ONLY, "learning_rate"}
    if not _decays(mlp.solver):
        idle.add("weight_decay_schedule")
    if not _is_noisy(mlp):
        idle.add("dropout_schedule")
    left = {name: value for name, value in preset.items() if name not in idle}
    return left | params


def _decays(solver) -> bool:
    kind = SOLVERS.get(solver) if isinstance(solver, str) else solver
    return bool(getattr(kind, "weight_decay", 0.0))


def _is_noisy(mlp) -> bool:
    """Whether noise is asked for, on inputs or on hidden layers that are there."""
    has_hidden = np.size(mlp.hidden_layer_sizes) > 0
    rates = np.ravel(np.array(mlp.dropout, object)).tolist() if has_hidden else []
    return any([mlp.input_dropout, mlp.input_noise, *rates])
