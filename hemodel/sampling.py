"""Designs that spread the draws: pseudo-random, Latin hypercube, scrambled Sobol; and the draws of parameters by them.

A design gives uniform numbers by name. Latin hypercube and Sobol points come in
replicates of `REPLICATE` draws that are randomised independently of one another, so that
their Monte Carlo error can be told from the means of the replicates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hemodel.dependence import together
from hemodel.parameters import BLOCK, block_uniforms, stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.dependence import Dependence
    from hemodel.parameters import FloatArray, Parameter

RANDOM, LATIN_HYPERCUBE, SOBOL = "random", "latin_hypercube", "sobol"
REPLICATE = 512
"""Draws in one Latin hypercube and in one scrambled Sobol sequence; a power of 2, and a part of `BLOCK`."""
INSIDE = 2.0**-33
"""Distance from 0 and 1 of Sobol points on an edge: half of the step of their 32 bits."""


@dataclass(frozen=True)
class Design:
    """How the unit cube is sampled.

    Attributes
    ----------
    method : str
        `RANDOM`, `LATIN_HYPERCUBE` or `SOBOL`.
    seed : int
    columns : mapping from name to int
        Uniform numbers per draw that each uncertain quantity takes, in the order of the Sobol dimensions.
    """

    method: str
    seed: int
    columns: Mapping[str, int]

    def uniforms(self, name: str, block: int, count: int) -> FloatArray:
        """Return uniform numbers (count, columns) of one quantity in one block of draws, above 0 and below 1.

        Random and Latin hypercube numbers of a quantity depend on its name and the seed
        only; Sobol points also on which quantities come before it.
        """
        columns = self.columns[name]
        if self.method == RANDOM:
            return block_uniforms(self.seed, name, block, count, columns)
        if self.method == LATIN_HYPERCUBE:
            return _latin_hypercube(self.seed, name, block, columns)[:count]
        first = sum(width for other, width in self._before(name))
        return _sobol(self.seed, sum(self.columns.values()), block)[:count, first : first + columns]

    def _before(self, name: str) -> Iterable[tuple[str, int]]:
        for other, width in self.columns.items():
            if other == name:
                return
            yield other, width


def _latin_hypercube(seed: int, name: str, block: int, columns: int) -> FloatArray:
    """Latin hypercubes (BLOCK, columns) of one quantity. McKay MD et al. (1979), Technometrics 21: 239-245."""
    from scipy.stats import qmc

    generator = np.random.default_rng(stream(seed, f"{name} {LATIN_HYPERCUBE}", block))
    cubes = [qmc.LatinHypercube(columns, seed=generator).random(REPLICATE) for _ in range(BLOCK // REPLICATE)]
    return np.asarray(np.clip(np.concatenate(cubes), INSIDE, 1.0 - INSIDE))


@lru_cache(maxsize=4)
def _sobol(seed: int, dimensions: int, block: int) -> FloatArray:
    """Scrambled Sobol sequences (BLOCK, dimensions). Owen AB (1998), Journal of Complexity 14: 466-489."""
    from scipy.stats import qmc

    generator = np.random.default_rng(stream(seed, SOBOL, block))
    exponent = int(np.log2(REPLICATE))
    sequences = [
        qmc.Sobol(dimensions, scramble=True, seed=generator).random_base2(exponent) for _ in range(BLOCK // REPLICATE)
    ]
    points = np.clip(np.concatenate(sequences), INSIDE, 1.0 - INSIDE)
    points.flags.writeable = False
    return np.asarray(points)


def sample_block(
    parameters: Iterable[Parameter], design: Design, dependence: Dependence, block: int, count: int
) -> dict[str, FloatArray]:
    """Return draws of the parameters for one block: (count,) where one varies, else (1,).

    Shares with a Dirichlet distribution are gamma variates divided by the sum
    over their group; shares of the group that are fixed keep their value and the
    others share the rest. An input that is never above another is held at it where the
    percentile they share would put it above.
    """
    chosen = list(parameters)
    linked = together(dependence, lambda id_: design.uniforms(id_, block, count)[:, 0])
    draws = {}
    for parameter in chosen:
        if parameter.distribution is None:
            draws[parameter.id] = np.array([parameter.value])
        else:
            own = linked.get(parameter.id)
            uniforms = design.uniforms(parameter.id, block, count)[:, 0] if own is None else own
            draws[parameter.id] = parameter.distribution.quantile(uniforms)
    for higher, lower in dependence.orders:
        draws[lower] = np.minimum(draws[lower], draws[higher])
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
