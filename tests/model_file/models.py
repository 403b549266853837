"""Fitted models of each kind, for the tests of what carries them away."""

from functools import cache

import numpy as np

from skmlp import (
    Checkpoint,
    Dropout,
    EarlyStopping,
    Ensemble,
    MLPAutoencoder,
    MLPClassifier,
    MLPRegressor,
    MLPTransformer,
    tabular_pipeline,
)
from skmlp.losses import LogLoss, Quantile
from skmlp.solvers import SGD, AdamW
from skmlp.tabular import SmoothClipScaler, TabularPipeline

from ..conftest import NUMBERS, TASKS, X, quietly
from ..tabular.columns_in_dresses import columns_of

NAMES = np.array(["red", "green", "blue"], object)


def table():
    """Rows of two numbers, some missing, and two columns of categories, as objects."""
    rng = np.random.default_rng(1)
    rows = X.astype(object)
    rows[rng.random(len(X)) < 0.2, 1] = None
    rows[:, 2] = NAMES[rng.integers(3, size=len(X))]
    rows[:, 3] = np.array(["yes", "no", None], object)[rng.integers(3, size=len(X))]
    return rows


def codes():
    """Numbers and codes of categories."""
    rows = X.copy()
    rows[:, 3] = np.arange(len(X)) % 4
    return rows


def _network(name, dtype=np.float64, **params):
    task = TASKS[name]
    model = task.make(**{"hidden_layer_sizes": (6, 5), "max_iter": 3, **params})
    return model.set_params(random_state=0), X.astype(dtype), task.y


def _several(model, X, y, n=2):
    for _ in range(n):
        model.partial_fit(X, y, **_classes(model, y))
    return model


def _classes(model, y):
    return {"classes": np.unique(y)} if isinstance(model, MLPClassifier) else {}


STOPPED = {"early_stopping": True, "validation_fraction": 0.3}
NETWORKS = {
    **{name: lambda name=name: _network(name) for name in TASKS},
    "soft binary": lambda: (
        MLPClassifier(5, loss=LogLoss(soft_targets=True), max_iter=3, random_state=0),
        X,
        np.c_[0.25 + 0.5 * (NUMBERS > 0), 0.75 - 0.5 * (NUMBERS > 0)],
    ),
    "float32": lambda: _network("multiclass", np.float32),
    "lbfgs": lambda: _network("binary", solver="lbfgs"),
    "linear": lambda: _network("regression", hidden_layer_sizes=()),
    "prelu": lambda: _network("regression", activation=["prelu", "parametric_mish"]),
    "pbld": lambda: _network("binary", numeric_embedding="pbld"),
    "categories": lambda: (
        MLPRegressor(
            hidden_layer_sizes=5,
            numeric_embedding="piecewise_linear",
            categorical_features=[3],
            max_iter=3,
            random_state=0,
        ),
        codes(),
        NUMBERS,
    ),
    "levels": lambda: _network(
        "regression", loss=Quantile([0.1, 0.5, 0.9]), clip_output=True
    ),
    "temperature": lambda: _network("multiclass", calibration="temperature", **STOPPED),
    "members": lambda: _network("multi-output", n_members=2, **STOPPED),
    "folds": lambda: _network(
        "multiclass", n_members=2, ensemble=Ensemble("folds"), early_stopping=True
    ),
    "weighted": lambda: _network(
        "multiclass",
        n_members=4,
        ensemble=Ensemble(
            "folds",
            configurations=[{"max_iter": 3}, {"solver": AdamW(weight_decay=0.1)}],
            weights="greedy",
        ),
        early_stopping=True,
    ),
    "settings": lambda: _network(
        "binary",
        solver=AdamW(weight_decay=0.02, decay_schedule="cosine"),
        dropout=Dropout(0.1, noise=0.1),
        early_stopping=EarlyStopping(relative_tol=True),
        class_weight={False: 1.0, True: 2.0},
        loss=LogLoss(label_smoothing=0.1),
        activation=["mish", "gelu"],
    ),
    "residuals": lambda: _network("regression", scale_target=True, **STOPPED),
    "checkpoint": lambda: _network("regression", record="layers"),
}


@cache
def network(name):
    """A fitted network, and rows to predict."""
    model, rows, y = NETWORKS[name]()
    return quietly(model.fit, rows, y), rows


# Others


def _pipeline(kind, y, **params):
    pipeline = tabular_pipeline(kind, n_members=2, random_state=0, **params)
    pipeline.set_params(mlp__max_iter=3, mlp__batch_size=32, mlp__hidden_layer_sizes=5)
    return quietly(pipeline.fit, table(), y), table()


def _all_kinds_of_columns():
    """Dates, times, durations and numbers as text, with gaps."""
    columns = columns_of(missing=True)
    columns["text"] = [None if v is None else f"{v} kg" for v in columns["floats"]]
    rows = np.array([*zip(*columns.values(), strict=True)], object)
    pipeline = tabular_pipeline("regressor", n_members=1, random_state=0)
    pipeline.set_params(mlp__max_iter=3, table__numbers_as_text=True)
    return quietly(pipeline.fit, rows, NUMBERS[: len(rows)]), rows


def mixed_rows():
    """Numbers, flags, categories, dates and text, some missing, as objects."""
    rng = np.random.default_rng(2)
    n = len(X)
    texts = np.array(["1.5 kg", "2 kg", "0.8 kg", "?"], object)
    days = np.datetime64("2024-02-25") + np.arange(n).astype("timedelta64[D]")
    columns = [
        X[:, 0].tolist(),
        rng.integers(0, 9, n).tolist(),
        NAMES[rng.integers(3, size=n)],
        (rng.random(n) < 0.5).tolist(),
        days.astype(object),
        (days + np.timedelta64(1000, "D")).astype(str),
        texts[rng.integers(4, size=n)],
    ]
    rows = np.array([*zip(*columns, strict=True)], object)
    for j in (0, 2, 4, 6):
        rows[j::9, j] = None
    return rows


def _mixed(kind, y):
    pipeline = tabular_pipeline(kind, n_members=2, n_jobs=1, random_state=0)
    pipeline.set_params(mlp__max_iter=3, mlp__batch_size=32, mlp__hidden_layer_sizes=5)
    pipeline.set_params(table__numbers_as_text=True)
    return quietly(pipeline.fit, mixed_rows(), y), mixed_rows()


def _transformer():
    mlp = MLPClassifier(5, max_iter=3, random_state=0)
    return quietly(MLPTransformer(mlp).fit, X, TASKS["multiclass"].y), X


def _autoencoder():
    mlp = MLPRegressor(max_iter=3, scale_input=True)
    return quietly(MLPAutoencoder(2, 5, mlp, random_state=0).fit, X), X


def _scaled():
    steps = [("scale", SmoothClipScaler()), ("mlp", _network("binary")[0])]
    return quietly(TabularPipeline(steps).fit, X, TASKS["binary"].y), X


def _trained_by_parts():
    model, rows, y = _network("multiclass", solver=SGD(momentum=0.5), dropout=0.1)
    return _several(model, rows, y), rows


def _started_from_another():
    first, rows = network("regression")
    model = MLPRegressor(
        hidden_layer_sizes=(6, 5), coefs_init=first, freeze=1, max_iter=3
    )
    return quietly(model.fit, rows, NUMBERS), rows


OTHERS = {
    "table, classes": lambda: _pipeline("classifier", TASKS["multiclass"].y),
    "table, numbers": lambda: _pipeline("regressor", NUMBERS, preset="td"),
    "table, all kinds": _all_kinds_of_columns,
    "mixed table, classes": lambda: _mixed("classifier", TASKS["multiclass"].y),
    "mixed table, numbers": lambda: _mixed("regressor", NUMBERS),
    "transformer": _transformer,
    "autoencoder": _autoencoder,
    "scaled": _scaled,
    "partial_fit": _trained_by_parts,
    "coefs_init": _started_from_another,
}
NAMES_OF_MODELS = [*NETWORKS, *OTHERS]


@cache
def fitted(name):
    """A fitted model, and rows to predict."""
    return network(name) if name in NETWORKS else OTHERS[name]()


def is_same(found, expected):
    """Whether two values are of the same types and bits, down to the last attribute."""
    if type(found) is not type(expected):
        return False
    if isinstance(expected, np.ndarray) and expected.dtype.kind != "O":
        same = found.dtype == expected.dtype and found.shape == expected.shape
        return same and found.tobytes() == expected.tobytes()
    if isinstance(expected, (list, tuple, np.ndarray)):
        return len(found) == len(expected) and all(map(is_same, found, expected))
    if isinstance(expected, dict):
        return is_same([*found.items()], [*expected.items()])
    if isinstance(expected, np.random.RandomState):
        return is_same(found.get_state(), expected.get_state())
    if not isinstance(expected, type) and hasattr(expected, "__dict__"):
        return is_same(found.__getstate__(), expected.__getstate__())
    return found == expected or (found != found and expected != expected)


METHODS = ("predict", "predict_proba", "decision_function", "transform")


def outputs(model, rows):
    """All that a model makes of rows, as arrays by the method."""
    methods = [name for name in METHODS if hasattr(model, name)]
    found = {name: getattr(model, name)(rows) for name in methods}
    if "validation_residuals_" in vars(model):
        found["predict_interval"] = model.predict_interval(rows, 0.8)
    return found


def assert_same_outputs(found, expected, rows):
    """To the last bit."""
    found, expected = outputs(found, rows), outputs(expected, rows)
    assert found.keys() == expected.keys()
    for name, arrays in expected.items():
        several = isinstance(arrays, (list, tuple))
        pairs = zip(found[name], arrays, strict=True) if several else None
        for ours, theirs in pairs or [(found[name], arrays)]:
            assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
            assert ours.tobytes() == theirs.tobytes() or theirs.dtype.kind == "O"
            np.testing.assert_array_equal(ours, theirs)


def with_checkpoint(model, path):
    """The model as it would be with a checkpoint's object among its settings."""
    return model.set_params(checkpoint=Checkpoint(path))
