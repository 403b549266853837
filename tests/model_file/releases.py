"""Writes the model files of this release, which later ones must be able to read.

``python -m tests.model_file.releases``, once a release; files that are there stay.
"""

import json
from pathlib import Path

import numpy as np

import skmlp

from .models import fitted

DATA = Path(__file__).parent / "data"
MODELS = ["multiclass", "categories", "members", "levels", "partial_fit"]
N_ROWS = 5


def method_of(model):
    return "predict_proba" if hasattr(model, "predict_proba") else "predict"


def main():
    folder = DATA / skmlp.__version__
    folder.mkdir(parents=True)
    for name in MODELS:
        model, rows = fitted(name)
        model.save(folder / f"{name}.skmlp")
        values = getattr(model, method_of(model))(rows[:N_ROWS])
        assert isinstance(values, np.ndarray)
        known = {"rows": rows[:N_ROWS].tolist(), "values": values.tolist()}
        (folder / f"{name}.json").write_text(json.dumps(known))


if __name__ == "__main__":
    main()
