"""The classes that a saved model may hold are those that skops asks about."""

import numpy as np
import pytest

import skmlp
from skmlp import Checkpoint, Dropout, EarlyStopping, Ensemble, MLPRegressor
from skmlp.embeddings import CategoryTable
from skmlp.export.classes import CLASSES, PARTS

from ..model_file.models import NAMES_OF_MODELS, assert_same_outputs, fitted

OPTIONS = [Dropout(0.1), EarlyStopping(), Ensemble(), Checkpoint("run.npz")]


@pytest.fixture
def skops():
    return pytest.importorskip("skops.io")


def test_skops_loads_models_whose_types_are_trusted(skops):
    for name in NAMES_OF_MODELS:
        model, rows = fitted(name)
        loaded = skops.loads(skops.dumps(model), trusted=skmlp.TRUSTED_TYPES)
        assert_same_outputs(loaded, model, rows)


def test_the_trusted_types_are_those_that_skops_asks_for(skops):
    models = [fitted(name)[0] for name in NAMES_OF_MODELS]
    # each part as a parameter; skops knows an object by its class
    parts = [MLPRegressor(solver=kind()) for kind in PARTS]
    options = [MLPRegressor(dropout=one) for one in OPTIONS]
    asked = set()
    for model in [*models, *parts, *options]:
        asked |= {*skops.get_untrusted_types(data=skops.dumps(model))}
    assert asked == {*skmlp.TRUSTED_TYPES}


def test_each_class_is_known_once():
    assert len({*skmlp.TRUSTED_TYPES}) == len(skmlp.TRUSTED_TYPES) == len(CLASSES) + 1
    assert CategoryTable in CLASSES.values()
    assert not any(issubclass(kind, np.ndarray) for kind in CLASSES.values())
