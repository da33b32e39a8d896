"""Two-way sensitivity analysis: totals over a grid of two inputs, and where the decision changes on it.

N-way sensitivity analysis: a list of combinations of values, in one evaluation.

Files of combinations for the n-way analysis: TOML or CSV, with all their problems at once.

    [[combination]]
    name = "All in favour"
    "utility.progressed" = 0.7
    "drug.new.price_per_vial" = 900

or

    name,utility.progressed,drug.new.price_per_vial
    All in favour,0.7,900

An empty cell leaves an input as it is.
"""

from __future__ import annotations

import csv
import io
import math
import tomllib
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from hemodel.analyses.base_case import threshold_key
from hemodel.analyses.dsa.varied_inputs import InputPoints, Totals, find, limit_problem, together, totals
from hemodel.economics import change, increment, is_cost_effective, net_monetary_benefit, verdict
from hemodel.entries import Entry, finite
from hemodel.errors import InputError, Location, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from hemodel.analyses.base_case import Increment
    from hemodel.analyses.dsa.one_way import OneWay
    from hemodel.analyses.dsa.varied_inputs import VariedInput
    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray


GRID_POINTS = 11
"""Values of each input unless another number is asked for."""
CANDIDATES = 8
"""Inputs with the largest bars among which the pair of a run is looked for."""


@dataclass(frozen=True)
class Axis:
    """One input of a grid and its values, rising."""

    input: VariedInput
    values: FloatArray


@dataclass(frozen=True)
class TwoWay:
    """Totals over a grid; the points of `found` go through the values of x for each value of y.

    `interventions` are all, those that `found` has; `chosen` are those whose results are shown.
    """

    x: Axis
    y: Axis
    found: Totals
    interventions: tuple[str, ...]
    chosen: tuple[str, ...]

    def increments(self, intervention: str) -> tuple[FloatArray, FloatArray]:
        """Return incremental QALYs and costs of an intervention, (values of y, values of x) each; NaN where failed."""
        place = self.interventions.index(intervention)
        shape = (len(self.y.values), len(self.x.values))
        qalys, costs = self.found.increments
        return qalys[:, place].reshape(shape), costs[:, place].reshape(shape)

    @property
    def failed(self) -> list[tuple[float, float, str]]:
        """Values of x and y of each point without a result, and why."""
        width = len(self.x.values)
        return [
            (float(self.x.values[i % width]), float(self.y.values[i // width]), why)
            for i, why in sorted(self.found.failed.items())
        ]


class GridInput(Entry):
    """One input of a grid."""

    id: str = Field(description="of the input")
    label: str = Field(description="of the input")
    unit: str = Field(description="of base, low, high and values")
    moved: str = Field(description="parameter, statistic (with a refit), curve (as a whole) or price (all vials)")
    base: float = Field(description="value of the base case. [unit of the input]")
    low: float | None = Field(description="bound of the one-way analysis; null where it has none. [unit of the input]")
    high: float | None = Field(description="bound of the one-way analysis; null where it has none. [unit of the input]")
    values: list[float] = Field(description="of the grid, rising. [unit of the input]")


class FailedPoint(Entry):
    """A point of a grid without a result."""

    x: float = Field(description="value of the first input. [unit of the input]")
    y: float = Field(description="value of the second input. [unit of the input]")
    why: str = Field(description="why it has no result")


class Boundary(Entry):
    """Where net benefit is 0 at one threshold: for each value of y the values of x, straight between points."""

    threshold: float = Field(description="[currency per QALY]")
    x: list[list[float]] = Field(description="values of x for each value of y. [unit of the input]")


class TwoWayResult(Entry):
    """Increments of one intervention over a grid of two inputs: lists by y of lists by x; null where a point failed."""

    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    decision_threshold: float = Field(description="[currency per QALY]")
    x: GridInput = Field(description="the first input")
    y: GridInput = Field(description="the second input")
    qalys: list[list[float | None]] = Field(description="increments. [QALY]")
    costs: list[list[float | None]] = Field(description="increments. [currency]")
    icer: list[list[float | None]] = Field(description="null where the ratio means nothing too. [currency per QALY]")
    verdict: list[list[str]] = Field(description="empty where a point failed")
    nmb: list[list[float | None]] = Field(
        description="incremental net monetary benefit at the decision threshold. [currency]"
    )
    boundaries: list[Boundary] = Field(description="by threshold")
    failed: list[FailedPoint] = Field(description="points without a result")


def axis(varied_input: VariedInput, low: float, high: float, points: int) -> Axis:
    """Return values from low to high in steps as equal as can be, the base case among them where it lies between.

    Parameters
    ----------
    low, high : float
        The first and the last value.
    points : int
        How many, at least 2 (3 where the base case lies between).
    """
    base = varied_input.base
    if not low < base < high or points == len((low, high)):
        return Axis(varied_input, np.linspace(low, high, points))
    below = round((base - low) / (high - low) * (points - 1))
    below = min(max(below, 1), points - 2)
    left, right = np.linspace(low, base, below + 1), np.linspace(base, high, points - below)
    return Axis(varied_input, np.concatenate([left, right[1:]]))


def two_way(model: Model, pairs: Sequence[tuple[Axis, Axis]]) -> tuple[TwoWay, ...]:
    """Return the totals over a grid for each pair of axes, x first, from one evaluation.

    Parameters
    ----------
    pairs : sequence of (Axis, Axis)
    """
    found = totals(model, [grid_points(x, y) for x, y in pairs])
    every = model.strategies[1:]
    return tuple(TwoWay(x, y, one, every, every) for (x, y), one in zip(pairs, found, strict=True))


def grid_points(x: Axis, y: Axis) -> InputPoints:
    """Return every pair of values, those of x in turn for each of y."""
    across, up = np.meshgrid(x.values, y.values)
    return InputPoints((x.input, y.input), np.column_stack([across.ravel(), up.ravel()]))


def crossings(x: FloatArray, row: FloatArray) -> list[float]:
    """Return where a row of values passes 0 along x, by straight lines between neighbours that both exist.

    Exact where the values are linear in x. A value that is 0 counts once.
    """
    found = [float(at) for at, value in zip(x, row, strict=True) if value == 0.0]
    for i in range(len(x) - 1):
        left, right = row[i], row[i + 1]
        if left * right < 0.0:
            found.append(float(x[i] - left * (x[i + 1] - x[i]) / (right - left)))
    return sorted(found)


def boundary(grid: TwoWay, intervention: str, threshold: float) -> list[list[float]]:
    """Return for each value of y the values of x at which net monetary benefit at a threshold is 0."""
    benefit = net_monetary_benefit(*grid.increments(intervention), threshold)
    return [crossings(grid.x.values, row) for row in benefit]


def two_way_results(
    model: Model, grids: Sequence[TwoWay], thresholds: Sequence[float] | None = None
) -> list[TwoWayResult]:
    """Return each grid for each of its interventions, with the boundary at each threshold, else at the workbook's."""
    settings = model.inputs.settings
    at = list(dict.fromkeys(thresholds or (settings.decision_threshold, *settings.thresholds)))
    return [_two_way(model, grid, intervention, at) for grid in grids for intervention in grid.chosen]


def _two_way(model: Model, grid: TwoWay, intervention: str, thresholds: Sequence[float]) -> TwoWayResult:
    decision = model.inputs.settings.decision_threshold
    qalys, costs = grid.increments(intervention)
    said = [
        [None if np.isnan(c) else verdict(c, q) for c, q in zip(*rows, strict=True)]
        for rows in zip(costs.tolist(), qalys.tolist(), strict=True)
    ]
    return TwoWayResult(
        intervention=intervention,
        comparator=model.strategies[0],
        decision_threshold=decision,
        x=_input(grid.x),
        y=_input(grid.y),
        qalys=_lists(qalys),
        costs=_lists(costs),
        icer=[[None if each is None else each.icer for each in row] for row in said],
        verdict=[["" if each is None else each.word for each in row] for row in said],
        nmb=_lists(net_monetary_benefit(qalys, costs, decision)),
        boundaries=[Boundary(threshold=t, x=boundary(grid, intervention, t)) for t in thresholds],
        failed=[FailedPoint(x=x, y=y, why=why) for x, y, why in grid.failed],
    )


def _input(axis: Axis) -> GridInput:
    varied_input = axis.input
    return GridInput(
        id=varied_input.id,
        label=varied_input.label,
        unit=varied_input.unit,
        moved=varied_input.kind,
        base=varied_input.base,
        low=varied_input.low,
        high=varied_input.high,
        values=axis.values.tolist(),
    )


def _lists(values: FloatArray) -> list[list[float | None]]:
    return [[finite(value) for value in row] for row in values.tolist()]


def default_pairs(model: Model, one_way: OneWay) -> list[tuple[str, Axis, Axis]]:
    """Return for each intervention the price of its drug, from 0 on, by its effect on overall survival.

    The drug is the one with the highest acquisition cost of those that the comparator is not given. Where there is no
    such drug, or no effect with bounds, the two inputs with the largest bars stand in their place.
    """
    found = ((i, _price_by_effect(model, one_way, p), p) for p, i in enumerate(model.strategies[1:], start=1))
    pairs = ((intervention, own or _largest(model, one_way, place)) for intervention, own, place in found)
    return [(intervention, *pair) for intervention, pair in pairs if pair is not None]


def _price_by_effect(model: Model, one_way: OneWay, place: int) -> tuple[Axis, Axis] | None:
    """Return the price of the drug under assessment and the effect of a strategy, where it has both."""
    strategy, drugs = model.strategies[place], one_way.outcomes.drug_costs
    cost = dict(zip(drugs.components, np.median(drugs.discounted[:, place], axis=0), strict=True))
    given = {s: {r.drug for r in model.inputs.regimens if r.strategy == s} for s in (strategy, model.strategies[0])}
    own = sorted(given[strategy] - given[model.strategies[0]], key=lambda drug: (-float(cost[drug]), drug))
    ids = [*(f"drug.{drug}.price" for drug in own[:1]), f"curve.os.{strategy}.effect"]
    found, _ = find(model, ids, Location(model.inputs.path.name))
    if len(found) < len(("price", "effect")):
        return None
    price, effect = found.values()
    if effect.low is None or effect.high is None or price.base <= 0.0:
        return None
    highest = max(price.base, price.high or price.base)
    return axis(price, 0.0, highest, GRID_POINTS), axis(effect, effect.low, effect.high, GRID_POINTS)


def _largest(model: Model, one_way: OneWay, place: int) -> tuple[Axis, Axis] | None:
    """Return the two inputs with the largest bars between their bounds.

    By net monetary benefit at the decision threshold. Two quantities of one curve, which go together, give way to the
    next pair.
    """
    outcomes = one_way.outcomes
    benefit = net_monetary_benefit(outcomes.qalys.total, outcomes.costs.total, model.inputs.settings.decision_threshold)
    gain = increment(benefit, place)
    spans = np.abs(gain[1 : 2 * len(one_way.items) : 2] - gain[: 2 * len(one_way.items) : 2])
    order = [i for i in np.argsort(-spans, kind="stable")[:CANDIDATES] if spans[i] > 0]
    found, _ = find(model, [one_way.items[i].id for i in order], Location(model.inputs.path.name))
    axes = [axis(m, m.low, m.high, GRID_POINTS) for m in found.values() if m.low is not None and m.high is not None]
    return next(((x, y) for x, y in combinations(axes, 2) if not _of_one_curve(x, y)), None)


def most_influential(model: Model, one_way: OneWay) -> tuple[TwoWay, ...]:
    """Return the grid of `default_pairs` for each intervention."""
    pairs = default_pairs(model, one_way)
    grids = two_way(model, [(x, y) for _, x, y in pairs])
    return tuple(replace(grid, chosen=(pair[0],)) for pair, grid in zip(pairs, grids, strict=True))


def _of_one_curve(x: Axis, y: Axis) -> bool:
    """Whether two inputs are quantities of the curve of one strategy, such as its level and its tail."""
    both = x.input.quantity is not None and y.input.quantity is not None
    return both and (x.input.endpoint, x.input.strategy) == (y.input.endpoint, y.input.strategy)


@dataclass(frozen=True)
class Combination:
    """One combination: its name, the values by id, and where it stands in its file. Inputs not named stay."""

    name: str
    values: Mapping[str, float]
    place: str


class CombinationResult(Entry):
    """One combination for one intervention; nulls where it failed."""

    name: str = Field(description="as the file has it")
    values: dict[str, float] = Field(description="by id; other inputs stay as they are. [unit of the input]")
    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    qalys: float | None = Field(description="increment. [QALY]")
    costs: float | None = Field(description="increment. [currency]")
    icer: float | None = Field(description="null where the ratio means nothing. [currency per QALY]")
    verdict: str = Field(description="what the increments are, in words; empty where it failed")
    nmb: dict[str, float] = Field(
        description="incremental net monetary benefit by threshold; empty where it failed. [currency]"
    )
    change_in_nmb: float | None = Field(description="from the base case, at the decision threshold. [currency]")
    changes_decision: bool | None = Field(description="whether nmb has another sign than in the base case")
    failed: str = Field(description="why there is no result; empty where there is one")


class NWayResult(Entry):
    """The combinations of a file."""

    file: str = Field(description="its name")
    sha256: str = Field(description="hash of the file")
    labels: dict[str, str] = Field(description="of the inputs, by id")
    units: dict[str, str] = Field(description="of the inputs, by id")
    combinations: list[CombinationResult] = Field(description="by intervention, in the order of the file")


@dataclass(frozen=True)
class ListedCombinations:
    """The combinations of a file, with the name and hash of the file."""

    file: str
    sha256: str
    combinations: tuple[Combination, ...]

    @property
    def ids(self) -> list[str]:
        """Ids that any combination names, in order."""
        return list(dict.fromkeys(id_ for one in self.combinations for id_ in one.values))


def n_way(
    model: Model,
    listed: ListedCombinations,
    varied_inputs: Mapping[str, VariedInput],
    base: Sequence[Increment],
    thresholds: Sequence[float],
) -> NWayResult:
    """Return what comes of every combination of a file, in its order, for each intervention.

    Parameters
    ----------
    varied_inputs : mapping from id to VariedInput
        Of every id that the file names.
    base : sequence of Increment
        Of the base case, one for each intervention.
    thresholds : sequence of float
        Of net benefit. [currency per QALY]
    """
    found = totals(model, points(listed.combinations, varied_inputs))
    made = [
        _combination(model, one, totals_of, place, (own, thresholds))
        for place, own in enumerate(base)
        for one, totals_of in zip(listed.combinations, found, strict=True)
    ]
    return NWayResult(
        file=listed.file,
        sha256=listed.sha256,
        labels={each.id: each.label for each in varied_inputs.values()},
        units={each.id: each.unit for each in varied_inputs.values()},
        combinations=made,
    )


def _combination(
    model: Model, one: Combination, found: Totals, place: int, against: tuple[Increment, Sequence[float]]
) -> CombinationResult:
    base, thresholds = against
    decision = model.inputs.settings.decision_threshold
    q, c = (float(gains[0, place]) for gains in found.increments)
    why = next(iter(found.failed.values()), "")
    said, benefit, before = verdict(c, q), net_monetary_benefit(q, c, decision), base.benefit(decision)
    return CombinationResult(
        name=one.name,
        values=dict(one.values),
        intervention=base.intervention,
        comparator=base.comparator,
        qalys=finite(q),
        costs=finite(c),
        icer=None if why else said.icer,
        verdict="" if why else said.word,
        nmb={} if why else {threshold_key(t): net_monetary_benefit(q, c, t) for t in thresholds},
        change_in_nmb=None if why else change(before, benefit),
        changes_decision=None if why else is_cost_effective(benefit) != is_cost_effective(before),
        failed=why,
    )


def points(combinations: Sequence[Combination], varied_inputs: Mapping[str, VariedInput]) -> list[InputPoints]:
    """Return each combination as one point of the inputs that it names.

    An input that it does not name is not moved at all, so that a share that is left out takes its part of what the
    other shares leave.
    """
    return [
        InputPoints(
            tuple(varied_inputs[id_] for id_ in one.values),
            np.array([list(one.values.values())], dtype=np.float64).reshape(1, -1),
        )
        for one in combinations
    ]


NAME, TABLE = "name", "combination"
_SHAPE = 'Write [[combination]] tables with name = "..." and "ID" = VALUE lines, as docs/deterministic.md shows.'


def read_combinations(path: Path, model: Model) -> tuple[ListedCombinations, dict[str, VariedInput]]:
    """Return the combinations of a file, and every input that they move.

    Raises
    ------
    InputError
        With every problem of the file, each with its row and column.
    """
    where = Location(path.name)
    if path.suffix.lower() not in {".toml", ".csv"}:
        raise InputError((Problem(where, "combinations are in a .toml or a .csv file", todo="Give such a file."),))
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InputError((Problem(Location(str(path)), "there is no such file", todo="Check the path."),)) from error
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else (error.strerror or str(error))
        raise InputError((Problem(where, "the file cannot be read", why[:1].upper() + why[1:]),)) from error
    problems: list[Problem] = []
    read = _toml if path.suffix.lower() == ".toml" else _csv
    combinations = list(read(path.name, text, problems))
    if not combinations and not problems:
        problems.append(Problem(where, "there is no combination in the file", todo=_SHAPE if read is _toml else ""))
    listed = ListedCombinations(path.name, sha256(raw).hexdigest(), tuple(combinations))
    varied_inputs, unknown = find(model, listed.ids, where)
    problems += unknown
    problems += _checked(listed, model, varied_inputs)
    if problems:
        raise InputError(tuple(problems))
    return listed, varied_inputs


def _toml(file: str, text: str, problems: list[Problem]) -> Iterator[Combination]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(Location(file), f"this is not valid TOML: {error}"))
        return
    entries = content.pop(TABLE, [])
    if content or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        what = (
            f"there is {', '.join(content)} beside the combinations" if content else "combination is no list of tables"
        )
        problems.append(Problem(Location(file), what, todo=_SHAPE))
        return
    for number, entry in enumerate(entries, start=1):
        place = f"combination {number}"
        name = entry.pop(NAME, None)
        if not isinstance(name, str) or not name.strip():
            problems.append(Problem(Location(file, cell=place), "it has no name", todo='Write name = "...".'))
            name = place
        flat = dict(_flat("", entry))
        values = {
            id_: given
            for id_, value in flat.items()
            if (given := _number(value, Location(file, cell=f"{place}, {id_}"), problems)) is not None
        }
        if not flat:
            problems.append(Problem(Location(file, cell=place), "it moves no input", todo="Give a value of one."))
        yield Combination(name.strip(), values, place)


def _flat(start: str, table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield ids and values; an id without quotes is a table of tables in TOML."""
    for key, value in table.items():
        id_ = f"{start}{key}"
        if isinstance(value, dict):
            yield from _flat(f"{id_}.", value)
        else:
            yield id_, value


def _csv(file: str, text: str, problems: list[Problem]) -> Iterator[Combination]:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    header = [cell.strip() for cell in rows[0]] if rows else []
    head = Location(file, cell="row 1")
    twice = sorted({cell for cell in header if header.count(cell) > 1})
    if NAME not in header:
        problems.append(
            Problem(head, "there is no column name", todo="Write name and the ids of inputs in the first row.")
        )
    if twice:
        named = ", ".join(cell or "(empty)" for cell in twice)
        problems.append(Problem(head, f"a column stands twice: {named}", todo="Remove one."))
    if NAME not in header or twice:
        return
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        place = f"row {number}"
        if len(row) != len(header):
            what = f"there are {len(row)} cells under {len(header)} columns"
            problems.append(Problem(Location(file, cell=place), what, todo="Write one cell for each column."))
            continue
        cells = dict(zip(header, (cell.strip() for cell in row), strict=True))
        name = cells.pop(NAME)
        if not name:
            problems.append(Problem(Location(file, cell=f"{place}, column {NAME}"), "it has no name"))
        given = {id_: cell for id_, cell in cells.items() if cell}
        values = {
            id_: value
            for id_, cell in given.items()
            if (value := _number(cell, Location(file, cell=f"{place}, column {id_}"), problems)) is not None
        }
        if not given:
            problems.append(Problem(Location(file, cell=place), "it moves no input", todo="Give a value of one."))
        yield Combination(name, values, place)


def _number(value: Any, where: Location, problems: list[Problem]) -> float | None:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if math.isfinite(number):
        return number
    problems.append(
        Problem(where, f"{value!r} is no number", "Only numbers can be moved", "Write a number with a point.")
    )
    return None


def _checked(listed: ListedCombinations, model: Model, varied_inputs: dict[str, VariedInput]) -> Iterator[Problem]:
    """Yield names that stand twice, values that cannot be, and inputs that exclude others."""
    names = [one.name for one in listed.combinations]
    for one in listed.combinations:
        where = Location(listed.file, cell=one.place)
        if one.name and names.count(one.name) > 1 and names.index(one.name) != listed.combinations.index(one):
            yield Problem(where, f"the name {one.name} stands twice", todo="Give each combination a name of its own.")
        moved = [varied_inputs[id_] for id_ in one.values if id_ in varied_inputs]
        for varied_input in moved:
            column = (
                f"{one.place}, column {varied_input.id}"
                if one.place.startswith("row")
                else f"{one.place}, {varied_input.id}"
            )
            wrong = limit_problem(varied_input, one.values[varied_input.id])
            if wrong is not None:
                yield Problem(Location(listed.file, cell=column), *wrong)
        refused = together(moved, model)
        if refused is not None:
            yield Problem(where, *refused)
