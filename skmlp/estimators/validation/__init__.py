"""Validation of parameters, arrays, combinations, and weights set by hand."""
