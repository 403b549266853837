"""The version: pyproject.toml reads it here, and files name it."""

__version__ = "0.1.0"
