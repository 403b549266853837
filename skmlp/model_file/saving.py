"""Saving models to files without pickle, and loading them."""

import mmap as memory_map
import os
from pathlib import Path
from typing import Any

import numpy as np

from skmlp.errors import short_repr
from skmlp.files import write_whole
from skmlp.model_file.archive import Arrays, FileError, from_bytes, to_bytes
from skmlp.model_file.objects import Decoder, Encoder
from skmlp.version import __version__

# Version of the file format; raised when older versions of skmlp can't read the files.
FORMAT = 1


class SavableMixin:
    """Gives a model the method `save`; `load` reads its files."""

    def save(self, path: Any) -> None:
        """Save the model to a file that contains arrays and settings, but no code.

        ``skmlp.load`` reads the file, in this version of skmlp and in later ones, and
        the loaded model gives bit-identical predictions. The same state is kept as in
        a pickle: after ``partial_fit`` that includes the solver's state, so that
        training continues where it stopped. An existing file is replaced only once the
        new one is complete.

        Parameters
        ----------
        path : str or path-like
            The file to write, such as ``"model.skmlp"``.

        Raises
        ------
        TypeError
            If a parameter or an attribute is an object from outside skmlp, such as a
            function, a scorer or a custom activation.

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
        write_whole(_as_path(encoder.owner, path), to_bytes(tree, encoder.arrays))


def load(path: Any, *, mmap: bool = False) -> Any:
    """Load a model from a file written by its method ``save``.

    Loading never executes code from the file: it holds only numbers and strings, from
    which objects of known classes of skmlp are built. The file's checksum is verified
    first.

    Parameters
    ----------
    path : str or path-like
        The file to read.

    mmap : bool, default=False
        Whether to memory-map the arrays, read-only, so that processes that load the
        same file share its memory. ``fit`` and ``partial_fit`` work on copies.

    Returns
    -------
    model : estimator or TabularPipeline
        The model as it was saved.

    Raises
    ------
    ValueError
        If the file is corrupt, not a model file, or written in the format of a newer
        version of skmlp.

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
    file = _as_path("load", path)
    content = _mapped(file) if mmap else file.read_bytes()
    try:
        return _model(content, mapped=mmap)
    except Exception as error:  # a corrupt file can raise anything
        found = str(error)
        if not isinstance(error, FileError):
            found = f"The file is corrupt: {type(error).__name__}: {error}."
        raise ValueError(
            f"{found}\nload: path must be a file written by save, got {str(file)!r}."
        ) from error


def _as_path(owner: str, path: Any) -> Path:
    try:
        return Path(path)
    except TypeError:
        raise TypeError(
            f"{owner}: path must be a str or path-like, got {short_repr(path)}."
        ) from None


def _mapped(path: Path) -> Any:
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return b""
        return memory_map.mmap(file.fileno(), 0, access=memory_map.ACCESS_READ)


def _model(content: Any, *, mapped: bool) -> Any:
    tree, arrays = from_bytes(content, mapped=mapped)
    written_by = tree["versions"]["skmlp"]
    if not 1 <= tree["format"] <= FORMAT:
        raise FileError(
            f"The file was written by skmlp {written_by} in a newer format, which this "
            f"version, {__version__}, can't read."
        )
    try:
        return _decoded(tree["model"], arrays)
    except FileError as error:
        if written_by == __version__:
            raise
        text = f"{error} It was written by skmlp {written_by}; this is {__version__}."
        raise FileError(text) from error


def _decoded(tree: Any, arrays: Arrays) -> Any:
    decoder = Decoder(arrays)
    model = decoder.decode(tree)
    if not isinstance(model, SavableMixin):
        raise FileError("The file does not contain a model.")
    decoder.check_all_used()
    return model
