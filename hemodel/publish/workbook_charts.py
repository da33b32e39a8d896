"""Charts of the results workbook: native ones that follow their cells, and pictures.

Bar charts of the results workbook: tornado and scenarios, as moves from the base case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hemodel.economics import break_even_costs, increment
from hemodel.formats import Kind, Value, display, number_format
from hemodel.model.occupancy import alive
from hemodel.views import scenarios
from hemodel.views.one_way import MEASURES, base_value, labels, largest, turn_of_decision
from hemodel.views.outcomes import per_qaly
from hemodel.views.shared import style
from hemodel.views.shared.declared import ChartSheet
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import brief

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from hemodel.analyses.base_case import Incremental
    from hemodel.analyses.dsa.one_way import Dsa
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.publish.workbook_sheets import Page
    from hemodel.views.shared.words import Names


DRAWS_SHOWN = 1000
"""Draws on the sheet behind the cost-effectiveness plane."""
_WIDTH, _HEIGHT = 860, 480
_FONT = {"name": "Arial", "size": 9}
FRONTIER = {"color": "#808080", "width": 9.0, "transparency": 65}
"""Wide and see-through, so that it shows with the curve it follows whichever a program draws last."""
_GRID = {"visible": True, "line": {"color": "#E4E4E4", "width": 0.75}}
_NO_GRID = {"visible": False}
_STATES = {"Progression-free": style.PARTS[0], "Progressed": style.PARTS[5], "Dead": "#E6E6E6"}
_ALMOST_ALL = 0.97
"""The chart of occupancy ends where this share has died."""


def draw_sample(results: Results, run: Run, names: Names) -> Table | None:
    """Return the increments of the first draws, behind the cost-effectiveness plane."""
    if run.psa is None:
        return None
    psa, count = run.psa, min(run.psa.draws, DRAWS_SHOWN)
    columns = [Column("Draw", "count")]
    values: list[list[float]] = [[float(i) for i in range(1, count + 1)]]
    for i, strategy in enumerate(psa.strategies[1:], start=1):
        group = names.comparison(strategy, psa.strategies[0])
        columns.append(Column("Incremental QALYs", "qaly", "QALY", group))
        columns.append(Column("Incremental costs", "money", results.currency, group))
        values += [increment(table[:count], i).tolist() for table in (psa.qalys, psa.costs)]
    note = f"The first {count:,} of {psa.draws:,} draws, behind the cost-effectiveness plane."
    return Table("psa_draws", "Draws", (note,), tuple(columns), tuple(zip(*values, strict=True)))


def new_chart(book: Workbook, kind: str, subtype: str = "") -> Any:
    """Return an empty chart."""
    return book.add_chart({"type": kind} | ({"subtype": subtype} if subtype else {}))


def axis(name: str, number: str = "", **more: Any) -> dict[str, Any]:
    """Return the properties of an axis in the house style."""
    found = {"name": name, "name_font": {**_FONT, "bold": False}, "num_font": _FONT, "line": {"color": "#5A5A5A"}}
    return found | ({"num_format": number} if number else {}) | more


def finish(chart: Any, title: str, width: int = _WIDTH, height: int = _HEIGHT) -> None:
    """Give a chart its title, legend, size and frame."""
    chart.set_title({"name": title, "name_font": {"name": "Arial", "size": 12}, "overlay": False})
    chart.set_legend({"position": "bottom", "font": _FONT})
    chart.set_size({"width": width, "height": height})
    chart.set_chartarea({"border": {"color": "#D9D9D9"}})


def _cells(page: Page, row: int, columns: list[int]) -> str:
    """Return some cells of one row as a union of references."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    found = (f"'{page.name}'!{xl_rowcol_to_cell(row, i, row_abs=True, col_abs=True)}" for i in columns)
    return f"=({','.join(found)})"


def add_costs(book: Workbook, page: Page, results: Results, names: Names) -> None:
    """Put the chart of costs by category below its table."""
    chart = new_chart(book, "column", "stacked")
    places = [page.column(f"{names.strategy(s)}: Discounted") for s in results.strategies]
    for i, row in enumerate(range(page.first, page.last)):
        chart.add_series(
            {
                "name": [page.name, row, 0],
                "categories": _cells(page, page.first - 2, places),
                "values": _cells(page, row, places),
                "fill": {"color": style.PARTS[i % len(style.PARTS)]},
                "gap": 80,
            }
        )
    finish(chart, "Discounted costs by category")
    chart.set_x_axis(axis(""))
    chart.set_y_axis(axis(f"{results.currency} per patient", "#,##0", major_gridlines=_GRID))
    page.sheet.insert_chart(page.last + 2, 0, chart, {"object_position": 2})


def add_occupancy(book: Workbook, sheet: Worksheet, pages: Mapping[str, Page], results: Results, names: Names) -> None:
    """Put one chart of occupancy for each strategy on a sheet."""
    page = pages["occupancy"]
    dead = [page.column(f"{names.strategy(s)}: Dead") for s in results.strategies]
    rows = enumerate(page.table.rows)
    last = next((i for i, row in rows if all(_share(row[k]) >= _ALMOST_ALL for k in dead)), len(page.table.rows) - 1)
    for i, strategy in enumerate(results.strategies):
        chart = new_chart(book, "area", "stacked")
        for state, colour in _STATES.items():
            place = page.column(f"{names.strategy(strategy)}: {state}")
            chart.add_series(
                {
                    "name": state,
                    "categories": [page.name, page.first, 0, page.first + last, 0],
                    "values": [page.name, page.first, place, page.first + last, place],
                    "fill": {"color": colour},
                }
            )
        finish(chart, names.strategy(strategy), height=380)
        chart.set_x_axis(axis("Months from model start", "0", interval_unit=12, interval_tick=12))
        chart.set_y_axis(axis("Patients", "0%", min=0, max=1, major_gridlines=_GRID))
        sheet.insert_chart(3, 0, chart, {"object_position": 3, "y_offset": 400 * i})


def survival_by_month(occupancy: Table, results: Results, names: Names) -> Table:
    """Return progression-free and overall survival by month, from the table of occupancy."""
    places = [column.name for column in occupancy.columns]
    columns = [occupancy.columns[0]]
    picked: list[tuple[int, bool]] = []
    for title, state in (("Progression-free survival", "Progression-free"), ("Overall survival", "Dead")):
        for strategy in results.strategies:
            columns.append(Column(names.strategy(strategy), "share", "proportion", title))
            picked.append((places.index(f"{names.strategy(strategy)}: {state}"), state == "Dead"))
    rows = tuple((row[0], *(alive(_share(row[k])) if dead else row[k] for k, dead in picked)) for row in occupancy.rows)
    note = "After every cap and adjustment: progression-free, and not dead, at the end of each month."
    return Table("survival_by_month", "Survival by month", (note,), tuple(columns), rows)


def add_survival(book: Workbook, sheet: Worksheet, pages: Mapping[str, Page], results: Results, names: Names) -> None:
    """Put one chart of survival for each endpoint on a sheet."""
    page, count = pages["survival_by_month"], len(results.strategies)
    for i, title in enumerate(dict.fromkeys(column.group for column in page.table.columns[1:])):
        chart = new_chart(book, "scatter", "straight")
        for k, strategy in enumerate(results.strategies):
            chart.add_series(
                {
                    "name": names.strategy(strategy),
                    "categories": page.range(0),
                    "values": page.range(1 + i * count + k),
                    "line": style.excel_line(k, 2.25),
                }
            )
        finish(chart, title, height=380)
        last = _share(page.table.rows[-1][0]) or float(len(page.table.rows) - 1)
        chart.set_x_axis(axis("Months from model start", "0", min=0, max=last, major_unit=12, major_gridlines=_NO_GRID))
        chart.set_y_axis(axis("Patients", "0%", min=0, max=1, major_gridlines=_GRID))
        sheet.insert_chart(3, 0, chart, {"object_position": 3, "y_offset": 400 * i})


def _share(value: object) -> float:
    return value if isinstance(value, float) else 0.0


def add_ceac(book: Workbook, sheet: Worksheet, pages: Mapping[str, Page], results: Results, names: Names) -> None:
    """Put the acceptability curves and the frontier on a sheet."""
    page = pages["ceac"]
    chart = new_chart(book, "scatter", "straight")
    lines = [("Acceptability frontier", "Acceptability frontier: Probability", FRONTIER)]
    for k, strategy in enumerate(results.strategies):
        name = names.strategy(strategy)
        lines.append((name, f"Probability: {name}", style.excel_line(k, 2.25)))
    for label, column, line in lines:
        chart.add_series(
            {
                "name": label,
                "categories": page.range(0),
                "values": page.range(page.column(column)),
                "line": line,
            }
        )
    finish(chart, "Probability of being cost-effective")
    unit = f"Willingness to pay ({results.currency} per QALY)"
    top = page.table.rows[-1][0]
    chart.set_x_axis(axis(unit, "#,##0", min=0, max=top, major_gridlines=_NO_GRID))
    chart.set_y_axis(axis("Probability", "0%", min=0, max=1, major_gridlines=_GRID))
    sheet.insert_chart(3, 0, chart, {"object_position": 3})


def add_plane(book: Workbook, sheet: Worksheet, pages: Mapping[str, Page], results: Results, names: Names) -> None:
    """Put the cost-effectiveness plane of the sampled draws on a sheet."""
    page = pages["psa_draws"]
    chart = new_chart(book, "scatter")
    for i, strategy in enumerate(results.strategies[1:]):
        colour = style.colour(i + 1)
        chart.add_series(
            {
                "name": names.strategy(strategy),
                "categories": page.range(1 + 2 * i),
                "values": page.range(2 + 2 * i),
                "marker": {
                    "type": "circle",
                    "size": 3,
                    "fill": {"color": colour, "transparency": 60},
                    "border": {"none": True},
                },
            }
        )
    chart.add_series(_threshold_line(page, results))
    comparator = names.strategy(results.strategies[0])
    finish(chart, f"Incremental costs and QALYs against {comparator}")
    low = {"label_position": "low", "major_gridlines": _GRID}
    chart.set_x_axis(axis("Incremental QALYs", "0.0", **low))
    chart.set_y_axis(axis(f"Incremental costs ({results.currency})", "#,##0", **low))
    sheet.insert_chart(3, 0, chart, {"object_position": 3})


def _threshold_line(page: Page, results: Results) -> dict[str, Any]:
    """Write the two ends of the threshold line beside the draws, and return its series."""
    numbers = [_share(row[k]) for row in page.table.rows for k in range(1, len(row), 2)]
    at, row = len(page.table.columns) + 1, page.first
    page.sheet.write_string(row, at, "Ends of the threshold line: QALYs and costs")
    page.sheet.print_area(0, 0, page.last, at - 2)
    for k, end in enumerate((min(0.0, *numbers), max(0.0, *numbers)), start=1):
        page.sheet.write_number(row + k, at, end)
        page.sheet.write_number(row + k, at + 1, break_even_costs(end, results.decision_threshold))
    return {
        "name": f"{results.decision_threshold:,.0f} {results.currency} per QALY",
        "categories": [page.name, row + 1, at, row + 2, at],
        "values": [page.name, row + 1, at + 1, row + 2, at + 1],
        "marker": {"type": "none"},
        "line": {"color": "#000000", "width": 1.25, "dash_type": "dash"},
    }


_NAMES = {
    "nmb": "Net monetary benefit",
    "icer": "ICER",
    "qalys": "Incremental QALYs",
    "costs": "Incremental costs",
}
_SEGMENTS = ("Low, first", "High, first", "Low, beyond", "High, beyond")
_BARS_WIDTH, _GAP, _ROW, _TOP, _BOTTOM = 720, 20, 30, 62, 120
_FRAME = _TOP + _BOTTOM
"""Height of title, and of axis and legend. [pixels]"""
_SCENARIO_ROW = 17


def tornado_data(results: Results, names: Names) -> Table | None:
    """Return the bars of every tornado: for each measure the inputs that move it most, largest first."""
    if not results.dsa:
        return None
    rows: list[tuple[Value, ...]] = []
    for entry in results.incremental:
        for measure in drawn(results, entry):
            rows += _bars(results, entry, measure, names)
    note = (
        "Moves from the base case. Where both bounds lie on one side of it, the bar of the nearer one comes first and"
        " that of the other goes on from there."
    )
    return Table(
        "tornado_data",
        "Bars of the tornado",
        (note,),
        (
            *(Column(header) for header in ("Intervention", "Result", "Input: base value (bounds)")),
            *(Column(header, "number", "", "Result") for header in ("Base case", "At low", "At high")),
            *(Column(header, "number", "", "Bars, from the base case") for header in _SEGMENTS),
        ),
        tuple(rows),
    )


def drawn(results: Results, increment: Incremental) -> list[str]:
    """Return the results that can be drawn as bars: those that are numbers at both bounds of every input shown."""
    found = []
    for measure in MEASURES:
        if measure == "icer" and increment.icer is None:
            continue
        entries = largest(results, increment.intervention, measure)
        if entries and all(None not in _ends(entry, measure) for entry in entries):
            found.append(measure)
    return found


def _ends(entry: Dsa, measure: str) -> tuple[float | None, float | None]:
    values: dict[str, float | None] = entry.model_dump(include={f"{measure}_low", f"{measure}_high"})
    return values[f"{measure}_low"], values[f"{measure}_high"]


def _bars(results: Results, increment: Incremental, measure: str, names: Names) -> list[tuple[Value, ...]]:
    base = base_value(results, increment, measure)
    entries = largest(results, increment.intervention, measure)
    rows: list[tuple[Value, ...]] = []
    for entry, name in zip(entries, labels(results, entries), strict=True):
        label = f"{name} ({brief(entry.low)} to {brief(entry.high)})"
        low, high = (base if end is None else end for end in _ends(entry, measure))
        row = (names.strategy(increment.intervention), _NAMES[measure], label, base, low, high)
        rows.append((*row, *segments(low - base, high - base)))
    return rows


def segments(low: float, high: float) -> tuple[float, float, float, float]:
    """Return the stacked pieces of one bar: low and high from the base case, then low and high beyond the other."""
    if low * high <= 0:
        return low, high, 0.0, 0.0
    if abs(low) <= abs(high):
        return low, 0.0, 0.0, high - low
    return 0.0, high, low - high, 0.0


def add_tornado(book: Workbook, sheet: Worksheet, pages: Mapping[str, Page], results: Results, names: Names) -> None:
    """Put the tornados of every intervention on a sheet, two beside each other."""
    page = pages["tornado_data"]
    down = 0
    for entry in results.incremental:
        shown = drawn(results, entry)
        for start in range(0, len(shown), 2):
            heights = []
            for k, measure in enumerate(shown[start : start + 2]):
                own = (names.strategy(entry.intervention), _NAMES[measure])
                rows = [i for i, row in enumerate(page.table.rows, page.first) if row[:2] == own]
                chart = _tornado(book, page, (rows[0], rows[-1]), results, (entry, measure, names))
                heights.append(_FRAME + _ROW * len(rows))
                _room(chart, _BARS_WIDTH, heights[-1], 0.47)
                place = {"object_position": 3, "x_offset": k * (_BARS_WIDTH + _GAP), "y_offset": down}
                sheet.insert_chart(3, 0, chart, place)
            down += max(heights) + _GAP


def _tornado(
    book: Workbook, page: Page, rows: tuple[int, int], results: Results, about: tuple[Incremental, str, Names]
) -> Any:
    entry, measure, names = about
    chart = new_chart(book, "bar", "stacked")
    colours = (style.LOW_COLOUR, style.HIGH_COLOUR) * 2
    texts = ("Input at its lower bound", "Input at its upper bound") * 2
    for i, (colour, text) in enumerate(zip(colours, texts, strict=True), start=len(page.table.columns) - 4):
        chart.add_series(
            {
                "name": text,
                "categories": [page.name, rows[0], 2, rows[1], 2],
                "values": [page.name, rows[0], i, rows[1], i],
                "fill": {"color": colour},
                "gap": 40,
                "overlap": 100,
            }
        )
    kind: Kind = "qaly" if measure == "qalys" else "money"
    base = base_value(results, entry, measure)
    at = f" at {display(results.decision_threshold, 'money', results.currency)} per QALY" if measure == "nmb" else ""
    unit = {"icer": per_qaly(results), "qalys": "QALY"}.get(measure, results.currency)
    finish(chart, f"{_NAMES[measure]}{at}: {names.strategy(entry.intervention)}")
    chart.set_legend({"position": "bottom", "font": {"name": "Arial", "size": 9}, "delete_series": [2, 3]})
    turn = turn_of_decision(results, measure, base)
    _value_axis(chart, f"Move from the base case of {display(base, kind)} ({unit}){turn}", number_format(base, kind))
    return chart


def _value_axis(chart: Any, text: str, number: str) -> None:
    grid = {"visible": True, "line": {"color": "#E4E4E4", "width": 0.75}}
    chart.set_x_axis(axis(text, f"+{number};-{number};0", major_gridlines=grid, label_position="high"))


def _room(chart: Any, width: int, height: int, labels: float) -> None:
    """Set the size of a chart, and the share of its width for the names of its bars, the first of them at the top."""
    chart.set_size({"width": width, "height": height})
    chart.set_y_axis(axis("", reverse=True, label_position="low", major_tick_mark="none", interval_unit=1))
    layout = {"x": labels, "y": _TOP / height, "width": 0.96 - labels, "height": 1 - (_TOP + _BOTTOM) / height}
    chart.set_plotarea({"layout": layout})


def scenario_data(results: Results, names: Names) -> Table | None:
    """Return how far each scenario moves the ICER, the largest move first; None where the base case has no ICER."""
    if not results.scenarios or any(entry.icer is None for entry in results.incremental):
        return None
    moves: dict[str, dict[str, float | None]] = {}
    questions = {}
    for entry in results.scenarios:
        moves.setdefault(entry.name, {})[entry.intervention] = entry.change_in_icer
        questions[entry.name] = entry.question
    order = sorted(moves, key=lambda name: -max((abs(v) for v in moves[name].values() if v is not None), default=0.0))
    interventions = [entry.intervention for entry in results.incremental]
    rows = [
        (name.replace("_", " "), questions[name], *(moves[name].get(i) for i in interventions))
        for name in order
        if any(moves[name].values())
    ]
    note = "Those that do not move the ICER, and those without one (see Scenarios), are left out of the chart."
    return Table(
        "scenario_data",
        "Bars of the scenario chart",
        (note,),
        (
            *(Column(header) for header in ("Scenario", "Question")),
            *(Column(names.strategy(i), "icer", per_qaly(results), "Change in ICER") for i in interventions),
        ),
        tuple(rows),
    )


def add_scenarios(book: Workbook, sheet: Worksheet, pages: Mapping[str, Page], results: Results, names: Names) -> None:
    """Put the moves of the ICER by scenario on a sheet, one bar for each intervention."""
    page = pages["scenario_data"]
    chart = new_chart(book, "bar", "clustered")
    for i, entry in enumerate(results.incremental, start=2):
        chart.add_series(
            {
                "name": names.strategy(entry.intervention),
                "categories": page.range(0),
                "values": page.range(i),
                "fill": {"color": style.colour(i - 1)},
                "gap": 40,
            }
        )
    bases = "; ".join(f"{names.strategy(e.intervention)} {display(e.icer, 'icer')}" for e in results.incremental)
    finish(chart, "Change in the ICER under each scenario")
    bars = len(page.table.rows) * len(results.incremental)
    _room(chart, 900, _FRAME + max(_SCENARIO_ROW * bars, 200), 0.24)
    _value_axis(chart, f"Move from the base case ({per_qaly(results)}): {bases}", "#,##0")
    sheet.insert_chart(3, 0, chart, {"object_position": 3})
    sheet.set_portrait()


@dataclass(frozen=True)
class NativeChart:
    """A chart that Excel draws, on a sheet of its own.

    Attributes
    ----------
    sheet : ChartSheet
    add : callable
        Draws it there.
    over : str
        Table whose cells it draws; without that table there is no such chart.
    data : callable or None
        Makes that table, of those of the run, where no other file has it.
    after : str
        Table behind which it then stands.
    """

    sheet: ChartSheet
    add: Callable[[Workbook, Worksheet, Mapping[str, Page], Results, Names], None]
    over: str
    data: Callable[[Mapping[str, Table], Results, Run, Names], Table | None] | None = None
    after: str = ""


NATIVE = (
    NativeChart(ChartSheet("occupancy", "Occupancy chart", "Patients by state over time"), add_occupancy, "occupancy"),
    NativeChart(
        ChartSheet("survival_by_month", "Survival chart", "Survival as modelled, over time"),
        add_survival,
        "survival_by_month",
        lambda made, results, _, names: survival_by_month(made["occupancy"], results, names),
        "modelled_survival",
    ),
    NativeChart(
        ChartSheet("dsa", "Tornado", "One-way sensitivity analysis"),
        add_tornado,
        "tornado_data",
        lambda _, results, __, names: tornado_data(results, names),
        "dsa",
    ),
    NativeChart(ChartSheet("ceac", "CEAC chart", "Cost-effectiveness acceptability curves"), add_ceac, "ceac"),
    NativeChart(
        ChartSheet("psa_draws", "CE plane", "Cost-effectiveness plane"),
        add_plane,
        "psa_draws",
        lambda _, results, run, names: draw_sample(results, run, names),
        "ceac",
    ),
    NativeChart(
        scenarios.SHEET,
        add_scenarios,
        "scenario_data",
        lambda _, results, __, names: scenario_data(results, names),
        "scenarios",
    ),
)
"""Those of the results workbook; that of the costs stands below its table."""
