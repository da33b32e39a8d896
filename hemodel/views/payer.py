"""Tables of a run for a payer: reference case, severity, net benefit with it, evLYG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.analyses.modifiers import BY_WEIGHT, Severity
from hemodel.analyses.reference_case import STATUSES
from hemodel.views.shared import notes
from hemodel.views.shared.declared import OnPage, TableEntry
from hemodel.views.shared.table import Column, Table

if TYPE_CHECKING:
    from hemodel.analyses.payer import PayerResult
    from hemodel.analyses.results import Results
    from hemodel.formats import Value
    from hemodel.views.shared.words import Names


MARK = " *"
"""Stands after what was not checked."""
NOT_CHECKED = "* Not checked against the primary text: look at it before relying on the value."


def counts(payer: PayerResult) -> str:
    """Return how many fields of the reference case are met, and so on."""
    statuses = [entry.status for entry in payer.reference_case]
    return ", ".join(f"{status}: {statuses.count(status)}" for status in STATUSES)


def of_whom(payer: PayerResult) -> str:
    """Return the payer in words, with where a profile of the user's stands in for the shipped one."""
    guideline = f", {payer.guideline}" if payer.guideline else ""
    own = "" if payer.file == "shipped with hemodel" else f"; profile {payer.file}"
    instead = " in place of the shipped one" if payer.replaces_shipped else ""
    return f"{payer.code}: {payer.jurisdiction} ({payer.body}{guideline}){own}{instead}"


def reference_case(payer: PayerResult) -> Table:
    """Return each field of the profile: asked, found, met or not, how, and whether it was checked."""
    rows: list[tuple[Value, ...]] = [
        (
            entry.label + ("" if entry.checked else MARK),
            entry.asked,
            entry.found,
            entry.status,
            entry.how,
            "yes" if entry.checked else "no",
            entry.source,
            entry.date,
            entry.note,
        )
        for entry in payer.reference_case
    ]
    remarks = [f"{of_whom(payer)}. {counts(payer)}."]
    remarks += ["To judge: texts, which have to be read beside one another."]
    remarks += [NOT_CHECKED] if payer.not_checked else []
    headers = ("Field", "Asked", "Found", "Status", "How", "Checked", "Source", "Date", "Note")
    title = f"Reference case of {payer.jurisdiction} ({payer.body})"
    return Table("reference_case", title, tuple(remarks), tuple(Column(h) for h in headers), tuple(rows))


def _remarks(payer: PayerResult, fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return a note where fields that a table rests on were not checked."""
    unchecked = [entry for entry in dict.fromkeys(fields) if entry in payer.not_checked]
    labels = [next(e.label for e in payer.reference_case if e.field == field).lower() for field in unchecked]
    return (f"Not checked against the primary text: {', '.join(labels)}.",) if labels else ()


_RATES = ("discount_rate_effects", "discount_steps_effects")
_SHORTFALL = ("modifier", "shortfall_discounted")


def severity(results: Results, payer: PayerResult, found: Severity) -> Table:
    """Return QALYs of the general population and of current care, the shortfall and the weight or threshold."""
    weighs = found.kind == BY_WEIGHT
    kind, unit, what = ("value", "", "weight") if weighs else ("icer", f"{results.currency} per QALY", "threshold")
    shares = [(f"{what.capitalize()} {entry.value:,.10g}", entry.share_of_draws) for entry in found.classes]
    if found.below_first_band:
        shares.append(("Below the first band", found.below_first_band))
    columns = (
        Column("General population", "qaly", "QALY"),
        Column("Current care", "qaly", "QALY"),
        Column("Absolute shortfall", "qaly", "QALY"),
        Column("Proportional shortfall", "share", "proportion"),
        Column(what.capitalize(), "value" if kind == "value" else "icer", unit),
        *(Column(header, "share", "proportion", "Share of draws") for header, share in shares if share is not None),
    )
    row: tuple[Value, ...] = (
        found.general_population,
        found.current_care,
        found.absolute_shortfall,
        found.proportional_shortfall,
        found.weight if weighs else found.threshold,
        *(share for _, share in shares if share is not None),
    )
    how = "Both sides of the shortfall are discounted" if found.discounted else "The shortfall is not discounted"
    remarks = (
        f"{how}.",
        f"Current care: {results.strategy_names[results.strategies[0]]}.",
        "The general population has the ages and sexes of the patients.",
        *_remarks(payer, (*_SHORTFALL, *(_RATES if found.discounted else ()))),
    )
    return Table("severity", "Severity of the condition", remarks, columns, (row,))


def severity_net_benefit(results: Results, payer: PayerResult, found: Severity, names: Names) -> Table:
    """Return net benefit at every threshold, with and without the weight, or at the threshold by severity."""
    weighs = found.kind == BY_WEIGHT
    plain, own = ("Without weight", f"With weight {found.weight:g}") if weighs else ("", "Threshold of each draw")
    rows: list[tuple[Value, ...]] = []
    for entry in found.increments:
        for at in entry.at:
            without = (entry.verdict if entry.icer is None else entry.icer, at.nmb, at.nhb, at.probability)
            ratio = entry.weighted_verdict if entry.weighted_icer is None else entry.weighted_icer
            with_it = (ratio, at.nmb_weighted, at.nhb_weighted, at.probability_weighted) if weighs else ()
            rows.append((names.strategy(entry.intervention), at.threshold, *without, *with_it, at.probability_by_draw))
    per_qaly, money = f"{results.currency} per QALY", results.currency

    def block(group: str, effect: str) -> tuple[Column, ...]:
        return (
            Column("ICER", "icer", f"{money} per {effect}", group),
            Column("NMB", "money", money, group),
            Column("NHB", "qaly", effect, group),
            Column("Probability cost-effective", "share", "proportion", group),
        )

    columns = (
        Column("Intervention"),
        Column("Threshold", "icer", per_qaly),
        *block(plain, "QALY"),
        *(block(own, "weighted QALY") if weighs else ()),
        Column("Probability cost-effective", "share", "proportion", "Weight of each draw" if weighs else own),
    )
    remarks = (
        "Against the comparator, increments as in the base case. NMB and NHB: net monetary and net health benefit.",
        notes.NET_BENEFIT,
        *_remarks(payer, (*_SHORTFALL, *(() if payer.exchange_rate is None else ("thresholds",)))),
    )
    title = (
        "Net benefit with and without the weight for severity" if weighs else "Net benefit at the threshold by severity"
    )
    return Table("severity_net_benefit", title, remarks, columns, tuple(rows))


def evlyg(results: Results, payer: PayerResult, names: Names) -> Table:
    """Return the equal value of life-years gained and its cost."""
    rows: list[tuple[Value, ...]] = [
        (
            names.strategy(entry.intervention),
            entry.evlys,
            entry.costs,
            entry.verdict if entry.cost_per_evly is None else entry.cost_per_evly,
        )
        for entry in payer.evlyg or ()
    ]
    columns = (
        Column("Intervention"),
        Column("evLYG", "qaly", "evLY"),
        Column("Incremental costs", "money", results.currency),
        Column("Cost per evLYG", "icer", f"{results.currency} per evLYG"),
    )
    remarks = ("Discounted, against the comparator.", notes.RATIO, *_remarks(payer, ("outcomes", *_RATES)))
    return Table("evlyg", "Equal value of life-years gained", remarks, columns, tuple(rows))


TABLES = (
    TableEntry(
        "reference_case",
        lambda results, *_: None if results.payer is None else reference_case(results.payer),
        OnPage(("Date", "Note", "Checked"), wide=True),
        needs_rows=True,
    ),
    TableEntry(
        "severity",
        lambda results, *_: (
            None
            if results.payer is None or results.payer.severity is None
            else severity(results, results.payer, results.payer.severity)
        ),
        needs_rows=True,
    ),
    TableEntry(
        "severity_net_benefit",
        lambda results, _, names: (
            None
            if results.payer is None or results.payer.severity is None
            else severity_net_benefit(results, results.payer, results.payer.severity, names)
        ),
        needs_rows=True,
    ),
    TableEntry(
        "evlyg",
        lambda results, _, names: (
            None if results.payer is None or results.payer.evlyg is None else evlyg(results, results.payer, names)
        ),
        needs_rows=True,
    ),
)
