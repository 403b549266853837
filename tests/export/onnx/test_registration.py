"""skl2onnx converts pipelines of scikit-learn that have our estimators as a step."""

import importlib

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skmlp
from skmlp import MLPAutoencoder, MLPClassifier, MLPRegressor, MLPTransformer
from skmlp.losses import Quantile
from skmlp.tabular import SmoothClipScaler, TableEncoder

from ...conftest import CODES, NUMBERS, X, covering, quietly
from .graphs import TOLERANCE, run

skl2onnx = pytest.importorskip("skl2onnx")
DoubleTensorType = skl2onnx.common.data_types.DoubleTensorType
Int64TensorType = skl2onnx.common.data_types.Int64TensorType
StringTensorType = skl2onnx.common.data_types.StringTensorType
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")

SMALL = {"max_iter": 5, "random_state": 0}
LABELS = {
    "binary": NUMBERS > 0,
    "numbers": CODES + 5.0,
    "strings": np.array(["a", "b", "c"])[CODES],
    "several labels": np.c_[NUMBERS > 1, X[:, 0] > 0].astype(int),
}
TARGETS = {"one": NUMBERS, "two": X[:, :2]}
DTYPES = ["float64", "float32"]


@pytest.fixture(autouse=True)
def registered():
    skmlp.register_onnx()


def converted(model, rows, **options):
    return skl2onnx.to_onnx(model, rows[:1], options=options or None)


def assert_close(found, wanted, dtype):
    error = np.abs(found.reshape(wanted.shape) - wanted).max()
    assert error <= TOLERANCE[dtype] * np.abs(wanted).max()


@covering(
    labels=LABELS,
    dtype=DTYPES,
    params={"gelu": {"activation": "gelu"}, "members": {"n_members": 2}},
)
def test_classifiers_in_a_pipeline(labels, dtype, params):
    rows = X.astype(dtype)
    model = make_pipeline(StandardScaler(), MLPClassifier(**SMALL, **params))
    quietly(model.fit, rows, labels)
    found = run(converted(model, rows, zipmap=False), {"X": rows})
    np.testing.assert_array_equal(found["label"], model.predict(rows))
    assert_close(found["probabilities"], model.predict_proba(rows), dtype)


@covering(
    estimator={
        "regressor": MLPRegressor(**SMALL),
        "levels": MLPRegressor(Quantile([0.1, 0.9]), **SMALL),
        "transformer": MLPTransformer(MLPRegressor(**SMALL)),
        "autoencoder": MLPAutoencoder(2, random_state=0),
    },
    y=TARGETS,
    dtype=DTYPES,
)
def test_numbers_in_a_pipeline(estimator, y, dtype):
    rows = X.astype(dtype)
    model = quietly(make_pipeline(StandardScaler(), estimator).fit, rows, y)
    found = run(converted(model, rows), {"X": rows})["variable"]
    assert found.ndim > 1
    wanted = model.predict if hasattr(model, "predict") else model.transform
    assert_close(found, wanted(rows), dtype)


@pytest.mark.parametrize("zipmap", [True, "columns"])
def test_probabilities_by_class(zipmap):
    rows = X.astype("float32")  # the operator behind True takes no others
    model = quietly(MLPClassifier(**SMALL).fit, rows, LABELS["strings"])
    found = run(converted(model, rows, zipmap=zipmap), {"X": rows})
    if zipmap is True:
        columns = {c: [row[c] for row in found["output_probability"]] for c in "abc"}
    else:
        columns = {c: found[f"s{c}"] for c in "abc"}
    assert_close(np.stack([*columns.values()], 1), model.predict_proba(rows), "float32")


@pytest.mark.parametrize("labels", ["binary", "strings"])
@pytest.mark.parametrize(
    "ensemble",
    [
        CalibratedClassifierCV(MLPClassifier(**SMALL), cv=2),
        StackingClassifier(
            [("a", MLPClassifier(**SMALL)), ("b", LogisticRegression())], cv=2
        ),
    ],
    ids=["calibrated", "stacked"],
)
def test_within_ensembles_of_scikit_learn(ensemble, labels):
    model = quietly(ensemble.fit, X, LABELS[labels])
    found = run(converted(model, X, zipmap=False), {"X": X})
    assert_close(found["probabilities"], model.predict_proba(X), "float64")


def test_columns_as_inputs():
    model = quietly(MLPClassifier(**SMALL).fit, X, CODES)
    columns = {f"x{j}": X[:, [j]] for j in range(4)}
    types = [(name, DoubleTensorType([None, 1])) for name in columns]
    options = {"zipmap": False}
    proto = skl2onnx.to_onnx(model, initial_types=types, options=options)
    found = run(proto, columns)
    assert_close(found["probabilities"], model.predict_proba(X), "float64")


def test_whole_numbers_as_inputs():
    rows = np.round(3.0 * X).astype(np.int64)
    model = quietly(MLPClassifier(**SMALL).fit, rows, CODES)
    found = run(converted(model, rows, zipmap=False), {"X": rows})
    assert_close(found["probabilities"], model.predict_proba(rows), "float32")


@pytest.mark.parametrize("named", [True, False], ids=["columns", "a matrix"])
def test_tables_before_estimators_of_scikit_learn(named):
    rows = X.copy()
    rows[::5, 1] = np.nan
    model = make_pipeline(TableEncoder(None, dtype="f8"), LogisticRegression())
    model.fit(rows, CODES)
    inputs = {"X": rows}
    if named:
        inputs = {f"x{j}": rows[:, [j]] for j in range(4)}
    types = [(n, DoubleTensorType([None, c.shape[1]])) for n, c in inputs.items()]
    options = {"zipmap": False}
    proto = skl2onnx.to_onnx(model, initial_types=types, options=options)
    found = run(proto, inputs)["probabilities"]
    assert_close(found, model.predict_proba(rows), "float64")


def test_categories_before_estimators_of_scikit_learn():
    texts = np.array([["a"], ["b"], ["c"], [None]] * 10, object)
    y = np.arange(40) % 2
    model = make_pipeline(TableEncoder(dtype="f8"), LogisticRegression()).fit(texts, y)
    types = [("x0", StringTensorType([None, 1]))]
    proto = skl2onnx.to_onnx(model, initial_types=types, options={"zipmap": False})
    rows = {"x0": np.array([["c"], [""], ["other"]], object)}
    wanted = model.predict_proba(np.array([["c"], [None], ["other"]], object))
    assert_close(run(proto, rows)["probabilities"], wanted, "float64")
    with pytest.raises(ValueError, match="TableEncoder: X must have string inputs for"):
        skl2onnx.to_onnx(model, initial_types=[("x0", DoubleTensorType([None, 1]))])


def test_dates_before_estimators_of_scikit_learn():
    dates = np.arange("2020-01-01", "2020-02-10", dtype="datetime64[D]")[:, np.newaxis]
    dates[::7] = "NaT"
    encoder, y = TableEncoder(dtype="f8"), np.arange(len(dates)) % 2
    model = make_pipeline(encoder, LogisticRegression()).fit(dates, y)
    types, options = [("x0", Int64TensorType([None, 1]))], {"zipmap": False}
    proto = skl2onnx.to_onnx(model, initial_types=types, options=options)
    rows = {"x0": dates.astype("datetime64[ns]").astype(np.int64)}
    found = run(proto, rows)["probabilities"]
    assert_close(found, model.predict_proba(dates), "float64")
    with pytest.raises(ValueError, match="TableEncoder: X must have int64 inputs"):
        skl2onnx.to_onnx(model, initial_types=[("x0", DoubleTensorType([None, 1]))])


@pytest.mark.parametrize("dtype", DTYPES)
def test_scaled_columns_are_the_same_to_the_bit(dtype):
    rows = X.astype(dtype)
    scaler = SmoothClipScaler().fit(rows)
    rows[0], rows[1, :2] = 1e30, np.nan
    found = run(converted(scaler, rows), {"X": rows})["variable"]
    np.testing.assert_array_equal(found, scaler.transform(rows))


def test_what_skl2onnx_has_no_type_for_is_refused():
    halves = MLPClassifier()  # which fit takes for targets of a regression
    halves.classes_, halves.n_features_in_ = np.array([0.5, 1.5]), 4
    halves.coefs_, halves.intercepts_ = [np.ones((4, 1))], [np.zeros(1)]
    with pytest.raises(ValueError, match="classes_ must be strings or integers"):
        converted(halves, X, zipmap=False)
    columns = quietly(MLPClassifier(**SMALL).fit, X, np.c_[CODES, CODES])
    with pytest.raises(ValueError, match="MLPClassifier: y must have a single column"):
        converted(columns, X, zipmap=False)
    model = quietly(MLPClassifier(**SMALL).fit, X, CODES)
    with pytest.raises(ValueError, match="target_opset must be at least 13, got 12"):
        skl2onnx.to_onnx(model, X[:1], target_opset=12)


def test_importing_the_package_after_skl2onnx_registers(monkeypatch):
    registered = []

    def note(kind, *others, **params):
        registered.append(kind)

    monkeypatch.setattr(skl2onnx, "update_registered_converter", note)
    importlib.reload(skmlp)
    assert {MLPClassifier, MLPRegressor} <= {*registered}
