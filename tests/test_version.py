"""The version stands in one place."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import skmlp
from skmlp.version import __version__

ROOT = Path(__file__).parents[1]


def test_the_version_has_three_numbers():
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    assert skmlp.__version__ == __version__


def test_the_project_reads_it_from_the_package():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)
    assert "version" not in project["project"]
    found = project["tool"]["setuptools"]["dynamic"]["version"]
    assert found == {"attr": "skmlp.version.__version__"}


def test_the_installed_version_is_that_of_the_package():
    try:
        installed = version("skmlp")
    except PackageNotFoundError:
        pytest.skip("a checkout that is not installed")
    assert installed == __version__
