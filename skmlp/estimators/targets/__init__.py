"""Kinds of targets: y as the network's outputs, and back."""
