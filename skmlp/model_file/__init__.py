"""Models in files that hold numbers and settings, and no code."""

from skmlp.model_file.saving import SavableMixin, load

__all__ = ["SavableMixin", "load"]
