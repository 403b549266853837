"""The values of layers in ONNX are those of the network."""

import pytest

from skmlp import MLPClassifier, MLPTransformer

from ...conftest import CODES, covering, quietly
from .graphs import assert_exported
from .models import DTYPES, INPUTS, NETWORKS, OTHERS, TABLE

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


@covering(
    layer=[0, -1], dtype=DTYPES, network=["relu", "parametric"], inputs=["plain", "all"]
)
def test_hidden_values_are_those_of_the_transformer(layer, dtype, network, inputs):
    params = {**NETWORKS[network], **INPUTS[inputs]}
    mlp = MLPClassifier(max_iter=3, random_state=0, **params)
    model = quietly(MLPTransformer(mlp, layer=layer).fit, TABLE.astype(dtype), CODES)
    assert_exported(model, OTHERS.astype(dtype))
