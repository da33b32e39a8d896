"""What families made of a formula and of other families have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.family import Array, Family, Link

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Composite(Family, ABC):
    """A family whose name, parameters and links follow from what it is made of."""

    name: str = field(init=False)
    parameters: tuple[str, ...] = field(init=False)
    links: tuple[Link, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Fill in the name, the parameters and their links."""
        name, pairs = self._description()
        values = (name, tuple(label for label, _ in pairs), tuple(link for _, link in pairs))
        for key, value in zip(("name", "parameters", "links"), values, strict=True):
            object.__setattr__(self, key, value)

    @abstractmethod
    def _description(self) -> tuple[str, list[tuple[str, Link]]]:
        """Return the canonical formula, and the parameters with their links."""


def number(value: float) -> str:
    """Write a number so that it is read back as the same, for example ``6`` or ``0.1``."""
    return repr(float(value)).removesuffix(".0")


def parameters_of(shape: Family) -> list[tuple[str, Link]]:
    """Return the parameters of a family with their links."""
    return list(zip(shape.parameters, shape.links, strict=True))


def named_parameters(parts: Sequence[Family]) -> list[tuple[str, Link]]:
    """Return the parameters of several families, each with the name of its family.

    Families that occur more than once are numbered: ``exp 1 rate``, ``exp 2 rate``.
    """
    total = Counter(part.name for part in parts)
    seen: Counter[str] = Counter()
    pairs = []
    for part in parts:
        seen[part.name] += 1
        prefix = part.name if total[part.name] == 1 else f"{part.name} {seen[part.name]}"
        pairs += [(f"{prefix} {name}", link) for name, link in parameters_of(part)]
    return pairs


def columns_by_part(parts: Sequence[Family], first: int) -> tuple[slice, ...]:
    """Return which coefficients belong to each part, where the parts begin with column ``first``."""
    slices = []
    for part in parts:
        slices.append(slice(first, first + len(part.parameters)))
        first = slices[-1].stop
    return tuple(slices)


def common_kinks(parts: Iterable[Family]) -> tuple[float, ...]:
    """Return the kinks of several families together, in order."""
    return tuple(sorted({kink for part in parts for kink in part.kinks}))


def starts_with_hazard(shape: Family, time: float, levels: Array) -> Array:
    """Return starts (n, p), row i of which has cumulative hazard ``levels[i]`` at a time.

    Starts of all families are the same shapes in different units of time, so that it is
    enough to choose the median. The rows take the shapes in turn, without those that level
    off before they reach the hazard.
    """
    unit = shape.starts(1.0)
    found = []
    for i, level in enumerate(levels):
        reached = shape.time_at(np.full(len(unit), level), unit)
        usable = np.flatnonzero(np.isfinite(reached))
        row = usable[i % usable.size]
        found.append(shape.starts(float(time / reached[row]))[row])
    return np.array(found)
