"""Files with faults end in a ValueError that says which, or are the same model."""

import json

import numpy as np
import pytest

import skmlp
from skmlp import MLPClassifier
from skmlp.model_file import saving

from . import fuzz
from .models import fitted


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.skmlp"


@pytest.fixture
def parts(path):
    """The members of a model's file, by their names."""
    fitted("multiclass")[0].save(path)
    return fuzz.members(path.read_bytes())


def refused(path, content):
    path.write_bytes(content)
    messages = []
    for mmap in (False, True):
        with pytest.raises(ValueError, match="path must be a file written by") as info:
            skmlp.load(path, mmap=mmap)
        messages.append(str(info.value))
    assert messages[0][:60] == messages[1][:60]
    assert str(path) in messages[0]
    return messages[0]


@pytest.mark.parametrize("name", fuzz.MODELS)
def test_faults_made_at_random(name):
    # the counts say that each fault was made, and that those that damage were seen
    counts, _ = fuzz.run(400, names=[name])
    faults = {fault for fault, _ in counts}
    assert len(faults) == 2 * len(fuzz.OF_BYTES) + len(
        [*fuzz.OF_MEMBERS, *fuzz.OF_VALUES]
    )
    for fault in fuzz.OF_BYTES:
        assert counts[fault.__name__, "ValueError"] > 10
    assert sum(counts.values()) == 400


def test_what_is_no_model_file_is_refused(path):
    for content in (b"", b"PK", b"PK\x05\x06", b"\x80\x04.", b"{}"):
        assert refused(path, content).startswith("The "), content


def test_a_pickle_is_refused(path):
    import pickle

    assert "is not a model file" in refused(path, pickle.dumps(MLPClassifier()))


def test_other_zips_are_refused(path, tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    content = (tmp_path / "other.npz").read_bytes()
    assert "checksum" in refused(path, content)


def changed(parts, change):
    """A sealed file, with something of the tree changed."""
    tree = json.loads(parts[fuzz.TEXT])
    change(tree)
    return fuzz.zipped({**parts, fuzz.TEXT: json.dumps(tree).encode()}.items())


def test_a_file_of_a_newer_version_says_so(path, parts):
    def newer(tree):
        tree["format"] += 1
        tree["versions"]["skmlp"] = "9.9"
        tree["model"] = {"of another kind": []}

    assert "by skmlp 9.9 in a newer format" in refused(path, changed(parts, newer))


def test_a_class_of_a_newer_version_is_told_with_the_versions(path, parts):
    def newer(tree):
        tree["versions"]["skmlp"] = "9.9"
        tree["model"]["object"][1]["activation"] = {"object": ["Snake", {}, {}]}

    message = refused(path, changed(parts, newer))
    assert "of class 'Snake', which skmlp does not know" in message
    assert f"written by skmlp 9.9; this is {skmlp.__version__}" in message


FAULTS = {
    "no model": (lambda tree: tree.update(model=3), "does not contain a model"),
    "a part": (
        lambda tree: tree.update(model={"object": ["Adam", {}, {}]}),
        "does not contain a model",
    ),
    "unknown class": (
        lambda tree: tree["model"]["object"].__setitem__(0, "os.system"),
        "of class 'os.system', which skmlp does not know",
    ),
    "unknown parameter": (
        lambda tree: tree["model"]["object"][1].update(new=1),
        "unknown parameter or attribute 'new' of MLPClassifier",
    ),
    "method": (
        lambda tree: tree["model"]["object"][2].update(predict=1),
        "unknown parameter or attribute 'predict' of MLPClassifier",
    ),
    "no array": (
        lambda tree: tree["model"]["object"][2].update(coefs_={"array": "x"}),
        "array 'x' is missing",
    ),
    "array too many": (
        lambda tree: tree["model"]["object"][2].pop("intercepts_"),
        "does not use the array 'intercepts_.0'",
    ),
    "kind": (
        lambda tree: tree["model"]["object"][1].update(tol={"eval": "1"}),
        "a value of unknown kind 'eval'",
    ),
    "random state": (
        lambda tree: tree["model"]["object"][1].update(random_state=fuzz.VALUES[-3]),
        "random state",
    ),
}


def test_a_fault_is_named(path, parts):
    for name, (change, message) in FAULTS.items():
        assert message in refused(path, changed(parts, change)), name


def test_a_wrong_header_of_an_array_is_refused(path, parts):
    for header in fuzz.HEADERS:
        text = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
        start = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
        refused(path, fuzz.zipped({**parts, "coefs_.0.npy": start}.items()))


def test_sizes_of_networks_are_not_believed(path, parts):
    huge = {"object": ["PBLD", {"n_frequencies": 10**12}, {}]}
    inputs = {"n_features": 10**13, "embedded": []}
    part = {"embedding": huge, "columns": [0], "constants": []}
    inputs["embedded"] = [{"object": ["Embedded", part, {}]}]
    arguments = {"inputs": {"object": ["Inputs", inputs, {}]}, "arrays": []}

    def put(tree):
        embedding = {"object": ["InputEmbedding", arguments, {}]}
        tree["model"]["object"][2]["embedding_"] = embedding

    path.write_bytes(changed(parts, put))
    model = skmlp.load(path)  # at once, and predictions know better
    with pytest.raises(ValueError):
        model.predict(np.zeros((1, 4)))


def test_parameters_that_a_file_does_not_have_take_their_defaults(path, parts):
    def older(tree):
        del tree["model"]["object"][1]["calibration"]

    path.write_bytes(changed(parts, older))
    assert skmlp.load(path).calibration is None


def test_the_format_is_the_first():
    # a file of each release is kept in tests/export/data: a new format is read beside
    assert saving.FORMAT == 1
