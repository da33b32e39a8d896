"""The commands for loose files, as a user runs them, against flexsurv and against simulated patients."""

from __future__ import annotations

import csv
import json
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from schemas import follow_their_schemas
from typer.testing import CliRunner

from hemodel.analyses.patient_files import ALL_FAMILIES, round_times, split_families
from hemodel.cli import app
from hemodel.publish import output
from hemodel.survival import fit_patients, kaplan_meier, patient_data, read_patients

if TYPE_CHECKING:
    from typer.testing import Result

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "tests" / "reference" / "data"
LUNG = REFERENCE / "flexsurv_lung_data.csv"
PAGE = ROOT / "docs" / "survival_api.md"
FORMULA = {"spline_h_k1": "spline(hazard, 1 knot)", "spline_h_k2": "spline(hazard, 2 knots)"}
TIMES = (30, 90, 180, 365, 730, 1022, 1825)
HORIZONS = (180, 365, 730, 1022, 1825, 3650)
COLUMNS = ("--time", "time", "--event", "event")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def document(*arguments: object) -> Any:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def problems(*arguments: object) -> list[str]:
    done = run(*arguments)
    assert done.exit_code == 1
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return [line for line in done.stderr.splitlines() if line]


def rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / f"flexsurv_lung_polished_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def lung(horizon: int) -> dict[str, Any]:
    at = [text for t in TIMES for text in ("--at", str(t))]
    names = [FORMULA.get(row["model"], row["model"]) for row in rows("summary")]
    found = document("fit-ipd", LUNG, *COLUMNS, "--families", ",".join(names), "--horizon", horizon, *at)
    return {each["family"]: each for each in found["groups"][0]["families"]}


@pytest.mark.parametrize("row", rows("summary"), ids=lambda row: row["model"])
def test_criteria_are_those_of_flexsurv(row: dict[str, str]) -> None:
    """flexsurv 2.3.2, polished; the file has ten decimals. genf is weakly identified, hence 1e-9."""
    found = lung(1022)[FORMULA.get(row["model"], row["model"])]
    for name, column in (("log_likelihood", "loglik"), ("aic", "AIC"), ("bic", "BIC_n"), ("bic_events", "BIC_events")):
        assert found[name] == pytest.approx(float(row[column]), rel=1e-9)
    assert found["parameters"] == int(row["npars"])


@pytest.mark.parametrize("model", [row["model"] for row in rows("summary")])
def test_coefficients_and_covariance_are_those_of_flexsurv(model: str) -> None:
    """To 1e-6 standard errors, as in test_flexsurv_likelihood; genf to 1e-4, its covariance not compared."""
    found = lung(1022)[FORMULA.get(model, model)]
    mine = [row for row in rows("parameters") if row["model"] == model]
    se = np.array([float(row["se_estscale"]) for row in mine])
    away = (np.array(found["coefficients"]) - [float(row["est_estscale"]) for row in mine]) / se
    assert np.abs(away).max() < (1e-4 if model == "genf" else 1e-6)
    if model != "genf":
        listed = [float(row["cov"]) for row in rows("covariance_estscale") if row["model"] == model]
        expected = np.reshape(listed, (se.size, se.size)) / np.outer(se, se)
        np.testing.assert_allclose(found["covariance"] / np.outer(se, se), expected, atol=1e-6)
        np.testing.assert_allclose(found["se"], se, rtol=1e-6)


@pytest.mark.parametrize("model", [row["model"] for row in rows("summary")])
def test_survival_and_hazard_are_those_of_flexsurv(model: str) -> None:
    """Relative; coefficients 1e-6 standard errors away move S(1825), about 1e-4, by up to 3e-7; genf by up to 1e-5."""
    curve = lung(1022)[FORMULA.get(model, model)]["curves"]["all"]
    for kind in ("survival", "hazard"):
        listed = {
            int(r["time"]): float(r["value"]) for r in rows("predictions") if (r["model"], r["type"]) == (model, kind)
        }
        expected = [listed[t] for t in TIMES]
        np.testing.assert_allclose(curve[kind], expected, rtol=1e-5 if model == "genf" else 3e-7)


@pytest.mark.parametrize("horizon", HORIZONS)
def test_restricted_means_are_those_of_flexsurv(horizon: int) -> None:
    """Relative 1e-6: the accuracy of R's integrate, which flexsurv uses."""
    for row in rows("predictions"):
        if (row["type"], row["time"]) == ("rmst", str(horizon)):
            found = lung(horizon)[FORMULA.get(row["model"], row["model"])]["curves"]["all"]
            assert found["restricted_mean"] == pytest.approx(float(row["value"]), rel=1e-6), row["model"]


def test_the_ranking() -> None:
    found = document("fit-ipd", LUNG, *COLUMNS)
    families = found["groups"][0]["families"]
    fitted = [each for each in families if each["fitted"]]
    aic = np.array([each["aic"] for each in fitted])

    assert {each["family"] for each in families} == set(ALL_FAMILIES)
    assert [each["family"] for each in families[:2]] == ["weibull", "weibullPH"]
    assert [each["rank"] for each in families] == list(range(1, len(ALL_FAMILIES) + 1))
    assert (np.diff(aic) > -1e-9).all()
    counted = [each for each in fitted if each["family"] != "weibullPH"]
    shares = np.exp(-0.5 * np.array([each["aic"] for each in counted]) + 0.5 * aic.min())
    np.testing.assert_allclose([each["weight"] for each in counted], shares / shares.sum(), rtol=1e-12)
    assert next(each for each in fitted if each["family"] == "weibullPH")["weight"] is None
    assert found["horizon"] == 1022
    assert found["times"] == [200, 400, 600, 800, 1000]


def test_the_observed_curve_and_the_comparison() -> None:
    """R: survfit, survdiff, coxph and cox.zph of survival::lung by sex.

    Deaths 112 and 53; medians 270 and 426; hazard ratio 0.588 (0.424 to 0.816); log-rank 10.3, P = 0.0013;
    cox.zph 2.86, P = 0.091.
    """
    found = document("fit-ipd", LUNG, *COLUMNS, "--strategy", "sex", "--families", "exp")
    men, women = found["strategies"]["1"], found["strategies"]["2"]
    assert (men["patients"], men["events"], women["patients"], women["events"]) == (138, 112, 90, 53)
    assert (men["median"]["value"], women["median"]["value"]) == (270, 426)
    (pair,) = found["comparisons"]
    assert [round(pair["hazard_ratio"][name], 3) for name in ("value", "low", "high")] == [0.588, 0.424, 0.816]
    assert round(pair["log_rank"]["statistic"], 1) == 10.3
    assert round(pair["log_rank"]["p_value"], 4) == 0.0013
    assert round(pair["proportional_hazards"]["statistic"], 2) == 2.86
    assert round(pair["proportional_hazards"]["p_value"], 3) == 0.091
    assert (pair["reference"], pair["strategy"]) == ("1", "2")


def test_strategies_apart_and_together() -> None:
    """Exponential: log(events / time) by strategy, and apart or by a hazard ratio it is the same fit."""
    table = pd.read_csv(LUNG).groupby("sex")[["event", "time"]].sum()
    rates = np.log((table["event"] / table["time"]).to_numpy())
    arguments = ("fit-ipd", LUNG, *COLUMNS, "--strategy", "sex", "--families", "exp", "--families", "llogis")
    apart = document(*arguments)
    tied = document(*arguments, "--relation", "proportional_hazards", "--reference", "1")

    assert [group["strategies"] for group in apart["groups"]] == [["1"], ["2"]]
    alone = [{each["family"]: each for each in group["families"]} for group in apart["groups"]]
    np.testing.assert_allclose([each["exp"]["coefficients"][0] for each in alone], rates, rtol=1e-9)
    joint = {each["family"]: each for each in tied["groups"][0]["families"]}
    np.testing.assert_allclose(joint["exp"]["coefficients"], [rates[0], rates[1] - rates[0]], rtol=1e-8)
    assert tied["groups"][0]["strategies"] == ["1", "2"]
    assert joint["exp"]["aic"] == pytest.approx(sum(each["exp"]["aic"] for each in alone), rel=1e-11)
    assert [each["family"] for each in apart["together"]] == sorted(
        alone[0], key=lambda f: alone[0][f]["aic"] + alone[1][f]["aic"]
    )
    assert tied["together"] == []


def test_entry_and_weight(tmp_path: Path) -> None:
    """Exponential: weighted events over weighted time under observation."""
    path = tmp_path / "late.csv"
    path.write_text("t,d,from,n\n3,1,1,2\n5,0,0,1\n8,1,2,0.5\n9,1,0,1\n2,1,0,1\n")
    found = document(
        "fit-ipd", path, "--time", "t", "--event", "d", "--entry", "from", "--weight", "n", "--families", "exp"
    )
    rate = np.log((2 + 0.5 + 1 + 1) / (2 * 2 + 5 + 0.5 * 6 + 9 + 2))
    assert found["groups"][0]["families"][0]["coefficients"][0] == pytest.approx(rate, rel=1e-9)


def test_what_is_printed() -> None:
    """The exponential by hand: 112 events among men, log-likelihood d log(d / time) - d."""
    time = pd.read_csv(LUNG).query("sex == 1")["time"].sum()
    likelihood = 112 * np.log(112 / time) - 112
    done = run("fit-ipd", LUNG, *COLUMNS, "--strategy", "sex", "--families", "weibull, exp")
    assert done.exit_code == 0, done.stderr
    assert re.search(rf"\n exp +−{-likelihood:.2f} +{2 - 2 * likelihood:,.2f} ", done.stdout)
    assert "Families for 1, the lowest AIC first:" in done.stdout
    assert "The same family for every strategy:" in done.stdout
    assert "2 against 1:\n  Hazard ratio (Cox model): 0.588 (0.4237 to 0.816)" in done.stdout
    assert "P = 0.00131" in done.stdout
    tied = run("fit-ipd", LUNG, *COLUMNS, "--strategy", "sex", "--relation", "proportional_hazards", "--reference", "1")
    assert "Families for 1 and 2, the lowest AIC first:" in tied.stdout
    assert " 1: median " in tied.stdout
    assert "1. 1: the mean time of this curve is infinite, so results depend on the horizon." in tied.stdout


def few(path: Path) -> Path:
    path.write_text("time,event\n1,1\n2,1\n3,0\n4,1\n5,0\n")
    return path


def test_a_family_that_cannot_be_fitted_is_listed(tmp_path: Path) -> None:
    path = few(tmp_path / "few.csv")
    found = document("fit-ipd", path, *COLUMNS, "--families", "genf,exp")
    exponential, genf = found["groups"][0]["families"]
    assert exponential["fitted"]
    assert genf == {
        "rank": 2,
        "family": "genf",
        "fitted": False,
        "reason": "all: genf has 4 coefficients to estimate and there are 3 events; at least 5 are needed. "
        "Choose a family with fewer parameters.",
    }
    done = run("fit-ipd", path, *COLUMNS, "--families", "genf,exp")
    assert done.exit_code == 0
    assert "Not fitted: genf: all: genf has 4 coefficients" in done.stdout


def test_no_family_can_be_fitted(tmp_path: Path) -> None:
    found = problems(
        "fit-ipd", few(tmp_path / "few.csv"), *COLUMNS, "--families", "genf,gengamma", "--out", tmp_path / "o"
    )
    assert found[0] == "Error: 2 problems found."
    assert "few.csv: genf: all: genf has 4 coefficients" in found[1]
    assert "few.csv: gengamma: all: gengamma has 3 coefficients" in found[2]
    assert not (tmp_path / "o").exists()


def test_files_hold_what_json_says(tmp_path: Path) -> None:
    out = tmp_path / "out"
    printed = document("fit-ipd", LUNG, *COLUMNS, "--families", "weibull,km(200, exp)", "--out", out)

    follow_their_schemas(out, "fit")
    assert json.loads((out / "fit.json").read_text(encoding="utf-8")) == printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    weibull = printed["groups"][0]["families"][0]
    ranking = pd.read_csv(out / "tables" / "ranking.csv")
    assert list(ranking["family"]) == ["weibull", "km(200, exp)"]
    assert ranking["aic"][0] == pytest.approx(weibull["aic"], rel=1e-15)
    coefficients = pd.read_csv(out / "tables" / "coefficients.csv").query("family == 'weibull'")
    np.testing.assert_allclose(coefficients[["value", "se"]].T, [weibull["coefficients"], weibull["se"]], rtol=1e-15)
    covariance = pd.read_csv(out / "tables" / "covariance.csv").query("family == 'weibull'")["covariance"]
    np.testing.assert_allclose(covariance, np.ravel(weibull["covariance"]), rtol=1e-15)
    survival = pd.read_csv(out / "tables" / "survival.csv").query("family == 'weibull'")["survival"]
    np.testing.assert_allclose(survival, weibull["curves"]["all"]["survival"], rtol=1e-15)
    assert pd.read_csv(out / "tables" / "curves.csv")["horizon"].eq(1022).all()
    steps = pd.read_csv(out / "tables" / "kaplan_meier.csv")
    np.testing.assert_allclose(
        steps["survival"], kaplan_meier(read_patients(LUNG, time="time", event="event")["all"]).survival
    )
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["file"]["name"] == LUNG.name


def test_a_failure_while_writing_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    arguments = ("fit-ipd", LUNG, *COLUMNS, "--families", "exp", "--out", out)
    assert run(*arguments).exit_code == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output, "fit_tables", full)
    done = run(*arguments)
    assert done.exit_code == 1
    assert "No space left on device" in done.stderr
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_outputs_of_another_kind_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "results.json").write_text("{}")
    (out / "manifest.json").write_text('{"hemodel": "0"}')
    assert (
        "holds other outputs (results.json)"
        in problems("fit-ipd", LUNG, *COLUMNS, "--families", "exp", "--out", out)[0]
    )
    assert sorted(each.name for each in out.iterdir()) == ["manifest.json", "results.json"]


def test_every_problem_of_a_request_and_its_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("months,event\n1,1\n-2,1\nx,3\n")
    arguments = ("fit-ipd", path, "--time", "months", "--event", "event")
    options = ("--families", "weibul,exp", "--horizon", "-1", "--at", "0", "--out", tmp_path / "o")
    found = [line.replace(f"{tmp_path}/", "") for line in problems(*arguments, *options)]
    assert [line.partition(". ")[0] for line in found] == [
        "Error: 6 problems found.",
        "--families: 'weibul' is not a family of survival curves",
        "--horizon: -1 is no time above 0.",
        "--at: 0 is no time above 0.",
        "bad.csv, row 4, column months: 'x' is not a number",
        "bad.csv, row 3, column months: the time is -2",
        "bad.csv, row 4, column event: the event is 3",
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["bad.csv"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--relation", "proportional_odds"),
            "--relation: proportional_odds relates strategies and there is one. Name the column of strategies with",
        ),
        (
            ("--strategy", "sex", "--relation", "proportional_odds"),
            "--reference: proportional_odds needs the strategy that the effect acts on. The strategies are: 1, 2.",
        ),
        (
            ("--strategy", "sex", "--reference", "men"),
            "--reference: there are no patients of strategy 'men'. The strategies are: 1, 2.",
        ),
        (("--families", " , "), "--families: no family is named. Name some, or all."),
        (("--strategy", "arm"), "row 1: there is no column 'arm'."),
    ],
)
def test_refused_options(options: tuple[str, ...], message: str) -> None:
    found = problems("fit-ipd", LUNG, *COLUMNS, *options)
    assert found[0] == "Error: 1 problem found."
    assert message in found[1]


def test_an_unknown_relation_is_bad_usage() -> None:
    assert run("fit-ipd", LUNG, *COLUMNS, "--relation", "hazards").exit_code == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "there is no such file. Check the path." in problems("fit-ipd", tmp_path / "no.csv", *COLUMNS)[1]


def test_families_are_split_outside_brackets() -> None:
    assert split_families(("exp, spline(hazard, 2 knots)", "join(exp, 6, weibull),exp")) == (
        "exp",
        "spline(hazard, 2 knots)",
        "join(exp, 6, weibull)",
    )
    assert split_families(("all",)) == ALL_FAMILIES


@pytest.mark.parametrize(
    ("horizon", "expected"),
    [
        (1022.0, (200, 400, 600, 800, 1000)),
        (24.0, (5, 10, 15, 20)),
        (8.0, range(1, 9)),
        (0.5, (0.1, 0.2, 0.3, 0.4, 0.5)),
    ],
)
def test_round_times(horizon: float, expected: tuple[float, ...]) -> None:
    np.testing.assert_allclose(round_times(horizon), list(expected), rtol=1e-12)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder with the Kaplan-Meier curve of the lung data read to three digits, and its numbers at risk."""
    curve = kaplan_meier(read_patients(LUNG, time="time", event="event")["all"])
    steps = curve.events > 0
    points = [f"{t:g},{s:.3f}" for t, s in zip(curve.times[steps], curve.survival[steps], strict=True)]
    (tmp_path / "km.csv").write_text("\n".join(["time,survival", "0,1", *points, f"1022,{curve.survival[-1]:.3f}", ""]))
    at = np.arange(0.0, 1001.0, 100.0)
    numbers = [f"{t:g},{n:g}" for t, n in zip(at, curve.numbers_at_risk(at), strict=True)]
    (tmp_path / "risk.csv").write_text("\n".join(["time,at_risk", *numbers, ""]))
    return tmp_path


def test_patients_rebuilt_from_the_lung_curve(published: Path) -> None:
    """228 patients and 165 deaths, median 310; a Weibull fit to them has the median of the true fit within 2%."""
    out = published / "ipd.csv"
    found = document(
        "reconstruct", published / "km.csv", "--at-risk", published / "risk.csv", "--events", 165, "--out", out
    )
    table = pd.read_csv(out)

    assert found["agrees"]
    assert found["disagreements"] == []
    assert (found["patients"], found["events"]) == (228, {"rebuilt": 165, "reported": 165})
    assert (found["median"]["rebuilt"], found["median"]["read"]) == (310, 310)
    assert found["largest_gap"]["value"] < 0.01
    assert [each["rebuilt"] for each in found["at_risk"]] == [each["printed"] for each in found["at_risk"]]
    assert sum(each["events"] for each in found["intervals"]) == 165
    assert list(table.columns) == ["time", "event"]
    assert table["time"].tolist() == found["data"]["time"]
    assert table["event"].tolist() == found["data"]["event"]
    fits = [fit_patients(patient_data(each["time"], each["event"]), "weibull") for each in (table, pd.read_csv(LUNG))]
    rebuilt, true = (float(each.curve().quantile(0.5)) for each in fits)
    assert rebuilt == pytest.approx(true, rel=0.02)


def test_what_reconstruct_prints(published: Path) -> None:
    arguments = ("reconstruct", published / "km.csv", "--at-risk", published / "risk.csv", "--events", 165)
    done = run(*arguments)
    assert done.exit_code == 0
    assert done.stdout.startswith("km.csv with risk.csv: 228 patients rebuilt.\n")
    assert re.search(r"\n Events +165 +165\n", done.stdout)
    assert re.search(r"\n Median +310 +310\n", done.stdout)
    assert re.search(r"\n 1,000 +1,022 +2 ", done.stdout)
    assert sorted(each.name for each in published.iterdir()) == ["km.csv", "risk.csv"]


def test_rebuilt_patients_that_disagree_are_not_written(tmp_path: Path) -> None:
    """Half the patients die by time 5, and the table says 95 of 100 are at risk at 6."""
    (tmp_path / "km.csv").write_text("time,survival\n0,1\n5,0.5\n10,0.4\n")
    (tmp_path / "risk.csv").write_text("time,at_risk\n0,100\n6,95\n")
    out = tmp_path / "ipd.csv"
    done = run("reconstruct", tmp_path / "km.csv", "--at-risk", tmp_path / "risk.csv", "--out", out)
    lines = [line for line in done.stderr.splitlines() if line]

    assert done.exit_code == 1
    assert "100 patients rebuilt" in done.stdout
    assert "Written" not in done.stdout
    assert re.match(r"Error: \d problems found\.", lines[0])
    assert "km.csv: At time 5 the rebuilt survival is 0.950 and the curve's 0.500, 0.450 apart" in lines[1]
    assert len(lines) == int(lines[0].split()[1]) + 1
    assert not out.exists()


def test_bad_files_of_a_reconstruction(tmp_path: Path) -> None:
    (tmp_path / "km.csv").write_text("time,survival\n0,1\n5,50\n")
    (tmp_path / "risk.csv").write_text("time,at_risk\n0,100\n6,110\n")
    arguments = ("reconstruct", tmp_path / "km.csv", "--at-risk", tmp_path / "risk.csv", "--out", tmp_path / "ipd.csv")
    found = [line.replace(f"{tmp_path}/", "") for line in problems(*arguments)]
    assert [line.partition(":")[0] for line in found] == [
        "Error",
        "km.csv, row 3, column survival",
        "risk.csv, row 3, column at_risk",
    ]
    (tmp_path / "km.csv").write_text("time,survival\n0,1\n5,0.5\n10,0.1\n")
    (tmp_path / "risk.csv").write_text("time,at_risk\n0,100\n")
    assert "30 events were reported" in problems(*arguments, "--events", 30)[1]
    assert not (tmp_path / "ipd.csv").exists()


def test_places_that_are_refused(published: Path) -> None:
    arguments = ("reconstruct", published / "km.csv", "--at-risk", published / "risk.csv", "--out")
    before = (published / "km.csv").read_bytes()
    assert "hemodel did not write it" in problems(*arguments, published / "km.csv")[0]
    assert "does not exist. Create it" in problems(*arguments, published / "no" / "ipd.csv")[0]
    assert "this is a folder, not a file" in problems(*arguments, published)[0]
    assert (published / "km.csv").read_bytes() == before
    for _ in range(2):
        assert run(*arguments, published / "ipd.csv").exit_code == 0


def test_a_failure_while_writing_patients(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stubborn(*_: object) -> None:
        raise PermissionError(13, "The file is open elsewhere")

    monkeypatch.setattr(Path, "replace", stubborn)
    arguments = (
        "reconstruct",
        published / "km.csv",
        "--at-risk",
        published / "risk.csv",
        "--out",
        published / "ipd.csv",
    )
    assert "the file could not be written (The file is open elsewhere). Nothing was changed." in problems(*arguments)[0]
    assert sorted(each.name for each in published.iterdir()) == ["km.csv", "risk.csv"]


def test_in_a_process_of_its_own() -> None:
    """Only JSON on standard output, and nothing on standard error."""
    command = [sys.executable, "-m", "hemodel", "fit-ipd", str(LUNG), *COLUMNS, "--families", "exp", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr == ""
    assert json.loads(done.stdout)["groups"][0]["families"][0]["family"] == "exp"


def test_python_examples_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example runs, and every number beside one is right to the digits shown."""
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    shown = 0
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, PAGE.name, "exec"), names)  # noqa: S102
        for expression, value in re.findall(r"^(\S.*?)  # ([-\d.]+)$", block, re.MULTILINE):
            digits = len(value.partition(".")[2])
            found = float(eval(expression, names))  # noqa: S307
            assert f"{found:.{digits}f}" == value, expression
            shown += 1
    assert shown > 15


def test_commands_of_the_page(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With files of the names that the page uses."""
    frame = pd.read_csv(LUNG)
    frame["arm"] = np.where(frame["sex"] == 1, "control", "new")
    frame.rename(columns={"time": "months", "event": "died"}).to_csv(published / "patients.csv", index=False)
    (published / "km.csv").write_text("time,survival\n0,1\n2,0.9\n4,0.8\n6,0.7\n8,0.6\n10,0.5\n12,0.4\n")
    (published / "risk.csv").write_text("time,at_risk\n0,100\n6,77\n12,36\n")
    monkeypatch.chdir(published)
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    commands = [shlex.split(line)[1:] for line in lines if re.match(r"hemodel (fit-ipd|reconstruct) [a-z]+\.csv", line)]

    assert len(commands) == 5
    for command in commands:
        done = run(*command)
        assert done.exit_code == 0, done.stderr
    assert (published / "fits" / "fit.json").exists()


@pytest.mark.parametrize("command", ["fit-ipd", "reconstruct"])
def test_the_page_names_every_option(command: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for option in set(re.findall(r"--[a-z-]+", run(command, "--help").output)) - {"--help"}:
        assert option in page, option


def weighted_file(folder: Path) -> tuple[Path, np.ndarray]:
    """300 exponential times with weights of which a few say most."""
    rng = np.random.default_rng(6)
    time, censored = rng.exponential(12.0, 300), rng.uniform(5.0, 40.0, 300)
    made = np.column_stack([np.minimum(time, censored), time <= censored, rng.lognormal(0.0, 1.4, 300)])
    path = folder / "weighted.csv"
    pd.DataFrame(made, columns=["months", "died", "w"]).astype({"died": int}).to_csv(path, index=False)
    return path, made


def test_weights_give_robust_errors_and_an_effective_sample_size(tmp_path: Path) -> None:
    """Standard error in closed form: the slope of a patient is w (event - rate x time), the information sum w event."""
    path, made = weighted_file(tmp_path)
    time, event, w = made.T
    size = w.sum() ** 2 / (w**2).sum()
    rate = (w * event).sum() / (w * time).sum()
    robust = np.sqrt((w**2 * (event - rate * time) ** 2).sum()) / (w * event).sum()
    columns = ("--time", "months", "--event", "died", "--weight", "w", "--families", "exp")
    found = document("fit-ipd", path, *columns)
    family = found["groups"][0]["families"][0]

    assert size < 110
    assert found["strategies"]["all"]["effective_size"] == pytest.approx(size, rel=1e-12)
    assert family["robust"] is True
    assert family["se"][0] == pytest.approx(robust, rel=1e-6)
    assert family["se"][0] > 1.5 / np.sqrt(event.sum())
    done = run("fit-ipd", path, *columns, "--out", tmp_path / "out")
    assert "Effective size" in done.stdout
    assert f"all: 300 patients with weights count as {size:.1f} (effective sample size); standard errors" in done.stdout
    table = (tmp_path / "out" / "tables" / "effective_sizes.csv").read_text(encoding="utf-8").splitlines()
    assert table[0] == "strategy,sum_of_weights,weighted_events,effective_size"
    assert float(table[1].split(",")[3]) == pytest.approx(size, rel=1e-12)


def test_without_weights_or_with_equal_ones_nothing_says_so(tmp_path: Path) -> None:
    path, _ = weighted_file(tmp_path)
    frame = pd.read_csv(path).assign(w=0.4)
    frame.to_csv(tmp_path / "equal.csv", index=False)
    columns = ("--time", "months", "--event", "died", "--families", "exp, weibull")
    plain = document("fit-ipd", tmp_path / "equal.csv", *columns)
    equal = document("fit-ipd", tmp_path / "equal.csv", *columns, "--weight", "w")

    assert equal == plain
    assert plain["strategies"]["all"]["effective_size"] is None
    assert "Effective size" not in run("fit-ipd", path, *columns).stdout


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ("0", "row 3, column w: the weight is 0. A weight is a number above 0. Correct it, or leave the row out."),
        ("-1", "row 3, column w: the weight is -1. A weight is a number above 0. Correct it, or leave the row out."),
        ("", "row 3, column w: an empty cell is not a number. Give a number in every row."),
        ("heavy", "row 3, column w: 'heavy' is not a number. Give a number in every row."),
        ("inf", "row 3, column w: the weight is inf. A weight is a number above 0. Correct it, or leave the row out."),
    ],
)
def test_weights_that_are_none(tmp_path: Path, weights: str, words: str) -> None:
    path = tmp_path / "patients.csv"
    path.write_text(f"months,died,w\n3,1,2\n4,1,{weights}\n5,0,1\n6,1,3\n", encoding="utf-8")
    found = problems("fit-ipd", path, "--time", "months", "--event", "died", "--weight", "w")

    assert found[-1] == f"{path}, {words}"


def test_weights_that_are_all_zero_are_one_problem(tmp_path: Path) -> None:
    path = tmp_path / "patients.csv"
    path.write_text("months,died,w\n3,1,0\n4,1,0\n", encoding="utf-8")
    found = problems("fit-ipd", path, "--time", "months", "--event", "died", "--weight", "w")

    assert found[-1] == (
        f"{path}: every weight is 0. Patients without weight say nothing. Give the weights, or leave the column out."
    )
