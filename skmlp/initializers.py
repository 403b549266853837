"""First parameters of a layer from fan_in, fan_out and the activation's gain."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Initializer(Protocol):
    """What a network needs to draw the first parameters of a layer."""

    def draw(
        self,
        random_state: np.random.RandomState,
        fan_in: int,
        fan_out: int,
        gain: float,
    ) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]: ...


class GlorotUniform:
    """W and b uniform within sqrt(gain / (fan_in + fan_out)), weights drawn first.

    Glorot and Bengio, Understanding the difficulty of training deep feedforward
    neural networks, 2010, equation 16, there with zero biases.
    """

    @staticmethod
    def draw(
        random_state: np.random.RandomState, fan_in: int, fan_out: int, gain: float
    ) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
        bound = np.sqrt(gain / (fan_in + fan_out))
        W = random_state.uniform(-bound, bound, (fan_in, fan_out))
        b = random_state.uniform(-bound, bound, fan_out)
        return W, b


INITIALIZERS: dict[str, Initializer] = {"glorot_uniform": GlorotUniform()}
