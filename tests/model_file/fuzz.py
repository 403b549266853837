"""Model files with faults, made at random: of bytes, of members, of values.

``python -m tests.model_file.fuzz 100000`` loads so many, and prints what came of them.
"""

import json
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np

import skmlp
from skmlp.model_file.archive import N_DIGITS, TEXT, seal

from .models import fitted, outputs

MODELS = ["multiclass", "categories", "members", "partial_fit", "table, classes"]


def sealed(content):
    """The same bytes with the checksum that belongs to them."""
    return content[:-N_DIGITS] + seal(content[:-N_DIGITS])


def members(content):
    with zipfile.ZipFile(BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def zipped(parts, compression=zipfile.ZIP_STORED):
    """A sealed file of (name, content) pairs."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in parts:
            file.writestr(name, content)
        file.comment = b"0" * N_DIGITS
    return sealed(buffer.getvalue())


# Of bytes


def truncated(content, rng):
    return content[: rng.integers(len(content))]


def flipped(content, rng):
    changed = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        changed[rng.integers(len(changed))] ^= 1 << rng.integers(8)
    return bytes(changed)


def with_noise(content, rng):
    start, n = rng.integers(len(content)), rng.integers(1, 200)
    return content[:start] + rng.bytes(n) + content[start + rng.integers(200) :]


def without_a_part(content, rng):
    start = rng.integers(len(content))
    return content[:start] + content[start + rng.integers(1, 2000) :]


def in_the_directory(content, rng):
    """Other numbers where the zip says what it has and how large that is."""
    changed = bytearray(content)
    start = content.find(b"PK\x01\x02")
    at = rng.integers(start, len(content) - N_DIGITS)
    changed[at : at + 4] = rng.bytes(4) if rng.random() < 0.5 else b"\xff\xff\xff\x7f"
    return bytes(changed)


# Of members


def without_a_member(content, rng):
    parts = [*members(content).items()]
    del parts[rng.integers(len(parts))]
    return zipped(parts)


def renamed(content, rng):
    parts = [*members(content).items()]
    i, names = (
        rng.integers(len(parts)),
        ["../x.npy", "x", ".npy", TEXT, "a.npy/", "é.npy"],
    )
    names.append(parts[rng.integers(len(parts))][0])
    parts[i] = names[rng.integers(len(names))], parts[i][1]
    return zipped(dict(parts).items())


def swapped(content, rng):
    parts = members(content)
    one, other = rng.choice([*parts], 2)
    parts[one], parts[other] = parts[other], parts[one]
    return zipped(parts.items())


def packed(content, rng):
    """A bomb: members of zeros, compressed."""
    parts = [*members(content).items(), ("bomb.npy", bytes(int(rng.integers(10**6))))]
    return zipped(parts, zipfile.ZIP_DEFLATED)


HEADERS = [
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 10000000000000000000000), }",
    "{'descr': '<f8', 'fortran_order': True, 'shape': (-1, -4), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
    "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3,), }",
    "{'descr': ('<f8', (1000000,)), 'fortran_order': False, 'shape': (3,), }",
    "{'descr': '<U1000000000', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '|V0', 'fortran_order': False, 'shape': (1000000000,), }",
    "{'descr': 'x', 'fortran_order': False, 'shape': 3, }",
    "{'descr': __import__('os').system('false'), 'shape': (), 'fortran_order': 0}",
    "(" * 5000,
]


def with_another_header(content, rng):
    parts = members(content)
    name = rng.choice([name for name in parts if name != TEXT])
    header = HEADERS[rng.integers(len(HEADERS))].encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    magic = b"\x93NUMPY" + bytes([rng.integers(1, 4), 0])
    start = magic + len(header).to_bytes(2, "little") + header
    parts[name] = start + parts[name][128:]
    return zipped(parts.items())


def with_another_array(content, rng):
    parts = members(content)
    name = rng.choice([name for name in parts if name != TEXT])
    dtype = rng.choice(["<f4", ">f8", "<i8", "?", "<U3", "S2", "<c16", "<M8[s]"])
    buffer = BytesIO()
    shape = tuple(rng.integers(0, 4, size=rng.integers(0, 4)))
    np.save(buffer, np.zeros(shape, dtype))
    parts[name] = buffer.getvalue()
    return zipped(parts.items())


# Of values


def deep(content, rng):
    parts, depth = members(content), int(rng.integers(100, 100_000))
    opening, closing = [("[", "]"), ('{"tuple":[', "]}")][rng.integers(2)]
    text = opening * depth + closing * depth
    tree = parts[TEXT].decode().replace('"adam"', text).replace("null", text, 1)
    parts[TEXT] = tree.encode()
    return zipped(parts.items())


def nodes(tree):
    """(container, key) of all values of a tree."""
    keys = range(len(tree)) if isinstance(tree, list) else [*tree]
    for key in keys:
        yield tree, key
        if isinstance(tree[key], (list, dict)):
            yield from nodes(tree[key])


VALUES = [
    *(None, True, -1, 10**9, 10**30, 1.5, "", "x", "__class__", [], {}, [[]]),
    {"object": ["os.system", {"command": "false"}, {}]},
    {"object": ["MLPClassifier", {"tol": 1}, {"fit": 3}]},
    {"object": ["MLPClassifier", {"a": 1}, {}]},
    {"object": ["Inputs", {"n_features": 10**12, "embedded": []}, {}]},
    {"object": ["PBLD", {"n_frequencies": 10**12}, {}]},
    {"class": "Adam"},
    {"class": "eval"},
    {"type": "object"},
    {"dtype": "O"},
    {"scalar": ["object", 1]},
    {"scalar": ["int8", 10**30]},
    {"array": "../x"},
    {"objects": [[10**12], []]},
    {"objects": [[0, 10**12], []]},
    {"dict": [[[1], 2]]},
    {"set": [{"dict": []}]},
    {"float": "1e999"},
    {"random_state": {"tuple": ["MT19937", [0] * 624, 10**9, 0, 0.0]}},
    {"path": 3},
    {"a": 1, "b": 2},
]


def with_another_value(content, rng):
    parts = members(content)
    tree = json.loads(parts[TEXT])
    every = [*nodes(tree)]
    for _ in range(rng.integers(1, 4)):
        container, key = every[rng.integers(len(every))]
        other, at = every[rng.integers(len(every))]
        value = VALUES[rng.integers(len(VALUES))] if rng.random() < 0.7 else other[at]
        container[key] = json.loads(json.dumps(value))
    parts[TEXT] = json.dumps(tree).encode()
    return zipped(parts.items())


def with_another_text(content, rng):
    """Faults in the text of the JSON."""
    parts = members(content)
    parts[TEXT] = [truncated, flipped, with_noise][rng.integers(3)](parts[TEXT], rng)
    return zipped(parts.items())


OF_BYTES = [truncated, flipped, with_noise, without_a_part, in_the_directory]
OF_MEMBERS = [without_a_member, renamed, swapped, packed]
OF_MEMBERS += [with_another_header, with_another_array]
OF_VALUES = [deep, with_another_value, with_another_text]


def mutants(content, rng):
    """(name of the fault, bytes, whether the checksum is right), without end."""
    while True:
        for fault in OF_BYTES:
            changed = fault(content, rng)
            yield fault.__name__, changed, False
            yield f"{fault.__name__}, sealed", sealed(changed), True
        for fault in [*OF_MEMBERS, *OF_VALUES]:
            yield fault.__name__, fault(content, rng), True


def outcome(path, content, is_sealed, model, rows):
    """What loading comes to: a ValueError that names the file, or a model.

    Where the checksum is wrong a model must be the one that was saved.
    """
    path.write_bytes(content)
    try:
        loaded = skmlp.load(path)
    except ValueError as error:
        assert str(path) in str(error), error
        return "ValueError"
    if not is_sealed:
        found, expected = outputs(loaded, rows), outputs(model, rows)
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name], array)
    return "a model"


def run(n, seed=0, names=MODELS):
    """What `n` faults come to, counted, and the longest time of one."""
    rng, counts = np.random.default_rng(seed), Counter()
    folder = Path(tempfile.mkdtemp())
    path, slowest = folder / "m.skmlp", (0.0, "")
    sources = []
    for name in names:
        model, rows = fitted(name)
        model.save(path)
        sources.append((mutants(path.read_bytes(), rng), model, rows))
    for i in range(n):
        source, model, rows = sources[i % len(sources)]
        fault, content, is_sealed = next(source)
        start = time.process_time()
        counts[fault, outcome(path, content, is_sealed, model, rows)] += 1
        slowest = max(slowest, (time.process_time() - start, fault))
    path.unlink()
    folder.rmdir()
    return counts, slowest


if __name__ == "__main__":
    run(50)  # what is imported and fitted counts before
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts, slowest = run(int(sys.argv[1]), seed=1)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for (fault, result), count in sorted(counts.items()):
        print(f"{fault:32} {result:12} {count}")
    totals = Counter()
    for (_, result), count in counts.items():
        totals[result] += count
    print(f"all: {dict(totals)}; the slowest: {slowest[0]:.3f} s, {slowest[1]}")
    print(f"peak memory: {before / 1024:.0f} MB before, {after / 1024:.0f} MB after")
