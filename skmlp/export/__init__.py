"""What carries a model away from where it was trained."""

from skmlp.export.classes import TRUSTED_TYPES

__all__ = ["TRUSTED_TYPES"]
