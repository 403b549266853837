"""Presets for tables, as parameters of the estimators."""

import copy

from skmlp.component import Component
from skmlp.embeddings import PiecewiseLinear
from skmlp.errors import short_repr
from skmlp.estimators.options import Dropout, EarlyStopping, Ensemble
from skmlp.estimators.validation.parameters import AtMost
from skmlp.losses import LogLoss
from skmlp.schedules import CosLog
from skmlp.solvers import Adam, AdamW
from skmlp.spelling import did_you_mean

KINDS = ("classifier", "regressor")

# Of both RealMLP recipes: Holzmueller, Grinsztajn and Steinwart, Better by default:
# strong pre-tuned MLPs and boosted trees on tabular data, 2024, section 3, table A.1.
_REALMLP = {
    "hidden_layer_sizes": (256, 256, 256),
    "learned_scale": True,
    "learning_rate": "coslog4",
    "batch_size": AtMost(256),
    "max_iter": 256,
    "alpha": 0.0,
    "early_stopping": EarlyStopping(tie_break="last", stratify=True),
    "validation_fraction": 0.2,
    "n_iter_no_change": float("inf"),
}
SMOOTHING = 0.1
_SMOOTH = {"loss": LogLoss(label_smoothing=SMOOTHING)}
# So little helps AUC, too; what it leaves underconfident is sharpened.
LITTLE_SMOOTHING = 0.03
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
# Several small networks instead of one large one; the rest is TD's, with piecewise
# linear embeddings, and so many updates for few rows that these suffice. Training ends
# when a whole cycle of the learning rate has brought no better epoch, and some members
# train on all rows, for as many epochs as were best for those with validation rows.
_DEFAULT = {
    **_TD,
    "n_jobs": -1,
    "hidden_layer_sizes": "by_rows",
    "activation": "mish",
    "numeric_embedding": PiecewiseLinear(n_bins=16, size=4, min_rows=5),
    "learning_rate": CosLog(n_cycles=4, n_cycles_no_change=1),
    "batch_size": "by_rows",
    "max_iter": "half_by_rows",
}
_CLASSIFIER = {
    "loss": LogLoss(label_smoothing=LITTLE_SMOOTHING),
    "scoring": "calibrated_loss",
    "calibration": "sharpen",
    "learning_rate_init": 0.04,
}
_REGRESSOR = {"scale_target": True, "clip_output": True, "learning_rate_init": 0.2}


def _recipes(n_members, n_validated, **params):
    """The recipes of both kinds for so many networks."""
    ensemble = Ensemble(n_validated=n_validated)
    recipe = {**_DEFAULT, "n_members": n_members, "ensemble": ensemble, **params}
    return {
        "classifier": {**recipe, **_CLASSIFIER},
        "regressor": {**recipe, **_REGRESSOR},
    }


PRESETS = {
    "fast": _recipes(n_members=2, n_validated=1),
    "default": _recipes(n_members=4, n_validated=2),
    "best": _recipes(n_members=24, n_validated=8, max_iter="by_rows"),
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


# Scores that count classes as right or wrong; label smoothing helps these.
BY_CLASS = ("accuracy", "balanced_accuracy")


def loss_for(scoring, preset):
    """The classifier's loss that suits the user's scoring, in the preset of that name.

    Much smoothing helps accuracy and hurts AUC and log loss: Holzmueller, Grinsztajn
    and Steinwart, Better by default, 2024, section 5, whose recipes then have none.
    """
    otherwise = 0.0 if preset in ("td-s", "td") else LITTLE_SMOOTHING
    by_class = scoring is None or (isinstance(scoring, str) and scoring in BY_CLASS)
    return LogLoss(label_smoothing=SMOOTHING if by_class else otherwise)


def preset_of(name, kind):
    """A copy of the parameters of a preset for an estimator of that kind.

    The settings of its objects do not count as given by the user.
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(
            f"tabular_pipeline: preset must be one of {tuple(PRESETS)}, got "
            f"{short_repr(name)}.{did_you_mean('preset', name, PRESETS)}"
        )
    params = copy.deepcopy(PRESETS[name][kind])
    for part in params.values():
        if isinstance(part, Component):
            part.forget_given()
    return params
