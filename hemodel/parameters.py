"""Parameters and their draws: arrays keyed by parameter id, the draw as first axis.

An array has one entry where a parameter is the same in every draw, and as many
entries as there are draws otherwise; NumPy's broadcasting does the rest. Curve
coefficients stand beside the other parameters, with a second axis.
"""

# ruff: noqa: D105 - operators say themselves what they do
from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from hemodel.distributions import Distribution

    FloatArray = NDArray[np.float64]
    Draws = Mapping[str, FloatArray]


class Arithmetic(Protocol):
    """What a number, an array over draws and a formula of a spreadsheet can do."""

    def __add__(self, other: Any, /) -> Self: ...
    def __radd__(self, other: Any, /) -> Self: ...
    def __sub__(self, other: Any, /) -> Self: ...
    def __rsub__(self, other: Any, /) -> Self: ...
    def __mul__(self, other: Any, /) -> Self: ...
    def __rmul__(self, other: Any, /) -> Self: ...
    def __truediv__(self, other: Any, /) -> Self: ...
    def __rtruediv__(self, other: Any, /) -> Self: ...
    def __pow__(self, other: Any, /) -> Self: ...
    def __rpow__(self, other: Any, /) -> Self: ...
    def __neg__(self) -> Self: ...


Amount = TypeVar("Amount", bound=Arithmetic)
"""A number, an array of numbers or a formula: sums and products of amounts are amounts of the same kind."""

BLOCK = 4096
"""Draws that one random stream serves; a later block has a stream of its own."""


@dataclass(frozen=True)
class Parameter:
    """One number of the model: its base-case value and how it varies.

    `low` and `high` are the bounds of the one-way analysis. `group` names the
    shares that must add up to 1 together, and is empty for other parameters.
    """

    id: str
    label: str
    value: float
    unit: str = ""
    distribution: Distribution | None = None
    low: float | None = None
    high: float | None = None
    group: str = ""


def block_uniforms(seed: int, name: str, block: int, count: int, columns: int = 1) -> FloatArray:
    """Return uniform numbers of one block of draws for one parameter.

    Parameters
    ----------
    seed : int
        Seed of the analysis.
    name : str
        Id of the parameter; its stream depends on nothing else, so another
        input added to the model leaves it as it was.
    block : int
        Number of the block, from 0; each holds `BLOCK` draws.
    count : int
        Draws wanted of this block, at most `BLOCK`; fewer are the first of more.
    columns : int
        Numbers per draw.

    Returns
    -------
    array (count, columns), above 0 and below 1
    """
    sequence = stream(seed, name, block)
    uniforms = np.random.default_rng(sequence).random((count, columns))
    return np.clip(uniforms, 2.0**-60, 1 - 2.0**-53)


def stream(seed: int, name: str, block: int) -> np.random.SeedSequence:
    """Return the seed of the random numbers of one name in one block of draws."""
    digest = hashlib.sha256(name.encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
    return np.random.SeedSequence(entropy=seed, spawn_key=(*words, block))


def rescale_shares(members: Iterable[Parameter], moved: str, value: float) -> dict[str, float]:
    """Return the shares of a group with one at a new value and the others in proportion.

    Raises
    ------
    ValueError
        Where `moved` is no member of the group.
    """
    shares = {p.id: p.value for p in members}
    if moved not in shares:
        message = f"{moved} is not among the shares {', '.join(shares)}"
        raise ValueError(message)
    rest = sum(share for id_, share in shares.items() if id_ != moved)
    factor = (1.0 - value) / rest if rest > 0 else 0.0
    return {id_: value if id_ == moved else share * factor for id_, share in shares.items()}
