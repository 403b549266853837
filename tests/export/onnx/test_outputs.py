"""Outputs in ONNX by the kind of target."""

import numpy as np
import pytest

from skmlp import MLPClassifier

from ...conftest import CODES
from .graphs import assert_exported
from .models import TABLE, fitted

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


def test_columns_of_strings_beside_each_other():
    y = np.array([["a", "b", "c"], ["yes", "no", "?"]])[:, CODES].T
    model = fitted(MLPClassifier, y, "float64")
    found = assert_exported(model, TABLE)
    assert [*found] == ["label", "probabilities_0", "probabilities_1"]
