"""The version is the same wherever it stands."""

import tomllib
from pathlib import Path

import skmlp
from skmlp.version import __version__


def test_the_version_is_that_of_the_project():
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert skmlp.__version__ == __version__ == tomllib.loads(text)["project"]["version"]
