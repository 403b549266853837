"""Seconds and bytes of fits by rows, columns, members and workers, for cost.md.

    python examples/guide/cost.py [--rows 100000] [--workers 1 2]

Prints a table: processor seconds of an epoch, measured and by the model of the page,
and the largest memory of the fit beside X.
"""

import argparse
import time
import tracemalloc
import warnings

import numpy as np
from joblib import parallel_config

from skmlp import MLPClassifier

SETTINGS = {"hidden_layer_sizes": 64, "batch_size": 256, "random_state": 0}
EPOCHS = 2


def table(n_rows, n_columns):
    X = np.random.default_rng(0).normal(size=(n_rows, n_columns))
    return X, X[:, : n_columns // 2].sum(axis=1) > 0


def fitted(X, y, **settings):
    model = MLPClassifier(**SETTINGS, max_iter=EPOCHS, tol=0.0, **settings)
    return model.fit(X, y)


def seconds_of_an_epoch(X, y, clock=time.process_time, **settings):
    """The best of three, so that other work on the machine counts least."""
    times = []
    for _ in range(3):
        start = clock()
        fitted(X, y, **settings)
        times.append((clock() - start) / EPOCHS)
    return min(times)


def peak_bytes(X, y, **settings):
    tracemalloc.start()
    fitted(X, y, **settings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def measured_steps(n_rows, n_columns):
    X, y = table(n_rows, n_columns)
    return n_rows, n_columns, seconds_of_an_epoch(X, y), peak_bytes(X, y)


def model_of(measured):
    """(a, b) of seconds = rows * (a + b * columns), by least squares."""
    rows, columns, seconds, _ = np.array(measured).T
    per_row = np.column_stack([np.ones(len(rows)), columns])
    return np.linalg.lstsq(per_row, seconds / rows, rcond=None)[0]


def by_workers(n_rows, workers):
    X, y = table(n_rows, 100)
    for n_workers in workers:
        with parallel_config(backend="loky", n_jobs=n_workers):
            fitted(X, y, n_members=2)  # the processes start
            seconds = seconds_of_an_epoch(X, y, time.perf_counter, n_members=4)
        print(f"4 members, {n_workers} worker(s): {seconds:.2f} s for an epoch")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # few epochs are meant
    n = arguments.rows
    shapes = (n // 4, 100), (n, 100), (n, 25), (n, 400)
    measured = [measured_steps(*shape) for shape in shapes]
    a, b = model_of(measured)
    print("   rows columns seconds  model  bytes a row beside X")
    for rows, columns, seconds, peak in measured:
        model = rows * (a + b * columns)
        print(f"{rows:7} {columns:7} {seconds:7.3f} {model:6.3f} {peak / rows:9.1f}")
    print(f"model: {1e6 * a:.2f} us a row and {1e9 * b:.1f} ns a row and column")
    hours = 1e9 * (a + 100 * b) / 3600
    print(f"1e9 rows, 100 columns: {hours:.2f} hours an epoch")
    by_workers(n, arguments.workers)


if __name__ == "__main__":
    main()
