"""First parameters of a layer from fan_in, fan_out and the activation's gain."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skmlp.component import Component, setting
from skmlp.constraints import integer, real

Array = NDArray[np.floating[Any]]
Layer = tuple[Array, Array]

# Rows that an initializer looks at.
N_ROWS = 2048


@dataclass
class Initializer(Component):
    """Base of initializers."""

    abstract: ClassVar[bool] = True

    zero_output: ClassVar[bool] = False
    needs_data: ClassVar[bool] = False

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

    def draw_by_data(
        self, random_state: np.random.RandomState, x: Any, fan_out: int
    ) -> tuple[Array, Array, Array]:
        """W, b, and x W + b (n, fan_out), for what reaches the layer, x (n, fan_in)."""
        raise NotImplementedError

    def _weights(
        self, random_state: np.random.RandomState, fan_in: int, fan_out: int
    ) -> Array:
        raise NotImplementedError


@dataclass
class Independent(Initializer):
    """Base: each weight drawn by itself, on the scale of the root of ``_square``."""

    abstract: ClassVar[bool] = True

    def _weights(
        self, random_state: np.random.RandomState, fan_in: int, fan_out: int
    ) -> Array:
        scale = np.sqrt(self._square(fan_in, fan_out))
        return self._draw(random_state, scale, (fan_in, fan_out))

    def _square(self, fan_in: int, fan_out: int) -> float:
        raise NotImplementedError

    def _draw(
        self, random_state: np.random.RandomState, scale: float, shape: tuple[int, int]
    ) -> Array:
        raise NotImplementedError


@dataclass
class Uniform(Independent):
    """Base: W uniform within the root of ``_square``, b = 0."""

    abstract: ClassVar[bool] = True

    def _draw(
        self, random_state: np.random.RandomState, scale: float, shape: tuple[int, int]
    ) -> Array:
        return random_state.uniform(-scale, scale, shape)


@dataclass
class Normal(Independent):
    """Base: W normal with variance ``_square``, b = 0."""

    abstract: ClassVar[bool] = True

    def _draw(
        self, random_state: np.random.RandomState, scale: float, shape: tuple[int, int]
    ) -> Array:
        return random_state.normal(0.0, scale, shape)


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


@dataclass
class NTK(Normal):
    """W normal with variance 1 / fan_in, b standard normal, and 0 for the outputs.

    Holzmueller, Grinsztajn and Steinwart, Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data, 2024, appendix A, RealMLP-TD-S; for
    ``parametrization="ntk"``.
    """

    zero_output: ClassVar[bool] = True

    def draw(
        self,
        random_state: np.random.RandomState,
        fan_in: int,
        fan_out: int,
        gain: float,
    ) -> Layer:
        W = self._weights(random_state, fan_in, fan_out)
        return W, random_state.normal(size=fan_out)

    def _square(self, fan_in: int, fan_out: int) -> float:
        return 1.0 / fan_in


@dataclass
class DataDriven(Initializer):
    """Each unit's x W has variance 1 over the rows, and is 0 at a mixture of some.

        W ~ N(0, 1) / std(x W),    b = -sum_m e_m (x W)_m

    over `n_mixed` rows m drawn for each unit, with weights e ~ Exp(1) over their sum.
    Holzmueller, Grinsztajn and Steinwart, Better by default, 2024, appendix A; the
    biases ("he+5") after Steinwart, A sober look at neural network initializations,
    2019. A unit that is the same for all rows keeps its W. Sees up to 2,048 rows.
    """

    needs_data: ClassVar[bool] = True

    n_mixed: int = setting(5, integer(1))

    def draw_by_data(
        self, random_state: np.random.RandomState, x: Any, fan_out: int
    ) -> tuple[Array, Array, Array]:
        W = random_state.normal(size=(x.shape[1], fan_out))
        z = np.asarray(x @ W)
        spread = z.std(axis=0)
        # sums of equal numbers round
        same = spread <= 1e-6 * np.abs(z).max(axis=0, initial=0.0)
        spread[same] = 1.0
        W /= spread
        z /= spread
        rows = random_state.randint(len(z), size=(self.n_mixed, fan_out))
        shares = random_state.exponential(size=rows.shape)
        shares /= shares.sum(axis=0)
        b = -np.sum(shares * z[rows, np.arange(fan_out)], axis=0)
        return W, b, z + b


INITIALIZERS: dict[str, type[Initializer]] = {
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LeCunUniform,
    "lecun_normal": LeCunNormal,
    "orthogonal": Orthogonal,
    "ntk": NTK,
    "data_driven": DataDriven,
}
