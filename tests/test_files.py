"""Laws of files that are whole or not there."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from skmlp.files import temporary_of, write_whole


def test_the_file_has_the_bytes_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "model.skmlp"
    for content in (b"first", b"", b"\x00" * 100_000):
        write_whole(path, content)
        assert path.read_bytes() == content
        assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_what_fails_leaves_the_last_file(tmp_path, monkeypatch, step):
    path = tmp_path / "model.skmlp"
    write_whole(path, b"good")

    def fail(*args):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, step, fail)
    monkeypatch.setattr(type(path), step, fail, raising=False)
    with pytest.raises(OSError, match="the disk is full"):
        write_whole(path, b"better")
    assert path.read_bytes() == b"good"
    assert os.listdir(tmp_path) == [path.name]


def test_threads_that_write_one_file_leave_the_whole_of_one(tmp_path):
    path, contents = tmp_path / "model.skmlp", [bytes([i]) * 300_000 for i in range(4)]
    for _ in range(5):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda content: write_whole(path, content), contents))
        assert path.read_bytes() in contents
    assert os.listdir(tmp_path) == [path.name]


def test_the_temporary_file_is_of_this_process_and_beside_the_other(tmp_path):
    temporary = temporary_of(tmp_path / "model.skmlp")
    assert temporary.parent == tmp_path
    assert str(os.getpid()) in temporary.name and temporary.name.startswith(".")
