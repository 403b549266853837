"""What a report of a fault needs is printed."""

import subprocess
import sys

import numpy as np
import sklearn
from threadpoolctl import threadpool_info, threadpool_limits

import skmlp
from skmlp.__main__ import main


def printed(capsys):
    """{name: text} of the lines, of several with one name the last."""
    main()
    lines = capsys.readouterr().out.splitlines()
    return dict(line.split(maxsplit=1) for line in lines)


def test_versions_are_those_that_run(capsys):
    found = printed(capsys)
    assert found["skmlp"] == skmlp.__version__
    assert found["python"] == sys.version.split()[0]
    assert found["numpy"] == np.__version__
    assert found["scikit-learn"] == sklearn.__version__


def test_packages_that_are_missing_are_told_only_where_they_are_needed(
    capsys, monkeypatch
):
    def version(name):
        raise skmlp.__main__.PackageNotFoundError(name)

    monkeypatch.setattr("skmlp.__main__.version", version)
    found = printed(capsys)
    assert found["numpy"] == "not found"
    assert "pandas" not in found


def test_threads_are_those_that_are_set(capsys, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with threadpool_limits(1):
        found = printed(capsys)
    assert int(found["processors"]) >= 1
    assert found["OMP_NUM_THREADS"] == "1"
    libraries = {library["internal_api"] for library in threadpool_info()}
    assert libraries <= set(found)
    assert all(", 1 thread" in found[name] for name in libraries)


def test_it_runs_as_a_module(tmp_path):
    command = [sys.executable, "-W", "error", "-m", "skmlp"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[0].split() == ["skmlp", skmlp.__version__]
