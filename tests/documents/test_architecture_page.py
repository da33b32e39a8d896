"""The page on architecture: folders, layers, the path of two numbers, and the files that a change touches."""

from __future__ import annotations

import re
import sys
import threading
import tomllib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hemodel.analyses.options import Options
from hemodel.analyses.results import results
from hemodel.analyses.run import run
from hemodel.inputs.changes import Change

if TYPE_CHECKING:
    from types import FrameType

ROOT = Path(__file__).parents[2]
WORKBOOK = ROOT / "inputs" / "imforte_us.xlsx"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FILES = re.compile(r"`((?:hemodel|docs|tests|inputs|scenarios|benchmarks)/[\w./-]*|[A-Z]+\.md|pyproject\.toml)`")
NAME = re.compile(r"`(hemodel(?:\.\w+)+)`")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SECTIONS = dict(re.findall(r"^##+ ([^\n]*)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
EXAMPLES = {title: text for title, text in SECTIONS.items() if "\nExample: " in text}
PATHS = {title: NAME.findall(text) for title, text in SECTIONS.items() if title.startswith("The path of")}
CHANGES = {
    "The path of a price": ("drug.lurbinectedin.price_per_vial", 3217.0),
    "The path of a reported median": ("survival.os.atezolizumab.median", 10.617),
}
"""Values that no other test has, so that no fit is remembered."""


def rows(title: str) -> list[str]:
    """Names in the first column of the tables of a section."""
    return re.findall(r"^\| `([\w./]+)` \|", SECTIONS[title], re.MULTILINE)


def folders(below: Path) -> set[str]:
    """Every folder that is one of the package's, as the page writes it."""
    found = (path for path in below.rglob("*") if path.is_dir() and not path.name.startswith(("__", ".")))
    return {f"{path.relative_to(ROOT).as_posix()}/" for path in found}


@pytest.mark.parametrize("name", sorted(set(FILES.findall(PAGE))))
def test_file_or_folder_exists(name: str) -> None:
    assert (ROOT / name).is_dir() if name.endswith("/") else (ROOT / name).is_file()


@pytest.mark.parametrize("name", sorted(set(NAME.findall(PAGE))))
def test_module_or_function_exists(name: str) -> None:
    parts = name.split(".")
    size = next(n for n in range(len(parts), 0, -1) if is_module(parts[:n]))
    found = import_module(".".join(parts[:size]))
    for part in parts[size:]:
        found = getattr(found, part)

    assert found is not None


def is_module(parts: list[str]) -> bool:
    path = ROOT / Path(*parts)
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def test_every_folder_is_named() -> None:
    named = [name for name in rows("Folders") if name.endswith("/")]
    shipped = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    outer = {f"{name.strip('/')}/" for name in shipped if "." not in name and name != "/LICENSE"}

    assert len(named) == len(set(named))
    assert set(named) == outer | folders(ROOT / "hemodel")


def test_layers_are_those_of_the_contract_in_their_order() -> None:
    (contract,) = PROJECT["tool"]["importlinter"]["contracts"]
    inner = [name.removeprefix("hemodel/") for name in rows("Folders") if name != "hemodel/" and "hemodel/" in name]
    layers = [name.strip("/").removesuffix(".py") for name in inner if "/" not in name.strip("/")]

    assert layers == contract["layers"]


def test_layers_in_the_page_on_contributing() -> None:
    (contract,) = PROJECT["tool"]["importlinter"]["contracts"]
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^errors, [^.]*", page, re.MULTILINE)

    assert listed.split() == ", ".join(name for name in reversed(contract["layers"]) if name != "__main__").split()


def test_a_folder_in_a_folder_stands_below_it() -> None:
    names = rows("Folders")
    for place, name in enumerate(names):
        outer = f"{name.strip('/').rpartition('/')[0]}/"
        assert outer == "/" or outer in names[:place]


@pytest.mark.parametrize("title", CHANGES)
def test_number_takes_the_path(title: str) -> None:
    """The functions are called in the order of the page, those of the model in its first evaluation."""
    steps, place, evaluated = PATHS[title], 0, False

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal place, evaluated
        name = f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"
        evaluated |= event == "return" and name == "hemodel.model.evaluate.evaluate"
        late = evaluated and name.startswith("hemodel.model.")
        if event == "call" and place < len(steps) and not late:
            place += name == steps[place]

    id_, value = CHANGES[title]
    options = Options(changes=(Change(id_, value, "--set"),), parts=("base",), families=False)
    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        found = results(run(WORKBOOK, options))
    finally:
        sys.setprofile(None)
        threading.setprofile(None)

    assert found.incremental[0].icer is not None
    assert place == len(steps), f"{steps[place]} is not called after {steps[place - 1]}"


@pytest.mark.parametrize("title", EXAMPLES)
def test_files_that_a_change_touches(title: str) -> None:
    """The bullets name every file of the package in which the example stands, and no other."""
    said = re.search(r"^Example: ((?:`[^`]+`(?:, )?)+)", EXAMPLES[title], re.MULTILINE)
    assert said is not None
    words = [re.escape(word).replace("_", "[_-]") for word in re.findall(r"`([^`]+)`", said[1])]
    example = re.compile("|".join(words), re.IGNORECASE)
    texts = (path for path in (ROOT / "hemodel").rglob("*") if path.is_file() and path.suffix not in {".pyc", ".docx"})
    standing = {path.relative_to(ROOT).as_posix() for path in texts if example.search(path.read_text(encoding="utf-8"))}
    bullets = " ".join(re.findall(r"^\* .*(?:\n  .*)*", EXAMPLES[title], re.MULTILINE))
    named = {name for name in FILES.findall(bullets) if name.startswith("hemodel/") and not name.endswith("/")}

    assert standing
    assert standing == named


def test_every_kind_of_change_has_an_example() -> None:
    kinds = ("field", "family", "cost category", "chart", "analysis", "payer")

    assert len(EXAMPLES) == len(kinds)
    assert all(any(kind in title for title in EXAMPLES) for kind in kinds)
