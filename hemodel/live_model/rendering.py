"""From formulas to the texts of cells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hemodel.errors import OutputError
from hemodel.live_model.formula import quoted

if TYPE_CHECKING:
    from hemodel.live_model.formula import Formula

FUNCTIONS = frozenset(
    (
        *("ABS", "AND", "AVERAGE", "BETADIST", "COUNT", "COUNTA", "COUNTIF", "EXACT", "EXP", "GAMMADIST"),
        *("GAMMALN", "IF", "IFERROR", "INDEX", "INT", "ISERROR", "ISNUMBER", "LARGE", "LEFT", "LN"),
        *("LOOKUP", "MATCH", "MAX", "MIN", "MOD", "NORMSDIST", "NORMSINV", "NOT", "OR", "PERCENTILE"),
        *("POWER", "PRODUCT", "ROUND", "ROUNDDOWN", "ROUNDUP", "SIGN", "SMALL", "SQRT", "SUM", "SUMIF"),
        *("SUMPRODUCT", "TEXT", "TRIM"),
    )
)
"""The functions that a live model may use: all are in Excel 2007 and LibreOffice."""
LONGEST_FORMULA = 8000
"""Excel takes formulas of up to 8,192 characters."""


def rendered(formula: Formula, rows: range, sheet: str) -> list[str]:
    """Return the text of a formula in each of some rows (numbers from 1) of a sheet, which it does not name itself."""
    text = formula.text.replace(f"{quoted(sheet)}!", "")
    unknown = set(re.findall(r"([A-Z][A-Z0-9.]*)\(", re.sub(r'"[^"]*"', '""', text))) - FUNCTIONS
    if unknown:
        message = f"functions that a live model may not use: {', '.join(sorted(unknown))}"
        raise ValueError(message)
    if len(text) > LONGEST_FORMULA:
        raise OutputError(
            f"The live model was not written: a formula on the sheet {sheet} would have {len(text):,} characters, more "
            f"than Excel takes. A model with fewer strategies, or simpler curves, can be written."
        )
    parts = re.split(r"\[([+-]?\d+)\]", text)
    literal, offsets = parts[::2], [int(offset) for offset in parts[1::2]]
    made = []
    for row in rows:
        cells = [f"{before}{row + offset}" for before, offset in zip(literal[:-1], offsets, strict=True)]
        made.append("=" + "".join(cells) + literal[-1])
    return made
