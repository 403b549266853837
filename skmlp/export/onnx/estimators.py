"""The outputs of each estimator in ONNX, given a value X of its features."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmlp.estimators import (
    MLPAutoencoder,
    MLPClassifier,
    MLPRegressor,
    MLPTransformer,
)
from skmlp.estimators.fitting.fitted_network import fitted_network
from skmlp.estimators.inspection.attribution import check_layer
from skmlp.estimators.validation.parameters import RULES, check_parameters
from skmlp.export.onnx.layers import write_layers
from skmlp.export.onnx.links import inverse_link
from skmlp.export.onnx.outputs import Output, task_outputs

TRANSFORMED, RECONSTRUCTED = "transformed", "reconstructed"
LOWER, UPPER = "lower", "upper"


def first_network(model):
    """The network of an estimator, or of its first member, and its parameters."""
    mlp = _mlp_of(model)
    members = vars(mlp).get("members_")
    return _network(members[0] if members else mlp)


def _mlp_of(model):
    if isinstance(model, MLPTransformer):
        check_is_fitted(model, "estimator_")
        return model.estimator_
    if isinstance(model, MLPAutoencoder):
        check_is_fitted(model, "mlp_")
        return model.mlp_
    return model


def _network(mlp):
    check_is_fitted(mlp, mlp._learned)
    check_parameters(mlp, {"activation": RULES["activation"]})
    return fitted_network(type(mlp).__name__, mlp.activation, vars(mlp))


# Classifier and regressor


def _of_task(mlp):
    """The `TaskOutputs` for its kind of target."""
    n_outputs = first_network(mlp)[0].layer_sizes[-1]
    task = mlp._task()
    if not task.is_regression:
        task.check_n_outputs(type(mlp).__name__, n_outputs)
    return task_outputs(type(mlp).__name__, task, mlp._fitted_loss(), n_outputs)


def _output(mlp, X):
    """The output of the network, or the mean output of the members."""
    members, targets = vars(mlp).get("members_"), _of_task(mlp)
    if members:
        outputs = [_output(member, X) for member in members]
        return targets.mean_output(outputs, vars(mlp).get("member_weights_"))
    network, params = _network(mlp)
    return targets.output(_raw(mlp, network, params, X))


def _raw(model, network, params, x, start=0):
    """Raw outputs, given the input x of the layer number `start`.

    In the dtype of x, unless the last layer is wider than the others, as when it
    contains the scale of the targets.
    """
    owner, last = type(model).__name__, params[-1]
    x = write_layers(owner, network.layers[start:-1], params[start:-1], x)
    if last[0].dtype.itemsize > params[network.dense[0]][0].dtype.itemsize:
        x = x.cast(last[0].dtype)
    return write_layers(owner, network.layers[-1:], [last], x)


def _classifier(mlp, X, dtype):
    raw, targets = _output(mlp, X), _of_task(mlp)
    calibrated = _calibrated(mlp, raw.cast(dtype or raw.dtype))
    return [targets.label(raw), *targets.probabilities(calibrated)]


def raw_scores(mlp, X):
    """The outputs of a classifier, with raw scores instead of probabilities."""
    raw, targets = _output(mlp, X), _of_task(mlp)
    return [targets.label(raw), targets.raw_scores(_calibrated(mlp, raw))]


def _calibrated(mlp, raw):
    temperature = vars(mlp).get("temperature_")
    return raw if temperature is None else raw / temperature


def _regressor(mlp, X, dtype):
    output = _output(mlp, X)
    return [_of_task(mlp).prediction(output.cast(dtype or output.dtype))]


def interval_outputs(mlp, prediction, coverage) -> list[Output]:
    """The bounds of a regressor's intervals around its `prediction`."""
    width = mlp._interval_width(coverage).astype(prediction.value.dtype)
    width = width if prediction.shape else width[0]
    ends = (LOWER, prediction.value - width), (UPPER, prediction.value + width)
    return [Output(name, value, prediction.shape) for name, value in ends]


# Transformers, whose outputs keep the dtype of X


def _transformer(model, X, dtype):
    network, params = first_network(model)
    layer = check_layer(model, model.layer, len(network.dense) - 1)
    return [_hidden(model, X, network, params, network.dense[layer + 1])]


def _autoencoder(model, X, dtype):
    network, params = first_network(model)
    middle = network.dense[len(network.dense) // 2]
    encoded = _hidden(model, X, network, params, middle)
    raw = _raw(model, network, params, encoded.value, middle)
    loss, width = model.mlp_._fitted_loss(), network.layer_sizes[-1]
    rows = inverse_link(type(model).__name__, loss, raw, width).cast(X.dtype)
    return [encoded, Output(RECONSTRUCTED, rows, (width,))]


def _hidden(model, X, network, params, stop):
    """The input of the layer number `stop`."""
    layers = network.layers[:stop]
    values = write_layers(type(model).__name__, layers, params[:stop], X)
    return Output(TRANSFORMED, values, (layers[-1].fan_out,))


ESTIMATORS = {
    MLPClassifier: _classifier,
    MLPRegressor: _regressor,
    MLPTransformer: _transformer,
    MLPAutoencoder: _autoencoder,
}


def is_exportable(model) -> bool:
    return isinstance(model, tuple(ESTIMATORS))


def model_outputs(model, X, dtype=None) -> list[Output]:
    """The outputs of a fitted estimator at the value X (n, n_features).

    The network computes in the dtype of X.

    dtype : of predictions and probabilities; None keeps that of the network.
    """
    write = next(w for kind, w in ESTIMATORS.items() if isinstance(model, kind))
    return write(model, X, dtype)


def n_features_of(model) -> int:
    return first_network(model)[0].layer_sizes[0]


def dtype_of(model):
    """The dtype in which a fitted estimator computes."""
    network, params = first_network(model)
    return np.dtype(params[network.dense[0]][0].dtype)
