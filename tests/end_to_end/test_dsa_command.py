"""hemodel dsa: what it prints and writes, and every refusal in its words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from commands import small_workbook
from schemas import follow_their_schemas
from typer.testing import CliRunner, Result

from hemodel.cli import app

if TYPE_CHECKING:
    from pathlib import Path

PRICE, OS = "drug.newtinib.price_per_vial", "survival.os.active.median"
CSV = f"""name,{PRICE},{OS},utility.progressed
Cheaper,900,,
Cheaper and better,900,20,0.7
Free,0,,
"""
TOML = f"""
[[combination]]
name = "Cheaper"
"{PRICE}" = 900

[[combination]]
name = "Cheaper and better"
drug.newtinib.price_per_vial = 900
survival.os.active.median = 20
utility.progressed = 0.7

[[combination]]
name = "Free"
"{PRICE}" = 0
"""


def hemodel(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dsa")
    book = small_workbook(folder)
    (folder / "some.csv").write_text(CSV, encoding="utf-8")
    (folder / "some.toml").write_text(TOML, encoding="utf-8")
    return book


@pytest.fixture(scope="module")
def whole(book: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    out = tmp_path_factory.mktemp("outputs") / "out"
    done = hemodel(
        *("dsa", book, "--two-way", f"{PRICE}:0:1500:4,{OS}:::3", "--n-way", book.with_name("some.csv")),
        *("--threshold", f"{PRICE}:0:90000", "--threshold", "utility.progressed", "--wtp", 900000, "--wtp", 50000),
        *("--out", out),
    )
    assert done.exit_code == 0, done.output
    return done, out


def document(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "dsa.json").read_text(encoding="utf-8"))
    return found


def test_everything_is_written_and_has_the_published_shape(whole: tuple[Result, Path]) -> None:
    out = whole[1]
    assert {path.name for path in out.iterdir()} == {"dsa.json", "tables", "figures", "manifest.json"}
    follow_their_schemas(out, "dsa")
    assert {path.stem for path in (out / "figures").glob("*.png")} == {
        *(f"tornado_{measure}" for measure in ("nmb", "icer")),
        *("two_way_1", "n_way", "threshold_drug_newtinib_price_per_vial", "threshold_utility_progressed"),
    }
    assert {path.stem for path in (out / "tables").iterdir()} == {
        *(
            "dsa",
            "dsa_curves",
            "dsa_statistics",
            "dsa_statistics_curves",
            "threshold_values",
            "two_way",
            "two_way_boundary",
            "n_way",
            "threshold_search",
        ),
    }
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["asked"]["two_way"][0][0] == {"id": PRICE, "low": 0.0, "high": 1500.0, "points": 4}
    assert manifest["asked"]["n_way"]["file"] == "some.csv"
    assert manifest["asked"]["wtp"] == [900_000, 50_000]


def test_the_first_threshold_is_that_of_the_decision(whole: tuple[Result, Path]) -> None:
    found = document(whole[1])
    assert (found["decision_threshold"], found["thresholds"]) == (900_000, [900_000, 50_000])
    (base,) = found["base_case"]
    (grid,) = found["two_way"]
    assert (grid["x"]["values"], grid["y"]["values"]) == ([0, 600, 1200, 1500], pytest.approx([12.8, 16, 20]))
    assert grid["nmb"][1][2] == pytest.approx(900_000 * base["qalys"] - base["costs"], rel=1e-9)
    assert len(pd.read_csv(whole[1] / "tables" / "two_way.csv")) == 12


def test_the_threshold_is_where_net_benefit_is_0(whole: tuple[Result, Path]) -> None:
    done, out = whole
    found = document(out)
    price = next(one for one in found["searches"] if one["id"] == PRICE)
    at = next(at for at in price["at"] if at["threshold"] == 900_000)
    (value,) = at["values"]
    (line,) = price["lines"]
    ends = [900_000 * line["qalys"][i] - line["costs"][i] for i in (0, -1)]
    assert value == pytest.approx(90_000 * ends[0] / (ends[0] - ends[1]), rel=1e-9)
    assert at["cost_effective"] == [[0, value]]
    assert f"met at {value:,.2f}: net benefit is linear in the input, so that there is no other" in done.stdout
    utility = next(one for one in found["searches"] if one["id"] == "utility.progressed")
    assert (utility["low"], utility["high"]) == (0.48, 0.72)


def test_a_toml_file_says_the_same_as_a_csv_file(book: Path, whole: tuple[Result, Path], tmp_path: Path) -> None:
    done = hemodel(
        *("dsa", book, "--n-way", book.with_name("some.toml"), "--wtp", 900000, "--wtp", 50000),
        *("--measure", "costs", "--out", tmp_path / "out"),
    )
    assert done.exit_code == 0, done.output
    one, other = (document(out)["n_way"]["combinations"] for out in (whole[1], tmp_path / "out"))
    assert one == other
    assert [each["name"] for each in one] == ["Cheaper", "Cheaper and better", "Free"]
    assert one[0]["values"] == {PRICE: 900}
    assert one[2]["change_in_nmb"] == pytest.approx(4 * one[0]["change_in_nmb"], rel=1e-9)
    (grid,) = document(tmp_path / "out")["two_way"]
    assert len(grid["x"]["values"]) == len(grid["y"]["values"]) == 11
    assert document(tmp_path / "out")["measure"] == "costs"


REFUSALS = [
    (
        ("--two-way", f"drug.newtinib.prize_per_vial,{OS}"),
        (
            "--two-way drug.newtinib.prize_per_vial,survival.os.active.median: there is no input "
            "drug.newtinib.prize_per_vial. Did you mean drug.newtinib.price_per_vial?"
        ),
    ),
    (
        ("--threshold", "settings.time_horizon:5:20"),
        (
            "--threshold settings.time_horizon: settings.time_horizon cannot be moved over a range. A setting or a "
            "part of the structure, not an uncertain value. Use a scenario, with a sweep for several values."
        ),
    ),
    (
        ("--threshold", "regimen.active.newtinib.interval:7:28"),
        "regimen.active.newtinib.interval cannot be moved over a range.",
    ),
    (
        ("--threshold", "curve.os.active.shape:1:2"),
        (
            "--threshold curve.os.active.shape: curve.os.active.shape is one coefficient of a curve. Coefficients were "
            "estimated together, so that one alone at another value fits no evidence; curves vary whole. Move "
            "curve.os.active, or what it is fitted to: survival.os.active.median, survival.os.active.survival_later."
        ),
    ),
    (
        ("--threshold", "utility.progressed:0.5:1.2"),
        "--threshold utility.progressed: utility.progressed is 1.2. It must lie between -1.1 and 1 (utility).",
    ),
    (
        ("--threshold", f"{OS}:0:20"),
        f"--threshold {OS}: {OS} is 0. It must be above 0 (months).",
    ),
    (
        ("--threshold", "utility.progressed:0.7:0.7"),
        (
            "--threshold utility.progressed: the range of utility.progressed begins at 0.7 and ends at 0.7. "
            "Write the lower end first."
        ),
    ),
    (
        ("--threshold", "drug.oldamab.price_per_vial"),
        (
            "--threshold drug.oldamab.price_per_vial: drug.oldamab.price_per_vial has no range. The workbook gives it "
            "no bounds. Give one: drug.oldamab.price_per_vial:LOW:HIGH."
        ),
    ),
    (
        ("--threshold", PRICE, "--threshold", f"{PRICE}:0:9"),
        f"--threshold {PRICE}: {PRICE} stands twice. Search it once, over one range.",
    ),
    (
        ("--two-way", f"{PRICE},{PRICE}"),
        f"--two-way {PRICE},{PRICE}: {PRICE} stands twice. Name two inputs.",
    ),
    (
        ("--two-way", f"{PRICE},{OS}", "--two-way", f"{PRICE},{OS}"),
        f"--two-way {PRICE},{OS}: the pair stands twice. Remove one.",
    ),
    (
        ("--two-way", f"{PRICE}:::500,{OS}"),
        f"--two-way {PRICE},{OS}: {PRICE} has 500 points. A grid has 2 to 101 of each input.",
    ),
    (
        ("--two-way", f"curve.os.active,{OS}"),
        (
            f"--two-way curve.os.active,{OS}: curve.os.active and {OS} cannot be moved together. The curve is fitted "
            "to such statistics, and a refit would undo its move. Move statistics only, or curves only."
        ),
    ),
    (
        ("--two-way", f"drug.newtinib.price:0:9,{PRICE}"),
        (
            f"drug.newtinib.price and {PRICE} cannot be moved together. The first moves all vials of the drug, this "
            "one among them. Move one of them."
        ),
    ),
    (("--n-way", "none.csv"), "none.csv: there is no such file. Check the path."),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSALS, ids=[words[:40] for _, words in REFUSALS])
def test_what_cannot_be_moved_is_refused(book: Path, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = hemodel("dsa", book, *arguments, "--out", tmp_path / "out")
    assert done.exit_code == 1, done.output
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--two-way", PRICE),
            (
                f"--two-way {PRICE}: write two inputs with a comma between them, each as ID, ID:LOW:HIGH or "
                "ID:LOW:HIGH:POINTS"
            ),
        ),
        (
            ("--threshold", f"{PRICE}:5"),
            f"--threshold {PRICE}:5: write ID, ID:LOW:HIGH or ID:LOW:HIGH:POINTS; an empty",
        ),
        (("--threshold", f"{PRICE}:low:9"), f"--threshold {PRICE}:low:9: 'low' is no number; write ID"),
        (("--two-way", f"{PRICE}:::2.5,{OS}"), "2.5 points; write a whole number"),
        (("--wtp", "-1"), "--wtp -1: a threshold is a number of 0 or more"),
        (("--measure", "life"), "--measure"),
    ],
)
def test_options_that_cannot_be_read_are_bad_usage(
    book: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = hemodel("dsa", book, *arguments, "--out", tmp_path / "out")
    assert done.exit_code == 2, done.output
    assert words in done.stderr
    assert not (tmp_path / "out").exists()


BAD_CSV = f"""name,{PRICE},utility.progresed,settings.draws
Cheaper,900,,5
Cheaper,minus,0.5,
,-3,,
Nothing,,,
Short,1
"""
BAD_TOML = f"""
[[combination]]
"{PRICE}" = true

[[combination]]
name = "None"

[[combination]]
name = "Both"
"drug.newtinib.price" = 3
"{PRICE}" = 4
"""


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "bad.csv",
            BAD_CSV,
            [
                (
                    f"bad.csv, row 3, column {PRICE}: 'minus' is no number. Only numbers can be moved. "
                    "Write a number with a point."
                ),
                "bad.csv, row 4, column name: it has no name.",
                "bad.csv, row 5: it moves no input. Give a value of one.",
                "bad.csv, row 6: there are 2 cells under 4 columns. Write one cell for each column.",
                "bad.csv: there is no input utility.progresed. Did you mean utility.progressed",
                "bad.csv: settings.draws cannot be moved over a range.",
                "bad.csv, row 3: the name Cheaper stands twice. Give each combination a name of its own.",
                f"bad.csv, row 4, column {PRICE}: {PRICE} is -3. It must be at least 0 (currency per vial).",
            ],
        ),
        ("bad.csv", f"title,{PRICE},{PRICE}\n", ["bad.csv, row 1: there is no column name.", "a column stands twice"]),
        ("bad.csv", f"name,{PRICE}\n", ["bad.csv: there is no combination in the file."]),
        (
            "bad.toml",
            BAD_TOML,
            [
                'bad.toml, combination 1: it has no name. Write name = "...".',
                f"bad.toml, combination 1, {PRICE}: True is no number.",
                "bad.toml, combination 2: it moves no input.",
                f"bad.toml, combination 3: drug.newtinib.price and {PRICE} cannot be moved together.",
            ],
        ),
        ("bad.toml", "[[combination", ["bad.toml: this is not valid TOML:"]),
        ("bad.toml", "combine = 1", ["bad.toml: there is combine beside the combinations. Write [[combination]]"]),
        ("bad.json", "{}", ["bad.json: combinations are in a .toml or a .csv file. Give such a file."]),
    ],
)
def test_all_problems_of_a_file_at_once(book: Path, tmp_path: Path, name: str, text: str, words: list[str]) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    done = hemodel("dsa", book, "--n-way", tmp_path / name, "--out", tmp_path / "out")
    assert done.exit_code == 1, done.output
    said = " ".join(done.stderr.split())
    for each in words:
        assert each in said, said
    assert not (tmp_path / "out").exists()


def test_a_refit_that_fails_leaves_its_points_empty_and_says_which(book: Path, tmp_path: Path) -> None:
    """A median of 5 months and survival of more than half at 12 months exclude one another."""
    later = "survival.pfs.active.survival_later"
    done = hemodel(
        "dsa", book, "--two-way", f"survival.pfs.active.median:5:11.9:2,{later}:0.2:0.97:3", "--out", tmp_path / "out"
    )
    assert done.exit_code == 0, done.output
    (grid,) = document(tmp_path / "out")["two_way"]
    empty = [(x, y) for i, y in enumerate(grid["y"]["values"]) for j, x in enumerate(grid["x"]["values"])
             if grid["nmb"][i][j] is None]  # fmt: skip
    assert empty == [(point["x"], point["y"]) for point in grid["failed"]]
    assert empty
    assert f"; {len(empty)} without a result" in done.stdout
    assert "pfs: " in grid["failed"][0]["why"]
