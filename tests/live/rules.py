"""Rules for formulas and names, written down apart from the code that makes them."""

from __future__ import annotations

import re

EXCEL_2007 = frozenset(
    """ABS AND AVERAGE BETADIST CHOOSE COUNT COUNTA COUNTIF COUNTIFS EXACT EXP FALSE GAMMADIST GAMMALN IF IFERROR INDEX
    INT ISERROR ISNUMBER LARGE LEFT LEN LN LOOKUP MATCH MAX MID MIN MOD N NORMDIST NORMSDIST NORMSINV NOT OR PERCENTILE
    PI POWER PRODUCT RIGHT ROUND ROUNDDOWN ROUNDUP SIGN SMALL SQRT SUBSTITUTE SUM SUMIF SUMIFS SUMPRODUCT TEXT TRIM
    TRUE VALUE VLOOKUP""".split()  # noqa: SIM905 (a list of words reads better)
)
"""Functions of Excel 2007 that do not need a prefix and are not volatile (ECMA-376 first edition, part 4, 3.17.7)."""
LONGEST_FORMULA = 8192


def minus_before_power(formula: str) -> bool:
    """Whether a minus of one operand stands directly before something that is raised to a power.

    A spreadsheet binds it before the power: -2^2 is 4.
    """
    return any(_unary(formula, _operand_start(formula, hit.start())) for hit in re.finditer(r"\^", formula))


def _operand_start(formula: str, end: int) -> int:
    """Return where the operand before a position begins: a bracket with the function before it, or a reference."""
    start = end
    if formula[end - 1] == ")":
        depth = 1
        start = end - 1
        while depth:
            start -= 1
            depth += {")": 1, "(": -1}.get(formula[start], 0)
    while start > 0 and re.match(r"[A-Za-z0-9_.$:!']", formula[start - 1]):
        start -= 1
    return start


def _unary(formula: str, start: int) -> bool:
    return formula[start - 1 : start] == "-" and (start == 1 or formula[start - 2] in "(,;=<>+-*/^&")


def valid_name(name: str) -> bool:
    """Whether Excel takes a text as a name: not a cell in either way of writing (A1 to XFD1048576, R1C1)."""
    like_a1 = re.fullmatch(r"([A-Za-z]{1,3})([0-9]{1,7})", name)
    like_r1c1 = re.fullmatch(r"[Rr][0-9]*([Cc][0-9]*)?|[Cc][0-9]*", name)
    return bool(re.fullmatch(r"[A-Za-z_\\][\w.\\?]{0,254}", name)) and not like_a1 and not like_r1c1
