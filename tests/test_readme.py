"""The README tells the truth: its code runs, its tables fit the package."""

import inspect
import re
import warnings
from pathlib import Path

import pytest

import skmlp

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ESTIMATORS = [skmlp.MLPClassifier, skmlp.MLPRegressor]


def section(title):
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_python_blocks_run_one_after_the_other():
    namespace = {}
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(compile(block, "README.md", "exec"), namespace)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_parameter_table_has_each_parameter_with_its_default(estimator):
    rows = {}
    for line in section("Parameters").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            names = re.findall(r"`(\w+)`", cells[0])
            defaults = re.findall(r"`([^`]+)`", cells[1])
            rows |= dict(zip(names, defaults, strict=True))
    for name, parameter in inspect.signature(estimator).parameters.items():
        assert eval(rows[name]) == parameter.default, name


def test_commands_name_files_that_are_there():
    for name in re.findall(r"\bexamples/\w+\.py", README):
        assert (ROOT / name).is_file(), name
    for name in re.findall(r"`(\w+\.py)`", section("Usage")):
        assert (ROOT / "examples" / name).is_file(), name


def test_the_house_is_drawn_as_it_stands():
    drawn = set(re.findall(r"\w+\.py", section("How it is built")))
    there = {path.name for path in (ROOT / "skmlp").rglob("*.py")} - {"__init__.py"}
    assert drawn == there
