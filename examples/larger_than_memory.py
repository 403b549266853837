"""X on disk, in a memory map that need not fit in memory: fitted as it lies there.

A table of small integers is written to a file, then a classifier is trained on it and
predicts it. See how much memory the process has of its own before and after: only a
small part of the table's size as numbers of training. `--mebibytes 8192` makes a table
larger than many machines' memory; the default is small.
"""

import argparse
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skmlp import MLPClassifier

N_FEATURES = 100
BLOCK = 1 << 15


def own_mebibytes():
    """Memory of this process alone, without pages of files; None but on Linux."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = status.read_text().splitlines()
    found = [line.split()[1] for line in lines if line.startswith("RssAnon")]
    return int(found[0]) / 1024 if found else None


def write_table(path, mebibytes, dtype):
    """A table of so many MiB as float64, of `dtype` on disk, and its labels."""
    rng = np.random.default_rng(0)
    n_rows = mebibytes * (1 << 20) // (8 * N_FEATURES)
    X = np.memmap(path, dtype, "w+", shape=(n_rows, N_FEATURES))
    y = np.empty(n_rows, np.int8)
    for start in range(0, n_rows, BLOCK):
        rows = slice(start, start + BLOCK)
        X[rows] = rng.integers(-3, 4, X[rows].shape)
        y[rows] = X[rows, :10].sum(axis=1) > 0
    return X, y


def report(what, before, seconds, n_rows):
    now = own_mebibytes()
    more = "" if now is None else f", {now - before:.0f} MiB more memory of its own"
    print(f"{what}: {n_rows / seconds:,.0f} rows per second{more}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, default=32)
    parser.add_argument("--dtype", default="int16")
    parser.add_argument("--shuffle", choices=["rows", "blocks"], default="rows")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X"
        X, y = write_table(path, arguments.mebibytes, arguments.dtype)
        print(f"X: {X.shape}, {X.nbytes >> 20} MiB on disk")
        model = MLPClassifier(
            64,
            batch_size=256,
            max_iter=1,
            shuffle="blocks" if arguments.shuffle == "blocks" else True,
            random_state=0,
        )
        before, start = own_mebibytes(), time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # one epoch is enough
            model.fit(X, y)
        report("fit, one epoch", before, time.perf_counter() - start, len(X))
        start = time.perf_counter()
        right = model.predict(X) == y
        report("predict", before, time.perf_counter() - start, len(X))
        print(f"accuracy: {right.mean():.3f}")
        del X


if __name__ == "__main__":
    main()
