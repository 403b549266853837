"""The README tells the truth, in few lines: its code runs, its files are there."""

import inspect
import re
import warnings
from pathlib import Path

import pytest

import skmlp

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ESTIMATORS = [skmlp.MLPClassifier, skmlp.MLPRegressor]
N_LINES = 180
# what is to be seen without scrolling
FIRST = "\n".join(README.splitlines()[:45])


def test_it_is_short():
    assert len(README.splitlines()) <= N_LINES


def test_the_first_lines_have_what_people_decide_by():
    assert re.findall(r"^[+-](.*import .*)$", FIRST, re.M) == [
        "from sklearn.neural_network import MLPClassifier, MLPRegressor",
        "from skmlp import MLPClassifier, MLPRegressor",
    ]
    assert "pip install ." in FIRST
    assert FIRST.count("python3 -m venv .venv") == 2  # the two set-up commands
    assert re.search(r"^!\[.{20,}\]\(examples/images/\w+\.png\)$", FIRST, re.M)


def test_python_blocks_run_one_after_the_other(tmp_path, monkeypatch):
    for needed in "pandas", "matplotlib":
        pytest.importorskip(needed)
    import matplotlib.pyplot as plt

    plt.switch_backend("Agg")
    monkeypatch.chdir(tmp_path)
    namespace = {}
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(compile(block, "README.md", "exec"), namespace)
    plt.close("all")


SAME_TEXT_BUT = {"early_stopping", "output_bias", "scoring", "ensemble", "loss"}


def test_both_estimators_say_the_same_of_the_parameters_that_they_share():
    docs = [
        dict(re.findall(r"^(\w+ : .*)\n((?:    .*\n|\n)+)", inspect.getdoc(e), re.M))
        for e in ESTIMATORS
    ]
    heads = [
        {head.split(" : ")[0]: head + text for head, text in doc.items()}
        for doc in docs
    ]
    shared = inspect.signature(ESTIMATORS[0]).parameters.keys()
    shared &= inspect.signature(ESTIMATORS[1]).parameters.keys()
    differ = {n for n in shared if heads[0][n].strip() != heads[1][n].strip()}
    assert differ == SAME_TEXT_BUT


def test_commands_name_files_that_are_there():
    named = re.findall(r"\bexamples/\w+\.py", README)
    assert named
    for name in named:
        assert (ROOT / name).is_file(), name


def test_there_is_one_command_that_runs_the_tests():
    # .ci/run takes it from here
    found = re.findall(r"^<!-- test command -->\n```sh\n(.*)\n```$", README, re.M)
    assert len(found) == 1
    assert found[0].endswith("-m pytest -n auto")
