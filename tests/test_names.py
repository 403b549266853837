"""Names for editors are those that the parameters take."""

import inspect
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from skmlp import MLPClassifier, MLPRegressor, names, search_space, tabular_pipeline
from skmlp.activations import ACTIVATIONS
from skmlp.embeddings import EMBEDDINGS
from skmlp.initializers import INITIALIZERS
from skmlp.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skmlp.schedules import SCHEDULES
from skmlp.solvers import SOLVERS
from skmlp.tabular import PRESETS
from skmlp.tabular.presets import KINDS

TABLES = {
    "ActivationName": ACTIVATIONS,
    "SolverName": SOLVERS,
    "ScheduleName": SCHEDULES,
    "InitializerName": INITIALIZERS,
    "EmbeddingName": EMBEDDINGS,
    "ClassificationLossName": CLASSIFICATION_LOSSES,
    "RegressionLossName": REGRESSION_LOSSES,
    "Kind": KINDS,
    "PresetName": PRESETS,
}


@pytest.mark.parametrize("name", TABLES)
def test_the_names_are_those_of_the_table(name):
    assert get_args(getattr(names, name)) == tuple(TABLES[name])


def literals(hint):
    """All strings that a type names."""
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return set().union(*map(literals, get_args(hint)))


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_parameter_takes_the_names_of_its_type(kind):
    hints = {n: literals(h) for n, h in get_type_hints(kind.__init__).items()}
    defaults = inspect.signature(kind).parameters
    assert sum(map(bool, hints.values())) >= 11
    for name, found in hints.items():
        accepts = {"class_weight": lambda value: value == "balanced"}
        accepts = accepts.get(name) or kind._rules[name][0]
        assert all(map(accepts, found)), name
        default = defaults[name].default
        assert not isinstance(default, str) or default in found, name
    text = {n for n, p in defaults.items() if isinstance(p.default, str)}
    assert text <= hints.keys()


def test_functions_for_tables_name_their_kinds():
    assert get_type_hints(tabular_pipeline) == {
        "kind": names.Kind,
        "preset": names.PresetName,
    }
    assert get_type_hints(search_space) == {"kind": names.Kind}
