"""Checkpoints: a state comes back exactly, or not at all; the last file stays whole."""

import errno
import gc
import json
import math
import os
import pickle
import re
import struct
import warnings
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from skmlp.training.checkpoint import Checkpoint, CheckpointError
from skmlp.training.observer import Epoch

IDENTITY = {"data": "abc", "settings": "def"}
BEFORE, AFTER = {"epoch": 1, "w": np.arange(5.0)}, {"epoch": 2, "w": np.ones(5)}


def fail(error):
    raise AssertionError("an unexpected failure to write") from error


def make(path, identity=None, on_failure=fail, every=1):
    return Checkpoint(Path(path), every, dict(identity or IDENTITY), on_failure)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.npz"


def names_in(folder):
    return sorted(os.listdir(folder))


def is_same(a, b):
    """Of one type, dtype and shape, and equal to the bit, the sign of 0 included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        same = a.dtype == b.dtype and a.shape == b.shape
        return same and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return list(a) == list(b) and all(is_same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(is_same, a, b))
    return (
        struct.pack("d", a) == struct.pack("d", b) if isinstance(a, float) else a == b
    )


# Round trips

FLOATS = {
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "-0.0": -0.0,
    "the smallest subnormal": 5e-324,
    "the largest subnormal": math.nextafter(2.2250738585072014e-308, 0.0),
    "the largest float": 1.7976931348623157e308,
    "a third": 1 / 3,
    "a tenth": 0.1,
    "an integral float": 2.0,
}
OTHERS = {
    "None": None,
    "True": True,
    "False": False,
    "0": 0,
    "a negative integer": -3,
    "an integer beyond 2**64": 2**128 + 1,
    "an empty string": "",
    "a string": 'It said "µ\u2028\\\n\x00"; 学習.',
    "an empty list": [],
    "integers": [3, 1, 2],
    "strings": ["one", ""],
    "floats": list(FLOATS.values()),
    "lists of floats": [[0.1, math.nan, -0.0], [math.inf, 5e-324, 1 / 3]],
    "an empty dict": {},
    "nested dicts": {"a": {"b": {"c": 1.5, "d": None}}, "e": {}},
}
RNG = np.random.default_rng(0)
ARRAYS = {
    "float64": np.array(list(FLOATS.values())),
    "float32": np.array([math.nan, math.inf, -0.0, 1e-45, 1 / 3], np.float32),
    "uint64": np.array([0, 1, 2**64 - 1], np.uint64),
    "uint32": RNG.integers(2**32, size=624, dtype=np.uint32),
    "int64": np.array([-(2**63), 2**63 - 1]),
    "an empty array": np.empty(0),
    "no rows": np.empty((0, 3), np.float32),
    "a matrix": RNG.normal(size=(4, 3)),
    "a number in an array": np.array(1.5),
}


@pytest.mark.parametrize(
    "values", [FLOATS, OTHERS, ARRAYS], ids=["floats", "others", "arrays"]
)
def test_a_value_comes_back_as_it_was(path, values):
    for name, value in values.items():
        state = {"value": value, "nested": {"value": value}}
        make(path).save(state)
        assert is_same(make(path).load(), state), name


def test_columns_and_strided_vectors_come_back_with_their_numbers(path):
    matrix = RNG.normal(size=(6, 4))
    state = {"fortran": np.asfortranarray(matrix), "strided": matrix[::2, 1]}
    make(path).save(state)
    found = make(path).load()
    for name, array in state.items():
        np.testing.assert_array_equal(found[name], array)


def test_numbers_of_numpy_come_back_as_those_of_python(path):
    for value, expected in [
        (np.float64(0.1), 0.1),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.int64(-7), -7),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
    ]:
        make(path).save({"value": value})
        assert is_same(make(path).load(), {"value": expected}), repr(value)


GENERATORS = {
    "MT19937": lambda: np.random.RandomState(3),
    "SFC64": lambda: np.random.Generator(np.random.SFC64(3)),
    "PCG64": lambda: np.random.Generator(np.random.PCG64(3)),
}


def state_of(generator):
    if isinstance(generator, np.random.RandomState):
        return generator.get_state(legacy=False)
    return generator.bit_generator.state


@pytest.mark.parametrize("make_generator", GENERATORS.values(), ids=GENERATORS)
def test_a_generator_goes_on_from_the_state_that_came_back(path, make_generator):
    generator, twin = make_generator(), make_generator()
    generator.normal(size=3)  # an odd number: a normal deviate is kept back
    make(path).save({"draws": state_of(generator)})
    found = make(path).load()["draws"]
    if isinstance(twin, np.random.RandomState):
        twin.set_state(found)
    else:
        twin.bit_generator.state = found
    np.testing.assert_array_equal(twin.normal(size=9), generator.normal(size=9))


def test_arrays_that_came_back_can_be_written_to(path):
    make(path).save(AFTER)
    found = make(path).load()["w"]
    found += 1.0
    np.testing.assert_array_equal(found, AFTER["w"] + 1.0)


def test_saving_changes_nothing_of_the_state(path):
    state = {"w": ARRAYS["a matrix"], "l": [0.1], "d": {"n": 1}}
    copy = pickle.loads(pickle.dumps(state))
    make(path).save(state)
    assert is_same(state, copy)


def test_the_last_of_many_states_is_the_one_that_comes_back(path):
    checkpoint = make(path)
    for epoch in range(5):
        checkpoint.save({"epoch": epoch, "w": np.full(10 - epoch, epoch)})
    assert is_same(make(path).load(), {"epoch": 4, "w": np.full(6, 4)})


def test_without_a_file_there_is_no_state(path):
    assert make(path).load() is None
    assert not path.exists()


@pytest.mark.parametrize("name", ["run", "run.npz", "ru[n]*?", ".hidden", "läufe 1"])
def test_the_file_has_the_name_that_was_asked_for(tmp_path, name):
    if os.name == "nt" and "*" in name:
        pytest.skip("no such name on Windows")
    make(tmp_path / name).save(AFTER)
    assert names_in(tmp_path) == [name]
    assert is_same(make(tmp_path / name).load(), AFTER)
    assert names_in(tmp_path) == [name]


def test_every_kth_epoch_is_saved_and_the_last_one(path):
    for every in (1, 3):
        checkpoint, saved = make(path, every=every), []
        for number in range(1, 9):
            run = SimpleNamespace(reason="converged" if number == 8 else None)
            run.get_state = lambda number=number: {"number": number}
            checkpoint.on_epoch_end(run, Epoch(number, 0.0, 0.0, 0.0))
            saved.append(path.exists() and checkpoint.load()["number"] == number)
        path.unlink()
        assert saved == [n % every == 0 or n == 8 for n in range(1, 9)]


def test_the_reason_of_a_callback_is_not_saved(path):
    for reason, expected in {"callback": None, "max_iter": "max_iter"}.items():
        run = SimpleNamespace(reason=reason, get_state=lambda r=reason: {"reason": r})
        make(path).on_epoch_end(run, Epoch(1, 0.0, 0.0, 0.0))
        assert make(path).load() == {"reason": expected}


def test_the_file_has_no_pickle_and_json_in_its_state(path):
    make(path).save(OTHERS | ARRAYS)
    with np.load(path, allow_pickle=False) as file:
        dtypes = {name: file[name].dtype for name in file.files}
        content = json.loads(file["state"].tobytes())
    assert not any(dtype.hasobject for dtype in dtypes.values())
    assert content["identity"] == IDENTITY


def test_the_file_is_little_larger_than_the_arrays(path):
    array = RNG.normal(size=100_000)
    make(path).save({"w": array, "again": array[::2], "more": 1})
    assert path.stat().st_size < 1.5 * array.nbytes + 4096


# Failures to write


def raising(error):
    def raises(*args, **kwargs):
        raise error

    return raises


def after_half_a_file(error):
    def savez(file, **members):
        file.write(b"PK\x03\x04 half of it")
        file.flush()
        raise error

    return savez


FAILURES = {
    "np.savez": (np, "savez", after_half_a_file),
    "os.fsync": (os, "fsync", raising),
    "Path.open": (Path, "open", raising),
    "Path.replace": (Path, "replace", raising),
}
every_failure = pytest.mark.parametrize(
    ("owner", "name", "failing"), FAILURES.values(), ids=FAILURES
)


@every_failure
def test_a_failed_save_is_told_and_leaves_the_last_file(
    path, monkeypatch, owner, name, failing
):
    for error in (errno.ENOSPC, errno.EIO, errno.EDQUOT):
        make(path).save(BEFORE)
        content, told = path.read_bytes(), []
        checkpoint = make(path, on_failure=told.append)
        failure = OSError(error, os.strerror(error))
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, failing(failure))
            checkpoint.save(AFTER)
            checkpoint.save(AFTER)
        assert told == [failure, failure]
        assert path.read_bytes() == content
        assert names_in(path.parent) == [path.name]
        assert is_same(make(path).load(), BEFORE)
        checkpoint.save(AFTER)  # and once it can be written again, it is
        assert is_same(make(path).load(), AFTER)


@every_failure
def test_without_a_last_file_a_failed_save_leaves_none(
    path, monkeypatch, owner, name, failing
):
    told = []
    checkpoint = make(path, on_failure=told.append)
    assert checkpoint.load() is None
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing(OSError(errno.ENOSPC, "full")))
        checkpoint.save(AFTER)
    assert len(told) == 1
    assert names_in(path.parent) == []
    assert checkpoint.load() is None


@every_failure
def test_an_interrupted_save_goes_on_up_and_leaves_the_last_file(
    path, monkeypatch, owner, name, failing
):
    make(path).save(BEFORE)
    content = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            make(path).save(AFTER)
    assert path.read_bytes() == content
    assert names_in(path.parent) == [path.name]


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full")
def test_a_disk_that_is_really_full_leaves_the_last_file(path):
    make(path).save(BEFORE)
    content, told = path.read_bytes(), []
    checkpoint = make(path, on_failure=told.append)
    checkpoint._temporary.symlink_to("/dev/full")
    checkpoint.save(AFTER | {"large": np.ones(100_000)})
    assert [error.errno for error in told] == [errno.ENOSPC]
    assert path.read_bytes() == content
    assert names_in(path.parent) == [path.name]
    assert is_same(make(path).load(), BEFORE)


def test_a_folder_that_is_gone_is_told(tmp_path):
    folder, told = tmp_path / "folder", []
    folder.mkdir()
    checkpoint = make(folder / "run", on_failure=told.append)
    checkpoint.save(BEFORE)
    (folder / "run").unlink()
    folder.rmdir()
    checkpoint.save(AFTER)
    assert [type(error) for error in told] == [FileNotFoundError]


# Damage


STATE = {
    # more than zipfile reads at once, so that not all of it is seen by the way
    "params": RNG.normal(size=1100),
    "single": RNG.normal(size=12).astype(np.float32),
    "order": np.arange(20),
    "training": {"n_iter": 3, "loss": 0.25, "ended": None, "texts": ["one"]},
    "curve": [0.5, 0.25, 0.125],
    "rows": [[0.5, math.nan], [0.25, math.inf]],
    "draws": {"state": {"key": np.arange(20, dtype=np.uint32), "pos": 3}},
}


def load_or_none(path):
    """The state, or None where the file is refused."""
    try:
        return make(path).load()
    except CheckpointError as error:
        assert str(error).strip()
        return None


def does_harm(path, content):
    """Whether a file of that content gives another state than STATE."""
    path.write_bytes(content)
    found = load_or_none(path)
    assert path.read_bytes() == content
    return found is not None and not is_same(found, STATE)


def headers_of(content, pattern=rb"\{'descr'.*?\}"):
    """Where the texts are that say of each array its dtype and shape."""
    return [place for m in re.finditer(pattern, content) for place in range(*m.span())]


# Of the places to damage, by default only some: a load takes a millisecond or two.
each_nth = pytest.mark.parametrize(
    "n",
    [23, pytest.param(1, marks=pytest.mark.exhaustive)],
    ids=["some places", "all places"],
)


@each_nth
def test_every_truncated_file_is_refused_and_left(path, n):
    make(path).save(STATE)
    content = path.read_bytes()
    last = range(len(content) - 600, len(content))  # the table of contents
    lengths = {*range(100), *range(0, len(content), 61), *last}
    for n_bytes in [0, *sorted(lengths)[::n], len(content) - 1]:
        path.write_bytes(content[:n_bytes])
        with pytest.raises(CheckpointError):
            make(path).load()
        assert path.read_bytes() == content[:n_bytes]
    assert names_in(path.parent) == [path.name]


def test_a_hole_of_zeros_is_refused_or_does_no_harm(path):
    # as some file systems leave after a loss of power
    make(path).save(STATE)
    content = path.read_bytes()
    for start in range(0, len(content), 67):
        holed = content[:start] + bytes(64) + content[start + 64 :]
        assert not does_harm(path, holed[: len(content)])


# Each bit by itself, which in a text makes other digits and letters too, and some more.
MASKS = [1 << bit for bit in range(8)] + [0x0C, 0xFF]


@each_nth
def test_a_flipped_byte_is_refused_or_does_no_harm(path, n):
    make(path).save(STATE)
    content = path.read_bytes()
    places = {*headers_of(content), *range(len(content) - 600, len(content), 3)}
    flips = {(place, mask) for place in places for mask in MASKS}
    for i, mask in enumerate(MASKS):
        flips |= {(place, mask) for place in range(i, len(content), 41)}
    wrong = []
    for place, mask in sorted(flips)[::n]:
        flipped = bytearray(content)
        flipped[place] ^= mask
        if does_harm(path, bytes(flipped)):
            wrong.append(bytes(flipped[max(0, place - 9) : place + 9]))
    assert not wrong, (len(wrong), wrong[:5])


@pytest.mark.parametrize(
    "pattern",
    [
        rb"(?<=descr': ').*?(?=')|(?<=shape': \()\d+",
        pytest.param(rb"\{'descr'.*?\}", marks=pytest.mark.exhaustive),
    ],
    ids=["of dtype and shape", "of a header"],
)
def test_a_damaged_dtype_or_shape_is_refused_or_does_no_harm(path, pattern):
    # of an array that is read shorter than it is, zipfile does not see the checksum
    make(path).save(STATE)
    content = path.read_bytes()
    wrong = []
    for place in headers_of(content, pattern):
        for byte in b"01248<>fiu":
            damaged = bytearray(content)
            damaged[place] = byte
            if does_harm(path, bytes(damaged)):
                wrong.append(bytes(damaged[place - 12 : place + 12]))
    assert not wrong, (len(wrong), wrong[:5])


def test_a_file_that_is_refused_is_closed(path):
    make(path).save(STATE)
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], content[:4], b"a text"):
        path.write_bytes(damaged)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ResourceWarning)
            assert load_or_none(path) is None
            gc.collect()
        assert not [str(warning.message) for warning in caught]


# Files of others


def archive(**members):
    def write(path):
        with path.open("wb") as file:
            np.savez(file, **members)

    return write


def json_member(content):
    return np.frombuffer(json.dumps(content).encode(), np.uint8)


def write_zip(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("state", "{}")


def write_npy(path):
    with path.open("wb") as file:
        np.save(file, np.arange(5.0))


FOREIGN = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("epoch,loss\n1,0.5\n"),
    "JSON": lambda path: path.write_text('{"state": {}, "identity": {}}'),
    "the head of an image": lambda path: path.write_bytes(
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    ),
    "random bytes": lambda path: path.write_bytes(RNG.bytes(1000)),
    "an array": write_npy,
    "an archive without state": archive(weights=np.ones(3)),
    "an empty archive": archive(),
    "a zip file": write_zip,
    "a state that is no JSON": archive(state=np.arange(9)),
    "a state that is a list": archive(state=json_member([1, 2])),
    "a state of less": archive(state=json_member({"format": 1})),
    "a state of an array that is missing": archive(
        state=json_member({"format": 1, "identity": IDENTITY, "state": {"\0array": 0}})
    ),
    "a state of objects": archive(state=np.array([{}, None], dtype=object)),
    "another format": archive(
        state=json_member({"format": 99, "identity": IDENTITY, "state": {}})
    ),
    "a pickle": lambda path: path.write_bytes(pickle.dumps({"state": 1})),
}


@pytest.mark.parametrize("write", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_refused_and_left(path, write):
    write(path)
    content = path.read_bytes()
    with pytest.raises(CheckpointError):
        make(path).load()
    assert path.read_bytes() == content
    assert names_in(path.parent) == [path.name]


def test_a_pickle_is_not_run(path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(path.parent / "harm"),)

    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(CheckpointError):
        make(path).load()
    archive(state=np.array([Evil()], dtype=object))(path)
    with pytest.raises(CheckpointError):
        make(path).load()
    assert names_in(path.parent) == [path.name]


def test_a_folder_in_the_place_of_the_file_is_refused_and_left(path):
    path.mkdir()
    (path / "inside").write_text("here")
    with pytest.raises(CheckpointError):
        make(path).load()
    assert (path / "inside").read_text() == "here"


def test_a_file_of_another_version_is_said_to_be_one(path):
    FOREIGN["another format"](path)
    with pytest.raises(CheckpointError, match="another version of skmlp"):
        make(path).load()


# Identity


def test_another_identity_is_refused_by_name_and_left(path):
    make(path).save(AFTER)
    content = path.read_bytes()
    for other in (
        {"data": "xyz"},
        {"settings": "xyz"},
        {"data": "x", "settings": "y"},
        {"weights": "new"},
    ):
        with pytest.raises(CheckpointError) as caught:
            make(path, IDENTITY | other).load()
        for name in ("data", "settings", "weights"):
            assert (name in str(caught.value)) == (name in other), (name, other)
        assert path.read_bytes() == content
        assert is_same(make(path).load(), AFTER)


def test_an_error_of_a_checkpoint_is_a_value_error():
    assert issubclass(CheckpointError, ValueError)


# Leftovers, and folders that can't be written to


def test_leftovers_of_a_killed_process_are_removed(path):
    make(path).save(AFTER)
    for pid in (1, 77, 4194304):
        path.with_name(f".{path.name}.{pid}.skmlp").write_bytes(b"PK half a file")
    assert is_same(make(path).load(), AFTER)
    assert names_in(path.parent) == [path.name]


def test_leftovers_are_removed_where_there_is_no_file_yet(path):
    path.with_name(f".{path.name}.77.skmlp").write_bytes(b"PK half a file")
    assert make(path).load() is None
    assert names_in(path.parent) == []


@pytest.mark.parametrize("name", ["run", "ru[n]", "r?n"])
def test_files_of_others_in_the_folder_are_left(tmp_path, name):
    if os.name == "nt" and "?" in name:
        pytest.skip("no such name on Windows")
    others = ["run.npz", "run.77", ".runs.77.skmlp", ".ru", "notes.txt", ".run-2024"]
    for other in others:
        (tmp_path / other).write_text(other)
    make(tmp_path / name).load()
    assert names_in(tmp_path) == sorted(others)


def test_what_another_checkpoint_is_writing_is_left(tmp_path):
    # that of process 77 for "run.2"
    writing = tmp_path / ".run.2.77.skmlp"
    writing.write_bytes(b"PK half a file")
    make(tmp_path / "run").load()
    assert names_in(tmp_path) == [writing.name]


def test_a_folder_that_is_not_there_is_an_error_at_once(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read or written"):
        make(tmp_path / "missing" / "run").load()
    assert names_in(tmp_path) == []


def test_a_folder_that_is_a_file_is_an_error_at_once(tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(CheckpointError, match="cannot be read or written"):
        make(tmp_path / "file" / "run").load()
    assert (tmp_path / "file").read_text() == "here"


def test_a_folder_that_is_read_only_is_an_error_at_once(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o500)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("this user can write to it all the same")
        with pytest.raises(CheckpointError, match="cannot be read or written"):
            make(folder / "run").load()
    finally:
        folder.chmod(0o700)


def test_a_file_that_can_not_be_read_is_an_error(path, monkeypatch):
    make(path).save(AFTER)
    denied = PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr(np, "load", raising(denied))
    with pytest.raises(CheckpointError, match="cannot be read or written"):
        make(path).load()
