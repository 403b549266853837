"""tabular_pipeline: raw tables of every kind to predictions of every kind."""

import copy
import datetime
import math
import pickle
import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    load_wine,
    make_friedman1,
)
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline

from skmlp import MLPClassifier, MLPRegressor, tabular_pipeline
from skmlp.losses import Focal, Huber, LogLoss, Quantile
from skmlp.schedules import SCHEDULES, Constant, Cosine, Warmup
from skmlp.solvers import SGD, AdamW
from skmlp.tabular import PRESETS, TableEncoder

# a few epochs are enough here, whatever they lead to
pytestmark = pytest.mark.filterwarnings("ignore:.*no better than a constant")

N_ROWS = 60
RNG = np.random.default_rng(0)
AGE = RNG.uniform(18, 80, N_ROWS).round()
COLOUR = RNG.choice(["red", "green", "blue"], N_ROWS)
NUMBERS = AGE / 10 + 2.0 * (COLOUR == "red") + RNG.uniform(0, 3, N_ROWS)
CODES = np.digitize(NUMBERS, [6.0, 8.0])
SOME = np.arange(N_ROWS) % 7 == 3  # rows where values are missing


def with_gaps(values):
    pairs = zip(values, SOME, strict=True)
    return [None if gone else value for value, gone in pairs]


DATA = {
    "age": with_gaps(AGE.tolist()),
    "income": np.exp(RNG.normal(size=N_ROWS)).tolist(),
    "rooms": RNG.integers(1, 6, N_ROWS).astype(float).tolist(),
    "constant": [1.0] * N_ROWS,
    "empty": [None] * N_ROWS,
    "colour": with_gaps(COLOUR.tolist()),
    "member": RNG.choice(["yes", "no"], N_ROWS).tolist(),
    "country": ["at"] * N_ROWS,
}
FRAME = pd.DataFrame(DATA).astype({"empty": "float64"})
ROWS = [list(row) for row in zip(*DATA.values(), strict=True)]
DRESSES = {
    "pandas": FRAME,
    "pandas objects": pd.DataFrame(DATA, dtype=object),
    "pandas categories": FRAME.astype(dict.fromkeys(["colour", "member"], "category")),
    "polars": pl.DataFrame(DATA, schema_overrides={"empty": pl.Float64}),
    "object array": np.array(ROWS, dtype=object),
    "lists": ROWS,
    "NaN for None": [[math.nan if v is None else v for v in row] for row in ROWS],
}
every_dress = pytest.mark.parametrize("X", DRESSES.values(), ids=DRESSES)

TARGETS = {
    "words": ("classifier", np.array(["low", "middle", "high"])[CODES]),
    "bools": ("classifier", NUMBERS > 7),
    "whole numbers": ("classifier", CODES * 10),
    "one class": ("classifier", np.full(N_ROWS, "only")),
    "labels": ("classifier", np.c_[NUMBERS > 7, COLOUR == "red"].astype(int)),
    "columns": ("classifier", np.c_[CODES, (COLOUR == "red") + 5]),
    "numbers": ("regressor", NUMBERS),
    "outputs": ("regressor", np.c_[NUMBERS, 1e3 * AGE]),
}
every_target = pytest.mark.parametrize("target", TARGETS)
each_kind = pytest.mark.parametrize("target", ["words", "numbers"])
every_preset = pytest.mark.parametrize("preset", PRESETS)
both_kinds = pytest.mark.parametrize("kind", ["classifier", "regressor"])
SMALL = {"n_members": 2, "max_iter": 3, "batch_size": "by_rows", "random_state": 0}


def make(target, **params):
    preset = params.pop("preset", "default")
    return tabular_pipeline(TARGETS[target][0], preset=preset, **SMALL | params)


def fit(target, X=FRAME, **params):
    return make(target, **params).fit(X, TARGETS[target][1])


def outputs(pipeline, X):
    """All that a pipeline predicts, side by side."""
    if not hasattr(pipeline, "predict_proba"):
        return pipeline.predict(X).reshape(len(X), -1)
    proba = pipeline.predict_proba(X)
    return np.hstack(proba) if isinstance(proba, list) else proba


# Tables


@every_dress
@each_kind
def test_the_dress_of_a_table_does_not_matter(target, X):
    pipeline = fit(target, X)
    np.testing.assert_array_equal(outputs(pipeline, X), outputs(fit(target), FRAME))


@every_dress
@each_kind
def test_a_row_alone_is_predicted_as_it_is_among_others(target, X):
    pipeline = fit(target, X)
    rows = [X[i : i + 1] for i in (0, 3, N_ROWS - 1)]
    alone = np.concatenate([outputs(pipeline, row) for row in rows])
    # float32 has seven digits, of which products lose one
    among = outputs(pipeline, X)[[0, 3, -1]]
    np.testing.assert_allclose(alone, among, rtol=1e-5, atol=1e-6)


@each_kind
def test_columns_are_known_by_name(target):
    pipeline = fit(target)
    shuffled = FRAME[list(FRAME.columns[::-1])].assign(other="beside")
    np.testing.assert_array_equal(outputs(pipeline, shuffled), outputs(pipeline, FRAME))
    as_polars = DRESSES["polars"].select(FRAME.columns[::-1].tolist())
    np.testing.assert_array_equal(
        outputs(pipeline, as_polars), outputs(pipeline, FRAME)
    )
    with pytest.raises(ValueError, match=r"(?s)now missing.*TableEncoder: X must be"):
        pipeline.predict(FRAME.drop(columns="age"))


NEW_VALUES = {
    "unseen": {"colour": "violet", "country": "fr"},
    "missing": dict.fromkeys(FRAME.columns),
    "missing where none were": {"rooms": None, "member": None},
    "far out": {"age": 1e30, "income": -1e30},
    "there, where none were": {"empty": 3.0},
}


@pytest.mark.parametrize("values", NEW_VALUES.values(), ids=NEW_VALUES)
@each_kind
def test_whatever_a_row_has_it_is_predicted(target, values):
    row = pd.DataFrame([{**FRAME.iloc[0].to_dict(), **values}])
    assert np.isfinite(outputs(fit(target), row.astype(object))).all()


NOT_IN_TABLES = {
    "dates": (datetime.date(2020, 1, 1), "dates or times"),
    "lists": ([1, 2], "nested values"),
    "infinite numbers": (math.inf, "infinit"),
}


@pytest.mark.parametrize("value, message", NOT_IN_TABLES.values(), ids=NOT_IN_TABLES)
@each_kind
def test_what_is_neither_number_nor_category_is_refused(target, value, message):
    with pytest.raises(ValueError, match=message):
        fit(target, FRAME.assign(other=[value] * N_ROWS))


def test_columns_of_numbers_may_be_named_categories():
    words = ["colour", "member", "country"]
    pipeline = fit("numbers", categorical_features=["rooms", *words])
    names = pipeline[0].get_feature_names_out()
    assert {"rooms_1", "colour_red"} <= set(names) and "rooms" not in names


# Predictions


@every_preset
@every_target
def test_every_kind_of_target_is_predicted(target, preset):
    y = TARGETS[target][1]
    pipeline = fit(target, preset=preset)
    predicted = pipeline.predict(FRAME)
    assert predicted.shape == y.shape
    assert np.isfinite(outputs(pipeline, FRAME)).all()
    assert np.isfinite(pipeline.score(FRAME, y))
    if TARGETS[target][0] == "classifier":
        assert set(np.ravel(predicted).tolist()) <= set(np.ravel(y).tolist())
    else:
        assert (predicted >= y.min(axis=0)).all() or preset == "td-s"


def test_a_single_class_is_predicted_with_certainty():
    pipeline = fit("one class")
    assert set(pipeline.predict(FRAME)) == {"only"}
    np.testing.assert_array_equal(pipeline.predict_proba(FRAME), np.ones((N_ROWS, 1)))


@every_preset
@each_kind
def test_a_pipeline_is_its_steps_one_after_the_other(target, preset):
    weight = RNG.uniform(0.5, 2.0, N_ROWS)
    y, pipeline = TARGETS[target][1], make(target, preset=preset)
    pipeline.fit(FRAME, y, mlp__sample_weight=weight)
    encoded = TableEncoder().fit_transform(FRAME)
    mlp = clone(pipeline[-1]).fit(encoded, y, weight)
    np.testing.assert_array_equal(outputs(pipeline, FRAME), outputs(mlp, encoded))
    assert not np.array_equal(outputs(fit(target, preset=preset), FRAME), weight)
    assert isinstance(pipeline, Pipeline)


@pytest.mark.parametrize("coverage", [0.5, 0.8])
@pytest.mark.parametrize("target", ["numbers", "outputs"])
def test_intervals_are_those_of_the_last_step(target, coverage):
    pipeline = fit(target)
    found = pipeline.predict_interval(FRAME, coverage)
    expected = pipeline[-1].predict_interval(pipeline[0].transform(FRAME), coverage)
    np.testing.assert_array_equal(found, expected)
    predicted = pipeline.predict(FRAME)
    assert (found[0] <= predicted).all() and (predicted <= found[1]).all()
    default = pipeline.predict_interval(FRAME)
    np.testing.assert_array_equal(default, pipeline.predict_interval(FRAME, 0.9))


def test_a_classifier_has_no_intervals():
    pipeline = fit("words")
    assert not hasattr(pipeline, "predict_interval")
    with pytest.raises(AttributeError, match="predict_interval"):
        pipeline.predict_interval(FRAME)
    with pytest.raises(NotFittedError):
        make("numbers").predict_interval(FRAME)


# As a Pipeline of scikit-learn


COPIES = {
    "pickle": lambda pipeline: pickle.loads(pickle.dumps(pipeline)),
    "deepcopy": copy.deepcopy,
    "fit of a clone": lambda pipeline: fit_again(clone(pipeline)),
    "fit again": lambda pipeline: fit_again(copy.deepcopy(pipeline)),
}


def fit_again(pipeline):
    is_classifier = isinstance(pipeline[-1], MLPClassifier)
    return pipeline.fit(FRAME, TARGETS["words" if is_classifier else "numbers"][1])


@pytest.mark.parametrize("twin", COPIES.values(), ids=COPIES)
@each_kind
def test_copies_are_the_same_pipeline(target, twin):
    pipeline = fit(target)
    found = twin(pipeline)
    assert type(found) is type(pipeline)
    np.testing.assert_array_equal(outputs(found, FRAME), outputs(pipeline, FRAME))
    assert hasattr(found, "predict_interval") == (target == "numbers")


@each_kind
def test_searches_reach_the_parameters_of_both_steps(target):
    grid = {
        "mlp__dropout": [0.1, 0.3],
        "mlp__solver__weight_decay": [0.01, 0.1],
        "table__max_categories": [2],
    }
    search = GridSearchCV(make(target), grid, cv=2, error_score="raise")
    search.fit(FRAME, TARGETS[target][1])
    assert set(search.best_params_) == set(grid)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(FRAME).shape == (N_ROWS,)
    assert search.best_estimator_[-1].solver.weight_decay in (0.01, 0.1)


@every_dress
@each_kind
def test_cross_validation_takes_raw_tables(target, X):
    scores = cross_val_score(
        make(target), X, TARGETS[target][1], cv=3, error_score="raise"
    )
    assert np.isfinite(scores).all()


@each_kind
def test_the_output_of_the_first_step_may_be_a_frame(target):
    pipeline = make(target).set_output(transform="pandas")
    pipeline.fit(FRAME, TARGETS[target][1])
    np.testing.assert_array_equal(outputs(pipeline, FRAME), outputs(fit(target), FRAME))
    names = pipeline[0].get_feature_names_out()
    np.testing.assert_array_equal(pipeline[:-1].get_feature_names_out(), names)
    np.testing.assert_array_equal(pipeline[-1].feature_names_in_, names)
    assert len(names) == pipeline[-1].n_features_in_


def test_steps_are_named_and_their_parameters_can_be_set():
    pipeline = make("numbers").set_params(mlp__n_members=3, table__max_categories=2)
    assert list(pipeline.named_steps) == ["table", "mlp"]
    assert len(pipeline.fit(FRAME, NUMBERS)["mlp"].members_) == 3


# Sizes


@every_preset
@pytest.mark.parametrize("target", ["words", "bools", "numbers"])
@pytest.mark.parametrize("n_rows", [1, 2, 3, 4, 5, 6, 7, 12, 20])
def test_few_rows_do_or_are_refused_by_name(target, n_rows, preset):
    frame = pd.DataFrame({"a": AGE[:n_rows], "b": COLOUR[:n_rows]})
    y = np.resize(["x", "y", "x"] if target == "bools" else ["x", "y", "z"], n_rows)
    y = NUMBERS[:n_rows] if target == "numbers" else y
    pipeline = make(target, preset=preset)
    if n_rows >= 6:
        assert pipeline.fit(frame, y).predict(frame).shape == (n_rows,)
    else:
        name = type(pipeline[-1]).__name__
        with pytest.raises(ValueError, match=f"{name}: .*must .* got "):
            pipeline.fit(frame, y)
    if n_rows >= 3:  # the fewest in which numbers can be told from flags
        pipeline.set_params(mlp__early_stopping=False).fit(frame, y)
        assert pipeline.predict(frame).shape == (n_rows,)


@each_kind
def test_more_columns_than_rows_do(target):
    wide = pd.DataFrame(RNG.normal(size=(N_ROWS, 300))).add_prefix("x")
    assert np.isfinite(outputs(fit(target, wide), wide)).all()


N_CATEGORIES = 50_000


def peak_of(function):
    """The most memory in megabytes that the function took besides what there was."""
    tracemalloc.start()
    function()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


@pytest.mark.parametrize("min_frequency", ["auto", None])
def test_a_category_for_each_row_takes_bounded_memory(min_frequency):
    names = np.char.add("c", RNG.permutation(N_CATEGORIES).astype(str))
    frame = pd.DataFrame({"id": names, "x": RNG.normal(size=N_CATEGORIES)})
    params = {"hidden_layer_sizes": (4,), "max_iter": 1, "n_jobs": None}
    pipeline = make("numbers", **params).set_params(table__min_frequency=min_frequency)
    y = frame["x"].to_numpy()
    # 0s and 1s of all categories as a dense array were 10,000 MB
    assert peak_of(lambda: pipeline.fit(frame, y)) < 200
    width = pipeline[-1].n_features_in_
    assert width == (2 if min_frequency == "auto" else N_CATEGORIES + 1)
    some = pipeline[0].transform(frame[:10])
    assert sparse.issparse(some) == (min_frequency is None)


# Parameters


KIND = r"tabular_pipeline: kind must be one of \('classifier', 'regressor'\), got "
WRONG = {
    "kind": (("classification", {}), ValueError, KIND + "'classification'"),
    "no kind": ((None, {}), ValueError, KIND + "None"),
    "an array": ((np.array(["classifier"] * 2), {}), ValueError, KIND + "array"),
    "preset": (
        ("regressor", {"preset": "best"}),
        ValueError,
        r"tabular_pipeline: preset must be one of \('default', .* got 'best'",
    ),
    "a list": (
        ("regressor", {"preset": ["td"]}),
        ValueError,
        r"preset must .*\['td'\]",
    ),
    "parameter": (
        ("regressor", {"n_layers": 3, "alpha": 0.0, "depth": 2}),
        TypeError,
        "params must be parameters of MLPRegressor, got depth, n_layers",
    ),
    "of the other kind": (
        ("regressor", {"class_weight": "balanced"}),
        TypeError,
        "params must be parameters of MLPRegressor, got class_weight",
    ),
}


@pytest.mark.parametrize("arguments, error, message", WRONG.values(), ids=WRONG)
def test_what_it_does_not_know_is_refused(arguments, error, message):
    kind, params = arguments
    with pytest.raises(error, match=message):
        tabular_pipeline(kind, **params)


WRONG_VALUES = [
    {"solver": "best"},
    {"dropout": "much"},
    {"dropout": None},
    {"hidden_layer_sizes": "wide"},
    {"learning_rate": "slow"},
    {"n_members": 0},
    {"scoring": "best"},
]


@pytest.mark.parametrize("params", WRONG_VALUES, ids=str)
@each_kind
def test_values_that_are_none_are_refused_by_fit(target, params):
    (name,) = params
    pipeline = make(target, **params)
    with pytest.raises(ValueError, match=f"{type(pipeline[-1]).__name__}: {name} must"):
        pipeline.fit(FRAME, TARGETS[target][1])


OVERRIDES = {
    "n_members": {"n_members": 1},
    "early_stopping": {"early_stopping": False},
    "scoring": {"scoring": "loss"},
    "a scorer": {"scoring": None},
    "lbfgs": {
        "solver": "lbfgs",
        "hidden_layer_sizes": (8,),
        "max_iter": 10_000,
        "tol": 0.05,
        "alpha": 1.0,
    },
    "adam": {"solver": "adam"},
    "sgd": {"solver": SGD(), "learning_rate_init": 1e-4},
    "no decay": {"solver": AdamW(weight_decay=0.0)},
    "linear": {"hidden_layer_sizes": ()},
    "deep": {"hidden_layer_sizes": "8x4"},
    "no dropout": {"dropout": 0.0},
    "no dropout of layers": {"dropout": [0.0, 0.0], "hidden_layer_sizes": (8, 8)},
    "no embedding": {"numeric_embedding": None},
    "no embedding, input dropout": {
        "numeric_embedding": None,
        "dropout": 0,
        "input_dropout": 0.1,
    },
    "no scale": {"learned_scale": False},
    "standard": {"parametrization": "standard", "rate_factors": None},
    "constant": {"learning_rate": "cosine", "weight_decay_schedule": "constant"},
    "relu": {"activation": "relu"},
    "initializer": {"initializer": "he_normal"},
    "penalties": {"alpha": 0.1, "alpha_l1": 0.01},
    "refit": {"refit": True},
    "time": {"max_time": 60.0},
    "record": {"record": "layers", "recover": True},
    "folds": {"bagging": "folds"},
    "patience": {"n_iter_no_change": 1},
    "output_bias": {"output_bias": "optimum"},
    "batches": {"batch_size": 7},
}
OF_A_KIND = {
    "classifier": {
        "balanced": {"class_weight": "balanced"},
        "calibrated": {"calibration": "temperature"},
        "focal": {"loss": Focal()},
        "smoothed": {"loss": LogLoss(label_smoothing=0.2)},
    },
    "regressor": {
        "levels": {"loss": Quantile([0.1, 0.9])},
        "counts": {"loss": "poisson"},
        "huber": {"loss": Huber(), "clip_output": False},
        "unscaled": {"scale_target": False},
    },
}
EACH = [
    pytest.param(target, params, id=f"{target}, {name}")
    for target in ("words", "numbers")
    for name, params in (OVERRIDES | OF_A_KIND[TARGETS[target][0]]).items()
]


@pytest.mark.filterwarnings("ignore:.*dead or saturated")
@pytest.mark.filterwarnings("ignore:.*the training loss jumps")
@pytest.mark.parametrize("preset", ["default", "td"])
@pytest.mark.parametrize("target, params", EACH)
def test_parameters_take_the_place_of_the_presets_without_a_warning(
    target, params, preset
):
    pipeline = fit(target, preset=preset, **params)
    assert np.isfinite(outputs(pipeline, FRAME)).all()
    for name, value in params.items():
        assert getattr(pipeline[-1], name) == value


# Presets


@every_preset
@both_kinds
def test_presets_are_parameters_of_the_estimators(preset, kind):
    estimator = {"classifier": MLPClassifier, "regressor": MLPRegressor}[kind]
    params = PRESETS[preset][kind]
    assert set(params) <= set(estimator().get_params(deep=False))
    pipeline = tabular_pipeline(kind, preset=preset)
    for name, value in params.items():
        assert getattr(pipeline[-1], name) == value


@every_preset
@both_kinds
def test_a_pipeline_shares_no_part_with_the_presets(preset, kind):
    before = copy.deepcopy(PRESETS)
    pipeline = tabular_pipeline(kind, preset=preset)
    pipeline.set_params(mlp__solver__beta_1=0.5)
    pipeline[-1].rate_factors["biases"] = 3.0
    assert before == PRESETS
    assert tabular_pipeline(kind, preset=preset)[-1].solver.beta_1 != 0.5


def rmse(preset, n_rows, **params):
    X, y = make_friedman1(n_rows + 1000, noise=1.0, random_state=0)
    params = {"random_state": 0, "batch_size": 32, "n_jobs": None, **params}
    pipeline = tabular_pipeline("regressor", preset=preset, **params)
    pipeline.fit(X[:n_rows], y[:n_rows])
    return np.sqrt(np.mean((pipeline.predict(X[n_rows:]) - y[n_rows:]) ** 2))


@pytest.mark.parametrize("preset, most", [("td-s", 1.5), ("td", 1.5), ("default", 1.4)])
def test_presets_in_small_come_near_the_noise(preset, most):
    # a linear model has 2.6, the noise is 1
    assert rmse(preset, 400, hidden_layer_sizes="32x2", max_iter=60) < most


BUNDLED = {
    "iris": ("classifier", load_iris),
    "wine": ("classifier", load_wine),
    "breast_cancer": ("classifier", load_breast_cancer),
    "digits": ("classifier", load_digits),
    "diabetes": ("regressor", load_diabetes),
    "linnerud": ("regressor", load_linnerud),
}


@pytest.mark.parametrize("kind, load", BUNDLED.values(), ids=BUNDLED)
def test_no_warning_comes_with_the_defaults(kind, load):
    X, y = load(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:250]
    params = {"n_members": 2, "max_iter": 20, "random_state": 0}
    score = tabular_pipeline(kind, **params).fit(X[rows], y[rows]).score(X, y)
    assert score > {"linnerud": -0.2, "diabetes": 0.3}.get(load.__name__[5:], 0.9)


# What presets rest on


@pytest.mark.parametrize(
    "n_rows, size", [(20, 20), (1024, 32), (1025, 128), (8192, 128), (8193, 256)]
)
def test_batches_by_rows_grow_with_the_table(n_rows, size):
    X = RNG.normal(size=(n_rows, 1))
    params = {"hidden_layer_sizes": (), "learning_rate": "cosine", "max_iter": 1}
    model = MLPRegressor(batch_size="by_rows", **params).fit(X, X[:, 0])
    assert model.n_updates_ == math.ceil(n_rows / size)


def test_batches_by_rows_count_the_rows_that_train():
    X = RNG.normal(size=(1100, 1))
    params = {"hidden_layer_sizes": (), "learning_rate": "cosine", "max_iter": 1}
    watched = {"early_stopping": True, "validation_fraction": 0.1}
    model = MLPRegressor(batch_size="by_rows", **params, **watched).fit(X, X[:, 0])
    assert model.n_updates_ == math.ceil(990 / 32)
    model.set_params(early_stopping=False).partial_fit(X, X[:, 0])
    assert model.n_updates_ == math.ceil(990 / 32) + math.ceil(1100 / 128)


UNPLANNED = {"constant", "invscaling", "adaptive", "plateau", "warmup"}
PLANS = {
    **{name: (name, name not in UNPLANNED) for name in SCHEDULES},
    "a function": (lambda progress: 1.0 - 0.9 * progress, False),
    "an object": (Cosine(end=0.1), True),
    "warmup, then a plan": (Warmup(Cosine()), True),
    "warmup, then none": (Warmup(Constant()), False),
}


@pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
@pytest.mark.parametrize("schedule, is_planned", PLANS.values(), ids=PLANS)
def test_where_a_planned_schedule_ends_no_epochs_are_missing(schedule, is_planned):
    X = RNG.normal(size=(40, 2))
    params = {"max_iter": 3, "n_iter_no_change": 10, "solver": SGD()}
    mlp = MLPRegressor(learning_rate=schedule, **params)
    if is_planned:
        mlp.fit(X, X[:, 0])
    else:
        with pytest.warns(
            ConvergenceWarning, match=r"Maximum iterations \(3\) reached"
        ):
            mlp.fit(X, X[:, 0])
    assert mlp.n_iter_ == 3


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    "scoring, smoothing",
    [("accuracy", 0.1), (None, 0.1), ("roc_auc", 0.0), ("loss", 0.0), (len, 0.0)],
)
def test_labels_are_smoothed_where_the_score_is_the_accuracy(
    preset, scoring, smoothing
):
    pipeline = tabular_pipeline("classifier", preset=preset, scoring=scoring)
    assert pipeline["mlp"].loss.label_smoothing == smoothing
    given = {"preset": preset, "scoring": scoring, "loss": "focal"}
    assert tabular_pipeline("classifier", **given)["mlp"].loss == "focal"


@pytest.mark.parametrize(("n_rows", "sizes"), [(500, (256,)), (501, (128, 128))])
def test_layers_by_rows_grow_with_the_table(n_rows, sizes):
    X, y = np.linspace(-1.0, 1.0, n_rows)[:, np.newaxis], np.arange(n_rows)
    mlp = MLPRegressor(hidden_layer_sizes="by_rows", max_iter=1, scale_target=True)
    with pytest.warns(ConvergenceWarning):
        mlp.fit(X, y)
    assert tuple(W.shape[1] for W in mlp.coefs_[:-1]) == sizes
    with pytest.raises(ValueError, match=r"hidden_layer_sizes must be .*'by_rows'"):
        MLPRegressor(hidden_layer_sizes="by_rows").summary(n_features=1, n_outputs=1)
