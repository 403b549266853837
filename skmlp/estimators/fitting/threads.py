"""The number of BLAS threads of a fit, chosen by the shapes of its products."""

import os
import threading
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import pairwise

from threadpoolctl import ThreadpoolController

# Multiply-adds of the largest product of a step below which one thread is as fast, or
# nearly: two threads take 0.85 of the time at 2**20, 0.7 at 2**22, 0.6 at 2**26.
SMALL = 1 << 22


@cache
def _libraries() -> dict[bool, ThreadpoolController]:
    """BLAS libraries in use: NumPy's (True) and others (False), such as SciPy's own.

    Where NumPy's can't be told from its path, all of them count as NumPy's. Finding
    them takes half a millisecond.
    """
    blas = ThreadpoolController().select(user_api="blas")
    paths = {library["filepath"] for library in blas.info()}
    numpys = {path for path in paths if "numpy" in path} or paths
    return {
        True: blas.select(filepath=sorted(numpys)),
        False: blas.select(filepath=sorted(paths - numpys)),
    }


class _OneThread:
    """A limit of one thread, from the first fit that needs it to the last.

    A BLAS library has one limit for the whole process. Fits that run side by side in
    several Python threads share it, so that none of them restores it under the others.
    """

    def __init__(self, of_numpy: bool) -> None:
        self._of_numpy = of_numpy
        self.forget()

    def forget(self) -> None:
        self._lock = threading.Lock()
        self._n_fits = 0
        self._limiter = None

    def __enter__(self) -> None:
        with self._lock:
            if self._n_fits == 0:
                libraries = _libraries()[self._of_numpy]
                self._limiter = libraries.limit(limits=1, user_api="blas")
            self._n_fits += 1

    def __exit__(self, *error) -> None:
        with self._lock:
            self._n_fits -= 1
            if self._n_fits == 0:
                self._limiter.restore_original_limits()


_NUMPYS, _OTHERS = _OneThread(of_numpy=True), _OneThread(of_numpy=False)
if hasattr(os, "register_at_fork"):  # a child has none of its parent's fits
    os.register_at_fork(after_in_child=_NUMPYS.forget)
    os.register_at_fork(after_in_child=_OTHERS.forget)


def one_blas_thread():
    """Context of one thread for every BLAS, for fits that run in parallel."""
    limits = ExitStack()
    limits.enter_context(_OTHERS)
    limits.enter_context(_NUMPYS)
    return limits


@contextmanager
def blas_threads(layer_sizes, n_rows):
    """One thread of NumPy's BLAS for small products; otherwise as many as are set.

    Other libraries have one: the waiting threads of one would slow down the other's.
    n_rows : rows of a product. Nothing ever uses more threads than are set outside.
    """
    largest = n_rows * max(a * b for a, b in pairwise(layer_sizes))
    with ExitStack() as limits:
        limits.enter_context(_OTHERS)
        if largest < SMALL:
            limits.enter_context(_NUMPYS)
        yield
