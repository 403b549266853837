"""What a package index reads of the project, in pyproject.toml and the conda recipe."""

import re
import tomllib
from pathlib import Path

from skmlp.version import __version__

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
RECIPE = (ROOT / "examples/site/recipe.yaml").read_text(encoding="utf-8")


def listed(title):
    """The entries under a key of the recipe, without blanks."""
    lines = RECIPE.partition(f"\n  {title}:\n")[2].splitlines()
    entries = [re.match(r"    - (.*)", line) for line in lines]
    end = next(i for i, entry in enumerate(entries) if entry is None)
    return {entry[1].replace(" ", "") for entry in entries[:end]}


def test_the_recipe_has_the_projects_version():
    assert f'\n  version: "{__version__}"\n' in RECIPE


def test_the_recipe_has_the_projects_requirements():
    python = PROJECT["requires-python"]
    assert f'python_min: "{python.removeprefix(">=")}"' in RECIPE
    run = {"python>=${{python_min}}", *PROJECT["dependencies"]}
    assert listed("run") == run
    assert set(PYPROJECT["build-system"]["requires"]) <= listed("host")


def test_the_recipe_has_the_projects_summary_and_license():
    assert f'summary: "{PROJECT["description"]}"' in RECIPE
    assert f"license: {PROJECT['license']}\n" in RECIPE


def test_the_classifiers_have_each_version_of_python():
    named = re.findall(r"Python :: 3\.(\d+)", " ".join(PROJECT["classifiers"]))
    minors = [int(minor) for minor in named]
    first = int(PROJECT["requires-python"].removeprefix(">=3."))
    assert minors == list(range(first, first + len(minors)))
    assert len(minors) > 1
