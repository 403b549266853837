"""Laws of components: they are values that scikit-learn's tools can handle."""

import ast
import copy
import inspect
import pickle
import re
from dataclasses import fields
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from skmlp import (
    activations,
    embeddings,
    initializers,
    losses,
    schedules,
    solvers,
)
from skmlp.activations import (
    ACTIVATIONS,
    ELU,
    SELU,
    Activation,
    Parametric,
    Tanh,
    UserActivation,
)
from skmlp.component import Component, component_of
from skmlp.embeddings import EMBEDDINGS, CategoryTable
from skmlp.estimators import options
from skmlp.estimators.options import OPTIONS
from skmlp.initializers import INITIALIZERS
from skmlp.losses import CLASSIFICATION_LOSSES, LOSSES, Huber, Quantile
from skmlp.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    OfProgress,
    Plateau,
    Schedule,
    Warmup,
)
from skmlp.solvers import SGD, SOLVERS, Adam

TABLES = [
    ACTIVATIONS,
    EMBEDDINGS,
    INITIALIZERS,
    LOSSES,
    CLASSIFICATION_LOSSES,
    SCHEDULES,
    SOLVERS,
]
KINDS = {kind.__name__: kind for table in TABLES for kind in table.values()}
KINDS["CategoryTable"] = CategoryTable  # which has no name to go by
KINDS |= {kind.__name__: kind for kind in OPTIONS.values()}
# Settings without a default that would do.
NEEDED = {"Checkpoint": {"path": "run.npz"}}
# A bare object is no number, no bool, no name, no function and no component.
WRONG = object()

# Of each setting, values at the ends of its range, and values beyond them.
FROM_0 = [0, 1e9], [-1e-9, np.nan, np.inf]
ABOVE_0 = [1e-9, 1e9], [0, -1, np.nan, np.inf]
FROM_0_TO_1 = [1e-9, 0, 1 - 1e-9], [-1e-9, 1, np.nan]  # without 1
ABOVE_0_BELOW_1 = [1e-9, 1 - 1e-9], [0, 1, np.nan]
WITH_1 = [1, 1e-9], [0, 1 + 1e-9, np.nan]
BOTH_ENDS = [1.0, 0], [-1e-9, 1 + 1e-9, np.nan]
WHOLE = [1, 10**6], [0, 1.0, 2.5, np.nan]
YES_OR_NO = [True, False], [0, 1, "yes"]
FUNCTION = np.sqrt
STOCHASTIC = {
    "clip_norm": ([1e-9, 1e9, None], ABOVE_0[1]),
    "averaging": ([0.5, 1e-9, 1 - 1e-9, None], ABOVE_0_BELOW_1[1]),
    "max_norm": ([1e-9, 1e9, None], ABOVE_0[1]),
    "parametrization": (["ntk", "standard"], ["NTK", None, True]),
    "rate_factors": (
        [{"biases": 0.1, "scale": 0}, {}, None],
        [{"bias": 1.0}, {"biases": -1e-9}, {"biases": "1"}, [0.1]],
    ),
}
# which schedules there are the estimators check, see their tests
DECAY = {
    "weight_decay": FROM_0,
    "decay_schedule": (["cosine", Cosine(), FUNCTION], [None, 0.1, ["cosine"]]),
}
ADAM = STOCHASTIC | {
    "beta_1": FROM_0_TO_1,
    "beta_2": FROM_0_TO_1,
    "epsilon": ABOVE_0,
}
LAZY = {"lazy": YES_OR_NO}
PARAMETRIC = {
    # none that learns itself, whose alphas nothing would hold
    "activation": ([Tanh(), SELU()], [None, "relu", Tanh, Parametric(), Adam()]),
    "start": ([0.5, 0, -1e9], [np.nan, np.inf, -np.inf]),
}
RANGES = {
    "LeakyReLU": {"slope": FROM_0_TO_1},
    "ELU": {"alpha": ABOVE_0},
    "Parametric": PARAMETRIC,
    "ParametricSELU": PARAMETRIC,
    "ParametricMish": PARAMETRIC,
    "PBLD": {"n_frequencies": WHOLE, "size": WHOLE, "sigma": ABOVE_0},
    "PiecewiseLinear": {
        "n_bins": WHOLE,
        "size": WHOLE,
        "min_rows": ([5, 0], [-1, 1.0, "0", None]),
    },
    "CategoryTable": {"size": WHOLE},
    "Orthogonal": {"scale": ABOVE_0},
    "DataDriven": {"n_mixed": WHOLE},
    "MultinomialLogLoss": {"label_smoothing": FROM_0_TO_1},
    "BinomialLogLoss": {"label_smoothing": FROM_0_TO_1},
    "MultinomialFocal": {"gamma": FROM_0},
    "BinomialFocal": {"gamma": FROM_0},
    "LogLoss": {
        "label_smoothing": FROM_0_TO_1,
        "soft_targets": YES_OR_NO,
    },
    "Focal": {"gamma": FROM_0},
    "Huber": {"delta": ABOVE_0},
    "Quantile": {
        "level": (
            [0.1, 1e-9, 1 - 1e-9, [0.5], (0.1, 0.9), np.array([0.1, 0.9])],
            [0, 1, np.nan, [], [0.1, 1], [[0.1, 0.9]], "0.5"],
        )
    },
    "TweedieDeviance": {"power": ([1, 2, 1.1], [0.9, 2.1, 0, 3, np.nan])},
    "InverseScaling": {"power_t": FROM_0},
    "Plateau": {"factor": ABOVE_0_BELOW_1, "floor": WITH_1},
    "Cosine": {"end": BOTH_ENDS},
    "OneCycle": {"rise": ABOVE_0_BELOW_1, "start": BOTH_ENDS, "end": BOTH_ENDS},
    "Exponential": {"end": WITH_1},
    "Step": {"factor": WITH_1, "n_drops": WHOLE},
    "Linear": {"end": BOTH_ENDS},
    "CosLog": {
        "n_cycles": ([1, 50], [0, 51, 1.0, np.nan]),
        "n_cycles_no_change": ([1, None], [0, -1, 1.0, "1", np.nan]),
    },
    "FlatCosine": {"hold": FROM_0_TO_1},
    "Warmup": {
        "schedule": ([Cosine(), Warmup()], [None, "cosine", Cosine, Adam()]),
        "share": WITH_1,
    },
    "LBFGS": {"max_fun": WHOLE, "map": ([map, None], [1, "map", [map]])},
    "SGD": STOCHASTIC | LAZY | {"momentum": BOTH_ENDS, "nesterovs_momentum": YES_OR_NO},
    "Adam": ADAM | LAZY,
    "AdamW": ADAM | LAZY | DECAY,
    "AMSGrad": ADAM,
    "Nadam": ADAM | {"momentum_decay": FROM_0},
    "RMSprop": STOCHASTIC
    | {"decay": FROM_0_TO_1, "momentum": FROM_0_TO_1, "epsilon": ABOVE_0},
    "Adagrad": STOCHASTIC | {"epsilon": ABOVE_0},
    "Lion": STOCHASTIC | DECAY | {"beta_1": FROM_0_TO_1, "beta_2": FROM_0_TO_1},
    "Dropout": {
        "rate": (
            [0.5, 0, 1 - 1e-9, [0.1, 0], (0.2,), np.array([0.1, 0.2])],
            [-1e-9, 1, np.nan, [], [0.1, 1], [[0.1]], "0.5", None],
        ),
        "inputs": FROM_0_TO_1,
        "noise": FROM_0,
        "schedule": (
            ["cosine", Cosine(), FUNCTION],
            [None, "unheard_of", Cosine, Schedule(), Adam(), 0.1],
        ),
    },
    "EarlyStopping": {
        "monitor": (["training", "validation"], ["loss", None, True]),
        "relative_tol": YES_OR_NO,
        "min_updates": ([1, 0, 10**6], [-1, 1.0, np.nan, None]),
        "tie_break": (["last", "first"], ["any", None, True]),
        "stratify": (["auto", True, False], ["yes", None, 1]),
    },
    "Ensemble": {
        "by": (["folds", "seeds"], ["fold", None, 5]),
        "configurations": (
            [({},), None, [{"alpha": 0.1}, {"dropout__inputs": 0.1}]],
            [[], {}, {"alpha": 0.1}, ["alpha"], [{1: 2}], "alpha", 3],
        ),
        "n_validated": ([1, 2, None], [0, -1, 1.5, True, "2"]),
        "weights": (["greedy", "equal"], ["best", None, [0.5, 0.5]]),
    },
    "Checkpoint": {
        "path": (["run.npz", Path("run.npz")], [None, "", 1, b"run.npz"]),
        "every": ([2, 1, 10**6], WHOLE[1]),
    },
}
KINDS_WITH_SETTINGS = [KINDS[name] for name in RANGES]


def made(kind, **settings):
    return kind(**NEEDED.get(kind.__name__, {}) | settings)


def ranges_of(kind):
    """(name, accepted values, refused values) of each setting."""
    return [(name, *ranges) for name, ranges in RANGES[kind.__name__].items()]


def every_setting():
    """(kind, name, accepted values, refused values) of each setting of each kind."""
    for kind in KINDS_WITH_SETTINGS:
        for name, accepted, refused in ranges_of(kind):
            yield kind, name, accepted, refused


def others(kind):
    """By each setting's name, a component whose setting is another than by default."""
    default = kind()
    return {
        name: kind(**{name: next(v for v in accepted if v != getattr(default, name))})
        for name, accepted, _ in ranges_of(kind)
    }


def test_the_ranges_are_of_all_settings_of_all_components():
    settings = {k: {f.name for f in fields(kind)} for k, kind in KINDS.items()}
    ranges = {kind: set(RANGES.get(kind, {})) for kind in KINDS}
    assert settings == ranges


def test_a_component_is_made_without_settings_and_satisfies_its_own_rules():
    for name, kind in KINDS.items():
        assert isinstance(kind(), Component), name
        assert made(kind).broken_rules("component") == [], name
        assert kind.__doc__ and not kind.__doc__.startswith(f"{kind.__name__}("), name


def test_what_a_component_takes_from_the_estimator_is_among_its_settings():
    for name, kind in KINDS.items():
        assert set(kind.flat) <= {f.name for f in fields(kind)}, name


# --- rules


def test_the_ends_of_its_range_are_accepted():
    for kind, name, accepted, _ in every_setting():
        for value in accepted:
            broken = made(kind, **{name: value}).broken_rules("component")
            assert broken == [], (kind, name, value)


def test_a_broken_rule_names_the_setting_and_what_came():
    for kind, name, _, refused in every_setting():
        for value in [*refused, WRONG]:
            case = kind, name, value
            broken = made(kind, **{name: value}).broken_rules("component")
            assert len(broken) == 1, case
            [(named, expected, came)] = broken
            assert named == f"component__{name}", case
            assert came is value, case
            assert isinstance(expected, str) and expected, case


def test_each_of_several_broken_rules_is_told():
    for kind in KINDS.values():
        names = [f.name for f in fields(kind)]
        broken = kind(**dict.fromkeys(names, WRONG)).broken_rules("component")
        assert [named for named, _, _ in broken] == [
            f"component__{name}" for name in names
        ]


def test_a_rule_broken_within_a_component_within_a_component_is_told_by_its_path():
    component = Warmup(Warmup(Cosine(end=2)), share=3)
    assert [(named, came) for named, _, came in component.broken_rules("rate")] == [
        ("rate__schedule__schedule__end", 2),
        ("rate__share", 3),
    ]


def test_a_users_objects_are_for_others_to_check():
    assert UserActivation(WRONG).broken_rules("activation") == []
    [(named, _, came)] = OfProgress(None).broken_rules("rate")
    assert (named, came) == ("rate__function", None)
    assert OfProgress(np.sqrt).broken_rules("rate") == []


def test_component_of_accepts_names_and_objects_and_lists_the_names():
    accepts, expected = component_of(ACTIVATIONS, Activation)
    assert all(map(accepts, ["relu", ELU(), UserActivation()]))
    refused = ["reLU", ELU, Adam(), None, 1, ["relu"], np.array("relu")]
    assert not any(map(accepts, refused))
    assert expected.startswith("one of 'identity', 'logistic', ")
    assert expected.endswith(", or an object such as Identity()")


# --- settings by name


def test_settings_are_read_and_set_by_name():
    for kind, name, accepted, _ in every_setting():
        component = kind()
        for value in accepted:
            case = kind, name, value
            assert component.set_params(**{name: value}) is component, case
            assert component.get_params()[name] is value, case
            assert getattr(component, name) is value, case


def test_get_params_makes_an_equal_component():
    for name, kind in KINDS.items():
        params = kind().get_params(deep=False)
        assert list(params) == [f.name for f in fields(kind)], name
        assert kind(**params) == kind(), name


def test_an_unknown_setting_is_refused_with_the_known_ones():
    for name, kind in KINDS.items():
        known = ".*".join(f.name for f in fields(kind))
        with pytest.raises(ValueError, match=f"{name} has no setting 'depth'.*{known}"):
            kind().set_params(depth=1)


def test_settings_of_a_component_within_a_component_are_reached_by_two_underscores():
    component = Warmup(Warmup(Cosine()))
    component.set_params(share=0.1, schedule__share=0.2, schedule__schedule__end=0.3)
    assert component == Warmup(Warmup(Cosine(0.3), 0.2), 0.1)
    params = component.get_params()
    assert params["schedule__schedule__end"] == 0.3
    assert params["schedule__schedule"] is component.schedule.schedule
    assert set(component.get_params(deep=False)) == {"schedule", "share"}


def test_a_component_and_its_settings_are_set_in_any_order():
    params = {
        "schedule": Warmup(Plateau()),
        "schedule__schedule": Cosine(),
        "schedule__schedule__end": 0.3,
    }
    for order in (1, -1):
        component = Warmup().set_params(**dict(list(params.items())[::order]))
        assert component == Warmup(Warmup(Cosine(0.3)))


def test_a_default_within_a_component_is_each_components_own():
    first, second = Warmup(), Warmup()
    assert first.schedule == second.schedule == Constant()
    assert first.schedule is not second.schedule


# --- values


def test_components_are_equal_when_their_settings_are():
    for kind in KINDS_WITH_SETTINGS:
        again = others(kind)
        for name, component in others(kind).items():
            assert component == again[name], (kind, name)
            assert component != kind(), (kind, name)


def test_components_of_different_kinds_differ():
    components = [kind() for kind in KINDS.values()]
    for i, component in enumerate(components):
        assert [component == other for other in components] == [
            i == j for j in range(len(components))
        ]


def pickled(component):
    return pickle.loads(pickle.dumps(component))


def test_a_copy_is_equal_and_apart():
    copies = clone, copy.deepcopy, pickled, Component.with_plain_numbers
    for kind, copied in product(KINDS_WITH_SETTINGS, copies):
        again = others(kind)
        for name, component in others(kind).items():
            twin = copied(component)
            assert twin == component and type(twin) is kind, (kind, name, copied)
            twin.set_params(**{name: WRONG})
            assert component == again[name], (kind, name, copied)


@pytest.mark.parametrize("copied", [clone, copy.deepcopy, Component.with_plain_numbers])
def test_a_copy_has_copies_of_the_components_within(copied):
    component = Warmup(Cosine(0.1))
    twin = copied(component)
    twin.set_params(schedule__end=0.2)
    assert component == Warmup(Cosine(0.1))


def test_a_component_reads_as_the_call_that_makes_it():
    names = {}
    modules = activations, embeddings, initializers, losses, options, schedules, solvers
    for module in modules:
        names |= vars(module)
    for kind in KINDS_WITH_SETTINGS:
        for component in others(kind).values():
            text = repr(component).replace("<class 'map'>", "map")  # no expression
            assert eval(text, names) == component, kind


# --- plain numbers


def test_with_plain_numbers_has_floats_of_python():
    for kind, name, accepted, _ in every_setting():
        if not any(isinstance(value, float) for value in accepted):
            continue  # takes no fractions
        for scalar in (np.float64, np.float32, np.longdouble, np.float16):
            case, component = (kind, name, scalar), kind(**{name: scalar(0.5)})
            plain = getattr(component.with_plain_numbers(), name)
            assert (type(plain), plain) == (float, 0.5), case
            # the component itself stays
            assert type(getattr(component, name)) is scalar, case


def test_with_plain_numbers_keeps_integers_integers():
    for value in (np.int64(3), np.uint8(3), 3):
        plain = Huber(value).with_plain_numbers()
        assert (type(plain.delta), plain.delta) == (int, 3)


def test_with_plain_numbers_keeps_booleans_and_what_is_no_number():
    plain = SGD(nesterovs_momentum=np.False_, clip_norm=None).with_plain_numbers()
    assert plain.nesterovs_momentum is False
    assert plain.clip_norm is None
    levels = [0.1, 0.9]
    assert Quantile(levels).with_plain_numbers().level == (0.1, 0.9)
    assert SGD(nesterovs_momentum=True).with_plain_numbers().nesterovs_momentum is True


def test_with_plain_numbers_reaches_components_within():
    plain = Warmup(Cosine(np.float64(0.5))).with_plain_numbers()
    assert type(plain.schedule.end) is float


def test_plain_numbers_leave_float32_as_it_is():
    for alpha in (np.float64(0.5), np.longdouble(0.5), Fraction(1, 2)):
        z = np.array([-1.0, 1.0], np.float32)
        activation = ELU(alpha).with_plain_numbers()
        activation.forward(z, out=z)
        delta = np.ones_like(z)
        activation.backward(delta, z, z)
        # exp(-1) / 2, to seven digits
        np.testing.assert_allclose(delta, [0.18393972, 1.0], rtol=1e-6)
        assert delta.dtype == np.float32


ENTRY = re.compile(r"^(\w+) : (.*)$", re.M)


def test_help_explains_each_setting_with_its_type_and_default():
    for name, kind in KINDS.items():
        summary, _, rest = inspect.getdoc(kind).partition("\n\n")
        assert summary.count("\n") == 0 and summary.endswith("."), name
        section = rest.partition("Parameters\n----------\n")[2].partition("\n---")[0]
        told = dict(ENTRY.findall(section))
        assert list(told) == list(inspect.signature(kind).parameters), name
        for setting in told.keys() - NEEDED.get(name, {}).keys():
            default, text = getattr(kind(), setting), told[setting]
            text = text.partition("default=")[2]
            same = text == repr(default) or ast.literal_eval(text) == default
            assert same, (name, setting)


REFERENCE = re.compile(r"\b(19|20)\d\d\b")
# What textbooks do not ask a source for.
COMMON = {"Identity", "Logistic", "Tanh", "Constant", "Linear", "Exponential", "Step"}
COMMON |= {"InverseScaling", "Adaptive", "Plateau", "OfProgress"}


def test_parts_name_their_sources():
    for name, kind in KINDS.items():
        if name in COMMON or kind in OPTIONS.values():
            continue
        sources = inspect.getdoc(kind).partition("References\n----------\n")[2]
        assert REFERENCE.search(sources), name
