"""Defined names: every input can be referred to by its id."""

from __future__ import annotations

import re

_LIKE_A_CELL = re.compile(r"[a-z]{1,3}[0-9]+|r[0-9]*(c[0-9]*)?|c[0-9]*", re.IGNORECASE)
DRAW = "draw"
"""Name of the cell that selects a draw."""


def defined_name(id_: str) -> str:
    """Return the name of an input's cell: its id, with an underscore where its last part looks like a cell (a1, r2)."""
    last = id_.rpartition(".")[2]
    return f"{id_}_" if _LIKE_A_CELL.fullmatch(last) else id_
