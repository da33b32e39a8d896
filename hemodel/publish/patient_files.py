"""Documents as JSON, and files of their own such as patients rebuilt from a curve."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from hemodel import interrupts
from hemodel.documents.patient_files import csv_text
from hemodel.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


PATIENTS_HEADER = ("time", "event")


def json_text(document: Mapping[str, Any]) -> str:
    """Return a document as JSON."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def check_place(path: Path) -> None:
    """Refuse a place at which rebuilt patients cannot be written, or a file that does not hold patients.

    Raises
    ------
    OutputError
    """
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist. Create it, or choose another --out.")
    if path.is_dir():
        raise OutputError(f"{path}: this is a folder, not a file. Choose another --out.")
    header = csv_text(PATIENTS_HEADER, []).encode()
    if path.exists() and path.read_bytes()[: len(header)] != header:
        raise OutputError(f"{path}: this file would be replaced, and hemodel did not write it. Choose another --out.")


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet, whole or not at all.

    Raises
    ------
    OutputError
        Where there is one, or it cannot be written.
    """
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist. Create it, or choose another --out.")
    if path.exists():
        raise OutputError(f"{path}: this is there already and is left as it is. Choose another --out.")
    write_whole(path, text)


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all: beside its place first, then moved there.

    Raises
    ------
    OutputError
        Where it cannot be written; what was there stays.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with interrupts.held():
            beside.write_text(text, encoding="utf-8", newline="")
            beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise OutputError(f"{path}: the file could not be written ({reason}). Nothing was changed.") from error
