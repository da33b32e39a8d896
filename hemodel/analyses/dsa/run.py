"""What `hemodel dsa` is asked for, checked, and everything that comes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydantic import Field

from hemodel.analyses.base_case import Incremental, increments
from hemodel.analyses.dsa.curves_at_ends import CurveAtEnds
from hemodel.analyses.dsa.grids import (
    GRID_POINTS,
    Axis,
    ListedCombinations,
    NWayResult,
    TwoWayResult,
    axis,
    default_pairs,
    n_way,
    read_combinations,
    two_way,
    two_way_results,
)
from hemodel.analyses.dsa.one_way import Dsa
from hemodel.analyses.dsa.threshold_search import (
    Range,
    ThresholdSearch,
    ThresholdValue,
    between_bounds,
    search,
    search_results,
    threshold_values,
)
from hemodel.analyses.dsa.varied_inputs import STATISTIC, find, limit_problem, together
from hemodel.analyses.results import Results, results
from hemodel.analyses.run import Run, run
from hemodel.entries import Entry
from hemodel.errors import InputError, Location, Problem, UsageError
from hemodel.inputs.changes import Change, ChangeEntry

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.analyses.dsa.varied_inputs import VariedInput
    from hemodel.analyses.options import Options
    from hemodel.model.evaluate import Model


DSA_SCHEMA_VERSION = 1
TWO_WAY, THRESHOLD, N_WAY, WTP = "--two-way", "--threshold", "--n-way", "--wtp"
MOST_POINTS = 101
SEARCH_POINTS = 201
MOST_SEARCHED = 10_001
"""Points of a search where the input is not linear, and where each needs a refit."""
SEARCH_REFITS = 41
_FORM = "ID, ID:LOW:HIGH or ID:LOW:HIGH:POINTS"
_FEWEST = 2


@dataclass(frozen=True)
class AskedInput:
    """One input as an option names it; None for what is left to the workbook."""

    id: str
    low: float | None = None
    high: float | None = None
    points: int | None = None


@dataclass(frozen=True)
class DsaRequest:
    """What is asked for: pairs of inputs, a file of combinations, inputs to search, thresholds, the result drawn."""

    two_way: tuple[tuple[AskedInput, AskedInput], ...]
    n_way: Path | None
    thresholds: tuple[AskedInput, ...]
    wtp: tuple[float, ...]
    measure: str


class DsaDocument(Entry):
    """Everything that `hemodel dsa` found."""

    schema_version: int = Field(description="of this shape")
    title: str = Field(description="of the workbook")
    currency: str = Field(description="of costs")
    measure: str = Field(description="what the heat maps and bars show: nmb, icer, qalys or costs")
    decision_threshold: float = Field(description="[currency per QALY]")
    thresholds: list[float] = Field(description="that of the decision first. [currency per QALY]")
    strategies: list[str] = Field(description="comparator first")
    strategy_names: dict[str, str] = Field(description="by id")
    changes: list[ChangeEntry] = Field(description="inputs changed by --set or --scenario")
    base_case: list[Incremental] = Field(description="by intervention")
    one_way: list[Dsa] = Field(description="by the range of net benefit")
    one_way_curves: list[CurveAtEnds] = Field(description="what the ends of the bars of curves are")
    statistics: list[Dsa] = Field(description="each reported statistic alone at its bounds, with a refit")
    statistics_curves: list[CurveAtEnds] = Field(description="the curves that these refits give")
    threshold_values: list[ThresholdValue] = Field(description="of the inputs of one_way")
    two_way: list[TwoWayResult] = Field(description="one for each pair and intervention")
    n_way: NWayResult | None = Field(description="null without --n-way")
    searches: list[ThresholdSearch] = Field(description="one for each --threshold")
    warnings: list[str] = Field(description="what to know about the inputs and the run")


@dataclass(frozen=True)
class Deterministic:
    """Every deterministic analysis of a run."""

    run: Run
    results: Results
    request: DsaRequest
    document: DsaDocument


def parse_pair(text: str) -> tuple[AskedInput, AskedInput]:
    """Read the text of --two-way: two inputs, each perhaps with a range, between them a comma.

    Raises
    ------
    UsageError
        Where it cannot be read.
    """
    parts = text.split(",")
    if len(parts) != len(("x", "y")):
        raise UsageError(f"{TWO_WAY} {text}: write two inputs with a comma between them, each as {_FORM}")
    first, second = (parse_one(part, f"{TWO_WAY} {text}") for part in parts)
    return first, second


def parse_one(text: str, option: str) -> AskedInput:
    """Read one input as an option names it: its id, and perhaps a range and points. An empty part is left out.

    Raises
    ------
    UsageError
        Where it cannot be read.
    """
    id_, *rest = (part.strip() for part in text.split(":"))
    if not id_ or len(rest) not in {0, 2, 3}:
        raise UsageError(f"{option}: write {_FORM}; an empty part stands for the workbook's bound")
    low, high = (_number(part, option) for part in rest[:2]) if rest else (None, None)
    points = _number(rest[2], option) if len(rest) > _FEWEST else None
    if points is not None and points != int(points):
        raise UsageError(f"{option}: {points:g} points; write a whole number")
    return AskedInput(id_, low, high, None if points is None else int(points))


def _number(text: str, option: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{option}: {text!r} is no number; write {_FORM}")
    return value


def deterministic(path: Path, options: Options, request: DsaRequest) -> Deterministic:
    """Run the one-way analysis and what is asked for; without a pair, the grid of the two largest bars.

    Parameters
    ----------
    path : Path
        Of the workbook.
    options : Options
        Changes, scenarios and payer.
    request : DsaRequest
        The first of its thresholds becomes the decision threshold of the whole run.

    Raises
    ------
    InputError
        With every problem of the workbook, or every problem of the request.
    UsageError
        Where a threshold makes no sense.
    """
    for value in request.wtp:
        if not value >= 0 or not math.isfinite(value):
            raise UsageError(f"{WTP} {value:g}: a threshold is a number of 0 or more")
    if request.wtp:
        decision = Change("settings.decision_threshold", request.wtp[0], WTP)
        options = replace(options, changes=(*options.changes, decision))
    done = run(path, replace(options, parts=("base", "dsa"), families=False, grids=False))
    model, settings = done.model, done.model.inputs.settings
    pairs, ranges, listed = _checked(model, request)
    wtp = tuple(dict.fromkeys(request.wtp or (settings.decision_threshold, *settings.thresholds)))
    base = increments(done.base)
    if done.one_way is not None:
        default = {(x.input.id, y.input.id): (x, y) for _, x, y in default_pairs(model, done.one_way)}
        pairs = pairs or list(default.values())
        done = replace(done, threshold_values=threshold_values(model, base, between_bounds(model, done.one_way)))
    found = results(done)
    document = DsaDocument(
        schema_version=DSA_SCHEMA_VERSION,
        title=found.title,
        currency=found.currency,
        measure=request.measure,
        decision_threshold=found.decision_threshold,
        thresholds=list(wtp),
        strategies=found.strategies,
        strategy_names=found.strategy_names,
        changes=found.changes,
        base_case=found.incremental,
        one_way=found.dsa or [],
        one_way_curves=found.dsa_curves or [],
        statistics=found.dsa_statistics or [],
        statistics_curves=found.dsa_statistics_curves or [],
        threshold_values=found.threshold_values or [],
        two_way=two_way_results(model, two_way(model, pairs), wtp),
        n_way=None if listed is None else n_way(model, *listed, base, wtp),
        searches=search_results(model, search(model, ranges, wtp)),
        warnings=found.warnings,
    )
    return Deterministic(done, found, request, document)


def _checked(
    model: Model, request: DsaRequest
) -> tuple[list[tuple[Axis, Axis]], list[Range], tuple[ListedCombinations, dict[str, VariedInput]] | None]:
    """Return the pairs, the ranges to search and the combinations that are asked for.

    Raises
    ------
    InputError
        With every problem of the request.
    """
    problems: list[Problem] = []
    problems += [
        Problem(Location(f"{TWO_WAY} {_named(asked)}"), "the pair stands twice", todo="Remove one.")
        for asked in dict.fromkeys(request.two_way)
        if request.two_way.count(asked) > 1
    ]
    pairs = [pair for asked in request.two_way if (pair := _pair(model, asked, problems)) is not None]
    ranges = _ranges(model, request.thresholds, problems)
    listed = None
    if request.n_way is not None:
        try:
            listed = read_combinations(request.n_way, model)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(tuple(dict.fromkeys(problems)))
    return pairs, ranges, listed


def _pair(model: Model, asked: tuple[AskedInput, AskedInput], problems: list[Problem]) -> tuple[Axis, Axis] | None:
    where = Location(f"{TWO_WAY} {_named(asked)}")
    if asked[0].id == asked[1].id:
        problems.append(Problem(where, f"{asked[0].id} stands twice", todo="Name two inputs."))
        return None
    found, unknown = find(model, [one.id for one in asked], where)
    problems += unknown
    if unknown:
        return None
    refused = together(list(found.values()), model)
    if refused is not None:
        problems.append(Problem(where, *refused))
    before = len(problems)
    axes = []
    for one in asked:
        points = GRID_POINTS if one.points is None else one.points
        ends = _range(found[one.id], one, where, problems)
        if not _FEWEST <= points <= MOST_POINTS:
            what = f"{one.id} has {points} points"
            problems.append(Problem(where, what, f"A grid has {_FEWEST} to {MOST_POINTS} of each input"))
        elif ends is not None:
            axes.append(axis(found[one.id], *ends, points))
    return None if refused is not None or len(problems) > before else (axes[0], axes[1])


def _named(asked: tuple[AskedInput, AskedInput]) -> str:
    return ",".join(one.id for one in asked)


def _ranges(model: Model, asked: tuple[AskedInput, ...], problems: list[Problem]) -> list[Range]:
    ranges = []
    seen: set[str] = set()
    for one in asked:
        where = Location(f"{THRESHOLD} {one.id}")
        if one.id in seen:
            problems.append(Problem(where, f"{one.id} stands twice", todo="Search it once, over one range."))
            continue
        seen.add(one.id)
        found, unknown = find(model, [one.id], where)
        problems += unknown
        ends = None if unknown else _range(found[one.id], one, where, problems)
        if ends is not None:
            varied_input = found[one.id]
            points = SEARCH_REFITS if varied_input.kind == STATISTIC else SEARCH_POINTS
            if one.points is not None and one.points > MOST_SEARCHED:
                what, why = f"{one.id} has {one.points:,} points", f"A search has at most {MOST_SEARCHED:,}"
                problems.append(Problem(where, what, why))
                continue
            ranges.append(Range(varied_input, *ends, points if one.points is None else max(one.points, _FEWEST)))
    return ranges


def _range(
    varied_input: VariedInput, asked: AskedInput, where: Location, problems: list[Problem]
) -> tuple[float, float] | None:
    """Return the range that is asked for, or the workbook's bounds; add what is wrong with it."""
    low = varied_input.low if asked.low is None else asked.low
    high = varied_input.high if asked.high is None else asked.high
    if low is None or high is None:
        why = "The workbook gives it no bounds"
        problems.append(
            Problem(where, f"{varied_input.id} has no range", why, f"Give one: {varied_input.id}:LOW:HIGH.")
        )
        return None
    wrong = [limit for value in (low, high) if (limit := limit_problem(varied_input, value)) is not None]
    problems += [Problem(where, *limit) for limit in wrong]
    if low >= high:
        what = f"the range of {varied_input.id} begins at {low:g} and ends at {high:g}"
        problems.append(Problem(where, what, todo="Write the lower end first."))
    return (low, high) if not wrong and low < high else None
