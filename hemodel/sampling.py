"""Designs that spread the draws: pseudo-random, Latin hypercube, scrambled Sobol; and the draws of parameters by them.

A design gives uniform numbers by name. Latin hypercube and Sobol points come in
replicates of `REPLICATE` draws that are randomised independently of one another, so that
their Monte Carlo error can be told from the means of the replicates.

Inputs that are drawn together: rank correlations by a Gaussian copula, and inputs that keep an order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hemodel.parameters import BLOCK, block_uniforms, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hemodel.parameters import FloatArray, Parameter


MOST_STEPS = 1000
"""Steps after which the search for the nearest correlation matrix ends; it takes some tens."""
CLOSE = 1e-12
"""Change between two steps at which the nearest correlation matrix is found."""
SMALLEST_EIGENVALUE = 1e-10
"""An eigenvalue below this makes a table no correlation matrix; the nearest has none below it."""


@dataclass(frozen=True)
class Dependence:
    """How uncertain inputs hang together.

    Attributes
    ----------
    correlated : tuple of str
        Ids in the table of rank correlations.
    asked, used : array (ids, ids)
        Rank correlations as given (0 where none is), and as drawn. They differ where the table
        is no correlation matrix.
    root : array (ids, ids)
        Lower triangular root of the correlations of the normal scores.
    follows : mapping from id to id
        Inputs that are never above another, and the input whose percentile they share: the top of the chain.
    orders : tuple of (id, id)
        The first is never below the second; from the top of each chain downwards.
    """

    correlated: tuple[str, ...]
    asked: FloatArray
    used: FloatArray
    root: FloatArray
    follows: Mapping[str, str]
    orders: tuple[tuple[str, str], ...]

    @property
    def largest_change(self) -> float:
        """Largest difference between a rank correlation asked for and the one used."""
        return float(np.abs(self.asked - self.used).max(initial=0.0))


def independent() -> Dependence:
    """Return the dependence of inputs that know nothing of one another."""
    nothing = np.empty((0, 0))
    return Dependence((), nothing, nothing, nothing, {}, ())


def dependence(pairs: Mapping[tuple[str, str], float], orders: Sequence[tuple[str, str]]) -> Dependence:
    """Return how inputs are drawn together.

    Parameters
    ----------
    pairs : mapping from (id, id) to float
        Spearman's rank correlation of two inputs; of a pair that is not named it is 0.
    orders : sequence of (id, id)
        The first input of each pair is never below the second.

    Notes
    -----
    The normal scores of a Gaussian copula have the correlation 2 sin(pi r / 6) where the rank
    correlation is r. Kruskal WH (1958), Journal of the American Statistical Association 53: 814-861.
    Where a table of these is not positive definite, the nearest one that is takes its place (`nearest_correlation`).
    """
    ids = tuple(dict.fromkeys(id_ for pair in pairs for id_ in pair))
    asked = np.eye(len(ids))
    for (first, second), correlation in pairs.items():
        i, j = ids.index(first), ids.index(second)
        asked[i, j] = asked[j, i] = correlation
    scores = nearest_correlation(2.0 * np.sin(np.pi * asked / 6.0))
    used = 6.0 / np.pi * np.arcsin(scores / 2.0)
    chains = _chains(orders)
    downwards = sorted(orders, key=lambda pair: len(chains[pair[1]]))
    follows = {lower: chain[-1] for lower, chain in chains.items()}
    return Dependence(ids, asked, used, np.asarray(np.linalg.cholesky(scores)), follows, tuple(downwards))


def _chains(orders: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Return, for each input that is never above another, the inputs above it, the next one first."""
    above = {lower: higher for higher, lower in orders}
    chains: dict[str, list[str]] = {}
    for lower, first in above.items():
        chains[lower] = [first]
        while chains[lower][-1] in above:
            chains[lower].append(above[chains[lower][-1]])
    return chains


def nearest_correlation(matrix: FloatArray) -> FloatArray:
    """Return the positive definite correlation matrix nearest to a symmetric matrix with a diagonal of 1.

    Notes
    -----
    Alternating projections with Dykstra's correction, in the Frobenius norm. Higham NJ (2002), IMA Journal
    of Numerical Analysis 22: 329-343, algorithm 3.3. A matrix that is positive definite comes back as it is.
    """
    if not matrix.size or np.linalg.eigvalsh(matrix)[0] >= SMALLEST_EIGENVALUE:
        return matrix
    nearest, correction = matrix, np.zeros_like(matrix)
    for _ in range(MOST_STEPS):
        moved = nearest - correction
        positive = _positive(moved)
        correction = positive - moved
        before, nearest = nearest, positive.copy()
        np.fill_diagonal(nearest, 1.0)
        if np.abs(nearest - before).max() < CLOSE:
            break
    positive = _positive(nearest)
    spread = np.sqrt(np.diag(positive))
    return np.asarray(positive / np.outer(spread, spread))


def _positive(matrix: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, SMALLEST_EIGENVALUE)) @ vectors.T)


def together(found: Dependence, uniforms: Callable[[str], FloatArray]) -> dict[str, FloatArray]:
    """Return the uniform numbers (draws,) of every input that hangs on another.

    Parameters
    ----------
    uniforms : callable
        Returns the own uniform numbers (draws,) of an input.

    Notes
    -----
    Each input keeps its own distribution. Correlated inputs have the ranks of correlated normal numbers. An
    input that is never above another has the percentile of the top of its chain in every draw.
    """
    from scipy.special import ndtr, ndtri

    drawn = {}
    if found.correlated:
        scores = np.column_stack([ndtri(uniforms(id_)) for id_ in found.correlated]) @ found.root.T
        drawn = dict(zip(found.correlated, ndtr(scores).T, strict=True))
    return drawn | {
        lower: drawn[higher] if higher in drawn else uniforms(higher) for lower, higher in found.follows.items()
    }


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
