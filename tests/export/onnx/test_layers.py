"""Layers and embeddings in ONNX are those of the network, one by one."""

from functools import partial

import numpy as np
import pytest

from skmlp.activations import Mish, ParametricMish
from skmlp.embeddings import EMBEDDINGS, PBLD, CategoryTable, PiecewiseLinear
from skmlp.export.onnx import layers
from skmlp.network.dense import Dense
from skmlp.network.inputs import Embedded, Inputs
from skmlp.network.layer import Memory
from skmlp.network.parametric import ParametricLayer

from .graphs import TOLERANCE, evaluated

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 5))
X[:, 3:] = RNG.integers(0, 4, (40, 2))
EMBEDDED = {
    "pbld": PBLD(n_frequencies=4, size=2),
    "piecewise linear": PiecewiseLinear(n_bins=5, size=3),
    "categories": CategoryTable(size=3),
}


def test_every_embedding_has_a_row():
    assert set(layers.EMBEDDINGS) == {*EMBEDDINGS.values(), CategoryTable}


def of_inputs(*names):
    """Makes the layer that embeds columns of X: codes in the last two, else numbers."""

    def make(dtype):
        embedded = []
        for name in names:
            columns = np.array([3, 4] if name == "categories" else [0, 2])
            part = Embedded(EMBEDDED[name], columns)
            part.constants = part.embedding.constants(part.of(X.astype(dtype)))
            embedded.append(part)
        return Inputs(5, embedded)

    return make


LAYERS = {
    **{name: of_inputs(name) for name in EMBEDDED},
    "two embeddings": of_inputs("pbld", "categories"),
    "dense": lambda dtype: Dense(5, 3, Mish()),
    "parametric": lambda dtype: ParametricLayer(5, ParametricMish()),
}


@pytest.mark.parametrize("dtype, tolerance", TOLERANCE.items())
def test_a_layer_gives_the_same_values(dtype, tolerance):
    for name, make in LAYERS.items():
        layer, x = make(dtype), (3.0 * X).astype(dtype)
        x[:, 3:] = RNG.choice([-1.0, 0.0, 0.5, 2.0, 3.0, 99.0], (40, 2))
        params = [RNG.normal(size=shape).astype(dtype) for _, shape in layer.shapes]
        buffers = layer.buffers(Memory(len(x), x.dtype, backward=False), "C")
        wanted = layer.forward(params, x, buffers)
        write = partial(layers.write_layers, "Owner", [layer], [params])
        found = evaluated(write, x, wanted.shape[1:])
        assert found.dtype == wanted.dtype, name
        largest = np.abs(wanted).max()
        np.testing.assert_allclose(
            found, wanted, rtol=0, atol=tolerance * largest, err_msg=name
        )
