"""Nine strategies can be told apart in every chart, and names in any script are drawn or warned of once."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from matplotlib import font_manager
from matplotlib.colors import to_hex
from support import FILE, small_rows, small_run, workbook

from hemodel import fonts
from hemodel.analyses.load import load_rows
from hemodel.analyses.results import results
from hemodel.publish.document.context import Context
from hemodel.views.registry import figures
from hemodel.views.shared import style
from hemodel.views.shared.files import save

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.artist import Artist

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run

NAMES = [f"Strategy number {number}" for number in range(2, 9)]
HAN = "\u4e2d\u56fd\u836f"


@pytest.fixture(scope="module")
def nine() -> tuple[Results, Run]:
    """The small model with seven further strategies, each dearer and with more months than the one before."""
    rows = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows}
    own = {id_: cells for id_, cells in rows.items() if "active" in id_.split(".")}
    for number, name in enumerate(NAMES, 2):
        new = {id_.replace("active", f"s{number}"): dict(cells) for id_, cells in own.items()}
        new[f"strategy.s{number}.name"]["value"] = name
        for id_, cells in new.items():
            cells["id"] = id_
        rows |= new
    run = small_run(load_rows(Path(FILE), workbook(rows)), 40)
    return results(run), run


def look(handle: Artist) -> tuple[object, ...]:
    """Return all that tells a sample of a legend from others."""
    names = (
        "get_color",
        "get_facecolor",
        "get_markerfacecolor",
        "get_markeredgecolor",
        "get_marker",
        "get_linestyle",
        "get_hatch",
    )
    found = [getattr(handle, name)() for name in names if hasattr(handle, name)]
    return (type(handle).__name__, *map(str, found), str(getattr(handle, "_unscaled_dash_pattern", "")))


def test_no_two_strategies_look_alike_in_a_chart(nine: tuple[Results, Run]) -> None:
    """Of each chart the samples of strategies in its legend, or the names at the ends of its lines in their colours."""
    names, seen = tuple(nine[0].strategy_names.values()), set()
    for name, draw in figures(*nine).items():
        figure = draw()
        told: list[list[tuple[str, object]]] = [
            [(str(each.get_label()), look(each)) for each in legend.legend_handles if each] for legend in figure.legends
        ]
        texts = [text for axes in figure.axes for text in axes.texts if text.get_color() != style.INK]
        told.append([(text.get_text(), text.get_color()) for text in texts])
        for own in told:
            samples = {label: seen_as for label, seen_as in own if label.startswith(names)}
            assert len(set(samples.values())) == len(samples), name
            seen |= {name} if len(samples) >= len(NAMES) else set()
    assert {"ceac", "ce_plane", "survival_curves", "efficiency_frontier"} <= seen


def test_a_document_has_charts_of_the_three_interventions_that_matter(nine: tuple[Results, Run]) -> None:
    """The one on which the decision turns and others of the frontier; of eight the rest is in the tables."""
    found: Any = nine[0]
    nothing: Any = None
    captions = dict.fromkeys(figures(*nine), "")
    made = Context(found, nine[1], nothing, None, {}, captions, nothing)
    efficient = [entry.strategy for entry in found.frontier if entry.status == "on the frontier"]
    interventions = [entry.intervention for entry in found.incremental]

    assert len(interventions) == 8
    assert len(made.told) == 3
    assert found.headline.question in made.told
    assert set(made.told) <= set(efficient) or set(efficient) <= {*made.told, found.strategies[0]}
    assert list(made.told) == [id_ for id_ in interventions if id_ in made.told]
    left = [name for name in made.captions_of_told() if name.startswith("tornado_icer")]
    names = {interventions[0]: "tornado_icer"} | {id_: f"tornado_icer_{id_}" for id_ in interventions[1:]}
    assert sorted(left) == sorted({names[id_] for id_ in made.told} & captions.keys())
    assert len(captions) > len(made.captions_of_told())


def test_no_two_places_have_the_same_colour() -> None:
    """Some charts have no dashes and no markers, so that colours alone must tell places apart."""
    colours = [style.colour(place) for place in range(40)]
    assert len(set(colours)) == 40
    assert [to_hex(each).upper() for each in colours] == colours
    lines = [tuple(style.excel_line(place, 2.0).values()) for place in range(40)]
    assert len(set(lines)) == 40


@pytest.fixture
def han_font(tmp_path: Path) -> Iterator[str]:
    """A font of this machine that has three Chinese characters, with the shapes of Latin letters."""
    made = TTFont(font_manager.findfont("DejaVu Sans"))
    for table in made["cmap"].tables:
        table.cmap = {ord(each): "A" for each in HAN} if table.isUnicode() else table.cmap
    for record in made["name"].names:
        if record.nameID in {1, 4, 6, 16}:
            record.string = "Testhan"
    path = tmp_path / "testhan.ttf"
    made.save(path)
    before = list(font_manager.fontManager.ttflist)
    font_manager.fontManager.addfont(path)
    caches = (fonts.families, fonts._files, style._all_settings)
    for each in caches:
        each.cache_clear()
    yield "Testhan"
    font_manager.fontManager.ttflist = before
    for each in caches:
        each.cache_clear()


def test_a_font_of_the_machine_is_found_by_its_characters(han_font: str) -> None:
    assert fonts.families() == ("DejaVu Sans", han_font)
    assert fonts.missing([f"A{HAN}", "\u00b5\u2013\u2264"]) == []
    assert fonts.missing(["\u0e01"]) == ["\u0e01"]


def test_without_one_there_is_a_warning_in_words_and_none_of_matplotlib(
    nine: tuple[Results, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "families", lambda: ("DejaVu Sans",))
    assert fonts.missing_words(["Placebo \u2013 \u03b1", "\u0416"]) == []
    (said,) = fonts.missing_words([HAN, "\ud55c", "\u0939"])
    assert "text in Hindi and Chinese and Korean" in said
    assert "Install Noto Sans Devanagari and Noto Sans CJK" in said
    found, run = nine
    named = found.model_copy(update={"strategy_names": {**found.strategy_names, "active": HAN + "\u0939"}})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(figures(named, run)["cost_breakdown"](), tmp_path / "chart")
