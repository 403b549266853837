"""Warnings and diagnoses of a fit."""
