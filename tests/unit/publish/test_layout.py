"""Layouts: those shipped, what they name, and the words of every mistake in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import small_model, small_run

from hemodel.analyses.evidence.pack import evidence_pack
from hemodel.analyses.report import report_results
from hemodel.analyses.results import results
from hemodel.errors import InputError, UsageError
from hemodel.payers.reading import all_profiles
from hemodel.publish.document.building import items
from hemodel.publish.document.layout import (
    GENERIC,
    PAGES,
    expanded,
    known,
    layout_for,
    layout_names,
    read_layout,
    read_layout_file,
)
from hemodel.publish.document.texts import texts
from hemodel.publish.document.writing import charts, read_formats
from hemodel.views.registry import dossier_tables

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 'kind = "Dossier"\nlanguage = "en-GB"\n'


@pytest.mark.parametrize("name", layout_names())
def test_shipped_layouts_load(name: str) -> None:
    layout = read_layout(name)

    assert layout.table_set
    assert layout.source or name == GENERIC
    front = [pair for each in layout.front for pair in each.names]
    assert front[:4] == [
        ("text", "key_results"),
        ("text", "key_numbers"),
        ("text", "what_decides"),
        ("table", "base_case"),
    ]
    held = [pair for section in layout.section for each in section.holds for pair in each.names]
    for needed in ("decision_problem", "evidence", "external", "beyond_follow_up", "uncertainties", "validation"):
        assert ("text", needed) in held, needed
    for needed in ("conclusion", "technical", "command", "equations"):
        assert ("text", needed) in held, needed
    for needed in (
        "survival_fit",
        "one_way_largest",
        "scenarios_moving",
        "key_assumptions",
        "reference_case",
        "cheers",
    ):
        assert ("table", needed) in held, needed
    assert ("figure", "model_structure") in held
    assert ("table", "reference_case") in held
    assert [section.heading for section in layout.section if section.appendix] == ["Appendix"]


@pytest.mark.parametrize("name", layout_names())
def test_the_body_of_a_layout_is_short_and_the_inputs_are_the_workbook(name: str) -> None:
    """At most 15 tables and 9 figures; the long tables of a run are in its files."""
    layout = read_layout(name)
    start = next(i for i, section in enumerate(layout.section) if section.appendix)
    body = [*layout.front, *(held for section in layout.section[:start] for held in section.holds)]
    every = {pair for section in layout.section for held in section.holds for pair in held.names}

    assert sum(held.table is not None for held in body) <= 15
    assert sum(held.figure is not None for held in body) <= 9
    long = ("inputs", "dictionary", "assumptions", "sources", "scenarios", "scenario_changes", "dsa", "dsa_statistics")
    assert not every & {("table", each) for each in (*long, "psa_checks", "psa_against_base", "psa_totals", "checks")}


def test_tornadoes_of_the_other_interventions_follow_the_first(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    holds = '[{ figure = "tornado_nmb" }, { table = "dsa" }, { figure = "ceac" }]'
    path.write_text(f'{HEAD}[[section]]\nid = "one"\nheading = "One"\nholds = {holds}\n', encoding="utf-8")
    figures = ["tornado_nmb", "tornado_nmb_late", "tornado_icer_late", "tornado_nmb_third", "ceac", "ceac_late"]

    found = expanded(read_layout_file(path), {}, figures)
    assert [held.figure or held.table for held in found.section[0].holds] == [
        *("tornado_nmb", "tornado_nmb_late", "tornado_nmb_third", "dsa", "ceac"),
    ]


def test_every_table_set_of_a_payer_has_a_layout() -> None:
    sets = {found.profile.table_set for found in all_profiles()}

    assert {"NICE", "CDA-AMC", "PBAC", "ICER"} <= sets
    assert sets <= {read_layout(name).table_set for name in layout_names()}
    assert [layout_for(each) for each in ("NICE", "CDA-AMC", "PBAC", "ICER", "unheard of")] == [
        *("nice", "cda", "pbac", "icer", "generic")
    ]


def test_names_are_those_of_a_run() -> None:
    run = small_run(small_model(uncertain=True), 20)
    pack = evidence_pack(run.model, seed=1)
    whole = report_results(results(run), run, pack)

    assert set(known("text")) == set(texts())
    assert set(dossier_tables(whole, run, pack)) <= set(known("table"))
    assert {name for name in charts(whole, run, pack) if "tot_" not in name} <= set(known("figure"))


def test_cheers_is_complete() -> None:
    """CHEERS 2022 has 28 items (Husereau et al., BMC Medicine 2022;20:23, table 1)."""
    assert [item.number for item in items()] == list(range(1, 29))
    assert len({item.topic for item in items()}) == 28
    for item in items():
        for kind, name in item.reported_in:
            assert kind == "title" or name in known(kind), (item.number, name)


def test_mistakes_in_a_layout_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        HEAD
        + """
[[section]]
id = "one"
heading = "One"
holds = [{ table = "base_cas" }, { figure = "ceplane" }, { text = "key_result" }, { table = "dsa", figure = "ceac" }]

[[section]]
id = "one"
heading = "Again"
level = 3
holds = [{ note = "See [section tow] and [table psa_sumary]." }, { table = "dsa" }]
""",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as refused:
        read_layout_file(path)

    assert str(refused.value).splitlines() == [
        "mine.toml: section one: the id is used 2 times. Give each its own id.",
        "mine.toml: section one: there is no table base_cas. Did you mean base_case?",
        "mine.toml: section one: there is no figure ceplane. Did you mean ce_plane?",
        "mine.toml: section one: there is no text key_result. Did you mean key_results?",
        (
            "mine.toml: section one: an entry holds 2 things. Give exactly one of text, table, figure and note in each"
            " entry."
        ),
        "mine.toml: section one: level 3 follows level 1. Do not skip a level.",
        "mine.toml: section one: a note refers to [section tow], which there is not.",
        "mine.toml: section one: a note refers to [table psa_sumary], which there is not. Did you mean psa_summary?",
        "mine.toml: section one: the table dsa is in the layout twice. Keep one.",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind = ", "mine.toml: this is not valid TOML: Invalid value (at end of document)."),
        (HEAD, "mine.toml: section: Field required."),
        (HEAD + "section = []", "mine.toml: it has no section. Add at least one [[section]]."),
        (
            HEAD + '[[section]]\nid = "a"\nheading = "A"\ntables = []\n',
            "mine.toml: section.0.tables: Extra inputs are not permitted.",
        ),
    ],
)
def test_what_is_no_layout(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_layout_file(path)

    assert str(refused.value) == message


def test_unknown_layout_and_format() -> None:
    with pytest.raises(UsageError) as refused:
        read_layout("nicer")
    assert str(refused.value) == (
        "there is no layout nicer; there are generic, cda, icer, nice, pbac. Did you mean nice?"
    )
    with pytest.raises(UsageError) as refused:
        read_formats("docx,odt")
    assert str(refused.value) == "there is no format odt; there are html, docx."
    with pytest.raises(UsageError) as refused:
        read_formats(" , ")
    assert str(refused.value) == "no format is given; there are html, docx."
    assert read_formats("DOCX, html,docx") == ("docx", "html")


def test_pages_of_other_commands_are_no_dossiers() -> None:
    for name in PAGES:
        assert name not in layout_names()
        with pytest.raises(UsageError, match=f"there is no layout {name}"):
            read_layout(name)


def test_the_front_holds_what_there_is_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    front = 'front = [{ text = "key_result" }, { table = "base_case" }]\n'
    section = '[[section]]\nid = "a"\nheading = "A"\nholds = [{ table = "base_case" }]\n'
    path.write_text(HEAD + front + section, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_layout_file(path)

    assert str(refused.value).splitlines() == [
        "mine.toml: front: there is no text key_result. Did you mean key_results?",
        "mine.toml: section a: the table base_case is in the layout twice. Keep one.",
    ]


def test_a_section_is_repeated_for_every_endpoint(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        HEAD
        + """subject = "evidence"
[[section]]
each = "endpoint"
id = "of_{endpoint}"
heading = "About {name}"
holds = [{ figure = "fit_{endpoint}_flexible" }, { table = "spread_{endpoint}" }]

[[section]]
id = "last"
heading = "Last"
""",
        encoding="utf-8",
    )
    found = expanded(read_layout_file(path), {"pfs": "Progression", "os": "Death"})

    assert [(section.id, section.heading) for section in found.section] == [
        *(("of_pfs", "About Progression"), ("of_os", "About Death"), ("last", "Last")),
    ]
    assert found.section[1].holds[0].figure == "fit_os_flexible"
    assert found.section[1].holds[1].table == "spread_os"
    assert found.figures == ["fit_pfs_flexible", "fit_os_flexible"]
