"""The house: who may import whom, how long functions are, and where tests stand."""

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
    {"constraints", "errors", "files", "names", "spelling", "version"},
    {"component", "model_file"},
    {"activations", "embeddings", "initializers", "losses", "schedules", "solvers"},
    {"network"},
    {"training"},
    {"estimators", "plot"},
    {"tabular"},
    {"export"},
    {"__main__"},
]
# The floors within estimators/, by the same rule.
ESTIMATOR_FLOORS = [
    {"options"},
    {"validation"},
    {"targets"},
    {"calibration", "reporting"},
    {"fitting"},
    {"conversion", "ensemble", "lazy"},
    {"inspection"},
    {"base"},
    {"classifier", "regressor"},
    {"autoencoder", "transformer"},
]
NUMERICAL = {"numpy", "scipy"}
ONLY_ESTIMATORS = {
    "sklearn",
    "threadpoolctl",
    "joblib",
    "pandas",
    "dask",
    "distributed",
}
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
    """The floor of the component of `module` at `depth`; None if it is on none."""
    name = module.split(".")[depth]
    return next((i for i, floor in enumerate(floors) if name in floor), None)


def breaches(floors, depth):
    """Of the rule that modules import lower floors only, in words.

    A package itself sees all in it. Modules of one folder have floors of their own.
    """
    for module in SOURCES:
        ours = module.split(".")
        if len(ours) <= depth or ours[:depth] != HOUSES[depth].split("."):
            continue
        own = floor_of(module, floors, depth)
        if own is None:
            yield f"{module} is on no floor"
            continue
        for imported in modules_of_the_package(module):
            theirs = imported.split(".")
            if ours[:depth] != theirs[:depth]:
                continue  # another house
            if ours[: depth + 1] == theirs[: depth + 1] and imported != module:
                continue  # within one folder
            below = None if len(theirs) == depth else floor_of(imported, floors, depth)
            if below is None or below >= own:
                yield f"{module} (floor {own}) imports {imported} (floor {below})"


# the two houses, by the depth at which the names of their modules stand
HOUSES = {1: "skmlp", 2: "skmlp.estimators"}
TABLES = {1: FLOORS, 2: ESTIMATOR_FLOORS}
every_house = pytest.mark.parametrize("depth", HOUSES, ids=HOUSES.get)


@every_house
def test_a_module_imports_lower_floors_only(depth):
    found = list(breaches(TABLES[depth], depth))
    assert not found, (
        f"{found}: a module imports lower floors only. Move what both need further "
        "down, or move the module up in the table of floors; add a new one on the "
        "lowest floor that is above all it imports."
    )


@every_house
def test_every_name_in_the_floors_is_a_module(depth):
    named = [f"{HOUSES[depth]}.{name}" for floor in TABLES[depth] for name in floor]
    assert sorted(named) == sorted(set(named) & set(SOURCES)), (
        "a module has gone, or is on two floors: correct the table of floors"
    )


def libraries_of_its_floor(module):
    allowed = {"skmlp", *NUMERICAL, *sys.stdlib_module_names}
    if module.startswith(("skmlp.estimators", "skmlp.tabular")):
        allowed |= ONLY_ESTIMATORS
    if module.startswith("skmlp.export") or module == "skmlp.model_file.requests":
        allowed |= {"sklearn"}
    if module.startswith("skmlp.export.onnx"):
        allowed |= {"onnx", "skl2onnx"}
    if module.startswith("skmlp.tabular.parquet"):
        allowed |= {"pyarrow"}
    if module.startswith("skmlp.plot"):
        allowed |= {"matplotlib"}
    if module == "skmlp.__main__":
        allowed |= {"threadpoolctl", "joblib"}
    return allowed


def test_a_module_imports_only_the_libraries_of_its_floor():
    found = [
        f"{module} imports {name}"
        for module in SOURCES
        for name in imports(module)
        if name.partition(".")[0] not in libraries_of_its_floor(module)
    ]
    assert not found, (
        f"{found}: the engine may import numpy, scipy and the standard library; "
        "scikit-learn, threadpoolctl, joblib and dask enter by the estimators, "
        "matplotlib by the plots, onnx and skl2onnx by their exports, pyarrow by what "
        "reads Parquet, and nothing else does."
    )


def is_private(dotted_name):
    """Whether a component begins with an underscore and is no __dunder__."""
    parts = dotted_name.split(".")
    return any(p.startswith("_") and not p.endswith("__") for p in parts)


def is_private_of_scikit_learn(name):
    return name.partition(".")[0] == "sklearn" and is_private(name)


def test_of_scikit_learn_only_public_names_are_imported():
    found = [
        f"{module} imports {name}"
        for module in SOURCES
        for name in imports(module)
        if is_private_of_scikit_learn(name)
    ]
    assert not found, f"{found}, which change without notice"


def test_no_private_attribute_of_scikit_learn_is_reached_through_its_modules():
    # import sklearn.utils; sklearn.utils._x
    found = [
        f"{module} uses {ast.unparse(node)}"
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and is_private_of_scikit_learn(ast.unparse(node))
    ]
    assert not found, f"{found}, which change without notice"


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


# Tests


TESTS = Path(__file__).parents[1]
TEST_SOURCES = sorted(TESTS.rglob("*.py"))
# Modules whose whole effect is that of another one, and the file in which both are
# tested. Such a module is rare: one that can be wrong by itself has tests of its own.
TESTED_WITH = {}


def file_of_tests(module):
    """skmlp.training.run -> training/test_run.py"""
    *folders, name = module.split(".")[1:]
    return "/".join([*folders, f"test_{name}.py"])


MODULES = [name for name, path in SOURCES.items() if path.name != "__init__.py"]
TEST_FILES = {
    path.relative_to(TESTS).as_posix()
    for path in TEST_SOURCES
    if path.name.startswith("test_") and (TESTS / "laws") not in path.parents
}


def test_tests_stand_where_the_modules_do():
    strays = sorted(TEST_FILES - set(map(file_of_tests, MODULES)))
    assert not strays, (
        f"{strays} are of no module: tests of skmlp/a/b.py stand in tests/a/test_b.py, "
        "those of no module, or of many, in tests/laws/"
    )


def test_each_module_has_its_tests():
    expected = {name: TESTED_WITH.get(name, file_of_tests(name)) for name in MODULES}
    missing = {name: file for name, file in expected.items() if file not in TEST_FILES}
    assert not missing, f"{missing}, which are not there"
    for name in TESTED_WITH:
        assert name in MODULES and file_of_tests(name) not in TEST_FILES, (
            f"{name} needs no line in the table"
        )


def test_what_tests_share_is_imported_relatively():
    names = {"tests", *(path.stem for path in TEST_SOURCES if path.stem != "__init__")}
    found = [
        f"{path.relative_to(TESTS)}: {ast.unparse(node)}"
        for path in TEST_SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and names & {a.name for a in node.names})
        or (
            isinstance(node, ast.ImportFrom)
            and not node.level
            and node.module.partition(".")[0] in names
        )
    ]
    assert not found, f"{found}: from .module import name"
