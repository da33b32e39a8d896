"""The page on methods: every equation of it names what computes it, and every function that computes one is named."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from inspect import isclass
from pathlib import Path

import pytest

from hemodel.survival.families.registry import EXAMPLES, FAMILIES, family

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
NAME = re.compile(r"`(hemodel(?:\.\w+)+)`")
NAMED = set(NAME.findall(PAGE))
UNITS = "hemodel.units"
"""Its constants are equations too, such as 1 year = 365.25 days."""
SETTING = re.compile(r"`[^`]*` = (?:`[^`]*`|\w+)")
"""A setting and its value, which is no equation."""
EQUATION = re.compile(r" [=x+/-] |\^|\b(?:min|max|ceil|ln)\(|\bsum (?:of|over)\b")
"""An operator between two terms, or a function of one."""
COMPUTING = (
    *("hemodel/model", "hemodel/economics.py", "hemodel/severity.py"),
    *("hemodel/survival/effects", "hemodel/survival/reported"),
)
READS = "reads inputs"
ASKS = "answers yes or no, or says what is wrong"
NUMERICAL = "makes an equation that is named quick or safe, and has none of its own"
ELSEWHERE = "shows what another named function computes"
REASONS = {READS, ASKS, NUMERICAL, ELSEWHERE}
EXCEPTIONS = {
    "hemodel.economics.change": NUMERICAL,
    "hemodel.economics.differences": NUMERICAL,
    "hemodel.economics.is_cost_effective": ASKS,
    "hemodel.economics.swing": NUMERICAL,
    "hemodel.model.curve_effects.curve_effect_problems": ASKS,
    "hemodel.model.curve_effects.curve_effects": READS,
    "hemodel.model.curve_effects.survival_at": ELSEWHERE,
    "hemodel.model.curve_effects.whole_block": READS,
    "hemodel.model.evaluate.base_draws": READS,
    "hemodel.model.evaluate.model": READS,
    "hemodel.model.evaluate.survival_at": ELSEWHERE,
    "hemodel.model.occupancy.rule_of": READS,
    "hemodel.model.occupancy.rule_parts": READS,
    "hemodel.model.outcomes.table": ELSEWHERE,
    "hemodel.model.population.ageing_problems": ASKS,
    "hemodel.model.population.is_age_adjusted": ASKS,
    "hemodel.model.population.norms": READS,
    "hemodel.model.population.norms_of": READS,
    "hemodel.model.population.qale_of": READS,
    "hemodel.model.population.read_norms": READS,
    "hemodel.model.timeline.timeline": NUMERICAL,
    "hemodel.survival.effects.cycles": NUMERICAL,
    "hemodel.survival.effects.life_tables.age_problems": ASKS,
    "hemodel.survival.effects.life_tables.background": READS,
    "hemodel.survival.effects.life_tables.finite": READS,
    "hemodel.survival.effects.life_tables.hazards_by_age": READS,
    "hemodel.survival.effects.life_tables.life_table": READS,
    "hemodel.survival.effects.life_tables.not_numbers": ASKS,
    "hemodel.survival.effects.life_tables.read_life_table": READS,
    "hemodel.survival.reported.fitting.bound_slope": NUMERICAL,
    "hemodel.survival.reported.predicted.check_possible": ASKS,
    "hemodel.survival.reported.predicted.is_proportional": ASKS,
    "hemodel.survival.reported.predicted.is_related": ASKS,
    "hemodel.survival.reported.predicted.obstacle": ASKS,
    "hemodel.survival.reported.predicted.period_starts": READS,
    "hemodel.survival.reported.problem": NUMERICAL,
    "hemodel.survival.reported.simulated_trials.arms_of": READS,
    "hemodel.survival.reported.simulated_trials.bootstrap_refits": ELSEWHERE,
    "hemodel.survival.reported.simulated_trials.is_simulated": ASKS,
    "hemodel.survival.reported.simulated_trials.log_hazard_ratio": NUMERICAL,
    "hemodel.survival.reported.simulated_trials.median": NUMERICAL,
    "hemodel.survival.reported.simulated_trials.observed_arm": NUMERICAL,
    "hemodel.survival.reported.simulated_trials.restricted_mean": NUMERICAL,
    "hemodel.survival.reported.simulated_trials.rmst_spread": ELSEWHERE,
    "hemodel.survival.reported.simulated_trials.simulate_arm": NUMERICAL,
    "hemodel.survival.reported.simulated_trials.simulated_statistics": NUMERICAL,
    "hemodel.survival.reported.simulated_trials.survival_at": NUMERICAL,
    "hemodel.survival.reported.statistics.bounds": ELSEWHERE,
    "hemodel.survival.reported.statistics.check": ASKS,
    "hemodel.survival.reported.statistics.from_scale": NUMERICAL,
    "hemodel.survival.reported.statistics.has_error": ASKS,
    "hemodel.survival.reported.statistics.matched": READS,
    "hemodel.survival.reported.statistics.side": READS,
}
"""Functions, and modules all of whose functions, compute none of the page's equations, with the reason."""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def functions() -> list[str]:
    """Public functions of the folders and files that compute equations."""
    found = []
    for place in COMPUTING:
        paths = sorted((ROOT / place).rglob("*.py")) or [ROOT / place]
        for path in paths:
            nodes = ast.parse(path.read_text(encoding="utf-8")).body
            names = [node.name for node in nodes if isinstance(node, ast.FunctionDef)]
            found += [f"{module_of(path)}.{name}" for name in names if not name.startswith("_")]
    return found


def pieces(section: str) -> list[str]:
    """Rows of tables, bullets, and sentences of a section."""
    found: list[str] = []
    for block in section.split("\n\n"):
        if block.startswith("|"):
            found += block.splitlines()[2:]
        else:
            for part in re.split(r"\n(?=\* )", block):
                found += re.split(r"(?<=[.:])\s+(?=[A-Z`*(])", " ".join(part.split()))
    return found


def equations() -> list[tuple[str, str]]:
    """Every equation with the heading of its section."""
    sections = [section.split("\n\n", 1) for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]]
    return [(title, piece) for title, text in sections for piece in pieces(text) if EQUATION.search(bare(piece))]


def bare(piece: str) -> str:
    """A piece without settings and the names of functions."""
    return SETTING.sub("", NAME.sub("", piece))


def resolved(name: str) -> object:
    """What a dotted name stands for: the longest part of it that is a module, then attributes."""
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        if (ROOT / Path(*parts[:size])).with_suffix(".py").exists():
            found: object = import_module(".".join(parts[:size]))
            for part in parts[size:]:
                found = getattr(found, part)
            return found
    message = f"{name} is in no module"
    raise AttributeError(message)


@pytest.mark.parametrize("name", sorted(NAMED))
def test_what_the_page_names_exists(name: str) -> None:
    found = resolved(name)

    assert isinstance(found, float) if name.startswith(UNITS) else callable(found) or isinstance(found, property)


@pytest.mark.parametrize("equation", [piece for _, piece in equations()])
def test_equation_is_followed_by_the_name_of_its_function(equation: str) -> None:
    first = EQUATION.search(SETTING.sub("", equation))

    assert first is not None
    assert NAME.search(SETTING.sub("", equation), first.start()), "name the function that computes it"


def test_equations_are_found_in_every_section_that_has_any() -> None:
    without = {"Efficiency frontier"}

    assert {title for title, _ in equations()} == set(re.findall(r"^## (.*)", PAGE, re.MULTILINE)) - without


def test_every_row_of_a_column_of_functions_has_one() -> None:
    tables = re.findall(r"^\|.*\| function \|\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)

    assert len(tables) == PAGE.count("| function |")
    for row in "".join(tables).splitlines():
        assert NAME.search(row.split(" | ")[-1]), row


def test_every_section_names_a_function() -> None:
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        assert NAME.search(section), section.splitlines()[0]


def test_every_function_that_computes_an_equation_is_named() -> None:
    excepted = {name for name in functions() if name in EXCEPTIONS or name.rpartition(".")[0] in EXCEPTIONS}

    assert set(functions()) - excepted <= NAMED


def test_exceptions_exist_are_not_named_and_have_a_reason() -> None:
    modules = {name.rpartition(".")[0] for name in functions()}

    assert set(EXCEPTIONS) <= {*functions(), *modules}
    assert not set(EXCEPTIONS) & NAMED
    assert not {name.rpartition(".")[0] for name in NAMED} & set(EXCEPTIONS)
    assert set(EXCEPTIONS.values()) == REASONS


def test_every_family_is_named_with_its_class() -> None:
    rows = re.findall(r"^\| (\w+)(?:\(([\w, ]+)\))? \| `([\w.]+)` \|$", PAGE, re.MULTILINE)
    named = {name: (given, resolved(path)) for name, given, path in rows if ".families." in path}

    assert set(named) == {*FAMILIES, *EXAMPLES}
    for name, (given, found) in named.items():
        shape = family(EXAMPLES.get(name, name))
        assert isclass(found)
        assert type(shape) is found
        assert name in EXAMPLES or given == ", ".join(shape.parameters)
