"""Numbers that a cell holds as text: read where there is one way to read them, explained where there is not."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?P<separator>[ ,'])\d{3}((?P=separator)\d{3})*(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"(?P<whole>[+-]?(\d*|\d{1,3}([ .']\d{3})+)),(?P<decimals>\d+)")
_POINTS = re.compile(r"[+-]?\d{1,3}(\.\d{3}){2,}")
_PERCENTAGE = re.compile(r"(?P<number>[^%]*?) *%")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?")
_ALIKE = str.maketrans({
    "\u00a0": " ",
    "\u2009": " ",
    "\u202f": " ",
    "\u2019": "'",
    "\u2212": "-",
})  # fmt: skip
"""Signs that look like a space, an apostrophe or a minus."""


def trimmed(text: str) -> str:
    """Return a text without spaces at its ends, those without width and those that do not break included."""
    return text.strip(" \t\r\n\f\v\u00a0\u2009\u202f\u200b\u2060\ufeff")


def read_number(text: str) -> float | None:
    """Return the number that a text writes, or None where there is none or more than one way to read it.

    A number has an optional sign, digits, a decimal point, an exponent; groups of three
    digits may stand apart by one kind of separator: comma, space or apostrophe. What
    begins with 0 has no groups: ``0,833`` has a decimal comma.
    """
    plain = trimmed(text).translate(_ALIKE)
    if _GROUPED.fullmatch(plain):
        plain = re.sub(r"[ ,']", "", plain)
    return float(plain) if _PLAIN.fullmatch(plain) else None


def why_no_number(text: str) -> tuple[str, str]:
    """Return why a text is not read as a number, and what to do."""
    plain = trimmed(text).translate(_ALIKE)
    percentage = _PERCENTAGE.fullmatch(plain)
    number = None if percentage is None else read_number(percentage["number"])
    if number is not None:
        return "A percentage stored as text is not read", f"Enter {number / 100:.15g} as a number."
    comma = _DECIMAL_COMMA.fullmatch(plain)
    if comma is not None:
        whole = re.sub(r"[ .']", "", comma["whole"])
        return (
            "The decimal sign is a point; with a comma the number can be read in two ways",
            f"If a decimal comma is meant, enter {whole or 0}.{comma['decimals']} as a number.",
        )
    if _POINTS.fullmatch(plain):
        todo = f"Enter {plain.replace('.', '')} as a number, without separators."
        return "The point is the decimal sign, and a number has one of it", todo
    if _DATE.fullmatch(plain):
        return "A number belongs here, and the cell holds a date", "Format the cell as a number and enter it again."
    return "A number belongs here", "Enter a number, or leave the cell empty if the row is optional."
