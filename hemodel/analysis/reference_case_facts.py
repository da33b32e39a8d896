"""What the reference-case table compares a profile with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.inputs.changes import same
from hemodel.payers.words import rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.analysis.modifiers import Severity
    from hemodel.inputs.cells import Scalar
    from hemodel.inputs.changes import Change
    from hemodel.inputs.scenarios import Scenario
    from hemodel.model import Model
    from hemodel.payers.applying import Applied
    from hemodel.payers.profile import Profile

MET, DEPARTS, MISSING, TO_JUDGE = "met", "departs", "missing", "to judge"
STATUSES = (MET, DEPARTS, MISSING, TO_JUDGE)
AS_IN_WORKBOOK = "as in the workbook"


@dataclass(frozen=True)
class Facts:
    """A profile, what was applied of it, and what was run."""

    profile: Profile
    applied: Applied
    model: Model
    one_way: bool
    draws: int | None
    scenarios: tuple[Scenario, ...]
    scenarios_run: bool
    severity: Severity | None
    evlyg: bool
    shown: Mapping[str, str]

    @property
    def has_budget(self) -> bool:
        """Whether the workbook has rows on the budget impact, beside those a payer sets."""
        applied = {change.id for change in self.applied.changes}
        return any(id_.startswith("budget.") and id_ not in applied for id_ in self.model.inputs.rows)

    def made(self, id_: str) -> list[Change]:
        """Return the changes of an input in this run, in order."""
        return [change for change in self.model.inputs.changes if change.id == id_]

    def value(self, id_: str) -> Scalar:
        """Return the value of an input in this run, None where there is none."""
        row = self.model.inputs.rows.get(id_)
        return None if row is None else row.value


@dataclass(frozen=True)
class Finding:
    """What was found for a field: `part` names a part of it, `asked` replaces its value in words."""

    found: str
    status: str
    how: str = ""
    part: str = ""
    asked: str = ""


def met(holds: bool) -> str:
    """Return met or departs."""
    return MET if holds else DEPARTS


def how(facts: Facts, ids: Iterable[str]) -> str:
    """Say how inputs came to their values: by the payer, by the user, or as in the workbook."""
    said = []
    for id_ in ids:
        for change in facts.made(id_):
            old = "empty" if change.expected is None else _plain(id_, change.expected)
            by = "applied" if change.reference_case else f"changed by {change.origin}"
            said.append(f"{by}; was {old}")
    return "; ".join(dict.fromkeys(said)) or AS_IN_WORKBOOK


def _plain(id_: str, value: Scalar) -> str:
    if isinstance(value, (int, float)):
        return rate(value) if "rate" in id_ else f"{value:,.10g}"
    return str(value)


def equal(left: Scalar, right: Scalar) -> bool:
    """Whether two values are the same number or text."""
    return same(left, right)
