"""Labels keep their type in a graph."""

import datetime

import numpy as np
import pytest

from skmlp import MLPClassifier
from skmlp.export.onnx.labels import label_array

from ...conftest import CODES, NUMBERS, X, quietly
from .graphs import assert_exported

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
    model = quietly(MLPClassifier(max_iter=3, random_state=0).fit, X, LABELS[labels])
    found, wanted = assert_exported(model, X)["label"], model.classes_.dtype
    assert found.dtype == (object if wanted.kind == "U" else wanted)


def test_labels_of_other_types_are_refused():
    days = np.array([datetime.date(2020, 1, day) for day in (1, 2)], object)
    with pytest.raises(ValueError, match="Owner: classes_ must hold strings, numbers"):
        label_array("Owner", days)
