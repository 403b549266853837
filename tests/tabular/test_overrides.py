"""What a user gives holds for all members, whatever the preset's configurations are."""

import numpy as np
import pytest

from skmlp import Ensemble, tabular_pipeline

from ..cases import in_case
from .presets import every_preset

GIVEN = {
    "activation": "relu",
    "dropout": 0.2,
    "hidden_layer_sizes": (8,),
    "numeric_embedding": None,
}


def configurations(pipeline):
    ensemble = pipeline[-1].ensemble
    return [] if isinstance(ensemble, str) else ensemble.configurations or []


def given_at_once(preset, **params):
    return tabular_pipeline("regressor", preset=preset, **params)


def given_later(preset, **params):
    params = {f"mlp__{name}": value for name, value in params.items()}
    return tabular_pipeline("regressor", preset=preset).set_params(**params)


@pytest.mark.parametrize("make", [given_at_once, given_later])
@every_preset
def test_a_users_parameter_is_in_no_configuration(preset, make):
    for name, value in GIVEN.items():
        with in_case(name):
            pipeline = make(preset, **{name: value})
            assert all(name not in one for one in configurations(pipeline))
            assert len(configurations(pipeline)) == len(configurations(make(preset)))


def test_settings_within_a_users_object_are_in_no_configuration():
    pipeline = tabular_pipeline("classifier", preset="fast")
    pipeline.set_params(mlp__dropout__rate=0.2)
    assert pipeline[-1].dropout.rate == 0.2
    assert all("dropout" not in one for one in configurations(pipeline))


@pytest.mark.parametrize("make", [given_at_once, given_later])
def test_any_number_of_members_takes_the_configurations_in_turn(make):
    for n_members in (1, 2, 3):
        with in_case(n_members):
            pipeline = make("fast", n_members=n_members, max_iter=2, random_state=0)
            X = np.linspace(-1.0, 1.0, 40)[:, np.newaxis]
            pipeline.fit(X, X[:, 0])
            members = pipeline[-1].members_ if n_members > 1 else [pipeline[-1]]
            found = [one.activation for one in members]
            assert found == ["mish", "selu", "mish"][:n_members]


def test_a_users_own_configurations_stay_as_they_are():
    own = [{}, {"activation": "tanh"}]
    ensemble = Ensemble(configurations=own)
    for preset in ("fast", "default", "best"):
        pipeline = given_at_once(preset, ensemble=ensemble, activation="relu")
        assert configurations(pipeline) == own
    assert ensemble.configurations == own


def test_presets_are_not_changed():
    before = configurations(tabular_pipeline("regressor", preset="fast"))
    assert any(before)
    given_at_once("fast", activation="relu", n_members=8)
    given_later("fast", dropout=0.2)
    assert configurations(tabular_pipeline("regressor", preset="fast")) == before
