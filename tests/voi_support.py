"""Samples with known values of information."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.voi.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from hemodel.parameters import FloatArray


def made(effects: ArrayLike, costs: ArrayLike | None = None, inputs: Mapping[str, FloatArray] | None = None) -> Sample:
    """A sample of strategies a, b, ...; without costs these are 0."""
    gained = np.asarray(effects, dtype=np.float64)
    paid = np.zeros_like(gained) if costs is None else np.asarray(costs, dtype=np.float64)
    given = inputs or {}
    return Sample(tuple("abcdefg"[: gained.shape[1]]), gained, paid, given, {id_: id_.upper() for id_ in given})


def linear(draws: int, mean: float, slopes: Mapping[str, float], seed: int = 1) -> Sample:
    """Two strategies; at a threshold of 1 the net benefit of b over a is mean + sum(slope * standard normal input).

    Half of it is effects and half costs saved.
    """
    rng = np.random.default_rng(seed)
    inputs = {name: rng.standard_normal(draws) for name in slopes}
    gain = mean + sum(slope * inputs[name] for name, slope in slopes.items())
    half = np.column_stack([np.zeros(draws), gain / 2])
    return made(half, -half, inputs)
