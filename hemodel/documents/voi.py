"""The value of information of another tool's analysis in the shape of voi.json."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.information import research_of_file
from hemodel.documents.information import information_result
from hemodel.documents.studies import research_result
from hemodel.economics import acceptability, increment, optimal, verdict
from hemodel.records.results import Ceac, Ceaf
from hemodel.records.voi import SCHEMA_VERSION, FileEntry, MeanEntry, VoiResults
from hemodel.voi.information import curve_grid, information

if TYPE_CHECKING:
    from hemodel.parameters import FloatArray
    from hemodel.records.studies import ResearchResult
    from hemodel.voi.reading import ExternalSample, Files
    from hemodel.voi.sample import Sample


@dataclass(frozen=True)
class VoiRequest:
    """What is asked of an analysis: thresholds, the first of which is that of the decision, and the names of units."""

    thresholds: tuple[float, ...]
    currency: str
    effect: str
    seed: int


def voi_results(external: ExternalSample, files: Files, asked: VoiRequest) -> VoiResults:
    """Work out the value of information and return it in the shape of voi.json."""
    sample = external.sample
    means = _means(sample)
    grid = curve_grid(sample, asked.thresholds)
    found = information(sample, external.groups, np.array(asked.thresholds), grid)
    named = {"params": files.inputs, "costs": files.costs, "effects": files.effects, "groups": files.groups}
    named["studies"] = files.studies
    return VoiResults(
        schema_version=SCHEMA_VERSION,
        files={
            name: FileEntry(name=path.name, sha256=sha256(path.read_bytes()).hexdigest())
            for name, path in named.items()
            if path is not None
        },
        currency=asked.currency,
        effect=asked.effect,
        draws=sample.draws,
        strategies=list(sample.strategies),
        thresholds=list(asked.thresholds),
        inputs=list(sample.inputs),
        constant=list(external.constant),
        means=means,
        ceac=_ceac(sample, grid),
        ceaf=_ceaf(sample, grid),
        information=information_result(found, asked.thresholds[0]),
        research=_research(external, files, asked),
        warnings=_warnings(external, files),
    )


def _research(external: ExternalSample, files: Files, asked: VoiRequest) -> ResearchResult | None:
    if files.studies is None:
        return None
    found = research_of_file(files.studies, external.columns, asked.thresholds, asked.seed)
    return research_result(found, asked.currency, asked.effect)


def _means(sample: Sample) -> list[MeanEntry]:
    costs, effects = sample.mean_costs, sample.mean_effects
    found = []
    for i, strategy in enumerate(sample.strategies):
        gains = float(increment(costs, i)), float(increment(effects, i))
        said = verdict(*gains)
        found.append(
            MeanEntry(
                strategy=strategy,
                costs=float(costs[i]),
                effects=float(effects[i]),
                incremental_costs=gains[0] if i else None,
                incremental_effects=gains[1] if i else None,
                icer=said.icer if i else None,
                verdict=said.word if i else "",
            )
        )
    return found


def _ceac(sample: Sample, grid: FloatArray) -> Ceac:
    shares = acceptability(sample.effects, sample.costs, grid)
    return Ceac(wtp=grid.tolist(), probability={s: shares[:, i].tolist() for i, s in enumerate(sample.strategies)})


def _ceaf(sample: Sample, grid: FloatArray) -> Ceaf:
    shares, best = acceptability(sample.effects, sample.costs, grid), optimal(sample.effects, sample.costs, grid)
    return Ceaf(
        wtp=grid.tolist(),
        strategy=[sample.strategies[i] for i in best],
        probability=shares[np.arange(grid.size), best].tolist(),
    )


def _warnings(external: ExternalSample, files: Files) -> list[str]:
    if not external.constant:
        return []
    named = ", ".join(external.constant)
    return [f"{files.inputs.name}: left out, as they have one value in all draws: {named}."]
