"""The live model is itself an input workbook: what is read from it, and what is found with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from live.chosen import edits
from live.models import SHIPPED
from typer.testing import CliRunner

from hemodel.cli import app
from hemodel.inputs.cells import read_cells
from hemodel.inputs.listing import to_listing

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from live.batch import Cases


def base_case(workbook: Path, out: Path) -> Any:
    done = CliRunner().invoke(app, ["run", str(workbook), "--only", "base", "--out", str(out)])
    assert done.exit_code == 0, done.output
    return json.loads((out / "results.json").read_text(encoding="utf-8"))["base_case"]


def test_a_run_of_the_live_model_gives_the_same_results(live: Cases, tmp_path: Path) -> None:
    """Those of the workbook that it was made from, to the last bit."""
    found = base_case(live["base"].path, tmp_path / "out")
    for (outcome, component, strategy), (undiscounted, discounted) in live["base"].engine.items():
        assert found[strategy][outcome]["undiscounted"][component] == undiscounted
        assert found[strategy][outcome]["discounted"][component] == discounted


def test_the_inputs_are_those_of_the_workbook(live: Cases) -> None:
    original, own = read_cells(SHIPPED), read_cells(live["base"].path)
    assert own.problems == []
    assert to_listing(own) == to_listing(original)
    assert own.sources == original.sources


@pytest.mark.parametrize("name", ["edit_amounts", "edit_choices", "edit_several"])
def test_an_edit_in_the_live_model_is_read(live: Cases, name: str) -> None:
    before = to_listing(read_cells(live["coarse"].path))
    after = to_listing(read_cells(live[name].path))
    typed = next(edit.values for edit in edits({False}) if edit.name == name)
    changed = {b["id"]: b["value"] for a, b in zip(before, after, strict=True) if a["value"] != b["value"]}
    assert changed == {place: value for place, value in typed.items() if "@" not in place}
