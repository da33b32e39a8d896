"""All families by name, or by formula."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.closed_form import Exponential, Gompertz, Weibull, WeibullPH
from hemodel.survival.families.formula import is_formula, nearest, parse
from hemodel.survival.families.gamma import Gamma, GeneralisedGamma
from hemodel.survival.families.generalised_f import GeneralisedF
from hemodel.survival.families.log_location import LogLogistic, LogNormal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.survival.family import Family

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
    raise SurvivalError(f"{name!r} is not a family of survival curves. {nearest(name, FAMILIES)}Known: {known}.")


@lru_cache(maxsize=256)
def _from_formula(text: str) -> Family:
    return parse(text, FAMILIES)
