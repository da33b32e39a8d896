"""Value of information: of a model, with groups of its inputs that go together, and of the draws of any other tool."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.analyses.psa.draws import sample
from hemodel.analyses.psa.given import CURVE
from hemodel.analyses.psa.result import Ceac, Ceaf, ceac, ceaf
from hemodel.analyses.research import ResearchResult, research_of_file
from hemodel.economics import acceptability, increment, optimal, verdict
from hemodel.entries import Entry
from hemodel.inputs.dictionary import match
from hemodel.inputs.labels import unique
from hemodel.voi.information import (
    Evppi,
    InputGroup,
    constant,
    curve_grid,
    evpi,
    evppi_of_each,
    over_thresholds,
    without,
)
from hemodel.voi.sample import no_regression

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hemodel.analyses.psa.draws import Psa
    from hemodel.analyses.research import Asked
    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray
    from hemodel.voi.information import Evpi
    from hemodel.voi.reading import ExternalSample, Files
    from hemodel.voi.sample import Sample


SCHEMA_VERSION = 1
UTILITY, ADVERSE_EVENT = "utility", "adverse_event"
MONEY = ("price", "cost")
"""What the last part of the id of a price or cost holds."""


CLEAR = 2.0
"""Standard errors that an EVPPI is at least away from 0 where it is drawn."""
DRAWN_INPUTS, DRAWN_GROUPS = 4, 3
"""How many inputs and groups, those of the highest EVPPI, are followed over all thresholds."""


class EvpiEntry(Entry):
    """Expected value of perfect information and expected losses at a threshold."""

    threshold: float = Field(description="[currency per unit of effect]")
    value: float = Field(description="EVPI. [currency per person]")
    standard_error: float = Field(description="of the EVPI. [currency per person]")
    optimal: str = Field(description="strategy with the highest mean net benefit")
    expected_loss: dict[str, float] = Field(description="by strategy; the lowest is the EVPI. [currency per person]")


class EvppiAt(Entry):
    """Expected value of partial perfect information at a threshold."""

    threshold: float = Field(description="[currency per unit of effect]")
    value: float = Field(description="EVPPI. [currency per person]")
    standard_error: float = Field(description="of the EVPPI. [currency per person]")
    bias: float = Field(
        description="how far the estimate is expected to lie above the truth; not subtracted. [currency per person]"
    )
    by_chance: float = Field(
        description="what inputs of no importance would be expected to show. [currency per person]"
    )
    capped: bool = Field(description="whether the regression gave more than the EVPI, which then stands")

    @property
    def is_clear(self) -> bool:
        """Whether the value is at least twice its error and more than inputs of no importance would show."""
        return self.value > 0 and self.value >= CLEAR * self.standard_error and self.value > self.by_chance


class EvppiEntry(Entry):
    """Expected value of perfect information on an input or a group of inputs."""

    id: str = Field(description="of the input or group")
    label: str = Field(description="of the input or group")
    group: bool = Field(description="whether it is a group of inputs")
    inputs: list[str] = Field(description="ids that become known together")
    method: str = Field(description="spline or gaussian process")
    at: list[EvppiAt] = Field(description="by threshold")


class EvppiCurve(Entry):
    """EVPPI of an input or group over the thresholds of the curves."""

    id: str = Field(description="of the input or group")
    label: str = Field(description="of the input or group")
    group: bool = Field(description="whether it is a group of inputs")
    value: list[float] = Field(description="by threshold. [currency per person]")


class InformationCurves(Entry):
    """Values over willingness to pay."""

    wtp: list[float] = Field(description="thresholds. [currency per unit of effect]")
    evpi: list[float] = Field(description="by threshold. [currency per person]")
    standard_error: list[float] = Field(description="of the EVPI. [currency per person]")
    optimal: list[str] = Field(description="strategy with the highest mean net benefit, by threshold")
    expected_loss: dict[str, list[float]] = Field(description="by strategy, then by threshold. [currency per person]")
    evppi: list[EvppiCurve] = Field(description="of the few inputs and groups with the highest")


class InformationResult(Entry):
    """Value of information."""

    draws: int = Field(description="that were used")
    thresholds: list[float] = Field(
        description="of evpi and evppi: those asked for and most_uncertain. [currency per unit of effect]"
    )
    most_uncertain: float | None = Field(
        description="threshold with the highest EVPI; null where all are 0. [currency per unit of effect]"
    )
    ranked_at: float = Field(
        description="threshold by which the inputs are ranked in the chart. [currency per unit of effect]"
    )
    withheld: str = Field(description="why there is no evppi, in a sentence; empty where there is one")
    evpi: list[EvpiEntry] = Field(description="by threshold")
    evppi: list[EvppiEntry] = Field(description="inputs, then groups; empty where it is withheld")
    curves: InformationCurves = Field(description="over many thresholds")


class FileEntry(Entry):
    """A file that was read."""

    name: str = Field(description="without its folder")
    sha256: str = Field(description="hash of the file")


class MeanEntry(Entry):
    """Mean totals of a strategy, and its increments against the first; those of the first are null."""

    strategy: str = Field(description="its name")
    costs: float = Field(description="mean. [currency]")
    effects: float = Field(description="mean. [unit of effect]")
    incremental_costs: float | None = Field(description="against the first. [currency]")
    incremental_effects: float | None = Field(description="against the first. [unit of effect]")
    icer: float | None = Field(description="null where the ratio means nothing. [currency per unit of effect]")
    verdict: str = Field(description="what the increments are, in words; empty for the first")


class VoiResults(Entry):
    """Value of information of a probabilistic analysis made by any tool."""

    schema_version: int = Field(description="of this shape")
    files: dict[str, FileEntry] = Field(description="params, costs, effects, and groups where it was given")
    currency: str = Field(description="as it was given; empty for none")
    effect: str = Field(description="what the effects are counted in")
    draws: int = Field(description="in the files")
    sampling: str = Field(description="design of the draws that design.toml beside them records; else random")
    strategies: list[str] = Field(description="the first is what increments are against")
    thresholds: list[float] = Field(description="that of the decision first. [currency per unit of effect]")
    inputs: list[str] = Field(description="that vary")
    constant: list[str] = Field(description="inputs left out as they have one value in all draws")
    means: list[MeanEntry] = Field(description="by strategy")
    ceac: Ceac = Field(description="acceptability curves")
    ceaf: Ceaf = Field(description="acceptability frontier")
    information: InformationResult = Field(description="value of information")
    research: ResearchResult | None = Field(description="null without --studies")
    warnings: list[str] = Field(description="what to know about the files")


def model_information(model: Model, psa: Psa) -> InformationResult:
    """Return the value of information at the thresholds of a model and over those of its acceptability curves.

    Inputs that have one value in all draws are no inputs here.
    """
    drawn, settings = model_sample(model, psa), model.inputs.settings
    thresholds = (settings.decision_threshold, *settings.thresholds)
    return information(drawn, natural_groups(model, drawn), thresholds, curve_grid(drawn, thresholds))


def information(
    sample: Sample, groups: Iterable[InputGroup], thresholds: Sequence[float], grid: FloatArray
) -> InformationResult:
    """Return EVPI, expected losses and EVPPI.

    Inputs and groups are ranked at the threshold of the decision, or at the most uncertain where that gives no ranking.

    Parameters
    ----------
    sample : Sample
        Of inputs that vary.
    thresholds : sequence of float
        At which everything is wanted, that of the decision first. [currency per unit of effect]
    grid : array (many,)
        For curves.
    """
    over = evpi(sample, grid)
    peak = float(grid[np.argmax(over.value)]) if np.any(over.value > 0) else None
    at = np.unique([*thresholds] if peak is None else [*thresholds, peak])
    withheld = no_regression(sample.draws, sample.sampling)
    known = [] if withheld else _known(sample, groups, at)
    worth = any(entry.at[at.tolist().index(thresholds[0])].value > 0 for entry, _ in known)
    ranked_at = thresholds[0] if worth or peak is None else peak
    place = at.tolist().index(ranked_at)
    return InformationResult(
        draws=sample.draws,
        thresholds=at.tolist(),
        most_uncertain=peak,
        ranked_at=ranked_at,
        withheld=withheld,
        evpi=_evpi(evpi(sample, at), sample.strategies),
        evppi=sorted((entry for entry, _ in known), key=lambda entry: (entry.group, -entry.at[place].value)),
        curves=InformationCurves(
            wtp=over.thresholds.tolist(),
            evpi=over.value.tolist(),
            standard_error=over.standard_error.tolist(),
            optimal=[sample.strategies[best] for best in over.optimal],
            expected_loss={s: over.expected_loss[:, i].tolist() for i, s in enumerate(sample.strategies)},
            evppi=[
                EvppiCurve(
                    id=entry.id,
                    label=entry.label,
                    group=entry.group,
                    value=over_thresholds(sample, found, over).tolist(),
                )
                for entry, found in _followed(known)
            ],
        ),
    )


def _evpi(perfect: Evpi, strategies: Sequence[str]) -> list[EvpiEntry]:
    return [
        EvpiEntry(
            threshold=float(threshold),
            value=float(perfect.value[k]),
            standard_error=float(perfect.standard_error[k]),
            optimal=strategies[perfect.optimal[k]],
            expected_loss=dict(zip(strategies, perfect.expected_loss[k].tolist(), strict=True)),
        )
        for k, threshold in enumerate(perfect.thresholds)
    ]


def _known(sample: Sample, groups: Iterable[InputGroup], at: FloatArray) -> list[tuple[EvppiEntry, Evppi]]:
    """Return the EVPPI of inputs, then groups, each by the highest over thresholds, with the means behind it.

    Labels that are equal have the id beside them.
    """
    asked = [(InputGroup(id_, sample.labels[id_], (id_,)), False) for id_ in sample.inputs]
    asked += [(group, True) for group in groups if not group.whole]
    labels = unique({of.id: of.label for of, _ in asked})
    asked = [(replace(of, label=labels[of.id]), group) for of, group in asked]
    found = evppi_of_each(sample, [of.inputs for of, _ in asked], at)
    entries = [(_evppi(of, each, group=group), each) for (of, group), each in zip(asked, found, strict=True)]
    return sorted(entries, key=lambda one: (one[0].group, -one[1].value.max()))


def _evppi(of: InputGroup, found: Evppi, *, group: bool) -> EvppiEntry:
    return EvppiEntry(
        id=of.id,
        label=of.label,
        group=group,
        inputs=list(found.ids),
        method=found.method,
        at=[
            EvppiAt(
                threshold=float(threshold),
                value=float(found.value[k]),
                standard_error=float(found.standard_error[k]),
                bias=float(found.bias[k]),
                by_chance=float(found.by_chance[k]),
                capped=bool(found.capped[k]),
            )
            for k, threshold in enumerate(found.thresholds)
        ],
    )


def _followed(known: Sequence[tuple[EvppiEntry, Evppi]]) -> list[tuple[EvppiEntry, Evppi]]:
    """Return the inputs and groups that are followed over all thresholds: those that have a clear value at any."""
    worth = [one for one in known if any(at.is_clear for at in one[0].at)]
    inputs, groups = ([one for one in worth if one[0].group == kind] for kind in (False, True))
    return inputs[:DRAWN_INPUTS] + groups[:DRAWN_GROUPS]


def model_sample(model: Model, psa: Psa) -> Sample:
    """Return the draws that are kept, of the inputs that have more than one value in them."""
    found = sample(psa, model)
    return without(found, constant(found))


def natural_groups(model: Model, drawn: Sample) -> tuple[InputGroup, ...]:
    """Return the groups of at least two inputs that go together.

    All curves, all utilities, all adverse events, all prices and costs, and the shares that add up to 1 together.
    """
    firsts = {CURVE: "All curves", UTILITY: "All utilities", ADVERSE_EVENT: "All inputs of adverse events"}
    groups = [
        InputGroup(f"all_{first}", label, tuple(id_ for id_ in drawn.inputs if id_.partition(".")[0] == first))
        for first, label in firsts.items()
    ]
    groups.append(InputGroup("all_costs", "All prices and costs", tuple(id_ for id_ in drawn.inputs if _is_money(id_))))
    shares: dict[str, list[str]] = {}
    for parameter in model.inputs.parameters:
        if parameter.group and parameter.id in drawn.inputs:
            shares.setdefault(parameter.group, []).append(parameter.id)
    groups += [InputGroup(f"shares_{name}", _shares(model, ids), tuple(ids)) for name, ids in shares.items()]
    return tuple(group for group in groups if len(group.inputs) > 1)


def _is_money(id_: str) -> bool:
    return any(word in id_.rpartition(".")[2] for word in MONEY)


def _shares(model: Model, ids: Iterable[str]) -> str:
    """Say what shares are of: the kind of input, and the strategy where they are of one."""
    kind, names = match(next(iter(ids))) or (None, {})
    strategies = {strategy.id: strategy.name for strategy in model.inputs.strategies}
    of = strategies.get(names.get("strategy", ""), "")
    said = "Shares" if kind is None else f"Shares, {kind.sheet.lower()}"
    return f"{said}, {of}" if of else said


def voi_results(external: ExternalSample, files: Files, asked: Asked) -> VoiResults:
    """Work out the value of information and return it as voi.json has it."""
    sample = external.sample
    grid = curve_grid(sample, asked.thresholds)
    shares, best = acceptability(sample.effects, sample.costs, grid), optimal(sample.effects, sample.costs, grid)
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
        sampling=sample.sampling,
        strategies=list(sample.strategies),
        thresholds=list(asked.thresholds),
        inputs=list(sample.inputs),
        constant=list(external.constant),
        means=_means(sample),
        ceac=ceac(sample.strategies, grid, shares),
        ceaf=ceaf(sample.strategies, grid, shares, best.tolist()),
        information=information(sample, external.groups, asked.thresholds, grid),
        research=None if files.studies is None else research_of_file(files.studies, external.columns, asked),
        warnings=_warnings(external, files),
    )


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


def _warnings(external: ExternalSample, files: Files) -> list[str]:
    if not external.constant:
        return []
    named = ", ".join(external.constant)
    return [f"{files.inputs.name}: left out, as they have one value in all draws: {named}."]
