"""What the value of information comes to, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.reporting.format import display

if TYPE_CHECKING:
    from hemodel.reporting.schema_information import EvppiEntry, InformationResult
    from hemodel.reporting.tables_information import Shown

MOST_NAMED = 3


def information_text(found: InformationResult | None, shown: Shown, threshold: float) -> tuple[str, ...]:
    """Return sentences on the EVPI at a threshold and where it is highest, and on what is worth most to know.

    Parameters
    ----------
    found : InformationResult or None
    shown : Shown
    threshold : float
        Of the decision; one of `found`.
    """
    if found is None:
        return ()
    entry = found.evpi[found.thresholds.index(threshold)]
    best = shown.strategies[entry.optimal]
    worth = f"{_money(entry.value, shown)} per person (standard error {display(entry.standard_error, 'money')})"
    said = [f"At {shown.threshold(threshold)} the optimal strategy is {best}, and the EVPI is {worth}."]
    if entry.value == 0:
        said.append(f"{best} is the best strategy in each of {found.draws:,} draws there: no information changes that.")
    if found.most_uncertain is not None and found.most_uncertain != threshold:
        peak = found.evpi[found.thresholds.index(found.most_uncertain)]
        said.append(
            f"The EVPI is highest at {shown.threshold(peak.threshold)}: {_money(peak.value, shown)} per person."
        )
    place = found.thresholds.index(found.ranked_at)
    for word, group in (("inputs", False), ("groups of inputs", True)):
        most = [e for e in found.evppi if e.group == group and e.at[place].value > 0][:MOST_NAMED]
        if most:
            told = "; ".join(_told(each, place, shown) for each in most)
            said.append(f"At {shown.threshold(found.ranked_at)} the {word} that it is worth most to know are: {told}.")
    if not found.evppi:
        said.append("There are too few draws for the value of single inputs.")
    return tuple(said)


def _told(entry: EvppiEntry, place: int, shown: Shown) -> str:
    at = entry.at[place]
    return f"{entry.label} ({_money(at.value, shown)}, standard error {display(at.standard_error, 'money')})"


def _money(value: float, shown: Shown) -> str:
    return display(value, "money", shown.currency)
