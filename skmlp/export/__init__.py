"""Fitted models in the forms of other programs."""

from skmlp.export.onnx import register_if_loaded, register_onnx, to_onnx

__all__ = ["register_if_loaded", "register_onnx", "to_onnx"]
