"""The manifest of a command: what repeats it."""

from __future__ import annotations

import platform
from hashlib import sha256
from importlib import metadata
from typing import TYPE_CHECKING, Any

from pydantic import Field

from hemodel.entries import Entry, FileEntry
from hemodel.inputs.cells import Scalar

if TYPE_CHECKING:
    from hemodel.analyses.run import Run


LIBRARIES = (
    *("numpy", "scipy", "pandas", "openpyxl", "XlsxWriter", "matplotlib", "pydantic", "jinja2", "python-docx"),
    "threadpoolctl",
)


class PayerFile(Entry):
    """The reference case of a payer that a run was made for."""

    code: str = Field(description="code of the payer")
    file: str = Field(description="name of the profile file")
    sha256: str = Field(description="of the profile")


class ManifestChange(Entry):
    """An input that the run changed."""

    id: str = Field(description="of the cell: the id of its row, with the column where that is not the value")
    before: Scalar = Field(serialization_alias="from", description="in the unit of the input")
    after: Scalar = Field(serialization_alias="to", description="in the unit of the input")
    origin: str = Field(description="what changed it: --set, or the name of a scenario or payer")


class Manifest(Entry):
    """What is needed to repeat a command; what does not concern it is left out."""

    hemodel: str = Field(description="version of hemodel")
    made: str = Field(default="", description="date and time, in UTC")
    command: str = Field(description="as it was given")
    workbook: FileEntry | None = Field(default=None, description="that was read")
    workbooks: list[FileEntry] | None = Field(default=None, description="that were read, of diff and sweep")
    file: FileEntry | None = Field(default=None, description="of patients, of fit-ipd")
    files: dict[str, FileEntry] | None = Field(default=None, description="draws that were read, of voi")
    parts: list[str] | None = Field(
        default=None, description="of the run: base, dsa, psa, scenarios, budget or evidence"
    )
    thresholds: list[float] | None = Field(
        default=None, description="willingness to pay, of voi. [currency per unit of effect]"
    )
    draws: int | None = Field(default=None, description="of the probabilistic analysis; null where there is none")
    use_draws: FileEntry | None = Field(default=None, description="draws that were read; null without --use-draws")
    seed: int | None = Field(default=None, description="of the random numbers; null where none were drawn")
    settings: dict[str, Any] | None = Field(
        default=None, description="of the calculation by name, in the units of the workbook"
    )
    inputs: dict[str, Scalar] | None = Field(default=None, description="value by id, in the units of the workbook")
    changes: list[ManifestChange] | None = Field(
        default=None, description="inputs changed by --set, a scenario or a payer"
    )
    scenarios: dict[str, str] | list[dict[str, str]] | None = Field(
        default=None, description="sha256 by name of the scenarios that were run; of diff those of each workbook"
    )
    payer: PayerFile | None = Field(default=None, description="null without --payer")
    results: list[dict[str, Any]] | None = Field(
        default=None, description="each probabilistic analysis of sweep, in brief"
    )
    python: str = Field(description="version of Python")
    libraries: dict[str, str] = Field(description="version by name")
    groups: list[str] | None = Field(default=None, description="of scenarios that were asked for")
    only: list[str] | None = Field(default=None, description="scenarios that were asked for")
    asked: dict[str, Any] | None = Field(default=None, description="inputs, thresholds and measure asked for, of dsa")
    layout: str | None = Field(default=None, description="of the dossier")
    formats: list[str] | None = Field(default=None, description="of the dossier")
    template: FileEntry | None = Field(default=None, description="of Word, with which a dossier was made")
    outputs: list[str] = Field(default=[], description="every file of the folder that hemodel wrote")

    def said(self) -> dict[str, Any]:
        """Return what is said, under the names of manifest.json."""
        return self.model_dump(by_alias=True, exclude_unset=True)


def manifest(run: Run, command: str) -> Manifest:
    """Return what is needed to repeat a run: versions, hashes, seed, settings, changes and the inputs used."""
    inputs, payer = run.model.inputs, run.profile
    return repeats(
        command,
        workbook=FileEntry(name=inputs.path.name, sha256=sha256(inputs.path.read_bytes()).hexdigest()),
        parts=list(run.options.parts),
        draws=None if run.psa is None else run.psa.draws,
        use_draws=None if run.given is None else FileEntry(name=run.given.file.name, sha256=run.given.file.sha256),
        seed=None if run.psa is None else run.psa.seed,
        settings=inputs.settings.model_dump(),
        inputs={row.id: row.value for row in inputs.rows.values() if row.value is not None},
        changes=[
            ManifestChange(id=change.id, before=change.expected, after=change.value, origin=change.origin)
            for change in inputs.changes
        ],
        scenarios={scenario.name: scenario.sha256 for scenario in run.available},
        payer=None if payer is None else PayerFile(code=payer.profile.code, file=payer.file, sha256=payer.sha256),
    )


def repeats(command: str, **said: Any) -> Manifest:
    """Return the manifest of a command: its words, what else repeats it, and the versions."""
    return Manifest(
        hemodel=metadata.version("hemodel"),
        command=command,
        **said,
        python=platform.python_version(),
        libraries={name: metadata.version(name) for name in LIBRARIES},
    )
