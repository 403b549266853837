"""A loaded model is the one that was saved: settings, bits, and how it trains on."""

import copy
import errno
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

import skmlp
from skmlp import Checkpoint, Dropout, MLPClassifier, MLPRegressor, tabular_pipeline
from skmlp.activations import ACTIVATIONS, Tanh
from skmlp.embeddings import EMBEDDINGS
from skmlp.initializers import INITIALIZERS
from skmlp.losses import REGRESSION_LOSSES, Focal
from skmlp.model_file.objects import CLASSES
from skmlp.schedules import SCHEDULES
from skmlp.solvers import SOLVERS

from ..conftest import NUMBERS, TASKS, X, assert_same_bits, quietly
from .models import (
    NAMES_OF_MODELS,
    assert_same_outputs,
    fitted,
    is_same,
    table,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.skmlp"


def round_trip(model, path, **how):
    model.save(path)
    return skmlp.load(path, **how)


@pytest.mark.parametrize("name", NAMES_OF_MODELS)
def test_a_loaded_model_is_the_one_that_was_saved(name, path):
    model, rows = fitted(name)
    loaded, pickled = round_trip(model, path), pickle.loads(pickle.dumps(model))
    assert_same_outputs(loaded, model, rows)
    assert is_same(loaded, pickled)
    assert_same_outputs(skmlp.load(path, mmap=True), model, rows)


def test_the_same_model_is_the_same_small_file(path, tmp_path):
    for name in NAMES_OF_MODELS:
        model, _ = fitted(name)
        round_trip(model, path).save(tmp_path / "again")
        assert path.read_bytes() == (tmp_path / "again").read_bytes(), name
        with zipfile.ZipFile(path) as file:
            assert file.testzip() is None, name
            n_arrays = len(file.namelist())
        # a member's headers, and its name twice, are some 400 bytes
        assert path.stat().st_size < 2 * len(pickle.dumps(model)) + 400 * n_arrays, name


@pytest.mark.parametrize("name", ["binary", "multiclass", "multilabel", "regression"])
@pytest.mark.parametrize("params", [{}, {"solver": "sgd", "dropout": 0.1}], ids=str)
def test_partial_fit_goes_on_to_the_same_bits(name, params, path):
    task = TASKS[name]
    model = task.make(hidden_layer_sizes=5, random_state=0, **params)
    many = {} if name == "regression" else {"classes": np.unique(task.y)}
    model.partial_fit(X, task.y, **many).partial_fit(X, task.y)
    loaded = round_trip(model, path)
    for one in (model, loaded):
        one.set_params(random_state=1).partial_fit(X, task.y)
    assert_same_bits(loaded, model)


def test_after_fit_it_goes_on_as_the_pickle_does(path):
    task = TASKS["multiclass"]
    model = quietly(task.make(hidden_layer_sizes=5, max_iter=3).fit, X, task.y)
    loaded, pickled = round_trip(model, path), pickle.loads(pickle.dumps(model))
    for one in (loaded, pickled):
        one.set_params(random_state=1).partial_fit(X, task.y)
    assert_same_bits(loaded, pickled)


# Settings


def assert_same_params(found, expected):
    assert repr(found.get_params()) == repr(expected.get_params())
    assert is_same(found, expected)


PARTS = {
    "activation": ACTIVATIONS,
    "solver": SOLVERS,
    "learning_rate": SCHEDULES,
    "initializer": INITIALIZERS,
    "numeric_embedding": EMBEDDINGS,
    "loss": REGRESSION_LOSSES,
}


def test_each_part_is_saved_with_its_settings(path):
    for parameter, kinds in PARTS.items():
        for kind in kinds.values():
            model = MLPRegressor(**{parameter: kind()})
            assert_same_params(round_trip(model, path), model)


SETTINGS = {
    "hidden_layer_sizes": [7, (7, 3), "7x2", np.array([7, 3]), np.int64(7)],
    "random_state": [None, 3, np.random.RandomState(3)],
    "tol": [float("inf"), -float("inf"), np.float32(0.1)],
    "dropout": [[0.1, 0.2], Dropout((0.1, np.float64(0.2)))],
    "class_weight": ["balanced", {0: 1, 1: 2.5}, {"a": 1}, {np.str_("a"): 1}, [{0: 1}]],
    "checkpoint": ["run.npz", Path("run.npz"), Checkpoint("run.npz", every=2)],
    "categorical_features": [["a", "b"], np.array(["a", "b"], object), [True, False]],
    "coefs_init": [([np.ones((2, 1))], [np.zeros(1)])],
    "loss": [Focal(gamma=1.0)],
    "scoring": ["roc_auc"],
}


def test_a_parameter_keeps_its_value_and_type(path):
    for parameter, values in SETTINGS.items():
        for value in values:
            model = MLPClassifier(**{parameter: value})
            found = vars(round_trip(model, path))[parameter]
            assert is_same(found, value), parameter


def test_given_settings_of_a_preset_stay_given(path):
    pipeline = tabular_pipeline("classifier", dropout=Dropout(inputs=0.1))
    loaded = round_trip(pipeline, path)
    for one in (pipeline, loaded):
        one.set_params(mlp__solver="adam")
    assert repr(loaded.get_params()) == repr(pipeline.get_params())


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_keep_their_layout(order, path):
    array = np.asarray(np.arange(6.0).reshape(2, 3), order=order)
    model = MLPRegressor(coefs_init=([array, array], [array[0], array[:, 0]]))
    coefs, intercepts = round_trip(model, path).coefs_init
    assert coefs[0].flags[f"{order}_CONTIGUOUS"] and coefs[0] is coefs[1]
    np.testing.assert_array_equal(coefs[0], array)
    np.testing.assert_array_equal(intercepts[1], array[:, 0])
    coefs[0][...] = 0.0  # may be written to


@pytest.mark.parametrize(
    "classes",
    [
        np.array(["a", "b"]),
        np.array(["ä", "\N{SNOWMAN}"], object),
        np.array([3, 1 << 60]),
        np.array([False, True]),
        np.array([1.0, 2.0]),
    ],
    ids=str,
)
def test_labels_keep_their_type(classes, path):
    y = classes[np.arange(len(X)) % 2]
    model = quietly(MLPClassifier(3, max_iter=2).fit, X, y)
    found, expected = round_trip(model, path).predict(X), model.predict(X)
    assert found.dtype == expected.dtype
    assert found.tolist() == expected.tolist()


def test_output_as_frames_is_kept(path, pandas):
    model, rows = fitted("autoencoder")
    model = copy.deepcopy(model).set_output(transform="pandas")
    assert isinstance(round_trip(model, path).transform(rows), pandas.DataFrame)


def test_a_function_that_only_training_needed_may_be_taken_away(path):
    def negated(estimator, X, y):
        return -estimator.score(X, y)

    params = {"early_stopping": True, "scoring": negated, "max_iter": 3}
    model = MLPRegressor(hidden_layer_sizes=5, **params)
    quietly(model.fit, X, NUMBERS)
    model.set_params(scoring=None).save(path)
    assert_same_outputs(skmlp.load(path), model, X)


# Refusals


class Own(Tanh):
    """An activation of the user's, of a name that is known or not."""


class OwnTanh(Tanh):
    """Another one; below it gets the name of skmlp's."""


OwnTanh.__name__ = "Tanh"
REFUSED = {
    "function": ("scoring", lambda estimator, X, y: 0.0),
    "own activation": ("activation", Own()),
    "own activation of a known name": ("activation", OwnTanh()),
    "within": ("dropout", Dropout(0.1, schedule=lambda progress: progress)),
    "own class": ("coefs_init", object()),
    "complex": ("tol", 1j),
    "record": ("coefs_init", np.zeros(2, [("a", float)])),
}


def test_what_is_not_of_skmlp_is_refused_and_the_last_file_is_left(path):
    MLPClassifier().save(path)
    before = path.read_bytes()
    for name, (parameter, value) in REFUSED.items():
        model = MLPClassifier(**{parameter: value})
        with pytest.raises(TypeError, match=f"MLPClassifier: {parameter}[^ ]* must be"):
            model.save(path)
        assert path.read_bytes() == before, name
        assert os.listdir(path.parent) == [path.name], name


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failed_save_leaves_the_last_file(failing, path, monkeypatch):
    MLPClassifier().save(path)
    before = path.read_bytes()
    full = OSError(errno.ENOSPC, "No space left on device")

    def fail(*args):
        raise full

    owner = os if failing == "fsync" else Path
    monkeypatch.setattr(owner, failing, fail)
    with pytest.raises(OSError, match="No space left"):
        fitted("binary")[0].save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_file_that_is_not_there_is_an_os_error(path):
    for how in (False, True):
        with pytest.raises(FileNotFoundError):
            skmlp.load(path, mmap=how)
    with pytest.raises(FileNotFoundError):
        MLPClassifier().save(path / "in no folder")


@pytest.mark.parametrize("wrong", [None, 3, b"model.skmlp"])
def test_a_path_is_text_or_path_like(wrong):
    with pytest.raises(TypeError, match="MLPClassifier: path must be a str or path-"):
        MLPClassifier().save(wrong)
    with pytest.raises(TypeError, match="load: path must be a str or path-like, got"):
        skmlp.load(wrong)


def test_a_mapped_model_can_not_be_written_to(path):
    model, _ = fitted("binary")
    loaded = round_trip(model, path, mmap=True)
    assert all(W.ctypes.data % 64 == 0 for W in loaded.coefs_)
    with pytest.raises(ValueError, match="read-only"):
        loaded.coefs_[0][...] = 0.0
    # training works on a copy
    loaded.partial_fit(X, TASKS["binary"].y)


def test_a_table_of_objects_is_predicted_after_loading(path):
    model, _ = fitted("table, classes")
    rows = table()
    rows[0, 2] = "unseen"
    np.testing.assert_array_equal(
        round_trip(model, path).predict_proba(rows), model.predict_proba(rows)
    )


def test_every_known_class_is_known_by_its_name():
    for name, kind in CLASSES.items():
        assert kind.__name__ == name
        assert kind.__module__.startswith("skmlp.")


def test_numbers_of_a_fit_are_kept(path):
    model, _ = fitted("residuals")
    loaded = round_trip(model, path)
    assert loaded.history_.keys() == model.history_.keys()
    assert loaded.loss_curve_ == model.loss_curve_
    np.testing.assert_array_equal(loaded.history_["loss"], model.history_["loss"])
    lower, upper = loaded.predict_interval(X, 0.8)
    assert ((lower < NUMBERS) & (NUMBERS < upper)).any()
