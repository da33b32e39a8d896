"""What a gate finds, and the gates by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hemodel.inputs.rows import Row

INDEPENDENT_STATISTICS = "independent_statistics"
RATIO_SIDE = "ratio_side"
STATISTIC_OFF = "statistic_off"
EXTERNAL_OFF = "external_off"
HARDLY_IDENTIFIED = "hardly_identified"
FLAT = "flat"
INFINITE_MEAN = "infinite_mean"
ABOVE_OS = "above_os"
DEATH_AFTER_PROGRESSION = "death_after_progression"
ARMS_CROSS = "arms_cross"

MOST_ERRORS = 2.0
"""Standard errors up to which a statistic and its curve agree: by chance one in twenty is further off."""


@dataclass(frozen=True)
class Finding:
    """What one gate found.

    Attributes
    ----------
    gate : str
        Its name, by which a note can accept it.
    strategies : tuple of str
        Whose curves it is about.
    id : str
        Of the row at which it is reported, and whose note can accept it.
    value, limit : float
        How large it is, and what it should not exceed (or fall short of); the unit is that of the gate.
    """

    gate: str
    endpoint: str
    strategies: tuple[str, ...]
    id: str
    what: str
    why: str
    todo: str
    value: float
    limit: float


@dataclass(frozen=True)
class Suspect:
    """The input that is the likeliest mistake: the id of its row, and why, as the end of a sentence."""

    id: str
    reason: str


def family_row(endpoint: str, strategy: str) -> str:
    """Return the id of the row that names the family of a curve."""
    return f"curve.{endpoint}.{strategy}.family"


def place(row: Row) -> str:
    """Return sheet and cell of a row, or what changed its value."""
    where = row.where["value"]
    return f"{where.sheet}!{where.cell}" if where.sheet else where.file.partition(" (")[0]


def row_words(row: Row) -> str:
    """Return the id of a row, its sheet and cell, and its label."""
    return f"{row.id} ({place(row)}, {row.label})"
