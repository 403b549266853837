"""Laws of trees: what is taken apart is put together again, and nothing else is."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import skmlp  # noqa: F401  whose import fills the table of classes
from skmlp.activations import Parametric, Tanh
from skmlp.model_file.archive import FileError
from skmlp.model_file.objects import CLASSES, DECODERS, Decoder, Encoder
from skmlp.solvers import AdamW

from .models import is_same

VALUES = {
    "nothing": None,
    "flags": [True, False],
    "whole numbers": [0, -3, 2**70],
    "floats": [0.1, -0.0, 5e-324, math.inf, -math.inf, math.nan],
    "texts": ["", "µ\n\x00"],
    "tuples": (1, ("a", [2.0])),
    "sets": {3, "a"},
    "dicts": {1: "one", "two": [2], (3, None): {}},
    "arrays": [np.arange(6.0).reshape(2, 3), np.float32([1.5]), np.zeros((0, 2), int)],
    "texts in arrays": np.array(["a", "bcd"]),
    "objects in arrays": np.array([[None, "a"], [1, 2.5]], object),
    "scalars": [np.float32(0.1), np.int64(-3), np.bool_(True), np.str_("a")],
    "dtypes": [np.dtype("float32"), np.dtype(bool)],
    "types": [np.float64, float],
    "classes": AdamW,
    "paths": Path("folder/file"),
    "random states": np.random.RandomState(3),
    "objects": [AdamW(weight_decay=0.1, rate_factors={"biases": 0.5}), Tanh()],
    "objects within objects": Parametric(Tanh(), start=0.5),
}


def round_trip(value):
    encoder = Encoder("MLPClassifier")
    tree = json.loads(json.dumps(encoder.encode(value, "value")))
    decoder = Decoder(encoder.arrays)
    found = decoder.decode(tree)
    decoder.check_all_used()
    return found


def test_a_value_comes_back_with_its_type_and_bits():
    for name, value in VALUES.items():
        assert is_same(round_trip(value), value), name


def test_all_kinds_of_trees_are_among_these():
    encoder = Encoder("MLPClassifier")
    text = json.dumps([encoder.encode(v, "v") for v in VALUES.values()])
    kinds = {kind for kind in DECODERS if f'{{"{kind}": ' in text}
    assert kinds >= DECODERS.keys() - {"strings"}  # those of NumPy's StringDType


def test_an_array_that_is_there_twice_is_one_member():
    array = np.arange(3.0)
    encoder = Encoder("MLPClassifier")
    encoder.encode([array, array, array.copy()], "value")
    assert len(encoder.arrays) == 2


class Own:
    """A class that no table has."""


@pytest.mark.parametrize(
    "value",
    [Own(), len, Own, np.dtype("M8[ns]"), 1j],
    ids=["object", "function", "class", "dtype", "complex"],
)
def test_what_the_table_does_not_have_is_refused_by_its_place(value):
    with pytest.raises(TypeError, match=r"MLPClassifier: model\.loss must be a plain"):
        Encoder("MLPClassifier").encode(value, "model", "loss")


def object_tree(name="AdamW", arguments=None, attributes=None):
    return {"object": [name, arguments or {}, attributes or {}]}


FAULTS = {
    "a kind that there is not": ({"code": "1 + 1"}, "unknown kind 'code'"),
    "an array that there is not": ({"array": "w"}, "array 'w' is missing"),
    "an unknown class": (object_tree("Popen"), "class 'Popen'"),
    "an unknown type": ({"class": "Popen"}, "class 'Popen'"),
    "an unknown argument": (
        object_tree(arguments={"x": 1}),
        "unknown parameter or attribute 'x' of AdamW",
    ),
    "an attribute in a method's place": (
        object_tree(attributes={"step": 1}),
        "unknown parameter or attribute 'step' of AdamW",
    ),
    "too few objects": ({"objects": [[3], [1, 2]]}, "does not match its length"),
}


def test_a_tree_with_a_fault_is_refused():
    for tree, text in FAULTS.values():
        with pytest.raises(FileError, match=text):
            Decoder({}).decode(tree)


def test_a_random_state_beyond_its_end_is_refused():
    encoder = Encoder("MLPClassifier")
    tree = encoder.encode(np.random.RandomState(0), "state")
    decoded = Decoder(encoder.arrays)
    tree["random_state"]["tuple"][2] = 10**6
    with pytest.raises(FileError, match="random state"):
        decoded.decode(tree)


def test_arrays_that_the_model_has_not_are_named():
    decoder = Decoder({"w": np.zeros(3)})
    decoder.decode([1, 2])
    with pytest.raises(FileError, match="array 'w'"):
        decoder.check_all_used()


def test_every_class_is_known_by_its_own_name():
    assert CLASSES
    assert all(kind.__name__ == name for name, kind in CLASSES.items())
