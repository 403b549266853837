"""search_space: distributions of what is worth tuning."""

import copy
import pickle

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import ParameterSampler, RandomizedSearchCV

from skmlp import MLPClassifier, MLPRegressor, search_space, tabular_pipeline
from skmlp.solvers import AdamW
from skmlp.tabular import PRESETS, SearchSpace

# a few epochs are enough here, whatever they lead to
pytestmark = [
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
    # of batches that are as large as one or two of these small tables
    pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1:UserWarning"),
]

both_kinds = pytest.mark.parametrize("kind", ["classifier", "regressor"])
RNG = np.random.default_rng(0)
N_ROWS = 80
X = RNG.normal(size=(N_ROWS, 4))
Y = {"classifier": np.digitize(X[:, 0], [-0.5, 0.5]), "regressor": X[:, 0] + X[:, 1]}
QUICK = {"mlp__max_iter": 2, "mlp__hidden_layer_sizes": (4,)}
ESTIMATORS = {"classifier": MLPClassifier, "regressor": MLPRegressor}


def make(kind):
    return tabular_pipeline(kind, n_members=1, random_state=0, **{"n_jobs": None})


def samples(space, n):
    return list(ParameterSampler(space, n, random_state=0))


# Names


@both_kinds
def test_names_are_parameters_of_the_pipeline(kind):
    space = search_space(kind)
    assert isinstance(space, SearchSpace) and isinstance(space, dict)
    assert set(space) <= set(tabular_pipeline(kind).get_params())


@both_kinds
def test_without_a_prefix_they_are_those_of_the_estimator(kind):
    space = search_space(kind, prefix="")
    assert [f"mlp__{name}" for name in space] == list(search_space(kind))
    estimator = ESTIMATORS[kind](solver=AdamW())
    assert set(space) <= set(estimator.get_params())
    other = search_space(kind, prefix="model__")
    assert all(name.startswith("model__") for name in other)


@both_kinds
def test_the_rate_of_the_preset_is_among_the_rates(kind):
    low, high = search_space(kind)["mlp__learning_rate_init"].support()
    rate = PRESETS["default"][kind]["learning_rate_init"]
    assert low < rate < high and high == pytest.approx(10 * low)


def test_only_a_classifier_has_losses_to_choose_from():
    assert "mlp__loss" in search_space("classifier")
    assert "mlp__loss" not in search_space("regressor")


def test_other_kinds_are_refused():
    message = r"^search_space: kind must be one of \('classifier', 'regressor'\), got "
    for kind in ("mlp", None, 1, np.array(["classifier"] * 2)):
        with pytest.raises(ValueError, match=message):
            search_space(kind)


# Values


@both_kinds
def test_every_value_that_is_drawn_can_be_fitted(kind):
    choices = [c for c in search_space(kind).values() if isinstance(c, list)]
    drawn = samples(search_space(kind), 20)
    for name, choice in search_space(kind).items():
        if isinstance(choice, list):  # of these all are tried
            drawn += [{**drawn[0], name: value} for value in choice]
    assert len(drawn) == 20 + sum(map(len, choices))
    for params in drawn:
        pipeline = make(kind).set_params(**params | QUICK).fit(X, Y[kind])
        assert np.isfinite(pipeline.score(X, Y[kind]))


@both_kinds
def test_so_can_those_that_take_long(kind):
    # by the estimator's own rules, without training
    space = search_space(kind, prefix="")
    for name in ("hidden_layer_sizes", "max_iter"):
        for value in space[name]:
            estimator = ESTIMATORS[kind](solver=AdamW()).set_params(**{name: value})
            estimator._checked_settings(estimator._request())


def test_numbers_are_within_their_bounds():
    for params in samples(search_space("regressor"), 200):
        assert 0 <= params["mlp__dropout"] <= 0.5
        assert 1e-3 <= params["mlp__solver__weight_decay"] <= 0.1


def lists_of(space):
    return {name: choice for name, choice in space.items() if isinstance(choice, list)}


def test_spaces_share_nothing_that_can_be_changed():
    before = copy.deepcopy(lists_of(search_space("classifier")))
    space = lists_of(search_space("classifier"))
    for choice in space.values():
        choice.append("more")
        for value in choice:
            if hasattr(value, "n_bins"):
                value.n_bins = 3
    assert space != before
    assert lists_of(search_space("classifier")) == before


def test_copies_are_spaces():
    space = search_space("regressor")
    for found in (
        copy.copy(space),
        copy.deepcopy(space),
        pickle.loads(pickle.dumps(space)),
    ):
        assert type(found) is SearchSpace
        assert list(found) == list(space)
        assert found["mlp__max_iter"] == space["mlp__max_iter"]


# Searches


@both_kinds
def test_a_randomized_search_tunes_the_pipeline(kind):
    X, y = (load_iris if kind == "classifier" else load_diabetes)(return_X_y=True)
    space = search_space(kind)
    space["mlp__max_iter"], space["mlp__hidden_layer_sizes"] = [2, 4], ["8x2", (4,)]
    search = RandomizedSearchCV(
        make(kind), space, n_iter=4, cv=2, random_state=0, error_score="raise"
    )
    search.fit(X[::3], y[::3])
    assert set(search.best_params_) == set(space)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    twin = clone(search.best_estimator_)
    again = twin.fit(X[::3], y[::3]).predict(X)
    np.testing.assert_array_equal(again, search.predict(X))


class Trial:
    """What a trial of Optuna's has: it suggests, and notes what it was asked."""

    def __init__(self, seed):
        self.rng, self.asked = np.random.default_rng(seed), {}

    def suggest_float(self, name, low, high, *, log=False):
        self.asked[name] = (low, high, log)
        if log:
            return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))
        return float(self.rng.uniform(low, high))

    def suggest_categorical(self, name, choices):
        # Optuna stores no others
        assert all(v is None or type(v) in (bool, int, float, str) for v in choices)
        self.asked[name] = len(choices)
        return choices[self.rng.integers(len(choices))]


@both_kinds
@pytest.mark.parametrize("seed", range(2))
def test_a_trial_suggests_values_of_all_parameters(kind, seed):
    space, trial = search_space(kind), Trial(seed)
    params = space.suggest(trial)
    assert list(params) == list(space) == list(trial.asked)
    for name, value in params.items():
        if isinstance(space[name], list):
            assert value in space[name] and trial.asked[name] == len(space[name])
        else:
            low, high, log = trial.asked[name]
            assert (low, high) == space[name].support() and low <= value <= high
            assert log == (name != "mlp__dropout")
    pipeline = make(kind).set_params(**params | QUICK)
    assert np.isfinite(pipeline.fit(X, Y[kind]).score(X, Y[kind]))


def test_trials_share_no_part_with_the_space():
    space = search_space("regressor")
    name, before = "mlp__numeric_embedding", repr(space["mlp__numeric_embedding"])
    pipeline = make("regressor")
    for seed in range(10):
        pipeline.set_params(**space.suggest(Trial(seed)))
        if hasattr(pipeline[-1].numeric_embedding, "n_bins"):
            pipeline.set_params(mlp__numeric_embedding__n_bins=3)
    assert repr(space[name]) == before


def test_distributions_may_be_exchanged():
    space = search_space("regressor")
    space["mlp__alpha"] = loguniform(1e-6, 1e-2)
    space["mlp__n_members"] = [1, 2]
    del space["mlp__activation"]
    trial = Trial(0)
    params = space.suggest(trial)
    assert trial.asked["mlp__alpha"] == (1e-6, 1e-2, True)
    assert params["mlp__n_members"] in (1, 2) and "mlp__activation" not in params
