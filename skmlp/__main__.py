"""Prints what a report of a fault needs: ``python -m skmlp``."""

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import joblib
from threadpoolctl import threadpool_info

from skmlp.version import __version__

REQUIRED = ("numpy", "scipy", "scikit-learn", "joblib", "threadpoolctl")
OPTIONAL = (
    "pandas",
    "polars",
    "pyarrow",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "skl2onnx",
    "rich",
)
# variables that limit the threads of BLAS and OpenMP
VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def versions() -> Iterator[tuple[str, str]]:
    """Of skmlp, Python, the machine, and the packages that are installed."""
    yield "skmlp", __version__
    yield "python", platform.python_version()
    yield "platform", platform.platform()
    for name in REQUIRED + OPTIONAL:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            if name in REQUIRED:
                yield name, "not found"


def threads() -> Iterator[tuple[str, str]]:
    """Processors, libraries that have threads, and the variables that limit them."""
    yield "processors", str(joblib.cpu_count())
    for library in threadpool_info():
        details = [library.get("threading_layer"), library.get("architecture")]
        known = ", ".join(detail for detail in details if detail)
        n = library["num_threads"]
        text = f"{library['version'] or 'unknown version'}, {n} thread" + "s" * (n > 1)
        text += f" ({known})" * bool(known)
        yield library["internal_api"], text
    for name in VARIABLES:
        if name in os.environ:
            yield name, os.environ[name]


def main() -> None:
    rows = [*versions(), *threads()]
    width = max(len(name) for name, _ in rows)
    sys.stdout.writelines(f"{name:{width}}  {text}\n" for name, text in rows)


if __name__ == "__main__":
    main()
