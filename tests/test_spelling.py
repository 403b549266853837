"""Names that are nearly right, and words of other libraries."""

import numpy as np
import pytest
from sklearn.metrics import get_scorer_names

from skmlp import Dropout, EarlyStopping, MLPClassifier, MLPRegressor, tabular_pipeline
from skmlp.activations import ACTIVATIONS
from skmlp.estimators.validation import moved
from skmlp.initializers import INITIALIZERS
from skmlp.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skmlp.schedules import SCHEDULES
from skmlp.solvers import SOLVERS
from skmlp.spelling import OURS, did_you_mean, nearest
from skmlp.tabular.presets import KINDS

X = np.random.default_rng(0).normal(size=(30, 2))
Y = np.arange(30) % 3
NAMES = {
    "activation": ACTIVATIONS,
    "solver": SOLVERS,
    "loss": {**CLASSIFICATION_LOSSES, **REGRESSION_LOSSES},
    "learning_rate": SCHEDULES,
    "initializer": INITIALIZERS,
    "scoring": ["loss", *get_scorer_names()],
    "kind": KINDS,
}


def test_a_name_with_another_letter_case_or_space_is_answered_with_itself():
    for names in NAMES.values():
        for name in names:
            for word in (f"{name}e", name.upper(), name.replace("_", " ")):
                # of short ones others may be as near
                assert nearest(word, names) == name or len(name) < 5, word
        assert nearest("unlike anything", names) is None


def test_our_words_for_those_of_others_are_names_that_there_are():
    assert OURS.keys() == NAMES.keys()
    for parameter, words in OURS.items():
        for word, ours in words.items():
            assert ours in NAMES[parameter]
            hint = did_you_mean(parameter, word, NAMES[parameter])
            assert hint == f" Did you mean {ours!r}?"


def test_what_is_no_string_gets_no_answer():
    for value in (None, 1, 0.5, np.nan, b"adam", {}, [], [1], object):
        assert did_you_mean("solver", value, SOLVERS) == ""


# Estimators

MISSPELT = {
    "solver": ("adm", "adam"),
    "activation": ("sigmoid", "logistic"),
    "activations": (["relu", "linear"], "identity"),
    "loss": ("cross-entropy", "log_loss"),
    "learning_rate": ("cosin", "cosine"),
    "initializer": ("Xavier", "glorot_uniform"),
    "scoring": ("f1_macr", "f1_macro"),
    "early_stopping": (EarlyStopping("validaton"), "validation"),
    "dropout": (Dropout(0.1, schedule="flat-cosine"), "flat_cos"),
    "ensemble": ("fold", "folds"),
    "numeric_embedding": ("pbdl", "pbld"),
    "batch_size": ("by_row", "by_rows"),
    "output_bias": ("optimal", "optimum"),
}


def test_a_misspelt_value_is_answered_with_the_nearest_one():
    for parameter, (value, meant) in MISSPELT.items():
        name = "activation" if parameter == "activations" else parameter
        with pytest.raises(ValueError) as error:
            MLPClassifier((2, 2), **{name: value}).fit(X, Y)
        assert str(error.value).endswith(f"Did you mean {meant!r}?"), parameter


def test_a_number_as_learning_rate_is_told_apart_from_the_schedule():
    for rate in (0.01, 1, np.float32(0.5)):
        with pytest.raises(ValueError, match=r"learning_rate_init=") as error:
            MLPRegressor(learning_rate=rate).fit(X, Y)
        assert "the schedule" in str(error.value)


def test_a_misspelt_column_is_answered_with_the_nearest_one():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"colour": Y, "size": X[:, 0]})
    with pytest.raises(ValueError, match=r"Did you mean 'colour'\?"):
        MLPClassifier(categorical_features=["color"]).fit(frame, Y)


def test_kinds_presets_and_settings_are_answered_too():
    for call, meant in (
        (lambda: tabular_pipeline("classification"), "classifier"),
        (lambda: tabular_pipeline("classifier", preset="tds"), "td-s"),
        (lambda: MLPClassifier(dropout=0.1).set_params(dropout__shedule=1), "schedule"),
        (lambda: MLPClassifier().set_params(solver__beta1=0.5), "beta_1"),
    ):
        with pytest.raises(ValueError) as error:
            call()
        assert str(error.value).endswith(f"Did you mean {meant!r}?")


# Parameters


def refusals(name):
    """What each way to set a parameter says of a name that there is not."""
    pipeline = tabular_pipeline("classifier")
    for call, kind in (
        (lambda: MLPClassifier(**{name: 1}), TypeError),
        (lambda: MLPClassifier().set_params(**{name: 1}), ValueError),
        (lambda: tabular_pipeline("classifier", **{name: 1}), TypeError),
        (lambda: pipeline.set_params(**{f"mlp__{name}": 1}), ValueError),
        (lambda: pipeline.set_params(**{name: 1}), ValueError),
    ):
        with pytest.raises(kind) as error:
            call()
        yield str(error.value).replace("mlp__", "")


def test_parameters_of_other_libraries_are_answered_with_ours():
    known = MLPClassifier().get_params()
    assert not known.keys() & moved.OURS.keys()
    for name, ours in moved.OURS.items():
        assert ours.partition("=")[0] in known, name
    for name in ("epochs", "lr", "optimizer", "dropout_rate", "hidden_layers"):
        for text in refusals(name):
            assert text.endswith(f"Instead of {name} use {moved.OURS[name]}."), text
    for name in ("patience", "validation_split", "weight_decay", "seed"):
        for text in refusals(name):
            assert text.endswith(f"Instead of {name} use {moved.OURS[name]}."), text


def test_a_subclass_may_pass_parameters_on():
    class Own(MLPClassifier):
        def __init__(self, extra=1, **params):
            self.extra = extra
            super().__init__(**params)

    assert Own(max_iter=5).max_iter == 5
    with pytest.raises(TypeError, match="Instead of epochs use max_iter"):
        Own(epochs=5)


def test_a_misspelt_parameter_is_answered_with_the_nearest_one():
    for name, meant in (("max_itr", "max_iter"), ("hidden_layer_size", None)):
        for text in refusals(name):
            meant = meant or "hidden_layer_sizes"
            assert text.endswith(f"Did you mean {meant!r}?"), text


def test_an_estimators_own_parameter_is_answered_with_the_name_of_its_step():
    with pytest.raises(ValueError, match=r"Use mlp__max_iter\.$"):
        tabular_pipeline("classifier").set_params(max_iter=5)
