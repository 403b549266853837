"""First parameters of a layer from fan_in, fan_out and the activation's gain."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skmlp.parts import Part, setting
from skmlp.rules import real

Array = NDArray[np.floating[Any]]
Layer = tuple[Array, Array]


@dataclass
class Initializer(Part):
    """Base of initializers."""

    abstract: ClassVar[bool] = True

    def draw(
        self,
        random_state: np.random.RandomState,
        fan_in: int,
        fan_out: int,
        gain: float,
    ) -> Layer:
        """W (fan_in, fan_out) and b (fan_out,) of a layer; here, b is 0."""
        W = self._weights(random_state, fan_in, fan_out)
        return W, np.zeros(fan_out)

    def _weights(
        self, random_state: np.random.RandomState, fan_in: int, fan_out: int
    ) -> Array:
        raise NotImplementedError


@dataclass
class Uniform(Initializer):
    """Base: W uniform within the root of ``_square``, b = 0."""

    abstract: ClassVar[bool] = True

    def _square(self, fan_in: int, fan_out: int) -> float:
        raise NotImplementedError

    def _weights(
        self, random_state: np.random.RandomState, fan_in: int, fan_out: int
    ) -> Array:
        bound = np.sqrt(self._square(fan_in, fan_out))
        return random_state.uniform(-bound, bound, (fan_in, fan_out))


@dataclass
class Normal(Initializer):
    """Base: W normal with variance ``_square``, b = 0."""

    abstract: ClassVar[bool] = True

    def _square(self, fan_in: int, fan_out: int) -> float:
        raise NotImplementedError

    def _weights(
        self, random_state: np.random.RandomState, fan_in: int, fan_out: int
    ) -> Array:
        spread = np.sqrt(self._square(fan_in, fan_out))
        return random_state.normal(0.0, spread, (fan_in, fan_out))


@dataclass
class GlorotUniform(Initializer):
    """W and b uniform within sqrt(gain / (fan_in + fan_out)), weights drawn first.

    As in scikit-learn. Glorot and Bengio, Understanding the difficulty of training deep
    feedforward neural networks, 2010, equation 16, there with zero biases.
    """

    def draw(
        self,
        random_state: np.random.RandomState,
        fan_in: int,
        fan_out: int,
        gain: float,
    ) -> Layer:
        bound = np.sqrt(gain / (fan_in + fan_out))
        W = random_state.uniform(-bound, bound, (fan_in, fan_out))
        b = random_state.uniform(-bound, bound, fan_out)
        return W, b


@dataclass
class GlorotNormal(Normal):
    """W normal with variance 2 / (fan_in + fan_out), b = 0.

    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural
    networks, 2010, equation 12.
    """

    def _square(self, fan_in: int, fan_out: int) -> float:
        return 2.0 / (fan_in + fan_out)


@dataclass
class HeUniform(Uniform):
    """W uniform within sqrt(6 / fan_in), which has He's variance, b = 0."""

    def _square(self, fan_in: int, fan_out: int) -> float:
        return 6.0 / fan_in


@dataclass
class HeNormal(Normal):
    """W normal with variance 2 / fan_in, b = 0; for relu and its kin.

    He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015, equation 10.
    """

    def _square(self, fan_in: int, fan_out: int) -> float:
        return 2.0 / fan_in


@dataclass
class LeCunUniform(Uniform):
    """W uniform within sqrt(3 / fan_in), which has LeCun's variance, b = 0."""

    def _square(self, fan_in: int, fan_out: int) -> float:
        return 3.0 / fan_in


@dataclass
class LeCunNormal(Normal):
    """W normal with variance 1 / fan_in, b = 0; for selu and tanh.

    LeCun, Bottou, Orr and Mueller, Efficient BackProp, 1998, equation 16.
    """

    def _square(self, fan_in: int, fan_out: int) -> float:
        return 1.0 / fan_in


@dataclass
class Orthogonal(Initializer):
    """W with orthonormal rows or columns, whichever are fewer, times `scale`; b = 0.

    Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning
    in deep linear neural networks, 2014, section 3.
    """

    scale: float = setting(1.0, real(0, open_low=True))

    def _weights(
        self, random_state: np.random.RandomState, fan_in: int, fan_out: int
    ) -> Array:
        shape = max(fan_in, fan_out), min(fan_in, fan_out)
        q, r = np.linalg.qr(random_state.normal(size=shape))
        q = q * np.sign(np.diag(r))  # makes the distribution uniform
        return np.asarray(self.scale * (q if fan_in >= fan_out else q.T))


INITIALIZERS: dict[str, type[Initializer]] = {
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LeCunUniform,
    "lecun_normal": LeCunNormal,
    "orthogonal": Orthogonal,
}
