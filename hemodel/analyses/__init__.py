"""Analyses: each is a set of draws for the one evaluation of the model."""
