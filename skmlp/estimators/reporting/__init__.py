"""Warnings and diagnostics of a fit."""
