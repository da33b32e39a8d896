"""The value of information in the shape of results.json and voi.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.records.information import EvpiEntry, EvppiAt, EvppiCurve, EvppiEntry, InformationCurves, InformationResult

if TYPE_CHECKING:
    from hemodel.analyses.run import Run
    from hemodel.voi.information import Evpi, Information, NamedEvppi


def information_result(information: Information, threshold: float) -> InformationResult:
    """Return the value of information, ranked at a threshold, or at the most uncertain where that gives no ranking.

    Parameters
    ----------
    information : Information
    threshold : float
        Of the decision.
    """
    place = information.perfect.thresholds.tolist().index(threshold)
    worth = any(of.partial.value[place] > 0 for of in information.partial)
    elsewhere = not worth and information.most_uncertain is not None
    ranked_at = information.most_uncertain if elsewhere else threshold
    place = information.perfect.thresholds.tolist().index(ranked_at)
    ordered = sorted(information.partial, key=lambda of: (of.group, -of.partial.value[place]))
    return InformationResult(
        draws=information.draws,
        thresholds=information.perfect.thresholds.tolist(),
        most_uncertain=information.most_uncertain,
        ranked_at=threshold if ranked_at is None else ranked_at,
        evpi=_evpi(information.perfect, information.strategies),
        evppi=[_evppi(of) for of in ordered],
        curves=_curves(information),
    )


def run_information(run: Run) -> InformationResult | None:
    """Return the value of information of a run; None without its probabilistic analysis."""
    if run.psa is None or run.information is None:
        return None
    return information_result(run.information, run.model.inputs.settings.decision_threshold)


def _evpi(perfect: Evpi, strategies: tuple[str, ...]) -> list[EvpiEntry]:
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


def _evppi(of: NamedEvppi) -> EvppiEntry:
    found = of.partial
    return EvppiEntry(
        id=of.id,
        label=of.label,
        group=of.group,
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


def _curves(information: Information) -> InformationCurves:
    over, strategies = information.over, information.strategies
    return InformationCurves(
        wtp=over.thresholds.tolist(),
        evpi=over.value.tolist(),
        standard_error=over.standard_error.tolist(),
        optimal=[strategies[best] for best in over.optimal],
        expected_loss={s: over.expected_loss[:, i].tolist() for i, s in enumerate(strategies)},
        evppi=[
            EvppiCurve(id=each.of.id, label=each.of.label, group=each.of.group, value=each.value.tolist())
            for each in information.curves
        ],
    )
