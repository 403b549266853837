"""The README tells the truth: its code runs, its tables fit the package."""

import dataclasses
import inspect
import re
import warnings
from pathlib import Path

import pytest

import skmlp
from skmlp.activations import ACTIVATIONS
from skmlp.embeddings import EMBEDDINGS
from skmlp.initializers import INITIALIZERS
from skmlp.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skmlp.schedules import SCHEDULES
from skmlp.solvers import SOLVERS

# settings that the text above the table explains for all solvers, or as adam's
EVERYWHERE = ("clip_norm", "averaging", "lazy")
LIKE_ADAM, ADAM = ("adamw", "amsgrad", "nadam"), ("beta_1", "beta_2", "epsilon")
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ESTIMATORS = [skmlp.MLPClassifier, skmlp.MLPRegressor]


def section(title):
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_python_blocks_run_one_after_the_other():
    for needed in "pandas", "matplotlib":
        pytest.importorskip(needed)
    namespace = {}
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(compile(block, "README.md", "exec"), namespace)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_parameter_table_has_each_parameter_with_its_default(estimator):
    rows, other = {}, "regressor" if "Class" in estimator.__name__ else "classifier"
    for line in section("Parameters").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and other not in cells[0]:
            names = re.findall(r"`(\w+)`", cells[0])
            defaults = re.findall(r"`([^`]+)`", cells[1])
            rows |= dict(zip(names, defaults, strict=True))
    for name, parameter in inspect.signature(estimator).parameters.items():
        assert eval(rows[name]) == parameter.default, name


PARTS = {
    "Activations": ACTIVATIONS,
    "Losses": CLASSIFICATION_LOSSES | REGRESSION_LOSSES,
    "Solvers": SOLVERS,
    "Schedules": SCHEDULES,
    "Initial weights": INITIALIZERS,
    "Embeddings": EMBEDDINGS,
}


@pytest.mark.parametrize("title", PARTS)
def test_the_tables_of_parts_have_each_part_with_its_settings(title):
    table = section("Parts").split(f"**{title}**")[1].split("\n**")[0]
    rows = [line for line in table.splitlines() if '`"' in line]
    named = re.findall(r'`"(\w+)"`', " ".join(row.split("|")[1] for row in rows))
    if title == "Losses":
        named = re.findall(r'`"(\w+)"`', " ".join(row.split("|")[2] for row in rows))
    assert set(named) == set(PARTS[title])
    for name, kind in PARTS[title].items():
        given = " ".join(row for row in rows if f'"{name}"' in row)
        for field in dataclasses.fields(kind):
            if field.name in EVERYWHERE or (name in LIKE_ADAM and field.name in ADAM):
                continue
            default = repr(getattr(kind(), field.name)).replace("e-0", "e-")
            assert f"`{field.name}={default}`" in given, field.name


def test_commands_name_files_that_are_there():
    for name in re.findall(r"\bexamples/\w+\.py", README):
        assert (ROOT / name).is_file(), name
    for name in re.findall(r"`(\w+\.py)`", section("Usage")):
        assert (ROOT / "examples" / name).is_file(), name


def test_the_house_is_drawn_as_it_stands():
    drawn = set(re.findall(r"\w+\.py", section("How it is built")))
    there = {path.name for path in (ROOT / "skmlp").rglob("*.py")} - {"__init__.py"}
    assert drawn == there
