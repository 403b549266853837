"""A pipeline that is fitted to files is the one fitted to the table in memory."""

import tracemalloc

import numpy as np
import pytest
import sklearn

from skmlp import DiagnosticWarning
from skmlp.tabular import fit_parquet, tabular_pipeline
from skmlp.tabular.parquet import columns, encoded_rows

from ... import conftest
from ...cases import in_case
from ...conftest import assert_same_bits, covering, quietly
from .tables import CUTS, N_ROWS, table, write

pa = pytest.importorskip("pyarrow")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
TABLE = table(pa)
RNG = np.random.default_rng(0)
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
    found = from_files(tmp_path, y, kind, weight=weight, columns=NAMES, preset=preset)
    assert_same_pipeline(found, in_memory(kind, y, weight, preset=preset))


def test_all_other_columns_are_features(tmp_path):
    write(TABLE.drop_columns(["label"]), tmp_path, [100])
    found = from_files(tmp_path, "y", "regressor", weight="w")
    assert_same_pipeline(found, in_memory("regressor", "y", "w"))


CASES = {
    "several targets": (["y", "size"], {"columns": ["count", "colour"]}),
    "categories by name": (
        "y",
        {"columns": ["colour", "count"], "categorical_features": ["count", "colour"]},
    ),
    "in blocks": ("y", {"columns": ["size"], "shuffle": "blocks"}),
    "lbfgs": ("y", {"columns": ["size", "flag"], "solver": "lbfgs"}),
}


def test_parameters_act_as_in_memory(tmp_path):
    filled = TABLE.set_column(0, "size", TABLE.column("size").fill_null(0.0))
    write(filled, tmp_path, [60])
    for name, (y, params) in CASES.items():
        with in_case(name):
            found = from_files(tmp_path, y, "regressor", **params)
            pipeline = tabular_pipeline(
                "regressor",
                **{n: v for n, v in (PARAMS | params).items() if n != "columns"},
            )
            targets = filled.select(y) if isinstance(y, list) else filled.column(y)
            rows = filled.select(params["columns"])
            assert_same_bits(found["mlp"], quietly(pipeline.fit, rows, targets)["mlp"])


def test_own_validation_rows_are_raw(tmp_path):
    write(TABLE, tmp_path)
    rows = TABLE.select(NAMES).slice(0, 50)
    own = {"X_val": rows, "y_val": TABLE.column("y").slice(0, 50)}
    found = from_files(tmp_path, "y", "regressor", columns=NAMES, **own)
    pipeline = tabular_pipeline("regressor", **PARAMS)
    expected = quietly(pipeline.fit, TABLE.select(NAMES), TABLE.column("y"), **own)
    assert_same_pipeline(found, expected)


def test_where_frames_are_asked_for_the_rows_stay_arrays(tmp_path, pandas):
    write(TABLE, tmp_path)
    with sklearn.config_context(transform_output="pandas"):
        found = from_files(tmp_path, "y", "regressor", columns=["size"])
    assert_same_bits(found["mlp"], in_memory("regressor", "y", names=["size"])["mlp"])


def test_many_categories_are_trained_on_as_a_sparse_matrix(tmp_path):
    words = {c: [f"{c} {i % 600}" for i in range(2400)] for c in "abcd"}
    wide = pa.table({**words, "y": np.arange(2400.0)})
    write(wide, tmp_path, [700])
    params = {"numeric_embedding": None, "batch_size": 600, "initializer": "ntk"}
    params = PARAMS | params | {"n_members": 1, "max_iter": 1}
    found = quietly(fit_parquet, tmp_path, "y", "regressor", **params)
    assert found["table"].sparse_output_
    pipeline = tabular_pipeline("regressor", **params)
    expected = quietly(pipeline.fit, wide.select(list("abcd")), wide.column("y"))
    assert_same_bits(found["mlp"], expected["mlp"])


# What is refused, and what is left


def last_file(folder):
    return sorted(folder.glob("*.parquet"))[-1]


def with_value(name, value):
    """The table with another last value in a column."""
    values = [*TABLE.column(name).to_pylist()[:-1], value]
    return TABLE.set_column(TABLE.column_names.index(name), name, [values])


FAULTS = {
    "no target": (("y", np.nan), {}, "target must have a value in each row"),
    "no label": (("label", None), {"target": "label", "kind": "classifier"}, "target"),
    "no weight": (("w", None), {"weight": "w"}, "weight must have a value in each row"),
    "a weight below 0": (("w", -1.0), {"weight": "w"}, "weight must have numbers >= 0"),
    "an infinite number": (("y", -np.inf), {"target": "w"}, "'y' must have finite"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_last_file_is_named(fault, tmp_path):
    change, args, text = FAULTS[fault]
    folder, temporary = tmp_path / "files", tmp_path / "temporary"
    folder.mkdir(), temporary.mkdir()
    write(with_value(*change), folder, range(60, N_ROWS, 60))
    args = {"target": "y", "kind": "regressor", "temp_folder": temporary} | args
    with pytest.raises(ValueError, match=text) as caught:
        from_files(folder, **args)
    assert f"this is file {last_file(folder)}" in str(caught.value)
    assert not list(temporary.iterdir())


NO_COLUMNS = {
    "target": ({"target": "Y"}, "target must name columns .* Did you mean 'y'"),
    "weight": ({"weight": "v"}, "weight must name columns"),
    "columns": ({"columns": ["siz"]}, "columns must name columns .* mean 'size'"),
    "target as column": ({"columns": ["y"]}, "besides the target"),
    "no column": ({"columns": []}, "besides the target"),
    "weights of text": ({"weight": "colour"}, "weight must name a column of numbers"),
    "weights as such": ({"weight": np.ones(3)}, "weight must name columns"),
    "kind": ({"kind": "forest"}, "kind must be one of"),
}


def test_columns_that_are_not_there_are_refused(tmp_path):
    write(TABLE, tmp_path)
    for name, (args, text) in NO_COLUMNS.items():
        with in_case(name), pytest.raises(ValueError, match=text):
            from_files(tmp_path, **{"target": "y", "kind": "regressor"} | args)


def test_nothing_is_left_where_the_fit_fails(tmp_path):
    folder, temporary = tmp_path / "files", tmp_path / "temporary"
    folder.mkdir(), temporary.mkdir()
    write(TABLE, folder)
    with pytest.raises(ValueError, match="alpha"):
        from_files(folder, "y", "regressor", alpha=-1.0, temp_folder=temporary)
    assert not list(temporary.iterdir())


def test_the_table_is_never_in_memory(tmp_path, monkeypatch):
    n_rows, n_columns = 20_000, 60
    numbers = RNG.normal(size=(n_rows, n_columns))
    large = {f"x{j}": numbers[:, j] for j in range(n_columns)}
    write(pa.table({**large, "y": numbers[:, 0]}), tmp_path, [9000], 2000)
    monkeypatch.setattr(columns, "GROUP_BYTES", 3 * 8 * n_rows)
    monkeypatch.setattr(encoded_rows, "MOST_ROWS", 500)
    params = {"batch_size": 200, "max_iter": 1, "n_members": 1, "preset": "td-s"}
    tracemalloc.start()
    try:
        from_files(tmp_path, "y", "regressor", **PARAMS | params)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # NumPy's arrays; Arrow's are those of three columns
    assert peak < numbers.nbytes / 2


def test_a_warning_of_columns_points_to_the_caller(tmp_path):
    write(TABLE, tmp_path)
    with pytest.warns(DiagnosticWarning, match="text is read as numbers") as caught:
        from_files(tmp_path, "y", "regressor", columns=["size", "price"])
    assert caught[0].filename == conftest.__file__  # which calls it
