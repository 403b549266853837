"""The network of a fitted estimator, whose attributes may have been set by hand."""

import numpy as np

from skmlp.errors import invalid
from skmlp.estimators.fitting.inputs import InputEmbedding
from skmlp.estimators.fitting.settings import activations_of
from skmlp.estimators.validation.fitted_weights import fitted_layers
from skmlp.network import Network


def fitted_network(owner, activation, fitted):
    """The network of fitted attributes, and the parameters of each layer.

    fitted : attributes by name, such as ``vars(estimator)``.
    """
    layers = fitted_layers(owner, fitted["coefs_"], fitted.get("intercepts_", ()))
    embedding = fitted.get("embedding_")
    inputs = None if embedding is None else embedding.inputs
    n_features = inputs.n_features if inputs else layers[0][0].shape[0]
    sizes = (n_features, *(W.shape[1] for W, _ in layers))
    activations = activations_of(owner, activation, len(layers) - 1, check=False)
    network = Network(sizes, activations, inputs=inputs)
    return network, network.arrange(layers, extra_params(owner, network, fitted))


def extra_params(owner, network, fitted):
    """What the network learned besides weights and biases: embeddings and alphas."""
    n_rows, width = len(fitted["coefs_"][0]), network.inputs.width
    if n_rows != width:
        expected = f"have a row for each of the {width} columns that embedding_ makes"
        raise invalid(owner, "coefs_[0]", f"{expected} of X", n_rows)
    embedding = fitted.get("embedding_")
    arrays = [np.ones(width)] if network.learned_scale else []
    arrays += [] if embedding is None else embedding.arrays
    shapes = [spot.shape for spot in network.spots if spot.group == "activation"]
    alphas = [alpha for alpha in fitted.get("alphas_", []) if alpha is not None]
    if [np.shape(alpha) for alpha in alphas] != shapes:
        raise ValueError(
            f"{owner}: alphas_ must have an array for each hidden layer with a "
            f"parametric activation, of shapes {shapes}, got "
            f"{[np.shape(alpha) for alpha in alphas]}. Fit again after a change of "
            "activation."
        )
    return [*arrays, *alphas]


def network_attributes(network, loss, params, dtype):
    """The fitted attributes of a network with these parameters, for X as it is.

    dtype : of all layers but the last, which keeps that of `params`.
    """
    *views, last = network.views(params)
    views = [[a.astype(dtype, copy=False) for a in layer] for layer in views]
    views, found = [*views, last], {}
    dense = [views[i] for i in network.dense]
    if network.inputs.embedded:
        found["embedding_"] = InputEmbedding(network.inputs, views[0])
    if "activation" in network.param_groups():
        found["alphas_"] = network.alphas(views)
    return {
        "coefs_": [layer[0] for layer in dense],
        "intercepts_": [layer[1] for layer in dense],
        "n_features_in_": network.layer_sizes[0],
        "n_layers_": len(network.layer_sizes),
        "n_outputs_": network.layer_sizes[-1],
        "out_activation_": loss.out_activation,
        **found,
    }
