"""What `hemodel budget` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.reporting.budget_document import budget_document
from hemodel.reporting.budget_text import budget_results
from hemodel.reporting.console_tables import NO_BREAK_SPACE, WIDTH, text_table
from hemodel.reporting.format import display
from hemodel.reporting.tables import names_of

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.analysis.run import Run
    from hemodel.reporting.schema import Results


def budget_text(results: Results, run: Run, target: Path | None) -> str:
    """Return the budget impact as the command line prints it, and where it was written.

    Raises
    ------
    UsageError
        Where the results have no budget impact.
    """
    budget = budget_document(results).budget
    names = names_of(results, run)
    lines = [f"{results.title}: budget impact", ""]
    lines += [f"Changed: {c.id}: {c.old} -> {c.new} ({c.origin})" for c in results.changes]
    series = (budget.eligible, budget.without_new.total, budget.with_new.total, budget.net.total)
    rows = [
        (str(year), *(display(s.by_year[i], "money") for s in series), display(budget.net.cumulative[i], "money"))
        for i, year in enumerate(budget.years)
    ]
    rows.append(("Total", *(display(s.all_years, "money") for s in series), ""))
    headers = ("Year", "Eligible", "Without", "With", f"Net ({results.currency})", "Cumulative")
    lines += [text_table(headers, rows, WIDTH), *budget_results(results, names)]
    if budget.one_way:
        widest = "; ".join(item.label for item in budget.one_way[:3])
        lines.append(f"Inputs that move it most: {widest}")
    lines += [f"Warning: {warning}" for warning in results.warnings]
    lines += [f"Written to {target}"] if target is not None else []
    return "\n".join(lines).replace(NO_BREAK_SPACE, " ")
