"""A pipeline that is fitted to files is the one fitted to the table in memory."""

import os
import tracemalloc

import numpy as np
import pytest
import sklearn
from sklearn.base import clone

from skmlp.tabular import TableEncoder, fit_parquet, tabular_pipeline
from skmlp.tabular.parquet import columns, encoded_rows

from ...cases import in_case
from ...conftest import assert_same_bits, covering, quietly
from .tables import CUTS, N_ROWS, table, write

pa = pytest.importorskip("pyarrow")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
TABLE = table(pa)
NAMES = [name for name in TABLE.column_names if name not in ("w", "label", "y")]
SMALL = {"max_iter": 2, "n_members": 2, "n_jobs": 1, "random_state": 0}
PARAMS = {"hidden_layer_sizes": 6, "batch_size": 32, **SMALL}
TARGETS = {"classifier": "label", "regressor": "y"}


def in_memory(kind, y, weight=None, names=NAMES, **params):
    pipeline = tabular_pipeline(kind, **PARAMS | params)
    weights = None if weight is None else TABLE.column(weight).to_numpy()
    rows = TABLE.select(y) if isinstance(y, list) else TABLE.column(y)
    return quietly(pipeline.fit, TABLE.select(names), rows, sample_weight=weights)


def from_files(folder, *args, **params):
    return quietly(fit_parquet, folder, *args, **PARAMS | params)


def assert_same_pipeline(found, expected):
    assert_same_bits(found["mlp"], expected["mlp"])
    rows = TABLE.select(expected["table"].feature_names_in_.tolist())
    assert found["table"].report().rows == expected["table"].report().rows
    method = "predict_proba" if hasattr(found, "predict_proba") else "predict"
    predictions = [getattr(model, method)(rows) for model in (found, expected)]
    np.testing.assert_array_equal(*predictions)


@covering(
    cut=CUTS,
    kind=list(TARGETS),
    weight=["w", None],
    preset=["default", "td-s", "td"],
    n_at_once=[1, 3, 99],
)
def test_the_model_is_that_of_the_table_in_memory(
    cut, kind, weight, preset, n_at_once, tmp_path, monkeypatch
):
    monkeypatch.setattr(columns, "GROUP_BYTES", 8 * N_ROWS * n_at_once)
    monkeypatch.setattr(columns, "BATCH_ROWS", 50)
    monkeypatch.setattr(encoded_rows, "MOST_ROWS", 33)
    write(TABLE, tmp_path, *cut)
    y = TARGETS[kind]
    found = from_files(
        tmp_path, y, kind, weight=weight, columns=NAMES, preset=preset
    )
    assert_same_pipeline(found, in_memory(kind, y, weight, preset=preset))


def test_all_other_columns_are_features(tmp_path):
    write(TABLE.drop_columns(["label"]), tmp_path, [100])
    found = from_files(tmp_path, "y", "regressor", weight="w")
    assert_same_pipeline(found, in_memory("regressor", "y", "w"))
