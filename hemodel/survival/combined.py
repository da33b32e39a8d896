"""Fit the curves of one endpoint, each to its own source, and put them together.

Curves fitted to reported statistics are fitted together, since a hazard ratio ties
them; curves fitted to patients together with those relative to them; published
coefficients stand alone. An average of families is fitted one family at a time.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.averaging import averaged
from hemodel.survival.blocks import Block, likelihood_block, published_block, reported_block
from hemodel.survival.curve_spec import INDEPENDENT, CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.endpoint_fit import COEFFICIENTS, DIGITISED, PATIENTS, REPORTED, EndpointFit
from hemodel.survival.errors import SurvivalError, raise_together

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from hemodel.survival.evidence import Evidence
    from hemodel.survival.family import Array


def fit_evidence(evidence: Evidence) -> EndpointFit:
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
    coefficients, covariance = _joined(curves, blocks)
    return EndpointFit(
        curves=curves,
        coefficients=coefficients,
        covariance=covariance,
        sources=dict(evidence.sources),
        reported=tuple(block.reported for block in blocks if block.reported is not None),
        likelihoods=tuple(block.likelihood for block in blocks if block.likelihood is not None),
        bootstrap=cache(lambda: _replicates(curves, blocks, evidence)) if evidence.bootstrap else None,
        notes=tuple(dict.fromkeys(note for block in blocks for note in block.notes)),
    )


def _blocks(evidence: Evidence) -> Iterator[Block]:
    reported = evidence.of_kind(REPORTED)
    if reported:
        yield from averaged(evidence.endpoint, reported, lambda specs: reported_block(evidence, specs))
    for group in _sharing(evidence.of_kind(DIGITISED, PATIENTS)):
        yield from averaged(evidence.endpoint, group, lambda specs: likelihood_block(evidence, specs))
    for spec in evidence.of_kind(COEFFICIENTS):
        yield published_block(evidence, spec)


def _sharing(specs: Sequence[CurveSpec]) -> list[tuple[CurveSpec, ...]]:
    """Group the curves that share coefficients: each independent curve with those relative to it."""
    return [
        tuple(spec for spec in specs if base.strategy in {spec.strategy, spec.reference})
        for base in specs
        if base.relation == INDEPENDENT
    ]


def _mixed(evidence: Evidence) -> Iterator[SurvivalError]:
    """Relative curves whose reference has another kind of source."""
    for spec in evidence.specs:
        if spec.reference is None:
            continue
        kinds = [evidence.source(name).kind for name in (spec.strategy, spec.reference)]
        groups = ["patients" if kind in {DIGITISED, PATIENTS} else kind for kind in kinds]
        if groups[0] != groups[1]:
            yield SurvivalError(
                f"{evidence.endpoint}: the curve of {spec.strategy} is from {kinds[0]} and that of its reference from "
                f"{kinds[1]}. Make it independent, or give both the same source.",
                [f"curve.{evidence.endpoint}.{spec.strategy}.source"],
            )


def _joined(curves: EndpointCurves, blocks: Sequence[Block]) -> tuple[Array, Array]:
    """Put the coefficients and covariances of all blocks in their places."""
    size = len(curves.names)
    coefficients, covariance = np.empty(size), np.zeros((size, size))
    for block in blocks:
        places = _places(curves, block)
        coefficients[places] = block.coefficients
        covariance[np.ix_(places, places)] = block.covariance
    return coefficients, covariance


def _places(curves: EndpointCurves, block: Block) -> NDArray[np.intp]:
    firsts = {strategy: curves.columns[strategy].start + block.offsets.get(strategy, 0) for strategy in block.sizes}
    return np.concatenate([np.arange(firsts[strategy], firsts[strategy] + n) for strategy, n in block.sizes.items()])


def _replicates(curves: EndpointCurves, blocks: Sequence[Block], evidence: Evidence) -> tuple[Array, tuple[str, ...]]:
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
