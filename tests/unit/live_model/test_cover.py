"""The cover of the live model: one page that says what the file is, what it finds now, and where everything is."""

from __future__ import annotations

import pytest
from live.recalculation import recalculated
from unit.live_model.whole import whole


def texts() -> list[str]:
    page = whole().values["Cover"]
    return [str(cell.value) for row in page.iter_rows() for cell in row if cell.value is not None]


def test_every_sheet_is_linked_once_in_the_order_of_the_workbook() -> None:
    given = whole()
    columns = given.formulas["Cover"].iter_cols()
    links = [cell.hyperlink.location for column in columns for cell in column if cell.hyperlink is not None]
    assert [link.rpartition("!")[0].strip("'") for link in links] == given.formulas.sheetnames[1:]


def test_it_is_one_upright_a4_page() -> None:
    page = whole().formulas["Cover"]
    setup = page.page_setup
    assert (setup.orientation, setup.paperSize) == ("portrait", 9)
    assert page.sheet_properties.pageSetUpPr.fitToPage
    assert (setup.fitToWidth, setup.fitToHeight) == (None, None), "1 by 1 is what a file need not say"
    assert page.max_row < 80
    assert page.column_dimensions["E"].width > 40


def test_the_results_are_those_of_the_engine() -> None:
    given = whole()
    costs, qalys = given.run.base.costs.total[0], given.run.base.qalys.total[0]
    for i, name in ((1, "Active"), (2, "Late")):
        extra, gain = costs[i] - costs[0], qalys[i] - qalys[0]
        expected = (
            f"{name} against Standard: incremental costs EUR {extra:,.0f}, incremental QALYs {gain:.3f}, "
            f"ICER EUR {extra / gain:,.0f}"
        )
        assert expected in texts()
    assert {"Base case", "All checks pass.", "A small model", "Adults", "Payer"} <= set(texts())


def test_results_title_and_checks_are_formulas() -> None:
    formulas = [c.value for row in whole().formulas["Cover"].iter_rows() for c in row if str(c.value).startswith("=")]
    assert len(formulas) == 8
    assert any("'Model checks'" in text for text in formulas)
    assert sum('MATCH("settings.' in text for text in formulas) == 4


def test_it_explains_the_calculation_and_what_a_user_must_know() -> None:
    found = " ".join(texts())
    for words in ("without macros", "refit", "hemodel run", "S(t) = exp(-H(t))", "30.4375", "365.25", "min(PFS, OS)"):
        assert words in found
    assert f"a draw from 1 to {whole().live.psa.rows - 1}" in found


@pytest.fixture(scope="module")
def calculated(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    path = tmp_path_factory.mktemp("cover") / "whole.xlsx"
    path.write_bytes(whole().content)
    return recalculated([path], path.parent / "work")["whole"].sheet("Cover")


def test_the_cover_reads_the_same_when_calculated_anew(calculated: list[list[str]]) -> None:
    found = [cell for row in calculated for cell in row if cell]
    assert found == texts()
