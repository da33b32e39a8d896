"""The JSON Schema of each kind of file that the commands write, from the records themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hemodel.analyses.budget import BudgetDocument
from hemodel.analyses.differences import Differences
from hemodel.analyses.dsa.run import DsaDocument
from hemodel.analyses.evidence.records import Evidence
from hemodel.analyses.information import VoiResults
from hemodel.analyses.patient_files import FileFit
from hemodel.analyses.report import ReportResults
from hemodel.analyses.results import Results
from hemodel.analyses.scenarios import ScenarioResults
from hemodel.analyses.sweep import SweepDocument
from hemodel.errors import UsageError
from hemodel.publish.manifest import Manifest

if TYPE_CHECKING:
    from pydantic import BaseModel


RECORDS: dict[str, type[BaseModel]] = {
    "results": Results,
    "report": ReportResults,
    "scenarios": ScenarioResults,
    "dsa": DsaDocument,
    "voi": VoiResults,
    "evidence": Evidence,
    "sweep": SweepDocument,
    "budget": BudgetDocument,
    "fit": FileFit,
    "differences": Differences,
    "manifest": Manifest,
}
"""What is written, by the name of the file without its ending; `report` is the results.json of a dossier."""


def json_schema(name: str | None) -> str:
    """Return the JSON Schema of a kind of file.

    Raises
    ------
    UsageError
        Where there is none of this name, with all names.
    """
    if name not in RECORDS:
        what = "no name is given" if name is None else f"there is no schema {name}"
        raise UsageError(f"{what}; there are {', '.join(RECORDS)}")
    return json.dumps(RECORDS[name].model_json_schema(mode="serialization"), indent=1)
