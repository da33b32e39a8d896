"""Numbers that a workbook may hold, for generated tests: other than 0 none that is too small to be one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from hemodel.inputs.rows import SMALLEST

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def numbers(low: float, high: float) -> SearchStrategy[float]:
    """Floats between two ends; those that are too small are 0."""
    return st.floats(low, high).map(lambda value: value if abs(value) >= SMALLEST else 0.0)
