"""Checkpoints: the state of a training in a file that is whole or not there.

The file is NumPy's npz without pickle: arrays as members, all else as JSON in the
member ``state``, whose floats are exact. It is written to a temporary file in the same
folder, flushed to the disk, and renamed over the last one.
"""

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skmlp.files import temporary_of, write_whole
from skmlp.training.observer import Epoch, Observer

FORMAT = 2
# Keys that no state has.
ARRAY, LIST = "\0array", "\0list"


class CheckpointError(ValueError):
    """The file is no checkpoint of this training, or can't be one."""


@dataclass
class Checkpoint(Observer):
    """A file with the state of a training, written every `every` epochs.

    identity : by name, what a state belongs to, such as data and settings; states of
        another identity are refused.
    on_failure : called with the OSError of a state that could not be written; the last
        file is then still there.
    """

    path: Path
    every: int
    identity: dict[str, str]
    on_failure: Callable[[OSError], None]

    def on_epoch_end(self, run: Any, epoch: Epoch) -> None:
        if run.reason or epoch.number % self.every == 0:
            state = run.get_state()
            if run.reason == "callback":  # the next run has its own callbacks
                state["reason"] = None
            self.save(state)

    def save(self, state: dict[str, Any]) -> None:
        """Put the state in the place of the last one."""
        try:
            self._write(state)
        except OSError as error:
            self.on_failure(error)

    def load(self) -> dict[str, Any] | None:
        """The state in the file, or None where there is no file.

        Makes sure at once that the folder can be written to, and removes what a killed
        process left there.
        """
        try:
            found = self._read() if self.path.exists() else None
            self._temporary.touch()
            for file in self.path.parent.iterdir():
                if re.fullmatch(
                    rf"\.{re.escape(self.path.name)}\.\d+\.skmlp", file.name
                ):
                    file.unlink(missing_ok=True)
        except OSError as error:
            raise CheckpointError(f"It can't be read and written: {error}.") from error
        if found is None:
            return None
        self._check_identity(found["identity"])
        return dict(found["state"])

    def _check_identity(self, found: dict[str, str]) -> None:
        own = self.identity.items()
        wrong = [name for name, value in own if found.get(name) != value]
        if wrong:
            raise CheckpointError(
                f"The file belongs to a fit with other {' and '.join(wrong)}; it is "
                "left as it is."
            )

    @property
    def _temporary(self) -> Path:
        return temporary_of(self.path)

    def _write(self, state: dict[str, Any]) -> None:
        content = {"identity": self.identity, "state": state, "format": FORMAT}
        with _as_npz(content).getbuffer() as whole:
            write_whole(self.path, whole)

    def _read(self) -> dict[str, Any]:
        try:
            # read at once, so that nothing stays open whatever NumPy makes of it
            content = io.BytesIO(self.path.read_bytes())
            with np.load(content, allow_pickle=False) as file:
                damaged = file.zip.testzip()  # as a wrong header can hide it from NumPy
                if damaged is not None:
                    raise CheckpointError(f"Its {damaged} is damaged.")
                state = json.loads(file["state"].tobytes())
                if state["format"] != FORMAT:
                    raise CheckpointError("It was written by another version of skmlp.")
                found = _unpack(state, file)
                return {key: dict(found[key]) for key in ("identity", "state")}
        except (OSError, CheckpointError):
            raise
        except Exception as error:  # of many kinds, as damage goes
            raise CheckpointError(
                f"The file is damaged, or no checkpoint: {error}. It is left as it is."
            ) from error


def _as_npz(content: dict[str, Any]) -> io.BytesIO:
    """The bytes of the file, made in memory: no half-written archive is left open."""
    arrays: list[Any] = []
    text = json.dumps(_pack(content, arrays)).encode()
    members = {f"array_{i}": array for i, array in enumerate(arrays)}
    buffer = io.BytesIO()
    np.savez(buffer, state=np.frombuffer(text, np.uint8), **members)
    return buffer


def _pack(value: Any, arrays: list[Any]) -> Any:
    """The value as JSON has it, its arrays moved to the list."""
    if isinstance(value, dict):
        return {key: _pack(item, arrays) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {ARRAY: len(arrays) - 1}
    if isinstance(value, list) and value and isinstance(value[0], (list, float)):
        # the history, in full precision and little space
        return {LIST: _pack(np.array(value, np.float64), arrays)}
    if isinstance(value, list):
        return [_pack(item, arrays) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _unpack(value: Any, members: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(item, members) for item in value]
    if not isinstance(value, dict):
        return value
    if ARRAY in value:
        return members[f"array_{value[ARRAY]}"]
    if LIST in value:
        return _unpack(value[LIST], members).tolist()
    return {key: _unpack(item, members) for key, item in value.items()}
