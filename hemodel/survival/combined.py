"""Fit the curves of one endpoint, each to its own source, and put them together.

Curves fitted to reported statistics are fitted together, since a hazard ratio ties
them; curves fitted to patients together with those relative to them; published
coefficients are taken over, and so are reported ratios to curves that have them. An
average of families is fitted one family at a time.

Fit averages of families, one family at a time, and weigh them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.blocks import (
    CoefficientBlock,
    Replicates,
    likelihood_block,
    published_block,
    ratio_block,
    reported_block,
)
from hemodel.survival.curve_spec import ACCELERATED_FAILURE_TIME, INDEPENDENT, CurveSpec, as_family
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.endpoint_fit import COEFFICIENTS, DIGITISED, PATIENTS, REPORTED, EndpointFit
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.families.average import Average
from hemodel.survival.families.stretch import is_closed, stretched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from hemodel.survival.endpoint_fit import EndpointData
    from hemodel.survival.family import Array, Family

    Specs = tuple[CurveSpec, ...]

STEP = 1e-4


def averaged(endpoint: str, specs: Specs, fit: Callable[[Specs], CoefficientBlock]) -> list[CoefficientBlock]:
    """Fit curves that are fitted together, averages of families one member at a time.

    The weights are those of the formula, else exp(-criterion / 2) as shares of their sum
    (Buckland ST, Burnham KP, Augustin NH (1997), Biometrics 53: 603-618). A curve with an
    acceleration factor becomes an average of its own, in which every family has its own
    factor.

    Raises
    ------
    SurvivalError
        Where an average does not go together with the other curves.
    """
    shapes = {spec.strategy: as_family(spec.family) for spec in specs if spec.relation == INDEPENDENT}
    if not any(shape.members for shape in shapes.values()):
        return [fit(specs)]
    _refuse(endpoint, specs, shapes)
    averages = {spec.strategy: shapes[spec.reference or spec.strategy] for spec in specs}
    number = len(averages[specs[0].strategy].members)
    blocks = []
    for k in range(number):
        own = tuple(replace(s, family=shapes[s.strategy].members[k]) if s.strategy in shapes else s for s in specs)
        blocks.append(_without_factors(fit(own), own))
    offsets = dict.fromkeys(averages, number)
    placed = []
    for block in blocks:
        placed.append(replace(block, offsets=dict(offsets), families={}))
        offsets = {strategy: first + block.sizes[strategy] for strategy, first in offsets.items()}
    return [_weights(averages, blocks), *placed]


def _refuse(endpoint: str, specs: Specs, shapes: Mapping[str, Family]) -> None:
    counts = {len(shape.members) for shape in shapes.values()}
    closed = all(is_closed(shape) for shape in shapes.values())
    others = [spec.relation for spec in specs if spec.relation != INDEPENDENT]
    if len(counts) == 1 and (not others or (set(others) == {ACCELERATED_FAILURE_TIME} and closed)):
        return
    raise SurvivalError(
        f"{endpoint}: where one curve is an average of families, every curve fitted with it must be an average of as "
        "many families, or have an acceleration factor to one of families of closed form "
        f"({', '.join(spec.strategy for spec in specs)}). Give each of them an average, or none.",
        [f"curve.{endpoint}.{spec.strategy}.family" for spec in specs],
    )


def _without_factors(block: CoefficientBlock, specs: Specs) -> CoefficientBlock:
    """Return a block in which each accelerated curve has coefficients of its own family instead of a factor."""
    if all(spec.relation == INDEPENDENT for spec in specs):
        return block
    reference = {spec.strategy: spec.reference or spec.strategy for spec in specs}

    def turned(given: Array) -> Array:
        edges = np.cumsum([0, *block.sizes.values()])
        own = {s: given[:, a:b] for s, a, b in zip(block.sizes, edges[:-1], edges[1:], strict=True)}
        parts = [
            own[s] if reference[s] == s else stretched(block.families[reference[s]], own[reference[s]], own[s])
            for s in block.sizes
        ]
        return np.hstack(parts)

    def resample(replicates: int, seed: int) -> Replicates:
        drawn, notes = block.resample(replicates, seed)
        return turned(drawn), notes

    steps = STEP * np.eye(block.coefficients.size)
    above, below = turned(block.coefficients + steps), turned(block.coefficients - steps)
    slopes = ((above - below) / (2.0 * STEP)).T
    return replace(
        block,
        sizes={s: block.sizes[reference[s]] for s in block.sizes},
        coefficients=turned(block.coefficients[None, :])[0],
        covariance=lambda: slopes @ block.covariance() @ slopes.T,
        families={s: block.families[reference[s]] for s in block.sizes},
        resample=resample,
    )


def _weights(averages: Mapping[str, Family], blocks: Sequence[CoefficientBlock]) -> CoefficientBlock:
    """Return the weights of averages as coefficients without uncertainty of their own."""
    shares = criterion_weights([block.criterion for block in blocks])
    families: dict[str, Average] = {}
    for strategy, shape in averages.items():
        if not isinstance(shape, Average):
            message = "only an average has members"
            raise TypeError(message)
        own = replace(shape, averaged=tuple(block.families[strategy] for block in blocks))
        families[strategy] = own if own.weights else own.with_weights(tuple(shares.tolist()))
    weights = np.concatenate([shape.weights for shape in families.values()])
    return CoefficientBlock(
        sizes=dict.fromkeys(averages, len(blocks)),
        coefficients=weights,
        covariance=lambda: np.zeros((weights.size, weights.size)),
        families=families,
        resample=lambda replicates, _: (np.tile(weights, (replicates, 1)), ()),
        notes=tuple(_in_words(strategy, shape) for strategy, shape in families.items()),
    )


def _in_words(strategy: str, shape: Average) -> str:
    pairs = zip(shape.members, shape.weights, strict=True)
    listed = ", ".join(f"{member.name} {100.0 * weight:.1f}%" for member, weight in pairs)
    return f"{strategy}: average of families with the weights {listed}; each draw has one family."


def criterion_weights(criteria: Sequence[float]) -> Array:
    """Return exp(-criterion / 2) as shares of their sum."""
    relative = np.exp(-0.5 * (np.asarray(criteria) - np.min(criteria)))
    return np.asarray(relative / relative.sum())


def fit_evidence(evidence: EndpointData) -> EndpointFit:
    """Fit every curve of an endpoint to its source.

    Raises
    ------
    SurvivalError
        Where curves do not go together or their evidence does not identify them.
    """
    EndpointCurves(evidence.endpoint, evidence.specs)
    raise_together(_mixed(evidence))
    blocks = list(_blocks(evidence))
    resolved = {strategy: shape for block in blocks for strategy, shape in block.families.items()}
    specs = tuple(
        replace(spec, family=resolved[spec.strategy], relation=INDEPENDENT, reference=None)
        if spec.strategy in resolved
        else spec
        for spec in evidence.specs
    )
    curves = EndpointCurves(evidence.endpoint, specs, evidence.background)
    return EndpointFit(
        curves=curves,
        coefficients=_joined_coefficients(curves, blocks),
        spread=lambda: _joined_covariance(curves, blocks),
        sources=dict(evidence.sources),
        reported=tuple(block.reported for block in blocks if block.reported is not None),
        likelihoods=tuple(block.likelihood for block in blocks if block.likelihood is not None),
        bootstrap=cache(lambda: _replicates(curves, blocks, evidence)) if evidence.bootstrap else None,
        notes=tuple(dict.fromkeys(note for block in blocks for note in block.notes)),
    )


def _blocks(evidence: EndpointData) -> Iterator[CoefficientBlock]:
    reported = evidence.of_kind(REPORTED)
    if reported:
        yield from averaged(evidence.endpoint, reported, lambda specs: reported_block(evidence, specs))
    for group in _sharing(evidence.of_kind(DIGITISED, PATIENTS)):
        yield from averaged(evidence.endpoint, group, lambda specs: likelihood_block(evidence, specs))
    for spec in evidence.of_kind(COEFFICIENTS):
        yield published_block(evidence, spec)
    for spec in evidence.on_published:
        yield ratio_block(evidence, spec)


def _sharing(specs: Sequence[CurveSpec]) -> list[tuple[CurveSpec, ...]]:
    """Group the curves that share coefficients: each independent curve with those relative to it."""
    return [
        tuple(spec for spec in specs if base.strategy in {spec.strategy, spec.reference})
        for base in specs
        if base.relation == INDEPENDENT
    ]


def _mixed(evidence: EndpointData) -> Iterator[SurvivalError]:
    """Relative curves whose reference has another kind of source."""
    for spec in evidence.specs:
        if spec.reference is None:
            continue
        kinds = [evidence.source(name).kind for name in (spec.strategy, spec.reference)]
        groups = ["patients" if kind in {DIGITISED, PATIENTS} else kind for kind in kinds]
        if groups[0] != groups[1] and spec not in evidence.on_published:
            yield SurvivalError(
                f"{evidence.endpoint}: the curve of {spec.strategy} is from {kinds[0]} and that of its reference from "
                f"{kinds[1]}. {_way_out(spec, kinds)}",
                [f"curve.{evidence.endpoint}.{spec.strategy}.source"],
            )


def _way_out(spec: CurveSpec, kinds: Sequence[str]) -> str:
    """Say what to do about a relative curve whose reference has another kind of source."""
    if kinds[1] != COEFFICIENTS:
        return "Make it independent, or give both the same source."
    return f"Make it independent, or give {spec.strategy} the source reported and the ratio as a statistic."


def _joined_coefficients(curves: EndpointCurves, blocks: Sequence[CoefficientBlock]) -> Array:
    """Put the coefficients of all blocks in their places."""
    coefficients = np.empty(len(curves.names))
    for block in blocks:
        coefficients[_places(curves, block)] = block.coefficients
    return coefficients


def _joined_covariance(curves: EndpointCurves, blocks: Sequence[CoefficientBlock]) -> Array:
    """Put the covariances of all blocks in their places."""
    covariance = np.zeros((len(curves.names), len(curves.names)))
    for block in blocks:
        places = _places(curves, block)
        covariance[np.ix_(places, places)] = block.covariance()
    return covariance


def _places(curves: EndpointCurves, block: CoefficientBlock) -> NDArray[np.intp]:
    firsts = {strategy: curves.columns[strategy].start + block.offsets.get(strategy, 0) for strategy in block.sizes}
    return np.concatenate([np.arange(firsts[strategy], firsts[strategy] + n) for strategy, n in block.sizes.items()])


def _replicates(
    curves: EndpointCurves, blocks: Sequence[CoefficientBlock], evidence: EndpointData
) -> tuple[Array, tuple[str, ...]]:
    """Return bootstrap replicates of all coefficients (B, p), and what to know of them."""
    replicates = np.empty((evidence.replicates, len(curves.names)))
    notes: list[str] = []
    for number, block in enumerate(blocks):
        drawn, said = block.resample(evidence.replicates, evidence.seed + number)
        if not drawn.shape[0]:
            raise SurvivalError(f"{evidence.endpoint}: no bootstrap replicate settles. Draw from the covariance.")
        rows = np.arange(evidence.replicates) % drawn.shape[0]
        replicates[:, _places(curves, block)] = drawn[rows]
        notes += said
    return replicates, tuple(dict.fromkeys(notes))
