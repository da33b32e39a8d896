"""What the command line prints: summaries, lists and problems, as text.

What `hemodel budget` prints.

What `hemodel dsa` prints.

What `hemodel scenarios` prints: every scenario by group, and where the outputs are.

What `hemodel fit` prints: the ranking of each endpoint, and which family the workbook uses.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from hemodel.analyses.base_case import threshold_key
from hemodel.economics import is_cost_effective, net_monetary_benefit
from hemodel.errors import few
from hemodel.formats import display
from hemodel.inputs.dictionary import sheets
from hemodel.publish.console_payers import reference_case_text
from hemodel.publish.console_tables import NO_BREAK_SPACE, WIDTH, plain_table, text_table, wrapped
from hemodel.survival.endpoint_fit import REPORTED
from hemodel.views.budget import budget_of, budget_results
from hemodel.views.evidence.words import EvidenceNames, in_use_words
from hemodel.views.fit_warnings import accepted_sentence, fit_sentence
from hemodel.views.headline import headline
from hemodel.views.prose import mean_results
from hemodel.views.registry import names_of
from hemodel.views.scenarios import by_group, decision_word
from hemodel.views.shared.words import SCENARIO_GROUPS, Names, adjustment_sentence, family_name
from hemodel.views.studies import research_results

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hemodel.analyses.dsa.run import DsaDocument
    from hemodel.analyses.evidence.records import EndpointEvidence, EvidencePack
    from hemodel.analyses.load import WorkbookCheck
    from hemodel.analyses.psa.given import GivenFile
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.analyses.scenarios import ScenarioEntry
    from hemodel.errors import Problem
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.rows import Row
    from hemodel.model.evaluate import Model
    from hemodel.survival.endpoint_fit import EndpointFit


INPUT_FIELDS = ("id", "value", "unit", "low", "high", "se", "distribution", "source", "cell")


def summary(results: Results, run: Run, target: Path) -> str:
    """Return the answer of a run, its main numbers, what to know about it, and where everything was written."""
    names = names_of(results, run)
    blocks = [
        [results.title, *_made_under(results)],
        headline(results, names),
        [_totals(results)],
        [_ranking_of(results, names)] if len(results.incremental) > 1 else [],
        _draws_said(results, names),
        [reference_case_text(results.payer)] if results.payer is not None else [],
        [f"Budget impact: {sentence}" for sentence in budget_results(results, names)[:2]],
        [f"Research: {sentence}" for sentence in research_results(results.research)],
        _to_know(results, names),
    ]
    told = ["\n".join(wrapped(line) for line in block) for block in blocks if block]
    return "\n\n".join([*told, f"Written to {target}: open report.html first."])


def base_case_text(results: Results) -> str:
    """Return what is known of a run before the rest of it is worked out: the totals of the base case."""
    return "\n".join([wrapped(f"Base case of {results.title}"), _totals(results), ""])


def _made_under(results: Results) -> list[str]:
    under = [f"Under the scenarios: {', '.join(results.under_scenarios)}"] if results.under_scenarios else []
    return [*under, *(f"Changed: {c.id}: {c.old} -> {c.new} ({c.origin})" for c in results.changes)]


def _ranking_of(results: Results, names: Names) -> str:
    """Return the fully incremental analysis."""
    rows = [
        (
            names.strategy(entry.strategy),
            entry.status,
            display(entry.costs, "money"),
            display(entry.qalys, "qaly"),
            display(entry.icer, "icer"),
        )
        for entry in results.frontier
    ]
    headers = ("Fully incremental", "Status", f"Costs ({results.currency})", "QALYs", "ICER")
    return text_table(headers, rows, WIDTH)


def _draws_said(results: Results, names: Names) -> list[str]:
    """Say whose draws they are, how often each strategy is the best at each threshold, and what is off."""
    lines = [] if results.use_draws is None else [f"Draws: {_given(results.use_draws)}"]
    if results.psa is not None:
        shares = results.psa.probability_cost_effective
        rows = [
            (names.strategy(strategy), *(display(by[strategy], "share") for by in shares.values()))
            for strategy in results.strategies
        ]
        heads = (display(float(t), "icer") for t in shares)
        first = f"Share of {results.psa.draws:,} draws in which it is best at ({results.currency} per QALY)"
        lines.append(text_table((first, *heads), rows, WIDTH))
    return [*lines, *mean_results(results, names)]


def _to_know(results: Results, names: Names) -> list[str]:
    """Return adjustments and warnings."""
    adjusted = [adjustment_sentence(a, names) for a in results.adjustments if a.first_month is not None]
    return [
        *(f"Adjusted: {sentence}" for sentence in adjusted),
        *(f"Warning: {warning}" for warning in results.warnings),
        *_about_fits(results),
    ]


def _about_fits(results: Results) -> list[str]:
    """Say what speaks against the curves, in a sentence, and how much of it notes accept."""
    found = fit_sentence(results.fit_warnings)
    found = f"Warning: {found} hemodel check says what to do." if found else ""
    return [sentence for sentence in (found, accepted_sentence(results.fit_warnings)) if sentence]


def written(layout: str, formats: Sequence[str], target: Path) -> str:
    """Return which dossier was written, and where."""
    return f"Dossier in the layout {layout}: {', '.join(f'dossier.{each}' for each in formats)}\nWritten to {target}"


def _totals(results: Results) -> str:
    """Return costs, life-years and QALYs of every strategy, and of two strategies the increment."""
    rows: list[tuple[str, ...]] = []
    for strategy in results.strategies:
        found = results.base_case[strategy]
        amounts = (found.costs.discounted, found.life_years.discounted, found.qalys.discounted)
        costs, years, qalys = (amount["total"] for amount in amounts)
        rows.append((results.strategy_names[strategy], *_amounts(costs, years, qalys), ""))
    pair = len(results.incremental) == 1
    if pair:
        entry = results.incremental[0]
        ratio = entry.verdict if entry.icer is None else display(entry.icer, "icer")
        rows.append(("Increment", *_amounts(entry.costs, entry.life_years, entry.qalys), ratio))
    headers = ("Discounted", f"Costs ({results.currency})", "Life-years", "QALYs", "ICER")
    return text_table(headers if pair else headers[:-1], [row if pair else row[:-1] for row in rows], WIDTH)


def _amounts(costs: float, years: float, qalys: float) -> tuple[str, str, str]:
    return display(costs, "money"), display(years, "years"), display(qalys, "qaly")


def _given(file: GivenFile) -> str:
    """Say whose draws are from a file."""
    if not file.inputs:
        return f"the {file.draws:,} of {file.name} are those that the workbook makes itself with this seed."
    return (
        f"{file.draws:,} of {len(file.inputs)} inputs are from {file.name}; every other uncertain input is drawn from "
        "the workbook. Monte Carlo errors are those of independent draws."
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


def checked(model: Model, accepted: int) -> str:
    """Return the good news about a workbook, with how many warnings its notes accept."""
    inputs = model.inputs
    filled = [row for row in inputs.rows.values() if row.value is not None]
    assumed = sum(row.is_assumption for row in filled)
    fits = ", ".join(f"{endpoint} ({_fitted_to(fit)})" for endpoint, fit in model.fits.items())
    return (
        f"{inputs.path.name}: no problems. {len(filled)} inputs ({assumed} of them assumptions),"
        f" {len(inputs.strategies)} strategies; curves fitted: {fits}."
        + (f" {accepted} warning{'' if accepted == 1 else 's'} accepted by notes." if accepted else "")
    )


def problem_list(problems: Sequence[Problem]) -> str:
    """Return all problems, those of one sheet together."""
    return _by_sheet(f"Error: {_count(problems, 'problem')} found.", in_order_of_sheets(problems))


def warning_list(warnings: Sequence[Problem]) -> str:
    """Return all warnings, those of one sheet together; nothing where there are none."""
    ordered = in_order_of_sheets(warnings)
    if not warnings:
        return ""
    listed = _by_sheet(f"{_count(warnings, 'warning')}: allowed, but look at them.", ordered)
    names = list(dict.fromkeys(warning.name for warning in ordered if warning.name))
    return f"{listed}\n\n{_how_to_accept(names)}" if names else listed


def in_order_of_sheets(found: Sequence[Problem]) -> list[Problem]:
    """Return problems in the order in which one fills in the sheets, those of other sheets after them."""
    places = [None, *sheets(), *dict.fromkeys(problem.where.sheet for problem in found)]
    return sorted(found, key=lambda problem: places.index(problem.where.sheet))


def _how_to_accept(names: Sequence[str]) -> str:
    """Say how notes accept warnings, so that they are counted and listed no more."""
    return f'To accept one, write in the note of its row "accepted NAME: " and why. Names: {", ".join(names)}.'


def _count(found: Sequence[Problem], name: str) -> str:
    return f"{len(found)} {name}{'' if len(found) == 1 else 's'}"


def _by_sheet(first: str, ordered: Sequence[Problem]) -> str:
    lines = [first]
    for _, group in groupby(ordered, key=lambda problem: problem.where.sheet):
        lines += ["", *few(tuple(group), _line)]
    return "\n".join(lines)


def _line(problem: Problem) -> str:
    """Return a problem as one line, with the name by which a note can accept it."""
    return f"{problem} [{problem.name}]" if problem.name else str(problem)


def check_json(check: WorkbookCheck) -> str:
    """Return the problems and warnings of a check as JSON."""
    found = {
        "file": check.file,
        "problems": [_entry(problem) for problem in check.problems],
        "warnings": [_entry(warning) for warning in check.warnings],
        "accepted": [_entry(each.warning) | {"reason": each.reason} for each in check.accepted],
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _entry(problem: Problem) -> dict[str, str | None]:
    where = problem.where
    place = {"file": where.file, "sheet": where.sheet, "cell": where.cell}
    return place | {"what": problem.what, "why": problem.why, "todo": problem.todo, "name": problem.name}


def _fitted_to(fit: EndpointFit) -> str:
    """Say what the curves of an endpoint were fitted to."""
    others = dict.fromkeys(source.kind for source in fit.sources.values() if source.kind != REPORTED)
    reported = [f"{fit.n_targets} statistics"] if fit.reported else []
    return ", ".join([*reported, *others])


def budget_text(results: Results, run: Run, target: Path | None) -> str:
    """Return the budget impact as the command line prints it, and where it was written.

    Raises
    ------
    UsageError
        Where the results have no budget impact.
    """
    budget = budget_of(results)
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


MOST_VALUES = 10


def dsa_text(document: DsaDocument, results: Results, target: Path) -> str:
    """Return what was found, and where everything was written."""
    names = Names(results)
    lines = [document.title, ""]
    lines += [f"Changed: {c.id}: {c.old} -> {c.new} ({c.origin})" for c in document.changes]
    lines += [*_base(document, names), "", *_values(document, names), *_grids(document, names)]
    lines += [*_combinations(document, names), *_searches(document, names)]
    lines += [f"Warning: {warning}" for warning in document.warnings]
    return "\n".join([*lines, f"Written to {target}"]).replace(NO_BREAK_SPACE, " ")


def _base(document: DsaDocument, names: Names) -> Iterator[str]:
    at = display(document.decision_threshold, "icer", document.currency)
    for entry in document.base_case:
        benefit = net_monetary_benefit(entry.qalys, entry.costs, document.decision_threshold)
        pair = names.comparison(entry.intervention, entry.comparator)
        yield f"{pair}: net monetary benefit {display(benefit, 'money', document.currency)} at {at} per QALY"


def _values(document: DsaDocument, names: Names) -> Iterator[str]:
    for entry in document.base_case:
        own = [value for value in document.threshold_values if value.intervention == entry.intervention]
        turning = [value for value in own if value.values]
        yield f"{len(turning)} of {len(own)} inputs change the decision on {names.strategy(entry.intervention)} alone"
        for value in turning[:MOST_VALUES]:
            listed = " and ".join(display(each, "number") for each in value.values)
            ends = f"{display(value.low, 'number')} to {display(value.high, 'number')}"
            yield f"  {value.id}: at {listed} (base case {display(value.base, 'number')}, {ends})"
        if len(turning) > MOST_VALUES:
            yield f"  and {len(turning) - MOST_VALUES} more: see tables/threshold_values.csv"


def _grids(document: DsaDocument, names: Names) -> Iterator[str]:
    for grid in document.two_way:
        known = [value for row in grid.nmb for value in row if value is not None]
        good = sum(is_cost_effective(value) for value in known)
        lost = f"; {len(grid.failed)} without a result" if grid.failed else ""
        yield (
            f"Two-way {grid.x.id}, {grid.y.id}: {names.strategy(grid.intervention)} is cost-effective at {good} of "
            f"{len(known)} points{lost}"
        )
        for point in grid.failed[:MOST_VALUES]:
            yield f"  no result at {display(point.x, 'number')}, {display(point.y, 'number')}: {point.why}"
        if len(grid.failed) > MOST_VALUES:
            yield f"  and {len(grid.failed) - MOST_VALUES} more: see tables/two_way.csv"


def _combinations(document: DsaDocument, names: Names) -> Iterator[str]:
    for one in document.n_way.combinations if document.n_way is not None else ():
        if one.failed:
            yield f"Combination {one.name}: no result: {one.failed}"
            continue
        change = display(one.change_in_nmb, "money", document.currency)
        other = ", another decision" if one.changes_decision else ""
        who = names.strategy(one.intervention)
        yield f"Combination {one.name}, {who}: net benefit {change} from the base case{other}"


def _searches(document: DsaDocument, names: Names) -> Iterator[str]:
    for search in document.searches:
        for at in search.at:
            who = names.strategy(at.intervention)
            yield f"Threshold {search.id}, {who} at {display(at.threshold, 'icer', document.currency)}: {at.words}"
            if not at.values and at.nmb_low is not None and at.nmb_high is not None:
                ends = (
                    f"{display(benefit, 'money', document.currency)} at {display(end, 'number')}"
                    for benefit, end in ((at.nmb_low, search.low), (at.nmb_high, search.high))
                )
                yield f"  net benefit {' and '.join(ends)}"
        if search.failed:
            yield f"  points without a result: {search.failed} of {len(search.x)}"


CHANGED = "*"
"""Stands behind a decision that is not that of the base case."""


def scenario_summary(results: Results, target: Path) -> str:
    """Return a table for each intervention: what every scenario changes and what is decided under it."""
    lines = [results.title, ""]
    lines += [f"Changed: {c.id}: {c.old} -> {c.new} ({c.origin})" for c in results.changes]
    entries = by_group(results.scenarios or [])
    names = Names(results)
    for base in results.incremental:
        own = [entry for entry in entries if entry.intervention == base.intervention]
        lines += [names.comparison(base.intervention, base.comparator), "", _table(results, base.intervention, own), ""]
    if any(any(entry.changes_decision.values()) for entry in entries):
        lines.append(f"{CHANGED} another decision than in the base case")
    lines += [f"Warning: {warning}" for warning in results.warnings]
    count = len({entry.name for entry in entries})
    lines.append(f"{count} scenario{'' if count == 1 else 's'}. Written to {target}")
    return "\n".join(lines).replace(NO_BREAK_SPACE, " ")


def _table(results: Results, intervention: str, entries: list[ScenarioEntry]) -> str:
    base = next(each for each in results.incremental if each.intervention == intervention)
    keys = [threshold_key(t) for t in results.thresholds]
    headers = (
        *("Scenario", "Change in QALYs", f"Change in costs ({results.currency})"),
        *("ICER", *(f"At {display(t, 'icer')}" for t in results.thresholds)),
    )
    icer = base.verdict if base.icer is None else display(base.icer, "icer")
    rows: list[tuple[str, ...]] = [
        ("Base case", "", "", icer, *("yes" if is_cost_effective(base.nmb[key]) else "no" for key in keys))
    ]
    for group, own in groupby(entries, key=lambda entry: entry.group):
        rows += [("",) * len(headers), (SCENARIO_GROUPS[group], *("",) * (len(headers) - 1))]
        rows += [_row(entry, keys) for entry in own]
    return plain_table(headers, rows)


def _row(entry: ScenarioEntry, keys: list[str]) -> tuple[str, ...]:
    if entry.stopped:
        return (f"  {entry.name}", "", "", "not run", *("" for _ in keys))
    words = ((decision_word(entry, key) or "").lower().replace(" (changed)", CHANGED) for key in keys)
    return (
        f"  {entry.name}",
        display(entry.change_in_qalys, "qaly"),
        display(entry.change_in_costs, "money"),
        entry.verdict if entry.icer is None else display(entry.icer, "icer"),
        *words,
    )


MARK = "*"


def evidence_summary(model: Model, pack: EvidencePack, target: Path) -> str:
    """Return the ranking of the families of every endpoint and where everything was written.

    Parameters
    ----------
    target : Path
        The folder.
    """
    names = EvidenceNames(model)
    lines = [pack.evidence.title, ""]
    lines += [f"Changed: {c.id}: {c.expected} -> {c.value} ({c.origin})" for c in model.inputs.changes]
    for endpoint, found in pack.evidence.endpoints.items():
        lines += [in_use_words(names, endpoint, found), _ranking(names, found), *_unfitted(found), ""]
    return "\n".join([*lines, f"Written to {target}"]).replace(NO_BREAK_SPACE, " ")


def _ranking(names: EvidenceNames, found: EndpointEvidence) -> str:
    rows = [
        (
            f"{MARK if family.in_use else ' '} {family_name(family.family)}",
            str(len(family.concerns)),
            display(family.criterion, "score"),
            display(family.weight, "share"),
            *(display(curve.restricted_mean.value, "months") for curve in family.curves.values()),
        )
        for family in found.families
        if family.fitted
    ]
    means = tuple(f"Mean months, {names.strategy(strategy)}" for strategy in found.in_use.curves)
    return plain_table(("  Family", "Concerns", "Criterion", "Weight", *means), rows)


def _unfitted(found: EndpointEvidence) -> list[str]:
    names = [family_name(family.family) for family in found.families if not family.fitted]
    return [f"Not fitted: {', '.join(names)}; evidence.html says why."] if names else []
