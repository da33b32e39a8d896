"""What `hemodel sweep` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.analyses.base_case import threshold_key
from hemodel.formats import display
from hemodel.publish.console_tables import NO_BREAK_SPACE, WIDTH, text_table
from hemodel.views.sweep import BASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hemodel.analyses.sweep import SweepDocument, SweepEntry, SweepWorkbook


def sweep_text(document: SweepDocument, target: Path | None) -> str:
    """Return a sweep as the command line prints it, and where it was written."""
    lines: list[str] = []
    for workbook in document.workbooks:
        lines += [f"{workbook.name}: {workbook.title}", _of(document, workbook), ""]
    total = sum(entry.draws for entry in document.results)
    lines.append(f"{len(document.results)} probabilistic analyses, {total:,} draws")
    lines += [f"Written to {target}"] if target is not None else []
    return "\n".join(lines).replace(NO_BREAK_SPACE, " ")


def _of(document: SweepDocument, workbook: SweepWorkbook) -> str:
    own = [entry for entry in document.results if entry.workbook == workbook.name]
    rows = [row for entry in own for row in _rows(entry, workbook)]
    intervention = ["Intervention"] if len(workbook.strategies) > 2 else []
    money = f"Net monetary benefit ({workbook.currency})"
    headers = ("Scenario", *intervention, "Threshold", money, "2.5%", "97.5%", "SE", "Cost-effective")
    return text_table(headers, rows, WIDTH)


def _rows(entry: SweepEntry, workbook: SweepWorkbook) -> Iterator[tuple[str, ...]]:
    key = threshold_key(entry.decision_threshold)
    for one in entry.increments:
        yield (
            entry.scenario or BASE,
            *([workbook.strategy_names[one.intervention]] if len(entry.increments) > 1 else []),
            display(entry.decision_threshold, "icer"),
            display(one.nmb_mean[key], "money"),
            *(display(end, "money") for end in one.nmb_interval[key]),
            display(one.nmb_mcse[key], "money"),
            display(entry.probability_cost_effective[key][one.intervention], "share"),
        )
