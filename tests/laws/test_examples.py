"""Every example runs, without a warning, and prints something."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
# less of what takes half a minute or more in full
ARGUMENTS = {
    "benchmark.py": "--only 4-5-2-3 --rounds 1",
    "benchmark_tables.py": "--tables wine diabetes --rows 300",
    "sparse_text.py": "--paragraphs 1000",
}
OPTIONAL = re.compile(r"^import (matplotlib|pandas)\b", re.M)


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_example_runs_without_a_warning(path, tmp_path):
    for needed in OPTIONAL.findall(path.read_text(encoding="utf-8")):
        pytest.importorskip(needed)
    arguments = ARGUMENTS.get(path.name, "").split()
    command = [sys.executable, "-W", "error", str(path), *arguments]
    # a backend that shows nothing, and does not say so
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "template"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


def test_there_are_examples():
    assert EXAMPLES
