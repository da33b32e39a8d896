"""Options of the draws on the command line: rules that end them, the file of draws, workers; and their refusals."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from commands import WORKBOOK, invoke, results, small_workbook
from pyarrow import parquet

from hemodel.analyses.psa import run as psa_run

if TYPE_CHECKING:
    from pathlib import Path

SOBOL = "settings.sampling=sobol"


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run by Sobol points that ends by a rule and keeps its draws."""
    out = tmp_path_factory.mktemp("ended") / "out"
    arguments = ("--only", "psa", "--set", SOBOL, "--draws", 40_000, "--until-mcse", 60, "--keep-draws")
    done = invoke("run", WORKBOOK, *arguments, "--out", out)
    assert done.exit_code == 0, done.output
    return out


def test_the_draws_end_by_the_rule_and_the_results_say_so(ended: Path) -> None:
    psa = results(ended)["psa"]
    assert psa["draws"] % 4096 == 0
    assert psa["draws"] < 40_000
    assert psa["sampling"] == "sobol"
    assert psa["stopped"] == "the Monte Carlo error of the mean is 60 or less"
    assert psa["mcse_inmb"] <= 60
    # One share is given as 1 and drawn evenly from 0.8 to 1, so that its mean is (0.8 + 1) / 2.
    assert [check["found"].partition(";")[0] for check in psa["checks"] if not check["holds"]] == [
        "regimen.lurbinectedin_atezolizumab.pegfilgrastim.share_of_patients (mean 0.9 for 1)"
    ]
    summary = (ended / "tables" / "psa_summary.csv").read_text(encoding="utf-8")
    assert summary.count("\n") == 4  # a header, two strategies, one increment
    page = (ended / "report.html").read_text(encoding="utf-8")
    assert "(scrambled Sobol, 512 each), ended because the Monte Carlo error of the mean is 60 or less" in page


def test_the_file_holds_the_draws_of_the_results(ended: Path) -> None:
    psa = results(ended)["psa"]
    table = parquet.read_table(ended / "draws.parquet")
    assert table.num_rows == psa["draws"]
    for strategy, mean in psa["mean"].items():
        for outcome, value in mean.items():
            drawn = table[f"{outcome}.{strategy}"].to_numpy()
            assert drawn.mean() == pytest.approx(value, rel=1e-10)  # other order of the sums


def test_workers_give_the_same_bytes(tmp_path: Path) -> None:
    book = small_workbook(tmp_path)
    for name, further in (("threads", ()), ("workers", ("--workers", 2))):
        done = invoke("run", book, "--only", "psa", "--draws", 5000, "--out", tmp_path / name, *further)
        assert done.exit_code == 0, done.output
    one, two = ((tmp_path / name / "results.json").read_bytes() for name in ("threads", "workers"))
    assert one == two


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--until-mcse", 50), "--until-mcse and --until-clear need --draws, the most draws there may be"),
        (("--until-clear", 50000), "--until-mcse and --until-clear need --draws, the most draws there may be"),
        (("--until-mcse", 0, "--draws", 5000), "--until-mcse 0: the error must be above 0"),
        (("--set", SOBOL, "--draws", 600), "this design needs at least 1,024, two replicates of 512"),
        (("--workers", 2, "--scheduler", "tcp://127.0.0.1:9"), "--workers and --scheduler exclude each other"),
        (("--scheduler", "tcp://127.0.0.1:9"), "no scheduler answers at tcp://127.0.0.1:9 within 1 seconds"),
        (
            ("--draws", 50, "--use-draws", WORKBOOK),
            "--draws and --use-draws exclude each other: there",
        ),
        (("--until-mcse", 50, "--use-draws", WORKBOOK), "--until-mcse and --until-clear are not for --use-draws"),
        (("--payer", "GB-ENG", "--payer", "US-ICER", "--workers", 2), "are for one payer at a time"),
    ],
)
def test_refusals_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str | int, ...], words: str
) -> None:
    monkeypatch.setattr(psa_run, "SECONDS_TO_CONNECT", 1)
    done = invoke("run", WORKBOOK, "--only", "psa", *arguments, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert words in " ".join(done.output.split())
    assert list(tmp_path.iterdir()) == []


def test_the_export_of_a_run_fed_back_gives_the_same_draws_and_results(tmp_path: Path) -> None:
    book = small_workbook(tmp_path)
    first, again = tmp_path / "first", tmp_path / "again"
    arguments = ("run", book, "--only", "psa", "--export-psa", "--seed", 7)
    done = invoke(*arguments, "--draws", 300, "--out", first)
    assert done.exit_code == 0, done.output
    params = first / "psa" / "params.csv"
    back = invoke(*arguments, "--use-draws", params, "--out", again)
    assert back.exit_code == 0, back.output

    before, after = results(first), results(again)
    assert after["psa"] == before["psa"]
    assert after["information"] == before["information"]
    for name in ("params.csv", "costs.csv", "effects.csv"):
        assert (again / "psa" / name).read_bytes() == (first / "psa" / name).read_bytes()
    digest = sha256(params.read_bytes()).hexdigest()
    assert json.loads((again / "manifest.json").read_bytes())["use_draws"] == {"name": "params.csv", "sha256": digest}
    file = {"name": "params.csv", "sha256": digest, "draws": 300, "sampling": "random", "inputs": []}
    assert after["use_draws"] == file
    said = "Draws: the 300 of params.csv are those that the workbook makes itself with this seed."
    assert said in " ".join(back.output.split())


def test_draws_of_another_seed_are_those_of_the_file(tmp_path: Path) -> None:
    book = small_workbook(tmp_path)
    first, again = tmp_path / "first", tmp_path / "again"
    assert invoke("run", book, "--only", "psa", "--draws", 300, "--keep-draws", "--out", first).exit_code == 0
    arguments = ("run", book, "--only", "psa", "--use-draws", first / "draws.parquet", "--seed", 8)
    done = invoke(*arguments, "--workers", 1, "--out", again)
    assert done.exit_code == 0, done.output

    before, after = results(first)["psa"], results(again)["psa"]
    same = {name for name in before if before[name] == after[name]}
    assert set(before) - same == {"seed", "inputs", "differences"}  # whether they are given; what an input does alone
    assert all(entry["given"] for entry in after["inputs"])
    page = (again / "report.html").read_text(encoding="utf-8")
    count = len(results(again)["use_draws"]["inputs"])
    assert f"Draws of {count} inputs are from draws.parquet." in page
    said = f"Draws: 300 of {count} inputs are from draws.parquet; every other uncertain input is drawn"
    assert said in " ".join(done.output.split())
    inputs = (again / "tables" / "psa_inputs.csv").read_text(encoding="utf-8")
    assert "Drawn elsewhere" in inputs.splitlines()[0]


TEACHING = WORKBOOK.with_name("teaching_three_strategies.xlsx")


@pytest.mark.parametrize(
    "options",
    [
        ("--export-psa",),
        ("--export-psa", "--keep-draws", "--workers", "2"),
        ("--draws", "200", "--until-mcse", "50", "--export-psa"),
        ("--draws", "200", "--until-clear", "50000"),
        ("--export-psa", "--payer", "US-ICER"),
    ],
)
def test_a_model_without_uncertainty_has_every_option_of_draws(options: tuple[str, ...], tmp_path: Path) -> None:
    done = invoke("run", TEACHING, "--only", "psa", *options, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    if "--export-psa" in options:
        lines = (tmp_path / "out" / "psa" / "costs.csv").read_text(encoding="utf-8").splitlines()
        assert lines[0] == "no_radiotherapy,test_all,radiotherapy_for_all"
        assert len(set(lines[1:])) == 1  # every draw is the base case
        assert set((tmp_path / "out" / "psa" / "params.csv").read_bytes()) <= set(b"\r\n")  # no input varies
    if "--keep-draws" in options:
        assert (tmp_path / "out" / "draws.parquet").is_file()
