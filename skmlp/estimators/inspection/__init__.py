"""Inspection of a fitted network."""
