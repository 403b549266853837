"""What ensembles do not support, or only a single network has."""

import pytest

from skmlp import MLPAutoencoder, MLPTransformer

from ...conftest import (
    GROUPS,
    NUMBERS,
    Optional,
    X,
)
from .small_ensembles import (
    EACH_KIND,
    FOLDS,
    HOLDING_OUT,
    TASKS,
    each_kind,
    fit,
    make,
)

pd = Optional("pandas")

# a few epochs are enough here, whatever they lead to
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


REFUSED = {
    "warm_start": ({"warm_start": True}, "warm_start must be False with n_members > 1"),
    "checkpoint": ({"checkpoint": "run.npz"}, "checkpoint must be None with n_members"),
    "folds of one": ({**FOLDS, "n_members": 1}, "ensemble must be 'seeds' with n_memb"),
    "folds, refit": ({**FOLDS, "refit": True}, "refit must be False with ensemble"),
    "folds of no rows": ({"ensemble": "folds"}, "early_stopping must be True with ens"),
    "folds, lbfgs": (
        {"ensemble": "folds", "solver": "lbfgs", "early_stopping": True},
        "scoring must be set with ensemble='folds' and solver lbfgs",
    ),
    "no members": ({"n_members": 0}, "n_members must be an integer >= 1, got 0"),
    "half a member": ({"n_members": 1.5}, "n_members must be an integer >= 1, got 1.5"),
    "n_jobs": ({"n_jobs": 0}, "n_jobs must be None or an integer other than 0, got 0"),
    "other n_jobs": ({"n_jobs": "all"}, "n_jobs must be None or an integer other"),
    "ensemble": (
        {"ensemble": "rows"},
        "ensemble must be one of 'seeds', 'folds', or an",
    ),
}


def test_what_members_cannot_do_is_refused():
    for params, message in REFUSED.values():
        for task in EACH_KIND:
            model = make(task, **params)
            with pytest.raises(ValueError, match=f"^{type(model).__name__}: {message}"):
                model.fit(X, TASKS[task][0])
            assert vars(model) == vars(make(task, **params)), message


@each_kind
def test_calls_that_members_cannot_follow_are_refused(task):
    y = TASKS[task][0]
    with pytest.raises(ValueError, match="ensemble must be 'seeds' for partial_fit"):
        make(task, ensemble="folds").partial_fit(X, y)
    with pytest.raises(ValueError, match="ensemble must be 'seeds' with X_val, got"):
        make(task, **FOLDS).fit(X, y, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="groups must be None unless"):
        make(task, **HOLDING_OUT).fit(X, y, groups=GROUPS)
    with pytest.raises(ValueError, match="X_val must be given with y_val"):
        make(task).fit(X, y, y_val=y)


# Looking into a network, where there are several


LOOKS = {
    "hidden_activations": lambda model: model.hidden_activations(X),
    "input_gradient": lambda model: model.input_gradient(X),
    "integrated_gradients": lambda model: model.integrated_gradients(X),
    "summary": lambda model: model.summary(),
    "summary by numbers": lambda model: model.summary(4, 1),
}
SEVERAL = "n_members must be 1 to inspect the network, got 3; use one of members_"


def test_looking_into_several_networks_is_refused():
    for task in EACH_KIND:
        model = fit(task)
        for look in LOOKS.values():
            with pytest.raises(ValueError, match=f"^{type(model).__name__}: {SEVERAL}"):
                look(model)
            look(model.members_[0])


def test_several_networks_have_no_frame_of_their_history(pandas):
    model = fit("numbers")
    with pytest.raises(ValueError, match=f"^MLPRegressor: {SEVERAL}"):
        model.history_frame()
    assert len(model.members_[0].history_frame()) == model.n_iter_


DRAWN = ["LossCurveDisplay", "NetworkDisplay", "WeightsDisplay"]


@pytest.mark.parametrize("display", DRAWN)
def test_several_networks_are_not_drawn(display):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    plot = pytest.importorskip("skmlp.plot")
    model = fit("numbers")
    with pytest.raises(ValueError, match=f"{display}: estimator must have n_members=1"):
        getattr(plot, display).from_estimator(model)


@each_kind
def test_an_attribute_of_one_network_is_not_there_and_says_why(task):
    model = fit(task)
    for name in ("coefs_", "intercepts_", "history_", "loss_curve_"):
        assert not hasattr(model, name) and hasattr(model.members_[0], name)
        with pytest.raises(AttributeError, match=f"{SEVERAL}. The ens.* {name}."):
            getattr(model, name)


def test_other_attributes_that_are_not_there_say_what_they_always_did():
    for model in (fit("numbers"), make("numbers"), fit("numbers", n_members=1)):
        with pytest.raises(AttributeError, match="has no attribute 'nothing_'"):
            model.nothing_  # noqa: B018
        with pytest.raises(AttributeError, match=r"is only available|has no"):
            model.set_params(solver="lbfgs").partial_fit  # noqa: B018


@pytest.mark.parametrize(
    "wrapper",
    [MLPTransformer(make("numbers")), MLPAutoencoder(2, estimator=make("numbers"))],
    ids=["transformer", "autoencoder"],
)
def test_features_of_several_networks_are_refused_before_training(wrapper):
    message = f"{type(wrapper).__name__}: estimator__n_members must be 1, .* got 3"
    with pytest.raises(ValueError, match=message):
        wrapper.fit(X, NUMBERS)
    assert not hasattr(wrapper, "n_features_in_")
