from __future__ import annotations

import pytest

from hemodel.publish.html import breakable, link
from hemodel.publish.table_view import view
from hemodel.views.shared.table import Column, Table


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://example.org/a", "https://example.org/a"),
        ("doi:10.1016/S0140", "https://doi.org/10.1016/S0140"),
        ("javascript:alert(1)", ""),
        ("doi:10.1 and more", ""),
        ("data:text/html,x", ""),
        ("", ""),
    ],
)
def test_only_web_addresses_and_dois_become_links(text: str, address: str) -> None:
    assert link(text) == address


def test_long_words_may_be_broken_and_stay_escaped() -> None:
    text = str(breakable("<b>" + "W" * 40))
    assert text.replace("<wbr>", "") == "&lt;b&gt;" + "W" * 40
    assert text.count("<wbr>") == 2
    assert str(breakable("short words only")) == "short words only"


def test_grouped_columns_have_two_rows_of_headings() -> None:
    columns = (
        Column("A"),
        Column("x", "money", "EUR", "G"),
        Column("y", "money", "EUR", "G"),
        Column("B", "qaly", "QALY"),
    )
    upper, lower = view(Table("t", "T", (), columns, (("a", 1.0, 2.0, 3.0),)), 1).headings
    assert [(h.text, h.columns, h.rows) for h in upper] == [("A", 1, 2), ("G", 2, 1), ("B", 1, 2)]
    assert [h.text for h in lower] == ["x", "y"]


def test_a_page_leaves_out_columns_that_hold_nothing() -> None:
    table = Table("t", "T", (), (Column("A"), Column("B"), Column("C", "money")), (("a", None, 1.0), ("b", "", None)))
    shown = view(table, 1)
    assert [heading.text for heading in shown.headings[0]] == ["A", "C"]
    assert [[cell.text for cell in cells] for _, cells in shown.rows] == [["a", "1"], ["b", "–"]]


def test_bands_are_printed_once() -> None:
    table = Table("t", "T", (), (Column("A"), Column("B")), (("a", "1"), ("a", "2"), ("b", "3")), banded=True)
    assert [band for band, _ in view(table, 1).rows] == ["a", None, "b"]
