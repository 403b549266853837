"""Labels in ONNX are of the type that they have in y."""

import numpy as np
import pytest

from skmlp import MLPClassifier

from ...conftest import CODES, NUMBERS, X
from .graphs import assert_exported
from .models import TABLE, fitted

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")

LABELS = {
    "strings": np.array(["", "b", "ç"])[CODES],
    "objects": np.array(["a", "b", "c"], object)[CODES],
    "whole numbers": (CODES - 7).astype("int16"),
    "numbers": CODES + 5.0,
    "bools": NUMBERS > 0,
    "a single class": np.full(len(X), "only"),
}


@pytest.mark.parametrize("labels", LABELS)
def test_labels_are_of_the_type_of_y(labels):
    model = fitted(MLPClassifier, LABELS[labels], "float64")
    found, wanted = assert_exported(model, TABLE)["label"], model.classes_.dtype
    assert found.dtype == (object if wanted.kind == "U" else wanted)
