"""Curves fitted to what a trial reported: medians, survivals, restricted means, ratios, bounds."""
