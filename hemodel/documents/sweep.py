"""What a sweep found in the shape of sweep.json."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.psa.draws import acceptability_of, best_on_average, expected_loss, intervals, means
from hemodel.documents.psa import REPORTED, psa_increment
from hemodel.inputs.changes import change_entry
from hemodel.records.results import threshold_key
from hemodel.records.sweep import SCHEMA_VERSION, SweepDocument, SweepEntry, SweepWorkbook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.psa.draws import Psa
    from hemodel.analyses.sweep import SweptModel


def sweep_document(cells: Sequence[SweptModel], results: Sequence[SweepEntry]) -> SweepDocument:
    """Return the results of every model, in their order, and the workbooks that they are of."""
    return SweepDocument(
        schema_version=SCHEMA_VERSION,
        workbooks=[_workbook(cell) for cell in cells if cell.scenario is None],
        results=list(results),
    )


def sweep_entry(cell: SweptModel, psa: Psa) -> SweepEntry:
    """Return what is kept of one probabilistic analysis."""
    settings = cell.model.inputs.settings
    thresholds = sorted({*settings.thresholds, settings.decision_threshold})
    settings = settings.model_copy(update={"thresholds": tuple(thresholds)})
    found, ends = means(psa.frame, psa.sums), intervals(psa)
    places = {threshold_key(t): int(np.searchsorted(psa.frame.thresholds, t)) for t in thresholds}
    curves, best, losses = acceptability_of(psa), best_on_average(psa), expected_loss(psa)[0]
    by_strategy = {s: i for i, s in enumerate(psa.strategies)}
    scenario = cell.scenario
    return SweepEntry(
        workbook=cell.workbook,
        scenario=cell.name,
        question="" if scenario is None else scenario.question,
        sha256="" if scenario is None else scenario.sha256,
        changes=[change_entry(change) for change in cell.changes],
        draws=psa.draws,
        seed=psa.seed,
        sampling=psa.sampling,
        thresholds=thresholds,
        decision_threshold=settings.decision_threshold,
        mean={s: {o: float(found[k, i]) for k, o in enumerate(REPORTED)} for s, i in by_strategy.items()},
        interval={s: {o: ends[o, s, None] for o in REPORTED} for s in psa.strategies},
        increments=[psa_increment(psa, settings, ends, i) for i in range(1, len(psa.strategies))],
        probability_cost_effective={
            key: {s: float(curves[place, i]) for s, i in by_strategy.items()} for key, place in places.items()
        },
        optimal={key: psa.strategies[best[place]] for key, place in places.items()},
        evpi={key: float(losses[place].min()) for key, place in places.items()},
    )


def _workbook(cell: SweptModel) -> SweepWorkbook:
    inputs = cell.model.inputs
    return SweepWorkbook(
        name=cell.workbook,
        sha256=sha256(cell.path.read_bytes()).hexdigest(),
        title=inputs.settings.title,
        currency=inputs.settings.currency,
        strategies=list(cell.model.strategies),
        strategy_names={strategy.id: strategy.name for strategy in inputs.strategies},
    )
