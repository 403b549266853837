"""Files that earlier releases wrote are read, and predict what they did."""

import json

import numpy as np
import pytest

import skmlp

from ..model_file.releases import DATA, method_of

FILES = sorted(DATA.glob("*/*.skmlp"))


@pytest.mark.parametrize(
    "path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_a_file_of_a_release_predicts_what_it_did(path):
    known = json.loads(path.with_suffix(".json").read_text())
    model = skmlp.load(path)
    found = getattr(model, method_of(model))(np.array(known["rows"]))
    # written on another processor, whose products round differently
    np.testing.assert_allclose(found, known["values"], rtol=1e-9, atol=1e-12)


def test_there_are_files():
    assert len(FILES) >= 5
