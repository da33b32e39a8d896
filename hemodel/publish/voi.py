"""What `hemodel voi` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.formats import display
from hemodel.publish.console_tables import NO_BREAK_SPACE, WIDTH, text_table
from hemodel.views.information import information_text
from hemodel.views.studies import research_results
from hemodel.views.voi import shown_as

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.analyses.information import VoiResults


MOST_PRINTED = 5
"""Inputs and groups with the highest EVPPI that are printed for each threshold."""


def voi_text(results: VoiResults, target: Path | None) -> str:
    """Return the value of information as the command line prints it, and where it was written."""
    shown, found = shown_as(results), results.information
    unit = f" ({shown.currency} per person)" if shown.currency else " (per person)"
    lines = [f"{results.draws:,} draws of {len(results.inputs)} inputs, {len(results.strategies)} strategies", ""]
    rows = [
        (
            display(entry.threshold, "icer"),
            entry.optimal,
            display(entry.value, "money"),
            display(entry.standard_error, "money"),
        )
        for entry in found.evpi
    ]
    lines += [text_table(("Willingness to pay", "Optimal strategy", f"EVPI{unit}", "SE"), rows, WIDTH), ""]
    for place, threshold in enumerate(found.thresholds):
        worth = sorted((e for e in found.evppi if e.at[place].is_clear), key=lambda e: -e.at[place].value)
        rows = [
            (
                f"{entry.label} (group)" if entry.group else entry.label,
                display(entry.at[place].value, "money"),
                display(entry.at[place].standard_error, "money"),
                display(entry.at[place].bias, "money"),
            )
            for entry in worth[:MOST_PRINTED]
        ]
        if rows:
            headers = (f"At {shown.threshold(threshold)}", f"EVPPI{unit}", "SE", "Bias")
            lines += [text_table(headers, rows, WIDTH), ""]
    if found.withheld:
        lines.append(found.withheld)
    if found.evpi[found.thresholds.index(results.thresholds[0])].value == 0:
        lines += information_text(found, shown, results.thresholds[0])
    lines += [f"Study: {sentence}" for sentence in research_results(results.research)]
    lines += [f"Warning: {warning}" for warning in results.warnings]
    lines += [f"Written to {target}"] if target is not None else []
    return "\n".join(lines).replace(NO_BREAK_SPACE, " ")
