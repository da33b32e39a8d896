"""Families of survival curves."""
