from __future__ import annotations

from pathlib import Path

import pytest

from hemodel.analyses.options import Options
from hemodel.analyses.run import Run, run
from hemodel.inputs.changes import Change
from hemodel.inputs.dictionary import match
from hemodel.views.inputs import assumptions, dictionary, inputs, settings

WORKBOOK = Path(__file__).parents[3] / "inputs" / "imforte_us.xlsx"
CHANGED = "settings.cycle_length"


@pytest.fixture(scope="module")
def made() -> Run:
    return run(WORKBOOK, Options(parts=("base", "psa"), draws=20, seed=7, changes=(Change(CHANGED, 21.0, "--set"),)))


def rows_of(table: str, made: Run) -> dict[str, dict[str, object]]:
    found = {"inputs": inputs, "assumptions": assumptions, "settings": settings}[table](made)
    headers = [column.name for column in found.columns]
    return {str(row[headers.index("Id")]): dict(zip(headers, row, strict=True)) for row in found.rows}


def test_a_changed_value_does_not_keep_the_source_of_the_old_one(made: Run) -> None:
    row = rows_of("inputs", made)[CHANGED]
    assert row["Value"] == 21.0
    assert str(row["Source"]).startswith(f"changed for this run: --set ({CHANGED}); the workbook's own value is from ")
    assert row["Cell"] == f"--set ({CHANGED})"
    assert CHANGED not in rows_of("assumptions", made)


def test_an_input_names_its_cell_and_its_distribution(made: Run) -> None:
    row = rows_of("inputs", made)["utility.progressed"]
    assert row["Cell"] == "Utilities!C6"
    assert str(row["Distribution"]).startswith("beta (")


def test_a_utility_has_its_value_set_beside_the_unit(made: Run) -> None:
    found = rows_of("inputs", made)
    assert found["utility.progressed"]["Unit"] == "utility (value set not known)"
    assert found["utility.life_year_gained"]["Unit"] == "utility"
    assert found["utility.progressed.value_set"]["Value"] == "unknown"


def test_every_assumption_says_why(made: Run) -> None:
    found = rows_of("assumptions", made)
    assert found
    assert all(row["Why this value"] or row["Why this range"] for row in found.values())
    texts = [str(row[name]) for row in found.values() for name in ("Why this value", "Why this range") if row[name]]
    assert not any(text.lower().startswith("assumption") for text in texts)


def test_draws_and_seed_of_the_run_stand_beside_those_of_the_workbook(made: Run) -> None:
    found = rows_of("settings", made)
    assert (found["--draws"]["Value"], found["--seed"]["Value"]) == (20, 7)
    assert found["settings.seed"]["Value"] != 7


def test_the_dictionary_explains_each_kind_of_input_of_the_workbook_once(made: Run) -> None:
    table = dictionary(made)
    found = {str(row[-1]): dict(zip((column.name for column in table.columns), row, strict=True)) for row in table.rows}
    used = {hit[0].pattern for id_ in rows_of("inputs", made) if (hit := match(id_)) is not None}
    assert set(found) == used
    assert len(table.rows) == len(used)
    assert found["utility.progressed"] == {
        "Subject": "Utilities",
        "Input": "Progressed",
        "Definition": "Utility while progressed.",
        "Unit": "utility",
        "Allowed": "-1.1 to 1",
        "Distributions": "beta, normal, uniform, fixed",
        "Guideline": "CHEERS 2022 items 12 and 13; NICE PMG36: EQ-5D with the public's values; TECH-VER 2019: beta",
        "Id": "utility.progressed",
    }
