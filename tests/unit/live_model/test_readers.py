"""Inputs that no formula reads, and what of hemodel does: none of them may look like a cell without use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support import small_model
from unit.live_model.calculated import live

from hemodel.live_model.parameters import add_readers

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar

PAIRS: dict[str, dict[str, Scalar]] = {
    "correlation.utilities": {"value": 0.5, "first": "utility.progression_free", "second": "utility.progressed"},
    "order.visits": {
        "value": "not_below",
        "first": "resource.visit.progressed",
        "second": "resource.visit.progression_free",
    },
}
VALUES: dict[str, dict[str, Scalar]] = {
    "other analyses": {
        "published.other.name": "Others 2024",
        "published.other.active.life_years": 0.2,
        "published.other.active.qalys": 0.1,
        "published.other.active.costs": 9000,
        "published.other.active.icer": 90000,
        "settings.beside": None,
        "utility.life_year_gained": 0.85,
    },
    "stored results": {"settings.sampling": "sobol"},
    "labels": {"utility.progressed.value_set": "eq5d_3l", "utility.progression_free.value_set": None},
    "the record": {"trial.reported.deaths": 120},
}
"""Values by what reads them; an empty cell has the same reader as a filled one."""


def test_what_no_formula_reads_is_read_by_something() -> None:
    values = {id_: value for some in VALUES.values() for id_, value in some.items()}
    model = small_model(values, PAIRS, uncertain=True)
    given = live(model)
    unread = add_readers(model.inputs, given.parameters).unread
    cells, rows = given.parameters.sheet.cells, given.parameters.rows
    first, last = given.parameters.table.first, given.parameters.table.next - 1
    said = {id_: cells[first + at, last].content for id_, at in rows.items()}

    wanted = {id_: reader for reader, some in VALUES.items() for id_ in some}
    wanted |= dict.fromkeys(PAIRS, "stored results")
    assert {id_: said[id_] for id_ in wanted} == wanted
    assert unread.value == 0
