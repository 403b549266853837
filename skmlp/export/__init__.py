"""Fitted models in the forms of other programs."""

from skmlp.export.onnx import to_onnx

__all__ = ["to_onnx"]
