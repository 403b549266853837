"""Fitted models elsewhere: other programs' forms, and the types that files may hold."""

from skmlp.export.classes import TRUSTED_TYPES
from skmlp.export.onnx import register_if_loaded, register_onnx, to_onnx

__all__ = ["TRUSTED_TYPES", "register_if_loaded", "register_onnx", "to_onnx"]
