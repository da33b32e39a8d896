"""Every table of the evidence pack, in the order of its page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hemodel.views.evidence import tables_families as families
from hemodel.views.evidence import tables_observed as observed
from hemodel.views.evidence.words import EvidenceNames

if TYPE_CHECKING:
    from hemodel.analyses.evidence.records import EvidencePack
    from hemodel.model.evaluate import Model
    from hemodel.views.shared.table import Table


RANKING = "ranking"
REPORT_ENDPOINTS = ("pfs", "os")
"""Endpoints whose evidence the report of a run shows."""
NOT_ON_A_PAGE = "covariance_by_family"
EVIDENCE_TABLES = {
    "observed": observed.observed,
    RANKING: families.ranking,
    "concerns": families.concerns,
    "fit_statistics": families.fit_statistics,
    "means_by_family": families.means,
    "survival_by_family": families.survival,
    "coefficients_by_family": families.coefficients,
    NOT_ON_A_PAGE: families.covariance,
    "external_by_family": observed.external,
    "tests_of_effects": observed.effects,
    "statistics": observed.statistics,
    "statistics_correlation": observed.correlation,
    "spread": observed.spread,
    "beyond_follow_up": observed.beyond_follow_up,
    "death_after_progression": observed.death_after_progression,
}
"""What makes each, by name, in order."""
ENDPOINT = "Endpoint"
STILL_BANDED = {"external_by_family", "concerns"}
"""Tables that on a page stand in bands of what follows the endpoint."""


def evidence_tables(model: Model, pack: EvidencePack) -> tuple[Table, ...]:
    """Return every table of an evidence pack that has rows.

    Parameters
    ----------
    model : Model
        Whose curves the pack is on; it has the printed names.
    """
    names = EvidenceNames(model)
    found = [make(pack, names) for make in EVIDENCE_TABLES.values()]
    return tuple(table for table in found if table.rows)


def report_tables(model: Model, pack: EvidencePack) -> tuple[Table, ...]:
    """Return the tables of the evidence that the report of a run shows: the ranking, for PFS and OS."""
    names = EvidenceNames(model)
    whole = families.ranking(pack, names)
    shown = {names.endpoint(endpoint) for endpoint in REPORT_ENDPOINTS}
    return (replace(whole, rows=tuple(row for row in whole.rows if row[0] in shown)),)


def by_endpoint(model: Model, pack: EvidencePack) -> tuple[Table, ...]:
    """Return the tables of a page: those with a column for the endpoint once an endpoint, without that column.

    Names are `<table>_<endpoint>`. The covariances are left to the files.
    """
    names = EvidenceNames(model)
    found: list[Table] = []
    for table in evidence_tables(model, pack):
        if table.columns[0].header != ENDPOINT or table.name == "observed":
            found.append(table)
        elif table.name != NOT_ON_A_PAGE:
            found += [_of_endpoint(table, endpoint, names.endpoint(endpoint)) for endpoint in pack.evidence.endpoints]
    return tuple(table for table in found if table.rows)


def _of_endpoint(table: Table, endpoint: str, name: str) -> Table:
    rows = tuple(row[1:] for row in table.rows if row[0] == name)
    title = f"{name}: {table.title[:1].lower()}{table.title[1:]}"
    name_here, banded = f"{table.name}_{endpoint}", table.name in STILL_BANDED
    return replace(table, name=name_here, title=title, columns=table.columns[1:], rows=rows, banded=banded)
