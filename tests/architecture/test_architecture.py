"""The shape of the code: what it may import, name, print and draw."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import hemodel
from hemodel.inputs.dictionary import columns, kinds, match, sheets

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "hemodel").rglob("*.py"))
LONGEST_FUNCTION = 45


def test_imports_go_one_way() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout
    assert "1 kept, 0 broken" in done.stdout


def test_no_imports_go_in_a_circle() -> None:
    """Also within a layer, within functions and for types only."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in MODULES}
    imports: dict[str, set[str]] = {name: set() for name in names}
    for name, path in names.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in names:
                places = {f"{node.module}.{alias.name}" for alias in node.names}
                imports[name] |= (places & names.keys()) or {node.module}

    assert sum(map(len, imports.values())) > len(names)
    TopologicalSorter(imports).prepare()


@pytest.mark.parametrize("module", ["hemodel", "hemodel.cli"])
def test_import_is_quick(module: str) -> None:
    script = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout)

    assert module in loaded
    heavy = {"numpy", "scipy", "pandas", "openpyxl", "xlsxwriter", "matplotlib", "pydantic", "jinja2"}
    assert heavy.isdisjoint(loaded)


def test_public_names_exist() -> None:
    assert all(getattr(hemodel, name) is not None for name in hemodel.__all__)
    assert all(f"{name}(" in (hemodel.__doc__ or "") or name in (hemodel.__doc__ or "") for name in hemodel.__all__)
    assert hemodel.__version__
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = hemodel.absent


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {ast.unparse(call.func) for call in calls}

    assert "print" not in names
    drawn = {name for name in names if name.startswith(("np.random.", "random."))}
    assert drawn <= {"np.random.SeedSequence", "np.random.default_rng", "np.random.default_rng(sequence).random"}
    assert all(call.args or call.keywords for call in calls if ast.unparse(call.func) == "np.random.default_rng")
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            size = (node.end_lineno or 0) - node.lineno + 1
            doc = ast.get_docstring(node, clean=False) or ""
            assert size - len(doc.splitlines()) <= LONGEST_FUNCTION, f"{node.name}: {size} lines"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_knows_a_trial(path: Path) -> None:
    text = path.read_text(encoding="utf-8").lower()

    for word in ("lurbinectedin", "atezolizumab", "imforte", "pegfilgrastim", "sclc"):
        assert word not in text


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if not {"views", "publish"} & set(path.parts)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_economic_value_is_a_default(path: Path) -> None:
    """A number as a default could be a rate or a price; places in a list and widths of pages are not."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args]
            pairs = [*zip(arguments[::-1], node.args.defaults[::-1], strict=False)]
            pairs += [(a, d) for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if d is not None]
            numbers = [a.arg for a, d in pairs if isinstance(d, ast.Constant) and type(d.value) in {int, float}]
            assert set(numbers) <= {"draw", "columns", "size"}, f"{node.name}: {numbers}"


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.pattern)
def test_dictionary_is_complete(kind: object) -> None:
    from hemodel.inputs.dictionary import Kind

    assert isinstance(kind, Kind)
    example = kind.pattern.format(**{field: "1" if field == "year" else "name" for field in kind.fields})
    found = match(example)

    assert found is not None
    assert found[0] == kind
    assert kind.sheet in sheets()
    assert kind.label
    assert kind.definition.endswith(".")
    assert kind.type in {"number", "integer", "choice", "formula", "reference", "text"}
    assert bool(kind.choices) == (kind.type in {"choice", "formula", "reference"})
    assert kind.required in {"once", "some", "each", "optional"}
    assert kind.varies in {"yes", "no", "fit", "structure", "budget"}
    if kind.varies in {"yes", "fit"}:
        assert kind.numeric
        assert "fixed" in kind.distributions


def test_columns_are_complete() -> None:
    assert all(column.definition for column in columns().values())
    assert {name for sheet in sheets().values() for name in sheet.columns} == set(columns())
