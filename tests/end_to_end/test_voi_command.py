"""`hemodel voi` as a user runs it, and on what `hemodel run --export-psa` writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from schemas import follow_their_schemas
from support import small_rows
from typer.testing import CliRunner, Result
from voi_support import linear

from hemodel.cli import app
from hemodel.inputs.listing import to_listing
from hemodel.inputs.writing import Cover, write_workbook

if TYPE_CHECKING:
    from pathlib import Path

CITATIONS = (("source", "citation", "link", "status"),)
DRAWS = 400


def hemodel(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def write(path: Path, names: list[str], values: Any) -> Path:
    body = "".join(",".join(map(repr, row)) + "\n" for row in np.asarray(values).tolist())
    path.write_text(",".join(names) + "\n" + body, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a linear problem: x matters, nothing does not."""
    place = tmp_path_factory.mktemp("voi")
    sample = linear(DRAWS, 0.1, {"x": 1.0, "nothing": 0.0})
    write(place / "P.csv", ["x", "nothing", "fixed"], np.column_stack([*sample.inputs.values(), np.ones(DRAWS)]))
    write(place / "C.csv", ["old", "new"], sample.costs)
    write(place / "E.csv", ["old", "new"], sample.effects)
    (place / "G.toml").write_text('[both]\nlabel = "Both"\ninputs = ["x", "nothing"]\n', encoding="utf-8")
    return place


def arguments(folder: Path) -> list[str | Path]:
    return ["voi", "--params", folder / "P.csv", "--costs", folder / "C.csv", "--effects", folder / "E.csv"]


@pytest.fixture(scope="module")
def out(folder: Path) -> Path:
    target = folder / "out"
    wtp: list[str | Path] = [
        "--wtp",
        "1",
        "--wtp",
        "2",
        "--groups",
        folder / "G.toml",
        "--currency",
        "EUR",
        "--effect",
        "QALY",
    ]
    done = hemodel(*arguments(folder), *wtp, "--out", target)
    assert done.exit_code == 0, done.output
    assert "Warning: P.csv: left out, as they have one value in all draws: fixed." in done.output
    assert "400 draws of 2 inputs, 2 strategies" in done.output
    return target


def document(place: Path, name: str = "voi.json") -> Any:
    return json.loads((place / name).read_text(encoding="utf-8"))


def test_the_folder(out: Path) -> None:
    assert sorted(path.name for path in out.iterdir()) == ["figures", "manifest.json", "tables", "voi.json"]
    tables = {"ceac.csv", "evpi.csv", "evppi.csv", "means.csv", "voi_curves.csv"}
    assert {path.name for path in (out / "tables").iterdir()} == tables
    figures = {"ce_plane", "ceac", "evppi", "evppi_2", "expected_loss", "voi_curves"}
    assert {path.stem for path in (out / "figures").glob("*.png")} == figures
    made = document(out, "manifest.json")
    assert made["thresholds"] == [1, 2]
    assert set(made["files"]) == {"params", "costs", "effects", "groups"}


def test_the_document_follows_its_schema(out: Path) -> None:
    follow_their_schemas(out, "voi")


def test_the_numbers(out: Path) -> None:
    """All the value is in x, so its EVPPI and that of both are the EVPI; nothing has what chance gives."""
    found = document(out)
    information = found["information"]
    first = {entry["id"]: entry["at"][information["thresholds"].index(1.0)] for entry in information["evppi"]}
    evpi = information["evpi"][information["thresholds"].index(1.0)]

    assert found["constant"] == ["fixed"]
    assert found["inputs"] == ["x", "nothing"]
    assert first["x"]["value"] == pytest.approx(evpi["value"], rel=1e-6)
    assert first["both"]["value"] == pytest.approx(evpi["value"], rel=1e-6)
    assert first["nothing"]["value"] < 3 * first["nothing"]["by_chance"] + 1e-9
    assert evpi["value"] == min(evpi["expected_loss"].values())


def test_json_alone(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    done = hemodel(*arguments(folder), "--wtp", "1", "--json")

    assert json.loads(done.output)["effect"] == "unit of effect"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wtp", "message"),
    [
        ([], "Error: --wtp is missing: name the willingness to pay for a unit of effect, for example --wtp 50000"),
        (["--wtp", "50k"], "Error: --wtp 50k: this is not a number; write it as 50000"),
        (["--wtp", "-1"], "Error: --wtp -1: a willingness to pay is a number of 0 or more"),
        (["--wtp", "inf"], "Error: --wtp inf: a willingness to pay is a number of 0 or more"),
    ],
)
def test_thresholds_that_cannot_be_used(folder: Path, wtp: list[str], message: str, tmp_path: Path) -> None:
    done = hemodel(*arguments(folder), *wtp, "--out", tmp_path / "out")

    assert done.exit_code == 2
    assert message in done.output
    assert not (tmp_path / "out").exists()


def test_bad_files_leave_nothing(folder: Path, tmp_path: Path) -> None:
    short = tmp_path / "C.csv"
    short.write_text("".join((folder / "C.csv").read_text(encoding="utf-8").splitlines(keepends=True)[:301]))
    given = [short if argument == folder / "C.csv" else argument for argument in arguments(folder)]
    done = hemodel(*given, "--wtp", "1", "--out", tmp_path / "out")

    assert done.exit_code == 1
    assert "the numbers of draws differ: P.csv 400, C.csv 300, E.csv 400" in " ".join(done.output.split())
    assert not (tmp_path / "out").exists()


def test_zero_willingness_to_pay(folder: Path, tmp_path: Path) -> None:
    done = hemodel(*arguments(folder), "--wtp", "0", "--out", tmp_path / "out")

    assert done.exit_code == 0, done.output
    assert document(tmp_path / "out")["information"]["curves"]["wtp"][0] == 0


def test_the_export_of_a_run_gives_the_value_of_information_of_the_run(tmp_path: Path) -> None:
    """EVPI and EVPPI to the last digits: the files hold every digit, and the curves are one input in both."""
    write_workbook(tmp_path / "small.xlsx", to_listing(small_rows()), CITATIONS, Cover("Small"))
    done = hemodel(
        *("run", tmp_path / "small.xlsx", "--only", "psa", "--draws", "300", "--export-psa", "--out", tmp_path / "run")
    )
    assert done.exit_code == 0, done.output
    psa = tmp_path / "run" / "psa"
    of_run = document(tmp_path / "run", "results.json")["information"]
    files: list[str | Path] = [
        "--params",
        psa / "params.csv",
        "--costs",
        psa / "costs.csv",
        "--effects",
        psa / "effects.csv",
    ]
    wtp = [part for t in of_run["thresholds"] for part in ("--wtp", repr(t))]
    again = hemodel("voi", *files, "--groups", psa / "groups.toml", *wtp, "--out", tmp_path / "voi")
    assert again.exit_code == 0, again.output
    found = document(tmp_path / "voi")["information"]

    assert found["evpi"] == of_run["evpi"]
    by_id = {entry["id"]: entry for entry in found["evppi"]}
    assert {entry["id"] for entry in of_run["evppi"]} == set(by_id)
    for entry in of_run["evppi"]:
        values = [at["value"] for at in by_id[entry["id"]]["at"]]
        assert values == pytest.approx([at["value"] for at in entry["at"]], rel=1e-6, abs=1e-6)
    again = hemodel("run", tmp_path / "small.xlsx", "--only", "psa", "--draws", "20", "--out", tmp_path / "run")
    assert again.exit_code == 0, again.output
    assert not psa.exists(), "draws of an earlier run are gone"
    assert document(tmp_path / "run", "results.json")["information"]["evppi"] == []


def test_draws_cannot_be_exported_without_them(tmp_path: Path) -> None:
    write_workbook(tmp_path / "small.xlsx", to_listing(small_rows()), CITATIONS, Cover("Small"))
    done = hemodel("run", tmp_path / "small.xlsx", "--only", "base", "--export-psa", "--out", tmp_path / "out")

    assert done.exit_code == 2
    assert "--export-psa needs the probabilistic analysis: leave out --only, or add --only psa" in done.output
    assert not (tmp_path / "out").exists()


STUDIES = """patients_per_year = 500
horizon = 8
discount_rate = 0.03

[studies.survey]
label = "A survey of x"
kind = "continuous"
informs = ["x"]
sd = 2
sizes = [10, 40, 160]
method = "regression"
fixed_cost = 10
cost_per_patient = 0.5
reports_after = 1
"""


def test_studies(folder: Path, tmp_path: Path) -> None:
    """x is standard normal, as the increment of effects but for its mean: see `voi_support.linear`."""
    file = tmp_path / "S.toml"
    file.write_text(STUDIES, encoding="utf-8")
    result = hemodel(*arguments(folder), "--wtp", "1", "--studies", file, "--seed", "3", "--out", tmp_path / "out")

    assert result.exit_code == 0, result.output
    assert "Study: A survey of x: at 1 per unit of effect the best size is" in " ".join(result.output.split())
    found = json.loads((tmp_path / "out" / "voi.json").read_text(encoding="utf-8"))
    follow_their_schemas(tmp_path / "out", "voi")
    (study,) = found["research"]["studies"]
    (at,) = study["at"]
    assert at["evsi"] == sorted(at["evsi"])
    assert at["evsi"][-1] < at["evppi"]
    assert found["files"]["studies"]["name"] == "S.toml"
    for name in (
        "tables/study_values.csv",
        "tables/study_designs.csv",
        "figures/study_sizes.png",
        "figures/study_wtp.svg",
    ):
        assert (tmp_path / "out" / name).is_file()


@pytest.mark.parametrize(
    ("further", "message"),
    [
        (
            ("--studies", "S.toml"),
            "--studies simulates data: give --seed, any whole number; the same gives the same results",
        ),
        (("--seed", "1"), "--seed is for the data that studies simulate: give --studies too, or leave it out"),
        (("--studies", "S.toml", "--seed", "-1"), "--seed -1: a seed is a whole number of 0 or more"),
    ],
)
def test_studies_and_seed_go_together(folder: Path, further: tuple[str, ...], message: str) -> None:
    result = hemodel(*arguments(folder), "--wtp", "1", *further)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_studies_that_are_wrong_write_nothing(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "S.toml"
    file.write_text(STUDIES.replace('"x"', '"y"'), encoding="utf-8")
    result = hemodel(*arguments(folder), "--wtp", "1", "--studies", file, "--seed", "3", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "[studies.survey]: there is no input 'y'." in " ".join(result.output.split())
    assert not (tmp_path / "out").exists()


def of_folder(psa: Path) -> list[str | Path]:
    named = (("--params", "params.csv"), ("--costs", "costs.csv"), ("--effects", "effects.csv"))
    return [part for option, name in named for part in (option, psa / name)]


def test_the_export_says_how_draws_were_spread_and_voi_reads_it(tmp_path: Path) -> None:
    write_workbook(tmp_path / "small.xlsx", to_listing(small_rows()), CITATIONS, Cover("Small"))
    sobol = ("--set", "settings.sampling=sobol", "--draws", "1024", "--seed", "5")
    run = ("run", tmp_path / "small.xlsx", "--only", "psa", *sobol, "--export-psa", "--out", tmp_path / "run")
    done = hemodel(*run)
    assert done.exit_code == 0, done.output
    psa = tmp_path / "run" / "psa"
    assert (psa / "design.toml").read_text(encoding="utf-8") == 'sampling = "sobol"\nseed = 5\ndraws = 1024\n'
    assert document(tmp_path / "run", "results.json")["information"]["evppi"] == []

    again = hemodel("voi", *of_folder(psa), "--wtp", "50000", "--out", tmp_path / "voi")
    assert again.exit_code == 0, again.output
    assert "are not estimated from Sobol points" in " ".join(again.output.split())
    found = document(tmp_path / "voi")
    assert (found["sampling"], found["information"]["evppi"]) == ("sobol", [])

    (psa / "design.toml").write_text('sampling = "halton"\n', encoding="utf-8")
    refused = hemodel("voi", *of_folder(psa), "--wtp", "50000", "--out", tmp_path / "no")
    assert refused.exit_code == 1
    assert "design.toml: sampling is 'halton'. Write sampling = with one of random, latin_hypercube, sobol" in (
        " ".join(refused.output.split())
    )
    (psa / "design.toml").unlink()
    plain = hemodel("voi", *of_folder(psa), "--wtp", "50000", "--out", tmp_path / "plain")
    assert plain.exit_code == 0
    assert document(tmp_path / "plain")["information"]["evppi"]


def test_without_evpi_at_the_first_threshold_one_sentence_is_printed(tmp_path: Path) -> None:
    """The new strategy is better in every draw at 1; no figure of the value of information is drawn."""
    sample = linear(200, 20.0, {"x": 1.0})
    write(tmp_path / "p.csv", ["x"], sample.inputs["x"][:, None])
    write(tmp_path / "c.csv", ["old", "new"], sample.costs)
    write(tmp_path / "e.csv", ["old", "new"], sample.effects)
    files = ("--params", tmp_path / "p.csv", "--costs", tmp_path / "c.csv", "--effects", tmp_path / "e.csv")
    done = hemodel("voi", *files, "--wtp", "1", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "new is the best strategy in each of 200 draws, so that no information changes the decision" in done.output
    assert {path.stem for path in (tmp_path / "out" / "figures").iterdir()} == {"ce_plane", "ceac"}
