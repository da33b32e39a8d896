"""What every declared table and chart must satisfy: one name each, and each place it names is there."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from budget_support import budget_model, small_budget_run
from research_support import research_run
from support import small_model, small_run

from hemodel import views
from hemodel.analyses.results import results
from hemodel.publish.document.layout import PAGES, known, layout_names, shipped_layout
from hemodel.publish.workbook import SHEETS
from hemodel.publish.workbook_charts import NATIVE
from hemodel.views.registry import BEHIND_CHARTS, CHARTS, COMMAND_TABLES, TABLES, names_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from hemodel.analyses.run import Run

NOT_OF_A_RUN = {
    "draw_sizes",
    "draw_wtp",
    "evppi_ranking",
    "expected_loss",
    "group_charts",
    "heat_maps",
    "n_way_chart",
    "net_benefit_chart",
    "threshold_chart",
    "voi_curves",
}
"""Functions that return a figure and that a chart of the run, or another command, calls with more than a run."""


def modules() -> list[ModuleType]:
    found = [import_module(f"hemodel.views.{each.name}") for each in pkgutil.iter_modules(views.__path__)]
    return [module for module in found if module.__name__ != "hemodel.views.registry"]


def test_names_are_unique() -> None:
    for entries in (TABLES, CHARTS):
        names = [entry.name for entry in entries]
        assert len(names) == len(set(names))


def test_every_declared_tuple_is_in_the_registry() -> None:
    for module in modules():
        for name, value in vars(module).items():
            if name.endswith("TABLES"):
                own = COMMAND_TABLES.get(name.removesuffix("_TABLES").lower(), TABLES)
                assert {id(entry) for entry in value} <= {id(entry) for entry in own}, (module.__name__, name)
            if name == "CHARTS":
                assert set(value) <= set(CHARTS), module.__name__


def test_every_chart_of_a_run_is_declared() -> None:
    """A function of the views that takes results and a run and returns a figure is drawn by a declaration."""
    declared = {getattr(entry.draw, "func", entry.draw) for entry in CHARTS}
    for module in (each for each in modules() if each.__name__ != "hemodel.views.voi"):
        for name, each in inspect.getmembers(module, inspect.isfunction):
            if each.__module__ != module.__name__ or name.startswith("_") or name in NOT_OF_A_RUN:
                continue
            if inspect.get_annotations(each).get("return") == "Figure":
                assert each in declared, (module.__name__, name)


def test_every_chart_has_a_caption() -> None:
    assert all(entry.caption for entry in CHARTS)


def test_sheets_of_the_results_workbook_name_what_is_declared() -> None:
    """Each table stands on one sheet at most, and every chart that Excel draws has its cells on one."""
    behind = {entry.name for entry in BEHIND_CHARTS}
    placed = [name for sheet in SHEETS for name in sheet.tables]
    assert len(placed) == len(set(placed))
    assert set(placed) <= {entry.name for entry in TABLES} | behind | {"manifest"}
    assert behind <= set(placed)
    assert {native.over for native in NATIVE} <= set(placed)


@pytest.mark.parametrize("layout", [*layout_names(), *PAGES])
def test_layouts_name_what_is_declared(layout: str) -> None:
    found = shipped_layout(layout)
    held = [pair for section in found.section for each in section.holds for pair in each.names]
    assert held
    for kind, name in held:
        assert kind == "note" or name in known(kind, found.subject), (layout, kind, name)


@pytest.mark.parametrize("model", ["small", "budget", "studies"])
def test_a_table_has_the_name_and_columns_it_is_declared_with(model: str) -> None:
    make: dict[str, Callable[[], Run]] = {
        "small": lambda: small_run(small_model(uncertain=True), 20),
        "budget": lambda: small_budget_run(budget_model()),
        "studies": research_run,
    }
    run = make[model]()
    found = results(run)
    names = names_of(found, run)
    made = 0
    for entry in (*TABLES, *BEHIND_CHARTS):
        table = entry.make(found, run, names)
        if table is None:
            continue
        made += 1
        assert table.name == entry.name
        there = {text for column in table.columns for text in (column.name, column.group)}
        missing = [name for name in entry.page.left_out if name not in there]
        assert not missing, (entry.name, missing)
        assert not table.banded or max(entry.page.bands) < len(table.columns), entry.name
    assert made > 20
