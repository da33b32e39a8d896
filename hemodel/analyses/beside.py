"""The base case beside the scenarios and published analyses that a reader will hold it against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from hemodel.analyses.base_case import Incremental, incremental
from hemodel.entries import Entry
from hemodel.inputs.checks import number_of, select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.scenarios import ScenarioEntry
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.rows import Row
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes

STUDY = "published.{analysis}.name"


class BesideEntry(Entry):
    """What one analysis finds for one intervention."""

    kind: Literal["base case", "scenario", "published"] = Field(description="what the analysis is")
    name: str = Field(description="base_case, the scenario or the study, by id")
    label: str = Field(description="the question of a scenario, the name of a study")
    intervention: str = Field(description="id of the strategy, which is compared with the comparator")
    life_years: float | None = Field(description="increment, discounted; null where not published. [year]")
    qalys: float | None = Field(description="increment, discounted; null where not published. [QALY]")
    costs: float | None = Field(description="increment, discounted; null where not published. [currency]")
    icer: float | None = Field(description="null where it means nothing or was not published. [currency per QALY]")
    verdict: str = Field(description="what the increments are, in words; empty for a published analysis")
    source: str = Field(description="of a published analysis; empty for what this model finds")


def beside(model: Model, base: Outcomes, scenarios: Sequence[ScenarioEntry] | None) -> list[BesideEntry]:
    """Return the base case, the scenarios that the workbook names and published analyses; empty without any.

    Parameters
    ----------
    scenarios : sequence of ScenarioEntry or None
        What was run; scenarios that were not run, or stopped, are left out.
    """
    inputs, bases = model.inputs, incremental(base, model.inputs.settings.thresholds)
    ran = {(entry.name, entry.intervention): entry for entry in scenarios or () if not entry.stopped}
    found = []
    for own in bases:
        others = [ran[name, own.intervention] for name in inputs.settings.beside if (name, own.intervention) in ran]
        found += [_entry("scenario", entry.name, entry.question, entry) for entry in others]
        found += [_published(inputs, study, own.intervention) for study in _studies(inputs, own.intervention)]
    return [*(_entry("base case", "base_case", "Base case", own) for own in bases), *found] if found else []


def _entry(
    kind: Literal["base case", "scenario"], name: str, label: str, own: Incremental | ScenarioEntry
) -> BesideEntry:
    return BesideEntry(
        kind=kind,
        name=name,
        label=label,
        intervention=own.intervention,
        life_years=own.life_years,
        qalys=own.qalys,
        costs=own.costs,
        icer=own.icer,
        verdict=own.verdict,
        source="",
    )


def _studies(inputs: ModelInputs, intervention: str) -> list[Row]:
    """Return the rows that name a study which published a number on an intervention."""
    start = "published.{}." + intervention + "."
    return [
        row
        for row in select(inputs.rows, STUDY)
        if any(id_.startswith(start.format(row.names["analysis"])) for id_ in inputs.rows)
    ]


def _published(inputs: ModelInputs, study: Row, intervention: str) -> BesideEntry:
    def number(field: str) -> float | None:
        return number_of(inputs.rows, f"published.{study.names['analysis']}.{intervention}.{field}")

    return BesideEntry(
        kind="published",
        name=study.names["analysis"],
        label=study.text,
        intervention=intervention,
        life_years=number("life_years"),
        qalys=number("qalys"),
        costs=number("costs"),
        icer=number("icer"),
        verdict="",
        source=study.source,
    )
