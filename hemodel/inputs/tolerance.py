"""What people write into a workbook and what is made of it: notes between rows, numbers stored as text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hemodel.errors import Problem
from hemodel.inputs.dictionary import columns, match
from hemodel.inputs.numbers import read_number

if TYPE_CHECKING:
    from hemodel.inputs.cells import RawRow

_OF_A_NOTE = ("id", "label", "note")


def is_note(row: RawRow) -> bool:
    """Whether a row is a note typed below or between the rows of a table.

    A note has text in the column id that does not look like an id (which has a dot and no
    spaces), and nothing elsewhere but in the columns label and note. Text that would be an
    id without its spaces, or with dots for them, is a misspelt one.
    """
    text = row.cells["id"].value
    if not isinstance(text, str) or _looks_like_an_id(text):
        return False
    return all(cell.value is None for name, cell in row.cells.items() if name not in _OF_A_NOTE)


def _looks_like_an_id(text: str) -> bool:
    if "." in text and not re.search(r"\s|://", text):
        return True
    words = text.lower().split()
    return match("".join(words)) is not None or match(".".join(words)) is not None


def mend_numbers(row: RawRow) -> list[Problem]:
    """Turn the numbers of a row that are stored as text into numbers, and return a warning for each."""
    found = match(row.id)
    warnings = []
    for name, cell in row.cells.items():
        numeric = found is not None and found[0].numeric if name == "value" else columns()[name].type == "number"
        number = read_number(cell.value) if numeric and isinstance(cell.value, str) else None
        if number is None:
            continue
        row.cells[name] = replace(cell, value=number)
        input_ = row.id if name == "value" else f"{row.id}.{name}"
        what = f"{input_}: {cell.value} is stored as text; read as {number:.15g}"
        why = "Excel leaves text out of sums and charts"
        warnings.append(Problem(cell.where, what, why, _meant(str(cell.value), number)))
    return warnings


def _meant(text: str, number: float) -> str:
    enter = f"Enter {number:.15g} as a number"
    if text.count(",") == 1 and "." not in text:
        return f"{enter}, or {text.replace(',', '.')} if a decimal comma is meant."
    return f"{enter}."
