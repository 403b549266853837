"""The house: who may import whom, and how long functions are, read from the source."""

import ast
import sys
from pathlib import Path
from statistics import median

import pytest

import skmlp

ROOT = Path(skmlp.__file__).parent

# Each floor imports lower floors only, and nothing of its own: a new module gets its
# name here, on the lowest floor that holds all it imports. Folders count as a module.
FLOORS = [
    {"checkpoint", "rules", "version"},
    {"parts"},
    {"activations", "embeddings", "initializers", "losses", "schedules", "solvers"},
    {"inputs", "layers"},
    {"network"},
    {"objective", "sensitivity"},
    {"batches", "history", "layer_records", "lazy"},
    {"report"},
    {"monitor"},
    {"run"},
    {"minimization", "training"},
    {"estimators", "plot"},
    {"tabular"},
]
# The floors within estimators/, by the same rule.
ESTIMATOR_FLOORS = [
    {"callbacks", "optional", "state", "temperature", "threads", "validation"},
    {
        "averaging",
        "checkpoints",
        "class_columns",
        "messages",
        "monitoring",
        "parts",
        "scaling",
        "splitting",
        "weighting",
    },
    {
        "continuation",
        "embedding",
        "rates",
        "refusals",
        "summary",
        "targets",
    },
    {"assembly"},
    {"diagnostics", "explaining", "publishing", "validation_rows"},
    {"calibration", "refitting"},
    {"members"},
    {"base"},
    {"classifier", "regressor"},
    {"autoencoder", "transformer"},
]
NUMERICAL = {"numpy", "scipy"}
ONLY_ESTIMATORS = {"sklearn", "threadpoolctl", "joblib", "pandas"}
# Where unrelated things meet.
NO_NAMES = {"utils", "helpers", "common"}


def module_name(path):
    """skmlp/estimators/base.py -> skmlp.estimators.base"""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}
TREES = {
    name: ast.parse(path.read_text(encoding="utf-8")) for name, path in SOURCES.items()
}
every_module = pytest.mark.parametrize("module", SOURCES)


def absolute(module, node):
    """The module that `node`, a from-import in `module`, takes names from."""
    if not node.level:
        return node.module
    package = module.split(".")
    if SOURCES[module].name != "__init__.py":
        package.pop()
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def imports(module):
    """Dotted names that the module imports, the names after `from ... import` too."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = absolute(module, node)
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def modules_of_the_package(module):
    """Those of the package that the module imports, by their full names."""
    for name in imports(module):
        parent = name.rpartition(".")[0]
        if name.partition(".")[0] == "skmlp":
            yield name if name in SOURCES else parent


def floor_of(module, floors, depth):
    """The floor of the component of `module` at `depth`; None for the roof."""
    parts = module.split(".")
    if len(parts) <= depth:
        return None  # the package itself, which sees all
    for number, floor in enumerate(floors):
        if parts[depth] in floor:
            return number
    path = SOURCES[module].relative_to(ROOT.parent)
    table = "FLOORS" if depth == 1 else "ESTIMATOR_FLOORS"
    raise AssertionError(
        f"{path} is on no floor: add {parts[depth]!r} to {table} in {__name__}, on the "
        "lowest floor that is above all it imports."
    )


def assert_downward(module, floors, depth):
    """All that `module` imports of the house is on a lower floor."""
    own = floor_of(module, floors, depth)
    for imported in modules_of_the_package(module):
        theirs, ours = imported.split("."), module.split(".")
        if own is None or theirs[:depth] != ours[:depth]:
            continue  # seen from the roof, or another house
        if theirs[: depth + 1] == ours[: depth + 1] and imported != module:
            continue  # within one folder, whose own floors are tested apart
        below = floor_of(imported, floors, depth)
        assert below is not None and below < own, (
            f"{module} (floor {own}) imports {imported} (floor {below}): a module "
            "imports lower floors only. Move what both need further down, or move "
            "the module up in the table of floors."
        )


@every_module
def test_a_module_imports_lower_floors_only(module):
    assert_downward(module, FLOORS, depth=1)


@pytest.mark.parametrize("module", [m for m in SOURCES if m.startswith("skmlp.est")])
def test_within_estimators_a_module_imports_lower_floors_only(module):
    assert_downward(module, ESTIMATOR_FLOORS, depth=2)


@pytest.mark.parametrize(
    "floors, depth, package",
    [(FLOORS, 1, "skmlp"), (ESTIMATOR_FLOORS, 2, "skmlp.estimators")],
    ids=["package", "estimators"],
)
def test_every_name_in_the_floors_is_a_module(floors, depth, package):
    named = [f"{package}.{name}" for floor in floors for name in floor]
    assert sorted(named) == sorted(set(named) & set(SOURCES)), (
        "a module has gone, or is on two floors: correct the table of floors"
    )


@every_module
def test_a_module_imports_only_the_libraries_of_its_floor(module):
    allowed = {"skmlp", *NUMERICAL, *sys.stdlib_module_names}
    if module.startswith(("skmlp.estimators", "skmlp.tabular")):
        allowed |= ONLY_ESTIMATORS
    if module.startswith("skmlp.plot"):
        allowed |= {"matplotlib"}
    found = {name.partition(".")[0] for name in imports(module)}
    assert found <= allowed, (
        f"{module} imports {sorted(found - allowed)}: the engine may import numpy, "
        "scipy and the standard library; scikit-learn, threadpoolctl and joblib enter "
        "by the estimators alone, matplotlib by the plots, and nothing else does."
    )


def is_private(dotted_name):
    """Whether a component begins with an underscore and is no __dunder__."""
    parts = dotted_name.split(".")
    return any(p.startswith("_") and not p.endswith("__") for p in parts)


@every_module
def test_of_scikit_learn_only_public_names_are_imported(module):
    private = [
        name
        for name in imports(module)
        if name.partition(".")[0] == "sklearn" and is_private(name)
    ]
    assert not private, f"{module} imports {private}, which change without notice"


@every_module
def test_no_private_attribute_of_scikit_learn_is_reached_through_its_modules(module):
    # import sklearn.utils; sklearn.utils._x
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            of_sklearn = name.partition(".")[0] == "sklearn"
            assert not (of_sklearn and is_private(name)), f"{module} uses {name}"


def test_no_file_is_where_unrelated_things_meet():
    found = [name for name in SOURCES if name.rpartition(".")[2] in NO_NAMES]
    assert not found, f"{found}: name a module by the one thing it is about"


def n_lines(function):
    """Lines of a function, its docstring excluded."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function, clean=False) is not None:
        docstring = function.body[0]
        lines -= docstring.end_lineno - docstring.lineno + 1
    return lines


def test_the_median_function_is_shorter_than_ten_lines():
    lengths = [
        n_lines(node)
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert median(lengths) < 10
