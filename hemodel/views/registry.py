"""Every table and chart of a run, in the order of a submission, as the view modules declare them."""

from __future__ import annotations

from functools import cache

from hemodel.views import (
    base_case,
    budget,
    curves,
    fit_warnings,
    grids,
    information,
    inputs,
    one_way,
    outcomes,
    payer,
    prices,
    psa,
    scenarios,
    structure,
    studies,
    uncertainty,
)
from hemodel.views.shared.declared import ChartEntry, OnPage, TableEntry

TABLES: tuple[TableEntry, ...] = (
    *outcomes.TABLES,
    *scenarios.BESIDE_TABLES,
    *payer.TABLES,
    *curves.TABLES,
    *fit_warnings.TABLES,
    *outcomes.JUDGING_TABLES,
    *uncertainty.ONE_WAY_TABLES,
    *grids.TABLES,
    *uncertainty.PROBABILISTIC_TABLES,
    *psa.TABLES,
    *uncertainty.ACCEPTABILITY_TABLES,
    *scenarios.TABLES,
    *information.TABLES,
    *prices.TABLES,
    *studies.TABLES,
    *budget.TABLES,
    *inputs.TABLES,
)
CHARTS: tuple[ChartEntry, ...] = (
    *structure.CHARTS,
    *curves.CHARTS,
    *base_case.CHARTS,
    *one_way.CHARTS,
    *grids.CHARTS,
    *psa.CHARTS,
    *information.CHARTS,
    *prices.CHARTS,
    *scenarios.CHARTS,
    *studies.CHARTS,
    *budget.CHARTS,
)


@cache
def _pages() -> dict[str, OnPage]:
    return {entry.name: entry.page for entry in TABLES}


def on_page(table: str) -> OnPage:
    """Return what a page shows of a table; all of one that is not declared."""
    return _pages().get(table, OnPage())
