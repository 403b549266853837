"""Laws of files that are whole or not there."""

import os

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


def test_the_temporary_file_is_of_this_process_and_beside_the_other(tmp_path):
    temporary = temporary_of(tmp_path / "model.skmlp")
    assert temporary.parent == tmp_path
    assert str(os.getpid()) in temporary.name and temporary.name.startswith(".")
