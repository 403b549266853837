"""Dropout, early stopping, ensemble and checkpoint: as objects and as plain values."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skmlp import (
    Checkpoint,
    Dropout,
    EarlyStopping,
    Ensemble,
    MLPClassifier,
    MLPRegressor,
)
from skmlp.schedules import Cosine, FlatCosine
from skmlp.solvers import SGD, AdamW

from ..conftest import CODES, NUMBERS, X, assert_same_bits, parameters, quietly

# a given number of epochs is enough here
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")

TARGETS = {MLPClassifier: CODES, MLPRegressor: NUMBERS}
every_estimator = pytest.mark.parametrize("kind", TARGETS)

# A plain value, the object that is the same, and what both need beside them.
PAIRS = {
    "dropout": ({"dropout": 0.3}, {"dropout": Dropout(0.3)}),
    "no dropout": ({"dropout": 0.0}, {"dropout": Dropout()}),
    "dropout by layer": ({"dropout": [0.3, 0.1]}, {"dropout": Dropout([0.3, 0.1])}),
    "validation": ({"early_stopping": True}, {"early_stopping": EarlyStopping()}),
    "training": (
        {"early_stopping": False},
        {"early_stopping": EarlyStopping("training")},
    ),
    "seeds": ({"ensemble": "seeds"}, {"ensemble": Ensemble()}),
    "folds": (
        {"ensemble": "folds", "early_stopping": True},
        {"ensemble": Ensemble("folds"), "early_stopping": EarlyStopping()},
    ),
}


def small(kind, **params):
    defaults = {"hidden_layer_sizes": (5, 4), "batch_size": 20, "max_iter": 6}
    defaults |= {"learning_rate_init": 0.02, "random_state": 0}
    if "ensemble" in params:
        defaults["n_members"] = 3
    return kind(**defaults | params)


def fitted(kind, **params):
    return quietly(small(kind, **params).fit, X, TARGETS[kind])


def assert_same_fit(model, expected, case=""):
    for name in ("loss_curve_", "validation_scores_", "stop_reason_"):
        assert vars(model).get(name) == vars(expected).get(name), (case, name)
    assert_same_bits(model, expected)


@every_estimator
def test_an_object_is_the_plain_value_it_stands_for(kind):
    for name, (plain, objects) in PAIRS.items():
        assert_same_fit(fitted(kind, **objects), fitted(kind, **plain), name)


def test_an_object_of_a_path_is_that_checkpoint(tmp_path):
    files = tmp_path / "plain.npz", tmp_path / "object.npz"
    plain = fitted(MLPClassifier, checkpoint=files[0])
    assert_same_fit(fitted(MLPClassifier, checkpoint=Checkpoint(files[1])), plain)
    assert_same_fit(fitted(MLPClassifier, checkpoint=Checkpoint(str(files[1]))), plain)
    assert [path.exists() for path in files] == [True, True]


# Each setting acts: what is set, and what to compare it with
ACTING = {
    "inputs": ({"dropout": Dropout(inputs=0.3)}, {}),
    "noise": ({"dropout": Dropout(noise=0.3)}, {}),
    "schedule": (
        {"dropout": Dropout(0.3, schedule="linear")},
        {"dropout": 0.3},
    ),
    "monitor": (
        {"early_stopping": EarlyStopping("training")},
        {"early_stopping": EarlyStopping("validation")},
    ),
}


@every_estimator
def test_each_setting_acts(kind):
    for name, (acting, other) in ACTING.items():
        models = fitted(kind, **acting), fitted(kind, **other)
        assert not np.array_equal(*map(parameters, models)), name


@every_estimator
def test_patience_waits_for_min_updates(kind):
    # no epoch rises by that much, so patience ends the fit as soon as it may
    params = {"tol": 1e6, "n_iter_no_change": 1, "max_iter": 50}
    n_updates = []
    for least in (0, 40):
        stopping = EarlyStopping("training", min_updates=least)
        model = fitted(kind, early_stopping=stopping, **params)
        n_updates.append(model.n_updates_)
    assert n_updates[0] < 40 <= n_updates[1] < model.max_iter * 5


def test_a_tie_is_broken_as_it_is_set():
    # steps too small to change the score
    params = {"learning_rate_init": 1e-300, "validation_fraction": 0.2}
    for tie_break, best in (("first", 1), ("last", 6)):
        stopping = EarlyStopping(tie_break=tie_break)
        model = fitted(MLPClassifier, early_stopping=stopping, **params)
        assert model.best_epoch_ == best


@every_estimator
def test_a_fit_changes_no_setting_and_keeps_the_plain_value(kind):
    objects = {"dropout": Dropout(np.float64(0.1)), "early_stopping": EarlyStopping()}
    for params in (objects, {"dropout": 0.1, "early_stopping": True}):
        estimator = small(kind, **params)
        before = pickle.dumps(estimator.get_params())
        quietly(estimator.fit, X, TARGETS[kind])
        assert pickle.dumps(estimator.get_params()) == before
        assert all(getattr(estimator, n) is value for n, value in params.items())


# --- settings by name

NESTED = {
    "dropout__schedule": (
        {"dropout": 0.1},
        "flat_cos",
        {"dropout": Dropout(0.1, schedule="flat_cos")},
    ),
    "dropout__inputs": ({}, 0.2, {"dropout": Dropout(inputs=0.2)}),
    "early_stopping__min_updates": (
        {"early_stopping": True},
        7,
        {"early_stopping": EarlyStopping(min_updates=7)},
    ),
    "early_stopping__relative_tol": (
        {"early_stopping": False},
        True,
        {"early_stopping": EarlyStopping("training", relative_tol=True)},
    ),
    "ensemble__by": ({"ensemble": "seeds"}, "folds", {"ensemble": Ensemble("folds")}),
    "checkpoint__every": (
        {"checkpoint": "run.npz"},
        3,
        {"checkpoint": Checkpoint("run.npz", every=3)},
    ),
    "solver__weight_decay": (
        {"solver": "adamw", "beta_1": 0.5, "epsilon": 1e-3, "momentum": 0.1},
        0.3,
        {"solver": AdamW(beta_1=0.5, epsilon=1e-3, weight_decay=0.3)},
    ),
    "solver__max_norm": (
        {"solver": "sgd", "momentum": 0.1, "nesterovs_momentum": False},
        2.0,
        {"solver": SGD(0.1, nesterovs_momentum=False, max_norm=2.0)},
    ),
}


@every_estimator
def test_a_plain_value_becomes_an_object_where_a_setting_is_set(kind):
    for name, (plain, value, expected) in NESTED.items():
        estimator = kind(**plain)
        assert estimator.set_params(**{name: value}) is estimator, name
        for parameter, wanted in expected.items():
            assert getattr(estimator, parameter) == wanted, name
        assert estimator.get_params()[name] == value, name


def test_a_plain_value_and_a_setting_are_set_in_any_order():
    params = {"dropout": 0.4, "dropout__schedule": "linear", "solver": "adamw"}
    params |= {"solver__weight_decay": 0.3, "beta_1": 0.5}
    for order in (1, -1):
        estimator = MLPClassifier(dropout=Dropout(noise=1.0))
        estimator.set_params(**dict(list(params.items())[::order]))
        assert estimator.dropout == Dropout(0.4, schedule="linear")
        assert estimator.solver == AdamW(beta_1=0.5, weight_decay=0.3)


def test_settings_within_settings_are_set_through_the_estimator():
    estimator = MLPClassifier(dropout=Dropout(0.1, schedule=Cosine()))
    estimator.set_params(dropout__schedule__end=0.5)
    assert estimator.dropout == Dropout(0.1, schedule=Cosine(end=0.5))


def test_setting_a_setting_of_a_clone_leaves_the_estimator_as_it_was():
    for estimator in (
        MLPClassifier(dropout=0.1, early_stopping=True),
        MLPClassifier(dropout=Dropout(0.1), early_stopping=EarlyStopping()),
    ):
        before = estimator.get_params(deep=False)
        twin = clone(estimator)
        twin.set_params(dropout__rate=0.9, early_stopping__min_updates=9)
        assert estimator.get_params(deep=False) == before
        assert estimator.dropout in (0.1, Dropout(0.1))


def test_an_unknown_setting_is_refused_by_name():
    for name, kind in (("dropout", "Dropout"), ("early_stopping", "EarlyStopping")):
        with pytest.raises(ValueError, match=f"{kind} has no setting 'depth'"):
            MLPClassifier().set_params(**{f"{name}__depth": 1})


def test_searches_try_settings_of_plain_values():
    grid = {"dropout__inputs": [0.0, 0.3], "early_stopping": [True, EarlyStopping()]}
    search = GridSearchCV(small(MLPClassifier), grid, cv=2, error_score="raise")
    scores = quietly(search.fit, X, CODES).cv_results_["mean_test_score"]
    # by inputs first, of which each plain value scores as its object
    assert scores[0] == scores[1] and scores[2] == scores[3]
    assert search.estimator.dropout == 0.0


# --- clones and texts

OBJECTS = {
    "dropout": Dropout(0.2, inputs=0.1, schedule=FlatCosine(hold=0.25)),
    "early_stopping": EarlyStopping("training", min_updates=3),
    "ensemble": Ensemble("folds"),
    "checkpoint": Checkpoint("run.npz", every=5),
    "solver": AdamW(weight_decay=0.1, decay_schedule="cosine", max_norm=1.0),
}


@every_estimator
def test_clones_and_pickles_keep_the_objects(kind):
    estimator = kind(**OBJECTS)
    for twin in (clone(estimator), pickle.loads(pickle.dumps(estimator))):
        assert twin.get_params() == estimator.get_params()
        for name, value in OBJECTS.items():
            assert getattr(twin, name) == value
            assert getattr(twin, name) is not value
    plain = {"dropout": [0.1], "early_stopping": True, "checkpoint": "run.npz"}
    assert clone(kind(**plain)).get_params() == kind(**plain).get_params()


def test_texts_show_only_the_settings_that_were_changed():
    shown = {
        "dropout": "Dropout(rate=0.2, inputs=0.1, schedule=FlatCosine(hold=0.25))",
        "early_stopping": "EarlyStopping(monitor='training', min_updates=3)",
        "ensemble": "Ensemble(by='folds')",
        "checkpoint": "Checkpoint(path='run.npz', every=5)",
    }
    for name, text in shown.items():
        assert repr(OBJECTS[name]) == text
        assert repr(MLPClassifier(**{name: OBJECTS[name]})) == (
            f"MLPClassifier({name}={text})"
        )
    assert repr(Dropout()) == "Dropout()"
    assert repr(EarlyStopping("validation", min_updates=0)) == "EarlyStopping()"
    assert repr(MLPRegressor(dropout=0.2)) == "MLPRegressor(dropout=0.2)"
