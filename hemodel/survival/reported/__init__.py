"""Curves fitted to what a trial reported: medians, landmarks, hazard ratios."""
