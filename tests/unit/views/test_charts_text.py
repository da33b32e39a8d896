"""Folded text, short numbers and axes of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemodel.views.shared.page import MOST_TICKS, legend_below, make_room, number_axis, page, settle
from hemodel.views.shared.style import house_style
from hemodel.views.shared.text import brief, fixed, fold, lines_height, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (2.0438e-06, "<0.001"),
        (-2.0438e-06, "−<0.001"),
        (0.0831, "0.083"),
        (0.187, "0.187"),
        (1, "1"),
        (2.1, "2.1"),
        (13.25, "13.2"),
        (99.96, "100"),
        (353.96, "354"),
        (1072.08, "1,072"),
        (-8285.2, "−8,285"),
        (1_000_000, "1,000,000"),
    ],
)
def test_brief_numbers(value: float, text: str) -> None:
    assert brief(value) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"), [(-0.001, 2, "0.00"), (-0.01, 2, "−0.01"), (-1234.5, 1, "−1,234.5"), (-0.2, 0, "0")]
)
def test_fixed_numbers_have_no_negative_zero(value: float, decimals: int, text: str) -> None:
    assert fixed(value, decimals) == text


def test_text_that_fits_stays_as_it_is() -> None:
    assert fold("Overall survival", 3.0) == "Overall survival"
    assert fold("", 3.0) == ""


def test_text_that_is_too_long_keeps_its_beginning_and_its_end() -> None:
    folded = fold("Share of events that are deaths " * 5 + "in the active arm", 2.0, lines=2)
    assert folded.startswith("Share of")
    assert "…" in folded
    assert folded.endswith("active arm")


def test_a_line_is_not_broken_at_a_non_breaking_space() -> None:
    value = "8,285\N{NO-BREAK SPACE}USD\N{NO-BREAK SPACE}per\N{NO-BREAK SPACE}vial"
    assert fold(f"Price per vial of a drug: {value}", 2.0).split("\n")[-1].endswith(value)


@settings(deadline=None, derandomize=True)
@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=200), st.integers(1, 4))
def test_folded_text_keeps_to_its_width_and_lines(text: str, lines: int) -> None:
    rows = fold(text, 1.5, lines=lines).split("\n")
    assert len(rows) <= lines
    assert max(text_width(row) for row in rows) <= 1.5 + 1e-9


def test_height_counts_lines() -> None:
    assert lines_height("one\ntwo") == pytest.approx(2 * lines_height("one"))


def axes_from(low: float, high: float) -> Axes:
    """Return settled axes with numbers from low to high."""
    with house_style():
        figure = page("Title", "Subtitle", 2.0)
        axes = figure.subplots()
        axes.set_xlim(low, high)
        number_axis(axes.xaxis, "Costs (EUR)")
        settle(figure)
    return axes


@settings(deadline=None, derandomize=True)
@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9))
def test_ticks_are_written_with_all_their_digits(low: float, span: float) -> None:
    high = low + max(span, 1e-6 * abs(low))
    axes = axes_from(low, high)
    ticks = [(float(t), label.get_text()) for t, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)]
    for value, text in ticks:
        assert float(text.replace(",", "").replace("−", "-")) == pytest.approx(
            value, abs=1e-9 * max(abs(low), abs(high))
        )


def test_ticks_are_thinned_where_labels_would_touch() -> None:
    def seen(low: float, high: float) -> int:
        return sum(low <= tick <= high for tick in axes_from(low, high).get_xticks())

    assert seen(0, 10) > seen(123_456_789_000_000_000, 123_456_789_400_000_000) >= 2
    assert seen(0, 10) <= MOST_TICKS + 1


def test_room_is_made_for_notes_beside_points() -> None:
    with house_style():
        figure = page("Title", "Subtitle", 2.0)
        axes = figure.subplots()
        axes.set_xlim(0, 1)
        notes = [
            axes.annotate("to the left of it", (0, 0.5), xytext=(-3, 0), textcoords="offset points", ha="right"),
            axes.annotate("to the right of it", (1, 0.5), xytext=(3, 0), textcoords="offset points"),
        ]
        make_room(axes)
        settle(figure)
        figure.draw_without_rendering()
    left, right = (note.get_window_extent() for note in notes)
    assert axes.bbox.x0 <= left.x0 < right.x1 <= axes.bbox.x1


def test_the_page_grows_by_its_legend() -> None:
    with house_style():
        figure = page("Title", "Subtitle", 2.0)
        before = figure.get_figheight()
        line = figure.subplots().plot([0, 1], label="A line")
        legend_below(figure, line)
        settle(figure)
    assert figure.get_figheight() > before
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["A line"]
