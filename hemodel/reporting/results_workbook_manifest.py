"""The manifest of a run as a sheet: what repeats it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from hemodel.reporting.tables_shape import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.reporting.format import Value

_OUT = "--out"
_ELSEWHERE = "inputs"
"""Stands on a sheet of its own."""
_SUBJECTS = {
    "hemodel": ("Program", "hemodel"),
    "python": ("Program", "Python"),
    "command": ("Run", "Command"),
    "parts": ("Run", "Parts"),
    "draws": ("Run", "Draws"),
    "seed": ("Run", "Seed"),
}


def manifest_table(manifest: Mapping[str, Any]) -> Table:
    """Return the manifest as a table of subject, item and value.

    The command is given without its output folder, so that the same run to another
    folder gives the same workbook.
    """
    rows: list[tuple[Value, ...]] = []
    for key, value in manifest.items():
        if key in _SUBJECTS:
            text = without_folder(str(value)) if key == "command" else value
            rows.append((*_SUBJECTS[key], _cell(text)))
        elif key != _ELSEWHERE:
            rows += [(key.capitalize(), item, _cell(each)) for item, each in _items(value)]
    note = (
        "Versions, hashes (sha256), seed, settings and changes: with the workbook and the scenarios of these hashes the"
    )
    note += " command repeats every number. The same as in manifest.json."
    return Table(
        "manifest",
        "Manifest",
        (note,),
        (Column("Subject"), Column("Item"), Column("Content", "value")),
        tuple(rows),
        banded=True,
    )


def without_folder(command: str) -> str:
    """Return a command without its output folder."""
    parts = shlex.split(command)
    kept = []
    skip = False
    for part in parts:
        if not skip and part != _OUT and not part.startswith(f"{_OUT}="):
            kept.append(part)
        skip = part == _OUT and not skip
    return shlex.join(kept)


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        return value.items()
    if isinstance(value, list):
        return [(str(each.get("id", i)), _change(each)) for i, each in enumerate(value, start=1)]
    return [("", value)]


def _change(entry: Mapping[str, Any]) -> str:
    return f"{_cell(entry['from'])} -> {_cell(entry['to'])} ({entry['origin']})"


def _cell(value: Any) -> Value:
    if isinstance(value, bool) or value is None or isinstance(value, (str, int, float)):
        return str(value).lower() if isinstance(value, bool) else value
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(each) for each in value)
    return str(value)


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " from year ".join(f"{each:g}" for each in reversed(value))
    return f"{value:g}" if isinstance(value, float) else str(value)
