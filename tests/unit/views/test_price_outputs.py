"""Prices in the tables, the words and the charts: what results.json holds, and said plainly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import small_model, small_run

from hemodel.analyses.results import results
from hemodel.errors import UsageError
from hemodel.views import prices
from hemodel.views.headline import headline
from hemodel.views.registry import figures, names_of, tables
from hemodel.views.shared.page import spread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.inputs.cells import Scalar

PRICE = "drug.newtinib.price_per_vial"
PUBLIC = {f"{PRICE}.source": "A price list", "drug.oldamab.price_per_vial.source": "A price list"}
"""In the small model every source is an assumption."""


def made(changes: Mapping[str, Scalar] | None = None) -> tuple[Results, Run]:
    done = small_run(small_model(changes, uncertain=True), 20)
    return results(done), done


@pytest.fixture(scope="module")
def assumed() -> tuple[Results, Run]:
    return made({"settings.threshold.1000": 1000, f"{PRICE}_large": 2500, "drug.newtinib.vial_size_large": 120})


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_table_holds_price_discount_and_saving(assumed: tuple[Results, Run]) -> None:
    """Share + discount = 1; the price saved is what the incremental costs fall by to threshold x QALYs."""
    found, done = assumed
    table = next(table for table in tables(found, done) if table.name == "price_threshold")
    headers = [column.name for column in table.columns]
    rows = [dict(zip(headers, row, strict=True)) for row in table.rows]
    gain = found.incremental[0]

    assert [(row["Vial"], row["Threshold"]) for row in rows] == [(v, t) for v in (50, 120) for t in (1000, 50_000)]
    for row in rows:
        workbook = 1200 if row["Vial"] == 50 else 2500
        assert row["Price per vial: Workbook"] == workbook
        price, discount, saved, threshold = (
            float(str(row[name])) for name in ("Price per vial: At the threshold", "Discount", "Saved", "Threshold")
        )
        assert price / workbook + discount == pytest.approx(1.0)
        assert gain.costs - saved == pytest.approx(threshold * gain.qalys, rel=1e-9)
        assert row["Given in"] == "intervention only"


def test_no_price_is_said_plainly_with_the_icer_at_0() -> None:
    """With care of 5,000 a visit no price of the drug brings the ICER to the threshold."""
    found, done = made(
        {
            "resource.visit.unit_cost": 5000,
            **dict.fromkeys(("resource.visit.unit_cost.low", "resource.visit.unit_cost.high")),
        }
        | {"resource.visit.unit_cost.distribution": None}
    )
    *_, sentence = headline(found, names_of(found, done))
    assert found.prices is not None
    ratio = found.prices[0].icer_at_price_0
    assert ratio is not None

    said = plain(sentence)
    assert said.startswith("No price of Newtinib makes it cost-effective: given free it would cost EUR ")
    assert float(said.split()[-3].replace(",", "")) == pytest.approx(ratio, rel=5e-3)
    figure = prices.price_icer(found, done)
    assert [text.get_text() for text in figure.axes[0].texts] == ["50,000: at no price"]
    title = figure.texts[0].get_text().replace("\n", " ").replace("\N{NO-BREAK SPACE}", " ")
    assert title == "No price of Newtinib meets EUR 50,000 per QALY"


def test_the_chart_marks_each_price_on_its_threshold(assumed: tuple[Results, Run]) -> None:
    found, done = assumed
    assert found.prices is not None
    axes = prices.price_icer(found, done).axes[0]
    dots = [np.array(line.get_xydata())[0].tolist() for line in axes.get_lines() if line.get_marker() == "o"]
    entry = found.prices[0]

    assert dots == [[at.prices[PRICE], at.threshold] for at in entry.thresholds if at.prices is not None]
    star = next(line for line in axes.get_lines() if line.get_marker() == "*")
    assert np.array(star.get_xydata()).tolist() == [[1200.0, entry.icer]]
    at = {one.threshold: one for one in entry.thresholds}[50_000.0]
    assert at.discount is not None
    assert f"(−{100 * at.discount:.0f}%)" in axes.texts[1].get_text()


def test_no_chart_where_no_qalys_are_gained() -> None:
    worse: dict[str, Scalar] = {"utility.progression_free.active": 0.1, "utility.progressed.active": 0}
    found, done = made(worse)

    assert "price_icer" not in figures(found, done)
    with pytest.raises(UsageError, match="No price can be drawn"):
        prices.price_icer(found, done)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([0.1, 0.5, 0.9], [0.1, 0.5, 0.9]),
        ([0.1, 0.12, 0.14], [0.1, 0.3, 0.5]),
        ([0.9, 0.95, 1.0], [0.5, 0.7, 0.9]),
    ],
)
def test_labels_are_a_gap_apart_and_on_the_page(wanted: list[float], expected: list[float]) -> None:
    """Labels 0.2 high, the highest of which ends at 1."""
    assert spread(wanted, [0.2] * 3) == pytest.approx(expected)


def test_a_label_of_two_lines_takes_more_room_than_one_of_one() -> None:
    """0.2 and 0.1 high: their middles are 0.15 apart."""
    assert spread([0.3, 0.3], [0.2, 0.1]) == pytest.approx([0.3, 0.45])
