"""tabular_pipeline: raw tables of every kind to predictions of every kind."""

import copy
import math
import pickle
import re
import tracemalloc
import warnings
from itertools import product

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import has_fit_parameter

from skmlp import (
    DiagnosticWarning,
    Dropout,
    EarlyStopping,
    Ensemble,
    MLPClassifier,
    MLPRegressor,
    tabular_pipeline,
)
from skmlp.estimators.ensemble import members
from skmlp.estimators.validation.moved import MOVED
from skmlp.losses import Focal, Huber, LogLoss, Quantile
from skmlp.solvers import LBFGS, SGD, SOLVERS, Adagrad, Adam, AdamW, Lion
from skmlp.tabular import PRESETS, TableEncoder

from ..conftest import Optional, covering
from .presets import KINDS, every_preset

# a few epochs are enough here, whatever they lead to
pytestmark = pytest.mark.filterwarnings("ignore:.*no better than a constant")

pd, pl = Optional("pandas"), Optional("polars")

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
ROWS = [list(row) for row in zip(*DATA.values(), strict=True)]
DRESSES = {
    "lists": lambda: ROWS,
    "object array": lambda: np.array(ROWS, dtype=object),
    "NaN for None": lambda: [[np.nan if v is None else v for v in row] for row in ROWS],
    "pandas": lambda: frame(),
    "pandas objects": lambda: pd.DataFrame(DATA, dtype=object),
    "pandas categories": lambda: frame().astype({"colour": "category"}),
    "polars": lambda: pl.DataFrame(DATA, schema_overrides={"empty": pl.Float64}),
}
some_dresses = pytest.mark.parametrize(
    "target, dress", [("words", "lists"), ("numbers", "pandas"), ("words", "polars")]
)


def frame():
    return pd.DataFrame(DATA).astype({"empty": "float64"})


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
each_kind = pytest.mark.parametrize("target", ["words", "numbers"])

SMALL = {"n_members": 2, "max_iter": 3, "batch_size": "by_rows", "random_state": 0}


def make(target, **params):
    preset = params.pop("preset", "default")
    return tabular_pipeline(TARGETS[target][0], preset=preset, **SMALL | params)


def fit(target, X=ROWS, **params):
    return make(target, **params).fit(X, TARGETS[target][1])


def outputs(pipeline, X):
    """All that a pipeline predicts, side by side."""
    if not hasattr(pipeline, "predict_proba"):
        return pipeline.predict(X).reshape(len(X), -1)
    proba = pipeline.predict_proba(X)
    return np.hstack(proba) if isinstance(proba, list) else proba


# Tables


@pytest.mark.parametrize("dress", DRESSES)
def test_the_dress_of_a_table_does_not_matter(dress):
    X = DRESSES[dress]()
    found = outputs(fit("numbers", X), X)
    np.testing.assert_array_equal(found, outputs(fit("numbers"), ROWS))


@some_dresses
def test_a_row_alone_is_predicted_as_it_is_among_others(target, dress):
    X = DRESSES[dress]()
    pipeline = fit(target, X)
    rows = [X[i : i + 1] for i in (0, 3, N_ROWS - 1)]
    alone = np.concatenate([outputs(pipeline, row) for row in rows])
    # float32 has seven digits, of which products lose one
    among = outputs(pipeline, X)[[0, 3, -1]]
    np.testing.assert_allclose(alone, among, rtol=1e-5, atol=1e-6)


def test_columns_are_known_by_name():
    X = DRESSES["pandas"]()
    pipeline = fit("numbers", X)
    expected = outputs(pipeline, X)
    shuffled = X[list(X.columns[::-1])].assign(other="beside")
    np.testing.assert_array_equal(outputs(pipeline, shuffled), expected)
    as_polars = DRESSES["polars"]().select(X.columns[::-1].tolist())
    np.testing.assert_array_equal(outputs(pipeline, as_polars), expected)
    with pytest.raises(ValueError, match=r"(?s)now missing.*TableEncoder: X must be"):
        pipeline.predict(X.drop(columns="age"))


NEW_VALUES = {
    "unseen": {"colour": "violet", "country": "fr"},
    "missing": dict.fromkeys(DATA),
    "missing where none were": {"rooms": None, "member": None},
    "far out": {"age": 1e30, "income": -1e30},
    "there, where none were": {"empty": 3.0},
}


@each_kind
def test_whatever_a_row_has_it_is_predicted(target):
    pipeline = fit(target)
    for what, values in NEW_VALUES.items():
        row = dict(zip(DATA, ROWS[0], strict=True)) | values
        assert np.isfinite(outputs(pipeline, [list(row.values())])).all(), what


NOT_IN_TABLES = [
    ([1, 2], "nested values"),
    (math.inf, "infinit"),
]


def test_what_is_neither_number_nor_category_is_refused():
    for value, message in NOT_IN_TABLES:
        with pytest.raises(ValueError, match=message):
            fit("numbers", [[*row, value] for row in ROWS])


def test_columns_of_numbers_may_be_named_categories():
    words = ["colour", "member", "country"]
    chosen = ["rooms", *words]
    pipeline = fit("numbers", DRESSES["pandas"](), categorical_features=chosen)
    names = pipeline[0].get_feature_names_out()
    assert {"rooms_1", "colour_red"} <= set(names) and "rooms" not in names


# Predictions


# each target, and of each preset what is special in its parameters
@pytest.mark.parametrize(
    "target, preset",
    [
        *[(target, "default") for target in TARGETS],
        *[(target, "td-s") for target in ("words", "labels", "outputs")],
        *[(target, "td") for target in ("columns", "numbers", "outputs")],
    ],
)
def test_every_kind_of_target_is_predicted(target, preset):
    y = TARGETS[target][1]
    pipeline = fit(target, preset=preset)
    predicted = pipeline.predict(ROWS)
    assert predicted.shape == y.shape
    assert np.isfinite(outputs(pipeline, ROWS)).all()
    assert np.isfinite(pipeline.score(ROWS, y))
    if TARGETS[target][0] == "classifier":
        assert set(np.ravel(predicted).tolist()) <= set(np.ravel(y).tolist())
    else:
        assert (predicted >= y.min(axis=0)).all() or preset == "td-s"


def test_a_single_class_is_predicted_with_certainty():
    pipeline = fit("one class")
    assert set(pipeline.predict(ROWS)) == {"only"}
    np.testing.assert_array_equal(pipeline.predict_proba(ROWS), np.ones((N_ROWS, 1)))


@pytest.mark.parametrize(
    "target, preset", [("words", "default"), ("numbers", "td"), ("words", "td-s")]
)
def test_a_pipeline_is_its_steps_one_after_the_other(target, preset):
    weight = np.random.default_rng(0).uniform(0.5, 2.0, N_ROWS)
    y, pipeline = TARGETS[target][1], make(target, preset=preset)
    pipeline.fit(ROWS, y, mlp__sample_weight=weight)
    found = outputs(pipeline, ROWS)
    encoded = TableEncoder().fit_transform(ROWS)
    mlp = clone(pipeline[-1]).fit(encoded, y, weight)
    # the step alone gives float32, whose eps is 1e-7
    np.testing.assert_allclose(found, outputs(mlp, encoded), rtol=1e-6)
    assert not np.array_equal(found, outputs(fit(target, preset=preset), ROWS))
    assert isinstance(pipeline, Pipeline)


@pytest.mark.parametrize("target", ["numbers", "outputs"])
def test_intervals_are_those_of_the_last_step(target):
    pipeline = fit(target)
    predicted, encoded = pipeline.predict(ROWS), pipeline[0].transform(ROWS)
    for coverage in (0.5, 0.8):
        found = pipeline.predict_interval(ROWS, coverage)
        expected = pipeline[-1].predict_interval(encoded, coverage)
        np.testing.assert_array_equal(found, expected)
        assert (found[0] <= predicted).all() and (predicted <= found[1]).all()
    default = pipeline.predict_interval(ROWS)
    np.testing.assert_array_equal(default, pipeline.predict_interval(ROWS, 0.9))


def test_a_classifier_has_no_intervals():
    pipeline = fit("words")
    assert not hasattr(pipeline, "predict_interval")
    with pytest.raises(AttributeError, match="predict_interval"):
        pipeline.predict_interval(ROWS)
    with pytest.raises(NotFittedError):
        make("numbers").predict_interval(ROWS)


# As a Pipeline of scikit-learn


COPIES = {
    "pickle": lambda pipeline: pickle.loads(pickle.dumps(pipeline)),
    "deepcopy": copy.deepcopy,
    "fit of a clone": lambda pipeline: fit_again(clone(pipeline)),
    "fit again": lambda pipeline: fit_again(copy.deepcopy(pipeline)),
}


def fit_again(pipeline):
    is_classifier = isinstance(pipeline[-1], MLPClassifier)
    return pipeline.fit(ROWS, TARGETS["words" if is_classifier else "numbers"][1])


@each_kind
def test_copies_are_the_same_pipeline(target):
    pipeline = fit(target)
    expected = outputs(pipeline, ROWS)
    for how, twin in COPIES.items():
        found = twin(pipeline)
        assert type(found) is type(pipeline)
        np.testing.assert_array_equal(outputs(found, ROWS), expected, err_msg=how)
        assert hasattr(found, "predict_interval") == (target == "numbers"), how


@each_kind
def test_searches_reach_the_parameters_of_both_steps(target):
    grid = {
        "mlp__dropout": [0.1, 0.3],
        "mlp__solver__weight_decay": [0.01, 0.1],
        "table__max_categories": [2],
    }
    search = GridSearchCV(make(target), grid, cv=2, error_score="raise")
    search.fit(ROWS, TARGETS[target][1])
    assert set(search.best_params_) == set(grid)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(ROWS).shape == (N_ROWS,)
    assert search.best_estimator_[-1].solver.weight_decay in (0.01, 0.1)


@some_dresses
def test_cross_validation_takes_raw_tables(target, dress):
    X, y = DRESSES[dress](), TARGETS[target][1]
    scores = cross_val_score(make(target), X, y, cv=3, error_score="raise")
    assert np.isfinite(scores).all()


def test_the_output_of_the_first_step_may_be_a_frame():
    X = DRESSES["pandas"]()
    pipeline = make("numbers").set_output(transform="pandas").fit(X, NUMBERS)
    np.testing.assert_array_equal(outputs(pipeline, X), outputs(fit("numbers", X), X))
    names = pipeline[0].get_feature_names_out()
    np.testing.assert_array_equal(pipeline[:-1].get_feature_names_out(), names)
    np.testing.assert_array_equal(pipeline[-1].feature_names_in_, names)
    assert len(names) == pipeline[-1].n_features_in_


def test_steps_are_named_and_their_parameters_can_be_set():
    pipeline = make("numbers").set_params(mlp__n_members=3, table__max_categories=2)
    assert list(pipeline.named_steps) == ["table", "mlp"]
    assert len(pipeline.fit(ROWS, NUMBERS)["mlp"].members_) == 3


# Sizes


@covering(
    n_rows=[1, 2, 3, 5, 6, 7, 12],
    target=["words", "bools", "numbers"],
    preset=list(PRESETS),
)
def test_few_rows_do_or_are_refused_by_name(n_rows, target, preset):
    X = [[AGE[i], COLOUR[i]] for i in range(n_rows)]
    y = np.resize(["x", "y", "x"] if target == "bools" else ["x", "y", "z"], n_rows)
    y = NUMBERS[:n_rows] if target == "numbers" else y
    pipeline = make(target, preset=preset)
    if n_rows >= 6:
        assert pipeline.fit(X, y).predict(X).shape == (n_rows,)
    else:
        name = type(pipeline[-1]).__name__
        with pytest.raises(ValueError, match=f"{name}: .*must .* got "):
            pipeline.fit(X, y)
    if n_rows >= 3:  # the fewest in which numbers can be told from flags
        pipeline.set_params(mlp__early_stopping=False).fit(X, y)
        assert pipeline.predict(X).shape == (n_rows,)


@each_kind
def test_more_columns_than_rows_do(target):
    wide = np.random.default_rng(0).normal(size=(N_ROWS, 100))
    assert np.isfinite(outputs(fit(target, wide), wide)).all()


N_CATEGORIES = 10_000


def peak_of(function):
    """The most memory in megabytes that the function took besides what there was."""
    tracemalloc.start()
    function()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


@pytest.mark.filterwarnings("ignore:TableEncoder. most rows of these columns")
@pytest.mark.parametrize("min_frequency", ["auto", None])
def test_a_category_for_each_row_takes_bounded_memory(min_frequency):
    rng = np.random.default_rng(0)
    names = np.char.add("c", rng.permutation(N_CATEGORIES).astype(str)).astype(object)
    y = rng.normal(size=N_CATEGORIES)
    X = np.column_stack([names, y])
    params = {"hidden_layer_sizes": (4,), "max_iter": 1, "n_jobs": None}
    pipeline = make("numbers", **params).set_params(table__min_frequency=min_frequency)
    # 0s and 1s of all categories as a dense array were 400 MB
    assert peak_of(lambda: pipeline.fit(X, y)) < 100
    width = pipeline[-1].n_features_in_
    assert width == (2 if min_frequency == "auto" else N_CATEGORIES + 1)
    some = pipeline[0].transform(X[:10])
    assert sparse.issparse(some) == (min_frequency is None)


# Parameters


KIND = r"tabular_pipeline: kind must be one of \('classifier', 'regressor'\), got "
WRONG = {
    "kind": (("classification", {}), ValueError, KIND + "'classification'"),
    "no kind": ((None, {}), ValueError, KIND + "None"),
    "an array": ((np.array(["classifier"] * 2), {}), ValueError, KIND + "array"),
    "preset": (
        ("regressor", {"preset": "strong"}),
        ValueError,
        r"tabular_pipeline: preset must be one of \('fast', .* got 'strong'",
    ),
    "a list": (
        ("regressor", {"preset": ["td"]}),
        ValueError,
        r"preset must .*\['td'\]",
    ),
    "parameter": (
        ("regressor", {"n_layers": 3, "alpha": 0.0, "depth": 2}),
        TypeError,
        "params must be parameters of MLPRegressor, got 'depth', 'n_layers'",
    ),
    "of the other kind": (
        ("regressor", {"class_weight": "balanced"}),
        TypeError,
        "params must be parameters of MLPRegressor, got 'class_weight'",
    ),
}


def test_what_it_does_not_know_is_refused():
    for (kind, params), error, message in WRONG.values():
        with pytest.raises(error, match=message):
            tabular_pipeline(kind, **params)


WRONG_VALUES = [
    {"solver": "best"},
    {"solver": AdamW},
    {"dropout": "much"},
    {"dropout": None},
    {"early_stopping": "no"},
    {"early_stopping": "training"},
    {"ensemble": "rows"},
    {"ensemble": None},
    {"hidden_layer_sizes": "wide"},
    {"learning_rate": "slow"},
    {"n_members": 0},
    {"scoring": "best"},
]


@each_kind
def test_values_that_are_none_are_refused_by_fit(target):
    for params in WRONG_VALUES:
        (name,) = params
        pipeline = make(target, **params)
        kind = type(pipeline[-1]).__name__
        with pytest.raises(ValueError, match=f"{kind}: {name} must"):
            pipeline.fit(ROWS, TARGETS[target][1])


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
    "linear, dropout": {"hidden_layer_sizes": (), "dropout": 0.1},
    "deep": {"hidden_layer_sizes": "8x4"},
    "no dropout": {"dropout": 0.0},
    "no dropout of layers": {"dropout": [0.0, 0.0], "hidden_layer_sizes": (8, 8)},
    "an array of no dropout": {"dropout": np.zeros(2), "hidden_layer_sizes": (8, 8)},
    "no embedding": {"numeric_embedding": None},
    "no embedding, input dropout": {
        "numeric_embedding": None,
        "dropout": Dropout(0, inputs=0.1),
    },
    "no scale": {"learned_scale": False},
    "standard": {"solver": AdamW(parametrization="standard", rate_factors=None)},
    "constant": {
        "learning_rate": "cosine",
        "solver": AdamW(decay_schedule="constant"),
    },
    "relu": {"activation": "relu"},
    "initializer": {"initializer": "he_normal"},
    "penalties": {"alpha": 0.1, "alpha_l1": 0.01},
    "refit": {"refit": True},
    "time": {"max_time": 60.0},
    "record": {"record": "layers", "recover": True},
    "folds": {"ensemble": "folds"},
    "folds, an object": {"ensemble": Ensemble(by="folds")},
    "patience": {"n_iter_no_change": 1},
    "output_bias": {"output_bias": "optimum"},
    "batches": {"batch_size": 7},
}
FOR_CLASSES = {
    "balanced": {"class_weight": "balanced"},
    "calibrated": {"calibration": "temperature"},
    "focal": {"loss": Focal()},
    "smoothed": {"loss": LogLoss(label_smoothing=0.2)},
}
FOR_NUMBERS = {
    "levels": {"loss": Quantile([0.1, 0.9])},
    "counts": {"loss": "poisson"},
    "huber": {"loss": Huber(), "clip_output": False},
    "unscaled": {"scale_target": False},
}
EACH = OVERRIDES | FOR_CLASSES | FOR_NUMBERS


@pytest.mark.filterwarnings("ignore:.*dead or saturated")
@pytest.mark.filterwarnings("ignore:.*the training loss jumps")
@pytest.mark.parametrize("case", EACH)
def test_parameters_take_the_place_of_the_presets_without_a_warning(case):
    params, kinds = EACH[case], ["words", "numbers"]
    if case not in OVERRIDES:
        kinds = [kinds[case in FOR_NUMBERS]] * 2
    for target, preset in zip(kinds, ["td", "default"], strict=True):
        pipeline = fit(target, preset=preset, **params)
        assert np.isfinite(outputs(pipeline, ROWS)).all()
        for name, value in params.items():
            assert_has(name, getattr(pipeline[-1], name), value)


# Of the objects that are merged with the preset's, what a plain value stands for.
PLAIN = {
    "dropout": lambda dropout: dropout.rate,
    "early_stopping": lambda stopping: stopping.monitor == "validation",
    "ensemble": lambda ensemble: ensemble.by,
}


def assert_has(name, found, value):
    """The parameter is the value, whatever an object has besides."""
    if name == "solver" and isinstance(value, str):
        assert type(found) is SOLVERS[value]
    elif name in PLAIN and not isinstance(value, type(found)):
        np.testing.assert_array_equal(PLAIN[name](found), value)
    elif name == "solver" or name in PLAIN:
        assert type(found) is type(value)
        for setting, given in value.changed_settings().items():
            assert getattr(found, setting) == given
    else:
        assert found == value


# Merged with the preset, setting by setting


def with_parameter(kind, preset, name, value):
    """The parameter of a pipeline that is made with it, and of one that is set so."""
    made = tabular_pipeline(kind, preset=preset, **{name: value})
    later = tabular_pipeline(kind, preset=preset).set_params(**{f"mlp__{name}": value})
    return [getattr(pipeline["mlp"], name) for pipeline in (made, later)]


# Parameter, value, and what of its settings the value gives.
FLAT = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
STANDARD = {"parametrization": "standard", "rate_factors": None, "beta_2": 0.999}
GIVEN = {
    "a setting": ("solver", AdamW(weight_decay=0.1), {"weight_decay": 0.1}),
    "by position": ("solver", AdamW(0.8), {"beta_1": 0.8}),
    "what are defaults": ("solver", AdamW(**STANDARD), STANDARD),
    "set later": (
        "solver",
        AdamW().set_params(weight_decay=0.01),
        {"weight_decay": 0.01},
    ),
    "a schedule": (
        "solver",
        AdamW(decay_schedule="cosine"),
        {"decay_schedule": "cosine"},
    ),
    "nothing": ("solver", Adam(), {}),
    "another kind": ("solver", SGD(momentum=0.5), {"momentum": 0.5}),
    "lion": ("solver", Lion(clip_norm=1.0), {"clip_norm": 1.0}),
    "adagrad": ("solver", Adagrad(), {}),
    "a solver's name": ("solver", "adam", FLAT),
    "a rate": ("dropout", 0.3, {"rate": 0.3}),
    "rates": ("dropout", [0.3, 0.1], {"rate": [0.3, 0.1]}),
    "a Dropout": ("dropout", Dropout(0.3, inputs=0.1), {"rate": 0.3, "inputs": 0.1}),
    "inputs alone": ("dropout", Dropout(inputs=0.1), {"inputs": 0.1}),
    "another schedule": ("dropout", Dropout(schedule="linear"), {"schedule": "linear"}),
    "early stopping": ("early_stopping", True, {"monitor": "validation"}),
    "no early stopping": ("early_stopping", False, {"monitor": "training"}),
    "patience": ("early_stopping", EarlyStopping(min_updates=9), {"min_updates": 9}),
    "first of ties": (
        "early_stopping",
        EarlyStopping(tie_break="first"),
        {"tie_break": "first"},
    ),
    "seeds": ("ensemble", "seeds", {"by": "seeds"}),
    "folds": ("ensemble", "folds", {"by": "folds"}),
    "an Ensemble": ("ensemble", Ensemble("folds"), {"by": "folds"}),
}


# Settings that are Adam's by name, but mean something else.
APART = {Lion: ("beta_1", "beta_2"), Adagrad: ("epsilon",)}


@every_preset
def test_settings_that_are_not_given_are_those_of_the_preset(preset):
    for case, (name, value, given) in GIVEN.items():
        for kind in KINDS:
            there = getattr(tabular_pipeline(kind, preset=preset)["mlp"], name)
            inherited = there.get_params() if hasattr(there, "get_params") else {}
            for found in with_parameter(kind, preset, name, value):
                default = type(found)().get_params()
                apart = APART.get(type(found), ())
                names = default.keys() - set(apart)
                own = {n: v for n, v in inherited.items() if n in names}
                assert found.get_params() == default | own | given, case


def test_a_weight_decay_keeps_the_rest_of_the_recipe():
    own = {"solver": AdamW(weight_decay=0.1), "dropout": 0.3}
    for preset in ("td", "default"):
        mlp = tabular_pipeline("regressor", preset=preset, **own)["mlp"]
        factors = {"scale": 6.0, "biases": 0.1}
        factors |= {"numeric_embedding": 0.1, "activation": 0.1}
        assert mlp.solver == AdamW(
            weight_decay=0.1,
            beta_2=0.95,
            decay_schedule="flat_cos",
            parametrization="ntk",
            rate_factors=factors,
        )
        assert mlp.dropout == Dropout(0.3, schedule="flat_cos")


def test_what_is_set_stays_as_it_was_beside():
    pipeline = tabular_pipeline("classifier")
    pipeline.set_params(mlp__dropout=0.1)
    assert pipeline["mlp"].dropout == Dropout(0.1, schedule="flat_cos")
    pipeline.set_params(mlp__dropout__schedule="linear").set_params(mlp__dropout=0.2)
    assert pipeline["mlp"].dropout == Dropout(0.2, schedule="linear")
    pipeline.set_params(mlp__dropout=Dropout(inputs=0.3))
    assert pipeline["mlp"].dropout == Dropout(0.2, inputs=0.3, schedule="linear")


SWITCHED_OFF = {
    "dropout": ("dropout", 0),
    "dropout of layers": ("dropout", [0.0]),
    "a Dropout of none": ("dropout", Dropout(0.0)),
    "weight decay": ("solver", AdamW(weight_decay=0)),
}


@each_kind
@pytest.mark.parametrize("case", SWITCHED_OFF)
def test_what_is_switched_off_leaves_its_schedule_without_a_warning(target, case):
    name, value = SWITCHED_OFF[case]
    small = {"preset": "td", "hidden_layer_sizes": (8,)}
    for pipeline in (
        make(target, **small, **{name: value}),
        make(target, **small).set_params(**{f"mlp__{name}": value}),
    ):
        pipeline.fit(ROWS, TARGETS[target][1])


def test_what_is_switched_on_again_has_its_schedule():
    for kind in KINDS:
        pipeline = tabular_pipeline(kind, preset="td")
        for rate, decay in ((0, 0.0), (0.3, 0.1)):
            pipeline.set_params(mlp__dropout=rate, mlp__solver__weight_decay=decay)
            pipeline.set_params(mlp__solver=AdamW(weight_decay=decay))
        assert pipeline["mlp"].dropout == Dropout(0.3, schedule="flat_cos")
        assert pipeline["mlp"].solver.decay_schedule == "flat_cos"
        twin = clone(tabular_pipeline(kind, preset="td", dropout=0))
        assert twin.set_params(mlp__dropout=0.3)["mlp"].dropout.schedule == "flat_cos"


FLAT_SET = {
    "the preset's solver": ({}, {"beta_1": 0.5}, 0.5),
    "a solver's name": ({"solver": "adam"}, {"beta_1": 0.5}, 0.5),
    "an object without it": ({"solver": Adam(clip_norm=1.0)}, {"beta_1": 0.5}, 0.5),
    "another name at once": ({}, {"solver": "nadam", "beta_1": 0.5}, 0.5),
    "an object with it at once": ({}, {"solver": Adam(0.8), "beta_1": 0.5}, 0.8),
    "both at once": ({}, {"beta_1": 0.5, "solver__beta_1": 0.7}, 0.7),
    "a solver without it": ({"solver": Lion()}, {"beta_1": 0.5}, 0.9),
}


def test_a_parameter_of_the_estimator_for_its_solver_acts_on_the_solver():
    for case, (made, later, expected) in FLAT_SET.items():
        pipelines = [tabular_pipeline("regressor", **made)]
        pipelines[0].set_params(**{f"mlp__{n}": value for n, value in later.items()})
        if "solver__beta_1" not in later:
            pipelines.append(tabular_pipeline("regressor", **(made | later)))
        for pipeline in pipelines:
            assert pipeline["mlp"].solver.beta_1 == expected, case
            assert pipeline["mlp"].beta_1 == 0.5, case


def test_a_schedule_that_is_given_stays_and_is_warned_of_where_it_has_no_effect():
    own = {
        "dropout": Dropout(0, schedule="cosine"),
        "solver": AdamW(weight_decay=0.0, decay_schedule="cosine"),
    }
    for (name, value), schedule in zip(
        own.items(), ("dropout__schedule", "solver__decay_schedule"), strict=True
    ):
        pipeline = make("numbers", n_members=1, **{name: value})
        message = f"{schedule}='cosine' has no effect"
        with pytest.warns(DiagnosticWarning, match=message):
            pipeline.fit(ROWS, NUMBERS)


@every_preset
@pytest.mark.parametrize("solver", ["lbfgs", LBFGS()], ids=["name", "object"])
def test_with_lbfgs_what_needs_mini_batches_is_left_out(preset, solver):
    for kind, estimator in KINDS.items():
        mlp = tabular_pipeline(kind, preset=preset, solver=solver)["mlp"]
        assert mlp.solver == LBFGS()
        for name in ("dropout", "learning_rate"):
            assert getattr(mlp, name) == getattr(estimator(), name)


def test_with_lbfgs_what_is_given_stays_and_is_refused():
    pipeline = make("numbers", solver="lbfgs", dropout=0.1)
    with pytest.raises(ValueError, match="dropout must be 0 with solver lbfgs"):
        pipeline.fit(ROWS, NUMBERS)


def test_of_names_that_are_set_together_the_order_does_not_matter():
    together = [
        ({"solver": "adam", "beta_1": 0.5}, ("solver", "beta_1", 0.5)),
        ({"solver": "lbfgs", "max_fun": 9}, ("solver", "max_fun", 9)),
        ({"dropout": 0.2, "dropout__inputs": 0.1}, ("dropout", "inputs", 0.1)),
        (
            {"solver": AdamW(), "solver__weight_decay": 0.5},
            ("solver", "weight_decay", 0.5),
        ),
    ]
    for params, (name, setting, value) in together:
        params = {f"mlp__{key}": value for key, value in params.items()}
        for items in (params.items(), reversed(params.items())):
            mlp = tabular_pipeline("regressor").set_params(**dict(items))["mlp"]
            assert getattr(getattr(mlp, name), setting) == value


def test_another_last_step_has_its_own_settings():
    pipeline = tabular_pipeline("regressor")
    pipeline.set_params(mlp__dropout=0.1, mlp=MLPRegressor())
    assert pipeline["mlp"].dropout == Dropout(0.1)
    pipeline.set_params(mlp=Ridge(positive=True)).set_params(mlp__solver="lbfgs")
    assert pipeline["mlp"].solver == "lbfgs"
    assert np.isfinite(pipeline.fit(ROWS, NUMBERS).score(ROWS, NUMBERS))


def test_merging_changes_no_object_of_the_users():
    for name, value, _ in GIVEN.values():
        before = copy.deepcopy(value)
        for found in with_parameter("regressor", "td", name, value):
            assert found is not value
            if isinstance(found, AdamW):
                found.set_params(beta_1=0.1)
                (found.rate_factors or {})["scale"] = 7.0
        assert value == before


def test_copies_of_an_object_give_what_it_gives():
    twins = [clone, copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]
    for name, value, _ in GIVEN.values():
        if hasattr(value, "get_params"):
            [expected, _] = with_parameter("regressor", "td", name, value)
            for twin in twins:
                found = with_parameter("regressor", "td", name, twin(value))
                assert found == [expected, expected]


def test_old_names_are_refused_with_the_new_one():
    for name, (kind, estimator) in product(MOVED, KINDS.items()):
        message = f"got {name!r}. {name} has moved: use {MOVED[name]}."
        with pytest.raises(TypeError, match=re.escape(message)):
            tabular_pipeline(kind, **{name: 1})
        message = f"{name} has moved: use {MOVED[name]}."
        with pytest.raises(ValueError, match=re.escape(message)) as error:
            tabular_pipeline(kind).set_params(**{f"mlp__{name}": 1})
        assert estimator.__name__ in str(error.value), name


# Precision, whatever the dtype of the encoded table


@pytest.mark.parametrize("target", TARGETS)
def test_predictions_are_float64(target):
    pipeline = fit(target)
    arrays = [outputs(pipeline, ROWS)]
    for name in ("decision_function", "predict_log_proba"):
        if hasattr(pipeline, name):
            found = getattr(pipeline, name)(ROWS)
            arrays += found if isinstance(found, list) else [found]
    if target == "numbers":
        arrays += [pipeline.predict(ROWS), *pipeline.predict_interval(ROWS)]
    assert {array.dtype for array in arrays} == {np.dtype(np.float64)}
    if hasattr(pipeline, "predict_proba") and target != "labels":
        proba = pipeline.predict_proba(ROWS)
        for part in proba if isinstance(proba, list) else [proba]:
            # rounding of a few sums in float64
            np.testing.assert_allclose(part.sum(axis=1), 1.0, rtol=0, atol=1e-12)
            np.random.default_rng(0).choice(part.shape[1], p=part[0])
        logs = pipeline.predict_log_proba(ROWS)
        logs = logs if isinstance(logs, list) else [logs]
        np.testing.assert_array_equal(np.hstack(logs), np.log(outputs(pipeline, ROWS)))


def test_a_regressor_without_scaled_targets_predicts_float64():
    pipeline = fit("numbers", scale_target=False, clip_output=False)
    assert pipeline.predict(ROWS).dtype == np.float64


def test_a_target_far_from_0_is_predicted_as_one_near_it():
    near = fit("numbers", max_iter=10)
    far = make("numbers", max_iter=10).fit(ROWS, 1e9 + NUMBERS)
    difference = far.predict(ROWS) - 1e9 - near.predict(ROWS)
    assert np.abs(difference).max() < 1e-3  # of 1e9 float64 leaves 7 digits


# Validation rows


def validated(**more):
    """A pipeline that stops early by the last rows."""
    pipeline = make("words", n_members=1, max_iter=5)
    return pipeline.fit(ROWS[:40], TARGETS["words"][1][:40], **more)


WEIGHT = np.random.default_rng(1).uniform(0.5, 2.0, N_ROWS)


def test_validation_rows_are_encoded_whichever_way_they_come():
    y = TARGETS["words"][1]
    encoder = TableEncoder().fit(ROWS[:40])
    expected = make("words", n_members=1, max_iter=5)[-1].fit(
        encoder.transform(ROWS[:40]),
        y[:40],
        WEIGHT[:40],
        X_val=encoder.transform(ROWS[40:]),
        y_val=y[40:],
        sample_weight_val=WEIGHT[40:],
    )
    values = {
        "X_val": ROWS[40:],
        "y_val": y[40:],
        "sample_weight": WEIGHT[:40],
        "sample_weight_val": WEIGHT[40:],
    }
    prefixed = {f"mlp__{name}": value for name, value in values.items()}
    mixed = dict(list(values.items())[:2]) | dict(list(prefixed.items())[2:])
    for more in (values, prefixed, mixed):
        mlp = validated(**more)[-1]
        np.testing.assert_array_equal(
            mlp.history_["validation_loss"], expected.history_["validation_loss"]
        )
        for a, b in zip(mlp.coefs_, expected.coefs_, strict=True):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(TypeError, match="given twice"):
        validated(X_val=ROWS[40:], mlp__X_val=ROWS[40:], y_val=y[40:])
    with pytest.raises(ValueError, match="X_val"):
        validated(y_val=y[40:])


@pytest.mark.parametrize("transform_input", [None, ["X_val"]])
def test_with_routing_validation_rows_are_encoded_once(transform_input):
    y = TARGETS["words"][1]
    expected = validated(X_val=ROWS[40:], y_val=y[40:])[-1]
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make("words", n_members=1, max_iter=5)
        pipeline.set_params(transform_input=transform_input)
        pipeline[-1].set_fit_request(X_val=True, y_val=True)
        pipeline.fit(ROWS[:40], y[:40], X_val=ROWS[40:], y_val=y[40:])
        assert not hasattr(pipeline, "set_fit_request")
    found = pipeline[-1].history_["validation_loss"]
    np.testing.assert_array_equal(found, expected.history_["validation_loss"])


def test_searches_pass_weights_and_groups_by_name():
    pipeline = make("words", n_members=1, max_iter=2)
    search = GridSearchCV(pipeline, {"mlp__alpha": [0.0, 1.0]}, cv=2)
    groups = np.arange(N_ROWS) // 4
    y = TARGETS["words"][1]
    search.fit(ROWS, y, sample_weight=WEIGHT)
    assert search.best_estimator_[-1].n_iter_ == 2
    pipeline.set_params(mlp__validation_fraction=GroupShuffleSplit(1, random_state=0))
    pipeline.fit(ROWS, y, groups=groups, sample_weight=WEIGHT)
    assert has_fit_parameter(pipeline, "sample_weight")


# Warm starts


def test_a_warm_start_on_other_columns_says_that_the_encoding_changed():
    y = TARGETS["words"][1]
    pipeline = make("words", n_members=1, max_iter=2, warm_start=True).fit(ROWS, y)
    before = pipeline.predict_proba(ROWS)
    pipeline.fit(ROWS, y)  # the same categories
    before = pipeline.predict_proba(ROWS)
    more = [[*row[:5], "violet", *row[6:]] for row in ROWS[:20]] + ROWS[20:]
    other = [
        [*row[:5], "pink" if row[5] == "red" else row[5], *row[6:]] for row in ROWS
    ]
    for rows, new in ((more, "violet"), (other, "pink")):
        with pytest.raises(ValueError, match=f"new: .*x5_{new}") as error:
            pipeline.fit(rows, y)
        assert "warm_start=False" in str(error.value)
        np.testing.assert_array_equal(pipeline.predict_proba(ROWS), before)


# Quiet where nobody asked

SEARCHED = {
    "few rows": {},
    "no dropout": {"mlp__dropout": 0},
    "a rate of 0": {"mlp__dropout__rate": 0},
    "no weight decay": {"mlp__solver__weight_decay": 0.0},
    "no hidden layer": {"mlp__hidden_layer_sizes": ()},
    "a solver without decay": {"mlp__solver": "adam"},
}


@every_preset
def test_what_only_a_preset_has_set_is_no_reason_for_a_warning(preset):
    y = TARGETS["words"][1]
    for params in SEARCHED.values():
        if preset == "td-s" and {"mlp__solver__weight_decay"} & set(params):
            continue  # whose solver has none
        pipeline = tabular_pipeline("classifier", preset=preset, max_iter=2)
        pipeline.set_params(mlp__random_state=0, mlp__n_members=1, **params)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", message=".*no better than a constant")
            copy.deepcopy(clone(pipeline)).fit(ROWS, y)


def test_a_batch_size_of_the_users_own_is_warned_of_where_it_is_clipped():
    pipeline = tabular_pipeline("classifier", preset="td", max_iter=2)
    pipeline.set_params(mlp__batch_size=256)
    with pytest.warns(UserWarning, match="batch_size"):
        pipeline.fit(ROWS, TARGETS["words"][1])


def test_members_in_a_process_of_others_train_without_a_word(monkeypatch):
    def warning(n_jobs):
        text = "Loky-backed parallel loops cannot be called in a multiprocessing"
        warnings.warn(f"{text}, setting n_jobs=1", stacklevel=2)
        return 1

    monkeypatch.setattr(members, "effective_n_jobs", warning)
    monkeypatch.setattr(members, "WORTH_PROCESSES", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*no better than a constant")
        fit("words")


VOTES = {
    "words": (HistGradientBoostingClassifier, VotingClassifier, {"voting": "soft"}),
    "numbers": (HistGradientBoostingRegressor, VotingRegressor, {}),
}


@pytest.mark.parametrize("dress", ["lists", "pandas"])
@each_kind
def test_a_blend_with_trees_takes_the_raw_table(target, dress):
    rows, y = DRESSES[dress](), TARGETS[target][1]
    trees, vote, how = VOTES[target]
    trees = make_pipeline(TableEncoder(), trees(max_iter=5, random_state=0))
    blend = vote([("network", make(target)), ("trees", trees)], weights=[3, 1], **how)
    blend.fit(rows, y)
    method = "predict" if target == "numbers" else "predict_proba"
    each = [getattr(part, method)(rows) for part in blend.estimators_]
    mean = np.average(each, axis=0, weights=[3, 1])
    np.testing.assert_allclose(getattr(blend, method)(rows), mean, rtol=1e-12)
    assert set(blend.predict(rows)) <= set(y) or target == "numbers"
    network = fit(target, rows)
    np.testing.assert_allclose(each[0], getattr(network, method)(rows), rtol=1e-12)


def test_members_of_a_pipeline_differ_and_are_weighted():
    different = [{"numeric_embedding": None}, {"dropout": 0.3}]
    ensemble = Ensemble("folds", configurations=different, weights="greedy")
    for target in ("words", "numbers"):
        pipeline = fit(target, ensemble=ensemble, n_members=4)
        mlp = pipeline[-1]
        assert mlp.configuration_weights_.sum() == pytest.approx(1.0)
        assert len(mlp.oof_prediction_) == N_ROWS
        assert len(mlp.members_) == 2 * np.count_nonzero(mlp.configuration_weights_)
