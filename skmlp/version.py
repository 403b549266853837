"""The version, which checkpoints name."""

__version__ = "0.1.0"
