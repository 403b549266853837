"""The container of a model file: a zip of arrays and a JSON text, with a checksum.

    model.json       settings, fitted state and versions, in ASCII
    <name>.npy       one array each, in version 1.0 of NumPy's npy format, no objects

Nothing is compressed, so that arrays can be memory-mapped: each entry's data starts at
a multiple of 64 bytes. The zip's comment, which ends the file, is the SHA-256 of all
bytes before it, as 64 hexadecimal digits.
"""

import hashlib
import io
import json
import math
import struct
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]

TEXT = "model.json"
SUFFIX = ".npy"
N_DIGITS = 64  # of the checksum
ALIGNMENT = 64
PADDING = 0xD935  # the field that zipalign fills with zeros
LOCAL_HEADER = 30  # bytes before an entry's name
# NumPy's kinds of dtypes without objects or fields: bools, numbers, text, dates.
KINDS = "biufcUSMm"
NPY_VERSION = (1, 0)


class FileError(ValueError):
    """The file is corrupt, or not a model file."""


def to_bytes(tree: Any, arrays: Arrays) -> bytes:
    """The bytes of a model file, for a tree of plain values and its arrays."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        _add(file, buffer, TEXT, json.dumps(tree, allow_nan=False).encode())
        for name, array in arrays.items():
            _add(file, buffer, name + SUFFIX, _npy(array))
        file.comment = b"0" * N_DIGITS  # the checksum covers its length
    content = buffer.getvalue()[:-N_DIGITS]
    return content + seal(content)


def seal(content: Any) -> bytes:
    """The checksum of a file, given all bytes before it."""
    return hashlib.sha256(content).hexdigest().encode()


def _add(file: zipfile.ZipFile, buffer: io.BytesIO, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name)  # dated 1980, so that equal models give equal files
    start = buffer.tell() + LOCAL_HEADER + len(name.encode()) + 4
    n_zeros = -start % ALIGNMENT
    info.extra = struct.pack("<HH", PADDING, n_zeros) + bytes(n_zeros)
    file.writestr(info, content)


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, NPY_VERSION, allow_pickle=False)
    return buffer.getvalue()


def from_bytes(content: Any, *, mapped: bool = False) -> tuple[Any, Arrays]:
    """The tree and the arrays of a model file; raises a FileError if it is invalid.

    Never executes anything from the file, whatever its bytes, and allocates about as
    much memory as the file has bytes.

    content : bytes, or a memory-mapped file, of which the arrays are then views.
    """
    view = memoryview(content)
    if bytes(view[:2]) != b"PK":
        raise FileError("The file is not a model file: it does not start like a zip.")
    if seal(view[:-N_DIGITS]) != bytes(view[-N_DIGITS:]):
        raise FileError("The checksum does not match: the file is corrupt.")
    with zipfile.ZipFile(content if mapped else io.BytesIO(content)) as file:
        members = file.infolist()
    _check_members(members, len(view))
    contents = {member.filename: _content(view, member) for member in members}
    text = contents.pop(TEXT, None)
    if text is None:
        raise FileError(f"The file has no {TEXT}.")
    arrays = {_array_name(n): _array(n, c) for n, c in contents.items()}
    if not mapped:
        arrays = {name: array.copy(order="K") for name, array in arrays.items()}
    return json.loads(bytes(text)), arrays


def _check_members(members: list[zipfile.ZipInfo], n_bytes: int) -> None:
    """Refuse entries that could take more memory than the file has bytes."""
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise FileError("Two entries of the file have the same name.")
    packed = any(m.compress_type != zipfile.ZIP_STORED for m in members)
    if packed or sum(member.file_size for member in members) > n_bytes:
        raise FileError("An entry is compressed, or larger than the file itself.")


def _content(view: memoryview, member: zipfile.ZipInfo) -> memoryview:
    """The bytes of an entry, which follow its local header."""
    at = member.header_offset
    lengths = struct.unpack("<HH", view[at + LOCAL_HEADER - 4 : at + LOCAL_HEADER])
    start = at + LOCAL_HEADER + sum(lengths)
    return view[start : start + member.file_size]


def _array_name(name: str) -> str:
    if not name.endswith(SUFFIX):
        raise FileError(f"The entry {name!r} of the file is not an array ({SUFFIX}).")
    return name.removesuffix(SUFFIX)


def _array(name: str, content: memoryview) -> NDArray[Any]:
    """The array of an npy file, if its header matches its size."""
    header = io.BytesIO(content[: 1 << 16])
    if np.lib.format.read_magic(header) != NPY_VERSION:
        raise FileError(f"The array {name!r} has an unknown version of the npy format.")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(header)
    start = header.tell()
    if dtype.kind not in KINDS or not dtype.itemsize or dtype.shape:
        raise FileError(f"The array {name!r} has the unsupported dtype {dtype}.")
    sizes = [int(n) for n in shape]
    n_bytes = math.prod(sizes) * dtype.itemsize
    if min(sizes, default=0) < 0 or n_bytes != len(content) - start:
        raise FileError(f"The size of the array {name!r} does not match its header.")
    values = np.frombuffer(content[start:], dtype)
    return values.reshape(sizes, order="F" if by_columns else "C")
