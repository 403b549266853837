"""Raw outputs of several networks for few rows, layer by layer for all of them.

Most of the time that a row takes is Python's, which so is that of one network. The
weights stay where they are: each network's product is its own.
"""

from collections.abc import Sequence
from typing import Any

from skmlp.network.layer import Array
from skmlp.network.network import Network, Views

# More rows than these gain nothing: their values no longer fit the processor's cache.
MOST_ROWS = 32


def raw_outputs(
    networks: Sequence[Network], views: Sequence[Views], X: Array
) -> list[Array]:
    """Raw outputs (n, n_outputs) of each network, for the same rows.

    views : for each network the parameters of each layer.
    """
    found: dict[int, Array] = {}
    for numbers in _alike(networks):
        own = [networks[i] for i in numbers]
        raws = _raw_outputs_of_alike(own, [views[i] for i in numbers], X)
        found.update(zip(numbers, raws, strict=True))
    return [found[i] for i in range(len(networks))]


def _alike(networks: Sequence[Network]) -> list[list[int]]:
    """The numbers of networks of each kind."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number, network in enumerate(networks):
        groups.setdefault(network.kind, []).append(number)
    return list(groups.values())


def _raw_outputs_of_alike(
    networks: Sequence[Network], views: Sequence[Views], X: Array
) -> Sequence[Array]:
    if len(networks) == 1:
        return [networks[0].predict(views[0], X)]
    x: Any = [X] * len(networks)
    for number, layer in enumerate(networks[0].layers):
        layers = [network.layers[number] for network in networks]
        x = layer.forward_of_all(layers, [own[number] for own in views], x)
    return list(x)
