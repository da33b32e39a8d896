"""Text of the charts: folded to a width, numbers in few digits, and common phrases."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from hemodel.fonts import families
from hemodel.formats import display
from hemodel.views.shared.style import SIZE
from hemodel.views.shared.words import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.results import Results


LINE = 1.3
"""Height of a line of text, in sizes."""
POINTS_PER_INCH = 72.0


def lines_height(text: str, size: float = SIZE) -> float:
    """Return the height of text with line breaks, in inches."""
    return (text.count("\n") + 1) * LINE * size / POINTS_PER_INCH


def fold(text: str, inches: float, *, size: float = SIZE, bold: bool = False, lines: int = 2) -> str:
    """Return text broken into lines of a width; where it is too long, its middle gives way to an ellipsis.

    The end stays because labels often end with what tells them apart. A line is not
    broken at a non-breaking space.

    Parameters
    ----------
    inches : float
        Width of a line. [inches]
    size : float
        [points]
    lines : int
        Most lines.
    """
    words = [piece for word in re.split(r"[ \t\r\n]+", text.strip()) for piece in _pieces(word, inches, size, bold)]
    for left_out in range(len(words)):
        start = (len(words) - left_out + 1) // 2
        kept = [*words[:start], *["…"][:left_out], *words[start + left_out :]]
        rows = _rows(kept, inches, size, bold)
        if len(rows) <= lines:
            return "\n".join(rows)
    return "…" if words else ""


def _rows(words: Sequence[str], inches: float, size: float, bold: bool) -> list[str]:
    rows: list[str] = []
    for word in words:
        if rows and text_width(f"{rows[-1]} {word}", size, bold) <= inches:
            rows[-1] = f"{rows[-1]} {word}"
        else:
            rows.append(word)
    return rows


def _pieces(word: str, inches: float, size: float, bold: bool) -> list[str]:
    """Return a word in pieces none of which is wider than a line."""
    if text_width(word, size, bold) <= inches:
        return [word]
    pieces = [""]
    for letter in word:
        if pieces[-1] and text_width(pieces[-1] + letter, size, bold) > inches:
            pieces.append("")
        pieces[-1] += letter
    return pieces


@lru_cache(maxsize=8192)
def text_width(text: str, size: float = SIZE, bold: bool = False) -> float:
    """Return the width of one line of text, in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=list(families()), size=size, weight="bold" if bold else "normal")
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / POINTS_PER_INCH


def brief(value: float) -> str:
    """Return a number with three digits, or to the unit from 100 on: 0.187, 2.1, 11,280."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    if abs(value) < 0.0005:
        return "<0.001" if value > 0 else "−<0.001"
    decimals = max(0, 2 - math.floor(math.log10(abs(value)) + 1e-12))
    text = fixed(value, min(decimals, 3))
    return text.rstrip("0").rstrip(".") if "." in text else text


def about(value: float, currency: str) -> str:
    """Return an amount of money in three significant digits, for a sentence."""
    return display(float(f"{value:.3g}"), "money", currency)


def upper_first(text: str) -> str:
    """Return a sentence that begins with a capital."""
    return f"{text[:1].upper()}{text[1:]}"


def fixed(value: float, decimals: int) -> str:
    """Return a number with thousands separators, a true minus sign and so many decimals."""
    text = f"{value:,.{decimals}f}"
    return text.replace("-", "−") if text.strip("-0.,") else text.removeprefix("-")


def minus(results: Results, intervention: str) -> str:
    """Return which strategy is compared with which, in words."""
    names = Names(results)
    return f"{names.strategy(intervention)} minus {names.strategy(results.strategies[0])}"


def threshold_text(results: Results) -> str:
    """Return the decision threshold with its unit."""
    return f"{display(results.decision_threshold, 'money', results.currency)} per QALY"


def lowered(text: str) -> str:
    """Return a text with a small first letter, unless it begins with an abbreviation."""
    return f"{text[:1].lower()}{text[1:]}" if text[1:2].islower() else text


_SPELLED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def spelled(count: int, noun: str) -> str:
    """Return a count of things in words, up to twelve of them: three scenarios, 61 scenarios, no scenario."""
    number = _SPELLED[count] if count < len(_SPELLED) else f"{count:,}"
    return f"{number} {noun}{'' if count in {0, 1} else 's'}"


def listed(items: Sequence[str], last: str = "and") -> str:
    """Return items in a sentence: one, one and two, one, two and three."""
    *others, end = items
    return f"{', '.join(others)} {last} {end}" if others else end
