"""What a user gives holds for all members, whatever the preset's configurations are."""

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
    pipeline = tabular_pipeline("classifier", preset="best")
    pipeline.set_params(mlp__dropout__rate=0.2)
    assert pipeline[-1].dropout.rate == 0.2
    assert all("dropout" not in one for one in configurations(pipeline))


@pytest.mark.parametrize("make", [given_at_once, given_later])
def test_a_preset_has_as_many_configurations_as_divide_the_members(make):
    for n_members, n in {24: 6, 12: 6, 8: 4, 9: 3, 10: 5, 4: 2, 5: 0, 2: 0}.items():
        with in_case(n_members):
            pipeline = make("best", n_members=n_members)
            assert len(configurations(pipeline)) == n
            ensemble = pipeline[-1].ensemble
            assert (ensemble.weights, ensemble.by) == (
                ("greedy", "folds") if n else ("equal", "seeds")
            )


def test_a_users_own_configurations_stay_as_they_are():
    own = [{}, {"activation": "tanh"}]
    ensemble = Ensemble(configurations=own)
    for preset in ("fast", "default", "best"):
        pipeline = given_at_once(preset, ensemble=ensemble, activation="relu")
        assert configurations(pipeline) == own
    assert ensemble.configurations == own


def test_presets_are_not_changed():
    before = configurations(tabular_pipeline("regressor", preset="best"))
    given_at_once("best", activation="relu", n_members=8)
    given_later("best", dropout=0.2)
    assert configurations(tabular_pipeline("regressor", preset="best")) == before
