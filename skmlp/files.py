"""Files that are whole or not there: written aside, flushed to the disk, renamed."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any


def temporary_of(path: Path) -> Path:
    """Where this process writes what is to be put in the place of `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}.skmlp")


def write_whole(path: Path, content: Any) -> None:
    """Put a file of these bytes in the place of `path`, or leave that as it is."""
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
    """Have the renaming survive a loss of power, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
