"""The charts of the live model: what is drawn, and that every range they refer to is filled."""

from __future__ import annotations

import io
import re
import zipfile
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from unit.live_model.whole import whole

from hemodel.model.evaluate import base_draws, survival_at

C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
RANGE = re.compile(r"'?([^'!]+)'?!\$([A-Z]+)\$(\d+)(?::\$([A-Z]+)\$(\d+))?")


def charts() -> list[ET.Element]:
    with zipfile.ZipFile(io.BytesIO(whole().content)) as archive:
        names = sorted(
            (name for name in archive.namelist() if re.fullmatch(r"xl/charts/chart\d+\.xml", name)),
            key=lambda name: int("".join(filter(str.isdigit, name))),
        )
        return [ET.fromstring(archive.read(name)) for name in names]  # noqa: S314


def kind(chart: ET.Element) -> str:
    return next(e.tag.removeprefix(C) for e in chart.iter() if e.tag.endswith("Chart") and e.tag.startswith(C))


def cells(reference: str) -> list[object]:
    found = RANGE.fullmatch(reference)
    assert found is not None, reference
    sheet, left, top, right, bottom = found.groups()
    page = whole().values[sheet]
    rows = page[f"{left}{top}:{right or left}{bottom or top}"]
    return [cell.value for row in rows for cell in row]


def test_there_is_a_chart_of_everything() -> None:
    """Costs; OS, PFS and a time on treatment; occupancy, three times; costs so far, plane, curves; two tornados."""
    kinds = [kind(chart) for chart in charts()]
    assert kinds == [
        *("barChart", "scatterChart", "scatterChart", "scatterChart", "areaChart", "areaChart", "areaChart"),
        *("scatterChart", "scatterChart", "scatterChart", "barChart", "barChart"),
    ]


def test_every_range_is_filled() -> None:
    counted = 0
    for chart in charts():
        for series in chart.iter(f"{C}ser"):
            for role in ("xVal", "cat", "yVal", "val"):
                for reference in (e.text for part in series.iter(f"{C}{role}") for e in part.iter(f"{C}f")):
                    found = cells(str(reference))
                    assert found, reference
                    assert None not in found, reference
                    if role in {"yVal", "val", "xVal"}:
                        assert all(isinstance(value, (int, float)) for value in found), reference
                    counted += 1
    assert counted > 50


def test_series_are_called_by_the_names_in_the_inputs() -> None:
    survival = charts()[1]
    names = [series.find(f"{C}tx/{C}strRef/{C}f") for series in survival.iter(f"{C}ser")]
    assert [cells(str(name.text)) for name in names if name is not None] == [["Standard"], ["Active"], ["Late"]]


def test_survival_shown_is_that_of_the_trace_from_one_at_the_start() -> None:
    series = next(charts()[1].iter(f"{C}ser"))
    shown = [cells(str(e.text)) for e in series.iter(f"{C}f")][1:]
    months, survival = np.array(shown[0], dtype=float), np.array(shown[1], dtype=float)
    model = whole().run.model
    assert (months[0], survival[0], months[-1]) == (0, 1, pytest.approx(36, abs=0.25))
    assert survival == pytest.approx(survival_at(model, base_draws(model), "os", "standard", months)[0], abs=1e-12)


def test_axes_say_what_they_show_in_which_unit() -> None:
    for chart in charts()[1:]:
        titles = ["".join(t.text or "" for t in title.iter(f"{A}t")) for title in chart.iter(f"{C}title")]
        assert any("Months" in t or "Days" in t or "EUR" in t or "QALY" in t or "Patients" in t for t in titles), titles


def test_the_tornado_shows_at_most_twenty_inputs_and_the_plane_every_draw() -> None:
    found = charts()
    for chart in found[-2:]:
        series = list(chart.iter(f"{C}ser"))
        assert len(series) == 4
        assert all(len(cells(str(e.text))) <= 20 for s in series for e in s.find(f"{C}val").iter(f"{C}f"))  # type: ignore[union-attr]
    plane = found[8]
    references = [cells(str(e.text)) for e in plane.iter(f"{C}f")]
    assert sum(len(values) == 40 for values in references) == 4


def test_how_many_lines_each_chart_has() -> None:
    """Costs: seven categories. Time on treatment: one strategy has it. Plane: two clouds, four points twice, a line."""
    counts = [len(list(chart.iter(f"{C}ser"))) for chart in charts()]
    assert counts == [7, 3, 3, 1, 3, 3, 3, 3, 11, 4, 4, 4]


def test_two_charts_a_page() -> None:
    """Pages break every 50 rows; charts lie in columns A to E, which are printed."""
    page = whole().formulas["Model charts"]
    assert [brk.id for brk in page.row_breaks.brk] == [50, 100, 150, 200, 250, 300, 350][: len(page.row_breaks.brk)]
    anchors = [chart.anchor for chart in page._charts]
    assert all(anchor.to.col <= 4 for anchor in anchors)
    assert all(anchor._from.row // 50 == anchor.to.row // 50 for anchor in anchors)
    assert page.print_area.startswith("'Model charts'!$A$1:$E$")
