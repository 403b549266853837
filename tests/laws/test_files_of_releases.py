"""Files that earlier releases wrote are read, and predict what they did."""

import json

import numpy as np
import pytest

import skmlp
from skmlp.tabular import TabularPipeline

from ..model_file.releases import DATA, from_json, method_of

FILES = sorted(DATA.glob("*/*.skmlp"))


@pytest.mark.parametrize(
    "path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_a_file_of_a_release_predicts_what_it_did(path):
    known = json.loads(path.with_suffix(".json").read_text())
    model = skmlp.load(path)
    rows = from_json(known["rows"], known.get("dates", []))
    found = getattr(model, method_of(model))(rows)
    # written on another processor, whose products round differently; the networks of
    # tables are float32
    rtol = 1e-5 if isinstance(model, TabularPipeline) else 1e-9
    np.testing.assert_allclose(found, known["values"], rtol=rtol, atol=1e-3 * rtol)


def test_there_are_files():
    assert len(FILES) >= 7
    assert any("table" in path.stem for path in FILES)
