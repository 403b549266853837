"""The network of a fitted estimator, kept while it does not change."""

import weakref
from dataclasses import dataclass
from operator import is_
from typing import Any

import numpy as np

from skmlp.estimators.fitting.fitted_network import fitted_network
from skmlp.estimators.validation.parameters import RULES, check_parameters

# By id of the estimators, whose attributes stay as they are: predicting changes nothing
# of them, and no copy or pickle has a network.
_KEPT: dict[int, "Kept"] = {}


@dataclass(frozen=True)
class Kept:
    """A network with the parameters of each layer, and what it was made from.

    owner : a weak reference to the estimator.
    """

    owner: Any
    activation: Any
    sources: list[Any]
    network: Any
    layers: list[Any]

    def is_of(self, estimator, sources) -> bool:
        """Whether it is the estimator's, of which nothing was set anew since.

        Values of arrays may have changed in place: the network has these arrays.
        """
        return (
            self.owner() is estimator
            and self.activation == estimator.activation
            and len(sources) == len(self.sources)
            and all(map(is_, sources, self.sources))
        )


def network_of(estimator):
    """The network of a fitted estimator, and the parameters of each layer."""
    fitted, key = vars(estimator), id(estimator)
    sources = _sources(fitted)
    kept = _KEPT.get(key)
    if kept is not None and kept.is_of(estimator, sources):
        return kept.network, kept.layers
    check_parameters(estimator, {"activation": RULES["activation"]})
    owner, activation = type(estimator).__name__, estimator.activation
    network, layers = fitted_network(owner, activation, fitted)
    # objects may change in place unseen, and so may numbers that had to be copied
    if isinstance(activation, str) and _are_views(layers, sources):
        reference = weakref.ref(estimator, lambda _: _KEPT.pop(key, None))
        _KEPT[key] = Kept(reference, activation, sources, network, layers)
    return network, layers


def forget_network(estimator) -> None:
    """Let go of a network whose arrays are no longer the estimator's."""
    _KEPT.pop(id(estimator), None)


def _sources(fitted):
    """All that a network is made from, besides its activation."""
    embedding = fitted.get("embedding_")
    sources = [*fitted["coefs_"], *fitted.get("intercepts_", ()), embedding]
    sources += fitted.get("alphas_", ())
    return sources if embedding is None else [*sources, *embedding.arrays]


def _are_views(layers, sources) -> bool:
    """Whether the layers' arrays are those of the estimator, not copies of them."""
    given = [source for source in sources if isinstance(source, np.ndarray)]
    arrays = [array for layer in layers for array in layer]
    return all(any(_is_view(array, one) for one in given) for array in arrays)


def _is_view(array, source) -> bool:
    return array is source or (isinstance(array, np.ndarray) and array.base is source)
