"""The probabilistic sensitivity analysis."""
