"""Acceptability curves and their frontier, by formula over the stored draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.probabilistic import curve_thresholds
from hemodel.economics import acceptability, increments, optimal, verdict
from hemodel.live_model.formula import Formula, as_formula, call, total
from hemodel.live_model.sheet import Sheet, Table
from hemodel.live_model.uncertainty import DECISION, count_of, drawn, largest_gaps, mean_of, name_column, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.inputs.structure import Settings
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.psa import PsaSheet
    from hemodel.live_model.sheet import Column
    from hemodel.live_model.uncertainty import Summary
    from hemodel.parameters import FloatArray

SHEET = "Model acceptability"
FIRST_ROW = 6


@dataclass(frozen=True)
class Curves:
    """Acceptability over the thresholds of one table.

    Attributes
    ----------
    table : Table
    thresholds : Column
    shares : tuple of Column
        Share of the draws in which each strategy has the highest net benefit; a tie is shared.
    benefits : tuple of Column
        Mean net benefit of each strategy.
    frontier : Column
        The share of the strategy with the highest mean net benefit.
    """

    table: Table
    thresholds: Column
    shares: tuple[Column, ...]
    benefits: tuple[Column, ...]
    frontier: Column


@dataclass(frozen=True)
class Acceptability:
    """The sheet of acceptability curves, and the largest difference from the engine at each threshold."""

    sheet: Sheet
    curves: Curves
    difference: Column


def add_acceptability(
    psa: PsaSheet, parameters: Parameters, settings: Settings, strategies: Sequence[str]
) -> Acceptability:
    """Return the sheet of acceptability curves over the thresholds at which the report draws them."""
    purpose = (
        "Share of the stored draws in which each strategy has the highest net monetary benefit, by formula over the "
        "sheet Model PSA; the frontier is the share of the strategy with the highest mean net benefit. Grey cells are "
        "the thresholds of the report, and what hemodel found there for the same draws."
    )
    sheet = Sheet(SHEET, "Acceptability curves and frontier", purpose, frozen=(FIRST_ROW, 1))
    qalys, costs = (_totals(psa, outcome, strategies) for outcome in ("qalys", "costs"))
    grid = curve_thresholds(settings, _ratios(qalys, costs))
    table = Table(sheet, FIRST_ROW, grid.size)
    thresholds = table.add("Threshold", grid.tolist(), "stored money")
    curves = _add_curves(table, thresholds, psa, parameters, strategies)
    shares, best = acceptability(qalys, costs, grid), optimal(qalys, costs, grid)
    stored = np.column_stack([shares, shares[np.arange(grid.size), best]])
    beside = []
    for i, header in enumerate([*strategies, "Frontier"]):
        column = table.add(header, stored[:, i].tolist(), "stored proportion", "By hemodel")
        if i < len(strategies):
            name_column(column, name_of(parameters, header))
        beside.append(column)
    gaps = largest_gaps([*curves.shares, curves.frontier], beside)
    return Acceptability(sheet, curves, table.add("Largest difference", gaps, "number"))


def add_at_settings(summary: Summary, psa: PsaSheet, parameters: Parameters, strategies: Sequence[str]) -> Curves:
    """Add below the means what holds at the thresholds of Settings as they stand, the decision threshold last."""
    ids = [id_ for id_ in parameters.rows if id_.startswith("settings.threshold.")]
    table = Table(summary.sheet, summary.next_row, len(ids) + 1)
    table.add("At the thresholds of Settings", [*(["Threshold"] * len(ids)), "Decision threshold"], "text")
    values = [parameters.number(id_) for id_ in (*ids, DECISION)]
    return _add_curves(table, table.add_each("Threshold", values, "money"), psa, parameters, strategies)


def _totals(psa: PsaSheet, outcome: str, strategies: Sequence[str]) -> FloatArray:
    """Return the stored totals, (draws, strategies)."""
    return np.column_stack([psa.stored.discounted[outcome, strategy, "total"][1:] for strategy in strategies])


def _ratios(qalys: FloatArray, costs: FloatArray) -> list[float | None]:
    """Return the ratio of the mean increments of each strategy against the first, where it has one."""
    gains = [increments(values.mean(axis=0)) for values in (costs, qalys)]
    return [verdict(float(cost), float(qaly)).icer for cost, qaly in zip(*gains, strict=True)]


def _add_curves(
    table: Table, thresholds: Column, psa: PsaSheet, parameters: Parameters, strategies: Sequence[str]
) -> Curves:
    qalys = [drawn(psa.results["qalys", strategy, "total"]) for strategy in strategies]
    costs = [drawn(psa.results["costs", strategy, "total"]) for strategy in strategies]
    each = Formula(thresholds.text, np.asarray(thresholds.value, dtype=float)[:, None])
    draws = [each * q - c for q, c in zip(qalys, costs, strict=True)]
    best = [_is_best(i, draws) for i in range(len(strategies))]
    shares, benefits = [], []
    for i, strategy in enumerate(strategies):
        share = call("SUMPRODUCT", _over_draws, best[i] / total(best)) / count_of(psa)
        column = table.add(strategy, share, "proportion", "Share of draws with the highest net benefit")
        name_column(column, name_of(parameters, strategy))
        shares.append(column)
    for i, strategy in enumerate(strategies):
        mean = thresholds * mean_of(qalys[i]) - mean_of(costs[i])
        column = table.add(strategy, mean, "money", "Mean net benefit")
        name_column(column, name_of(parameters, strategy))
        benefits.append(column)
    frontier = _add_frontier(table, shares, benefits)
    return Curves(table, thresholds, tuple(shares), tuple(benefits), frontier)


def _is_best(place: int, benefits: Sequence[Formula]) -> Formula:
    """Return 1 for each draw in which a strategy has the highest net benefit, alone or with others, else 0."""
    found = as_formula(1)
    for other, benefit in enumerate(benefits):
        if other != place:
            found = found * (benefits[place] >= benefit)
    return found


def _over_draws(values: FloatArray) -> FloatArray:
    return np.asarray(np.sum(values, axis=-1))


def _add_frontier(table: Table, shares: Sequence[Column], benefits: Sequence[Column]) -> Column:
    """Add the name of the strategy with the highest mean net benefit, and its share."""
    first, last = benefits[0].text, benefits[-1].text.rpartition("!")[2]
    values = np.column_stack([column.value for column in benefits])
    best = Formula(f"MATCH(MAX({first}:{last}),{first}:{last},0)", np.argmax(values, axis=1))
    names = shares[0].sheet.area(
        (shares[0].first - 1, shares[0].index), (shares[0].first - 1, shares[-1].index), _headers(shares)
    )
    group = "Frontier"
    table.add("Strategy", Formula(f"INDEX({names.text},{best.text})", names.value[best.value]), "text", group)
    row = f"{shares[0].text}:{shares[-1].text.rpartition('!')[2]}"
    found = np.column_stack([column.value for column in shares])[np.arange(table.rows), best.value]
    return table.add("Share of draws", Formula(f"INDEX({row},{best.text})", found), "proportion", group)


def _headers(columns: Sequence[Column]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Return the names in the headers of some columns."""
    contents = [column.sheet.cells[column.first - 1, column.index].content for column in columns]
    return np.array([c.value if isinstance(c, Formula) else c for c in contents], dtype=object)
