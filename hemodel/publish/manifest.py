"""The manifest of a run: what repeats it."""

from __future__ import annotations

import platform
from hashlib import sha256
from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.analyses.run import Run
    from hemodel.payers.reading import FoundProfile


LIBRARIES = (
    *("numpy", "scipy", "pandas", "openpyxl", "XlsxWriter", "matplotlib", "pydantic", "jinja2", "python-docx"),
    "threadpoolctl",
)


def manifest(run: Run, command: str) -> dict[str, Any]:
    """Return what is needed to repeat a run: versions, hashes, seed, settings, changes and the inputs used."""
    inputs = run.model.inputs
    said = {
        "workbook": {"name": inputs.path.name, "sha256": sha256(inputs.path.read_bytes()).hexdigest()},
        "parts": list(run.options.parts),
        "draws": None if run.psa is None else run.psa.draws,
        "seed": None if run.psa is None else run.psa.seed,
        "settings": inputs.settings.model_dump(),
        "inputs": {row.id: row.value for row in inputs.rows.values() if row.value is not None},
        "changes": [
            {"id": change.id, "from": change.expected, "to": change.value, "origin": change.origin}
            for change in inputs.changes
        ],
        "scenarios": {scenario.name: scenario.sha256 for scenario in run.available},
        "payer": None if run.profile is None else _payer(run.profile),
    }
    return repeats(command, said)


def repeats(command: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of a command: its words, what else repeats it, and the versions."""
    return {"hemodel": metadata.version("hemodel"), "command": command, **said, **made_with()}


def _payer(found: FoundProfile) -> dict[str, str]:
    return {"code": found.profile.code, "file": found.file, "sha256": found.sha256}


def made_with() -> dict[str, Any]:
    """Return the versions of Python and of the libraries."""
    return {
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
    }
