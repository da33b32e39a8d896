"""All families by name."""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.closed_form import (
    Exponential,
    Gompertz,
    LogLogistic,
    LogNormal,
    Weibull,
    WeibullPH,
)
from hemodel.survival.families.gamma import Gamma, GeneralisedGamma

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
)

FAMILIES: Mapping[str, Family] = MappingProxyType({each.name: each for each in _ALL})


def family(name: str) -> Family:
    """Return the family of this name (as in flexsurv).

    Raises
    ------
    SurvivalError
        If there is none; the message gives the nearest name and all names.
    """
    if name in FAMILIES:
        return FAMILIES[name]
    folded = {each.lower(): each for each in FAMILIES}
    near = get_close_matches(name.lower(), folded, n=1, cutoff=0.4)
    hint = f"Did you mean {folded[near[0]]}? " if near else ""
    raise SurvivalError(f"{name!r} is not a family of survival curves. {hint}Known: {', '.join(FAMILIES)}.")
