"""Saving a model to a file without pickle, and loading it."""

import mmap as memory_map
import os
from pathlib import Path
from typing import Any

import numpy as np

from skmlp.files import write_whole
from skmlp.model_file.archive import Arrays, FileError, from_bytes, to_bytes
from skmlp.model_file.objects import Decoder, Encoder
from skmlp.version import __version__

# Of the file; it rises where earlier versions of skmlp can't read what is written.
FORMAT = 1


class SavableMixin:
    """What can be saved to a file and loaded from it by `load`."""

    def save(self, path: Any) -> None:
        """Save to a file that holds arrays and settings, and no code.

        ``skmlp.load`` reads it, in this version and in later ones, and predictions are
        the same bit for bit. What pickles keep is kept: ``partial_fit`` continues with
        the solver's state where the last fit was a ``partial_fit``. A file of that name
        is replaced once the new one is complete.

        Parameters
        ----------
        path : str or path-like
            The file, such as ``"model.skmlp"``.

        Raises
        ------
        TypeError
            If a parameter or an attribute is an object that is not of skmlp, such as a
            function, a scorer or an activation of your own.

        OSError
            If the file can't be written.

        Examples
        --------
        >>> import os, tempfile
        >>> import skmlp
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = skmlp.MLPClassifier(5, solver="lbfgs", tol=0.1, random_state=0)
        >>> path = os.path.join(tempfile.mkdtemp(), "model.skmlp")
        >>> clf.fit(X, y).save(path)
        >>> bool((skmlp.load(path).predict_proba(X) == clf.predict_proba(X)).all())
        True
        """
        encoder = Encoder(type(self).__name__)
        tree = {
            "format": FORMAT,
            "versions": {"skmlp": __version__, "numpy": np.__version__},
            "model": encoder.encode(self),
        }
        write_whole(Path(os.fspath(path)), to_bytes(tree, encoder.arrays))


def load(path: Any, *, mmap: bool = False) -> Any:
    """Load a model from a file that ``save`` has written.

    Loading runs no code of the file: it has only numbers and texts, and what is made of
    them are objects of known classes of skmlp. The file's checksum is compared first.

    Parameters
    ----------
    path : str or path-like
        The file.

    mmap : bool, default=False
        Whether arrays are read-only views of the file, which processes that load the
        same file share. Such a model predicts, and is not trained further in place.

    Returns
    -------
    model : estimator
        As it was saved.

    Raises
    ------
    ValueError
        If the file is damaged, no such file, or of a newer version of skmlp.

    OSError
        If the file can't be read.

    Examples
    --------
    >>> import os, tempfile
    >>> import skmlp
    >>> path = os.path.join(tempfile.mkdtemp(), "model.skmlp")
    >>> skmlp.MLPRegressor(hidden_layer_sizes=5).save(path)
    >>> skmlp.load(path)
    MLPRegressor(hidden_layer_sizes=5)
    """
    content = _mapped(path) if mmap else Path(os.fspath(path)).read_bytes()
    try:
        return _model(content, mapped=mmap)
    except Exception as error:  # of many kinds, as damage goes
        found = str(error)
        if not isinstance(error, FileError):
            found = f"It is damaged: {type(error).__name__}: {error}."
        raise ValueError(
            f"{found}\nload: path must be a file that save has written, got "
            f"{os.fspath(path)!r}."
        ) from error


def _mapped(path: Any) -> Any:
    with Path(os.fspath(path)).open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return b""
        return memory_map.mmap(file.fileno(), 0, access=memory_map.ACCESS_READ)


def _model(content: Any, *, mapped: bool) -> Any:
    tree, arrays = from_bytes(content, mapped=mapped)
    written_by = tree["versions"]["skmlp"]
    if not 1 <= tree["format"] <= FORMAT:
        raise FileError(
            f"It was written by skmlp {written_by}, which is newer than this version, "
            f"{__version__}, and in a format that it does not know."
        )
    try:
        return _decoded(tree["model"], arrays)
    except FileError as error:
        if written_by == __version__:
            raise
        text = f"{error} skmlp {written_by} wrote it, and this is {__version__}."
        raise FileError(text) from error


def _decoded(tree: Any, arrays: Arrays) -> Any:
    decoder = Decoder(arrays)
    model = decoder.decode(tree)
    if not isinstance(model, SavableMixin):
        raise FileError("It holds no model.")
    decoder.check_all_used()
    return model
