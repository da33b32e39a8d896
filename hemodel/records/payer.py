"""The shape of a payer's part of results.json: its reference case, severity and evLYG."""

from __future__ import annotations

from pydantic import Field

from hemodel.entries import Entry


class ReferenceCaseEntry(Entry):
    """One field of the payer's profile beside the run."""

    field: str
    label: str
    asked: str
    found: str
    status: str = Field(description="met, departs, missing, or to judge (texts that no program can compare)")
    how: str = Field(description="how the value found came about, or what to do")
    checked: bool = Field(description="whether the field was compared with the primary text")
    source: str
    date: str = Field(description="year or day of the source")
    note: str


class SeverityAt(Entry):
    """Incremental net benefit at one threshold, without and with the weight."""

    threshold: float
    nmb: float
    nhb: float | None
    nmb_weighted: float
    nhb_weighted: float | None
    probability: float | None = Field(description="share of draws in which it is cost-effective, without weight")
    probability_weighted: float | None = Field(description="the same with the weight of the base case")
    probability_by_draw: float | None = Field(description="the same with the weight (or threshold) of each draw")


class SeverityIncrement(Entry):
    """One intervention against the comparator with the weight."""

    intervention: str
    comparator: str
    qalys: float
    costs: float
    weighted_qalys: float
    icer: float | None
    verdict: str
    weighted_icer: float | None
    weighted_verdict: str
    at: list[SeverityAt]


class SeverityClass(Entry):
    """A weight or a threshold, and the share of draws that have it."""

    value: float
    share_of_draws: float | None


class SeverityResult(Entry):
    """Severity under current care (the comparator) and what follows from it."""

    kind: str = Field(description="weight: QALYs are weighed; threshold: the threshold follows")
    discounted: bool
    general_population: float = Field(description="QALYs of the general population of the same ages and sexes")
    current_care: float = Field(description="QALYs of the comparator")
    absolute_shortfall: float
    proportional_shortfall: float
    weight: float = Field(description="of a QALY; 1 where the threshold follows")
    threshold: float | None = Field(description="by severity; null where QALYs are weighed, or below the first band")
    classes: list[SeverityClass]
    below_first_band: float | None = Field(description="share of draws")
    increments: list[SeverityIncrement]


class EvlygEntry(Entry):
    """Equal value of life-years gained of one intervention over the comparator."""

    intervention: str
    comparator: str
    evlys: float
    costs: float
    cost_per_evly: float | None
    verdict: str


class PayerResult(Entry):
    """The payer that the run was made for."""

    code: str
    jurisdiction: str
    body: str
    guideline: str
    table_set: str = Field(description="which tables a dossier needs: NICE, CDA-AMC, PBAC, ICER or generic")
    file: str = Field(description="where the profile was found")
    replaces_shipped: bool
    currency: str
    exchange_rate: float | None = Field(description="units of the workbook's currency for one of the payer's")
    not_checked: list[str] = Field(description="fields that were not compared with the primary text")
    reference_case: list[ReferenceCaseEntry]
    severity: SeverityResult | None
    evlyg: list[EvlygEntry] | None
