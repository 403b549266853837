"""Converts objects to trees of plain values and arrays, and back.

Only classes in a table of known ones can be converted. A tree is JSON: null, true,
false, numbers, strings and lists stand for themselves; anything else is an object with
a single key, which gives its kind:

    {"object": [class, arguments, attributes]}   the class by its name in the table,
                     the arguments of its constructor, and attributes set afterwards;
                     a fourth item has metadata requests, by method, if any were set
    {"array": name}                              an array of the file
    {"objects": [shape, values]}                 an array of Python objects
    {"strings": [shape, values]}                 an array of dtype StringDType
    {"scalar": [dtype, value]}                   a NumPy scalar: number, bool or str
    {"tuple": values}  {"set": values}  {"dict": [[key, value], ...]}
    {"float": "inf"}                             also "-inf" and "nan"
    {"dtype": name}  {"type": name}              numpy.dtype(name), and its scalar type
    {"class": name}                              a class of the table
    {"path": text}                               pathlib.Path
    {"random_state": state}                      numpy.random.RandomState, by get_state
"""

import inspect
import math
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from skmlp.errors import short_repr
from skmlp.model_file.archive import KINDS, Arrays, FileError
from skmlp.model_file.requests import set_requests, split_requests

# The classes whose objects a file may hold, by name; filled by `skmlp.export.classes`.
CLASSES: dict[str, type[Any]] = {}
PLAIN = (bool, int, str, type(None))
WIDTHS = {"int": (8, 16, 32, 64), "uint": (8, 16, 32, 64), "float": (16, 32, 64)}
NUMBERS = [f"{kind}{width}" for kind, widths in WIDTHS.items() for width in widths]
N_STATE = 624  # numbers in the state of a RandomState
DTYPES = {name: np.dtype(name) for name in ["bool", *NUMBERS]}
TYPES = {"float": float} | {name: dtype.type for name, dtype in DTYPES.items()}
SCALARS: dict[str, Any] = {"str": np.str_} | {n: d.type for n, d in DTYPES.items()}

Path_ = tuple[str, ...]


def argument_names(kind: Callable[..., Any]) -> list[str]:
    """The parameters of a class's constructor, which are also attributes."""
    return list(inspect.signature(kind).parameters)


def taken_apart(value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The constructor's arguments and the other attributes, as in a pickle.

    Objects without ``get_params`` are fully described by their arguments. A setting
    that is held by reference is left out.
    """
    kind = type(value)
    left_out = kind.by_reference if hasattr(kind, "by_reference") else ()
    names = [name for name in argument_names(kind) if name not in left_out]
    arguments = {name: getattr(value, name) for name in names}
    if not hasattr(value, "get_params"):
        return arguments, {}
    state = value.__getstate__() or {}
    known = {*arguments, *left_out}
    return arguments, {n: v for n, v in state.items() if n not in known}


class Encoder:
    """Converts values to trees, and collects their arrays by path in `arrays`."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.arrays: Arrays = {}
        self._names: dict[int, str] = {}  # of arrays, by their id

    def encode(self, value: Any, *path: str) -> Any:
        """The tree of a value, found at `path` in the model."""
        if type(value) in PLAIN:
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        for kind, encoded in ENCODERS:
            if isinstance(value, kind):
                tree = encoded(self, value, path)
                if tree is not None:
                    return tree
        return self._object(value, path)

    def _list(self, values: Iterable[Any], path: Path_) -> list[Any]:
        return [self.encode(v, *path, str(i)) for i, v in enumerate(values)]

    def _collection(self, value: Any, path: Path_) -> Any:
        """The tree of a list, tuple, set or dict; None for subclasses of them."""
        if type(value) is list:
            return self._list(value, path)
        if type(value) is tuple:
            return {"tuple": self._list(value, path)}
        if type(value) is set:
            return {"set": self._list(sorted(value, key=repr), path)}
        if type(value) is dict:
            pairs = enumerate(value.items())
            return {"dict": [self._list(pair, (*path, str(i))) for i, pair in pairs]}
        return None

    def _array(self, array: Any, path: Path_) -> Any:
        array = np.asarray(array)
        if array.dtype.kind in "OT":
            values = self._list(array.astype(object).ravel().tolist(), path)
            name = "objects" if array.dtype.kind == "O" else "strings"
            return {name: [list(array.shape), values]}
        if array.dtype.kind not in KINDS or array.dtype.names:
            return None
        name = self._names.setdefault(id(array), ".".join(path))
        self.arrays[name] = array  # keeps the array alive, so that its id stays unique
        return {"array": name}

    def _scalar(self, value: Any, path: Path_) -> Any:
        name = "str" if value.dtype.kind == "U" else value.dtype.name
        return {"scalar": [name, value.item()]} if name in SCALARS else None

    def _type(self, value: Any, path: Path_) -> Any:
        name = value.__name__
        if CLASSES.get(name) is value:
            return {"class": name}
        return {"type": name} if TYPES.get(name) is value else None

    def _dtype(self, value: Any, path: Path_) -> Any:
        return {"dtype": value.name} if value.name in DTYPES else None

    def _path(self, value: Any, path: Path_) -> Any:
        return {"path": str(value)}

    def _random_state(self, value: Any, path: Path_) -> Any:
        return {"random_state": self.encode(value.get_state(), *path)}

    def _object(self, value: Any, path: Path_) -> Any:
        kind = type(value)
        if CLASSES.get(kind.__name__) is not kind:
            raise TypeError(
                f"{self.owner}: {'.'.join(path)} must be a plain value, an array or an "
                f"object of skmlp to be saved, got {short_repr(value)}. Model files "
                "contain no code; if only training needs it, replace it before saving."
            )
        arguments, state = taken_apart(value)
        state, requests = split_requests(kind, state)
        parts = [arguments, state, *([requests] if requests else [])]
        return {"object": [kind.__name__, *(self._attributes(p, path) for p in parts)]}

    def _attributes(self, values: dict[str, Any], path: Path_) -> dict[str, Any]:
        return {name: self.encode(v, *path, name) for name, v in values.items()}


# By type, in the order in which they are tried.
ENCODERS: list[tuple[Any, Callable[[Encoder, Any, Path_], Any]]] = [
    ((list, tuple, set, dict), Encoder._collection),
    (np.ndarray, Encoder._array),
    (np.generic, Encoder._scalar),
    (type, Encoder._type),
    (np.dtype, Encoder._dtype),
    (PurePath, Encoder._path),
    (np.random.RandomState, Encoder._random_state),
]


class Decoder:
    """Rebuilds objects from trees and the arrays of a file."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays, self._used = arrays, set[str]()

    def decode(self, tree: Any) -> Any:
        """The value of a tree."""
        if isinstance(tree, list):
            return [self.decode(item) for item in tree]
        if not isinstance(tree, dict):
            return tree
        [(key, content)] = tree.items()
        if key not in DECODERS:
            raise FileError(f"The file has a value of unknown kind {short_repr(key)}.")
        return DECODERS[key](self, content)

    def check_all_used(self) -> None:
        """Raise a FileError if the file has arrays that the model does not use."""
        unused = sorted(self._arrays.keys() - self._used)
        if unused:
            raise FileError(f"The model does not use the array {unused[0]!r}.")

    def _tuple(self, content: Any) -> Any:
        return tuple(self.decode(content))

    def _set(self, content: Any) -> Any:
        return set(self.decode(content))

    def _dict(self, content: Any) -> Any:
        return {self.decode(key): self.decode(value) for key, value in content}

    def _array(self, name: Any) -> Any:
        if name not in self._arrays:
            raise FileError(f"The array {short_repr(name)} is missing from the file.")
        self._used.add(name)
        return self._arrays[name]

    def _objects(self, content: Any) -> Any:
        return self._filled(content, np.dtype(object))

    def _strings(self, content: Any) -> Any:
        return self._filled(content, np.dtypes.StringDType())

    def _filled(self, content: Any, dtype: Any) -> Any:
        shape, values = content
        if math.prod(shape) != len(values):
            raise FileError("The shape of an object array does not match its length.")
        flat = np.empty(len(values), dtype)
        for i, value in enumerate(values):
            flat[i] = self.decode(value)
        return flat.reshape(shape)

    def _scalar(self, content: Any) -> Any:
        name, value = content
        return SCALARS[name](value)

    def _float(self, text: Any) -> Any:
        return {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}[text]

    def _type(self, name: Any) -> Any:
        return TYPES[name]

    def _dtype(self, name: Any) -> Any:
        return DTYPES[name]

    def _path(self, text: Any) -> Any:
        return Path(text)

    def _random_state(self, content: Any) -> Any:
        state = self.decode(content)
        if not 0 <= state[2] <= N_STATE:  # NumPy would read out of bounds
            raise FileError("The file has an invalid random state.")
        random_state = np.random.RandomState(0)
        random_state.set_state(state)
        return random_state

    def _class(self, name: Any) -> Any:
        if name not in CLASSES:
            raise FileError(
                f"The file has an object of class {short_repr(name)}, which skmlp does "
                "not know."
            )
        return CLASSES[name]

    def _object(self, content: Any) -> Any:
        name, arguments, attributes, *requests = content
        kind = self._class(name)
        unknown = arguments.keys() - {*argument_names(kind)}
        unknown |= {n for n in attributes if hasattr(kind, n) or not n.isidentifier()}
        if unknown:
            unknown_name = short_repr(min(unknown))
            raise FileError(
                f"The file has an unknown parameter or attribute {unknown_name} of "
                f"{name}."
            )
        value = kind(**{n: self.decode(tree) for n, tree in arguments.items()})
        vars(value).update({n: self.decode(tree) for n, tree in attributes.items()})
        for one in requests:
            set_requests(value, {m: self.decode(tree) for m, tree in one.items()})
        return value


DECODERS: dict[str, Callable[[Decoder, Any], Any]] = {
    "object": Decoder._object,
    "array": Decoder._array,
    "objects": Decoder._objects,
    "strings": Decoder._strings,
    "scalar": Decoder._scalar,
    "tuple": Decoder._tuple,
    "set": Decoder._set,
    "dict": Decoder._dict,
    "float": Decoder._float,
    "dtype": Decoder._dtype,
    "type": Decoder._type,
    "class": Decoder._class,
    "path": Decoder._path,
    "random_state": Decoder._random_state,
}
