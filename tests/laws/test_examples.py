"""Every example runs, without a warning, and prints something."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


# what takes minutes in full
ARGUMENTS = {"benchmark.py": ["--only", "4-5-2-3", "--rounds", "1"]}


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_example_runs_without_a_warning(path, tmp_path):
    command = [sys.executable, "-W", "error", str(path)]
    command += ARGUMENTS.get(path.name, [])
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


def test_there_are_examples():
    assert EXAMPLES
