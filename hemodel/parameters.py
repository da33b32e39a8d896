"""Parameters and their draws: arrays keyed by parameter id, the draw as first axis.

An array has one entry where a parameter is the same in every draw, and as many
entries as there are draws otherwise; NumPy's broadcasting does the rest. Curve
coefficients stand beside the other parameters, with a second axis.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from hemodel.distributions import Distribution

    FloatArray = NDArray[np.float64]
    Draws = Mapping[str, FloatArray]

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
    digest = hashlib.sha256(name.encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=(*words, block))
    uniforms = np.random.default_rng(sequence).random((count, columns))
    return np.clip(uniforms, 2.0**-60, 1 - 2.0**-53)


def sample_block(parameters: Iterable[Parameter], seed: int, block: int, count: int) -> dict[str, FloatArray]:
    """Return draws of the parameters for one block: (count,) where one varies, else (1,).

    Shares with a Dirichlet distribution are gamma variates divided by the sum
    over their group; shares of the group that are fixed keep their value and the
    others share the rest.
    """
    chosen = list(parameters)
    draws = {}
    for parameter in chosen:
        if parameter.distribution is None:
            draws[parameter.id] = np.array([parameter.value])
        else:
            uniforms = block_uniforms(seed, parameter.id, block, count)[:, 0]
            draws[parameter.id] = parameter.distribution.quantile(uniforms)
    for group in sorted({p.group for p in chosen if p.group}):
        _normalise([p for p in chosen if p.group == group], draws)
    return draws


def _normalise(members: list[Parameter], draws: dict[str, FloatArray]) -> None:
    varying = [p for p in members if p.distribution is not None]
    if not varying:
        return
    rest = 1.0 - sum(p.value for p in members if p.distribution is None)
    total = np.sum([draws[p.id] for p in varying], axis=0)
    for parameter in varying:
        draws[parameter.id] = rest * draws[parameter.id] / total


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
