"""Atomic writes: to a temporary file, which is flushed to disk and then renamed."""

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any


def temporary_of(path: Path) -> Path:
    """The temporary file of this process and thread, which will replace `path`."""
    owner = f"{os.getpid()}{threading.get_ident()}"  # one number: names may have dots
    return path.with_name(f".{path.name}.{owner}.skmlp")


def write_whole(path: Path, content: Any) -> None:
    """Write these bytes to `path`, or on failure leave it as it was."""
    temporary = temporary_of(path)
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename durable, where the system allows it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
