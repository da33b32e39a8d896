"""Where each item of CHEERS 2022 is reported: filled in from what the dossier holds.

Items: Husereau D. et al., BMC Medicine 2022;20:23, table 1. It is a list of
what to report, not a score.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from hemodel.dossier.names import TABLE
from hemodel.reporting.tables_shape import Column, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

CHEERS = "cheers"
TITLE_PAGE = "title"
USER = "not reported: for the author to add"


@dataclass(frozen=True)
class Item:
    """An item of the list; `reported_in` are pairs of kind and name of what reports it."""

    number: int
    part: str
    topic: str
    reported_in: tuple[tuple[str, str], ...]


@cache
def items() -> tuple[Item, ...]:
    """Return the items in order."""
    text = files("hemodel.dossier").joinpath("data", "cheers.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(Item(int(row["item"]), row["part"], row["topic"], _pairs(row["reported_in"])) for row in rows)


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    found = [each.partition(" ") for each in text.split(";") if each]
    return tuple((kind, name) for kind, _, name in found)


def cheers_table(places: Mapping[tuple[str, str], str]) -> Table:
    """Return the list with the place of each item.

    Parameters
    ----------
    places : mapping from (kind, name) to str
        What a table, figure or text of the dossier is printed as, such as Table 3.
    """
    known = {**places, (TITLE_PAGE, ""): "title page"}
    rows = []
    for item in items():
        found = list(dict.fromkeys(known[pair] for pair in item.reported_in if pair in known))
        rows.append((item.part, item.number, item.topic, "; ".join(found) or USER))
    columns = (Column("Part"), Column("Item", "value"), Column("Topic"), Column("Reported in"))
    note = "A list of what to report, not a measure of quality."
    return Table(CHEERS, "CHEERS 2022: where each item is reported", (note,), columns, tuple(rows), banded=True)


PLACEHOLDER = (TABLE, CHEERS)
"""The table is made last, when the places are known."""
