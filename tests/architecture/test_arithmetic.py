"""What shows results computes none: no sum, difference or product of costs, effects and thresholds stands there.

A syntax tree is searched for operators, and calls of functions that add or compare elementwise, with an operand that is
a finding: a name or attribute of the list below, an element, sum or absolute value of one, or a name that is given one
in the same function. Scaling by a constant in capitals or by `by`, the unit of an axis, is allowed.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HEMODEL = Path(__file__).parents[2] / "hemodel"
SHOWING = ("views", "publish")
"""Packages that show results."""
FINDINGS = re.compile(
    r"(costs?|qalys|effects|life_years|evlyg|wtp|(decision_)?thresholds?|nmb|nhb|benefits?|icer|prices?|evpi|evppi|evsi|enbs"
    r"|totals?|drug_costs|administrations|increments?|(un)?discounted|by_year|all_years|by_category|cumulative"
    r"|pfs|overall|progression_free|progressed|dead|deaths|occupancy|mean_(costs|effects)|means)"
    r"(_(low|high|base|weighted|mean|interval))?"
    r"|(change_in|incremental|total|peak)_\w+"
)
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.MatMult, ast.Pow)
SCALING = (ast.Mult, ast.Div)
ADDING = {
    *("sum", "mean", "average", "cumsum", "diff", "median", "quantile", "percentile", "trapezoid", "prod", "dot"),
    *("add", "subtract", "multiply", "divide", "minimum", "fmin", "matmul", "einsum", "fsum", "nansum", "nanmean"),
}
"""Functions and methods that compute; of counts of a condition they may."""
THROUGH = {"float", "abs", "sum", "min", "max", "asarray", "array", "round", "list", "tuple", "sorted", "next", "zip"}
"""Functions whose result is what they are given."""
METHODS = {"max", "min", "mean", "sum", "tolist", "copy", "ravel", "values"}

ALLOWED = {
    "1.08 * max(curve.evppi)": "where an axis ends",
    "values.min() - margin": "where an axis begins",
    "values.max() + margin": "where an axis ends",
    "np.array(at.enbs) + error": "the largest number that an axis shows, which chooses its unit",
    "value + error": "an end of an error bar",
    "value - error": "an end of an error bar",
    "limit + own": "an end of an error bar",
    "limit - own": "an end of an error bar",
    "value - base": "the length of a bar that begins at the base case",
}
"""Expressions that place what is shown, each with the reason."""


def names(node: ast.AST | None) -> Iterator[str]:
    """Yield the names that an operand stands for."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        yield str(node.slice.value)
    for part in parts(node):
        yield from names(part)


def parts(node: ast.AST | None) -> list[ast.expr]:
    """Return what an operand passes on: the whole of an element, both ways of a choice, what a function is given."""
    match node:
        case ast.Subscript(value=part) | ast.Starred(value=part) | ast.UnaryOp(operand=part):
            return [part]
        case ast.GeneratorExp(elt=part) | ast.ListComp(elt=part):
            return [part]
        case ast.BoolOp(values=several) | ast.Tuple(elts=several) | ast.List(elts=several):
            return several
        case ast.IfExp(body=one, orelse=other):
            return [one, other]
        case ast.Call(func=function, args=arguments):
            of = [function.value] if isinstance(function, ast.Attribute) and function.attr in METHODS else []
            return of + (arguments if called(function) in THROUGH else [])
    return []


def called(function: ast.expr) -> str:
    """Return the last part of the name of a function."""
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def given(scope: ast.AST) -> set[str]:
    """Return the names that are given a finding within a function, by an assignment or one after another."""
    found: set[str] = set()
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            bound = [pair for target in node.targets for pair in pairs(target, node.value)]
        elif isinstance(node, (ast.For, ast.comprehension)):
            bound = list(pairs(node.target, node.iter))
        else:
            continue
        found |= {name for name, value in bound if is_finding(value, found)}
    return found


def pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Yield each name of an assignment with what it is given."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple):
        values = value.elts if isinstance(value, ast.Tuple) else [value] * len(target.elts)
        for one, own in zip(target.elts, values, strict=False):
            yield from pairs(one, own)


def is_finding(node: ast.AST | None, known: set[str]) -> bool:
    """Return whether an operand is a finding."""
    return any(FINDINGS.fullmatch(name) or name in known for name in names(node))


def is_unit(node: ast.expr) -> bool:
    """Return whether an operand only scales: a constant in capitals, or the unit of an axis."""
    name = called(node)
    return name == "by" or (name.isupper() and len(name) > 1)


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def computes(node: ast.AST, known: set[str]) -> bool:
    """Return whether a node is arithmetic on a finding."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, OPERATORS):
        sides = (node.left, node.right)
        if any(map(is_text, sides)) or (isinstance(node.op, SCALING) and any(map(is_unit, sides))):
            return False
        return any(is_finding(side, known) for side in sides)
    if isinstance(node, ast.AugAssign) and isinstance(node.op, OPERATORS):
        listed = isinstance(node.value, (ast.List, ast.ListComp))
        return not listed and any(is_finding(side, known) for side in (node.target, node.value))
    if isinstance(node, ast.Call) and called(node.func) in ADDING:
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
        return any(is_finding(each, known) for each in (receiver, *node.args))
    return False


def arithmetic(source: str) -> list[tuple[int, str]]:
    """Return the lines and texts of the arithmetic on findings in a module."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.Lambda))]
    found = set()
    for scope in (tree, *functions):
        known = given(scope) if scope is not tree else set()
        found |= {(node.lineno, ast.unparse(node)) for node in ast.walk(scope) if computes(node, known)}  # type: ignore[attr-defined]
    return sorted(found)


def modules() -> list[Path]:
    return [path for package in SHOWING for path in sorted((HEMODEL / package).rglob("*.py"))]


def everywhere() -> dict[str, list[tuple[int, str]]]:
    return {str(path.relative_to(HEMODEL)): arithmetic(path.read_text(encoding="utf-8")) for path in modules()}


def test_what_shows_results_computes_none() -> None:
    found = [
        f"{module}:{line}: {text}"
        for module, lines in everywhere().items()
        for line, text in lines
        if text not in ALLOWED
    ]
    assert found == []
    assert len(modules()) > 20


def test_each_exception_is_needed() -> None:
    there = {text for lines in everywhere().values() for _, text in lines}
    assert set(ALLOWED) <= there


@pytest.mark.parametrize(
    "planted",
    [
        "def f(results, entry):\n    return results.decision_threshold * entry.qalys - entry.costs",
        "def f(entry):\n    c, q = entry.costs, entry.qalys\n    return 20000.0 * q - c",
        "def f(entry):\n    money = float(entry.costs)\n    return money / 2.0",
        "def f(psa, i):\n    return psa.qalys[:, i] - psa.qalys[:, 0]",
        "def f(case):\n    return case.costs.discounted['total'] - case.costs.discounted['acquisition']",
        "def f(one, other):\n    return abs(one.nmb_high - one.nmb_low) + (other.nmb_high or 0.0)",
        "def f(costs):\n    return costs.sum(axis=1)",
        "def f(t, line):\n    return [t * q - c for q, c in zip(line.qalys, line.costs)]",
        "def f(mine, parts):\n    return sum(v.costs for v in parts)",
        "def f(pfs, overall):\n    return np.minimum(pfs, overall)",
        "def f(found):\n    shown = 0.0\n    for one in found:\n        shown += one.costs\n    return shown",
        "def f(at):\n    return at.icer * 0.5",
    ],
)
def test_a_planted_sum_is_found(planted: str) -> None:
    assert arithmetic(planted)


@pytest.mark.parametrize(
    "fine",
    [
        "def f(entry, results):\n    return net_monetary_benefit(entry.qalys, entry.costs, results.decision_threshold)",
        "def f(item, by):\n    return item.total_low / by",
        "def f(mean):\n    return mean['os'] * MONTHS_PER_YEAR",
        "def f(found):\n    return sum(value >= 0 for value in found.nmb)",
        "def f(entry):\n    return 'at ' + entry.icer",
        "def f(low, high, room):\n    return low - room, high + room",
        "def f(entry):\n    return max(entry.costs, entry.qalys)",
        "def f(shown, net):\n    shown += [net.total]\n    return shown",
    ],
)
def test_placing_and_scaling_are_allowed(fine: str) -> None:
    assert arithmetic(fine) == []
