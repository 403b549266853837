"""Distributions of the parameters worth tuning."""

import copy

from scipy.stats import loguniform, uniform

from skmlp.embeddings import PiecewiseLinear
from skmlp.losses import LogLoss
from skmlp.names import Kind
from skmlp.tabular.pipeline import check_kind
from skmlp.tabular.presets import PRESETS

# Most worthwhile first, according to ablations: Holzmueller, Grinsztajn
# and Steinwart, Better by default, 2024, table B.1, and the package's own trials.
SPACE = {
    "learning_rate_init": (0.25, 2.5),  # times the preset's
    "numeric_embedding": [
        None,
        "pbld",
        PiecewiseLinear(n_bins=16, size=4, min_rows=5),
        PiecewiseLinear(n_bins=48, size=8, min_rows=5),
    ],
    "dropout": (0.0, 0.5),
    "solver__weight_decay": (1e-3, 1e-1),
    "hidden_layer_sizes": ["by_rows", "128x2", "128x3", "256x2", "256x3", "512x2"],
    "max_iter": [32, 64, 128, 256],
    "batch_size": [32, 64, 128, 256],
    "activation": ["mish", "selu", "relu", "parametric_mish"],
}


class SearchSpace(dict):
    """Distributions by parameter name, for RandomizedSearchCV or Optuna.

    The parameters most worth tuning come first. Numbers have distributions of
    ``scipy.stats``, other parameters lists of values.
    """

    def suggest(self, trial):
        """Values of all parameters, suggested by an Optuna trial.

        Parameters
        ----------
        trial : optuna.trial.Trial
            The trial.

        Returns
        -------
        params : dict
            Values by parameter name, for ``set_params``.

        Examples
        --------
        >>> import skmlp
        >>> space = skmlp.search_space("regressor")
        >>> def objective(trial):
        ...     pipeline = skmlp.tabular_pipeline("regressor")
        ...     pipeline.set_params(**space.suggest(trial))
        """
        return {name: _suggest(trial, name, choice) for name, choice in self.items()}


def _suggest(trial, name, choice):
    if isinstance(choice, list):  # by number: Optuna stores plain values only
        number = trial.suggest_categorical(name, list(range(len(choice))))
        return copy.deepcopy(choice[number])  # trials may set its settings
    low, high = choice.support()
    return trial.suggest_float(name, low, high, log=choice.dist.name == "loguniform")


def search_space(kind: Kind, *, prefix="mlp__"):
    """Make distributions of the parameters worth tuning in a `tabular_pipeline`.

    Parameters
    ----------
    kind : {'classifier', 'regressor'}
        Kind of the pipeline.

    prefix : str, default: `"mlp__"`
        Prefix of the names: the step of the pipeline; "" for an estimator without
        pipeline, whose solver must be an ``AdamW()``, as in the preset.

    Returns
    -------
    space : SearchSpace
        A dict from names to distributions, the most worthwhile first.

    Raises
    ------
    ValueError
        If kind is unknown.

    Examples
    --------
    >>> from sklearn.model_selection import RandomizedSearchCV
    >>> from skmlp import search_space, tabular_pipeline
    >>> space = search_space("classifier")
    >>> list(space)[:3]
    ['mlp__learning_rate_init', 'mlp__numeric_embedding', 'mlp__dropout']
    >>> search = RandomizedSearchCV(
    ...     tabular_pipeline("classifier", n_members=1), space, n_iter=20
    ... )
    """
    check_kind("search_space", kind)
    rate = PRESETS["default"][kind]["learning_rate_init"]
    low, high = SPACE["learning_rate_init"]
    space = {
        **copy.deepcopy(SPACE),
        "learning_rate_init": loguniform(rate * low, rate * high),
        "dropout": uniform(*SPACE["dropout"]),
        "solver__weight_decay": loguniform(*SPACE["solver__weight_decay"]),
    }
    if kind == "classifier":
        space["loss"] = [LogLoss(), LogLoss(label_smoothing=0.1)]
    return SearchSpace({prefix + name: choice for name, choice in space.items()})
