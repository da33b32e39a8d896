"""All families by name, or by formula.

Families written as a formula, such as ``mixture_cure(weibull)``.

Spaces are free; times are in the unit of the curves::

    spline(hazard, 2 knots)                    also odds, normal; 0 to 4 interior knots
    spline(hazard, knots at 1 6 24)            all knots, boundary ones included
    mixture_cure(weibull), nonmixture_cure(lnorm)
    piecewise(3, 6, 12)
    join(exp, 6, weibull, 24, exp)
    km(12, weibull)
    average(weibull, llogis, lnorm), average(weibull 0.5, llogis 0.3, lnorm 0.2)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from hemodel.inputs.dictionary import nearest
from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.average import SUM_TOLERANCE, Average
from hemodel.survival.families.closed_form import Exponential, Gompertz, Weibull, WeibullPH
from hemodel.survival.families.composite import number
from hemodel.survival.families.cure import MixtureCure, NonmixtureCure
from hemodel.survival.families.gamma import Gamma, GeneralisedGamma
from hemodel.survival.families.generalised_f import GeneralisedF
from hemodel.survival.families.join import Join
from hemodel.survival.families.kaplan_meier import KaplanMeierThen, Steps
from hemodel.survival.families.log_location import LogLogistic, LogNormal
from hemodel.survival.families.piecewise import PiecewiseExponential
from hemodel.survival.families.scales import SCALES
from hemodel.survival.families.spline import MOST_KNOTS, Spline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hemodel.survival.family import Family


CALL = re.compile(r"\s*([^\s(),]+)\s*\((.*)\)\s*", re.DOTALL)
WEIGHTED = re.compile(r"(.*?[\s)])\s*([-+.\deE]+)", re.DOTALL)
EXAMPLES = {
    "spline": "spline(hazard, 2 knots)",
    "mixture_cure": "mixture_cure(weibull)",
    "nonmixture_cure": "nonmixture_cure(lnorm)",
    "piecewise": "piecewise(3, 6, 12)",
    "join": "join(exp, 6, weibull)",
    "km": "km(12, weibull)",
    "average": "average(weibull 0.5, llogis 0.3, lnorm 0.2)",
}


@dataclass(frozen=True)
class _Formula:
    """A formula while it is read: the whole text, for messages, and the families with a plain name."""

    text: str
    plain: Mapping[str, Family]

    def fail(self, what: str, kind: str) -> NoReturn:
        raise SurvivalError(
            f"{self.text.strip()!r} is not a family of survival curves: {what}. Example: {EXAMPLES[kind]}."
        )


def is_formula(text: str) -> bool:
    """Return whether a text is meant as a formula and not as a plain name."""
    return "(" in text or ")" in text or text.strip() in EXAMPLES


def parse(text: str, plain: Mapping[str, Family]) -> Family:
    """Read a formula; ``plain`` are the families with a name of their own.

    Raises
    ------
    SurvivalError
        Where it cannot be read: the formula, what is wrong with it and an example.
    """
    formula = _Formula(text, plain)
    return _family(formula, text, "spline", tuple(EXAMPLES))


def _hint(name: str, known: Iterable[str]) -> str:
    found = nearest(name, known)
    return f"{found} " if found else ""


def _family(formula: _Formula, text: str, outer: str, allowed: tuple[str, ...]) -> Family:
    """Read a plain name or one of the allowed kinds of formula inside a formula of kind ``outer``."""
    text = text.strip()
    if text in formula.plain:
        return formula.plain[text]
    found = CALL.fullmatch(text)
    if found is None and not is_formula(text):
        known = ", ".join([*formula.plain, *allowed])
        hint = _hint(text, [*formula.plain, *allowed])
        formula.fail(f"{text!r} inside it is not a known family. {hint}Known: {known}", outer)
    if found is None:
        kind = next((each for each in EXAMPLES if text.startswith(each)), outer)
        formula.fail(f"{text!r} lacks a bracket, or has text after its last one", kind)
    kind, inside = found.groups()
    if kind not in EXAMPLES:
        formula.fail(f"{kind!r} is not a kind of formula. {_hint(kind, EXAMPLES)}Known: {', '.join(EXAMPLES)}", outer)
    if kind not in allowed:
        formula.fail(f"{kind}(...) cannot stand inside {outer}(...)", outer)
    return _READERS[kind](formula, _split(formula, inside, kind))


def _split(formula: _Formula, inside: str, kind: str) -> list[str]:
    """Split at the commas that are outside all brackets."""
    parts, depth = [""], 0
    for letter in inside:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            formula.fail("its brackets do not match", kind)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    if depth:
        formula.fail("its brackets do not match", kind)
    return [part.strip() for part in parts]


def _times(formula: _Formula, texts: list[str], kind: str, what: str) -> tuple[float, ...]:
    """Read times above 0 that increase."""
    times = []
    for text in texts:
        try:
            times.append(float(text))
        except ValueError:
            formula.fail(f"{text!r} is not a number; {what} are expected", kind)
    if not all(0.0 < time < float("inf") for time in times) or any(b <= a for a, b in pairwise(times)):
        formula.fail(f"{what} must be above 0 and increase; given are {' '.join(texts)}", kind)
    return tuple(times)


def _spline(formula: _Formula, parts: list[str]) -> Family:
    if len(parts) != 2:
        formula.fail("a spline needs a scale and its knots, with a comma between", "spline")
    scale, knots = parts
    if scale not in SCALES:
        hint = _hint(scale, SCALES)
        formula.fail(f"{scale!r} is not a scale of a spline. {hint}Known: {', '.join(SCALES)}", "spline")
    words = knots.split()
    if words[:2] == ["knots", "at"]:
        times = _times(formula, words[2:], "spline", "times of knots")
        if not 2 <= len(times) <= MOST_KNOTS + 2:
            formula.fail(
                f"{len(times)} knots are given; 2 to {MOST_KNOTS + 2} are needed, boundary ones included", "spline"
            )
        return Spline(scale, len(times) - 2, times, are_given=True)
    if len(words) == 2 and words[0].isdecimal() and words[1] in {"knot", "knots"} and int(words[0]) <= MOST_KNOTS:
        return Spline(scale, int(words[0]))
    formula.fail(
        f"{knots!r} is neither 0 to {MOST_KNOTS} knots, as '2 knots', nor times, as 'knots at 1 6 24'", "spline"
    )
    return None


def _cure(build: Callable[[Family], Family], kind: str) -> Callable[[_Formula, list[str]], Family]:
    def read(formula: _Formula, parts: list[str]) -> Family:
        if len(parts) != 1:
            formula.fail("a cure model needs one family, that of the patients who are not cured", kind)
        return build(_family(formula, parts[0], kind, ("spline",)))

    return read


def _piecewise(formula: _Formula, parts: list[str]) -> Family:
    return PiecewiseExponential(_times(formula, parts, "piecewise", "cut points"))


_SINGLE = ("spline", "mixture_cure", "nonmixture_cure", "piecewise")


def _join(formula: _Formula, parts: list[str]) -> Family:
    if len(parts) < 3 or len(parts) % 2 == 0:
        formula.fail("a join needs families with a time between each two", "join")
    cuts = _times(formula, parts[1::2], "join", "times of joins")
    return Join(tuple(_family(formula, part, "join", _SINGLE) for part in parts[::2]), cuts)


def _km(formula: _Formula, parts: list[str]) -> Family:
    if len(parts) != 2:
        formula.fail("km needs the time up to which the Kaplan-Meier curve is used, and the family from there", "km")
    cuts = _times(formula, parts[:1], "km", "times of joins")
    return KaplanMeierThen((Steps(), _family(formula, parts[1], "km", _SINGLE)), cuts)


def _average(formula: _Formula, parts: list[str]) -> Family:
    found = [WEIGHTED.fullmatch(part) for part in parts]
    texts = [part if match is None else match.group(1) for part, match in zip(parts, found, strict=True)]
    members = tuple(_family(formula, text, "average", (*_SINGLE, "join", "km")) for text in texts)
    if len(members) < 2 or len(set(members)) < len(members):
        formula.fail("an average needs two or more different families", "average")
    given = [match.group(2) for match in found if match is not None]
    if not given:
        return Average(members)
    try:
        weights = tuple(float(text) for text in given)
    except ValueError:
        formula.fail(f"one of {', '.join(given)} is not a number", "average")
    if len(weights) < len(members):
        formula.fail(f"{len(members) - len(weights)} of {len(members)} families have no weight", "average")
    if min(weights) < 0.0 or not abs(sum(weights) - 1.0) <= SUM_TOLERANCE:
        formula.fail(f"its weights must be 0 or more and add up to 1, not {number(sum(weights))}", "average")
    return Average(members, weights)


_READERS: Mapping[str, Callable[[_Formula, list[str]], Family]] = {
    "spline": _spline,
    "mixture_cure": _cure(MixtureCure, "mixture_cure"),
    "nonmixture_cure": _cure(NonmixtureCure, "nonmixture_cure"),
    "piecewise": _piecewise,
    "join": _join,
    "km": _km,
    "average": _average,
}


_ALL: tuple[Family, ...] = (
    Exponential(),
    Weibull(),
    WeibullPH(),
    Gompertz(),
    LogLogistic(),
    LogNormal(),
    Gamma(),
    GeneralisedGamma(),
    GeneralisedF(),
)

FAMILIES: Mapping[str, Family] = MappingProxyType({each.name: each for each in _ALL})


def family(name: str) -> Family:
    """Return the family of this name (as in flexsurv) or formula (see `formula`).

    Its ``name`` is the formula in canonical form, from which it is read back equal.

    Raises
    ------
    SurvivalError
        If there is none; the message gives the nearest name and all names, or what is
        wrong with the formula and an example.
    """
    if name in FAMILIES:
        return FAMILIES[name]
    if is_formula(name):
        return _from_formula(name)
    known = ", ".join(FAMILIES)
    raise SurvivalError(f"{name!r} is not a family of survival curves. {_hint(name, FAMILIES)}Known: {known}.")


@lru_cache(maxsize=256)
def _from_formula(text: str) -> Family:
    return parse(text, FAMILIES)
