"""The table of a sweep: a row for each workbook, scenario and intervention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.reporting.schema import threshold_key
from hemodel.reporting.tables_shape import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hemodel.reporting.format import Kind, Value
    from hemodel.reporting.schema_sweep import SweepDocument, SweepEntry, SweepWorkbook

BASE = "Base case"
"""What a workbook as it stands is called."""


def sweep_table(document: SweepDocument) -> Table:
    """Return increments, net benefit at the decision threshold, acceptability and Monte Carlo error of every model."""
    workbooks = {workbook.name: workbook for workbook in document.workbooks}
    currencies = {workbook.currency for workbook in document.workbooks}
    money = next(iter(currencies)) if len(currencies) == 1 else ""
    return Table(
        "sweep",
        "Probabilistic analysis by workbook and scenario",
        (
            "Intervention minus comparator: means over the draws with their 2.5% and 97.5% points.",
            "Net monetary benefit, acceptability and EVPI are at the decision threshold.",
            "The Monte Carlo standard error is that of the mean net monetary benefit.",
        ),
        (
            *(Column(header) for header in ("Workbook", "Scenario", "Intervention", "Comparator", "Currency")),
            Column("Draws", "count"),
            *_with_interval("Incremental QALYs", "qaly", "QALY"),
            *_with_interval("Incremental costs", "money", money),
            Column("ICER of the means", "icer", f"{money} per QALY" if money else ""),
            Column("Decision threshold", "icer", f"{money} per QALY" if money else ""),
            *_with_interval("Net monetary benefit", "money", money),
            Column("Monte Carlo standard error", "money", money),
            Column("Probability of being cost-effective", "share"),
            Column("Optimal strategy"),
            Column("EVPI per person", "money", money),
        ),
        tuple(row for entry in document.results for row in _rows(entry, workbooks[entry.workbook])),
        banded=True,
    )


def _with_interval(group: str, kind: Kind, unit: str) -> tuple[Column, ...]:
    return tuple(Column(header, kind, unit, group) for header in ("Mean", "2.5%", "97.5%"))


def _rows(entry: SweepEntry, workbook: SweepWorkbook) -> Iterator[tuple[Value, ...]]:
    key, names = threshold_key(entry.decision_threshold), workbook.strategy_names
    for one in entry.increments:
        yield (
            *(entry.workbook, entry.scenario or BASE, names[one.intervention], names[one.comparator]),
            *(workbook.currency, entry.draws),
            *(one.mean["qalys"], *one.interval["qalys"]),
            *(one.mean["costs"], *one.interval["costs"]),
            one.verdict_of_means if one.icer_of_means is None else one.icer_of_means,
            entry.decision_threshold,
            *(one.nmb_mean[key], *one.nmb_interval[key]),
            one.nmb_mcse[key],
            entry.probability_cost_effective[key][one.intervention],
            names[entry.optimal[key]],
            entry.evpi[key],
        )
