"""Writes the model files of this release, which later ones must be able to read.

``python -m tests.model_file.releases``, once a release; files that are there stay.
"""

import datetime
import json
from pathlib import Path

import numpy as np

import skmlp

from .models import fitted

DATA = Path(__file__).parent / "data"
MODELS = ["multiclass", "categories", "members", "levels", "partial_fit"]
MODELS += ["mixed table, classes", "mixed table, numbers"]
N_ROWS = 5


def method_of(model):
    return "predict_proba" if hasattr(model, "predict_proba") else "predict"


def as_json(rows):
    """Rows as plain values, and the numbers of columns of dates, which are text."""
    dates = [j for j, value in enumerate(rows[0]) if isinstance(value, datetime.date)]
    return json.loads(json.dumps(rows.tolist(), default=str)), dates


def from_json(rows, dates):
    table = np.array(rows, object if dates else None)
    for j in dates:
        days = table[:, j]
        table[:, j] = [d and datetime.date.fromisoformat(d) for d in days]
    return table


def main():
    folder = DATA / skmlp.__version__
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        path = folder / f"{name.replace(', ', ' ').replace(' ', '_')}.skmlp"
        if path.exists():
            continue
        model, rows = fitted(name)
        model.save(path)
        values = getattr(model, method_of(model))(rows[:N_ROWS])
        assert isinstance(values, np.ndarray)
        texts, dates = as_json(rows[:N_ROWS])
        known = {"rows": texts, "dates": dates, "values": values.tolist()}
        path.with_suffix(".json").write_text(json.dumps(known))


if __name__ == "__main__":
    main()
