"""Deterministic sensitivity analyses: one-way, grids, combinations, threshold search."""
