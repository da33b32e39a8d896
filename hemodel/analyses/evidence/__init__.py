"""The evidence pack: everything that helps to judge the curves of a model."""
