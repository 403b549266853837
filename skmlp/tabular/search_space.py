"""What to tune: distributions of the estimators' parameters."""

import copy

from scipy.stats import loguniform, uniform

from skmlp.embeddings import PiecewiseLinear
from skmlp.losses import LogLoss
from skmlp.tabular.pipeline import check_kind
from skmlp.tabular.presets import PRESETS

# In the order in which tuning pays, as far as ablations tell: Holzmueller, Grinsztajn
# and Steinwart, Better by default, 2024, table B.1, and the package's own trials.
SPACE = {
    "learning_rate_init": (0.25, 2.5),  # times the preset's
    "numeric_embedding": [
        None,
        "pbld",
        PiecewiseLinear(n_bins=16, size=4),
        PiecewiseLinear(n_bins=48, size=8),
    ],
    "dropout": (0.0, 0.5),
    "solver__weight_decay": (1e-3, 1e-1),
    "hidden_layer_sizes": ["by_rows", "128x2", "128x3", "256x2", "256x3", "512x2"],
    "max_iter": [32, 64, 128, 256],
    "batch_size": [32, 64, 128, 256],
    "activation": ["mish", "selu", "relu", "parametric_mish"],
}


class SearchSpace(dict):
    """Names of parameters -> distributions, for RandomizedSearchCV or Optuna.

    The parameters come in the order in which tuning pays. Numbers have distributions of
    ``scipy.stats``, others lists.
    """

    def suggest(self, trial):
        """Values of all parameters, as a trial of Optuna suggests them.

        Parameters
        ----------
        trial : optuna.trial.Trial

        Returns
        -------
        params : dict
            For ``set_params``.

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


def search_space(kind, *, prefix="mlp__"):
    """Make distributions of what is worth tuning in a `tabular_pipeline`.

    Parameters
    ----------
    kind : {'classifier', 'regressor'}
        As of the pipeline.

    prefix : str, default="mlp__"
        What stands before the names: the pipeline's step; "" for the estimator alone,
        whose solver must then be an ``AdamW()``, as that of the preset is.

    Returns
    -------
    space : SearchSpace
        A dict of names and distributions, the most worthwhile first.

    Raises
    ------
    ValueError
        If kind is not known.

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
