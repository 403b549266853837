"""A whole tabular pipeline as one graph: raw columns in, predictions out."""

import sys
from functools import partial

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

import skmlp
from skmlp import MLPRegressor, tabular_pipeline
from skmlp.export.onnx.tables import BLANKS, N_SPACES
from skmlp.losses import Quantile
from skmlp.tabular import TableEncoder

from ...conftest import covering, quietly
from .graphs import assert_equal_outputs, expected, run, session

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pd = pytest.importorskip("pandas")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")

N_ROWS = 120
RNG = np.random.default_rng(0)
CATEGORIES = ["city", "flag", "same", "many", "two", "code", "never", "grade"]
GRADES = ["bad", "poor", "fair", "good", "best"]


def table(n_rows=N_ROWS):
    """Columns of all kinds; every fifth value of some of them is missing."""
    columns = pd.DataFrame(
        {
            "age": RNG.normal(40.0, 10.0, n_rows),
            "income": np.exp(RNG.normal(8.0, 3.0, n_rows)),
            "whole": RNG.integers(-3, 9, n_rows),
            "constant": 1.0,
            "empty": np.nan,
            "city": RNG.choice([*"abcdeé"], n_rows),
            "flag": RNG.random(n_rows) > 0.5,
            "same": "x",
            "many": RNG.choice([f"c{i}" for i in range(40)], n_rows),
            "two": RNG.choice(["yes", "no"], n_rows),
            "code": RNG.integers(0, 4, n_rows),
            "never": pd.Series([None] * n_rows, dtype=object),
            "label": RNG.normal(size=n_rows),
            "when": pd.Timestamp("2020-02-28")
            + pd.to_timedelta(RNG.uniform(-9e4, 9e4, n_rows).round(3), unit="h"),
            "lasted": pd.to_timedelta(RNG.integers(0, 10**6, n_rows), unit="s"),
            "grade": pd.Categorical(
                RNG.choice(GRADES, n_rows), categories=GRADES, ordered=True
            ),
        }
    )
    for name in ("age", "city", "many", "two", "when", "lasted", "grade"):
        columns.loc[::5, name] = None
    return columns


TRAINING = table()
NUMBERS = np.log(TRAINING.income) - 8.0 + (TRAINING.city == "a")
TARGETS = {
    "classifier": np.array(["low", "middle", "high"])[np.digitize(NUMBERS, [-1, 1])],
    "regressor": NUMBERS.to_numpy(),
}


def other_rows():
    """Rows with categories that were never seen, new gaps, and numbers far out."""
    rows = table(50)
    for name, value in (("city", "elsewhere"), ("many", "c99"), ("same", "y")):
        rows.loc[::3, name] = value
    rows.loc[::4, "income"] = np.nan
    rows.loc[::6, "age"] = 1e300
    rows["empty"] = 5.0
    rows["code"] += 1
    return rows


ROWS = {"those of training": TRAINING, "others": other_rows(), "one": TRAINING[:1]}
ENCODERS = {
    "as it is": {},
    "sparse": {"sparse_output": True},
    "few categories": {"max_categories": 3},
    "all categories, float64": {"min_frequency": None, "dtype": np.float64},
}


def inputs_of(proto, rows):
    """The columns as the graph takes them: strings, '' where missing, or floats."""
    columns = {}
    for value in session(proto).get_inputs():
        assert value.shape == ["n_samples", 1]
        column = rows[value.name]
        if value.type == "tensor(string)":
            texts = ["" if pd.isna(cell) else str(cell) for cell in column]
            columns[value.name] = np.array(texts, object)[:, np.newaxis]
        elif value.type == "tensor(int64)":
            unit = f"{column.dtype.kind}8[ns]"
            nanoseconds = column.to_numpy(unit).astype(np.int64)
            columns[value.name] = nanoseconds[:, np.newaxis]
        else:
            assert value.type == "tensor(double)"
            columns[value.name] = column.to_numpy(np.float64)[:, np.newaxis]
    return columns


def small_pipeline(kind, **params):
    settings = {"max_iter": 3, "n_members": 2, "batch_size": 30, "random_state": 0}
    return tabular_pipeline(
        kind, categorical_features=CATEGORIES, **{**settings, **params}
    )


@covering(kind=list(TARGETS), encoder=ENCODERS, preset=["default", "td"])
def test_a_graph_gives_what_the_pipeline_gives(kind, encoder, preset):
    members = {} if preset == "default" else {"n_members": 1}
    model = small_pipeline(kind, preset=preset, **members)
    model.set_params(**{f"table__{name}": value for name, value in encoder.items()})
    quietly(model.fit, TRAINING, TARGETS[kind])
    proto = skmlp.to_onnx(model)
    for rows in ROWS.values():
        found = run(proto, inputs_of(proto, rows))
        wanted = expected(model, rows)
        found = {name.removesuffix("_2"): array for name, array in found.items()}
        assert_equal_outputs(found, wanted, model[0].dtype)
    none = run(proto, inputs_of(proto, TRAINING[:0]))
    assert all(len(output) == 0 for output in none.values())


def test_outputs_give_way_to_columns_of_their_name():
    model = quietly(small_pipeline("classifier").fit, TRAINING, TARGETS["classifier"])
    names = [value.name for value in skmlp.to_onnx(model).graph.output]
    assert names == ["label_2", "probabilities"]


POSITIVE = {"scale_target": False, "loss": "poisson"}
TASKS = {
    "classes": ("classifier", TARGETS["classifier"], {}),
    "temperature": ("classifier", NUMBERS > 0, {"calibration": "temperature"}),
    "several labels": ("classifier", np.c_[NUMBERS > 0, NUMBERS > 1].astype(int), {}),
    "columns": ("classifier", np.c_[TARGETS["classifier"], NUMBERS > 0], {}),
    "counts": ("regressor", np.exp(NUMBERS.clip(-1, 1)), POSITIVE),
    "several": ("regressor", np.c_[NUMBERS, NUMBERS**2], {"scale_target": False}),
    "levels": ("regressor", NUMBERS, {"loss": Quantile([0.1, 0.9])}),
}


@covering(task=TASKS, encoder=["as it is", "all categories, float64"], n_members=[1, 2])
def test_any_kind_of_target_has_the_dtype_that_the_pipeline_gives(
    task, encoder, n_members
):
    kind, y, params = task
    model = small_pipeline(kind, n_members=n_members, **params)
    settings = {f"table__{name}": value for name, value in ENCODERS[encoder].items()}
    quietly(model.set_params(**settings).fit, TRAINING, y)
    proto, rows = skmlp.to_onnx(model), ROWS["others"]
    found = run(proto, inputs_of(proto, rows))
    found = {name.removesuffix("_2"): array for name, array in found.items()}
    assert_equal_outputs(found, expected(model, rows), model[0].dtype)


def test_a_plain_pipeline_keeps_the_dtype_of_its_network():
    steps = [TableEncoder(categorical_features=CATEGORIES), MLPRegressor(max_iter=3)]
    model = quietly(make_pipeline(*steps).fit, TRAINING, np.exp(NUMBERS.clip(-1, 1)))
    proto = skmlp.to_onnx(model)
    found = run(proto, inputs_of(proto, TRAINING))
    assert found["prediction"].dtype == np.float32
    assert_equal_outputs(found, expected(model, TRAINING), np.float32)


def test_intervals_of_tables():
    for params in ({}, {"scale_target": False}):  # of float64, and of float32
        model = small_pipeline("regressor", **params)
        quietly(model.fit, TRAINING, TARGETS["regressor"])
        proto = skmlp.to_onnx(model, coverage=0.5)
        found = run(proto, inputs_of(proto, ROWS["others"]))
        lower, upper = model.predict_interval(ROWS["others"], coverage=0.5)
        assert_equal_outputs(found, {"lower": lower, "upper": upper}, np.float32)


@pytest.mark.parametrize("kind", ["numbers", "categories"])
def test_tables_of_one_kind_and_without_names(kind):
    numbers = RNG.normal(size=(60, 3))
    X = (
        numbers
        if kind == "numbers"
        else np.array([*"abc"], object)[np.digitize(numbers, [-0.5, 0.5])]
    )
    model = tabular_pipeline("classifier", n_members=1, max_iter=3, random_state=0)
    quietly(model.fit, X, numbers[:, 0] > 0)
    proto = skmlp.to_onnx(model)
    assert [value.name for value in proto.graph.input] == ["x0", "x1", "x2"]
    found = run(proto, {f"x{j}": X[:, [j]] for j in range(3)})
    assert_equal_outputs(found, expected(model, X), np.float32)


def test_thousands_of_categories_stay_small():
    n_categories = 1000
    X = [[f"c{i}"] for i in range(n_categories)] * 2
    y = np.arange(2 * n_categories) % 2
    model = tabular_pipeline("classifier", preset="td-s", max_iter=1, random_state=0)
    model.set_params(table__min_frequency=None, mlp__hidden_layer_sizes=2)
    quietly(model.fit, X, y)
    proto = skmlp.to_onnx(model)
    assert proto.ByteSize() < 50 * n_categories
    texts = np.array([*X[:9], [""], ["?"]], object)
    cells = np.where(texts == "", None, texts)
    found = run(proto, {"x0": texts})
    assert_equal_outputs(found, expected(model, cells), np.float32)


def test_one_category_in_other_dresses():
    X = [[1, True], [2, False], [3, True], [None, False]] * 10
    model = tabular_pipeline("classifier", n_members=1, max_iter=3, random_state=0)
    model.set_params(table__categorical_features=[0, 1], mlp__batch_size=30)
    quietly(model.fit, X, [0, 1] * 20)
    proto = skmlp.to_onnx(model)
    texts = [["1", "True"], ["1.0", "true"], ["2.0", "FALSE"], ["", "0"], ["3", "1.0"]]
    texts = np.array(texts)
    columns = {f"x{j}": texts[:, [j]].astype(object) for j in range(2)}
    cells = np.where(texts == "", None, texts.astype(object))
    assert_equal_outputs(run(proto, columns), expected(model, cells), np.float32)


def of_texts(texts):
    """A pipeline of one column of categories, one of them infrequent, and its graph."""
    cells = np.repeat(np.array([*texts, "rare"], object), [20] * len(texts) + [1])
    model = tabular_pipeline("classifier", n_members=1, max_iter=9, random_state=0)
    model.set_params(table__min_frequency=2, mlp__batch_size=10)
    quietly(model.fit, cells[:, np.newaxis], cells == texts[0])
    return model, skmlp.to_onnx(model)


def test_blank_text_is_missing():
    every = [chr(code) for code in range(sys.maxunicode) if chr(code).isspace()]
    assert {*every} <= {*BLANKS}
    blanks = np.array([*BLANKS, "", "?"], object)[:, np.newaxis]
    # a blank that is a category of its own stays one
    for texts in (["a", "b", "c"], ["a", " ", "c"]):
        model, proto = of_texts(texts)
        found = run(proto, {"x0": blanks})
        assert_equal_outputs(found, expected(model, blanks), np.float32)
        assert len({*found["probabilities"][:, 0]}) == 2 + (" " in texts)


def test_blanks_of_several_characters_are_unseen_in_a_graph_alone():
    model, proto = of_texts(["a", "b", "c"])
    alike = partial(np.allclose, rtol=1e-5)  # of float32
    for blank in (" " * (N_SPACES + 1), "\t "):
        cells = np.array([[blank], ["?"], [""]], object)
        unseen = run(proto, {"x0": cells})["probabilities"]
        assert alike(unseen[0], unseen[1]) and not alike(unseen[0], unseen[2])
        missing = model.predict_proba(cells)
        assert alike(missing[0], missing[2]) and not alike(missing[0], missing[1])


def test_text_of_numbers_and_dates_is_refused():
    for texts in (
        ["1.5 kg", "2 kg", "4 kg"],
        ["2020-01-01", "2021-02-03", "2022-02-02"],
    ):
        model = tabular_pipeline("classifier", n_members=1, max_iter=1, random_state=0)
        model.set_params(table__numbers_as_text=True, mlp__batch_size=30)
        quietly(model.fit, [[text] for text in texts] * 20, [0, 1, 1] * 20)
        with pytest.raises(ValueError, match="column 'x0' of X must be parsed"):
            skmlp.to_onnx(model)


def test_empty_strings_are_refused():
    named = pd.DataFrame({"": [1.0, 2.0] * 20})
    refused = {
        "column 'x0' of X must have no empty strings": [["", 1.0], ["b", 2.0]] * 20,
        "name of a column must be a non-empty string": named,
    }
    for text, X in refused.items():
        model = tabular_pipeline("classifier", n_members=1, max_iter=1, random_state=0)
        quietly(model.fit, X, [0, 1] * 20)
        with pytest.raises(ValueError, match=text):
            skmlp.to_onnx(model)


def test_the_table_must_be_fitted():
    with pytest.raises(ValueError, match="TableEncoder instance is not fitted"):
        skmlp.to_onnx(small_pipeline("classifier"))
