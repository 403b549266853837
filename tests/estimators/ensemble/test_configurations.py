"""Members of several configurations: what they are, and what is refused."""

import copy
import pickle

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, PredefinedSplit

import skmlp
from skmlp import Dropout, EarlyStopping, Ensemble
from skmlp.embeddings import PiecewiseLinear
from skmlp.solvers import Adam, AdamW

from ...conftest import GROUPS, N_ROWS, NUMBERS, X, assert_same_bits, digest
from .small_ensembles import (
    EACH_KIND,
    FOLDS,
    TASKS,
    assert_same_outputs,
    each_kind,
    fit,
    make,
    predicted,
)

# a few epochs are enough here, whatever they lead to
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")

# Of other layers, parts as objects, settings within them, and inputs.
CONFIGURATIONS = [
    {"hidden_layer_sizes": (8, 5), "activation": "tanh", "max_iter": 3},
    {"solver": AdamW(weight_decay=0.1), "dropout__inputs": 0.1, "batch_size": 15},
    {"numeric_embedding": PiecewiseLinear(n_bins=4, size=2), "solver__beta_2": 0.95},
]
N = len(CONFIGURATIONS)
BASE = {"solver": Adam(clip_norm=1.0), "dropout": Dropout(0.1), "n_members": 2 * N}


def different(by="seeds", configurations=CONFIGURATIONS, weights="equal"):
    return Ensemble(by, configurations=configurations, weights=weights)


SEEDS = BASE | {"ensemble": different()}
BY_FOLDS = FOLDS | BASE | {"ensemble": different("folds")}
GREEDY = FOLDS | BASE | {"ensemble": different("folds", weights="greedy")}
WAYS = {"seeds": SEEDS, "folds": BY_FOLDS, "greedy": GREEDY}
each_way = pytest.mark.parametrize("params", WAYS.values(), ids=WAYS)


def alone(task, number, random_state, **params):
    """The estimator of one network in a configuration."""
    params = params | {"n_members": 1, "ensemble": "seeds"}
    model = clone(make(task, **params, random_state=random_state))
    return model.set_params(**copy.deepcopy(CONFIGURATIONS[number]))


def no_score(estimator, X, y):
    return 0.0


def test_a_member_is_a_fit_in_its_configuration():
    params = SEEDS | {"scale_input": False}  # which embeddings can't have
    for task in TASKS:
        y, model = TASKS[task][0], fit(task, **params)
        assert len(model.members_) == 2 * N
        for i, member in enumerate(model.members_):
            single = alone(task, i % N, member.random_state, **params).fit(X, y)
            assert_same_bits(member, single)
        each = [predicted(member) for member in model.members_]
        mean = np.mean(each, axis=0)
        np.testing.assert_allclose(predicted(model), mean, rtol=1e-12, err_msg=task)


@each_kind
def test_each_configuration_has_each_fold(task):
    splitter = KFold(2, shuffle=True, random_state=3)
    params = GREEDY | {"validation_fraction": splitter}
    params["scoring"] = no_score  # so that all count
    y, model = TASKS[task][0], fit(task, **params)
    for fold, (training, held) in enumerate(splitter.split(X)):
        where = np.full(N_ROWS, -1)
        where[held] = 0
        params["validation_fraction"] = PredefinedSplit(where)
        for number in range(N):
            member = model.members_[fold * N + number]
            single = alone(task, number, member.random_state, **params).fit(X, y)
            assert_same_bits(member, single)
            assert member.t_ == len(training) * member.n_iter_


@each_kind
def test_folds_are_as_many_as_members_of_a_configuration(task):
    seen = set()

    def score(estimator, rows, y):
        seen.add(rows.tobytes())
        return 0.0

    for params, n_folds in ((BY_FOLDS, 2 * N), (GREEDY, 2)):
        seen.clear()
        fit(task, **params | {"scoring": score})
        # greedy selection scores the rows of all folds together
        assert len([rows for rows in seen if len(rows) < X.nbytes]) == n_folds
    model = fit(task, groups=GROUPS, **GREEDY)
    assert np.isfinite(model.oof_prediction_).all()


@each_kind
def test_equal_configurations_are_no_configurations(task):
    for params in ({"n_members": 4}, {**FOLDS, "n_members": 4}):
        by = "folds" if "ensemble" in params else "seeds"
        expected = fit(task, **params)
        model = fit(task, **params | {"ensemble": different(by, [{}])})
        assert_same_outputs(model, expected)
        np.testing.assert_array_equal(model.configuration_weights_, [1.0])
        assert not hasattr(model, "member_weights_")
        greedy = different(by, [{}], "greedy")
        if by == "folds":
            model = fit(task, **params | {"ensemble": greedy})
            assert_same_outputs(model, expected)
            oof = model.oof_prediction_
            np.testing.assert_array_equal(oof, expected.oof_prediction_)


@each_way
@each_kind
def test_the_model_depends_neither_on_n_jobs_nor_on_the_run(task, params, monkeypatch):
    module = "skmlp.estimators.ensemble.members"
    monkeypatch.setattr(f"{module}.WORTH_PROCESSES", 0)
    expected = fit(task, **params)
    with parallel_config("threading"):
        for n_jobs in (2, -1):
            assert_same_outputs(fit(task, n_jobs=n_jobs, **params), expected)
    assert_same_outputs(clone(expected).fit(X, TASKS[task][0]), expected)


def test_fits_change_no_configuration():
    model = make("numbers", **GREEDY)
    before = digest(model.ensemble)
    model.fit(X, NUMBERS)
    assert digest(model.ensemble) == before
    given = model.ensemble.configurations
    for number, member in enumerate(model.members_):
        for name, value in given[number % N].items():
            if not isinstance(value, (int, str, float, tuple)):
                assert member.get_params()[name] is not value


def saved(model, folder):
    model.save(folder / "model.skmlp")
    return skmlp.load(folder / "model.skmlp")


@each_way
@each_kind
def test_copies_and_files_are_the_same_model(task, params, tmp_path):
    model = fit(task, **params)
    twins = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
    for twin in (*twins, saved(model, tmp_path)):
        assert_same_outputs(twin, model)
        assert vars(twin).keys() == vars(model).keys()
        np.testing.assert_array_equal(
            twin.configuration_weights_, model.configuration_weights_
        )


def test_a_pickle_has_only_members_that_count():
    # the second learns nothing
    given = [{}, {"learning_rate_init": 1e-12, "hidden_layer_sizes": (300, 300)}]
    greedy = different("folds", given, "greedy")
    params = FOLDS | {"max_iter": 40, "n_members": 4}
    model = fit("numbers", **params | {"ensemble": greedy})
    np.testing.assert_array_equal(model.configuration_weights_, [1.0, 0.0])
    assert len(model.members_) == 2 and not hasattr(model, "member_weights_")
    expected = fit("numbers", **params | {"n_members": 2})
    assert len(pickle.dumps(model)) < 1.2 * len(pickle.dumps(expected))


def test_weights_can_be_set_by_hand():
    model = fit("words", **SEEDS)
    model.member_weights_ = np.eye(2 * N)[1]
    np.testing.assert_allclose(
        predicted(model), predicted(model.members_[1]), rtol=1e-12
    )
    before = predicted(fit("words", **SEEDS))
    model.member_weights_ = np.full(2 * N, 1 / (2 * N))
    np.testing.assert_allclose(predicted(model), before, rtol=1e-12)


@each_kind
def test_partial_fit_trains_members_in_their_configurations(task):
    y = TASKS[task][0]
    classes = {"classes": np.unique(y)} if task == "words" else {}
    model = make(task, **SEEDS).partial_fit(X, y, **classes)
    singles = [copy.deepcopy(member) for member in model.members_]
    model.partial_fit(X[:50], y[:50])
    for member, single in zip(model.members_, singles, strict=True):
        assert_same_bits(member, single.partial_fit(X[:50], y[:50]))
    assert [len(m.coefs_) for m in model.members_] == [3, 2, 2] * 2


def test_members_may_differ_in_early_stopping_but_not_in_whether_it_holds_out():
    configurations = [{"early_stopping__tie_break": "last"}, {}]
    params = {**FOLDS, "n_members": 4}
    model = fit("words", **params | {"ensemble": different("folds", configurations)})
    breaks = [member.early_stopping.tie_break for member in model.members_]
    assert breaks == ["last", "first"] * 2
    assert all(member.early_stopping.stratify for member in model.members_)


def test_searches_reach_the_settings():
    model = make("numbers", **BY_FOLDS)
    assert model.get_params()["ensemble__weights"] == "equal"
    assert model.get_params()["ensemble__configurations"] is CONFIGURATIONS
    grid = {"ensemble__weights": ["equal", "greedy"]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, NUMBERS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    plain = make("numbers", **FOLDS, n_members=4)
    plain.set_params(ensemble__configurations=[{}, {"alpha": 0.1}])
    assert plain.ensemble == Ensemble("folds", configurations=[{}, {"alpha": 0.1}])


# What is refused


def second(configuration, by="seeds", weights="equal"):
    return {"ensemble": different(by, [{}, configuration], weights), "n_members": 4}


NAME = r"ensemble__configurations\[1\] must"
SHARED = {
    "refit": True,
    "loss": "focal",
    "n_members": 2,
    "ensemble__by": "folds",
    "n_jobs": 2,
    "random_state": 1,
    "calibration": "temperature",
    "categorical_features": [0],
    "validation_fraction": 0.3,
    "early_stopping": EarlyStopping(),
    "early_stopping__monitor": "training",
    "early_stopping__stratify": False,
    "scoring": "loss",
    "class_weight": "balanced",
    "max_time": 1.0,
}
REFUSED = {
    **{
        name: (second({name: value}), f"{NAME} not set '{name}', which is the same for")
        for name, value in SHARED.items()
    },
    "unknown": (second({"alhpa": 0.1}), f"{NAME} be valid parameters of the estimator"),
    "within a number": (second({"alpha__x": 0.1}), f"{NAME} be valid parameters"),
    "within a name": (second({"solver__speed": 1}), f"{NAME} be valid parameters"),
    "invalid": (second({"alpha": -1}), "alpha must be a number .*, got -1"),
    "invalid, where": (
        second({"alpha": -1}),
        f"{NAME} be valid .* got {{'alpha': -1}}",
    ),
    "lbfgs": (
        second({"solver": "lbfgs"}),
        f"{NAME} have a solver that trains on mini-",
    ),
    "together": (
        second({"numeric_embedding": "pbld", "scale_input": True}),
        f"{NAME} be valid parameters",
    ),
    "no list": ({"ensemble": different("seeds", {"alpha": 1})}, "ensemble__configurat"),
    "no dicts": (
        {"ensemble": different("seeds", ["alpha"])},
        "ensemble__configurations",
    ),
    "none": (
        {"ensemble": different("seeds", [])},
        "ensemble__configurations must be a",
    ),
    "number": (
        {**FOLDS, "ensemble": different("folds", [{}, {}], "greedy"), "n_members": 5},
        "n_members must be a multiple of 2, the number of configurations of ensemble",
    ),
    "too few": (
        {"ensemble": different("seeds", [{}, {}, {}]), "n_members": 2},
        "n_members must be at least 3, the number of configurations of ensemble, got",
    ),
    "one fold": (
        {**FOLDS, "ensemble": different("folds", [{}, {}], "greedy"), "n_members": 2},
        "n_members must be at least 4, for two folds of 2 configurations, got 2",
    ),
    "one member": (
        {"ensemble": different("seeds", [{"alpha": 1.0}]), "n_members": 1},
        r"ensemble__configurations must be None, or begin with \{\}, with n_members=1",
    ),
    "splits, one a member": (
        FOLDS | second({}, "folds") | {"validation_fraction": KFold(3)},
        "validation_fraction must be a splitter with n_members splits",
    ),
    "splits": (
        FOLDS | second({}, "folds", "greedy") | {"validation_fraction": KFold(4)},
        "validation_fraction must be a splitter with n_members / 2 splits",
    ),
}


def test_what_configurations_cannot_be_is_refused():
    for name, (params, message) in REFUSED.items():
        for task in EACH_KIND:
            model = make(task, **params)
            owner = type(model).__name__
            with pytest.raises(ValueError, match=f"(?s){owner}: {message}"):
                model.fit(X, TASKS[task][0])
            assert vars(model).keys() == vars(make(task)).keys(), name


def test_more_folds_than_rows_are_refused():
    params = FOLDS | second({}, "folds", "greedy") | {"n_members": 8}
    message = r"n_members must be at most 2 \* n_samples=3 with ensemble=.* got 8"
    with pytest.raises(ValueError, match=message):
        make("numbers", **params).fit(X[:3], NUMBERS[:3])
