"""Tables of the value of information of another tool's analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.reporting.tables_information import Shown, information_tables
from hemodel.reporting.tables_shape import Column, Table
from hemodel.reporting.tables_studies import study_tables

if TYPE_CHECKING:
    from hemodel.reporting.format import Value
    from hemodel.reporting.schema_voi import VoiResults


def shown_as(results: VoiResults) -> Shown:
    """Return what the value of information is printed in."""
    return Shown(results.currency, results.effect, {s: s for s in results.strategies})


def voi_tables(results: VoiResults) -> list[Table]:
    """Return every table of voi.json."""
    shown = shown_as(results)
    return [
        _means_table(results, shown),
        *information_tables(results.information, shown),
        *study_tables(results.research),
        _ceac_table(results, shown),
    ]


def _means_table(results: VoiResults, shown: Shown) -> Table:
    rows: list[tuple[Value, ...]] = [
        (
            entry.strategy,
            entry.costs,
            entry.effects,
            entry.incremental_costs,
            entry.incremental_effects,
            entry.verdict if entry.icer is None else entry.icer,
        )
        for entry in results.means
    ]
    return Table(
        "means",
        "Means over the draws",
        (f"{results.draws:,} draws. Increments are against {results.strategies[0]}; the ratio is of means.",),
        (
            Column("Strategy"),
            Column("Costs", "money", shown.currency),
            Column("Effects", "qaly", results.effect),
            Column("Costs", "money", shown.currency, "Increment"),
            Column("Effects", "qaly", results.effect, "Increment"),
            Column("ICER", "icer", shown.unit),
        ),
        tuple(rows),
    )


def _ceac_table(results: VoiResults, shown: Shown) -> Table:
    curves = [results.ceac.probability[s] for s in results.strategies]
    columns = [results.ceac.wtp, *curves, results.ceaf.strategy, results.ceaf.probability]
    return Table(
        "ceac",
        "Acceptability curves and frontier",
        ("The optimal strategy has the highest mean net benefit; its probability is the frontier.",),
        (
            Column("Willingness to pay", "icer", shown.unit),
            *(Column(s, "share", "", "Probability of being cost-effective") for s in results.strategies),
            Column("Optimal strategy"),
            Column("Acceptability frontier", "share"),
        ),
        tuple(zip(*columns, strict=True)),
    )
