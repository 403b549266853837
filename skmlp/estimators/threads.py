"""How many BLAS threads a fit uses, chosen from the shapes of its products alone."""

import os
import threading
from contextlib import contextmanager
from functools import cache
from itertools import pairwise

from threadpoolctl import ThreadpoolController

# Multiply-adds of the largest product of a step below which one thread is faster.
SMALL = 1 << 24


@cache
def _controller() -> ThreadpoolController:
    """Of the BLAS libraries in use; finding them takes half a millisecond."""
    return ThreadpoolController()


class _OneThread:
    """A limit of one BLAS thread, from the first fit that needs it to the last.

    BLAS has one limit for the whole process. Fits that run side by side in several
    Python threads share it, so that none of them restores it under the others.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_fits = 0
        self._limiter = None

    def __enter__(self) -> None:
        with self._lock:
            if self._n_fits == 0:
                self._limiter = _controller().limit(limits=1, user_api="blas")
            self._n_fits += 1

    def __exit__(self, *error) -> None:
        with self._lock:
            self._n_fits -= 1
            if self._n_fits == 0:
                self._limiter.restore_original_limits()


_ONE_THREAD = _OneThread()
if hasattr(os, "register_at_fork"):  # a child has none of its parent's fits
    os.register_at_fork(after_in_child=_ONE_THREAD.__init__)


@contextmanager
def blas_threads(layer_sizes, n_rows):
    """One BLAS thread where products are small; else as many as are set outside.

    n_rows : rows of a batch. Nothing ever uses more threads than are set outside.
    """
    largest = n_rows * max(a * b for a, b in pairwise(layer_sizes))
    if largest >= SMALL:
        yield
    else:
        with _ONE_THREAD:
            yield
