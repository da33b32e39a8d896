"""Scenario files and the sheet of scenarios: what they become, and every refusal word for word."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import small_rows

from hemodel.errors import InputError
from hemodel.inputs.cells import DataTable, Scalar, read_cells
from hemodel.inputs.changes import Change
from hemodel.inputs.dictionary import scenario_columns
from hemodel.inputs.listing import to_listing
from hemodel.inputs.scenario_sheet import sheet_rows
from hemodel.inputs.scenarios import Scenario, for_payer, in_groups, pick, read_scenarios
from hemodel.inputs.template import template
from hemodel.inputs.writing import Cover, write_workbook

SHIPPED = Path(__file__).parents[3] / "scenarios" / "imforte_us"
HEAD = 'group = "costs"\npurpose = "p"\nquestion = "What if {value}?"\nwhy = "w"\nsource = "s"\n'
CHEAPER = '[[change]]\nid = "drug.oldamab.price_per_vial"\nmultiply = 0.5\n'
UTILITY = '[[change]]\nid = "utility.progressed"\nfrom = 0.6\nto = 0.5\n'


def read(folder: Path, **files: str) -> tuple[Scenario, ...]:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return read_scenarios(folder)


def problems(folder: Path, **files: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(folder, **files)
    return [str(problem).removeprefix(f"{folder.name}/") for problem in caught.value.problems]


def sheet(*rows: dict[str, Scalar], columns: tuple[str, ...] = ()) -> DataTable:
    """A sheet with a title, the headers in its third row and these rows below."""
    heads = columns or tuple(scenario_columns())
    width = len(heads)
    title: tuple[Scalar, ...] = ("Scenarios", *(None,) * (width - 1))
    body = tuple(tuple(row.get(head) for head in heads) for row in rows)
    return DataTable("model.xlsx", "Scenarios", (title, (None,) * width, heads, *body))


def once(name: str, **cells: Scalar) -> dict[str, Scalar]:
    return {"scenario": name, "group": "costs", "purpose": "p", "question": "q", "why": "w", "source": "s", **cells}


def test_a_sweep_is_a_scenario_for_each_value(tmp_path: Path) -> None:
    text = '[[sweep]]\nid = "settings.time_horizon"\nvalues = [5, 7.5]\n'
    found = read(tmp_path, horizon=HEAD + text)
    assert [s.name for s in found] == ["horizon_5", "horizon_7_5"]
    assert [s.question for s in found] == ["What if 5?", "What if 7.5?"]
    assert [s.changes for s in found] == [
        (Change("settings.time_horizon", 5.0, "scenario horizon_5"),),
        (Change("settings.time_horizon", 7.5, "scenario horizon_7_5"),),
    ]
    assert {(s.sweep, s.label) for s in found} == {("horizon", "5"), ("horizon", "7.5")}


def test_sweeps_run_in_step_or_as_a_grid(tmp_path: Path) -> None:
    text = '[[sweep]]\nid = "a"\nmultiply = [0.9, 0.5]\nlabels = [10, 50]\n[[sweep]]\nid = "b"\nvalues = ["x", "-2"]\n'
    step = read(tmp_path, s=HEAD + text)
    assert [(s.name, [c.value or c.factor for c in s.changes]) for s in step] == [
        ("s_10", [0.9, "x"]),
        ("s_50", [0.5, "-2"]),
    ]
    grid = read(tmp_path, s="grid = true\n" + HEAD + text)
    assert [s.name for s in grid] == ["s_10_x", "s_10_minus_2", "s_50_x", "s_50_minus_2"]
    assert [c.id for c in grid[3].changes] == ["a", "b"]


def test_a_combination_makes_the_changes_of_others_too(tmp_path: Path) -> None:
    sweep = '[[sweep]]\nid = "settings.time_horizon"\nvalues = [5, 10]\n'
    found = read(
        tmp_path,
        cheaper=HEAD + CHEAPER,
        years=HEAD + sweep,
        inner=f'combine = ["cheaper", "years_5"]\n{HEAD}',
        outer=f'combine = ["inner"]\n{HEAD}{UTILITY}',
    )
    outer = next(s for s in found if s.name == "outer")
    assert [change.id for change in outer.changes] == [
        "utility.progressed",
        "drug.oldamab.price_per_vial",
        "settings.time_horizon",
    ]
    assert outer.changes[1].origin == "scenario outer, from inner"


def test_payers_groups_and_names_are_picked(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        b_all=HEAD + CHEAPER,
        a_england=f'payers = ["GB-ENG"]\n{HEAD.replace("costs", "utilities")}{UTILITY}',
        years=HEAD.replace("costs", "survival") + '[[sweep]]\nid = "x"\nvalues = [1, 2]\n',
    )
    assert [s.name for s in for_payer(found)] == ["b_all", "years_1", "years_2"]
    assert len(for_payer(found, "GB-ENG")) == 4
    assert len(for_payer(found, "US-ICER")) == 3
    assert [s.group for s in in_groups(found)] == ["survival", "survival", "costs", "utilities"]
    assert [s.name for s in pick(found, ["years", "b_all"], together=False)] == ["years_1", "years_2", "b_all"]
    with pytest.raises(InputError, match=r"there is no scenario years\. Did you mean years_"):
        pick(found, ["years"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD.replace("costs", "cost") + CHEAPER,
         ("x.toml: the group is 'cost'. It must be one of: survival, costs, utilities, structure, settings. Did you"
         " mean costs?")),
        (HEAD.replace('group = "costs"\n', "") + CHEAPER,
         "x.toml: group: Field required. Write one of: survival, costs, utilities, structure, settings."),
        (HEAD.replace('purpose = "p"\n', "") + CHEAPER,
         "x.toml: purpose: Field required. Say in a sentence what the scenario is to show."),
        (f"combined = []\n{HEAD}{CHEAPER}", "x.toml: combined: Extra inputs are not permitted. Did you mean combine?"),
        (HEAD, "x.toml: nothing is changed. Add a change, a sweep, or scenarios to combine."),
        (HEAD + '[[sweep]]\nid = "a"\nvalues = []\n', "x.toml: sweep.0: the sweep of a has no values."),
        (HEAD + '[[sweep]]\nid = "a"\nvalues = [1]\nlabels = ["p", "q"]\n',
         "x.toml: sweep.0: the sweep of a has 1 values and 2 labels."),
        (HEAD + '[[sweep]]\nid = "a"\nvalues = [1, 2]\n[[sweep]]\nid = "b"\nvalues = [1]\n',
         ("x.toml: sweeps that run in step differ in length. a has 2, b has 1. Give each as many values, or set grid ="
         " true for every combination.")),
        (HEAD + '[[sweep]]\nid = "a"\nvalues = [1, 1]\n',
         "x.toml: the sweep has two points x_1. Give each a label of its own."),
        (HEAD + CHEAPER + '[[sweep]]\nid = "drug.oldamab.price_per_vial.value"\nvalues = [1]\n',
         "x.toml: drug.oldamab.price_per_vial is changed twice. Keep one change."),
        (f'payers = ["England"]\n{HEAD}{CHEAPER}',
         "x.toml: 'England' is no code of a payer. Write codes as hemodel payers lists them, for example GB-ENG."),
        (f'combine = ["x"]\n{HEAD}', "x.toml: x combines itself. x combines x. Leave one of them out."),
    ],
)  # fmt: skip
def test_refusals_of_one_file(text: str, words: str, tmp_path: Path) -> None:
    assert problems(tmp_path, x=text) == [words]


def test_refusals_of_several_files_come_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        cheaper=HEAD + CHEAPER,
        a=f'combine = ["cheeper"]\n{HEAD}',
        b=f'combine = ["c"]\n{HEAD}',
        c=f'combine = ["b"]\n{HEAD}',
        d=f'combine = ["years"]\n{HEAD}',
        years=HEAD + '[[sweep]]\nid = "x"\nvalues = [1, 2]\n',
        years_1=HEAD + CHEAPER,
    )
    assert found == [
        "years_1.toml: there are two scenarios years_1. It is also at " + f"{tmp_path.name}/years.toml. Rename one.",
        "a.toml: there is no scenario cheeper to combine. Did you mean cheaper?",
        "d.toml: years is a sweep and cannot be combined as a whole. Combine one of its points: years_1, years_2.",
        "b.toml: b combines itself. b combines c combines b. Leave one of them out.",
    ]


def test_two_changes_of_an_id_clash_through_combination(tmp_path: Path) -> None:
    again = '[[change]]\nid = "drug.oldamab.price_per_vial"\nfrom = 400\nto = 1\n'
    found = problems(
        tmp_path, cheaper=HEAD + CHEAPER, other=HEAD + again, both=f'combine = ["cheaper", "other"]\n{HEAD}',
        twice=f'combine = ["cheaper", "nested"]\n{HEAD}', nested=f'combine = ["cheaper"]\n{HEAD}',
    )  # fmt: skip
    assert found == [
        "both.toml: drug.oldamab.price_per_vial is changed twice. By cheaper and by other. Keep one change.",
        "twice.toml: drug.oldamab.price_per_vial is changed twice. cheaper is combined more than once. Name it once.",
    ]


def test_the_sheet_says_the_same_as_files(tmp_path: Path) -> None:
    head = 'group = "costs"\npurpose = "p"\nquestion = "q"\nwhy = "w"\nsource = "s"\n'
    files = read(
        tmp_path,
        lower=head + UTILITY + '[[change]]\nid = "end_of_life.cost"\nmultiply = 2\n',
        years=head + '[[sweep]]\nid = "settings.time_horizon"\nvalues = [5, 10]\n',
        off=head + '[[sweep]]\nid = "drug.oldamab.price_per_vial"\nmultiply = [0.9, 0.5]\nlabels = [10, 50]\n',
        empty=head + '[[change]]\nid = "curve.os.active.reference"\nfrom = ""\nto = "standard"\n',
        both=f'combine = ["lower", "off_50"]\npayers = ["GB-ENG"]\n{head}',
    )
    rows = sheet(
        once("lower", id="utility.progressed", **{"from": 0.6}, to=0.5),
        {"scenario": "lower", "id": "end_of_life.cost", "multiply": 2},
        once("years", id="settings.time_horizon", to="5; 10"),
        once("off", id="drug.oldamab.price_per_vial", multiply="0.9;0.5", labels="10;50"),
        once("empty", id="curve.os.active.reference", to="standard"),
        once("both", combine="lower; off_50", payers="GB-ENG"),
        {"question": "a note in a row without a scenario"},
    )
    by_sheet = {s.name: s for s in read_scenarios(None, rows)}
    assert by_sheet.keys() == {s.name for s in files}
    for s in files:
        other = by_sheet[s.name]
        assert (s.changes, s.group, s.question, s.payers, s.sweep, s.label) == (
            (other.changes, other.group, other.question, other.payers, other.sweep, other.label)
        )


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (once("Half price", id="a", multiply=0.5),
         ("A4: 'Half price' is no name of a scenario. A name has lower-case letters, digits and underscores. Write"
         " half_price.")),
        (once("a", group="money", id="a", multiply=0.5),
         "B4: the group is 'money'. It must be one of: survival, costs, utilities, structure, settings."),
        (once("a", source=None, id="a", multiply=0.5),
         "N4: a has no source. It holds: on whose word, or assumption: and why. Fill it in."),
        (once("a", id="x"), 'G4: give either to or multiply for x. An empty cell is written "".'),
        (once("a", id="x", to=1, multiply=1), 'G4: give either to or multiply for x. An empty cell is written "".'),
        (once("a", to=1), "G4: there is a value under to but no id. Say what is changed."),
        (once("a", id="x", multiply="half"), "H4: x is multiplied by 'half'. It must be a number."),
        (once("a", id="x", to="1;;2"), "G4: the sweep of x has an empty value. Remove a semicolon."),
        (once("a", id="x", to="1;2", labels="p"),
         "I4: the sweep of x has 2 values and 1 labels. Give each value a label, or none."),
        (once("a", id="x", to="1;2", grid="perhaps"), "J4: grid is 'perhaps'. It must be yes or no."),
        ({"id": "x", "to": 1}, ("E4: a change stands in a row without a scenario. Nothing would read it. Give the row"
         " the name of its scenario.")),
        (once("a", id="x", to="#no stored value"), ("G4: a formula has no stored value. The file was written by a"
         " program that does not calculate. Open it in Excel or LibreOffice, save it and run again.")),
    ],
)  # fmt: skip
def test_refusals_of_the_sheet(row: dict[str, Scalar], words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_scenarios(None, sheet(row))
    assert str(caught.value.problems[0]) == f"model.xlsx, Scenarios!{words}"


def test_what_belongs_to_a_scenario_is_said_once() -> None:
    rows = sheet(once("a", id="x", to=1), {"scenario": "a", "group": "settings", "id": "y", "to": 1})
    with pytest.raises(InputError) as caught:
        read_scenarios(None, rows)
    assert str(caught.value) == (
        "model.xlsx, Scenarios!B5: group of a is 'settings'. At model.xlsx, Scenarios!B4 it is 'costs'. Say it once."
    )


def test_misspelt_and_missing_columns() -> None:
    heads = tuple(name for name in scenario_columns() if name not in {"purpose", "labels"})
    rows = sheet(once("a"), columns=(*(n.replace("multiply", "multiplier") for n in heads), "why"))
    with pytest.raises(InputError) as caught:
        read_scenarios(None, rows)
    assert [str(problem).removeprefix("model.xlsx, Scenarios!") for problem in caught.value.problems] == [
        "G3: unknown column multiplier. Nothing reads it. Did you mean multiply?",
        "M3: the column why stands twice. Remove one.",
        (
            "3:3: the column purpose is missing. It holds: what the scenario is to show. Once for each scenario. Add"
            " the column."
        ),
    ]


def test_a_sheet_without_headers() -> None:
    with pytest.raises(InputError) as caught:
        read_scenarios(None, DataTable("model.xlsx", "Scenarios", (("name", "id"),)))
    assert str(caught.value) == (
        "model.xlsx, Scenarios!A1: no header row was found. One column must hold the word scenario above the rows."
        " Restore the header row."
    )


def test_a_file_and_the_sheet_may_not_share_a_name(tmp_path: Path) -> None:
    (tmp_path / "cheaper.toml").write_text(HEAD + CHEAPER)
    with pytest.raises(InputError) as caught:
        read_scenarios(tmp_path, sheet(once("cheaper", id="x", multiply=2)))
    assert str(caught.value) == (
        f"model.xlsx, Scenarios!A4: there are two scenarios cheaper. It is also at {tmp_path.name}/cheaper.toml."
        " Rename or remove one."
    )


def test_the_sheet_survives_reading_and_writing(tmp_path: Path) -> None:
    change = once("a", id="utility.progressed", **{"from": 0.6}, to=0.123456789012345)
    note = {"why": "=not a formula"}
    written = [tuple(row.get(column) for column in scenario_columns()) for row in (change, note)]
    write_workbook(tmp_path / "a.xlsx", to_listing(small_rows()), (("source",),), Cover("A"), scenarios=written)
    raw = read_cells(tmp_path / "a.xlsx")
    assert raw.problems == []
    template(tmp_path / "b.xlsx", source=tmp_path / "a.xlsx")
    again = read_cells(tmp_path / "b.xlsx").scenarios
    assert raw.scenarios is not None
    assert again is not None
    assert sheet_rows(raw.scenarios) == sheet_rows(again) == written
    template(tmp_path / "blank.xlsx")
    blank = read_cells(tmp_path / "blank.xlsx").scenarios
    assert blank is not None
    assert read_scenarios(None, blank) == ()


def test_every_shipped_scenario_has_a_group_a_purpose_and_a_source() -> None:
    found = read_scenarios(SHIPPED)
    assert len(found) >= 40
    assert {s.group for s in found} == {"survival", "costs", "utilities", "structure", "settings"}
    assert all(s.purpose and s.source and s.why for s in found)
