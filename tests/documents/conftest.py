"""Commands are run without drawing."""

from undrawn import figures_without_ink

__all__ = ["figures_without_ink"]
