"""What the user may have meant: the nearest name, or our word for another library's."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

# By parameter: words of other libraries, and ours.
_CROSS_ENTROPY = (
    "cross_entropy crossentropy cross_entropy_loss categorical_crossentropy "
    "sparse_categorical_crossentropy binary_crossentropy bce nll logloss log logistic"
)
_CALLED: dict[str, dict[str, str]] = {
    "activation": {
        "identity": "linear none",
        "logistic": "sigmoid logit",
        "silu": "swish",
    },
    "solver": {
        "sgd": "momentum gd gradient_descent",
        "lbfgs": "l_bfgs bfgs l_bfgs_b",
    },
    "loss": {
        "log_loss": _CROSS_ENTROPY,
        "squared_error": "mse mean_squared_error l2 squared_loss",
        "absolute_error": "mae mean_absolute_error l1",
        "huber": "smooth_l1",
        "quantile": "pinball",
        "log_cosh": "logcosh",
    },
    "learning_rate": {
        "cosine": "cosine_annealing cosineannealing cosineannealinglr",
        "one_cycle": "onecycle onecyclelr",
        "plateau": "reduce_on_plateau reducelronplateau",
        "step": "steplr multisteplr",
        "exponential": "exponentiallr",
        "warmup": "linear_warmup",
    },
    "initializer": {
        "glorot_uniform": "xavier xavier_uniform glorot",
        "glorot_normal": "xavier_normal",
        "he_uniform": "kaiming kaiming_uniform he",
        "he_normal": "kaiming_normal",
    },
    "scoring": {
        "roc_auc": "auc auroc",
        "neg_log_loss": "log_loss logloss cross_entropy",
        "neg_mean_squared_error": "mse mean_squared_error",
        "neg_root_mean_squared_error": "rmse root_mean_squared_error",
        "neg_mean_absolute_error": "mae mean_absolute_error",
        "loss": "val_loss validation_loss",
        "accuracy": "acc",
    },
    "kind": {
        "classifier": "classification binary multiclass clf",
        "regressor": "regression reg",
    },
}
OURS = {
    parameter: {word: ours for ours, words in table.items() for word in words.split()}
    for parameter, table in _CALLED.items()
}


def nearest(word: Any, names: Iterable[Any]) -> str | None:
    """The name that is spelt most like a word, if one is much like it."""
    known = {_plain(name): name for name in names if isinstance(name, str)}
    if not isinstance(word, str):
        return None
    found = get_close_matches(_plain(word), known, n=1, cutoff=0.7)
    return known[found[0]] if found else None


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", word.lower())


def did_you_mean(parameter: str, value: Any, names: Iterable[str] | str) -> str:
    """A suggestion for a value that is not among the names; "" for none.

    names : the names, or a text that has them in quotes.
    """
    known = re.findall(r"'([\w-]+)'", names) if isinstance(names, str) else list(names)
    if isinstance(value, (list, tuple)):  # one of several
        wrong = [item for item in value if isinstance(item, str) and item not in known]
        value = wrong[0] if wrong else None
    if not isinstance(value, str):
        return ""
    ours = OURS.get(parameter, {}).get(_plain(value))
    found = ours if ours in known else nearest(value, known)
    return f" Did you mean {found!r}?" if found else ""
