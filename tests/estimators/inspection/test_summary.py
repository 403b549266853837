"""The table of a network's layers, of estimators that are fitted or not."""

import builtins
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from skmlp import MLPClassifier, MLPRegressor
from skmlp.activations import ELU, LeakyReLU
from skmlp.estimators.inspection.summary import Summary
from skmlp.losses import Quantile

from ...conftest import CODES, NUMBERS, TASKS, Task, X, covering, learned_arrays

# what is fitted here is not meant to learn
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

KINDS = [MLPClassifier, MLPRegressor]
every_estimator = pytest.mark.parametrize("kind", KINDS)
COLUMNS = ["input_shape", "output_shape", "activation", "parameters", "bytes"]
COLUMNS += ["products"]


def fit(kind, y, X=X, **params):
    params = {"hidden_layer_sizes": (5, 2), "max_iter": 1, "random_state": 0} | params
    return kind(**params).fit(X, y)


def rows_of(summary):
    return [tuple(vars(row).values()) for row in summary.rows]


# The table


HIDDEN = [
    ((5, 2), [4, 5, 2, 3]),
    (7, [4, 7, 3]),
    ((), [4, 3]),
    ("16x3", [4, 16, 16, 16, 3]),
    ((1000, 20), [4, 1000, 20, 3]),
]


@every_estimator
def test_each_layer_has_a_row_of_its_shapes_and_numbers(kind):
    for hidden, sizes in HIDDEN:
        summary = kind(hidden_layer_sizes=hidden).summary(n_features=4, n_outputs=3)
        n_layers = len(sizes) - 1
        assert summary.title == kind.__name__
        assert len(summary.rows) == n_layers
        for i, row in enumerate(summary.rows):
            fan_in, fan_out = sizes[i : i + 2]
            is_last = i == n_layers - 1
            assert row.layer == ("output" if is_last else f"hidden {i + 1}")
            assert row.input_shape == f"(n, {fan_in})"
            assert row.output_shape == f"(n, {fan_out})"
            assert row.activation == ("" if is_last else "relu")
            assert row.parameters == fan_in * fan_out + fan_out
            assert row.bytes == 8 * row.parameters
            assert row.products == fan_in * fan_out


@every_estimator
def test_the_total_is_the_sum_over_layers(kind):
    summary = kind(hidden_layer_sizes=(50, 20, 10)).summary(8, 2)
    for name in ("parameters", "bytes", "products"):
        assert getattr(summary.total, name) == sum(
            getattr(row, name) for row in summary.rows
        )
    assert summary.total.layer == "total"
    assert summary.total.products == 8 * 50 + 50 * 20 + 20 * 10 + 10 * 2


R = MLPRegressor
# of each task the number of outputs and the inverse link; None: one of its own
OUTPUTS = {
    "binary": (TASKS["binary"], 1, "logistic"),
    "multiclass": (TASKS["multiclass"], 3, "softmax"),
    "multilabel": (TASKS["multilabel"], 2, "logistic"),
    "class columns": (TASKS["class columns"], 6, None),
    "soft labels": (TASKS["soft labels"], 3, "softmax"),
    "regression": (TASKS["regression"], 1, "identity"),
    "multi-output": (TASKS["multi-output"], 2, "identity"),
    "quantiles": (Task(R, X, {"loss": Quantile([0.1, 0.9])}), 8, "identity"),
    "counts": (Task(R, CODES, {"loss": "poisson"}), 1, "exp"),
    "by lbfgs": (Task(R, NUMBERS, {"solver": "lbfgs"}), 1, "identity"),
    "scaled": (
        Task(R, NUMBERS, {"scale_input": True, "scale_target": True}),
        1,
        "identity",
    ),
}


def test_a_fitted_estimator_knows_its_sizes_and_its_inverse_link():
    for name, (task, n_outputs, link) in OUTPUTS.items():
        model = fit(task.kind, task.y, **task.params)
        summary = model.summary()
        assert model.n_outputs_ == n_outputs, name
        link = link or model.out_activation_
        assert rows_of(summary) == [
            ("hidden 1", "(n, 4)", "(n, 5)", "relu", 25, 200, 20),
            ("hidden 2", "(n, 5)", "(n, 2)", "relu", 12, 96, 10),
            (
                "output",
                "(n, 2)",
                f"(n, {n_outputs})",
                link,
                3 * n_outputs,
                24 * n_outputs,
                2 * n_outputs,
            ),
        ], name
        weights = model.coefs_ + model.intercepts_
        assert summary.total.parameters == sum(array.size for array in weights), name
        assert summary.total.bytes == sum(array.nbytes for array in weights), name


@every_estimator
def test_parameters_in_float32_have_half_the_bytes(kind):
    y = CODES if kind is MLPClassifier else NUMBERS
    double, single = (fit(kind, y, X.astype(dtype)).summary() for dtype in ("f8", "f4"))
    for a, b in zip(double.rows, single.rows, strict=True):
        assert a.parameters == b.parameters and a.bytes == 2 * b.bytes
    assert double.total.bytes == 2 * single.total.bytes


@every_estimator
def test_a_fitted_estimator_does_not_look_at_what_was_set_or_is_given_since(kind):
    model = fit(kind, CODES)
    before = repr(model.summary())
    assert repr(model.summary(n_features=99, n_outputs=7)) == before
    assert repr(model.set_params(hidden_layer_sizes=(9, 9)).summary()) == before


def test_a_model_that_goes_on_by_partial_fit_has_a_summary():
    model = MLPRegressor(hidden_layer_sizes=3).partial_fit(X, NUMBERS)
    assert [row.parameters for row in model.summary().rows] == [15, 4]


HAND_SET = {
    "arrays": (np.ones((3, 2)), np.ones(2), 8),
    "lists": ([[1, 2], [3, 4], [5, 6]], [0, 0], 8),
    "float32": (np.ones((3, 2), np.float32), np.ones(2, np.float32), 4),
    "of two dtypes": (np.ones((3, 2), np.float32), np.ones(2), 8),
}


@every_estimator
def test_weights_set_by_hand_are_what_the_summary_is_of(kind):
    for name, (W, b, n_bytes) in HAND_SET.items():
        model = kind(hidden_layer_sizes=())
        model.coefs_, model.intercepts_ = [W], [b]
        assert rows_of(model.summary()) == [
            ("output", "(n, 3)", "(n, 2)", "", 8, 8 * n_bytes, 6)
        ], name


@every_estimator
def test_weights_set_by_hand_that_do_not_fit_together_are_refused(kind):
    model = kind(hidden_layer_sizes=())
    model.coefs_, model.intercepts_ = [np.ones((3, 2))], [np.ones(3)]
    with pytest.raises(ValueError, match=f"^{kind.__name__}: coefs_ and intercepts_"):
        model.summary()


class Own:
    """An activation of one's own."""

    def forward(self, z, out):
        out[...] = z

    def backward(self, delta, z, a):
        pass


ACTIVATIONS = {
    "a name": ("tanh", ["tanh", "tanh"]),
    "an object": (LeakyReLU(0.1), ["LeakyReLU", "LeakyReLU"]),
    "one's own": (Own(), ["Own", "Own"]),
    "a list of names": (["relu", "gelu"], ["relu", "gelu"]),
    "a tuple": (("relu", "tanh"), ["relu", "tanh"]),
    "an array": (np.array(["relu", "tanh"]), ["relu", "tanh"]),
    "a mixed list": (["logistic", ELU()], ["logistic", "ELU"]),
}


@covering(fitted=[False, True], kind=KINDS)
def test_activations_are_named_one_for_each_hidden_layer(fitted, kind):
    for name, (given, names) in ACTIVATIONS.items():
        if fitted:
            model = fit(kind, CODES > 0, activation=given)
        else:
            model = kind((5, 2)) if kind is MLPClassifier else kind(None, (5, 2))
            model.set_params(activation=given)
        found = [row.activation for row in model.summary(4, 1).rows]
        assert found == [*names, getattr(model, "out_activation_", "")], name


LEARNED = {
    "alphas": {"activation": "prelu"},
    "alphas of one layer": {"activation": ["relu", "parametric_mish"]},
    "a scale": {"learned_scale": True},
    "periodic": {"numeric_embedding": "pbld"},
    "piecewise": {"numeric_embedding": "piecewise_linear", "activation": "prelu"},
    "categories": {"categorical_features": [3], "embedding_size": 2},
    "both": {"numeric_embedding": "pbld", "categorical_features": [3]},
}
CODED = np.column_stack([X[:, :3], np.arange(len(X)) % 4])


def test_all_that_is_learned_is_counted_and_folded_scales_are_not():
    for name, params in LEARNED.items():
        for kind in KINDS:
            model = fit(kind, CODES, CODED.astype(np.float32), **params)
            summary, embedding = model.summary(), getattr(model, "embedding_", None)
            arrays = learned_arrays(model)
            of_layers = sum(array.size for array in arrays)
            of_layers -= sum(array.size for array in getattr(embedding, "arrays", ()))
            assert sum(row.parameters for row in summary.rows[-3:]) == of_layers, name
            assert summary.total.parameters == sum(array.size for array in arrays), name
            assert summary.total.bytes == sum(array.nbytes for array in arrays), name
            first, second = summary.rows[:2]
            assert (first.layer == "embedding") == (embedding is not None), name
            if embedding is not None:
                assert first.input_shape == "(n, 4)", name
                assert first.output_shape == second.input_shape, name
                assert second.input_shape == f"(n, {len(model.coefs_[0])})", name


def test_an_embedding_has_the_products_of_its_columns():
    first = fit(MLPRegressor, NUMBERS, numeric_embedding="pbld").summary().rows[0]
    assert first.products == 4 * (16 + 16 * 3)
    params = {"categorical_features": [3]}
    assert fit(MLPRegressor, NUMBERS, CODED, **params).summary().rows[0].products == 0


@covering(activation=["prelu", ["relu", "parametric_selu"]], kind=KINDS)
def test_alphas_are_known_before_a_fit(kind, activation):
    y = CODES if kind is MLPClassifier else X[:, :3]
    fitted = fit(kind, y, activation=activation).summary()
    blank = kind(hidden_layer_sizes=(5, 2), activation=activation).summary(4, 3)
    for found, expected in zip(blank.rows, fitted.rows, strict=True):
        assert found.parameters == expected.parameters


@pytest.mark.parametrize(
    ("name", "value"), [("numeric_embedding", "pbld"), ("categorical_features", [0])]
)
@every_estimator
def test_what_x_must_tell_is_refused_before_a_fit(kind, name, value):
    said = f"^{kind.__name__}: {name} must be None for the summary of an estimator that"
    with pytest.raises(ValueError, match=said):
        kind(**{name: value}).summary(4, 3)


def test_a_network_without_hidden_layers_has_no_activation_but_the_link():
    model = fit(MLPClassifier, CODES, hidden_layer_sizes=(), activation="tanh")
    assert rows_of(model.summary()) == [
        ("output", "(n, 4)", "(n, 3)", "softmax", 15, 120, 12)
    ]


# Refusals


WRONG = [None, 0, -1, 2.0, True, "4", [4], np.nan]


@covering(kind=KINDS, name=["n_features", "n_outputs"])
def test_an_unfitted_estimator_needs_both_numbers(kind, name):
    said = f"^{kind.__name__}: {name} must be an integer >= 1 for the summary of an "
    said += "estimator that is not fitted, got "
    for value in WRONG:
        given = {"n_features": 4, "n_outputs": 3} | {name: value}
        with pytest.raises(ValueError, match=said + re.escape(repr(value))):
            kind().summary(**given)


@every_estimator
def test_bad_hidden_layer_sizes_are_refused_by_name(kind):
    with pytest.raises(ValueError, match=f"^{kind.__name__}: hidden_layer_sizes must"):
        kind(hidden_layer_sizes=(5, 0)).summary(4, 3)


@every_estimator
def test_activations_that_are_not_as_many_as_layers_are_refused_by_name(kind):
    for given in (["relu"], ["relu"] * 3):
        model = kind(hidden_layer_sizes=(5, 2), activation=given)
        with pytest.raises(ValueError, match=f"^{kind.__name__}: activation must"):
            model.summary(4, 3)


@every_estimator
def test_integers_of_numpy_count_as_those_of_python(kind):
    # 100 x 100 products do not fit into an int8
    summary = kind(hidden_layer_sizes=100).summary
    expected = summary(100, 3)
    for number in (np.int64, np.int8, np.uint16):
        found = summary(number(100), number(3))
        assert rows_of(found) == rows_of(expected)
        assert repr(found) == repr(expected)
        assert found._repr_html_() == expected._repr_html_()


# How it shows


def test_the_text_is_a_table_under_a_title():
    model = MLPClassifier((300, 2), activation="tanh")
    assert repr(model.summary(n_features=10, n_outputs=3)).splitlines() == [
        "MLPClassifier",
        "layer     input     output    activation  parameters   bytes  products a row",
        "----------------------------------------------------------------------------",
        "hidden 1  (n, 10)   (n, 300)  tanh             3,300  26,400           3,000",
        "hidden 2  (n, 300)  (n, 2)    tanh               602   4,816             600",
        "output    (n, 2)    (n, 3)                         9      72               6",
        "----------------------------------------------------------------------------",
        "total                                          3,911  31,288           3,606",
    ]


@covering(
    activation={"a name": "relu", "an object": LeakyReLU(), "one's own": Own()},
    kind=KINDS,
)
def test_all_lines_under_the_title_are_of_one_width(activation, kind):
    for hidden in ((), 1, (5, 2), (10**4, 10**5), "8x12"):
        model = kind(hidden_layer_sizes=hidden, activation=activation)
        summary = model.summary(123, 45)
        title, *lines = repr(summary).splitlines()
        assert title == kind.__name__
        assert len({len(line) for line in lines}) == 1, hidden
        assert len(lines) == 5 + len(summary.rows) - 1
        assert str(summary) == repr(summary)


def cells(row):
    return [cell.text or "" for cell in row]


@pytest.mark.parametrize("hidden", [(), (5, 2), (1000, 1000)], ids=str)
def test_the_html_is_well_formed_and_has_the_cells_of_the_text(hidden):
    summary = MLPRegressor(hidden_layer_sizes=hidden).summary(4, 3)
    table = ElementTree.fromstring(summary._repr_html_()).find("table")
    assert table.find("caption").text == "MLPRegressor"
    (head,) = table.find("thead")
    body = [*table.find("tbody"), *table.find("tfoot")]
    assert {cell.tag for cell in head} == {"th"}
    assert {cell.tag for row in body for cell in row} == {"td"}
    _, head_line, rule, *lines = repr(summary).splitlines()
    assert [*" ".join(cells(head)).split()] == head_line.split()
    found = [" ".join(cells(row)).split() for row in body]
    assert found == [line.split() for line in lines if line != rule]


def test_the_html_escapes_names():
    odd = type("A<b>&\"'", (Own,), {})()
    model = type("M<i>&", (MLPRegressor,), {})()
    model.set_params(hidden_layer_sizes=2, activation=odd)
    html = model.summary(4, 3)._repr_html_()
    table = ElementTree.fromstring(html).find("table")
    assert table.find("caption").text == "M<i>&"
    assert table.find("tbody")[0][3].text == "A<b>&\"'"
    assert "<b>" not in html and "<i>" not in html


def test_a_summary_can_be_made_of_sizes_alone():
    summary = Summary("mine", (4, 5, 3), ("relu", ""), 2)
    assert [row.bytes for row in summary.rows] == [50, 36]
    assert repr(summary).startswith("mine\nlayer ")


@pytest.mark.usefixtures("pandas")
@every_estimator
def test_the_frame_has_the_rows_without_the_total(kind):
    summary = kind(hidden_layer_sizes=(5, 2)).summary(4, 3)
    frame = summary.frame()
    assert frame.index.name == "layer"
    assert list(frame.index) == ["hidden 1", "hidden 2", "output"]
    assert list(frame.columns) == COLUMNS
    assert [tuple(row) for row in frame.itertuples()] == rows_of(summary)
    for name in ("parameters", "bytes", "products"):
        assert np.issubdtype(frame[name].dtype, np.integer)
        assert frame[name].sum() == getattr(summary.total, name)


def test_the_frame_needs_pandas_and_the_text_does_not(monkeypatch):
    importing = builtins.__import__

    def without_pandas(name, *args, **kwargs):
        if name.partition(".")[0] == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name="pandas")
        return importing(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    summary = MLPClassifier().summary(4, 3)
    assert repr(summary) and summary._repr_html_()
    with pytest.raises(ImportError, match=r"^Summary.frame needs pandas"):
        summary.frame()


@every_estimator
def test_a_summary_leaves_the_estimator_as_it_is(kind):
    model, blank = fit(kind, CODES), kind()
    before, blank_before = dict(vars(model)), dict(vars(blank))
    model.summary()
    blank.summary(4, 3)
    assert vars(blank) == blank_before
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
