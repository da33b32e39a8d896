"""The page on evidence, families and effects: its fragments load, and its formulas are families."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import small_model

from hemodel.inputs.dictionary import columns, match
from hemodel.survival.families.registry import FAMILIES, family
from hemodel.survival.published import PARAMETERISATIONS, programs

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "survival.md").read_text(encoding="utf-8")
FRAGMENTS = dict(re.findall(r"<!-- fragment: (.*?) -->\n((?:\|.*\n)+)", PAGE))
FILES = dict(re.findall(r"```csv (\S+)\n(.*?)```", PAGE, re.DOTALL))
LIFE_TABLES = ROOT / "inputs" / "life_tables"


def cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]


def scalar(text: str) -> Scalar:
    try:
        return float(text)
    except ValueError:
        return text or None


def rows(fragment: str) -> dict[str, dict[str, Scalar]]:
    names = {column.header: name for name, column in columns().items()}
    header, _, *body = fragment.splitlines()
    wanted = [names[text] for text in cells(header)]
    found = {}
    for line in body:
        given = {name: scalar(text) for name, text in zip(wanted, cells(line), strict=True)}
        id_ = str(given.pop("id"))
        known = match(id_)
        assert known is not None, id_
        if "fit" in known[0].distributions and known[0].group in {"survival", "external"}:
            given.setdefault("distribution", "fit")
        found[id_] = given
    return found


@pytest.mark.parametrize("name", FRAGMENTS)
def test_fragment_is_a_model(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file, text in FILES.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    shutil.copytree(LIFE_TABLES, tmp_path / "inputs" / "life_tables")
    monkeypatch.chdir(tmp_path)
    given = rows(FRAGMENTS[name])

    model = small_model(rows=given)

    kinds = {s: source.kind for s, source in model.fits["os"].sources.items()}
    for id_, row in given.items():
        if id_.endswith(".source"):
            assert kinds[id_.split(".")[2]] == row["value"]


def test_every_source_and_everything_that_acts_has_a_fragment() -> None:
    named = [(id_, row) for fragment in FRAGMENTS.values() for id_, row in rows(fragment).items()]

    assert {str(row["value"]) for id_, row in named if id_.endswith(".source")} == {
        "reported",
        "digitised",
        "patients",
        "coefficients",
    }
    assert {"effect", "waning", "background", "external"} <= {id_.split(".")[0] for id_, _ in named}


def test_published_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S = exp(-(t / exp(intercept))^exp(-log scale)) at 365.25 days, by hand."""
    monkeypatch.chdir(tmp_path)
    fit = small_model(rows=rows(FRAGMENTS["coefficients"])).fits["os"]
    expected = np.exp(-((365.25 / np.exp(6.0349)) ** np.exp(0.2752)))

    assert fit.curves.survival("standard", np.array([12.0]), fit.coefficients[None, :])[0, 0] == pytest.approx(
        expected, abs=1e-12
    )
    assert f"This curve has {100 * expected:.1f}% alive at 12 months." in PAGE


def test_families_and_formulas() -> None:
    section = PAGE.split("## Families")[1].split("## Relations")[0]
    first = [cells(line)[0] for line in section.splitlines() if line.startswith("| `")]

    assert first[: len(FAMILIES)] == list(FAMILIES)
    for name in first:
        assert family(name)
    for shape in FAMILIES.values():
        assert f"| `{shape.name}` | {', '.join(shape.parameters)} |" in section


def test_parameterisations() -> None:
    lines = {cells(line)[0]: line for line in PAGE.split("### Published")[1].split("## Families")[0].splitlines()}

    assert set(programs()) <= set(lines)
    for each in PARAMETERISATIONS:
        line = lines[each.program]
        assert each.family in line or each.family == "weibullPH"
        assert all(term.published in line for term in each.terms)
