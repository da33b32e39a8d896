"""Value of information, from the draws of a probabilistic analysis."""
