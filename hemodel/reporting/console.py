"""What the command line prints: summaries, lists and problems, as text."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from hemodel.reporting.budget_text import budget_results
from hemodel.reporting.console_tables import NO_BREAK_SPACE, WIDTH, text_table
from hemodel.reporting.format import display
from hemodel.reporting.payers_text import reference_case_text
from hemodel.reporting.studies_text import research_results
from hemodel.reporting.tables import names_of
from hemodel.reporting.tables_prose import assumed_prices
from hemodel.reporting.tables_words import adjustment_sentence
from hemodel.survival.endpoint_fit import REPORTED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hemodel.analysis.load import Check
    from hemodel.analysis.run import Run
    from hemodel.errors import Problem
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.rows import Row
    from hemodel.model import Model
    from hemodel.reporting.schema import Incremental, Results
    from hemodel.survival.endpoint_fit import EndpointFit

INPUT_FIELDS = ("id", "value", "unit", "low", "high", "se", "distribution", "source", "cell")


def summary(results: Results, run: Run, target: Path) -> str:
    """Return the main results of a run and where everything was written."""
    lines = [results.title, ""]
    if results.under_scenarios:
        lines += [f"Under the scenarios: {', '.join(results.under_scenarios)}", ""]
    lines += [f"Changed: {c.id}: {c.old} -> {c.new} ({c.origin})" for c in results.changes]
    names = names_of(results, run)
    assumed = assumed_prices(results, names)
    lines += assumed
    lines += ["", _totals(results)] if results.changes or assumed else [_totals(results)]
    lines += [_incremental(results, entry) for entry in results.incremental]
    if results.psa is not None:
        shares = results.psa.probability_cost_effective
        for strategy in results.strategies[1:]:
            chances = ", ".join(
                f"{display(by[strategy], 'share')} at {display(float(t), 'money', results.currency)}"
                for t, by in shares.items()
            )
            name = results.strategy_names[strategy]
            lines.append(f"Probability that {name} is cost-effective ({results.psa.draws:,} draws): {chances}")
    lines += [f"Adjusted: {adjustment_sentence(a, names)}" for a in results.adjustments if a.first_month is not None]
    lines += [f"Warning: {warning}" for warning in results.warnings]
    if results.scenarios is not None:
        count = len({entry.name for entry in results.scenarios})
        lines.append(f"{count} scenarios: see tables/scenarios.csv")
    if results.payer is not None:
        lines += ["", reference_case_text(results.payer)]
    lines += [f"Budget impact: {sentence}" for sentence in budget_results(results, names)[:2]]
    lines += [f"Research: {sentence}" for sentence in research_results(results.research)]
    return "\n".join([*lines, f"Written to {target}"]).replace(NO_BREAK_SPACE, " ")


def written(layout: str, formats: Sequence[str], target: Path) -> str:
    """Return which dossier was written, and where."""
    return f"Dossier in the layout {layout}: {', '.join(f'dossier.{each}' for each in formats)}\nWritten to {target}"


def _totals(results: Results) -> str:
    rows: list[tuple[str, ...]] = []
    for strategy in results.strategies:
        found = results.base_case[strategy]
        rows.append(
            (
                results.strategy_names[strategy],
                display(found.costs.discounted["total"], "money"),
                display(found.life_years.discounted["total"], "years"),
                display(found.qalys.discounted["total"], "qaly"),
            )
        )
    return text_table(("Strategy", f"Costs ({results.currency})", "Life-years", "QALYs"), rows, WIDTH)


def _incremental(results: Results, entry: Incremental) -> str:
    pair = f"{results.strategy_names[entry.intervention]} v {results.strategy_names[entry.comparator]}"
    ratio = entry.verdict if entry.icer is None else f"ICER {display(entry.icer, 'icer', results.currency)} per QALY"
    return (
        f"{pair}: {display(entry.costs, 'money', results.currency)}, {display(entry.life_years, 'years')} life-years,"
        f" {display(entry.qalys, 'qaly')} QALYs: {ratio}"
    )


def input_list(inputs: ModelInputs, *, as_json: bool) -> str:
    """Return every input: as JSON, or as lines of fields separated by tabs."""
    rows = [_input(row) for row in inputs.rows.values()]
    if as_json:
        return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
    lines = ["\t".join(INPUT_FIELDS)]
    lines += ["\t".join("" if row[name] is None else str(row[name]) for name in INPUT_FIELDS) for row in rows]
    return "\n".join(lines) + "\n"


def _input(row: Row) -> dict[str, Any]:
    where = row.where["value"]
    cell = f"{where.sheet}!{where.cell}" if where.cell else where.file
    return {
        "id": row.id,
        "label": row.label,
        "value": row.value,
        "unit": row.unit,
        "low": row.low,
        "high": row.high,
        "se": row.se,
        "distribution": row.distribution,
        "source": row.source,
        "cell": cell,
    }


def checked(model: Model) -> str:
    """Return the good news about a workbook."""
    inputs = model.inputs
    filled = sum(row.value is not None for row in inputs.rows.values())
    assumed = sum(row.is_assumption for row in inputs.rows.values())
    fits = ", ".join(f"{endpoint} ({_fitted_to(fit)})" for endpoint, fit in model.fits.items())
    return (
        f"{inputs.path.name}: no problems. {filled} inputs ({assumed} of them assumptions),"
        f" {len(inputs.strategies)} strategies; curves fitted: {fits}."
    )


def problem_list(problems: Sequence[Problem]) -> str:
    """Return all problems, those of one sheet together."""
    ordered = sorted(problems, key=lambda problem: problem.where.sheet or "")
    return _by_sheet(f"Error: {_count(problems, 'problem')} found.", ordered)


def warning_list(warnings: Sequence[Problem]) -> str:
    """Return all warnings in the order given, those of one sheet together; nothing where there are none."""
    places = list(dict.fromkeys(warning.where.sheet for warning in warnings))
    ordered = sorted(warnings, key=lambda warning: places.index(warning.where.sheet))
    return _by_sheet(f"{_count(warnings, 'warning')}: allowed, but look at them.", ordered) if warnings else ""


def _count(found: Sequence[Problem], name: str) -> str:
    return f"{len(found)} {name}{'' if len(found) == 1 else 's'}"


def _by_sheet(first: str, ordered: Sequence[Problem]) -> str:
    lines = [first]
    for _, group in groupby(ordered, key=lambda problem: problem.where.sheet):
        lines += ["", *(str(problem) for problem in group)]
    return "\n".join(lines)


def check_json(check: Check) -> str:
    """Return the problems and warnings of a check as JSON."""
    found = {
        "file": check.file,
        "problems": [_entry(problem) for problem in check.problems],
        "warnings": [_entry(warning) for warning in check.warnings],
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _entry(problem: Problem) -> dict[str, str | None]:
    where = problem.where
    place = {"file": where.file, "sheet": where.sheet, "cell": where.cell}
    return place | {"what": problem.what, "why": problem.why, "todo": problem.todo}


def _fitted_to(fit: EndpointFit) -> str:
    """Say what the curves of an endpoint were fitted to."""
    others = dict.fromkeys(source.kind for source in fit.sources.values() if source.kind != REPORTED)
    reported = [f"{fit.n_targets} statistics"] if fit.reported else []
    return ", ".join([*reported, *others])
