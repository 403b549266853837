"""The container of a model file: one zip of arrays and a JSON text, sealed.

    model.json       settings, fitted state and versions, in ASCII
    <name>.npy       an array each, as NumPy's format 1.0 has it, without objects

All members are stored as they are, without compression, so that arrays may be mapped
from the file: their bytes begin at multiples of 64. The zip's comment ends the file; it
is the SHA-256 of all bytes before it, as 64 hexadecimal digits.
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
LOCAL_HEADER = 30  # bytes before a member's name
# Of NumPy's dtypes those without objects and fields: flags, numbers, texts, times.
KINDS = "biufcUSMm"
NPY_VERSION = (1, 0)


class FileError(ValueError):
    """The file is damaged, or no model file."""


def to_bytes(tree: Any, arrays: Arrays) -> bytes:
    """The file of a tree of plain values and its arrays."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        _add(file, buffer, TEXT, json.dumps(tree, allow_nan=False).encode())
        for name, array in arrays.items():
            _add(file, buffer, name + SUFFIX, _npy(array))
        file.comment = b"0" * N_DIGITS  # whose length is part of what is sealed
    content = buffer.getvalue()[:-N_DIGITS]
    return content + seal(content)


def seal(content: Any) -> bytes:
    """The checksum of all that comes before it in a file."""
    return hashlib.sha256(content).hexdigest().encode()


def _add(file: zipfile.ZipFile, buffer: io.BytesIO, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name)  # dated 1980: the same model is the same file
    start = buffer.tell() + LOCAL_HEADER + len(name.encode()) + 4
    n_zeros = -start % ALIGNMENT
    info.extra = struct.pack("<HH", PADDING, n_zeros) + bytes(n_zeros)
    file.writestr(info, content)


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, NPY_VERSION, allow_pickle=False)
    return buffer.getvalue()


def from_bytes(content: Any, *, mapped: bool = False) -> tuple[Any, Arrays]:
    """The tree and the arrays of a file; a FileError says what is wrong with it.

    Whatever the bytes are, they are not taken for code, and what is made of them needs
    about as much memory as they do.

    content : bytes, or a file that is mapped, of which the arrays are then views.
    """
    view = memoryview(content)
    if bytes(view[:2]) != b"PK":
        raise FileError("It does not begin as a model file does.")
    if seal(view[:-N_DIGITS]) != bytes(view[-N_DIGITS:]):
        raise FileError("Its checksum is wrong: it is damaged, or not whole.")
    with zipfile.ZipFile(content if mapped else io.BytesIO(content)) as file:
        members = file.infolist()
    _check_members(members, len(view))
    contents = {member.filename: _content(view, member) for member in members}
    text = contents.pop(TEXT, None)
    if text is None:
        raise FileError(f"It has no {TEXT}.")
    arrays = {_array_name(n): _array(n, c) for n, c in contents.items()}
    if not mapped:
        arrays = {name: array.copy(order="K") for name, array in arrays.items()}
    return json.loads(bytes(text)), arrays


def _check_members(members: list[zipfile.ZipInfo], n_bytes: int) -> None:
    """Nothing is compressed, so that members need no more than the file's bytes."""
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise FileError("Two of its members have one name.")
    packed = any(m.compress_type != zipfile.ZIP_STORED for m in members)
    if packed or sum(member.file_size for member in members) > n_bytes:
        raise FileError("Its members are larger than the file, or compressed.")


def _content(view: memoryview, member: zipfile.ZipInfo) -> memoryview:
    """The bytes of a member, which follow its local header."""
    at = member.header_offset
    lengths = struct.unpack("<HH", view[at + LOCAL_HEADER - 4 : at + LOCAL_HEADER])
    start = at + LOCAL_HEADER + sum(lengths)
    return view[start : start + member.file_size]


def _array_name(name: str) -> str:
    if not name.endswith(SUFFIX):
        raise FileError(f"Its member {name!r} is no array.")
    return name.removesuffix(SUFFIX)


def _array(name: str, content: memoryview) -> NDArray[Any]:
    """The array of an npy file, once its header is that of just these bytes."""
    header = io.BytesIO(content[: 1 << 16])
    if np.lib.format.read_magic(header) != NPY_VERSION:
        raise FileError(f"Its {name} is of another version of NumPy's format.")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(header)
    start = header.tell()
    if dtype.kind not in KINDS or not dtype.itemsize or dtype.shape:
        raise FileError(f"Its {name} has the dtype {dtype}, which no model has.")
    sizes = [int(n) for n in shape]
    n_bytes = math.prod(sizes) * dtype.itemsize
    if min(sizes, default=0) < 0 or n_bytes != len(content) - start:
        raise FileError(f"Its {name} is not of the size that its header says.")
    values = np.frombuffer(content[start:], dtype)
    return values.reshape(sizes, order="F" if by_columns else "C")
