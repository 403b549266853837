"""What a user gives stands beside what the preset has, and changes no preset."""

import pytest
from sklearn.base import clone

from skmlp import Ensemble, tabular_pipeline
from skmlp.tabular import PRESETS

from ..cases import in_case
from .presets import every_preset

GIVEN = {
    "activation": "relu",
    "dropout": 0.2,
    "ensemble": "folds",
    "hidden_layer_sizes": (8,),
    "numeric_embedding": None,
}


def given_at_once(preset, **params):
    return tabular_pipeline("regressor", preset=preset, **params)


def given_later(preset, **params):
    params = {f"mlp__{name}": value for name, value in params.items()}
    return tabular_pipeline("regressor", preset=preset).set_params(**params)


in_both_ways = pytest.mark.parametrize("make", [given_at_once, given_later])


@in_both_ways
@every_preset
def test_the_other_parameters_stay_the_presets(preset, make):
    untouched = given_at_once(preset)[-1].get_params(deep=False)
    for name, value in GIVEN.items():
        with in_case(name):
            found = make(preset, **{name: value})[-1].get_params(deep=False)
            changed = {n for n in found if repr(found[n]) != repr(untouched[n])}
            assert changed <= {name}


@in_both_ways
def test_settings_of_the_ensemble_that_are_not_given_stay_the_presets(make):
    own = [{}, {"activation": "tanh"}]
    ensemble = make("default", ensemble=Ensemble(configurations=own))[-1].ensemble
    assert ensemble.configurations == own
    assert ensemble.n_validated == 2
    alike = make("default", ensemble=Ensemble(n_validated=None))[-1].ensemble
    assert alike.n_validated is None


@in_both_ways
def test_presets_are_not_changed(make):
    before = {name: repr(recipes) for name, recipes in PRESETS.items()}
    for name in PRESETS:
        clone(make(name, dropout=0.2, ensemble="folds", n_members=8))
    assert {name: repr(recipes) for name, recipes in PRESETS.items()} == before
