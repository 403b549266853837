"""Names that parameters take, as types: editors complete them.

Where objects are accepted besides names, signatures say ``SolverName | object``: the
names are completed, and a variable of type ``str`` is no error of types.
"""

from typing import Literal

ActivationName = Literal[
    "identity",
    "logistic",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "softplus",
    "silu",
    "swish",
    "gelu",
    "gelu_tanh",
    "mish",
    "prelu",
    "parametric_selu",
    "parametric_mish",
]
SolverName = Literal[
    "lbfgs",
    "sgd",
    "adam",
    "adamw",
    "amsgrad",
    "nadam",
    "rmsprop",
    "adagrad",
    "lion",
]
ScheduleName = Literal[
    "constant",
    "invscaling",
    "adaptive",
    "plateau",
    "cosine",
    "one_cycle",
    "exponential",
    "step",
    "linear",
    "coslog4",
    "flat_cos",
    "warmup",
]
InitializerName = Literal[
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "ntk",
    "data_driven",
]
EmbeddingName = Literal["pbld", "piecewise_linear"]
ClassificationLossName = Literal["log_loss", "focal"]
RegressionLossName = Literal[
    "squared_error",
    "poisson",
    "absolute_error",
    "huber",
    "log_cosh",
    "quantile",
    "gamma",
    "tweedie",
]
BatchSizeName = Literal["auto", "by_rows"]
MaxIterName = Literal["by_rows", "half_by_rows"]
OutputBias = Literal["random", "optimum"]
Record = Literal["layers"]
EnsembleName = Literal["seeds", "folds"]
Calibration = Literal["temperature", "sharpen"]
ClassWeightName = Literal["balanced"]
ClassificationScore = Literal["loss", "calibrated_loss"]
RegressionScore = Literal["loss"]
Kind = Literal["classifier", "regressor"]
PresetName = Literal["fast", "default", "best", "td-s", "td"]
