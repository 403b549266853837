"""Recipes for tables, as plain parameters of the estimators."""

import copy

from skmlp.embeddings import PiecewiseLinear
from skmlp.errors import short_repr
from skmlp.estimators.options import Dropout, EarlyStopping
from skmlp.losses import LogLoss
from skmlp.solvers import Adam, AdamW

KINDS = ("classifier", "regressor")

# Of both RealMLP recipes: Holzmueller, Grinsztajn and Steinwart, Better by default:
# strong pre-tuned MLPs and boosted trees on tabular data, 2024, section 3, table A.1.
_REALMLP = {
    "hidden_layer_sizes": (256, 256, 256),
    "learned_scale": True,
    "learning_rate": "coslog4",
    "batch_size": 256,
    "max_iter": 256,
    "alpha": 0.0,
    "early_stopping": EarlyStopping(tie_break="last", stratify=True),
    "validation_fraction": 0.2,
    "n_iter_no_change": float("inf"),
}
SMOOTHING = 0.1
_SMOOTH = {"loss": LogLoss(label_smoothing=SMOOTHING)}
_TD_S = {
    **_REALMLP,
    "solver": Adam(
        beta_2=0.95,
        parametrization="ntk",
        rate_factors={"scale": 6.0, "biases": 0.1},
    ),
    "initializer": "ntk",
}
_TD = {
    **_REALMLP,
    "solver": AdamW(
        beta_2=0.95,
        weight_decay=0.02,
        decay_schedule="flat_cos",
        parametrization="ntk",
        rate_factors={
            "scale": 6.0,
            "biases": 0.1,
            "numeric_embedding": 0.1,
            "activation": 0.1,
        },
    ),
    "initializer": "data_driven",
    "numeric_embedding": "pbld",
    "dropout": Dropout(0.15, schedule="flat_cos"),
}
# Many small networks instead of one large one; the rest is TD's, with piecewise linear
# embeddings, and batches so small that a few hundred rows make enough steps.
_DEFAULT = {
    **_TD,
    "n_members": 8,
    "n_jobs": -1,
    "hidden_layer_sizes": "by_rows",
    "activation": "mish",
    "numeric_embedding": PiecewiseLinear(n_bins=16, size=4),
    "batch_size": "by_rows",
    "max_iter": 64,
}
PRESETS = {
    "default": {
        "classifier": {
            **_DEFAULT,
            "scoring": "calibrated_loss",
            "learning_rate_init": 0.04,
        },
        "regressor": {
            **_DEFAULT,
            "scale_target": True,
            "clip_output": True,
            "learning_rate_init": 0.2,
        },
    },
    "td-s": {
        "classifier": {
            **_TD_S,
            **_SMOOTH,
            "activation": "selu",
            "learning_rate_init": 0.04,
        },
        "regressor": {
            **_TD_S,
            "scale_target": True,
            "activation": "mish",
            "learning_rate_init": 0.07,
        },
    },
    "td": {
        "classifier": {
            **_TD,
            **_SMOOTH,
            "activation": "parametric_selu",
            "learning_rate_init": 0.04,
        },
        "regressor": {
            **_TD,
            "scale_target": True,
            "clip_output": True,
            "activation": "parametric_mish",
            "learning_rate_init": 0.2,
        },
    },
}


# Scores by which classes count as right or wrong: smoothed labels help these.
BY_CLASS = ("accuracy", "balanced_accuracy")


def loss_for(scoring):
    """The classifier's loss that goes with what the user scores by.

    Smoothed labels help accuracy and hurt AUC and log loss: Holzmueller, Grinsztajn and
    Steinwart, Better by default, 2024, section 5.
    """
    by_class = scoring is None or (isinstance(scoring, str) and scoring in BY_CLASS)
    return LogLoss(label_smoothing=SMOOTHING if by_class else 0.0)


def preset_of(name, kind):
    """The parameters of a preset, for an estimator of that kind to have as its own."""
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(
            f"tabular_pipeline: preset must be one of {tuple(PRESETS)}, got "
            f"{short_repr(name)}."
        )
    return copy.deepcopy(PRESETS[name][kind])
