"""The three files of an analysis and the file of groups: what is read, and every refusal word for word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hemodel.errors import InputError
from hemodel.voi.reading import Files, read_external, read_groups, read_sample

if TYPE_CHECKING:
    from pathlib import Path

DRAWS = 120


def rows(*columns: object) -> str:
    """Rows of columns, each a list of numbers or one number for all rows."""
    rng = np.random.default_rng(1)
    made = [rng.normal(size=DRAWS) if column is None else np.full(DRAWS, column) for column in columns]
    return "".join(",".join(map(repr, row)) + "\n" for row in np.column_stack(made).tolist())


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A valid analysis."""
    (tmp_path / "p.csv").write_text("alpha,beta\n" + rows(None, None), encoding="utf-8")
    (tmp_path / "c.csv").write_text("old,new\n" + rows(0.0, None), encoding="utf-8")
    (tmp_path / "e.csv").write_text("new,old\n" + rows(None, 0.0), encoding="utf-8")
    return Files(tmp_path / "p.csv", tmp_path / "c.csv", tmp_path / "e.csv", None)


def refusal(files: Files) -> list[str]:
    """The problems of an analysis, without the folder."""
    with pytest.raises(InputError) as caught:
        read_external(files)
    return [str(problem).replace(f"{files.inputs.parent}/", "") for problem in caught.value.problems]


def edit(path: Path, line: int, text: str) -> None:
    """Replace a line, from 1."""
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[line - 1] = text
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_strategies_are_matched_by_name(files: Files) -> None:
    sample = read_sample(files.inputs, files.costs, files.effects)

    assert sample.strategies == ("old", "new")
    assert np.all(sample.effects[:, 0] == 0)
    assert np.all(sample.costs[:, 0] == 0)
    assert list(sample.inputs) == ["alpha", "beta"]
    assert sample.draws == DRAWS


def test_every_digit_is_kept(files: Files) -> None:
    text = files.inputs.read_text(encoding="utf-8").splitlines()[7]

    assert read_sample(files.inputs, files.costs, files.effects).inputs["alpha"][6] == float(text.split(",")[0])


def test_a_byte_order_mark_quotes_and_windows_line_ends(files: Files) -> None:
    text = files.inputs.read_text(encoding="utf-8").replace("alpha,beta", '"alpha","b, too"').replace("\n", "\r\n")
    files.inputs.write_text("\ufeff" + text, encoding="utf-8", newline="")

    assert list(read_external(files).sample.inputs) == ["alpha", "b, too"]


def test_unequal_numbers_of_rows(files: Files) -> None:
    lines = files.costs.read_text(encoding="utf-8").splitlines(keepends=True)
    files.costs.write_text("".join(lines[:61]), encoding="utf-8")

    assert refusal(files) == [
        (
            "p.csv and c.csv and e.csv: the numbers of draws differ: p.csv 120, c.csv 60, e.csv 120. Each row of one"
            " file has to be the same draw as that row of the others. Write all three files from the same run."
        )
    ]


def test_cells_without_a_number_in_all_files_at_once(files: Files) -> None:
    edit(files.inputs, 3, "NA,1.5")
    edit(files.inputs, 5, ",nan")
    edit(files.costs, 2, "0,inf")
    edit(files.effects, 4, "1.0,x")

    assert refusal(files) == [
        "p.csv, row 3, column alpha: 'NA' is not a number. Give a number in every row.",
        "p.csv, row 5, column alpha: an empty cell is not a number. Give a number in every row.",
        "p.csv, row 5, column beta: 'nan' is not a number. Give a number in every row.",
        "c.csv, row 2, column new: the number is infinite. Give a number in every row.",
        "e.csv, row 4, column old: 'x' is not a number. Give a number in every row.",
    ]


def test_one_strategy(files: Files) -> None:
    for path in (files.costs, files.effects):
        path.write_text("only\n" + rows(None), encoding="utf-8")

    assert refusal(files) == [
        (
            "c.csv, row 1: there is one strategy; a decision has at least two. Give the totals of each strategy in a"
            " column of its own; of increments alone, add a column of zeros."
        )
    ]


def test_other_strategies_in_the_two_files(files: Files) -> None:
    edit(files.effects, 1, "new,standard")

    assert refusal(files) == [
        (
            "e.csv, row 1: there is no column 'old', which is in c.csv. The columns are: new, standard. Give the"
            " strategies the same names in both files."
        ),
        (
            "c.csv, row 1: there is no column 'standard', which is in e.csv. The columns are: old, new. Give the"
            " strategies the same names in both files."
        ),
    ]


def test_too_few_draws(files: Files) -> None:
    for path in (files.inputs, files.costs, files.effects):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(lines[:51]), encoding="utf-8")

    assert refusal(files) == [
        "p.csv: there are 50 draws, too few for a regression. It needs at least 100. Run more draws."
    ]


def test_names_there_twice_or_not_at_all(files: Files) -> None:
    edit(files.inputs, 1, "alpha,alpha")
    files.costs.write_text(",old,new\n" + rows(1.0, 0.0, None), encoding="utf-8")

    assert refusal(files) == [
        "p.csv, row 1: 'alpha' is there more than once. Give each column its own name.",
        "c.csv, row 1: there is no name in column 1. Give them names, or delete them where they number the rows.",
    ]


def test_files_that_are_not_there_empty_or_of_semicolons(files: Files) -> None:
    files.inputs.unlink()
    files.costs.write_text("", encoding="utf-8")
    files.effects.write_text("old;new\n1;2\n", encoding="utf-8")

    assert refusal(files) == [
        "p.csv: there is no such file. Check the path.",
        "c.csv: the file is empty. The first row has the names, each row below it is one draw.",
        (
            "e.csv, row 1: the columns are separated by semicolons. Save the file with commas between columns and"
            " points in numbers."
        ),
    ]


def test_a_header_without_rows(files: Files) -> None:
    files.inputs.write_text("alpha,beta\n", encoding="utf-8")

    assert refusal(files) == [
        "p.csv: there are no rows below the header. The first row has the names, each row below it is one draw."
    ]


def test_constant_inputs_are_left_out_by_name(files: Files) -> None:
    files.inputs.write_text("alpha,fixed,beta\n" + rows(None, 3.0, None), encoding="utf-8")
    found = read_external(files)

    assert found.constant == ("fixed",)
    assert list(found.sample.inputs) == ["alpha", "beta"]


def test_no_input_varies(files: Files) -> None:
    files.inputs.write_text("alpha,beta\n" + rows(1.0, 2.0), encoding="utf-8")

    assert refusal(files) == [
        "p.csv: no input varies: every column has one value in all rows. Give the draws of uncertain inputs."
    ]


def test_groups(tmp_path: Path) -> None:
    path = tmp_path / "g.toml"
    path.write_text(
        '[curve]\nlabel = "The curve"\nwhole = true\ninputs = ["k1", "k2"]\n\n[all]\ninputs = ["k1", "k2", "a"]\n',
        encoding="utf-8",
    )
    whole, group = read_groups(path, ["k1", "k2", "a"])

    assert (whole.label, whole.whole, whole.inputs) == ("The curve", True, ("k1", "k2"))
    assert (group.label, group.whole, group.inputs) == ("all", False, ("curve", "a"))


def test_groups_with_everything_wrong(tmp_path: Path) -> None:
    path = tmp_path / "g.toml"
    path.write_text(
        'first = 1\n[second]\ninputs = ["alpa"]\nlable = "x"\n[alpha]\ninputs = []\n'
        '[third]\ninputs = ["beta", "beta"]\nwhole = 1\nlabel = 2\n[beta]\ninputs = ["alpha"]\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        read_groups(path, ["alpha", "beta"])

    assert [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems] == [
        'g.toml, [first]: first is no group. Write for each group: [name], and below it inputs = ["...", "..."].',
        "g.toml, [second]: 'lable' is unknown. Did you mean label? The entries are: label, inputs, whole.",
        "g.toml, [second]: there is no input 'alpa'. Did you mean alpha?",
        (
            "g.toml, [alpha]: there is no list of inputs."
            ' Write for each group: [name], and below it inputs = ["...", "..."].'
        ),
        "g.toml, [third]: the label is no text. Write it in quotation marks.",
        "g.toml, [third]: whole is neither true nor false. Write whole = true, or leave it out.",
        "g.toml, [third]: 'beta' is there more than once. Keep it once.",
        "g.toml, [beta]: 'beta' is an input already. Give the group another name.",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'g.toml: there is no group. Write for each group: [name], and below it inputs = ["...", "..."].'),
        (
            '[a]\nwhole = true\ninputs = ["x", "y"]\n[b]\nwhole = true\ninputs = ["y"]\n',
            "g.toml, [b]: 'y' is part of the whole 'a' already.",
        ),
    ],
)
def test_groups_that_are_none_or_overlap(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "g.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_groups(path, ["x", "y"])

    assert str(caught.value).replace(f"{tmp_path}/", "") == message


def test_groups_lose_constant_inputs(files: Files, tmp_path: Path) -> None:
    files.inputs.write_text("alpha,fixed,beta\n" + rows(None, 3.0, None), encoding="utf-8")
    path = tmp_path / "g.toml"
    path.write_text(
        '[w]\nwhole = true\ninputs = ["fixed"]\n[g]\ninputs = ["fixed", "alpha", "beta"]\n', encoding="utf-8"
    )
    found = read_external(Files(files.inputs, files.costs, files.effects, path))

    assert [(group.id, group.inputs) for group in found.groups] == [("g", ("alpha", "beta"))]
