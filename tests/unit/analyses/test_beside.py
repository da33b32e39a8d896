"""The base case beside named scenarios and published analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from commands import small_workbook
from support import Rows, small_model
from typer.testing import CliRunner

from hemodel.analyses.base_case import increments
from hemodel.analyses.beside import beside
from hemodel.analyses.scenarios import run_scenarios
from hemodel.cli import app
from hemodel.inputs.changes import Change
from hemodel.inputs.scenarios import Scenario
from hemodel.model.evaluate import base_draws, evaluate

if TYPE_CHECKING:
    from pathlib import Path

PUBLISHED: Rows = {
    "settings.beside": {"value": "worse; better"},
    "published.somebody_2020.name": {"value": "Somebody 2020", "source": "a journal"},
    "published.somebody_2020.active.qalys": {"value": 0.21},
    "published.somebody_2020.active.icer": {"value": 120000},
    "published.other_2021.name": {"value": "Other 2021"},
}


FOLDER = ("--set", "settings.scenarios=scenarios")
WORSE = """group = "utilities"
purpose = "p"
question = "q"
why = "w"
source = "s"

[[change]]
id = "utility.progressed"
from = 0.6
to = 0.3
"""


def scenario(name: str, value: float) -> Scenario:
    change = Change("utility.progressed", value, f"scenario {name}")
    return Scenario(name, f"{name}?", "why", "source", (change,), "", "utilities", "p")


def test_each_analysis_has_its_own_numbers() -> None:
    """QALYs of a scenario are those of a model with its value; a study that gives nothing on a strategy is left out."""
    model = small_model(rows=PUBLISHED)
    ran = run_scenarios(model, (), [scenario("better", 0.65), scenario("worse", 0.3), scenario("unnamed", 0.5)])

    found = beside(model, evaluate(model, base_draws(model)), ran)

    def qalys(value: float) -> float:
        other = small_model({"utility.progressed": value})
        return increments(evaluate(other, base_draws(other)))[0].qalys

    assert [(entry.kind, entry.name, entry.label) for entry in found] == [
        ("base case", "base_case", "Base case"),
        ("scenario", "worse", "worse?"),
        ("scenario", "better", "better?"),
        ("published", "somebody_2020", "Somebody 2020"),
    ]
    # the same sums in draws of one evaluation and in models of their own
    assert [entry.qalys for entry in found] == pytest.approx([qalys(0.6), qalys(0.3), qalys(0.65), 0.21], rel=1e-12)
    assert (found[3].costs, found[3].life_years, found[3].icer, found[3].source) == (None, None, 120000, "a journal")


def test_nothing_to_stand_beside() -> None:
    model = small_model()
    assert beside(model, evaluate(model, base_draws(model)), None) == []
    named = small_model(rows={"settings.beside": {"value": "worse"}})
    assert beside(named, evaluate(named, base_draws(named)), None) == []


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_name_that_is_no_scenario(command: str, tmp_path: Path) -> None:
    """Check refuses it; a run goes on without it and says so."""
    workbook = small_workbook(tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "worse.toml").write_text(WORSE)
    given = ["--only", "scenarios", "--out", str(tmp_path / "out")] if command == "run" else []

    done = CliRunner().invoke(app, [command, str(workbook), "--set", "settings.beside=wors", *FOLDER, *given])

    assert done.exit_code == (1 if command == "check" else 0)
    assert "settings.beside names wors, and there is no such scenario" in done.output + done.stderr
    assert ("Did you mean worse?" in done.stderr) == (command == "check")
    assert "Traceback" not in done.output


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_workbook_sent_without_its_scenarios(command: str, tmp_path: Path) -> None:
    workbook = small_workbook(tmp_path)
    given = ["--only", "scenarios", "--out", str(tmp_path / "out")] if command == "run" else []

    done = CliRunner().invoke(app, [command, str(workbook), "--set", "settings.beside=worse", *FOLDER, *given])

    assert done.exit_code == 0, done.stderr
